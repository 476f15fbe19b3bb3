package flow

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// converge brings a linked pair together. The referral that reported is in w; so is the opportunity if it
// reported. Kinds: Conflict (somebody wrote in between again and again), Later (a change waits), Refused of
// class ours (our rights or columns), and what the systems answer.
func (f *Flow) converge(ctx context.Context, w *work) error {
	if err := f.prepare(ctx, w); err != nil {
		return f.noted(ctx, w, err)
	}
	first := true
	err := again(ctx, func() error {
		if !first {
			if err := f.reread(ctx, w); err != nil {
				return err
			}
		}
		first = false
		err := f.round(ctx, w)
		if errors.Is(err, cosell.ErrUnread) && w.opportunity == nil { // nobody wrote in between: it is only read now
			if err = f.readOpportunity(ctx, w); err == nil {
				err = f.round(ctx, w)
			}
		}
		return err
	})
	return f.passAct(ctx, w, f.noted(ctx, w, err))
}

// prepare reads the opportunity where its base does not do from the start.
func (f *Flow) prepare(ctx context.Context, w *work) error {
	sending := w.pair.Sending
	aside, _ := w.pair.AsideFor()
	behind := w.opportunity == nil && !w.pair.Knows(w.referral.Side) && f.older(ctx)
	if w.opportunity == nil && (behind || aside != "" || w.pair.OpportunityVersion == "" || len(w.pair.Loud()) > 0 || len(w.pair.Told) > 0 ||
		w.pair.Sheet != f.Settings.Sheet || sending != nil && (sending.Place == cosell.InCRM || w.referral.Microsoft)) {
		if err := f.readOpportunity(ctx, w); err != nil {
			return err
		}
	}
	return f.joinHeld(ctx, w)
}

// restored says when older tables were put back, where that was lately.
func (f *Flow) restored(ctx context.Context) time.Time {
	if f.Restored == nil {
		return time.Time{}
	}
	return f.Restored(ctx)
}

// older says whether older tables were put back lately.
func (f *Flow) older(ctx context.Context) bool { return !f.restored(ctx).IsZero() }

// round decides once and writes: Partner Center first, then CRM, then what is remembered. Each write is
// noted before it is made, so that a death at any point is understood by the next run.
func (f *Flow) round(ctx context.Context, w *work) error {
	w.older, w.elsewhere = f.older(ctx), false
	if err := f.fresh(ctx, w); err != nil {
		return err
	}
	if err := f.linksOn(ctx, w); err != nil { // before what became of a write that was noted is agreed on
		return err
	}
	if err := f.landed(ctx, w); err != nil {
		return err
	}
	if w.opportunity != nil {
		w.pair = w.pair.Won(*w.opportunity, f.Rules)
	}
	if f.resolve(w) && w.opportunity == nil { // what led to that write is newer than what is remembered of the opportunity
		if err := f.readOpportunity(ctx, w); err != nil {
			return err
		}
	}
	if parted, err := f.staysParted(ctx, w); parted || err != nil {
		return err
	}
	if grown, err := f.grow(ctx, w); grown || err != nil {
		return err
	}
	if err := f.unclaimed(ctx, w); err != nil {
		return err
	}
	in := f.pairing(w)
	plan := cosell.Merge(in)
	if f.needsOpportunity(w, plan) {
		if err := f.readOpportunity(ctx, w); err != nil {
			return err
		}
		in = f.pairing(w)
		plan = cosell.Merge(in)
	}
	if plan.NeedsMicrosoft && w.microsoftID == "" {
		if err := f.joinMicrosoft(ctx, w); err != nil {
			return err
		}
		in = f.pairing(w)
		plan = cosell.Merge(in)
	}
	if w.opportunity != nil && in.Clears(plan) {
		emptied, err := f.Opportunities.Emptied(ctx, *w.opportunity)
		if err != nil {
			return err
		}
		w.opportunity = &emptied
		in = f.pairing(w)
		plan = cosell.Merge(in)
	}
	if gone, err := f.givenUp(ctx, w); gone || err != nil {
		return err
	}
	if !w.linking {
		plan = in.Doubtful(plan, f.restored(ctx))
	}
	if w.elsewhere {
		plan = in.Elsewhere(plan, f.deals.Rules)
	}
	a := application{Flow: f, w: w, in: in, plan: plan.With(w.standing...), referral: *w.referral, ours: w.ours}
	w.standing, w.ours = nil, nil
	return a.run(ctx)
}

