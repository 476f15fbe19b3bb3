package ledger

import (
	"context"
	"sync"
	"time"
)

// Limits are the gate rows of a board, as one process knows them: one call reads those of every identity,
// for all its gates together. It may be used by many goroutines.
type Limits struct {
	board    *Board
	instance string // of this process
	now      func() time.Time

	mu        sync.Mutex
	until     map[string]time.Time
	seen      map[string]string // the versions of those rows
	at        time.Time         // when the reading of that copy began
	reading   chan struct{}     // closed when the reading that is under way has ended
	failed    error             // of the last reading
	processes int
	counted   time.Time
	again     time.Duration // how long after that they are counted again
	counting  bool
}

const (
	// shareAge is how old a copy may be to serve another gate; each asks again when it gets older than the
	// gate allows.
	shareAge = 350 * time.Millisecond
	// countEvery is how often the processes are counted. At first it is done after firstCount, and each time after
	// twice as long: where many processes begin at once, none finds the others in its first look.
	firstCount = time.Second
	countEvery = 10 * time.Second
	// alive is how long a process counts after its last row; it writes one a minute.
	alive = 2 * time.Minute
	// lookTime bounds a reading.
	lookTime = 2 * time.Second
)

// Limits gives the gate rows, and how many processes share them: this one, whatever its rows say, and all that have
// written some lately.
func (b *Board) Limits(instance string, now func() time.Time) *Limits {
	return &Limits{board: b, instance: instance, now: now, processes: 1}
}

// Limit is one identity's row, as a gate shares it with those of other processes.
type Limit struct {
	*Limits
	identity string
}

// Of gives the row of an identity.
func (l *Limits) Of(identity string) Limit { return Limit{l, identity} }

// Look says until when the identity was asked to wait, how many processes work under it, and as of when.
func (l Limit) Look(ctx context.Context) (until time.Time, processes int, at time.Time, err error) {
	err = l.refresh(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until[key(l.identity)], l.processes, l.at, err
}

// Close tells the other processes that the identity has to wait.
func (l Limit) Close(ctx context.Context, until time.Time) error {
	return l.board.CloseGate(ctx, l.identity, until, until.Sub(l.now()))
}

// refresh reads the rows anew where the copy has become old. Whoever comes while another reads waits for
// that reading.
func (l *Limits) refresh(ctx context.Context) error {
	l.mu.Lock()
	if age := l.now().Sub(l.at); !l.at.IsZero() && age >= 0 && age < shareAge {
		defer l.mu.Unlock()
		return l.failed
	}
	if under := l.reading; under != nil {
		l.mu.Unlock()
		if err := ctx.Err(); err != nil { // of two cases that are ready one is taken by chance
			return err
		}
		select {
		case <-under:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.failed
	}
	ended := make(chan struct{})
	l.reading = ended
	l.mu.Unlock()

	// Others wait for this reading: it does not end with the caller.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	began := l.now()
	l.count(ctx)
	rows, err := l.board.gateRows(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	close(ended)
	if err == nil {
		l.take(rows, l.now())
	}
	l.reading, l.failed, l.at = nil, err, began
	return err
}

// apart is by how much two clocks may seem to differ that do not: rows are seen that late.
const apart = 5 * time.Second

// take takes over what the rows say; the lock is held. Each says until when by the clock of the process that was asked, which may
// be minutes off, and so may ours. Where the two do not agree, a row is counted from when it was written: the store says when that
// was and when it was read, both by its own clock. One that does not say so, or has read a row before it was written, is believed for
// what was written since the last reading, a moment ago: it is counted from now on.
func (l *Limits) take(rows map[string]gate, now time.Time) {
	recent := !l.at.IsZero() && now.Sub(l.at) >= 0 && now.Sub(l.at) <= apart
	next := make(map[string]time.Time, len(rows))
	for k, g := range rows {
		next[k] = g.until
		before, known := l.until[k], l.seen[k] == g.version
		byUs, age := now.Add(g.wait), g.read.Sub(g.changed)
		dated := !g.read.IsZero() && age > -apart
		if dated {
			byUs = byUs.Add(-age)
		}
		switch {
		case known:
			next[k] = before
		case (recent || dated) && g.wait > 0 && g.until.Sub(byUs).Abs() > apart:
			next[k] = byUs
			if before.After(byUs) {
				next[k] = before
			}
		}
	}
	l.until, l.seen = next, map[string]string{}
	for k, g := range rows {
		l.seen[k] = g.version
	}
}

// count has the processes counted, aside but for the first time: their number changes seldom.
func (l *Limits) count(ctx context.Context) {
	l.mu.Lock()
	age, first := l.now().Sub(l.counted), l.counted.IsZero()
	due := !l.counting && (first || age < 0 || age >= l.again)
	l.counting = l.counting || due
	l.mu.Unlock()
	switch {
	case !due:
	case first:
		l.countNow(ctx)
	default:
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime) // of its own: the reading is over sooner
			defer cancel()
			l.countNow(ctx)
		}()
	}
}

func (l *Limits) countNow(ctx context.Context) {
	now := l.now()
	rows, err := l.board.Rows(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counting, l.counted = false, now
	if err != nil {
		l.again = firstCount // what was counted last holds until then
		return
	}
	l.processes, l.again = living(rows, l.instance), min(max(firstCount, 2*l.again), countEvery)
}

// living counts the processes that have written a row lately, and the one that asks. What is late is said by the store's
// own times, one held against the other: nobody's clock plays a part, wrong or moved. Where all have been silent for
// long, those that wrote last count until somebody writes again, which makes the shares smaller and never larger.
func living(rows []StatusRow, own string) int {
	var last time.Time
	for _, r := range rows {
		if r.Written.After(last) {
			last = r.Written
		}
	}
	instances := map[string]bool{own: true}
	for _, r := range rows {
		if last.Sub(r.Written) <= alive {
			instances[r.Instance] = true
		}
	}
	return len(instances)
}
