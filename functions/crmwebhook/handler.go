// Package crmwebhook takes Dynamics 365's events: a row of the opportunity, or of a table around it, has changed.
package crmwebhook

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Opener checks an event's secret and origin and reads it.
type Opener interface {
	Open(r *http.Request, body []byte) (dataverse.Event, error)
}

// Handler answers Dynamics 365.
type Handler struct {
	Verifier Opener
	Sender   queue.Sender
	Tenant   string
	Now      func() time.Time
	NewID    func() string
	Log      *slog.Logger
	Watch    Watch
}

// Watch is told how each request was judged; nil is an authentic one.
type Watch interface {
	Door(function string, err error)
}

// MaxBody is the most that Dynamics sends: it leaves parts out above 256 KB.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-webhooks
const MaxBody = 288 << 10

// limit is for the whole answer: Dynamics waits 60 s, people's other events meanwhile too.
const limit = 4500 * time.Millisecond

// ServeHTTP answers 202 only after the broker has confirmed the pointer, or when there is nothing to do.
// Every trouble of ours is 503: Dynamics tries exactly once more after that, and never after a 500 or 429.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !funchost.Allowed(w, r, http.MethodPost) {
		return
	}
	body, ok := funchost.JSONBody(w, r)
	if !ok {
		return
	}
	event, err := h.Verifier.Open(r, body)
	h.Watch.Door("crmwebhook", err)
	if err == nil {
		err = h.take(r.Context(), event)
	}
	if err != nil {
		funchost.RefuseFault(w, err)
		return
	}
	funchost.Answer(w, http.StatusAccepted, struct{}{})
}

func (h *Handler) take(ctx context.Context, e dataverse.Event) error {
	m, ok := h.message(e)
	if !ok {
		h.Log.Info("event without work", "function", "crmwebhook", "event", e.Message, "table", e.Table)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := h.Sender.Send(ctx, m); err != nil {
		return fault.New(fault.Broken, "queueing the event: %w", err) // ours, whatever it was
	}
	return nil
}

// message says where an event goes; ok is false for a table that we do not follow. Rows of a solution
// travel in the session of their opportunity, where the event names it.
func (h *Handler) message(e dataverse.Event) (m queue.Message, ok bool) {
	m.Pointer = queue.Pointer{V: queue.Version, Tenant: h.Tenant, ID: e.ID, Deleted: e.Message == "Delete", Why: e.Message, Seen: h.Now().UTC(), Trace: h.NewID()}
	m.Queue = queue.OpportunityChanged
	switch e.Table {
	case "opportunity":
		m.Pointer.Kind = queue.Opportunity
	case "lead":
		m.Pointer.Kind = queue.Lead
	case "account":
		m.Pointer.Kind = queue.Account
	case "contact":
		m.Pointer.Kind = queue.Contact
	case "connection": // of an opportunity, as far as the event says
		m.Pointer.Kind, m.Pointer.Parent = queue.Connection, e.OpportunityID
	case "systemuser":
		m.Pointer.Kind = queue.User
	default:
		if !strings.Contains(e.Table, "_") {
			return queue.Message{}, false
		}
		// A table of ours or of the organisation's own: the steps listen to those of solution rows only, whose names the
		// field sheet has.
		m.Queue, m.Pointer.Kind, m.Pointer.Parent = queue.SolutionsChanged, queue.Solution, e.OpportunityID
		if e.OpportunityID != "" {
			m.Session = h.Tenant + "|" + e.OpportunityID
		}
	}
	return m, true
}
