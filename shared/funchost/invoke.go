package funchost

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

func (s *Server) serveEnvelope(w http.ResponseWriter, r *http.Request, f Function) {
	size, status := s.readBody(w, r, maxEnvelope)
	defer s.held.Add(-size)
	if status != 0 {
		w.Header().Set("Connection", "close")
		Refuse(w, status, bodyText[status])
		return
	}
	id := invocationID(r.Header)
	body, _ := bodyOf(r) // in memory already
	e, err := parseEnvelope(body)
	if err != nil {
		Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if f.Queue != nil {
		d := e.delivery(id)
		d.Queue = f.QueueName
		err = s.deliver(r.Context(), f, d)
	} else {
		err = s.tick(r.Context(), f, e.tick(id))
	}
	if err != nil {
		Refuse(w, http.StatusInternalServerError, "the invocation failed, the log says why")
		return
	}
	Answer(w, http.StatusOK, struct{}{})
}

// Deliver works on one message for a host that has it from the queue itself. Nil means that all is done with it: the
// host completes it. Only when neither a copy nor a parked row could be written is there an error, and the host gives
// it back. A deadline of the context counts as the end of the process.
func (s *Server) Deliver(ctx context.Context, function string, d Delivery) error {
	f, ok := s.functions[function]
	if !ok || f.Queue == nil {
		return fmt.Errorf("no function %q with a queue is served here", function)
	}
	d.Queue = f.QueueName
	return s.deliver(ctx, f, d)
}

// Tick runs a timer's function for a host that has the schedule itself.
func (s *Server) Tick(ctx context.Context, function string, t Tick) error {
	f, ok := s.functions[function]
	if !ok || f.Timer == nil {
		return fmt.Errorf("no function %q with a timer is served here", function)
	}
	return s.tick(ctx, f, t)
}

func (s *Server) tick(ctx context.Context, f Function, t Tick) error {
	err := within(ctx, s.limit(ctx), func(ctx context.Context) error { return f.Timer(ctx, t) })
	if err != nil {
		s.logFailure(f.Name, t.InvocationID, err)
	}
	return err
}

// limit is how long a function may work: shorter where the whole invocation ends before, so that its outcome can
// still be written.
func (s *Server) limit(ctx context.Context) time.Duration {
	end, ends := ctx.Deadline()
	if !ends {
		return s.Limit
	}
	return min(s.Limit, time.Until(end)-settleTime-grace)
}

// settleTime is what is left for the copy or the parked row once a function has used up its limit.
const settleTime = 20 * time.Second

// deliver works on one message. A custom handler cannot settle messages: success completes it, failure
// abandons it, and an abandoned session message comes back at once, up to ten times, and is then
// dead-lettered. So "later" is a scheduled copy and success, "never" a parked row and success.
func (s *Server) deliver(ctx context.Context, f Function, d Delivery) error {
	limit := s.limit(ctx)
	deadline := time.Now().Add(limit + settleTime)
	cause := within(ctx, limit, func(ctx context.Context) error { return s.inTurn(ctx, f, d) })
	facts := factsOf(d, s.Now())
	decision := fault.Decide(cause, facts.Attempt, fault.Lasted(facts.First, d.Enqueued, facts.Seen, s.Now()), s.Now().Sub(facts.Seen))
	s.logOutcome(f, d, facts, cause, decision)
	if decision.Verdict == fault.Done {
		return nil
	}
	// The function's own limit must not cut this off, only the end of the whole invocation.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	err := s.insist(ctx, func() error {
		if decision.Verdict == fault.Park {
			return s.outcomes.Park(ctx, d, f.Name, cause)
		}
		return s.outcomes.Repeat(ctx, d, decision.After, decision.Counts)
	})
	if err != nil {
		s.logFailure(f.Name, d.InvocationID, err)
	}
	return err
}

// turnTime is how long a message waits for its turn before it goes back into the queue.
const turnTime = time.Minute

// inTurn waits for a working place: the host hands over as many messages as it has sessions, four queues
// full of them, while the systems behind us take far less at a time.
func (s *Server) inTurn(ctx context.Context, f Function, d Delivery) error {
	if !s.turn(ctx) {
		return fault.Wait(5*time.Second, "%d messages are being worked on", cap(s.messages))
	}
	defer func() { <-s.messages }()
	return f.Queue(ctx, d)
}

// turn takes a working place, unless none becomes free in time.
func (s *Server) turn(ctx context.Context) bool {
	if ctx.Err() != nil { // of two cases that are ready one is taken by chance
		return false
	}
	select {
	case s.messages <- struct{}{}:
		return true
	default:
	}
	patience, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	select {
	case s.messages <- struct{}{}:
		return true
	case <-patience.Done():
		return false
	}
}

// insist tries until it works or time is up. To give up early would send the message back ten times
// within a second and into the dead-letter queue.
func (s *Server) insist(ctx context.Context, do func() error) error {
	for wait := time.Second; ; wait = min(2*wait, 15*time.Second) {
		err := do()
		if err == nil {
			return nil
		}
		s.Log.Warn("outcome not written yet", fault.Attr(err))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// facts are the members of a pointer that the decision needs, whoever defines the rest.
type facts struct {
	Seen, First time.Time
	Attempt     int
	Trace       string
}

func factsOf(d Delivery, now time.Time) facts {
	var f facts
	r := jsonread.Of(string(d.Body)) // not a pointer: the function says so
	r.Object(func(name string) {
		switch name {
		case "seen":
			f.Seen = r.Time()
		case "first":
			f.First = r.Time()
		case "attempt":
			f.Attempt = r.Int()
		case "trace":
			f.Trace = r.Text()
		}
	})
	if f.Seen.IsZero() {
		f.Seen = d.Enqueued
	}
	if f.Seen.IsZero() {
		f.Seen = now
	}
	return f
}

func (s *Server) logOutcome(f Function, d Delivery, facts facts, cause error, decision fault.Decision) {
	attrs := []any{"function", f.Name, "invocation_id", d.InvocationID, "trace", facts.Trace, "attempt", facts.Attempt}
	if cause == nil {
		s.Log.Debug("done", attrs...)
		return
	}
	verdict := [...]string{fault.Done: "done", fault.Repeat: "repeat", fault.Park: "park"}[decision.Verdict]
	level := levelOf(cause, decision)
	if level > slog.LevelInfo { // trouble repeats itself: an outage would be a line for each message and try
		skipped, ok := s.lines.allow(f.Name, verdict+" "+fault.KindOf(cause).String()+" "+fault.Of(cause).Code)
		if !ok {
			return
		}
		attrs = append(attrs, "skipped", skipped)
	}
	attrs = append(attrs, "verdict", verdict, "after", decision.After.String(), fault.Attr(cause))
	if p, ok := cause.(*panicked); ok {
		attrs = append(attrs, "stack", string(p.stack))
	}
	s.Log.Log(context.Background(), level, "message", attrs...)
}

// levelOf: alarms and parked messages are errors, what is tried again is a warning, and neither a refusal,
// which the record shows, nor a wait that a rule wants is trouble.
func levelOf(cause error, decision fault.Decision) slog.Level {
	switch {
	case decision.Alarm || decision.Verdict == fault.Park:
		return slog.LevelError
	case decision.Verdict == fault.Repeat && !fault.ByRule(cause):
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
