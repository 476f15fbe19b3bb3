package demo_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// What one process learns holds for all: a revoked consent, a 429, and who has which message.
func TestWhatOneProcessMeetsHoldsForAll(t *testing.T) {
	t.Parallel()
	play(t, open(t, world.Options{Layout: world.LayoutFlex2}), demo.ProcessesSteps())
}

// The beginning of the story and the kills, with a process for each function.
func TestStoryHoldsWithAProcessForEachFunction(t *testing.T) {
	t.Parallel()
	w := open(t, world.Options{Layout: world.LayoutFlex, Mode: hostsim.ModeForward})
	var some []demo.Step
	for _, step := range demo.Steps() {
		switch step.ID {
		case "D1", "D2", "D3", "D5", "D9", "D12":
			some = append(some, step)
		}
	}
	play(t, w, some)
}
