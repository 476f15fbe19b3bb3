package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func (w *world) plugin(body string) {
	w.Helper()
	w.ctl("POST", "/plugins", body).is(200)
}

// TestPluginsChangeWhatIsStored: a 204 says nothing about the value that stands there afterwards.
func TestPluginsChangeWhatIsStored(t *testing.T) {
	for _, c := range []struct{ plugin, body, column, want string }{
		{`{"table":"opportunity","column":"name","do":"trim"}`, `{"name":"  A   deal "}`, "name", "A deal"},
		{`{"table":"opportunity","column":"name","do":"upper"}`, `{"name":"a deal"}`, "name", "A DEAL"},
		{`{"table":"opportunity","column":"name","do":"prefix","to":"✓ "}`, `{"name":"A deal"}`, "name", "✓ A deal"},
		{`{"table":"opportunity","column":"name","do":"prefix","to":"✓ "}`, `{"name":"✓ A deal"}`, "name", "✓ A deal"},
		{`{"table":"opportunity","column":"estimatedvalue","do":"round","to":1000}`, `{"estimatedvalue":1499.5}`, "estimatedvalue", "1000"},
		{`{"table":"opportunity","column":"estimatedvalue","do":"round","to":1000}`, `{"estimatedvalue":-1500}`, "estimatedvalue", "-2000"},
		{`{"table":"opportunity","do":"default","columns":{"description":"none"}}`, `{"name":"x"}`, "description", "none"},
		{`{"table":"opportunity","do":"default","columns":{"description":"none"}}`, `{"description":"own"}`, "description", "own"},
		{`{"table":"opportunity","column":"name","do":"set","columns":{"salesstage":2,"parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"}}`, `{"name":"x"}`, "_parentaccountid_value", dataversesim.AccountID},
	} {
		t.Run(c.plugin+c.body, func(t *testing.T) {
			w := newWorld(t)
			w.plugin(c.plugin)
			id := w.create("opportunities", c.body)
			if got := w.do("GET", "opportunities("+id+")", "").json[c.column]; fmt.Sprint(got) != c.want {
				t.Errorf("created: %s is %v, want %s", c.column, got, c.want)
			}
			people := w.ctl("POST", "/user", `{"do":"create","table":"opportunity","columns":`+c.body+`}`).is(200).json["id"].(string)
			if got := w.do("GET", "opportunities("+people+")", "").json[c.column]; fmt.Sprint(got) != c.want {
				t.Errorf("created by a person: %s is %v, want %s", c.column, got, c.want)
			}
		})
	}
}

func TestPluginsRunOnUpdatesAndAreNamedInEvents(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity(`"description":"mine","salesstage":1`)
	w.deliver(200)
	w.plugin(`{"table":"opportunity","column":"name","do":"set","columns":{"description":"theirs"},"times":1}`)
	w.plugin(`{"table":"opportunity","column":"salesstage","do":"keep"}`)
	w.do("PATCH", "opportunities("+id+")", `{"name":"x","salesstage":3}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"name": "x", "description": "theirs", "salesstage": 1})
	events := w.deliver(200)
	if len(events) != 1 || pair(t, target(t, events[0])["Attributes"], "description") != "theirs" {
		t.Errorf("the event does not name what the plug-in set: %s", messages(events))
	}
	w.do("PATCH", "opportunities("+id+")", `{"name":"y","description":"mine"}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"description": "mine"})
	w.ctl("DELETE", "/plugins", "").is(200)
	w.do("PATCH", "opportunities("+id+")", `{"salesstage":3}`).is(204)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"salesstage": 3})
}

// Somebody else's flow edits the row that was just written.
func TestAutomationAnswersAWrite(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.deliver(200)
	w.plugin(`{"table":"opportunity","column":"estimatedvalue","do":"answer","columns":{"description":"checked","estimatedvalue":7}}`)
	first := w.do("PATCH", "opportunities("+id+")", `{"estimatedvalue":5}`).is(204).header.Get("Sim-After")
	r := w.do("GET", "opportunities("+id+")", "").has(map[string]any{"description": "checked", "estimatedvalue": 7, "_modifiedby_value": dataversesim.CloserID})
	if r.header.Get("ETag") == first {
		t.Error("the answer is no write of its own")
	}
	if got := messages(w.deliver(200)); got != "Update opportunity, Update opportunity" {
		t.Errorf("events: %s", got)
	}
	w.do("PATCH", "opportunities("+id+")", `{"name":"x"}`).is(204)
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("a write of another column was answered: %s", got)
	}
	w.do("PATCH", "opportunities("+id+")", `{"estimatedvalue":5,"bogus":1}`).is(400)
	if got := messages(w.deliver(200)); got != "" {
		t.Errorf("a refused write was answered: %s", got)
	}
}

func TestAutomationAnswersAfterAWhile(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.plugin(`{"table":"opportunity","column":"name","do":"answer","columns":{"description":"late"},"after":"10s"}`)
	w.do("PATCH", "opportunities("+id+")", `{"name":"x"}`).is(204)
	w.deliver(200)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"description": nil})
	if at, due := w.sim.Next(); !due || !at.Equal(w.now().Add(10*time.Second)) {
		t.Errorf("next %v %v, want in 10 s", at, due)
	}
	w.advance(10 * time.Second)
	w.deliver(200)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"description": "late"})
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("events of the answer: %s", got)
	}
}

func TestPluginCallsAreStrict(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"table":"oportunity","do":"trim","column":"name"}`:                       "there is no table",
		`{"table":"opportunity","do":"trim","column":"nam"}`:                       "no column",
		`{"table":"opportunity","do":"trim","column":"estimatedvalue"}`:            "text column",
		`{"table":"opportunity","do":"upper"}`:                                     "text column",
		`{"table":"opportunity","do":"round","column":"estimatedvalue"}`:           "above 0",
		`{"table":"opportunity","do":"prefix","column":"name"}`:                    "needs to",
		`{"table":"opportunity","do":"keep"}`:                                      "needs a column",
		`{"table":"opportunity","do":"set"}`:                                       "needs columns",
		`{"table":"opportunity","do":"set","columns":{"nam":1}}`:                   "nam",
		`{"table":"opportunity","do":"answer","columns":{"name":"x"},"after":"x"}`: "duration",
		`{"table":"opportunity","do":"explode"}`:                                   "use trim",
		`{"table":"opportunity","do":"keep","column":"name","times":-1}`:           "times",
		`{"table":"opportunity","do":"keep","column":"name","tims":1}`:             "tims",
	} {
		if r := w.ctl("POST", "/plugins", body).is(400); !strings.Contains(r.text, want) {
			t.Errorf("%s: %s, want %q", body, r.text, want)
		}
	}
}
