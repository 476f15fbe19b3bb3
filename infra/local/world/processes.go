package world

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// The layouts of Options.Layout.
const (
	LayoutOne   = "one"   // all functions in one process, as on a Dedicated or Premium plan
	LayoutFlex  = "flex"  // as on Flex Consumption: the HTTP functions of each app, each queue function and the timer by themselves
	LayoutFlex2 = "flex2" // the same, scaled out to two instances of each queue function
)

// Layouts are all of them.
func Layouts() []string { return []string{LayoutOne, LayoutFlex, LayoutFlex2} }

// The two apps of a deployment (SYNC_ROLE).
const (
	roleIntake = "intake"
	roleSync   = "sync"
)

// ofIntake are the functions of the app that takes events; all others are of the other one. Health is of both.
var ofIntake = []string{"crmwebhook", "partnercenterwebhook", "health"}

// ofBoth are the functions that both apps serve.
var ofBoth = []string{"health"}

// declared is a function of the package, as far as it matters for where it runs.
type declared struct {
	name, trigger string // trigger is the type of its binding
	queue         string // of a serviceBusTrigger
	sessions      bool
}

// declaredIn reads the functions of a packaged folder.
func declaredIn(app string) (out []declared, err error) {
	files, err := filepath.Glob(filepath.Join(app, "*", "function.json"))
	if err != nil {
		return nil, fmt.Errorf("looking for functions in %s: %w", app, err)
	}
	for _, file := range files {
		var function struct {
			Bindings []struct {
				Type              string `json:"type"`
				QueueName         string `json:"queueName"`
				IsSessionsEnabled bool   `json:"isSessionsEnabled"`
			} `json:"bindings"`
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &function)
		}
		if err != nil {
			return nil, fmt.Errorf("looking for functions in %s: %w", file, err)
		}
		for _, b := range function.Bindings {
			if strings.HasSuffix(b.Type, "Trigger") {
				out = append(out, declared{name: filepath.Base(filepath.Dir(file)), trigger: b.Type, queue: b.QueueName, sessions: b.IsSessionsEnabled})
			}
		}
	}
	return out, nil
}

// process is one handler process of a layout: which functions it serves, of which app.
type process struct {
	name, role string
	serves     []string
}

// processes lays the functions out; nil for one process that serves them all.
func processes(layout string, all []declared) []process {
	if layout != LayoutFlex && layout != LayoutFlex2 {
		return nil
	}
	named := func(role, trigger string) (names []string) {
		for _, d := range all {
			its := slices.Contains(ofIntake, d.name)
			if d.trigger == trigger && (its == (role == roleIntake) || slices.Contains(ofBoth, d.name)) {
				names = append(names, d.name)
			}
		}
		return names
	}
	var out []process
	add := func(name, role string, serves ...string) {
		if len(serves) > 0 {
			out = append(out, process{name, role, serves})
		}
	}
	add("intake#1", roleIntake, named(roleIntake, "httpTrigger")...)
	add("sync#1", roleSync, named(roleSync, "httpTrigger")...)
	instances := map[string]int{LayoutFlex: 1, LayoutFlex2: 2}[layout]
	for _, name := range named(roleSync, "serviceBusTrigger") {
		for i := range instances {
			add(fmt.Sprintf("%s#%d", name, i+1), roleSync, name)
		}
	}
	for _, name := range named(roleSync, "timerTrigger") {
		add(name+"#1", roleSync, name)
	}
	return out
}

// members are the handler processes of this world for a packaged folder, each with the settings of its app.
func (w *World) members(app string) ([]hostsim.Member, error) {
	all, err := declaredIn(app)
	if err != nil {
		return nil, err
	}
	list := processes(w.opt.Layout, all)
	if list == nil {
		return []hostsim.Member{{Settings: w.settings()}}, nil
	}
	var out []hostsim.Member
	for _, p := range list {
		settings := w.settingsOf(p.role)
		for _, d := range all {
			if !slices.Contains(p.serves, d.name) {
				settings["AzureWebJobs."+d.name+".Disabled"] = "true"
			}
		}
		out = append(out, hostsim.Member{Name: p.name, Settings: settings})
	}
	return out, nil
}

// Settings that one of the two apps has alone where the apps are two, as infra/azure/main.bicep deploys them.
var (
	settingsOfIntake = []string{"DATAVERSE_ORGANIZATION_ID", "DATAVERSE_WEBHOOK_HEADER", "DATAVERSE_WEBHOOK_SECRET", "DATAVERSE_WEBHOOK_SECRET_PREVIOUS",
		"SYNC_FORWARD_URL", "PARTNER_CENTER_CERTIFICATE_HOSTS", "PARTNER_CENTER_CERTIFICATE_SUBJECTS", "PARTNER_CENTER_EXTRA_ROOTS_FILE", "PARTNER_CENTER_INTERMEDIATES_FILE"}
	settingsOfSync = []string{"SYNC_PUBLIC_URL", "SYNC_OPERATOR_KEY", "SYNC_OPERATOR_KEY_PREVIOUS", "SYNC_OPERATOR_KEYS", "PARTNER_CENTER_TENANT",
		"PARTNER_CENTER_CLIENT_ID", "PARTNER_CENTER_CLIENT_SECRET", "PARTNER_CENTER_VAULT_URL", "PARTNER_CENTER_REFRESH_TOKEN_SECRET",
		"DATAVERSE_TENANT", "DATAVERSE_CLIENT_ID", "DATAVERSE_CLIENT_SECRET"}
)

// settingsOf are the settings of one of the two apps. What a further tenant has of its own is the sync app's. On Flex
// the worker's runtime is no setting.
// https://learn.microsoft.com/azure/azure-functions/functions-app-settings#functions_worker_runtime
func (w *World) settingsOf(role string) map[string]string {
	out := w.settings()
	others := settingsOfIntake
	if role == roleIntake {
		others = slices.Concat(settingsOfSync, sortedKeys(w.tenantSettings()))
		others = slices.DeleteFunc(others, func(name string) bool { return name == "SYNC_TENANTS" })
		maps.Copy(out, w.intakeIdentity())
	}
	for _, name := range others {
		delete(out, name)
	}
	delete(out, "FUNCTIONS_WORKER_RUNTIME")
	out["SYNC_ROLE"] = role
	return out
}
