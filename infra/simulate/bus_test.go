package simulate

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// bus stands for Service Bus: queues with sessions, scheduled messages, ten deliveries, dead letters. All processes
// share it; each has a door of its own.
type bus struct {
	last    int
	waiting []*message // in the order in which they came
	dead    []*message
	locked  map[string]bool // sessions that somebody works on
	sent    int
	ended   int // completed
}

type message struct {
	n          int
	id         string
	queue      queue.Name
	session    string
	place      string // queue and session
	record     string // kind|id
	body       []byte
	at         time.Time
	enqueued   time.Time
	deliveries int
	copied     bool // delivered twice by the broker
	stolen     bool // its lock was lost while it was worked on
}

// key is the session's, in its queue: asked for each waiting message at each step.
func (m *message) key() string { return m.place }

const maxDeliveries = 10

func newBus() *bus { return &bus{locked: map[string]bool{}} }

func (b *bus) put(m *message) {
	b.last++
	m.n, m.enqueued = b.last, time.Now()
	m.id, m.place = "m-"+strconv.Itoa(m.n), string(m.queue)+"|"+m.session
	if m.at.Before(m.enqueued) {
		m.at = m.enqueued
	}
	m.enqueued = m.at // a message for later is enqueued then
	b.waiting = append(b.waiting, m)
	b.sent++
}

// due lists what may be delivered now: the oldest of each session that nobody has locked.
func (b *bus) due() (out []*message) {
	now := time.Now()
	var taken []string
	for _, m := range b.waiting {
		if m.at.After(now) || b.locked[m.key()] || slices.Contains(taken, m.key()) {
			continue
		}
		taken = append(taken, m.key())
		out = append(out, m)
	}
	return out
}

// take gives a message to a worker, who has its session.
func (b *bus) take(m *message) {
	m.deliveries++
	b.locked[m.key()] = true
	b.waiting = slices.DeleteFunc(b.waiting, func(o *message) bool { return o == m })
}

// back puts a message back that was not completed: it comes again, before the others of its session, and after ten
// times is dead.
func (b *bus) back(m *message) {
	if m.deliveries >= maxDeliveries {
		b.dead = append(b.dead, m)
		return
	}
	i := slices.IndexFunc(b.waiting, func(o *message) bool { return o.n > m.n })
	if i < 0 {
		i = len(b.waiting)
	}
	b.waiting = slices.Insert(b.waiting, i, m)
}

// nextAt is when the earliest message is due that nobody works before.
func (b *bus) nextAt() (next time.Time, ok bool) {
	for _, m := range b.waiting {
		if !b.locked[m.key()] && (!ok || m.at.Before(next)) {
			next, ok = m.at, true
		}
	}
	return next, ok
}

// envelope is the message as the Functions host hands it over: binary, so in base64.
func (m *message) envelope() []byte {
	out := make([]byte, 0, 512+len(m.body)*4/3)
	out = append(out, `{"Data":{"message":"`...)
	out = base64.StdEncoding.AppendEncode(out, m.body)
	return fmt.Appendf(out, `"},"Metadata":{"MessageId":%q,"SessionId":%q,"DeliveryCount":"%d","EnqueuedTimeUtc":%q}}`,
		m.id, m.session, m.deliveries, m.enqueued.UTC().Format(time.RFC3339Nano))
}

// busDoor is the bus as one process has it. It implements app.Queues.
type busDoor struct{ p *process }

func (d busDoor) Send(ctx context.Context, messages ...queue.Message) (err error) {
	for _, m := range messages {
		if err := m.Check(); err != nil {
			return err
		}
	}
	r := d.p.run
	sent := func() {
		for _, m := range messages {
			body, encoding := m.Pointer.MarshalJSON()
			if encoding != nil {
				err = encoding
				return
			}
			r.bus.put(&message{queue: m.Queue, session: m.SessionID(), record: m.Pointer.Kind + "|" + m.Pointer.ID, body: body, at: m.At})
		}
	}
	name := "send"
	if len(messages) > 0 {
		name += " " + string(messages[0].Queue)
	}
	if passed := d.p.pass(ctx, &point{site: siteQueue, name: name, write: true}, sent); passed != nil {
		return fault.New(fault.Broken, "sending: %w", passed).With("servicebus.unreachable", "")
	}
	if l := laneOf(ctx); l != nil && err == nil {
		for _, m := range messages {
			l.sent = append(l.sent, m.Pointer.Kind+"|"+m.Pointer.ID)
		}
	}
	return err
}

func (d busDoor) Dead(ctx context.Context, take func(context.Context, queue.Dead) error) error {
	r := d.p.run
	var found []*message
	if err := d.p.pass(ctx, &point{site: siteQueue, name: "dead"}, func() { found = slices.Clone(r.bus.dead) }); err != nil {
		return fault.New(fault.Broken, "reading the dead letters: %w", err)
	}
	for _, m := range found {
		if err := take(ctx, queue.Dead{Queue: m.queue, Session: m.session, MessageID: m.id, Body: m.body, Reason: "MaxDeliveryCountExceeded"}); err != nil {
			return err
		}
		r.bus.ended++
		r.bus.dead = slices.DeleteFunc(r.bus.dead, func(o *message) bool { return o == m })
	}
	return nil
}

func (d busDoor) Look(ctx context.Context, name queue.Name) (queue.State, error) {
	out := queue.State{Sessions: true, Lock: time.Minute}
	for _, m := range d.p.run.bus.dead {
		if m.queue == name {
			out.Dead, out.Oldest = out.Dead+1, m.enqueued
		}
	}
	return out, nil
}

func (d busDoor) Close(context.Context) error { return nil }

// functionsByQueue are the names of the queue functions.
func functionsByQueue() map[queue.Name]string {
	out := map[queue.Name]string{}
	for _, d := range functions.All() {
		if d.Trigger.Queue != "" {
			out[d.Trigger.Queue] = d.Name
		}
	}
	return out
}
