// Package functions is the table of contents: everything that can be called.
package functions

import (
	"context"
	"slices"

	"github.com/cosell-sync/cosell-sync/functions/createcosellreferral"
	"github.com/cosell-sync/cosell-sync/functions/crmtopartnercenter"
	"github.com/cosell-sync/cosell-sync/functions/crmwebhook"
	"github.com/cosell-sync/cosell-sync/functions/health"
	"github.com/cosell-sync/cosell-sync/functions/partnercentertocrm"
	"github.com/cosell-sync/cosell-sync/functions/partnercenterwebhook"
	"github.com/cosell-sync/cosell-sync/functions/reconcile"
	"github.com/cosell-sync/cosell-sync/functions/solutionssync"
	"github.com/cosell-sync/cosell-sync/functions/webhookregistration"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

// Names lists the functions of a role: "intake" receives events and may only send to queues, "sync" holds
// the credentials, "all" is both.
func Names(role string) []string {
	intake := []string{"partnercenterwebhook", "crmwebhook"}
	sync := []string{"webhookregistration", "partnercentertocrm", "crmtopartnercenter", "createcosellreferral", "solutionssync", "reconcile"}
	both := []string{"health"}
	switch role {
	case app.Intake:
		return slices.Concat(intake, both)
	case app.Sync:
		return slices.Concat(sync, both)
	default:
		return slices.Concat(intake, sync, both)
	}
}

// List builds the functions of the app's role.
func List(a *app.App) []funchost.Function {
	var out []funchost.Function
	for _, name := range Names(a.Role) {
		f := build(name, a)
		f.Name = name
		out = append(out, f)
	}
	return out
}

func build(name string, a *app.App) funchost.Function {
	switch name {
	case "webhookregistration":
		return funchost.Function{Route: "webhookregistration/{action?}", HTTP: a.Operators.Guard(name, registration(a))}
	case "partnercenterwebhook":
		return funchost.Function{Route: "partnercenterwebhook/{tenant?}", HTTP: &partnercenterwebhook.Handler{
			Verifier: a.PartnerCenterEvents, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log, Tested: a.Tested}}
	case "crmwebhook":
		return funchost.Function{Route: name, MaxBody: crmwebhook.MaxBody, HTTP: &crmwebhook.Handler{
			Verifier: a.CRMEvents, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log}}
	case "partnercentertocrm":
		return funchost.Function{QueueName: "referral-changed", Queue: a.OwnPointers(partnercentertocrm.Handler(a.Jobs))}
	case "crmtopartnercenter":
		return funchost.Function{QueueName: "opportunity-changed", Queue: a.OwnPointers(crmtopartnercenter.Handler(a.Jobs))}
	case "createcosellreferral":
		return funchost.Function{QueueName: "referral-wanted", Queue: a.OwnPointers(createcosellreferral.Handler(a.Jobs))}
	case "solutionssync":
		return funchost.Function{QueueName: "solutions-changed", Queue: a.OwnPointers(solutionssync.Handler(a.Jobs))}
	case "reconcile":
		return funchost.Function{Timer: reconcile.Handler(a.Jobs, registration(a).Check, a.Revive, a.NewID)}
	default:
		return funchost.Function{Route: name, HTTP: &health.Handler{Operators: a.Operators, Details: a.Role != app.Intake,
			Report: func(ctx context.Context) health.Report { return health.Report(a.Health(ctx)) }}}
	}
}

func registration(a *app.App) *webhookregistration.Handler {
	return &webhookregistration.Handler{Registrations: a.PartnerCenter, URL: a.WebhookURL, Remember: a.Ledger.SaveRegistration}
}
