package hostsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// invocation is one run of a function.
type invocation struct {
	id   string
	fn   *function
	ctx  context.Context
	stop context.CancelCauseFunc
	end  *time.Timer
	keep func() bool // unties it from the host's end
}

var errTimeout = errors.New("functionTimeout was exceeded")

// begin starts an invocation. When functionTimeout passes, the whole process is killed, and every other
// running invocation fails with it.
func (h *Host) begin(ctx context.Context, f *function) *invocation {
	inv := &invocation{id: newGUID(), fn: f}
	inv.ctx, inv.stop = context.WithCancelCause(ctx)
	inv.keep = context.AfterFunc(h.ctx, func() { inv.stop(errDown) })
	h.mu.Lock()
	h.running[inv] = true
	h.mu.Unlock()
	if limit := h.opt.FunctionTimeout; limit < 1<<62 {
		inv.end = time.AfterFunc(limit, func() { h.expire(inv) })
	}
	return inv
}

func (h *Host) expire(inv *invocation) {
	h.logf("Timeout value of %s exceeded by function 'Functions.%s' (Id: '%s'). Initiating cancellation.", h.opt.FunctionTimeout, inv.fn.name, inv.id)
	select {
	case <-inv.ctx.Done():
		return
	case <-time.After(h.opt.TimeoutGrace):
	}
	h.mu.Lock()
	w, runs := h.worker, h.running[inv]
	h.mu.Unlock()
	if !runs {
		return
	}
	if w != nil {
		h.logf("Killing the handler process %d: Functions.%s did not end in time.", w.pid(), inv.fn.name)
		w.dropped.Store(true)
		w.kill()
	}
	inv.stop(errTimeout)
}

// finish ends the invocation and writes it to the history. err nil means Succeeded.
func (h *Host) finish(inv *invocation, kind, request, response string, err error) {
	if inv.end != nil {
		inv.end.Stop()
	}
	inv.keep()
	inv.stop(nil)
	status, result := http.StatusOK, "Succeeded"
	if err != nil {
		status, result = http.StatusInternalServerError, "Failed"
	}
	h.mu.Lock()
	delete(h.running, inv)
	h.journal.add(control.Entry{
		At: h.opt.Now(), Identity: inv.id, Method: kind, URL: "/" + inv.fn.name,
		Status: status, RequestHeaders: map[string]string{headerProcess: h.name}, RequestBody: request, ResponseBody: response,
	})
	close(h.changed)
	h.changed = make(chan struct{})
	h.mu.Unlock()
	if err != nil {
		h.logf("Executed 'Functions.%s' (%s, Id=%s): %v", inv.fn.name, result, inv.id, err)
	}
}

const hostVersion = "4.1037.0.0"

// envelope makes one envelope call and reads the answer. The error is the reason why the invocation
// failed; an answer that never completes ends with functionTimeout or with the process.
func (h *Host) envelope(inv *invocation, body []byte, parent string) (*result, string, error) {
	w, err := h.ready(inv.ctx)
	if err != nil {
		return nil, "", err
	}
	header := fields{
		{"Host", w.up.addr},
		{"X-Azure-Functions-HostVersion", hostVersion},
		{"X-Azure-Functions-InvocationId", inv.id},
		{"User-Agent", "Azure-Functions-Host/" + hostVersion},
		{"Transfer-Encoding", "chunked"},
		{"Content-Type", "application/json; charset=utf-8"},
	}
	if t := h.traceparent(parent); t != "" && h.telemetry() {
		header = append(header, field{"traceparent", t})
	}
	in, err := h.follow(inv.ctx, w, "/"+inv.fn.name, header, body)
	if err != nil {
		w.noticed(inv.ctx)
		return nil, "", causeOf(inv, err)
	}
	answer, err := io.ReadAll(in)
	in.Close()
	if err != nil {
		return nil, string(answer), causeOf(inv, fmt.Errorf("reading the handler's answer: %w", err))
	}
	res, err := interpret(in, answer)
	if errors.Is(err, errNoResult) {
		h.logf("Functions.%s (Id: '%s') answered %d with an empty body: the invocation never completes.", inv.fn.name, inv.id, in.status)
		select {
		case <-inv.ctx.Done():
		case <-w.exited:
		}
		err = causeOf(inv, fmt.Errorf("%w; the handler process is gone", err))
	}
	if res != nil {
		for _, line := range res.logs {
			h.write("Information", line)
		}
	}
	return res, string(answer), err
}

// noticing is how long a broken call may be ahead of the news that the process is gone. Without it a
// local broker, which needs no time at all, would spend all deliveries of a message on a dead process.
const noticing = 250 * time.Millisecond

// noticed waits until the process is known to be gone, if it is.
func (w *worker) noticed(ctx context.Context) {
	select {
	case <-w.exited:
	case <-ctx.Done():
	case <-time.After(noticing):
	}
}

func causeOf(inv *invocation, err error) error {
	if cause := context.Cause(inv.ctx); errors.Is(cause, errTimeout) || errors.Is(cause, errDown) {
		return cause
	}
	return err
}

const redirectLimit = 50

// follow sends the envelope and follows redirects, unless forwarding is on.
func (h *Host) follow(ctx context.Context, w *worker, target string, header fields, body []byte) (*incoming, error) {
	out := &outgoing{method: http.MethodPost, target: target, header: header, chunked: true, content: true}
	for range redirectLimit {
		if out.method == http.MethodPost {
			out.body = bytes.NewReader(body)
		}
		in, err := w.up.send(ctx, out)
		if err != nil || h.app.host.CustomHandler.EnableForwardingHTTPRequest {
			return in, err
		}
		location := in.header.get("Location")
		if location == "" || location[0] != '/' {
			return in, nil
		}
		switch in.status {
		case 301, 302, 303:
			out = &outgoing{method: http.MethodGet, target: location, header: header.without("Transfer-Encoding", "Content-Type")}
		case 307, 308:
			out.target = location
		default:
			return in, nil
		}
		_, _ = io.Copy(io.Discard, in)
		in.Close()
	}
	return nil, fmt.Errorf("more than %d redirects", redirectLimit)
}
