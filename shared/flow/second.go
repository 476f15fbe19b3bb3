package flow

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// duplicateReason is why a referral is closed that was made twice.
const duplicateReason = "Duplicate"

// second meets another referral of an opportunity that has one. What we made twice ourselves, because
// Partner Center committed later than any bound, is closed while nobody of Microsoft's has seen it, else
// an operator is told with both ids. What a person made, a copied deal, is told on the record. The link
// stays as it is.
func (f *Flow) second(ctx context.Context, pair cosell.Pair, r cosell.Referral) (err error) {
	ours := slices.Contains(pair.Posted, cosell.Fingerprint(r.Record))
	switch {
	case ours && f.closedLately(r, duplicateReason):
		if pair, err = f.closedDuplicate(ctx, pair, r, r.Read); err != nil {
			return err
		}
		return f.secondGone(ctx, pair, r)
	case cosell.ReferralClosed(r.Record[cosell.Status]):
		return f.secondGone(ctx, pair, r)
	case ours && r.Record[cosell.Visibility] != cosell.True:
		return f.closeDuplicate(ctx, pair, r)
	}
	p := cosell.Problem{Code: "link.taken", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true,
		Text: "another referral in Partner Center names this opportunity: " + r.ID + "; it stays linked with " + pair.ReferralID,
		Mend: "correct the CRM id of " + r.ID + " in Partner Center, or close it there"}
	if ours {
		p.Code, p.Class = "referral.twice", cosell.OfOurs
		p.Text = "opportunity " + pair.OpportunityID + " has two open referrals that Microsoft can see: " + pair.ReferralID + " and " + r.ID
		p.Mend = "close " + r.ID + " in Partner Center"
	}
	if pair.Explains(p) {
		return nil
	}
	if former, err := f.former(ctx, pair, r); err != nil || former {
		return err
	}
	return f.tellStanding(ctx, pair, p)
}

// former says whether Audit names the referral as one of a former engagement, and remembers that: the tables were
// lost since.
func (f *Flow) former(ctx context.Context, pair cosell.Pair, r cosell.Referral) (bool, error) {
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if err != nil || !cosell.Former(o.Record[cosell.Audit], r.ID) {
		return false, err
	}
	pair.Former = append(slices.Clone(pair.Former), r.ID)
	_, err = f.Ledger.Save(ctx, pair)
	return true, err
}

// givenUp says whether the engagement of the pair was given up for a new one, as Audit and the row tell, and the tables are from before
// that: the pair begins again there, and is linked with what the row names.
func (f *Flow) givenUp(ctx context.Context, w *work) (bool, error) {
	if w.opportunity == nil || w.linking || w.pair.Phase != cosell.Linked {
		return false, nil
	}
	named, is := cosell.ID(w.opportunity.Record[cosell.ReferralID])
	if !is || strings.EqualFold(named, w.pair.ReferralID) || !cosell.Former(w.opportunity.Record[cosell.Audit], w.pair.ReferralID) {
		return false, nil
	}
	pair, err := f.Ledger.Save(ctx, w.pair.Again())
	if err != nil {
		return true, err
	}
	w.pair = pair
	return true, f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: pair.OpportunityID, Retry: true, Why: "its engagement was given up for another one"})
}

// closeDuplicate closes what was made twice and not seen by anybody, and says so.
func (f *Flow) closeDuplicate(ctx context.Context, pair cosell.Pair, r cosell.Referral) error {
	closed, err := f.Referrals.Put(ctx, r, cosell.Record{cosell.Status: cosell.Errored, cosell.Reason: duplicateReason})
	if fault.Is(err, fault.Refused) {
		return f.tellStanding(ctx, pair, cosell.Problem{Code: "referral.twice", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfOurs,
			Text: "opportunity " + pair.OpportunityID + " has two open referrals: " + pair.ReferralID + " and " + r.ID,
			Mend: "close " + r.ID + " in Partner Center"})
	}
	if err != nil {
		return err
	}
	_, err = f.closedDuplicate(ctx, pair, r, closed.Read)
	return err
}

// closedLately says whether a referral was closed for that reason not long ago: whoever closed it may not have come to say so.
func (f *Flow) closedLately(r cosell.Referral, reason string) bool {
	return r.Record[cosell.Status] == cosell.Errored && r.Record[cosell.Reason] == reason && f.readAt(r).Sub(r.Modified) < forgottenFor
}

// unsaid says whether the trail has no such line.
func (f *Flow) unsaid(ctx context.Context, recordID string, line cosell.Entry) (bool, error) {
	trail, err := f.Ledger.Audit(ctx, recordID, lately)
	return err == nil && !slices.ContainsFunc(trail, func(e cosell.Entry) bool { return e.Action == line.Action && e.Result == line.Result }), err
}

