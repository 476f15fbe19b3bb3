package post

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Repeat implements funchost.Outcomes: a scheduled copy in the same session. The broker's clock decides when it comes,
// and ours may be minutes behind: it is then no earlier than the message itself, which has just come. The copy of a
// message in a later format is that message. One copy is enough for several messages that want the same at about the same time.
func (o *Post) Repeat(ctx context.Context, d funchost.Delivery, after time.Duration, counts bool) error {
	p, err := queue.Decode(d.Body)
	if err != nil && !p.Later() {
		return err // a pointer that cannot be read was Invalid, and is parked
	}
	of := p
	p.Late = true
	if counts {
		p.Attempt++
	}
	if p.First.IsZero() {
		p.First = d.Enqueued
	}
	if o.Now().Sub(p.Seen) >= shownFor {
		p.Shown = queue.Shown{}
	}
	m := queue.Message{Queue: queue.Name(d.Queue), Session: d.Session, Pointer: p, At: latest(o.Now(), d.Enqueued).Add(after)}
	if o.ahead.covers(m, of, d.Enqueued, after) {
		return nil
	}
	if err := o.Sender.Send(ctx, m); err != nil {
		return err
	}
	o.ahead.sent(m, o.Now())
	return nil
}

// shownFor is how long copies name the version that a feed has shown: flow waits for it less than that, also with a clock that
// is off. From then on messages that came of events and of feeds want the same, and one copy is enough for all of them.
const shownFor = 30 * time.Minute

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Park implements funchost.Outcomes: a row for a person to look at.
func (o *Post) Park(ctx context.Context, d funchost.Delivery, function string, cause error) error {
	original := json.RawMessage(d.Body)
	if !json.Valid(d.Body) {
		original, _ = json.Marshal(string(d.Body)) // a text always can be written
	}
	p, _ := queue.Decode(d.Body) // what can be read of it
	o = o.of(p)
	record := ""
	if p.ID != "" {
		record = p.Kind + "|" + p.ID
	}
	return o.Parked.Park(ctx, ledger.Parked{
		ID: cmp.Or(d.MessageID, o.NewID()), Kind: fault.KindOf(cause).String(), Reason: cause.Error(), Function: function,
		Queue: d.Queue, Session: d.Session, Record: record, Attempt: p.Attempt, Original: original, Trace: p.Trace, At: o.Now().UTC(),
	})
}

// Revive gives messages in the dead-letter queues another chance, or parks them when they had enough.
func (o *Post) Revive(ctx context.Context) error {
	found := 0
	err := o.Dead(ctx, func(ctx context.Context, d queue.Dead) error {
		found++
		m, err := d.Revive()
		if err != nil {
			return o.Park(ctx, funchost.Delivery{Queue: string(d.Queue), Session: d.Session, MessageID: d.MessageID, Body: d.Body}, "reconcile", err)
		}
		o.Log.WarnContext(ctx, "message revived", "queue", d.Queue, "kind", m.Pointer.Kind, "id", m.Pointer.ID,
			"attempt", m.Pointer.Attempt, "revival", m.Pointer.Revivals, "reason", d.Reason)
		return o.Sender.Send(ctx, m)
	})
	if err == nil || found > 0 {
		o.Watch.DeadLetters("reconcile", found)
	}
	return err
}
