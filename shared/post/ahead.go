package post

import (
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// ahead remembers the copies that this process has sent and that have not come yet. While a record cannot be worked on, every
// event of it would have a copy of its own that is tried again and again; one for all of them is enough. What is forgotten, as by
// a death, costs a copy more and loses nothing.
type ahead struct {
	mu   sync.Mutex
	last map[likeness]onItsWay // the copy that was sent last
}

// onItsWay is a copy: when it comes, and what tells it from another one.
type onItsWay struct {
	at, seen time.Time
	attempt  int
	trace    string
}

// likeness is everything of a copy that decides what is done with it.
type likeness struct {
	queue, session, tenant, kind, id, parent string
	deleted, related, retry                  bool
	shown                                    queue.Shown
}

func likenessOf(m queue.Message) likeness {
	p := m.Pointer
	return likeness{string(m.Queue), m.Session, p.Tenant, p.Kind, p.ID, p.Parent, p.Deleted, p.Related, p.Retry, p.Shown}
}

// exactness is by how much earlier than the time that a copy was sent for a broker may say that it came: some say whole seconds.
const exactness = time.Second

// mostAhead is how many records copies are remembered of.
const mostAhead = 10000

// covers says whether a copy that does the same as m is on its way, and is not the message itself that m is a copy of: it comes by
// the time of m, and at the earliest after half of the wait that m has, so that it sees what m is about. Of a message that a broker
// delivers more often the first one's copy covers the others: enqueued, which is zero where the broker does not say it, was before
// that copy was due.
func (a *ahead) covers(m queue.Message, of queue.Pointer, enqueued time.Time, wait time.Duration) bool {
	if m.Pointer.Rest != "" || m.Pointer.Later() {
		return false // it may say what only a later version knows
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, sent := a.last[likenessOf(m)]
	twin := !enqueued.IsZero() && enqueued.Before(c.at.Add(-exactness))
	itself := c.seen.Equal(of.Seen) && c.attempt == of.Attempt && c.trace == of.Trace && !twin
	return sent && !itself && !c.at.After(m.At) && c.at.After(m.At.Add(-wait/2))
}

// sent remembers a copy.
func (a *ahead) sent(m queue.Message, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.last) >= mostAhead {
		for k, c := range a.last {
			if c.at.Before(now) {
				delete(a.last, k)
			}
		}
	}
	if a.last == nil || len(a.last) >= mostAhead {
		a.last = map[likeness]onItsWay{}
	}
	a.last[likenessOf(m)] = onItsWay{m.At, m.Pointer.Seen, m.Pointer.Attempt, m.Pointer.Trace}
}
