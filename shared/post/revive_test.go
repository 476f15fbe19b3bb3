package post

import (
	"strings"
	"testing"
)

// It could not be parked while the tables were away, and so became a dead letter.
func TestADeadMessageThatNoQueueTakesIsNotInTheWayOfOthers(t *testing.T) {
	o, sent, l, gone := office(strings.Replace(dead, `"kind":"opportunity"`, `"kind":"referral"`, 1), dead)
	if err := o.Revive(t.Context()); err != nil || *gone != 2 {
		t.Fatalf("%v, %d dealt with", err, *gone)
	}
	parked, err := l.Parked(t.Context(), 10)
	if err != nil || len(parked) != 1 || !strings.Contains(parked[0].Reason, "does not belong on") || len(sent.Take()) != 1 {
		t.Errorf("%v %+v", err, parked)
	}
}
