package dataversesim

import (
	"sync/atomic"
	"time"
)

const limitWindow = 300 * time.Second

// Codes of the service protection limits.
// https://learn.microsoft.com/power-apps/developer/data-platform/api-limits
const (
	codeTooManyRequests   = "0x80072322"
	codeTooMuchTime       = "0x80072321"
	codeTooManyConcurrent = "0x80072326"
)

// limits count what each user asked for within the last 300 seconds.
type limits struct {
	inFlight atomic.Int64
	users    map[string]*usage
}

type usage struct {
	log   []spent // oldest first
	total time.Duration
}

type spent struct {
	at   time.Time
	took time.Duration
}

type allowance struct {
	requests int
	seconds  float64
}

func newLimits() *limits { return &limits{users: map[string]*usage{}} }

// enter counts a request as in flight until leave is called.
func (s *Simulator) enter() (leave func(), inFlight int64) {
	s.mu.Lock()
	l := s.limits
	s.mu.Unlock()
	n := l.inFlight.Add(1)
	return func() { l.inFlight.Add(-1) }, n
}

func (l *limits) of(user string, now time.Time) *usage {
	u := l.users[user]
	if u == nil {
		u = &usage{}
		l.users[user] = u
	}
	drop := 0
	for drop < len(u.log) && now.Sub(u.log[drop].at) >= limitWindow {
		u.total -= u.log[drop].took
		drop++
	}
	u.log = u.log[drop:]
	return u
}

// check refuses a request above a limit; 0 as a limit means none.
func (l *limits) check(user string, now time.Time, inFlight int64, sw *switches) error {
	u := l.of(user, now)
	wait := 1
	if len(u.log) > 0 {
		wait = max(1, int((limitWindow-now.Sub(u.log[0].at)+time.Second-1)/time.Second))
	}
	if n := sw.number("limitRequests"); n > 0 && len(u.log) >= n {
		e := fail(429, codeTooManyRequests, "Number of requests exceeded the limit of %d over time window of 300 seconds.", n)
		e.retryAfter = wait
		return e
	}
	if n := sw.number("limitExecutionSeconds"); n > 0 && u.total >= time.Duration(n)*time.Second {
		e := fail(429, codeTooMuchTime, "Combined execution time of incoming requests exceeded limit of %s milliseconds over time window of 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.",
			groups(itoa(n*1000)))
		e.retryAfter = wait
		return e
	}
	if n := sw.number("limitConcurrent"); n > 0 && inFlight > int64(n) {
		e := fail(429, codeTooManyConcurrent, "Number of concurrent requests exceeded the limit of %d.", n)
		e.retryAfter = 1
		return e
	}
	return nil
}

// spend books one request; a batch counts once, with the time of all its operations.
func (l *limits) spend(user string, at time.Time, took time.Duration, operations int, sw *switches) {
	u := l.of(user, at)
	took += time.Duration(operations*sw.number("executionMillis")) * time.Millisecond
	u.log = append(u.log, spent{at, took})
	u.total += took
}

func (l *limits) remaining(user string, now time.Time, sw *switches) allowance {
	u := l.of(user, now)
	return allowance{
		requests: max(0, sw.number("limitRequests")-len(u.log)),
		seconds:  max(0, float64(sw.number("limitExecutionSeconds"))-u.total.Seconds()),
	}
}
