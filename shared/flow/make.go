package flow

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// resume is how long a creation that was interrupted waits before it is made again: had a person deleted
// the row, that event comes first.
const resume = 5 * time.Second

// makeOpportunity makes the opportunity of a deal that was born in Partner Center. It always arrives: what
// CRM does not take is left out, told on the record and held; only if CRM takes no row at all is the
// referral held as a whole.
func (f *Flow) makeOpportunity(ctx context.Context, w *work) error {
	if cosell.ReferralClosed(w.referral.Record[cosell.Status]) && w.pair.Phase != cosell.Making {
		return f.giveUp(ctx, w)
	}
	if w.pair.Phase != cosell.Making {
		switch from, started, err := f.Started(ctx); {
		case err != nil:
			return err
		case !started:
			return f.awaitStart(ctx, w)
		case before(w.referral.Modified, from):
			return f.tooOld(ctx, w)
		}
	}
	if f.heldBack(w) {
		return nil
	}
	if found, err := f.foundMade(ctx, w); err != nil || found {
		return err
	}
	if f.table == cosell.LeadTable && cosell.Grows(w.referral.Record[cosell.Status]) {
		return f.outgrown(ctx, w)
	}
	joined, microsoftID, err := f.join(ctx, *w.referral)
	if err != nil {
		return err
	}
	w.referral = &joined
	if err := f.noteMaking(ctx, w, microsoftID); err != nil {
		return err
	}
	return f.noted(ctx, w, f.makeRow(ctx, w))
}

// heldBack says whether no row is to be made: CRM refused it and nothing has changed since, or the referral's id is
// another system's, which nobody ends by trying again.
func (f *Flow) heldBack(w *work) bool {
	h, ok := w.pair.HeldAt(cosell.InCRM, cosell.Whole)
	switch {
	case !ok:
		return false
	case h.Code == cosell.CodeForeign:
		return strings.TrimSpace(w.referral.Record[cosell.CRMID]) != "" && !f.arrivesForeign(*w.referral)
	}
	return h.Code != ofOther && !w.hint.Retry && h.Value == cosell.Print(w.referral.Record)
}

// giveUp lets a closed deal go that never had an opportunity.
func (f *Flow) giveUp(ctx context.Context, w *work) error {
	if w.pair.Version == "" {
		return nil
	}
	return f.end(ctx, w.pair, "the referral was closed before it had an opportunity")
}

// noteMaking notes the creation before it is made: whoever deletes the row before we remembered it leaves
// a tombstone on this.
func (f *Flow) noteMaking(ctx context.Context, w *work, microsoftID string) error {
	pair := w.pair
	pair.ReferralID, pair.EngagementID, pair.MicrosoftID, pair.Phase = w.referral.ID, w.referral.EngagementID, microsoftID, cosell.Making
	pair.Sending = cosell.Creation(*w.referral, f.Rules, f.readAt(*w.referral)).After(w.pair.Sending)
	if !pair.Seen[pair.OpportunityID].Stale.IsZero() {
		pair = pair.Doubts(pair.OpportunityID, time.Time{}) // of this try nobody knows anything
	}
	return f.save(ctx, w, pair)
}

// readAt is when the referral was read, by Partner Center's clock: another process, whose own clock is off, may have noted
// what this one reads.
func (f *Flow) readAt(r cosell.Referral) time.Time { return cmp.Or(r.Read, f.Now()) }

// foundMade goes on with a row that an earlier run made and did not remember: what was noted before it was
// made is what both sides agreed on, and whatever differs from it was changed by a person since.
func (f *Flow) foundMade(ctx context.Context, w *work) (bool, error) {
	s := w.pair.Sending
	if w.pair.Phase != cosell.Making || s == nil {
		return false, nil
	}
	if f.readAt(*w.referral).Sub(s.At) < resume {
		return false, fault.Wait(resume, "opportunity %s: its creation was interrupted a moment ago", w.pair.OpportunityID)
	}
	o, err := f.Opportunities.Get(ctx, w.pair.OpportunityID)
	if fault.Is(err, fault.Gone) && s.Taken { // CRM said that it is there: once it is gone for good somebody has deleted it
		return true, f.gone(ctx, w.pair, w.hint, err)
	}
	if fault.Is(err, fault.Gone) {
		return f.neverMade(ctx, w)
	}
	if err != nil {
		return false, unreadableOurs(err)
	}
	if !w.pair.Seen[o.ID].Stale.IsZero() { // should it be gone once more, that is another doubt
		if w.pair, err = f.Ledger.Save(ctx, w.pair.Doubts(o.ID, time.Time{})); err != nil {
			return false, err
		}
	}
	joined, _, err := f.join(ctx, *w.referral)
	if err != nil {
		return false, err
	}
	w.entries = append(w.entries, f.entry(ctx, o.Read, cosell.ToCRM, createdAction, w.pair.Noun()+" "+o.ID))
	w.pair.Base, w.pair.Sending, w.pair.Sheet = s.By(o).Made(o), nil, f.Settings.Sheet
	w.referral, w.opportunity = &joined, &o
	return true, f.noted(ctx, w, f.adoptBoth(ctx, w))
}

