package setup

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

// Settings are what the work needs to know, by the names that the app has for them too:
//
//	DATAVERSE_URL                  the environment, https://ORG.crm4.dynamics.com
//	DATAVERSE_TENANT               its Entra tenant
//	DATAVERSE_ADMIN_CLIENT_ID      an app registration that is an administrator there, with its
//	DATAVERSE_ADMIN_CLIENT_SECRET  secret; without them whoever is signed in to az or azd
//	SYNC_SIMULATED, SYNC_CA_FILE   of a world on this machine
//
// and of the app: SYNC_PUBLIC_URL, DATAVERSE_WEBHOOK_HEADER and _SECRET, DATAVERSE_CLIENT_ID, AZURE_CLIENT_ID,
// SYNC_MAPPING_FILE. DATAVERSE_APP_USER names the managed identity where no other setting does.
type Settings map[string]string

// Connection is a way into an environment.
type Connection struct {
	Web    *Web
	Client *dataverse.Client
}

// Connect finds the way into the environment of the settings. Nothing is called yet. An error is a setting that is
// missing or wrong.
func Connect(s Settings) (Connection, error) {
	base := dataverse.Address(s["DATAVERSE_URL"])
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return Connection{}, fmt.Errorf("DATAVERSE_URL is %q: set it to the environment, https://ORG.crm4.dynamics.com", s["DATAVERSE_URL"])
	}
	dialer, err := httpclient.ParseDialer(s["SYNC_SIMULATED"])
	if err != nil {
		return Connection{}, err
	}
	if dialer != nil && !dialer.Knows(u.Host) {
		return Connection{}, fmt.Errorf("SYNC_SIMULATED does not list %s: a simulated run touches nothing else", u.Host)
	}
	transport, err := httpclient.NewTransport(dialer, s["SYNC_CA_FILE"])
	if err != nil {
		return Connection{}, err
	}
	credential, err := s.credential(transport, dialer != nil)
	if err != nil {
		return Connection{}, err
	}
	chain := httpclient.New(httpclient.Options{Base: transport, Hosts: []string{u.Host}, Audience: base, Token: dataverse.Tokens(credential, base+"/.default"),
		OperationHeader: "x-ms-correlation-request-id", Timeout: Timeout})
	client, err := dataverse.NewClient(dataverse.Options{BaseURL: base + "/api/data/v9.2", HTTP: chain})
	if err != nil {
		return Connection{}, err
	}
	return Connection{Web: &Web{Base: base + "/api/data/v9.2", HTTP: chain, Sleep: sleep}, Client: client}, nil
}

// credential is who we are: an app registration that is an administrator, else whoever is signed in on this machine.
func (s Settings) credential(transport http.RoundTripper, simulated bool) (func() (azcore.TokenCredential, error), error) {
	id, secret, tenant := s["DATAVERSE_ADMIN_CLIENT_ID"], s["DATAVERSE_ADMIN_CLIENT_SECRET"], s["DATAVERSE_TENANT"]
	switch {
	case id != "" && (secret == "" || tenant == ""):
		return nil, fmt.Errorf("DATAVERSE_ADMIN_CLIENT_ID stands alone: set DATAVERSE_ADMIN_CLIENT_SECRET and DATAVERSE_TENANT too")
	case id == "" && simulated:
		return nil, fmt.Errorf("a world on this machine has no az: set DATAVERSE_ADMIN_CLIENT_ID and DATAVERSE_ADMIN_CLIENT_SECRET, or use --local")
	case id == "":
		return func() (azcore.TokenCredential, error) {
			az, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
			if err != nil {
				return nil, err
			}
			azd, err := azidentity.NewAzureDeveloperCLICredential(&azidentity.AzureDeveloperCLICredentialOptions{TenantID: tenant})
			if err != nil {
				return nil, err
			}
			return azidentity.NewChainedTokenCredential([]azcore.TokenCredential{az, azd}, nil)
		}, nil
	}
	login := s["PARTNER_CENTER_LOGIN_URL"]
	if login == "" {
		login = "https://login.microsoftonline.com"
	}
	o := &azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: simulated}
	o.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: login + "/"}
	o.Retry = policy.RetryOptions{MaxRetries: 2, TryTimeout: 10 * time.Second, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 2 * time.Second}
	o.Transport = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(tenant, id, secret, o)
	}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// webhookRoute is where the app takes the CRM's events.
const webhookRoute = "/api/crmwebhook"

// EventsTo is the address and the secret of events, as the settings of the app have them; "" where they do not.
func (s Settings) EventsTo() (address, header, secret string) {
	if public := strings.TrimRight(s["SYNC_PUBLIC_URL"], "/"); public != "" {
		address = public + webhookRoute
	}
	if header = s["DATAVERSE_WEBHOOK_HEADER"]; header == "" {
		header = "x-cosell-crm-key"
	}
	return address, header, s["DATAVERSE_WEBHOOK_SECRET"]
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// AppUser is the client id of the application user: the one that is named, else that of the app's settings.
func (s Settings) AppUser(named string) (string, error) {
	for _, id := range []string{named, s["DATAVERSE_CLIENT_ID"], s["DATAVERSE_APP_USER"], s["AZURE_CLIENT_ID"]} {
		if id == "" {
			continue
		}
		if !guid.MatchString(id) {
			return "", fmt.Errorf("the client id %q of the application user is no GUID: take the Application (client) ID of the registration, or of the managed identity", id)
		}
		return strings.ToLower(id), nil
	}
	return "", nil
}

// Sheet makes the field sheet of the texts, for the environment as it is: names that are labels are looked up there.
func (c Connection) Sheet(ctx context.Context, sources ...mapping.Source) (*mapping.Sheet, error) {
	sheet, err := mapping.Load(sources...)
	if err != nil {
		return nil, fmt.Errorf("the field sheet has mistakes:\n%w", err)
	}
	asks, any := sheet.Asks()
	if !any {
		return sheet, nil
	}
	crm, err := opportunities.Describe(ctx, c.Client, asks)
	if err != nil {
		return nil, fmt.Errorf("looking for what the field sheet names: %w", err)
	}
	return mapping.LoadFor(crm, sources...)
}

// SheetFile reads a field sheet; no file, no sheet.
func SheetFile(file string) ([]mapping.Source, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the field sheet: %w", err)
	}
	return []mapping.Source{{Name: file, Text: text}}, nil
}
