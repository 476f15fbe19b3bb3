// Package link is a network between two programs: it passes TCP connections on as they are, and plays what a network does
// to them. A caller sees the real thing: a reset is a reset, and what a cut has held arrives when it is over.
package link

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// The faults of a link.
const (
	Latency    = "latency"    // each piece of bytes comes Delay later, in both directions
	Reset      = "reset"      // connections are reset, those that are open at once
	SlowClose  = "slowClose"  // the caller learns Delay later that a connection was closed
	Cut        = "cut"        // nothing passes; what was sent arrives when it is over, as TCP sends it again
	CutAnswers = "cutAnswers" // the same for what comes back alone: calls arrive, and are worked on
	HalfOpen   = "halfOpen"   // connections that are open are forgotten: their bytes vanish until they are reset at the end; new ones work
	Truncate   = "truncate"   // answers end in their middle, and the connection with them
)

// Faults are all of them.
func Faults() []string {
	return []string{Latency, Reset, SlowClose, Cut, CutAnswers, HalfOpen, Truncate}
}

// Weather is what a link plays until it is calm again.
type Weather struct {
	Fault string
	Delay time.Duration // of latency and slowClose
	Times int           // how many connections meet it, from now on; 0: all
}

// Check says what is wrong with a weather and what is allowed.
func (w Weather) Check() error {
	needs := w.Fault == Latency || w.Fault == SlowClose
	switch {
	case !known(w.Fault):
		return fmt.Errorf("fault %q: use one of %v", w.Fault, Faults())
	case needs && w.Delay <= 0:
		return fmt.Errorf(`delay: %s needs a duration such as "200ms"`, w.Fault)
	case !needs && w.Delay != 0:
		return fmt.Errorf("delay: %s takes none", w.Fault)
	case w.Times < 0 || w.Times > 0 && w.Fault == HalfOpen:
		return fmt.Errorf("times %d: use 1 or more, or 0 for all connections, which is what halfOpen takes", w.Times)
	}
	return nil
}

func known(fault string) bool {
	for _, f := range Faults() {
		if f == fault {
			return true
		}
	}
	return false
}

// Link is the way to one part. All its listeners share the weather. The zero value is calm.
type Link struct {
	now atomic.Pointer[play] // nil: calm

	mu     sync.Mutex
	open   map[*conn]struct{}
	played int
	held   int
}

// play is a weather while it lasts.
type play struct {
	Weather
	left int           // connections that may still meet it; -1: all
	over chan struct{} // closed when it is calm again
}

// Status is how a link is.
type Status struct {
	Fault       string `json:"fault,omitempty"` // empty: calm
	Connections int    `json:"connections"`     // that are open
	Played      int    `json:"played"`          // connections that have met a fault, ever
}

// Status says how it is.
func (l *Link) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Connections: len(l.open), Played: l.played}
	if p := l.now.Load(); p != nil {
		s.Fault = p.Fault
	}
	return s
}

// Held counts connections whose bytes lie in the link.
func (l *Link) Held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// Set lets a weather begin in place of the one that is; calm ends it, unless another one has begun since, and may be
// called more than once. The weather has been checked.
func (l *Link) Set(w Weather) (calm func()) {
	next := &play{Weather: w, left: w.Times, over: make(chan struct{})}
	if w.Times == 0 {
		next.left = -1
	}
	l.mu.Lock()
	last := l.now.Swap(next)
	var open []*conn
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	if last != nil {
		l.end(last)
	}
	if w.Times == 0 {
		for _, c := range open {
			c.meetsAtOnce(next)
		}
	}
	return func() {
		if l.now.CompareAndSwap(next, nil) {
			l.end(next)
		}
	}
}

// Calm ends whatever is.
func (l *Link) Calm() {
	if p := l.now.Swap(nil); p != nil {
		l.end(p)
	}
}

// end lets go what a weather held. Whoever still believes in a connection that was forgotten is told.
func (l *Link) end(p *play) {
	close(p.over)
	l.mu.Lock()
	var forgotten []*conn
	for c := range l.open {
		if c.lost.Load() {
			forgotten = append(forgotten, c)
		}
	}
	l.mu.Unlock()
	for _, c := range forgotten {
		c.reset()
	}
}

// meeting gives the weather that a connection meets, nil for none.
func (l *Link) meeting(c *conn) *play {
	p := l.now.Load()
	if p == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.in == p {
		return p
	}
	if p.left == 0 || p.Fault == HalfOpen {
		return nil
	}
	if p.left > 0 {
		p.left--
	}
	c.in = p
	l.played++
	return p
}

// Listen puts the link in front of a listener of TCP connections.
func (l *Link) Listen(in net.Listener) net.Listener { return &listener{Listener: in, link: l} }

type listener struct {
	net.Listener
	link *Link
}

// Accept implements net.Listener.
func (n *listener) Accept() (net.Conn, error) {
	in, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: in, link: n.link, closed: make(chan struct{})}
	n.link.mu.Lock()
	defer n.link.mu.Unlock()
	if n.link.open == nil {
		n.link.open = map[*conn]struct{}{}
	}
	n.link.open[c] = struct{}{}
	return c, nil
}
