package flow

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// followMerged goes on with the lead that took this one over, under the lock of that: it takes the referral first, and only then this one lets go of it and says so. A
// refusal is held on this one, which stays as it is.
func (f *Flow) followMerged(ctx context.Context, w *work) (bool, error) {
	if f.ungrowable(w) {
		return false, nil
	}
	into := w.opportunity.MergedInto
	unlock, err := f.locks.lockBeside(ctx, into)
	if err != nil {
		return false, err
	}
	defer unlock()
	winner, err := f.Opportunities.Get(ctx, into)
	if fault.Is(err, fault.Gone) {
		return true, f.end(ctx, w.pair, "the lead was merged into one that is gone")
	}
	if err != nil {
		return false, err
	}
	other, known, err := f.Ledger.Find(ctx, into)
	if err != nil {
		return false, err
	}
	named := strings.TrimSpace(winner.Record[cosell.ReferralID])
	if known && (other.Phase == cosell.Ended || other.ReferralID != "") || named != "" && !strings.EqualFold(named, w.referral.ID) {
		w.standing = append(w.standing, cosell.Problem{Code: "link.taken", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true,
			Text: "the lead was merged into lead " + into + ", which belongs to another referral", Mend: "decline one of the two in Partner Center"})
		return false, nil
	}
	next := winner
	if named == "" || !winner.Synced() { // else an earlier run has, and died
		next, err = f.takeOver(ctx, w, winner)
	}
	if fault.Is(err, fault.Refused) {
		return false, f.ungrown(ctx, w, "lead "+into+", into which the lead was merged, could not be linked with its referral", err)
	}
	if err != nil {
		return false, err
	}
	if err := f.letGoOf(ctx, w, into); err != nil {
		return false, err
	}
	pair := w.pair.GoesOn(next, cosell.LeadTable, cosell.Base{Referral: cosell.Record{}, Opportunity: cosell.Record{}})
	return true, f.moveTo(ctx, w, pair, other, "another lead was merged into it")
}

// takeOver links the winner with the referral of the lead that was merged into it. As long as that one names the referral the key of leads lets no
// other row name it, inactive or not: then that one lets go first, and takes it back where the winner is refused all the same.
// https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
func (f *Flow) takeOver(ctx context.Context, w *work, winner cosell.Opportunity) (cosell.Opportunity, error) {
	linked := &work{pair: w.pair, referral: w.referral, opportunity: &winner, hint: w.hint, linking: true, switchOn: !winner.Synced()}
	next, err := f.linkBack(ctx, linked, *w.referral, nil)
	if hasCodeOf(err, cosell.CodeNamed) && w.namesReferral() {
		if err := f.putOnLoser(ctx, w, cosell.Record{cosell.ReferralID: "", cosell.ReferralLink: ""}); err != nil {
			return next, err
		}
		next, err = f.linkBack(ctx, linked, *w.referral, nil)
	}
	if fault.Is(err, fault.Refused) && !w.namesReferral() { // also where a run died that had let go of it
		if err := f.putOnLoser(ctx, w, f.identity(*w.referral)); err != nil && !fault.Is(err, fault.Refused) {
			return next, err
		}
	}
	return next, err
}

func (w *work) namesReferral() bool {
	return strings.TrimSpace(w.opportunity.Record[cosell.ReferralID]) != ""
}

// letGoOf takes the referral out of a lead that was merged into another, which has it now, and says so. A closed lead may take nothing, and holds
// nothing back.
func (f *Flow) letGoOf(ctx context.Context, w *work, into string) error {
	loser := *w.opportunity
	text := "the lead was merged into lead " + into + ", which goes on with referral " + w.referral.ID
	values := closedLead(loser, cosell.Record{cosell.ReferralID: "", cosell.ReferralLink: ""})
	if audit := loser.Record[cosell.Audit]; !cosell.Tells(audit, cosell.ToCRM, text) {
		values[cosell.Audit] = cosell.Prepend(audit, f.words(ctx, loser.Read).Done(cosell.ToCRM, text))
	} else if !w.namesReferral() {
		return nil
	}
	if err := f.putOnLoser(ctx, w, values); err != nil && !fault.Is(err, fault.Refused) {
		return err
	}
	return nil
}

// putOnLoser writes to the lead that was merged, and goes on with the row as it is then.
func (f *Flow) putOnLoser(ctx context.Context, w *work, values cosell.Record) error {
	written, err := f.Opportunities.Put(ctx, *w.opportunity, values)
	if err != nil {
		return err
	}
	w.pair, w.opportunity = w.pair.Wrote(w.opportunity.Version, written.Side), &written
	return nil
}
