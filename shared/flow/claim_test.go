package flow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// claimsOf are the lines of the trail that say who let the referral name the record.
func (w *world) claimsOf(id string) (n int) {
	w.t.Helper()
	trail, err := w.memory.Audit(ctx, id, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range trail {
		if e.Action == "linked" && e.Direction == cosell.ToPartnerCenter && slices.Equal(e.Fields, []cosell.Field{cosell.CRMID}) {
			n++
		}
	}
	return n
}

// Somebody edits the referral each time that its id is about to be written, and no event of that comes.
func TestANameThatMeetsAnotherWriteIsWrittenAgain(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	edits := 0
	w.refusePCBy = func(values cosell.Record) error {
		if _, claims := values[cosell.CRMID]; claims && edits < 5 {
			edits++
			w.portal(id, cosell.Record{cosell.Team: "0"})
		}
		return nil
	}
	w.referralChanged(id)
	o := crm{w}.ID(id)
	if named := w.referrals[id].Record[cosell.CRMID]; named != o || edits != 5 || w.claimsOf(o) != 1 {
		t.Errorf("after %d edits the referral names %q, %d lines in the trail", edits, named, w.claimsOf(o))
	}
	w.silent()
}

// Each death between the creation of the record and the end leaves one line about who named it.
func TestADeathLeavesOneLineAboutTheName(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		o := crm{w}.ID(id)
		w.dieAt = at
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		w.events()
		if n := w.claimsOf(o); n != 1 || w.referrals[id].Record[cosell.CRMID] != o {
			t.Errorf("death at %d: %d lines, the referral names %q", at, n, w.referrals[id].Record[cosell.CRMID])
		}
		if !w.died {
			break
		}
	}
}

// A referral that does not take the id of the opportunity that its lead became is asked again, until then it names the lead.
func TestAReferralNamesWhatItsLeadBecameOnceItCan(t *testing.T) {
	w := withLead(t)
	w.refusePCBy = (&no{field: cosell.CRMID, class: fault.Record}).refuses
	w.accepted()
	pair, _, err := w.memory.FindByReferral(ctx, inquiry)
	if err != nil || pair.Table != cosell.OpportunityTable || w.referrals[inquiry].Record[cosell.CRMID] != itsLead {
		t.Fatalf("%v %+v, the referral names %q", err, pair, w.referrals[inquiry].Record[cosell.CRMID])
	}
	if h, held := pair.HeldAt(cosell.InPartnerCenter, cosell.CRMID); !held || h.Next.IsZero() || w.lines(pair.OpportunityID, "rule.broken") != 1 {
		t.Fatalf("held %+v\n%s", pair.Held, w.opportunities[pair.OpportunityID].Record[cosell.Audit])
	}
	asked := w.refusals
	w.events()
	w.events()
	if w.refusals != asked {
		t.Errorf("asked %d times more", w.refusals-asked)
	}
	w.refusePCBy = nil
	w.later(16 * time.Minute)
	w.oneDeal(pair.OpportunityID)
	if pair, _, _ = w.memory.Find(ctx, pair.OpportunityID); len(pair.Held) != 0 {
		t.Errorf("held %+v", pair.Held)
	}
	w.silent()
}

// What a person takes out of the referral by mistake comes back with the next look; an id of somebody else's stays.
func TestALinkedReferralKeepsItsName(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	w.referralChanged(id)
	o := crm{w}.ID(id)
	for _, tt := range [][2]string{{"", o}, {"SF-4711", "SF-4711"}} {
		is, want := tt[0], tt[1]
		w.portal(id, cosell.Record{cosell.CRMID: is})
		w.referralChanged(id)
		if named := w.referrals[id].Record[cosell.CRMID]; named != want {
			t.Errorf("%q became %q", is, named)
		}
		w.silent()
	}
}

// A referral is linked because an opportunity carries its identifier; the process dies anywhere, and only its message comes
// again.
func TestADeathAfterTheLinkLeavesNoReferralWithoutAName(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		w.want(cosell.Record{cosell.ReferralID: id})
		w.dieAt = at
		w.deliver(w.wanted)
		for range 2 { // after a death the two look as if they had been a pair, which the brake counts first
			w.later(6 * time.Minute)
		}
		if n := w.claimsOf(deal); n != 1 || w.referrals[id].Record[cosell.CRMID] != deal {
			t.Fatalf("death at %d: %d lines, the referral names %q", at, n, w.referrals[id].Record[cosell.CRMID])
		}
		w.silent()
		if !w.died {
			break
		}
	}
}

// The message is lost with the process, and what is heard of next is the opportunity.
func TestAnyNextLookLetsTheReferralNameItsRecord(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		o := crm{w}.ID(id)
		w.dieAt = at
		done := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }) == nil
		if pair, known, _ := w.memory.Find(ctx, o); known && pair.Phase == cosell.Linked {
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Update")) })
			if w.referrals[id].Record[cosell.CRMID] != o || w.claimsOf(o) != 1 {
				t.Errorf("death at %d: the referral names %q, %d lines", at, w.referrals[id].Record[cosell.CRMID], w.claimsOf(o))
			}
		}
		if done {
			break
		}
	}
}
