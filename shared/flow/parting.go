package flow

import (
	"cmp"
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// unlinkedAction is what the trail says of an end that a person wanted.
const unlinkedAction = "unlinked"

// part ends the pair, and takes the referral out of the row: both records go on alone. The tombstone comes first, and says
// that the row does not know yet: whoever comes next finishes it, whatever the form asks for by then.
func (f *Flow) part(ctx context.Context, w *work) error {
	if w.pair.Phase != cosell.Ended || w.pair.JoinedHalf() != "" {
		pair, err := f.doubtless(ctx, w.pair, *w.opportunity)
		if err != nil {
			return err
		}
		ended, err := f.endPair(ctx, pair.Parting(*w.opportunity), "unlinked by a person")
		if err != nil {
			return err
		}
		w.pair = ended
	}
	return f.emptyRow(ctx, w)
}

// doubtless finds out what became of a write that nobody has seen the end of: what it has replaced is told while
// there is a pair. A referral that cannot be read keeps nobody from unlinking: then it is told as possible, and so it is where the record
// is as it was before the write, which may be on its way. Kinds: what the ledger answers.
func (f *Flow) doubtless(ctx context.Context, pair cosell.Pair, row cosell.Opportunity) (cosell.Pair, error) {
	if pair.Sending == nil {
		return pair, nil
	}
	if pair.Sending.Place == cosell.InCRM {
		if row.Version == pair.Sending.Version {
			return pair.Doubt(), nil
		}
		return pair.Resolve(row.Side), f.noteLanded(ctx, pair, row)
	}
	r, err := f.Referrals.Get(ctx, pair.ReferralID)
	switch {
	case err == nil && r.Side.Version != pair.Sending.Version:
		return pair.Resolve(r.Side), nil
	case err != nil && ctx.Err() != nil:
		return pair, err
	}
	return pair.Doubt(), nil
}

// emptyRow takes the referral of an ended pair out of the row.
func (f *Flow) emptyRow(ctx context.Context, w *work, more ...string) error {
	o := *w.opportunity
	values := cosell.Parted(o, f.fromMicrosoft())
	if !f.Settings.CheckMark {
		delete(values, cosell.Mark)
	}
	line := f.words(ctx, o.Read).Done(cosell.ToCRM, cosell.UnlinkedFrom+cmp.Or(w.pair.Leaves(), o.Record[cosell.ReferralID])+", as asked: both records go on alone, and Sync is off")
	return f.write(ctx, w, unlinkedAction, values, append(more, line)...)
}

// partedHalf goes on with a pair that was ended, and whose row has not heard of it: what else is asked on the form by now is
// answered, too. Who asked for it on the form and took it back before it was done has the pair again. done: the hint has no
// other work.
func (f *Flow) partedHalf(ctx context.Context, w *work) (done bool, err error) {
	o := *w.opportunity
	byForm, half := w.pair.PartedHalf()
	switch {
	case !half:
		return false, nil
	case !strings.EqualFold(o.Record[cosell.ReferralID], w.pair.Leaves()) && !w.pair.Resumes(o.Record[cosell.ReferralID]) && !w.unheard():
		return false, f.partedWhole(ctx, w, byForm)
	}
	deed, why := cosell.Heed(w.pair, o, "")
	switch act := o.Record[cosell.Action]; {
	case w.pair.PartingRefused() && w.answerWaits():
		return true, nil
	case deed == cosell.AskAgain:
		return false, nil // a new engagement takes the place of the one that ended
	case act == "" && byForm:
		return true, f.takenBack(ctx, w)
	case act == "" || act == cosell.ActUnlink:
		return true, f.emptyRow(ctx, w)
	}
	return true, f.emptyRow(ctx, w, f.words(ctx, o.Read).Say(why))
}

// unheard says whether the row knows neither of the link that was ended nor of its end: it took the words of neither.
func (w *work) unheard() bool {
	row := w.opportunity.Record
	return strings.TrimSpace(row[cosell.ReferralID]) == "" && cosell.PartedFrom(row[cosell.Audit], w.pair.Leaves()) != cosell.Unlinked
}

// partedWhole notes an end of which the row has heard, where whoever told it died before that was noted.
func (f *Flow) partedWhole(ctx context.Context, w *work, byForm bool) error {
	if cosell.PartedFrom(w.opportunity.Record[cosell.Audit], w.pair.Leaves()) != cosell.Unlinked {
		return nil
	}
	result := "ok"
	if byForm {
		result += " " + cosell.ActUnlink
	}
	pair := w.pair.Answered()
	pair.Untold = nil // its words came with the others
	saved, err := f.Ledger.Save(ctx, pair, f.entry(ctx, w.opportunity.Read, cosell.ToCRM, unlinkedAction, result))
	if err == nil {
		w.pair = saved
	}
	return err
}

// unlinkedBefore is why a pair ends that the ledger has forgotten.
const unlinkedBefore = "unlinked by a person, as Audit says"

// staysParted ends once more a pair that the ledger has forgotten, or of whose end an older copy of it knows nothing: its row names no referral, and Audit tells from which one a person has
// unlinked it. As with any pair that ended, it counts for nothing that Sync was switched on since, and what is asked on the form is
// heeded. done: the hint has no other work.
func (f *Flow) staysParted(ctx context.Context, w *work) (done bool, err error) {
	if w.opportunity == nil {
		return false, nil
	}
	o := *w.opportunity
	former := cosell.UnlinkedLast(o.Record[cosell.Audit])
	if former == "" || w.pair.Version != "" && !w.pair.Undoes(former) || strings.TrimSpace(o.Record[cosell.ReferralID]) != "" {
		return false, nil
	}
	r, err := f.Referrals.Get(ctx, former)
	if err != nil && !fault.Is(err, fault.Gone) && fault.ClassOf(err) != fault.Record {
		return false, unreadableOurs(err)
	}
	pair := w.pair
	if id, _ := crmID(r); strings.EqualFold(id, o.ID) { // else it may belong to another record by now
		pair.ReferralID, pair.EngagementID = r.ID, r.EngagementID
	}
	if w.pair, err = f.endPair(ctx, pair, unlinkedBefore); err != nil {
		return false, err
	}
	_, err = f.heed(ctx, w)
	return true, err
}

// takenBack goes on with the pair whose end a person took back.
func (f *Flow) takenBack(ctx context.Context, w *work) error {
	pair, err := f.Ledger.Save(ctx, w.pair.Resumed(), f.entry(ctx, f.Now(), cosell.Nowhere, linkedAction, "unlinking was taken back"))
	if err != nil {
		return err
	}
	return f.heard(ctx, pair, true, w.hint)
}

// fromMicrosoft are the rules of what goes from a row with its referral. What a lead has of Partner Center is of the
// customer, and stays.
func (f *Flow) fromMicrosoft() []cosell.Rule {
	if f.table == cosell.LeadTable {
		return nil
	}
	return f.Rules
}
