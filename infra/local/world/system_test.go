package world

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// postbox is a simulator with events only: each is due at a time.
type postbox struct {
	url string

	mu       sync.Mutex
	due      map[int64]time.Time
	inFlight map[int64]bool
	answers  map[int64]int
}

func newPostbox(url string) *postbox {
	return &postbox{url: url, due: map[int64]time.Time{}, inFlight: map[int64]bool{}, answers: map[int64]int{}}
}

func (p *postbox) ServeHTTP(http.ResponseWriter, *http.Request) {}
func (p *postbox) MountControl(*http.ServeMux)                  {}

func (p *postbox) Advance(now time.Time) (out []control.Outgoing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, at := range p.due {
		if !at.After(now) {
			delete(p.due, id)
			p.inFlight[id] = true
			out = append(out, control.Outgoing{ID: id, URL: p.url, Header: http.Header{"X-Mark": {"1"}}, Body: []byte("event")})
		}
	}
	return out
}

func (p *postbox) Delivered(id int64, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.inFlight, id)
	p.answers[id] = status
}

func (p *postbox) Next() (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first time.Time
	for _, at := range p.due {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first, !first.IsZero()
}

func (p *postbox) Pending(time.Time) int { return 0 }

func (p *postbox) add(id int64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due[id] = at
}

func (p *postbox) answer(id int64) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	status, ok := p.answers[id]
	return status, ok
}

// running starts a loop over a postbox and ends it with the test.
func running(t *testing.T, receiver http.HandlerFunc) (*postbox, *system, *clock) {
	t.Helper()
	server := httptest.NewServer(receiver)
	box, c := newPostbox(server.URL), &clock{file: filepath.Join(t.TempDir(), "clock")}
	s := newSystem("postbox", box, c, server.Client())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		server.Close()
	})
	return box, s, c
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not happen within a minute", what)
		}
	}
}

func TestEventIsSentWhenDueAndItsAnswerReported(t *testing.T) {
	got := make(chan string, 10)
	box, s, _ := running(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body) + r.Header.Get("X-Mark")
		w.WriteHeader(http.StatusAccepted)
	})
	box.add(7, time.Now())
	s.kick()
	await(t, "the delivery", func() bool { _, ok := box.answer(7); return ok })
	if status, _ := box.answer(7); status != http.StatusAccepted {
		t.Errorf("status %d", status)
	}
	if text := <-got; text != "event1" || len(got) != 0 {
		t.Errorf("received %q and %d more", text, len(got))
	}
}

func TestEventOfTomorrowLeavesWhenTheClockMoves(t *testing.T) {
	box, s, c := running(t, func(http.ResponseWriter, *http.Request) {})
	box.add(1, time.Now().Add(24*time.Hour))
	s.kick()
	if _, ok := box.answer(1); ok {
		t.Fatal("it left a day early")
	}
	if err := c.advance(25 * time.Hour); err != nil {
		t.Fatal(err)
	}
	s.kick()
	await(t, "the delivery", func() bool { _, ok := box.answer(1); return ok })
}

func TestReceiverThatDoesNotAnswerIsReportedAsNoAnswer(t *testing.T) {
	box, s, _ := running(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	box.add(1, time.Now())
	s.kick()
	await(t, "the report", func() bool { _, ok := box.answer(1); return ok })
	if status, _ := box.answer(1); status != 0 {
		t.Errorf("status %d instead of 0", status)
	}
}

func TestReceiverOutsideOfTheMachineIsNeverCalled(t *testing.T) {
	box, s, _ := running(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	s.client = &http.Client{Transport: refusing{t}}
	box.url = "https://prod-12.westeurope.logic.azure.com/workflows/1"
	box.add(1, time.Now())
	s.kick()
	await(t, "the report", func() bool { _, ok := box.answer(1); return ok })
	if status, _ := box.answer(1); status != http.StatusAccepted {
		t.Errorf("status %d", status)
	}
}

type refusing struct{ t *testing.T }

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("a call to %s", req.URL)
	return nil, errors.New("refused")
}

func TestDeliveriesAreBounded(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0 // calls at this moment, and the most there ever were
	release := make(chan struct{})
	box, s, _ := running(t, func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-release
		mu.Lock()
		now--
		mu.Unlock()
	})
	for id := range int64(3 * parallelDeliveries) {
		box.add(id, time.Now())
	}
	s.kick()
	await(t, "a full house", func() bool { mu.Lock(); defer mu.Unlock(); return now == parallelDeliveries })
	close(release)
	await(t, "the last delivery", func() bool { box.mu.Lock(); defer box.mu.Unlock(); return len(box.answers) == 3*parallelDeliveries })
	mu.Lock()
	defer mu.Unlock()
	if most != parallelDeliveries {
		t.Errorf("%d deliveries at once, %d are allowed", most, parallelDeliveries)
	}
}
