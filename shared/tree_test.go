package shared_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// largest is how many bytes a file of the repository may have: sources, recordings and tables have less, what a build
// leaves behind has more.
const largest = 512 << 10

// A program that somebody built is no source: it makes every clone larger for ever, and holds paths of the machine.
func TestHouseKeepsNoProgramAmongTheSources(t *testing.T) {
	cmd := exec.Command(filepath.Join(".ci", "files"))
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(files) < 500 {
		t.Fatalf("found only %d files", len(files))
	}
	for _, file := range files {
		info, err := os.Stat(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > largest {
			t.Errorf("%s has %d bytes, more than %d: if it was built, it belongs into .build or .gitignore", file, info.Size(), largest)
		}
	}
}

// Documents name decisions by their numbers.
func TestHouseNumbersDecisionsOneByOne(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "docs", "decisions", "*.md"))
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d decisions: %v", len(files), err)
	}
	for i, file := range files { // sorted
		if want := fmt.Sprintf("%04d-", i+1); !strings.HasPrefix(filepath.Base(file), want) {
			t.Fatalf("the decision %s stands where %s is expected: a number is missing, or stands twice", filepath.Base(file), want)
		}
	}
}
