package flow

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Targets of a creation intent.
const (
	ownTarget       = "own"
	microsoftTarget = "microsoft"
)

// lookBack is how far before an attempt the probe looks, by the server's clock.
const lookBack = 10 * time.Minute

// creation is a referral that was made, or found to have been made.
type creation struct {
	referral cosell.Referral
	base     cosell.Base       // what was POSTed, and what the opportunity held then
	answered bool              // referral is the very answer to the POST
	others   []cosell.Referral // more that the same attempts have made
	gaveUp   []string          // fingerprints of attempts whose outcome stayed unknown
}

// createOnce sends the POST of a referral at most once while its outcome is unknown. Partner Center has
// no key that makes a POST repeatable, so the intent is written first, the request leaves within Guard of
// it, and after an unknown outcome nothing is sent until Settle has passed and a probe found nothing.
// pair is the pair as it was when that was decided.
// Kinds: Later (not settled yet, or another worker owns the attempt), and what the POST was answered.
func (f *Flow) createOnce(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, d cosell.Draft) (creation, error) {
	target := ownTarget
	if d.Microsoft {
		target = microsoftTarget
	}
	intent, found, err := f.Ledger.Intent(ctx, o.ID, target)
	if err != nil {
		return creation{}, err
	}
	if !found {
		intent = cosell.Intent{OpportunityID: o.ID, Target: target}
	}
	if c, ok, err := f.earlier(ctx, o.ID, d, intent); err != nil || ok {
		return c, err
	}
	if intent.Sent {
		intent = intent.Unknown()
		intent.Doubted = cmp.Or(intent.Doubted, intent.At)
	}
	c, err := f.attempt(ctx, pair, o, d, intent)
	c.gaveUp = intent.GaveUp
	return c, err
}

// attempt is intent, fence and send.
func (f *Flow) attempt(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, d cosell.Draft, intent cosell.Intent) (creation, error) {
	before := f.Machine()
	intent.Attempt++
	intent.RequestID = f.NewID()
	intent.Sent = true
	intent.Base = cosell.Posted(o, d.Values, f.Rules)
	intent, err := f.Ledger.PutIntent(ctx, intent)
	if fault.Is(err, fault.Conflict) {
		return creation{}, fault.Wait(f.Settings.Settle, "opportunity %s: another worker creates its referral: %w", o.ID, err)
	}
	if err != nil {
		return creation{}, err
	}
	if err := f.unmoved(ctx, pair); err != nil {
		return creation{}, f.unsent(ctx, intent, err)
	}
	if f.Machine().Sub(before) >= f.Settings.Guard {
		if err := f.unsent(ctx, intent, nil); err != nil {
			return creation{}, err
		}
		return creation{}, fault.Wait(time.Second, "opportunity %s: writing the intent took longer than the guard", o.ID).With("tables.slow", "").
			Saying("the table store is too slow to make new deals safely", "look at the table store; SYNC_GUARD is the time that one write may take")
	}
	d.RequestID = intent.RequestID
	sending, cancel := context.WithTimeout(ctx, f.Settings.PostTimeout)
	defer cancel()
	r, unknown, err := f.Referrals.Create(sending, o, d)
	switch {
	case unknown:
		return creation{}, unsettled(fault.Wait(f.Settings.Settle, "opportunity %s: it is not known whether the referral was created: %w", o.ID, err))
	case err != nil:
		intent.Sent = false
		if _, putErr := f.Ledger.PutIntent(ctx, intent); putErr != nil {
			return creation{}, putErr
		}
		if d.Microsoft && fault.Is(err, fault.Conflict) {
			return f.invitedAlready(ctx, d.EngagementID, intent, err)
		}
		return creation{}, err
	}
	return creation{referral: r, base: intent.Base, answered: true}, nil
}

// unmoved is no error if nobody has written the pair since it was read. A worker that finds no intent may come late: the
// one before it drops its intent once the pair names the referral.
func (f *Flow) unmoved(ctx context.Context, pair cosell.Pair) error {
	now, _, err := f.Ledger.Find(ctx, pair.OpportunityID)
	if err == nil && now.Version != pair.Version {
		return fault.Wait(time.Second, "opportunity %s: another worker was faster", pair.OpportunityID)
	}
	return err
}

// unsent takes an intent back of which nothing was sent, and gives the cause.
func (f *Flow) unsent(ctx context.Context, intent cosell.Intent, cause error) error {
	intent.Sent = false
	if _, err := f.Ledger.PutIntent(ctx, intent); err != nil {
		return err
	}
	return cause
}

// unsettled gives the wait after an unknown outcome a code: one is nothing, but where each attempt ends so
// people are told, on the record and in health.
func unsettled(e *fault.Error) error {
	return e.With("creation.unsettled", "").Saying("Partner Center does not say whether new deals were created", "nothing to do, unless it lasts: then look at the state of Partner Center")
}

