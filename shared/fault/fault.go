// Package fault holds the kinds of failure and what becomes of a message for each.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a failure means for the one who called us and for the message that is being worked on.
type Kind int

// The kinds of failure. Broken is the zero value: an error that nobody classified is tried again, which
// is safe because every flow converges.
const (
	Broken   Kind = iota // network, 5xx, anything unknown: try again with back-off
	Invalid              // this message or document can never work: park it
	Refused              // the other side, or a rule, said no for a business reason: explain it, done
	Gone                 // the thing no longer exists, or cannot be read yet
	Conflict             // somebody wrote in between: read and decide again
	Later                // throttled, or asked to wait: again after a time that was named
	Denied               // our credentials or permissions are wrong: about us, not the message
)

// String names the kind as logs and parked rows show it.
func (k Kind) String() string {
	names := [...]string{"broken", "invalid", "refused", "gone", "conflict", "later", "denied"}
	if k < 0 || int(k) >= len(names) {
		return "broken"
	}
	return names[k]
}

// Error is a classified failure. Code is a short machine word ("country.invalid"), Mend tells a person
// what to do, After is the wait that the other side asked for (Later only).
type Error struct {
	Kind  Kind
	Code  string
	Mend  string
	Field string // the one field that it is about, where that is known
	After time.Duration
	err   error
}

// Error gives the wrapped text.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

// New makes a classified failure; format and args as for fmt.Errorf, %w included.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, err: fmt.Errorf(format, args...)}
}

// Wait makes a Later with the wait that was asked for.
func Wait(after time.Duration, format string, args ...any) *Error {
	return &Error{Kind: Later, After: after, err: fmt.Errorf(format, args...)}
}

// With sets the machine word and the advice, and returns the same error.
func (e *Error) With(code, mend string) *Error {
	e.Code, e.Mend = code, mend
	return e
}

// At sets the field, and returns the same error.
func (e *Error) At(field string) *Error {
	e.Field = field
	return e
}

// KindOf classifies any error: the outermost *Error decides, everything else is Broken.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Broken
}

// Is says whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

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
	// An event may come before the record can be read (F14).
	unreadable      = 2 * time.Minute
	unreadableAgain = 10 * time.Second
	// A queue message lives 14 days; before it expires it is parked, so that nothing is lost.
	giveUp = 13 * 24 * time.Hour
)

// Decide turns the outcome of a message into its verdict. It is the only place that does. Attempt counts
// the copies made so far, seen is when the event was first accepted.
func Decide(err error, attempt int, seen, now time.Time) Decision {
	if err == nil {
		return Decision{Verdict: Done}
	}
	age := now.Sub(seen)
	switch kind := KindOf(err); {
	case kind == Invalid:
		return Decision{Verdict: Park}
	case kind == Refused:
		return Decision{Verdict: Done}
	case kind == Gone && age < unreadable:
		return Decision{Verdict: Repeat, After: unreadableAgain}
	case kind == Gone:
		return Decision{Verdict: Done}
	case age > giveUp:
		return Decision{Verdict: Park, Alarm: true}
	case kind == Later:
		return Decision{Verdict: Repeat, After: Clamp(waitOf(err))}
	case kind == Conflict:
		return Decision{Verdict: Repeat, After: firstBackOff, Counts: true}
	case kind == Denied:
		return Decision{Verdict: Repeat, After: BackOff(attempt), Counts: true, Alarm: true}
	default:
		return Decision{Verdict: Repeat, After: BackOff(attempt), Counts: true}
	}
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
