// Package partnercenterwebhook takes Partner Center's events: referral X has changed.
package partnercenterwebhook

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Opener checks an event's signature over the raw bytes and reads it.
type Opener interface {
	Open(r *http.Request, body []byte) (partnercenter.Event, error)
}

// Handler answers Partner Center. Tenant is the alias in the path, because events name no tenant; without one the
// event is the first tenant's.
type Handler struct {
	Verifier Opener
	Sender   queue.Sender
	Tenant   string
	Further  []string // aliases of further tenants
	Now      func() time.Time
	NewID    func() string
	Log      *slog.Logger
	Watch    Watch
	Forward  Forward // nil: events go nowhere else
}

// Forward hands an authentic event on, as it came, to whoever works in earnest while this installation only watches.
type Forward func(ctx context.Context, header http.Header, body []byte) error

// Watch is told how each request was judged, nil being an authentic one, and of test events.
type Watch interface {
	Door(function string, err error)
	Tested(correlationID string, at time.Time)
	Forwarded(function string, err error)
}

// limit is for the whole answer: Partner Center tries ten times, and its patience is not documented.
const limit = 4500 * time.Millisecond

// ServeHTTP answers 202 only after the broker has confirmed the pointer, or when there is nothing to do.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	alias := cmp.Or(r.PathValue("tenant"), h.Tenant)
	if alias != h.Tenant && !slices.Contains(h.Further, alias) {
		funchost.Refuse(w, http.StatusNotFound, "nothing is served at this path")
		return
	}
	if !funchost.Allowed(w, r, http.MethodPost) {
		return
	}
	body, ok := funchost.JSONBody(w, r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	event, err := h.Verifier.Open(r, body) // it has a limit of its own for what it fetches
	h.Watch.Door("partnercenterwebhook", err)
	switch {
	case err != nil:
	case h.Forward != nil:
		err = h.both(ctx, r.Header, body, func() error { return h.take(ctx, alias, event) })
	default:
		err = h.take(ctx, alias, event)
	}
	if err != nil {
		funchost.RefuseFault(w, err)
		return
	}
	funchost.Answer(w, http.StatusAccepted, struct{}{})
}

// both hands an event on and takes it, at the same time: neither waits for the other, and neither's trouble keeps the other
// from hearing. The answer is that of the other receiver, which works in earnest and hears it again where it did not take
// it; what we could not take is found by reconcile, and nothing is written for it before.
func (h *Handler) both(ctx context.Context, header http.Header, body []byte, take func() error) error {
	taken := make(chan error, 1)
	go func() { taken <- take() }()
	err := h.Forward(ctx, header, body)
	h.Watch.Forwarded("partnercenterwebhook", err)
	if own := <-taken; own != nil {
		h.Log.WarnContext(ctx, "an event was not taken in shadow mode: reconcile finds it", "function", "partnercenterwebhook", fault.Attr(own))
	}
	return err
}

func (h *Handler) take(ctx context.Context, alias string, e partnercenter.Event) error {
	if !e.Referral {
		h.Log.Info("event without work", "function", "partnercenterwebhook", "event", e.Name)
		if e.CorrelationID != "" {
			h.Watch.Tested(e.CorrelationID, h.Now())
		}
		return nil
	}
	p := queue.Pointer{V: queue.Version, Tenant: alias, Kind: queue.Referral, ID: e.ReferralID,
		Related: strings.HasPrefix(strings.ToLower(e.Name), "related-"), Why: e.Name, Seen: h.Now().UTC(), Trace: h.NewID()}
	if err := h.Sender.Send(ctx, queue.Message{Queue: queue.ReferralChanged, Pointer: p}); err != nil {
		return fault.New(fault.Broken, "queueing the event: %w", err) // ours, whatever it was
	}
	return nil
}
