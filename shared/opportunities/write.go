package opportunities

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Put writes the values under the condition that the row still has o.Version, and returns the row as it is
// afterwards. Columns alone are one PATCH; closing and solution rows go with them in one transaction. o
// may be assumed from its base; what needs the row itself (members of lists, a mark without a name) is
// then a Conflict, so that the caller reads it.
func (s *Store) Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Opportunity{}, err
	}
	return s.twice(ctx, values, func() (cosell.Opportunity, error) { return s.put(ctx, o, values) })
}

// twice writes the values, and once more where the first refusal led to another look at the metadata that may
// have helped. What the sheet cannot carry, from the start or since that look, is refused, not left out.
func (s *Store) twice(ctx context.Context, values cosell.Record, write func() (cosell.Opportunity, error)) (cosell.Opportunity, error) {
	if err := s.hidden(values); err != nil {
		return cosell.Opportunity{}, err
	}
	o, err := write()
	if s.learn(ctx, err) || s.recheck(ctx, err) {
		if err := s.hidden(values); err != nil {
			return cosell.Opportunity{}, err
		}
		o, err = write()
		settled(fault.Of(err), s.live.Load().mismatches)
	}
	return o, s.speaksOf(s.sheet().NameByCRM(err), values)
}

// codeNoReason is Dataverse's answer to a status reason that the state does not have.
const codeNoReason = "0x80048408"

// learn reads how long the columns are in this organisation, and which status reasons it has, when CRM
// refused one and nobody had looked in the last seconds: administrators shorten columns and remove reasons.
// True: it is worth another try.
func (s *Store) learn(ctx context.Context, err error) bool {
	if code := codeOf(err); code != dataverse.CodeTooLong && code != codeNoReason {
		return false
	}
	return s.renewed(ctx, checkAge)
}

func (s *Store) put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	w, err := s.plan(ctx, o, values)
	if err != nil {
		return cosell.Opportunity{}, err
	}
	if w.empty() {
		return o, nil
	}
	if o.Version == "" && w.patches() {
		return cosell.Opportunity{}, mustRead(o.ID)
	}
	if len(w.before)+len(w.children)+len(w.tasks) == 0 && w.closing == nil {
		row, err := s.api.Update(ctx, s.table.set, o.ID, o.Version, w.columns, s.query())
		if err != nil {
			return cosell.Opportunity{}, err
		}
		return s.answered(ctx, row, nil)
	}
	row, err := s.withTasks(ctx, w.changeSet(s.table, o), w.tasks, &dataverse.Read{Set: s.table.set, ID: o.ID, Query: s.query()})
	if err != nil {
		return s.closedAlready(ctx, o.ID, values, err)
	}
	now, err := s.answered(ctx, row, nil)
	if err == nil && !w.listedBy(now, s.tables().Rows.Set) {
		return now, fault.Unseen("the solution rows of opportunity %s were written and are listed as before", o.ID)
	}
	return now, err
}

// listedBy says whether the rows that were written are listed so: lists may be behind.
func (w *planned) listedBy(o cosell.Opportunity, set string) bool {
	versions := map[string]string{}
	for _, child := range o.Children {
		versions[rowPath(set, child.ID)] = child.Version
	}
	for _, write := range w.children {
		version, listed := versions[write.Path]
		if !strings.HasPrefix(write.Path, set+"(") {
			continue // a row of the catalogue
		}
		if listed == (write.Method == http.MethodDelete) || listed && write.IfMatch != "" && version == write.IfMatch {
			return false
		}
	}
	return true
}

// closedAlready: a close whose answer was lost is done, if the state is the wanted one.
func (s *Store) closedAlready(ctx context.Context, id string, values cosell.Record, cause error) (cosell.Opportunity, error) {
	if codeOf(cause) != "closed.already" {
		return cosell.Opportunity{}, cause
	}
	now, err := s.Get(ctx, id)
	if err != nil || now.Record[cosell.Status] != values[cosell.Status] {
		return cosell.Opportunity{}, cause
	}
	return now, nil
}

func mustRead(id string) error {
	return fmt.Errorf("writing opportunity %s: %w", id, cosell.ErrUnread)
}

// planned is what a Put is going to send.
type planned struct {
	columns  map[string]any    // of the opportunity
	before   []dataverse.Write // rows that it refers to
	children []dataverse.Write
	closing  *dataverse.Write
	tasks    []dataverse.Write
	closes   string // the status that the close activity gives
}

func (w *planned) empty() bool {
	return len(w.columns) == 0 && len(w.children) == 0 && w.closing == nil && len(w.tasks) == 0
}
func (w *planned) patches() bool { return len(w.columns) > 0 || w.closing != nil }

