package world

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// pcToken signs the integration user of a partner in.
func pcToken(t *testing.T, w *World, pc control.PartnerCenter) string {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {pc.ClientID}, "client_secret": {pc.ClientSecret}, "refresh_token": {pc.RefreshToken},
		"scope": {"https://api.partner.microsoft.com/.default"}}
	var token struct {
		Access string `json:"access_token"`
	}
	call(t, w, http.MethodPost, pc.TokenURL, form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, &token)
	return token.Access
}

func TestFurtherTenantsHaveAPartnerCenterOfTheirOwn(t *testing.T) {
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Emulators: layout.Emulators(), App: standInApp(t), State: t.TempDir(), Settings: map[string]string{playHandler: "answer"},
		Positions: Positions{Tenants: []string{"acme", "globex"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	l := w.Local()
	if len(l.Tenants) != 2 || !strings.HasSuffix(l.Tenants["acme"].Webhook, "/api/partnercenterwebhook/acme") {
		t.Fatalf("%+v", l.Tenants)
	}
	partners := map[string]control.PartnerCenter{"first": l.PartnerCenter, "acme": l.Tenants["acme"].PartnerCenter, "globex": l.Tenants["globex"].PartnerCenter}
	made, owners := map[string]string{}, map[string]bool{}
	for name, pc := range partners {
		status, answer := ask(t, http.MethodPost, pc.Control+"/user", map[string]string{"do": "create"})
		if status != http.StatusOK {
			t.Fatal(answer)
		}
		made[name] = answer["id"].(string)
	}
	for name, pc := range partners {
		var list struct {
			Value []struct{ ID, OrganizationID string }
		}
		call(t, w, http.MethodGet, pc.URL+"/v1.0/engagements/referrals", "", http.Header{"Authorization": {"Bearer " + pcToken(t, w, pc)}}, &list)
		if len(list.Value) != 1 || list.Value[0].ID != made[name] {
			t.Errorf("%s sees %+v", name, list.Value)
		}
		owners[list.Value[0].OrganizationID] = true
		for _, e := range historyOf(t, pc.Control) {
			if strings.Contains(e.ResponseBody, made[other(name)]) {
				t.Errorf("the history of %s tells of another's referral", name)
			}
		}
	}
	if len(owners) != 3 {
		t.Errorf("organisations: %v", owners)
	}
	_, secrets := ask(t, http.MethodGet, l.Vault.Control+"/records", nil)
	if text := fmt.Sprint(secrets); !strings.Contains(text, l.Tenants["acme"].RefreshTokenSecret) {
		t.Errorf("the vault has not %s: %s", l.Tenants["acme"].RefreshTokenSecret, text)
	}
}

func other(name string) string {
	if name == "acme" {
		return "globex"
	}
	return "acme"
}

func TestAliasesOfTenantsAreChecked(t *testing.T) {
	for _, bad := range [][]string{{"Acme"}, {"a b"}, {""}, {"acme", "acme"}} {
		if err := (Positions{Tenants: bad}).check(); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if err := (Positions{Tenants: []string{"acme", "globex-2"}}).check(); err != nil {
		t.Error(err)
	}
}
