package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
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

func delivered(p queue.Pointer) funchost.Delivery {
	body, _ := json.Marshal(p)
	return funchost.Delivery{Queue: "solutions-changed", Session: "acme|opp", MessageID: "m-1", Body: body}
}

func somePointer() queue.Pointer {
	return queue.Pointer{V: 1, Tenant: "acme", Kind: queue.Solution, ID: "row", Parent: "opp", Reason: "Update", Seen: noon.Add(-time.Minute), Attempt: 2, Trace: "t-1"}
}

func TestRepeatIsACopyInTheSameSession(t *testing.T) {
	a, sent := inMemory()
	p := somePointer()
	for _, counts := range []bool{true, false} {
		if err := (outcomes{a}).Repeat(t.Context(), delivered(p), 20*time.Second, counts); err != nil {
			t.Fatal(err)
		}
		want := queue.Message{Queue: queue.SolutionsChanged, Session: "acme|opp", Pointer: p, At: noon.Add(20 * time.Second)}
		if counts {
			want.Pointer.Attempt = 3
		}
		if diff := cmp.Diff([]queue.Message{want}, sent.Take()); diff != "" {
			t.Error(diff)
		}
	}
	sent.Fail(errors.New("away"))
	if err := (outcomes{a}).Repeat(t.Context(), delivered(p), time.Second, true); err == nil {
		t.Error("the message would be lost")
	}
}

func TestParkedMessageKeepsAllThereIs(t *testing.T) {
	a, _ := inMemory()
	cause := fault.New(fault.Invalid, "no such thing")
	broken := funchost.Delivery{Queue: "referral-changed", MessageID: "m-2", Body: []byte("not \"JSON\" \xff")}
	nameless := funchost.Delivery{Queue: "referral-changed"}
	for _, d := range []funchost.Delivery{delivered(somePointer()), broken, nameless} {
		if err := (outcomes{a}).Park(t.Context(), d, "solutionssync", cause); err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.Ledger.Parked(t.Context(), 10)
	if err != nil || len(got) != 3 {
		t.Fatalf("%v %v", got, err)
	}
	original, _ := json.Marshal(somePointer())
	i := slices.IndexFunc(got, func(p ledger.Parked) bool { return p.ID == "m-1" })
	want := ledger.Parked{ID: "m-1", Kind: "invalid", Reason: "no such thing", Function: "solutionssync", Attempt: 2, Original: original, Trace: "t-1", At: noon}
	if diff := cmp.Diff(want, got[i]); diff != "" {
		t.Error(diff)
	}
	for _, p := range got {
		if !json.Valid(p.Original) || p.ID == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestHintsCarryTheTraceAndTheRightSession(t *testing.T) {
	a, sent := inMemory()
	h, ctx := hints{a}, flow.WithTrace(t.Context(), "t-9")
	for _, err := range []error{h.ReferralChanged(ctx, "r", "x"), h.OpportunityChanged(ctx, queue.Account, "acc", "x"),
		h.ReferralWanted(ctx, "o", "x"), h.SolutionsChanged(ctx, "row", "o", "x"), h.SolutionsChanged(t.Context(), "row", "", "x")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range sent.Take() {
		got = append(got, strings.Join([]string{string(m.Queue), m.Pointer.Kind, m.Pointer.ID, m.SessionID(), m.Pointer.Trace}, " "))
	}
	want := []string{"referral-changed referral r acme|r t-9", "opportunity-changed account acc acme|acc t-9", "referral-wanted opportunity o acme|o t-9",
		"solutions-changed solution row acme|o t-9", "solutions-changed solution row acme|row id"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
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
			_ = a.watch.ended("referral|r", nil)
		}, ""},
		"no rights": {func(a *App, _ *queue.Memory) { _ = a.watch.ended("x", fault.New(fault.Denied, "sign in again")) }, "sign in again"},
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
