package functions

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

type shipped struct {
	Type, Direction, Name, AuthLevel, Route, QueueName, Connection, Cardinality, DataType, Schedule string
	IsSessionsEnabled, RunOnStartup, UseMonitor                                                     bool
	Methods                                                                                         []string
}

func readJSON(t *testing.T, file string, v any) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return string(text)
}

// sample holds every setting, with a harmless value.
func sample(t *testing.T) map[string]string {
	t.Helper()
	var file struct{ Values map[string]string }
	readJSON(t, "../local.settings.sample.json", &file)
	return file.Values
}

// list builds the functions of a role from the sample settings, with its placeholders filled in, and others.
func list(t *testing.T, role string, others ...string) []funchost.Function {
	t.Helper()
	var environ []string
	for name, value := range sample(t) {
		value = strings.NewReplacer("changeme: 16 characters or more", "b6e1d3c0a59f4e7d", "changeme", "7fd8Q~abcdef").Replace(value)
		if name == "SYNC_ROLE" {
			value = role
		}
		environ = append(environ, name+"="+value)
	}
	a, err := app.New(append(environ, others...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return List(a)
}

func folders(t *testing.T) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestPointersOfAnotherTenantAreParked(t *testing.T) {
	for _, f := range list(t, app.Sync) {
		if f.Queue == nil {
			continue
		}
		kind := kindOn(queue.Name(f.QueueName))
		if kind == "" {
			t.Errorf("%s: All in shared/queue/queue.go has no row for its queue %s, with the kinds of record that it carries", f.Name, f.QueueName)
			continue
		}
		err := f.Queue(t.Context(), funchost.Delivery{Body: []byte(`{"v":1,"tenant":"other","kind":"` + kind + `","id":"x","seen":"2026-11-22T12:00:00Z"}`)})
		if err == nil || !strings.Contains(err.Error(), `"other"`) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func kindOn(name queue.Name) string {
	for _, q := range queue.All() {
		if q.Name == name && len(q.Kinds) > 0 {
			return q.Kinds[0]
		}
	}
	return ""
}

// Nothing else does what the sweep does. Where nothing can be reached every one of its jobs fails, and is named.
func TestTheSweepDoesAllItsJobs(t *testing.T) {
	for _, f := range list(t, app.Sync, "SYNC_STARTED=2026-03-01") {
		if f.Timer == nil {
			continue
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := f.Timer(ctx, funchost.Tick{})
		for _, job := range []string{"dead letters", "parked by an older version", "change feeds", "webhook registration", "CRM metadata", "status rows", "old copies", "daily report"} {
			if err == nil || !strings.Contains(err.Error(), job+": ") {
				t.Errorf("%s does not do %q: %v", f.Name, job, err)
			}
		}
	}
}

func TestListAndFoldersAgree(t *testing.T) {
	var names []string
	for _, f := range list(t, app.All) {
		names = append(names, f.Name)
	}
	differ(t, names, folders(t), "functions.go declares %s, and there is no folder functions/%[1]s", "functions/%s is a folder, and functions.go does not declare %[1]s")
	pattern := regexp.MustCompile(`^[a-z][a-z0-9]{0,62}$`)
	for _, name := range names {
		for _, file := range []string{"function.json", "handler.go", "handler_test.go"} {
			if _, err := os.Stat(filepath.Join(name, file)); err != nil {
				t.Errorf("functions/%s lacks %s", name, file)
			}
		}
		if !pattern.MatchString(name) {
			t.Errorf("%s is no name for a function", name)
		}
	}
}

func names(role string) (out []string) {
	for _, d := range Of(role) {
		out = append(out, d.Name)
	}
	return out
}

func TestRolesShareTheFunctions(t *testing.T) {
	intake, sync, all := names(app.Intake), names(app.Sync), names(app.All)
	both := slices.Concat(intake, sync)
	slices.Sort(both)
	if slices.Sort(all); !slices.Equal(slices.Compact(both), all) {
		t.Errorf("intake %v, sync %v, all %v", intake, sync, all)
	}
	if slices.Contains(intake, "webhookregistration") {
		t.Error("the public app serves operators")
	}
	for _, role := range []string{app.Intake, app.Sync} {
		if got := len(list(t, role)); got != len(Of(role)) {
			t.Errorf("%s serves %d functions", role, got)
		}
	}
}

func TestFunctionJSONAgreesWithTheList(t *testing.T) {
	var queues []string
	for _, f := range list(t, app.All) {
		var file struct{ Bindings []shipped }
		text := readJSON(t, filepath.Join(f.Name, "function.json"), &file)
		if len(file.Bindings) == 0 || file.Bindings[0].Direction != "in" {
			t.Errorf("%s: no trigger", f.Name)
			continue
		}
		b := file.Bindings[0]
		switch {
		case f.HTTP != nil:
			checkHTTP(t, f, file.Bindings, text)
		case f.Queue != nil:
			queues = append(queues, b.QueueName)
			want := shipped{Type: "serviceBusTrigger", Direction: "in", Name: "msg", QueueName: f.QueueName, Connection: "ServiceBus",
				Cardinality: "one", DataType: "binary", IsSessionsEnabled: true}
			checkAlone(t, f.Name, file.Bindings, want)
		default:
			want := shipped{Type: "timerTrigger", Direction: "in", Name: "tick", Schedule: "%" + timer(t, f.Name) + "%", UseMonitor: true}
			checkAlone(t, f.Name, file.Bindings, want)
		}
	}
	var want []string
	for _, n := range queue.Names() {
		want = append(want, string(n))
	}
	differ(t, want, queues, "All in shared/queue/queue.go lists %s, and no function.json is triggered by it", "a function.json is triggered by queue %s, which All in shared/queue/queue.go does not list")
}

// differ names what one of two lists has alone.
func differ(t *testing.T, a, b []string, onlyA, onlyB string) {
	t.Helper()
	for _, name := range a {
		if !slices.Contains(b, name) {
			t.Errorf(onlyA, name)
		}
	}
	for _, name := range b {
		if !slices.Contains(a, name) {
			t.Errorf(onlyB, name)
		}
	}
	for _, list := range [][]string{a, b} {
		for i, name := range list {
			if slices.Index(list, name) < i {
				t.Errorf("%s is named twice", name)
			}
		}
	}
}

// checkAlone: the trigger is the only binding, and as it has to be.
func checkAlone(t *testing.T, name string, bindings []shipped, want shipped) {
	t.Helper()
	if d := cmp.Diff([]shipped{want}, bindings, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("functions/%s/function.json does not say what functions.go declares (-declared +function.json):\n%s", name, d)
	}
}

// timer is the setting that the declaration names, and which there has to be.
func timer(t *testing.T, name string) string {
	t.Helper()
	i := slices.IndexFunc(All(), func(d Declared) bool { return d.Name == name })
	if i < 0 {
		t.Fatalf("%s is not declared", name)
	}
	setting := All()[i].Trigger.Timer
	if _, ok := sample(t)[setting]; !ok {
		t.Errorf("%s runs by the setting %s, which local.settings.sample.json lacks, and so perhaps Config in shared/app/config.go", name, setting)
	}
	return setting
}

func TestEveryFunctionHasOneTriggerAndWhatItCalls(t *testing.T) {
	built := list(t, app.All)
	for i, d := range All() {
		triggers, f := 0, built[i]
		for _, set := range []bool{d.Trigger.Route != "", d.Trigger.Queue != "", d.Trigger.Timer != ""} {
			if set {
				triggers++
			}
		}
		if triggers != 1 || (d.Trigger.Route != "") != (f.HTTP != nil) || (d.Trigger.Queue != "") != (f.Queue != nil) || (d.Trigger.Timer != "") != (f.Timer != nil) || f.Name != d.Name {
			t.Errorf("%s: %d triggers, built as %+v", d.Name, triggers, f)
		}
	}
}

// checkHTTP: exactly one http in and one http out, else the host does not hand requests over raw; methods
// left out, else the host answers 404 where we want 405; and no key of the host's, since ours guard.
func checkHTTP(t *testing.T, f funchost.Function, bindings []shipped, text string) {
	t.Helper()
	want := []shipped{{Type: "httpTrigger", Direction: "in", Name: "req", AuthLevel: "anonymous", Route: f.Route}, {Type: "http", Direction: "out", Name: "res"}}
	if d := cmp.Diff(want, bindings, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("functions/%s/function.json does not say what functions.go declares (-declared +function.json):\n%s", f.Name, d)
	}
	if strings.Contains(text, `"methods"`) {
		t.Errorf("%s: methods must be left out", f.Name)
	}
}

func TestHostJSONHandsHTTPOverRawInBothModes(t *testing.T) {
	var host struct {
		FunctionTimeout string
		CustomHandler   struct {
			Description                                            struct{ DefaultExecutablePath string }
			EnableProxyingHTTPRequest, EnableForwardingHTTPRequest bool
		}
		Extensions struct {
			HTTP       struct{ RoutePrefix string }
			ServiceBus struct {
				MaxConcurrentSessions int
				SessionIdleTimeout    string
				AutoCompleteMessages  *bool
			}
		}
	}
	readJSON(t, "../host.json", &host)
	if !host.CustomHandler.EnableProxyingHTTPRequest || !host.CustomHandler.EnableForwardingHTTPRequest {
		t.Error("host.json must turn on both HTTP modes: newer hosts proxy, older ones forward")
	}
	if host.CustomHandler.Description.DefaultExecutablePath != "handler" || host.Extensions.HTTP.RoutePrefix != "api" || host.FunctionTimeout != "00:05:00" {
		t.Errorf("%+v", host)
	}
	sb := host.Extensions.ServiceBus
	if sb.MaxConcurrentSessions < 32 || sb.SessionIdleTimeout != "00:00:01" || sb.AutoCompleteMessages != nil {
		t.Errorf("%+v: the defaults allow 8 records a minute", sb)
	}
}

// The whole list behind the host's protocol, with nobody to call: strangers get what the contract says.
func TestStrangersAreTurnedAwayByEveryFunction(t *testing.T) {
	h := funchost.NewServer(list(t, app.All), nil, funchost.Options{})
	for _, c := range []struct {
		method, path, key string
		status            int
	}{
		{"POST", "/api/partnercenterwebhook", "", 401},
		{"POST", "/api/partnercenterwebhook/default", "", 401},
		{"POST", "/api/partnercenterwebhook/other", "", 404},
		{"GET", "/api/partnercenterwebhook", "", 405},
		{"POST", "/api/crmwebhook", "", 401},
		{"POST", "/api/crmwebhook/default", "", 404},
		{"OPTIONS", "/api/crmwebhook", "", 405},
		{"GET", "/api/webhookregistration", "", 401},
		{"POST", "/api/webhookregistration/test", "wrong", 401},
		{"PUT", "/api/webhookregistration", "b6e1d3c0a59f4e7d", 405},
		{"POST", "/api/webhookregistration", "b6e1d3c0a59f4e7d", 400},
		{"POST", "/api/health", "", 405},
		{"GET", "/api/reconcile", "", 404},
		{"POST", "/crmwebhook", "", 400},
		{"GET", "/", "", 200},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, c.path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		if c.key != "" {
			r.Header.Set(funchost.OperatorKey, c.key)
		}
		if h.ServeHTTP(w, r); w.Code != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, w.Code, c.status, w.Body)
		}
	}
}

func TestATenantWhoseSystemsAreSlowLeavesTimeToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &app.App{Tenant: "slow", Further: []*app.App{{Tenant: "b"}, {Tenant: "c"}}}
		var had []time.Duration
		job := each(a, func(ctx context.Context, its *app.App) error {
			end, _ := ctx.Deadline()
			had = append(had, time.Until(end).Round(time.Second))
			<-ctx.Done()
			return ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Second)
		defer cancel()
		_ = job(ctx)
		if want := []time.Duration{140 * time.Second, 30 * time.Second, 30 * time.Second}; !slices.Equal(had, want) {
			t.Errorf("the tenants had %v, wanted %v", had, want)
		}
	})
}