// closedDuplicate says in the trail and on the record what was closed as a duplicate, unless both say it already.
func (f *Flow) closedDuplicate(ctx context.Context, pair cosell.Pair, r cosell.Referral, at time.Time) (cosell.Pair, error) {
	line := f.entry(ctx, at, cosell.ToPartnerCenter, "closed", "duplicate referral "+r.ID, cosell.Status)
	unsaid, err := f.unsaid(ctx, pair.OpportunityID, line)
	if err != nil {
		return pair, err
	}
	if unsaid {
		if err := f.Ledger.Note(ctx, pair.OpportunityID, line); err != nil {
			return pair, err
		}
	}
	return f.tellOnce(ctx, pair, cosell.Problem{Code: "referral.twice", Field: cosell.Whole, Place: cosell.InPartnerCenter, Warn: true, Once: true,
		Text: "Partner Center had made a second referral, " + r.ID + ", which nobody had seen; it was closed as a duplicate", Mend: "nothing to do"})
}

// secondGone forgets the trouble with a second referral once that is closed.
func (f *Flow) secondGone(ctx context.Context, pair cosell.Pair, r cosell.Referral) error {
	kept := slices.DeleteFunc(slices.Clone(pair.Held), func(h cosell.Held) bool {
		return h.Field == cosell.Whole && (h.Code == "link.taken" || h.Code == "referral.twice") && strings.Contains(h.Text, r.ID)
	})
	if len(kept) == len(pair.Held) {
		return nil
	}
	compare := Hint{Kind: opportunityKind, ID: pair.OpportunityID, Why: "a second referral is gone"}
	if err := f.Hints.OpportunityChanged(ctx, compare); err != nil { // nobody else says so once it is saved
		return err
	}
	pair.Held = kept
	if _, err := f.Ledger.Save(ctx, pair); err != nil {
		return err
	}
	return f.Hints.OpportunityChanged(ctx, compare) // the other may have come before
}

// tellStanding adds a problem that comparing does not find, and keeps it until it is over. Where the row takes no words it is held all the
// same, and told once the row takes some.
func (f *Flow) tellStanding(ctx context.Context, pair cosell.Pair, p cosell.Problem) error {
	if p.Class == cosell.OfOurs {
		_, err := f.Ledger.Save(ctx, pair.Standing(p, f.Now()))
		return err
	}
	if slices.ContainsFunc(pair.Held, func(h cosell.Held) bool { return h.Code == p.Code && h.Text == p.Text }) {
		return nil // and whether it is told already is seen by whoever compares
	}
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if err != nil {
		return err
	}
	told, err := f.tellRow(ctx, pair, o, p)
	if fault.Is(err, fault.Refused) {
		_, err = f.unsaidOf(ctx, told, o, p, err)
		return err
	}
	if err != nil {
		return err
	}
	_, err = f.Ledger.Save(ctx, told.Standing(p, f.Now()))
	return err
}

// unsaidOf holds a problem, and that the row did not take the words of it, and gives the pair as it is saved then. A note waits for the next words.
func (f *Flow) unsaidOf(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, p cosell.Problem, cause error) (cosell.Pair, error) {
	why := problemOf(cosell.InCRM, cause, f.Rules, cosell.Whole)
	why.Sent = true
	if p.Once {
		pair.Untold = append(slices.Clone(pair.Untold), p)
	}
	pair, err := f.Ledger.Save(ctx, pair.StandingUnheard(p, why, o.Side), f.entry(ctx, o.Read, cosell.ToCRM, refusedAction, resultOf(cause)))
	if err == nil && why.Class == cosell.OfOurs {
		err = cause
	}
	return pair, err
}

// tellOnce writes one line into the opportunity, and gives the pair as it is saved then. A row that takes no words is told by whoever compares
// once it takes some.
func (f *Flow) tellOnce(ctx context.Context, pair cosell.Pair, p cosell.Problem) (cosell.Pair, error) {
	if slices.Contains(pair.Untold, p) {
		return pair, nil
	}
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if err != nil {
		return pair, err
	}
	told, err := f.tellRow(ctx, pair, o, p)
	if fault.Is(err, fault.Refused) {
		return f.unsaidOf(ctx, told, o, p, err)
	}
	return told, err
}

// tellRow is tellOnce of the row at hand. Refused: the pair knows that nothing was written.
func (f *Flow) tellRow(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, p cosell.Problem) (cosell.Pair, error) {
	values := cosell.Record{}
	if !p.Once {
		values = known(cosell.Standing("", append(heldProblems(pair), p)), o)
	}
	if f.Settings.CheckMark && !p.Once && cosell.Crossed([]cosell.Problem{p}) && o.Record[cosell.Mark] != cosell.MarkFailed {
		values[cosell.Mark] = cosell.MarkFailed
	}
	if p.Once && !strings.Contains(o.Record[cosell.Audit], p.Text) || !p.Once && !pair.Explained(o.Record[cosell.Audit], p, f.older(ctx)) {
		values[cosell.Audit] = cosell.Prepend(o.Record[cosell.Audit], f.words(ctx, o.Read).Say(p))
	}
	if len(values) == 0 { // the row says all of it
		return pair, nil
	}
	if pair.Version == "" {
		_, err := f.Opportunities.Put(ctx, o, values)
		return pair, err
	}
	line := f.entry(ctx, o.Read, cosell.ToCRM, "updated", p.Code)
	said, written, err := f.say(ctx, pair, o, values, line)
	if err != nil {
		return said, err
	}
	line.At = written.Read
	return f.saveSaid(ctx, said, line)
}
