package app

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/referrals"
)

// Generation is everything that depends on a field sheet, of one tenant: sheet, stores and flows, which are only
// ever replaced together. A job ends on the generation that it began with.
type Generation struct {
	Number int // of the pushed version of the sheet; 0: the file's, or ours
	Sheet  *mapping.Sheet
	Jobs   *flow.Flow

	deals     *opportunities.Store
	leads     *opportunities.Store // nil where leads stay out
	variables variables            // that it was made with
	referrals *referrals.Store
}

// generation makes one of a sheet. Flows of another generation that are still at work keep their pairs locked. told
// hears what does not fit the CRM; nil: nobody does.
func (a *App) generation(c loaded, v variables, number int, sheet *mapping.Sheet, crm *dataverse.Client, told func([]opportunities.Mismatch), before *Generation) (*Generation, error) {
	c = v.over(c)
	pc, deals, err := a.stores(c, sheet, a.PartnerCenter, crm, told)
	if err != nil {
		return nil, err
	}
	leads := deals.Leads(a.leadsMismatched)
	config := flow.Config{
		Referrals: pc, Opportunities: a.ofTenant(deals), Leads: leads, Ledger: a.rowsOfTenant(), Others: a.others(), Hints: a.Post, Rules: sheet.Rules(), LeadRules: sheet.Leads().Rules(),
		Now: a.Now, Machine: time.Now, NewID: a.NewID, Log: a.Log, Restored: a.tables.restored,
		Settings: flow.Settings{
			Guard: c.Guard.Duration, PostTimeout: c.PostTimeout.Duration, Settle: c.Settle.Duration,
			Options: cosell.Options{WonGuard: c.WonGuard, WonAge: c.WonGuardAge.Duration, RegistrableValue: c.RegistrableValue,
				DeclineGrace: c.DeclineGrace.Duration, AcceptStrict: c.AcceptStrict.On, AuditSuccess: c.AuditSuccess, LastSync: c.LastSync, Share: c.Share, CosellOnly: c.CosellOnly.On},
			CheckMark: c.CheckMark.On, LinkTemplate: c.ReferralLink, Takeover: c.Takeover, ForeignCRMID: c.ForeignCRMID, Sheet: sheet.VersionIn(c.TimeZone, c.DataverseTimeZone), LeadSheet: sheet.Leads().VersionIn(c.TimeZone, c.DataverseTimeZone), HealEvery: v.heal,
			OwnScope: c.Scope == OwnReferrals, Shadow: c.Mode == Shadow, Unstarted: c.Started.IsZero(), Started: c.Started.Time,
		},
	}
	if c.DealRegistration == "send" {
		config.Settings.Registration = sheet.RegistrationFields()
	}
	g := &Generation{Number: number, Sheet: sheet, deals: deals, leads: leads, variables: v, referrals: pc}
	if c.CosellOnly.On {
		g.leads = nil // nobody has to have what leads need
	}
	if before == nil {
		g.Jobs = flow.New(config)
	} else {
		g.Jobs = before.Jobs.Next(config)
	}
	return g, nil
}

// Generation is the one of now: that of the field sheet that was pushed last, in force at the latest lookEvery
// after the push. Broken, Later, Denied: nobody knows yet which one that is, because the tables cannot be read.
func (a *App) Generation(ctx context.Context) (*Generation, error) {
	g, err := a.generations.get(ctx)
	if err == nil {
		a.begun(ctx, g)
	}
	return g, err
}

// Reconcile looks for what no event told us, with the field sheet of now.
func (a *App) Reconcile(ctx context.Context) error {
	g, err := a.Generation(ctx)
	if err != nil {
		return err
	}
	if err := a.tables.pass(ctx); err != nil {
		return err
	}
	err = g.Jobs.Reconcile(ctx)
	a.untracked(g.deals.Untracked())
	return err
}

func (a *App) flow(ctx context.Context) (*flow.Flow, error) {
	g, err := a.Generation(ctx)
	if err != nil {
		return nil, err
	}
	return g.Jobs, nil
}
