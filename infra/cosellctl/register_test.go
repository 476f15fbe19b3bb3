package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/functions/webhookregistration"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

const (
	oursURL  = "https://cosell.example/api/partnercenterwebhook/default"
	otherURL = "https://old.example/hook"
)

// tenant is Partner Center: its one registration, and what it was asked.
type tenant struct {
	current partnercenter.Registration
	deaf    bool  // test events do not arrive
	tests   error // what asking for a test event comes to
	asked   []string
}

func (f *tenant) Registration(context.Context) (partnercenter.Registration, bool, error) {
	f.asked = append(f.asked, "read")
	return f.current, f.current.WebhookURL != "", nil
}

func (f *tenant) Register(_ context.Context, r partnercenter.Registration) (partnercenter.Registration, error) {
	f.asked, f.current = append(f.asked, "register"), r
	return r, nil
}

func (f *tenant) Replace(_ context.Context, r partnercenter.Registration) (partnercenter.Registration, error) {
	f.asked, f.current = append(f.asked, "replace"), r
	return r, nil
}

func (f *tenant) SendTestEvent(context.Context) (string, error) {
	f.asked = append(f.asked, "test")
	return "c-1", f.tests
}

func (f *tenant) TestEvent(context.Context, string) (partnercenter.TestResult, error) {
	code := map[bool]string{true: "NotFound", false: "Accepted"}[f.deaf]
	return partnercenter.TestResult{Status: "completed", URL: f.current.WebhookURL, Results: []partnercenter.TestAttempt{{ResponseCode: code, ResponseMessage: "nobody there"}}}, nil
}

// row is where the app remembers the registration.
type row struct{ text string }

func (r *row) Registration(context.Context) (string, error) { return r.text, nil }

func (r *row) SaveRegistration(_ context.Context, seen string) error { r.text = seen; return nil }

// serving is the app's own function webhookregistration over a Partner Center; it keeps what it was called with.
func serving(f *tenant, mode string, calls *[]string) http.Handler {
	h := &webhookregistration.Handler{Registrations: f, URL: oursURL, Memory: &row{}, Now: time.Now, Register: mode}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*calls = append(*calls, r.Method+" "+r.URL.RequestURI())
		r.SetPathValue("action", strings.Trim(strings.TrimPrefix(r.URL.Path, registrationRoute), "/"))
		h.ServeHTTP(w, r)
	})
}

func TestRegisterShowsWhatIsThereAndDoesWhatIsNeeded(t *testing.T) {
	get, post, test := "GET /api/webhookregistration", "POST /api/webhookregistration", "POST /api/webhookregistration/test"
	nothing := partnercenter.Registration{}
	ours := partnercenter.Registration{WebhookURL: oursURL, Events: partnercenter.Events()}
	missing := partnercenter.Registration{WebhookURL: oursURL, Events: partnercenter.Events()[1:]}
	other := partnercenter.Registration{WebhookURL: otherURL, Events: []string{"subscription-updated"}}
	for name, c := range map[string]struct {
		now   partnercenter.Registration
		mode  string
		args  string
		deaf  bool
		code  int
		calls []string
		asked string // of Partner Center
		says  []string
	}{
		"nothing yet":              {nothing, "report", "register", false, fine, []string{post, test}, "read register test", []string{oursURL, "registered", "delivered"}},
		"nothing yet, the plan":    {nothing, "report", "register --plan", false, found, []string{get}, "read", []string{"nothing", "register it"}},
		"ours":                     {ours, "report", "register", false, fine, []string{post}, "read", []string{"kept", oursURL}},
		"ours, the plan":           {ours, "report", "register --plan", false, fine, []string{get}, "read", []string{"ours", "keep it"}},
		"ours, and a test":         {ours, "report", "register --test", false, fine, []string{post, test}, "read test", []string{"kept", "delivered"}},
		"events missing":           {missing, "restore", "register", false, fine, []string{post, test}, "read replace test", []string{"completed"}},
		"events missing, the plan": {missing, "restore", "register --plan", false, found, []string{get}, "read", []string{"missing     " + partnercenter.Events()[0], "complete it"}},
		"another's":                {other, "report", "register", false, found, []string{post}, "read", []string{otherURL, "--overwrite", oursURL, "hears nothing any more"}},
		"another's, the plan":      {other, "report", "register --plan", false, found, []string{get}, "read", []string{otherURL + " (another's)", "subscription-updated", "without --overwrite"}},
		"another's, overwritten":   {other, "report", "register --overwrite", false, fine, []string{post, test}, "read replace test", []string{"replaced", "delivered"}},
		"no event arrives":         {missing, "restore", "register", true, found, []string{post, test}, "read replace test", []string{"not delivered to " + oursURL, "nobody there"}},
		"never":                    {other, "never", "register --overwrite", false, found, []string{post}, "", []string{"SYNC_REGISTER is never", "report or restore"}},
		"never, and a test":        {other, "never", "register --test", false, found, []string{post}, "", []string{"SYNC_REGISTER is never"}},
		"never, the plan":          {other, "never", "register --plan", false, fine, []string{get}, "read", []string{otherURL, "SYNC_REGISTER is never"}},
		"of another tenant":        {ours, "report", "register --tenant fr", false, fine, []string{post + "?tenant=fr"}, "read", []string{"kept"}},
	} {
		a, environ := newApp(t)
		at, calls := &tenant{current: c.now, deaf: c.deaf}, []string{}
		a.Config.Handler = serving(at, c.mode, &calls)
		code, out, errOut := ctl(t, environ, strings.Fields(c.args)...)
		if code != c.code || strings.Join(calls, ",") != strings.Join(c.calls, ",") || strings.Join(at.asked, " ") != c.asked {
			t.Errorf("%s: code %d, called %q, Partner Center was asked %q\n%s%s", name, code, calls, at.asked, out, errOut)
		}
		for _, part := range c.says {
			if !strings.Contains(out+errOut, part) {
				t.Errorf("%s: %q is missing in\n%s%s", name, part, out, errOut)
			}
		}
		if strings.Count(errOut, "\n") > 1 {
			t.Errorf("%s: more than a sentence: %s", name, errOut)
		}
	}
}

