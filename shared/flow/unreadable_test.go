package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// unreadable is a refusal to show one record.
func unreadable() error {
	return fault.New(fault.Refused, "403").OfClass(fault.Record).With("read.refused", "").Saying("may not be read", "ask for the right")
}

// A referral that may not be read is told on the deal once, however many events come, and crosses when it may be
// read again.
func TestAReferralThatMayNotBeReadIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.sold(shownColumns())
	w.outagePC = unreadable()
	w.user(cosell.Record{cosell.DealValue: "250"})
	for range 3 {
		w.events()
	}
	if h, held := w.pair().HeldAt(cosell.InPartnerCenter, cosell.Whole); !held || h.Code != "read.refused" {
		t.Errorf("held %+v", w.pair().Held)
	}
	if n := w.lines(deal, "read.refused"); n != 1 {
		t.Errorf("told %d times:\n%s", n, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
	w.outagePC = nil
	w.later(16 * time.Minute)
	if len(w.pair().Held) != 0 || w.own()[0].Record[cosell.DealValue] != "250" || w.lines(deal, "in step again") != 1 {
		t.Errorf("value %s, held %+v\n%s", w.own()[0].Record[cosell.DealValue], w.pair().Held, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

// An opportunity that may not be read takes no words either: it is held, and its change crosses once it may.
func TestAnOpportunityThatMayNotBeReadIsHeld(t *testing.T) {
	w := newWorld(t)
	w.sold(nil)
	w.refuseReadCRM = unreadable()
	w.user(cosell.Record{cosell.DealValue: "250"})
	writes := w.writes()
	for range 3 {
		w.opportunityChanged()
	}
	if h, held := w.pair().HeldAt(cosell.InCRM, cosell.Whole); !held || h.Code != "read.refused" || w.writes() != writes {
		t.Errorf("held %+v, %d writes", w.pair().Held, w.writes()-writes)
	}
	w.refuseReadCRM = nil
	w.later(16 * time.Minute)
	if len(w.pair().Held) != 0 || w.own()[0].Record[cosell.DealValue] != "250" {
		t.Errorf("value %s, held %+v", w.own()[0].Record[cosell.DealValue], w.pair().Held)
	}
	w.silent()
}

// Microsoft's referral that is neither readable nor listed any more: its answer cannot be known, which is told
// once; and nothing else of the deal waits for that.
func TestMicrosoftsReferralThatMayNotBeReadIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	m := w.microsofts()[0].ID
	w.hidden = true
	w.portal(m, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	for range 3 {
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(m, "related-referral-updated")) })
	}
	o := w.opportunities[deal].Record
	if w.lines(deal, "microsoft.unreadable") != 1 || o[cosell.Mark] != cosell.MarkOK || !w.pair().Holds("microsoft.unreadable") {
		t.Errorf("told %d times, mark %s, held %+v\n%s", w.lines(deal, "microsoft.unreadable"), o[cosell.Mark], w.pair().Held, o[cosell.Audit])
	}
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	if got := w.own()[0].Record[cosell.DealValue]; got != "250" || !w.pair().Holds("microsoft.unreadable") {
		t.Errorf("value %s, held %+v", got, w.pair().Held)
	}
	w.silent()
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Sync: cosell.True, cosell.DealValue: "251"})
	w.opportunityChanged()
	if got := w.own()[0].Record[cosell.DealValue]; got != "251" {
		t.Errorf("switched on again: value %s", got)
	}
	w.silent()
	w.hidden = false
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(m, "related-referral-updated")) })
	o = w.opportunities[deal].Record
	if o[cosell.MicrosoftStatus] != "Accepted" || w.pair().Holds("microsoft.unreadable") {
		t.Errorf("it may be read again: status %q, held %+v\n%s", o[cosell.MicrosoftStatus], w.pair().Held, o[cosell.Audit])
	}
	w.silent()
}

// Partner Center takes a deal and does not make it visible: that is told once, and not asked at every event.
func TestADealThatPartnerCenterDoesNotShowIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.afterPCPut = func(r cosell.Record) { r[cosell.Visibility] = cosell.False }
	w.user(cosell.Record{cosell.Visibility: cosell.True, cosell.DealValue: "250"})
	for range 3 {
		w.events()
	}
	o := w.opportunities[deal].Record
	if w.lines(deal, "visibility.ignored") != 1 || w.own()[0].Record[cosell.DealValue] != "250" {
		t.Errorf("told %d times:\n%s", w.lines(deal, "visibility.ignored"), o[cosell.Audit])
	}
	w.silent()
}

// A referral that does not take the opportunity's id is linked all the same, and that is told once.
func TestAReferralThatDoesNotTakeTheIDIsLinkedAndToldOnce(t *testing.T) {
	w := newWorld(t)
	w.refusePatch = func(v cosell.Record) error {
		if v[cosell.CRMID] != "" {
			return fault.New(fault.Refused, "no").OfClass(fault.Record).With("4711", "")
		}
		return nil
	}
	id := portalDeal(w, nil)
	o := crm{w}.ID(id)
	w.referralChanged(id)
	for range 3 {
		w.events()
	}
	if p := w.pairOf(o); p.Phase != cosell.Linked || w.lines(o, "4711") != 1 || w.opportunities[o].Record[cosell.Mark] != cosell.MarkOK {
		t.Errorf("%s, told %d times:\n%s", p.Phase, w.lines(o, "4711"), w.opportunities[o].Record[cosell.Audit])
	}
	w.userOf(o, cosell.Record{cosell.DealValue: "250"})
	w.events()
	if got := w.referrals[id].Record[cosell.DealValue]; got != "250" {
		t.Errorf("value %s", got)
	}
	w.silent()
}
