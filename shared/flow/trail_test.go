package flow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A write is one line in the trail, also where the process died between the write and what it remembers of it.
func TestAWriteIsInTheTrailWhereverTheProcessDies(t *testing.T) {
	for _, side := range []string{"CRM", "Partner Center"} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.shared(nil)
			w.events()
			id := w.own()[0].ID
			edited, direction := w.opportunityChanged, cosell.ToPartnerCenter
			if side == "CRM" {
				w.userOf(deal, cosell.Record{cosell.DealValue: "4711"})
			} else {
				w.portal(id, cosell.Record{cosell.DealValue: "4711"})
				edited, direction = func() { w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) }) }, cosell.ToCRM
			}
			w.died, w.dieAt = false, w.calls+at
			edited() // and again after the death
			died := w.died
			w.dieAt = 0
			w.events()
			if n := w.trailed(direction, cosell.DealValue); n != 1 {
				t.Errorf("%s, death at %d: the write has %d lines in the trail", side, at, n)
			}
			if !died {
				break
			}
		}
	}
}

// trailed are the lines in the trail of the deal about writes of a field.
func (w *world) trailed(direction string, f cosell.Field) (n int) {
	trail, err := w.memory.Audit(ctx, deal, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range trail {
		if e.Direction == direction && e.Action == "updated" && slices.Contains(e.Fields, f) {
			n++
		}
	}
	return n
}

// A person asks Microsoft again, and the process dies before anything is sent: what comes again is late, and looks for a
// referral that lost tables have forgotten. The former one is none.
func TestAskingAgainIsNotForgottenForTheFormerReferral(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.shared(nil)
		old := w.own()[0].ID
		w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Declined"})
		w.events()
		w.userOf(deal, cosell.Record{cosell.Action: cosell.ActAsk})
		w.dieAt = w.calls + at
		done := w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }) == nil
		w.dieAt, w.hints = 0, nil
		w.now = w.now.Add(time.Minute)
		again := toldOf("opportunity", deal, "Update")
		again.Late = true
		w.deliver(func() error { return w.flow.CreateReferral(ctx, again) })
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, again) })
		if got := w.opportunities[deal].Record[cosell.ReferralID]; got == old || len(w.own()) != 2 {
			t.Errorf("death at %d: the opportunity names %s, the former one is %s, and there are %d", at, got, old, len(w.own()))
		}
		if trail, err := w.memory.Audit(ctx, deal, 1000); err != nil || count(trail, "asked again") != 1 {
			t.Errorf("death at %d: asked again %d times, %v", at, count(trail, "asked again"), err)
		}
		if done {
			break
		}
	}
}

func count(trail []cosell.Entry, action string) (n int) {
	for _, e := range trail {
		if e.Action == action {
			n++
		}
	}
	return n
}

// The process dies after a write to Partner Center, and Microsoft's referral is heard of before the message comes again.
func TestAWriteThatDiedHasItsLineWhoeverIsHeardOfNext(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.want(cosell.Record{cosell.Help: "GeneralOrOther", cosell.Visibility: cosell.True})
		w.opportunityChanged()
		w.user(cosell.Record{cosell.DealValue: "4711"})
		w.dieAt = w.calls + at
		died := w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }) == errDied
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(w.microsofts()[0].ID, "related-referral-updated")) })
		w.opportunityChanged()
		trail, err := w.memory.Audit(ctx, deal, 1000)
		n := 0
		for _, e := range trail {
			if e.Direction == cosell.ToPartnerCenter && e.Action == "updated" && slices.Contains(e.Fields, cosell.DealValue) {
				n++
			}
		}
		if err != nil || n != 1 || w.own()[0].Record[cosell.DealValue] != "4711" {
			t.Errorf("death at %d: %d lines (%v), the referral says %s", at, n, err, w.own()[0].Record[cosell.DealValue])
		}
		if !died {
			break
		}
	}
}

// An unlinking is in the trail once, wherever its process dies, and whoever comes next: also where an older copy of the tables is back, from
// before the row heard of it.
func TestAnUnlinkingIsInTheTrailWhereverTheProcessDies(t *testing.T) {
	for _, older := range []bool{false, true} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.private(nil)
			w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
			w.dieAt = w.calls + at
			died := w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }) == errDied
			w.dieAt = 0
			if pair := w.pair(); older && pair.Sending != nil {
				pair.Sending = nil
				if _, err := w.memory.Save(ctx, pair); err != nil {
					t.Fatal(err)
				}
			}
			w.opportunityChanged()
			if trail, err := w.memory.Audit(ctx, deal, 1000); err != nil || count(trail, "unlinked") != 1 || w.pair().Phase != cosell.Ended || len(w.pair().Held) > 0 {
				t.Errorf("death at %d: unlinked %d times, %s, %+v, %v", at, count(trail, "unlinked"), w.pair().Phase, w.pair().Held, err)
			}
			if !died {
				break
			}
		}
	}
}
