package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// check looks at everything that was given before anything is built, and says in one line what is wrong.
func (f *flags) check(environ []string) error {
	if f.mode != hostsim.ModeProxy && f.mode != hostsim.ModeForward {
		return fmt.Errorf("MODE=%s: use %s or %s", f.mode, hostsim.ModeProxy, hostsim.ModeForward)
	}
	if !slices.Contains(world.Hosts(), f.host) {
		return fmt.Errorf("HOST=%s: use %s", f.host, strings.Join(world.Hosts(), ", "))
	}
	if f.arch != "" && !slices.Contains(pack.Architectures(), f.arch) {
		return fmt.Errorf("ARCH=%s: use %s", f.arch, strings.Join(pack.Architectures(), " or "))
	}
	if f.host != world.HostLambda && f.arch != "" && f.arch != pack.Architecture {
		return fmt.Errorf("ARCH=%s is of Lambda, HOST=lambda: what runs the functions on Azure is %s", f.arch, pack.Architecture)
	}
	if f.host == world.HostLambda && f.layout != world.LayoutOne {
		return fmt.Errorf("LAYOUT=%s is of Azure: on Lambda each function has processes of its own", f.layout)
	}
	if !slices.Contains(world.Layouts(), f.layout) {
		return fmt.Errorf("LAYOUT=%s: use %s", f.layout, strings.Join(world.Layouts(), ", "))
	}
	if f.port < 0 || f.port > 65000 {
		return fmt.Errorf("PORT=%d: use a number from 1 to 65000, the first of a dozen ports", f.port)
	}
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	known, err := productSettings(layout)
	if err != nil {
		return err
	}
	if err := notInShell(environ, known); err != nil {
		return err
	}
	f.settings = map[string]string{}
	if f.settingsFile != "" {
		if f.settings, err = readSettings(f.settingsFile, known); err != nil {
			return err
		}
	}
	if f.switchesFile != "" {
		if f.positions, err = world.ReadPositions(f.switchesFile); err != nil {
			return err
		}
	}
	return f.checkMapping()
}

// checkMapping lets the handler find the field sheet. What stands in it the handler checks, when it starts or
// before it is packed.
func (f *flags) checkMapping() error {
	if f.mapping == "" {
		return nil
	}
	file, err := os.Open(f.mapping)
	if err != nil {
		return fmt.Errorf("MAPPING=%s cannot be read: %w", f.mapping, errors.Unwrap(err))
	}
	_ = file.Close()
	if f.mapping, err = filepath.Abs(f.mapping); err != nil {
		return fmt.Errorf("MAPPING=%s: %w", f.mapping, err)
	}
	if named := f.settings["SYNC_MAPPING_FILE"]; named != "" {
		return fmt.Errorf("MAPPING=%s, and SETTINGS names %s as SYNC_MAPPING_FILE: leave one of them out", f.mapping, named)
	}
	f.settings["SYNC_MAPPING_FILE"] = f.mapping
	return nil
}

// productSettings are the names of all settings, from the sample that has them all.
func productSettings(layout world.Layout) ([]string, error) {
	const name = "local.settings.sample.json"
	text, err := os.ReadFile(filepath.Join(layout.Top, name))
	if err != nil {
		return nil, fmt.Errorf("looking up the product's settings: %w", err)
	}
	var sample struct{ Values map[string]string }
	if err := json.Unmarshal(text, &sample); err != nil {
		return nil, fmt.Errorf("looking up the product's settings in %s: %w", name, err)
	}
	return slices.Sorted(maps.Keys(sample.Values)), nil
}

// notInShell refuses settings of the product in the environment, misspelt ones too: the world does not read
// them there, and whoever has set them believes that it does. Those that Azure's own tools read are left
// alone, and so are those of `cosellctl`.
func notInShell(environ, known []string) error {
	var found []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		shared := strings.HasPrefix(name, "AZURE_") || name == "FUNCTIONS_WORKER_RUNTIME" || name == "AzureWebJobsStorage"
		ours := slices.Contains(known, name) || strings.HasPrefix(name, "SYNC_") && name != "SYNC_OPERATOR_URL"
		if value != "" && !shared && ours {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	return fmt.Errorf("%s: set in the shell, where the laptop world does not read settings: unset, and put NAME=value lines into a file for SETTINGS=file (the field sheet: MAPPING=file)",
		strings.Join(found, ", "))
}

// hostSettings begin the names of settings that the Functions host reads, not the product.
var hostSettings = []string{"AzureWebJobs", "AzureFunctionsJobHost__", "FUNCTIONS_"}

// readSettings reads NAME=value lines. Blank lines and lines that begin with # are skipped, quotes around a
// value are taken off, and an empty value takes a setting of the world's away. It names every wrong line.
func readSettings(file string, known []string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("SETTINGS=%s cannot be read: %w", file, errors.Unwrap(err))
	}
	out, at := map[string]string{}, map[string]int{}
	var wrong []error
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") { // a mark with which Windows begins a file
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), unquoted(strings.TrimSpace(value))
		ofHost := slices.ContainsFunc(hostSettings, func(begin string) bool { return strings.HasPrefix(name, begin) })
		switch {
		case !ok || name == "":
			wrong = append(wrong, fmt.Errorf("%s:%d: not NAME=value", file, i+1))
		case !slices.Contains(known, name) && !ofHost:
			wrong = append(wrong, fmt.Errorf("%s:%d: there is no setting %s: local.settings.sample.json has them all%s", file, i+1, name, near(name, known)))
		case at[name] > 0:
			wrong = append(wrong, fmt.Errorf("%s:%d: %s is set already, in line %d: leave one of them out", file, i+1, name, at[name]))
		default:
			out[name], at[name] = value, i+1
		}
	}
	return out, errors.Join(wrong...)
}

// near names the setting that was probably meant.
func near(name string, known []string) string {
	letters := func(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "_", "") }
	for _, k := range known {
		if letters(k) == letters(name) {
			return ", " + k + " among them"
		}
	}
	return ""
}

func unquoted(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}
