package pack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the handler would refuse to start with is not packed, and what was packed before stays.
func TestAWrongFieldSheetIsNotPacked(t *testing.T) {
	top, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	sheet := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(sheet, []byte("# mine\n- {field: dealValue, referral: /details/dealVaule}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Build(t.Context(), Options{Top: top, Out: out, Mapping: sheet})
	if err == nil || !strings.Contains(err.Error(), sheet+":2: ") || !strings.Contains(err.Error(), "the nearest is /details/dealValue") ||
		strings.Contains(err.Error(), "exit status") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(out); len(left) > 0 {
		t.Errorf("something was packed: %v", left)
	}
}
