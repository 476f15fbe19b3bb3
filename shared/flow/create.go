package flow

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// CreateReferral makes the referral of an opportunity that has none: the one step that cannot be repeated
// blindly. It may run any number of times, also after a crash at any point of itself, and goes on where
// the last run stopped. What is missing, and what Partner Center refuses, is told and held.
// Kinds: Gone, Later, Broken, Denied, Refused of class ours.
func (f *Flow) CreateReferral(ctx context.Context, h Hint) error {
	ctx = after(withBudget(ctx), h)
	if f.inShadow(ctx) {
		h.Kind = wantedKind
		return f.shadowed(ctx, h)
	}
	begun := false
	err := f.underLock(ctx, h.ID, func(pair cosell.Pair, known bool) error {
		switch next(pair, known, ofWant) {
		case remake:
			return f.of(pair).remake(ctx, pair, h)
		case create:
			begun = true
			return f.createMissing(ctx, pair, h)
		}
		if pair.Phase == cosell.Linked && (begun || pair.Nameless() || pair.Sending != nil) { // who met another write, or died, after the two were linked
			return f.of(pair).fromLinked(ctx, pair, Hint{Kind: opportunityKind, ID: h.ID, Why: h.Why, Trace: h.Trace, Seen: h.Seen, Begun: h.Begun})
		}
		return nil
	})
	f.waited(ctx, h.ID, h, err)
	return err
}

// createMissing looks what there is, and makes the rest.
func (f *Flow) createMissing(ctx context.Context, pair cosell.Pair, h Hint) error {
	o, err := f.Opportunities.Get(ctx, h.ID)
	switch {
	case fault.Is(err, fault.Gone) && pair.Version != "":
		return f.gone(ctx, pair, h, err)
	case fault.Is(err, fault.Gone) && f.isLead(ctx, h.ID): // an operator named it by its id
		pair.Table = cosell.LeadTable
		return f.leads.recall(ctx, pair, h)
	case err != nil:
		return err
	}
	if pair, err = f.freshSide(ctx, pair, h, o.Side); err != nil {
		return err
	}
	w := &work{pair: pair, hint: h, opportunity: &o}
	if done, err := f.staysParted(ctx, w); done || err != nil {
		return err
	}
	if done, err := f.heed(ctx, w); done || err != nil {
		return err
	}
	pair = w.pair
	if f.unlinkable(w) {
		return nil
	}
	if pair.ReferralID == "" && pair.Phase != cosell.Creating {
		if waits, err := f.waitsForTheStart(ctx, "opportunity_id", h.ID); waits || err != nil {
			return err
		}
	}
	if asked, err := f.askLead(ctx, w); asked || err != nil {
		return err
	}
	id := strings.TrimSpace(o.Record[cosell.ReferralID])
	switch {
	case pair.ReferralID == "" && !o.Synced():
		return f.unwanted(ctx, w)
	case id != "" && pair.ReferralID == "" && !pair.Resumes(id):
		if f.Settings.OwnScope && (pair.Version == "" || pair.Holds(codeScope)) {
			return f.noted(ctx, w, f.copied(ctx, w, id))
		}
		return f.relink(ctx, w, id)
	case pair.Phase == cosell.Claimed:
		return f.confirm(ctx, w)
	case pair.ReferralID == "" && cosell.OpportunityClosed(o.Record[cosell.Status]):
		return f.noted(ctx, w, f.tooLate(ctx, w))
	}
	if pair.ReferralID == "" && pair.Phase != cosell.Creating {
		if from, _, err := f.Started(ctx); err != nil || before(o.Modified, from) {
			f.Log.InfoContext(ctx, "not made: not changed since the start", "opportunity_id", h.ID)
			return err
		}
	}
	if found, err := f.forgotten(ctx, w); found || err != nil {
		return f.noted(ctx, w, err)
	}
	if linked, err := f.pasted(ctx, w); linked || err != nil {
		return f.noted(ctx, w, err)
	}
	if pair.Phase == "" {
		w.pair.Phase = cosell.Creating
	}
	return f.noted(ctx, w, f.create(ctx, w))
}

