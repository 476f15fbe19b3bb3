package httpclient

import (
	"context"

	"github.com/google/uuid"
)

type traceKey struct{}

// WithTrace marks the context with the id of the operation that calls belong to.
func WithTrace(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, traceKey{}, id)
}

// Trace is the id that WithTrace set, or "".
func Trace(ctx context.Context) string {
	id, _ := ctx.Value(traceKey{}).(string)
	return id
}

// traced sets the id headers where the caller did not. Both must be GUIDs; a trace of another form is
// replaced on the wire, and still stands in our log.
func traced(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		if o.CallHeader != "" && c.Header.Get(o.CallHeader) == "" {
			c.Header.Set(o.CallHeader, uuid.NewString())
		}
		if o.OperationHeader != "" && c.Header.Get(o.OperationHeader) == "" {
			id, err := uuid.Parse(Trace(ctx))
			if err != nil {
				id = uuid.New()
			}
			c.Header.Set(o.OperationHeader, id.String())
		}
		return next(ctx, c)
	}
}
