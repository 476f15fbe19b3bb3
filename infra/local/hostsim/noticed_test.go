package hostsim

import (
	"testing"
	"testing/synctest"
	"time"
)

// A broken call is given up only when it is known whether its process is gone, so that a message does not
// spend all its deliveries on a dead one.
func TestBrokenCallWaitsForTheNewsOfItsProcess(t *testing.T) {
	for name, diesAfter := range map[string]time.Duration{"TheProcessDied": 10 * time.Millisecond, "TheProcessLives": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &worker{exited: make(chan struct{})}
				death := time.AfterFunc(diesAfter, func() { close(w.exited) })
				defer death.Stop()
				began := time.Now()
				w.noticed(t.Context())
				if got, want := time.Since(began), min(diesAfter, noticing); got != want {
					t.Errorf("waited %s, want %s", got, want)
				}
			})
		})
	}
}
