package emulators

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"golang.org/x/sync/errgroup"
)

func accept(t testing.TB, client *azservicebus.Client, queue, session string) *azservicebus.SessionReceiver {
	t.Helper()
	r, err := client.AcceptSessionForQueue(within(t), queue, session, nil)
	must(t, err)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func acceptNext(t testing.TB, client *azservicebus.Client, queue string) *azservicebus.SessionReceiver {
	t.Helper()
	r, err := client.AcceptNextSessionForQueue(within(t), queue, nil)
	must(t, err)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func TestNamedSessionGivesItsMessagesOnly(t *testing.T) {
	client := newClient(t)
	send(t, client, "named", inSession("a", "a1"), inSession("b", "b1"), inSession("a", "a2"))
	r := accept(t, client, "named", "a")
	if r.SessionID() != "a" || time.Until(r.LockedUntil()) < 50*time.Second || time.Until(r.LockedUntil()) > time.Minute {
		t.Errorf("session %q locked until %v", r.SessionID(), r.LockedUntil())
	}
	for _, want := range []string{"a1", "a2"} {
		m := receiveOne(t, r)
		wantBody(t, m, want)
		must(t, r.CompleteMessage(within(t), m, nil))
	}
	if c := queueCounts(t, "named"); c.Active != 1 {
		t.Errorf("counts: %+v", c)
	}
}

func TestHeldSessionIsRefusedToASecond(t *testing.T) {
	client := newClient(t)
	r := accept(t, client, "named", "held")
	_, err := client.AcceptSessionForQueue(within(t), "named", "held", nil)
	wantCondition(t, err, "com.microsoft:session-cannot-be-locked")
	must(t, r.Close(within(t)))
	accept(t, client, "named", "held")
}

func TestNextSessionIsTheOneThatWaitsLongest(t *testing.T) {
	client := newClient(t)
	send(t, client, "fair", inSession("c", "1"), inSession("a", "2"), inSession("b", "3"), inSession("c", "4"))
	for _, want := range []string{"c", "a", "b"} {
		if r := acceptNext(t, client, "fair"); r.SessionID() != want {
			t.Errorf("got session %s, want %s", r.SessionID(), want)
		}
	}
}

func TestNextSessionTimesOutWhereThereIsNone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := newClient(t).AcceptNextSessionForQueue(ctx, "next", nil)
	wantCode(t, err, azservicebus.CodeTimeout)
}

func TestWaitingForASessionEndsWithItsFirstMessage(t *testing.T) {
	client := newClient(t)
	accepted := make(chan string, 1)
	go func() {
		r, err := client.AcceptNextSessionForQueue(within(t), "needs-session", nil)
		if err != nil {
			accepted <- err.Error()
			return
		}
		accepted <- r.SessionID()
	}()
	send(t, newClient(t), "needs-session", inSession("late", "1"))
	if got := <-accepted; got != "late" {
		t.Errorf("got %s", got)
	}
}

func TestAbandonedMessageIsNextInItsSession(t *testing.T) {
	client := newClient(t)
	send(t, client, "order", inSession("s", "1"), inSession("s", "2"))
	r := acceptNext(t, client, "order")
	for i := range 3 {
		m := receiveOne(t, r)
		wantBody(t, m, "1")
		if int(m.DeliveryCount) != i+1 {
			t.Errorf("delivery count %d after %d failures", m.DeliveryCount, i)
		}
		must(t, r.AbandonMessage(within(t), m, nil))
	}
	for _, want := range []string{"1", "2"} {
		m := receiveOne(t, r)
		wantBody(t, m, want)
		must(t, r.CompleteMessage(within(t), m, nil))
	}
}

func TestClosedSessionGivesItsMessagesBackUncounted(t *testing.T) {
	client := newClient(t)
	send(t, client, "returns", inSession("s", "1"))
	first := acceptNext(t, client, "returns")
	receiveOne(t, first)
	must(t, first.Close(within(t)))
	m := receiveOne(t, acceptNext(t, client, "returns"))
	if m.DeliveryCount != 1 {
		t.Errorf("delivery count %d", m.DeliveryCount)
	}
}

func TestDroppedConnectionFreesItsSessions(t *testing.T) {
	gone := newClient(t)
	send(t, gone, "returns", inSession("dropped", "1"))
	receiveOne(t, accept(t, gone, "returns", "dropped"))
	must(t, gone.Close(within(t)))
	wantBody(t, receiveOne(t, accept(t, newClient(t), "returns", "dropped")), "1")
}

func TestExpiredSessionLockIsLost(t *testing.T) {
	client := newClient(t)
	send(t, client, "short-sessions", inSession("s", "1"))
	first := acceptNext(t, client, "short-sessions")
	m := receiveOne(t, first)
	second := acceptNext(t, newClient(t), "short-sessions") // waits for the lock of one second to end
	again := receiveOne(t, second)
	if again.DeliveryCount != 2 {
		t.Errorf("delivery count %d", again.DeliveryCount)
	}
	// The client of the first holder keeps trying to get the session back: it must not, while it is held.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := first.RenewSessionLock(ctx, nil); err == nil {
		t.Error("renewed a lost lock")
	}
	if err := first.CompleteMessage(ctx, m, nil); err == nil {
		t.Error("completed with a lost lock")
	}
	must(t, second.CompleteMessage(within(t), again, nil))
}

