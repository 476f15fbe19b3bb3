package flow

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// deleted is the reason of a hint that says so itself: the record will not come back.
const deleted = "Delete"

// FromOpportunity follows a hint from CRM. kind is the table: an opportunity is compared with its
// referral; a row of another table fans out to every synced opportunity that shows it.
// Kinds: Gone, Conflict, Later (a change waits), Broken, Denied.
func (f *Flow) FromOpportunity(ctx context.Context, kind, id, reason string) error {
	if kind != "opportunity" {
		return f.fanOut(ctx, kind, id)
	}
	unlock, err := f.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	pair, known, err := f.Ledger.Find(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case known && pair.Phase == cosell.Ended:
		return nil
	case !known && reason == deleted:
		return nil
	case !known || pair.Phase != cosell.Linked:
		return f.Hints.ReferralWanted(ctx, id, reason)
	}
	return f.fromLinked(ctx, pair, reason)
}

func (f *Flow) fanOut(ctx context.Context, kind, id string) error {
	related, err := f.Opportunities.Related(ctx, kind, id)
	if err != nil {
		return err
	}
	for _, opportunity := range related {
		if err := f.Hints.OpportunityChanged(ctx, "opportunity", opportunity, kind); err != nil {
			return err
		}
	}
	return nil
}

// fromLinked reads the opportunity, and the referral only when there is something to compare.
func (f *Flow) fromLinked(ctx context.Context, pair cosell.Pair, reason string) error {
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if fault.Is(err, fault.Gone) && reason == deleted {
		pair.Phase = cosell.Ended
		_, err = f.Ledger.Save(ctx, pair, f.entry(ctx, f.Now(), nowhere, "ended", "the opportunity was deleted"))
		return err
	}
	if err != nil || !o.Synced() {
		return err
	}
	if pair.Stale(o.Side) {
		return fault.Wait(staleTime, "opportunity %s was read as it was at %s, a newer version is known", o.ID, o.Modified.UTC().Format(time.RFC3339))
	}
	unanswered := pair.Base.Referral[cosell.Status] == cosell.Pending && o.Record[cosell.Status] == cosell.OnHold
	if unanswered && len(pair.Problems) == 0 {
		return nil
	}
	if !cosell.Changed(pair.Base, o, f.Rules) && len(pair.Problems) == 0 {
		if pair.OpportunityVersion == o.Version {
			return nil
		}
		pair.OpportunityVersion = o.Version
		_, err = f.Ledger.Save(ctx, pair)
		return err
	}
	r, err := f.Referrals.Get(ctx, pair.ReferralID)
	if err != nil {
		return err
	}
	return f.converge(ctx, work{pair: pair, referral: &r, opportunity: &o})
}

// SyncSolutions follows a hint about a solution row: the list belongs to the opportunity, so the
// opportunity is compared. opportunityID is empty when the event did not name it. Kinds as FromOpportunity.
func (f *Flow) SyncSolutions(ctx context.Context, rowID, opportunityID, reason string) error {
	opportunityID, err := f.opportunityOf(ctx, rowID, opportunityID, reason)
	if err != nil {
		return err
	}
	if opportunityID == "" {
		f.Log.InfoContext(ctx, "solution row without an opportunity", "solution_row", rowID)
		return nil // deleted before it was ever seen: nothing was ever sent of it
	}
	return f.FromOpportunity(ctx, "opportunity", opportunityID, "solution row")
}

// opportunityOf resolves a row by the event, by the row itself, or, when it is gone, by what was noted of
// it earlier; and notes it, because a deletion cannot be asked for its parent.
func (f *Flow) opportunityOf(ctx context.Context, rowID, opportunityID, reason string) (string, error) {
	if opportunityID != "" && reason == deleted {
		return opportunityID, nil
	}
	known, ok, err := f.Ledger.Solution(ctx, rowID)
	if err != nil || ok && (opportunityID == "" || opportunityID == known) {
		return known, err
	}
	if ok { // the row was moved: the one that it left is compared too
		if err := f.Hints.OpportunityChanged(ctx, "opportunity", known, "solution row"); err != nil {
			return "", err
		}
	}
	if opportunityID == "" {
		if opportunityID, ok, err = f.Opportunities.OpportunityOf(ctx, rowID); err != nil || !ok {
			return "", err
		}
	}
	return opportunityID, f.Ledger.SaveSolution(ctx, rowID, opportunityID)
}