// linksOn goes on with linking two records where a run before noted the pair, and ended before the two had agreed on anything, or before all that
// follows from their meeting was written: what differs is told and left alone, now as then. Nobody knows any more whether a person had asked for it, so what cannot be taken back is left apart.
func (f *Flow) linksOn(ctx context.Context, w *work) error {
	if w.linking || w.pair.Phase != cosell.Linked || w.pair.Version == "" || len(w.pair.Base.Referral)+len(w.pair.Base.Opportunity) > 0 && !w.pair.Meeting() {
		return nil
	}
	if w.opportunity == nil {
		if err := f.readOpportunity(ctx, w); err != nil {
			return err
		}
	}
	w.linking, w.met = true, true
	return nil
}

// sheetsMeet is for how long processes may have different field sheets: each looks for another one more often than that.
const sheetsMeet = 15 * time.Minute

// answerComes is for how long another process may be about to see the answer to a write of which the record does not show whether it was
// taken: what one guesses would cost a person's value.
const answerComes = 30 * time.Second

// landed notes in the trail a write that was made and of which the run that made it did not come to say so.
// Where its save failed it may have noted that alone: the trail is asked. Wait: the write was made by another field sheet, which this process
// will have soon, or whether it was made its own process will say soon. Kinds else: what the ledger answers.
func (f *Flow) landed(ctx context.Context, w *work) error {
	side, direction, known := w.written()
	if !known {
		return nil
	}
	s := w.pair.Sending.Arrived(side)
	if slices.ContainsFunc(w.entries, func(e cosell.Entry) bool { return e.ID == s.Entry }) {
		return nil
	}
	if s.Beyond(f.Rules, side) && f.Now().Sub(s.At) < sheetsMeet {
		return fault.Wait(time.Minute, "pair of %s: another process writes by a newer field sheet", w.pair.OpportunityID)
	}
	if s.Unsure(side) && f.readAt(*w.referral).Sub(s.At) < answerComes {
		return fault.Wait(resume, "pair of %s: another process wrote to Partner Center a moment ago, and the referral does not show whether it was taken", w.pair.OpportunityID)
	}
	line, missing, err := f.landedLine(ctx, w.pair, side, direction)
	if missing {
		w.entries = append(w.entries, line)
	}
	return err
}

// landedLine is the line of a write that was noted, made, and is not in the trail.
func (f *Flow) landedLine(ctx context.Context, pair cosell.Pair, side cosell.Side, direction string) (line cosell.Entry, missing bool, err error) {
	s := pair.Sending.Arrived(side)
	fields, made := s.Landed(side)
	if !made {
		return line, false, nil
	}
	trail, err := f.Ledger.Audit(ctx, pair.OpportunityID, lately)
	if err != nil || slices.ContainsFunc(trail, func(e cosell.Entry) bool { return e.ID == s.Entry }) {
		return line, false, err
	}
	return f.written(ctx, s, side.Read, direction, fields), true, nil
}

// lately is how many lines of the trail are looked at for one that a failed save has left.
const lately = 50

// written is the line of a write in the trail, under the id that was noted before it.
func (f *Flow) written(ctx context.Context, s *cosell.Sending, at time.Time, direction string, fields []cosell.Field) cosell.Entry {
	e := f.entry(ctx, at, direction, "updated", "ok", fields...)
	switch {
	case s.Action != "": // words
		e.Action, e.Result, e.Fields = s.Action, s.Result, nil
	case slices.Equal(fields, []cosell.Field{cosell.CRMID}):
		e.Action, e.Result = linkedAction, "record "+s.New[cosell.CRMID]
	}
	e.ID = s.Entry
	return e
}

