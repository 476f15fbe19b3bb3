package flow

import (
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// FromOpportunity follows a hint from CRM: an opportunity, or a lead, is compared with its referral; a row of another
// table fans out to every synced, open opportunity that shows it.
// Kinds: Gone, Conflict, Later (a change waits), Broken, Denied, Refused of class ours.
func (f *Flow) FromOpportunity(ctx context.Context, h Hint) error {
	ctx = after(withBudget(ctx), h)
	if h.Kind != opportunityKind && h.Kind != leadKind {
		return f.fanOut(ctx, h)
	}
	if f.inShadow(ctx) {
		return f.shadowed(ctx, h)
	}
	err := f.underLock(ctx, h.ID, func(pair cosell.Pair, known bool) error {
		if !known && h.Kind == leadKind {
			pair.Table = cosell.LeadTable
		}
		return f.of(pair).heard(ctx, pair, known, h)
	})
	f.waited(ctx, h.ID, h, err)
	return err
}

// heard does what a pair does with news of its record in CRM.
func (f *Flow) heard(ctx context.Context, pair cosell.Pair, known bool, h Hint) error {
	if pair.Became != "" {
		return f.passOn(ctx, pair, h)
	}
	switch next(pair, known, newsOf(h)) {
	case bury:
		return f.bury(ctx, pair, known)
	case want:
		if f.table == cosell.LeadTable {
			return f.recall(ctx, pair, h)
		}
		return f.Hints.ReferralWanted(ctx, Hint{Kind: opportunityKind, ID: h.ID, Why: h.Why, Retry: h.Retry, Related: h.Related, Late: h.Late, Shown: h.Shown})
	case remake:
		return f.remake(ctx, pair, h)
	case compare:
		if err := f.fromLinked(ctx, pair, h); err != nil {
			return err
		}
		return f.register(ctx, pair.OpportunityID, h)
	case heed:
		return f.fromEnded(ctx, pair, h)
	}
	return nil
}

func (f *Flow) fanOut(ctx context.Context, h Hint) error {
	related, err := f.relatives(ctx, h)
	unread := peopleUnread(err)
	if err != nil && !unread {
		return err
	}
	if err := f.hintAll(ctx, related, Hint{Related: true, Why: h.Kind}); err != nil {
		return err
	}
	if unread {
		if err := f.missesPeople(ctx); err != nil {
			return err
		}
	}
	return f.unclearBy(ctx, h)
}

// relatives are the opportunities that a hint about another row concerns. Of a connection, which cannot be asked for
// once it is deleted, the opportunity is noted.
func (f *Flow) relatives(ctx context.Context, h Hint) ([]string, error) {
	if h.Kind != connectionKind {
		return f.Opportunities.Related(ctx, h.Kind, h.ID)
	}
	noted, known, err := f.Ledger.Solution(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	out := []string{h.Parent}
	if h.Parent == "" && h.Deleted {
		out = nil
	} else if h.Parent == "" {
		if out, err = f.Opportunities.Related(ctx, h.Kind, h.ID); err != nil {
			return nil, err
		}
	}
	if known && !slices.Contains(out, noted) {
		out = append(out, noted) // the one that it left
	}
	for _, id := range out {
		if id != noted && !h.Deleted {
			return out, f.Ledger.SaveSolution(ctx, h.ID, id)
		}
	}
	return out, nil
}

// noteConnected notes of each connection that the pair does not know yet whose it is, before the pair knows it: once it is deleted its id is
// all that the feed gives.
func (f *Flow) noteConnected(ctx context.Context, p cosell.Pair, o cosell.Opportunity) error {
	for _, id := range o.Connected {
		if slices.Contains(p.Connected, id) {
			continue
		}
		if err := f.Ledger.SaveSolution(ctx, id, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// unclearBy has deals tried again whose customer nobody could choose, once one of the accounts changes.
func (f *Flow) unclearBy(ctx context.Context, h Hint) error {
	if h.Kind != accountKind {
		return nil
	}
	ids, err := f.Ledger.HeldNaming(ctx, "account.unclear", h.ID)
	if err != nil {
		return err
	}
	return f.hintAll(ctx, ids, Hint{Related: true, Retry: true, Why: h.Kind})
}

// hintAll has opportunities compared, each by a hint like the one given.
func (f *Flow) hintAll(ctx context.Context, opportunityIDs []string, like Hint) error {
	like.Kind = opportunityKind
	var hints []Hint
	for _, like.ID = range opportunityIDs {
		hints = append(hints, like)
	}
	return f.Hints.Changed(ctx, hints)
}

// bury leaves a tombstone: also for an opportunity that we do not know, because we may have made it and
// died before we remembered it.
func (f *Flow) bury(ctx context.Context, pair cosell.Pair, known bool) error {
	if known && pair.Phase == cosell.Linked {
		if _, err := f.Opportunities.Get(ctx, pair.OpportunityID); !fault.Is(err, fault.Gone) {
			return err // it is there: the hint was wrong
		}
	}
	if _, err := f.outlived(ctx, pair); err != nil {
		return err
	}
	return f.end(ctx, pair, "the "+pair.Noun()+" was deleted")
}

// fromLinked reads the opportunity, and the referral only when there is something to compare.
func (f *Flow) fromLinked(ctx context.Context, pair cosell.Pair, h Hint) error {
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if fault.Is(err, fault.Gone) {
		return f.gone(ctx, pair, h, err)
	}
	if err != nil {
		return f.holdRead(ctx, pair, cosell.InCRM, err)
	}
	if pair, err = f.freshRow(ctx, pair, h, o); err != nil {
		return err
	}
	w := &work{pair: pair, opportunity: &o, hint: h}
	if done, err := f.staysParted(ctx, w); done || err != nil {
		return err
	}
	if done, err := f.heed(ctx, w); done || err != nil {
		return err
	}
	h = w.hint
	switch former, err := f.namesFormer(ctx, pair); {
	case err != nil:
		return err
	case f.unanswered(pair, o, h):
		return f.putOff(ctx, pair, o)
	case f.unchanged(pair, o, h) && !former:
		return f.touch(ctx, pair, o)
	}
	r, err := f.Referrals.Get(ctx, pair.ReferralID)
	if err != nil {
		return f.holdRead(ctx, pair, cosell.InPartnerCenter, err)
	}
	w.referral = &r
	ofMicrosoft := h.Retry && slices.ContainsFunc(pair.Held, f.pairing(w).OfMicrosoft)
	if err := f.converge(ctx, w); err != nil || !ofMicrosoft {
		return err
	}
	return f.askMicrosoft(ctx, pair.OpportunityID, r, h) // only Microsoft's referral says what CRM refused
}

// unanswered says whether nothing is to be compared yet: a pending referral that its seller has not answered,
// or a deal that is switched off and is known to be.
func (f *Flow) unanswered(pair cosell.Pair, o cosell.Opportunity, h Hint) bool {
	quiet := pair.Sending == nil && !h.Retry && f.table != cosell.LeadTable // edits of a lead go at once
	if !o.Synced() && pair.Base.Opportunity[cosell.Sync] == cosell.False {
		if f.table == cosell.LeadTable && h.Retry && o.Record[cosell.Status] == cosell.Open {
			return false // its opportunity may be switched on
		}
		_, untold := pair.HeldAt(cosell.InCRM, cosell.Whole)
		aside, _ := pair.AsideFor() // so are the words of it
		return !untold && aside == "" && !cosell.Mistold(pair.Base, o)
	}
	return quiet && o.Synced() && pair.Base.Opportunity[cosell.Sync] == cosell.True && len(pair.Told) == 0 && pair.Sheet == f.Settings.Sheet &&
		pair.Base.Referral[cosell.Status] == cosell.Pending && o.Record[cosell.Status] == cosell.OnHold &&
		pair.Base.Opportunity[cosell.Status] == cosell.OnHold &&
		!cosell.Restorable(pair.Base, o, f.Rules) && !cosell.Mistold(pair.Base, o)
}

// putOff notes that the row has changed while nothing of it is compared: what hangs on it has versions of its own, so that
// a write by the row's version would not meet the change. Who compares next reads the row.
func (f *Flow) putOff(ctx context.Context, pair cosell.Pair, o cosell.Opportunity) error {
	if pair.OpportunityVersion != o.Version || !cosell.Changed(pair.Base, o, f.Rules) {
		return nil
	}
	pair.OpportunityVersion = ""
	_, err := f.Ledger.Save(ctx, pair)
	return err
}

func (f *Flow) unchanged(pair cosell.Pair, o cosell.Opportunity, h Hint) bool {
	return !cosell.Changed(pair.Base, o, f.Rules) && len(pair.Told) == 0 && len(pair.Loud()) == 0 && pair.Sending == nil &&
		len(pair.Untold) == 0 && !h.Retry && pair.Sheet == f.Settings.Sheet && !pair.Nameless()
}

// touch remembers a version in which nothing that we know has changed.
func (f *Flow) touch(ctx context.Context, pair cosell.Pair, o cosell.Opportunity) error {
	if pair.OpportunityVersion == o.Version && pair.KnowsRows(o) && pair.Seen[o.ID].Stale.IsZero() {
		return nil
	}
	if err := f.noteConnected(ctx, pair, o); err != nil {
		return err
	}
	pair.OpportunityVersion, pair.Touched = o.Version, o.Modified
	_, err := f.Ledger.Save(ctx, pair.SawRow(o))
	return err
}

// SyncSolutions follows a hint about a solution row: the list belongs to the opportunity, so the
// opportunity is compared. Kinds as FromOpportunity.
func (f *Flow) SyncSolutions(ctx context.Context, h Hint) error {
	opportunityID, err := f.opportunityOf(ctx, h)
	if err != nil {
		return err
	}
	if opportunityID == "" {
		f.Log.InfoContext(ctx, "solution row without an opportunity", "solution_row", h.ID)
		return nil // deleted before it was ever seen: nothing was ever sent of it
	}
	return f.FromOpportunity(ctx, Hint{Kind: opportunityKind, ID: opportunityID, Why: "solution row", Related: true, Retry: h.Retry, Trace: h.Trace, Seen: h.Seen, Begun: h.Begun,
		Gone: goneRow(h), Shown: h.Shown})
}

// goneRow is the row of which the event says that it was deleted.
func goneRow(h Hint) string {
	if h.Deleted {
		return strings.ToLower(h.ID)
	}
	return ""
}

// opportunityOf resolves a row by the event, by the row itself, or, when it is gone, by what was noted of
// it earlier; and notes it, because a deletion cannot be asked for its parent. A feed does not say where a row hangs:
// it may have been moved since it was noted.
func (f *Flow) opportunityOf(ctx context.Context, h Hint) (string, error) {
	if h.Parent != "" && h.Deleted {
		return h.Parent, nil
	}
	known, ok, err := f.Ledger.Solution(ctx, h.ID)
	if err != nil {
		return "", err
	}
	parent := h.Parent
	if parent == "" && !(ok && h.Deleted) {
		if parent, _, err = f.Opportunities.OpportunityOf(ctx, h.ID); err != nil {
			return "", err
		}
	}
	switch {
	case ok && (parent == "" || parent == known):
		return known, nil
	case parent == "":
		return f.remembers(ctx, h.ID)
	case ok: // the row was moved: the one that it left is compared too
		if err := f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: known, Related: true, Why: "solution row"}); err != nil {
			return "", err
		}
	}
	return parent, f.Ledger.SaveSolution(ctx, h.ID, parent)
}

// remembers finds the pair that showed a row which is gone, and of which nothing else is known. A pair that cannot be
// read waits as a whole, and keeps no message of another one waiting.
func (f *Flow) remembers(ctx context.Context, row string) (found string, err error) {
	unread := 0
	err = f.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.Unread {
			unread++
		}
		if slices.Contains(p.Rows, row) {
			found = p.OpportunityID
		}
		return found == ""
	})
	if found == "" && unread > 0 && err == nil {
		f.Log.WarnContext(ctx, "a solution row is gone that may be of a pair whose row cannot be read", "solution_row", row, "pairs", unread)
	}
	return found, err
}
