package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// azure makes the clients of Azure's own services, but for what the caller has brought. Nothing is called before
// the first use.
type azure struct {
	config    Config
	dialer    *httpclient.Dialer
	roots     *x509.CertPool // of a simulated world, else nil: the system's
	transport http.RoundTripper
	now       func() time.Time
	own       Parts
	signIn    func(c Config, client string) *httpclient.Gate // of an app registration at the directory; nil: nobody waits for it
}

// patient is the same, but leaves the directory alone for as long as it has asked the client to wait. It is not for the tables:
// they are asked until when that is.
func (a azure) patient(client string) azure {
	if a.signIn != nil {
		a.transport = httpclient.Behind(a.signIn(a.config, client), hostOf(a.config.LoginURL), a.transport)
	}
	return a
}

func (a azure) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: a.config.LoginURL + "/"},
		Transport: &http.Client{Transport: a.transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Retry:     policy.RetryOptions{MaxRetries: 2, TryTimeout: 10 * time.Second, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 2 * time.Second},
		Telemetry: policy.TelemetryOptions{ApplicationID: "cosell-sync"},
	}
}

// secretCredential logs in as an app registration. In a simulated world there is no directory of clouds.
func (a azure) secretCredential(tenant, client string, secret Secret) (azcore.TokenCredential, error) {
	if a.own.Credential != nil {
		return a.own.Credential(tenant, client, secret.Reveal()), nil
	}
	return azidentity.NewClientSecretCredential(tenant, client, secret.Reveal(), &azidentity.ClientSecretCredentialOptions{
		ClientOptions: a.options(), DisableInstanceDiscovery: a.dialer != nil})
}

// identity is who we are to queues, tables and vault.
func (a azure) identity() (azcore.TokenCredential, error) {
	c := a.config
	if c.Identity == Federated {
		return a.federatedCredential()
	}
	if c.AzureClientSecret.Reveal() != "" {
		return a.secretCredential(c.AzureTenant, c.AzureClientID, c.AzureClientSecret)
	}
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: a.options()}
	if c.AzureClientID != "" {
		o.ID = azidentity.ClientID(c.AzureClientID)
	}
	return azidentity.NewManagedIdentityCredential(o)
}

// federatedCredential is an identity of the directory that trusts our host: what the host says of us stands in for a
// secret, so none is stored. azidentity asks for it again whenever it needs a new access token.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
func (a azure) federatedCredential() (azcore.TokenCredential, error) {
	if a.own.Vouch == nil {
		return nil, errors.New("SYNC_IDENTITY is federated, but this host vouches for nobody: on Azure leave it unset")
	}
	vouch := a.own.Vouch(a.transport)
	credential, err := azidentity.NewClientAssertionCredential(a.config.AzureTenant, a.config.AzureClientID, func(ctx context.Context) (string, error) {
		assertion, err := vouch(ctx)
		if said, ok := ctx.Value(unvouchedKey{}).(*error); ok {
			*said = err
		}
		return assertion, err
	}, &azidentity.ClientAssertionCredentialOptions{ClientOptions: a.options(), DisableInstanceDiscovery: a.dialer != nil})
	return federated{credential}, err
}

// federated fails with what the host said where it does not vouch for us: azidentity keeps the text of that alone, so that
// it would look like a service that is away.
type federated struct{ azcore.TokenCredential }

type unvouchedKey struct{}

// codeUnvouched is the code of every failure of a host to vouch for us: without it nobody in Azure knows who we are.
const codeUnvouched = "identity.unvouched"

// unvouched is no reason to try again at once.
type unvouched struct{ error }

// NonRetriable is how the clients of Azure know that.
func (unvouched) NonRetriable() {}

// Unwrap implements errors.Unwrap.
func (u unvouched) Unwrap() error { return u.error }

// GetToken implements azcore.TokenCredential.
func (f federated) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	var said error
	token, err := f.TokenCredential.GetToken(context.WithValue(ctx, unvouchedKey{}, &said), o)
	if err != nil && said != nil {
		e := fault.Of(said)
		return token, unvouched{fault.New(e.Kind, "%w", said).With(codeUnvouched, "").Saying(e.Say, e.Mend)}
	}
	return token, err
}

// crmCredential is who we are to Dataverse; called again when a token was refused.
func (a azure) crmCredential() (azcore.TokenCredential, error) {
	c := a.config
	if c.DataverseClientID == "" {
		return a.identity()
	}
	return a.secretCredential(c.DataverseTenant, c.DataverseClientID, c.DataverseClientSecret)
}

