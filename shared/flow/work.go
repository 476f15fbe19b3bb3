package flow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// work is one pair on its way through the line: what was read of it, and what is to be noted.
type work struct {
	pair        cosell.Pair
	hint        Hint
	referral    *cosell.Referral
	microsoftID string              // Microsoft's referral reported, and referral is the own one with what Microsoft's says
	opportunity *cosell.Opportunity // once it was read; decisions take known()
	entries     []cosell.Entry
	standing    []cosell.Problem // notes that are not of comparing
	linking     bool             // the two records meet
	byHand      bool             // because a person has named them
	confirmed   bool             // because their seller has said yes
	older       bool             // older tables were put back lately
	met         bool             // by their identifiers, and nobody has asked for it
	rebuilt     bool             // they were a pair before the ledger knew of it
	claims      bool             // the referral does not name the opportunity yet, and the brake keeps us from saying so
	unanswered  bool             // CRM did not take the answer to what is asked on the form
	claimed     bool             // its id was sent to the referral in this work
	heeded      bool             // what is asked on the form comes to no more than a look
	switchOn    bool             // the referral takes the opportunity over, whose seller has not been asked
	unasked     *cosell.Problem  // why Microsoft could not be asked at the creation
	unproven    *cosell.Sending  // a write that counts as not made because of a read, which may have been stale
	made        made             // the newest write that was answered, until the pair that knows of it is kept

	lead *cosell.Opportunity // what the opportunity that is made was before
	ours error               // a refusal that is about us, of something beside comparing

	elsewhere bool // the lead is qualified, and its pair cannot go on with the opportunity yet
}

// made is a write that a system has confirmed: another process may keep the pair first, which knows of no more than that it was about to be made.
type made struct {
	entry  string // of its note
	before string // the version that it replaced
	after  cosell.Side
}

// knownIn is the pair, as another process has kept it, that knows what became of the write.
func (m made) knownIn(pair cosell.Pair) cosell.Pair {
	if s := pair.Sending; s != nil && m.entry != "" && s.Entry == m.entry {
		pair = pair.Wrote(m.before, m.after)
		pair.Sending = s.Standing()
	}
	return pair
}

// noted is the pair with the write that counts as not made: what is kept beside deciding leaves it noted, because it may be on its way still.
func (w *work) noted() cosell.Pair {
	pair := w.pair
	if pair.Sending == nil {
		pair.Sending = w.unproven
	}
	return pair
}

// known is the opportunity for a decision: as it was read, else as the pair remembers it.
func (w *work) known() cosell.Known {
	if w.opportunity == nil {
		return cosell.Assumed(w.pair)
	}
	return cosell.AtHand(*w.opportunity)
}

func (f *Flow) pairing(w *work) cosell.Pairing {
	in := cosell.Pairing{Pair: w.pair, Referral: w.referral, Opportunity: w.known(), Rules: f.Rules, Options: f.Settings.Options,
		At: cmp.Or(w.referral.Read, f.Now()), Retry: w.hint.Retry, Linking: w.linking, Met: w.met, Heeded: w.heeded, Older: w.older}
	return in.Moved(f.Settings.Sheet).Renewed()
}

func (f *Flow) readOpportunity(ctx context.Context, w *work) error {
	o, err := f.Opportunities.Get(ctx, w.pair.OpportunityID)
	if err != nil {
		return err
	}
	w.opportunity, w.pair = &o, w.pair.Won(o, f.Rules)
	if err := f.readOwn(ctx, w); err != nil {
		return err
	}
	return f.fresh(ctx, w)
}

// readOwn puts the partner's own referral in the place of Microsoft's, which we may read but never write:
// with the opportunity at hand everything is decided, also what Microsoft's referral says nothing about.
func (f *Flow) readOwn(ctx context.Context, w *work) error {
	if !w.referral.Microsoft {
		return nil
	}
	own, err := f.Referrals.Get(ctx, w.pair.ReferralID)
	if err != nil {
		return err
	}
	own = with(own, w.referral.Record)
	w.microsoftID, w.referral = w.referral.ID, &own
	return nil
}

// reread looks at everything again after a conflict. Later: another process has ended the pair, or it goes on with another
// record or referral, which is looked at from the start.
func (f *Flow) reread(ctx context.Context, w *work) error {
	w.entries = slices.DeleteFunc(w.entries, func(e cosell.Entry) bool { return e.Action == refusedAction }) // it is asked anew
	pair, known, err := f.Ledger.Find(ctx, w.pair.OpportunityID)
	if err != nil {
		return err
	}
	if known && (pair.Phase == cosell.Ended || pair.ReferralID != w.pair.ReferralID) { // ended, or handed over to another record
		return fault.Wait(time.Second, "opportunity %s: its pair is not what it was", pair.OpportunityID)
	}
	if known {
		pair.MicrosoftID = cmp.Or(pair.MicrosoftID, w.pair.MicrosoftID) // may have been met just now
		w.pair, w.unproven = w.made.knownIn(pair), nil
	}
	r, err := f.Referrals.Get(ctx, cmp.Or(w.microsoftID, w.referral.ID))
	if err != nil {
		return err
	}
	w.referral = &r
	if err := f.readOpportunity(ctx, w); err != nil {
		return err
	}
	return f.joinHeld(ctx, w)
}

