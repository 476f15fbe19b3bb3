package flow_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// Partner Center says yes to a change and keeps what it had: that is told once, held, and tried again by schedule; nothing is said to
// have been done. Once it takes it the two are in step.
func TestWhatPartnerCenterPassesOverIsHeldAndToldOnce(t *testing.T) {
	for name, passed := range map[string]cosell.Record{
		"A value": {cosell.Notes: "theirs"}, "Money": {cosell.DealValue: "250", cosell.Currency: "USD"},
		"A changed member": {"solutions/SOL-1": `{"name":"A"}`}, "A new member": {cosell.Solutions: "2", "solutions/SOL-2": "{}"},
		"A removed member": {cosell.Contacts: "1", "contacts/bob": ""}, "A closing": {cosell.Status: cosell.Lost},
	} {
		w := newWorld(t)
		first := shownColumns()
		maps.Copy(first, cosell.Record{cosell.Notes: "n", cosell.Contacts: "2", "contacts/bob": `{"email":"bob@x"}`})
		w.lastSync = "quiet"
		w.restart()
		w.private(first)
		w.events()
		kept := w.own()[0].Record.Clone()
		last := w.opportunities[deal].Record[cosell.LastSync]
		w.afterPCPut = func(r cosell.Record) {
			maps.DeleteFunc(r, func(f cosell.Field, _ string) bool { _, had := kept[f]; return !had })
			maps.Copy(r, kept)
		}
		w.now = w.now.Add(time.Minute)
		w.user(passed)
		w.events()
		row := w.opportunities[deal].Record
		h := w.pair().Held
		if len(h) != 1 || h[0].Code != "value.ignored" || h[0].Place != cosell.InPartnerCenter || h[0].Attempts != 1 {
			t.Errorf("%s: held %+v", name, h)
		}
		if row[cosell.Mark] != cosell.MarkFailed || row[cosell.State] != cosell.StateFailed || w.lines(deal, "to Partner Center: value.ignored: Partner Center answered yes and kept its own") != 1 || row[cosell.LastSync] != last {
			t.Errorf("%s: CRM shows %v", name, row)
		}
		if e := w.trail()[slices.IndexFunc(w.trail(), func(e cosell.Entry) bool { return e.Direction == cosell.ToPartnerCenter && e.Action == "updated" })]; !strings.HasPrefix(e.Result, "ok, value.ignored ") {
			t.Errorf("%s: the trail says %+v", name, e)
		}
		puts := w.puts
		w.silent()
		w.later(10 * time.Minute)
		if w.puts != puts {
			t.Errorf("%s: asked %d times before it was due", name, w.puts-puts)
		}
		w.later(time.Hour)
		if after := w.opportunities[deal].Record; w.puts != puts+1 || !maps.Equal(after, row) {
			t.Errorf("%s: after a retry, of which there were %d, CRM shows\n%v and not\n%v", name, w.puts-puts, after, row)
		}
		w.silent()
		w.afterPCPut = nil
		w.later(48 * time.Hour)
		o := w.opportunities[deal].Record
		if len(w.pair().Held) != 0 || o[cosell.Mark] != cosell.MarkOK || w.lines(deal, "in step again") != 1 {
			t.Errorf("%s: not healed: held %+v, CRM %v", name, w.pair().Held, o)
		}
		for f, v := range passed {
			if got := w.own()[0].Record[f]; got != v && f != cosell.Solutions && f != cosell.Contacts {
				t.Errorf("%s: Partner Center has %s = %q", name, f, got)
			}
		}
		w.silent()
	}
}

// Of one request some is taken and some is not: the one is agreed, the other is held.
func TestWhatPartnerCenterTakesBesideWhatItPassesOverIsAgreed(t *testing.T) {
	w := newWorld(t)
	w.private(cosell.Record{cosell.Notes: "n"})
	w.events()
	w.afterPCPut = func(r cosell.Record) { r[cosell.Notes] = "n" }
	w.user(cosell.Record{cosell.Notes: "note", cosell.DealValue: "250"})
	w.events()
	p := w.pair()
	if p.Base.Referral[cosell.DealValue] != "250" || p.Base.Opportunity[cosell.DealValue] != "250" || p.Base.Opportunity[cosell.Notes] != "n" || len(p.Held) != 1 || p.Held[0].Field != cosell.Notes {
		t.Errorf("agreed %v, held %+v", p.Base, p.Held)
	}
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "300"})
	w.events()
	if got := w.opportunities[deal].Record[cosell.DealValue]; got != "300" {
		t.Errorf("CRM has %s", got)
	}
	w.silent()
}

