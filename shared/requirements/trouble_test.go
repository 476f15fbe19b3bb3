package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// leftAlone wants a call after the mark to be throttled, and none to the same part of the system for the time after it.
func (s *system) leftAlone(mark int, part string, wait time.Duration) {
	s.t.Helper()
	var refused time.Time
	for _, e := range s.since(mark) {
		switch {
		case e.Status == http.StatusTooManyRequests:
			refused = e.At
		case !refused.IsZero() && strings.Contains(e.URL, part) && e.At.Before(refused.Add(wait)):
			s.t.Errorf("%s %s after %s", e.Method, e.URL, e.At.Sub(refused))
		}
	}
	if refused.IsZero() {
		s.t.Error("nothing was throttled")
	}
}

func TestR89_AThrottledSystemIsLeftAloneUntilItSays(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Throttled")
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "300"}, "times": 1})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.quiet()
		r.advance(20 * time.Minute)
		r.pc.leftAlone(mark, "/engagements/", 300*time.Second)
		if v := r.referral(p.own).text("details/dealValue"); v != "90000" {
			t.Errorf("the value is %s", v)
		}
	})
}

// The host of the webhook registration and that of the referrals count for themselves: what one asks for holds nothing up at
// the other.
func TestAThrottledRegistrationHoldsNoReferralUp(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Not throttled")
		r.pc.fault(doc{"match": doc{"url": "/webhooks/"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "600"}, "times": 1})
		mark := r.pc.calls()
		for range 2 { // the second is not sent at all
			if status, answer := r.operator(http.MethodGet, "webhookregistration", nil); status != http.StatusTooManyRequests {
				t.Errorf("%d %s", status, answer)
			}
		}
		r.advance(5 * time.Second) // what others know of a gate is looked up once a second
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "90000" {
			t.Errorf("while the registration is throttled the value is %s", v)
		}
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "300"}, "times": 1})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 80000})
		r.advance(10 * time.Minute)
		r.pc.leftAlone(mark, "/webhooks/", 599*time.Second)
		if v := r.referral(p.own).text("details/dealValue"); v != "80000" {
			t.Errorf("at last the value is %s", v)
		}
	})
}

// The CRM's word counts as much, in seconds or as a date.
func TestR89_TheCRMIsLeftAloneUntilItSays(t *testing.T) {
	for form, after := range map[string]func() string{"seconds": func() string { return "300" }, "date": func() string { return time.Now().Add(300 * time.Second).UTC().Format(http.TimeFormat) }} {
		t.Run(form, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Throttled")
				r.dv.fault(doc{"match": doc{"url": "/api/data/"}, "do": "status", "status": 429, "headers": doc{"Retry-After": after()}, "times": 1})
				mark := r.dv.calls()
				r.portalEdits(p.own, doc{"/details/dealValue": 90000})
				r.quiet()
				r.advance(20 * time.Minute)
				r.dv.leftAlone(mark, "/api/data/", 299*time.Second) // a date has no parts of a second
				if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "90000" {
					t.Errorf("the value is %s", v)
				}
			})
		})
	}
}

func TestR89_MoreThanFifteenMinutesCountAsFifteen(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Throttled for long")
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "86400"}, "times": 1})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.quiet()
		time.Sleep(14 * time.Minute)
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "85000" {
			t.Errorf("after 14 minutes the value is %s", v)
		}
		time.Sleep(2 * time.Minute)
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "90000" {
			t.Errorf("after 16 minutes the value is %s", v)
		}
	})
}

func TestR90_AnAnswerThatNeverComesIsATimeout(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Slow")
		r.pc.fault(doc{"match": doc{"method": "GET", "url": "/engagements/"}, "do": "delay", "delay": "3m", "times": 2})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.advance(30 * time.Minute)
		if v := r.referral(p.own).text("details/dealValue"); v != "90000" {
			t.Errorf("the value is %s", v)
		}
	})
}

func TestR91_ARefusalOfTheRecordIsNotRetriedAndExplained(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Refused")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}, "status": 400, "code": "invalidValue", "message": "The deal value is not plausible.", "field": true})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.quiet()
		r.pc.wrote(mark, 1)
		r.audited(p.opportunity, "to Partner Center", "The deal value is not plausible.")
		r.pc.unruled()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		if v := r.referral(p.own).text("details/dealValue"); v != "91000" {
			t.Errorf("the value is %s", v)
		}
	})
}

func TestR90_TransientErrorsAreTriedAgain(t *testing.T) {
	for _, status := range []int{500, 503, 504} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Unsteady")
				r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": status, "times": 4})
				r.dv.fault(doc{"match": doc{"url": "/api/data/"}, "do": "status", "status": status, "times": 4})
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
				r.quiet()
				r.advance(time.Hour)
				if v := r.referral(p.own).text("details/dealValue"); v != "90000" {
					t.Errorf("the value is %s", v)
				}
			})
		})
	}
}

func TestR93_WhatHappenedWhileNobodyListenedIsCaughtUp(t *testing.T) {
	play(t, func(r *rig) {
		var deals []pair
		for _, name := range []string{"One", "Two", "Three", "Four", "Five"} {
			deals = append(deals, r.private(name))
		}
		r.reconcile()
		r.pc.delivery(doc{"lose": true})
		for _, p := range deals {
			r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		}
		var made []acted
		for _, name := range []string{"Six", "Seven", "Eight", "Nine", "Ten"} {
			made = append(made, r.portalDeal(doc{"name": name}))
		}
		r.stop()
		time.Sleep(2 * time.Hour)
		r.pc.delivery(doc{})
		r.start()
		r.reconcile()
		r.quiet()
		for _, p := range deals {
			if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "91000" {
				t.Errorf("a value is still %s", v)
			}
		}
		for _, a := range made {
			if p := r.arrived(a); r.opportunities()[p.opportunity] == nil {
				t.Errorf("%s has no opportunity", a.ID)
			}
		}
	})
}

func TestR93_WhatCouldNotBeQueuedIsFoundByTheNextPass(t *testing.T) {
	play(t, func(r *rig) {
		p, later := r.private("Found twice"), r.private("Changed later")
		r.reconcile()
		r.pc.delivery(doc{"lose": true})
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		time.Sleep(30 * time.Minute) // beyond the overlap of the feeds
		r.portalEdits(later.own, doc{"/details/dealValue": 92000})
		r.bus.fail = fault.New(fault.Broken, "the broker is away")
		r.reconcile()
		time.Sleep(30 * time.Minute)
		r.bus.fail = nil
		r.reconcile()
		r.quiet()
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "91000" {
			t.Errorf("CRM has %s", v)
		}
	})
}
