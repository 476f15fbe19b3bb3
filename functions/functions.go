// Package functions is the table of contents: everything that can be called.
package functions

import (
	"context"

	"github.com/cosell-sync/cosell-sync/functions/createcosellreferral"
	"github.com/cosell-sync/cosell-sync/functions/crmtopartnercenter"
	"github.com/cosell-sync/cosell-sync/functions/crmwebhook"
	"github.com/cosell-sync/cosell-sync/functions/health"
	"github.com/cosell-sync/cosell-sync/functions/operator"
	"github.com/cosell-sync/cosell-sync/functions/partnercentertocrm"
	"github.com/cosell-sync/cosell-sync/functions/partnercenterwebhook"
	"github.com/cosell-sync/cosell-sync/functions/reconcile"
	"github.com/cosell-sync/cosell-sync/functions/solutionssync"
	"github.com/cosell-sync/cosell-sync/functions/webhookregistration"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/post"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Trigger is what calls a function: exactly one of the three is set.
type Trigger struct {
	Route string     // an HTTP call below /api/
	Queue queue.Name // a message on that queue
	Timer string     // the setting that holds the schedule
}

// Declared is a function as data. Build makes what the trigger calls; the list fills in the rest.
type Declared struct {
	Name    string // of the folder, and of the function where it is deployed
	Role    string // app.Intake, app.Sync, or app.All: both
	Trigger Trigger
	Build   func(a *app.App, d Declared) funchost.Function
}

// All declares every function, once.
func All() []Declared {
	return []Declared{
		{"webhookregistration", app.Sync, Trigger{Route: "webhookregistration/{action?}"}, guarded(func(a *app.App) funchost.Function {
			return funchost.Function{HTTP: registration(a)}
		})},
		{"partnercenterwebhook", app.Intake, Trigger{Route: "partnercenterwebhook/{tenant?}"}, partnerCenterEvents},
		{"crmwebhook", app.Intake, Trigger{Route: "crmwebhook"}, crmEvents},
		{"partnercentertocrm", app.Sync, Trigger{Queue: queue.ReferralChanged}, worker(func(g *app.Generation) post.Work { return partnercentertocrm.Handler(g.Jobs) })},
		{"crmtopartnercenter", app.Sync, Trigger{Queue: queue.OpportunityChanged}, worker(func(g *app.Generation) post.Work { return crmtopartnercenter.Handler(g.Jobs) })},
		{"createcosellreferral", app.Sync, Trigger{Queue: queue.ReferralWanted}, worker(func(g *app.Generation) post.Work { return createcosellreferral.Handler(g.Jobs) })},
		{"solutionssync", app.Sync, Trigger{Queue: queue.SolutionsChanged}, worker(func(g *app.Generation) post.Work { return solutionssync.Handler(g.Jobs) })},
		{"operator", app.Sync, Trigger{Route: "operator/{*path}"}, guarded(func(a *app.App) funchost.Function {
			return funchost.Function{MaxBody: operator.MaxBody, HTTP: &operator.Handler{Office: a.Office}}
		})},
		{"reconcile", app.Sync, Trigger{Timer: "SYNC_RECONCILE_SCHEDULE"}, sweep},
		{"health", app.All, Trigger{Route: "health"}, healthReport},
	}
}

// Of lists the functions of a role: "intake" receives events and may only send to queues, "sync" holds the
// credentials, "all" is both.
func Of(role string) (out []Declared) {
	for _, d := range All() {
		if role == app.All || d.Role == app.All || d.Role == role {
			out = append(out, d)
		}
	}
	return out
}

// List builds the functions of the app's role.
func List(a *app.App) (out []funchost.Function) {
	for _, d := range Of(a.Role) {
		f := d.Build(a, d)
		f.Name, f.Route, f.QueueName = d.Name, d.Trigger.Route, string(d.Trigger.Queue)
		out = append(out, f)
	}
	return out
}

// worker builds a queue function of its work, which each message has from the field sheet of its moment.
func worker(work func(*app.Generation) post.Work) func(*app.App, Declared) funchost.Function {
	return func(a *app.App, d Declared) funchost.Function {
		return funchost.Function{Queue: a.Post.Handler(d.Name, d.Trigger.Queue, func(ctx context.Context, h post.Hint) error {
			g, err := a.Generation(ctx)
			if err != nil {
				return err
			}
			return work(g)(ctx, h)
		})}
	}
}

// guarded builds an HTTP function that is for operators.
func guarded(build func(*app.App) funchost.Function) func(*app.App, Declared) funchost.Function {
	return func(a *app.App, d Declared) funchost.Function {
		f := build(a)
		f.HTTP = a.Operators.Guard(d.Name, f.HTTP)
		return f
	}
}

func partnerCenterEvents(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{HTTP: &partnercenterwebhook.Handler{
		Verifier: a.PartnerCenterEvents, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log, Watch: a.Watch, Forward: a.Forward}}
}

func crmEvents(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{MaxBody: crmwebhook.MaxBody, HTTP: &crmwebhook.Handler{
		Verifier: a.CRMEvents, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log, Watch: a.Watch}}
}

func sweep(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{Timer: reconcile.Handler(a.Watch, a.Log, a.Now, a.NewID,
		reconcile.Job{Name: "dead letters", Do: a.Post.Revive},
		reconcile.Job{Name: "change feeds", Do: a.Reconcile},
		reconcile.Job{Name: "webhook registration", Do: registration(a).Check},
		reconcile.Job{Name: "CRM metadata", Do: a.Metadata},
		reconcile.Job{Name: "status rows", Do: a.Tidy},
		reconcile.Job{Name: "old copies", Do: a.Ledger.DropCopies},
	)}
}

func healthReport(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{HTTP: &health.Handler{Operators: a.Operators, Details: a.Role != app.Intake, Room: a.Health}}
}

func registration(a *app.App) *webhookregistration.Handler {
	return &webhookregistration.Handler{Registrations: a.PartnerCenter, URL: a.WebhookURL, Memory: a.Ledger, Now: a.Now, Register: a.Register}
}
