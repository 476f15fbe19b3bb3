package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/spelling"
)

// handed are settings of the product that the verbs of cosellctl read that make deploy calls, and that nothing else here
// tells them.
func handed() []string { return []string{"DATAVERSE_ADMIN_CLIENT_ID"} }

// adminSecret is the secret of that registration. It is nobody's but cosellctl's.
const adminSecret = "DATAVERSE_ADMIN_CLIENT_SECRET"

// common are settings of the apps that cosellctl has to have as they do: they are taken from the file of parameters.
func common() []string {
	return []string{"DATAVERSE_WEBHOOK_HEADER", "PARTNER_CENTER_LOGIN_URL", "PARTNER_CENTER_URL", "PARTNER_CENTER_WEBHOOKS_URL"}
}

// foundOut are settings that cosellctl reads and make deploy tells it, whatever a line says.
func foundOut() []string {
	return []string{"SYNC_OPERATOR_URL", "SYNC_PUBLIC_URL", "PARTNER_CENTER_VAULT_URL", "DATAVERSE_APP_USER"}
}

// sampleOfApps has every setting of the apps.
const sampleOfApps = "local.settings.sample.json"

// settingsOfApps are their names.
func settingsOfApps(top string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(top, sampleOfApps))
	var sample struct{ Values map[string]string }
	if err == nil {
		err = json.Unmarshal(text, &sample)
	}
	if err != nil {
		return nil, fmt.Errorf("the list of the apps' settings: %w", err)
	}
	return slices.Sorted(maps.Keys(sample.Values)), nil
}

// lines are the names that a file of settings may have.
func lines() (names []string) {
	for _, k := range known() {
		names = append(names, k.name)
	}
	for _, k := range secrets() {
		names = append(names, k.name+"_FILE")
	}
	return append(names, handed()...)
}

// unknown says of a name that no line may have what is to be done about it.
func unknown(name, params string, ofApps []string) error {
	switch {
	case slices.Contains(foundOut(), name):
		return fmt.Errorf("make deploy finds %s out by itself: take the line out", name)
	case slices.Contains(ofApps, name):
		return fmt.Errorf("%s is a setting of the apps, which do not read this file: put it under settings of %s", name, params)
	}
	if near := nearest(name, lines()); near != "" {
		return fmt.Errorf("%s is unknown: is it %s?", name, near)
	}
	if near := nearest(name, ofApps); near != "" {
		return fmt.Errorf("%s is unknown: is it %s? That is a setting of the apps, and belongs under settings of %s", name, near, params)
	}
	return fmt.Errorf("%s is unknown: %s lists the names; sizes, alerts and network stand in %s", name, sampleSettings, params)
}

// wrongShell names variables of the shell that look like ours and are read by nobody: somebody has given a secret, and
// another one would be made in its place.
func wrongShell(environ []string) error {
	var problems []error
	names := lines()
	for _, k := range secrets() {
		names = append(names, k.name)
	}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if value == "" || !strings.HasPrefix(strings.ToUpper(name), "COSELL_") || slices.Contains(names, name) {
			continue
		}
		if near := nearest(name, names); near != "" {
			problems = append(problems, fmt.Errorf("%s is set in the shell, and nobody reads it: is it %s?", name, near))
		}
	}
	return errors.Join(problems...)
}

var (
	settingsBlock = regexp.MustCompile(`(?ms)^param settings = \{$(.*?)^\}`)
	settingLine   = regexp.MustCompile(`^\s+(?:'([^']+)'|(\w+)):\s*(?:'([^'$]*)')?`)
)

// settingsIn are the settings of the apps in a file of parameters whose value stands there.
func settingsIn(text string) map[string]string {
	out := map[string]string{}
	if block := settingsBlock.FindString(text); block != "" {
		for _, line := range strings.Split(block, "\n") {
			if m := settingLine.FindStringSubmatch(line); m != nil && m[3] != "" {
				out[m[1]+m[2]] = m[3]
			}
		}
	}
	return out
}

// wrongApps names settings of the apps in the file of parameters that no app reads, and secrets, since it is kept in git.
func wrongApps(file, text string, ofApps []string) error {
	block := settingsBlock.FindStringSubmatchIndex(text)
	if block == nil {
		return nil
	}
	var problems []error
	first := 1 + strings.Count(text[:block[2]], "\n")
	for i, line := range strings.Split(text[block[2]:block[3]], "\n") {
		m := settingLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if err := wrongApp(m[1]+m[2], ofApps); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", file, first+i, err))
		}
	}
	return errors.Join(problems...)
}

// ofTenant is what the settings of a further tenant begin with: its alias in capitals.
var ofTenant = regexp.MustCompile(`^[A-Z][A-Z0-9_]*?_((?:SYNC|PARTNER_CENTER|DATAVERSE)_[A-Z0-9_]+)$`)

func wrongApp(name string, ofApps []string) error {
	bare := name
	if m := ofTenant.FindStringSubmatch(name); m != nil && !slices.Contains(ofApps, name) {
		bare = m[1]
	}
	switch {
	case isSecret(bare):
		return fmt.Errorf("%s is a secret, and this file is kept in git: docs/deploy.md says how secrets are given", name)
	case slices.Contains(ofApps, bare):
		return nil
	}
	near := nearest(bare, ofApps)
	if near == "" && !ours.MatchString(bare) {
		return nil // the Functions host's, or somebody's own
	}
	if near != "" {
		return fmt.Errorf("no app reads %s: is it %s?", name, near)
	}
	return fmt.Errorf("no app reads %s: docs/settings.md lists the names", name)
}

// isSecret says that a setting of the apps holds a secret, and not the name of one.
func isSecret(name string) bool {
	return private.MatchString(name) && name != "PARTNER_CENTER_REFRESH_TOKEN_SECRET" || name == "TABLES_CONNECTION_STRING"
}

// nearest is the name that was probably meant: the same letters, or a slip or two away.
func nearest(name string, names []string) (near string) {
	letters := func(s string) string { return strings.ToUpper(strings.NewReplacer("_", "", "-", "").Replace(s)) }
	least := 1 + min(2, len(name)/6)
	for _, n := range names {
		if d := spelling.Distance(letters(name), letters(n)); d < least {
			near, least = n, d
		}
	}
	return near
}
