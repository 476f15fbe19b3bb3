package cosell_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func TestR134_IDsAreReadAsPeopleWriteThem(t *testing.T) {
	const id = "7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d"
	for _, text := range []string{id, strings.ToUpper(id), "{" + strings.ToUpper(id) + "}", "  " + id + "\n", " { " + id + " } "} {
		if got, ok := cosell.ID(text); got != id || !ok {
			t.Errorf("%q is %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "CRM-4711", "{" + id, id + "}", id[1:], "urn:uuid:" + id, strings.ReplaceAll(id, "-", "")} {
		if got, ok := cosell.ID(text); ok || got != "" {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}
