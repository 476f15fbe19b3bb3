// Package health says whether the product can do its work.
package health

import (
	"context"
	"net/http"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/health"
)

// Room is where health is asked for.
type Room interface {
	// OK is quick, whatever the stores do.
	OK(ctx context.Context) bool
	Report(ctx context.Context) health.Report
}

// Handler answers everybody with ok or degraded, and operators of the sync app with the report.
type Handler struct {
	Operators funchost.Operators
	Details   bool // false in the intake app
	Room      Room
}

// ServeHTTP answers 200 always: what watches us reads the word, and a status would make the host's front
// end take the instance away.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !funchost.Allowed(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	if name, ok := h.Operators.Who(r); ok && h.Details {
		h.Operators.Log.Info("operator", "function", "health", "operator", name, "method", r.Method)
		funchost.Answer(w, http.StatusOK, h.Room.Report(r.Context()))
		return
	}
	word := "degraded"
	if h.Room.OK(r.Context()) {
		word = "ok"
	}
	funchost.Answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{word})
}
