package health

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/health"
)

// room is a report that is always the same.
type room struct{ report health.Report }

func (r *room) OK(context.Context) bool { return r.report.OK }

func (r *room) Report(context.Context) health.Report { return r.report }

func ask(h http.Handler, method, key string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/api/health", nil)
	if key != "" {
		r.Header.Set(funchost.OperatorKey, key)
	}
	h.ServeHTTP(w, r)
	return w
}

func TestAnonymousLearnsOneWordOnly(t *testing.T) {
	report := &room{health.Report{OK: true, Version: "v1.2.3", Role: "sync", Problems: []health.Problem{{Say: "secret matter"}}, Parked: 3}}
	operators := funchost.Operators{Keys: []funchost.Key{{Name: "ann", Text: "the-key"}}, Log: slog.New(slog.DiscardHandler)}
	h := &Handler{Operators: operators, Details: true, Room: report}
	if got := strings.TrimSpace(ask(h, http.MethodGet, "").Body.String()); got != `{"status":"ok"}` {
		t.Error(got)
	}
	report.report.OK = false
	for _, key := range []string{"", "wrong"} {
		if got := strings.TrimSpace(ask(h, http.MethodGet, key).Body.String()); got != `{"status":"degraded"}` {
			t.Error(got)
		}
	}
	if got := ask(h, http.MethodGet, "the-key").Body.String(); !strings.Contains(got, "v1.2.3") || !strings.Contains(got, `"parked":3`) {
		t.Error(got)
	}
	h.Details = false // the intake app is for everybody
	if got := strings.TrimSpace(ask(h, http.MethodGet, "the-key").Body.String()); got != `{"status":"degraded"}` {
		t.Error(got)
	}
	if w := ask(h, http.MethodPost, ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %q", w.Code, w.Header())
	}
}
