package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// Consenting is what a person's consent for one tenant needs: the directory, Partner Center, and the vault as the person
// may write to it. It is built from the app's own settings, of which it demands the few that it needs.
type Consenting struct {
	Tokens     partnercenter.TokenOptions // without Secrets
	Vault      partnercenter.Secrets      // with the caller's own identity
	VaultURL   string
	SecretName string // of the refresh token in the vault
	Registers  bool   // the installation has to do with the webhook registration

	config    Config
	dialer    *httpclient.Dialer
	transport http.RoundTripper
}

// refreshTokenSecret is the name that the templates give the secret; that of a further tenant ends in its alias.
const refreshTokenSecret = "partner-center-refresh-token"

// demanded are the settings that a consent needs.
func demanded() []string {
	return []string{"PARTNER_CENTER_TENANT", "PARTNER_CENTER_CLIENT_ID", "PARTNER_CENTER_CLIENT_SECRET", "PARTNER_CENTER_VAULT_URL",
		"PARTNER_CENTER_REFRESH_TOKEN_SECRET", "PARTNER_CENTER_LOGIN_URL", "PARTNER_CENTER_URL", "PARTNER_CENTER_WEBHOOKS_URL",
		"SYNC_SIMULATED", "SYNC_CA_FILE", "SYNC_TENANTS", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"}
}

// Consent reads the settings of the tenant with an alias; "" is the first. It names every mistake at once. Nothing is
// called. own may bring a Transport.
func Consent(environ []string, tenant string, own Parts) (*Consenting, error) {
	values := given(environ)
	values["SYNC_ROLE"] = Sync
	if values["PARTNER_CENTER_REFRESH_TOKEN_SECRET"] == "" {
		values["PARTNER_CENTER_REFRESH_TOKEN_SECRET"] = refreshTokenSecret
	}
	for _, alias := range strings.Split(values["SYNC_TENANTS"], ",") {
		if name := prefixOf(alias) + "PARTNER_CENTER_REFRESH_TOKEN_SECRET"; strings.TrimSpace(alias) != "" && values[name] == "" {
			values[name] = refreshTokenSecret + "-" + strings.TrimSpace(alias)
		}
	}
	k, err := read(values)
	if err != nil {
		return nil, err
	}
	k.further(values)
	c, prefix := k.loaded, ""
	if tenant != "" && tenant != c.TenantAlias {
		i := slices.IndexFunc(k.tenants, func(t loaded) bool { return t.TenantAlias == tenant })
		if i < 0 {
			return nil, fmt.Errorf("there is no tenant %q: SYNC_TENANTS lists them", tenant)
		}
		c, prefix = k.tenants[i], prefixOf(tenant)
	}
	if err := mistakesIn(k.mistakes, prefix, demanded()); err != nil {
		return nil, err
	}
	transport, err := httpclient.NewTransport(k.dialer, k.CAFile)
	if err != nil {
		return nil, fmt.Errorf("SYNC_CA_FILE: %w", err)
	}
	s := &Consenting{VaultURL: c.VaultURL, SecretName: c.RefreshTokenSecret, Registers: c.Register != "never", config: c.Config, dialer: k.dialer, transport: transport}
	if own.Transport != nil {
		s.transport = own.Transport
	}
	s.Tokens = partnercenter.TokenOptions{TokenURL: c.LoginURL, Tenant: c.PartnerCenterTenant, ClientID: c.PartnerCenterClientID,
		ClientSecret: c.PartnerCenterClientSecret.Reveal(), SecretName: "refresh", Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		HTTP: httpclient.New(httpclient.Options{Base: s.transport, Hosts: []string{hostOf(c.LoginURL)}})}
	s.Vault, err = s.vault()
	return s, err
}

// given are the settings that have a value.
func given(environ []string) map[string]string {
	values := map[string]string{}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); strings.TrimSpace(value) != "" {
			values[name] = strings.TrimSpace(value)
		}
	}
	return values
}

