package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/decisions"
)

// A part of a row that the recorder leaves out would be decided again as if the sheet did not have it.
func TestTheRecorderWritesDownWholeRows(t *testing.T) {
	row := reflect.TypeFor[decisions.Row]()
	for i := range row.NumField() {
		if name := row.Field(i).Name; !strings.Contains(recorder, "o."+name) {
			t.Errorf("%s of a row is not written down", name)
		}
	}
}

// What is recorded stands where the recorder looks for it.
func TestTheRecorderCanBeLaidOver(t *testing.T) {
	top, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if _, err := lay(top, work); err != nil {
		t.Fatal(err)
	}
	for _, d := range decide {
		text, err := os.ReadFile(filepath.Join(work, "shared-cosell-"+d[0]))
		if err != nil || strings.Contains(string(text), d[1]) || !strings.Contains(string(text), "Unrecorded(") {
			t.Errorf("%s: %v", d[0], err)
		}
	}
	if _, err := rename("package cosell", "func Merge("); err == nil {
		t.Error("a function that is gone is not missed")
	}
}
