package flow

import (
	"context"
	"sync"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// locks is a lock for each opportunity id that is being worked on.
type locks struct {
	mu   sync.Mutex
	held map[string]*held
}

type held struct {
	turn    chan struct{}
	waiting int
}

// lock waits for the opportunity's turn; the result gives it back. Broken when ctx ends first.
func (l *locks) lock(ctx context.Context, id string) (unlock func(), err error) {
	h, leave := l.queue(id)
	if ctx.Err() == nil { // of two cases that are ready one is taken by chance
		select {
		case h.turn <- struct{}{}:
			return func() { <-h.turn; leave() }, nil
		case <-ctx.Done():
		}
	}
	leave()
	return nil, fault.New(fault.Broken, "waiting for other work on opportunity %s: %w", id, ctx.Err())
}

// lockBeside takes the turn of an opportunity at once, for work that has another record's already and must not wait: who waits
// for each other would wait for ever. Conflict when somebody else has it.
func (l *locks) lockBeside(id string) (unlock func(), err error) {
	h, leave := l.queue(id)
	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn; leave() }, nil
	default:
		leave()
		return nil, fault.New(fault.Conflict, "opportunity %s is being worked on", id)
	}
}

// queue stands in line for the turn, until leave.
func (l *locks) queue(id string) (h *held, leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[string]*held{}
	}
	if h = l.held[id]; h == nil {
		h = &held{turn: make(chan struct{}, 1)}
		l.held[id] = h
	}
	h.waiting++
	return h, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.waiting--; h.waiting == 0 {
			delete(l.held, id)
		}
	}
}
