package hostsim

import (
	"context"
	"sync"
	"time"
)

// fakeQueue is a queue in memory: sessions in order of arrival, one holder each.
type fakeQueue struct {
	mu      sync.Mutex
	changed chan struct{}
	order   []string
	waiting map[string][]*message
	held    map[string]bool
	settled []string
	locks   time.Duration // length of a lock
	renews  int
	lost    bool // the next renewal tells that the lock is lost

	accepts, most int // sessions ever held, and at the same time
	dead          int // messages given up after maxDeliveryCount
}

func newFakeQueue() *fakeQueue {
	return &fakeQueue{changed: make(chan struct{}), waiting: map[string][]*message{}, held: map[string]bool{}, locks: time.Minute}
}

func (q *fakeQueue) send(session, id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.waiting[session]; !known {
		q.order = append(q.order, session)
	}
	q.waiting[session] = append(q.waiting[session], &message{messageID: id, sessionID: &session, body: []byte(id)})
	q.tell()
}

func (q *fakeQueue) tell() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// until waits under the lock for ok, or for the end of ctx.
func (q *fakeQueue) until(ctx context.Context, ok func() bool) error {
	for !ok() {
		changed := q.changed
		q.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		q.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (q *fakeQueue) namespace() string { return "ns.servicebus.windows.net" }

func (q *fakeQueue) close(context.Context) {}

func (q *fakeQueue) accept(ctx context.Context) (link, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	found := ""
	err := q.until(ctx, func() bool {
		for _, s := range q.order {
			if !q.held[s] && len(q.waiting[s]) > 0 {
				found = s
				return true
			}
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	q.held[found] = true
	q.accepts++
	q.most = max(q.most, len(q.held))
	return &fakeSession{q: q, id: found, until: time.Now().Add(q.locks)}, nil
}

func (q *fakeQueue) done() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string{}, q.settled...)
}

type fakeSession struct {
	q     *fakeQueue
	id    string
	until time.Time
}

func (s *fakeSession) lockedUntil() time.Time { return s.until }

func (s *fakeSession) receive(ctx context.Context, _ int) ([]*message, error) {
	q := s.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.until(ctx, func() bool { return len(q.waiting[s.id]) > 0 }); err != nil {
		return nil, err
	}
	m := q.waiting[s.id][0]
	q.waiting[s.id] = q.waiting[s.id][1:]
	m.deliveries++
	return []*message{m}, nil
}

func (s *fakeSession) complete(_ context.Context, m *message) error {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	s.q.settled = append(s.q.settled, "complete "+m.messageID)
	return nil
}

func (s *fakeSession) abandon(_ context.Context, m *message) error {
	q := s.q
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settled = append(q.settled, "abandon "+m.messageID)
	if m.deliveries >= 10 {
		q.dead++
		return nil
	}
	q.waiting[s.id] = append([]*message{m}, q.waiting[s.id]...)
	q.tell()
	return nil
}

func (s *fakeSession) renew(context.Context, *message) (time.Time, error) {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	if s.q.lost {
		return time.Time{}, errLockLost
	}
	s.q.renews++
	return time.Now().Add(s.q.locks), nil
}

func (s *fakeSession) close(context.Context) {
	s.q.mu.Lock()
	defer s.q.mu.Unlock()
	delete(s.q.held, s.id)
	s.q.tell()
}

// flatQueue is a queue without sessions.
type flatQueue struct {
	ready chan *message
	out   chan string
}

func (q *flatQueue) accept(context.Context) (link, error) { return q, nil }

func (q *flatQueue) namespace() string { return "ns.servicebus.windows.net" }

func (q *flatQueue) close(context.Context) {}

func (q *flatQueue) lockedUntil() time.Time { return time.Time{} }

func (q *flatQueue) receive(ctx context.Context, n int) ([]*message, error) {
	var out []*message
	select {
	case m := <-q.ready:
		out = append(out, m)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for len(out) < n {
		select {
		case m := <-q.ready:
			out = append(out, m)
		default:
			return out, nil
		}
	}
	return out, nil
}

func (q *flatQueue) complete(_ context.Context, m *message) error {
	q.out <- "complete " + m.messageID
	return nil
}

func (q *flatQueue) abandon(_ context.Context, m *message) error {
	q.out <- "abandon " + m.messageID
	return nil
}

func (q *flatQueue) renew(context.Context, *message) (time.Time, error) {
	return time.Now().Add(time.Minute), nil
}

// oneSession gives one session with the recorded end of its lock.
type oneSession struct{ flatQueue }

func (q *oneSession) accept(ctx context.Context) (link, error) {
	if len(q.ready) == 0 {
		<-ctx.Done()
		return nil, errNoSession
	}
	return q, nil
}

func (q *oneSession) lockedUntil() time.Time {
	return time.Date(2026, 11, 22, 8, 5, 0, 250_000_000, time.UTC)
}
