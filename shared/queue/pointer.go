package queue

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

// The kinds of record that a pointer can name.
const (
	Referral    = "referral"
	Opportunity = "opportunity"
	Solution    = "solution"
	Account     = "account"
	Contact     = "contact"
	Connection  = "connection"
	User        = "user"
	Lead        = "lead"
)

// Version is the version of the message format that this program writes, newest the last that it reads.
// Until the release after this one it writes version 1 with the members of version 2 beside: the program
// before this one, which may still run or come back, ignores those and reads `reason`.
const (
	Version = 1
	newest  = 2
)

// Pointer says that a record may have changed. It carries no values: those are read when the pointer is
// worked on, so that a late, repeated or reordered pointer does no harm.
type Pointer struct {
	V      int
	Tenant string
	Kind   string
	ID     string
	// Parent is the opportunity of a solution row, where the event named it.
	Parent string
	// Deleted: the event says that the record is gone and will not come back.
	Deleted bool
	// Related: the event is about another referral of the same engagement.
	Related bool
	// Retry: a person, or the schedule, wants what is held tried again.
	Retry bool
	// Late: it was tried before, or no event told of it.
	Late bool
	// Shown is the version in which a feed has shown the record, or the row of which the pointer comes.
	Shown Shown
	// Why is a remark for people and logs. It decides nothing.
	Why      string
	Seen     time.Time // when the event was first accepted
	First    time.Time // of a copy: when the broker had the message of which it is the first, by the broker's clock
	Attempt  int       // copies made so far that count
	Revivals int       // how often it came back from the dead letters
	Trace    string
	// Rest is what a later version of the program has put beside, as it wrote it: a JSON object, or empty. Of a
	// message in a later format it is the whole message. Copies keep it.
	Rest string
}

// Later says that the message is in a format that only a later version of the program reads. Of such a one the
// fields are what the members of the same names say, as far as they can be read.
func (p Pointer) Later() bool { return p.V > newest }

// CodeLater is the code of a message in a later format.
const CodeLater = "message.newer"

// Shown names a version of a record. It is no value of it: that is read.
type Shown struct {
	ID       string    `json:"id"`
	Version  string    `json:"version,omitempty"`
	Modified time.Time `json:"modified,omitzero"`
}

