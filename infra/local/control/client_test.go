package control

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestClientTellsARefusalFromTrouble(t *testing.T) {
	product := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Cosell-Key") != "the key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/no" {
			WriteError(w, http.StatusConflict, "not now")
			return
		}
		_, _ = w.Write([]byte(`{"n":12345678901234567890.10}`))
	}))
	defer product.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: product.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Local{CAFile: ca, Product: Product{URL: product.URL, OperatorKey: "the key"}}, time.Minute, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var answer struct{ N json.Number }
	if err := c.Operate(t.Context(), http.MethodGet, "/yes", nil, &answer); err != nil || answer.N != "12345678901234567890.10" {
		t.Errorf("%v %v", answer, err)
	}
	if err := c.Operate(t.Context(), http.MethodGet, "/no", nil, nil); !Refused(err) || !strings.Contains(err.Error(), "not now") {
		t.Errorf("%v", err)
	}
	if status, said, err := c.Operator(t.Context(), http.MethodGet, "/no", nil); status != http.StatusConflict || !strings.Contains(said, "not now") || err != nil {
		t.Errorf("%d %s %v", status, said, err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Call(over, http.MethodGet, "http://127.0.0.1:1", "/", nil, nil); err == nil || Refused(err) {
		t.Errorf("%v", err)
	}
}
