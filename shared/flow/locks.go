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
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*held{}
	}
	h := l.held[id]
	if h == nil {
		h = &held{turn: make(chan struct{}, 1)}
		l.held[id] = h
	}
	h.waiting++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.waiting--; h.waiting == 0 {
			delete(l.held, id)
		}
	}
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
