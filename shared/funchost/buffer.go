package funchost

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"
)

// buffer collects an answer, so that a handler that panics or runs out of time half-way has sent nothing.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
	cause  error // why it refuses, for the log
	why    error // why an operator got no answer, for those who watch
}

func newBuffer() *buffer { return &buffer{header: http.Header{}} }

// Header implements http.ResponseWriter.
func (b *buffer) Header() http.Header { return b.header }

// WriteHeader implements http.ResponseWriter; only the first call counts.
func (b *buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

// Write implements http.ResponseWriter.
func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// sendTo passes the answer on; a handler that wrote nothing has answered 200 with an empty object.
func (b *buffer) sendTo(w http.ResponseWriter) int {
	if b.status == 0 {
		Answer(w, http.StatusOK, struct{}{})
		return http.StatusOK
	}
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body.Bytes()) // the caller has gone: nothing to tell
	return b.status
}

// grace is what a function gets to notice that its context has ended.
const grace = 5 * time.Second

// panicked is the error of a function that panicked; the stack is for the log only.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("the function panicked: %v", p.value) }

// within runs work with a time limit of our own and recovers its panic: no request may ever crash the
// process or reach the host's limit, because both take every other invocation with them. Work that does
// not heed its context is left behind.
func within(ctx context.Context, limit time.Duration, work func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	perform(ctx, task{func() error { return work(ctx) }, done})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		return fmt.Errorf("the function did not end within %s: %w", limit, context.Cause(ctx))
	}
}
