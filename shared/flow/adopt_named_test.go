package flow_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// While an opportunity is about to be made of a referral somebody writes the referral's id into another, which CRM allows once: that one is
// its opportunity, wherever the process dies.
func TestI17_AnIdentifierThatIsTakenMeanwhileIsMetAnew(t *testing.T) {
	for at := 0; ; at++ {
		w := newWorld(t)
		w.want(cosell.Record{cosell.Sync: cosell.False})
		id := portalDeal(w, nil)
		w.refuseNew = func(cosell.Record) error {
			if w.opportunities[deal].Record[cosell.ReferralID] == "" {
				w.userOf(deal, cosell.Record{cosell.ReferralID: id, cosell.Sync: cosell.True})
			}
			return fault.New(fault.Refused, "412").With(cosell.CodeNamed, "").At(string(cosell.ReferralID)).Naming(deal)
		}
		w.dieAt = at
		job := func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }
		done := w.run(job) == nil
		w.dieAt = 0
		w.deliver(job)
		w.drain()
		w.events()
		pair := w.pair()
		if len(w.opportunities) != 1 || pair.Phase != cosell.Linked || pair.ReferralID != id || w.referrals[id].Record[cosell.CRMID] != deal {
			t.Fatalf("death at %d: %d opportunities, the pair is %s with %q, the referral names %q", at, len(w.opportunities), pair.Phase, pair.ReferralID, w.referrals[id].Record[cosell.CRMID])
		}
		if at > 0 && done {
			break
		}
	}
}

// Where CRM does not show who has the identifier, that is held, and tried again.
func TestI17_AnIdentifierThatSomebodyUnseenHasIsHeld(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	w.refuseNew = func(cosell.Record) error {
		return fault.New(fault.Refused, "412").With(cosell.CodeNamed, "").OfClass(fault.Record).At(string(cosell.ReferralID))
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
	pair, known, err := w.memory.FindByReferral(ctx, id)
	if err != nil || !known || !pair.Holds(cosell.CodeNamed) || w.refusals != 1 {
		t.Errorf("%+v, %v; refused %d times", pair.Held, err, w.refusals)
	}
	w.refuseNew = nil
	w.deliver(func() error { return w.flow.FromReferral(ctx, flow.Hint{Kind: "referral", ID: id, Retry: true}) })
	if pair, _, _ := w.memory.FindByReferral(ctx, id); pair.Phase != cosell.Linked {
		t.Errorf("afterwards: %s", pair.Phase)
	}
}