// An acceptance that did not take the name along is one all the same: the name alone is held.
func TestAnAcceptanceIsNotHeldByWhatItDidNotTakeAlong(t *testing.T) {
	w := newWorld(t)
	id, o := w.inbound()
	name := w.referrals[id].Record[cosell.Name]
	w.afterPCPut = func(r cosell.Record) { r[cosell.Name] = name }
	w.userOf(o, cosell.Record{cosell.Status: cosell.Open, cosell.Name: "Ours"})
	w.events()
	pair, _, err := w.memory.Find(ctx, o)
	if err != nil || w.referrals[id].Record[cosell.Status] != cosell.Accepted || w.lines(o, "accepted the referral") != 1 || len(pair.Held) != 1 || pair.Held[0].Field != cosell.Name || pair.Base.Referral[cosell.Status] != cosell.Accepted {
		t.Errorf("%v: held %+v, CRM %v", err, pair.Held, w.opportunities[o].Record)
	}
	w.silent()
}

// What Partner Center spells in its own way it has taken, also where that is what it said before; of a list that its answer does not
// say nothing is known.
func TestWhatPartnerCenterSpellsInItsOwnWayIsNotPassedOver(t *testing.T) {
	for name, tt := range map[string]struct {
		before, sent cosell.Record
		makes        func(cosell.Record)
	}{
		"Trimmed":    {nil, cosell.Record{cosell.Notes: " n "}, func(r cosell.Record) { r[cosell.Notes] = strings.TrimSpace(r[cosell.Notes]) }},
		"Capitals":   {cosell.Record{cosell.Notes: "N"}, cosell.Record{cosell.Notes: "n"}, func(r cosell.Record) { r[cosell.Notes] = strings.ToUpper(r[cosell.Notes]) }},
		"Rounded":    {nil, cosell.Record{cosell.DealValue: "100.4"}, func(r cosell.Record) { r[cosell.DealValue] = "100" }},
		"Cut again":  {cosell.Record{cosell.Notes: "abcdef"}, cosell.Record{cosell.Notes: "abcxyz"}, func(r cosell.Record) { r[cosell.Notes] = "abc" }},
		"Another":    {nil, cosell.Record{cosell.Notes: "theirs"}, func(r cosell.Record) { r[cosell.Notes] = "other" }},
		"A member":   {nil, cosell.Record{"solutions/SOL-1": `{"price":"10.4"}`}, func(r cosell.Record) { r["solutions/SOL-1"] = `{"price":"10"}` }},
		"Other name": {nil, cosell.Record{cosell.Contacts: "2", "contacts/Bob": `{"email":"Bob"}`}, func(r cosell.Record) { delete(r, "contacts/Bob"); r["contacts/bob"] = `{"email":"Bob"}` }},
		"Unsaid": {nil, cosell.Record{cosell.Contacts: "2", "contacts/Bob": `{"email":"Bob"}`}, func(r cosell.Record) {
			delete(r, cosell.Contacts)
			delete(r, "contacts/ada")
			delete(r, "contacts/Bob")
		}},
	} {
		w := newWorld(t)
		first := cosell.Record{cosell.Notes: "n"}
		maps.Copy(first, tt.before)
		w.private(cosell.Record{cosell.Notes: "first", "solutions/SOL-1": `{"price":"10"}`})
		w.events()
		if tt.before != nil {
			w.afterPCPut = tt.makes
		}
		w.user(first)
		w.events()
		w.afterPCPut = tt.makes
		w.now = w.now.Add(time.Minute)
		w.user(tt.sent)
		w.events()
		if o := w.opportunities[deal].Record; len(w.pair().Held) != 0 || w.lines(deal, "value.ignored") != 0 || o[cosell.Mark] != cosell.MarkOK {
			t.Errorf("%s: held %+v, CRM %v", name, w.pair().Held, o)
		}
	}
}

