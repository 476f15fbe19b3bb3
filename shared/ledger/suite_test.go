package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// onBoth runs a test on the store in memory and on the real one: they are one to the flows.
func onBoth(t *testing.T, test func(t *testing.T, l *Ledger)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, InMemory(time.Now))
	})
	t.Run("table", func(t *testing.T) {
		t.Parallel()
		test(t, openTable(t, Config{}))
	})
}

func openTable(t *testing.T, c Config) *Ledger {
	t.Helper()
	c.ConnectionString, c.Tenant = azurite.ConnectionString(), uuid.NewString()
	l, err := OpenTable(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

func samplePair() cosell.Pair {
	return cosell.Pair{
		OpportunityID: uuid.NewString(), ReferralID: uuid.NewString(), MicrosoftID: uuid.NewString(), EngagementID: uuid.NewString(),
		Phase: cosell.Linked, OpportunityVersion: `W/"4711"`, Told: []string{"contact.missing", "solution.missing"}, Sheet: "s1", Rows: []string{"row"}, Connected: []string{"tie"}, Posted: []string{"p"}, Registered: "r", Touched: noon,
		HeldUntil: noon.Add(time.Hour), LastSuccess: noon, Columns: noon.Add(-time.Hour), Seen: map[string]cosell.Sight{"r": {Modified: noon, Versions: []string{"1", "2"}, Unexplained: "2"}},
		LeftAlone: []cosell.Field{cosell.Notes, cosell.Name},
		Held:      []cosell.Held{{Place: cosell.InCRM, Field: cosell.Currency, Class: cosell.OfRecord, Code: "currency.unknown", Text: "no such currency", Since: noon, Next: noon.Add(time.Minute), Attempts: 1}},
		Untold:    []cosell.Problem{{Code: "conflict.resolved", Field: cosell.Name, Text: "gave way", Once: true, Warn: true}},
		Sending:   &cosell.Sending{Place: cosell.InPartnerCenter, Version: "1", New: cosell.Record{cosell.Name: "x"}, At: noon},
		Base: cosell.Base{
			Referral:    cosell.Record{cosell.Name: "Contoso's 'deal' ✓", cosell.Notes: strings.Repeat("🙂é", 40_000), cosell.Contacts: "1"},
			Opportunity: cosell.Record{cosell.Name: "", cosell.DealValue: "1000.5"},
		},
	}
}

// saved takes the two results of Save.
func saved(t *testing.T) func(cosell.Pair, error) cosell.Pair {
	return func(p cosell.Pair, err error) cosell.Pair {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("error %v, want a %v", err, want)
	}
}

func TestSavedPairIsFoundByEveryID(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := samplePair()
		p.Version = saved(t)(l.Save(t.Context(), p)).Version
		if p.Version == "" {
			t.Error("no version")
		}
		for id, find := range map[string]func() (cosell.Pair, bool, error){
			"opportunity":  func() (cosell.Pair, bool, error) { return l.Find(t.Context(), p.OpportunityID) },
			"upper case":   func() (cosell.Pair, bool, error) { return l.Find(t.Context(), strings.ToUpper(p.OpportunityID)) },
			"own referral": func() (cosell.Pair, bool, error) { return l.FindByReferral(t.Context(), p.ReferralID) },
			"microsoft's":  func() (cosell.Pair, bool, error) { return l.FindByReferral(t.Context(), p.MicrosoftID) },
			"engagement":   func() (cosell.Pair, bool, error) { return l.FindByEngagement(t.Context(), p.EngagementID) },
		} {
			got, ok, err := find()
			if diff := cmp.Diff(p, got); err != nil || !ok || diff != "" {
				t.Errorf("%s: %v %v %s", id, ok, err, diff)
			}
		}
		if _, ok, err := l.Find(t.Context(), uuid.NewString()); ok || err != nil {
			t.Errorf("unknown opportunity: %v %v", ok, err)
		}
		if _, ok, err := l.FindByReferral(t.Context(), p.OpportunityID); ok || err != nil {
			t.Errorf("unknown referral: %v %v", ok, err)
		}
	})
}

func TestOnlyTheFirstOfTwoSavesWins(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		first, err := l.Save(t.Context(), samplePair())
		if err != nil {
			t.Fatal(err)
		}
		again := first
		again.Version = ""
		_, err = l.Save(t.Context(), again)
		wantKind(t, err, fault.Conflict)

		second := first
		second.Phase = cosell.Ended
		second, err = l.Save(t.Context(), second)
		if err != nil || second.Version == first.Version {
			t.Fatalf("%v, version %q", err, second.Version)
		}
		_, err = l.Save(t.Context(), first)
		wantKind(t, err, fault.Conflict)
		got, _, err := l.Find(t.Context(), first.OpportunityID)
		if got.Phase != cosell.Ended || got.Version != second.Version {
			t.Errorf("%v %+v", err, got)
		}
	})
}

func TestSavedVersionCanBeSavedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := cosell.Pair{OpportunityID: uuid.NewString(), Phase: cosell.Lacking, Told: []string{"contact.missing"}}
		p = saved(t)(l.Save(t.Context(), p))
		p.ReferralID, p.Phase, p.Told = uuid.NewString(), cosell.Linked, nil
		p = saved(t)(l.Save(t.Context(), p, cosell.Entry{At: noon, Action: "created"}))
		p.EngagementID = uuid.NewString()
		p = saved(t)(l.Save(t.Context(), p))
		got, ok, err := l.FindByEngagement(t.Context(), p.EngagementID)
		if diff := cmp.Diff(p, got); !ok || err != nil || diff != "" {
			t.Errorf("%v %v %s", ok, err, diff)
		}
	})
}

func TestRecordOfAnotherPairIsNotTaken(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		mine := saved(t)(l.Save(t.Context(), samplePair()))
		for _, steal := range []func(*cosell.Pair){
			func(p *cosell.Pair) { p.ReferralID = mine.ReferralID },
			func(p *cosell.Pair) { p.ReferralID = mine.MicrosoftID },
			func(p *cosell.Pair) { p.EngagementID = mine.EngagementID },
		} {
			other := samplePair()
			steal(&other)
			_, err := l.Save(t.Context(), other, cosell.Entry{At: noon, Action: "created"})
			wantKind(t, err, fault.Refused)
			if _, ok, _ := l.Find(t.Context(), other.OpportunityID); ok {
				t.Error("half of the transaction was written")
			}
			if entries, _ := l.Audit(t.Context(), other.OpportunityID, 10); len(entries) != 0 {
				t.Error("the audit was written")
			}
			// Nor by a pair that exists already.
			existing := saved(t)(l.Save(t.Context(), samplePair()))
			steal(&existing)
			_, err = l.Save(t.Context(), existing)
			wantKind(t, err, fault.Refused)
		}
		if got, ok, err := l.FindByReferral(t.Context(), mine.ReferralID); !ok || err != nil || got.OpportunityID != mine.OpportunityID {
			t.Errorf("the link was lost: %v %v", ok, err)
		}
	})
}

func TestReferralThatAPairLetsGoIsNoLongerFound(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := saved(t)(l.Save(t.Context(), samplePair()))
		old := p.ReferralID
		p.ReferralID = uuid.NewString()
		p = saved(t)(l.Save(t.Context(), p))
		if _, ok, err := l.FindByReferral(t.Context(), old); ok || err != nil {
			t.Errorf("old referral: %v %v", ok, err)
		}
		if got, ok, err := l.FindByReferral(t.Context(), p.ReferralID); !ok || err != nil || got.OpportunityID != p.OpportunityID {
			t.Errorf("new referral: %v %v", ok, err)
		}
		other := samplePair()
		other.ReferralID = old
		saved(t)(l.Save(t.Context(), other))
	})
}

func TestLostRowsAreHealed(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := saved(t)(l.Save(t.Context(), samplePair()))
		drop := func(key string) {
			t.Helper()
			if _, err := l.rows.write(t.Context(), stateTable, op{kind: remove, key: key}); err != nil {
				t.Fatal(err)
			}
		}
		drop(key("r", p.ReferralID))
		p = saved(t)(l.Heal(t.Context(), p))
		if _, ok, err := l.FindByReferral(t.Context(), p.ReferralID); !ok || err != nil {
			t.Errorf("the link is still lost: %v %v", ok, err)
		}
		// The pair's own row lost: its links are still there, and stay its own.
		drop(key("o", p.OpportunityID))
		if _, ok, err := l.FindByReferral(t.Context(), p.ReferralID); ok || err != nil {
			t.Errorf("a pair without its row: %v %v", ok, err)
		}
		p.Version = ""
		p = saved(t)(l.Save(t.Context(), p))
		// A link that is to go is gone already.
		drop(key("r", p.ReferralID))
		p.ReferralID = uuid.NewString()
		saved(t)(l.Save(t.Context(), p))
	})
}

func TestUnknownPropertiesSurvive(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := saved(t)(l.Save(t.Context(), samplePair()))
		version, _ := splitVersion(p.Version)
		if _, err := l.rows.write(t.Context(), stateTable, op{kind: put, key: key("o", p.OpportunityID), version: version, props: map[string]string{"Newer": "kept", "V": "2"}}); err != nil {
			t.Fatal(err)
		}
		p, _, err := l.Find(t.Context(), p.OpportunityID)
		if err != nil {
			t.Fatal(err)
		}
		p.Base.Referral[cosell.Notes] = "short" // fewer chunks than before
		p = saved(t)(l.Save(t.Context(), p))
		r, _, _ := l.rows.get(t.Context(), stateTable, key("o", p.OpportunityID))
		got, _, err := l.Find(t.Context(), p.OpportunityID)
		if r.props["Newer"] != "kept" || err != nil || got.Base.Referral[cosell.Notes] != "short" {
			t.Errorf("%v %v", r.props["Newer"], err)
		}
	})
}

