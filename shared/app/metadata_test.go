package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A column of the sheet that no event step watches, and a start that nobody has allowed, stand in health.
func TestHealthSaysWhatAStartFinds(t *testing.T) {
	s := production(t)
	s["SYNC_MAPPING_FILE"] = filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(s["SYNC_MAPPING_FILE"], []byte("- {field: campaign, referral: /campaignId, crm: new_campaign, as: text}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for started, want := range map[string]bool{"": true, "2026-03-01": false} {
		s["SYNC_STARTED"] = started
		a, err := New(environ(s), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var notes, pending int
		for _, status := range a.Watch.Snapshot() {
			for _, p := range status.Problems {
				if p.Note && strings.Contains(p.What, "opportunity/new_campaign") && p.Mend != "" {
					notes++
				}
				if p.What == "start.pending" && !p.Note {
					pending++
				}
			}
		}
		if notes != 1 || pending == 1 != want {
			t.Errorf("started %q: %d notes, %d of the start", started, notes, pending)
		}
	}
}