func TestRenewedSessionLockLastsLonger(t *testing.T) {
	client := newClient(t)
	send(t, client, "short-sessions-renewed", inSession("s", "1"))
	r := acceptNext(t, client, "short-sessions-renewed")
	m := receiveOne(t, r)
	first := r.LockedUntil()
	eventually(t, "the clock reaches the end of the first lock", func() bool {
		must(t, r.RenewSessionLock(within(t), nil))
		return time.Now().After(first.Add(200 * time.Millisecond))
	})
	must(t, r.CompleteMessage(within(t), m, nil))
}

func TestSessionStateOutlivesTheHolder(t *testing.T) {
	client := newClient(t)
	r := accept(t, client, "state", "s")
	state, err := r.GetSessionState(within(t), nil)
	must(t, err)
	if state != nil {
		t.Errorf("a new session has state %q", state)
	}
	must(t, r.SetSessionState(within(t), []byte("kept"), nil))
	must(t, r.Close(within(t)))
	r = accept(t, client, "state", "s")
	state, err = r.GetSessionState(within(t), nil)
	must(t, err)
	if string(state) != "kept" {
		t.Errorf("got state %q", state)
	}
	must(t, r.SetSessionState(within(t), nil, nil))
}

func TestMessageWithoutSessionIsRefused(t *testing.T) {
	s, err := newClient(t).NewSender("needs-session", nil)
	must(t, err)
	wantCondition(t, s.SendMessage(within(t), text("a"), nil), "amqp:not-allowed")
}

func TestReceiverWithoutSessionIsRefused(t *testing.T) {
	r := newReceiver(t, newClient(t), "needs-session", nil)
	_, err := r.ReceiveMessages(within(t), 1, nil)
	wantCondition(t, err, "amqp:not-allowed")
	_, err = newClient(t).AcceptSessionForQueue(within(t), "send", "s", nil)
	wantCondition(t, err, "amqp:not-allowed")
}

func TestDeferredMessageOfASession(t *testing.T) {
	client := newClient(t)
	send(t, client, "session-deferred", inSession("s", "1"))
	r := acceptNext(t, client, "session-deferred")
	m := receiveOne(t, r)
	must(t, r.DeferMessage(within(t), m, nil))
	got, err := r.ReceiveDeferredMessages(within(t), []int64{*m.SequenceNumber}, nil)
	must(t, err)
	wantBody(t, got[0], "1")
	must(t, r.CompleteMessage(within(t), got[0], nil))
	if c := queueCounts(t, "session-deferred"); c != (counts{}) {
		t.Errorf("counts: %+v", c)
	}
}

