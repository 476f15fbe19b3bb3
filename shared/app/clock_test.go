package app

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// replace writes a file as the world does: whole, under another name, then renamed.
func replace(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// ahead is how far a clock is ahead of the machine's, to the minute.
func ahead(now func() time.Time) time.Duration { return time.Until(now()).Round(time.Minute) }

func TestClockFollowsTheWorldsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	replace(t, file, "0s\n")
	now, err := clockOf(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, offset := range []string{"0s", "73h0m0s", "97h0m0s"} { // the last two differ in nothing but what stands in them
		replace(t, file, offset)
		if got := ahead(now).String(); got != offset {
			t.Errorf("the file says %s, the clock is ahead by %s", offset, got)
		}
	}
	replace(t, file, "soon")
	if got := ahead(now); got != 97*time.Hour {
		t.Errorf("a file that cannot be read moved the clock to %s", got)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := ahead(now); got != 97*time.Hour {
		t.Errorf("a file that has gone moved the clock to %s", got)
	}
}

func TestWholeAppLivesByTheWorldsClockButNotTheFence(t *testing.T) {
	s := laptop(t)
	s["SYNC_SIMULATED_CLOCK"] = filepath.Join(t.TempDir(), "clock")
	replace(t, s["SYNC_SIMULATED_CLOCK"], "73h")
	a, err := New(environ(s), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	a.Ledger = ledger.InMemory(a.Now)
	a.generations.pushed = a.Ledger
	a.generations.read = func(context.Context) (variables, error) { return variables{}, nil }
	g, err := a.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, now := range map[string]func() time.Time{"app": a.Now, "health": a.Health.Now, "flow": g.Jobs.Now} {
		if got := ahead(now); got != 73*time.Hour {
			t.Errorf("the clock of %s is ahead by %s", name, got)
		}
	}
	if got := ahead(g.Jobs.Machine); got != 0 {
		t.Errorf("the clock of the creation protocol's fence is ahead by %s", got)
	}

	broken := maps.Clone(s)
	replace(t, s["SYNC_SIMULATED_CLOCK"], "soon")
	if _, err := New(environ(broken), io.Discard); err == nil || !strings.Contains(err.Error(), "SYNC_SIMULATED_CLOCK") {
		t.Errorf("a clock that cannot be read is accepted: %v", err)
	}
}
