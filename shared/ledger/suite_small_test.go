package ledger

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestIntentIsOwnedByOne(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		i := cosell.Intent{OpportunityID: uuid.NewString(), Target: "own", Attempt: 1, RequestID: "r1", Sent: true, Doubted: noon, GaveUp: []string{"f"},
			Base: cosell.Base{Referral: cosell.Record{"name": "b"}}, Earlier: []cosell.Base{{Referral: cosell.Record{"name": "a"}, Opportunity: cosell.Record{"name": "o"}}}}
		before, err := l.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first, err := l.PutIntent(t.Context(), i)
		if err != nil || first.Version == "" || first.At.Before(before) || first.At.After(before.Add(10*time.Second)) {
			t.Fatalf("%v %+v, the store's time was %s", err, first, before)
		}
		if len(first.GaveUp) != 1 || first.Base.Referral["name"] != "b" || len(first.Earlier) != 1 || first.Earlier[0].Opportunity["name"] != "o" {
			t.Errorf("remembered is %+v", first)
		}
		_, err = l.PutIntent(t.Context(), i)
		wantKind(t, err, fault.Conflict)
		got, ok, err := l.Intent(t.Context(), i.OpportunityID, "own")
		if diff := cmp.Diff(first, got); !ok || err != nil || diff != "" {
			t.Errorf("%v %v %s", ok, err, diff)
		}
		if _, ok, _ := l.Intent(t.Context(), i.OpportunityID, "microsoft"); ok {
			t.Error("the targets are one")
		}
		second := first
		second.Attempt, second.Sent = 2, false
		second, err = l.PutIntent(t.Context(), second)
		if err != nil || second.Version == first.Version || second.At.Before(first.At) {
			t.Fatalf("%v %+v", err, second)
		}
		_, err = l.PutIntent(t.Context(), first)
		wantKind(t, err, fault.Conflict)
		wantKind(t, l.DropIntent(t.Context(), first), fault.Conflict)
		if err := l.DropIntent(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if err := l.DropIntent(t.Context(), second); err != nil {
			t.Errorf("gone already: %v", err)
		}
		if _, ok, err := l.Intent(t.Context(), i.OpportunityID, "own"); ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
	})
}

func TestSmallThingsAreRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		if _, ok, err := l.Solution(ctx, "row"); ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
		if v, err := l.Cursor(ctx, "opportunity"); v != "" || err != nil {
			t.Errorf("%q %v", v, err)
		}
		if v, err := l.Registration(ctx); v != "" || err != nil {
			t.Errorf("%q %v", v, err)
		}
		link := "https://org.crm4.dynamics.com/…/opportunities?$deltatoken='x'#" + strings.Repeat("é", 70_000)
		for _, err := range []error{
			l.SaveSolution(ctx, "ROW/1?#\\", "opp"), l.SaveCursor(ctx, "opportunity", link), l.SaveCursor(ctx, "opportunity", link+"2"),
			l.SaveRegistration(ctx, `{"url":"x"}`), l.SaveRegistration(ctx, `{"url":"y"}`),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if v, ok, err := l.Solution(ctx, "row/1?#\\"); v != "opp" || !ok || err != nil {
			t.Errorf("%q %v %v", v, ok, err)
		}
		if v, err := l.Cursor(ctx, "opportunity"); v != link+"2" || err != nil {
			t.Errorf("cursor of %d bytes, %v", len(v), err)
		}
		if v, err := l.Registration(ctx); v != `{"url":"y"}` || err != nil {
			t.Errorf("%q %v", v, err)
		}
	})
}

func TestReportsAreKeptByDayAndDroppedByAge(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		long := strings.Repeat("é", 100_000)
		for _, day := range []string{"2026-10-26", "2026-10-27", "2026-11-26"} {
			if err := l.SaveReport(ctx, day, day+long); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.SaveReport(ctx, "2026-11-26", "again"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.DropReports(ctx, "2026-10-27"); err != nil {
				t.Fatal(err)
			}
		}
		for day, want := range map[string]string{"2026-10-26": "", "2026-10-27": "2026-10-27" + long, "2026-11-26": "again", "2026-11-25": ""} {
			if got, ok, err := l.Report(ctx, day); got != want || ok != (want != "") || err != nil {
				t.Errorf("%s: %d bytes, %v %v", day, len(got), ok, err)
			}
		}
	})
}