// forgotten links an opportunity with the referral that an earlier run has made of it, where the tables that knew of
// that are lost: no intent, and still the message is not the first about it. One list, in that case alone. Those that a
// person gave up are not it: after "ask Microsoft again" there is no intent either.
func (f *Flow) forgotten(ctx context.Context, w *work) (bool, error) {
	if !w.hint.Late || w.pair.ReferralID != "" {
		return false, nil
	}
	if _, known, err := f.Ledger.Intent(ctx, w.pair.OpportunityID, ownTarget); err != nil || known {
		return false, err
	}
	since := f.Now().Add(-forgottenFor)
	if seen := w.hint.Seen; !seen.IsZero() && seen.Before(since) {
		since = seen
	}
	found, err := f.Referrals.FindCreated(ctx, w.pair.OpportunityID, since.Add(-lookBack))
	found = slices.DeleteFunc(found, func(r cosell.Referral) bool {
		return cosell.ReferralClosed(r.Record[cosell.Status]) || slices.Contains(w.pair.Former, r.ID) || slices.Contains(w.pair.Unlike, r.ID)
	})
	if err != nil || len(found) == 0 {
		return false, err
	}
	slices.SortFunc(found, oldestFirst)
	w.referral = &found[0]
	return true, f.adopt(ctx, w)
}

// forgottenFor is how far back is looked for what the tables have forgotten: a copy of them is a day old at most, or the
// message says how long ago its event was.
const forgottenFor = 24 * time.Hour

// tooLate says once that a deal was closed before it had a referral: Partner Center will not hear of it. As long as nobody knows
// whether an attempt has made one the message waits (Later), and what was made is linked. CRM may take no word of it on a closed row; it
// is asked again once the row changes.
func (f *Flow) tooLate(ctx context.Context, w *work) error {
	p := cosell.Problem{Code: "deal.closed", Field: cosell.Status, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true,
		Text: "the opportunity was closed before it had one, so nothing was sent to Partner Center",
		Mend: "reopen it to share it after all"}
	if w.pair.Explains(p) || f.mute(w) != nil {
		return nil
	}
	if made, err := f.madeBefore(ctx, w); made || err != nil {
		return err
	}
	if w.pair.Phase == "" {
		w.pair.Phase = cosell.Creating
	}
	if err := f.lack(ctx, w, []cosell.Problem{p}); err != nil {
		return err
	}
	wordless, refused := w.pair.HeldAt(cosell.InCRM, cosell.Whole)
	w.pair.Held = nil // nothing waits
	if refused {
		wordless.Next = time.Time{}
		w.pair.Held = []cosell.Held{wordless}
	}
	return f.save(ctx, w, w.pair)
}

// unwanted is an opportunity that nobody wants in Partner Center. One that is closed is no candidate for a referral
// that resembles it.
func (f *Flow) unwanted(ctx context.Context, w *work) error {
	if cosell.OpportunityClosed(w.opportunity.Record[cosell.Status]) {
		over, err := f.outlived(ctx, w.pair)
		if err != nil {
			return err
		}
		if over {
			return f.save(ctx, w, w.pair.Refuses())
		}
	}
	return f.release(ctx, w)
}

// create sends what is still missing of the own referral and Microsoft's, then writes back.
func (f *Flow) create(ctx context.Context, w *work) error {
	o := f.Settings.Options.Shown(*w.opportunity)
	values, problems := cosell.Prepare(o, f.Rules)
	if w.pair.ReferralID == "" {
		if len(problems) > 0 {
			return f.lack(ctx, w, problems)
		}
		if h, ok := w.pair.HeldAt(cosell.InPartnerCenter, cosell.Whole); ok && h.Value == cosell.Print(values) && !w.hint.Retry {
			return f.stand(ctx, w, heldProblems(w.pair)) // refused, and nothing has changed: reconcile says when it is due
		}
	}
	own, err := f.ownReferral(ctx, w, values)
	if fault.Is(err, fault.Refused) {
		return f.refusedWhole(ctx, w, values, err)
	}
	if err != nil {
		return err
	}
	var microsoft cosell.Referral
	switch help := o.Record[cosell.Help]; {
	case w.pair.MicrosoftID != "":
		microsoft, err = f.Referrals.Get(ctx, w.pair.MicrosoftID)
	case help != "" && len(problems) == 0:
		microsoft, err = f.microsoftReferral(ctx, w, values, help)
		w.pair.MicrosoftID = microsoft.ID
		if fault.Is(err, fault.Refused) {
			w.unasked = f.notAsked(ctx, w, own, err)
		}
	}
	if err != nil && !fault.Is(err, fault.Refused) {
		return err
	}
	if finishErr := f.finish(ctx, w, own, microsoft); finishErr != nil || fault.ClassOf(err) != fault.Ours {
		return f.unfinished(ctx, w, finishErr)
	}
	return err
}