func TestBatchIsSpreadOverItsSessions(t *testing.T) {
	client := newClient(t)
	s, err := client.NewSender("session-batch", nil)
	must(t, err)
	batch, err := s.NewMessageBatch(within(t), nil)
	must(t, err)
	for i := range 20 {
		must(t, batch.AddMessage(inSession(fmt.Sprint(i), fmt.Sprint(i)), nil))
	}
	must(t, s.SendMessageBatch(within(t), batch, nil))
	for i := range 20 {
		wantBody(t, receiveOne(t, accept(t, client, "session-batch", fmt.Sprint(i))), fmt.Sprint(i))
	}
}

// A receiver that has given up waiting must not be handed a session that nobody would then empty.
func TestSessionIsNotGivenToAReceiverThatGaveUp(t *testing.T) {
	client := newClient(t)
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error, 1)
	go func() {
		_, err := client.AcceptNextSessionForQueue(ctx, "next", nil)
		given <- err
	}()
	before := len(historyOf(t, "next"))
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := <-given; err == nil {
		t.Fatal("a session was given where there is none")
	}
	send(t, client, "next", inSession("s", "1"))
	r := acceptNext(t, newClient(t), "next")
	wantBody(t, receiveOne(t, r), "1")
	for _, e := range historyOf(t, "next")[before:] {
		if e.Method == "close-session" {
			t.Error("the session was given to the receiver that had gone")
		}
	}
}

func TestSessionsAreListed(t *testing.T) {
	client := newClient(t)
	for i := range 120 { // more than one page
		send(t, client, "listed", inSession(fmt.Sprint(i), "x"))
	}
	var got []string
	for pager := client.NewListSessionsForQueuePager("listed", nil); pager.More(); {
		page, err := pager.NextPage(within(t))
		must(t, err)
		got = append(got, page.Sessions...)
	}
	if len(got) != 120 || got[0] != "0" {
		t.Errorf("%d sessions: %v", len(got), got)
	}
}

// 200 sessions are held at the same time, each by a link of its own, and each gets its own message.
func TestTwoHundredSessionsAtOnce(t *testing.T) {
	const n = 200
	client := newClient(t)
	s, err := client.NewSender("many", nil)
	must(t, err)
	held := make(chan *azservicebus.SessionReceiver, n)
	var g errgroup.Group
	for i := range n {
		g.Go(func() error {
			return s.SendMessage(within(t), inSession(fmt.Sprint(i), fmt.Sprint(i)), nil)
		})
		g.Go(func() error {
			r, err := client.AcceptNextSessionForQueue(within(t), "many", nil)
			if err == nil {
				held <- r
			}
			return err
		})
	}
	must(t, g.Wait())
	close(held)
	seen := map[string]bool{}
	for r := range held {
		if seen[r.SessionID()] {
			t.Fatalf("session %s is held twice", r.SessionID())
		}
		seen[r.SessionID()] = true
		g.Go(func() error { return completeOwn(within(t), r) })
	}
	must(t, g.Wait())
	if c := queueCounts(t, "many"); len(seen) != n || c != (counts{}) {
		t.Errorf("%d sessions, counts %+v", len(seen), c)
	}
}

// completeOwn receives and completes the one message of a session, whose body is the session's id.
func completeOwn(ctx context.Context, r *azservicebus.SessionReceiver) error {
	got, err := r.ReceiveMessages(ctx, 1, nil)
	if err != nil {
		return err
	}
	if string(got[0].Body) != r.SessionID() {
		return fmt.Errorf("session %s got message %q", r.SessionID(), got[0].Body)
	}
	if err := r.CompleteMessage(ctx, got[0], nil); err != nil {
		return err
	}
	return r.Close(ctx)
}
