// Package health says whether the product can do its work.
package health

import (
	"context"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

// Report is what operators see. Times that are unknown are left out.
type Report struct {
	OK           bool       `json:"ok"`
	Problems     []string   `json:"problems,omitempty"`
	Version      string     `json:"version"`
	Role         string     `json:"role"`
	Registration string     `json:"registration,omitempty"` // as last seen
	TokenAge     string     `json:"tokenAge,omitempty"`     // of the last access token for Partner Center
	Oldest       *time.Time `json:"oldestUnfinished,omitempty"`
	Parked       int        `json:"parked"`
	LastSuccess  *time.Time `json:"lastSuccess,omitempty"`
	LastTest     *time.Time `json:"lastTestEvent,omitempty"`
}

// Handler answers everybody with ok or degraded, and operators of the sync app with the report.
type Handler struct {
	Operators funchost.Operators
	Details   bool // false in the intake app
	Report    func(ctx context.Context) Report
}

// ServeHTTP answers 200 always: what watches us reads the word, and a status would make the host's front
// end take the instance away.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !funchost.Allowed(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	report := h.Report(r.Context())
	if h.Details && h.Operators.Holds(r) {
		h.Operators.Log.Info("operator", "function", "health", "method", r.Method)
		funchost.Answer(w, http.StatusOK, report)
		return
	}
	word := "degraded"
	if report.OK {
		word = "ok"
	}
	funchost.Answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{word})
}
