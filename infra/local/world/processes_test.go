package world

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

func repository(t *testing.T) string {
	t.Helper()
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	return layout.Top
}

func TestLayoutsAreThoseOfFlexConsumption(t *testing.T) {
	all, err := declaredIn(filepath.Join(repository(t), "functions"))
	if err != nil {
		t.Fatal(err)
	}
	if p := processes(LayoutOne, all); p != nil {
		t.Errorf("%s: %v", LayoutOne, p)
	}
	for layout, want := range map[string]string{
		LayoutFlex: "intake#1 sync#1 createcosellreferral#1 crmtopartnercenter#1 partnercentertocrm#1 solutionssync#1 reconcile#1",
		LayoutFlex2: "intake#1 sync#1 createcosellreferral#1 createcosellreferral#2 crmtopartnercenter#1 crmtopartnercenter#2 " +
			"partnercentertocrm#1 partnercentertocrm#2 solutionssync#1 solutionssync#2 reconcile#1",
	} {
		var names []string
		for _, p := range processes(layout, all) {
			names = append(names, p.name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s", layout, got)
		}
	}
}

// What the code says of its functions is kept for the templates; the world goes by the same.
func TestProcessesAgreeWithTheTemplatesOnWhoServesWhat(t *testing.T) {
	top := repository(t)
	text, err := os.ReadFile(filepath.Join(top, "infra", "azure", "product.json"))
	if err != nil {
		t.Fatal(err)
	}
	var product struct {
		Functions []struct{ Name, Role string }
	}
	if err := json.Unmarshal(text, &product); err != nil || len(product.Functions) == 0 {
		t.Fatal(product, err)
	}
	all, err := declaredIn(filepath.Join(top, "functions"))
	if err != nil {
		t.Fatal(err)
	}
	served := map[string][]string{}
	for _, p := range processes(LayoutFlex, all) {
		for _, f := range p.serves {
			served[f] = append(served[f], p.role)
		}
	}
	for _, f := range product.Functions {
		want := []string{f.Role}
		if f.Role == "all" {
			want = []string{roleIntake, roleSync}
		}
		if !slices.Equal(served[f.Name], want) {
			t.Errorf("%s is served by %v instead of %v", f.Name, served[f.Name], want)
		}
		delete(served, f.Name)
	}
	if len(served) > 0 {
		t.Errorf("the templates do not know %v", slices.Sorted(maps.Keys(served)))
	}
}

// laidOut starts a world whose stand-in serves functions of both apps.
func laidOut(t *testing.T, o Options) *World {
	t.Helper()
	o.App = standInApp(t)
	for name, binding := range map[string]string{
		"crmwebhook":         `{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"},{"type":"http","direction":"out","name":"res"}`,
		"operator":           `{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous","route":"operator/{*path}"},{"type":"http","direction":"out","name":"res"}`,
		"health":             `{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"},{"type":"http","direction":"out","name":"res"}`,
		"partnercentertocrm": `{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"referral-changed","connection":"ServiceBus","isSessionsEnabled":true}`,
	} {
		dir := filepath.Join(o.App, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "function.json"), []byte(`{"bindings":[`+binding+`]}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	o.Emulators, o.State = layout.Emulators(), t.TempDir()
	if o.Settings == nil {
		o.Settings = map[string]string{}
	}
	o.Settings[playHandler] = "answer"
	w, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// The templates say which settings only one of the two apps has.
func TestEachAppHasTheSettingsThatTheTemplatesGiveIt(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository(t), "infra", "azure", "main.bicep"))
	if err != nil {
		t.Fatal(err)
	}
	w := laidOut(t, Options{Layout: LayoutFlex, Positions: Positions{Tenants: []string{"acme"}},
		Settings: map[string]string{"SYNC_OPERATOR_KEYS": "ann=" + strings.Repeat("k", 40), "SYNC_SHARE": "never"}})
	members, err := w.members(w.opt.App)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]map[string]string{}
	for _, m := range members {
		of[m.Settings["SYNC_ROLE"]] = m.Settings
	}
	for role, other := range map[string]string{roleIntake: roleSync, roleSync: roleIntake} {
		block := regexp.MustCompile(`(?s)var ` + role + `Settings = \{\n(.*?)\n\}`).FindStringSubmatch(string(text))
		if block == nil {
			t.Fatalf("main.bicep has no %sSettings", role)
		}
		names := regexp.MustCompile(`(?m)^  ([A-Z_]+):`).FindAllStringSubmatch(block[1], -1)
		if len(names) < 3 {
			t.Fatalf("%q", names)
		}
		for _, name := range names {
			if _, has := of[other][name[1]]; has {
				t.Errorf("%s has %s, which the templates give %s alone", other, name[1], role)
			}
		}
	}
	for name, has := range map[string]struct{ intake, sync bool }{
		"DATAVERSE_WEBHOOK_SECRET": {true, false}, "PARTNER_CENTER_EXTRA_ROOTS_FILE": {true, false}, "PARTNER_CENTER_CLIENT_SECRET": {false, true},
		"SYNC_OPERATOR_KEYS": {false, true}, "ACME_PARTNER_CENTER_CLIENT_SECRET": {false, true}, "SYNC_TENANTS": {true, true}, "SYNC_SHARE": {true, true},
		"TABLES_CONNECTION_STRING": {true, true}, "FUNCTIONS_WORKER_RUNTIME": {false, false},
	} {
		_, intake := of[roleIntake][name]
		_, sync := of[roleSync][name]
		if intake != has.intake || sync != has.sync {
			t.Errorf("%s: intake has it: %v, sync has it: %v", name, intake, sync)
		}
	}
	if of[roleIntake]["AZURE_CLIENT_ID"] == of[roleSync]["AZURE_CLIENT_ID"] {
		t.Error("both apps have the same identity")
	}
}

// Two processes are at work; the one that makes the call dies, or the one that was named, and nobody else.
func TestKillAtACallKillsTheProcessThatMakesIt(t *testing.T) {
	w := laidOut(t, Options{Layout: LayoutFlex2})
	host := w.Local().Host.Control
	pids := func() map[string]int {
		out := map[string]int{}
		for _, p := range w.host.Status().Processes {
			out[p.Name] = p.PID
		}
		return out
	}
	before := pids()
	if len(before) != 5 {
		t.Fatalf("%v", before)
	}
	call := control.KillAfter{Host: partnercentersim.ReferralsHost, Method: "GET"}
	if status, answer := ask(t, http.MethodPost, host+"/kill", control.Kill{Process: "operator#1", After: &call}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if err := w.host.Trigger(t.Context(), "reconcile"); err != nil || !maps.Equal(before, pids()) {
		t.Errorf("%v: another's call killed somebody: %v, before %v", err, pids(), before)
	}
	if status, answer := ask(t, http.MethodPost, host+"/kill", control.Kill{After: &call}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if err := w.host.Trigger(t.Context(), "reconcile"); err == nil {
		t.Error("the invocation of a killed handler succeeded")
	}
	if err := w.AwaitRestart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	after := pids()
	for name, pid := range before {
		if dead := after[name] != pid; dead != (name == "reconcile#1") {
			t.Errorf("%s died is %v", name, dead)
		}
	}
	if status, answer := ask(t, http.MethodPost, host+"/kill", control.Kill{Process: "nobody#1", After: &call}); status != http.StatusBadRequest || !strings.Contains(answer["error"].(string), "partnercentertocrm#2") {
		t.Errorf("%d %v", status, answer)
	}
}

func TestIdleAndClockAreThoseOfAllProcesses(t *testing.T) {
	w := laidOut(t, Options{Layout: LayoutFlex2})
	l := w.Local()
	if l.Layout != LayoutFlex2 {
		t.Errorf("local.json says %q", l.Layout)
	}
	slow := control.Fault{Do: "delay", Delay: "1s", Times: 1}
	if status, answer := ask(t, http.MethodPost, l.PartnerCenter.Control+"/faults", slow); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if status, answer := ask(t, http.MethodPost, l.Host.Control+"/clock", control.Clock{Advance: "73h"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	await(t, "the timer that became due in a process of its own", func() bool { return w.host.Busy() > 0 })
	if status, answer := ask(t, http.MethodGet, l.Host.Control+"/idle?wait=50", nil); status != http.StatusRequestTimeout {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := ask(t, http.MethodGet, l.Host.Control+"/idle?wait=10000", nil); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
	var entries []control.Entry
	for _, e := range historyOf(t, l.Host.Control) {
		if e.URL == "/reconcile" && e.RequestHeaders["process"] == "reconcile#1" {
			entries = append(entries, e)
		}
	}
	if len(entries) != 1 {
		t.Errorf("%d runs of the timer", len(entries))
	}
}
