package emulators

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"
)

func TestMessageArrivesAsItWasSent(t *testing.T) {
	client := newClient(t)
	id, contentType, subject, session, correlation := "m-1", "application/json", "change", "s", "c-1"
	send(t, client, "types", &azservicebus.Message{
		Body: []byte(`{"id":1}`), MessageID: &id, ContentType: &contentType, Subject: &subject, SessionID: &session, CorrelationID: &correlation,
		ApplicationProperties: map[string]any{"int": int32(5), "long": int64(7), "text": "x", "flag": true, "real": 1.5, "uint": uint32(9)},
	})
	m := receiveOne(t, newReceiver(t, client, "types", nil))
	wantBody(t, m, `{"id":1}`)
	if m.MessageID != id || *m.ContentType != contentType || *m.Subject != subject || *m.SessionID != session || *m.CorrelationID != correlation {
		t.Errorf("properties differ: %+v", m)
	}
	for key, want := range map[string]any{"int": int32(5), "long": int64(7), "text": "x", "flag": true, "real": 1.5, "uint": uint32(9)} {
		if got := m.ApplicationProperties[key]; got != want {
			t.Errorf("application property %s: got %T %v, want %T %v", key, got, got, want, want)
		}
	}
	if m.DeliveryCount != 1 || m.SequenceNumber == nil || m.EnqueuedTime == nil || m.LockedUntil == nil {
		t.Errorf("broker properties are missing: %+v", m)
	}
}

func TestCompletedMessageIsGone(t *testing.T) {
	client := newClient(t)
	send(t, client, "settle", text("a"))
	r := newReceiver(t, client, "settle", nil)
	m := receiveOne(t, r)
	if c := queueCounts(t, "settle"); c != (counts{Locked: 1}) {
		t.Errorf("while locked: %+v", c)
	}
	must(t, r.CompleteMessage(within(t), m, nil))
	if c := queueCounts(t, "settle"); c != (counts{}) {
		t.Errorf("after completion: %+v", c)
	}
}

func TestBatchArrivesInOrder(t *testing.T) {
	client := newClient(t)
	s, err := client.NewSender("batch", nil)
	must(t, err)
	batch, err := s.NewMessageBatch(within(t), nil)
	must(t, err)
	for i := range 50 {
		must(t, batch.AddMessage(text(fmt.Sprint(i)), nil))
	}
	must(t, s.SendMessageBatch(within(t), batch, nil))
	r := newReceiver(t, client, "batch", nil)
	for i := 0; i < 50; {
		got, err := r.ReceiveMessages(within(t), 50, nil)
		must(t, err)
		for _, m := range got {
			wantBody(t, m, fmt.Sprint(i))
			must(t, r.CompleteMessage(within(t), m, nil))
			i++
		}
	}
}

func TestAbandonedMessageComesBackCounted(t *testing.T) {
	client := newClient(t)
	send(t, client, "abandon", text("a"))
	r := newReceiver(t, client, "abandon", nil)
	must(t, r.AbandonMessage(within(t), receiveOne(t, r), &azservicebus.AbandonMessageOptions{PropertiesToModify: map[string]any{"why": "later"}}))
	m := receiveOne(t, r)
	if m.DeliveryCount != 2 || m.ApplicationProperties["why"] != "later" {
		t.Errorf("got delivery count %d and %v", m.DeliveryCount, m.ApplicationProperties)
	}
	must(t, r.CompleteMessage(within(t), m, nil))
}