func TestRegisterAnswersInJSON(t *testing.T) {
	a, environ := newApp(t)
	a.Config.Handler = serving(&tenant{}, "report", &[]string{})
	code, out, _ := ctl(t, environ, "register", "--json")
	var r registering
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != fine || r.Result != "registered" || r.Test == nil || !r.Test.Delivered {
		t.Errorf("%d %v %s", code, err, out)
	}
}

// A registration that cannot be followed by a test event is there all the same, and says so.
func TestRegisterTellsOfATestThatCannotBeAskedFor(t *testing.T) {
	a, environ := newApp(t)
	a.Config.Handler = serving(&tenant{tests: fault.Wait(time.Minute, "two a minute")}, "report", &[]string{})
	code, out, errOut := ctl(t, environ, "register")
	if code != unreachable || !strings.Contains(out, "registered") || !strings.Contains(errOut, "two a minute") {
		t.Errorf("%d %s%s", code, out, errOut)
	}
}

// What a consent needs comes from the environment, a file, or a world; it never asks the app.
func TestConsentNamesTheSettingsThatItLacks(t *testing.T) {
	code, _, errOut := ctl(t, []string{"PARTNER_CENTER_TENANT=contoso.example"}, "consent")
	for _, name := range []string{"PARTNER_CENTER_CLIENT_ID", "PARTNER_CENTER_CLIENT_SECRET", "PARTNER_CENTER_VAULT_URL"} {
		if code != wrongUse || !strings.Contains(errOut, name+" is missing") {
			t.Errorf("code %d: %s", code, errOut)
		}
	}
	if code, _, errOut := ctl(t, nil, "consent", "--local", "nowhere.json"); code != wrongUse || !strings.Contains(errOut, "make run") {
		t.Errorf("code %d: %s", code, errOut)
	}
}

// What cannot be meant is said before anything else is looked at.
func TestConsentTakesArgumentsThatCanBeMeant(t *testing.T) {
	for args, says := range map[string]string{"--port 70000": "--port must be", "--port=-1": "--port must be", "--within 0s": "--within must be", "--within=-5m": "--within must be", "--user integration": "--user must be"} {
		if code, _, errOut := ctl(t, nil, append([]string{"consent"}, strings.Fields(args)...)...); code != wrongUse || !strings.Contains(errOut, says) {
			t.Errorf("%s: code %d: %s", args, code, errOut)
		}
	}
}

// A world on this machine says everything that a consent needs; what the shell has for another installation does not count.
func TestAWorldHasTheSettingsOfAConsent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "local.json")
	text := `{"caFile":"ca.pem","simulated":"a=127.0.0.1:1","product":{"url":"https://localhost:1","operatorKey":"k"},
		"vault":{"host":"v.vault.azure.net","tenant":"t","clientId":"me","clientSecret":"mine","refreshTokenSecret":"rt"},
		"partnerCenter":{"tenant":"t","clientId":"app","clientSecret":"s"},
		"tenants":{"north-de":{"tenant":"t2","clientId":"app2","clientSecret":"s2","refreshTokenSecret":"rt-2"}}}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := settings(commands{Local: file}, []string{"PARTNER_CENTER_TENANT=of-production", "SYNC_OPERATOR_KEYS=ann=x", "OTHER=kept"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"PARTNER_CENTER_TENANT": "t", "PARTNER_CENTER_CLIENT_ID": "app", "PARTNER_CENTER_CLIENT_SECRET": "s", "PARTNER_CENTER_VAULT_URL": "https://v.vault.azure.net",
		"PARTNER_CENTER_REFRESH_TOKEN_SECRET": "rt", "AZURE_CLIENT_ID": "me", "AZURE_CLIENT_SECRET": "mine", "SYNC_SIMULATED": "a=127.0.0.1:1", "SYNC_CA_FILE": "ca.pem", "SYNC_OPERATOR_KEY": "k",
		"SYNC_OPERATOR_KEYS": "", "SYNC_TENANTS": "north-de", "NORTH_DE_PARTNER_CENTER_CLIENT_ID": "app2", "NORTH_DE_PARTNER_CENTER_REFRESH_TOKEN_SECRET": "rt-2", "OTHER": "kept"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}
