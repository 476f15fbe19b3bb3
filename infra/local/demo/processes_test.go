package demo_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// What one process learns holds for all: who has which message, a 429, a revoked consent, as a process of a queue
// meets them, and that of the operators, which works for no record. make nightly goes through all of them.
func TestWhatOneProcessMeetsHoldsForAll(t *testing.T) {
	t.Parallel()
	var some []demo.Step
	for _, step := range demo.ProcessesSteps() {
		switch step.ID {
		case "P0", "P1", "P2", "P3", "P12", "P13":
			some = append(some, step)
		}
	}
	play(t, open(t, world.Options{Layout: world.LayoutFlex2}), some)
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
