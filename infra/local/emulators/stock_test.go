package emulators

import (
	"os/exec"
	"testing"
)

// The broker is for any client, not only for the one that the product uses.
func TestStockJavaScriptClient(t *testing.T) {
	cmd := exec.CommandContext(within(t), "node", "broker/test/stock-client.js", broker.ConnectionString(), "javascript", "javascript-sessions")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, queue := range []string{"javascript", "javascript-sessions"} {
		if c := queueCounts(t, queue); c != (counts{}) {
			t.Errorf("%s: %+v", queue, c)
		}
	}
}