func (a azure) queues() (Queues, error) {
	if a.own.Queues != nil {
		return a.own.Queues, nil
	}
	c := queue.Config{ConnectionString: a.config.ServiceBus.Reveal(), Namespace: a.config.ServiceBusNamespace}
	if c.ConnectionString == "" {
		identity, err := a.identity()
		if err != nil {
			return nil, fmt.Errorf("making the identity for Service Bus: %w", err)
		}
		c.Credential = identity
		if a.dialer != nil {
			c.Endpoint = simulator(a.config.Simulated, c.Namespace, "5671")
			c.TLS = &tls.Config{ServerName: c.Namespace, RootCAs: a.roots, MinVersion: tls.VersionTLS12}
		}
	}
	return queue.OpenServiceBus(c)
}

// simulator finds the address that stands for a host, as SYNC_SIMULATED says: "host=…" or "host:port=…".
func simulator(setting, host, port string) string {
	found := ""
	for _, entry := range strings.Split(setting, ",") {
		name, to, _ := strings.Cut(strings.TrimSpace(entry), "=")
		if strings.EqualFold(name, net.JoinHostPort(host, port)) || strings.EqualFold(name, host) && found == "" {
			found = to
		}
	}
	return found
}

func (a azure) tables(sealer ledger.Sealer) (*ledger.Ledger, error) {
	if a.own.Ledger != nil {
		return a.own.Ledger(a.config.TenantAlias, sealer), nil
	}
	c, err := a.tableConfig()
	if err != nil {
		return nil, err
	}
	c.Sealer = sealer
	return ledger.OpenTable(c)
}

func (a azure) board(table string) (*ledger.Board, error) {
	if a.own.Board != nil {
		return a.own.Board(table), nil
	}
	c, err := a.tableConfig()
	if err != nil {
		return nil, err
	}
	return ledger.OpenBoard(c, table)
}

// certificates reads the certificate files of events' signatures.
func (a azure) certificates() func(ctx context.Context, address string) ([]byte, error) {
	if a.own.Certificates != nil {
		return a.own.Certificates
	}
	return partnercenter.NewFetcher(partnercenter.FetcherOptions{Dialer: a.dialer, TLSRoots: a.roots})
}

// shipped reads our own field sheet, once.
func (a azure) shipped() func() (*mapping.Sheet, error) {
	if a.own.Shipped != nil {
		return a.own.Shipped
	}
	return sync.OnceValues(mapping.Default)
}

func (a azure) tableConfig() (ledger.Config, error) {
	c := ledger.Config{ConnectionString: a.config.TablesConnection.Reveal(), Endpoint: a.config.TablesEndpoint, Tenant: a.config.TenantAlias, Now: a.now}
	c.Transport = a.options().Transport
	if c.ConnectionString != "" && a.dialer != nil {
		// An emulator on this machine, which the check has made sure of.
		c.Transport = &http.Client{Transport: &http.Transport{MaxIdleConns: 100, MaxIdleConnsPerHost: 100, IdleConnTimeout: 90 * time.Second}}
	}
	if c.ConnectionString == "" {
		identity, err := a.identity()
		if err != nil {
			return c, fmt.Errorf("making the identity for the tables: %w", err)
		}
		c.Credential = identity
	}
	return c, nil
}

// vault keeps the refresh token in Key Vault.
type vault struct{ client *azsecrets.Client }

// secrets are where the refresh token is kept.
func (a azure) secrets() (partnercenter.Secrets, error) {
	if a.own.Secrets != nil {
		return a.own.Secrets, nil
	}
	return a.vault()
}

func (a azure) vault() (vault, error) {
	identity, err := a.patient(a.config.AzureClientID).identity()
	if err != nil {
		return vault{}, fmt.Errorf("making the identity for Key Vault: %w", err)
	}
	client, err := azsecrets.NewClient(a.config.VaultURL, identity, &azsecrets.ClientOptions{ClientOptions: a.options()})
	if err != nil {
		return vault{}, fmt.Errorf("opening Key Vault: %w", err)
	}
	return vault{client}, nil
}

// Get implements partnercenter.Secrets.
func (v vault) Get(ctx context.Context, name string) (string, error) {
	res, err := v.client.GetSecret(ctx, name, "", nil)
	if err != nil {
		return "", vaultError("reading", name, err)
	}
	return secretOf(name, res.Value)
}

// UnsetSecret is what a deployment writes, once, into a secret that the app or a consent is to write, because rights
// are given to secrets that are there: it stands for none.
const UnsetSecret = "none"

// OwnSecrets are the secrets of Key Vault that the app makes itself, whatever the settings are.
func OwnSecrets() []string { return []string{sealSecret} }

// secretOf is the value of a secret that was read.
func secretOf(name string, value *string) (string, error) {
	switch {
	case value == nil:
		return "", fault.New(fault.Broken, "secret %s in Key Vault has no value", name)
	case *value == UnsetSecret:
		return "", missing("reading", name)
	}
	return *value, nil
}

