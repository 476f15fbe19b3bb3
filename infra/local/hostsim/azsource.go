package hostsim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// ServiceBusOptions change how the broker is reached.
type ServiceBusOptions struct {
	// Dial makes the client for a trigger's connection, whose name in the app settings it is given; one
	// client per queue. Needed for a connection that only has __fullyQualifiedNamespace, since the host
	// has no credential of its own: ByToken makes one. Default: the setting's connection string.
	Dial func(connection string) (*azservicebus.Client, error)
}

// opener reaches queues with the real client.
func opener(opt Options) func(connection, queue string, sessions bool) (source, error) {
	return func(connection, queue string, sessions bool) (source, error) {
		dial := opt.ServiceBus.Dial
		if dial == nil {
			dial = func(name string) (*azservicebus.Client, error) {
				text := opt.Settings[name]
				if text == "" {
					return nil, fmt.Errorf("app setting %s holds no connection string, and no credential is at hand for %s__fullyQualifiedNamespace: set Options.ServiceBus.Dial", name, name)
				}
				return azservicebus.NewClientFromConnectionString(text, &azservicebus.ClientOptions{RetryOptions: retries()})
			}
		}
		client, err := dial(connection)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", connection, err)
		}
		return &broker{client: client, queue: queue, sessions: sessions, name: namespaceOf(opt.Settings, connection)}, nil
	}
}

func retries() azservicebus.RetryOptions {
	return azservicebus.RetryOptions{MaxRetries: 3, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second}
}

var endpoint = regexp.MustCompile(`(?i)Endpoint=sb://([^/:;]+)`)

func namespaceOf(settings map[string]string, connection string) string {
	if m := endpoint.FindStringSubmatch(settings[connection]); m != nil {
		return m[1]
	}
	return settings[connection+"__fullyQualifiedNamespace"]
}

// broker is one queue of a real Service Bus.
type broker struct {
	client   *azservicebus.Client
	queue    string
	sessions bool
	name     string
}

func (b *broker) namespace() string         { return b.name }
func (b *broker) close(ctx context.Context) { _ = b.client.Close(ctx) } // it ends with the process anyway

func (b *broker) accept(ctx context.Context) (link, error) {
	if b.sessions {
		r, err := b.client.AcceptNextSessionForQueue(ctx, b.queue, nil)
		if err != nil {
			return nil, readable(err)
		}
		return newSessionLink(r), nil
	}
	r, err := b.client.NewReceiverForQueue(b.queue, nil)
	if err != nil {
		return nil, readable(err)
	}
	return &queueLink{r: r}, nil
}

// readable turns the client's codes into the causes that the pump knows.
func readable(err error) error {
	var sb *azservicebus.Error
	if !errors.As(err, &sb) {
		return err
	}
	switch sb.Code {
	case azservicebus.CodeTimeout:
		return fmt.Errorf("%w: %w", errNoSession, err)
	case azservicebus.CodeLockLost:
		return fmt.Errorf("%w: %w", errLockLost, err)
	}
	return err
}

// sessionLink keeps the end of the lock itself: the client's own is not safe to read while it renews.
type sessionLink struct {
	r     *azservicebus.SessionReceiver
	until atomic.Int64 // ns since 1970
}

func newSessionLink(r *azservicebus.SessionReceiver) *sessionLink {
	s := &sessionLink{r: r}
	s.until.Store(r.LockedUntil().UnixNano())
	return s
}

func (s *sessionLink) lockedUntil() time.Time    { return time.Unix(0, s.until.Load()) }
func (s *sessionLink) close(ctx context.Context) { _ = s.r.Close(ctx) } // the lock ends with the link or by itself

func (s *sessionLink) receive(ctx context.Context, n int) ([]*message, error) {
	batch, err := s.r.ReceiveMessages(ctx, n, nil)
	return messages(batch), readable(err)
}

func (s *sessionLink) complete(ctx context.Context, m *message) error {
	return readable(s.r.CompleteMessage(ctx, received(m), nil))
}

func (s *sessionLink) abandon(ctx context.Context, m *message) error {
	return readable(s.r.AbandonMessage(ctx, received(m), nil))
}

func (s *sessionLink) renew(ctx context.Context, _ *message) (time.Time, error) {
	err := s.r.RenewSessionLock(ctx, nil)
	s.until.Store(s.r.LockedUntil().UnixNano())
	return s.lockedUntil(), readable(err)
}

type queueLink struct{ r *azservicebus.Receiver }

func (q *queueLink) lockedUntil() time.Time    { return time.Time{} }
func (q *queueLink) close(ctx context.Context) { _ = q.r.Close(ctx) } // locks end by themselves

func (q *queueLink) receive(ctx context.Context, n int) ([]*message, error) {
	batch, err := q.r.ReceiveMessages(ctx, n, nil)
	return messages(batch), readable(err)
}

func (q *queueLink) complete(ctx context.Context, m *message) error {
	return readable(q.r.CompleteMessage(ctx, received(m), nil))
}

func (q *queueLink) abandon(ctx context.Context, m *message) error {
	return readable(q.r.AbandonMessage(ctx, received(m), nil))
}

func (q *queueLink) renew(ctx context.Context, m *message) (time.Time, error) {
	r := received(m)
	if err := q.r.RenewMessageLock(ctx, r, nil); err != nil {
		return time.Time{}, readable(err)
	}
	return *r.LockedUntil, nil
}

func received(m *message) *azservicebus.ReceivedMessage {
	r, _ := m.handle.(*azservicebus.ReceivedMessage)
	return r
}

func messages(batch []*azservicebus.ReceivedMessage) []*message {
	out := make([]*message, 0, len(batch))
	for _, r := range batch {
		m := &message{
			body: r.Body, lockToken: r.LockToken, deliveries: int(r.DeliveryCount), messageID: r.MessageID,
			contentType: r.ContentType, replyTo: r.ReplyTo, to: r.To, subject: r.Subject, correlationID: r.CorrelationID,
			sessionID: r.SessionID, replyToSessionID: r.ReplyToSessionID, partitionKey: r.PartitionKey,
			deadSource: r.DeadLetterSource, properties: r.ApplicationProperties, handle: r,
		}
		if r.SequenceNumber != nil {
			m.sequence = *r.SequenceNumber
		}
		if r.EnqueuedTime != nil {
			m.enqueued = *r.EnqueuedTime
		}
		if r.ExpiresAt != nil && (r.TimeToLive == nil || *r.TimeToLive < math.MaxUint32*time.Millisecond) {
			m.expires = *r.ExpiresAt
		}
		if r.LockedUntil != nil {
			m.locked = *r.LockedUntil
		}
		out = append(out, m)
	}
	return out
}
