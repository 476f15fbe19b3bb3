package app

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// rows are a table of the CRM by its set, with the column of its ids.
type rows struct{ set, id string }

// The tables of records that may be in no pair. Never changed.
var (
	deals = rows{"opportunities", "opportunityid"}
	leads = rows{"leads", "leadid"}
)

// owners says which tenant a record that nobody has linked belongs to.
type owners struct {
	crm *dataverse.Client
	by  string          // a column, or nav/column
	of  map[string]*App // by its value
}

func folded(value string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(value), "{}"))
}

// Owner says whose work a hint about a record of the CRM is, which came to the first tenant:
//
//	it is in a pair of a tenant                       | that one's
//	it names a referral that a tenant's partner has   | that one's: tables were lost
//	it names a referral that none has                 | the first one's
//	it is an opportunity that was made of such a lead | that one's
//	the column of SYNC_TENANT_BY says a tenant's value| that one's
//	else                                              | the first one's
//
// Accounts, contacts and users are the first one's: what they lead to is asked again.
func (a *App) Owner(ctx context.Context, h flow.Hint) (*App, error) {
	if len(a.Further) == 0 {
		return a, nil
	}
	id := h.ID
	switch h.Kind {
	case "solution":
		var err error
		if id, err = a.opportunityOf(ctx, h); err != nil || id == "" {
			return a, err
		}
	case "opportunity", "lead":
	default:
		return a, nil
	}
	for _, t := range a.All() {
		if _, known, err := t.Ledger.Find(ctx, id); err != nil || known {
			return t, err
		}
	}
	if h.Deleted {
		return a, nil
	}
	if h.Kind == "lead" {
		return a.strange(ctx, leads, id)
	}
	return a.strange(ctx, deals, id)
}

// strange judges an opportunity, or a lead, that is in no pair.
func (a *App) strange(ctx context.Context, in rows, id string) (*App, error) {
	g, err := a.Generation(ctx)
	if err != nil {
		return nil, err
	}
	sheet := g.Sheet
	if in == leads {
		sheet = sheet.Leads()
	}
	if row, ok := sheet.Row(cosell.ReferralID); ok {
		named, err := a.owners.column(ctx, in, id, row.CRM)
		if err != nil || named != "" {
			return a.partnerOf(ctx, named, err)
		}
	}
	if in == deals {
		if t, err := a.ofItsLead(ctx, id); err != nil || t != nil {
			return t, err
		}
	}
	return a.owners.owner(ctx, in, id, a)
}

// ofItsLead is the tenant that has the lead of which an opportunity was made; nil: none has.
func (a *App) ofItsLead(ctx context.Context, id string) (*App, error) {
	lead, err := a.owners.column(ctx, deals, id, "_originatingleadid_value")
	if fault.Is(err, fault.Gone) {
		return a, nil
	}
	if err != nil || lead == "" {
		return nil, err
	}
	for _, t := range a.All() {
		if _, known, err := t.Ledger.Find(ctx, strings.ToLower(lead)); err != nil || known {
			return t, err
		}
	}
	return nil, nil
}

// partnerOf finds the tenant whose partner has a referral. A record that is gone, or leads without our columns, are the
// first one's: the flow says what that means.
func (a *App) partnerOf(ctx context.Context, referralID string, err error) (*App, error) {
	if fault.Is(err, fault.Gone) || fault.ClassOf(err) == fault.Ours && fault.Of(err).Code == dataverse.CodeColumn {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	for _, t := range a.All() {
		g, err := t.Generation(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := g.referrals.Get(ctx, referralID); err == nil {
			return t, nil
		} else if !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Refused) {
			return nil, err
		}
	}
	return a, nil
}

// owner is the tenant of a record by its column; first where that says nothing, or leads have no such column.
func (o owners) owner(ctx context.Context, in rows, id string, first *App) (*App, error) {
	if o.by == "" {
		return first, nil
	}
	value, err := o.column(ctx, in, id, o.by)
	if fault.Is(err, fault.Gone) || in == leads && fault.ClassOf(err) == fault.Ours && fault.Of(err).Code == dataverse.CodeColumn {
		return first, nil
	}
	if t := o.of[folded(value)]; t != nil && err == nil {
		return t, nil
	}
	return first, err
}

// column reads one column of a record, or of a row behind it, as text.
func (o owners) column(ctx context.Context, in rows, id, path string) (string, error) {
	nav, column, behind := strings.Cut(path, "/")
	q := dataverse.Query{Select: []string{in.id}}
	if behind {
		q.Expand = []dataverse.Expand{{Nav: nav, Query: dataverse.Query{Select: []string{column}}}}
	} else {
		column = path
		q.Select = append(q.Select, column)
	}
	row, err := o.crm.Get(ctx, in.set, id, q)
	if err != nil {
		return "", err
	}
	return row.Text(path), nil
}

// opportunityOf is the opportunity of a solution row, as far as anybody knows.
func (a *App) opportunityOf(ctx context.Context, h flow.Hint) (string, error) {
	if h.Parent != "" {
		return h.Parent, nil
	}
	for _, t := range a.All() {
		if id, known, err := t.Ledger.Solution(ctx, h.ID); err != nil || known {
			return id, err
		}
	}
	if h.Deleted {
		return "", nil
	}
	g, err := a.Generation(ctx)
	if err != nil {
		return "", err
	}
	id, _, err := g.deals.OpportunityOf(ctx, h.ID)
	return id, err
}
