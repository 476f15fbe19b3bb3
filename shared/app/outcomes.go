package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// outcomes carries out what was decided about a message.
type outcomes struct{ app *App }

// Repeat implements funchost.Outcomes: a scheduled copy in the same session.
func (o outcomes) Repeat(ctx context.Context, d funchost.Delivery, after time.Duration, counts bool) error {
	p, err := queue.Decode(d.Body)
	if err != nil {
		return err // a pointer that cannot be read was Invalid, and is parked
	}
	o.app.watch.waits(p.Kind+"|"+p.ID, p.Seen)
	if counts {
		p.Attempt++
	}
	return o.app.Sender.Send(ctx, queue.Message{Queue: queue.Name(d.Queue), Session: d.Session, Pointer: p, At: o.app.Now().Add(after)})
}

// Revive gives messages in the dead-letter queues another chance, or parks them when they had enough.
func (a *App) Revive(ctx context.Context) error {
	return a.dead(ctx, func(ctx context.Context, d queue.Dead) error {
		m, err := d.Revive()
		if err != nil {
			return outcomes{a}.Park(ctx, funchost.Delivery{Queue: string(d.Queue), Session: d.Session, MessageID: d.MessageID, Body: d.Body}, "reconcile", err)
		}
		a.Log.WarnContext(ctx, "message revived", "queue", d.Queue, "kind", m.Pointer.Kind, "attempt", m.Pointer.Attempt, "reason", d.Reason)
		return a.Sender.Send(ctx, m)
	})
}

// Park implements funchost.Outcomes: a row for a person to look at.
func (o outcomes) Park(ctx context.Context, d funchost.Delivery, function string, cause error) error {
	original := json.RawMessage(d.Body)
	if !json.Valid(d.Body) {
		original, _ = json.Marshal(string(d.Body)) // a text always can be written
	}
	p, _ := queue.Decode(d.Body) // what can be read of it
	id := d.MessageID
	if id == "" {
		id = o.app.NewID()
	}
	return o.app.Ledger.Park(ctx, ledger.Parked{
		ID: id, Kind: fault.KindOf(cause).String(), Reason: cause.Error(), Function: function,
		Attempt: p.Attempt, Original: original, Trace: p.Trace, At: o.app.Now().UTC(),
	})
}
