package queue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// kill moves everything of a session into the dead letters, as the broker does after too many failures.
func kill(t *testing.T, n Name, session string) {
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
	reason := "MaxDeliveryCountExceeded"
	for _, m := range messages {
		if err := r.DeadLetterMessage(ctx, m, &azservicebus.DeadLetterOptions{Reason: &reason}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeadMessagesAreTakenOnceTheyAreDealtWith(t *testing.T) {
	s := open(t, broker.ConnectionString())
	p := pointer()
	p.ID = "dead-1"
	m := Message{Queue: OpportunityChanged, Pointer: p}
	if err := s.Send(t.Context(), m, m); err != nil {
		t.Fatal(err)
	}
	kill(t, OpportunityChanged, m.SessionID())
	sweep := func(answer error) (seen []Dead) {
		err := s.dead(t.Context(), OpportunityChanged, func(_ context.Context, d Dead) error {
			seen = append(seen, d)
			return answer
		})
		if !errors.Is(err, answer) {
			t.Errorf("sweep: %v", err)
		}
		return seen
	}
	if got := sweep(errors.New("not now")); len(got) != 1 || got[0].Reason != "MaxDeliveryCountExceeded" || got[0].Session != m.SessionID() {
		t.Fatalf("%+v", got)
	}
	if got := sweep(nil); len(got) != 2 {
		t.Errorf("%d messages after a failed sweep", len(got))
	}
	if got := sweep(nil); len(got) != 0 {
		t.Errorf("%d messages are still there", len(got))
	}
}

// A queue that takes nothing back, or is not there, keeps the dead letters of no other from being dealt with.
func TestDeadMessagesOfOtherQueuesDoNotWait(t *testing.T) {
	s := open(t, broker.ConnectionString())
	p := pointer()
	p.ID = "dead-2"
	for _, n := range []Name{OpportunityChanged, ReferralWanted} {
		m := Message{Queue: n, Pointer: p}
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		kill(t, n, m.SessionID())
	}
	full := errors.New("the queue is full")
	seen := map[Name]int{}
	err := s.Dead(t.Context(), func(_ context.Context, d Dead) error {
		seen[d.Queue]++
		if d.Queue == OpportunityChanged {
			return full
		}
		return nil
	})
	if seen[OpportunityChanged] != 1 || seen[ReferralWanted] != 1 {
		t.Errorf("taken %v", seen)
	}
	if !errors.Is(err, full) || !strings.Contains(err.Error(), string(SolutionsChanged)) {
		t.Errorf("the full queue and the missing one are not both named: %v", err)
	}
	if err := s.dead(t.Context(), OpportunityChanged, func(context.Context, Dead) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestDeadMessageComesBackAFewTimesOnly(t *testing.T) {
	body := []byte(`{"v":1,"tenant":"default","kind":"opportunity","id":"x","reason":"Update","seen":"2026-03-02T09:00:00Z","attempt":40,"trace":"t","revivals":4}`)
	m, err := Dead{Queue: OpportunityChanged, Session: "s", Body: body}.Revive()
	if err != nil || m.Pointer.Revivals != 5 || m.Pointer.Attempt != 40 || m.Session != "s" || m.Queue != OpportunityChanged {
		t.Fatalf("%v %+v", err, m)
	}
	for _, bad := range []string{`{"v":1,"tenant":"default","kind":"opportunity","id":"x","reason":"Update","seen":"2026-03-02T09:00:00Z","attempt":0,"trace":"t","revivals":5}`, `nonsense`} {
		if _, err := (Dead{Queue: OpportunityChanged, Body: []byte(bad)}).Revive(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A message that waited through a long outage has many attempts and must not be parked at its first death.
func TestWaitingIsNoRevival(t *testing.T) {
	body := []byte(`{"v":1,"tenant":"default","kind":"opportunity","id":"x","reason":"Update","seen":"2026-03-02T09:00:00Z","attempt":96,"trace":"t"}`)
	if m, err := (Dead{Queue: OpportunityChanged, Body: body}).Revive(); err != nil || m.Pointer.Revivals != 1 {
		t.Errorf("%v %+v", err, m.Pointer)
	}
}
