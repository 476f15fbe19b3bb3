package webhookregistration

import (
	"context"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// A test event is looked for so often, so long apart: some 15 s in all.
const (
	looks   = 30
	between = 500 * time.Millisecond
)

// Outcome is what became of a test event.
type Outcome struct {
	CorrelationID string    `json:"correlationId"`
	Status        string    `json:"status"` // completed, failed, or what Partner Center last said
	Delivered     bool      `json:"delivered"`
	URL           string    `json:"url,omitempty"`
	Attempts      []Attempt `json:"attempts"`
}

// Attempt is one delivery of it.
type Attempt struct {
	Code    string `json:"code"` // the name or the number of the status that we answered
	Message string `json:"message,omitempty"`
	At      string `json:"at"`
}

func (h *Handler) test(w http.ResponseWriter, r *http.Request) {
	body, ok := funchost.JSONBody(w, r)
	if !ok {
		return
	}
	if err := funchost.Strict(body, &struct{}{}); err != nil {
		funchost.Refuse(w, http.StatusBadRequest, "the body must be {}")
		return
	}
	if h.Register == Never {
		funchost.Refuse(w, http.StatusConflict, "SYNC_REGISTER is never: a test event would go to the environment that holds the registration")
		return
	}
	outcome, err := h.follow(r.Context())
	if err != nil {
		explain(w, err)
		return
	}
	funchost.Answer(w, http.StatusOK, outcome)
}

func (h *Handler) follow(ctx context.Context) (Outcome, error) {
	id, err := h.Registrations.SendTestEvent(ctx)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{CorrelationID: id, Status: "unknown", Attempts: []Attempt{}}
	for range looks {
		result, err := h.Registrations.TestEvent(ctx, id)
		if err != nil && !fault.Is(err, fault.Gone) { // not there yet
			return Outcome{}, err
		}
		if err == nil {
			out = outcomeOf(id, result)
		}
		if result.Over() {
			break
		}
		if err := h.wait(ctx); err != nil {
			return Outcome{}, err
		}
	}
	return out, nil
}

func outcomeOf(id string, r partnercenter.TestResult) Outcome {
	out := Outcome{CorrelationID: id, Status: r.Status, URL: r.URL, Attempts: []Attempt{}}
	for _, a := range r.Results {
		out.Attempts = append(out.Attempts, Attempt{Code: a.ResponseCode, Message: a.ResponseMessage, At: a.At})
		out.Delivered = out.Delivered || a.Delivered()
	}
	return out
}

func (h *Handler) wait(ctx context.Context) error {
	if h.Wait != nil {
		return h.Wait(ctx, between)
	}
	timer := time.NewTimer(between)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fault.New(fault.Broken, "waiting for the test event: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
