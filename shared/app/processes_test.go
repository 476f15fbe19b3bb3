package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// house is several apps over one table, each a process of its own, with one clock and one other side.
type house struct {
	mu    sync.Mutex
	clock time.Time
	board *ledger.Board
	calls []time.Time // that reached the other side
	wait  string      // Retry-After of the next answer, which is then a 429
}

func newHouse() *house {
	h := &house{clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	h.board = ledger.InMemoryBoard(h.now)
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

// RoundTrip is the other side.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, h.clock)
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}
	if h.wait != "" {
		resp.StatusCode = http.StatusTooManyRequests
		resp.Header.Set("Retry-After", h.wait)
		h.wait = ""
	}
	return resp, nil
}

// process is one more app, and its client of the other side.
func (h *house) process(name string) (*App, *httpclient.Client) {
	a := &App{Role: Sync, Now: h.now, Board: h.board, Watch: health.NewWatch(Sync, name, "v1", h.now)}
	a.Health = &health.Room{Watch: a.Watch, Boards: []health.Board{a.Board}, Role: Sync, Now: h.now}
	client := httpclient.New(httpclient.Options{Base: a.Watch.Transport(h, health.PartnerCenter), Hosts: []string{"api.example"},
		Gate: httpclient.NewGate(0, h.now, h.sleep).ShareWith(a.Board.Limits(name, h.now).Of("partner-center")), Now: h.now, Sleep: h.sleep})
	return a, client
}

func (h *house) sleep(_ context.Context, d time.Duration) error {
	h.pass(d)
	return nil
}

func get(t *testing.T, c *httpclient.Client) error {
	_, err := c.Do(t.Context(), httpclient.Request{Method: http.MethodGet, URL: "https://api.example/x"})
	return err
}

// Two apps over one table: a 429 of one holds the other, and the trouble of one shows in the health of the
// other.
func TestProcessesShareGateAndHealth(t *testing.T) {
	h := newHouse()
	one, first := h.process("p-1")
	two, second := h.process("p-2")
	both := func(seconds int) {
		for range seconds {
			h.pass(time.Second)
			for _, a := range []*App{one, two} {
				if err := a.Watch.Post(t.Context(), a.Board); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	both(1)
	if err := errors.Join(get(t, first), get(t, second)); err != nil {
		t.Fatal(err)
	}

	h.wait = "25"
	answered := h.now()
	if err := get(t, first); !fault.Is(err, fault.Later) {
		t.Fatalf("got %v", err)
	}
	before := len(h.calls)
	for h.now().Before(answered.Add(21 * time.Second)) {
		h.pass(250 * time.Millisecond)
		_, _ = get(t, first), get(t, second)
	}
	for _, at := range h.calls[before:] {
		if at.After(answered.Add(time.Second)) && at.Before(answered.Add(25*time.Second)) {
			t.Errorf("a call %s after the answer, inside the wait of 25 s", at.Sub(answered))
		}
	}
	h.pass(5 * time.Second)
	if err := errors.Join(get(t, first), get(t, second)); err != nil {
		t.Errorf("after the wait: %v", err)
	}

	if !two.Health.OK(t.Context()) {
		t.Fatal("trouble before there is any")
	}
	one.Watch.Ended("crmtopartnercenter", "opportunity|1", h.now(), fault.New(fault.Denied, "refused").With("mfa.missing", "sign in"))
	seen := 0
	for ; two.Health.OK(t.Context()); seen++ {
		if seen == 20 {
			t.Fatal("the trouble of one is not in the health of the other after 20 s")
		}
		both(1)
	}
	h.pass(time.Second)
	if err := get(t, second); err != nil { // the other process has access again
		t.Fatal(err)
	}
	both(15)
	if got := one.Health.Report(t.Context()); !got.OK {
		t.Errorf("%+v", got.Problems)
	}
}

// A clock that leaps makes every row look old. No process may take the whole budget for that: together they would call
// more often than one alone may.
func TestALeapOfTheClockLeavesTheBudgetShared(t *testing.T) {
	synctest.Test(t, budgetIsShared)
}

func budgetIsShared(t *testing.T) {
	const many = 8
	h := newHouse()
	store := h.clock
	h.board = ledger.InMemoryBoard(func() time.Time { return store }) // the table service's clock does not leap
	var gates []*httpclient.Gate
	for i := range many {
		name := fmt.Sprint("p-", i)
		a, _ := h.process(name)
		if err := a.Watch.Post(t.Context(), h.board); err != nil {
			t.Fatal(err)
		}
		gates = append(gates, httpclient.NewGate(0, h.now, h.sleep).ShareWith(h.board.Limits(name, h.now).Of("partner-center")))
	}
	for _, leap := range []time.Duration{0, 73 * time.Hour} {
		h.pass(leap)
		for _, g := range gates {
			leave, err := g.Enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			leave()
		}
		synctest.Wait() // the processes are counted aside
		h.pass(time.Second)
		inFlight := 0
		var leaves []func()
		for i, g := range gates {
			its := entered(t, g)
			if len(its) == 0 {
				t.Errorf("p-%d may not call at all", i)
			}
			inFlight, leaves = inFlight+len(its), append(leaves, its...)
		}
		if inFlight > httpclient.DefaultConcurrent {
			t.Errorf("%d calls of all processes together after a leap of %s, %d are the budget", inFlight, leap, httpclient.DefaultConcurrent)
		}
		for _, leave := range leaves {
			leave()
		}
	}
}

// entered takes all the slots that a gate has.
func entered(t *testing.T, g *httpclient.Gate) (leaves []func()) {
	t.Helper()
	for {
		ctx, cancel := context.WithCancel(t.Context())
		if len(leaves) > 0 { // whoever has to wait waits no longer
			cancel()
		}
		leave, err := g.Enter(ctx)
		cancel()
		if err != nil || len(leaves) > 10*httpclient.DefaultConcurrent {
			return leaves
		}
		leaves = append(leaves, leave)
	}
}

func TestIntakeWithoutTablesKnowsItself(t *testing.T) {
	s := laptop(t)
	s["SYNC_ROLE"] = Intake
	a, err := New(environ(s), io.Discard)
	if err != nil || a.Board == nil || len(a.Health.Boards) != 1 || a.Health.Ledger != nil {
		t.Fatalf("%v %+v", err, a)
	}
	delete(s, "TABLES_CONNECTION_STRING")
	delete(s, "TABLES_ENDPOINT")
	a, err = New(environ(s), io.Discard)
	if err != nil || a.Board != nil || !a.Health.OK(t.Context()) {
		t.Fatalf("%v %+v", err, a)
	}
}
