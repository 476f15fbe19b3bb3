package ledger

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// unwritten takes away when rows were written by the store's clock, which each has to say.
func unwritten(t *testing.T, rows []StatusRow) []StatusRow {
	t.Helper()
	for i := range rows {
		if rows[i].Written.IsZero() {
			t.Errorf("the store does not say when %s was written", rows[i].Instance)
		}
		rows[i].Written = time.Time{}
	}
	return rows
}

// onBothBoards runs a test on the board in memory and on the real one.
func onBothBoards(t *testing.T, test func(t *testing.T, b *Board)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, InMemoryBoard(time.Now))
	})
	t.Run("table", func(t *testing.T) {
		t.Parallel()
		// A table of its own: its partitions are the same for every board.
		b, err := OpenBoard(Config{ConnectionString: azurite.ConnectionString()}, "b"+strings.ReplaceAll(uuid.NewString(), "-", ""))
		if err != nil {
			t.Fatal(err)
		}
		test(t, b)
	})
}

func TestBoardShowsTheNewestRowOfEachFunctionAndProcess(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		if got, err := b.Rows(t.Context()); err != nil || len(got) != 0 {
			t.Fatalf("an empty board: %v %v", got, err)
		}
		long := StatusRow{App: "sync", Function: "reconcile", Instance: "p-1", At: noon, Text: strings.Repeat("é🙂", 20_000)}
		short := long
		short.Text, short.At = "{}", noon.Add(time.Second)
		other := StatusRow{App: "intake", Function: "crmwebhook", Instance: "p-2", At: noon, Text: "x"}
		for _, err := range []error{b.Post(t.Context(), long, other), b.Post(t.Context(), short), b.Post(t.Context())} {
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := b.Rows(t.Context())
		if diff := cmp.Diff([]StatusRow{other, short}, unwritten(t, got)); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if err := b.Post(t.Context(), long); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := b.Remove(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
		got, err = b.Rows(t.Context())
		if diff := cmp.Diff([]StatusRow{long}, unwritten(t, got)); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestGateKeepsTheLongestWait(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		until := func(identity string) (time.Time, error) {
			all, err := b.gateRows(t.Context())
			return all[key(identity)].until, err
		}
		if until, err := until("partner-center"); err != nil || !until.IsZero() {
			t.Fatalf("a gate that was never closed: %s %v", until, err)
		}
		var all sync.WaitGroup
		for i := range 8 { // as many processes at once
			all.Go(func() {
				if err := b.CloseGate(t.Context(), "partner-center", noon.Add(time.Duration(i)*time.Second), time.Second); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		all.Wait()
		if err := b.CloseGate(t.Context(), "partner-center", noon, time.Second); err != nil {
			t.Fatal(err)
		}
		if until, err := until("partner-center"); err != nil || !until.Equal(noon.Add(7*time.Second)) {
			t.Errorf("%s %v", until, err)
		}
		if until, _ := until("crm"); !until.IsZero() {
			t.Error("one identity's wait is another's")
		}
	})
}

func TestManyRowsAreWrittenAtOnce(t *testing.T) {
	onBothBoards(t, func(t *testing.T, b *Board) {
		var rows []StatusRow
		for i := range 20 {
			rows = append(rows, StatusRow{App: "sync", Function: fmt.Sprintf("f%02d", i), Instance: "p", At: noon, Text: "x"})
		}
		for range 2 {
			if err := b.Post(t.Context(), rows...); err != nil {
				t.Fatal(err)
			}
		}
		got, err := b.Rows(t.Context())
		if diff := cmp.Diff(rows, unwritten(t, got)); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}
