package world

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample are the product's settings with their defaults, as local.settings.sample.json has them.
func sample(t *testing.T) map[string]string {
	t.Helper()
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(layout.Top, "local.settings.sample.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Values map[string]string }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Values
}

// What holds in the world shall hold for those who install the product and change nothing.
func TestWorldDiffersFromTheDefaultsOnlyWhereItSaysSo(t *testing.T) {
	w, defaults := standing(t), sample(t)
	var differ []string
	for name, value := range w.settings() {
		was, known := defaults[name]
		if !known && name != playHandler {
			t.Errorf("the product has no setting %s", name)
		}
		if known && was != value && strings.HasPrefix(name, "SYNC_") {
			differ = append(differ, name)
		}
	}
	slices.Sort(differ)
	want := []string{"SYNC_CA_FILE", "SYNC_CONTACT_CONSENT", "SYNC_DECLINE_GRACE", "SYNC_DEFAULT_OWNER", "SYNC_GUARD", "SYNC_OPERATOR_KEY",
		"SYNC_POST_TIMEOUT", "SYNC_PUBLIC_URL", "SYNC_SETTLE", "SYNC_SIMULATED", "SYNC_SIMULATED_CLOCK", "SYNC_STARTED"}
	if !slices.Equal(differ, want) {
		t.Errorf("the world changes %v\ninstead of %v", differ, want)
	}
}