// unfinished remembers Microsoft's referral when the opportunity could not be written: it is made only once, and
// noted once.
func (f *Flow) unfinished(ctx context.Context, w *work, cause error) error {
	if cause == nil || len(w.entries) == 0 || w.pair.MicrosoftID == "" || w.pair.Phase != cosell.Creating {
		return cause
	}
	if err := f.save(ctx, w, w.pair); err != nil {
		return err
	}
	return cause
}

// notAsked is why Microsoft was not asked for help.
func (f *Flow) notAsked(ctx context.Context, w *work, own cosell.Referral, err error) *cosell.Problem {
	w.entries = append(w.entries, f.entry(ctx, own.Read, cosell.ToPartnerCenter, refusedAction, resultOf(err), cosell.Help))
	p := f.notInvited(err)
	return &p
}

// ownReferral creates the partner's referral, or reads it when an earlier run did. What was sent becomes
// the base of the pair at once.
func (f *Flow) ownReferral(ctx context.Context, w *work, values cosell.Record) (cosell.Referral, error) {
	if w.pair.ReferralID != "" {
		return f.Referrals.Get(ctx, w.pair.ReferralID)
	}
	c, err := f.createOnce(ctx, w.pair, *w.opportunity, cosell.Draft{Values: values, Help: values[cosell.Help], Former: w.pair.Former})
	if err != nil {
		return c.referral, err
	}
	own := c.referral
	pair := w.pair
	pair.ReferralID, pair.EngagementID, pair.Phase, pair.Held = own.ID, own.EngagementID, cosell.Creating, nil
	pair = pair.HasPosted(c.gaveUp...)
	if len(c.others) > 0 {
		pair = pair.HasPosted(cosell.Fingerprint(c.base.Referral))
	}
	pair.Base = cosell.Created(c.base, own, c.answered)
	w.entries = append(w.entries, f.entry(ctx, own.Read, cosell.ToPartnerCenter, createdAction, "own referral "+own.ID))
	if err := f.save(ctx, w, pair.Saw(own.Side)); err != nil {
		return own, err
	}
	return own, f.lookAtOthers(ctx, c)
}

// microsoftReferral asks Microsoft into the engagement.
func (f *Flow) microsoftReferral(ctx context.Context, w *work, values cosell.Record, help string) (cosell.Referral, error) {
	c, err := f.createOnce(ctx, w.pair, *w.opportunity, cosell.Draft{Values: values, Help: help, Microsoft: true, EngagementID: w.pair.EngagementID})
	if err == nil {
		w.entries = append(w.entries, f.entry(ctx, c.referral.Read, cosell.ToPartnerCenter, createdAction, "Microsoft's referral "+c.referral.ID))
	}
	return c.referral, err
}

