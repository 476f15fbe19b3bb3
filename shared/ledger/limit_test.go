package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
		one, two := b.Limits("p-1", now), b.Limits("p-2", now)
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

// post has processes write a row each.
func post(t *testing.T, b *Board, at time.Time, processes ...string) {
	t.Helper()
	for _, name := range processes {
		row := StatusRow{App: "sync", Function: "f", Instance: name, At: at, Text: "{}"}
		other := row
		other.Function = "g"
		if err := b.Post(t.Context(), row, other); err != nil {
			t.Fatal(err)
		}
	}
}

// A clock that is moved, or wrong, makes every row look old, and living processes are no fewer for it.
func TestSlotsAreSharedWithAllThatWriteWhateverTheClockSays(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		post(t, b, noon, "p-1", "p-2", "p-3")
		for _, clock := range []time.Time{noon, noon.Add(73 * time.Hour), noon.Add(-73 * time.Hour)} {
			for own, want := range map[string]int{"p-1": 3, "p-4": 4} { // a process counts before its first row
				l := b.Limits(own, func() time.Time { return clock })
				if _, n := look(t, l.Of("x")); n != want {
					t.Errorf("%s, at %s: %d processes, want %d", own, clock, n, want)
				}
			}
		}
	})
}

func TestSlotsOfProcessesThatAreGoneAreFree(t *testing.T) {
	clock := noon
	b := InMemoryBoard(func() time.Time { return clock })
	count := func() int {
		_, n := look(t, b.Limits("p-1", func() time.Time { return clock }).Of("x"))
		return n
	}
	post(t, b, clock, "p-1", "p-2", "p-3")
	clock = clock.Add(time.Hour)
	if n := count(); n != 3 {
		t.Errorf("%d processes while nobody has written for an hour: nobody knows who is there", n)
	}
	post(t, b, clock, "p-1", "p-3")
	if n := count(); n != 2 {
		t.Errorf("%d processes, one has been silent for an hour", n)
	}
}

// Where many begin in one moment, each finds the others within seconds.
func TestProcessesThatBeginTogetherFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := InMemoryBoard(time.Now)
		const many = 11
		var all []Limit
		for i := range many {
			all = append(all, b.Limits(fmt.Sprint("p-", i), time.Now).Of("x"))
			look(t, all[i])
		}
		for i := range many {
			post(t, b, time.Now(), fmt.Sprint("p-", i))
		}
		time.Sleep(firstCount) // in the bubble's own time
		for _, l := range all {
			look(t, l)
		}
		synctest.Wait() // they are counted aside
		for i, l := range all {
			if _, n := look(t, l); n != many {
				t.Errorf("p-%d knows %d of %d processes", i, n, many)
			}
		}
	})
}

// What is counted again and again is counted seldom, and a count that fails is made up for soon.
func TestProcessesAreCountedSeldomOnceTheyAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := InMemoryBoard(time.Now)
		l := b.Limits("p-1", time.Now)
		var at []time.Duration
		began, last := time.Now(), time.Time{}
		for time.Since(began) < time.Minute {
			look(t, l.Of("x"))
			synctest.Wait()
			if l.counted != last {
				last = l.counted
				at = append(at, last.Sub(began))
			}
			time.Sleep(shareAge)
		}
		if len(at) < 7 || len(at) > 10 || at[1] > 2*firstCount || at[len(at)-1]-at[len(at)-2] < countEvery {
			t.Errorf("counted after %s", at)
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
	l := b.Limits("p-1", func() time.Time { return noon.Add(time.Duration(clock.Load())) })
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
	l := b.Limits("p-1", func() time.Time { return noon })
	gone, leave := context.WithCancel(context.Background())
	leave()
	if err := l.refresh(gone); err != nil {
		t.Errorf("%v", err)
	}
	b, _ = counted(t, func(*http.Request, bool) (*http.Response, error) { return nil, errors.New("no route") })
	if _, _, _, err := b.Limits("p-1", time.Now).Of("a").Look(t.Context()); err == nil {
		t.Error("a store that is away is no error")
	}
}

// Clocks of instances may be minutes off. A wait that one is asked for is as long for all others, whoever's clock is wrong.
func TestAWaitIsAsLongForAProcessWhoseClockIsOff(t *testing.T) {
	for _, c := range []struct{ writer, reader time.Duration }{{0, 0}, {10 * time.Minute, 0}, {-10 * time.Minute, 0}, {0, 10 * time.Minute}, {0, -10 * time.Minute}, {-10 * time.Minute, 10 * time.Minute}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			clock := noon
			b := InMemoryBoard(func() time.Time { return clock })
			off := func(d time.Duration) func() time.Time { return func() time.Time { return clock.Add(d) } }
			writer, reader := b.Limits("p-1", off(c.writer)).Of("x"), b.Limits("p-2", off(c.reader)).Of("x")
			look(t, reader)
			asks := func(d time.Duration) {
				if err := writer.Close(t.Context(), clock.Add(c.writer+d)); err != nil {
					t.Fatal(err)
				}
			}
			left := func() time.Duration {
				clock = clock.Add(time.Second)
				until, _ := look(t, reader)
				return until.Sub(clock.Add(c.reader))
			}
			asks(time.Minute)
			if got := left(); got < 59*time.Second || got > time.Minute {
				t.Errorf("%s left of a minute, after a second", got)
			}
			if got := left(); got < 58*time.Second || got > 59*time.Second {
				t.Errorf("%s left, after another one", got)
			}
			asks(5 * time.Second) // of a call that was on its way
			if got := left(); got < 57*time.Second || got > 58*time.Second {
				t.Errorf("%s left: a shorter wait has replaced the longer one", got)
			}
			clock = clock.Add(time.Minute)
			look(t, reader)
			asks(5 * time.Second)
			if got := left(); got < 4*time.Second || got > 5*time.Second+apart {
				t.Errorf("%s left of the next wait", got)
			}
		})
	}
}

