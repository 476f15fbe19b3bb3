package funchost

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOperatorRoutesNeedAKey(t *testing.T) {
	var log strings.Builder
	called := 0
	h := Operators{Keys: []string{"current-key", "previous-key", ""}, Log: slog.New(slog.NewTextHandler(&log, nil))}.
		Guard("webhookregistration", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { called++; Answer(w, http.StatusOK, struct{}{}) }))
	cases := []struct {
		name   string
		keys   []string
		query  string
		status int
	}{
		{"none", nil, "", 401},
		{"empty", []string{""}, "", 401},
		{"wrong", []string{"current-kex"}, "", 401},
		{"trailing space inside", []string{"current-key x"}, "", 401},
		{"prefix", []string{"current"}, "", 401},
		{"two at once", []string{"current-key", "current-key"}, "", 401},
		{"in the query", nil, "?x-cosell-key=current-key&code=current-key", 401},
		{"current", []string{"current-key"}, "", 200},
		{"previous while rotating", []string{"previous-key"}, "", 200},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/api/webhookregistration"+c.query, nil)
		for _, k := range c.keys {
			r.Header.Add("x-cosell-key", k)
		}
		if h.ServeHTTP(w, r); w.Code != c.status {
			t.Errorf("%s: %d", c.name, w.Code)
		}
	}
	if called != 2 || strings.Count(log.String(), "msg=operator") != 2 || strings.Contains(log.String(), "-key") {
		t.Errorf("%d calls, log %s", called, log.String())
	}
}
