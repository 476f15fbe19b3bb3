package opportunities

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// disqualifiedBecause is why a lead was given up, as its status reason says it: a lead has no close activity.
func (s *Store) disqualifiedBecause(row dataverse.Row, status string, reasons mapping.StatusReasons) (string, bool) {
	if !cosell.OpportunityClosed(status) {
		return "", false
	}
	return s.sheet().Why("", row.Text(statusColumn), reasons), true
}

// ofLead takes what only fills a mandatory column for no value, and the contact out of what may leave the CRM
// where nobody vouches for the consent.
func (s *Store) ofLead(row dataverse.Row, field mapping.Row, text string, present bool) (string, bool) {
	if field.Default != "" && text == field.Default {
		text = ""
	}
	return text, present && (field.As != mapping.AsContact || s.consented(row))
}

// setLeadStatus writes the state of a lead. Qualifying is no write of a column: Qualify does it.
func (s *Store) setLeadStatus(w *planned, o cosell.Opportunity, values cosell.Record) error {
	want, closed := values[cosell.Status], cosell.OpportunityClosed(o.Record[cosell.Status])
	if want == cosell.OnHold && !closed {
		return nil // a lead that nobody has decided
	}
	value, ok := s.statusReasons().Value(want, values[cosell.Reason])
	switch {
	case want != cosell.OnHold && !cosell.OpportunityClosed(want):
		return mapping.RefusedValue("lead "+o.ID, cosell.Status, mapping.NotA("a status that a lead can get", want))
	case !ok:
		return fault.New(fault.Refused, "lead %s: CRM has no status reason for %s", o.ID, want).
			With("status.unknown", "name the status reason for "+want+" under leadReasons in the row status of the field sheet").At(string(cosell.Status))
	}
	w.columns[stateColumn], w.columns[statusColumn] = mapping.StateLost, value
	if want == cosell.OnHold {
		w.columns[stateColumn] = mapping.StateOpen
	}
	return nil
}

// newCustomer is who the new row is for. A lead gets no rows beside it: an account that is certainly the customer
// is named, and its owner gets the lead; qualifying makes what is missing.
func (s *Store) newCustomer(ctx context.Context, n news, values cosell.Record, people []mapping.Member) (*customer, error) {
	if !s.table.isLead {
		return s.customer(ctx, n, values, people)
	}
	name := values[cosell.CustomerName]
	if row, _ := s.sheet().Row(cosell.CustomerName); name == "" || name == row.Default {
		return &customer{}, nil
	}
	found, _, err := s.deals.findAccount(ctx, mapping.NewCustomer(name, values[cosell.CustomerCountry], values[cosell.CustomerPostalCode]), values, people)
	if found == nil {
		if fault.Is(err, fault.Refused) {
			err = nil // several could be it, or accounts may not be read: the lead goes on without
		}
		return &customer{}, err
	}
	return &customer{account: found.ID(accountID), owner: found.Text(lookupValue(owningUser)), team: found.Text(lookupValue(owningTeam))}, nil
}

// bind links a new row with its customer.
func (s *Store) bind(c *customer, columns map[string]any) {
	if !s.table.isLead {
		c.bind(columns)
		return
	}
	if c.account != "" {
		columns[accountNav+"@odata.bind"] = dataverse.Bind(accountSet, c.account)
	}
}

// OfLead finds the opportunities that a lead has become, oldest first.
func (s *Store) OfLead(ctx context.Context, lead string) ([]cosell.Opportunity, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	q := s.query()
	q.Filter, q.OrderBy = dataverse.EqID(lookupValue(originatingLead), lead), "createdon asc"
	return s.list(ctx, q)
}

// qualifyAction closes a lead as qualified. What it becomes is made beside it, under an id that we know.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/qualifylead
const qualifyAction = "/Microsoft.Dynamics.CRM.QualifyLead"

