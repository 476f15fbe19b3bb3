// Package queue holds the pointers that travel between the functions, the names of the queues, and sending.
package queue

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Name is the name of a queue, the same in Service Bus, in function.json and in Bicep.
type Name string

// The queues.
const (
	ReferralChanged    Name = "referral-changed"
	OpportunityChanged Name = "opportunity-changed"
	ReferralWanted     Name = "referral-wanted"
	SolutionsChanged   Name = "solutions-changed"
)

// Names lists every queue.
func Names() []Name {
	return []Name{ReferralChanged, OpportunityChanged, ReferralWanted, SolutionsChanged}
}

// The kinds of record that a pointer can name.
const (
	Referral    = "referral"
	Opportunity = "opportunity"
	Solution    = "solution"
	Account     = "account"
	Contact     = "contact"
)

// Version is the version of the message format that this program writes. It reads all up to it.
const Version = 1

// Pointer says that a record may have changed. It carries no values: those are read when the pointer is
// worked on, so that a late, repeated or reordered pointer does no harm.
type Pointer struct {
	V      int    `json:"v"`
	Tenant string `json:"tenant"`
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	// Parent is the opportunity of a solution row, where the event named it.
	Parent  string    `json:"parent,omitempty"`
	Reason  string    `json:"reason"`
	Seen    time.Time `json:"seen"`    // when the event was first accepted
	Attempt int       `json:"attempt"` // copies made so far that count
	Trace   string    `json:"trace"`
}

// Message is a pointer on its way into a queue. Session "" is the record's own: tenant|id. At zero means
// now; a later time makes a scheduled message.
type Message struct {
	Queue   Name
	Session string
	Pointer Pointer
	At      time.Time
}

// Sender puts messages into queues. Nil means that the broker has confirmed every one of them; with an
// error some may have been sent, which is harmless. Errors are faults: Later (throttled), Denied (our
// rights), Invalid (a message that no queue takes), else Broken.
type Sender interface {
	Send(ctx context.Context, messages ...Message) error
}

// maxText is what Service Bus allows for session ids, https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas.
const maxText = 128

// SessionID gives the session that the message travels in, at most 128 characters: a longer one is
// replaced by its digest, which keeps messages of one record together all the same.
func (m Message) SessionID() string {
	s := m.Session
	if s == "" {
		s = m.Pointer.Tenant + "|" + m.Pointer.ID
	}
	if len(s) <= maxText {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Check says whether the message can be sent: Invalid with the reason if not.
func (m Message) Check() error {
	known := false
	for _, n := range Names() {
		known = known || n == m.Queue
	}
	if !known {
		return fault.New(fault.Invalid, "queue %q is not one of %v", m.Queue, Names())
	}
	return m.Pointer.check()
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
	case p.V < 1 || p.V > Version:
		return fault.New(fault.Invalid, "pointer has version %d, this program reads 1 to %d", p.V, Version)
	case p.Tenant == "" || p.Kind == "" || p.ID == "":
		return fault.New(fault.Invalid, "pointer lacks tenant, kind or id")
	case len(p.ID) > maxText || len(p.Tenant) > maxText || len(p.Parent) > maxText:
		return fault.New(fault.Invalid, "pointer has an id of more than %d characters", maxText)
	case p.Seen.IsZero():
		return fault.New(fault.Invalid, "pointer lacks the time it was seen")
	case p.Attempt < 0:
		return fault.New(fault.Invalid, "pointer has attempt %d", p.Attempt)
	}
	return nil
}