// finish writes identifier, link, audit, tick and Microsoft's status into the opportunity and remembers
// what both sides hold. Whoever edited since the POST on either side shows as having edited.
func (f *Flow) finish(ctx context.Context, w *work, own, microsoft cosell.Referral) error {
	before := *w.opportunity
	answer := f.answer(microsoft)
	if len(w.pair.Former) > 0 {
		f.withoutFormer(answer, before)
	}
	written, err := f.linkBack(ctx, w, own, answer)
	if fault.Is(err, fault.Refused) {
		return f.unlinked(ctx, w, w.pair, err)
	}
	if err != nil {
		return err
	}
	if cosell.Tells(before.Record[cosell.Audit], cosell.ToPartnerCenter, createdText(own)) { // another run wrote it, and more of Microsoft's than is seen now
		for _, rule := range f.fromMicrosoft() {
			if rule.Way == cosell.ToOpportunity && before.Record[rule.Field] != "" {
				answer[rule.Field] = written.Record[rule.Field]
			}
		}
	}
	if err := f.noteConnected(ctx, w.pair, before); err != nil {
		return err
	}
	pair := w.pair.LinkedBack(before, written, own, microsoft, answer)
	pair = f.Settings.Options.Withheld(pair, before)
	if w.unasked != nil {
		pair = pair.Unasked(*w.unasked, before.Record[cosell.Help], own.Side)
	}
	pair.Sheet = f.Settings.Sheet
	edited := cosell.Changed(pair.Base, written, f.Rules)
	if edited {
		pair.OpportunityVersion = ""
	}
	w.entries = append(w.entries, f.entry(ctx, written.Read, cosell.ToCRM, linkedAction, "referral "+own.ID))
	if err := f.save(ctx, w, pair); err != nil {
		return err
	}
	f.dropIntents(ctx, w.pair)
	if f.Settings.Options.Withholds(before) { // which is told with both at hand
		return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: w.pair.OpportunityID, Retry: true, Why: "not shared"})
	}
	return f.lookAgain(ctx, w.pair, own, edited)
}

// lookAgain asks for a comparison where somebody was there between the POST and now. The hint names the side
// that was edited: the other one, unchanged, ends a look at it.
func (f *Flow) lookAgain(ctx context.Context, pair cosell.Pair, own cosell.Referral, edited bool) error {
	const why = "edited while it was created"
	switch {
	case cosell.Edited(pair.Base, own, f.Rules):
		return f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: own.ID, Why: why})
	case edited:
		return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: pair.OpportunityID, Why: why})
	}
	return nil
}

// createdText is what Audit says of a referral that was made.
func createdText(own cosell.Referral) string { return "referral " + own.ID + " created, sync success" }

// linkBack is the one write to the opportunity.
func (f *Flow) linkBack(ctx context.Context, w *work, own cosell.Referral, answer cosell.Record) (cosell.Opportunity, error) {
	o := *w.opportunity
	values := f.identity(own)
	text := createdText(own)
	if n := len(w.pair.Former); n > 0 && !w.linking {
		text += "; " + cosell.FormerStay + strings.Join(w.pair.Former, ", ")
	}
	if w.linking {
		text = cosell.LinkedWith + own.ID
	}
	if w.switchOn {
		values[cosell.Sync] = cosell.True
		text += "; the sync with Partner Center was switched on"
	}
	if audit := o.Record[cosell.Audit]; w.linking || !cosell.Tells(audit, cosell.ToPartnerCenter, text) { // another run may have written it
		values[cosell.Audit] = cosell.Prepend(audit, f.words(ctx, o.Read).Done(cosell.ToPartnerCenter, text))
	}
	if f.Settings.Options.Shown(o).Record[cosell.Help] != "" && o.Record[cosell.Visibility] != cosell.True && !w.linking {
		values[cosell.Visibility] = cosell.True
	}
	if f.Settings.CheckMark {
		values[cosell.Mark] = cosell.MarkOK
	}
	maps.Copy(values, cosell.Standing(own.Record[cosell.Status], nil))
	values[cosell.LastSync], values[cosell.Proposed] = stamp(own.Read), ""
	maps.Copy(values, answer)
	if o.Record[cosell.Action] != "" {
		values[cosell.Action] = ""
	}
	return f.Opportunities.Put(ctx, o, known(values, o))
}

// identity are the columns that name the referral.
func (f *Flow) identity(r cosell.Referral) cosell.Record {
	return cosell.Record{cosell.ReferralID: r.ID, cosell.ReferralLink: f.link(r.ID)}
}

// known leaves out the columns of how things stand that the sheet does not have.
func known(values cosell.Record, o cosell.Opportunity) cosell.Record {
	for _, f := range []cosell.Field{cosell.State, cosell.ErrorCode, cosell.LastSync, cosell.Expires, cosell.Proposed} {
		if old, ok := o.Record[f]; !ok || old == values[f] {
			delete(values, f)
		}
	}
	return values
}
