package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/referrals"
)

// events makes the two verifiers of the intake.
func (a *App) events(c loaded, fetch func(ctx context.Context, address string) ([]byte, error)) error {
	roots, err := pool(c.ExtraRootsFile, httpclient.Roots)
	if err != nil {
		return err
	}
	intermediates, err := pool(c.IntermediatesFile, intermediatesOf)
	if err != nil {
		return err
	}
	a.PartnerCenterEvents = partnercenter.NewVerifier(partnercenter.VerifierOptions{
		Fetch: fetch,
		Hosts: c.CertificateHosts, Subjects: c.CertificateSubjects, Roots: roots, Intermediates: intermediates, Now: a.Now, Log: a.Log,
	})
	secrets := []string{c.WebhookSecret.Reveal()}
	if previous := c.WebhookSecretPrevious.Reveal(); previous != "" {
		secrets = append(secrets, previous)
	}
	a.CRMEvents, err = dataverse.NewVerifier(dataverse.VerifierOptions{
		Header: c.WebhookHeader, Secrets: secrets, OrganizationID: c.DataverseOrganization, Host: hostOf(c.DataverseURL)})
	return err
}

func pool(file string, read func(string) (*x509.CertPool, error)) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	return read(file)
}

func intermediatesOf(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading PARTNER_CENTER_INTERMEDIATES_FILE: %w", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("PARTNER_CENTER_INTERMEDIATES_FILE holds no PEM certificate")
	}
	return p, nil
}

// partnerCenter makes the client of both hosts, each with tokens of its own audience.
func (a *App) partnerCenter(c Config, transport http.RoundTripper, secrets partnercenter.Secrets) (*partnercenter.Client, error) {
	tokens, err := partnercenter.NewTokens(partnercenter.TokenOptions{
		TokenURL: c.LoginURL, Tenant: c.PartnerCenterTenant, ClientID: c.PartnerCenterClientID,
		ClientSecret: c.PartnerCenterClientSecret.Reveal(), Secrets: secrets, SecretName: c.RefreshTokenSecret,
		HTTP: httpclient.New(httpclient.Options{Base: transport, Hosts: []string{hostOf(c.LoginURL)}, Gate: a.signIn(c, c.PartnerCenterClientID),
			Log: a.Log, Now: a.Now, Jitter: a.jitter, Sleep: a.sleep}), Log: a.Log, Now: a.Now,
	})
	if err != nil {
		return nil, err
	}
	got := func(audience, text string, err error) (string, error) {
		if err == nil {
			sum := sha256.Sum256([]byte(text))
			a.Watch.GotToken(audience+a.mark, hex.EncodeToString(sum[:]))
		}
		return text, err
	}
	token := func(ctx context.Context, audience, refused string) (string, error) {
		text, err := tokens.Token(ctx, audience, refused)
		return got(audience, text, err)
	}
	a.consent = func(ctx context.Context) error {
		audience := "https://" + hostOf(c.PartnerCenterURL)
		text, err := tokens.Check(ctx, audience)
		_, err = got(audience, text, err)
		return err
	}
	watched := a.Watch.Transport(transport, health.PartnerCenter)
	return clientOf(c, a.Log, func(base, call, operation string) *httpclient.Client {
		return httpclient.New(httpclient.Options{Base: watched, ReadOnly: base == c.PartnerCenterURL && c.Mode == Shadow, Hosts: []string{hostOf(base)},
			Audience: "https://" + hostOf(base), Token: token,
			Gate:       a.gate(hostOf(base)), // the hosts count for themselves, and all our processes together
			CallHeader: call, OperationHeader: operation, Log: a.Log, Now: a.Now, Jitter: a.jitter, Sleep: a.sleep})
	})
}

// Consent shows whether the integration user's consent still holds, which access tokens from before would hide for up to
// an hour. Its faults are those of a token.
func (a *App) Consent(ctx context.Context) error { return a.consent(ctx) }

func (a *App) dataverse(c Config, az azure) (*dataverse.Client, error) {
	token := dataverse.Tokens(az.patient(cmp.Or(c.DataverseClientID, c.AzureClientID)).crmCredential, c.DataverseURL+"/.default")
	return dataverse.NewClient(dataverse.Options{
		BaseURL: c.DataverseURL + "/api/data/v9.2",
		HTTP: httpclient.New(httpclient.Options{Base: a.Watch.Transport(az.transport, health.CRM), ReadOnly: c.Mode == Shadow, Hosts: []string{hostOf(c.DataverseURL)},
			Audience: c.DataverseURL, Token: token, Gate: a.gate(hostOf(c.DataverseURL)), Final: dataverse.Final, OperationHeader: "x-ms-correlation-request-id", Log: a.Log, Now: a.Now, Jitter: a.jitter, Sleep: a.sleep}),
	})
}

// ownSheet is the customer's field sheet in a file, which lies over ours; none where there is no file.
func ownSheet(file string) ([]mapping.Source, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the field sheet: %w", err)
	}
	return []mapping.Source{{Name: file, Text: text}}, nil
}

// CheckSheet names every mistake of a customer's field sheet, as a start with it would.
func CheckSheet(file string) error {
	own, err := ownSheet(file)
	if err == nil {
		_, err = mapping.Load(own...)
	}
	return err
}

// stores makes the two repositories of the records.
func (a *App) stores(c loaded, sheet *mapping.Sheet, pc *partnercenter.Client, dv *dataverse.Client, told func([]opportunities.Mismatch)) (*referrals.Store, *opportunities.Store, error) {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return nil, nil, fmt.Errorf("PARTNER_CENTER_TIME_ZONE: %w", err)
	}
	crmZone := zone
	if c.DataverseTimeZone != "" {
		if crmZone, err = time.LoadLocation(c.DataverseTimeZone); err != nil {
			return nil, nil, fmt.Errorf("DATAVERSE_TIME_ZONE: %w", err)
		}
	}
	var defined opportunities.Definitions
	if a.define != nil {
		defined = a.define(dv)
	}
	o := opportunities.New(dv, sheet, opportunities.Options{
		Definitions: defined,
		Environment: hostOf(c.DataverseURL), PartnerTenant: c.PartnerCenterTenant, CheckMark: c.CheckMark.On,
		ConvertCountry: c.ConvertCountry.On, DefaultOwner: c.DefaultOwner, DefaultMember: c.DefaultMember,
		DefaultPhone: c.DefaultPhone, ContactConsent: c.ContactConsent == "always", Zone: zone, CRMZone: crmZone, Now: a.Now, Told: told,
	})
	r := referrals.New(pc, sheet, referrals.Options{Zone: zone, Organization: c.PartnerOrganization, ReasonCodes: c.Reasons == "code",
		FeedOverlap: c.FeedOverlap.Duration, Ready: o.Ready})
	return r, o, nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
