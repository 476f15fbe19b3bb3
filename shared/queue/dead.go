package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Dead is a message that the broker set aside: its delivery failed maxDeliveryCount times in a row, as
// happens when processes die faster than a message can be worked on.
type Dead struct {
	Queue     Name
	Session   string
	MessageID string
	Body      []byte
	Reason    string // the broker's
}

// deadBatch is how many dead messages one sweep takes from a queue.
const deadBatch = 200

// Dead empties the dead-letter queues: take decides about each message, and only when it returns nil is
// the message gone from there. A queue that fails, because it is full, disabled or lacks a right, leaves the others
// theirs. Kinds of fault: Denied, Later, Broken.
func (s *ServiceBus) Dead(ctx context.Context, take func(context.Context, Dead) error) error {
	var errs []error
	for _, name := range Names() {
		errs = append(errs, s.dead(ctx, name, take))
	}
	return errors.Join(errs...)
}

func (s *ServiceBus) dead(ctx context.Context, name Name, take func(context.Context, Dead) error) error {
	r, err := s.receiving().NewReceiverForQueue(string(name), &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
	if err != nil {
		return classify(name, err)
	}
	defer func() { _ = r.Close(context.WithoutCancel(ctx)) }() // ends by itself
	waiting, err := r.PeekMessages(ctx, deadBatch, nil)
	if err != nil || len(waiting) == 0 {
		return classify(name, err)
	}
	for left := len(waiting); left > 0; {
		batch, err := receiveSoon(ctx, r, left)
		if err != nil || len(batch) == 0 {
			return classify(name, err)
		}
		left -= len(batch)
		for i, m := range batch {
			if err := take(ctx, deadOf(name, m)); err != nil {
				release(ctx, r, batch[i:])
				return fmt.Errorf("taking message %s out of the dead letters of %s: %w", m.MessageID, name, err)
			}
			if err := r.CompleteMessage(ctx, m, nil); err != nil {
				return classify(name, err)
			}
		}
	}
	return nil
}

// release lets the next sweep have the messages at once, not after their locks have run out.
func release(ctx context.Context, r *azservicebus.Receiver, messages []*azservicebus.ReceivedMessage) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), soon)
	defer cancel()
	for _, m := range messages {
		_ = r.AbandonMessage(ctx, m, nil) // its lock ends by itself
	}
}

// soon is how long a message that was just seen may take to come.
const soon = 5 * time.Second

func receiveSoon(ctx context.Context, r *azservicebus.Receiver, most int) ([]*azservicebus.ReceivedMessage, error) {
	limited, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	batch, err := r.ReceiveMessages(limited, most, nil)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, nil // somebody else took them
	}
	return batch, err
}

func deadOf(name Name, m *azservicebus.ReceivedMessage) Dead {
	d := Dead{Queue: name, MessageID: m.MessageID, Body: m.Body}
	if m.SessionID != nil {
		d.Session = *m.SessionID
	}
	if m.DeadLetterReason != nil {
		d.Reason = *m.DeadLetterReason
	}
	return d
}

// mostRevivals is how often a message may come back from the dead letters before a person has to look. It
// is counted apart from attempts: those grow with every wait, also through an outage of a day.
const mostRevivals = 5

// Revive makes the next copy of a dead message. Invalid: it is no pointer, or none that belongs on the queue, or it
// came back too often; it is to be parked.
func (d Dead) Revive() (Message, error) {
	p, err := Decode(d.Body)
	if err != nil && !p.Later() {
		return Message{}, err
	}
	if p.Revivals >= mostRevivals {
		return Message{}, fault.New(fault.Invalid, "dead-lettered again after it came back %d times: %s", p.Revivals, d.Reason)
	}
	p.Revivals++
	m := Message{Queue: d.Queue, Session: d.Session, Pointer: p}
	if err := m.Check(); err != nil { // no queue takes it: it would lie in front of all others for ever
		return Message{}, err
	}
	return m, nil
}
