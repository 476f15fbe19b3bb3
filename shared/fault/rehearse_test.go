package fault_test

import (
	"context"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestARehearsalIsMarkedAndNothingElseIs(t *testing.T) {
	ctx := context.Background()
	if fault.Rehearsing(ctx) || !fault.Rehearsing(fault.Rehearse(ctx)) {
		t.Error("the mark is not what it should be")
	}
	below, cancel := context.WithCancel(fault.Rehearse(ctx))
	defer cancel()
	if !fault.Rehearsing(below) {
		t.Error("a context below lost the mark")
	}
}