func TestDeadLetteredMessageKeepsItsReason(t *testing.T) {
	client := newClient(t)
	send(t, client, "deadletter", &azservicebus.Message{Body: []byte("a"), ApplicationProperties: map[string]any{"n": int64(3)}})
	r := newReceiver(t, client, "deadletter", nil)
	reason, description := "bad", "cannot work"
	must(t, r.DeadLetterMessage(within(t), receiveOne(t, r), &azservicebus.DeadLetterOptions{Reason: &reason, ErrorDescription: &description}))
	if c := queueCounts(t, "deadletter"); c != (counts{DeadLettered: 1}) {
		t.Errorf("counts: %+v", c)
	}
	dead := newReceiver(t, client, "deadletter", deadLetters())
	m := receiveOne(t, dead)
	wantBody(t, m, "a")
	if *m.DeadLetterReason != reason || *m.DeadLetterErrorDescription != description || m.ApplicationProperties["n"] != int64(3) {
		t.Errorf("got reason %v, description %v, properties %v", *m.DeadLetterReason, *m.DeadLetterErrorDescription, m.ApplicationProperties)
	}
	must(t, dead.CompleteMessage(within(t), m, nil))
	if c := queueCounts(t, "deadletter"); c != (counts{}) {
		t.Errorf("counts after completion: %+v", c)
	}
}

func TestThirdFailureIsTheLastWhereThreeAreAllowed(t *testing.T) {
	client := newClient(t)
	send(t, client, "thrice", text("a"))
	r := newReceiver(t, client, "thrice", nil)
	for range 3 {
		must(t, r.AbandonMessage(within(t), receiveOne(t, r), nil))
	}
	m := receiveOne(t, newReceiver(t, client, "thrice", deadLetters()))
	if *m.DeadLetterReason != "MaxDeliveryCountExceeded" {
		t.Errorf("reason %q", *m.DeadLetterReason)
	}
}

func TestExpiredLockGivesTheMessageBack(t *testing.T) {
	client := newClient(t)
	send(t, client, "short", text("a"))
	r := newReceiver(t, client, "short", nil)
	first := receiveOne(t, r)
	second := receiveOne(t, r) // waits for the lock of one second to end
	if second.DeliveryCount != 2 {
		t.Errorf("delivery count %d", second.DeliveryCount)
	}
	wantCode(t, r.CompleteMessage(within(t), first, nil), azservicebus.CodeLockLost)
	must(t, r.CompleteMessage(within(t), second, nil))
}

func TestRenewedLockLastsLonger(t *testing.T) {
	client := newClient(t)
	send(t, client, "short-renewed", text("a"))
	r := newReceiver(t, client, "short-renewed", nil)
	m := receiveOne(t, r)
	first := *m.LockedUntil
	eventually(t, "the clock reaches the end of the first lock", func() bool {
		must(t, r.RenewMessageLock(within(t), m, nil))
		return time.Now().After(first.Add(200 * time.Millisecond))
	})
	if !m.LockedUntil.After(first) {
		t.Errorf("locked until %v, at first until %v", m.LockedUntil, first)
	}
	must(t, r.CompleteMessage(within(t), m, nil))
	wantCode(t, r.RenewMessageLock(within(t), m, nil), azservicebus.CodeLockLost)
}

func TestDeferredMessageIsHadByItsNumberOnly(t *testing.T) {
	client := newClient(t)
	send(t, client, "defer", text("a"), text("b"))
	r := newReceiver(t, client, "defer", nil)
	a := receiveOne(t, r)
	must(t, r.DeferMessage(within(t), a, nil))
	b := receiveOne(t, r)
	wantBody(t, b, "b")
	must(t, r.CompleteMessage(within(t), b, nil))
	got, err := r.ReceiveDeferredMessages(within(t), []int64{*a.SequenceNumber}, nil)
	must(t, err)
	wantBody(t, got[0], "a")
	if got[0].State != azservicebus.MessageStateDeferred {
		t.Errorf("state %v", got[0].State)
	}
	must(t, r.CompleteMessage(within(t), got[0], nil))
	_, err = r.ReceiveDeferredMessages(within(t), []int64{*a.SequenceNumber}, nil)
	wantCode(t, err, azservicebus.CodeNotFound)
}

func TestReceiveAndDeleteLeavesNothing(t *testing.T) {
	client := newClient(t)
	send(t, client, "destructive", text("a"))
	r := newReceiver(t, client, "destructive", &azservicebus.ReceiverOptions{ReceiveMode: azservicebus.ReceiveModeReceiveAndDelete})
	wantBody(t, receiveOne(t, r), "a")
	if c := queueCounts(t, "destructive"); c != (counts{}) {
		t.Errorf("counts: %+v", c)
	}
}

