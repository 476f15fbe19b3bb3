package flow

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// heed does what a person asks on the opportunity's form, answers in Audit and clears what was asked. Each deed may
// be interrupted anywhere: as long as the form asks for it, it is gone on with. done: the hint has no other work. An
// answer that CRM refuses keeps a linked pair from nothing else; a deal without one waits with it, because what is asked may
// mean another thing once there is a referral.
func (f *Flow) heed(ctx context.Context, w *work) (done bool, err error) {
	if err := f.spoke(ctx, w); err != nil {
		return false, err
	}
	act := w.opportunity.Record[cosell.Action]
	if act == "" {
		return false, nil
	}
	if w.answerWaits() {
		return w.pair.Phase != cosell.Linked, nil
	}
	status := ""
	if act == cosell.ActAsk && w.pair.Phase == cosell.Linked {
		if status, err = f.microsoftStatus(ctx, w.pair); err != nil {
			return false, err
		}
	}
	deed, why := cosell.Heed(w.pair, *w.opportunity, status)
	switch deed {
	case cosell.Look:
		w.hint.Retry, w.heeded = true, true
		return false, nil
	case cosell.AskAgain:
		return true, f.askAgain(ctx, w)
	case cosell.Join:
		return true, f.confirm(ctx, w)
	case cosell.Refuse:
		return true, f.refuse(ctx, w)
	case cosell.Part:
		return true, f.part(ctx, w)
	}
	err = f.explain(ctx, w, why)
	return err != nil || w.pair.Phase != cosell.Linked || !w.answerWaits(), err
}

// answerWaits says whether an answer on the form was refused, now or before, is not due, and nothing of the row has changed since.
func (w *work) answerWaits() bool {
	h, held := w.pair.HeldAt(cosell.InCRM, cosell.Action)
	return w.unanswered || held && !w.hint.Retry && h.Version == w.opportunity.Version && !h.Due(w.opportunity.Read)
}

// passAct has the opportunity looked at where something is asked on its form that a look at its referral does not do.
func (f *Flow) passAct(ctx context.Context, w *work, before error) error {
	if before != nil || w.heeded || w.opportunity == nil || w.opportunity.Record[cosell.Action] == "" || w.answerWaits() {
		return before
	}
	return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: w.pair.OpportunityID, Why: "something is asked on its form"})
}

// fromEnded looks whether somebody asks for something on the form of an opportunity that was let go.
func (f *Flow) fromEnded(ctx context.Context, pair cosell.Pair, h Hint) error {
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if fault.Is(err, fault.Gone) {
		return nil
	}
	if err != nil {
		return err
	}
	if pair, err = f.freshSide(ctx, pair, h, o.Side); err != nil {
		return err
	}
	w := &work{pair: pair, opportunity: &o, hint: h}
	if err := f.spoke(ctx, w); err != nil {
		return err
	}
	pair = w.pair
	if done, err := f.joinedHalf(ctx, pair); done || err != nil {
		return err
	}
	if done, err := f.partedHalf(ctx, w); done || err != nil {
		return err
	}
	if o.Record[cosell.Action] == "" {
		if _, waits := pair.HeldAt(cosell.InCRM, cosell.Action); waits { // a person took it back
			_, err = f.Ledger.Save(ctx, pair.Answered())
		}
		return err
	}
	_, err = f.heed(ctx, w)
	return err
}

// microsoftStatus is what Microsoft's referral says now, or said last where it may not be read.
func (f *Flow) microsoftStatus(ctx context.Context, pair cosell.Pair) (string, error) {
	if pair.MicrosoftID == "" {
		return "", nil
	}
	r, err := f.Referrals.Get(ctx, pair.MicrosoftID)
	if fault.Is(err, fault.Gone) || fault.ClassOf(err) == fault.Record {
		return pair.Base.Referral[cosell.MicrosoftStatus], nil
	}
	return r.Record[cosell.MicrosoftStatus], err
}