// changeSet puts the conditional PATCH first: the close actions take no condition of their own, so it is
// what proves that nobody wrote in between. It then has to write something: the referral identifier as it is.
func (w *planned) changeSet(t table, o cosell.Opportunity) []dataverse.Write {
	out := slices.Clone(w.before)
	if w.patches() {
		out = append(out, dataverse.Write{Method: http.MethodPatch, Path: rowPath(t.set, o.ID), IfMatch: o.Version, Body: w.columns})
	}
	out = append(out, w.children...)
	if w.closing != nil {
		out = append(out, *w.closing)
	}
	return out
}

func rowPath(set, id string) string { return set + "(" + id + ")" }

// plan turns values into writes.
func (s *Store) plan(ctx context.Context, o cosell.Opportunity, values cosell.Record) (*planned, error) {
	w := &planned{columns: map[string]any{}}
	if err := s.setStatus(w, o, values); err != nil {
		return nil, err
	}
	if err := s.setColumns(ctx, w, o, values); err != nil {
		return nil, err
	}
	if err := s.setName(w, o, values); err != nil {
		return nil, err
	}
	if err := s.setSolutions(ctx, w, o, values); err != nil {
		return nil, err
	}
	if err := s.setCustomer(ctx, w, o, values); err != nil {
		return nil, err
	}
	s.setTasks(w, o, values, "")
	if w.closes == "" {
		return w, nil
	}
	if err := s.closing(w, o, values, w.closes); err != nil {
		return nil, err
	}
	if len(w.columns) == 0 {
		return w, s.anchor(w, o)
	}
	return w, nil
}

// anchor gives the conditional PATCH of a close a column to write when there is none.
func (s *Store) anchor(w *planned, o cosell.Opportunity) error {
	for _, f := range []cosell.Field{cosell.ReferralID, cosell.Sync} {
		row, ok := s.sheet().Row(f)
		text, known := o.Record[f]
		if !ok || !known {
			continue
		}
		v, err := row.ToCRM(nil, row.CRM, text)
		w.columns[row.CRM] = v
		return err
	}
	return mustRead(o.ID)
}

// setColumns writes the plain values. Rows of related tables are not written through the opportunity.
func (s *Store) setColumns(ctx context.Context, w *planned, o cosell.Opportunity, values cosell.Record) error {
	g := s.glossary(metadata{})
	for _, row := range s.sheet().Rows() {
		text, ok := values[row.Field]
		if !ok || row.CRM == "" || row.Place().Nav != "" || !s.writable(row, o, values) {
			continue
		}
		if err := s.lookUp(ctx, g, row, text); err != nil {
			return err
		}
		err := s.setColumn(ctx, w, g, row, o, text)
		if err == nil {
			err = s.setCurrency(w, g, row, text)
		}
		if err != nil {
			return mapping.RefusedValue("opportunity "+o.ID, row.Field, err)
		}
	}
	return nil
}

// setCurrency sets the CRM's own currency, too, where its code stands in another column: the amounts of the row are
// in that one.
func (s *Store) setCurrency(w *planned, g *mapping.Glossary, row mapping.Row, code string) error {
	if row.Field != cosell.Currency || row.As != mapping.AsCurrencyCode || code == "" {
		return nil
	}
	id, err := mapping.CurrencyRow(g.Currencies, code)
	if err == nil {
		w.columns[currencyNav+"@odata.bind"] = dataverse.Bind("transactioncurrencies", id)
	}
	return err
}

// writable leaves out what is written elsewhere, and what the CRM computes.
func (s *Store) writable(row mapping.Row, o cosell.Opportunity, values cosell.Record) bool {
	source, _ := o.Source.(dataverse.Row)
	switch {
	case row.As == mapping.AsName || !row.Scalar() && row.As != mapping.AsSeller:
		return false
	case values[row.Field] == "" && (row.As == mapping.AsCurrency || row.Field == cosell.DealValue):
		return false // neither can be cleared
	case row.CRM == estimatedValue && source.Text(calculated) == "true":
		return false // the CRM overwrites it from the products
	case row.CRMWhenWon != "" && row.Field == cosell.DealValue && values[cosell.Status] == cosell.Won && o.Record[cosell.Status] != cosell.Won:
		return false // travels in the close activity
	}
	return true
}

// estimatedValue is the column that the CRM fills where revenue is system calculated.
const estimatedValue = "estimatedvalue"

// lookUp reads what the row's codec looks things up in.
func (s *Store) lookUp(ctx context.Context, g *mapping.Glossary, row mapping.Row, text string) error {
	switch {
	case row.HasOptions():
		if text == "" {
			return nil
		}
		m, err := s.metadata.get(ctx)
		g.Choices = m.choices
		return err
	case row.Kind() == mapping.AsDate:
		if text == "" || s.whole.Days(row.Written()) == mapping.DateOnly {
			return nil
		}
		m, err := s.metadata.get(ctx)
		g.Days = m.days
		return err
	case row.As == mapping.AsCurrency || row.As == mapping.AsCurrencyCode:
		var err error
		if g.Currencies, err = s.currencies.get(ctx); err != nil {
			return err
		}
		if _, ok := g.Currencies[text]; !ok && text != "" {
			g.Currencies, err = s.currencies.again(ctx)
		}
		return err
	}
	return nil
}

