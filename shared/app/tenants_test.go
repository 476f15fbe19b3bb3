package app

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// threefold are the settings of three tenants.
func threefold(t *testing.T) map[string]string {
	s := laptop(t)
	s["SYNC_TENANTS"] = "fr, north-de"
	s["FR_PARTNER_CENTER_TENANT"], s["FR_PARTNER_CENTER_REFRESH_TOKEN_SECRET"] = "f0000000-1111-4111-8111-000000000001", "token-fr"
	s["NORTH_DE_PARTNER_CENTER_TENANT"], s["NORTH_DE_PARTNER_CENTER_REFRESH_TOKEN_SECRET"] = "d0000000-1111-4111-8111-000000000001", "token-de"
	s["NORTH_DE_SYNC_TAKEOVER"] = "own"
	return s
}

func TestR95_ATenantHasTheFirstOnesSettingsButForItsOwn(t *testing.T) {
	s := threefold(t)
	s["SYNC_STARTED"], s["SYNC_DEFAULT_OWNER"], s["FR_SYNC_DEFAULT_OWNER"] = "2026-01-01", "sam@northwind.example", "marie@northwind.example"
	a, err := New(environ(s), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var aliases []string
	for _, one := range a.All() {
		aliases = append(aliases, one.Tenant)
		if one.PartnerCenter == nil || one.Ledger == nil || one.Office == nil || !strings.HasSuffix(one.WebhookURL, "/api/partnercenterwebhook/"+one.Tenant) {
			t.Errorf("%s is not whole", one.Tenant)
		}
	}
	if got := strings.Join(aliases, " "); got != a.Tenant+" fr north-de" {
		t.Errorf("tenants %q", got)
	}
	c, err := load(environ(s))
	if err != nil {
		t.Fatal(err)
	}
	fr, de := c.tenants[0], c.tenants[1]
	if fr.DefaultOwner != "marie@northwind.example" || de.DefaultOwner != "sam@northwind.example" || de.Takeover != "own" || fr.Takeover != "ask" ||
		!fr.Started.IsZero() || fr.PartnerCenterClientID != c.PartnerCenterClientID || fr.DataverseURL != c.DataverseURL {
		t.Errorf("%+v", fr.Config)
	}
	for alias, want := range map[string]bool{"": true, "fr": true, "north-de": true, a.Tenant: true, "es": false, "FR": false} {
		if _, ok := a.Of(alias); ok != want {
			t.Errorf("tenant %q: %v", alias, ok)
		}
	}
}

func TestR95_MistakesOfATenantsSettingsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]string)
		says   string
	}{
		"no tenant":        {func(s map[string]string) { delete(s, "FR_PARTNER_CENTER_TENANT") }, "FR_PARTNER_CENTER_TENANT is missing"},
		"no token":         {func(s map[string]string) { delete(s, "NORTH_DE_PARTNER_CENTER_REFRESH_TOKEN_SECRET") }, "NORTH_DE_PARTNER_CENTER_REFRESH_TOKEN_SECRET is missing"},
		"the first's":      {func(s map[string]string) { s["FR_PARTNER_CENTER_TENANT"] = s["PARTNER_CENTER_TENANT"] }, "FR_PARTNER_CENTER_TENANT is that of another tenant"},
		"another's token":  {func(s map[string]string) { s["FR_PARTNER_CENTER_REFRESH_TOKEN_SECRET"] = "Token-DE" }, "is that of another tenant"},
		"twice":            {func(s map[string]string) { s["SYNC_TENANTS"] = "fr,fr" }, "SYNC_TENANTS names fr twice"},
		"the first itself": {func(s map[string]string) { s["SYNC_TENANT_ALIAS"] = "fr" }, "SYNC_TENANTS names fr twice"},
		"no alias":         {func(s map[string]string) { s["SYNC_TENANTS"] = "fr,De" }, `"De" is no alias`},
		"another CRM":      {func(s map[string]string) { s["FR_DATAVERSE_URL"] = "https://fr.crm4.dynamics.com" }, "FR_DATAVERSE_URL cannot differ by tenant"},
		"another mode":     {func(s map[string]string) { s["FR_SYNC_MODE"] = "shadow" }, "FR_SYNC_MODE cannot differ by tenant"},
		"a wrong value":    {func(s map[string]string) { s["FR_SYNC_TAKEOVER"] = "mine" }, "FR_SYNC_TAKEOVER must be one of"},
		"no values": {func(s map[string]string) {
			s["SYNC_TENANT_BY"] = "owningbusinessunit/name"
			s["FR_SYNC_TENANT_ROWS"] = "France"
		}, "NORTH_DE_SYNC_TENANT_ROWS is missing"},
		"no column":   {func(s map[string]string) { s["SYNC_TENANT_BY"] = "the unit" }, "SYNC_TENANT_BY must be a column"},
		"rows of all": {func(s map[string]string) { s["SYNC_TENANT_ROWS"] = "x" }, "SYNC_TENANT_ROWS is for a further tenant"},
		"a sheet":     {func(s map[string]string) { s["FR_SYNC_MAPPING_FILE"] = "/no/such/file" }, "FR_SYNC_MAPPING_FILE names a file"},
		"one tenant":  {func(s map[string]string) { s["SYNC_TENANTS"], s["SYNC_TENANT_BY"] = "", "name" }, "SYNC_TENANT_BY and SYNC_TENANT_ROWS are for several tenants"},
	} {
		s := threefold(t)
		c.change(s)
		if _, err := New(environ(s), io.Discard); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestR95_MisspeltSettingsOfATenantAreNamed(t *testing.T) {
	s := threefold(t)
	s["FR_SYNC_TAKEOVR"], s["FR_OTHER"] = "own", "x"
	if got := unknown(environ(s), []string{"fr", "north-de"}); len(got) != 1 || got[0] != "FR_SYNC_TAKEOVR" {
		t.Errorf("%q", got)
	}
}

// The intake knows the aliases alone.
func TestR95_TheIntakeNeedsNoCredentialsOfAnyTenant(t *testing.T) {
	s := threefold(t)
	s["SYNC_ROLE"] = "intake"
	for name := range s {
		if strings.Contains(name, "PARTNER_CENTER_TENANT") || strings.Contains(name, "REFRESH") || strings.Contains(name, "CLIENT") {
			delete(s, name)
		}
	}
	a, err := New(environ(s), io.Discard)
	if err != nil || len(a.Further) != 2 || a.Further[0].PartnerCenter != nil {
		t.Errorf("%v", err)
	}
}

// A registration that is lost shows, whichever tenant's it is: one that is left to others, or not looked at yet, hides none.
func TestALostRegistrationOfAnyTenantShows(t *testing.T) {
	const fine, left, lost = `{"registered":true,"ours":true,"complete":true}`, `{"registered":false,"unwatched":true}`, `{"registered":true,"url":"https://old.example/hook"}`
	for _, c := range []struct {
		rows []string
		want string
	}{{[]string{fine, lost}, lost}, {[]string{left, lost}, lost}, {[]string{"", lost}, lost}, {[]string{fine, left}, fine}, {[]string{left, fine}, left}, {[]string{"", fine}, ""}} {
		var all ledgersOf
		for _, text := range c.rows {
			one := ledger.InMemory(time.Now)
			if err := one.SaveRegistration(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			all = append(all, health.LedgerRows{Ledger: one})
		}
		if got, err := all.Registration(t.Context()); err != nil || got != c.want {
			t.Errorf("%q: %v %s", c.rows, err, got)
		}
	}
}
