package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// kim is who owns what is made in CRM in these tests.
var kim = cosell.Record{cosell.Team: "1", "team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`}

// What an acceptance takes along though nobody has edited it, and Partner Center does not take, is held like any refused edit: it is told once,
// nothing says that it is over, and it is sent once Partner Center takes it.
func TestI2_WhatAnAcceptanceCompletesAndIsNotTakenIsHeld(t *testing.T) {
	people := cosell.Record{cosell.Team: "2", "team/kim": kim["team/kim"], "team/lee": `{"email":"lee@x","firstName":"Lee","lastName":"S","phone":"2"}`}
	for name, tt := range map[string]struct {
		relatives cosell.Record
		keeps     []cosell.Field // what Partner Center says yes to and does not take
		refuses   cosell.Field   // what it refuses
	}{
		"a person passed over": {relatives: kim, keeps: []cosell.Field{"team/kim"}},
		"two passed over":      {relatives: people, keeps: []cosell.Field{"team/kim", "team/lee"}},
		"a person refused":     {relatives: kim, refuses: "team/kim"},
		"two refused":          {relatives: people, refuses: "team/kim"},
		"a name passed over":   {relatives: kim, keeps: []cosell.Field{cosell.Name}},
		"a value passed over":  {relatives: kim, keeps: []cosell.Field{cosell.DealValue, cosell.Currency}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.relatives = tt.relatives
			r := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True, cosell.Name: "", cosell.DealValue: "", cosell.Currency: "", cosell.Team: "0"})
			o := crm{w}.ID(r)
			w.afterCreate = func(row cosell.Record) {
				row[cosell.Name], row[cosell.DealValue], row[cosell.Currency], row[cosell.ClosingDate] = "Ours", "20", "EUR", "2026-12-24"
			}
			w.deliver(func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) })
			w.events()
			before := w.referrals[r].Record.Clone()
			w.afterPCPut = func(now cosell.Record) {
				for _, f := range tt.keeps {
					if _, had := before[f]; had {
						now[f] = before[f]
					} else {
						delete(now, f)
					}
				}
			}
			w.refusePatch = func(values cosell.Record) error {
				if _, ok := values[tt.refuses]; ok {
					return refusedName("")
				}
				return nil
			}
			w.now = w.now.Add(time.Minute)
			w.userOf(o, cosell.Record{cosell.Status: cosell.Open})
			w.events()
			if got := w.referrals[r].Record[cosell.Status]; got != cosell.Accepted {
				t.Fatalf("%s\n%s", got, w.opportunities[o].Record[cosell.Audit])
			}
			asked := w.counts["PC PATCH"]
			w.silent()
			row := w.opportunities[o].Record
			if len(w.pairOf(o).Held) == 0 || row[cosell.Mark] != cosell.MarkFailed || w.lines(o, "in step again") != 0 {
				t.Errorf("held %+v, mark %s\n%s", w.pairOf(o).Held, row[cosell.Mark], row[cosell.Audit])
			}
			told := row[cosell.Audit]
			if n := w.counts["PC PATCH"] - asked; n != 0 {
				t.Errorf("asked again %d times without an edit", n)
			}
			w.later(10 * time.Minute)
			if w.counts["PC PATCH"] != asked || w.opportunities[o].Record[cosell.Audit] != told {
				t.Errorf("asked %d times before it was due\n%s", w.counts["PC PATCH"]-asked, w.opportunities[o].Record[cosell.Audit])
			}
			w.afterPCPut, w.refusePatch = nil, nil
			w.later(48 * time.Hour)
			row = w.opportunities[o].Record
			for _, f := range append(tt.keeps, "team/kim") {
				if got := w.referrals[r].Record[f]; got == "" || got != row[f] {
					t.Errorf("Partner Center has %s = %q, CRM %q", f, got, row[f])
				}
			}
			if len(w.pairOf(o).Held) != 0 || row[cosell.Mark] != cosell.MarkOK || w.lines(o, "in step again") != 1 {
				t.Errorf("not healed: held %+v\n%s", w.pairOf(o).Held, row[cosell.Audit])
			}
			w.silent()
		})
	}
}

// So it is where the process dies while it is sent.
func TestI2_WhatAnAcceptanceCompletesIsHeldAlsoAfterADeath(t *testing.T) {
	for died, at := true, 1; died; at++ {
		w := newWorld(t)
		w.relatives = kim
		r := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True, cosell.Name: "", cosell.Team: "0"})
		o := crm{w}.ID(r)
		w.afterCreate = func(row cosell.Record) { row[cosell.Name] = "Ours" }
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) })
		w.events()
		w.afterPCPut = func(now cosell.Record) {
			now[cosell.Name] = ""
			delete(now, "team/kim")
		}
		w.now = w.now.Add(time.Minute)
		w.userOf(o, cosell.Record{cosell.Status: cosell.Open})
		w.calls, w.dieAt, w.died = 0, at, false
		w.events()
		died, w.dieAt = w.died, 0
		w.silent()
		if h := w.pairOf(o).Held; len(h) != 2 || w.lines(o, "in step again") != 0 || w.referrals[r].Record[cosell.Status] != cosell.Accepted {
			t.Errorf("death at %d: held %+v\n%s", at, h, w.opportunities[o].Record[cosell.Audit])
		}
		w.afterPCPut = nil
		w.later(48 * time.Hour)
		if got := w.referrals[r].Record; got["team/kim"] != kim["team/kim"] || got[cosell.Name] != "Ours" || len(w.pairOf(o).Held) != 0 {
			t.Errorf("death at %d: Partner Center has %v, held %+v", at, got, w.pairOf(o).Held)
		}
		w.silent()
	}
}