// neverMade lets a row be made that an earlier run may have made and that is not there, at the second look: where a person has deleted it
// before the first, its event has arrived by then, and has ended the pair. Kind: Later.
func (f *Flow) neverMade(ctx context.Context, w *work) (found bool, err error) {
	lasted, err := f.doubt(ctx, w.pair, w.pair.OpportunityID, f.readAt(*w.referral), unmadePatience)
	if err != nil || lasted {
		return false, err
	}
	return false, fault.Wait(unmadePatience, "opportunity %s: nothing says yet whether it was never made, or is deleted", w.pair.OpportunityID)
}

// fitting is what had to go so that CRM took a row.
type fitting struct {
	open     bool             // CRM does not let it be On Hold
	left     []cosell.Field   // not written
	problems []cosell.Problem // told with the row
	untold   []cosell.Problem // known only once the row was made
}

// makeRow makes the row, unless it has to be asked about first.
func (f *Flow) makeRow(ctx context.Context, w *work) error {
	o, fit, err := f.firstThatFits(ctx, w, cosell.ForOpportunity(*w.referral, f.Rules))
	for passed := 1; passed <= 3*mostLookalikes && hasCodeOf(err, cosell.CodeUnconfirmed); passed++ { // some may have come since all were taken out
		other := fault.Of(err).Target
		if proposed, err := f.resembles(ctx, w, other); err != nil || proposed {
			return err
		}
		w.referral.Unlike = append(slices.Clone(w.referral.Unlike), other)
		if passed == mostLookalikes {
			if err := f.passOver(ctx, w.referral); err != nil {
				return err
			}
		}
		o, fit, err = f.firstThatFits(ctx, w, cosell.ForOpportunity(*w.referral, f.Rules))
	}
	if hasCodeOf(err, cosell.CodeNamed) && fault.Of(err).Target != "" {
		return f.yield(ctx, w, fault.Of(err).Target)
	}
	if fault.Is(err, fault.Refused) {
		return f.heldWhole(ctx, w, err)
	}
	if unshown(err) {
		return cmp.Or(f.markMaking(ctx, w, w.pair.Sending.Standing()), err)
	}
	if err != nil {
		return err
	}
	w.entries = append(w.entries, f.entry(ctx, o.Read, cosell.ToCRM, createdAction, w.pair.Noun()+" "+o.ID))
	pair := w.pair
	pair.Base = cosell.Made(*w.referral, o, fit.left)
	if by := pair.Sending.By(o); o.Found || by != pair.Sending { // the row is of an earlier attempt, which may have been taken late, or in part
		pair.Base = by.Made(o)
	}
	pair.Sending = nil
	pair = pair.Lacks(append(fit.problems, fit.untold...), w.referral.Read, o.Side)
	pair.Told = cosell.Prints(fit.problems)
	pair.Phase, pair.Sheet = cosell.Making, f.Settings.Sheet
	w.pair, w.opportunity = pair, &o
	return f.adoptBoth(ctx, w)
}

// firstThatFits gives the row that CRM took, and what had to be left out. An invitation has to arrive: one that CRM
// takes in no form is tried open in place of On Hold.
func (f *Flow) firstThatFits(ctx context.Context, w *work, values cosell.Record) (cosell.Opportunity, fitting, error) {
	o, fit, err := f.fit(ctx, w, values, fitting{})
	pending := w.referral.Record[cosell.Status] == cosell.Pending && f.table != cosell.LeadTable
	if !pending || !fault.Is(err, fault.Refused) || fault.ClassOf(err) == fault.Ours || ofAnother(err) {
		return o, fit, err
	}
	if markErr := f.markMaking(ctx, w, w.pair.Sending.Opened()); markErr != nil {
		return o, fit, markErr
	}
	open, openFit, openErr := f.fit(ctx, w, values, fitting{open: true, problems: []cosell.Problem{f.notOnHold(err)}})
	if fault.Is(openErr, fault.Refused) {
		return o, fit, err // it was not that
	}
	return open, openFit, openErr
}

