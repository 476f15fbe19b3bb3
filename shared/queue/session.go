package queue

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Received is a message under its session's lock. It stays in the queue until it is completed.
type Received struct {
	MessageID     string
	DeliveryCount int // 1 is the first
	Body          []byte
	Enqueued      time.Time // zero when the broker did not say

	message *azservicebus.ReceivedMessage
}

// Session is a session of a queue that nobody else can read meanwhile.
// https://learn.microsoft.com/azure/service-bus-messaging/message-sessions
type Session struct {
	queue Name
	link  *azservicebus.SessionReceiver
	until atomic.Int64 // the end of the lock, ns since 1970: the client's own is not safe to read while it renews
}

// NextSession locks a session that has messages; nil when none came in time. The broker itself is asked to wait no
// longer, so that it gives no session to a caller who has gone. Kinds of fault: Denied, Later, Broken.
func (s *ServiceBus) NextSession(ctx context.Context, name Name, wait time.Duration) (*Session, error) {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	link, err := s.receiving().AcceptNextSessionForQueue(limited, string(name), nil)
	if err != nil {
		if isTimeout(err) || limited.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, classifyReading(name, err)
	}
	out := &Session{queue: name, link: link}
	out.until.Store(link.LockedUntil().UnixNano())
	return out, nil
}

func isTimeout(err error) bool {
	var known *azservicebus.Error
	return errors.As(err, &known) && known.Code == azservicebus.CodeTimeout
}

// classifyReading is classify for who reads a queue: the right that is missing is another.
func classifyReading(name Name, err error) error {
	err = classify(name, err)
	if fault.Is(err, fault.Denied) && fault.Of(err).Code == codeDenied {
		return fault.New(fault.Denied, "receiving: %w", err).With(codeDenied,
			"give the sync app the role Azure Service Bus Data Receiver on this queue, or correct the connection string")
	}
	return err
}

// ID names the session: a tenant and a record, as Message.SessionID made it.
func (s *Session) ID() string { return s.link.SessionID() }

// Next gives the session's next message; nil when none came in time.
func (s *Session) Next(ctx context.Context, wait time.Duration) (*Received, error) {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	batch, err := s.link.ReceiveMessages(limited, 1, nil)
	if len(batch) == 0 {
		if err == nil || limited.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, classifyReading(s.queue, err)
	}
	m := batch[0]
	out := &Received{MessageID: m.MessageID, DeliveryCount: int(m.DeliveryCount), Body: m.Body, message: m}
	if m.EnqueuedTime != nil {
		out.Enqueued = *m.EnqueuedTime
	}
	return out, nil
}

// Complete takes the message out of the queue. When it fails the message comes again, here or elsewhere.
func (s *Session) Complete(ctx context.Context, m *Received) error {
	return classifyReading(s.queue, s.link.CompleteMessage(ctx, m.message, nil))
}

// Abandon gives the message back at once, one delivery older.
func (s *Session) Abandon(ctx context.Context, m *Received) error {
	return classifyReading(s.queue, s.link.AbandonMessage(ctx, m.message, nil))
}

// renewLeast keeps a renewal that the broker refuses from being repeated without a pause.
const renewLeast = 500 * time.Millisecond

// Keep renews the lock in good time until ctx ends. When the lock is lost it calls lost, once: somebody else may have
// the session by then, so what is worked on in it should end.
func (s *Session) Keep(ctx context.Context, lost func()) {
	for {
		left := time.Until(time.Unix(0, s.until.Load()))
		timer := time.NewTimer(max(min(left/2, left-10*time.Second), renewLeast))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		err := s.link.RenewSessionLock(ctx, nil)
		var known *azservicebus.Error
		switch {
		case err == nil:
			s.until.Store(s.link.LockedUntil().UnixNano())
		case errors.As(err, &known) && known.Code == azservicebus.CodeLockLost, left <= 0:
			lost()
			return
		}
	}
}

// Close gives the session back: others may have it at once. It must not be called while Keep runs.
func (s *Session) Close(ctx context.Context) { _ = s.link.Close(ctx) } // else the lock ends by itself
