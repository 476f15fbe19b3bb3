package shared_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mapped is how many files a room has that needs a map: the comment of its package, in doc.go, says where to look.
const mapped = 30

// A large room has a map that names every file, and no other.
func TestHouseMapsNameEveryFileOfALargeRoom(t *testing.T) {
	rooms, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, room := range rooms {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") || filepath.Base(f) == "doc.go" })
		text, err := os.ReadFile(filepath.Join(room, "doc.go"))
		if err != nil {
			if len(files) >= mapped {
				t.Errorf("shared/%s has %d files and no map of them: doc.go", room, len(files))
			}
			continue
		}
		seen++
		names := regexp.MustCompile(`[a-z_]+\.go`).FindAllString(string(text), -1)
		for _, f := range files {
			if !slices.Contains(names, filepath.Base(f)) {
				t.Errorf("the map of the room, shared/%s/doc.go, does not say what %s is for", room, filepath.Base(f))
			}
		}
		for _, n := range names {
			if !slices.Contains(files, filepath.Join(room, n)) {
				t.Errorf("shared/%s/doc.go names %s, which is not there", room, n)
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d maps were found", seen)
	}
}
