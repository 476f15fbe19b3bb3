package world

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
)

func TestQueuesAreThoseOfThePackagedFunctions(t *testing.T) {
	app := standInApp(t)
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(app, name, "function.json")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("listens", `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"new-queue","connection":"ServiceBus","isSessionsEnabled":true}]}`)
	put("also", `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"New-Queue","connection":"ServiceBus","isSessionsEnabled":true}]}`)
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Emulators: layout.Emulators(), App: app, State: t.TempDir(), Settings: map[string]string{playHandler: "answer"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	_, answer := ask(t, http.MethodGet, w.Local().ServiceBus.Control+"/queues", nil)
	if len(answer) != 1 || answer["also"] != nil {
		t.Errorf("queues: %v", answer)
	}

	put("broken", `{"bindings":[`)
	if _, err := queues(app); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("%v does not name the broken file", err)
	}
}

// What ships has queues with sessions, and each function that listens has its own.
func TestQueuesOfTheRepositoryAreFound(t *testing.T) {
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	found, err := queues(filepath.Join(layout.Top, "functions"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%v %v", found, err)
	}
	names := map[string]bool{}
	for _, q := range found {
		names[q.Name] = true
		if want := (emulators.Queue{Name: q.Name, RequiresSession: true, LockDuration: "PT1M", MaxDeliveryCount: 10, TTL: "P14D"}); q != want {
			t.Errorf("%+v", q)
		}
	}
	files, err := filepath.Glob(filepath.Join(layout.Top, "functions", "*", "function.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"queueName": *"([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			if !names[name[1]] {
				t.Errorf("the world has no queue %s, which %s listens to", name[1], file)
			}
		}
	}
}

func TestKillTakesTheNameOfAProcess(t *testing.T) {
	w := standing(t)
	host := w.Local().Host.Control
	_, status := ask(t, http.MethodGet, host+"/status", nil)
	processes, _ := status["processes"].([]any)
	if len(processes) != 1 || processes[0].(map[string]any)["pid"] != status["handlerPid"] || processes[0].(map[string]any)["name"] == "" {
		t.Fatalf("status %v", status)
	}
	if code, answer := ask(t, http.MethodPost, host+"/kill", control.Kill{Process: "crmtopartnercenter#1"}); code != http.StatusOK {
		t.Fatalf("%d %v", code, answer)
	}
	if err := w.AwaitRestart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"crmtopartnercenter", "#1", "a#0", "A b#1"} {
		if code, answer := ask(t, http.MethodPost, host+"/kill", control.Kill{Process: wrong}); code != http.StatusBadRequest || !strings.Contains(answer["error"].(string), "GET status") {
			t.Errorf("%q: %d %v", wrong, code, answer)
		}
	}
}
