package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Config says which namespace to send to: a connection string, or the namespace's host name with a
// credential. The two names are Azure's own, because the host reads them for its triggers too:
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger#connections.
type Config struct {
	ConnectionString string
	Namespace        string
	Credential       azcore.TokenCredential
	// Endpoint and TLS are set in a simulated run only: the loopback address to dial, and the roots and
	// server name to check its certificate with.
	Endpoint string
	TLS      *tls.Config
}

// ServiceBus sends through one connection, with one link per queue. Connection and links are made at the
// first message; nothing is on the network before.
type ServiceBus struct {
	open func() (*azservicebus.Client, error)

	mu      sync.Mutex
	client  *azservicebus.Client
	senders map[Name]*azservicebus.Sender
}

// Sends of one call that run at the same time.
const parallel = 32

// OpenServiceBus checks the settings and makes the client, without calling anybody.
func OpenServiceBus(c Config) (*ServiceBus, error) {
	options := &azservicebus.ClientOptions{
		ApplicationID:  "cosell-sync",
		CustomEndpoint: c.Endpoint,
		TLSConfig:      c.TLS,
		// Short: a webhook has to answer within 5 s, and a worker has the queue for long waits.
		RetryOptions: azservicebus.RetryOptions{MaxRetries: 3, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: time.Second},
	}
	open := func() (*azservicebus.Client, error) { return newClient(c, options) }
	client, err := open()
	if err != nil {
		return nil, err
	}
	return &ServiceBus{open: open, client: client, senders: map[Name]*azservicebus.Sender{}}, nil
}

// receiving is the client as it is now.
func (s *ServiceBus) receiving() *azservicebus.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client
}

// closeTime is how long an old connection may take to end.
const closeTime = 2 * time.Second

// Reconnect leaves the connection for a new one, which the next use makes: for a process that has stood still, whose
// connection may be dead without a word, so that the next message would wait for it in vain. Nobody may use the old
// one meanwhile.
func (s *ServiceBus) Reconnect(ctx context.Context) error {
	client, err := s.open()
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.client
	s.client, s.senders = client, map[Name]*azservicebus.Sender{}
	s.mu.Unlock()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	go func() {
		defer cancel()
		_ = old.Close(ending) // it is dead, or ends by itself
	}()
	return nil
}

func newClient(c Config, options *azservicebus.ClientOptions) (*azservicebus.Client, error) {
	if c.ConnectionString != "" {
		client, err := azservicebus.NewClientFromConnectionString(c.ConnectionString, options)
		if err != nil {
			// The library's text may quote the string, which holds a key.
			return nil, errors.New("the Service Bus connection string is malformed: Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=… is needed")
		}
		return client, nil
	}
	return azservicebus.NewClient(c.Namespace, c.Credential, options)
}

// Send implements Sender. Messages go out in parallel: a record's pointers carry no state, so that their
// order does not matter.
func (s *ServiceBus) Send(ctx context.Context, messages ...Message) error {
	if len(messages) == 1 {
		return s.sendOne(ctx, messages[0])
	}
	return sendMany(ctx, messages, s.sendOne)
}

// mostBusy is how often one of many messages is held back because the broker is busy.
const mostBusy = 6

// sendMany sends in parallel, and waits for a broker that is busy. One message fails at once then, and its cause comes again by
// itself; many are the page of a feed, which would begin anew with every pass, and be too fast at the same place for ever.
func sendMany(ctx context.Context, messages []Message, one func(context.Context, Message) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, m := range messages {
		group.Go(func() error {
			err := one(ctx, m)
			for held := 0; held < mostBusy && isBusy(err) && pause(ctx, busyWait); held++ {
				err = one(ctx, m)
			}
			return err
		})
	}
	return group.Wait()
}

func isBusy(err error) bool { return err != nil && fault.Of(err).Code == codeBusy }

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ends := ctx.Deadline(); ends && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (s *ServiceBus) sendOne(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	out, err := encode(m)
	if err != nil {
		return err
	}
	sender, err := s.sender(m.Queue)
	if err != nil {
		return classify(m.Queue, err)
	}
	return classify(m.Queue, sender.SendMessage(ctx, out, nil))
}

func (s *ServiceBus) sender(name Name) (*azservicebus.Sender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sender, ok := s.senders[name]; ok {
		return sender, nil
	}
	sender, err := s.client.NewSender(string(name), nil)
	if err == nil {
		s.senders[name] = sender
	}
	return sender, err
}

// Close ends the connection.
func (s *ServiceBus) Close(ctx context.Context) error { return s.receiving().Close(ctx) }

// encode makes the message. Its id is new for every send, copies included: duplicate detection is off,
// and if somebody turns it on, it must not swallow a scheduled copy.
func encode(m Message) (*azservicebus.Message, error) {
	body, err := m.Pointer.Encode()
	if err != nil {
		return nil, fault.New(fault.Invalid, "writing the pointer to %s %s: %w", m.Pointer.Kind, m.Pointer.ID, err)
	}
	id, contentType, session := uuid.NewString(), "application/json", m.SessionID()
	out := &azservicebus.Message{
		MessageID:             &id,
		SessionID:             &session,
		ContentType:           &contentType,
		Body:                  body,
		ApplicationProperties: map[string]any{"trace": m.Pointer.Trace},
	}
	if !m.At.IsZero() {
		at := m.At.UTC()
		out.ScheduledEnqueueTime = &at
	}
	return out, nil
}

// serverBusy is how Service Bus says that we send too fast,
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot.
const serverBusy amqp.ErrCond = "com.microsoft:server-busy"

// busyWait is what Microsoft's clients wait after server-busy.
const busyWait = 10 * time.Second

// codeBusy is the code of a broker that is busy.
const codeBusy = "queue.busy"

// codeDenied is the code of a right that is missing.
const codeDenied = "servicebus.denied"

func classify(queue Name, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("queue %s: %w", queue, err)
	var said *fault.Error
	if errors.As(err, &said) {
		return err // of who we are: nobody was asked
	}
	var condition *amqp.Error
	if errors.As(err, &condition) && condition.Condition == serverBusy {
		return fault.Wait(busyWait, "%w", err).With(codeBusy, "")
	}
	var known *azservicebus.Error
	if errors.As(err, &known) && known.Code == azservicebus.CodeUnauthorizedAccess {
		return fault.New(fault.Denied, "%w", err).With(codeDenied,
			"give the app the role Azure Service Bus Data Sender on this queue, or correct the connection string")
	}
	if errors.Is(err, azservicebus.ErrMessageTooLarge) {
		return fault.New(fault.Invalid, "%w", err)
	}
	return fault.New(fault.Broken, "%w", err)
}
