package funchost

import (
	"sync"
	"time"
)

// sampler keeps a flood of refusals from becoming a flood of log lines: so many of one sort a minute are
// written, the next one that is says how many were left out.
type sampler struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[refusal]*count
}

type refusal struct {
	function string
	status   int
}

type count struct {
	since            time.Time
	written, skipped int
}

const (
	samplePeriod = time.Minute
	sampleMax    = 20
)

func newSampler(now func() time.Time) *sampler {
	return &sampler{now: now, seen: map[refusal]*count{}}
}

func (s *sampler) allow(function string, status int) (skipped int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, now := refusal{function, status}, s.now()
	c := s.seen[key]
	if c == nil {
		c = &count{since: now}
		s.seen[key] = c
	}
	if now.Sub(c.since) >= samplePeriod {
		*c = count{since: now, skipped: c.skipped}
	}
	if c.written >= sampleMax {
		c.skipped++
		return 0, false
	}
	c.written++
	skipped, c.skipped = c.skipped, 0
	return skipped, true
}
