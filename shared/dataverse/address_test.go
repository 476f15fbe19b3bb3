package dataverse

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEverySpellingOfAnEnvironmentIsOne(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://contoso.crm4.dynamics.com":                   "https://contoso.crm4.dynamics.com",
		"https://contoso.api.crm4.dynamics.com/api/data/v9.2": "https://contoso.crm4.dynamics.com",
		"https://Contoso.API.crm.dynamics.com/":               "https://contoso.crm.dynamics.com",
		"https://contoso.crm.dynamics.com/api/data/v9.2/":     "https://contoso.crm.dynamics.com",
		"https://contoso.api.crm.dynamics.cn":                 "https://contoso.crm.dynamics.cn",
		"https://contoso.api.crm9.dynamics.com:8443":          "https://contoso.crm9.dynamics.com:8443",
		"https://api.crm4.dynamics.com":                       "https://api.crm4.dynamics.com",
		"https://contoso.api.example.com":                     "https://contoso.api.example.com",
		"https://contoso.crm4.dynamics.com/main.aspx":         "https://contoso.crm4.dynamics.com/main.aspx",
		"https://contoso.crm4.dynamics.com/?x=1":              "https://contoso.crm4.dynamics.com/?x=1",
		"contoso.crm4.dynamics.com":                           "contoso.crm4.dynamics.com",
		"https://user@contoso.api.crm4.dynamics.com":          "https://user@contoso.api.crm4.dynamics.com",
		"": "",
	} {
		if got := Address(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestEventsNameTheEnvironmentInEitherForm(t *testing.T) {
	t.Parallel()
	const plain, api = "contoso.crm4.dynamics.com", "contoso.api.crm4.dynamics.com"
	body := `{"MessageName":"Update","PrimaryEntityName":"opportunity","PrimaryEntityId":"` + oneID + `","OrganizationId":"` + orgID + `","InputParameters":[]}`
	for _, c := range []struct {
		configured, header string
		ok                 bool
	}{
		{plain, plain, true}, {api, plain, true}, {plain, api, true}, {api, strings.ToUpper(plain), true},
		{api, "fabrikam.crm4.dynamics.com", false}, {plain, "contoso.api.crm.dynamics.com", false},
	} {
		v, err := NewVerifier(VerifierOptions{Header: "x-key", Secrets: []string{"s"}, OrganizationID: orgID, Host: c.configured})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("x-key", "s")
		r.Header.Set("x-ms-dynamics-organization", c.header)
		if _, err := v.Open(r, []byte(body)); (err == nil) != c.ok {
			t.Errorf("configured %s, event from %s: %v", c.configured, c.header, err)
		}
	}
}
