package functions

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write function.json of every function anew")

func TestFunctionJSONIsMadeFromTheList(t *testing.T) {
	for _, d := range All() {
		want, err := d.FunctionJSON()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(d.Name, "function.json")
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || string(have) != string(want) {
			t.Errorf("functions/%s is not what the list makes of it: make generate (%v)", file, err)
		}
	}
}
