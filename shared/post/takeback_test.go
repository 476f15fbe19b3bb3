package post

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// What an older version parked for not knowing it is this version's work; what can never work stays for a person.
func TestWhatAnOlderVersionDidNotKnowIsTakenBack(t *testing.T) {
	o, sent, parked, _ := office()
	lead := queue.Pointer{V: 1, Tenant: "acme", Kind: queue.Lead, ID: "l1", Why: "Create", Seen: noon, Trace: "t-1"}
	whole, _ := json.Marshal(lead)
	const unknown = `a pointer to a "lead" does not belong on opportunity-changed, which carries [opportunity account contact]`
	other, strange := lead, lead
	other.Tenant, strange.Kind = "other", "invoice"
	of := func(p queue.Pointer) json.RawMessage { body, _ := json.Marshal(p); return body }
	for id, row := range map[string]ledger.Parked{
		"taken":          {Kind: "invalid", Reason: unknown, Original: whole},
		"another format": {Kind: "invalid", Reason: "pointer has version 2, this program reads 1 to 1", Original: whole},
		"another cause":  {Kind: "invalid", Reason: "the base in row o|1 is damaged", Original: whole},
		"another kind":   {Kind: "broken", Reason: unknown, Original: whole},
		"unknown still":  {Kind: "invalid", Reason: unknown, Original: of(strange)},
		"of nobody":      {Kind: "invalid", Reason: unknown, Original: of(other)},
		"of a later one": {Kind: "invalid", Reason: unknown, Original: json.RawMessage(`{"v":3,"tenant":"acme","seen":"2026-11-22T12:00:00Z"}`)},
	} {
		row.ID, row.Queue, row.Session, row.At = id, "opportunity-changed", "acme|l1", noon
		if err := parked.Park(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	sent.Fail(errors.New("away"))
	if err := o.TakeBack(t.Context()); err == nil {
		t.Error("it was not sent, and nobody hears of it")
	}
	sent.Fail(nil)
	if err := o.TakeBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := queue.Message{Queue: queue.OpportunityChanged, Session: "acme|l1", Pointer: lead}
	want.Pointer.Late = true
	if diff := cmp.Diff([]queue.Message{want, want}, sent.Take()); diff != "" {
		t.Error(diff)
	}
	left, err := parked.Parked(t.Context(), 10)
	if err != nil || len(left) != 5 {
		t.Errorf("%d are left: %v %v", len(left), left, err)
	}
	if err := o.TakeBack(t.Context()); err != nil || len(sent.Take()) != 0 {
		t.Errorf("taken twice: %v", err)
	}
}

// Many rows that wait for a person stand before none that this version knows, and so many of these as come at once leave in as many passes.
func TestWhatStaysParkedKeepsNothingBackThatIsTakenBack(t *testing.T) {
	o, sent, parked, _ := office()
	lead := queue.Pointer{V: 1, Tenant: "acme", Kind: queue.Lead, ID: "l1", Why: "Create", Seen: noon, Trace: "t-1"}
	body, _ := json.Marshal(lead)
	park := func(id, kind string, at time.Time) {
		t.Helper()
		err := parked.Park(t.Context(), ledger.Parked{ID: id, Kind: kind, Reason: "pointer has version 2, this program reads 1 to 1", Queue: "opportunity-changed", Session: "acme|l1", Original: body, At: at})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range mostTakenBack {
		park(fmt.Sprint("a stays ", i), "broken", noon)
	}
	for i := range mostTakenBack + 1 {
		park(fmt.Sprint("b comes ", i), "invalid", noon.Add(time.Hour))
	}
	for pass, want := range []int{mostTakenBack, 1, 0} {
		if err := o.TakeBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(sent.Take()); got != want {
			t.Errorf("pass %d: %d were taken back, want %d", pass+1, got, want)
		}
	}
	if n, _, err := parked.CountParked(t.Context()); n != mostTakenBack || err != nil {
		t.Errorf("%d stay: %v", n, err)
	}
}
