package ledger

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// The text of Audit is kept for thirty days after its last line, and its hash for ever.
func TestR117_TheCopyOfAuditLivesThirtyDays(t *testing.T) {
	at := noon
	clock := func() time.Time { return at }
	for name, open := range map[string]func(*testing.T) *Ledger{
		"memory": func(*testing.T) *Ledger { return InMemory(clock) },
		"table":  func(t *testing.T) *Ledger { return openTable(t, Config{Now: clock}) },
	} {
		t.Run(name, func(t *testing.T) {
			at = noon
			l := open(t)
			text := strings.Repeat("who said what\n", 800)
			p := samplePair()
			p.Base.Opportunity[cosell.Audit] = text
			p = saved(t)(l.Save(t.Context(), p))
			find := func() cosell.Pair {
				t.Helper()
				got, ok, err := l.Find(t.Context(), p.OpportunityID)
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				return got
			}
			for days, kept := range map[int]bool{29: true, 31: false} {
				at = noon.Add(time.Duration(days) * 24 * time.Hour)
				if got := find().Base.Opportunity[cosell.Audit]; (got == text) != kept || !kept && got != cosell.Digested(text) {
					t.Errorf("after %d days it is %.40q", days, got)
				}
			}
			at = noon.Add(29 * 24 * time.Hour)
			saved(t)(l.Save(t.Context(), find())) // for another reason: that is no new line
			at = noon.Add(31 * 24 * time.Hour)
			if got := find(); got.Base.Opportunity[cosell.Audit] != cosell.Digested(text) || !got.AuditIsLost() {
				t.Error("a save for another reason has prolonged it")
			}
			if raw := l.raw(t, p.OpportunityID); !strings.Contains(raw, "who said what") {
				t.Fatal("nobody has taken it away yet")
			}
			if err := l.DropCopies(t.Context()); err != nil {
				t.Fatal(err)
			}
			if raw := l.raw(t, p.OpportunityID); strings.Contains(raw, "who said what") {
				t.Error("it is still in the table")
			}
			p = find()
			p.Base.Opportunity[cosell.Audit] = "a new line\n" + text
			saved(t)(l.Save(t.Context(), p))
			if got := find().Base.Opportunity[cosell.Audit]; got != "a new line\n"+text {
				t.Errorf("a new line begins a new time: %.40q", got)
			}
		})
	}
}

// raw is everything that the row of a pair holds.
func (l *Ledger) raw(t *testing.T, opportunityID string) string {
	r, ok, err := l.rows.get(t.Context(), stateTable, key("o", opportunityID))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var b strings.Builder
	for name, v := range r.props {
		b.WriteString(name + "=" + v + "\n")
	}
	return b.String()
}

// barred is a sealer whose key may be away.
type barred struct{ away bool }

func (b *barred) Seal(_ context.Context, text string) (string, bool) {
	return "sealed:" + rot(text), !b.away
}
func (b *barred) Open(_ context.Context, sealed string) (string, bool) {
	return rot(strings.TrimPrefix(sealed, "sealed:")), !b.away
}

func rot(s string) string {
	return strings.Map(func(r rune) rune { return r ^ 1 }, s)
}

// In the table stands nothing to read; without the key a pair is found all the same, and its Audit is lost.
func TestR117_NobodyReadsTheCopyInTheTable(t *testing.T) {
	key := &barred{}
	l := openTable(t, Config{Sealer: key})
	p := samplePair()
	p.Base.Opportunity[cosell.Audit] = "who said what"
	p = saved(t)(l.Save(t.Context(), p))
	if raw := l.raw(t, p.OpportunityID); strings.Contains(raw, "who said what") || !strings.Contains(raw, "sealed:") {
		t.Errorf("the row holds %q", raw)
	}
	for _, away := range []bool{false, true} {
		key.away = away
		got, ok, err := l.Find(t.Context(), p.OpportunityID)
		if err != nil || !ok || got.AuditIsLost() != away || !away && got.Base.Opportunity[cosell.Audit] != "who said what" {
			t.Errorf("key away %v: %v %v %+v", away, ok, err, got.Base.Opportunity)
		}
	}
	p.Base.Opportunity[cosell.Audit] = "a line"
	p = saved(t)(l.Save(t.Context(), p))
	if raw := l.raw(t, p.OpportunityID); strings.Contains(raw, "sealed:") || strings.Contains(raw, "a line") {
		t.Errorf("without a key it is kept: %q", raw)
	}
}
