package world

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/vaultsim"
)

const seed = 20260301

// startSystems makes the simulated systems with their seed data: the old connector is registered at
// Partner Center, the product's steps are registered in the CRM, the refresh token lies in the vault.
func (w *World) startSystems(context.Context) error {
	k := w.secrets
	if err := w.startSTS(); err != nil {
		return err
	}
	partnerCenter, err := partnercentersim.New(partnercentersim.Options{
		Now: w.clock.now, TokenNow: time.Now, Seed: seed, Notify: w.kickAll,
		Tenant: k.partnerTenant, ClientID: k.partnerClient, ClientSecret: k.partnerSecret, RefreshToken: k.refreshToken,
		SigningHost: certificateHost, Intermediate: true, Switches: w.opt.Positions.PartnerCenter,
		Apps: []partnercentersim.App{{Tenant: k.partnerTenant, ClientID: k.vaultClient, Secret: w.unlessTrusted(k.vaultSecret), ObjectID: k.vaultClient, Trusts: w.trusts(roleSync)},
			{Tenant: k.partnerTenant, ClientID: k.ownerClient, Secret: k.ownerSecret, ObjectID: k.ownerClient},
			{Tenant: k.partnerTenant, ClientID: k.intakeClient, Secret: w.unlessTrusted(k.intakeSecret), ObjectID: k.intakeClient, Trusts: w.trusts(roleIntake)}},
		Vouched: w.vouched,
	})
	if err != nil {
		return fmt.Errorf("starting Partner Center: %w", err)
	}
	w.first = partnerCenter
	if err := os.WriteFile(w.signerFile(), partnerCenter.RootPEM(), 0o644); err != nil {
		return fmt.Errorf("writing the root of webhook signatures: %w", err)
	}
	if err := os.WriteFile(w.middleFile(), partnerCenter.IntermediatesPEM(), 0o644); err != nil {
		return fmt.Errorf("writing the intermediate authority of webhook signatures: %w", err)
	}
	dataverse, err := dataversesim.New(dataversesim.Options{
		Now: w.clock.now, Seed: seed, Notify: w.kickAll,
		Host: dataverseHost, Tenant: k.dataverseTenant, ClientID: k.dataverseClient, ClientSecret: k.dataverseSecret,
		Administrator: dataversesim.Application(k.administrator), Customizer: dataversesim.Application(k.customizer),
		OrganizationID: k.organization, Organisation: w.opt.Positions.Organisation, Switches: w.opt.Positions.Dataverse,
		WebhookURL: w.productURL() + crmRoute, SecretHeader: crmSecretHeader, Secret: k.crmSecret,
	})
	if err != nil {
		return fmt.Errorf("starting Dataverse: %w", err)
	}
	if err := w.startTenants(partnerCenter); err != nil {
		return err
	}
	secrets := map[string]string{refreshTokenSecret: k.refreshToken}
	for _, t := range w.tenants {
		secrets[t.refreshSecret()] = t.refreshToken
	}
	vault, err := vaultsim.New(vaultsim.Options{
		Now: w.clock.now, Tenant: k.partnerTenant, CheckToken: partnerCenter.CheckToken,
		Secrets: secrets,
	})
	if err != nil {
		return fmt.Errorf("starting Key Vault: %w", err)
	}
	w.systems = []*system{
		newSystem("partnercenter", surfacesOf(partnerCenter), &w.clock, w.client),
		newSystem("dataverse", surfaced{dataverse, map[string]http.Handler{
			partnercentersim.LoginHost: dataverse.Handler("login"),
			dataverseHost:              dataverse.Handler("api"),
		}}, &w.clock, w.client),
		newSystem("vault", vault, &w.clock, w.client),
	}
	for _, t := range w.tenants {
		w.systems = append(w.systems, t.system)
	}
	for _, s := range w.systems {
		s.wire.Watch(w.killer.watch)
	}
	return nil
}

// runSystems lets the systems' time pass and their events go out.
func (w *World) runSystems() {
	ctx, cancel := context.WithCancel(context.Background())
	w.onClose(cancel)
	for _, s := range w.systems {
		w.finished.Go(func() { s.run(ctx) })
	}
}