// written is the side to which a write was noted and never settled; known is false where there is none, or the side is not at hand.
func (w *work) written() (side cosell.Side, direction string, known bool) {
	s := w.pair.Sending
	if s == nil || s.Place == cosell.InCRM && w.opportunity == nil || s.Place == cosell.InPartnerCenter && w.referral.Microsoft {
		return side, "", false
	}
	if s.Place == cosell.InCRM {
		return w.opportunity.Side, cosell.ToCRM, true
	}
	return w.referral.Side, cosell.ToPartnerCenter, true
}

// resolve finds out what became of a write that was noted and never settled, and says whether the base has changed by it.
func (f *Flow) resolve(w *work) bool {
	w.unproven = nil
	side, _, known := w.written()
	if !known {
		return false
	}
	s := w.pair.Sending
	if w.opportunity != nil {
		w.pair = w.pair.CameIntoView(*w.opportunity, f.Rules)
	}
	w.pair = w.pair.Resolve(side)
	if side.Version == s.Version {
		w.unproven = s
		return false
	}
	return true
}

// needsOpportunity says whether what was assumed of the opportunity does not do: also lasting problems are
// judged, and remembered, only with the opportunity at hand.
func (f *Flow) needsOpportunity(w *work, plan cosell.Plan) bool {
	if w.opportunity != nil {
		return false
	}
	_, help := plan.ToOpportunity[cosell.Help] // of the two referrals that may name it the own one counts, which is read with the opportunity
	return plan.NeedsOpportunity || w.pair.AuditIsLost() && (!plan.Empty() || len(w.pair.Untold) > 0) || len(cosell.Prints(plan.Problems)) > 0 ||
		w.pair.Sending != nil || w.referral.Microsoft && (len(plan.ToReferral) > 0 || plan.Invite != "" || help)
}

// application is one plan being carried out.
type application struct {
	*Flow
	w        *work
	in       cosell.Pairing
	plan     cosell.Plan
	referral cosell.Referral // as it is after the writes so far
	done     cosell.Written
	arrived  cosell.Record // taken by CRM in pieces, and not told yet
	before   cosell.Plan   // before it was taken to pieces
	narrowed bool
	tasked   bool  // the owner's tasks are what they should be
	mute     bool  // nothing at all is written: no edit explains it
	undone   bool  // what became of the last write that was noted is certain, and not saved yet
	ours     error // a refusal that is about us: the message comes back
}

func (a *application) run(ctx context.Context) error {
	if err := a.restrain(ctx); err != nil {
		return err
	}
	if err := a.writeReferral(ctx); err != nil {
		return a.halfDone(ctx, err)
	}
	if a.plan.Invite != "" {
		if err := a.invite(ctx); err != nil {
			return a.halfDone(ctx, err)
		}
	}
	if err := a.writeOpportunity(ctx); err != nil {
		return a.halfDone(ctx, err)
	}
	if err := a.remember(ctx); err != nil {
		return err
	}
	if err := a.claim(ctx); err != nil {
		return err
	}
	return a.waits()
}

// waits is what keeps the message after everything is kept: a refusal that is about us, or a change that a rule holds back.
func (a *application) waits() error {
	if a.ours != nil {
		return a.ours
	}
	if a.plan.HeldUntil.IsZero() {
		return nil
	}
	return waitUntil(a.plan.HeldUntil, a.w.referral.Read, a.w.pair.OpportunityID)
}

// halfDone remembers what was written to Partner Center when the rest failed, and that the last write was
// certainly not made where its answer says so.
func (a *application) halfDone(ctx context.Context, cause error) error {
	if a.done.Referral == nil && !a.done.Invited && !a.undone {
		return cause
	}
	if err := a.keep(ctx, a.w, a.w.pair); err != nil {
		return err
	}
	return cause
}

