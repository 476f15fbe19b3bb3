package fault

import (
	"testing"
	"time"
)

func TestANoToSeveralRecordsIsAboutUsUntilTheFirstYes(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var s Streak
	for i, step := range []struct {
		record string // "" is a yes
		after  time.Duration
		ours   bool
	}{{"a", 0, false}, {"a", time.Minute, false}, {"b", 0, false}, {"a", 0, false}, {"c", 0, true}, {"a", 0, true}, {"d", 0, true},
		{"", 0, false}, {"a", 0, false}, {"b", 0, false}, {"b", 25 * time.Hour, false}, {"c", 0, false}, {"d", 0, true}} {
		at = at.Add(step.after)
		if step.record == "" {
			s.Yes()
		} else if got := s.No(step.record, at); got != step.ours {
			t.Errorf("step %d, record %s: about us is %v", i, step.record, got)
		}
	}
}
