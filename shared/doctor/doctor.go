package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// PartnerCenter is what is asked of Partner Center.
type PartnerCenter interface {
	Look(ctx context.Context) (partnercenter.Sight, error)
	Get(ctx context.Context, id string) (partnercenter.Document, error)
	Registration(ctx context.Context) (partnercenter.Registration, bool, error)
	PartnerID(ctx context.Context) (string, error)
}

// CRM is what is asked of the CRM.
type CRM interface {
	WhoAmI(ctx context.Context) (dataverse.Caller, error)
	Get(ctx context.Context, set, id string, q dataverse.Query) (dataverse.Row, error)
	List(ctx context.Context, set string, q dataverse.Query) ([]dataverse.Row, error)
	Definitions(ctx context.Context, tables ...string) (map[string]dataverse.Definition, error)
	Privileges(ctx context.Context, userID string) (map[string]bool, error)
	Languages(ctx context.Context) ([]int, error)
	ConnectorFlows(ctx context.Context) ([]dataverse.CloudFlow, error)
}

// Queues say how they are.
type Queues interface {
	Look(ctx context.Context, name queue.Name) (queue.State, error)
}

// Ledger is what is read of the tables.
type Ledger interface {
	Pairs(ctx context.Context, each func(cosell.Pair) bool) error
}

// Board is where a status row is written, to see that it can be.
type Board interface {
	Post(ctx context.Context, rows ...ledger.StatusRow) error
	Remove(ctx context.Context, row ledger.StatusRow) error
}

// Settings are what the checks need to know of the app's.
type Settings struct {
	Mode, Scope, Share, Register string
	WebhookURL, CRMWebhookURL    string // ours
	Organization                 string // DATAVERSE_ORGANIZATION_ID; "" where only the intake knows it
	DefaultOwner, DefaultMember  string
	ContactConsent               string
	ConsentGiven                 bool // the setting has a value of its own
	Leads                        bool // they come in, and go out
	ConnectionStrings            bool // the stores are reached by keys, not by an identity
}

// Sheet is the field sheet of now, and the stores of it that have asked the CRM nothing yet.
type Sheet struct {
	Sheet        *mapping.Sheet
	Deals, Leads *opportunities.Store // Leads is nil where leads stay out
}

// Doctor looks at one tenant of the sync app.
type Doctor struct {
	PartnerCenter PartnerCenter
	CRM           CRM
	Queues        Queues // nil: this host has none
	Ledger        Ledger
	Board         Board
	Health        interface {
		Fresh(ctx context.Context) health.Report
	}
	Sheet    func(ctx context.Context) (Sheet, error)
	Settings Settings
	Now      func() time.Time
}

// examination is one look at everything, which asks each system for each thing once.
type examination struct {
	*Doctor
	seller string
	report func() health.Report
	sight  func() (partnercenter.Sight, error)
	caller func() (dataverse.Caller, error)
	sheet  func() (Sheet, error)
	tables func() (map[string]dataverse.Definition, error)
	hook   func() (hook, error)
	misfit func() ([]opportunities.Finding, error)
}

// never is a registration that is left to another system (SYNC_REGISTER), and shadow is the mode in which nothing is
// written (SYNC_MODE).
const (
	never  = "never"
	shadow = "shadow"
)

type hook struct {
	partnercenter.Registration
	exists bool
}

// Examine runs the checks that only names, or all of them. seller is whose rights are looked at, by e-mail, name or id.
func (d *Doctor) Examine(ctx context.Context, only, seller string) []Finding {
	e := &examination{Doctor: d, seller: seller}
	e.report = once(func() health.Report { return d.Health.Fresh(ctx) })
	e.sight = onceOr(func() (partnercenter.Sight, error) { return d.PartnerCenter.Look(ctx) })
	e.caller = onceOr(func() (dataverse.Caller, error) { return d.CRM.WhoAmI(ctx) })
	e.sheet = onceOr(func() (Sheet, error) { return d.Sheet(ctx) })
	e.tables = onceOr(func() (map[string]dataverse.Definition, error) {
		s, err := e.sheet()
		if err != nil {
			return nil, err
		}
		return d.CRM.Definitions(ctx, tablesOf(needs(s.Sheet, d.Settings))...)
	})
	e.hook = onceOr(func() (hook, error) {
		if d.Settings.Register == never {
			return hook{}, nil // it is another system's, and not even asked for
		}
		r, exists, err := d.PartnerCenter.Registration(ctx)
		return hook{r, exists}, err
	})
	e.misfit = onceOr(func() ([]opportunities.Finding, error) { return e.compare(ctx) })
	return e.dated(Run(ctx, e.checks(), only))
}

// Checks are those that the sync app does.
func Checks() []Check { return (&examination{Doctor: &Doctor{}}).checks() }

// dated says since when, where health knows it, and leaves out of health's own what other checks have said better.
func (e *examination) dated(found []Finding) []Finding {
	said := map[string]bool{}
	for _, f := range found {
		if !strings.HasPrefix(f.Check, "work.") && f.State != OK {
			said[f.Code] = true
		}
	}
	report := e.report()
	e.older(found)
	for i, f := range found {
		if f.Since != nil || f.Code == "" {
			continue
		}
		for _, p := range slices.Concat(report.Problems, report.Notes) {
			if same(p.What, f.Code) && (found[i].Since == nil || p.Since.Before(*found[i].Since)) {
				found[i].Since = &p.Since
			}
		}
	}
	var out []Finding
	left := map[string]bool{}
	for _, f := range found {
		if strings.HasPrefix(f.Check, "work.") && f.State != OK && said[f.Code] {
			left[f.Check] = true
			continue
		}
		out = append(out, f)
	}
	for name := range left {
		if !slices.ContainsFunc(out, func(f Finding) bool { return f.Check == name }) {
			out = append(out, Finding{Check: name, State: OK, Say: "nothing beside what stands above"})
		}
	}
	return out
}

// looked are the checks that look, now, at what health tells as it was met last.
var looked = map[string]string{"privilege.missing": "crm.privileges", "variables.unreadable": "crm.privileges", "0x80042f09": "crm.privileges",
	"table.missing": "crm.columns", "column.missing": "crm.columns"}

// older makes a warning of what health has met and a check has found mended meanwhile: the work has not come by yet.
func (e *examination) older(found []Finding) {
	for i, f := range found {
		code, _, _ := strings.Cut(f.Code, " ")
		by := looked[code]
		if f.Check != "work.problems" || by == "" || f.State != Failed {
			continue
		}
		well := slices.ContainsFunc(found, func(g Finding) bool { return g.Check == by && g.State == OK })
		if well && !slices.ContainsFunc(found, func(g Finding) bool { return g.Check == by && g.State == Failed }) {
			found[i].State, found[i].Say = Warning, f.Say+"; "+by+" finds it mended, and the next pass of reconcile will say so"
		}
	}
}

func same(what, code string) bool { return what == code || strings.HasPrefix(what, code+" ") }

// once asks for something the first time only; who comes meanwhile waits for it.
func once[T any](ask func() T) func() T {
	answer := make(chan func() T, 1)
	answer <- ask
	return func() T {
		asks := <-answer
		defer func() { answer <- asks }() // whatever becomes of who asks: another one asks then
		said := asks()
		asks = func() T { return said }
		return said
	}
}

// onceOr is once for what may fail.
func onceOr[T any](ask func() (T, error)) func() (T, error) {
	type said struct {
		value T
		err   error
	}
	one := once(func() said {
		v, err := ask()
		return said{v, err}
	})
	return func() (T, error) {
		s := one()
		return s.value, s.err
	}
}