// notOnHold says that an invitation is open in CRM, and that this answers nothing.
func (f *Flow) notOnHold(err error) cosell.Problem {
	p := problemOf(cosell.InCRM, err, f.Rules, cosell.Status)
	p.Warn, p.Once, p.Class = true, true, cosell.OfRule
	p.Text = "the opportunity could not be put On Hold, so it is open; the invitation still waits for an answer: " + p.Text
	p.Mend = "to accept it set the opportunity to On Hold, save, and then to In Progress, or accept it in Partner Center; to decline it close it as lost"
	return p
}

// markMaking notes anew, before it is tried, what a creation is about to write.
func (f *Flow) markMaking(ctx context.Context, w *work, s *cosell.Sending) error {
	pair := w.pair
	pair.Sending = s
	marked, err := f.Ledger.Mark(ctx, pair)
	if err == nil {
		w.pair = marked
	}
	return err
}

// fit tries everything first, then without what CRM names, then without halves of it.
func (f *Flow) fit(ctx context.Context, w *work, values cosell.Record, fit fitting) (cosell.Opportunity, fitting, error) {
	try := func(v cosell.Record) (cosell.Opportunity, error) {
		if len(v) < len(values) && w.pair.Sending != nil {
			if err := f.markMaking(ctx, w, w.pair.Sending.Without(values, v)); err != nil {
				return cosell.Opportunity{}, err
			}
		}
		if w.lead != nil {
			o, err := f.qualify(ctx, w, f.newRow(ctx, w, v, fit))
			return o, madeUnread(w.pair.OpportunityID, err)
		}
		o, err := f.Opportunities.Create(ctx, w.pair.OpportunityID, *w.referral, f.newRow(ctx, w, v, fit))
		return o, madeUnread(w.pair.OpportunityID, err)
	}
	rest := values
	var guess struct { // before a field was left out of which the words only seem to speak
		rest  cosell.Record
		fit   fitting
		words string
	}
	for range len(values) + 1 {
		o, err := try(rest)
		if err == nil || !fault.Is(err, fault.Refused) {
			return o, fit, err
		}
		if ofAnother(err) {
			return o, fit, err
		}
		if fault.Of(err).Code == "account.unclear" && !hasCode(fit.problems, "account.unclear") {
			fit.problems = append(fit.problems, problemOf(cosell.InCRM, err, f.Rules, cosell.CustomerName))
			continue // the row is made without an account
		}
		if e := fault.Of(err); guess.rest != nil && e.Theirs == guess.words { // it was not that
			rest, fit = guess.rest, guess.fit
			o, err := f.halves(rest, err, try, &fit)
			return o, fit, err
		} else if guess.rest = nil; e.Guessed {
			guess.rest, guess.fit, guess.words = rest, fit, e.Theirs
		}
		field := cosell.Field(fault.Of(err).Field)
		if field == cosell.Status {
			return o, fit, err // never left out
		}
		after := cosell.Left(rest, field, f.Rules)
		if field == "" || len(after) == len(rest) {
			o, err := f.halves(rest, err, try, &fit)
			return o, fit, err
		}
		gone := rest.Clone()
		maps.DeleteFunc(gone, func(g cosell.Field, _ string) bool { _, stays := after[g]; return stays })
		fit.problems = append(fit.problems, f.leftOut(err, field, gone))
		fit.left = slices.AppendSeq(append(fit.left, field), maps.Keys(gone))
		rest = after
	}
	return cosell.Opportunity{}, fit, fault.New(fault.Broken, "opportunity %s: CRM refuses without end", w.pair.OpportunityID)
}

// madeUnread is the answer to a creation; of a row that is there and may not be read, that the message comes back: nothing of it was
// refused, and what was noted before is what it holds. Broken then.
func madeUnread(id string, err error) error {
	if fault.Is(err, fault.Refused) && maybe(err) {
		return fault.New(fault.Broken, "opportunity %s is there and may not be read: %w", id, err)
	}
	return err
}

// leftOut is the problem of a value without which the row was made, with what had to go along.
func (f *Flow) leftOut(err error, field cosell.Field, gone cosell.Record) cosell.Problem {
	p := problemOf(cosell.InCRM, err, f.Rules, field)
	p.Value, p.Sent = cosell.Asked(gone), true
	if cosell.OfCustomer(field) && f.table != cosell.LeadTable { // it goes, and comes, as one
		p.Field = cosell.CustomerName
		p.Value = cosell.Asked(gone.Only(cosell.CustomerName))
	}
	return p
}

