package health

import (
	"context"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Room is where health is asked for. The stores are asked at most every few seconds, by one caller for all
// of them, and nobody waits longer than he said.
type Room struct {
	Watch  *Watch
	Boards []Board // every board that this role may read; none: this process's own view
	Ledger Ledger  // nil in the intake
	// Gates says until when each host asked us to wait, whichever process it told; nil: nobody knows.
	Gates func(context.Context) (map[string]time.Time, error)
	Role  string
	Now   func() time.Time

	mu      sync.Mutex
	copy    *Report
	at      time.Time
	looking chan struct{} // closed when the look under way has ended
	blind   time.Time     // since when the tables cannot be read
}

const (
	copyAge  = 2 * time.Second
	lookTime = 3 * time.Second
	// wordTime is what anybody may be kept waiting for one word.
	wordTime = 500 * time.Millisecond
)

// Report says everything, as of a few seconds ago at most.
func (r *Room) Report(ctx context.Context) Report {
	ended := r.look()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.copy == nil {
		return r.alone()
	}
	return *r.copy
}

// Fresh says everything as it is now; it asks the stores each time.
func (r *Room) Fresh(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return r.read(ctx)
}

// OK says whether there is any problem. It never waits for the stores longer than half a second: then
// what was known before has to do.
func (r *Room) OK(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, wordTime)
	defer cancel()
	return r.Report(ctx).OK
}

// look starts a look where the copy is old and none is under way; the channel is closed when there is
// nothing to wait for any more.
func (r *Room) look() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if age := now.Sub(r.at); r.copy != nil && age >= 0 && age < copyAge {
		done := make(chan struct{})
		close(done)
		return done
	}
	if r.looking != nil {
		return r.looking
	}
	ended := make(chan struct{})
	r.looking = ended
	go func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		report := r.read(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.copy, r.at, r.looking = &report, now, nil
	}()
	return ended
}

// alone is what this process knows by itself.
func (r *Room) alone() Report {
	report := Report{Version: r.Watch.Version(), Role: r.Role, Held: map[string]int{}}
	report.fill(summed(r.Watch.Snapshot(), r.Now()))
	report.OK = len(report.Problems) == 0
	return report
}

// read asks the stores.
func (r *Room) read(ctx context.Context) Report {
	now := r.Now()
	statuses, err := r.statuses(ctx)
	report := Report{Version: r.Watch.Version(), Role: r.Role, Held: map[string]int{}}
	report.fill(summed(statuses, now))
	if err == nil && r.Ledger != nil {
		err = report.readLedger(ctx, r.Ledger, now)
	}
	if err == nil && r.Gates != nil {
		err = report.readGates(ctx, r.Gates, now)
	}
	r.mu.Lock()
	switch {
	case err == nil:
		r.blind = time.Time{}
	case r.blind.IsZero():
		r.blind = now
	}
	blind := r.blind
	r.mu.Unlock()
	if err != nil {
		report.Problems = append(report.Problems, Problem{What: "tables.unreadable", Since: blind, Last: now, Count: 1,
			Say: "the tables cannot be read: " + err.Error(), Mend: fault.Of(err).Mend})
	}
	sortProblems(report.Problems)
	report.OK = len(report.Problems) == 0
	return report
}

// statuses reads every row; our own are taken as they are now.
func (r *Room) statuses(ctx context.Context) ([]Status, error) {
	out := r.Watch.Snapshot()
	own := map[string]bool{}
	for _, s := range out {
		own[s.App+"|"+s.Function+"|"+s.Instance] = true
	}
	for _, b := range r.Boards {
		rows, err := b.Rows(ctx)
		if err != nil {
			return out, err
		}
		for _, row := range rows {
			if s, ok := statusOf(row); ok && !own[s.App+"|"+s.Function+"|"+s.Instance] {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// Waiting is a record that waits, and why.
type Waiting struct {
	Wait
	Where string `json:"where"`
	Say   string `json:"say"`
	Mend  string `json:"mend,omitempty"`
}

// Waiting gives the records that wait in any process, as far as the boards can be read.
func (r *Room) Waiting(ctx context.Context) (out []Waiting) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	statuses, _ := r.statuses(ctx) // our own view at least
	s := summed(statuses, r.Now())
	for _, one := range s.live {
		for _, w := range one.Waits {
			if !s.over(one, w) {
				c := one.Causes[w.What]
				out = append(out, Waiting{Wait: w, Where: Where(one.Function), Say: c.Say, Mend: c.Mend})
			}
		}
	}
	return out
}
