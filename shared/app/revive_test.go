package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

const dead = `{"v":1,"tenant":"default","kind":"opportunity","id":"x","reason":"Update","seen":"2026-03-02T09:00:00Z","attempt":0,"trace":"t"}`

// reviving is an app whose dead-letter queues hold the bodies; the result says what was dealt with.
func reviving(bodies ...string) (a *App, sent *queue.Memory, gone *int) {
	now := func() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }
	sent, gone = queue.InMemory(), new(int)
	a = &App{Now: now, NewID: func() string { return "id" }, Log: slog.New(slog.DiscardHandler), Sender: sent,
		Ledger: ledger.InMemory(now), watch: newWatch(now)}
	a.dead = func(ctx context.Context, take func(context.Context, queue.Dead) error) error {
		for _, body := range bodies {
			d := queue.Dead{Queue: queue.ReferralWanted, Session: "default|x", MessageID: body[:8], Body: []byte(body), Reason: "MaxDeliveryCountExceeded"}
			if err := take(ctx, d); err != nil {
				return err
			}
			*gone++
		}
		return nil
	}
	return a, sent, gone
}

func TestDeadMessageIsSentAgain(t *testing.T) {
	a, sent, gone := reviving(dead)
	if err := a.Revive(t.Context()); err != nil || *gone != 1 {
		t.Fatalf("%v, %d dealt with", err, *gone)
	}
	got := sent.Take()
	if len(got) != 1 || got[0].Queue != queue.ReferralWanted || got[0].Session != "default|x" || got[0].Pointer.Attempt != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDeadMessageThatCanNeverWorkIsParked(t *testing.T) {
	a, sent, gone := reviving("nonsense", strings.Replace(dead, `"attempt":0`, `"attempt":5`, 1))
	if err := a.Revive(t.Context()); err != nil || *gone != 2 {
		t.Fatalf("%v, %d dealt with", err, *gone)
	}
	parked, err := a.Ledger.Parked(t.Context(), 10)
	if err != nil || len(parked) != 2 || len(sent.Take()) != 0 {
		t.Errorf("%v %+v", err, parked)
	}
}

func TestDeadMessageStaysWhenItCannotBeSent(t *testing.T) {
	a, sent, gone := reviving(dead)
	sent.Fail(fault.New(fault.Broken, "the broker is away"))
	if err := a.Revive(t.Context()); err == nil || *gone != 0 {
		t.Errorf("%v, %d dealt with", err, *gone)
	}
}
