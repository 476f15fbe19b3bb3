package ledger

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

func look(t *testing.T, l Limit) (until time.Time, processes int) {
	t.Helper()
	until, processes, _, err := l.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return until, processes
}

func TestEveryLimitFollowsItsOwnRow(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		clock := noon
		now := func() time.Time { return clock }
		one, two := b.Limits(now), b.Limits(now) // two processes
		if until, n := look(t, two.Of("API.example")); !until.IsZero() || n != 1 {
			t.Errorf("an empty board: %s, %d processes", until, n)
		}
		if err := one.Of("api.example").Close(t.Context(), noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(shareAge)
		if until, _ := look(t, two.Of("API.example")); !until.Equal(noon.Add(time.Minute)) {
			t.Errorf("another process closed the gate: %s", until)
		}
		if until, _ := look(t, two.Of("other.example")); !until.IsZero() {
			t.Errorf("another identity: %s", until)
		}
	})
}

func TestSlotsFollowTheLivingProcesses(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		clock := noon
		for _, name := range []string{"p-1", "p-2", "p-3"} {
			row := StatusRow{App: "sync", Function: "f", Instance: name, At: clock, Text: "{}"}
			other := row
			other.Function = "g"
			if err := b.Post(t.Context(), row, other); err != nil {
				t.Fatal(err)
			}
		}
		l := b.Limits(func() time.Time { return clock })
		if _, n := look(t, l.Of("x")); n != 3 {
			t.Errorf("%d processes, want 3", n)
		}
		l = b.Limits(func() time.Time { return clock.Add(3 * time.Minute) })
		if _, n := look(t, l.Of("x")); n != 1 {
			t.Errorf("%d processes after all have gone: we are one", n)
		}
	})
}

// counted is a board over the real store, and the number of reads.
func counted(t *testing.T, spoil func(*http.Request, bool) (*http.Response, error)) (*Board, *atomic.Int64) {
	t.Helper()
	w := &wire{spoil: spoil}
	b, err := OpenBoard(Config{ConnectionString: azurite.ConnectionString(), Transport: w}, "b"+uuid.NewString()[:8])
	if err != nil {
		t.Fatal(err)
	}
	return b, &w.calls
}

func TestAllGatesOfAProcessAreReadInOneCall(t *testing.T) {
	t.Parallel()
	b, calls := counted(t, nil)
	var clock atomic.Int64
	l := b.Limits(func() time.Time { return noon.Add(time.Duration(clock.Load())) })
	var all sync.WaitGroup
	for range 30 {
		for _, host := range []string{"a", "b", "c"} {
			all.Go(func() { look(t, l.Of(host)) })
		}
	}
	all.Wait()
	if got := calls.Load(); got != 2 { // the processes are counted once
		t.Errorf("%d calls for many gates in one moment", got)
	}
	clock.Store(int64(shareAge))
	look(t, l.Of("a"))
	if got := calls.Load(); got != 3 {
		t.Errorf("%d calls after the copy got old", got)
	}
}

func TestCallerWhoLeavesDoesNotSpoilTheReading(t *testing.T) {
	t.Parallel()
	b, _ := counted(t, nil)
	l := b.Limits(func() time.Time { return noon })
	gone, leave := context.WithCancel(context.Background())
	leave()
	if err := l.refresh(gone); err != nil {
		t.Errorf("%v", err)
	}
	b, _ = counted(t, func(*http.Request, bool) (*http.Response, error) { return nil, errors.New("no route") })
	if _, _, _, err := b.Limits(time.Now).Of("a").Look(t.Context()); err == nil {
		t.Error("a store that is away is no error")
	}
}
