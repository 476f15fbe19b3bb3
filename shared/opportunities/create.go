package opportunities

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Create makes the opportunity of a referral under the id, with its account, contacts, owner and solution
// rows, all in one transaction. Every new row has an id that follows from what it is, and is only created,
// never overwritten: when one of them exists already the transaction fails and the rows are made one by
// one in order. Where another row names the referral no opportunity is made: Refused with cosell.CodeNamed, which
// names that row. An opportunity that exists already is returned as it is, Found: an earlier try may have made it
// without all of its rows.
func (s *Store) Create(ctx context.Context, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Opportunity{}, err
	}
	return s.twice(ctx, values, func() (cosell.Opportunity, error) { return s.create(ctx, id, r, s.named(r, values)) })
}

func (s *Store) create(ctx context.Context, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	n := newsOf(r, values)
	c, err := s.newCustomer(ctx, n, values, s.people(r, cosell.Contacts))
	if err != nil {
		return cosell.Opportunity{}, err
	}
	if c.found != nil {
		if other, err := s.lookalike(ctx, r, *c.found); err != nil || other != "" {
			return cosell.Opportunity{}, cmp.Or(err, resembled(r, other))
		}
	}
	for {
		owner, err := s.owner(ctx, s.people(r, cosell.Team), c)
		if err != nil {
			return cosell.Opportunity{}, err
		}
		o, err := s.createFor(ctx, id, r, values, c, owner)
		if !s.colleagues.passOver(s.options.Now(), owner, err) {
			return o, err
		}
	}
}

// createFor is create for the one who is to own what is made.
func (s *Store) createFor(ctx context.Context, id string, r cosell.Referral, values cosell.Record, c *customer, owner string) (cosell.Opportunity, error) {
	w, err := s.planCreation(ctx, id, newsOf(r, values), values, c, owner)
	if err != nil {
		return cosell.Opportunity{}, err
	}
	writes := append(slices.Clone(c.writes), newRow(s.table.set, id, w.columns))
	writes = append(writes, w.children...)
	if w.closing != nil {
		writes = append(writes, *w.closing)
	}
	row, err := s.withTasks(ctx, writes, w.tasks, &dataverse.Read{Set: s.table.set, ID: id, Query: s.query()})
	if fault.Is(err, fault.Conflict) {
		return s.oneByOne(ctx, id, r, values, append(writes, w.tasks...))
	}
	if err != nil {
		return cosell.Opportunity{}, err
	}
	return s.answered(ctx, row, &connected{stakeholders: c.people})
}

// named gives a new row the defaults of the sheet, and a name where the referral has none: the CRM wants one.
func (s *Store) named(r cosell.Referral, values cosell.Record) cosell.Record {
	out, told := values.Clone(), newsOf(r, values)
	for _, row := range s.sheet().Rows() {
		if out[row.Field] != "" || row.Fixed() {
			continue
		}
		if text := defaultOf(row, told); text != "" {
			out[row.Field] = s.asSaid(row, text)
		}
	}
	if out[cosell.ClosedOn] == "" && r.Record[cosell.ClosedOn] != "" {
		out[cosell.ClosedOn] = r.Record[cosell.ClosedOn]
	}
	if out[cosell.Name] == "" {
		kind, customer := cosell.StopgapReferral, out[cosell.CustomerName]
		if s.table.isLead {
			kind, customer = cosell.StopgapLead, r.Record[cosell.CustomerName] // without what only fills the column
		}
		out[cosell.Name] = cosell.Stopgap(kind, customer)
	}
	return out
}

// asSaid is the canonical text of a default: an option may be named as people call it, in any language.
func (s *Store) asSaid(row mapping.Row, text string) string {
	m, known := s.metadata.peek()
	if !known || !row.HasOptions() {
		return text
	}
	choices := m.choices[row.OptionsKey()]
	if _, said := choices.Value(text); said {
		return text
	}
	option, err := mapping.OptionOf(text, labels(m.column(row.Place()).Options))
	if code, ok := choices.Code(option); ok && err == nil {
		return code
	}
	return text
}

// people gives the members of a list of the referral in the referral's order: the first is the primary one.
func (s *Store) people(r cosell.Referral, f cosell.Field) []mapping.Member {
	texts := r.Record.Members(f)
	order := slices.Sorted(maps.Keys(texts))
	if d, ok := r.Source.(interface{ Value(pointer string) any }); ok {
		if row, ok := s.sheet().Row(f); ok {
			order = mapping.ReadMembers(d.Value(row.Referral)).Keys()
		}
	}
	var out []mapping.Member
	for _, key := range order {
		if text := texts[key]; text != "" {
			out = append(out, mapping.ParseMember(text))
		}
	}
	return out
}

