package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetupSaysWhichSettingIsWrong(t *testing.T) {
	world := filepath.Join(t.TempDir(), "local.json")
	if err := os.WriteFile(world, []byte(`{"simulated":"other.example=127.0.0.1:1","dataverse":{"url":"https://127.0.0.1:2"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	url, simulated := "DATAVERSE_URL=https://cosell.crm4.dynamics.com", "SYNC_SIMULATED=cosell.crm4.dynamics.com=127.0.0.1:1,login.microsoftonline.com=127.0.0.1:1"
	admin := []string{"DATAVERSE_ADMIN_CLIENT_ID=ad000000-0000-4000-8000-0000000000aa", "DATAVERSE_ADMIN_CLIENT_SECRET=x", "DATAVERSE_TENANT=7e000000-0000-4000-8000-0000000000aa"}
	for name, c := range map[string]struct {
		environ []string
		args    string
		code    int
		says    string
	}{
		"no environment":       {nil, "setup dataverse", wrongUse, "DATAVERSE_URL"},
		"no https":             {[]string{"DATAVERSE_URL=http://cosell.crm4.dynamics.com"}, "setup dataverse", wrongUse, "DATAVERSE_URL"},
		"half an identity":     {append([]string{url}, admin[0]), "setup dataverse", wrongUse, "DATAVERSE_ADMIN_CLIENT_SECRET"},
		"no identity here":     {[]string{url, simulated}, "teardown", wrongUse, "--local"},
		"a host of the real":   {[]string{"DATAVERSE_URL=https://live.crm4.dynamics.com", simulated}, "setup dataverse --plan", wrongUse, "SYNC_SIMULATED does not list"},
		"no such world":        {nil, "teardown --local /no/local.json", wrongUse, "does a world run"},
		"a world without CRM":  {nil, "teardown --local " + world, wrongUse, "names no Dynamics 365"},
		"no GUID":              {append([]string{url, simulated}, admin...), "setup dataverse --app-user cosell", wrongUse, "no GUID"},
		"no such sheet":        {append([]string{url, simulated}, admin...), "setup dataverse --mapping /no/mapping.yaml", wrongUse, "field sheet"},
		"nobody answers":       {append([]string{url, simulated}, admin...), "setup dataverse --plan", unreachable, ""},
		"nobody answers there": {append([]string{url, simulated}, admin...), "teardown", unreachable, ""},
	} {
		code, out, errOut := ctl(t, c.environ, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(errOut, c.says) || strings.Contains(out+errOut, "DATAVERSE_ADMIN_CLIENT_SECRET=x") {
			t.Errorf("%s: code %d\n%s%s", name, code, out, errOut)
		}
	}
}

// Of a running world the real names stay, and only the dialer goes to this machine.
func TestTheSettingsOfAWorldAreThoseOfItsAdministrator(t *testing.T) {
	file := filepath.Join(t.TempDir(), "local.json")
	text, err := json.Marshal(map[string]any{"caFile": "/ca.pem", "simulated": "api.partner.microsoft.com=127.0.0.1:7401,cosell.crm4.dynamics.com=127.0.0.1:7405",
		"product":   map[string]any{"url": "https://localhost:7400", "crmSecretHeader": "x-key", "crmSecret": "s"},
		"dataverse": map[string]any{"url": "https://127.0.0.1:7405", "tenant": "t", "clientId": "c", "administrator": map[string]any{"clientId": "a", "clientSecret": "as"}}})
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := environment{"DATAVERSE_URL=https://live.crm4.dynamics.com", "DATAVERSE_ADMIN_CLIENT_ID=mine", "DATAVERSE_ADMIN_CLIENT_SECRET=too"}.settings(&commands{Local: file})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"DATAVERSE_URL": "https://cosell.crm4.dynamics.com", "SYNC_CA_FILE": "/ca.pem", "DATAVERSE_WEBHOOK_SECRET": "s", "DATAVERSE_CLIENT_ID": "c",
		"DATAVERSE_ADMIN_CLIENT_ID": "mine", "DATAVERSE_ADMIN_CLIENT_SECRET": "too"} {
		if got[name] != want {
			t.Errorf("%s is %q", name, got[name])
		}
	}
	if url, header, secret := got.EventsTo(); url != "https://localhost:7400/api/crmwebhook" || header != "x-key" || secret != "s" {
		t.Errorf("%s %s %s", url, header, secret)
	}
}
