package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Settings is the file from which func start takes the settings. It begins as the sample's; what somebody has written
// into it stays, for whoever tries the package writes secrets into it.
const Settings = "local.settings.json"

// Ignore says what func and azd leave out of the package that they make of the folder.
// https://learn.microsoft.com/azure/azure-functions/functions-core-tools-reference
const Ignore = ".funcignore"

// ignored: the settings, and what Azurite leaves where it was started.
const ignored = Settings + `
.funcignore
.git*
.vscode
__azurite_db*
__blobstorage__
__queuestorage__
`

// beside lies in the folder and not in the zip.
var beside = []string{Settings, Ignore}

// keepSettings puts beside the package what func needs: the settings that are in the folder already, with those of the
// sample that are not among them, or the sample's.
func keepSettings(top, dir, fresh string) error {
	sample, err := os.ReadFile(filepath.Join(top, "local.settings.sample.json"))
	if err != nil {
		return err
	}
	text := sample
	switch own, err := os.ReadFile(filepath.Join(dir, Settings)); {
	case err == nil:
		text = completed(own, sample)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(fresh, Settings), text, 0o600), os.WriteFile(filepath.Join(fresh, Ignore), []byte(ignored), 0o644))
}

// completed adds the settings of the sample that a file lacks. A file that lacks none, or that cannot be read, stays as
// it is: func says what is wrong with it.
func completed(own, sample []byte) []byte {
	var file map[string]json.RawMessage
	var has, knows map[string]json.RawMessage
	if json.Unmarshal(own, &file) != nil || json.Unmarshal(file["Values"], &has) != nil || json.Unmarshal(sample, &struct {
		Values *map[string]json.RawMessage
	}{&knows}) != nil {
		return own
	}
	added := false
	for name, value := range knows {
		if _, is := has[name]; !is {
			has[name], added = value, true
		}
	}
	if !added {
		return own
	}
	text, err := indented(has)
	if err != nil {
		return own
	}
	file["Values"] = text
	if text, err = indented(file); err != nil {
		return own
	}
	return text
}

func indented(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return text.Bytes(), err
}