// mistakesIn are those about settings with some names, of all tenants or of the one with the prefix.
func mistakesIn(mistakes []error, prefix string, names []string) error {
	var found []error
	for _, m := range mistakes {
		name, _, _ := strings.Cut(strings.TrimSpace(m.Error()), " ")
		if slices.Contains(names, name) || prefix != "" && slices.Contains(names, strings.TrimPrefix(name, prefix)) {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return fmt.Errorf("the settings are wrong, %d in all:\n%w", len(found), errors.Join(found...))
}

// vault opens Key Vault as the caller: an app registration with a secret where the settings have one, else whoever is
// signed in on this machine (Azure CLI, Developer CLI, PowerShell), or the machine's own identity.
// https://learn.microsoft.com/azure/developer/go/sdk/authentication/credential-chains
func (s *Consenting) vault() (vault, error) {
	az := azure{config: s.config, dialer: s.dialer, transport: s.transport}
	var identity azcore.TokenCredential
	var err error
	switch {
	case s.config.AzureClientSecret.Reveal() != "":
		identity, err = az.secretCredential(s.config.AzureTenant, s.config.AzureClientID, s.config.AzureClientSecret)
	case s.dialer != nil:
		return vault{}, errors.New("set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET: a simulated world knows nobody who is signed in on this machine")
	default:
		identity, err = azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: az.options()})
	}
	if err != nil {
		return vault{}, fmt.Errorf("making the identity for Key Vault: %w", err)
	}
	client, err := azsecrets.NewClient(s.config.VaultURL, identity, &azsecrets.ClientOptions{ClientOptions: az.options()})
	if err != nil {
		return vault{}, fmt.Errorf("opening Key Vault: %w", err)
	}
	return vault{client}, nil
}

// Client is Partner Center with the tokens of a refresh token.
func (s *Consenting) Client(secrets partnercenter.Secrets) (*partnercenter.Client, error) {
	o := s.Tokens
	o.Secrets = secrets
	tokens, err := partnercenter.NewTokens(o)
	if err != nil {
		return nil, err
	}
	return clientOf(s.config, o.Log, func(base, call, operation string) *httpclient.Client {
		return httpclient.New(httpclient.Options{Base: s.transport, Hosts: []string{hostOf(base)}, Audience: "https://" + hostOf(base), Token: tokens.Token,
			CallHeader: call, OperationHeader: operation})
	})
}

// Page is an address as a browser on this machine finds it: in a simulated world real names lead nowhere.
func (s *Consenting) Page(address string) string {
	u, err := url.Parse(address)
	if err != nil || s.config.Simulated == "" {
		return address
	}
	if to := simulator(s.config.Simulated, u.Hostname(), "443"); to != "" {
		u.Host = to
	}
	return u.String()
}

// clientOf makes a client of both hosts, each with a chain of its own.
func clientOf(c Config, log *slog.Logger, chain func(base, call, operation string) *httpclient.Client) (*partnercenter.Client, error) {
	return partnercenter.NewClient(partnercenter.Options{
		ReferralsURL: c.PartnerCenterURL + "/v1.0/engagements/referrals",
		WebhooksURL:  c.PartnerCenterWebhooksURL + "/webhooks/v1/registration",
		Referrals:    chain(c.PartnerCenterURL, partnercenter.ReferralsCallHeader, partnercenter.ReferralsOperationHeader),
		Webhooks:     chain(c.PartnerCenterWebhooksURL, partnercenter.WebhooksCallHeader, partnercenter.WebhooksOperationHeader),
		Log:          log,
	})
}

// Stored says whether the vault holds a refresh token now. Denied: it does not let the caller look.
func (s *Consenting) Stored(ctx context.Context) (bool, error) {
	_, err := s.Vault.Get(ctx, s.SecretName)
	if IsMissing(err) {
		return false, nil
	}
	if e := fault.Of(err); err != nil && e != nil && e.Code == "vault.disabled" { // what is stored next is a version of its own
		return true, nil
	}
	return err == nil, err
}