// earlier finds out what became of the attempts before. Kinds and ok as settle.
func (f *Flow) earlier(ctx context.Context, opportunityID string, d cosell.Draft, intent cosell.Intent) (c creation, ok bool, err error) {
	switch {
	case intent.Sent:
		return f.settle(ctx, opportunityID, d, intent)
	case !intent.Doubted.IsZero(): // what was not listed when it was settled may be now
		return f.take(ctx, opportunityID, d, intent)
	}
	return c, false, nil
}

// madeBefore has the creation go on with the referral that an attempt without an answer has made, and makes none. Later: whether
// there is one is not known yet.
func (f *Flow) madeBefore(ctx context.Context, w *work) (bool, error) {
	intent, _, err := f.Ledger.Intent(ctx, w.pair.OpportunityID, ownTarget)
	if err != nil {
		return false, err
	}
	c, ok, err := f.earlier(ctx, w.pair.OpportunityID, cosell.Draft{Former: w.pair.Former}, intent)
	if err != nil || !ok {
		return false, err
	}
	pair := w.pair
	if len(c.others) > 0 {
		pair = pair.HasPosted(cosell.Fingerprint(c.base.Referral))
	}
	if err := f.echo(ctx, pair, c.referral, intent); err != nil {
		return false, err
	}
	return true, f.lookAtOthers(ctx, c)
}

// lookAtOthers has the other referrals looked at that the same attempts have made.
func (f *Flow) lookAtOthers(ctx context.Context, c creation) error {
	for _, other := range c.others {
		if err := f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: other.ID, Why: "a second referral of one opportunity"}); err != nil {
			return err
		}
	}
	return nil
}

// settle finds out what became of an attempt without an answer. ok: it had succeeded, the referral is
// adopted; of several the oldest.
func (f *Flow) settle(ctx context.Context, opportunityID string, d cosell.Draft, intent cosell.Intent) (c creation, ok bool, err error) {
	now, err := f.Ledger.Now(ctx)
	if err != nil {
		return c, false, err
	}
	if wait := intent.At.Add(f.Settings.Settle).Sub(now); wait > 0 {
		return c, false, unsettled(fault.Wait(wait, "opportunity %s: waiting until it is certain whether the referral was created", opportunityID))
	}
	return f.take(ctx, opportunityID, d, intent)
}

// take looks for what attempts without an answer may have made, and takes the oldest.
func (f *Flow) take(ctx context.Context, opportunityID string, d cosell.Draft, intent cosell.Intent) (c creation, ok bool, err error) {
	found, err := f.probe(ctx, opportunityID, d.EngagementID, intent)
	found = slices.DeleteFunc(found, func(r cosell.Referral) bool { return slices.Contains(d.Former, r.ID) })
	if err == nil && len(found) == 0 && intent.Target == microsoftTarget {
		err = f.absenceProves(ctx, opportunityID)
	}
	if err != nil || len(found) == 0 {
		return c, false, err
	}
	slices.SortFunc(found, oldestFirst)
	return creation{referral: found[0], base: intent.Led(found[0].Record), others: found[1:], gaveUp: intent.Others(found[0].Record)}, true, nil
}

// probe lists what the attempt may have made.
func (f *Flow) probe(ctx context.Context, opportunityID, engagementID string, intent cosell.Intent) ([]cosell.Referral, error) {
	if intent.Target == ownTarget {
		return f.Referrals.FindCreated(ctx, opportunityID, cmp.Or(intent.Doubted, intent.At).Add(-lookBack))
	}
	all, err := f.Referrals.Engagement(ctx, engagementID)
	return slices.DeleteFunc(all, func(r cosell.Referral) bool { return !r.Microsoft }), err
}

// dropIntents clears what the creation protocol needed; left behind they do no harm, because the pair
// names both referrals.
func (f *Flow) dropIntents(ctx context.Context, p cosell.Pair) {
	targets := []string{ownTarget}
	if p.MicrosoftID != "" {
		targets = append(targets, microsoftTarget)
	}
	for _, target := range targets {
		if err := f.Ledger.DropIntent(ctx, cosell.Intent{OpportunityID: p.OpportunityID, Target: target}); err != nil {
			f.Log.WarnContext(ctx, "creation intent left behind", "opportunity_id", p.OpportunityID, fault.Attr(err))
		}
	}
}

func (f *Flow) link(referralID string) string {
	return strings.ReplaceAll(f.Settings.LinkTemplate, "{id}", referralID)
}

// oldestFirst orders referrals of one opportunity.
func oldestFirst(a, b cosell.Referral) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}
