package cosell

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asks plays a system that says no for so long, looked at every five minutes, and gives the moments at which it
// was asked.
func asks(l *life, field Field, place Place, long time.Duration) []time.Duration {
	var out []time.Duration
	start := l.now
	no := func(atom Record) bool {
		if _, asked := atom[field]; asked {
			out = append(out, l.now.Sub(start).Round(time.Minute))
			return l.now.Sub(start) < long
		}
		return false
	}
	if l.refusePC = no; place == InCRM {
		l.refusePC, l.refuseCRM = nil, no
	}
	for at := time.Duration(0); at <= long+2*day; at += 5 * time.Minute {
		l.now = start.Add(at - time.Second) // run takes the second
		l.run(0)
	}
	return out
}

// What is refused is asked again after a quarter of an hour, doubling to a day, on either side; and arrives
// with the first try after the end of the refusal.
func TestR126_WhenARefusedValueIsAskedAgain(t *testing.T) {
	m := time.Minute
	want := []time.Duration{0, 15 * m, 45 * m, 105 * m, 225 * m, 465 * m, 945 * m, 1905 * m, 1905*m + day, 1905*m + 2*day, 1905*m + 3*day}
	for name, tt := range map[string]struct {
		place Place
		edit  func(*life)
		field Field
	}{
		"ByPartnerCenter":       {InPartnerCenter, func(l *life) { l.types(InCRM, "mine") }, Name},
		"ByCRM":                 {InCRM, func(l *life) { l.types(InPartnerCenter, "theirs") }, Name},
		"ARemovalByCRM":         {InCRM, func(l *life) { l.portal(Record{Notes: ""}) }, Notes},
		"AMemberOfAList":        {InPartnerCenter, func(l *life) { l.seller(Record{"solutions/SOL-2": "{}"}) }, "solutions/SOL-2"},
		"AmountAndCurrencyByPC": {InPartnerCenter, func(l *life) { l.seller(Record{DealValue: "7", Currency: "USD"}) }, DealValue},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(withCurrency(), Name)
			tt.edit(l)
			got := asks(l, tt.field, tt.place, 4*day)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if len(l.row.Held) != 0 || len(l.row.Told) != 0 {
				t.Errorf("it arrived, and is held: %+v", l.row.Held)
			}
			if n := count(l.told, func(s string) bool { return s == "to "+whom(tt.place)+": no: no" }); n != 1 {
				t.Errorf("the refusal is told %d times: %q", n, l.told)
			}
			if n := count(l.told, func(s string) bool { return s == "to "+whom(tt.place)+": in step again" }); n != 1 {
				t.Errorf("its end is told %d times: %q", n, l.told)
			}
		})
	}
}

func whom(p Place) string { return p.direction()[len("to "):] }

func count(lines []string, is func(string) bool) (n int) {
	for _, l := range lines {
		if is(l) {
			n++
		}
	}
	return n
}

// A new value is another question: it is asked at once, and its own schedule begins anew.
func TestR126_ANewValueBeginsAnew(t *testing.T) {
	l := newLife(withCurrency(), Name)
	l.refusePC = func(atom Record) bool { _, ok := atom[Name]; return ok }
	l.types(InCRM, "mine")
	l.run(0)
	l.now = l.now.Add(15 * time.Minute)
	l.run(0)
	if h, _ := l.row.HeldAt(InPartnerCenter, Name); h.Attempts != 2 || !h.Next.Equal(l.now.Add(30*time.Minute)) {
		t.Fatalf("%+v", h)
	}
	since := l.row.Held[0].Since
	l.types(InCRM, "better")
	l.run(0)
	if h, _ := l.row.HeldAt(InPartnerCenter, Name); h.Attempts != 1 || !h.Next.Equal(l.now.Add(15*time.Minute)) || !h.Since.Equal(since) {
		t.Errorf("%+v", h)
	}
}

// A record that cannot be made at all is tried at every look for an hour, then like anything else.
func TestR126_WhenARecordThatCannotBeMadeIsTriedAgain(t *testing.T) {
	whole := Problem{Code: "no", Field: Whole, Place: InCRM, Class: OfRecord, Text: "no", Value: "print", Sent: true}
	pair := Pair{OpportunityID: "o", ReferralID: "r", Phase: Making}
	var got []time.Duration
	for at := time.Duration(0); at <= 4*day; at += 5 * time.Minute {
		if now := noon.Add(at); at == 0 || due(pair, now) {
			got = append(got, at/time.Minute)
			pair = pair.Lacks([]Problem{whole}, now, Side{})
		}
	}
	want := []time.Duration{0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 75, 105, 165, 285, 525, 1005, 1965, 3405, 4845}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if pair.Phase != Lacking || pair.Held[0].Attempts != len(want) {
		t.Errorf("%s, held %+v", pair.Phase, pair.Held)
	}
}

// Redelivered events, of whatever kind, release nothing that is held: decision 12.
func TestI29_AThousandEventsAskNothing(t *testing.T) {
	l := newLife(withCurrency(), Name)
	no := func(atom Record) bool { return true }
	l.refusePC, l.refuseCRM = no, no
	l.types(InCRM, "mine")
	l.portal(Record{DealValue: "7"})
	l.run(0)
	asked, audit := l.asked, l.d[Audit]
	l.refuseCRM = func(atom Record) bool { _, words := atom[Audit]; return !words }
	for range 1000 {
		l.now = l.now.Add(-time.Second) // the same moment
		l.run(0)
	}
	if l.asked != asked || l.d[Audit] != audit {
		t.Errorf("%d more questions, %q", l.asked-asked, l.told)
	}
	if got := heldCodes(l.row.Held); !slices.Equal(got, []string{"no"}) || len(l.row.Held) != 2 {
		t.Errorf("held %+v", l.row.Held)
	}
}
