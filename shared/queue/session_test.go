package queue

import (
	"context"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func taken(t *testing.T, s *ServiceBus, name Name) *Session {
	t.Helper()
	got, err := s.NextSession(t.Context(), name, 5*time.Second)
	if err != nil || got == nil {
		t.Fatalf("no session: %v", err)
	}
	return got
}

func TestSessionIsReadByOneAndLeavesNothingBehind(t *testing.T) {
	s, other := open(t, broker.ConnectionString()), open(t, broker.ConnectionString())
	p := pointer()
	m := Message{Queue: ReferralWanted, Pointer: p}
	if err := s.Send(t.Context(), m, m); err != nil {
		t.Fatal(err)
	}
	session := taken(t, s, ReferralWanted)
	if session.ID() != m.SessionID() {
		t.Fatalf("session %q", session.ID())
	}
	if second, err := other.NextSession(t.Context(), ReferralWanted, 300*time.Millisecond); second != nil || err != nil {
		t.Fatalf("a second reader has %v, %v", second, err)
	}
	for i := range 2 {
		got, err := session.Next(t.Context(), 5*time.Second)
		if err != nil || got == nil {
			t.Fatal(err)
		}
		if decoded, err := Decode(got.Body); err != nil || decoded.ID != p.ID || got.MessageID == "" || got.Enqueued.IsZero() {
			t.Errorf("%+v: %v", got, err)
		}
		if i == 0 {
			if err := session.Abandon(t.Context(), got); err != nil {
				t.Fatal(err)
			}
			if got, err = session.Next(t.Context(), 5*time.Second); err != nil || got.DeliveryCount != 2 {
				t.Fatalf("%+v: %v", got, err)
			}
		}
		if err := session.Complete(t.Context(), got); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := session.Next(t.Context(), 200*time.Millisecond); got != nil || err != nil {
		t.Errorf("%+v: %v", got, err)
	}
	session.Close(context.Background())
	if again, err := s.NextSession(t.Context(), ReferralWanted, 300*time.Millisecond); again != nil || err != nil {
		t.Errorf("the queue is not empty: %v, %v", again, err)
	}
}

func TestSessionThatIsGivenBackIsThereAtOnce(t *testing.T) {
	s := open(t, broker.ConnectionString())
	p := pointer()
	p.Kind = Referral
	if err := s.Send(t.Context(), Message{Queue: ReferralChanged, Pointer: p}); err != nil {
		t.Fatal(err)
	}
	first := taken(t, s, ReferralChanged)
	first.Close(context.Background())
	second := taken(t, s, ReferralChanged)
	defer second.Close(context.Background())
	got, err := second.Next(t.Context(), 5*time.Second)
	if err != nil || got == nil {
		t.Fatal(err)
	}
	if err := second.Complete(t.Context(), got); err != nil {
		t.Error(err)
	}
}

func TestLockIsRenewedUntilNobodyNeedsItAndItsLossIsTold(t *testing.T) {
	s := open(t, broker.ConnectionString())
	if err := s.Send(t.Context(), Message{Queue: OpportunityChanged, Pointer: pointer()}); err != nil {
		t.Fatal(err)
	}
	session := taken(t, s, OpportunityChanged)
	before := session.until.Load()
	session.until.Store(time.Now().UnixNano()) // as if it were about to end
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		session.Keep(ctx, func() { t.Error("the lock counts as lost") })
	}()
	for deadline := time.Now().Add(10 * time.Second); session.until.Load() < before && time.Now().Before(deadline); {
		<-time.After(10 * time.Millisecond)
	}
	stop()
	<-ended
	if session.until.Load() < before {
		t.Error("the lock was not renewed")
	}
	session.Close(context.Background())
	session.until.Store(time.Now().UnixNano())
	told := false
	session.Keep(t.Context(), func() { told = true })
	if !told {
		t.Error("nobody was told that the lock is lost")
	}
	last := taken(t, s, OpportunityChanged)
	got, err := last.Next(t.Context(), 5*time.Second)
	if err == nil {
		err = last.Complete(t.Context(), got)
	}
	last.Close(context.Background())
	if err != nil {
		t.Error(err)
	}
}

func TestReadingWithoutTheRightIsDenied(t *testing.T) {
	s := open(t, broker.ConnectionString())
	_, err := s.NextSession(t.Context(), SolutionsChanged, time.Second) // the queue that is missing
	if err == nil || fault.Is(err, fault.Denied) {
		t.Errorf("no such queue: %v", err)
	}
	_, err = open(t, wrongKey(broker.ConnectionString())).NextSession(t.Context(), ReferralChanged, time.Second)
	if !fault.Is(err, fault.Denied) || fault.Of(err).Mend == "" {
		t.Errorf("wrong key: %v", err)
	}
}

func TestNewConnectionTakesTheOldOnesPlace(t *testing.T) {
	s := open(t, broker.ConnectionString())
	m := Message{Queue: ReferralChanged, Pointer: pointer()}
	m.Pointer.Kind = Referral
	for range 2 {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		old := s.receiving()
		if err := s.Reconnect(t.Context()); err != nil || s.receiving() == old {
			t.Fatalf("the same connection: %v", err)
		}
	}
	if got := receive(t, ReferralChanged, m.SessionID()); len(got) != 2 {
		t.Errorf("%d messages", len(got))
	}
}
