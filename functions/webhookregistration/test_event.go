package webhookregistration

import (
	"context"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// A test event is looked for so often, so long apart: some 15 s in all.
const (
	looks   = 30
	between = 500 * time.Millisecond
)

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

func (h *Handler) follow(ctx context.Context) (health.TestEvent, error) {
	id, err := h.Registrations.SendTestEvent(ctx)
	if err != nil {
		return health.TestEvent{}, err
	}
	out := health.TestEvent{CorrelationID: id, Status: "unknown", Attempts: []health.TestAttempt{}}
	for range looks {
		result, err := h.Registrations.TestEvent(ctx, id)
		if err != nil && !fault.Is(err, fault.Gone) { // not there yet
			return health.TestEvent{}, err
		}
		if err == nil {
			out = outcomeOf(id, result)
		}
		if result.Over() {
			break
		}
		if err := h.wait(ctx); err != nil {
			return health.TestEvent{}, err
		}
	}
	return out, nil
}

func outcomeOf(id string, r partnercenter.TestResult) health.TestEvent {
	out := health.TestEvent{CorrelationID: id, Status: r.Status, URL: r.URL, Attempts: []health.TestAttempt{}}
	for _, a := range r.Results {
		out.Attempts = append(out.Attempts, health.TestAttempt{Code: a.ResponseCode, Message: a.ResponseMessage, At: a.At})
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
