// Package queue holds the pointers that travel between the functions, the names of the queues, and sending.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
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

// Queue is a queue and the kinds of record whose pointers it carries.
type Queue struct {
	Name  Name
	Kinds []string
}

// All is the one list of queues.
func All() []Queue {
	names := []Name{ReferralChanged, OpportunityChanged, ReferralWanted, SolutionsChanged}
	out := make([]Queue, len(names))
	for i, n := range names {
		out[i] = Queue{n, n.kinds()}
	}
	return out
}

// kinds are the kinds of record whose pointers a queue carries; nil: there is no such queue.
func (n Name) kinds() []string {
	switch n {
	case ReferralChanged:
		return []string{Referral}
	case OpportunityChanged:
		return []string{Opportunity, Lead, Account, Contact, Connection, User}
	case ReferralWanted:
		return []string{Opportunity}
	case SolutionsChanged:
		return []string{Solution}
	}
	return nil
}

// Names lists the names of the queues.
func Names() (out []Name) {
	for _, q := range All() {
		out = append(out, q.Name)
	}
	return out
}

// Carries says whether a pointer to that kind of record belongs on the queue: Invalid if not, or if there
// is no such queue.
func (n Name) Carries(kind string) error {
	kinds := n.kinds()
	if kinds != nil && !slices.Contains(kinds, kind) {
		return fault.New(fault.Invalid, "a pointer to a %q does not belong on %s, which carries %v", kind, n, kinds)
	}
	return n.known()
}

func (n Name) known() error {
	if n.kinds() != nil {
		return nil
	}
	return fault.New(fault.Invalid, "queue %q is not one of %v", n, Names())
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

// Check says whether the message can be sent: Invalid with the reason if not. One in a later format that waits can be:
// what it names is not known here.
func (m Message) Check() error {
	if m.Pointer.Later() && m.Pointer.Rest != "" {
		return m.Queue.known()
	}
	if err := m.Pointer.check(); err != nil {
		return err
	}
	return m.Queue.Carries(m.Pointer.Kind)
}
