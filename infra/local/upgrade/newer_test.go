package upgrade

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A later version can be made of the sources as they are: each place where it adds its member is there once.
func TestALaterVersionCanBeMade(t *testing.T) {
	for _, e := range edits {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", e.file))
		if err != nil {
			t.Fatal(err)
		}
		changed, err := e.apply(string(text))
		if err != nil || !strings.Contains(changed, addedMember) {
			t.Errorf("%s: %v", e.file, err)
		}
		if _, err := e.apply("package ledger"); err == nil || !strings.Contains(err.Error(), e.file) {
			t.Errorf("a place that is gone: %v", err)
		}
	}
}
