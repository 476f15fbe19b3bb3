// Package drain reads queues session by session in one invocation, as the trigger of a Functions host does all the
// time: each message is worked on under its session's lock and settled by our own verdict.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Session is a session of a queue that nobody else can read meanwhile; *queue.Session is one.
type Session interface {
	ID() string
	Next(ctx context.Context, wait time.Duration) (*queue.Received, error)
	Complete(ctx context.Context, m *queue.Received) error
	Abandon(ctx context.Context, m *queue.Received) error
	Keep(ctx context.Context, lost func())
	Close(ctx context.Context)
}

// Job is a queue and the function that works on its messages.
type Job struct {
	Function string
	Queue    queue.Name
}

// Drain says what is drained, and how.
type Drain struct {
	Jobs []Job
	// Next locks a session with messages, nil when none came in time.
	Next func(ctx context.Context, name queue.Name, wait time.Duration) (Session, error)
	// Deliver works on a message. Nil: it is completed. An error: neither a copy nor a parked row could be written, and
	// it is given back.
	Deliver func(ctx context.Context, function string, d funchost.Delivery) error
	// Stay is how long the drain looks for messages at least, so that they need not wait for the next invocation. With
	// 0 it ends as soon as all queues are empty.
	Stay       time.Duration
	Invocation string // its id, for the log
	Log        *slog.Logger
}

// Result says what a drain has done.
type Result struct {
	Messages int `json:"messages"` // worked on
	Returned int `json:"returned"` // given back, or lost to another reader: they come again
	// Failed are the queues that could not be read to the end, by function.
	Failed map[string]error `json:"-"`
}

// Bounds of a drain. Sessions are those of one queue at the same time; the systems behind us take less than all of
// them together, so that more would only cost memory.
const (
	sessions  = 16
	acceptors = 3 // links of one queue that wait for a session: each takes some 100 ms to make
	// quiet is how long a queue has nothing before it counts as empty, and linger how long one link waits while the
	// drain stays anyway.
	quiet  = time.Second
	linger = 5 * time.Second
	// idle is how long a session is kept without a message: the record's next one often follows at once.
	idle = 500 * time.Millisecond
	// settling is for the last word about a message, and for giving a session back.
	settling = 5 * time.Second
	// Least is what must be left of an invocation for one more message: its work, its outcome, its settlement.
	Least = time.Minute
)

// Run drains until Stay is over and all queues are empty, but takes no message that could outlast the context's
// deadline, which must leave time to settle before the host's own. Messages that are not taken stay in the queue.
func (d Drain) Run(ctx context.Context) (Result, error) {
	r := &run{Drain: d, stay: time.Now().Add(d.Stay), last: time.Now().Add(24 * time.Hour), looked: map[queue.Name]int{},
		result: Result{Failed: map[string]error{}}}
	if end, ok := ctx.Deadline(); ok {
		r.last = end.Add(-Least)
	}
	if !time.Now().Before(r.last) {
		return r.result, fmt.Errorf("the invocation is too short to drain a queue: it needs %s and some, see Timeout of the Lambda function", Least)
	}
	for _, j := range d.Jobs { // all of them before anybody looks: no queue counts as empty unseen
		r.looked[j.Queue] = -1
	}
	var all sync.WaitGroup
	for _, j := range d.Jobs {
		slots := make(chan struct{}, sessions)
		for range acceptors {
			all.Go(func() { r.look(ctx, j, slots, &all) })
		}
	}
	all.Wait()
	var failed []error
	for _, j := range d.Jobs {
		if err := r.result.Failed[j.Function]; err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", j.Function, err))
		}
	}
	return r.result, errors.Join(failed...)
}

// run is one drain under way.
type run struct {
	Drain
	stay, last time.Time

	mu     sync.Mutex
	held   int                // sessions
	moves  int                // sessions that were taken or given back so far
	looked map[queue.Name]int // moves when the queue was last found empty; -1: never
	result Result
}