// planCreation turns the values of a new row into writes: its own columns, those of its customer, its solution rows, the
// people that are connected with it, and tasks.
func (s *Store) planCreation(ctx context.Context, id string, n news, values cosell.Record, c *customer, owner string) (*planned, error) {
	blank := cosell.Opportunity{Side: cosell.Side{ID: id, Record: cosell.Record{cosell.Status: cosell.Open, cosell.Mark: ""}}}
	w := &planned{columns: map[string]any{ownerBind: owner}}
	if err := s.setStatus(w, blank, values); err != nil {
		return nil, err
	}
	if err := s.setColumns(ctx, w, blank, values); err != nil {
		return nil, err
	}
	if err := s.setName(w, blank, values); err != nil {
		return nil, err
	}
	fixed, err := s.fixed(ctx, "", n)
	if err != nil {
		return nil, err
	}
	maps.Copy(w.columns, fixed)
	if w.closes != "" {
		if err := s.closing(w, blank, values, w.closes); err != nil {
			return nil, err
		}
	}
	s.bind(c, w.columns)
	for _, write := range c.writes {
		write.Body[ownerBind] = owner
	}
	for column, v := range w.columns {
		if v == nil {
			delete(w.columns, column) // a new row is empty anyway
		}
	}
	s.setTasks(w, blank, values, owner)
	if err := s.createSolutions(ctx, w, id, values); err != nil {
		return nil, err
	}
	return w, s.connectContacts(ctx, w, id, c, owner)
}

func (s *Store) createSolutions(ctx context.Context, w *planned, id string, values cosell.Record) error {
	members := values.Members(cosell.Solutions)
	if len(members) == 0 {
		return nil
	}
	d, err := s.detailsFor(ctx, members)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if members[key] == "" {
			continue
		}
		writes, err := s.newSolution(id, d, key, members[key], nil)
		if err != nil {
			return mapping.RefusedValue("opportunity "+id, cosell.Solutions.Of(key), err)
		}
		w.children = append(w.children, writes...)
	}
	return nil
}

// oneByOne makes the rows singly, keeping those that exist. Where one that hangs on the opportunity is refused the opportunity is there without it,
// which whoever comes next sees.
func (s *Store) oneByOne(ctx context.Context, id string, r cosell.Referral, values cosell.Record, writes []dataverse.Write) (cosell.Opportunity, error) {
	if o, err := s.Get(ctx, id); err == nil || !fault.Is(err, fault.Gone) {
		return found(o), there(err)
	}
	itself := false
	for _, w := range writes {
		set, rowID, isRow := strings.Cut(strings.TrimSuffix(w.Path, ")"), "(")
		if !isRow {
			continue // a close action, sent below
		}
		_, made, err := s.api.Create(ctx, set, rowID, w.Body, dataverse.Query{Select: []string{s.idColumn(set)}})
		if set == taskSet || set == connectionSet {
			continue // made or not, the deal goes on
		}
		if itself && fault.Is(err, fault.Refused) {
			return cosell.Opportunity{}, fault.Unseen("opportunity %s was made without one of its rows: %w", id, err)
		}
		if set == s.table.set && codeOf(err) == dataverse.CodeKeyTaken {
			other, findErr := s.namedBy(ctx, id, r.ID)
			return cosell.Opportunity{}, cmp.Or(findErr, s.alreadyNamed(id, other, r.ID, err))
		}
		if err != nil {
			return cosell.Opportunity{}, err
		}
		if !made && set == s.table.set {
			return s.existing(ctx, id, r)
		}
		itself = itself || set == s.table.set
	}
	o, err := s.Get(ctx, id)
	if fault.Is(err, fault.Gone) {
		return o, fault.Unseen("opportunity %s was made and cannot be read yet: %w", id, err)
	}
	if err != nil || !cosell.OpportunityClosed(values[cosell.Status]) {
		return o, there(err)
	}
	return s.Put(ctx, o, cosell.Record{cosell.Status: values[cosell.Status], cosell.Reason: values[cosell.Reason]})
}

// there is the answer to reading a row that is known to exist: a refusal is none of the creation.
func there(err error) error {
	if !fault.Is(err, fault.Refused) {
		return err
	}
	made := *fault.Of(err)
	made.Maybe = true
	return &made
}

// existing is the opportunity that stood in the way: under the same id, or another that names the referral.
func (s *Store) existing(ctx context.Context, id string, r cosell.Referral) (cosell.Opportunity, error) {
	o, err := s.Get(ctx, id)
	if !fault.Is(err, fault.Gone) {
		return found(o), there(err)
	}
	others, err := s.FindByReferral(ctx, r.ID)
	if err != nil {
		return cosell.Opportunity{}, there(err)
	}
	if len(others) == 0 {
		return cosell.Opportunity{}, fault.Unseen("opportunity %s exists and cannot be read yet", id)
	}
	return found(others[0]), nil
}

func found(o cosell.Opportunity) cosell.Opportunity {
	o.Found = true
	return o
}

func (s *Store) idColumn(set string) string {
	switch set {
	case accountSet:
		return accountID
	case contactSet:
		return contactID
	case s.tables().Rows.Set:
		return s.tables().Rows.ID
	case s.tables().Catalogue.Set:
		return s.tables().Catalogue.ID
	case taskSet:
		return taskID
	case connectionSet:
		return connectionID
	case leadSet:
		return leadID
	}
	return opportunityID
}

// codeOf is the machine word of a classified failure.
func codeOf(err error) string {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
