package partnercentersim_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

func TestTenantsShareTheHostsAndNothingElse(t *testing.T) {
	p := newPlace(t)
	other := newPlace(t, func(o *partnercentersim.Options) {
		o.Sibling, o.SigningKey, o.Seed = p.sim, nil, 8
		o.Tenant, o.ClientID, o.ClientSecret, o.RefreshToken, o.OrganizationID = "7e000000-0000-4000-8000-000000000002", "the-other-client", "s", "the-other-refresh-token", "the-other-organisation"
	})
	both := partnercentersim.ByTenant(partnercentersim.Tenant{Sim: p.sim, Serve: p.sim}, partnercentersim.Tenant{Sim: other.sim, Serve: other.sim})
	send := func(method, address, body string, headers ...string) answer {
		r := httptest.NewRequest(method, address, strings.NewReader(body))
		r.Host = r.URL.Host
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		both.ServeHTTP(w, r)
		return read(t, w)
	}
	tokenOf := func(tenant, client, secret, refresh string) string {
		form := url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "client_secret": {secret}, "refresh_token": {refresh}, "resource": {partnercentersim.ReferralsAudience}}
		a := send("POST", "https://login.microsoftonline.com/"+tenant+"/oauth2/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		return a.text("access_token")
	}
	mine := p.do("/user", object{"do": "create"}).text("id")
	theirs := other.do("/user", object{"do": "create"}).text("id")
	first, second := tokenOf(tenant, clientID, secret, refresh), tokenOf("7E000000-0000-4000-8000-000000000002", "the-other-client", "s", "the-other-refresh-token")
	if first == "" || second == "" {
		t.Fatal("no token")
	}
	if bad := tokenOf("7e000000-0000-4000-8000-000000000002", clientID, secret, refresh); bad != "" {
		t.Error("one tenant's app signs in at the other")
	}
	for _, c := range []struct {
		token, id string
		status    int
	}{{first, mine, 200}, {first, theirs, 404}, {second, theirs, 200}, {second, mine, 404}, {"nobody's", mine, 401}} {
		if a := send("GET", referrals+"/"+c.id, "", "Authorization", "Bearer "+c.token); a.status != c.status {
			t.Errorf("%d, want %d: %s", a.status, c.status, a.raw)
		}
	}
	if !bytes.Equal(p.sim.RootPEM(), other.sim.RootPEM()) {
		t.Error("two roots")
	}
	body := object{"body": base64.StdEncoding.EncodeToString([]byte("{}"))}
	if a, b := p.do("/sign", body), other.do("/sign", body); a.at("headers/X-Ms-Certificate-Url") != b.at("headers/X-Ms-Certificate-Url") || a.at("headers/Authorization") != b.at("headers/Authorization") {
		t.Errorf("signed by two: %s %s", a.raw, b.raw)
	}
}

// A person's new deal may be given the id that it is to have: two partners' referrals may have the same.
func TestANewDealMayBeGivenItsID(t *testing.T) {
	p := newPlace(t)
	const id = "7e1fa000-95aa-4000-8000-000000000001"
	if got := p.do("/user", object{"do": "create", "id": id}).text("id"); got != id {
		t.Errorf("it has the id %s", got)
	}
	if got := p.do("/user", object{"do": "create"}).text("id"); got == id || got == "" {
		t.Errorf("the next has the id %s", got)
	}
	for _, wrong := range []string{id, "x", "7E1FA000-95AA-4000-8000-000000000002"} {
		if a := p.tell(http.MethodPost, "/user", object{"do": "create", "id": wrong}); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, a.status)
		}
	}
}