// askAgain begins a new engagement for the same opportunity. The old ids are kept, so that neither an event of
// theirs nor the look for what an interrupted POST has made takes them for the new ones. What is missing is told
// before anything is given up.
func (f *Flow) askAgain(ctx context.Context, w *work) error {
	if f.Settings.Options.Withholds(*w.opportunity) {
		return f.explain(ctx, w, cosell.NotShared())
	}
	if _, problems := cosell.Prepare(*w.opportunity, f.Rules); len(problems) > 0 {
		for i := range problems {
			problems[i].Text = "Microsoft was not asked again: " + problems[i].Text
		}
		return f.explain(ctx, w, problems...)
	}
	former := w.pair.ReferralID
	pair, err := f.doubtless(ctx, w.pair, *w.opportunity)
	if err != nil {
		return err
	}
	pair = pair.Again()
	w.entries = append(w.entries, f.entry(ctx, f.Now(), cosell.Nowhere, "asked again", "former referral "+former))
	if err := f.save(ctx, w, pair); err != nil {
		return err
	}
	return f.noted(ctx, w, f.create(ctx, w))
}

// withoutFormer adds that nothing of the former Microsoft's answer stands any more.
func (f *Flow) withoutFormer(answer cosell.Record, o cosell.Opportunity) {
	for _, rule := range f.Rules {
		if _, said := answer[rule.Field]; rule.Way == cosell.ToOpportunity && !said && o.Record[rule.Field] != "" {
			answer[rule.Field] = ""
		}
	}
}

// refuse takes a proposed referral for another deal: it is not proposed again, and gets an opportunity of its own. One from which
// somebody has unlinked the deal before, and that could not be linked again, is parted as it was.
func (f *Flow) refuse(ctx context.Context, w *work) error {
	o := *w.opportunity
	id := w.pair.ProposedID
	if id == "" { // it was refused, and the row did not hear of it
		id = o.Record[cosell.Proposed]
	}
	if cosell.PartedFrom(o.Record[cosell.Audit], id) == cosell.Unlinked {
		w.pair.ReferralID, w.pair.ProposedID = id, ""
		return f.part(ctx, w)
	}
	if err := f.save(ctx, w, w.pair.Refuses()); err != nil {
		return err
	}
	if err := f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: id, Retry: true, Why: "not the same deal"}); err != nil {
		return err
	}
	values := known(w.pair.Unlinked(nil), o)
	return f.write(ctx, w, "refused", values, f.words(ctx, o.Read).Done(cosell.ToCRM, "referral "+id+cosell.AnotherDeal+": it is not proposed again"))
}

// explain answers why nothing was done.
func (f *Flow) explain(ctx context.Context, w *work, problems ...cosell.Problem) error {
	var lines []string
	for _, p := range problems {
		lines = append(lines, f.words(ctx, w.opportunity.Read).Say(p))
	}
	return f.write(ctx, w, "answered", cosell.Record{}, lines...)
}

// write is the answer to a person, with the values of it: the row asks for nothing any more. One that CRM refuses is
// held, and comes once it is due: also of an opportunity that has no pair yet.
func (f *Flow) write(ctx context.Context, w *work, action string, values cosell.Record, lines ...string) error {
	o := *w.opportunity
	asked := o.Record[cosell.Action]
	if asked != "" {
		values[cosell.Action] = ""
	}
	if w.pair.Phase == cosell.Ended { // nobody comes later to tell it
		for _, p := range w.pair.Untold {
			lines = append(lines, f.words(ctx, o.Read).Say(p))
		}
	}
	values[cosell.Audit] = cosell.Prepend(o.Record[cosell.Audit], lines...)
	done := f.entry(ctx, o.Read, cosell.ToCRM, action, strings.TrimSpace("ok "+asked))
	pair, written, err := f.say(ctx, w.pair, o, values, done)
	if fault.Is(err, fault.Refused) && fault.ClassOf(err) != fault.Ours {
		if pair.Version == "" {
			pair.Phase = cosell.Lacking
		}
		p := problemOf(cosell.InCRM, err, f.Rules, cosell.Action)
		p.Sent, p.Warn, w.unanswered = true, true, true
		if h, waits := w.pair.HeldAt(cosell.InCRM, cosell.Action); waits { // what was begun stays begun
			p.Value = h.Value
		}
		if s := pair.Sending; s != nil && s.Entry == done.ID && !maybe(err) {
			pair.Sending = nil
		}
		w.pair, err = f.Ledger.Save(ctx, pair.Unanswered(p, o), f.entry(ctx, o.Read, cosell.ToCRM, refusedAction, resultOf(err), cosell.Action))
		return err
	}
	if err != nil {
		return err
	}
	done.At = written.Read
	if pair.Version == "" {
		return f.Ledger.Note(ctx, pair.OpportunityID, done)
	}
	w.pair, err = f.saveSaid(ctx, settledBy(pair, action), done)
	return err
}