// goesOn says whether a queue is to be looked at once more: work in one queue makes work in others.
func (r *run) goesOn(j Job) bool {
	now := time.Now()
	if !now.Before(r.last) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.result.Failed[j.Function] != nil {
		return false
	}
	if now.Before(r.stay) || r.held > 0 {
		return true
	}
	for name, at := range r.looked {
		if at != r.moves && !r.failed(name) {
			return true
		}
	}
	return false
}

// failed: nobody looks at that queue any more; the lock is held.
func (r *run) failed(name queue.Name) bool {
	for _, j := range r.Jobs {
		if j.Queue == name {
			return r.result.Failed[j.Function] != nil
		}
	}
	return false
}

// look takes sessions of one queue, one after the other, and has each worked on beside it.
func (r *run) look(ctx context.Context, j Job, slots chan struct{}, all *sync.WaitGroup) {
	for r.goesOn(j) {
		wait := min(r.patience(), time.Until(r.last))
		select {
		case slots <- struct{}{}:
		case <-time.After(wait):
			continue
		}
		at := r.moved(0)
		s, err := r.Next(ctx, j.Queue, wait)
		switch {
		case err != nil:
			<-slots
			r.fail(j, err)
			return
		case s == nil:
			<-slots
			r.empty(j.Queue, at)
		case !r.goesOn(j): // it was waited for too long, or a message of it was just given back
			<-slots
			giveBack(ctx, s)
		default:
			r.moved(1)
			all.Go(func() {
				defer func() { <-slots }()
				defer r.moved(-1)
				r.hold(ctx, j, s)
			})
		}
	}
}

func (r *run) patience() time.Duration {
	return max(quiet, min(linger, time.Until(r.stay)))
}

// moved counts a session that is taken (1) or given back (-1), and says how many moves there were.
func (r *run) moved(by int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if by != 0 {
		r.held += by
		r.moves++
	}
	return r.moves
}

func (r *run) empty(name queue.Name, at int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked[name] = max(r.looked[name], at)
}

func (r *run) fail(j Job, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.result.Failed[j.Function] == nil {
		r.result.Failed[j.Function] = err
	}
}

// hold works through one session, one message at a time, until it is empty or its lock is lost.
func (r *run) hold(ctx context.Context, j Job, s Session) {
	keeping, stop := context.WithCancel(ctx)
	lost := make(chan struct{})
	var keeper sync.WaitGroup
	keeper.Go(func() { s.Keep(keeping, func() { close(lost) }) })
	defer func() {
		stop()
		keeper.Wait()
		giveBack(ctx, s)
	}()
	for time.Now().Before(r.last) {
		m, err := s.Next(ctx, idle)
		if err != nil {
			r.Log.Warn("session left", "function", j.Function, "session", s.ID(), fault.Attr(err)) // its messages come again
			return
		}
		if m == nil || !r.work(ctx, j, s, m) {
			return
		}
		select {
		case <-lost:
			return
		default:
		}
	}
}

func giveBack(ctx context.Context, s Session) {
	closing, done := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer done()
	s.Close(closing)
}

// work delivers one message and settles it. It says whether the session can go on. A message whose lock was lost
// meanwhile comes again: flows converge, so that it finds nothing to do.
func (r *run) work(ctx context.Context, j Job, s Session, m *queue.Received) bool {
	cause := r.Deliver(ctx, j.Function, funchost.Delivery{Queue: string(j.Queue), Session: s.ID(), MessageID: m.MessageID,
		DeliveryCount: m.DeliveryCount, Body: m.Body, Enqueued: m.Enqueued, InvocationID: r.Invocation})
	settle := s.Complete
	if cause != nil {
		settle = s.Abandon
		// It would come back at once, again and again, and end among the dead letters.
		r.fail(j, fmt.Errorf("message %s had to be given back: %w", m.MessageID, cause))
	}
	settled, done := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer done()
	err := settle(settled, m)
	if err != nil {
		r.Log.Warn("message not settled", "function", j.Function, "message", m.MessageID, fault.Attr(err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Messages++
	if cause != nil || err != nil {
		r.result.Returned++
	}
	return cause == nil && err == nil
}
