package world

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// Another package takes the place of the one that runs, by control; what cannot be published leaves the old one.
func TestAnotherPackageIsPublished(t *testing.T) {
	for _, layout := range []string{LayoutOne, LayoutFlex} {
		w := laidOut(t, Options{Layout: layout})
		host := w.Local().Host.Control
		pid := func() int { return w.host.Status().HandlerPID }
		for _, strategy := range []string{"", hostsim.Rolling} {
			before := pid()
			status, answer := ask(t, http.MethodPost, host+"/publish", control.Publish{App: w.opt.App, Strategy: strategy})
			if status != http.StatusOK || pid() == before || w.host.Status().State != hostsim.StateRunning {
				t.Errorf("%s %q: %d %v, process %d after %d", layout, strategy, status, answer, pid(), before)
			}
		}
		before := pid()
		unknown := copyOf(t, w.opt.App)
		write(t, filepath.Join(unknown, "more", "function.json"), `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"nobody-has-it","connection":"ServiceBus"}]}`)
		for app, says := range map[string]string{unknown: "nobody-has-it", t.TempDir(): "no packaged folder", "app": "the whole path"} {
			if status, answer := ask(t, http.MethodPost, host+"/publish", control.Publish{App: app}); status != http.StatusBadRequest || !strings.Contains(answer["error"].(string), says) {
				t.Errorf("%s: %d %v", app, status, answer)
			}
		}
		if status, _ := ask(t, http.MethodPost, host+"/publish", control.Publish{App: w.opt.App, Strategy: "swap"}); status != http.StatusBadRequest || pid() != before {
			t.Errorf("a strategy that is none: %d, process %d after %d", status, pid(), before)
		}
	}
}

// A handler that does not start is said so with its last words; another package mends it.
func TestAPackageThatDoesNotStart(t *testing.T) {
	w := laidOut(t, Options{})
	host := w.Local().Host.Control
	bad := copyOf(t, w.opt.App)
	text, err := os.ReadFile(filepath.Join(bad, "host.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(bad, "host.json"), regexpExecutable.ReplaceAllString(string(text), `"defaultExecutablePath":"/bin/false"`))
	if status, answer := ask(t, http.MethodPost, host+"/publish", control.Publish{App: bad}); status != http.StatusInternalServerError || !strings.Contains(answer["error"].(string), "the handler") {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := ask(t, http.MethodPost, host+"/publish", control.Publish{App: w.opt.App}); status != http.StatusOK || w.host.Status().State != hostsim.StateRunning {
		t.Errorf("%d %v", status, answer)
	}
}

var regexpExecutable = regexp.MustCompile(`"defaultExecutablePath":"[^"]*"`)

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