func (s *Store) setColumn(ctx context.Context, w *planned, g *mapping.Glossary, row mapping.Row, o cosell.Opportunity, text string) error {
	column := row.Written()
	if row.CRMWhenWon != "" && o.Record[cosell.Status] == cosell.Won {
		column = row.CRMWhenWon
	}
	if row.As == mapping.AsSeller {
		w.columns[column] = mapping.OrNull(s.fitting(row, text))
		return nil
	}
	if left, err := s.computed(row.PlaceOf(column), o); left || err != nil {
		return err
	}
	return s.setValue(ctx, w.columns, g, row, column, text)
}

// computed says whether a column is left out of a new row because the CRM fills it by itself, as far as the
// metadata was read. In a row that is there such a column is refused: the difference stays until somebody settles it.
func (s *Store) computed(p mapping.Place, o cosell.Opportunity) (left bool, err error) {
	m, known := s.metadata.peek()
	a, path := m.column(p), p.Column
	switch {
	case !known || !a.ReadOnly:
		return false, nil
	case o.Version == "" && o.Source == nil:
		return a.Fixed, nil
	}
	return false, fault.New(fault.Refused, "the column %s is computed by the CRM or locked", path).
		With("column.computed", "").Saying("the column "+path+" is computed by the CRM or locked, so nothing can be written into it",
		"change what it is computed from, or let the administrator name in crmWrite the column that people fill in")
}

// setValue writes one plain value into the columns of a row: the opportunity's own, or a related one's.
func (s *Store) setValue(ctx context.Context, columns map[string]any, g *mapping.Glossary, row mapping.Row, path, text string) error {
	v, err := row.ToCRM(g, path, text)
	if err != nil {
		return err
	}
	p := row.PlaceOf(path)
	shown, isText := v.(string)
	switch {
	case row.IsLookup():
		return s.setLookup(ctx, columns, p, shown)
	case row.As == mapping.AsCurrency && isText:
		columns[path+"@odata.bind"] = dataverse.Bind("transactioncurrencies", shown)
	case isText:
		columns[p.Column] = s.fitting(row, shown)
	default:
		columns[p.Column] = v
	}
	return nil
}

// fitting cuts a text to what the column holds in this organisation, should that be less than we ship.
func (s *Store) fitting(row mapping.Row, text string) string {
	switch row.Kind() {
	case mapping.AsText, mapping.AsMemo, mapping.AsCountry, mapping.AsSeller, mapping.AsContact, mapping.AsPeople:
		return mapping.Cut(text, s.lengthHere(row))
	}
	return text
}

// lengthHere is the length of a column: what the metadata says, if it was read, else what is shipped.
func (s *Store) lengthHere(row mapping.Row) int {
	length := s.sheet().Length(row.CRM)
	if m, ok := s.metadata.peek(); ok {
		if here := m.lengths[row.CRM]; here > 0 && (length == 0 || here < length) {
			return here
		}
	}
	return length
}

// setName composes mark and name. With check marks off, only a name that came from Partner Center is
// written, and never a mark.
func (s *Store) setName(w *planned, o cosell.Opportunity, values cosell.Record) error {
	row, ok := s.sheet().Row(cosell.Name)
	name, named := values[cosell.Name]
	mark, marked := values[cosell.Mark]
	if named = named && name != ""; !ok || !named && !marked {
		return nil
	}
	length := s.lengthHere(row)
	if !s.options.CheckMark {
		if named {
			w.columns[row.CRM] = mapping.Cut(name, length)
		}
		return nil
	}
	source, read := o.Source.(dataverse.Row)
	raw := source.Text(row.CRM)
	if !named {
		switch {
		case read:
			_, name = mapping.SplitMark(raw)
		case mark == o.Record[cosell.Mark]:
			return nil
		default:
			return mustRead(o.ID) // the remembered name may be a hash
		}
	}
	if !marked {
		var known bool
		if mark, known = o.Record[cosell.Mark]; !known || mark == cosell.MarkUntidy && !read {
			return mustRead(o.ID)
		}
		if mark == cosell.MarkUntidy {
			mark, _ = mapping.SplitMark(raw)
		}
	}
	if composed := mapping.WithMark(mark, mapping.Cut(name, mapping.Room(length))); !read || composed != raw {
		w.columns[row.CRM] = composed
	}
	return nil
}

// wholeNumber gives a quantity as the integer column wants it; a fraction is refused.
func wholeNumber(text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return nil, mapping.NotA("a quantity that CRM can hold, a whole number", text)
	}
	return n, nil
}
