package flow

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestF129_OneAtATimeForOneOpportunity(t *testing.T) {
	var l locks
	inside, most := 0, 0
	var mu sync.Mutex
	var jobs sync.WaitGroup
	for range 50 {
		jobs.Go(func() {
			unlock, err := l.lock(context.Background(), "o")
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			runtime.Gosched() // whoever may come in comes in
			mu.Lock()
			inside--
			mu.Unlock()
		})
	}
	jobs.Wait()
	if most != 1 || len(l.held) != 0 {
		t.Errorf("%d at the same time, %d locks left behind", most, len(l.held))
	}
}

func TestF129_OthersDoNotWaitAndAWaiterMayLeave(t *testing.T) {
	var l locks
	unlock, err := l.lock(context.Background(), "o")
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.lock(context.Background(), "another")
	if err != nil {
		t.Fatal(err)
	}
	other()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 30 {
		if _, err := l.lock(gone, "o"); !fault.Is(err, fault.Broken) {
			t.Fatalf("a waiter whose time is over: %v", err)
		}
	}
	unlock()
	again, err := l.lock(context.Background(), "o")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if len(l.held) != 0 {
		t.Errorf("%d locks left behind", len(l.held))
	}
}

// Who has a turn waits for another one's a while, and says then that somebody works on it.
func TestASecondTurnIsNotWaitedForForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l locks
		unlock, err := l.lock(t.Context(), "o")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(besidePatience/2, unlock)
		beside, err := l.lockBeside(t.Context(), "o")
		if err != nil {
			t.Fatalf("it is free after a while: %v", err)
		}
		began := time.Now()
		if _, err := l.lockBeside(t.Context(), "o"); !fault.Is(err, fault.Conflict) || time.Since(began) != besidePatience {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.lockBeside(gone, "o"); !fault.Is(err, fault.Broken) {
			t.Errorf("whose time is over: %v", err)
		}
		beside()
		if len(l.held) != 0 {
			t.Errorf("%d locks left behind", len(l.held))
		}
	})
}
