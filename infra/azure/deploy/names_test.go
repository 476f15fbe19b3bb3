package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A name that nobody reads is not passed over: whoever wrote it believes that it does something.
func TestALineThatNobodyReadsIsRefused(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"DATAVERSE_CLIENTID=" + nobody:         "DATAVERSE_CLIENTID is unknown: is it DATAVERSE_CLIENT_ID?",
		"DATAVERSE_TENNANT=" + nobody:          "DATAVERSE_TENNANT is unknown: is it DATAVERSE_TENANT?",
		"COSELL_CATALOG=solutions.csv":         "COSELL_CATALOG is unknown: is it COSELL_CATALOGUE?",
		"dataverse_tenant=" + nobody:           "dataverse_tenant is unknown: is it DATAVERSE_TENANT?",
		"COSELL_OPERATOR_KEY_FILE=keys":        "COSELL_OPERATOR_KEY_FILE is unknown: is it COSELL_OPERATOR_KEYS_FILE?",
		"SYNC_SCOPE=own":                       "SYNC_SCOPE is a setting of the apps, which do not read this file: put it under settings of infra/azure/main.test.bicepparam",
		"SYNC_SCOPES=own":                      "SYNC_SCOPES is unknown: is it SYNC_SCOPE? That is a setting of the apps",
		"SYNC_PUBLIC_URL=https://example.org":  "make deploy finds SYNC_PUBLIC_URL out by itself: take the line out",
		"DATAVERSE_APP_USER=" + nobody:         "make deploy finds DATAVERSE_APP_USER out by itself",
		"COSELL_INSTANCE_MEMORY_MB=512":        "COSELL_INSTANCE_MEMORY_MB is unknown: infra/azure/sample.env lists the names; sizes, alerts and network stand in infra/azure/main.test.bicepparam",
		"PARTNER_CENTER_SOMETHING_OF_OURS=yes": "PARTNER_CENTER_SOMETHING_OF_OURS is unknown",
	} {
		for _, how := range [][]string{nil, {"-plan"}} {
			s := newStage(t)
			before := strings.Count(s.read("infra/azure/test.env"), "\n")
			s.write("infra/azure/test.env", s.read("infra/azure/test.env")+line+"\n")
			err := s.deploy(append([]string{"-env", "test"}, how...)...)
			if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "test.env:"+strconv.Itoa(before+1)+": ") {
				t.Errorf("%s %v: %v", line, how, err)
			}
			if len(s.calls()) > 0 {
				t.Errorf("%s: something was done", line)
			}
		}
	}
	s := newStage(t)
	s.write("infra/azure/test.env", s.read("infra/azure/test.env")+"export DATAVERSE_ADMIN_CLIENT_ID="+subscription+"\n")
	s.write("infra/azure/main.test.bicepparam", strings.Replace(s.read("infra/azure/main.test.bicepparam"), "param settings = {", "param settings = {\n  DATAVERSE_WEBHOOK_HEADER: 'x-ours' // as the apps", 1))
	s.environ = append(s.environ, "DATAVERSE_ADMIN_CLIENT_SECRET=the-admins")
	told := ""
	for _, c := range s.mustDeploy("-env", "test") {
		if secret := c.Env["DATAVERSE_ADMIN_CLIENT_SECRET"]; secret != "" != (c.Tool == "cosellctl") {
			t.Errorf("%s has the administrator's secret: %q", c.line(), secret)
		}
		if c.line() == "cosellctl setup dataverse --json" {
			told = c.Env["DATAVERSE_ADMIN_CLIENT_ID"] + c.Env["DATAVERSE_WEBHOOK_HEADER"]
		}
	}
	if told != subscription+"x-ours" {
		t.Errorf("cosellctl was handed %q", told)
	}
}

