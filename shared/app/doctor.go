package app

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// doctor makes what looks at everything that this tenant needs. trial makes a generation that has asked the CRM nothing
// yet, so that what was mended a moment ago is seen.
func (a *App) doctor(c loaded, crm *dataverse.Client, bus Queues, trial func(*mapping.Sheet, *Generation) (*Generation, error)) *doctor.Doctor {
	d := &doctor.Doctor{PartnerCenter: a.PartnerCenter, CRM: crm, Queues: bus, Ledger: a.Ledger, Health: a.Health, Now: a.Now,
		Settings: doctor.Settings{Mode: c.Mode, Scope: c.Scope, Share: c.Share, Register: c.Register, WebhookURL: a.WebhookURL,
			CRMWebhookURL: c.PublicURL + "/api/crmwebhook", Organization: c.DataverseOrganization, DefaultOwner: c.DefaultOwner, DefaultMember: c.DefaultMember,
			ContactConsent: c.ContactConsent, ConsentGiven: c.given["SYNC_CONTACT_CONSENT"], Leads: !c.CosellOnly.On,
			ConnectionStrings: c.ServiceBus.text != "" || c.TablesConnection.text != ""}}
	if a.Board != nil {
		d.Board = a.Board
	}
	d.Sheet = func(ctx context.Context) (doctor.Sheet, error) {
		now, err := a.Generation(ctx)
		if err != nil {
			return doctor.Sheet{}, err
		}
		fresh, err := trial(now.Sheet, now)
		if err != nil {
			return doctor.Sheet{}, err
		}
		return doctor.Sheet{Sheet: fresh.Sheet, Deals: fresh.deals, Leads: fresh.leads}, nil
	}
	return d
}
