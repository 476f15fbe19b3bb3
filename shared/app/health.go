package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Health is what is known of this process's work; the times that are not are nil.
type Health struct {
	OK           bool
	Problems     []string
	Version      string
	Role         string
	Registration string
	TokenAge     string
	Oldest       *time.Time
	Parked       int
	LastSuccess  *time.Time
	LastTest     *time.Time
}

// watch keeps what health shows. It is one process's view: others have their own.
type watch struct {
	now func() time.Time

	mu          sync.Mutex
	unfinished  map[string]time.Time // by record: when its oldest waiting event was seen
	lastSuccess time.Time
	lastTest    time.Time
	denied      time.Time // when our rights were last refused
	deniedText  string
	unsendable  time.Time // since when the queue takes nothing
	token       string
	tokenSince  time.Time

	looking sync.Mutex
	seen    Health
	looked  time.Time
}

const (
	// mostUnfinished bounds the memory of a bad day.
	mostUnfinished = 10_000
	// A record that waits longer is a problem that somebody should know of.
	longUnfinished = time.Hour
	// A refusal of our rights is news for so long.
	deniedNews = 15 * time.Minute
	// Anybody may ask for health, so the stores are not asked each time.
	healthAge = 15 * time.Second
)

func newWatch(now func() time.Time) *watch {
	return &watch{now: now, unfinished: map[string]time.Time{}}
}

func (w *watch) waits(record string, seen time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.unfinished[record]; len(w.unfinished) < mostUnfinished && (!ok || seen.Before(old)) {
		w.unfinished[record] = seen
	}
}

// Ended implements post.Watch.
func (w *watch) Ended(_, record string, seen time.Time, err error) {
	ours := fault.Is(err, fault.Denied) || fault.ClassOf(err) == fault.Ours
	if ours || fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) || fault.Is(err, fault.Conflict) {
		w.waits(record, seen)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.lastSuccess = w.now()
		delete(w.unfinished, record)
	case ours:
		w.denied, w.deniedText = w.now(), err.Error()
	case fault.Is(err, fault.Refused), fault.Is(err, fault.Invalid), fault.Is(err, fault.Gone):
		delete(w.unfinished, record)
	}
}

// DeadLetters implements post.Watch.
func (w *watch) DeadLetters(string, int) {}

func (w *watch) tested(_ string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastTest = at
}

func (w *watch) gotToken(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text != w.token {
		w.token, w.tokenSince = text, w.now()
	}
}

func (w *watch) sent(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.unsendable = time.Time{}
	} else if w.unsendable.IsZero() {
		w.unsendable = w.now()
	}
}

// watched is a Sender whose failures show in health.
type watched struct {
	queue.Sender
	watch *watch
}

// Send implements queue.Sender.
func (s watched) Send(ctx context.Context, messages ...queue.Message) error {
	err := s.Sender.Send(ctx, messages...)
	if !fault.Is(err, fault.Invalid) {
		s.watch.sent(err)
	}
	return err
}

// Health looks at most every 15 seconds.
func (a *App) Health(ctx context.Context) Health {
	w := a.watch
	w.looking.Lock()
	defer w.looking.Unlock()
	if now := a.Now(); w.looked.IsZero() || now.Sub(w.looked) > healthAge {
		w.seen, w.looked = a.look(ctx), now
	}
	return w.seen
}

func (a *App) look(ctx context.Context) Health {
	h := a.watch.health()
	h.Version, h.Role = a.Version, a.Role
	if a.Ledger != nil {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		a.lookAtLedger(ctx, &h)
	}
	h.OK = len(h.Problems) == 0
	return h
}

func (a *App) lookAtLedger(ctx context.Context, h *Health) {
	parked, err := a.Ledger.CountParked(ctx)
	var seen string
	if err == nil {
		seen, err = a.Ledger.Registration(ctx)
	}
	if err != nil {
		h.Problems = append(h.Problems, "the tables cannot be read: "+err.Error())
		return
	}
	if h.Parked = parked; parked > 0 {
		h.Problems = append(h.Problems, fmt.Sprintf("%d messages are parked", parked))
	}
	if h.Registration = registrationText(seen); h.Registration != registrationFine && h.Registration != registrationUnknown {
		h.Problems = append(h.Problems, "the webhook registration is "+h.Registration)
	}
}

// What health says of the registration as last seen.
const (
	registrationFine    = "ours and complete"
	registrationUnknown = "not looked at yet"
)

func registrationText(seen string) string {
	var s struct{ Registered, Ours, Complete bool }
	switch {
	case seen == "" || json.Unmarshal([]byte(seen), &s) != nil:
		return registrationUnknown
	case !s.Registered:
		return "missing"
	case !s.Ours:
		return "somebody else's"
	case !s.Complete:
		return "incomplete"
	}
	return registrationFine
}

func (w *watch) health() Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	var h Health
	now := w.now()
	for _, seen := range w.unfinished {
		if h.Oldest == nil || seen.Before(*h.Oldest) {
			h.Oldest = &seen
		}
	}
	if h.Oldest != nil && now.Sub(*h.Oldest) > longUnfinished {
		h.Problems = append(h.Problems, "a change has been waiting for more than an hour")
	}
	if !w.denied.IsZero() && now.Sub(w.denied) < deniedNews {
		h.Problems = append(h.Problems, "our rights were refused: "+w.deniedText)
	}
	if !w.unsendable.IsZero() {
		h.Problems = append(h.Problems, "the queue takes nothing")
	}
	if w.token != "" {
		h.TokenAge = now.Sub(w.tokenSince).Round(time.Second).String()
	}
	h.LastSuccess, h.LastTest = known(w.lastSuccess), known(w.lastTest)
	return h
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
