package requirements

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// bus stands for Service Bus: queues with sessions, scheduled messages, ten deliveries, dead letters.
type bus struct {
	mu      sync.Mutex
	last    int
	waiting []*message
	dead    []*message
	fail    error                      // what every Send answers; nil: it works
	looks   map[queue.Name]queue.State // how queues are, where not as they should be
	crowded bool                       // sessions hold nothing back: all that is due is worked on at the same time
}

type message struct {
	n          int
	id         string
	queue      queue.Name
	session    string
	body       []byte
	at         time.Time
	enqueued   time.Time
	deliveries int
}

const maxDeliveries = 10

// doorOf is the bus as one life of the product has it.
type doorOf struct {
	*bus
	p *process
}

// Send implements queue.Sender.
func (d doorOf) Send(_ context.Context, messages ...queue.Message) error {
	d.p.alive()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	for _, m := range messages {
		if err := m.Check(); err != nil {
			return err
		}
		body, err := json.Marshal(m.Pointer)
		if err != nil {
			return err
		}
		d.put(&message{id: uuid.NewString(), queue: m.Queue, session: m.SessionID(), body: body, at: m.At})
	}
	return nil
}

// put takes a message in. The caller holds the lock.
func (b *bus) put(m *message) {
	b.last++
	m.n, m.enqueued = b.last, time.Now()
	if m.at.Before(m.enqueued) {
		m.at = m.enqueued
	}
	b.waiting = append(b.waiting, m)
}

// Dead implements app.Queues.
func (d doorOf) Dead(ctx context.Context, take func(context.Context, queue.Dead) error) error {
	d.p.alive()
	d.mu.Lock()
	found := slices.Clone(d.dead)
	d.mu.Unlock()
	for _, m := range found {
		if err := take(ctx, queue.Dead{Queue: m.queue, Session: m.session, MessageID: m.id, Body: m.body, Reason: "MaxDeliveryCountExceeded"}); err != nil {
			return err
		}
		d.mu.Lock()
		d.dead = slices.DeleteFunc(d.dead, func(other *message) bool { return other == m })
		d.mu.Unlock()
	}
	return nil
}

// Look implements app.Queues.
func (d doorOf) Look(_ context.Context, name queue.Name) (queue.State, error) {
	d.p.alive()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return queue.State{}, d.fail
	}
	if as, other := d.looks[name]; other {
		return as, nil
	}
	out := queue.State{Sessions: true, Lock: time.Minute}
	for _, m := range d.dead {
		if m.queue == name {
			out.Dead, out.Oldest = out.Dead+1, m.enqueued
		}
	}
	return out, nil
}

// Close implements app.Queues.
func (d doorOf) Close(context.Context) error { return nil }

// due takes the messages out that may be delivered now: of each session the oldest.
func (b *bus) due() (out []*message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := map[string]bool{}
	slices.SortStableFunc(b.waiting, func(x, y *message) int { return x.n - y.n })
	b.waiting = slices.DeleteFunc(b.waiting, func(m *message) bool {
		key := string(m.queue) + "|" + m.session
		if m.at.After(time.Now()) || taken[key] && !b.crowded {
			return false
		}
		taken[key] = true
		out = append(out, m)
		return true
	})
	return out
}

// back puts a message back that was not completed: it comes again at once, and after ten times is dead.
func (b *bus) back(m *message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.deliveries >= maxDeliveries {
		b.dead = append(b.dead, m)
		return
	}
	b.waiting = append(b.waiting, m)
}

// nextAt is when the earliest message is due.
func (b *bus) nextAt() (next time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.waiting {
		if !ok || m.at.Before(next) {
			next, ok = m.at, true
		}
	}
	return next, ok
}

// envelope is the message as the Functions host hands it over: binary, so in base64.
func (m *message) envelope() []byte {
	text, _ := json.Marshal(map[string]any{ // strings only: cannot fail
		"Data": map[string]any{"message": base64.StdEncoding.EncodeToString(m.body)},
		"Metadata": map[string]any{"MessageId": m.id, "SessionId": m.session, "DeliveryCount": fmt.Sprint(m.deliveries),
			"EnqueuedTimeUtc": m.enqueued.UTC().Format(time.RFC3339Nano)},
	})
	return text
}