// answered takes in how a write to a side ended: every answer says for certain what became of it, unless it is
// a broken one, or one to a second try. What was read may have been stale: a conflict says so, and a refusal may
// come before versions are compared. So neither proves anything of an earlier write; only a success does. What
// was written and is not shown yet stays noted: it is looked at later.
func (a *application) answered(s cosell.Side, err error) {
	if err == nil {
		if noted, was := a.w.pair.Sending, a.w.unproven; noted != nil && was != nil && noted.Place == was.Place {
			a.w.unproven = nil
		}
		return
	}
	overtaken := fault.Is(err, fault.Conflict) && !errors.Is(err, cosell.ErrUnread) || fault.Of(err).Code == fault.CodeStale
	if overtaken {
		a.w.pair, a.undone = a.w.pair.Overtaken(s.ID, s.Version), true
	}
	if unshown(err) && a.w.pair.Sending != nil {
		a.w.pair.Sending = a.w.pair.Sending.Standing()
	}
	if maybe(err) || fault.Is(err, fault.Broken) && !errors.Is(err, cosell.ErrUnread) {
		return
	}
	a.w.pair.Sending, a.undone = nil, true
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Refused) {
		a.w.pair.Sending = a.w.unproven
	}
}

// unshown says that a write was made and that its answer does not show it.
func unshown(err error) bool { return maybe(err) && fault.Of(err).Code == fault.CodeStale }

func maybe(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Maybe
}

// remember saves the pair when anything of it changed.
func (a *application) remember(ctx context.Context) error {
	in := a.in
	in.Pair = a.w.pair
	in = in.Moved(a.Settings.Sheet) // what CRM did not take now was not agreed before either
	settled, before := in.Settle(a.plan, a.done, a.Settings.Sheet), a.w.pair
	switch {
	case a.undone:
		settled.Sending = a.w.unproven
	case a.onItsWay():
		settled.Sending = a.w.unproven
		if before.Sending == nil {
			before.Sending = a.w.unproven // as it is kept
		}
	}
	if before.Version == "" || len(a.w.entries) > 0 || !equal(settled, before) {
		if err := a.save(ctx, a.w, settled); err != nil {
			return err
		}
	}
	return nil
}

// longestCall is how long a write may be on its way, with the tries of the client and the moment at which the other side takes it.
const longestCall = 2 * time.Minute

// onItsWay says whether a write that was noted, and was not made when the side was read, may still come: another process makes it, or a dead one
// has sent it. What we wrote to that side ourselves has overtaken it.
func (a *application) onItsWay() bool {
	s := a.w.unproven
	if s == nil || a.in.At.Sub(s.At) >= longestCall {
		return false
	}
	return s.Place == cosell.InPartnerCenter && a.done.Referral == nil || s.Place == cosell.InCRM && a.done.Opportunity == nil
}

func equal(a, b cosell.Pair) bool {
	same := func(x, y cosell.Sight) bool {
		return slices.Equal(x.Versions, y.Versions) && x.Modified.Equal(y.Modified) && x.Stale.Equal(y.Stale)
	}
	return a.OpportunityVersion == b.OpportunityVersion && a.MicrosoftID == b.MicrosoftID && a.Phase == b.Phase &&
		a.ReferralID == b.ReferralID && a.HeldUntil.Equal(b.HeldUntil) && slices.Equal(a.Told, b.Told) && slices.Equal(a.Held, b.Held) &&
		len(a.Untold) == len(b.Untold) && (a.Sending == nil) == (b.Sending == nil) && a.Sheet == b.Sheet && a.Columns.Equal(b.Columns) && slices.Equal(a.Rows, b.Rows) && slices.Equal(a.Connected, b.Connected) &&
		a.Touched.Equal(b.Touched) && maps.EqualFunc(a.Seen, b.Seen, same) &&
		maps.Equal(a.Base.Referral, b.Base.Referral) && maps.Equal(a.Base.Opportunity, b.Base.Opportunity)
}
