package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// inMemory is an app without systems.
func inMemory() (*App, *queue.Memory) {
	sent, now := queue.InMemory(), func() time.Time { return noon }
	a := &App{Role: All, Tenant: "acme", Version: "v1", Now: now, NewID: func() string { return "id" }, Log: slog.New(slog.DiscardHandler),
		Ledger: ledger.InMemory(now), watch: newWatch(now)}
	a.Sender = watched{sent, a.watch}
	return a, sent
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*App, *queue.Memory)
		says    string
	}{
		"all well": {func(*App, *queue.Memory) {}, ""},
		"parked":   {func(a *App, _ *queue.Memory) { _ = a.Ledger.Park(context.Background(), ledger.Parked{ID: "x"}) }, "parked"},
		"lost webhook": {func(a *App, _ *queue.Memory) {
			_ = a.Ledger.SaveRegistration(context.Background(), `{"registered":true}`)
		}, "somebody else's"},
		"our webhook": {func(a *App, _ *queue.Memory) {
			_ = a.Ledger.SaveRegistration(context.Background(), `{"registered":true,"ours":true,"complete":true}`)
		}, ""},
		"waiting": {func(a *App, _ *queue.Memory) { a.watch.waits("referral|r", noon.Add(-2*time.Hour)) }, "waiting"},
		"done": {func(a *App, _ *queue.Memory) {
			a.watch.waits("referral|r", noon.Add(-2*time.Hour))
			a.watch.Ended("f", "referral|r", noon, nil)
		}, ""},
		"no rights": {func(a *App, _ *queue.Memory) { a.watch.Ended("f", "x", noon, fault.New(fault.Denied, "sign in again")) }, "sign in again"},
		"no queue": {func(a *App, q *queue.Memory) {
			q.Fail(errors.New("away"))
			_ = a.Sender.Send(context.Background(), queue.Message{})
		}, "queue"},
	} {
		a, q := inMemory()
		c.trouble(a, q)
		h := a.Health(t.Context())
		if h.OK != (c.says == "") || !strings.Contains(strings.Join(h.Problems, ";"), c.says) {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestHealthAsksTheStoresSeldom(t *testing.T) {
	a, _ := inMemory()
	_ = a.Health(t.Context())
	if err := a.Ledger.Park(t.Context(), ledger.Parked{ID: "x"}); err != nil {
		t.Fatal(err)
	}
	if h := a.Health(t.Context()); h.Parked != 0 {
		t.Error("asked again at once")
	}
	now := noon.Add(16 * time.Second)
	a.Now = func() time.Time { return now }
	if h := a.Health(t.Context()); h.Parked != 1 {
		t.Error("never asked again")
	}
}

func TestPortComesFromTheHost(t *testing.T) {
	if got := portOf([]string{"A=b", "FUNCTIONS_CUSTOMHANDLER_PORT=7071"}); got != "7071" {
		t.Error(got)
	}
	if got := portOf(nil); got != "8080" {
		t.Error(got)
	}
}

func TestNothingIsCalledBeforeItIsNeeded(t *testing.T) {
	began := time.Now()
	a, err := New(environ(laptop(t)), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody listens at any of the laptop's ports: a call would have failed, or taken its time.
	if took := time.Since(began); took > time.Second || a.WebhookURL != "https://localhost:7400/api/partnercenterwebhook/default" {
		t.Errorf("%s, %s", took, a.WebhookURL)
	}
}