// wire is a pointer as it is written. Deleted and Related are pointers because their absence means that
// an older program wrote the message, whose Reason then decides.
type wire struct {
	V        int       `json:"v"`
	Tenant   string    `json:"tenant"`
	Kind     string    `json:"kind"`
	ID       string    `json:"id"`
	Parent   string    `json:"parent,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Deleted  *bool     `json:"deleted,omitempty"`
	Related  *bool     `json:"related,omitempty"`
	Retry    bool      `json:"retry,omitempty"`
	Late     bool      `json:"late,omitempty"`
	Shown    Shown     `json:"shown,omitzero"`
	Why      string    `json:"why,omitempty"`
	Seen     time.Time `json:"seen"`
	First    time.Time `json:"first,omitzero"`
	Attempt  int       `json:"attempt"`
	Revivals int       `json:"revivals,omitempty"`
	Trace    string    `json:"trace"`
}

// What the reason of a version 1 message means.
const (
	reasonDeleted = "Delete"
	reasonRelated = "related-"
)

// Encode is json.Marshal, which calls MarshalJSON and then reads again what that has written.
func (p Pointer) Encode() ([]byte, error) { return p.MarshalJSON() }

// MarshalJSON implements json.Marshaler.
func (p Pointer) MarshalJSON() ([]byte, error) {
	if p.Later() {
		return p.copied()
	}
	own, err := json.Marshal(wire{V: p.V, Tenant: p.Tenant, Kind: p.Kind, ID: p.ID, Parent: p.Parent, Reason: p.Reason(), Deleted: &p.Deleted,
		Related: &p.Related, Retry: p.Retry, Late: p.Late, Shown: p.Shown, Why: p.Why, Seen: p.Seen, First: p.First, Attempt: p.Attempt, Revivals: p.Revivals, Trace: p.Trace})
	if err != nil || p.Rest == "" {
		return own, err
	}
	return append(append(own[:len(own)-1], ','), p.Rest[1:]...), nil
}

// Reason says to a program of version 1, in one text, what it has to know; empty for a later version.
func (p Pointer) Reason() string {
	switch {
	case p.V != 1:
		return ""
	case p.Deleted:
		return reasonDeleted
	case p.Related && !strings.HasPrefix(p.Why, reasonRelated):
		return reasonRelated + p.Why
	case !p.Related && strings.HasPrefix(p.Why, reasonRelated), p.Why == reasonDeleted, p.Why == "":
		return "changed"
	}
	return p.Why
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Pointer) UnmarshalJSON(body []byte) error {
	w, rest, err := readWire(string(body))
	if err != nil || w.V > newest {
		if later, unreadable := laterOf(body); later.Later() || unreadable != nil {
			*p = later
			return unreadable
		}
	}
	if err != nil {
		return err
	}
	*p = Pointer{V: w.V, Tenant: w.Tenant, Kind: w.Kind, ID: w.ID, Parent: w.Parent, Retry: w.Retry, Late: w.Late, Shown: w.Shown, Why: w.Why, Seen: w.Seen, First: w.First, Attempt: w.Attempt,
		Revivals: w.Revivals, Trace: w.Trace, Rest: rest}
	first := w.V == 1
	p.Deleted = w.Deleted != nil && *w.Deleted || first && w.Deleted == nil && w.Reason == reasonDeleted
	p.Related = w.Related != nil && *w.Related || first && w.Related == nil && strings.HasPrefix(w.Reason, reasonRelated)
	if p.Why == "" && first && w.Deleted == nil {
		p.Why = w.Reason
	}
	return nil
}

// Decode reads a pointer. Unknown members are allowed and kept, since a newer version may have added them. A message in
// a later format is Refused of class ours, and so waits for the program that reads it; what can be read of it is given
// all the same. Everything else that is not a pointer is Invalid.
func Decode(body []byte) (Pointer, error) {
	var p Pointer
	if err := p.UnmarshalJSON(body); err != nil {
		return Pointer{}, fault.New(fault.Invalid, "message is not a pointer: %w", err)
	}
	return p, p.check()
}

// readWire reads a message in a format that is known. rest are the members that this program does not know, as an object; empty
// for none.
func readWire(text string) (w wire, rest string, err error) {
	r := jsonread.Of(text)
	others := map[string]json.RawMessage{}
	flag := func() *bool {
		if r.Null() {
			return nil
		}
		v := r.Flag()
		return &v
	}
	r.Object(func(name string) {
		switch name {
		case "v":
			w.V = r.Int()
		case "tenant":
			w.Tenant = r.Text()
		case "kind":
			w.Kind = r.Text()
		case "id":
			w.ID = r.Text()
		case "parent":
			w.Parent = r.Text()
		case "reason":
			w.Reason = r.Text()
		case "deleted":
			w.Deleted = flag()
		case "related":
			w.Related = flag()
		case "retry":
			w.Retry = r.Flag()
		case "late":
			w.Late = r.Flag()
		case "shown":
			w.Shown = readShown(r)
		case "why":
			w.Why = r.Text()
		case "seen":
			w.Seen = r.Time()
		case "first":
			w.First = r.Time()
		case "attempt":
			w.Attempt = r.Int()
		case "revivals":
			w.Revivals = r.Int()
		case "trace":
			w.Trace = r.Text()
		default:
			if !slices.ContainsFunc(members[:], func(known string) bool { return strings.EqualFold(known, name) }) {
				others[name] = json.RawMessage(r.Raw())
			}
		}
	})
	if err = r.End(); err == nil && len(others) > 0 {
		var text []byte
		text, err = json.Marshal(others)
		rest = string(text)
	}
	return w, rest, err
}

func readShown(r *jsonread.Reader) (s Shown) {
	r.Object(func(name string) {
		switch name {
		case "id":
			s.ID = r.Text()
		case "version":
			s.Version = r.Text()
		case "modified":
			s.Modified = r.Time()
		}
	})
	return s
}

func (p Pointer) check() error {
	switch {
	case p.Later() && !p.Seen.IsZero():
		return fault.New(fault.Refused, "message is of format version %d, this program reads 1 to %d", p.V, newest).OfClass(fault.Ours).
			Saying("a later version of the program has sent messages that this one cannot read", mendLater).With(CodeLater, mendLater)
	case p.V < 1 || p.Later():
		return fault.New(fault.Invalid, "pointer has version %d and no time, this program reads 1 to %d", p.V, newest)
	case p.Tenant == "" || p.Kind == "" || p.ID == "":
		return fault.New(fault.Invalid, "pointer lacks tenant, kind or id")
	case len(p.ID) > maxText || len(p.Tenant) > maxText || len(p.Parent) > maxText || len(p.Shown.ID) > maxText || len(p.Shown.Version) > maxText:
		return fault.New(fault.Invalid, "pointer has an id of more than %d characters", maxText)
	case p.Seen.IsZero():
		return fault.New(fault.Invalid, "pointer lacks the time it was seen")
	case p.Attempt < 0 || p.Revivals < 0:
		return fault.New(fault.Invalid, "pointer has attempt %d, revival %d", p.Attempt, p.Revivals)
	}
	return nil
}

const mendLater = "publish that version again, or one after it: it takes them"
