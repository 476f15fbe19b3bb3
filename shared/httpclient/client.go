// Package httpclient is the chain of transports that every call to an outside system goes through.
package httpclient

import (
	"context"
	"net/http"
)

// TokenFunc gives a bearer token for the audience; renew asks for one that was not given before.
type TokenFunc func(ctx context.Context, audience string, renew bool) (string, error)

// Client sends requests through the chain.
type Client struct{}

// Request is one call. Body is held in memory so that it can be sent again.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Response is a whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}
