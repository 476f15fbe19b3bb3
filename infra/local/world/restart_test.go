package world

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func durable(t *testing.T) *World {
	t.Helper()
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Emulators: layout.Emulators(), App: standInApp(t), State: t.TempDir(), Durable: true,
		Settings: map[string]string{playHandler: "answer"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestEmulatorsStartAgainBehindTheirPorts(t *testing.T) {
	w := durable(t)
	c := table(t, w)
	host := w.Local().Host.Control
	again := func(r control.Restart) {
		t.Helper()
		if status, answer := ask(t, http.MethodPost, host+"/restart", r); status != http.StatusOK {
			t.Fatalf("%+v: %d %v", r, status, answer)
		}
	}
	first, err := c.UpsertEntity(t.Context(), row("one"), nil)
	if err != nil {
		t.Fatal(err)
	}
	again(control.Restart{Part: partTables})
	kept, err := c.GetEntity(t.Context(), "p", "r", nil)
	if err != nil || kept.ETag != first.ETag {
		t.Errorf("%v %v, before it was %v", err, kept.ETag, first.ETag)
	}
	again(control.Restart{Part: partTables, Empty: true})
	if _, err := c.GetEntity(t.Context(), "p", "r", nil); statusOf(err) != http.StatusNotFound {
		t.Errorf("emptied tables hold the row: %v", err)
	}
	if status, answer := ask(t, http.MethodPost, host+"/clock", control.Clock{Advance: "73h"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	again(control.Restart{Part: partServiceBus, Empty: true})
	var broker struct{ Now time.Time }
	if err := w.askBroker(t.Context(), http.MethodGet, "/clock", nil, &broker); err != nil || broker.Now.Sub(w.clock.now()).Abs() > time.Minute {
		t.Errorf("%v: the broker's clock shows %s, that of the world %s", err, broker.Now, w.clock.now())
	}
	if status, answer := ask(t, http.MethodGet, host+"/restart", nil); status != http.StatusOK || answer["restarts"] != 3.0 {
		t.Errorf("%d %v", status, answer)
	}
}

// The write is on its way and not there yet when the store goes down: it is done once, in the store that comes.
func TestTablesStartAgainAtACall(t *testing.T) {
	w := durable(t)
	c := table(t, w)
	host := w.Local().Host.Control
	at := control.Restart{Part: partTables, After: &control.KillAfter{Host: hostTables, Method: http.MethodPatch, Point: string(control.Before)}}
	for range 2 { // the first is taken back
		if status, answer := ask(t, http.MethodDelete, host+"/restart", nil); status != http.StatusOK {
			t.Fatalf("%d %v", status, answer)
		}
		if status, answer := ask(t, http.MethodPost, host+"/restart", at); status != http.StatusOK {
			t.Fatalf("%d %v", status, answer)
		}
	}
	first := w.azurite.PID()
	for range 2 {
		if _, err := c.UpsertEntity(t.Context(), row("one"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if w.azurite.PID() == first || w.restarts.Load() != 1 {
		t.Errorf("%d restarts", w.restarts.Load())
	}
	if _, err := c.GetEntity(t.Context(), "p", "r", nil); err != nil {
		t.Error(err)
	}
}

func TestWrongRestartsAreExplained(t *testing.T) {
	w := standing(t)
	for want, r := range map[string]control.Restart{
		"use tables or servicebus":             {Part: "vault"},
		`in memory alone, say \"empty\": true`: {Part: partServiceBus},
		"the tables are kept in memory alone":  {Part: partTables},
		"use before, committed or answered":    {Part: partTables, Empty: true, After: &control.KillAfter{Point: "later"}},
	} {
		status, answer := ask(t, http.MethodPost, w.Local().Host.Control+"/restart", r)
		if said, _ := answer["error"].(string); status != http.StatusBadRequest || !strings.Contains(said, strings.ReplaceAll(want, `\"`, `"`)) {
			t.Errorf("%+v: %d %v", r, status, answer)
		}
	}
}
