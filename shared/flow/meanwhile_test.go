package flow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// A change of the referral is on its way while another process keeps the pair, which read both sides as they were before: whatever that one
// keeps, what gave way to the change is told, and what was written is nobody's edit.
func TestI25_AWriteOnItsWaySurvivesWhatAnotherProcessKeeps(t *testing.T) {
	const solution = "aaaaaaaa-0000-4000-8000-000000000001"
	unlisted := func(w *world) (listed func()) {
		o := w.opportunities[deal]
		rows, children, record := o.Rows, o.Children, o.Record
		o.Rows, o.Children, o.Record = nil, nil, after(o.Record, cosell.Record{"solutions/SOL-1": ""})
		w.opportunities[deal] = o
		return func() {
			o := w.opportunities[deal]
			o.Rows, o.Children, o.Record = rows, children, record
			w.opportunities[deal] = o
		}
	}
	for name, c := range map[string]struct {
		meanwhile func(w *world, other *flow.Flow)
		value     string
	}{
		"a doubt": {func(w *world, other *flow.Flow) {
			listed := unlisted(w)
			_ = other.FromReferral(ctx, told(w.own()[0].ID, "referral-updated"))
			listed()
		}, "300"},
		"a doubt of who asks in CRM": {func(w *world, other *flow.Flow) {
			listed := unlisted(w)
			_ = other.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
			listed()
		}, "300"},
		"that it was taken back": {func(w *world, other *flow.Flow) {
			w.now = w.now.Add(time.Second)
			w.user(cosell.Record{cosell.DealValue: "100"})
			_ = other.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		}, "250"},
		"that both were": {func(w *world, other *flow.Flow) {
			w.now = w.now.Add(time.Second)
			w.user(cosell.Record{cosell.DealValue: "250"})
			_ = other.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		}, "250"},
	} {
		for _, dies := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, dies %v", name, dies), func(t *testing.T) {
				w := newWorld(t)
				w.private(nil)
				o := w.opportunities[deal]
				o.Rows, o.Children, o.Version = []string{solution}, []cosell.Side{{ID: solution, Version: "1"}}, w.nextVersion()
				w.opportunities[deal] = o
				w.opportunityChanged()
				w.now = w.now.Add(time.Minute)
				w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "250", "solutions/SOL-2": "{}"}) // the opportunity is read for a list
				w.now = w.now.Add(time.Minute)
				w.user(cosell.Record{cosell.DealValue: "300"})
				slow := w.flow
				w.restart()
				w.refusePCBy = func(cosell.Record) error {
					w.refusePCBy = nil
					c.meanwhile(w, w.flow)
					if dies {
						w.dieAt = w.calls + 1 // when it is made
					}
					return nil
				}
				_ = w.run(func() error { return slow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
				if w.died != dies {
					t.Fatal("it has not died after the change was made")
				}
				w.events()
				r, row := w.own()[0].Record[cosell.DealValue], w.opportunities[deal].Record
				if r != c.value || row[cosell.DealValue] != c.value || c.value == "300" && strings.Count(row[cosell.Audit], `"250"`) != 1 {
					t.Errorf("Partner Center has %s, CRM %s: %s", r, row[cosell.DealValue], row[cosell.Audit])
				}
				w.silent()
			})
		}
	}
}

// A change of the referral is on its way, and the referral is changed elsewhere before it arrives: another process sees the note of it and a newer
// referral without it, and waits for whoever noted it. Where that one has died, it goes on after half a minute, and tells the loser.
func TestI26_AWriteThatWillNotArriveIsLeftToWhoeverMadeIt(t *testing.T) {
	for _, dies := range []bool{false, true} {
		w := newWorld(t)
		w.private(nil)
		own, before := w.own()[0].ID, w.own()[0].Record[cosell.DealValue]
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.DealValue: "300"})
		slow := w.flow
		w.restart()
		var other error
		w.refusePCBy = func(cosell.Record) error {
			w.refusePCBy = nil
			w.now = w.now.Add(time.Second)
			w.portal(own, cosell.Record{cosell.Notes: "portal"})
			other = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
			if dies {
				panic(crash{})
			}
			return nil
		}
		_ = w.run(func() error { return slow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
		if !fault.Is(other, fault.Later) || w.opportunities[deal].Record[cosell.DealValue] != "300" {
			t.Errorf("dies %v: the other process answers %v, CRM has %s", dies, other, w.opportunities[deal].Record[cosell.DealValue])
		}
		noted := w.now
		w.events()
		want, told := "300", 0
		if dies {
			want, told = before, 1
		}
		r, row := w.own()[0].Record, w.opportunities[deal].Record
		if r[cosell.DealValue] != want || row[cosell.DealValue] != want || row[cosell.Notes] != "portal" || strings.Count(row[cosell.Audit], `"300"`) != told {
			t.Errorf("dies %v: Partner Center has %s, CRM %s and notes %q, want %s: %s", dies, r[cosell.DealValue], row[cosell.DealValue], row[cosell.Notes], want, row[cosell.Audit])
		}
		if waited := w.now.Sub(noted); dies && waited > time.Minute {
			t.Errorf("the value of a process that died is guessed after %s", waited)
		}
		w.silent()
	}
}