// A value that Partner Center has passed over keeps its deal from being closed as won, also when its time has come again: it is asked
// for by itself, and won waits for the answer, a day at most.
func TestWonWaitsForAValueThatIsPassedOver(t *testing.T) {
	for name, tt := range map[string]struct {
		value cosell.Record
		takes time.Duration // when Partner Center does take it
		want  string
	}{
		"Taken at last":   {cosell.Record{cosell.DealValue: "250"}, 2 * time.Hour, "250"},
		"Never taken":     {cosell.Record{cosell.DealValue: "250"}, 100 * time.Hour, "100"},
		"A date as well":  {cosell.Record{cosell.DealValue: "250", cosell.ClosingDate: "2026-12-01"}, 100 * time.Hour, "100"},
		"The date itself": {cosell.Record{cosell.ClosingDate: "2026-12-01"}, 100 * time.Hour, "100"},
	} {
		w := newWorld(t)
		w.private(nil)
		w.events()
		kept := w.own()[0].Record.Only(cosell.DealValue, cosell.Currency, cosell.ClosingDate)
		w.afterPCPut = func(r cosell.Record) { maps.Copy(r, kept) }
		w.user(tt.value)
		w.events()
		start := w.now
		w.now = w.now.Add(5 * time.Minute)
		w.user(cosell.Record{cosell.Status: cosell.Won})
		for retry := false; w.now.Sub(start) < 26*time.Hour; retry = true { // the schedule's
			if w.now.Sub(start) > tt.takes {
				w.afterPCPut = nil
			}
			err := w.flow.FromOpportunity(ctx, flow.Hint{Kind: "opportunity", ID: deal, Retry: retry})
			status, waits := w.own()[0].Record[cosell.Status], w.now.Sub(start) <= min(tt.takes, 24*time.Hour-time.Second)
			if waits && (status != cosell.Accepted || !fault.Is(err, fault.Later) || w.lines(deal, "closing as won waits until") != 1 || w.lines(deal, "final") != 0) || !waits && (status != cosell.Won || err != nil) {
				t.Fatalf("%s: after %s %v: Partner Center is %s, CRM %v", name, w.now.Sub(start), err, status, w.opportunities[deal].Record)
			}
			w.now = w.now.Add(15 * time.Minute)
		}
		final := 0
		if tt.takes > 24*time.Hour {
			final = len(tt.value)
		}
		if r := w.own()[0].Record; r[cosell.DealValue] != tt.want || w.lines(deal, "it is now final") != final || len(w.pair().Held) != 0 {
			t.Errorf("%s: at last Partner Center has %v, CRM %v, held %+v", name, r, w.opportunities[deal].Record, w.pair().Held)
		}
		w.silent()
	}
}

// What is passed over in a run that takes its changes to pieces keeps won back too, which was not sent yet.
func TestWonWaitsForWhatIsPassedOverBeforeIt(t *testing.T) {
	w := newWorld(t)
	w.private(cosell.Record{cosell.Notes: "n"})
	w.events()
	w.afterPCPut = func(r cosell.Record) { r[cosell.DealValue] = "100" }
	w.refusePCBy = func(v cosell.Record) error {
		if v[cosell.Notes] != "" {
			return fault.New(fault.Refused, "no")
		}
		return nil
	}
	w.user(cosell.Record{cosell.Notes: "bad", cosell.DealValue: "250", cosell.Status: cosell.Won})
	err := w.flow.FromOpportunity(ctx, flow.Hint{Kind: "opportunity", ID: deal})
	if status := w.own()[0].Record[cosell.Status]; status != cosell.Accepted || !fault.Is(err, fault.Later) || w.lines(deal, "closing as won waits until") != 1 {
		t.Errorf("%v: Partner Center is %s, CRM %v", err, status, w.opportunities[deal].Record)
	}
}
