package funchost

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestOperatorRoutesNeedAKey(t *testing.T) {
	var log strings.Builder
	called := 0
	var by []string
	h := Operators{Keys: []Key{{"ann", "current-key"}, {"ann", "previous-key"}, {"bob", "other-key"}, {"nobody", ""}}, Log: slog.New(slog.NewTextHandler(&log, nil))}.
		Guard("webhookregistration", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			called++
			by = append(by, Operator(r.Context()))
			Answer(w, http.StatusOK, struct{}{})
		}))
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
		{"another operator", []string{"other-key"}, "", 200},
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
	if !slices.Equal(by, []string{"ann", "ann", "bob"}) || strings.Count(log.String(), "operator=ann") != 2 || strings.Count(log.String(), "operator=bob") != 1 {
		t.Errorf("called by %v, log %s", by, log.String())
	}
	if called != 3 || strings.Count(log.String(), "msg=operator") != 3 || strings.Contains(log.String(), "-key") {
		t.Errorf("%d calls, log %s", called, log.String())
	}
}

func TestWhoWatchesHearsWhyAnOperatorGotNoAnswer(t *testing.T) {
	denied := errors.New("the consent is gone")
	var heard []error
	h := Operators{Keys: []Key{{"ann", "the-key"}}, Log: slog.New(slog.DiscardHandler), Watch: func(function string, why error) {
		if function != "operator" {
			t.Errorf("of %s", function)
		}
		heard = append(heard, why)
	}}.Guard("operator", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fine" {
			Answer(w, http.StatusOK, struct{}{})
			return
		}
		Because(w, denied)
		Refuse(w, http.StatusBadGateway, "no")
	}))
	for _, c := range []struct{ path, key string }{{"/fine", "the-key"}, {"/not", "the-key"}, {"/not", "another"}} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("x-cosell-key", c.key)
		h.ServeHTTP(newBuffer(), r)
	}
	if !slices.Equal(heard, []error{nil, denied}) {
		t.Errorf("heard %v: a stranger's call is nobody's news", heard)
	}
}
