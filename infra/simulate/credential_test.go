package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// credential signs in at the directory as azidentity does, but keeps no lock while it waits: no scheduler sees those.
type credential struct {
	over                   http.RoundTripper
	tenant, client, secret string
	turn                   chan struct{}
	kept                   map[string]azcore.AccessToken
}

func (p *process) credential(tenant, client, secret string) azcore.TokenCredential {
	return &credential{over: network{p}, tenant: tenant, client: client, secret: secret, turn: make(chan struct{}, 1), kept: map[string]azcore.AccessToken{}}
}

func (c *credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if err := over(ctx); err != nil { // of two cases that are ready one is taken by chance
		return azcore.AccessToken{}, err
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	scope := strings.Join(o.Scopes, " ")
	if had, ok := c.kept[scope]; ok && time.Until(had.ExpiresOn) > 5*time.Minute {
		return had, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.client}, "client_secret": {c.secret}, "scope": {scope}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://login.microsoftonline.com/"+c.tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.over.RoundTrip(req)
	if err != nil {
		return azcore.AccessToken{}, fmt.Errorf("signing in: %w", err)
	}
	var answer struct {
		Token string `json:"access_token"`
		Lives int    `json:"expires_in"`
	}
	text, _ := io.ReadAll(resp.Body) // in memory
	if err := json.Unmarshal(text, &answer); err != nil || resp.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, fmt.Errorf("signing in: %d", resp.StatusCode)
	}
	c.kept[scope] = azcore.AccessToken{Token: answer.Token, ExpiresOn: time.Now().Add(time.Duration(answer.Lives) * time.Second)}
	return c.kept[scope], nil
}

// secrets are the vault as one process has it.
type secrets struct{ p *process }

func (s secrets) Get(ctx context.Context, name string) (value string, err error) {
	if passed := s.p.pass(ctx, &point{site: siteVault, name: "get " + name}, func() { value = s.p.run.secrets[name] }); passed != nil {
		return "", fault.New(fault.Broken, "reading secret %s: %w", name, passed)
	}
	return value, nil
}

func (s secrets) Set(ctx context.Context, name, value string) error {
	if passed := s.p.pass(ctx, &point{site: siteVault, name: "set " + name, write: true}, func() { s.p.run.secrets[name] = value }); passed != nil {
		return fault.New(fault.Broken, "writing secret %s: %w", name, passed)
	}
	return nil
}
