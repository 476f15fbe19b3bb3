package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/upgrade"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// The earlier version that upgrades are played from is in the history, before this one. A clone that was cut off has no
// history to look into, and says so where an upgrade is played.
func TestTheVersionThatUpgradesArePlayedFromIsThere(t *testing.T) {
	layout, err := world.FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = layout.Top
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	shallow, err := git("rev-parse", "--is-shallow-repository")
	if err != nil || shallow == "true" {
		_, err := upgrade.Older(t.Context(), layout.Top, strings.Repeat("0", 40), t.TempDir())
		if err == nil || !strings.Contains(err.Error(), "git fetch --unshallow") {
			t.Errorf("without a history %v", err)
		}
		t.Logf("no history here to look for %s in", upgradesFrom)
		return
	}
	if full, err := git("rev-parse", "--verify", upgradesFrom+"^{commit}"); err != nil || full != upgradesFrom {
		t.Errorf("the commit is not there: %q %v", full, err)
	}
	if _, err := git("merge-base", "--is-ancestor", upgradesFrom, "HEAD"); err != nil {
		t.Errorf("it is not before this version: %v", err)
	}
}
