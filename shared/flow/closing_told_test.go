package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// leftAlone is a deal of which a new sheet has found two values.
func (w *world) leftAlone() {
	for _, rule := range rules() {
		if rule.Field != cosell.Notes {
			w.rules = append(w.rules, rule)
		}
	}
	w.restart()
	w.want(cosell.Record{"customerPostalCode": "1"})
	w.opportunityChanged()
	w.events()
	w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "A"})
	w.user(cosell.Record{cosell.Notes: "B"})
	w.rules, w.sheet = nil, "newer"
	w.restart()
	w.events()
	w.silent()
}

// What is told of a closing hangs on the closing, which nobody decides a second time: wherever the process dies after Partner Center has taken
// it, and whatever CRM answers then, it is told once.
func TestI25_WhatHangsOnAClosingIsToldOnce(t *testing.T) {
	told := []string{"closed with two values of notes", "customer.locked"}
	wins := cosell.Record{cosell.Status: cosell.Won, "customerPostalCode": "2"}
	check := func(w *world, name string) {
		t.Helper()
		audit := w.opportunities[deal].Record[cosell.Audit]
		for _, what := range told {
			if n := strings.Count(audit, what); n != 1 || w.own()[0].Record[cosell.Status] != cosell.Won {
				t.Errorf("%s: %q is told %d times, the referral is %s:\n%s", name, what, n, w.own()[0].Record[cosell.Status], audit)
			}
		}
		w.silent()
	}
	for name, answer := range map[string]error{"too many": fault.New(fault.Broken, "429"), "refused": fault.New(fault.Refused, "no").OfClass(fault.Record), "taken": nil} {
		w, n := newWorld(t), 0
		w.leftAlone()
		w.refuseCRM = func(cosell.Record) error {
			if n++; n < 3 {
				return answer
			}
			return nil
		}
		w.user(wins)
		w.opportunityChanged()
		w.later(24 * time.Hour)
		w.later(24 * time.Hour)
		check(w, name)
	}
	for at, done := 1, false; !done; at++ {
		w := newWorld(t)
		w.leftAlone()
		w.user(wins)
		w.dieAt = w.calls + at
		done = w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win")) }) == nil
		w.dieAt = 0
		w.opportunityChanged()
		check(w, "a death")
	}
}
