// Package funchost speaks the Functions host's custom-handler protocol.
package funchost

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Function is one entry of the list that a host serves. Exactly one of HTTP, Queue and Timer is set.
type Function struct {
	Name  string       // folder name, lower-case letters and digits
	HTTP  http.Handler // called with the path as the client sent it
	Route string       // of an HTTP function, below /api/: "partnercenterwebhook/{tenant?}"
	// MaxBody is the most that an HTTP body may have in bytes; 0 is 64 KiB.
	MaxBody int64
	Queue   func(ctx context.Context, d Delivery) error
	// QueueName is the queue that the host feeds Queue from.
	QueueName string
	Timer     func(ctx context.Context, t Tick) error
}

// Delivery is one queue message as the host handed it over.
type Delivery struct {
	Queue         string // the queue's name
	Session       string
	MessageID     string
	DeliveryCount int // 1 is the first
	Body          []byte
	Enqueued      time.Time // zero when the host did not say
	InvocationID  string
}

// Tick is one run of a timer.
type Tick struct {
	PastDue      bool
	InvocationID string
}

// Outcomes carries out the verdict on a message that was not simply done. An error of either makes the
// host deliver the message again.
type Outcomes interface {
	// Repeat sends a copy of the message that becomes visible after the wait; counts says whether it is
	// one attempt more.
	Repeat(ctx context.Context, d Delivery, after time.Duration, counts bool) error
	// Park sets the message aside for a person, with the reason.
	Park(ctx context.Context, d Delivery, function string, cause error) error
}

// Options of a server. Zero values mean the defaults.
type Options struct {
	Now     func() time.Time
	Log     *slog.Logger
	Limit   time.Duration // own time limit of an invocation, default 4 min: the host's is 5, and it kills the process
	MaxHTTP int           // HTTP calls worked on at the same time, default 200; the host sets no limit
	MaxWork int           // messages worked on at the same time, default 80: twice what one API takes; more only cost memory
	MaxHeld int64         // bytes of HTTP bodies in memory at the same time, default 12 MiB: a crowd of slow senders gets no more
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limit = cmp.Or(o.Limit, 4*time.Minute)
	o.MaxHTTP = cmp.Or(o.MaxHTTP, 200)
	o.MaxWork = cmp.Or(o.MaxWork, 80)
	o.MaxHeld = cmp.Or(o.MaxHeld, 12<<20)
	return o
}
