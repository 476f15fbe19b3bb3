package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

func TestOperatorsHaveNames(t *testing.T) {
	s := laptop(t)
	s["SYNC_OPERATOR_KEY"], s["SYNC_OPERATOR_KEY_PREVIOUS"] = "one", "two"
	s["SYNC_OPERATOR_KEYS"] = "ann=three==, ann=four,bob.b=five"
	a, err := New(environ(s), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"one": "operator", "two": "operator", "three==": "ann", "four": "ann", "five": "bob.b", "six": "", "ann": "", "": ""} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set(funchost.OperatorKey, key)
		if got, ok := a.Operators.Who(r); got != want || ok != (want != "") {
			t.Errorf("key %q is %q %v, want %q", key, got, ok, want)
		}
	}
	delete(s, "SYNC_OPERATOR_KEY")
	delete(s, "SYNC_OPERATOR_KEY_PREVIOUS")
	if _, err := New(environ(s), io.Discard); err != nil {
		t.Errorf("named keys alone: %v", err)
	}
}

func TestMistakesInOperatorKeysAreNamedByTheirPlace(t *testing.T) {
	for text, says := range map[string]string{
		"ann":                    "entry 1",
		"ann=hidden,=hidden":     "entry 2",
		"ann=hidden,":            "entry 2",
		"a b=hidden":             "entry 1",
		"ann=hidden,ann=b,ann=c": "entry 3",
	} {
		s := laptop(t)
		s["SYNC_OPERATOR_KEYS"] = text
		_, err := New(environ(s), io.Discard)
		if err == nil || !strings.Contains(err.Error(), "SYNC_OPERATOR_KEYS") || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
