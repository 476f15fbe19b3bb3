package app

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
)

// names are the settings in Config, from its tags.
func names(t *testing.T) (out []string) {
	t.Helper()
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		out = append(out, p.Key)
	}
	slices.Sort(out)
	return out
}

func TestSampleHoldsEverySettingAndNoOther(t *testing.T) {
	values := sample(t)
	delete(values, "FUNCTIONS_WORKER_RUNTIME")
	delete(values, "AzureWebJobsStorage")
	if got, want := slices.Sorted(maps.Keys(values)), names(t); !slices.Equal(got, want) {
		t.Errorf("the sample has %v\nthe settings are %v", got, want)
	}
	params, _ := env.GetFieldParams(&Config{})
	for _, p := range params {
		if p.HasDefaultValue && values[p.Key] != p.DefaultValue {
			t.Errorf("%s is %q in the sample and %q by default", p.Key, values[p.Key], p.DefaultValue)
		}
	}
}

func TestEverySettingSaysWhy(t *testing.T) {
	text, err := os.ReadFile("config.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := false
	for _, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "//"):
			documented = true
		case line == "":
			documented = false
		case strings.Contains(line, "`env:") && !documented:
			t.Errorf("no comment above: %s", line)
		}
	}
}

func TestRealAndSimulatedSettingsAreAccepted(t *testing.T) {
	for name, settings := range map[string]map[string]string{"production": production(t), "laptop": laptop(t)} {
		for _, role := range []string{All, Intake, Sync} {
			settings["SYNC_ROLE"] = role
			a, err := New(environ(settings), io.Discard)
			if err != nil {
				t.Errorf("%s, %s: %v", name, role, err)
				continue
			}
			if (a.Ledger == nil) != (role == Intake) || (a.CRMEvents == nil) != (role == Sync) || (a.Post == nil) != (role == Intake) {
				t.Errorf("%s: built %+v", role, a)
			}
		}
	}
}

// TestTheAPIsAddressOfTheCRMIsThePlainOne: administrators copy either; tokens and events know only the
// plain one.
func TestTheAPIsAddressOfTheCRMIsThePlainOne(t *testing.T) {
	s := production(t)
	s["DATAVERSE_URL"] = "https://Contoso.api.crm4.dynamics.com/api/data/v9.2/"
	c, err := load(environ(s))
	if err != nil || c.DataverseURL != "https://contoso.crm4.dynamics.com" {
		t.Errorf("%q, %v", c.DataverseURL, err)
	}
}

func TestIntakeDemandsNoCredential(t *testing.T) {
	s := production(t)
	s["SYNC_ROLE"] = Intake
	for name := range s {
		if strings.Contains(name, "CLIENT_SECRET") || strings.HasPrefix(name, "TABLES") || strings.Contains(name, "VAULT") || strings.Contains(name, "OPERATOR") {
			delete(s, name)
		}
	}
	if _, err := New(environ(s), io.Discard); err != nil {
		t.Error(err)
	}
}

