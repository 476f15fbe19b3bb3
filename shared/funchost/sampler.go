package funchost

import (
	"sync"
	"time"
)

// sampler keeps a flood of one sort of trouble from becoming a flood of log lines: so many of a sort a
// minute are written, the next one that is says how many were left out.
type sampler struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[sort]*count
}

// sort is what makes two lines alike.
type sort struct {
	function string
	what     string
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
	return &sampler{now: now, seen: map[sort]*count{}}
}

func (s *sampler) allow(function, what string) (skipped int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, now := sort{function, what}, s.now()
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