// Qualify is Create of the opportunity that a lead becomes, and qualifies the lead in the same transaction, under
// the condition that it still has its version; told is what the lead's own columns say then. Conflict: somebody
// wrote to the lead in between. An opportunity that exists already under the id is returned as it is, and the lead
// is qualified all the same.
func (s *Store) Qualify(ctx context.Context, lead cosell.Opportunity, told cosell.Record, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	d := s.deals
	for _, store := range []*Store{s, d} {
		if err := store.ready(ctx); err != nil {
			return cosell.Opportunity{}, err
		}
	}
	if err := d.hidden(values); err != nil {
		return cosell.Opportunity{}, err
	}
	o, err := s.qualify(ctx, lead, told, id, r, d.named(r, values))
	if d.learn(ctx, err) || d.recheck(ctx, err) {
		o, err = s.qualify(ctx, lead, told, id, r, d.named(r, values))
	}
	return o, d.speaksOf(d.sheet().NameByCRM(err), values)
}

// qualify tries everything at once. Where a row of the customer exists already those are made singly before, and
// where the opportunity does only the lead is left to close.
func (s *Store) qualify(ctx context.Context, lead cosell.Opportunity, told cosell.Record, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	d := s.deals
	c, err := s.customerOfLead(ctx, lead, newsOf(r, values), values, d.people(r, cosell.Contacts))
	if err != nil {
		return cosell.Opportunity{}, err
	}
	for owner := ownerOf(lead); ; owner = "" {
		if owner == "" {
			if owner, err = d.owner(ctx, d.people(r, cosell.Team), c); err != nil {
				return cosell.Opportunity{}, err
			}
		}
		o, err := s.qualifyFor(ctx, lead, told, id, r, values, c, owner)
		if !d.colleagues.passOver(d.options.Now(), owner, err) {
			return o, err
		}
	}
}

// qualifyFor is qualify for the one who is to own the opportunity.
func (s *Store) qualifyFor(ctx context.Context, lead cosell.Opportunity, told cosell.Record, id string, r cosell.Referral, values cosell.Record, c *customer, owner string) (cosell.Opportunity, error) {
	d := s.deals
	w, err := d.planCreation(ctx, id, newsOf(r, values), values, c, owner)
	if err != nil {
		return cosell.Opportunity{}, err
	}
	w.columns[originatingLead+"@odata.bind"] = dataverse.Bind(leadSet, lead.ID)
	closing, err := s.closingOf(ctx, lead, told)
	if err != nil {
		return cosell.Opportunity{}, err
	}
	writes := append(append([]dataverse.Write{newRow(opportunitySet, id, w.columns)}, w.children...), closing...)
	if w.closing != nil {
		writes = append(writes, *w.closing)
	}
	then := &dataverse.Read{Set: opportunitySet, ID: id, Query: d.query()}
	about := &planned{}
	s.setTasks(about, lead, told, "")
	w.tasks = append(w.tasks, about.tasks...)
	row, err := d.withTasks(ctx, append(slices.Clone(c.writes), writes...), w.tasks, then)
	if fault.Is(err, fault.Conflict) && len(c.writes) > 0 {
		if err := d.makeSingly(ctx, c.writes); err != nil {
			return cosell.Opportunity{}, err
		}
		row, err = d.withTasks(ctx, writes, w.tasks, then)
	}
	if fault.Is(err, fault.Conflict) {
		return s.closeBeside(ctx, id, closing, about.tasks, err)
	}
	if err != nil {
		return cosell.Opportunity{}, err
	}
	return d.answered(ctx, row, &connected{stakeholders: c.people})
}

// Introduce keeps the other contacts of a referral with an opportunity that CRM made itself: as contacts of its account,
// and all of them as its stakeholders. Refused, with code account.none: it has no account.
func (s *Store) Introduce(ctx context.Context, o cosell.Opportunity, r cosell.Referral) (cosell.Opportunity, error) {
	row, _ := o.Source.(dataverse.Row)
	of, has := relatedRow(row, accountNav)
	account := of.ID(accountID)
	if !has || account == "" {
		return o, fault.New(fault.Refused, "opportunity %s has no account", o.ID).With("account.none", "choose the account of the opportunity")
	}
	q := s.accountQuery()
	q.OrderBy = ""
	known, err := s.api.Get(ctx, accountSet, account, q)
	if err != nil {
		return o, err
	}
	c, n := &customer{account: account}, newsOf(r, cosell.Record{})
	for _, m := range s.people(r, cosell.Contacts) {
		if err := s.addContact(ctx, n, c, known.Rows(contactsOf), m, cosell.Record{}); err != nil {
			return o, err
		}
	}
	owner := ownerOf(o)
	for _, write := range c.writes {
		if owner != "" {
			write.Body[ownerBind] = owner
		}
	}
	w := &planned{}
	if err := s.connectContacts(ctx, w, o.ID, c, owner); err != nil || len(c.contacts) < 2 {
		return o, err
	}
	_, err = s.withTasks(ctx, c.writes, w.tasks, &dataverse.Read{Set: s.table.set, ID: o.ID, Query: s.query()})
	if fault.Is(err, fault.Conflict) { // an earlier run made some of them
		if err = s.makeSingly(ctx, c.writes); err == nil {
			s.tasksAlone(ctx, w.tasks)
		}
	}
	if err != nil {
		return o, err
	}
	return s.Get(ctx, o.ID)
}

