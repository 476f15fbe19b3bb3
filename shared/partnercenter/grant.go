package partnercenter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

var tenantForm = pattern.New(`^[A-Za-z0-9.-]+$`).UpTo(253)

// endpoint is the address of one of the tenant's endpoints: authorize or token.
func (o TokenOptions) endpoint(name string) (string, error) {
	if o.TokenURL == "" {
		o.TokenURL = TokenURL
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("the token address %q is not https://host", o.TokenURL)
	}
	if !IsTenant(o.Tenant) {
		return "", fmt.Errorf("the Partner Center tenant is not a GUID or a domain")
	}
	return strings.TrimRight(o.TokenURL, "/") + "/" + o.Tenant + "/oauth2/v2.0/" + name, nil
}

// IsTenant says whether a text can name a tenant: its id or one of its domains. The names that stand for every tenant do
// not: whose data came back would then be chance.
func IsTenant(name string) bool {
	switch strings.ToLower(name) {
	case "common", "organizations", "consumers":
		return false
	}
	return tenantForm.MatchString(name)
}

// grant is the token endpoint's answer. expires_in is a number here and a text in older versions.
type grant struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	ExpiresIn    any    `json:"expires_in"`
	Error        string `json:"error"`
	Codes        []int  `json:"error_codes"`
}

// exchange asks the token endpoint for what a form says, as the app registration.
func (o TokenOptions) exchange(ctx context.Context, endpoint string, form url.Values) (grant, error) {
	form.Set("client_id", o.ClientID)
	form.Set("client_secret", o.ClientSecret)
	resp, err := o.HTTP.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: endpoint, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	if err != nil {
		return grant{}, err
	}
	var g grant
	if json.Unmarshal(resp.Body, &g) != nil && resp.Status < 500 {
		return grant{}, fault.New(fault.Broken, "the token endpoint answered %d without JSON", resp.Status)
	}
	if resp.Status != http.StatusOK {
		return grant{}, refusal(resp.Status, g)
	}
	if !headerSafe(g.AccessToken) {
		return grant{}, fault.New(fault.Broken, "the token endpoint gave no access token")
	}
	return g, nil
}

// access is the access token of an answer, with when to renew it.
func (o TokenOptions) access(g grant) accessToken {
	return accessToken{text: g.AccessToken, expires: o.Now().Add(max(lifetime(g.ExpiresIn)-expiryMargin, shortestLife))}
}

func lifetime(v any) time.Duration {
	seconds, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil || !(seconds >= 0) {
		return time.Hour
	}
	return time.Duration(min(seconds, 24*3600)) * time.Second
}

func headerSafe(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}
