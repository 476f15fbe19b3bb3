package queue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func open(t *testing.T, connection string) *ServiceBus {
	t.Helper()
	s, err := OpenServiceBus(Config{ConnectionString: connection})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// receive takes what is active in a session.
func receive(t *testing.T, n Name, session string) []*azservicebus.ReceivedMessage {
	t.Helper()
	client, err := azservicebus.NewClientFromConnectionString(broker.ConnectionString(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := client.AcceptSessionForQueue(ctx, string(n), session, nil)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := r.ReceiveMessages(ctx, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if err := r.CompleteMessage(ctx, m, nil); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

func TestMessageCarriesItsProperties(t *testing.T) {
	s := open(t, broker.ConnectionString())
	p := pointer()
	p.Kind = Referral
	m := Message{Queue: ReferralChanged, Pointer: p}
	if err := s.Send(t.Context(), m, m); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, got := range receive(t, ReferralChanged, m.SessionID()) {
		ids[got.MessageID] = true
		if *got.ContentType != "application/json" || got.ApplicationProperties["trace"] != "t-1" || *got.SessionID != m.SessionID() {
			t.Errorf("%+v", got)
		}
	}
	if len(ids) != 2 {
		t.Errorf("message ids %v: each send has its own", ids)
	}
}

func TestScheduledMessageIsNotDueYet(t *testing.T) {
	at := time.Now().Add(time.Hour)
	out, err := encode(Message{Queue: ReferralChanged, Pointer: pointer(), At: at})
	if err != nil || out.ScheduledEnqueueTime == nil || !out.ScheduledEnqueueTime.Equal(at) {
		t.Fatalf("%v %+v", err, out)
	}
	s := open(t, broker.ConnectionString())
	p := pointer()
	now := Message{Queue: ReferralWanted, Pointer: p}
	later := now
	later.At, later.Pointer.Attempt = at, 1
	if err := s.Send(t.Context(), later, now); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, ReferralWanted, now.SessionID()); len(got) != 1 {
		t.Errorf("%d messages are due, want 1", len(got))
	}
}

func TestManyMessagesAreSentAtOnce(t *testing.T) {
	s := open(t, broker.ConnectionString())
	messages := make([]Message, 200)
	for i := range messages {
		messages[i] = Message{Queue: OpportunityChanged, Pointer: pointer()}
	}
	if err := s.Send(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

func TestTroubleOfTheBrokerIsClassified(t *testing.T) {
	m := Message{Queue: ReferralChanged, Pointer: pointer()}
	m.Pointer.Kind = Referral
	key := broker.ConnectionString()
	secret := keyIn(key)
	err := open(t, wrongKey(key)).Send(t.Context(), m)
	if !fault.Is(err, fault.Denied) || strings.Contains(err.Error(), secret) {
		t.Errorf("wrong key: %v", err)
	}
	m.Queue, m.Pointer.Kind = SolutionsChanged, Solution
	if err := open(t, key).Send(t.Context(), m); !fault.Is(err, fault.Broken) || !strings.Contains(err.Error(), "solutions-changed") {
		t.Errorf("queue that does not exist: %v", err)
	}
	nobody := "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true"
	if err := open(t, nobody).Send(t.Context(), m); !fault.Is(err, fault.Broken) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := classifyReading(ReferralChanged, fault.New(fault.Denied, "AWS refuses").With("identity.unvouched", "")); !fault.Is(err, fault.Denied) || fault.Of(err).Code != "identity.unvouched" || !strings.Contains(err.Error(), "referral-changed") {
		t.Errorf("nobody vouches for us: %v", err)
	}
	busy := classify(ReferralChanged, &amqp.Error{Condition: serverBusy})
	var later *fault.Error
	if !errors.As(busy, &later) || later.Kind != fault.Later || later.After != busyWait {
		t.Errorf("throttled: %v", busy)
	}
}

func TestMalformedConnectionStringIsNotQuoted(t *testing.T) {
	_, err := OpenServiceBus(Config{ConnectionString: "Endpoint=sb://x;SharedAccessKey=hidden"})
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v", err)
	}
}

func keyIn(connection string) string {
	_, rest, _ := strings.Cut(connection, "SharedAccessKey=")
	secret, _, _ := strings.Cut(rest, ";")
	return secret
}

func wrongKey(connection string) string {
	return strings.Replace(connection, keyIn(connection), "d3Jvbmc=", 1)
}
