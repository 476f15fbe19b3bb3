package demo_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

func TestHealthShowsTheVersionOfThePackage(t *testing.T) {
	t.Parallel()
	w := open(t, world.Options{})
	answer, err := w.Ask(t.Context(), http.MethodGet, "/api/health", nil)
	if err != nil || !strings.Contains(string(answer), `"`+packagedVersion+`"`) {
		t.Errorf("%s, %v: the package was stamped with %q", answer, err, packagedVersion)
	}
}

// D10 wins a deal 71 hours after its acceptance, an hour too early.
func TestWaitOfHoursIsOneScheduledMessageAndEndsWithTheClock(t *testing.T) {
	t.Parallel()
	w := open(t, world.Options{})
	var steps []demo.Step
	for _, s := range demo.Steps() {
		if s.ID == "D1" || s.ID == "D10" {
			steps = append(steps, s)
		}
	}
	play(t, w, steps)
	var won time.Time            // when the event of the win was handed to the function
	var early, later []time.Time // and when copies came: one for all events that want the same of the deal
	for _, e := range historyOf(t, w.Local().ServiceBus.Control) {
		if e.Method != "receive" || e.URL != "/opportunity-changed" {
			continue
		}
		if won.IsZero() && strings.Contains(e.RequestBody, `:"Win"`) {
			won = e.At
		}
		switch wait := e.At.Sub(won); {
		case won.IsZero() || !strings.Contains(e.RequestBody, `"late":true`):
		case wait < 50*time.Minute:
			early = append(early, e.At)
		case wait <= 3*time.Hour:
			later = append(later, e.At)
		}
	}
	if won.IsZero() || len(early) > 0 || len(later) == 0 {
		t.Errorf("the deal that was won at %s was looked at again at %v and %v instead of an hour later", won, early, later)
	}
}

func TestRemoteCallsPerChangeStayAtTheirCeilings(t *testing.T) {
	t.Parallel()
	w := open(t, world.Options{})
	var said strings.Builder
	report, err := demo.CountCalls(t.Context(), w.Local(), &said)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Rows {
		if !r.Held() || r.Calls == 0 {
			t.Errorf("%+v", r)
		}
	}
	for _, name := range []string{"new from CRM, private", "new from CRM, co-sell", "changed in CRM, linked", "new from Partner Center",
		"changed in Partner Center, linked", "reconcile, nothing changed", "preview of a pair in step", "preview of a pair that was changed in CRM",
		"adopt --plan, all lists", "adopt --yes, each record that comes in", "new lead from Partner Center", "lead edited in CRM", "lead edited in Partner Center",
		"lead accepted in the portal", "lead qualified in CRM", "lead disqualified in CRM"} {
		if !strings.Contains(said.String(), name) {
			t.Errorf("nothing is said of %s:\n%s", name, said.String())
		}
	}
	file := filepath.Join(t.TempDir(), "reports", "calls.json")
	if err := report.Write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`"rows"`, `"case"`, `"calls"`, `"writes"`, `"ceiling"`} {
		if !strings.Contains(string(text), name) {
			t.Errorf("calls.json lacks %s", name)
		}
	}
}
