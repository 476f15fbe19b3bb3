package httpclient

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// maxTries of one call; the waits between them stay under shortWait together.
const maxTries = 3

type repeatsKey struct{}

// WithRepeats gives all calls under the context n repeats together. Loops nest: a call is repeated here,
// its caller reads and decides again, and the queue delivers the message again. With a budget for the
// message, a system that is down costs a message a handful of calls and not the product of all three;
// what is left over is tried again from the queue, with its longer waits.
func WithRepeats(ctx context.Context, n int) context.Context {
	left := &atomic.Int32{}
	left.Store(int32(n))
	return context.WithValue(ctx, repeatsKey{}, left)
}

func repeatsLeft(ctx context.Context) bool {
	left, ok := ctx.Value(repeatsKey{}).(*atomic.Int32)
	return !ok || left.Load() > 0
}

func spendRepeat(ctx context.Context) {
	if left, ok := ctx.Value(repeatsKey{}).(*atomic.Int32); ok {
		left.Add(-1)
	}
}

// retried repeats what may be repeated, after short waits: reads, and writes under a version condition,
// which a second time answer 412 instead of writing again. One 401 renews the token; that is repeated
// for every method, because a refused call was not carried out. A long wait goes back as fault.Later,
// so that the worker is free meanwhile. Where the context has a budget (WithRepeats), it ends the repeats.
func retried(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		renewed, unsure := false, false
		for c.try = 1; ; c.try++ {
			if c.try > 1 || renewed { // the transport may still hold that of the try before
				c.Header = c.Header.Clone()
			}
			resp, err := next(ctx, c)
			if err == nil && resp.Status == http.StatusUnauthorized && o.Token != nil && !renewed {
				renewed, c.refused = true, c.token
				c.try--
				continue
			}
			c.refused = ""
			wait, again, err := judge(o, c, repeatsLeft(ctx), resp, err)
			if !again && err != nil && (unsure || resp != nil && resp.Status >= 500) {
				err = perhaps(c, err)
			}
			if !again {
				if resp != nil {
					resp.Unsure = unsure
				}
				return answer(resp, err)
			}
			unsure = unsure || resp == nil || resp.Status != http.StatusTooManyRequests
			spendRepeat(ctx)
			if wait > 0 {
				if err := o.Sleep(ctx, wait); err != nil {
					return nil, fault.New(fault.Broken, "waiting to try again: %w", err)
				}
			}
		}
	}
}

// perhaps marks the failure of a write of which an earlier try, or this one, may have been carried out: that the last
// answer was a wait says nothing of it.
func perhaps(c *call, err error) error {
	if c.Method == http.MethodGet || c.Method == http.MethodHead || Lost(err) {
		return err
	}
	e := *fault.Of(err)
	e.Maybe = true
	return &e
}

func answer(resp *Response, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// judge says whether the call is tried again and when, or what the caller gets instead of the answer.
func judge(o Options, c *call, may bool, resp *Response, err error) (wait time.Duration, again bool, _ error) {
	may = may && repeatable(c.Request) && c.try < maxTries
	switch {
	case err != nil:
		return o.backOff(c.try), may && passing(err), err
	case resp.Status == http.StatusTooManyRequests:
		asked := RetryAfter(resp, o.Now())
		if c.waited += asked; may && c.waited <= shortWait {
			return 0, true, nil // the gate waits
		}
		return 0, false, throttled(c.host(), asked)
	case resp.Status >= 500 && o.Final != nil && o.Final(resp):
		return 0, false, nil
	case resp.Status == http.StatusRequestTimeout || resp.Status >= 500 && resp.Status != http.StatusNotImplemented:
		if !repeatable(c.Request) || resp.Header.Get("Retry-After") == "" {
			return o.backOff(c.try), may, nil
		}
		asked := RetryAfter(resp, o.Now())
		if c.waited += asked; c.waited > shortWait {
			return 0, false, throttled(c.host(), asked)
		}
		return asked, may, nil
	}
	return 0, false, nil
}

// repeatable says whether doing it twice is the same as doing it once.
func repeatable(r Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPatch, http.MethodPut, http.MethodDelete:
		match := r.Header.Get("If-Match")
		return match != "" && match != "*" || r.Header.Get("If-None-Match") == "*"
	}
	return false
}

// passing says whether a failed call may work at once: not after a timeout, which took long enough.
func passing(err error) bool {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.Canceled) || errors.As(err, &timeout) && timeout.Timeout() {
		return false
	}
	var f *fault.Error
	return Lost(err) || errors.As(err, &f) && f.Code == "host.unreachable" && !errors.Is(err, errResting)
}

func (o Options) backOff(try int) time.Duration {
	d := 200 * time.Millisecond << (2 * (try - 1)) // 200 ms, 800 ms
	return d + o.Jitter(d/2)
}
