package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// packagedApp is the folder that ships, built once for all tests.
var packagedApp string

// packagedVersion is what it was stamped with.
var packagedVersion string

func TestMain(m *testing.M) {
	code, err := withPackage(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withPackage(run func() int) (int, error) {
	layout, err := world.FindLayout()
	if err != nil {
		return 1, err
	}
	if err := emulators.Install(context.Background(), layout.Emulators(), os.Stderr); err != nil {
		return 1, err
	}
	out, err := os.MkdirTemp("", "cosell-demo")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(out)
	built, err := pack.Build(context.Background(), pack.Options{Top: layout.Top, Out: out})
	if err != nil {
		return 1, err
	}
	packagedApp, packagedVersion = built.Dir, built.Version
	return run(), nil
}

func TestStoryHoldsWithProxiedCalls(t *testing.T) {
	t.Parallel()
	tell(t, world.Options{Mode: hostsim.ModeProxy})
}

func TestStoryHoldsWithForwardedCalls(t *testing.T) {
	t.Parallel()
	tell(t, world.Options{Mode: hostsim.ModeForward})
}

// The laptop world uses connection strings; a deployment has an identity, whose way this is.
func TestStoryHoldsWithTokens(t *testing.T) {
	t.Parallel()
	w := open(t, world.Options{Tokens: true})
	play(t, w, demo.Steps()[:2])
	tokens, local := 0, w.Local().PartnerCenter // the sign-in of the identity's tenant is part of it
	for _, e := range historyOf(t, local.Control) {
		if strings.HasSuffix(e.URL, "/token") && e.Status == http.StatusOK && e.Identity != "app "+local.ClientID {
			tokens++
		}
	}
	if tokens < 3 {
		t.Errorf("the product's identity asked for %d tokens instead of one each for vault, queues and tables", tokens)
	}
}

// tell plays all steps in a world of their own, with the protection limits of both systems on.
func tell(t *testing.T, o world.Options) {
	w := open(t, o)
	turn(t, w.Local().PartnerCenter.Control, map[string]any{"requestsPerMinute": 1000})
	turn(t, w.Local().Dataverse.Control, map[string]any{"limitRequests": 6000, "limitExecutionSeconds": 1200, "limitConcurrent": 52})
	reportIsAsDocumented(t, play(t, w, demo.Steps()))
}

// open starts a world that ends with the test.
func open(t *testing.T, o world.Options) *world.World {
	t.Helper()
	layout, err := world.FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	o.Emulators, o.App, o.State = layout.Emulators(), packagedApp, t.TempDir()
	w, err := world.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// play plays steps in their order: later ones use the deals of earlier ones.
func play(t *testing.T, w *world.World, steps []demo.Step) (report demo.Report) {
	var told bytes.Buffer
	story, err := demo.Open(t.Context(), w.Local(), &told)
	if err != nil {
		t.Fatal(err)
	}
	defer story.Close()
	for _, step := range steps {
		t.Run(step.ID+" "+step.Name, func(t *testing.T) {
			told.Reset()
			result := story.Tell(step)
			report.Steps = append(report.Steps, result)
			if !result.OK {
				t.Errorf("%v\n%s", result.Err(), told.String())
			}
			if result.Calls == 0 {
				t.Error("a step without a remote call: nothing was observed")
			}
		})
	}
	return report
}

func historyOf(t *testing.T, base string) (out []control.Entry) {
	t.Helper()
	resp, err := http.Get(base + "/history")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func turn(t *testing.T, base string, switches map[string]any) {
	t.Helper()
	body, err := json.Marshal(switches)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(base+"/switches", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("switching %s: %s", body, resp.Status)
	}
}

// reportIsAsDocumented checks the names in demo.json, which other tools read.
func reportIsAsDocumented(t *testing.T, r demo.Report) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "reports", "demo.json")
	if err := r.Write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`"steps"`, `"id": "D15"`, `"name"`, `"ok"`, `"ms"`, `"effectMs"`, `"calls"`, `"passed"`, `"failed"`} {
		if !strings.Contains(string(text), name) {
			t.Errorf("demo.json lacks %s", name)
		}
	}
}

// On Lambda the queues are looked into by a schedule, and each process stands still between its calls.
func TestStoryBeginsOnLambdaAsElsewhere(t *testing.T) {
	t.Parallel()
	layout, err := world.FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	built, err := pack.Lambda(t.Context(), pack.Options{Top: layout.Top, Out: t.TempDir()}, pack.ThisArchitecture)
	if err != nil {
		t.Fatal(err)
	}
	bootstrap := filepath.Join(built.Dir, "bootstrap")
	other := open(t, world.Options{Host: world.HostLambda, Bootstrap: bootstrap,
		Positions: world.Positions{Lambda: map[string]string{"base64": "always", "path": "decoded", "stream": "buffered"}}})
	play(t, other, demo.Steps()[:3])
	other.Close()
	w := open(t, world.Options{Host: world.HostLambda, Bootstrap: bootstrap, Positions: world.Positions{Lambda: map[string]string{"base64": "utf8"}}})
	play(t, w, demo.Steps()[:5])
	play(t, w, slices.DeleteFunc(demo.Steps(), func(s demo.Step) bool { return s.ID != "D12" })) // three looks are killed
	names := map[string]bool{}
	for _, p := range w.Host().Status().Processes {
		name, _, _ := strings.Cut(p.Name, "#")
		names[name] = true
	}
	if !names["intake"] || !names["sync"] || !names["queues"] {
		t.Errorf("processes of %v", names)
	}
	own, vouched := w.Local().PartnerCenter.ClientID, 0
	for _, e := range historyOf(t, w.Local().PartnerCenter.Control) {
		if !strings.HasSuffix(e.URL, "/token") || e.Identity == "app "+own {
			continue
		}
		if e.Status != http.StatusOK { // there is no secret by which it could be one
			t.Errorf("the product's identity was refused: %d %.200s", e.Status, e.ResponseBody)
		}
		vouched++
	}
	if vouched < 4 {
		t.Errorf("%d tokens for vault, queues and tables: two identities need at least four", vouched)
	}
	if w.Local().Host.Kind != world.HostLambda {
		t.Errorf("local.json says %+v", w.Local().Host)
	}
}