// While a change of the referral is on its way the pair is unlinked by another process, which sees nothing of it yet: what gives way to
// the change is told with the end, as possible.
func TestI25_AWriteOnItsWayIsToldOfWithAnEnd(t *testing.T) {
	for _, dies := range []bool{false, true} {
		w := newWorld(t)
		w.private(nil)
		own := w.own()[0].ID
		w.now = w.now.Add(time.Minute)
		w.portal(own, cosell.Record{cosell.DealValue: "250"})
		w.now = w.now.Add(time.Minute)
		w.userOf(deal, cosell.Record{cosell.DealValue: "300"})
		slow := w.flow
		w.restart()
		w.refusePCBy = func(cosell.Record) error {
			w.refusePCBy = nil
			if err := w.flow.Unlink(ctx, deal); err != nil {
				t.Fatal(err)
			}
			if dies {
				w.dieAt = w.calls + 1 // when it is made
			}
			return nil
		}
		_ = w.run(func() error { return slow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
		w.events()
		o := w.opportunities[deal].Record
		if v := w.referrals[own].Record[cosell.DealValue]; v != "300" || o[cosell.ReferralID] != "" || w.died != dies || strings.Count(o[cosell.Audit], `"250"`) != 1 {
			t.Errorf("dies %v: Partner Center has %s, the row names %q, Audit:\n%s", dies, v, o[cosell.ReferralID], o[cosell.Audit])
		}
		w.silent()
	}
}

// A referral has news, and before its pair is held fast for that a new engagement has taken its place: the former one stays as it is, and
// says nothing of the deal any more.
func TestI1_NewsOfAReferralThatWasGivenUpMeanwhile(t *testing.T) {
	w := newWorld(t)
	old := w.declined()
	w.portal(old, cosell.Record{cosell.Notes: "old news"})
	w.found = func() {
		w.asks(cosell.ActAsk)
		w.drain()
		w.userOf(deal, cosell.Record{cosell.Notes: "for the new one"})
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(old, "referral-updated")) })
	w.events()
	o := w.opportunities[deal].Record
	if now := o[cosell.ReferralID]; now == old || o[cosell.Notes] != "for the new one" || w.referrals[now].Record[cosell.Notes] != o[cosell.Notes] || w.referrals[old].Record[cosell.Notes] != "old news" {
		t.Errorf("CRM %q, the new referral %q, the former one %q", o[cosell.Notes], w.referrals[now].Record[cosell.Notes], w.referrals[old].Record[cosell.Notes])
	}
	w.silent()
}

// So it is where an operator has linked the deal with another referral meanwhile: the first one is looked for anew.
func TestI1_NewsOfAReferralThatIsLinkedElsewhereMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	old := w.own()[0].ID
	other := portalDeal(w, nil)
	w.portal(old, cosell.Record{cosell.Notes: "old news"})
	w.found = func() {
		w.operates(w.flow.Unlink(ctx, deal))
		w.operates(w.flow.Link(ctx, deal, other))
	}
	if err := w.run(func() error { return w.flow.FromReferral(ctx, told(old, "referral-updated")) }); !fault.Is(err, fault.Conflict) {
		t.Errorf("it counts: %v", err)
	}
	if o := w.opportunities[deal].Record; o[cosell.ReferralID] != other || o[cosell.Notes] == "old news" {
		t.Errorf("the row names %s, its notes are %q", o[cosell.ReferralID], o[cosell.Notes])
	}
}