// Set implements partnercenter.Secrets.
func (v vault) Set(ctx context.Context, name, value string) error {
	_, err := v.client.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: &value}, nil)
	return vaultError("writing", name, err)
}

// aadCode is the number by which Entra ID's documentation explains a refusal.
var aadCode = pattern.New(`AADSTS[0-9]{3,9}`)

// secretMissing is the code of a secret that is not in Key Vault.
const secretMissing = "consent.missing"

// IsMissing says whether an error is that a secret is not in Key Vault.
func IsMissing(err error) bool {
	e := fault.Of(err)
	return err != nil && e != nil && e.Code == secretMissing
}

func missing(doing, name string) error {
	return fault.New(fault.Denied, "%s secret %s: it is not in Key Vault", doing, name).
		With(secretMissing, "run cosellctl consent, which stores the integration user's refresh token there")
}

// away says what has not answered on the way to Key Vault.
func away(doing, name string, err error) error {
	var identity *azidentity.AuthenticationFailedError
	var onTheWay *url.Error
	say, mend := "Key Vault cannot be reached", "if it lasts, look at the address PARTNER_CENTER_VAULT_URL and at the network of the app"
	switch {
	case errors.As(err, &identity):
		say, mend = "no token for Key Vault comes, because the directory does not answer, or the host gives us no identity", "if it lasts, look at the identity of the app and at its network"
	case !errors.As(err, &onTheWay) && !errors.Is(err, context.DeadlineExceeded):
		say, mend = "Key Vault cannot be asked", "compare AZURE_TENANT_ID with the directory of the vault, and the vault's address with the settings"
	}
	return fault.New(fault.Broken, "%s secret %s: %s", doing, name, say).With("vault.unreachable", mend)
}

// innerCode is the cause inside a refusal of Key Vault; "" where there is none.
// https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret#error
func innerCode(res *azcore.ResponseError) string {
	if res.RawResponse == nil {
		return ""
	}
	text, err := runtime.Payload(res.RawResponse) // it was read already, and is kept
	if err != nil {
		return ""
	}
	var body struct {
		Error struct {
			Inner struct {
				Code string `json:"code"`
			} `json:"innererror"`
		} `json:"error"`
	}
	_ = json.Unmarshal(text, &body) // of something else in between: no code
	return body.Error.Inner.Code
}

// vaultError keeps no text of the client: it may quote what was sent.
func vaultError(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	var res *azcore.ResponseError
	var identity *azidentity.AuthenticationFailedError
	var said *fault.Error
	switch {
	case errors.As(err, &said): // of who we are
		return fmt.Errorf("%s secret %s: %w", doing, name, said)
	case errors.As(err, &identity) && identity.RawResponse != nil && identity.RawResponse.StatusCode == http.StatusTooManyRequests:
		answer := &httpclient.Response{Status: identity.RawResponse.StatusCode, Header: identity.RawResponse.Header}
		return fault.Wait(httpclient.RetryAfter(answer, answer.Date()), "%s secret %s: the directory asked to wait", doing, name).With("throttled", "")
	case errors.As(err, &identity) && identity.RawResponse != nil && identity.RawResponse.StatusCode < http.StatusInternalServerError:
		return fault.New(fault.Denied, "%s secret %s: the directory refuses our identity (%d %s)", doing, name, identity.RawResponse.StatusCode, aadCode.FindString(err.Error())).
			With("identity.refused", "").Saying("the directory gives our own identity no token for Key Vault", "compare AZURE_CLIENT_ID and its secret with the app registration; secrets expire")
	case !errors.As(err, &res):
		return away(doing, name, err)
	}
	switch inner := innerCode(res); {
	case inner == "SecretDisabled":
		return fault.New(fault.Denied, "%s secret %s: its newest version is disabled", doing, name).
			With("vault.disabled", "enable the secret's newest version in the vault, or run cosellctl consent, which stores a new one")
	case inner == "ObjectIsDeletedButRecoverable":
		return fault.New(fault.Denied, "%s secret %s: it is deleted, and the vault keeps its name", doing, name).
			With("vault.deleted", "recover the secret in the vault (az keyvault secret recover), or purge it")
	}
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Denied, "%s secret %s: Key Vault refuses us (%d %s)", doing, name, res.StatusCode, res.ErrorCode).
			With("vault.denied", "give the app Key Vault Secrets Officer on this secret")
	case http.StatusNotFound:
		return missing(doing, name)
	case http.StatusTooManyRequests:
		return fault.Wait(10*time.Second, "%s secret %s: Key Vault is busy", doing, name).With("vault.busy", "")
	}
	return fault.New(fault.Broken, "%s secret %s: Key Vault answered %d %s", doing, name, res.StatusCode, res.ErrorCode)
}
