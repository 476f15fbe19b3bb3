package bench

import (
	"os"
	"testing"
	"time"
)

func TestWhatOthersTakeIsLeftOut(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	from := moment{at: at, busy: time.Hour, ours: time.Minute}
	for name, c := range map[string]struct {
		busy, ours, want time.Duration
	}{
		"alone":               {16 * time.Second, 16 * time.Second, 10 * time.Second},
		"half is another's":   {20 * time.Second, 10 * time.Second, 5 * time.Second},
		"a quarter":           {15 * time.Second, 10 * time.Second, 7500 * time.Millisecond},
		"counted differently": {9 * time.Second, 10 * time.Second, 10 * time.Second},
	} {
		to := moment{at: at.Add(10 * time.Second), busy: from.busy + c.busy, ours: from.ours + c.ours}
		if got := atOurDisposal(10*time.Second, from, to, 2); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestWhatTheProcessorsDoIsRead(t *testing.T) {
	got, err := busyOf("cpu  100 20 30 4000 500 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
	if want := 171 * jiffy; err != nil || got != want {
		t.Errorf("%v: %s, want %s", err, got, want)
	}
	for _, bad := range []string{"", "cpu 1 2", "mem 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h"} {
		if _, err := busyOf(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if got := parentOf("17 (a) b (c) S 4 17 17"); got != 4 {
		t.Errorf("the parent is %d", got)
	}
	if took, err := family(os.Getpid()); err != nil || took <= 0 {
		t.Errorf("%v: we took %s", err, took)
	}
}
