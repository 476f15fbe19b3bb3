package funchost

import (
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"net/http"
)

// OperatorKey is the header of the operator's routes.
const OperatorKey = "X-Cosell-Key"

// Operators lets those in who hold one of the keys: two are valid while one is being rotated. Our own
// check, because every host that serves the functions shall guard them alike.
type Operators struct {
	Keys []string // empty ones never match
	Log  *slog.Logger
}

// Holds says whether the request carries exactly one valid key. Keys are compared in constant time.
func (o Operators) Holds(r *http.Request) bool {
	given := r.Header.Values(OperatorKey)
	if len(given) != 1 {
		return false
	}
	sum, ok := sha256.Sum256([]byte(given[0])), false
	for _, key := range o.Keys {
		want := sha256.Sum256([]byte(key))
		if hmac.Equal(sum[:], want[:]) && key != "" {
			ok = true
		}
	}
	return ok
}

// Guard lets only operators through to next, and notes each call.
func (o Operators) Guard(function string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.Holds(r) {
			Refuse(w, http.StatusUnauthorized, "the header x-cosell-key must hold the operator key")
			return
		}
		o.Log.Info("operator", "function", function, "method", r.Method, "action", r.PathValue("action"),
			"invocation_id", invocationID(r.Header))
		next.ServeHTTP(w, r)
	})
}
