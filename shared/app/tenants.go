package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// One installation works for several partner tenants, each with a Partner Center, credentials, tables, field sheet and
// registration of its own, and all of them with one CRM. The first one takes the CRM's events and reads its change
// feeds; Owner says whose a record is.

// beside is the app of a further tenant: what is about the process it has in common with the first.
func (a *App) beside(c loaded) *App {
	return &App{Role: a.Role, Tenant: c.TenantAlias, Version: a.Version, Now: a.Now, NewID: a.NewID, Log: a.Log.With("tenant", c.TenantAlias),
		Sender: a.Sender, Operators: a.Operators, Watch: a.Watch, Board: a.Board, Health: a.Health, limits: a.limits, port: a.port, close: a.close, jitter: a.jitter, sleep: a.sleep, define: a.define,
		mark: " of " + c.TenantAlias, first: a}
}

// workFurther builds what the sync app has for the further tenants.
func (a *App) workFurther(c loaded, az azure, bus Queues) error {
	if len(a.Further) == 0 {
		return nil
	}
	crm, err := a.dataverse(c.Config, az)
	if err != nil {
		return err
	}
	a.owners = owners{crm: crm, by: c.TenantBy, of: map[string]*App{}}
	posts := map[string]*post.Post{}
	ledgers := ledgersOf{health.LedgerRows{Ledger: a.Ledger}}
	for i, t := range c.tenants {
		b := a.Further[i]
		its := az
		its.config = t.Config
		if err := b.work(t, its, bus); err != nil {
			return err
		}
		for _, value := range t.TenantRows {
			a.owners.of[folded(value)] = b
		}
		posts[b.Tenant] = b.Post
		ledgers = append(ledgers, health.LedgerRows{Ledger: b.Ledger})
	}
	a.Post.Others = posts
	a.Health.Ledger = ledgers
	return nil
}

// stand is Watch.Stand, apart for each tenant.
func (a *App) stand(source string, found []health.Problem) {
	for i := range found {
		found[i].What += a.mark
	}
	a.Watch.Stand(health.Process, source+a.mark, found)
}

// All are the apps of all tenants, the first one first.
func (a *App) All() []*App { return append([]*App{a}, a.Further...) }

// Each does something for every tenant, whatever becomes of it for another.
func (a *App) Each(do func(*App) error) error {
	var errs []error
	for _, t := range a.All() {
		errs = append(errs, do(t))
	}
	return errors.Join(errs...)
}

// Of gives the app of a tenant by its alias; "" is the first.
func (a *App) Of(alias string) (*App, bool) {
	for _, t := range a.All() {
		if alias == "" || alias == t.Tenant {
			return t, true
		}
	}
	return nil, false
}

// ofTenant is the CRM as the flows of this tenant see it: where there are several, the change feeds are the first
// one's, and whoever lists what is in no pair finds his own.
func (a *App) ofTenant(deals *opportunities.Store) flow.Opportunities {
	if a.first == nil && len(a.Further) == 0 {
		return deals
	}
	return tenantsDeals{deals, a}
}

type tenantsDeals struct {
	*opportunities.Store
	app *App
}

// Kinds implements flow.Opportunities.
func (t tenantsDeals) Kinds() []string {
	if t.app.first != nil {
		return nil
	}
	return t.Store.Kinds()
}

// Wanting implements flow.Opportunities.
func (t tenantsDeals) Wanting(ctx context.Context) ([]cosell.Opportunity, error) {
	all, err := t.Store.Wanting(ctx)
	if err != nil {
		return nil, err
	}
	first := t.app
	if t.app.first != nil {
		first = t.app.first
	}
	var failed error
	all = slices.DeleteFunc(all, func(o cosell.Opportunity) bool {
		owner, err := first.owners.owner(ctx, deals, o.ID, first)
		if err != nil && failed == nil {
			failed = err
		}
		return owner != t.app
	})
	return all, failed
}

// others are the other tenants as the flows of this one see them; nil: there is none.
func (a *App) others() flow.Others {
	if a.first == nil && len(a.Further) == 0 {
		return nil
	}
	return otherTenants{a}
}

type otherTenants struct{ app *App }

// Has implements flow.Others. What is only counted by another tenant is nobody's.
func (o otherTenants) Has(ctx context.Context, recordID string) (bool, error) {
	first := o.app
	if first.first != nil {
		first = first.first
	}
	for _, t := range first.All() {
		if t == o.app {
			continue
		}
		pair, known, err := t.Ledger.Find(ctx, recordID)
		if err != nil || known && pair.Phase != cosell.Lacking {
			return err == nil, err
		}
	}
	return false, nil
}

// Owns implements flow.Others.
func (o otherTenants) Owns(ctx context.Context, opportunityID string) (bool, error) {
	first := o.app
	if first.first != nil {
		first = first.first
	}
	owner, err := first.owners.owner(ctx, deals, opportunityID, first)
	return err == nil && owner != o.app, err
}

// rowsOfTenant are the tables as the flows of this tenant see them.
func (a *App) rowsOfTenant() flow.Ledger {
	if len(a.Further) == 0 {
		return a.Ledger
	}
	return tenantsRows{a.Ledger, a}
}

// tenantsRows are those of the first tenant, to whom changes of accounts come for all.
type tenantsRows struct {
	*ledger.Ledger
	app *App
}

// HeldNaming implements flow.Ledger: opportunities of all tenants, each of which is asked for by its owner.
func (t tenantsRows) HeldNaming(ctx context.Context, code, text string) (ids []string, err error) {
	for _, one := range t.app.All() {
		some, err := one.Ledger.HeldNaming(ctx, code, text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// ledgersOf are the tables of all tenants, as health reads them.
type ledgersOf []health.LedgerRows

// HeldRows implements health.Ledger.
func (l ledgersOf) HeldRows(ctx context.Context, each func(health.Held) bool) error {
	more := true
	for _, one := range l {
		if !more {
			return nil
		}
		err := one.HeldRows(ctx, func(h health.Held) bool {
			more = each(h)
			return more
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Brakes implements health.Ledger.
func (l ledgersOf) Brakes(ctx context.Context) (all []cosell.Brake, err error) {
	for _, one := range l {
		its, err := one.Brakes(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, its...)
	}
	return all, nil
}

// CountParked implements health.Ledger: all of them, and the oldest.
func (l ledgersOf) CountParked(ctx context.Context) (n int, oldest ledger.Parked, err error) {
	for _, one := range l {
		some, first, err := one.CountParked(ctx)
		if err != nil {
			return n, oldest, err
		}
		if some > 0 && (n == 0 || first.At.Before(oldest.At)) {
			oldest = first
		}
		n += some
	}
	return n, oldest, nil
}

// Registration implements health.Ledger: the first one that is lost, else that of the first tenant.
func (l ledgersOf) Registration(ctx context.Context) (string, error) {
	shown := ""
	for i, one := range l {
		text, err := one.Registration(ctx)
		if err != nil {
			return "", err
		}
		if i == 0 {
			shown = text
		}
		var r health.SeenRegistration
		if text != "" && json.Unmarshal([]byte(text), &r) == nil && r.Lost() {
			return text, nil
		}
	}
	return shown, nil
}