// In the file of parameters, too: the apps would run on without the setting.
func TestASettingThatNoAppReadsIsRefused(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"  SYNC_SCOP: 'own'":                         "no app reads SYNC_SCOP: is it SYNC_SCOPE?",
		"  SYNC_NOTHING_LIKE_IT: 'own'":              "no app reads SYNC_NOTHING_LIKE_IT: docs/settings.md lists the names",
		"  'FR_PARTNER_CENTER_CLIENTID': 'x'":        "no app reads FR_PARTNER_CENTER_CLIENTID: is it PARTNER_CENTER_CLIENT_ID?",
		"  PARTNER_CENTER_CLIENT_SECRET: 'hush'":     "PARTNER_CENTER_CLIENT_SECRET is a secret, and this file is kept in git",
		"  FR_PARTNER_CENTER_CLIENT_SECRET: 'hush'":  "FR_PARTNER_CENTER_CLIENT_SECRET is a secret",
		"  TABLES_CONNECTION_STRING: 'hush'":         "TABLES_CONNECTION_STRING is a secret",
		"  FR_SYNC_MAPPING_FILE: 'mapping.fr.yaml'":  "",
		"  AzureFunctionsJobHost__logging__x: 'low'": "",
	} {
		s := newStage(t)
		const block = "param settings = {\n"
		text := s.read("infra/azure/main.test.bicepparam")
		at := strings.Count(text[:strings.Index(text, block)], "\n") + 2
		s.write("infra/azure/main.test.bicepparam", strings.Replace(text, block, block+line+"\n", 1))
		err := s.deploy("-env", "test")
		if (says == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), "infra/azure/main.test.bicepparam:"+strconv.Itoa(at)+": "+says) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: %v", line, err)
		}
		if says != "" && len(s.calls()) > 0 {
			t.Errorf("%s: something was done", line)
		}
	}
}

// A secret under a name that nobody reads: another one would be made in its place.
func TestASecretInTheShellUnderAnotherNameIsRefused(t *testing.T) {
	t.Parallel()
	for given, says := range map[string]string{
		"COSELL_OPERATOR_KEY=ann=hush-hush-hush-hush":    "COSELL_OPERATOR_KEY is set in the shell, and nobody reads it: is it COSELL_OPERATOR_KEYS?",
		"COSELL_DATAVERSE_WEBHOOKSECRET=hush-hush-hush-": "is it COSELL_DATAVERSE_WEBHOOK_SECRET?",
		"COSELL_PAGER=1": "", // somebody's own
	} {
		s := newStage(t)
		s.environ = append(s.environ, given)
		err := s.deploy("-env", "test")
		if (says == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: %v", given, err)
		}
	}
}

// Everything that is wrong or missing is named at once, before anything runs.
func TestAllThatIsMissingIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.environ = append(s.environ, "PATH="+t.TempDir(), "COSELL_OPERATOR_KEYS=short")
	s.write("infra/azure/test.env", s.read("infra/azure/test.env")+"REGION=eu\n")
	s.write("infra/azure/test.env", strings.Replace(s.read("infra/azure/test.env"), "=solutions.csv", "=elsewhere.csv", 1))
	err := s.deploy("-env", "test", "-mapping", "nowhere", "-skip", "nothing", "-with", "azd")
	for _, says := range []string{"nothing was done:\n", "REGION is unknown", "MAPPING=nowhere: no such file or directory: name a field sheet", "COSELL_CATALOGUE: ", "SKIP=nothing: there is no such step",
		"COSELL_OPERATOR_KEYS must be name=key", "az was not found on PATH", "azd was not found on PATH", "go was not found on PATH"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q is not said: %v", says, err)
		}
	}
	for args, says := range map[string]string{
		"-mapping infra":                           "MAPPING=infra: it is no file",
		"-mapping solutions.csv -package x.zip":    "PACKAGE with MAPPING",
		"-mapping solutions.csv -skip package":     "MAPPING: the step package packs the field sheet, and is left out",
		"-plan -mapping nowhere":                   "MAPPING=nowhere: no such file",
		"-plan -package nowhere":                   "PACKAGE=nowhere: open ",
		"-plan -settings solutions.csv -with cake": "solutions.csv:1: not a NAME=value line",
	} {
		s := newStage(t)
		if err := s.deploy(append([]string{"-env", "test"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
		if len(s.calls()) > 0 {
			t.Errorf("%s: something was done", args)
		}
	}
}

// The secret that only somebody can give is asked for before the resource group is made.
func TestASecretThatIsMissingIsAskedForBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.environ = s.environ[:3]
	if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), "COSELL_PARTNER_CENTER_CLIENT_SECRET is not given") {
		t.Error(err)
	}
	if slices.ContainsFunc(s.calls(), func(c recorded) bool { return strings.HasPrefix(c.line(), "az group create") }) {
		t.Error("the group was made")
	}
	s.mustDeploy("-env", "test", "-only", "region,group") // which deploys nothing
}