// A save whose answer is lost is followed by a note of the same entries, and nobody knows whether they stand there already.
func TestAnEntryThatIsNotedTwiceIsOneRow(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := samplePair()
		made, wrote, refused := cosell.Entry{At: noon, Action: "created", ID: "1"}, cosell.Entry{At: noon, Action: "updated", ID: "2"}, cosell.Entry{At: noon, Action: "refused", ID: "3"}
		saved(t)(l.Save(t.Context(), p, made, wrote, refused))
		if err := l.Note(t.Context(), p.OpportunityID, cosell.Entry{}, wrote, refused); err != nil {
			t.Fatal(err)
		}
		got, err := l.Audit(t.Context(), p.OpportunityID, 10)
		if err != nil || len(got) != 3 || got[0].Action != "refused" || got[2].Action != "created" {
			t.Errorf("%v %v", err, got)
		}
		another := wrote
		another.ID = "4" // of the same moment, in the same words
		if err := l.Note(t.Context(), p.OpportunityID, cosell.Entry{}, another); err != nil {
			t.Fatal(err)
		}
		if got, err := l.Audit(t.Context(), p.OpportunityID, 10); err != nil || len(got) != 4 {
			t.Errorf("%v %v", err, got)
		}
	})
}

func TestAuditIsNewestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := samplePair()
		p = saved(t)(l.Save(t.Context(), p, cosell.Entry{At: noon, Direction: "to CRM", Action: "created", Fields: []cosell.Field{cosell.Name, cosell.DealValue}, Result: "done", Trace: "t1"}))
		later := cosell.Entry{At: noon.Add(time.Second), Action: "updated"}
		if err := l.Note(t.Context(), p.OpportunityID, later, cosell.Entry{At: noon.Add(time.Second), Action: "refused", Result: strings.Repeat("x", 100_000)}); err != nil {
			t.Fatal(err)
		}
		if err := l.Note(t.Context(), uuid.NewString(), later); err != nil {
			t.Fatal(err)
		}
		got, err := l.Audit(t.Context(), p.OpportunityID, 10)
		if err != nil || len(got) != 3 || got[0].Action != "refused" || got[1].Action != "updated" || got[2].Action != "created" {
			t.Fatalf("%v %v", err, got)
		}
		if len(got[0].Result) > maxUnits+3 || !strings.HasSuffix(got[0].Result, "…") {
			t.Errorf("a long result is cut with a mark, not %d bytes", len(got[0].Result))
		}
		if diff := cmp.Diff(cosell.Entry{At: noon, Direction: "to CRM", Action: "created", Fields: []cosell.Field{cosell.Name, cosell.DealValue}, Result: "done", Trace: "t1", ID: got[2].ID}, got[2]); diff != "" {
			t.Error(diff)
		}
		if got, err := l.Audit(t.Context(), p.OpportunityID, 1); len(got) != 1 || err != nil {
			t.Errorf("limit: %v %v", got, err)
		}
		many := make([]cosell.Entry, 250)
		for i := range many {
			many[i] = cosell.Entry{At: noon, Action: fmt.Sprint(i)}
		}
		if err := l.Note(t.Context(), p.OpportunityID, many...); err != nil {
			t.Fatal(err)
		}
		if got, err := l.Audit(t.Context(), p.OpportunityID, 1000); len(got) != 253 || err != nil {
			t.Errorf("%d entries, %v", len(got), err)
		}
	})
}

func TestMarkWritesThePairAloneAndUnderItsVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		p := saved(t)(l.Save(t.Context(), samplePair()))
		p.Sending = &cosell.Sending{Place: cosell.InCRM, At: noon}
		held := func() string {
			r, _, err := l.rows.get(t.Context(), stateTable, heldKey(p, p.Held[0]))
			if err != nil {
				t.Fatal(err)
			}
			return r.version
		}
		before := held()
		marked, err := l.Mark(t.Context(), p)
		if err != nil || marked.Version == p.Version {
			t.Fatalf("%v, version %q", err, marked.Version)
		}
		if held() != before {
			t.Error("the row of what is held was written too")
		}
		if _, err := l.Mark(t.Context(), p); !fault.Is(err, fault.Conflict) {
			t.Errorf("an older version was marked: %v", err)
		}
		marked = saved(t)(l.Save(t.Context(), marked))
		got, ok, err := l.FindByReferral(t.Context(), marked.ReferralID)
		if diff := cmp.Diff(marked, got); !ok || err != nil || diff != "" {
			t.Errorf("%v %v %s", ok, err, diff)
		}
		fresh := cosell.Pair{OpportunityID: uuid.NewString(), ReferralID: uuid.NewString(), Phase: cosell.Making}
		if _, err := l.Mark(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := l.FindByReferral(t.Context(), fresh.ReferralID); !ok || err != nil {
			t.Errorf("a new pair is not found by its referral: %v", err)
		}
	})
}
