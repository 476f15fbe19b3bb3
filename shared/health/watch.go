package health

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Watch keeps what one process notes of its work, function by function. Every method may be called from
// many goroutines.
type Watch struct {
	app, instance, version string
	now                    func() time.Time

	mu        sync.Mutex
	functions map[string]*notes
	tokens    map[string]string // digests by audience
}

// Process is the function name under which a process notes what belongs to none of its functions.
const Process = "process"

// notes are those of one function.
type notes struct {
	Status
	waits    map[string]Wait // by record
	problems map[string]Problem
	posted   time.Time // when the row was written last
	changed  bool      // since then
	better   bool      // only a success was noted since then
}

// mostUnfinished bounds the memory of a bad day.
const mostUnfinished = 10_000

// NewWatch makes an empty watch. app is the role, instance a name that no other process has.
func NewWatch(app, instance, version string, now func() time.Time) *Watch {
	return &Watch{app: app, instance: instance, version: version, now: now, functions: map[string]*notes{}, tokens: map[string]string{}}
}

// Stamp says which version this process is of.
func (w *Watch) Stamp(version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version = version
	for _, n := range w.functions {
		n.Version, n.changed = version, true
	}
}

// Instance is the name of this process, which no other has.
func (w *Watch) Instance() string { return w.instance }

// Version is what Stamp said last.
func (w *Watch) Version() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version
}

// of gives a function's notes; the lock is held.
func (w *Watch) of(function string) *notes {
	n := w.functions[function]
	if n == nil {
		n = &notes{waits: map[string]Wait{}, problems: map[string]Problem{}, changed: true,
			Status: Status{App: w.app, Function: function, Instance: w.instance, Version: w.version, Causes: map[string]Cause{}, Good: map[string]time.Time{}}}
		w.functions[function] = n
	}
	return n
}