func TestPeekLocksNothing(t *testing.T) {
	client := newClient(t)
	send(t, client, "peek", text("a"), text("b"))
	r := newReceiver(t, client, "peek", nil)
	got, err := r.PeekMessages(within(t), 10, nil)
	must(t, err)
	if len(got) != 2 {
		t.Fatalf("peeked %d messages", len(got))
	}
	wantBody(t, got[1], "b")
	if c := queueCounts(t, "peek"); c != (counts{Active: 2}) {
		t.Errorf("counts: %+v", c)
	}
	got, err = r.PeekMessages(within(t), 10, nil) // goes on behind the last
	must(t, err)
	if len(got) != 0 {
		t.Errorf("peeked %d more", len(got))
	}
}

func TestOversizeMessageIsRefused(t *testing.T) {
	client := newClient(t)
	s, err := client.NewSender("size", nil)
	must(t, err)
	must(t, s.SendMessage(within(t), text(strings.Repeat("x", 255<<10)), nil))
	err = s.SendMessage(within(t), text(strings.Repeat("x", 256<<10)), nil)
	if !errors.Is(err, azservicebus.ErrMessageTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestOverlongIDIsRefused(t *testing.T) {
	s, err := newClient(t).NewSender("size", nil)
	must(t, err)
	id := strings.Repeat("x", 129)
	err = s.SendMessage(within(t), &azservicebus.Message{MessageID: &id}, nil)
	wantCondition(t, err, "com.microsoft:argument-out-of-range")
}

func TestUnknownQueueIsNotFound(t *testing.T) {
	s, err := newClient(t).NewSender("nowhere", nil)
	must(t, err)
	wantCondition(t, s.SendMessage(within(t), text("a"), nil), "amqp:not-found")
}

func TestWrongKeyIsRefused(t *testing.T) {
	wrong := strings.Replace(broker.ConnectionString(), "SharedAccessKey=", "SharedAccessKey=x", 1)
	s, err := clientFor(t, wrong).NewSender("auth", nil)
	must(t, err)
	wantCode(t, s.SendMessage(within(t), text("a"), nil), azservicebus.CodeUnauthorizedAccess)
}

func TestLinkWithoutTokenIsRefused(t *testing.T) {
	conn, err := amqp.Dial(within(t), fmt.Sprintf("amqp://127.0.0.1:%d", broker.Port()), &amqp.ConnOptions{SASLType: amqp.SASLTypeAnonymous()})
	must(t, err)
	defer conn.Close()
	session, err := conn.NewSession(within(t), nil)
	must(t, err)
	_, err = session.NewSender(within(t), "auth", nil)
	wantCondition(t, err, "amqp:unauthorized-access")
	_, err = session.NewReceiver(within(t), "auth", nil)
	wantCondition(t, err, "amqp:unauthorized-access")
}

func TestMessageSentToADeadLetterQueueIsRefused(t *testing.T) {
	s, err := newClient(t).NewSender("auth/$DeadLetterQueue", nil)
	must(t, err)
	wantCondition(t, s.SendMessage(within(t), text("a"), nil), "amqp:not-allowed")
}

func TestReceiversTakeTurns(t *testing.T) {
	client := newClient(t)
	a, b := newReceiver(t, client, "send", nil), newReceiver(t, client, "send", nil)
	got := make(chan string, 2)
	for name, r := range map[string]*azservicebus.Receiver{"a": a, "b": b} {
		go func() {
			if m, err := r.ReceiveMessages(within(t), 1, nil); err == nil && r.CompleteMessage(context.Background(), m[0], nil) == nil {
				got <- name
			}
		}()
	}
	send(t, client, "send", text("1"), text("2"))
	if first, second := <-got, <-got; first == second {
		t.Errorf("%s got both", first)
	}
}

// wantCondition wants an AMQP error condition. The client wraps some so that only the text tells.
func wantCondition(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "Condition: "+want+",") {
		t.Fatalf("got error %v, want condition %s", err, want)
	}
}
