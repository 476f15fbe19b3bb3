package partnercentersim_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

func TestAssertionStandsInForASecretWhereTheAppTrustsIt(t *testing.T) {
	said := map[string][3]string{"good": {"https://aws", "role", "api://AzureADTokenExchange"}, "issuer": {"https://other", "role", "api://AzureADTokenExchange"},
		"subject": {"https://aws", "other", "api://AzureADTokenExchange"}, "audience": {"https://aws", "role", "https://sts.amazonaws.com"}}
	p := newPlace(t, func(o *partnercentersim.Options) {
		o.Apps = append(o.Apps, partnercentersim.App{Tenant: tenant, ClientID: "trusting", ObjectID: "trusting", Trusts: partnercentersim.Trust{Issuer: "https://aws", Subject: "role"}},
			partnercentersim.App{Tenant: tenant, ClientID: "secret", ObjectID: "secret", Secret: "s"})
		o.Vouched = func(token string) (string, string, string, error) {
			s, ok := said[token]
			if !ok {
				return "", "", "", errors.New("it has expired")
			}
			return s[0], s[1], s[2], nil
		}
	})
	for _, c := range []struct{ client, assertion, kind, code string }{
		{"trusting", "good", "jwt-bearer", ""}, {"trusting", "issuer", "jwt-bearer", "AADSTS700211"}, {"trusting", "subject", "jwt-bearer", "AADSTS700213"},
		{"trusting", "audience", "jwt-bearer", "AADSTS700212"}, {"trusting", "old", "jwt-bearer", "AADSTS700027"}, {"trusting", "good", "saml2-bearer", "AADSTS900144"},
		{"secret", "good", "jwt-bearer", "AADSTS70021"},
	} {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.client}, "scope": {"https://vault.azure.net/.default"},
			"client_assertion": {c.assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:" + c.kind}}
		a := p.send("POST", login+"/oauth2/v2.0/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if c.code == "" && a.text("access_token") == "" || c.code != "" && (a.status != 401 || !strings.HasPrefix(a.text("error_description"), c.code+":")) {
			t.Errorf("%+v: %d %s", c, a.status, a.raw)
		}
	}
	empty := url.Values{"grant_type": {"client_credentials"}, "client_id": {"trusting"}, "scope": {"https://vault.azure.net/.default"}, "client_secret": {""}}
	if a := p.send("POST", login+"/oauth2/v2.0/token", empty.Encode(), "Content-Type", "application/x-www-form-urlencoded"); a.status != 401 {
		t.Errorf("an empty secret: %d %s", a.status, a.raw)
	}
}
