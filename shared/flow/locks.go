package flow

import (
	"context"
	"sync"
	"time"

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

// besidePatience is how long work that has one record's turn waits for another's.
const besidePatience = 5 * time.Second

// lockBeside waits for a second record's turn, and not for long: two who wait for each other would wait for ever. Conflict where
// somebody else keeps it, Broken when ctx ends first.
func (l *locks) lockBeside(ctx context.Context, id string) (unlock func(), err error) {
	soon, cancel := context.WithTimeout(ctx, besidePatience)
	defer cancel()
	if unlock, err = l.lock(soon, id); err != nil && ctx.Err() == nil {
		err = fault.New(fault.Conflict, "opportunity %s is being worked on", id)
	}
	return unlock, err
}
