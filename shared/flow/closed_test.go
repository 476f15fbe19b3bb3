package flow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A deal that is won before it had a referral: nobody will send it, and its seller hears of that, once.
func TestR131_ADealThatIsClosedBeforeItHadAReferralIsTold(t *testing.T) {
	for name, before := range map[string]cosell.Record{"complete": nil, "told to lack its solution": {cosell.Solutions: "0", "solutions/SOL-1": ""}} {
		w := newWorld(t)
		w.want(before)
		if before != nil {
			w.opportunityChanged()
		}
		w.user(cosell.Record{cosell.Status: cosell.Won})
		w.opportunityChanged()
		w.events()
		if a := w.opportunities[deal].Record[cosell.Audit]; w.posts != 0 || strings.Count(a, "deal.closed") != 1 || len(w.pair().Held) != 0 {
			t.Errorf("%s: %d POSTs, held %+v, Audit %q", name, w.posts, w.pair().Held, a)
		}
		w.silent()
		w.user(cosell.Record{cosell.Status: cosell.Open, cosell.Solutions: "1", "solutions/SOL-1": "{}"})
		w.opportunityChanged()
		w.events()
		w.linked()
		w.silent()
	}
}

// CRM may take no word on a closed row: it is not asked at each event, and again once the row is another.
func TestI29_AClosedRowThatTakesNoWordIsAskedOnce(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.user(cosell.Record{cosell.Status: cosell.Won})
	w.refuseCRM = func(cosell.Record) error {
		if w.opportunities[deal].Record[cosell.Status] == cosell.Open {
			return nil
		}
		return fault.New(fault.Refused, "it is closed").OfClass(fault.Record)
	}
	for range 4 {
		w.opportunityChanged()
		w.later(26 * time.Hour)
	}
	if w.refusals != 1 || w.crmWrites != 0 {
		t.Errorf("%d refused requests, %d writes", w.refusals, w.crmWrites)
	}
	w.user(cosell.Record{cosell.Name: "Another name"})
	w.opportunityChanged()
	w.events()
	if w.refusals != 2 {
		t.Errorf("%d refused requests after another change", w.refusals)
	}
	w.user(cosell.Record{cosell.Status: cosell.Open})
	w.opportunityChanged()
	w.linked()
	w.silent()
}

// A registration that Partner Center refuses is tried once, also where the closed row takes no word of that.
func TestI29_ARegistrationIsTriedOnceWhereTheRowTakesNoWord(t *testing.T) {
	w := linked(t, cosell.Record{"contractSigned": "2025-01-04"})
	w.user(cosell.Record{cosell.Status: cosell.Won})
	w.opportunityChanged()
	w.events()
	w.flow.Settings.Registration = []cosell.Field{"contractSigned"}
	w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "it is closed").OfClass(fault.Record) }
	for i := range 4 {
		w.user(cosell.Record{cosell.Notes: fmt.Sprint("edition ", i)})
		w.opportunityChanged()
	}
	if n := w.counts["PC PATCH registration"]; n != 1 {
		t.Errorf("%d registrations", n)
	}
}

// Whether a POST was done is not known, so nothing is said of it.
func TestR131_ADealThatIsClosedDuringAnUnknownPOSTIsNotCalledUnsent(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.loseAnswer = true
	if err := w.run(func() error { return w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "Update")) }); fault.Of(err) == nil {
		t.Fatal("the answer was not lost")
	}
	w.user(cosell.Record{cosell.Status: cosell.Won})
	w.opportunityChanged()
	if a := w.opportunities[deal].Record[cosell.Audit]; strings.Contains(a, "deal.closed") {
		t.Errorf("Audit %q", a)
	}
	w.events()
	if r := w.own(); len(r) != 1 || r[0].Record[cosell.Status] != cosell.Won {
		t.Errorf("referrals %+v", r)
	}
	w.silent()
}

// The way over a status reason of the organisation's own is as good as any: what the seller moves from On Hold
// to In Progress is accepted.
func TestR72_AcceptanceAfterAnOwnStatusReason(t *testing.T) {
	w := newWorld(t)
	r, o := w.inbound()
	for _, status := range []string{cosell.Other, cosell.OnHold, cosell.Open} {
		w.userOf(o, cosell.Record{cosell.Status: status, cosell.Name: "Deal", cosell.DealValue: "10", cosell.Currency: "EUR", cosell.ClosingDate: "2026-12-24"})
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Update")) })
		if got := w.referrals[r].Record[cosell.Status]; (got == cosell.Accepted) != (status == cosell.Open) {
			t.Errorf("after %s the referral is %s: %s", status, got, w.opportunities[o].Record[cosell.Audit])
		}
	}
	w.silent()
}

// A closing that one side refuses is a matter of the status, not of the day or the reason that go along.
func TestR131_ARefusedClosingIsNamedAfterTheStatus(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.refuseCRM = func(values cosell.Record) error {
		if values[cosell.Status] != "" {
			return fault.New(fault.Refused, "no").With("rule.broken", "")
		}
		return nil
	}
	w.portal(w.own()[0].ID, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "Others", cosell.ClosedOn: "2026-03-02"})
	w.referralChanged(w.own()[0].ID)
	if h := w.pair().Held; len(h) != 1 || h[0].Field != cosell.Status {
		t.Errorf("held %+v", h)
	}
	w.silent()
}