// A process that has been idle, or stood still, reads of a wait long after it was asked for, and so does one that begins: the store
// says how long ago that was.
func TestAProcessThatReadsLateWaitsAsLongWhoeversClockIsOff(t *testing.T) {
	for _, c := range []struct{ writer, reader time.Duration }{{0, 0}, {10 * time.Minute, 0}, {0, 10 * time.Minute}, {0, -10 * time.Minute}, {-10 * time.Minute, 10 * time.Minute}} {
		for _, idle := range []bool{true, false} {
			t.Run(fmt.Sprint(c, idle), func(t *testing.T) {
				clock := noon
				b := InMemoryBoard(func() time.Time { return clock })
				now := func() time.Time { return clock.Add(c.reader) }
				reader := b.Limits("p-2", now).Of("x")
				if idle {
					look(t, reader)
				}
				if err := b.CloseGate(t.Context(), "x", clock.Add(c.writer+15*time.Minute), 15*time.Minute); err != nil {
					t.Fatal(err)
				}
				clock = clock.Add(9 * time.Minute)
				until, _ := look(t, reader)
				if left := until.Sub(now()); left < 6*time.Minute || left > 6*time.Minute+apart {
					t.Errorf("%s left of a quarter of an hour, after nine minutes", left)
				}
			})
		}
	}
}

// The table service says in each answer what time it is; one that does not is believed for what it has written a moment ago.
func TestATableSaysHowLongAgoAWaitWasAskedFor(t *testing.T) {
	t.Parallel()
	silent := func(req *http.Request, _ bool) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			res.Header.Del("Date")
		}
		return res, err
	}
	elsewhere := func(req *http.Request, _ bool) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			res.Header.Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		}
		return res, err
	}
	for name, c := range map[string]struct {
		spoil        func(*http.Request, bool) (*http.Response, error)
		idle, closed bool
	}{"by its date": {nil, true, true}, "no date, a moment ago": {silent, false, true}, "no date, nobody knows": {silent, true, false}, "read before it was written": {elsewhere, false, true}} {
		b, _ := counted(t, c.spoil)
		ahead := 10 * time.Minute
		now := func() time.Time { return time.Now().Add(ahead) }
		reader := b.Limits("p-2", now).Of("x")
		if !c.idle {
			look(t, reader)
			ahead += shareAge
		}
		if err := b.CloseGate(t.Context(), "x", time.Now().Add(time.Minute), time.Minute); err != nil {
			t.Fatal(err)
		}
		until, _ := look(t, reader)
		if left := until.Sub(now()); c.closed && (left < 45*time.Second || left > time.Minute+apart) || !c.closed && left > 0 {
			t.Errorf("%s: %s left of a minute", name, left)
		}
	}
}

// A row that says the longer of two waits says how long that is: a reader whose clock agrees keeps it whole.
func TestAShorterWaitOfAnotherKeepsTheLongerOneWhole(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		clock := noon
		now := func() time.Time { return clock }
		reader := b.Limits("p-3", now).Of("api.example")
		look(t, reader)
		for _, wait := range []time.Duration{17 * time.Second, time.Second} {
			if err := b.CloseGate(t.Context(), "api.example", noon.Add(wait), wait); err != nil {
				t.Fatal(err)
			}
		}
		clock = clock.Add(shareAge)
		if until, _ := look(t, reader); !until.Equal(noon.Add(17 * time.Second)) {
			t.Errorf("the longer wait ends at %s", until)
		}
	})
}

// Where the clock of a machine was set, no wait is shorter for it.
func TestAClockThatWasSetShortensNoWait(t *testing.T) {
	clock, set := noon, time.Duration(0)
	b := InMemoryBoard(func() time.Time { return clock })
	now := func() time.Time { return clock.Add(set) }
	reader := b.Limits("p-2", now).Of("x")
	look(t, reader)
	set = 2 * time.Hour
	if err := b.CloseGate(t.Context(), "x", now().Add(time.Minute), time.Minute); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Second)
	until, _ := look(t, reader)
	if left := until.Sub(now()); left < 58*time.Second || left > time.Minute+apart {
		t.Errorf("%s left of a minute, after a second", left)
	}
}
