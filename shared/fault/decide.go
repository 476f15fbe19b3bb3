package fault

import (
	"errors"
	"net/http"
	"time"
)

// Verdict is what becomes of a queue message.
type Verdict int

// The verdicts. A custom handler cannot settle messages: Repeat is a scheduled copy and a 200, Park a row
// in the table `parked` and a 200.
const (
	Done Verdict = iota
	Repeat
	Park
)

// Decision is the verdict with its details. Counts says whether the copy is one attempt more; Alarm that
// the failure is about us and an operator should look.
type Decision struct {
	Verdict Verdict
	After   time.Duration
	Counts  bool
	Alarm   bool
}

// Limits of the decision, each with its reason.
const (
	firstBackOff = 5 * time.Second
	lastBackOff  = 15 * time.Minute
	// An event may come before the record can be read. The waits follow how long it is worked on, so that they double
	// without a count: reads after 0, 5, 15, 35, 75 and 135 s, which is six at most.
	unreadable     = 2 * time.Minute
	lastUnreadable = time.Minute
	// Who writes at the same moment is done after this many tries; what still conflicts then is answered so for another reason.
	conflicts = 12
	// A queue message lives 14 days; before it expires it is parked, so that nothing is lost.
	giveUp = 13 * 24 * time.Hour
)

// Decide turns the outcome of a message into its verdict, and with Answer and Relay for HTTP doors it is
// the only place that does. Attempt counts the copies made so far, lasted is how long the message is worked on (Lasted), age
// how long ago the event was accepted, by clocks that may differ by minutes.
//
//	nil               done
//	Invalid           park
//	Refused           record, rule: done (held by the flow); ours: repeat with back-off, alarm
//	Gone              repeat 5 s doubling to 60 s, six reads in all; then done
//	Conflict          repeat after 5 s; with back-off once that has lasted
//	Later             repeat when it was asked
//	Denied            repeat with back-off, alarm
//	Broken, unknown   repeat with back-off
//
// What is 13 days old is parked, with an alarm.
func Decide(err error, attempt int, lasted, age time.Duration) Decision {
	if err == nil {
		return Decision{Verdict: Done}
	}
	switch kind := KindOf(err); {
	case kind == Invalid:
		return Decision{Verdict: Park}
	case kind == Refused && ClassOf(err) != Ours:
		return Decision{Verdict: Done} // a state of the pair by now, which is taken up when it is due
	case kind == Gone && lasted < unreadable:
		return Decision{Verdict: Repeat, After: min(max(lasted, 0)+firstBackOff, lastUnreadable)}
	case kind == Gone:
		return Decision{Verdict: Done}
	case age > giveUp:
		return Decision{Verdict: Park, Alarm: true}
	case kind == Later:
		return Decision{Verdict: Repeat, After: Clamp(waitOf(err))}
	case kind == Conflict:
		return Decision{Verdict: Repeat, After: BackOff(attempt - conflicts), Counts: true}
	case kind == Denied, kind == Refused:
		return Decision{Verdict: Repeat, After: BackOff(attempt), Counts: true, Alarm: true}
	default:
		return Decision{Verdict: Repeat, After: BackOff(attempt), Counts: true}
	}
}

// Lasted is how long a message is worked on. Whoever accepted the event, and whoever works on it, may have a clock that is off by
// minutes, the broker has one for all: it says when this copy was enqueued, and first is when that of which it is the first copy was.
// A message that is no copy is worked on from now on, however long it was in the queue. Where the broker says nothing (zero), it
// counts since when the event was accepted (seen).
func Lasted(first, enqueued, seen, now time.Time) time.Duration {
	switch {
	case enqueued.IsZero():
		return now.Sub(seen)
	case first.IsZero():
		return 0
	}
	return enqueued.Sub(first)
}

// BackOff is 5 s doubling to 15 min.
func BackOff(attempt int) time.Duration {
	d := firstBackOff
	for range attempt {
		if d *= 2; d >= lastBackOff {
			return lastBackOff
		}
	}
	return d
}

// Clamp keeps a wait at 1 s or more; waits that a rule of ours chose may be days. Use
// ClampRetryAfter for what another system asked for.
func Clamp(d time.Duration) time.Duration { return max(d, time.Second) }

// ClampRetryAfter keeps what another system asked for between 1 s and 15 min.
func ClampRetryAfter(d time.Duration) time.Duration {
	return min(max(d, time.Second), lastBackOff)
}

func waitOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) && e.After > 0 {
		return e.After
	}
	return firstBackOff
}

// Answer is the status at a webhook, where the fault is about the request that came in: 400 for what can
// never work, 401 for what is not authentic, 503 for every trouble of ours, so that the sender tries again.
// A door that meets Denied on its own way out wraps it as Broken first.
func Answer(err error) (status int) {
	switch {
	case err == nil:
		return http.StatusAccepted
	case Is(err, Invalid):
		return http.StatusBadRequest
	case Is(err, Denied):
		return http.StatusUnauthorized
	}
	return http.StatusServiceUnavailable
}

// Relay is the status at an operator's door, whose request was in order, and where the fault is what
// another system answered us: 502 for its no, 409 and 429 as it said, 503 for trouble that passes.
func Relay(err error) (status int) {
	if err == nil {
		return http.StatusOK
	}
	switch KindOf(err) {
	case Invalid, Refused, Gone, Denied:
		return http.StatusBadGateway
	case Conflict:
		return http.StatusConflict
	case Later:
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable
}
