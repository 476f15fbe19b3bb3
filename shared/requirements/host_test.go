package requirements

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

const (
	// timerEvery is the schedule of the settings above.
	timerEvery = 5 * time.Minute
	// horizon is how far ahead of now something may be due and still be waited for.
	horizon = 30 * time.Second
	// mostTicks is how often the timer runs in one advance; a longer one has fewer of them, evenly.
	mostTicks = 12
	// mostSteps ends a story that never comes to rest.
	mostSteps = 5000
)

// quiet lets the world work until nothing is queued, in flight, or due within half a minute.
func (r *rig) quiet() {
	r.t.Helper()
	for range mostSteps {
		if r.step() {
			continue
		}
		next, ok := r.nextWork()
		if !ok || next.After(time.Now().Add(horizon)) {
			return
		}
		time.Sleep(time.Until(next))
	}
	r.t.Fatal("the world does not come to rest")
}

// advance lets time pass, with everything that is due on the way: scheduled messages, events, expiries, and the
// timer, which in a long time runs mostTicks times and once at the end.
func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	r.quiet()
	end := time.Now().Add(d)
	every := max(timerEvery, d/mostTicks)
	r.next = time.Now().Add(every)
	for range 100 * mostSteps {
		if r.step() {
			continue
		}
		if !r.next.After(time.Now()) {
			r.reconcile()
			r.next = time.Now().Add(every)
			continue
		}
		next, ok := r.nextWork()
		if !ok || r.next.Before(next) {
			next = r.next
		}
		if next.After(end) {
			time.Sleep(time.Until(end))
			r.reconcile()
			r.quiet()
			return
		}
		time.Sleep(time.Until(next))
	}
	r.t.Fatalf("the world does not come to rest in %s", d)
}

// reconcile runs the timer function once, now.
func (r *rig) reconcile() {
	r.t.Helper()
	if status, answer := r.ask(http.MethodPost, "/reconcile", jsonHeader(), []byte(`{"Data":{"tick":{"IsPastDue":false}},"Metadata":{}}`)); status != http.StatusOK && status != 0 {
		r.t.Logf("reconcile answered %d %s", status, answer)
	}
}

// step does what is due now, and says whether there was anything.
func (r *rig) step() bool {
	did := r.events()
	if r.deliverAll(r.bus.due()) {
		did = true
	}
	if did {
		synctest.Wait() // what runs beside the functions
		_ = r.product.app.Watch.Post(context.Background(), r.product.app.Board)
	}
	return did
}

// events brings the events that are due to their receivers, and says whether there were any.
func (r *rig) events() (were bool) {
	for _, s := range r.systems() {
		for _, event := range s.sim.Advance(time.Now()) {
			were = true
			s.sim.Delivered(event.ID, r.event(event.URL, event.Header, event.Body))
		}
	}
	return were
}

func (r *rig) systems() []*system {
	return append([]*system{r.pc, r.dv, r.kv}, slices.Collect(maps.Values(r.more))...)
}

func (r *rig) dead() bool {
	select {
	case <-r.product.dead:
		return true
	default:
		return false
	}
}

// event brings an event to its receiver; 0: no answer came.
func (r *rig) event(url string, header http.Header, body []byte) (status int) {
	if r.deaf {
		return 0
	}
	path, ours := strings.CutPrefix(url, productURL)
	if !ours {
		return http.StatusAccepted // somebody else's receiver
	}
	status, _ = r.ask(http.MethodPost, path, header, body)
	return status
}

// deliverAll delivers messages one after the other, or all at once; it says whether there were any.
func (r *rig) deliverAll(due []*message) bool {
	var working sync.WaitGroup
	for _, m := range due {
		if r.bus.crowded {
			working.Go(func() { r.deliver(m) })
			continue
		}
		r.deliver(m)
	}
	working.Wait()
	return len(due) > 0
}

// deliver hands a message to the function of its queue, as the host does.
func (r *rig) deliver(m *message) {
	m.deliveries++
	ask := r.ask
	if r.twin != nil && m.n%2 == 0 {
		ask = r.twin.ask
	}
	status, _ := ask(http.MethodPost, "/"+functionOf(m.queue), jsonHeader(), m.envelope())
	if status != http.StatusOK {
		r.bus.back(m)
	}
}

func functionOf(name queue.Name) string {
	all := functions.All()
	i := slices.IndexFunc(all, func(d functions.Declared) bool { return d.Trigger.Queue == name })
	return all[i].Name
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// nextWork is when the world next has something to do by itself.
func (r *rig) nextWork() (next time.Time, ok bool) {
	next, ok = r.bus.nextAt()
	for _, s := range r.systems() {
		if at, waiting := s.sim.Next(); waiting && (!ok || at.Before(next)) {
			next, ok = at, true
		}
	}
	if ok && !next.After(time.Now()) {
		next = time.Now().Add(time.Millisecond)
	}
	return next, ok
}
