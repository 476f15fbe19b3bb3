package hostsim

import (
	"context"
	"sync"
	"time"
)

// timer is the schedule status of one timer function; the real host keeps it in storage, so it outlives
// a life of the host.
type timer struct {
	running chan struct{} // holds one token: a timer never overlaps itself

	mu                sync.Mutex
	known             bool // a status was written
	last, lastUpdated time.Time
	next              time.Time
}

const lateLimit = time.Second // a run that starts later than this is past due

// Wake tells the host that the world's clock has moved.
func (h *Host) Wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.woken)
	h.woken = make(chan struct{})
}

// Next says when the next timer function is due; false when there is none.
func (h *Host) Next() (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var first time.Time
	for _, t := range h.timers {
		t.mu.Lock()
		if first.IsZero() || t.next.Before(first) {
			first = t.next
		}
		t.mu.Unlock()
	}
	return first, !first.IsZero()
}

// sleepUntil waits for a moment of the world's clock; false when ctx ended first.
func (h *Host) sleepUntil(ctx context.Context, at time.Time) bool {
	for {
		h.mu.Lock()
		woken := h.woken
		h.mu.Unlock()
		left := at.Sub(h.opt.Now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		alarm := time.NewTimer(left)
		select {
		case <-ctx.Done():
			alarm.Stop()
			return false
		case <-h.ctx.Done():
			alarm.Stop()
			return false
		case <-woken:
		case <-alarm.C:
		}
		alarm.Stop()
	}
}

func (h *Host) timerNamed(name string) (*function, error) {
	_, f, err := h.alone().timerNamed(name)
	return f, err
}

// timerOf is the status of a timer function, made at its first use.
func (h *Host) timerOf(f *function) *timer {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.timers[f.name]
	if t == nil {
		t = &timer{running: make(chan struct{}, 1), next: f.schedule.next(h.opt.Now())}
		h.timers[f.name] = t
	}
	return t
}

// tick runs one timer function by its schedule, for one life of the host.
func (h *Host) tick(ctx, taking context.Context, f *function) {
	t := h.timerOf(f)
	t.mu.Lock()
	first := !t.known
	t.mu.Unlock()
	if f.trigger.RunOnStartup {
		h.occur(ctx, f, t, false)
	} else if first {
		t.mu.Lock()
		t.known, t.lastUpdated = true, h.opt.Now()
		t.mu.Unlock()
	}
	for {
		t.mu.Lock()
		next := t.next
		t.mu.Unlock()
		if !h.sleepUntil(taking, next) {
			return
		}
		h.occur(ctx, f, t, h.opt.Now().Sub(next) > lateLimit)
	}
}

// occur is one scheduled run. The next one is worked out from its start, so that a moment missed during
// a long run, or while the clock leapt, is made up for once, as past due.
func (h *Host) occur(ctx context.Context, f *function, t *timer, pastDue bool) {
	began := h.opt.Now()
	_ = h.runTimerAs(ctx, f, nil, pastDue) // a failure is in the log and the history
	if ctx.Err() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known, t.last, t.lastUpdated = true, began, began
	t.next = f.schedule.next(began)
}

func (h *Host) runTimer(ctx context.Context, f *function, input *string) error {
	return h.runTimerAs(ctx, f, input, false)
}

// runTimerAs runs a timer function, with its retry policy, and never beside another run of itself.
func (h *Host) runTimerAs(ctx context.Context, f *function, input *string, pastDue bool) error {
	t := h.timerOf(f)
	select {
	case t.running <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-h.ctx.Done():
		return errDown
	}
	defer func() { <-t.running }()
	var failure error
	for try := 0; ; try++ {
		failure = h.invokeTimer(ctx, f, t, input, pastDue, try, failure)
		if failure == nil || f.retry == nil || f.retry.MaxRetryCount >= 0 && try >= f.retry.MaxRetryCount || ctx.Err() != nil {
			return failure
		}
		if !h.sleepUntil(ctx, h.opt.Now().Add(f.retry.pause(try))) {
			return failure
		}
	}
}

func (r *retryPolicy) pause(try int) time.Duration {
	if r.Strategy == "fixedDelay" {
		return r.delay
	}
	return min(r.most, r.least<<min(try, 16))
}

func (h *Host) invokeTimer(ctx context.Context, f *function, t *timer, input *string, pastDue bool, try int, before error) error {
	inv := h.begin(ctx, f)
	meta := newBindingData()
	if input != nil {
		meta.text(f.trigger.Name, *input)
	}
	metadata := meta.metadata(f, time.Now())
	if f.retry != nil {
		metadata.put("RetryContext", retryContext(f, try, before))
	}
	body := envelopeBody(f.trigger.Name, h.timerInfo(f, t, pastDue), metadata)
	_, answer, err := h.envelope(inv, body, "")
	h.finish(inv, "timerTrigger", string(body), answer, err)
	return err
}

// retryContext is what a function with a retry policy sees from its first try on.
func retryContext(f *function, try int, before error) *object {
	exception := value(nil)
	if before != nil {
		exception = newObject().put("MethodName", "Host.Functions."+f.name).put("Handled", false).
			put("ClassName", "Microsoft.Azure.WebJobs.Host.FunctionInvocationException").
			put("Message", "Exception while executing function: Functions."+f.name).
			put("InnerException", newObject().put("Message", before.Error()))
	}
	return newObject().put("RetryCount", number(itoa(try))).put("MaxRetryCount", number(itoa(f.retry.MaxRetryCount))).
		put("Exception", exception).put("Instance", nil).put("State", newObject())
}

// timerInfo is the timer object. A schedule with less than a minute between runs has no status, nor has
// one with useMonitor false.
func (h *Host) timerInfo(f *function, t *timer, pastDue bool) *object {
	status := value(nil)
	monitored := f.trigger.UseMonitor == nil || *f.trigger.UseMonitor
	if monitored && !f.schedule.subMinute(h.opt.Now()) {
		t.mu.Lock()
		status = newObject().put("Last", netOffset(t.last)).put("Next", netOffset(t.next)).put("LastUpdated", netOffset(t.lastUpdated))
		t.mu.Unlock()
	}
	return newObject().put("Schedule", newObject().put("AdjustForDST", true)).put("ScheduleStatus", status).put("IsPastDue", pastDue)
}

// netOffset writes a time with its offset, up to seven digits.
func netOffset(t time.Time) string { return netTime(t) + "+00:00" }
