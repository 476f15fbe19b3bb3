package npm

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// programs makes the named programs, and no others, the ones in PATH.
func programs(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	t.Setenv("PATH", dir)
}

// project is a folder with nothing installed.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o644))
	}
	return dir
}

func TestInstallSaysInOneLineWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		scripts map[string]string
		want    []string
	}{
		"no node":  {nil, []string{"Node.js 20 or newer is needed for the table store", "`node` was not found"}},
		"old node": {map[string]string{"node": "echo v18.19.1"}, []string{"Node.js 20 or newer is needed", `"v18.19.1" was found`}},
		"odd node": {map[string]string{"node": "echo hello"}, []string{"Node.js 20 or newer is needed", `"hello" was found`}},
		"no npm":   {map[string]string{"node": "echo v22.1.0"}, []string{"npm is needed to install the table store", "was not found"}},
		"npm fails": {map[string]string{"node": "echo v22.1.0", "npm": "echo cannot reach the registry >&2; exit 1"},
			[]string{"`npm ci`", "cannot reach the registry"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := project(t)
			programs(t, c.scripts)
			err := Install(t.Context(), dir, "the table store", &bytes.Buffer{})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestChangedLockIsInstalledAgain(t *testing.T) {
	dir := project(t)
	programs(t, map[string]string{"node": "echo v22.1.0", "npm": "/bin/mkdir -p node_modules"})
	for _, want := range []bool{true, false} {
		var log bytes.Buffer
		must(t, Install(t.Context(), dir, "the table store", &log))
		if did := log.Len() > 0; did != want {
			t.Errorf("installed: %v, want %v", did, want)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte(`{"changed": 1}`), 0o644))
	var log bytes.Buffer
	must(t, Install(t.Context(), dir, "the table store", &log))
	if log.Len() == 0 {
		t.Error("the changed lock was not installed")
	}
}

func TestTwoAtOnceInstallOnce(t *testing.T) {
	dir := project(t)
	programs(t, map[string]string{"node": "echo v22.1.0", "npm": "/bin/mkdir node_modules && /bin/sleep 0.2"}) // the second mkdir would fail
	var g errgroup.Group
	for range 5 {
		g.Go(func() error { return Install(t.Context(), dir, "the table store", io.Discard) })
	}
	must(t, g.Wait())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
