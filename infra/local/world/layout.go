package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Layout is where things lie below the top folder of the repository.
type Layout struct{ Top string }

// FindLayout looks for the top folder from the working folder upwards.
func FindLayout() (Layout, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Layout{}, fmt.Errorf("looking for the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return Layout{dir}, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return Layout{}, errors.New("there is no go.mod here or above: run this in the repository")
		}
		dir = parent
	}
}

// Emulators is the folder that emulators.Install is called for.
func (l Layout) Emulators() string { return filepath.Join(l.Top, "infra", "local", "emulators") }

// Build is the folder for output; git ignores it.
func (l Layout) Build() string { return filepath.Join(l.Top, ".build") }

// App is the packaged folder.
func (l Layout) App() string { return filepath.Join(l.Build(), "app") }

// Here is where the package for Lambda lies that runs on this machine: the one that ships may be for another processor.
func (l Layout) Here() string { return filepath.Join(l.Build(), "here") }

// Bootstrap is the executable of that package.
func (l Layout) Bootstrap() string { return filepath.Join(l.Here(), "lambda", "bootstrap") }

// Reports is where everybody finds the newest reports.
func (l Layout) Reports() string { return filepath.Join(l.Build(), "reports") }

// Local is .build/local.json, a copy of that of the newest world that stays up.
func (l Layout) Local() string { return filepath.Join(l.Build(), "local.json") }

// WriteLocal puts a local.json in place in one step, so that nobody reads half of it.
func WriteLocal(file string, local control.Local) error {
	out, err := json.MarshalIndent(local, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", file, err)
	}
	if err := writeWhole(file, append(out, '\n'), 0o600); err != nil { // it holds keys, if only of this world
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}
