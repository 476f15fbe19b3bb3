package hostsim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// source is where a queue's messages come from: the broker, or a stand-in in tests.
type source interface {
	// accept waits for the next session that has messages and locks it. On a queue without sessions it
	// opens the queue itself. errNoSession means that none came for a while.
	accept(ctx context.Context) (link, error)
	namespace() string
	close(ctx context.Context)
}

// link is one receiver: of a session, or of a whole queue.
type link interface {
	// receive waits for messages, at most n; ctx ends the wait.
	receive(ctx context.Context, n int) ([]*message, error)
	complete(ctx context.Context, m *message) error
	abandon(ctx context.Context, m *message) error
	// renew prolongs the session's lock, or m's on a queue without sessions, and says until when.
	renew(ctx context.Context, m *message) (time.Time, error)
	// lockedUntil is the end of the session's lock; zero without sessions.
	lockedUntil() time.Time
	close(ctx context.Context)
}

var (
	errNoSession = errors.New("no session has messages")
	errLockLost  = errors.New("the lock is lost")
)

// acceptors is how many links wait for a session at the same time. The real host lets every free slot
// wait; fewer waiting links find the same sessions and cost the broker less.
const acceptors = 8

const settleTime = 30 * time.Second

// pump feeds one Service Bus function for one life of the host.
func (h *Host) pump(ctx context.Context, f *function) {
	for pause := 200 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, 5*time.Second) {
		src, err := h.opt.open(f.trigger.Connection, f.trigger.QueueName, f.trigger.IsSessionsEnabled)
		if err == nil {
			if f.trigger.IsSessionsEnabled {
				h.pumpSessions(ctx, f, src)
			} else {
				err = h.pumpQueue(ctx, f, src)
			}
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			src.close(closing)
			cancel()
		}
		if ctx.Err() != nil {
			return
		}
		h.logf("queue %s of %s: %v", f.trigger.QueueName, f.name, err)
		wait(ctx, pause)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// pumpSessions takes sessions as long as ctx lives, never more than maxConcurrentSessions at a time.
func (h *Host) pumpSessions(ctx context.Context, f *function, src source) {
	most := h.app.host.Extensions.ServiceBus.MaxConcurrentSessions
	slots := make(chan struct{}, most)
	var work sync.WaitGroup
	for range min(acceptors, most) {
		work.Go(func() {
			for pause := 100 * time.Millisecond; ; {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				session, err := src.accept(ctx)
				if err == nil {
					pause = 100 * time.Millisecond
					work.Go(func() {
						defer func() { <-slots }()
						h.holdSession(ctx, f, src.namespace(), session)
					})
					continue
				}
				<-slots
				if ctx.Err() != nil {
					return
				}
				if !errors.Is(err, errNoSession) {
					h.logf("queue %s: accepting a session: %v", f.trigger.QueueName, err)
					wait(ctx, pause)
					pause = min(2*pause, 5*time.Second)
				}
			}
		})
	}
	work.Wait()
}

// holdSession works through one session: one message at a time, and after sessionIdleTimeout without a
// message the session is given back. A failed message is abandoned and the same link reads on at once, so
// the same message comes first again. A lost lock ends the link.
func (h *Host) holdSession(ctx context.Context, f *function, namespace string, s link) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		closing, done := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		s.close(closing)
		done()
	}()
	go h.keepLocked(ctx, cancel, s, nil, s.lockedUntil())
	for ctx.Err() == nil {
		idle, stop := context.WithTimeout(ctx, h.app.host.sessionIdle)
		batch, err := s.receive(idle, 1)
		stop()
		for _, m := range batch {
			if !h.deliver(ctx, f, namespace, s, m) {
				return
			}
		}
		if len(batch) == 0 {
			if err != nil && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
				h.logf("queue %s: session link: %v", f.trigger.QueueName, err)
			}
			return
		}
	}
}

// pumpQueue works through a queue without sessions, up to maxConcurrentCalls at a time.
func (h *Host) pumpQueue(ctx context.Context, f *function, src source) error {
	q, err := src.accept(ctx)
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	var work sync.WaitGroup
	defer func() {
		work.Wait()
		closing, done := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		q.close(closing)
		done()
	}()
	most := h.app.host.Extensions.ServiceBus.MaxConcurrentCalls
	slots := make(chan struct{}, most)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		batch, err := q.receive(ctx, 1+most-len(slots))
		<-slots
		if err != nil {
			return err
		}
		for _, m := range batch {
			slots <- struct{}{}
			work.Go(func() {
				defer func() { <-slots }()
				held, cancel := context.WithCancel(ctx)
				defer cancel()
				go h.keepLocked(held, cancel, q, m, m.locked)
				h.deliver(held, f, src.namespace(), q, m)
			})
		}
	}
}

// keepLocked prolongs a lock in good time, up to maxAutoLockRenewalDuration from now; a lost lock ends the
// work on it. Lock times are on the machine's clock: the world's clock moves timers and schedules only.
func (h *Host) keepLocked(ctx context.Context, lost func(), l link, m *message, until time.Time) {
	last := time.Now().Add(h.app.host.lockRenewal)
	for {
		left := time.Until(until)
		wait(ctx, max(min(left/2, left-10*time.Second), 500*time.Millisecond))
		if ctx.Err() != nil || time.Now().After(last) {
			return
		}
		next, err := l.renew(ctx, m)
		switch {
		case err == nil:
			until = next
		case errors.Is(err, errLockLost):
			h.logf("renewing a lock: %v", err)
			lost()
			return
		}
	}
}

// deliver invokes the function for one message and settles it: completed on success, abandoned at once
// on failure. It says whether the link can go on.
func (h *Host) deliver(ctx context.Context, f *function, namespace string, l link, m *message) bool {
	if !h.rouse(ctx, f) {
		return false // the lock is lost, or the host ends: the message comes again
	}
	defer func() { h.beds.work(f.name, h.opt.Now()) }()
	inv := h.begin(context.WithoutCancel(ctx), f)
	body := m.encode(f, namespace, l.lockedUntil(), time.Now())
	parent, _ := m.properties["traceparent"].(string)
	res, answer, err := h.envelope(inv, body, parent)
	if err == nil {
		err = res.settle(f)
	}
	settling, done := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer done()
	settle := l.complete
	if err != nil {
		settle = l.abandon
	}
	unsettled := settle(settling, m)
	h.finish(inv, "serviceBusTrigger", string(body), answer, err)
	if unsettled != nil {
		h.logf("queue %s: settling message %s: %v", f.trigger.QueueName, m.messageID, unsettled)
	}
	return !errors.Is(unsettled, errLockLost)
}
