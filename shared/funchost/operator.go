package funchost

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"net/http"
)

// OperatorKey is the header of the operator's routes.
const OperatorKey = "X-Cosell-Key"

// Key is one operator's key; several operators, and one who changes his key, have several.
type Key struct{ Name, Text string }

// Operators lets those in who hold one of the keys. Our own check, because every host that serves the
// functions shall guard them alike.
type Operators struct {
	Keys []Key // empty ones never match
	Log  *slog.Logger
	// Watch, if set, is told why a call could not be answered, as Because says; nil where it could.
	Watch func(function string, why error)
}

// Who gives the name that belongs to the key of a request, which has to carry exactly one. All keys are
// compared, each in constant time.
func (o Operators) Who(r *http.Request) (name string, ok bool) {
	given := r.Header.Values(OperatorKey)
	if len(given) != 1 {
		return "", false
	}
	sum := sha256.Sum256([]byte(given[0]))
	for _, key := range o.Keys {
		want := sha256.Sum256([]byte(key.Text))
		if hmac.Equal(sum[:], want[:]) && key.Text != "" {
			name, ok = key.Name, true
		}
	}
	return name, ok
}

type operatorName struct{}

// Operator is the name of the operator whose call it is, behind Guard; else "".
func Operator(ctx context.Context) string {
	name, _ := ctx.Value(operatorName{}).(string)
	return name
}

// Guard lets only operators through to next, and notes each call with the operator's name.
func (o Operators) Guard(function string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := o.Who(r)
		if !ok {
			Refuse(w, http.StatusUnauthorized, "the header x-cosell-key must hold the operator key")
			return
		}
		o.Log.Info("operator", "function", function, "operator", name, "method", r.Method,
			"action", r.PathValue("action")+r.PathValue("path"), "invocation_id", invocationID(r.Header))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), operatorName{}, name)))
		if b, ok := w.(*buffer); ok && o.Watch != nil {
			o.Watch(function, b.why)
		}
	})
}
