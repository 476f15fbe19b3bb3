package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	f := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSettingsFileIsReadLineByLine(t *testing.T) {
	f := flags{host: "azure", layout: "one", mode: "proxy", mapping: file(t, "mapping.yaml", ""), settingsFile: file(t, "a.env", `# comment
SYNC_WON_GUARD = warn
export SYNC_DEFAULT_PHONE="+49 1 = x"

SYNC_DEFAULT_OWNER=
AzureWebJobs.reconcile.Disabled='true'
`)}
	if err := f.check(nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"SYNC_WON_GUARD": "warn", "SYNC_DEFAULT_PHONE": "+49 1 = x", "SYNC_DEFAULT_OWNER": "",
		"AzureWebJobs.reconcile.Disabled": "true", "SYNC_MAPPING_FILE": f.mapping}
	if !maps.Equal(f.settings, want) || !filepath.IsAbs(f.mapping) {
		t.Errorf("%v", f.settings)
	}
}

func TestEveryWrongLineOfASettingsFileIsNamed(t *testing.T) {
	f := flags{host: "azure", layout: "one", mode: "proxy", settingsFile: file(t, "a.env", "\ufeffSYNC_WON_GUARD=warn\r\nSYNC_WONGUARD=off\nnonsense\n=x\nSYNC_WON_GUARD=off\nSYNC_NOVEL=1\n")}
	err := f.check(nil)
	if err == nil {
		t.Fatal("accepted")
	}
	if strings.Contains(err.Error(), "a.env:1:") {
		t.Errorf("%v: the first line is right", err)
	}
	for _, want := range []string{"a.env:2: there is no setting SYNC_WONGUARD: local.settings.sample.json has them all, SYNC_WON_GUARD among them",
		"a.env:5: SYNC_WON_GUARD is set already, in line 1", "a.env:6: there is no setting SYNC_NOVEL", "a.env:3: not NAME=value", "a.env:4: not NAME=value"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

func TestSettingsInTheShellAreNeverSilentlyIgnored(t *testing.T) {
	f := flags{host: "azure", layout: "one", mode: "proxy"}
	err := f.check([]string{"HOME=/x", "SYNC_MAPPING_FILE=/nonexistent", "DATAVERSE_URL=https://x", "AZURE_CLIENT_ID=left-alone", "SYNC_CHECK_MARK=", "SYNC_WONGUARD=off", "SYNC_OPERATOR_URL=https://x"})
	if err == nil || !strings.HasPrefix(err.Error(), "DATAVERSE_URL, SYNC_MAPPING_FILE, SYNC_WONGUARD: set in the shell") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if err := f.check([]string{"HOME=/x", "AZURE_CLIENT_ID=x", "SYNC_CHECK_MARK=", "MODE=proxy"}); err != nil {
		t.Error(err)
	}
}

func TestFieldSheetIsNamedOnce(t *testing.T) {
	f := flags{host: "azure", layout: "one", mode: "proxy", mapping: file(t, "m.yaml", ""), settingsFile: file(t, "a.env", "SYNC_MAPPING_FILE=/other.yaml\n")}
	if err := f.check(nil); err == nil || !strings.Contains(err.Error(), "leave one of them out") {
		t.Errorf("%v", err)
	}
}

func TestProcessorAndLayoutFitTheHost(t *testing.T) {
	for _, c := range []struct{ host, arch, layout, says string }{
		{"azure", "arm64", "one", "ARCH=arm64 is of Lambda"},
		{"azure", "amd64", "one", "ARCH=amd64: use x86_64 or arm64"},
		{"lambda", "amd64", "one", "ARCH=amd64: use x86_64 or arm64"},
		{"lambda", "arm64", "flex", "LAYOUT=flex is of Azure"},
		{"aws", "", "one", "HOST=aws: use azure, lambda"},
	} {
		f := flags{host: c.host, arch: c.arch, layout: c.layout, mode: "proxy"}
		if err := f.check(nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, arch := range []string{"", "x86_64", "arm64"} {
		f := flags{host: "lambda", arch: arch, layout: "one", mode: "proxy"}
		if err := f.check(nil); err != nil {
			t.Errorf("%s: %v", arch, err)
		}
	}
}

func TestStoppedCommandSaysSoAndNothingElse(t *testing.T) {
	broken := errors.New("waiting for the world: context canceled")
	for name, c := range map[string]struct {
		cause, err error
		code       int
		says       string
	}{
		"done":                {nil, nil, 0, ""},
		"failed":              {nil, broken, 1, broken.Error() + "\n"},
		"Ctrl-C":              {stopped{130}, broken, 130, "stopped\n"},
		"SIGTERM":             {stopped{143}, broken, 143, "stopped\n"},
		"nobody reads":        {stopped{128 + int(syscall.SIGPIPE)}, broken, 141, ""},
		"its regular end":     {stopped{130}, nil, 0, ""},
		"another's cancelled": {errors.New("x"), broken, 1, broken.Error() + "\n"},
	} {
		var says strings.Builder
		if code := ending(c.cause, c.err, &says); code != c.code || says.String() != c.says {
			t.Errorf("%s: code %d, %q", name, code, says.String())
		}
	}
}
