package partnercentersim

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const maxAttempts = 10 // then the event goes to the offline queue and is never tried again

// event is one notification on its way. A copy (from "duplicate" or a redelivery) is not remembered again.
type event struct {
	id       int64
	name     string
	body     []byte
	header   http.Header // of the latest attempt
	fixed    bool        // a redelivery: the header stays as it was
	due      time.Time
	attempt  int
	inFlight bool
	copied   bool
	check    *validation // of a test event
}

// post is the delivery of events: what waits, what was delivered, what was given up.
type post struct {
	last      int64
	waiting   []*event
	delivered []*event
	dead      []*event
	how       control.Delivery
	delay     time.Duration
}

// clear forgets all events; ids go on, so that late answers to old events find nothing.
func (p *post) clear() { p.waiting, p.delivered, p.dead = nil, nil, nil }

// raise puts an event in the post if the tenant has registered for it.
func (s *Sim) raise(name, resource, uri string, changed, from time.Time, check *validation) {
	if s.registration == nil || !slices.Contains(s.registration.WebhookEvents, name) {
		return
	}
	if rate := float64(s.post.how.Lose); rate > 0 && s.dice.Float64() < rate {
		return
	}
	body, _ := json.Marshal(struct { // strings only: cannot fail
		EventName             string
		ResourceURI           string `json:"ResourceUri"`
		ResourceName          string
		AuditURI              *string `json:"AuditUri"`
		ResourceChangeUtcDate string
	}{name, uri, resource, nil, eventTime(changed)})
	for i := range s.post.how.Duplicate + 1 {
		s.post.last++
		e := &event{id: s.post.last, name: name, body: body, due: from.Add(s.post.delay), copied: i > 0}
		if i == 0 {
			e.check = check
		}
		s.post.waiting = append(s.post.waiting, e)
	}
	s.wake = true
}

// Advance does what time alone does up to now, and hands over the events that are due, in the order in which
// they became due, or at random when the delivery shuffles.
func (s *Sim) Advance(now time.Time) []control.Outgoing {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	s.wake = false // whoever advances need not be told
	s.purge(now)
	if s.post.how.Pause || s.registration == nil {
		return nil
	}
	var due []*event
	for _, e := range s.post.waiting {
		if !e.inFlight && !e.due.After(now) {
			due = append(due, e)
		}
	}
	slices.SortStableFunc(due, func(a, b *event) int { return a.due.Compare(b.due) })
	if s.post.how.Shuffle {
		s.dice.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	}
	out := make([]control.Outgoing, 0, len(due))
	for _, e := range due {
		if !e.fixed {
			header, err := s.signedHeaders(e.body)
			if err != nil { // no entropy: the event stays where it is
				continue
			}
			e.header = header
		}
		e.inFlight = true
		e.attempt++
		out = append(out, control.Outgoing{ID: e.id, URL: s.registration.WebhookURL, Header: e.header.Clone(), Body: e.body})
	}
	return out
}

// Delivered reports the answer to an event. Any 2xx is a success; all else, redirects included, is tried
// again with growing pauses, ten times in all.
func (s *Sim) Delivered(id int64, status int) {
	s.mu.Lock()
	defer s.unlock()
	i := slices.IndexFunc(s.post.waiting, func(e *event) bool { return e.id == id && e.inFlight })
	if i < 0 {
		return // forgotten by a reset
	}
	now := s.opts.Now()
	e := s.post.waiting[i]
	e.inFlight = false
	success := status >= 200 && status <= 299
	if e.check != nil {
		s.note(e.check, status, success, e.attempt)
	}
	if !success && e.attempt < maxAttempts {
		e.due = now.Add(s.duration("retryBackoff") << (e.attempt - 1))
		s.wake = true
		return
	}
	s.post.waiting = slices.Delete(s.post.waiting, i, i+1)
	switch {
	case !success:
		s.post.dead = append(s.post.dead, e)
	case !e.copied:
		s.post.delivered = append(s.post.delivered, e)
	}
}

// Next says when Advance has something to do: an event is due or a referral expires. Events held back by a
// pause do not count, since time does not move them.
func (s *Sim) Next() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Time
	found := false
	s.eachWork(func(at time.Time) {
		if !found || at.Before(next) {
			next, found = at, true
		}
	})
	return next, found
}

// Pending counts events in flight plus work due at or before until.
func (s *Sim) Pending(until time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.post.waiting {
		if e.inFlight {
			n++
		}
	}
	s.eachWork(func(at time.Time) {
		if !at.After(until) {
			n++
		}
	})
	return n
}

func (s *Sim) eachWork(f func(time.Time)) {
	if !s.post.how.Pause && s.registration != nil {
		for _, e := range s.post.waiting {
			if !e.inFlight {
				f(e.due)
			}
		}
	}
	for _, r := range s.order {
		if !r.expires.IsZero() {
			f(r.expires)
		}
	}
}

// redeliver makes every event that was ever delivered due again, as it was: same body, same headers.
func (s *Sim) redeliver(times int) int {
	now := s.opts.Now()
	for range times {
		for _, e := range s.post.delivered {
			s.post.last++
			s.post.waiting = append(s.post.waiting, &event{id: s.post.last, name: e.name, body: e.body, header: e.header,
				fixed: true, due: now, copied: true})
		}
	}
	s.wake = true
	return times * len(s.post.delivered)
}
