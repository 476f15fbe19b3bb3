// Package functions is the table of contents: everything that can be called.
package functions

import (
	"context"
	"net/http"
	"time"

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

// Awaited are the queue functions that people wait for, each in front of a screen: hosts that let functions sleep keep
// these awake.
func Awaited() []string { return []string{"crmtopartnercenter", "partnercentertocrm"} }

// List builds the functions of the app's role.
func List(a *app.App) (out []funchost.Function) {
	for _, d := range Of(a.Role) {
		f := d.Build(a, d)
		f.Name, f.Route, f.QueueName = d.Name, d.Trigger.Route, string(d.Trigger.Queue)
		out = append(out, f)
	}
	return out
}

// worker builds a queue function of its work, which each message has from its tenant and the field sheet of its moment.
func worker(work func(*app.Generation) post.Work) func(*app.App, Declared) funchost.Function {
	return func(a *app.App, d Declared) funchost.Function {
		its := map[string]func(context.Context, funchost.Delivery) error{}
		for _, t := range a.All() {
			its[t.Tenant] = t.Post.Handler(d.Name, d.Trigger.Queue, func(ctx context.Context, h post.Hint) error {
				owner, err := t.Owner(ctx, h)
				if err != nil {
					return err
				}
				g, err := owner.Generation(ctx)
				if err != nil {
					return err
				}
				return work(g)(ctx, h)
			})
		}
		return funchost.Function{Queue: post.ByTenant(a.Tenant, its)}
	}
}

// guarded builds an HTTP function that is for operators, who say with ?tenant=ALIAS of which tenant they speak.
func guarded(build func(*app.App) funchost.Function) func(*app.App, Declared) funchost.Function {
	return func(a *app.App, d Declared) funchost.Function {
		first := build(a)
		its := map[string]http.Handler{"": first.HTTP}
		for _, t := range a.All() {
			its[t.Tenant] = build(t).HTTP
		}
		byTenant := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if h := its[r.URL.Query().Get("tenant")]; h != nil {
				h.ServeHTTP(w, r)
				return
			}
			funchost.Refuse(w, http.StatusNotFound, "there is no such tenant: SYNC_TENANTS lists them")
		})
		return funchost.Function{MaxBody: first.MaxBody, HTTP: a.Operators.Guard(d.Name, byTenant)}
	}
}

func partnerCenterEvents(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{HTTP: &partnercenterwebhook.Handler{
		Verifier: a.PartnerCenterEvents, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log, Watch: a.Watch, Forward: a.Forward, Further: furtherOf(a)}}
}

func furtherOf(a *app.App) (aliases []string) {
	for _, t := range a.Further {
		aliases = append(aliases, t.Tenant)
	}
	return aliases
}

func crmEvents(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{MaxBody: crmwebhook.MaxBody, HTTP: &crmwebhook.Handler{
		Verifier: a.CRMEvents, Sender: a.Sender, Tenant: a.Tenant, Now: a.Now, NewID: a.NewID, Log: a.Log, Watch: a.Watch}}
}

func sweep(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{Timer: reconcile.Handler(a.Watch, a.Log, a.Now, a.NewID,
		reconcile.Job{Name: "dead letters", Do: a.Post.Revive},
		reconcile.Job{Name: "parked by an older version", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Post.TakeBack(ctx) })},
		reconcile.Job{Name: "consent", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Consent(ctx) })},
		reconcile.Job{Name: "rights in CRM", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Rights(ctx) })},
		reconcile.Job{Name: "change feeds", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Reconcile(ctx) })},
		reconcile.Job{Name: "webhook registration", Do: each(a, func(ctx context.Context, t *app.App) error { return registration(t).Check(ctx) })},
		reconcile.Job{Name: "CRM metadata", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Metadata(ctx) })},
		reconcile.Job{Name: "flows of Microsoft's connector", Do: a.OldFlows},
		reconcile.Job{Name: "status rows", Do: a.Tidy},
		reconcile.Job{Name: "old copies", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Ledger.DropCopies(ctx) })},
		reconcile.Job{Name: "daily report", Do: each(a, func(ctx context.Context, t *app.App) error { return t.Office.Daily(ctx) })},
		reconcile.Job{Name: "state", Do: a.TellState}, // of what all of them have left
	)}
}

// toTenant is what a tenant whose systems are slow leaves to each tenant behind it, in each job of the timer.
const toTenant = 30 * time.Second

// each does a job of the timer for every tenant.
func each(a *app.App, do func(context.Context, *app.App) error) func(context.Context) error {
	return func(ctx context.Context) error {
		behind := len(a.Further)
		return a.Each(func(t *app.App) error {
			its, cancel := reconcile.Leave(ctx, behind, toTenant)
			defer cancel()
			behind--
			return do(its, t)
		})
	}
}

func healthReport(a *app.App, _ Declared) funchost.Function {
	return funchost.Function{HTTP: &health.Handler{Operators: a.Operators, Details: a.Role != app.Intake, Room: a.Health}}
}

func registration(a *app.App) *webhookregistration.Handler {
	return &webhookregistration.Handler{Registrations: a.PartnerCenter, URL: a.WebhookURL, Memory: a.Ledger, Now: a.Now, Register: a.Register, Shadow: a.Shadow}
}
