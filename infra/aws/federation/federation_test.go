package federation

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/infra/local/stssim"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const (
	issuer = "https://8e2a.tokens.sts.global.api.aws"
	arn    = "arn:aws:iam::123456789012:role/cosell-sync"
	tenant = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	client = "e1f2a3b4-3333-4444-8555-b66677778888"
)

// fixture is AWS and a directory that trusts one role of it.
type fixture struct {
	sts      *stssim.Sim
	now      time.Time
	env      map[string]string
	subject  string // that the directory trusts
	audience string
	asked    int // access tokens of the directory
}

func newFixture(t *testing.T, change func(*stssim.Options)) *fixture {
	t.Helper()
	f := &fixture{now: time.Now(), subject: arn, audience: Audience,
		env: map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session"}}
	opt := stssim.Options{Now: func() time.Time { return f.now }, Region: "eu-west-1", Issuer: issuer,
		Roles: []stssim.Role{{ARN: arn, AccessKey: "ASIAEXAMPLE", SecretKey: "secret", SessionToken: "session", Audiences: []string{Audience}, MostSeconds: 300}}}
	if change != nil {
		change(&opt)
	}
	var err error
	if f.sts, err = stssim.New(opt); err != nil {
		t.Fatal(err)
	}
	return f
}

// RoundTrip carries each call to the part that has its host.
func (f *fixture) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI, in.Host = r.URL.RequestURI(), r.URL.Host
	switch r.URL.Host {
	case f.sts.Host():
		f.sts.ServeHTTP(w, in)
	case "login.microsoftonline.com":
		f.directory(w, in)
	default:
		return nil, fmt.Errorf("nobody is at %s", r.URL.Host)
	}
	return w.Result(), nil
}

// directory is Entra ID as far as a federated credential goes.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
func (f *fixture) directory(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		base := "https://login.microsoftonline.com/" + tenant
		fmt.Fprintf(w, `{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/oauth2/v2.0/authorize","issuer":"%s/v2.0"}`, base, base, base)
		return
	}
	refuse := func(number int, text string) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"AADSTS%d: %s"}`, number, text)
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || r.PostForm.Has("client_secret") {
		refuse(900144, "no assertion")
		return
	}
	claims, err := f.sts.Check(r.PostForm.Get("client_assertion"))
	switch {
	case err != nil:
		refuse(700027, err.Error())
	case claims.Issuer != issuer || claims.Subject != f.subject:
		refuse(700213, "No matching federated identity record found for presented assertion subject '"+claims.Subject+"'.")
	case claims.Audience != f.audience:
		refuse(700212, "No matching federated identity record found for presented assertion audience '"+claims.Audience+"'.")
	default:
		f.asked++
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token-%d-%s"}`, f.asked, url.QueryEscape(r.PostForm.Get("scope")))
	}
}

func (f *fixture) credential(t *testing.T) azcore.TokenCredential {
	t.Helper()
	vouch := Vouch(func(name string) string { return f.env[name] })(f)
	c, err := azidentity.NewClientAssertionCredential(tenant, client, vouch, &azidentity.ClientAssertionCredentialOptions{DisableInstanceDiscovery: true,
		ClientOptions: azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: "https://login.microsoftonline.com/"},
			Transport: &http.Client{Transport: f}, Retry: policy.RetryOptions{MaxRetries: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func token(t *testing.T, c azcore.TokenCredential, scope string) (string, error) {
	t.Helper()
	got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	return got.Token, err
}

func TestRoleOfTheFunctionOpensAllThreeStoresWithoutASecret(t *testing.T) {
	f := newFixture(t, nil)
	c := f.credential(t)
	for _, scope := range []string{"https://servicebus.azure.net//.default", "https://storage.azure.com/.default", "https://vault.azure.net/.default"} {
		for range 2 {
			if got, err := token(t, c, scope); err != nil || got == "" {
				t.Fatalf("%s: %q, %v", scope, got, err)
			}
		}
	}
	if f.asked != 3 || f.sts.Issued() != 1 {
		t.Errorf("%d access tokens, %d web identity tokens: each is kept", f.asked, f.sts.Issued())
	}
}

func TestWebIdentityTokenIsRenewedBeforeItEnds(t *testing.T) {
	f := newFixture(t, nil)
	vouch := Vouch(func(name string) string { return f.env[name] })(f)
	first, err := vouch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := vouch(t.Context()); err != nil || again != first {
		t.Errorf("another token at once: %v", err)
	}
	made := newTokens(func(name string) string { return f.env[name] }, f, func() time.Time { return f.now })
	first, err = made.token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(life - early + time.Second)
	second, err := made.token(t.Context())
	if err != nil || second == first {
		t.Errorf("the token was not renewed: %v", err)
	}
	if _, err := f.sts.Check(second); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotAllowedIsSaidWithTheMend(t *testing.T) {
	for name, c := range map[string]struct {
		aws  func(*stssim.Options)
		here func(*fixture)
		want string
	}{
		"federation is off": {aws: func(o *stssim.Options) { o.Disabled = true }, want: "enable-outbound-web-identity-federation"},
		"the role may not ask for that audience": {aws: func(o *stssim.Options) { o.Roles[0].Audiences = []string{"https://example.com"} },
			want: "allow sts:GetWebIdentityToken for the audience api://AzureADTokenExchange"},
		"the token would be too long":        {aws: func(o *stssim.Options) { o.Roles[0].MostSeconds = 60 }, want: "sts:GetWebIdentityToken"},
		"wrong keys":                         {here: func(f *fixture) { f.env["AWS_SECRET_ACCESS_KEY"] = "other" }, want: "SignatureDoesNotMatch"},
		"nobody is there for the region":     {aws: func(o *stssim.Options) { o.Region = "eu-west-3" }, want: "sts.eu-west-1.amazonaws.com"},
		"not on Lambda":                      {here: func(f *fixture) { f.env["AWS_ACCESS_KEY_ID"] = "" }, want: "SYNC_IDENTITY=federated is for AWS Lambda"},
		"the directory trusts another role":  {here: func(f *fixture) { f.subject = arn + "-intake" }, want: "AADSTS700213"},
		"the directory wants another target": {here: func(f *fixture) { f.audience = "api://other" }, want: "AADSTS700212"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, c.aws)
			if c.here != nil {
				c.here(f)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			_, said := Vouch(func(name string) string { return f.env[name] })(f)(ctx)
			kind := map[bool]fault.Kind{true: fault.Broken, false: fault.Denied}[strings.HasPrefix(name, "nobody")] // on the way it is no refusal
			if e := fault.Of(said); said != nil && (e.Kind != kind || e.Say == "" || e.Mend == "") || (said == nil) != strings.HasPrefix(name, "the directory") {
				t.Errorf("as health would say it: %+v", e)
			}
			_, err := f.credential(t).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret\"") {
				t.Errorf("want %q in: %v", c.want, err)
			}
		})
	}
}
