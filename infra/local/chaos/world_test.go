package chaos

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// A few of the scenarios, with a process for each function and two of each queue: make chaos and make nightly play them
// all.
func TestSomeScenariosHoldOverRealProcesses(t *testing.T) {
	layout, err := world.FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	if err := emulators.Install(t.Context(), layout.Emulators(), io.Discard); err != nil {
		t.Fatal(err)
	}
	built, err := pack.Build(t.Context(), pack.Options{Top: layout.Top, Out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.Start(t.Context(), world.Options{Emulators: layout.Emulators(), App: built.Dir, State: t.TempDir(), Durable: true, Layout: world.LayoutFlex2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	var told bytes.Buffer
	r, err := PlayScenarios(t.Context(), w.Local(), Quick(), &told)
	if err != nil || len(r.Failed()) > 0 || len(r.Outcomes) != len(Quick())+1 {
		t.Fatalf("%v, failed %v\n%s", err, r.Failed(), told.String())
	}
	if _, err := PlayScenarios(t.Context(), w.Local(), []string{"rain"}, io.Discard); err == nil || !strings.Contains(err.Error(), "no scenario rain") {
		t.Errorf("%v", err)
	}
}

func TestScenariosHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, sc := range scenarios() {
		if sc.Name == "" || sc.About == "" || seen[sc.Name] || len(sc.steps) == 0 {
			t.Errorf("%+v", sc)
		}
		seen[sc.Name] = true
	}
	if len(seen) < 50 || len(Quick()) == 0 {
		t.Errorf("%d scenarios, %d of them quick", len(seen), len(Quick()))
	}
}