func hasCode(problems []cosell.Problem, code string) bool {
	return slices.ContainsFunc(problems, func(p cosell.Problem) bool { return p.Code == code })
}

// halves tries what may go without what CRM refuses when it does not say what that is. What is left out is
// filled in afterwards, field by field, by comparing; the customer, which is not compared, is held.
func (f *Flow) halves(values cosell.Record, cause error, try func(cosell.Record) (cosell.Opportunity, error), fit *fitting) (cosell.Opportunity, error) {
	for _, v := range cosell.Halves(values) {
		o, err := try(v)
		if fault.Is(err, fault.Refused) {
			cause = err
			continue
		}
		for field := range values {
			if _, in := v[field]; !in && err == nil {
				fit.left = append(fit.left, field)
			}
		}
		if slices.Contains(fit.left, cosell.CustomerName) {
			fit.untold = append(fit.untold, f.leftOut(cause, cosell.CustomerName, values))
		}
		return o, err
	}
	return cosell.Opportunity{}, cause
}

// newRow adds to the values what every new row says.
func (f *Flow) newRow(ctx context.Context, w *work, values cosell.Record, fit fitting) cosell.Record {
	r, problems := *w.referral, fit.problems
	words := f.words(ctx, r.Read)
	lines := []string{}
	for _, p := range problems {
		if p.Class != cosell.OfOurs {
			lines = append(lines, words.Say(p))
		}
	}
	if text := r.Record[cosell.FurtherContacts]; text != "" && f.table == cosell.LeadTable && !f.shows(cosell.FurtherContacts) {
		lines = append(lines, words.Done(cosell.ToCRM, "further contacts: "+strings.ReplaceAll(text, "\n", "; ")))
	}
	lines = append(lines, words.Done(cosell.ToCRM, "created from referral "+r.ID+", sync success"))
	out := values.Clone()
	maps.Copy(out, f.identity(r))
	out[cosell.Sync] = cosell.True
	out[cosell.Status] = cosell.StatusFor(r.Record[cosell.Status])
	if fit.open {
		out[cosell.Status] = cosell.Open
	}
	out[cosell.Audit] = cosell.Prepend("", lines...)
	if f.Settings.CheckMark {
		out[cosell.Mark] = cosell.MarkOK
		if cosell.Crossed(problems) {
			out[cosell.Mark] = cosell.MarkFailed
		}
	}
	maps.Copy(out, cosell.Standing(r.Record[cosell.Status], problems))
	out[cosell.LastSync] = stamp(r.Read)
	if !r.ExpiresAt.IsZero() && r.Record[cosell.Status] == cosell.Pending {
		out[cosell.Expires], out[cosell.Task] = stamp(r.ExpiresAt), cosell.TaskAnswer
	}
	return out
}

// shows says whether the field sheet has a row for the field.
func (f *Flow) shows(field cosell.Field) bool {
	return slices.ContainsFunc(f.Rules, func(r cosell.Rule) bool { return r.Field == field })
}

// heldWhole holds a referral that CRM takes no row of: it is in health, with its id, and comes by itself.
func (f *Flow) heldWhole(ctx context.Context, w *work, err error) error {
	p := problemOf(cosell.InCRM, err, f.Rules, cosell.Whole)
	p.Text = "no " + w.pair.Noun() + " could be made of referral " + w.referral.ID + " (" + f.link(w.referral.ID) + "): " + p.Text
	p.Value, p.Sent = cosell.Print(w.referral.Record), true
	pair := w.pair
	pair.Sending = pair.Sending.Unanswered()
	pair = pair.Lacks([]cosell.Problem{p}, w.referral.Read, cosell.Side{})
	pair.Phase = cosell.Lacking
	w.entries = append(w.entries, f.entry(ctx, w.referral.Read, cosell.ToCRM, refusedAction, resultOf(err)))
	if saveErr := f.save(ctx, w, pair); saveErr != nil {
		return saveErr
	}
	if p.Class == cosell.OfOurs {
		return err
	}
	return nil
}

// join adds to the own referral what only Microsoft's says (help, Microsoft's answer), and names it.
func (f *Flow) join(ctx context.Context, r cosell.Referral) (cosell.Referral, string, error) {
	if r.Record[cosell.Visibility] != cosell.True || r.EngagementID == "" {
		return r, "", nil
	}
	m, shown, err := f.microsoftIn(ctx, r.EngagementID)
	if err != nil || !shown {
		return r, "", err
	}
	return with(r, m.Record), m.ID, nil
}
