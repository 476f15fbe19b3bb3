package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// An event and the feed that names the same change may both be worked on before a read shows it: the feed has moved on
// by then, and nothing would tell of it again.
func TestAChangeThatItsFeedHasShownIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(w *world)
		lag  func(w *world) *time.Duration
		told func(w *world)
		say  func(w *world) string
	}{
		"CRM": {func(w *world) { w.user(cosell.Record{cosell.DealValue: "250"}) }, func(w *world) *time.Duration { return &w.crmLag },
			func(w *world) { w.opportunityChanged() }, func(w *world) string { return w.own()[0].Record[cosell.DealValue] }},
		"Partner Center": {func(w *world) { w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "250"}) }, func(w *world) *time.Duration { return &w.pcLag },
			func(w *world) { w.referralChanged(w.own()[0].ID) }, func(w *world) string { return w.opportunities[deal].Record[cosell.DealValue] }},
	} {
		w := newWorld(t)
		w.timed = true
		w.private(nil)
		w.events()
		w.now = w.now.Add(time.Minute)
		*c.lag(w) = 40 * time.Second
		c.edit(w)
		c.told(w)
		w.deliver(func() error { return w.flow.Reconcile(ctx) })
		if got := c.say(w); got != "250" {
			t.Errorf("%s: the edit is lost, the other side says %s", name, got)
		}
		w.silent()
	}
}

// A deal that is switched on names no pair yet: the read is as much too early.
func TestASwitchThatItsFeedHasShownIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.timed = true
	w.want(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	w.now = w.now.Add(time.Minute)
	w.crmLag = 40 * time.Second
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.opportunityChanged()
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
	if len(w.own()) != 1 {
		t.Errorf("%d referrals of a deal that was switched on", len(w.own()))
	}
}

// Where its times do not say which version is the older one, it is waited for less long: a minute, and less and less often.
func TestWhatAFeedHasShownIsNotWaitedForForEver(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.events()
	o := w.opportunities[deal]
	for shown, want := range map[flow.Shown]time.Duration{
		{ID: deal, Version: "another", Modified: o.Modified}:                   time.Minute,
		{ID: deal, Version: "another", Modified: o.Modified.Add(time.Second)}:  10 * time.Minute,
		{ID: deal, Version: "another", Modified: o.Modified.Add(-time.Second)}: 0,
		{ID: deal, Version: o.Version, Modified: o.Modified.Add(time.Hour)}:    0,
	} {
		h := toldOf("opportunity", deal, "reconcile")
		h.Shown, h.Seen = shown, w.now
		began, tries := w.now, 0
		for {
			err := w.flow.FromOpportunity(ctx, h)
			if err == nil {
				break
			}
			if tries++; fault.Of(err).Code != fault.CodeStale || tries > 20 {
				t.Fatalf("%v", err)
			}
			w.now = w.now.Add(fault.Of(err).After)
		}
		if waited := w.now.Sub(began); waited < want || waited > 2*want {
			t.Errorf("%+v is waited for %s, want %s", shown, waited, want)
		}
	}
	w.silent()
}

// Words that stand there, from a write of which nothing is remembered, are not written once more: where answers do not show
// writes for a while, that would go on for ever.
func TestWordsThatStandThereAreNotWrittenAgain(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.events()
	before, pair := w.crmWrites, w.pair()
	pair.Untold = []cosell.Problem{{Code: "conflict.resolved", Field: cosell.Notes, Place: cosell.InCRM, Warn: true, Once: true, Text: "Description was changed on both sides"}}
	for range 2 {
		pair.Version = w.pair().Version
		if _, err := w.memory.Save(ctx, pair); err != nil {
			t.Fatal(err)
		}
		w.deliver(func() error {
			return w.flow.FromOpportunity(flow.WithTrace(ctx, "12345678"), toldOf("opportunity", deal, "Update"))
		})
	}
	if n := w.lines(deal, "changed on both sides"); n != 1 || w.crmWrites != before+1 || len(w.pair().Untold) != 0 {
		t.Errorf("told %d times, %d writes, still to tell %v", n, w.crmWrites-before, w.pair().Untold)
	}
}

// Whose clock is ahead of the one that read the feed has not waited longer for that.
func TestWhatAFeedHasShownIsWaitedForByTheClockOfItsSystem(t *testing.T) {
	for name, edit := range map[string]func(w *world){
		"CRM":            func(w *world) { w.user(cosell.Record{cosell.DealValue: "250"}) },
		"Partner Center": func(w *world) { w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "250"}) },
	} {
		w := newWorld(t)
		w.timed = true
		w.private(nil)
		w.events()
		w.now = w.now.Add(time.Minute)
		w.crmLag, w.pcLag = 40*time.Second, 40*time.Second
		edit(w)
		if err := w.flow.Reconcile(ctx); err != nil {
			t.Fatal(err)
		}
		w.skew = 10 * time.Minute
		w.drain()
		w.skew = 0
		if p, d := w.own()[0].Record[cosell.DealValue], w.opportunities[deal].Record[cosell.DealValue]; p != "250" || d != "250" {
			t.Errorf("%s: the edit is lost: %s in Partner Center, %s in the CRM", name, p, d)
		}
		w.silent()
	}
}
