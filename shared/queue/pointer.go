package queue

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
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
	// Why is a remark for people and logs. It decides nothing.
	Why      string
	Seen     time.Time // when the event was first accepted
	Attempt  int       // copies made so far that count
	Revivals int       // how often it came back from the dead letters
	Trace    string
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
	Why      string    `json:"why,omitempty"`
	Seen     time.Time `json:"seen"`
	Attempt  int       `json:"attempt"`
	Revivals int       `json:"revivals,omitempty"`
	Trace    string    `json:"trace"`
}

// What the reason of a version 1 message means.
const (
	reasonDeleted = "Delete"
	reasonRelated = "related-"
)

// MarshalJSON implements json.Marshaler.
func (p Pointer) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{V: p.V, Tenant: p.Tenant, Kind: p.Kind, ID: p.ID, Parent: p.Parent, Reason: p.Reason(), Deleted: &p.Deleted,
		Related: &p.Related, Retry: p.Retry, Late: p.Late, Why: p.Why, Seen: p.Seen, Attempt: p.Attempt, Revivals: p.Revivals, Trace: p.Trace})
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
	var w wire
	if err := json.Unmarshal(body, &w); err != nil {
		return err
	}
	*p = Pointer{V: w.V, Tenant: w.Tenant, Kind: w.Kind, ID: w.ID, Parent: w.Parent, Retry: w.Retry, Late: w.Late, Why: w.Why, Seen: w.Seen, Attempt: w.Attempt,
		Revivals: w.Revivals, Trace: w.Trace}
	first := w.V == 1
	p.Deleted = w.Deleted != nil && *w.Deleted || first && w.Deleted == nil && w.Reason == reasonDeleted
	p.Related = w.Related != nil && *w.Related || first && w.Related == nil && strings.HasPrefix(w.Reason, reasonRelated)
	if p.Why == "" && first && w.Deleted == nil {
		p.Why = w.Reason
	}
	return nil
}

// Decode reads a pointer. Unknown members are allowed, since a newer version may have added them;
// everything else that is not a pointer is Invalid.
func Decode(body []byte) (Pointer, error) {
	var p Pointer
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&p); err != nil {
		return Pointer{}, fault.New(fault.Invalid, "message is not a pointer: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Pointer{}, fault.New(fault.Invalid, "message is not a pointer: something follows the JSON object")
	}
	return p, p.check()
}

func (p Pointer) check() error {
	switch {
	case p.V < 1 || p.V > newest:
		return fault.New(fault.Invalid, "pointer has version %d, this program reads 1 to %d", p.V, newest)
	case p.Tenant == "" || p.Kind == "" || p.ID == "":
		return fault.New(fault.Invalid, "pointer lacks tenant, kind or id")
	case len(p.ID) > maxText || len(p.Tenant) > maxText || len(p.Parent) > maxText:
		return fault.New(fault.Invalid, "pointer has an id of more than %d characters", maxText)
	case p.Seen.IsZero():
		return fault.New(fault.Invalid, "pointer lacks the time it was seen")
	case p.Attempt < 0 || p.Revivals < 0:
		return fault.New(fault.Invalid, "pointer has attempt %d, revival %d", p.Attempt, p.Revivals)
	}
	return nil
}