func TestEveryMistakeIsNamedAtOnceAndNoValueShown(t *testing.T) {
	const shown = "hunter2-value"
	wrong := map[string]string{
		"SYNC_ROLE": shown, "SYNC_PUBLIC_URL": "http://" + shown, "SYNC_TENANT_ALIAS": "UPPER " + shown,
		"SYNC_GUARD": shown, "SYNC_POST_TIMEOUT": "-" + shown, "SYNC_SETTLE": "1" + shown, "SYNC_WON_GUARD": shown, "SYNC_DEAL_REGISTRATION": shown, "SYNC_WON_GUARD_AGE": "0s",
		"SYNC_REGISTRABLE_VALUE": shown, "SYNC_CHECK_MARK": shown, "SYNC_COSELL_ONLY": shown, "SYNC_CONVERT_COUNTRY": shown, "SYNC_RECONCILE_SCHEDULE": shown,
		"SYNC_MAPPING_FILE": "/no/" + shown, "SYNC_CA_FILE": "/no/" + shown, "PARTNER_CENTER_EXTRA_ROOTS_FILE": "/no/" + shown,
		"PARTNER_CENTER_URL": shown, "PARTNER_CENTER_WEBHOOKS_URL": "ftp://" + shown, "PARTNER_CENTER_LOGIN_URL": "https://" + shown + "/path",
		"PARTNER_CENTER_VAULT_URL": "https://user:" + shown + "@x", "PARTNER_CENTER_TENANT": "", "PARTNER_CENTER_CLIENT_ID": "", "PARTNER_CENTER_CLIENT_SECRET": "changeme",
		"PARTNER_CENTER_REFRESH_TOKEN_SECRET": "", "PARTNER_CENTER_CERTIFICATE_HOSTS": "https://" + shown, "PARTNER_CENTER_INTERMEDIATES_FILE": "/no/" + shown,
		"PARTNER_CENTER_REFERRAL_LINK": shown, "PARTNER_CENTER_TIME_ZONE": shown, "PARTNER_CENTER_REASONS": shown, "DATAVERSE_TIME_ZONE": shown,
		"SYNC_STARTED": shown, "SYNC_TAKEOVER": shown, "SYNC_FOREIGN_CRM_ID": shown, "SYNC_CONTACT_CONSENT": shown, "SYNC_DECLINE_GRACE": shown,
		"SYNC_ACCEPT_STRICT": shown, "SYNC_AUDIT_SUCCESS": shown, "SYNC_LAST_SYNC": shown, "SYNC_FEED_OVERLAP": shown, "SYNC_REGISTER": shown,
		"SYNC_SIMULATED_CLOCK": "/no/" + shown,
		"DATAVERSE_URL":        shown, "DATAVERSE_TENANT": "", "DATAVERSE_CLIENT_SECRET": "", "DATAVERSE_ORGANIZATION_ID": shown, "DATAVERSE_WEBHOOK_HEADER": "a b",
		"DATAVERSE_WEBHOOK_SECRET": "short", "ServiceBus": shown, "TABLES_CONNECTION_STRING": shown,
		"AZURE_TENANT_ID": "", "AZURE_CLIENT_ID": "", "AZURE_CLIENT_SECRET": "@Microsoft.KeyVault(SecretUri=" + shown + ")", "SYNC_OPERATOR_KEY": "",
	}
	s := production(t)
	maps.Copy(s, wrong)
	_, err := New(environ(s), io.Discard)
	if err == nil {
		t.Fatal("started")
	}
	for name := range wrong {
		if !strings.Contains(err.Error(), "  "+name+" ") {
			t.Errorf("%s is not named", name)
		}
	}
	if strings.Contains(err.Error(), shown) {
		t.Errorf("a value is shown:\n%s", err)
	}
}

