package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/dataverse/solution"
)

// Solutions makes the solution zips of the CRM in a folder: one to develop with, one to install in production.
func Solutions(out string) ([]Result, error) {
	d, err := dataverse.Read()
	if err != nil {
		return nil, err
	}
	var made []Result
	for _, one := range []struct {
		name    string
		managed bool
	}{{solution.Unmanaged, false}, {solution.Managed, true}} {
		packed, err := solution.Zip(d, one.managed)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(packed)
		r := Result{Zip: filepath.Join(out, one.name), Sum: hex.EncodeToString(sum[:]), Version: d.Solution.Version}
		if err := os.WriteFile(r.Zip+".new", packed, 0o644); err != nil {
			return nil, fmt.Errorf("packing the solution: %w", err)
		}
		if err := os.Rename(r.Zip+".new", r.Zip); err != nil {
			return nil, fmt.Errorf("packing the solution: %w", err)
		}
		made = append(made, r)
	}
	return made, nil
}