func TestTheLastLookInShadowIsKeptOfEachRecord(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		first := cosell.Shadowed{OpportunityID: "o-1", Would: []string{"create referral: name"}, At: noon}
		linked := cosell.Shadowed{OpportunityID: "o-1", ReferralID: "r-1", At: noon.Add(time.Hour)}
		other := cosell.Shadowed{OpportunityID: "o-2", Problems: []string{"too.large"}, At: noon}
		for _, s := range []cosell.Shadowed{first, first, other, linked, linked} {
			if err := l.SaveShadowed(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		look := func() (out []cosell.Shadowed) {
			if err := l.ShadowRows(ctx, func(s cosell.Shadowed) bool { out = append(out, s); return true }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		if diff := cmp.Diff([]cosell.Shadowed{other, linked}, look()); diff != "" {
			t.Error(diff)
		}
		if err := l.DropShadowed(ctx, noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]cosell.Shadowed{linked}, look()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatTheShadowKnowsOfAPairIsNoRowOfIt(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		p := cosell.Pair{OpportunityID: "o-1", ReferralID: "r-1", Phase: cosell.Linked, Base: cosell.Base{Referral: cosell.Record{cosell.Notes: strings.Repeat("n", 40_000)}, Opportunity: cosell.Record{cosell.Name: "Deal"}}}
		for range 2 {
			if err := l.SaveWatched(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		got, ok, err := l.Watched(ctx, "o-1")
		if diff := cmp.Diff(p, got); !ok || err != nil || diff != "" {
			t.Errorf("%v %v %s", ok, err, diff)
		}
		if _, ok, err := l.Watched(ctx, "o-2"); ok || err != nil {
			t.Errorf("one that was never seen: %v %v", ok, err)
		}
		for _, find := range []func() (cosell.Pair, bool, error){func() (cosell.Pair, bool, error) { return l.Find(ctx, "o-1") }, func() (cosell.Pair, bool, error) { return l.FindByReferral(ctx, "r-1") }} {
			if _, ok, err := find(); ok || err != nil {
				t.Errorf("in earnest there is a pair: %v %v", ok, err)
			}
		}
		if err := l.DropWatched(ctx); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := l.Watched(ctx, "o-1"); ok || err != nil {
			t.Errorf("it is still known: %v %v", ok, err)
		}
	})
}

func TestParkedMessagesAreKeptOldestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		if n, _, err := l.CountParked(ctx); n != 0 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
		newer := Parked{ID: "a", Kind: "invalid", Reason: "no id", Function: "solutionssync", Attempt: 2, Original: json.RawMessage(`{"v":1}`), Trace: "t", At: noon.Add(time.Hour)}
		older := newer
		older.ID, older.At = "b", noon
		for _, p := range []Parked{newer, older, newer} {
			if err := l.Park(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		got, err := l.Parked(ctx, 10)
		if diff := cmp.Diff([]Parked{older, newer}, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if n, oldest, err := l.CountParked(ctx); n != 2 || oldest.ID != got[0].ID || err != nil {
			t.Errorf("%d %v", n, err)
		}
		if got, err := l.Parked(ctx, 1); len(got) != 1 || got[0].ID != "b" || err != nil {
			t.Errorf("%v %v", got, err)
		}
		if err := l.Unpark(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if err := l.Unpark(ctx, "a"); err != nil {
			t.Errorf("gone already: %v", err)
		}
		if n, _, _ := l.CountParked(ctx); n != 1 {
			t.Errorf("%d left", n)
		}
	})
}

func TestAllPairsAreListed(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		want := map[string]bool{}
		for range 5 {
			p := saved(t)(l.Save(t.Context(), samplePair(), cosell.Entry{At: noon}))
			want[p.OpportunityID] = true
		}
		n := 0
		if err := l.Pairs(t.Context(), func(p cosell.Pair) bool { delete(want, p.OpportunityID); n++; return true }); err != nil || len(want) != 0 || n != 5 {
			t.Errorf("%v, %d of 5, missing %v", err, n, want)
		}
		n = 0
		if err := l.Pairs(t.Context(), func(cosell.Pair) bool { n++; return false }); err != nil || n != 1 {
			t.Errorf("%v, %d after a no", err, n)
		}
	})
}

func TestR77_ARowThatKeepsATimeIsDueAndHoldsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		p := cosell.Pair{OpportunityID: uuid.NewString(), Phase: cosell.Linked,
			Held: []cosell.Held{{Place: cosell.InPartnerCenter, Field: cosell.Status, Class: cosell.OfRule, Code: "answer.due", Quiet: true, Since: at, Next: at.Add(time.Hour)}}}
		if _, err := l.Save(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		for after, want := range map[time.Duration]int{59 * time.Minute: 0, time.Hour: 1} {
			due, err := l.Due(t.Context(), at.Add(after))
			n := 0
			for _, id := range due {
				if id == p.OpportunityID {
					n++
				}
			}
			if err != nil || n != want {
				t.Errorf("after %s: %v, due %d times", after, err, n)
			}
		}
		if err := l.HeldRows(t.Context(), func(h HeldRow) bool {
			if h.OpportunityID == p.OpportunityID {
				t.Errorf("listed as held: %+v", h)
			}
			return true
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// A row that only a later version can read is left alone, and what it is about waits.
func TestARowOfALaterSchemaWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		p, err := l.Save(ctx, cosell.Pair{OpportunityID: uuid.NewString(), ReferralID: uuid.NewString(), Phase: cosell.Linked,
			Held: []cosell.Held{{Place: cosell.InCRM, Field: cosell.Name, Code: "x", Next: noon}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.SaveCursor(ctx, "referral", "1"); err != nil {
			t.Fatal(err)
		}
		for _, k := range []string{key("o", p.OpportunityID), key("c", "referral"), heldKey(p, p.Held[0])} {
			if _, err := l.rows.write(ctx, stateTable, op{kind: put, key: k, props: map[string]string{"V": "3", "Newer": "kept"}}); err != nil {
				t.Fatal(err)
			}
		}
		_, known, found := l.Find(ctx, p.OpportunityID)
		_, _, byReferral := l.FindByReferral(ctx, p.ReferralID)
		_, cursor := l.Cursor(ctx, "referral")
		p.Version = ""
		_, saved := l.Save(ctx, p)
		for name, err := range map[string]error{"Find": found, "FindByReferral": byReferral, "Cursor": cursor, "Save": saved} {
			if fault.ClassOf(err) != fault.Ours || fault.Of(err).Code != CodeNewer || fault.Decide(err, 0, 0, 0).Verdict != fault.Repeat {
				t.Errorf("%s: %v", name, err)
			}
		}
		if known {
			t.Error("half of it was read")
		}
		if due, err := l.Due(ctx, noon); len(due) != 0 || err != nil {
			t.Errorf("due %v %v", due, err)
		}
		r, _, err := l.rows.get(ctx, stateTable, key("o", p.OpportunityID))
		if err != nil || r.props["V"] != "3" || r.props["Newer"] != "kept" {
			t.Errorf("%v %v", err, r.props)
		}
	})
}