func TestSampleAsItIsRefused(t *testing.T) {
	_, err := New(environ(sample(t)), io.Discard)
	if err == nil {
		t.Fatal("the placeholders of the sample were taken for secrets")
	}
	for _, name := range []string{"SYNC_OPERATOR_KEY", "PARTNER_CENTER_CLIENT_SECRET", "DATAVERSE_CLIENT_SECRET", "DATAVERSE_WEBHOOK_SECRET"} {
		if !strings.Contains(err.Error(), name+" is a placeholder") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRealAndSimulatedAreNeverMixed(t *testing.T) {
	live, simulated := production(t), laptop(t)
	change := func(s map[string]string, name, value string) map[string]string {
		s = maps.Clone(s)
		s[name] = value
		return s
	}
	without := func(host string) string {
		var left []string
		for _, entry := range strings.Split(simulated["SYNC_SIMULATED"], ",") {
			if !strings.HasPrefix(entry, host+"=") {
				left = append(left, entry)
			}
		}
		return strings.Join(left, ",")
	}
	cases := map[string]struct {
		settings map[string]string
		name     string
	}{
		"CA of a simulated world":     {change(live, "SYNC_CA_FILE", simulated["SYNC_CA_FILE"]), "SYNC_CA_FILE"},
		"clock of a simulated world":  {change(live, "SYNC_SIMULATED_CLOCK", simulated["SYNC_CA_FILE"]), "SYNC_SIMULATED_CLOCK"},
		"root of simulated events":    {change(live, "PARTNER_CENTER_EXTRA_ROOTS_FILE", simulated["SYNC_CA_FILE"]), "PARTNER_CENTER_EXTRA_ROOTS_FILE"},
		"loopback CRM":                {change(live, "DATAVERSE_URL", "https://localhost:7405"), "DATAVERSE_URL"},
		"loopback Partner Center":     {change(live, "PARTNER_CENTER_URL", "https://127.0.0.1"), "PARTNER_CENTER_URL"},
		"loopback public URL":         {change(live, "SYNC_PUBLIC_URL", "https://[::1]:1"), "SYNC_PUBLIC_URL"},
		"emulated Service Bus":        {change(live, "ServiceBus", simulated["ServiceBus"]), "ServiceBus"},
		"emulated tables":             {change(live, "TABLES_CONNECTION_STRING", simulated["TABLES_CONNECTION_STRING"]), "TABLES_CONNECTION_STRING"},
		"simulated, real Service Bus": {change(simulated, "ServiceBus", "Endpoint=sb://cosell.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=eA=="), "ServiceBus"},
		"simulated, real tables":      {change(simulated, "TABLES_CONNECTION_STRING", "AccountName=cosell;AccountKey=eA=="), "TABLES_CONNECTION_STRING"},
		"malformed list":              {change(simulated, "SYNC_SIMULATED", "api.partner.microsoft.com=10.0.0.1:80"), "SYNC_SIMULATED"},
	}
	for host, name := range map[string]string{
		"api.partner.microsoft.com": "PARTNER_CENTER_URL", "api.partnercenter.microsoft.com": "PARTNER_CENTER_WEBHOOKS_URL",
		"login.microsoftonline.com": "PARTNER_CENTER_LOGIN_URL", "3psostorageacct.blob.core.windows.net": "PARTNER_CENTER_CERTIFICATE_HOSTS",
		"org.crm4.dynamics.com": "DATAVERSE_URL", "cosell.vault.azure.net": "PARTNER_CENTER_VAULT_URL",
	} {
		cases["simulated without "+host] = struct {
			settings map[string]string
			name     string
		}{change(simulated, "SYNC_SIMULATED", without(host)), name}
	}
	for what, c := range cases {
		if _, err := New(environ(c.settings), io.Discard); err == nil || !strings.Contains(err.Error(), "  "+c.name+" ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestMistakesInTheFieldSheetAreReportedWithTheOthers(t *testing.T) {
	s := production(t)
	s["SYNC_MAPPING_FILE"] = filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(s["SYNC_MAPPING_FILE"], []byte("- {field: dealValue, as: nonsense}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s["SYNC_ROLE"] = "both"
	_, err := New(environ(s), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "mapping.yaml:1") || !strings.Contains(err.Error(), "SYNC_ROLE") {
		t.Errorf("%v", err)
	}
}

// What was packed counts without a setting: whoever packs it and publishes has said enough.
func TestAPackedFieldSheetIsInForce(t *testing.T) {
	s := production(t)
	t.Chdir(t.TempDir())
	write := func(text string) {
		if err := os.WriteFile("mapping.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("- {field: dealValue, as: nonsense}\n")
	if _, err := New(environ(s), io.Discard); err == nil || !strings.Contains(err.Error(), "mapping.yaml:1") {
		t.Errorf("it is not read: %v", err)
	}
	s["SYNC_MAPPING_FILE"] = filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(s["SYNC_MAPPING_FILE"], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(environ(s), io.Discard); err != nil {
		t.Errorf("another one is named: %v", err)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "b6e1d3c0a59f4e7d"
	s := Secret{text}
	c := Config{OperatorKey: s}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "config", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "config", c)
	out := string(encoded) + log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb+verb+verb, s, &s, c)
	}
	if strings.Contains(out, text) || strings.Contains(out, fmt.Sprintf("%x", text)) {
		t.Errorf("shown: %s", out)
	}
	if s.Reveal() != text {
		t.Error("the secret is lost")
	}
}

func TestSimulatorIsFoundByHostAndPort(t *testing.T) {
	const list = "a.example=127.0.0.1:1, ns.servicebus.windows.net:5671=127.0.0.1:2,ns.servicebus.windows.net=127.0.0.1:3"
	for host, want := range map[string]string{"A.example": "127.0.0.1:1", "ns.servicebus.windows.net": "127.0.0.1:2", "other": ""} {
		if got := simulator(list, host, "5671"); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

func TestFlagsAndDatesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]Flag{"true": {On: true}, "Yes": {On: true}, "No": {}, "FALSE": {}, "1": {bad: true}, "ja": {bad: true}} {
		var got Flag
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"2026-03-01": "2026-03-01T00:00:00Z", "2026-03-01T08:00:00+02:00": "2026-03-01T06:00:00Z"} {
		var got Date
		if err := got.UnmarshalText([]byte(text)); err != nil || got.bad || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// Each of these would stop something for good, or mean another thing than it says, without an error.
func TestValuesThatStopSomethingSilentlyAreRefused(t *testing.T) {
	for setting, wrong := range map[string][]string{
		"SYNC_GUARD":                   {"1ns", "10m", "5", "5 s", "-5s"},
		"SYNC_POST_TIMEOUT":            {"1ms", "1h"},
		"SYNC_SETTLE":                  {"9999h"},
		"SYNC_DECLINE_GRACE":           {"400h"},
		"SYNC_WON_GUARD_AGE":           {"9999h"},
		"SYNC_FEED_OVERLAP":            {"9999h"},
		"SYNC_REGISTRABLE_VALUE":       {"-1", "1e5", "0x10", "25_000", "50000/2", "25.000,00"},
		"SYNC_DEFAULT_OWNER":           {"Sam Seller", "d0000000", "sam@@x", "sam@x y"},
		"SYNC_DEFAULT_MEMBER":          {"Sam"},
		"SYNC_RECONCILE_SCHEDULE":      {"a b c d e f", "0 */5 * * *", "5m"},
		"PARTNER_CENTER_TIME_ZONE":     {"Local", "CEST", "UTC+1"},
		"DATAVERSE_TIME_ZONE":          {"local"},
		"PARTNER_CENTER_REFERRAL_LINK": {"javascript:{id}", "http://x/{id}"},
	} {
		for _, value := range wrong {
			s := production(t)
			s[setting] = value
			if _, err := load(environ(s)); err == nil || !strings.Contains(err.Error(), "  "+setting+" ") {
				t.Errorf("%s=%s: %v", setting, value, err)
			}
		}
	}
}

// A setting that nobody reads is named in log and health, whichever app it is, and never its value.
func TestUnknownSettingsAreNamed(t *testing.T) {
	for _, role := range []string{All, Intake, Sync} {
		s := production(t)
		maps.Copy(s, map[string]string{"SYNC_ROLE": role, "SYNC_WONGUARD": "hunter2", "DATAVERSE_ORG": "hunter2", "PATH": "x", "SYNC_EMPTY": ""})
		var log strings.Builder
		a, err := New(environ(s), &log)
		if err != nil {
			t.Fatal(err)
		}
		report, err := json.Marshal(a.Health.Report(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"SYNC_WONGUARD", "DATAVERSE_ORG"} {
			if !strings.Contains(string(report), "setting.unknown "+name) || !strings.Contains(log.String(), `"setting":"`+name+`"`) {
				t.Errorf("%s: %s is not named", role, name)
			}
		}
		if all := string(report) + log.String(); strings.Contains(all, "hunter2") || strings.Contains(all, "SYNC_EMPTY") {
			t.Errorf("%s: %s", role, all)
		}
	}
}
