// Package fault holds the kinds of failure and what becomes of a message for each.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Kind says what a failure means for the one who called us and for the message that is being worked on.
type Kind int

// The kinds of failure. Broken is the zero value: an error that nobody classified is tried again, which
// is safe because every flow converges.
const (
	Broken   Kind = iota // network, 5xx, anything unknown: try again with back-off
	Invalid              // this message or document can never work: park it
	Refused              // the other side, or a rule of ours, said no to what we asked: see Class
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

// Class says whose a Refused is, and so who has to do something about it.
type Class string

// The classes of a Refused. New makes a Refused of class Record; ask with ClassOf.
const (
	Record Class = "record" // a value, a business rule, a closed record: shown on the record, tried again by its schedule
	Ours   Class = "ours"   // a privilege, table, column, schema or consent: nothing is wrong with the record
	Rule   Class = "rule"   // a rule of ours waits for a person: shown on the record, the mark stays
)

// maxTheirs is how much of the other side's words is kept, in characters: people read them in the CRM.
const maxTheirs = 200

// Error is a classified failure. Four kinds of text are kept apart: Error() is for the log and holds what
// we were doing, ids, status and code; Say and Mend are our own sentences for a person; Theirs is what the
// other side said. Theirs may quote names, addresses and notes of people, so it goes to the CRM's Audit
// alone: never into Error(), a log, a table or an answer at a door.
type Error struct {
	Kind   Kind
	Class  Class         // of a Refused
	Code   string        // a short machine word: "country.invalid", "0x80040220"
	Say    string        // what is wrong and where, for a person
	Mend   string        // what a person does about it
	Theirs string        // the other side's own words, cut
	Field  string        // the one field of the sheet that it is about, where that is known
	Target string        // how the other side names the place: "opportunity/description" or a column of the CRM, a JSON pointer of Partner Center
	Status int           // of the answer, where there was one
	After  time.Duration // the wait that the other side asked for (Later only)
	Maybe  bool          // of a write: some of it may have been done all the same, by an earlier try or part
	Part   bool          // of a Refused that is ours: it is about a part of what was written, and the rest may go
	// Guessed: Field or Target was found in the other side's words alone, which may speak of something else.
	Guessed bool
	err     error
}

// Error gives our own text with what it wraps.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.err }

// New makes a classified failure; format and args as for fmt.Errorf, %w included. What another system
// said is no argument of it, see Quoting.
func New(kind Kind, format string, args ...any) *Error {
	e := &Error{Kind: kind, err: fmt.Errorf(format, args...)}
	if kind == Refused {
		e.Class = Record
	}
	return e
}

// Wait makes a Later with the wait that was asked for.
func Wait(after time.Duration, format string, args ...any) *Error {
	return &Error{Kind: Later, After: after, err: fmt.Errorf(format, args...)}
}

// CodeStale is the machine word of a wait for a system that shows an old copy of a record.
const CodeStale = "record.stale"

// staleTime is how long a system that shows an old copy is left alone.
const staleTime = 5 * time.Second

// Stale makes the Later for a system that shows an old copy of a record. No rule of ours wants that wait, and
// so health says when it lasts.
func Stale(format string, args ...any) *Error {
	return Wait(staleTime, format, args...).With(CodeStale, "").
		Saying("a system still shows old copies of records that were changed", "nothing to do at first; if it lasts, look at that system's service health")
}

// Unseen makes the Stale for what was written and is not shown yet.
func Unseen(format string, args ...any) *Error {
	e := Stale(format, args...)
	e.Maybe = true
	return e
}

// Lacking makes the Refused for something that a record only refers to and that does not exist: an owner,
// a currency, an account. That is never Gone, because the record itself is there. The code is
// "<thing>.unknown".
func Lacking(class Class, thing, format string, args ...any) *Error {
	return New(Refused, format, args...).OfClass(class).With(thing+".unknown", "")
}

// With sets the machine word and the advice, and returns the same error.
func (e *Error) With(code, mend string) *Error {
	e.Code, e.Mend = code, mend
	return e
}

// Saying sets our sentence for a person and the advice, and returns the same error.
func (e *Error) Saying(say, mend string) *Error {
	e.Say, e.Mend = say, mend
	return e
}

// Quoting sets the other side's own words, cut and on one line, and returns the same error.
func (e *Error) Quoting(theirs string) *Error {
	e.Theirs = cut(theirs)
	return e
}

// OfClass says whose a Refused is, and returns the same error.
func (e *Error) OfClass(c Class) *Error {
	e.Class = c
	return e
}

// OfPart says that only a part of what was written is refused, and returns the same error.
func (e *Error) OfPart() *Error {
	e.Part = true
	return e
}

// OfAll says whether a refusal is about us as such, so that nothing of what was written would be taken now.
func OfAll(err error) bool { return ClassOf(err) == Ours && !Of(err).Part }

// At sets the field of the sheet, and returns the same error.
func (e *Error) At(field string) *Error {
	e.Field = field
	return e
}

// Naming sets the other side's name of the place, and returns the same error.
func (e *Error) Naming(target string) *Error {
	e.Target = target
	return e
}

// Answered sets the status of the answer, and returns the same error.
func (e *Error) Answered(status int) *Error {
	e.Status = status
	return e
}

// cut keeps the beginning, at a character boundary, with blanks for control characters and line ends.
func cut(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > maxTheirs {
		return string(runes[:maxTheirs-1]) + "…"
	}
	return s
}

// Of gives the outermost *Error of err; an error that nobody classified comes back as Broken. It is nil
// for nil.
func Of(err error) *Error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Broken, err: err}
}

// KindOf classifies any error: the outermost *Error decides, everything else is Broken.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Broken
}

// ClassOf says whose a Refused is; it is empty for every other kind.
func ClassOf(err error) Class {
	var e *Error
	switch {
	case !errors.As(err, &e) || e.Kind != Refused:
		return ""
	case e.Class == "":
		return Record
	}
	return e.Class
}

// ByRule says whether err is a wait that a rule of ours wants, which is a Later without a code: it is no
// trouble, however long. Whoever waits because another system asked for it gives his Later a code.
func ByRule(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Later && e.Code == ""
}

// Is says whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
