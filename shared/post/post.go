// Package post carries pointers between the functions: it hands each one to its flow, carries out what was
// decided about it, and sends the flows' own.
package post

import (
	"context"
	"log/slog"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Parked is where messages are set aside for a person.
type Parked interface {
	Park(ctx context.Context, p ledger.Parked) error
	// ParkedThat reads the oldest of a sort, at most limit; Unpark takes one away.
	ParkedThat(ctx context.Context, limit int, are func(ledger.Parked) bool) ([]ledger.Parked, error)
	Unpark(ctx context.Context, id string) error
}

// Watch is told how every job ended, and what was found in the dead letters.
type Watch interface {
	// Ended: the job of a function on a record (kind|id), whose event was first accepted at seen.
	Ended(function, record string, seen time.Time, err error)
	// DeadLetters: so many messages lay in the dead letters at this pass.
	DeadLetters(function string, n int)
}

// Post carries the messages of one tenant. Every method may be called from many goroutines.
type Post struct {
	Tenant string
	Sender queue.Sender
	Parked Parked
	// Dead empties the dead-letter queues into take; a message for which take fails stays there.
	Dead  func(ctx context.Context, take func(context.Context, queue.Dead) error) error
	Watch Watch
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger

	ahead ahead

	Others map[string]*Post // of further tenants, by alias: what comes for them is theirs
}

// of is the post of a pointer's tenant.
func (o *Post) of(p queue.Pointer) *Post {
	if its := o.Others[p.Tenant]; its != nil {
		return its
	}
	return o
}

// Hint is what a queue function is told: that a record may have changed.
type Hint = flow.Hint

// Work is what a queue function does with a hint.
type Work func(ctx context.Context, h Hint) error

// Handler makes a queue function of its work: it reads the pointer, once, and refuses what is none, what
// does not belong on this queue, and the pointers of another tenant, whose ids name other records: Invalid,
// and so parked. What a later version has sent waits for that version. The trace goes into the context for flows and calls; how it ended goes to the watch.
func (o *Post) Handler(function string, from queue.Name, work Work) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		p, err := queue.Decode(d.Body)
		if err == nil {
			err = from.Carries(p.Kind)
		} else if p.Later() && !fault.Is(err, fault.Invalid) {
			o.Watch.Ended(function, p.Kind+"|"+p.ID, p.Seen, err)
		}
		if err != nil {
			return err
		}
		if p.Tenant != o.Tenant {
			return fault.New(fault.Invalid, "a pointer of the tenant %q does not belong here: this app works for %q", p.Tenant, o.Tenant)
		}
		h := hint(p, d.Enqueued, o.Now())
		h.Late = h.Late || d.DeliveryCount > 1
		err = work(httpclient.WithRepeats(Traced(ctx, p.Trace), repeats), h)
		o.Watch.Ended(function, p.Kind+"|"+p.ID, p.Seen, err)
		return err
	}
}

// ByTenant gives each message to the function of its tenant; what is of no tenant, to the first one's, which refuses
// it.
func ByTenant(first string, its map[string]func(context.Context, funchost.Delivery) error) func(context.Context, funchost.Delivery) error {
	return func(ctx context.Context, d funchost.Delivery) error {
		p, _ := queue.Decode(d.Body)
		if do := its[p.Tenant]; do != nil {
			return do(ctx, d)
		}
		return its[first](ctx, d)
	}
}

// repeats of single calls that one message may cost; after that its trouble waits in the queue.
const repeats = 6

// Traced carries the trace to the flows and to the calls, which know nothing of flows.
func Traced(ctx context.Context, trace string) context.Context {
	return httpclient.WithTrace(flow.WithTrace(ctx, trace), trace)
}

// hint is a message as the flows take it.
func hint(p queue.Pointer, enqueued, now time.Time) flow.Hint {
	return flow.Hint{Kind: p.Kind, ID: p.ID, Parent: p.Parent, Deleted: p.Deleted, Related: p.Related, Retry: p.Retry, Late: p.Late, Why: p.Why, Trace: p.Trace,
		Attempt: p.Attempt, Seen: p.Seen, Begun: now.Add(-fault.Lasted(p.First, enqueued, p.Seen, now)), Shown: flow.Shown(p.Shown)}
}
