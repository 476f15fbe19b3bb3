package httpclient_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// store is what several processes share.
type store struct {
	mu        sync.Mutex
	until     time.Time
	processes int
	looks     int
	broken    error
	now       func() time.Time
}

func (s *store) Look(context.Context) (time.Time, int, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	return s.until, s.processes, s.now(), s.broken
}

func (s *store) Close(_ context.Context, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = until
	return s.broken
}

func (s *store) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

func TestAfter429NoOtherProcessSends(t *testing.T) {
	t.Parallel()
	w := serve(t, status(200), status(429, "Retry-After", "60"), status(200))
	shared := &store{processes: 2, now: w.clock.Now}
	one, two := w.options(), w.options()
	one.Gate = httpclient.NewGate(0, w.clock.Now, w.clock.Sleep).ShareWith(shared)
	two.Gate = httpclient.NewGate(0, w.clock.Now, w.clock.Sleep).ShareWith(shared)
	if _, err := do(w, two, "GET"); err != nil { // its copy is fresh when the other is throttled
		t.Fatal(err)
	}
	if _, err := do(w, one, "GET"); !fault.Is(err, fault.Later) {
		t.Fatalf("got %v", err)
	}
	_ = w.clock.Sleep(context.Background(), time.Second)
	_, err := do(w, two, "POST")
	wantLater(t, err, 59*time.Second)
	if w.calls() != 2 {
		t.Errorf("%d calls", w.calls())
	}
	_ = w.clock.Sleep(context.Background(), time.Minute)
	if resp, err := do(w, two, "GET"); err != nil || resp.Status != 200 {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestOthersAreAskedBeforeTheFirstCallAndOnceASecond(t *testing.T) {
	t.Parallel()
	c := newClock()
	shared := &store{until: c.Now().Add(time.Minute), processes: 1, now: c.Now}
	g := httpclient.NewGate(0, c.Now, c.Sleep).ShareWith(shared)
	if _, err := g.Enter(context.Background()); !fault.Is(err, fault.Later) || shared.asked() != 1 {
		t.Fatalf("%v after %d looks", err, shared.asked())
	}
	_ = c.Sleep(context.Background(), time.Minute)
	for range 20 {
		leave, err := g.Enter(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if shared.asked() != 2 {
		t.Errorf("%d looks in one moment", shared.asked())
	}
}

func TestSlotsAreDividedAmongTheProcesses(t *testing.T) {
	t.Parallel()
	c := newClock()
	shared := &store{processes: 7, now: c.Now}
	g := httpclient.NewGate(40, c.Now, c.Sleep).ShareWith(shared)
	var leaves []func()
	enter := func() error {
		ctx, cancel := context.WithCancel(context.Background())
		if len(leaves) > 0 { // whoever has to wait waits no longer
			cancel()
		}
		defer cancel()
		leave, err := g.Enter(ctx)
		if err == nil {
			leaves = append(leaves, leave)
		}
		return err
	}
	for enter() == nil {
		if len(leaves) > 40 {
			t.Fatal("no end")
		}
	}
	if len(leaves) != 5 {
		t.Errorf("%d of 40 slots for one of 7 processes", len(leaves))
	}
	leaves[0]()
	if err := enter(); err != nil {
		t.Errorf("a slot that was given back: %v", err)
	}
}

func TestGateGoesOnWithWhatItKnowsWhenTheStoreIsAway(t *testing.T) {
	t.Parallel()
	w := serve(t, status(429, "Retry-After", "60"), status(200))
	o := w.options()
	o.Gate = httpclient.NewGate(0, w.clock.Now, w.clock.Sleep).ShareWith(&store{broken: errors.New("away"), now: w.clock.Now})
	for range 3 {
		if _, err := do(w, o, "GET"); !fault.Is(err, fault.Later) {
			t.Fatalf("got %v", err)
		}
	}
	if w.calls() != 1 {
		t.Errorf("%d calls", w.calls())
	}
}

func TestSlotOfACallerThatLeftIsNotLost(t *testing.T) {
	t.Parallel()
	g := httpclient.NewGate(1, nil, nil)
	leave, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			if again, err := g.Enter(ctx); err == nil {
				again()
			}
		})
	}
	leave()
	group.Wait()
	again, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// What others know may itself be a copy: its age counts, or a call would leave long after their 429.
func TestAnOldAnswerOfTheStoreIsAskedForAgainSooner(t *testing.T) {
	t.Parallel()
	c := newClock()
	shared := &store{processes: 1, now: func() time.Time { return c.Now().Add(-500 * time.Millisecond) }}
	g := httpclient.NewGate(0, c.Now, c.Sleep).ShareWith(shared)
	enter := func() error {
		leave, err := g.Enter(context.Background())
		if err == nil {
			leave()
		}
		return err
	}
	if err := enter(); err != nil {
		t.Fatal(err)
	}
	shared.mu.Lock()
	shared.until = c.Now().Add(time.Minute) // another process is throttled
	shared.mu.Unlock()
	_ = c.Sleep(context.Background(), 300*time.Millisecond) // what we know is 800 ms old
	if err := enter(); !fault.Is(err, fault.Later) {
		t.Errorf("got %v", err)
	}
}
