package fault

import (
	"sync"
	"time"
)

// Streak tells a no to one record from a no to all: an answer that names nothing else says neither. The same no
// to several records, with no yes to any in between, is about us. One yes ends that. It may be used by many
// goroutines; the zero value is ready.
type Streak struct {
	mu      sync.Mutex
	refused map[string]time.Time // when each record was, last
}

const (
	// manyRecords is from how many records on a no is about us. Two neighbours may be of one location, or of one
	// colleague's; before the third their sellers are told, which is right for two and tolerable for all.
	manyRecords = 3
	// streakAge is how long a no counts: who refuses one record a day refuses records.
	streakAge = 24 * time.Hour
)

// No notes that the record was refused, and says whether all are.
func (s *Streak) No(record string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		s.refused = map[string]time.Time{}
	}
	for other, t := range s.refused {
		if at.Sub(t) > streakAge {
			delete(s.refused, other)
		}
	}
	if _, known := s.refused[record]; known || len(s.refused) < manyRecords { // more say no more
		s.refused[record] = at
	}
	return len(s.refused) >= manyRecords
}

// Yes notes that the same was granted to some record.
func (s *Streak) Yes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = nil
}
