package partnercenter_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

const backTo = "http://localhost:4711"

// signing begins a sign-in at a simulated directory.
func signing(t *testing.T, l live, base http.RoundTripper, change func(*partnercenter.TokenOptions)) *partnercenter.SignIn {
	t.Helper()
	login, _ := url.Parse(partnercenter.TokenURL)
	o := partnercenter.TokenOptions{Tenant: l.tenant, ClientID: l.clientID, ClientSecret: l.clientSecret,
		HTTP: httpclient.New(httpclient.Options{Base: base, Hosts: []string{login.Host}})}
	if change != nil {
		change(&o)
	}
	s, err := partnercenter.NewSignIn(o, backTo)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// browse is a person with a browser, who signs in as user; it gives what comes back to the app.
func browse(t *testing.T, base http.RoundTripper, address, user string, more ...url.Values) url.Values {
	t.Helper()
	sim := base.(inside).handler.(*partnercentersim.Sim)
	back, err := sim.Browse(address, append([]url.Values{{"user": {user}}}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}

func TestASignInSaysWhoHasConsented(t *testing.T) {
	t.Parallel()
	l, base := simulated(t, nil)
	s := signing(t, l, base, nil)
	if err := s.Try(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, err := s.Code(browse(t, base, s.URL("integration@northwind.example"), "integration@northwind.example"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Redeem(t.Context(), code)
	if err != nil || c.User != "integration@northwind.example" || c.Tenant != l.tenant || !c.MFA || !c.Told || c.Refresh == "" {
		t.Fatalf("%v %+v", err, c)
	}
	l.refreshToken = c.Refresh
	at := l.target(t, base)
	if mfa, err := at.client.Probe(t.Context()); err != nil || mfa != "true" {
		t.Errorf("%q %v", mfa, err)
	}
	_, err = s.Redeem(t.Context(), code)
	refusedAs(t, err, partnercenter.CodeConsent) // it is used
}

func refusedAs(t *testing.T, err error, code string) {
	t.Helper()
	e := fault.Of(err)
	if err == nil || e == nil || e.Kind != fault.Denied || e.Code != code || e.Say == "" || e.Mend == "" {
		t.Errorf("%v is %+v, want %s", err, e, code)
	}
}

// Everything that an administrator may have got wrong shows before a person is troubled.
func TestWhatIsWrongWithTheAppShowsBeforeAnybodySignsIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		switches map[string]any
		change   func(*partnercenter.TokenOptions)
		redirect string
		code     string
	}{
		"secret":      {nil, func(o *partnercenter.TokenOptions) { o.ClientSecret = "its id" }, backTo, partnercenter.CodeSecret},
		"expired":     {map[string]any{"clientSecret": "expired"}, nil, backTo, partnercenter.CodeSecret},
		"app":         {nil, func(o *partnercenter.TokenOptions) { o.ClientID = "other" }, backTo, partnercenter.CodeClient},
		"tenant":      {nil, func(o *partnercenter.TokenOptions) { o.Tenant = "fabrikam.example" }, backTo, partnercenter.CodeTenant},
		"redirect":    {nil, nil, "http://127.0.0.1:4711", partnercenter.CodeRedirect},
		"permissions": {map[string]any{"permissions": "webhooks"}, nil, backTo, partnercenter.CodePermission},
	} {
		t.Run(name, func(t *testing.T) {
			l, base := simulated(t, c.switches)
			login, _ := url.Parse(partnercenter.TokenURL)
			o := partnercenter.TokenOptions{Tenant: l.tenant, ClientID: l.clientID, ClientSecret: l.clientSecret,
				HTTP: httpclient.New(httpclient.Options{Base: base, Hosts: []string{login.Host}})}
			if c.change != nil {
				c.change(&o)
			}
			s, err := partnercenter.NewSignIn(o, c.redirect)
			if err != nil {
				t.Fatal(err)
			}
			refusedAs(t, s.Try(t.Context()), c.code)
		})
	}
}

// Permissions that nobody has consented to show in the sign-in itself: an administrator is asked there.
func TestATrySaysNothingOfWhatThePersonDecides(t *testing.T) {
	t.Parallel()
	for _, switches := range []map[string]any{{"consent": "none"}, {"mfaPolicy": "enforced"}} {
		l, base := simulated(t, switches)
		if err := signing(t, l, base, nil).Try(t.Context()); err != nil {
			t.Errorf("%v: %v", switches, err)
		}
	}
	for _, answer := range []string{"<html>", "<p>AADSTS99999: new</p>", "<p>AADSTS50058: nobody</p>"} {
		odd := inside{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })}
		if err := signing(t, live{tenant: "t", clientID: "c"}, odd, nil).Try(t.Context()); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestWhatComesBackIsJudged(t *testing.T) {
	t.Parallel()
	l, base := simulated(t, map[string]any{"consent": "none"})
	s := signing(t, l, base, nil)
	declined := browse(t, base, s.URL(""), "admin@northwind.example", url.Values{"do": {"decline"}})
	_, err := s.Code(declined)
	refusedAs(t, err, partnercenter.CodeCancelled)
	for name, q := range map[string]url.Values{"another's": {"code": {"c"}, "state": {"other"}}, "nobody's": {"code": {"c"}}, "nothing": {"state": declined["state"]},
		"an error of another's": {"error": {"access_denied"}, "state": {"other"}}} {
		if _, err := s.Code(q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for number, code := range map[string]string{"AADSTS50105: x": partnercenter.CodeAccount, "AADSTS90094: x": partnercenter.CodePermission, "AADSTS50079: x": partnercenter.CodeMFA, "": partnercenter.CodeCancelled} {
		_, err := s.Code(url.Values{"error": {"access_denied"}, "error_description": {number}, "state": declined["state"]})
		refusedAs(t, err, code)
	}
}

func TestTokensOfAnotherSignInAreRefused(t *testing.T) {
	t.Parallel()
	const here = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	var nonce string
	answer := `{"access_token":"opaque","refresh_token":"r","id_token":"%s"}`
	for name, c := range map[string]struct {
		claims, code, answer string
		kind                 fault.Kind
	}{
		"fine":           {`{"aud":"app","tid":"` + here + `","nonce":"N","preferred_username":"kim@x.example"}`, "", answer, 0},
		"nonce":          {`{"aud":"app","tid":"` + here + `","nonce":"other"}`, "token.refused", answer, fault.Denied},
		"audience":       {`{"aud":"other","tid":"` + here + `","nonce":"N"}`, "token.refused", answer, fault.Denied},
		"tenant":         {`{"aud":"app","tid":"00000000-9d63-4b1a-8a51-2f1d6c7e8b90","nonce":"N"}`, partnercenter.CodeAccount, answer, fault.Denied},
		"no tenant":      {`{"aud":"app","nonce":"N"}`, partnercenter.CodeAccount, answer, fault.Denied},
		"unreadable":     {`{`, "token.refused", answer, fault.Broken},
		"no offline use": {`{"aud":"app","tid":"` + here + `","nonce":"N"}`, "token.refused", `{"access_token":"opaque","id_token":"%s"}`, fault.Denied},
	} {
		odd := inside{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			text := strings.ReplaceAll(c.claims, `"N"`, `"`+nonce+`"`)
			fmt.Fprintf(w, c.answer, "e30."+base64.RawURLEncoding.EncodeToString([]byte(text))+".x")
		})}
		s := signing(t, live{tenant: here, clientID: "app"}, odd, nil)
		u, _ := url.Parse(s.URL(""))
		nonce = u.Query().Get("nonce")
		got, err := s.Redeem(context.Background(), "code")
		if c.code == "" {
			if err != nil || got.User != "kim@x.example" || got.MFA || got.Told {
				t.Errorf("%s: %v %+v", name, err, got)
			}
			continue
		}
		if e := fault.Of(err); e == nil || e.Kind != c.kind || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEverySignInHasSecretsOfItsOwn(t *testing.T) {
	t.Parallel()
	l, base := simulated(t, nil)
	a, _ := url.Parse(signing(t, l, base, nil).URL("kim@x.example"))
	b, _ := url.Parse(signing(t, l, base, nil).URL(""))
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if one, other := a.Query().Get(name), b.Query().Get(name); len(one) < 43 || one == other {
			t.Errorf("%s: %q and %q", name, one, other)
		}
	}
	if a.Query().Get("login_hint") != "kim@x.example" || b.Query().Has("login_hint") || a.Query().Get("code_challenge_method") != "S256" || a.Query().Get("prompt") != "login" {
		t.Error(a, b)
	}
	for _, tenant := range []string{"common", "Organizations", "consumers", "a/b", ""} {
		if _, err := partnercenter.NewSignIn(partnercenter.TokenOptions{Tenant: tenant}, backTo); err == nil {
			t.Errorf("the tenant %q is taken", tenant)
		}
	}
}

// What is told of a refusal never repeats what was sent: error descriptions do.
func TestRefusalsOfASignInHoldNoSecret(t *testing.T) {
	t.Parallel()
	l, base := simulated(t, nil)
	s := signing(t, l, base, nil)
	_, err := s.Redeem(t.Context(), "a-code-of-somebody")
	if err == nil || strings.Contains(err.Error(), "a-code-of-somebody") || strings.Contains(err.Error(), l.clientSecret) {
		t.Error(err)
	}
	odd := inside{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })}
	if _, err := signing(t, l, odd, nil).Redeem(t.Context(), "c"); !fault.Is(err, fault.Broken) {
		t.Error(err)
	}
}