// Ended implements post.Watch.
func (w *Watch) Ended(function, record string, seen time.Time, err error) {
	what, cause, waits := causeOf(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now := w.of(function), w.now()
	if waits {
		n.wait(record, what, seen, now)
		n.Causes[what] = cause
		n.changed = true
		return
	}
	if err == nil {
		n.LastSuccess = &now
		n.good("work", now)
	}
	old, waited := n.waits[record]
	delete(n.waits, record)
	if waited && !n.Causes[old.What].Singly {
		n.forgive(old.What, now)
	}
	// What has waited elsewhere shows by its age.
	if waited || now.Sub(seen) > 30*time.Second {
		n.Done = append(n.Done, Done{record, now})
		if len(n.Done) > mostDone {
			n.Done = slices.Delete(n.Done, 0, len(n.Done)-mostDone)
		}
		n.changed = true
	}
}

func (n *notes) wait(record, what string, seen, now time.Time) {
	old, waited := n.waits[record]
	switch {
	case !waited && len(n.waits) >= mostUnfinished:
		return
	case waited && seen.After(old.Seen):
		seen = old.Seen
	}
	since := now
	if waited && old.What == what {
		since = old.Since
	}
	n.waits[record] = Wait{Record: record, What: what, Seen: seen, Since: since, Last: now}
}

// forgive notes the first success after a cause.
func (n *notes) forgive(what string, now time.Time) {
	for record, w := range n.waits {
		if w.What == what {
			w.Forgiven = true
			n.waits[record] = w
		}
	}
	n.Good[causeKey(what)], n.changed = now, true
}

// blames says whether a record waits for that.
func (n *notes) blames(what string) bool {
	for _, w := range n.waits {
		if w.What == what && !w.Forgiven {
			return true
		}
	}
	return false
}

func causeKey(what string) string { return "cause:" + what }

// good notes a success of a kind. Alone it is news that can wait a little. The lock is held.
func (n *notes) good(key string, now time.Time) {
	n.Good[key], n.better = now, true
	for what, p := range n.problems {
		if p.GoodKey == key {
			delete(n.problems, what)
			n.changed = true
		}
	}
}

// bad notes a failure that is no record's: count grows until a success of its kind.
func (n *notes) bad(p Problem, now time.Time) {
	old, known := n.problems[p.What]
	p.Last, p.Since, p.Count = now, now, 1
	if known && now.Sub(old.Last) < gone*2 {
		p.Since, p.Count = old.Since, old.Count+1
	}
	if !p.Due.IsZero() {
		p.Due = p.Since.Add(p.Due.Sub(now))
	}
	n.problems[p.What], n.changed = p, true
}

// Answered notes that a system answered us well. Any function may have asked.
func (w *Watch) Answered(system string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for _, n := range w.functions {
		for what, c := range n.Causes {
			if c.GoodKey == system && n.blames(what) {
				n.forgive(what, now)
			}
		}
	}
	w.of(Process).good(system, now)
}

// strangers is how many requests in a row a door turns away before somebody should look: any stranger can
// knock, but a secret that was changed on one side only lets nobody in.
const strangers = 3

// Door notes how a webhook judged a request: nil for an authentic one.
func (w *Watch) Door(function string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now := w.of(function), w.now()
	switch {
	case err == nil:
		n.LastSuccess = &now
		n.good("door:"+function, now)
	case fault.Is(err, fault.Denied):
		n.bad(Problem{What: "webhook.denied", Class: door, GoodKey: "door:" + function, Least: strangers, Say: "requests are turned away as not authentic (401): " + err.Error(),
			Mend: "compare the secret or the certificate on both sides; nothing to do if these are strangers"}, now)
	case !fault.Is(err, fault.Invalid):
		n.bad(Problem{What: cmp.Or(fault.Of(err).Code, "webhook.broken"), GoodKey: "door:" + function, Due: now.Add(unlistedDue),
			Say: "requests cannot be judged: " + err.Error(), Mend: fault.Of(err).Mend}, now)
	}
}

// Asked notes why an operator's call could not be answered: nil where it could. Only that our own access is refused is
// news for others, who may not have met it yet.
func (w *Watch) Asked(function string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now, answered := w.of(function), w.now(), "asked:"+function
	switch e := fault.Of(err); {
	case err == nil:
		n.good(answered, now)
	case e.Kind == fault.Denied:
		n.bad(Problem{What: cmp.Or(e.Code, denied), Class: denied, GoodKey: cmp.Or(systemOf(e.Code), answered),
			Say: "our access is refused: " + says(e, err), Mend: e.Mend}, now)
	}
}

// Forwarded notes how an event was handed on to the other receiver.
func (w *Watch) Forwarded(function string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now := w.of(function), w.now()
	if err == nil {
		n.good("forward", now)
		return
	}
	n.bad(Problem{What: "forward.failed", GoodKey: "forward", Say: "events are not taken by the receiver of SYNC_FORWARD_URL, which works in earnest: " + err.Error(), Mend: fault.Of(err).Mend}, now)
}

// DeadLetters implements post.Watch.
func (w *Watch) DeadLetters(function string, found int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now := w.of(function), w.now()
	if found == 0 {
		n.good("dead letters", now)
		return
	}
	n.bad(Problem{What: "dead.letters", GoodKey: "dead letters", Say: "the broker set messages aside because processes failed before they could deal with them",
		Mend: "look for killed or restarting processes in the log; the messages were sent again, or parked when they came back too often"}, now)
	p := n.problems["dead.letters"]
	p.Count = found
	n.problems[p.What] = p
}

// Stand replaces what a source found the last time by what it finds now, as a check of the CRM's metadata
// does. Last and Since of what was found before are kept up.
func (w *Watch) Stand(function, source string, found []Problem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now := w.of(function), w.now()
	before := maps.Clone(n.problems)
	maps.DeleteFunc(n.problems, func(_ string, p Problem) bool { return p.GoodKey == source })
	for _, p := range found {
		p.GoodKey, p.Stays, p.Last = source, true, now
		if old, known := before[p.What]; known {
			p.Since = old.Since
		}
		if p.Since.IsZero() {
			p.Since = now
		}
		n.problems[p.What] = p
	}
	n.Good[source], n.changed = now, true // what other processes found earlier is over; Last of ours is no earlier
}

// GotToken notes an access token for Partner Center, which has several audiences, by its digest.
func (w *Watch) GotToken(audience, digest string) {
	if w.newToken(audience, digest) {
		w.Answered(Token)
	}
}

func (w *Watch) newToken(audience, digest string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if digest == w.tokens[audience] {
		return false
	}
	now := w.now()
	n := w.of(Process)
	w.tokens[audience], n.TokenSince, n.changed = digest, &now, true
	return true
}

// Tested notes an authentic test event.
func (w *Watch) Tested(_ string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.of("partnercenterwebhook")
	n.LastTest, n.changed = &at, true
}

// Sender makes a Sender whose failures and successes are noted.
func (w *Watch) Sender(s queue.Sender) queue.Sender { return sender{s, w} }

type sender struct {
	queue.Sender
	watch *Watch
}

// Send implements queue.Sender.
func (s sender) Send(ctx context.Context, messages ...queue.Message) error {
	err := s.Sender.Send(ctx, messages...)
	if err == nil || !fault.Is(err, fault.Invalid) && ctx.Err() == nil {
		for _, name := range namesIn(messages) {
			s.watch.sent(name, err)
		}
	}
	return err
}

func namesIn(messages []queue.Message) (out []queue.Name) {
	for _, m := range messages {
		if !slices.Contains(out, m.Queue) {
			out = append(out, m.Queue)
		}
	}
	return out
}

func (w *Watch) sent(name queue.Name, err error) {
	if err == nil {
		w.Answered(Queue)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n, now, key := w.of(Process), w.now(), "send:"+string(name)
	if err == nil {
		n.good(key, now)
		return
	}
	n.bad(Problem{What: "queue.unsendable " + string(name), GoodKey: key, Say: "the queue takes nothing: " + err.Error(),
		Mend: cmp.Or(fault.Of(err).Mend, "look whether the Service Bus namespace is there and reachable")}, now)
}
