package flow

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Settings are the settings of the flows.
type Settings struct {
	// Guard is how long after the intent was written the POST may still leave, PostTimeout how long it may
	// take, Settle how long an unknown outcome is waited for. Settle must exceed the sum of the other two
	// by the longest time the server takes to commit and list.
	Guard, PostTimeout, Settle time.Duration
	// Options are the settings of the decision.
	Options cosell.Options
	// CheckMark puts a tick or a cross before the opportunity's name.
	CheckMark bool
	// LinkTemplate opens a referral in the portal; {id} stands for the referral's id.
	LinkTemplate string
}

// Config is everything that the flows work with.
type Config struct {
	Referrals     Referrals
	Opportunities Opportunities
	Ledger        Ledger
	Hints         Hints
	Rules         []cosell.Rule
	Now           func() time.Time
	Machine       func() time.Time // measures how long the creation protocol's steps take, monotonic; nil is Now
	NewID         func() string
	Log           *slog.Logger
	Settings      Settings
}

// Flow runs the jobs. Each job may run any number of times for the same record: the second run finds
// nothing to do. One process works on one pair at a time; across processes the version conditions decide.
type Flow struct {
	Config
	locks locks
}

// New makes the flows.
func New(c Config) *Flow {
	if c.Machine == nil {
		c.Machine = c.Now
	}
	return &Flow{Config: c}
}

// most is how often a decision is made again at once after somebody wrote in between.
const most = 3

// again runs a job once more, at once, while somebody else wrote in between; every run reads anew.
func again(job func() error) error {
	var err error
	for range most {
		if err = job(); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

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
	select {
	case h.turn <- struct{}{}:
		return func() { <-h.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, fault.New(fault.Broken, "waiting for other work on opportunity %s: %w", id, ctx.Err())
	}
}

type traceKey struct{}

// WithTrace carries the id by which audit and logs of one event find each other.
func WithTrace(ctx context.Context, trace string) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// Trace gives the id, or "".
func Trace(ctx context.Context) string {
	s, _ := ctx.Value(traceKey{}).(string)
	return s
}

// shortTrace is what a person sees of the id.
func shortTrace(ctx context.Context) string {
	t := Trace(ctx)
	return t[:min(len(t), 8)]
}

const (
	toPartnerCenter = "to Partner Center"
	toCRM           = "to CRM"
	nowhere         = "none"
)

func (f *Flow) entry(ctx context.Context, at time.Time, direction, action, result string, fields ...cosell.Field) cosell.Entry {
	return cosell.Entry{At: at, Direction: direction, Action: action, Fields: fields, Result: result, Trace: Trace(ctx)}
}
