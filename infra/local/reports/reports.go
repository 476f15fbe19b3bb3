// Package reports writes what commands of the laptop world find out, for people and for other programs.
package reports

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Write puts a report into a file, as JSON, making its folder.
func Write(file string, report any) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the report %s: %w", file, err)
	}
	return nil
}
