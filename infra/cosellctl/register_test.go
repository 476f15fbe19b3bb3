package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	oursURL  = "https://cosell.example/api/partnercenterwebhook/default"
	otherURL = "https://old.example/hook"
)

// registering answers like the function webhookregistration: what is registered, and what registering makes of it.
func registering(now registration, delivered bool) (http.HandlerFunc, *[]string) {
	calls := &[]string{}
	return func(w http.ResponseWriter, r *http.Request) {
		*calls = append(*calls, r.Method+" "+r.URL.RequestURI())
		now.Wanted = oursURL
		switch {
		case strings.HasSuffix(r.URL.Path, "/test"):
			_ = json.NewEncoder(w).Encode(map[string]any{"status": "completed", "delivered": delivered, "url": now.URL, "attempts": []map[string]string{{"code": "NotFound", "message": "nobody there"}}})
			return
		case r.Method == http.MethodPost:
			var ask struct{ Overwrite bool }
			_ = json.NewDecoder(r.Body).Decode(&ask)
			now.Result = map[string]string{"keep": "kept", "register": "registered", "complete": "completed", "replace": "replaced"}[now.would(ask.Overwrite)]
			if now.Result == "" {
				w.WriteHeader(http.StatusConflict)
				_ = json.NewEncoder(w).Encode(map[string]string{"error": "it is another's"})
				return
			}
			now.Registered, now.Ours, now.Complete, now.URL, now.Missing = true, true, true, oursURL, nil
		}
		_ = json.NewEncoder(w).Encode(now)
	}, calls
}

func TestRegisterShowsWhatIsThereAndDoesWhatIsNeeded(t *testing.T) {
	get, post, test := "GET /api/webhookregistration", "POST /api/webhookregistration", "POST /api/webhookregistration/test"
	ours := registration{Registered: true, Ours: true, Complete: true, URL: oursURL, Register: "report"}
	missing := registration{Registered: true, Ours: true, URL: oursURL, Missing: []string{"referral-created"}, Register: "restore"}
	other := registration{Registered: true, URL: otherURL, Events: []string{"subscription-updated"}, Register: "report"}
	never := registration{Registered: true, URL: otherURL, Register: "never"}
	for name, c := range map[string]struct {
		now   registration
		args  string
		deaf  bool
		code  int
		calls []string
		says  []string
	}{
		"nothing yet":              {registration{Register: "report"}, "register", false, fine, []string{get, post, test}, []string{oursURL, "registered", "delivered"}},
		"nothing yet, the plan":    {registration{Register: "report"}, "register --plan", false, found, []string{get}, []string{"nothing", "register it"}},
		"ours":                     {ours, "register", false, fine, []string{get, post}, []string{"kept", oursURL}},
		"ours, the plan":           {ours, "register --plan", false, fine, []string{get}, []string{"ours", "keep it"}},
		"ours, and a test":         {ours, "register --test", false, fine, []string{get, post, test}, []string{"kept", "delivered"}},
		"events missing":           {missing, "register", false, fine, []string{get, post, test}, []string{"completed"}},
		"events missing, the plan": {missing, "register --plan", false, found, []string{get}, []string{"missing     referral-created", "complete it"}},
		"another's":                {other, "register", false, found, []string{get}, []string{otherURL, "--overwrite", oursURL}},
		"another's, the plan":      {other, "register --plan", false, found, []string{get}, []string{otherURL + " (another's)", "subscription-updated", "without --overwrite"}},
		"another's, overwritten":   {other, "register --overwrite", false, fine, []string{get, post, test}, []string{"replaced", "delivered"}},
		"no event arrives":         {missing, "register", true, found, []string{get, post, test}, []string{"not delivered to " + oursURL, "nobody there"}},
		"never":                    {never, "register --overwrite", false, found, []string{get}, []string{"SYNC_REGISTER is never", otherURL}},
		"never, the plan":          {never, "register --plan", false, fine, []string{get}, []string{otherURL, "SYNC_REGISTER is never"}},
		"of another tenant":        {ours, "register --tenant fr", false, fine, []string{get + "?tenant=fr", post + "?tenant=fr"}, []string{"kept"}},
	} {
		a, environ := newApp(t)
		handler, calls := registering(c.now, !c.deaf)
		a.Config.Handler = handler
		code, out, errOut := ctl(t, environ, strings.Fields(c.args)...)
		if code != c.code || strings.Join(*calls, ",") != strings.Join(c.calls, ",") {
			t.Errorf("%s: code %d, asked %q\n%s%s", name, code, *calls, out, errOut)
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
	a.Config.Handler, _ = registering(registration{Register: "report"}, true)
	code, out, _ := ctl(t, environ, "register", "--json")
	var r registration
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != fine || r.Result != "registered" || r.Test == nil || !r.Test.Delivered {
		t.Errorf("%d %v %s", code, err, out)
	}
}

// A registration that cannot be followed by a test event is there all the same, and says so.
func TestRegisterTellsOfATestThatCannotBeAskedFor(t *testing.T) {
	a, environ := newApp(t)
	handler, _ := registering(registration{Register: "report"}, true)
	a.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/test") {
			w.WriteHeader(http.StatusTooManyRequests)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "two a minute"})
			return
		}
		handler(w, r)
	})
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
