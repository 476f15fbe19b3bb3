package upgrade

import (
	"strings"
	"testing"
)

// A clone whose history is cut off cannot play an upgrade, and says so.
func TestAnEarlierVersionThatIsNotThereIsNamed(t *testing.T) {
	_, err := Older(t.Context(), "../../..", "0000000000000000000000000000000000000000", t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "git fetch --unshallow") {
		t.Error(err)
	}
}