// What is handed to cosellctl is read there, and what the apps read is in their sample.
func TestTheNamesAreTheProducts(t *testing.T) {
	t.Parallel()
	read := ""
	for _, file := range []string{"infra/cosellctl/setup.go", "infra/cosellctl/client.go", "infra/cosellctl/setup/connect.go", "shared/app/consent.go"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", file))
		if err != nil {
			t.Fatal(err)
		}
		read += string(text)
	}
	for _, name := range slices.Concat(handed(), common(), foundOut()) {
		if !strings.Contains(read, `"`+name+`"`) {
			t.Errorf("nobody reads %s", name)
		}
	}
	ofApps, err := settingsOfApps(filepath.Join("..", "..", ".."))
	if err != nil || !slices.Contains(ofApps, "SYNC_SCOPE") {
		t.Fatal(ofApps, err)
	}
}

// The sheet that the settings name is packed each time and set up by: one that only a command line names is forgotten by
// the next run, and with it the customer's columns.
func TestTheSheetOfTheSettingsIsPackedAndSetUpBy(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("infra/azure/test.env", s.read("infra/azure/test.env")+"COSELL_MAPPING=mine.yaml\n")
	if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), "COSELL_MAPPING=mine.yaml: no such file or directory: name a field sheet") {
		t.Error(err)
	}
	s.write("mine.yaml", "")
	s.write("other.yaml", "")
	s.zip("earlier.zip", "host.json", "handler")
	for args, want := range map[string]string{"": "mine.yaml", "-mapping other.yaml": "other.yaml", "-package earlier.zip": "mine.yaml"} {
		packed, by := "", ""
		for _, c := range s.mustDeploy(append([]string{"-env", "test"}, strings.Fields(args)...)...) {
			if c.Tool == "make" && slices.Contains(c.Args, "package") {
				packed = strings.TrimPrefix(c.Args[len(c.Args)-1], "MAPPING=")
			}
			if strings.HasPrefix(c.line(), "cosellctl setup dataverse") {
				by = c.Env["SYNC_MAPPING_FILE"]
			}
		}
		if by != want || packed != want && (packed != "" || args != "-package earlier.zip") {
			t.Errorf("%q: packed %q, set up by %q, want %q", args, packed, by, want)
		}
	}
}

// Columns and filters of events follow the sheet that was pushed: the CRM is set up once the app has said which.
func TestSetupAsksTheAppForItsSheet(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("fail.json", []map[string]any{{"call": "cosellctl mapping pull", "nth": 1, "code": 3, "stderr": "cosellctl: cannot reach"}})
	s.set("state.json", map[string]any{"sheet": 4})
	for _, c := range s.mustDeploy("-env", "test") {
		if key := c.Env["SYNC_OPERATOR_KEY"]; strings.HasPrefix(c.line(), "cosellctl setup dataverse") && key == "" {
			t.Errorf("%s cannot ask the app", c.line())
		}
	}
	waited := s.waited
	s.set("fail.json", []map[string]any{{"call": "cosellctl mapping pull", "code": 3, "stderr": "cosellctl: cannot reach"}})
	if err := s.deploy("-env", "test"); err == nil || s.waited-waited < firstStart || s.waited-waited > firstStart+pause {
		t.Errorf("%v after %s", err, s.waited-waited)
	}
	s.set("fail.json", []map[string]any{})
	s.mustDeploy("-env", "test")
	if waited != pause || !strings.Contains(s.said, "the field sheet is version 4, pushed from mapping.yaml") {
		t.Errorf("waited %s: %s", waited, s.said)
	}
}
