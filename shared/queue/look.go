package queue

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"
	"github.com/google/uuid"
)

// State is how a queue is, as far as one who may receive from it can see.
type State struct {
	Missing  bool          // there is no such queue
	Sessions bool          // messages of one record are delivered one after the other
	Lock     time.Duration // how long a session is locked; 0 without sessions
	Dead     int           // dead letters, MostDead at most
	Oldest   time.Time     // when the oldest of them was enqueued
}

// MostDead is how many dead letters are counted.
const MostDead = 100

// The conditions by which Service Bus says that a queue has no sessions, and that there is none.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot
const (
	notAllowed amqp.ErrCond = "amqp:not-allowed"
	notFound   amqp.ErrCond = "amqp:not-found"
)

// Look says how a queue is: it locks a session that nobody uses, for a moment, and peeks at the dead letters. Locks end by
// the broker's clock, which is the machine's also where work is done by another. Faults as of Send.
func (s *ServiceBus) Look(ctx context.Context, name Name) (State, error) {
	var out State
	r, err := s.client.AcceptSessionForQueue(ctx, string(name), "doctor-"+uuid.NewString(), nil)
	var condition *amqp.Error
	var known *azservicebus.Error
	switch {
	case err == nil:
		out.Sessions, out.Lock = true, time.Until(r.LockedUntil())
		_ = r.Close(context.WithoutCancel(ctx)) // its lock ends by itself
	case errors.As(err, &known) && known.Code == azservicebus.CodeNotFound, errors.As(err, &condition) && condition.Condition == notFound:
		return State{Missing: true}, nil
	case errors.As(err, &condition) && condition.Condition == notAllowed: // it has no sessions
	default:
		return out, classifyReading(name, err)
	}
	dead, err := s.client.NewReceiverForQueue(string(name), &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
	if err != nil {
		return out, classifyReading(name, err)
	}
	defer func() { _ = dead.Close(context.WithoutCancel(ctx)) }() // ends by itself
	waiting, err := dead.PeekMessages(ctx, MostDead, nil)
	if err != nil {
		return out, classifyReading(name, err)
	}
	out.Dead = len(waiting)
	for _, m := range waiting {
		if at := m.EnqueuedTime; at != nil && (out.Oldest.IsZero() || at.Before(out.Oldest)) {
			out.Oldest = *at
		}
	}
	return out, nil
}
