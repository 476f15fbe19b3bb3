package emulators

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

func scheduled(body string, in time.Duration) *azservicebus.Message {
	due := time.Now().Add(in)
	return &azservicebus.Message{Body: []byte(body), ScheduledEnqueueTime: &due}
}

func TestScheduledMessageComesWhenDue(t *testing.T) {
	client := newClient(t)
	s, err := client.NewSender("schedule", nil)
	must(t, err)
	due := time.Now().Add(300 * time.Millisecond).Truncate(time.Millisecond) // what the protocol carries
	_, err = s.ScheduleMessages(within(t), []*azservicebus.Message{text("by operation")}, due, nil)
	must(t, err)
	must(t, s.SendMessage(within(t), scheduled("by annotation", 600*time.Millisecond), nil))
	if c := queueCounts(t, "schedule"); c.Scheduled == 0 || c.Active != 0 {
		t.Errorf("counts: %+v", c)
	}
	r := newReceiver(t, client, "schedule", nil)
	for _, want := range []string{"by operation", "by annotation"} {
		m := receiveOne(t, r)
		wantBody(t, m, want)
		if time.Now().Before(due) {
			t.Errorf("%s came before it was due", want)
		}
		must(t, r.CompleteMessage(within(t), m, nil))
	}
}

func TestCancelledMessageNeverComes(t *testing.T) {
	client := newClient(t)
	s, err := client.NewSender("schedule", nil)
	must(t, err)
	numbers, err := s.ScheduleMessages(within(t), []*azservicebus.Message{text("a"), text("b")}, time.Now().Add(time.Hour), nil)
	must(t, err)
	peeked, err := newReceiver(t, client, "schedule", nil).PeekMessages(within(t), 1, &azservicebus.PeekMessagesOptions{FromSequenceNumber: &numbers[0]})
	must(t, err)
	if peeked[0].State != azservicebus.MessageStateScheduled {
		t.Errorf("state %v", peeked[0].State)
	}
	must(t, s.CancelScheduledMessages(within(t), numbers, nil))
	if c := queueCounts(t, "schedule"); c != (counts{}) {
		t.Errorf("counts: %+v", c)
	}
	wantCode(t, s.CancelScheduledMessages(within(t), numbers, nil), azservicebus.CodeNotFound)
}

// A broker of its own: advancing the clock is felt by every queue of one.
func TestAdvancedClockMakesScheduledMessagesDueAndEndsTimesToLive(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "clock"}, {Name: "session-clock", RequiresSession: true}, {Name: "expiring", TTL: "PT1H"},
		{Name: "expiring-kept", TTL: "PT1H", DeadLetteringOnMessageExpiration: true}}})
	client := clientFor(t, b.ConnectionString())
	queueCounts := func(queue string) counts {
		var all map[string]counts
		callControl(t, b, "GET", "/queues", nil, &all)
		return all[queue]
	}
	send(t, client, "clock", scheduled("in 72 h", 72*time.Hour), scheduled("in 74 h", 74*time.Hour))
	due := scheduled("in 72 h", 72*time.Hour)
	due.SessionID = new(string)
	send(t, client, "session-clock", due)
	send(t, client, "expiring", text("a"))
	send(t, client, "expiring-kept", text("a"))
	send(t, client, "expiring", text("locked"))
	r := newReceiver(t, client, "expiring", nil)
	locked := receiveOne(t, r)

	var before, after struct{ Now time.Time }
	callControl(t, b, "GET", "/clock", nil, &before)
	callControl(t, b, "POST", "/clock", map[string]string{"advance": "73h"}, &after)
	if d := after.Now.Sub(before.Now); d < 73*time.Hour || d > 73*time.Hour+time.Minute {
		t.Errorf("the clock moved by %v", d)
	}

	wantBody(t, receiveOne(t, newReceiver(t, client, "clock", nil)), "in 72 h")
	wantBody(t, receiveOne(t, acceptNext(t, client, "session-clock")), "in 72 h")
	if c := queueCounts("clock"); c.Scheduled != 1 {
		t.Errorf("counts: %+v", c)
	}
	eventually(t, "what is not locked expires", func() bool { return queueCounts("expiring") == counts{Locked: 1} })
	must(t, r.CompleteMessage(within(t), locked, nil)) // locks are of the wire, not of the world
	m := receiveOne(t, newReceiver(t, client, "expiring-kept", deadLetters()))
	if *m.DeadLetterReason != "TTLExpiredException" {
		t.Errorf("reason %q", *m.DeadLetterReason)
	}
}

// Senders live by the world's time, too: what they schedule after the clock moved waits as long as they mean.
func TestMessageScheduledAfterTheClockMovedWaits(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	client := clientFor(t, b.ConnectionString())
	callControl(t, b, "POST", "/clock", map[string]string{"advance": "73h"}, nil)
	send(t, client, "q", scheduled("past", 72*time.Hour), scheduled("in an hour", 74*time.Hour))
	m := receiveOne(t, newReceiver(t, client, "q", nil))
	wantBody(t, m, "past")
	if d := time.Until(*m.EnqueuedTime); d < 72*time.Hour || d > 74*time.Hour {
		t.Errorf("enqueued %s from now instead of 73 h", d)
	}
	var all map[string]counts
	if callControl(t, b, "GET", "/queues", nil, &all); all["q"].Scheduled != 1 {
		t.Errorf("counts: %+v", all["q"])
	}
	callControl(t, b, "POST", "/clock", map[string]string{"advance": "1h"}, nil)
	wantBody(t, receiveOne(t, newReceiver(t, client, "q", nil)), "in an hour")
}
