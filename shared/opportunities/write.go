package opportunities

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Put writes the values under the condition that the row still has o.Version, and returns the row as it is
// afterwards. Columns alone are one PATCH; closing and solution rows go with them in one transaction. o
// may be assumed from its base; what needs the row itself (members of lists, a mark without a name) is
// then a Conflict, so that the caller reads it.
func (s *Store) Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Opportunity{}, err
	}
	taken := map[string]bool{}
	return s.twice(ctx, values, func() (cosell.Opportunity, error) {
		now, err := s.put(ctx, o, values, taken)
		return now, s.namedElsewhere(ctx, o.ID, values, err)
	})
}

// namedElsewhere says that another row names the referral, which is to be written into this one: reading it again helps nobody. Where a
// row of a list may be what is there already, it is that only if the other one is found.
func (s *Store) namedElsewhere(ctx context.Context, id string, values cosell.Record, cause error) error {
	referral := values[cosell.ReferralID]
	if referral == "" || codeOf(cause) != dataverse.CodeKeyTaken {
		return cause
	}
	other, err := s.namedBy(ctx, id, referral)
	switch {
	case err != nil:
		return err
	case other == "" && len(values.Members(cosell.Solutions)) > 0:
		return cause
	}
	return s.alreadyNamed(id, other, referral, cause)
}

// namedBy is another row that names the referral, "" where none is shown.
func (s *Store) namedBy(ctx context.Context, id, referral string) (string, error) {
	found, err := s.FindByReferral(ctx, referral)
	found = slices.DeleteFunc(found, func(o cosell.Opportunity) bool { return strings.EqualFold(o.ID, id) })
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].ID, nil
}

// alreadyNamed: the row was not written, because the other one names the referral.
func (s *Store) alreadyNamed(id, other, referral string, cause error) error {
	by := "another " + s.table.kind
	if other != "" {
		by += " (" + other + ")"
	}
	return fault.New(fault.Refused, "%s %s: %w", s.table.kind, id, cause).OfClass(fault.Record).At(string(cosell.ReferralID)).Naming(other).
		Saying(by+" names referral "+referral, "take the identifier out of that one, or unlink it there").With(cosell.CodeNamed, "take the identifier out of that one, or unlink it there")
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

// Dataverse's answers to a status reason that the state does not have, and to an owner who is disabled.
const (
	codeNoReason     = "0x80048408"
	codeDisabledUser = "0x80041d1f"
)

// learn reads how long the columns are in this organisation, and which status reasons it has, when CRM
// refused one and nobody had looked in the last seconds: administrators shorten columns and remove reasons. Users whom
// they disable are forgotten. True: it is worth another try.
func (s *Store) learn(ctx context.Context, err error) bool {
	switch codeOf(err) {
	case dataverse.CodeTooLong, codeNoReason:
		return s.renewed(ctx, checkAge)
	case codeDisabledUser:
		return s.colleagues.forget()
	}
	return false
}

// put writes the values, and again where rows that it would make stand elsewhere: taken are the ids of those.
func (s *Store) put(ctx context.Context, o cosell.Opportunity, values cosell.Record, taken map[string]bool) (cosell.Opportunity, error) {
	w, err := s.plan(ctx, o, values, taken)
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
		return s.landed(ctx, o.ID, row)
	}
	row, err := s.withTasks(ctx, w.changeSet(s.table, o), w.tasks, &dataverse.Read{Set: s.table.set, ID: o.ID, Query: s.query()})
	if fault.Is(err, fault.Conflict) && s.standElsewhere(ctx, o.ID, w.children, taken) {
		return s.put(ctx, o, values, taken)
	}
	if err != nil {
		return s.closedAlready(ctx, o.ID, values, err)
	}
	now, err := s.landed(ctx, o.ID, row)
	if err == nil && !w.listedBy(now, s.tables().Rows.Set) {
		return now, fault.Unseen("the solution rows of opportunity %s were written and are listed as before", o.ID)
	}
	return now, err
}

// landed reads the row that CRM answered a write with. What that takes besides may fail for the moment: the write has not.
func (s *Store) landed(ctx context.Context, id string, row dataverse.Row) (cosell.Opportunity, error) {
	o, err := s.answered(ctx, row, nil)
	if fault.Is(err, fault.Later) || fault.Is(err, fault.Broken) {
		return cosell.Opportunity{}, fault.Unseen("opportunity %s was written and cannot be read yet: %w", id, err)
	}
	return o, err
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

// plan turns values into writes; no row is made under an id that is taken.
func (s *Store) plan(ctx context.Context, o cosell.Opportunity, values cosell.Record, taken map[string]bool) (*planned, error) {
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
	if err := s.setSolutions(ctx, w, o, values, taken); err != nil {
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
