package opportunities

import (
	"context"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Wanting lists the open opportunities of any age that are switched on and name no referral, whole ones.
func (s *Store) Wanting(ctx context.Context) (out []cosell.Opportunity, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	sync, named, ok := s.switchColumns()
	if !ok {
		return nil, nil
	}
	q := s.query()
	q.Filter = dataverse.And(dataverse.EqBool(sync, true), dataverse.EqInt(stateColumn, mapping.StateOpen), dataverse.Null(named))
	err = s.api.Each(ctx, opportunitySet, q, func(r dataverse.Row) error {
		o, err := s.opportunity(ctx, r)
		if err == nil && o.Synced() && strings.TrimSpace(o.Record[cosell.ReferralID]) == "" {
			out = append(out, o)
		}
		return err
	})
	return out, err
}

// Linked gives of all records that name a referral, or are switched on, which one they name, by id. Leads that have not got
// our columns name none.
func (s *Store) Linked(ctx context.Context) (map[string]cosell.Naming, error) {
	if err := s.ready(ctx); err != nil {
		if s.table.isLead && withoutColumns(err) {
			return nil, nil
		}
		return nil, err
	}
	sync, named, ok := s.switchColumns()
	if !ok {
		return nil, nil
	}
	out := map[string]cosell.Naming{}
	q := dataverse.Query{Select: []string{s.table.id, named, sync, stateColumn}, Filter: dataverse.Or(dataverse.NotNull(named), dataverse.EqBool(sync, true))}
	err := s.api.Each(ctx, s.table.set, q, func(r dataverse.Row) error {
		out[r.ID(s.table.id)] = cosell.Naming{Referral: strings.ToLower(strings.TrimSpace(r.Text(named))), Synced: r.Text(sync) == "true", Status: stateOf(r)}
		return nil
	})
	if s.table.isLead && withoutColumns(err) {
		return nil, nil
	}
	return out, err
}

// stateOf is the state of a row in our words, whatever the status reason says: lost stands for disqualified, too.
func stateOf(r dataverse.Row) string {
	switch r.Text(stateColumn) {
	case strconv.Itoa(mapping.StateOpen):
		return cosell.Open
	case strconv.Itoa(mapping.StateWon):
		return cosell.Won
	}
	return cosell.Lost
}

// withoutColumns says whether CRM refused a question because a column or a table of it is not there.
func withoutColumns(err error) bool {
	return fault.ClassOf(err) == fault.Ours && (fault.Of(err).Code == dataverse.CodeColumn || fault.Of(err).Code == dataverse.CodeTable)
}

// Exist says which of the ids name a record of this table.
func (s *Store) Exist(ctx context.Context, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for len(ids) > 0 {
		some := ids[:min(len(ids), mostAsked)]
		ids = ids[len(some):]
		var any []string
		for _, id := range some {
			any = append(any, dataverse.EqID(s.table.id, id))
		}
		q := dataverse.Query{Select: []string{s.table.id}, Filter: dataverse.Or(any...)}
		err := s.api.Each(ctx, s.table.set, q, func(r dataverse.Row) error {
			out[r.ID(s.table.id)] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mostAsked is how many ids one question names: an address may not be too long.
const mostAsked = 25

// switchColumns are the columns of the seller's switch and of the referral's id.
func (s *Store) switchColumns() (sync, named string, ok bool) {
	on, hasSwitch := s.sheet().Row(cosell.Sync)
	id, hasID := s.sheet().Row(cosell.ReferralID)
	return on.CRM, id.CRM, hasSwitch && hasID
}