// makeSingly makes rows one by one, keeping those that exist.
func (s *Store) makeSingly(ctx context.Context, writes []dataverse.Write) error {
	for _, w := range writes {
		set, id, _ := strings.Cut(strings.TrimSuffix(w.Path, ")"), "(")
		if _, _, err := s.api.Create(ctx, set, id, w.Body, dataverse.Query{Select: []string{s.idColumn(set)}}); err != nil {
			return err
		}
	}
	return nil
}

// closeBeside qualifies a lead whose opportunity exists already; without it the lead was changed.
func (s *Store) closeBeside(ctx context.Context, id string, closing, tasks []dataverse.Write, cause error) (cosell.Opportunity, error) {
	o, err := s.deals.Get(ctx, id)
	if fault.Is(err, fault.Gone) {
		return o, cause
	}
	if err != nil {
		return o, err
	}
	_, err = s.withTasks(ctx, closing, tasks, nil)
	return o, err
}

// customerOfLead is who the lead says that the customer is, else who the referral says.
func (s *Store) customerOfLead(ctx context.Context, lead cosell.Opportunity, n news, values cosell.Record, people []mapping.Member) (*customer, error) {
	row, _ := lead.Source.(dataverse.Row)
	account, contact := row.Text(lookupValue(accountNav)), row.Text(lookupValue(contactNav))
	c := &customer{account: account}
	var err error
	if account == "" {
		if c, err = s.deals.customer(ctx, n, values, people); err != nil {
			return nil, err
		}
	}
	switch {
	case contact != "":
		c.contacts = []string{contact}
	case account != "":
		q := s.deals.accountQuery()
		q.OrderBy = ""
		known, err := s.api.Get(ctx, accountSet, account, q)
		if err != nil {
			return c, unlessGone(err)
		}
		for _, m := range people {
			if err := s.deals.addContact(ctx, n, c, known.Rows(contactsOf), m, values); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// closingOf are the writes that qualify a lead: a conditional one of its own columns first, because the action
// takes no condition. The action takes open leads alone: one that was disqualified is opened again, and one that is
// qualified already needs it no more. https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/qualifylead
func (s *Store) closingOf(ctx context.Context, lead cosell.Opportunity, told cosell.Record) ([]dataverse.Write, error) {
	if _, err := s.metadata.get(ctx); err != nil {
		return nil, err
	}
	w := &planned{columns: map[string]any{}}
	now := lead.Record[cosell.Status]
	if cosell.OpportunityClosed(now) {
		if err := s.setLeadStatus(w, lead, cosell.Record{cosell.Status: cosell.OnHold}); err != nil {
			return nil, err
		}
	}
	if err := s.setColumns(ctx, w, lead, told); err != nil {
		return nil, err
	}
	if len(w.columns) == 0 {
		if err := s.anchor(w, lead); err != nil {
			return nil, err
		}
	}
	status, ok := s.statusReasons().Value(cosell.Open, "")
	if !ok {
		return nil, fault.New(fault.Refused, "lead %s: CRM has no status reason for a qualified lead", lead.ID).
			With("status.unknown", "name the status reason for open under leadReasons in the row status of the field sheet").At(string(cosell.Status))
	}
	path := rowPath(leadSet, lead.ID)
	own := dataverse.Write{Method: http.MethodPatch, Path: path, IfMatch: lead.Version, Body: w.columns}
	if now == cosell.Open {
		return []dataverse.Write{own}, nil
	}
	return []dataverse.Write{own,
		{Method: http.MethodPost, Path: path + qualifyAction, Body: map[string]any{"CreateAccount": false, "CreateContact": false, "CreateOpportunity": false, "Status": status}}}, nil
}
