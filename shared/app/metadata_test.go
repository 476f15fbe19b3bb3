package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

// A column of the sheet that no event step watches, and a start that nobody has allowed, stand in health.
func TestHealthSaysWhatAStartFinds(t *testing.T) {
	s := production(t)
	s["SYNC_MAPPING_FILE"] = filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(s["SYNC_MAPPING_FILE"], []byte("- {field: campaign, referral: /details/requirements/additionalRequirements/attributes/type=own/id, crm: new_campaign, as: text}\n"), 0o600); err != nil {
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

// What does not fit stands in health until it does.
func TestR142_HealthNamesAColumnThatIsGone(t *testing.T) {
	a, err := New(environ(production(t)), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	named := func() (n int) {
		for _, status := range a.Watch.Snapshot() {
			for _, p := range status.Problems {
				if strings.Contains(p.What, "opportunity/new_campaign") && p.Say != "" && p.Mend != "" {
					n++
				}
			}
		}
		return n
	}
	a.mismatched([]opportunities.Mismatch{{Field: "campaign", Table: "opportunity", Column: "new_campaign", Problem: "is not there", Mend: "bring it back", Off: true}})
	if named() != 1 {
		t.Error("a column that is gone stands nowhere")
	}
	a.mismatched(nil)
	if named() != 0 {
		t.Error("it is back, and health still names it")
	}
}