// joinHeld reads Microsoft's referral too, where CRM did not take what it says: only with its values at hand
// is that still wanted, and tried again. So it is after a deal was switched on again: what Microsoft said
// meanwhile comes with no second event.
func (f *Flow) joinHeld(ctx context.Context, w *work) error {
	switchedOn := w.opportunity != nil && w.opportunity.Synced() && w.pair.Base.Opportunity[cosell.Sync] == cosell.False
	if switchedOn && w.pair.MicrosoftID == "" && !w.referral.Microsoft {
		return f.joinUnknown(ctx, w)
	}
	wanted := slices.ContainsFunc(w.pair.Held, func(h cosell.Held) bool {
		return h.Place == cosell.InCRM && slices.ContainsFunc(f.Rules, func(r cosell.Rule) bool { return r.Field == h.Field && r.Way == cosell.ToOpportunity })
	})
	if !wanted && !switchedOn || w.referral.Microsoft || w.microsoftID != "" {
		return nil
	}
	return f.joinMicrosoft(ctx, w)
}

// joinMicrosoft adds what Microsoft's referral says to the own one, where there is one and it may be read.
func (f *Flow) joinMicrosoft(ctx context.Context, w *work) error {
	if w.pair.MicrosoftID == "" {
		return nil
	}
	m, err := f.Referrals.Get(ctx, w.pair.MicrosoftID)
	if fault.Is(err, fault.Refused) || fault.Is(err, fault.Gone) {
		return nil // it may not be read any more
	}
	if err != nil {
		return err
	}
	joined := with(*w.referral, m.Record)
	w.referral = &joined
	return nil
}

// joinUnknown looks for Microsoft's referral of a pair that has met none.
func (f *Flow) joinUnknown(ctx context.Context, w *work) error {
	joined, microsoftID, err := f.join(ctx, *w.referral)
	if err != nil || microsoftID == "" {
		return err
	}
	met, err := f.met(ctx, w.pair, cosell.Referral{Side: cosell.Side{ID: microsoftID, Read: joined.Read}}, w.hint)
	if err != nil {
		return err
	}
	w.referral, w.pair, w.entries = &joined, met.pair, append(w.entries, met.entries...)
	return nil
}

// What a line of the trail is about that is told by whoever goes on with the work, where this run does not end it.
const (
	createdAction = "created" // he finds what was made, and notes it with the pair
	refusedAction = "refused" // he is refused again: the line comes with the row that holds what was refused, and so once
	// he finds the two records linked, as Audit of the one in CRM says, or the opportunity that was made of a lead
	linkedAction    = "linked"
	qualifiedAction = "qualified"
)

// unlike says of an entry that it is about none of these.
func unlike(actions ...string) func(cosell.Entry) bool {
	return func(e cosell.Entry) bool { return !slices.Contains(actions, e.Action) }
}

// noted keeps what was written in the ledger's trail when the work ends before the pair is saved, but what the next run tells.
func (f *Flow) noted(ctx context.Context, w *work, err error) error {
	lasting := unlike(createdAction, refusedAction, linkedAction, qualifiedAction)
	if err == nil || !slices.ContainsFunc(w.entries, lasting) {
		return err
	}
	entries := slices.Clone(w.entries)
	for i, e := range entries {
		if !lasting(e) {
			entries[i] = cosell.Entry{} // the others keep their places: a save whose answer was lost has noted them there
		}
	}
	if noteErr := f.Ledger.Note(ctx, w.pair.OpportunityID, entries...); noteErr != nil {
		f.Log.WarnContext(ctx, "what was written is not in the ledger's trail", "opportunity_id", w.pair.OpportunityID, fault.Attr(noteErr))
	}
	w.entries = nil
	return err
}

// save keeps the pair with what is to be noted. Conflict: another process was faster.
func (f *Flow) save(ctx context.Context, w *work, pair cosell.Pair) error {
	saved, err := f.Ledger.Save(ctx, pair, w.entries...)
	if err != nil {
		return err
	}
	w.pair, w.entries = saved, nil
	return nil
}

// keep saves the pair in the middle of the work, with what is to be noted: a refusal is noted with the row that holds it.
// Conflict: as save.
func (f *Flow) keep(ctx context.Context, w *work, pair cosell.Pair) error {
	refusals := slices.DeleteFunc(slices.Clone(w.entries), unlike(refusedAction))
	w.entries = slices.DeleteFunc(w.entries, func(e cosell.Entry) bool { return e.Action == refusedAction })
	err := f.save(ctx, w, pair)
	w.entries = append(w.entries, refusals...)
	return err
}

// with copies what the own referral does not say itself.
func with(r cosell.Referral, microsoft cosell.Record) cosell.Referral {
	r.Record = r.Record.Clone()
	for field, v := range microsoft {
		if _, ok := r.Record[field]; !ok {
			r.Record[field] = v
		}
	}
	return r
}
