package ledger

import (
	"context"
	"sync"
	"time"
)

// Limit is one identity's row on the board, as a gate shares it with those of other processes. It may be
// used by many goroutines.
type Limit struct {
	board    *Board
	identity string
	now      func() time.Time

	mu        sync.Mutex
	processes int
	counted   time.Time
}

const (
	// countEvery is how often the processes are counted.
	countEvery = 10 * time.Second
	// alive is how long a process counts after its last row; it writes one a minute.
	alive = 2 * time.Minute
)

// Limit gives an identity's row.
func (b *Board) Limit(identity string, now func() time.Time) *Limit {
	return &Limit{board: b, identity: identity, now: now}
}

// Look reads until when the identity was asked to wait, and how many processes are alive: one call, and one
// more every ten seconds.
func (l *Limit) Look(ctx context.Context) (until time.Time, processes int, err error) {
	if until, err = l.board.Until(ctx, l.identity); err != nil {
		return time.Time{}, 0, err
	}
	processes, err = l.count(ctx)
	return until, processes, err
}

func (l *Limit) count(ctx context.Context) (int, error) {
	l.mu.Lock()
	processes, age := l.processes, l.now().Sub(l.counted)
	l.mu.Unlock()
	if processes > 0 && age >= 0 && age < countEvery {
		return processes, nil
	}
	rows, err := l.board.Rows(ctx)
	if err != nil {
		return 0, err
	}
	now, instances := l.now(), map[string]bool{}
	for _, r := range rows {
		if now.Sub(r.At) <= alive {
			instances[r.Instance] = true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processes, l.counted = max(len(instances), 1), now
	return l.processes, nil
}

// Close tells the other processes that the identity has to wait.
func (l *Limit) Close(ctx context.Context, until time.Time) error {
	return l.board.CloseGate(ctx, l.identity, until)
}
