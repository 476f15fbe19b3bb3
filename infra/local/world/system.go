package world

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const (
	// parallelDeliveries bounds the events of one system that are under way at once.
	parallelDeliveries = 32
	// deliveryTimeout is how long a receiver may take (Dataverse waits 60 s; Partner Center does not say).
	deliveryTimeout = 60 * time.Second
	// shortestSleep keeps a simulator that is always due from eating a whole processor.
	shortestSleep = time.Millisecond
)

// system is one simulated system: the simulator, the wire in front of it, and the loop that lets its time
// pass and carries its events out. A simulator has no goroutine of its own.
type system struct {
	name   string
	sim    control.Simulator
	wire   *control.Wire
	clock  *clock
	client *http.Client

	calls   atomic.Int64 // calls ever begun, so that idle notices one between two looks
	kicked  chan struct{}
	slots   chan struct{}
	sending sync.WaitGroup
}

func newSystem(name string, sim control.Simulator, clock *clock, client *http.Client) *system {
	s := &system{
		name: name, sim: sim, clock: clock, client: client,
		wire:   control.NewWire(clock.now, time.Sleep, sim),
		kicked: make(chan struct{}, 1),
		slots:  make(chan struct{}, parallelDeliveries),
	}
	s.wire.Watch(func(p control.Point, _ *http.Request) {
		if p == control.Before {
			s.calls.Add(1)
		} else {
			s.kick()
		}
	})
	return s
}

// kick makes the loop look again now: the simulator was called, or the clock moved.
func (s *system) kick() {
	select {
	case s.kicked <- struct{}{}:
	default:
	}
}

// run drives the simulator until the world ends, and returns when the last event has been answered.
func (s *system) run(ctx context.Context) {
	defer s.sending.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kicked:
		case <-timer.C:
		}
		for _, event := range s.sim.Advance(s.clock.now()) {
			s.send(ctx, event)
		}
		timer.Reset(s.untilNext())
	}
}

func (s *system) untilNext() time.Duration {
	next, waiting := s.sim.Next()
	if !waiting {
		return time.Hour
	}
	return max(shortestSleep, next.Sub(s.clock.now()))
}

// send carries one event out as soon as one of the slots is free.
func (s *system) send(ctx context.Context, event control.Outgoing) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		s.sim.Delivered(event.ID, 0)
		return
	}
	s.sending.Go(func() {
		status := s.post(ctx, event)
		<-s.slots
		s.sim.Delivered(event.ID, status)
		s.kick()
	})
}

// post returns the receiver's status, or 0 when no answer came. Receivers elsewhere, such as the old
// connector's, are never called from the laptop: they count as having accepted.
func (s *system) post(ctx context.Context, event control.Outgoing) int {
	if !isLoopback(event.URL) {
		return http.StatusAccepted
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, event.URL, bytes.NewReader(event.Body))
	if err != nil {
		return 0
	}
	for k, v := range event.Header {
		req.Header[k] = v
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // only so that the connection can be used again
	return resp.StatusCode
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}
