package opportunities

import (
	"context"
	"sync"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/uuid"
)

// deputies are people who stand in for an owner, by the team's id; "" is the default member.
type deputies struct {
	mu    sync.Mutex
	known map[string]*cached[*mapping.Member]
}

func (d *deputies) of(key string, fresh func() *cached[*mapping.Member]) *cached[*mapping.Member] {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[string]*cached[*mapping.Member]{}
	}
	if d.known[key] == nil {
		d.known[key] = fresh()
	}
	return d.known[key]
}

// substitute puts somebody into the team of the record when the owner is a team, or a person who lacks one
// of the four values that Partner Center wants: the person who switched Sync on or accepted the referral,
// who is the one that changed the row last, else the administrator of the owning team, else the default
// member. Once the referral has its people the record says nothing of such a team: whoever edits the deal
// next is not meant to lead it. Where nobody is complete the record stays as it is.
func (s *Store) substitute(ctx context.Context, r cosell.Record, row dataverse.Row) error {
	field, ok := s.sheet().Row(cosell.Team)
	if !ok || field.CRM != ownerPath || r[cosell.Sync] != cosell.True || complete(r.Members(cosell.Team)) {
		return nil
	}
	if r[cosell.ReferralID] != "" && r[cosell.State] != cosell.StatePending && r[cosell.State] != cosell.StateIncomplete {
		lead(r, nil)
		return nil
	}
	m, err := s.lastPerson(ctx, row.ID(s.table.id))
	if err != nil {
		return err
	}
	keys := []string{row.Text(lookupValue(owningTeam)), ""}
	for i := 0; i < len(keys) && (m == nil || !whole(*m)); i++ {
		if key := keys[i]; key != "" || i == 1 && s.options.DefaultMember != "" {
			m, err = s.deputies.of(key, func() *cached[*mapping.Member] {
				return newCached(s.options.Now, func(ctx context.Context) (*mapping.Member, error) { return s.deputy(ctx, key) })
			}).get(ctx)
		}
		if err != nil {
			return err
		}
	}
	if m != nil && whole(*m) {
		lead(r, m)
	}
	return nil
}

// lead makes the member the whole team of the record; nil takes the team out of it.
func lead(r cosell.Record, m *mapping.Member) {
	for member := range r.Members(cosell.Team) {
		delete(r, cosell.Team.Of(member))
	}
	delete(r, cosell.Team)
	delete(r, cosell.Team.First())
	if m != nil {
		var l mapping.List
		l.Add(m.Key(), m.Text())
		l.Into(r, cosell.Team)
	}
}

// lastPerson is who changed the row last; nil when that was an application, such as we are.
func (s *Store) lastPerson(ctx context.Context, id string) (*mapping.Member, error) {
	row, err := s.api.Get(ctx, s.table.set, id, dataverse.Query{Select: []string{s.table.id},
		Expand: []dataverse.Expand{{Nav: "modifiedby", Query: s.personQuery()}}})
	if err != nil {
		return nil, unlessGone(err)
	}
	user, ok := row.Row("modifiedby")
	if !ok {
		return nil, nil
	}
	return s.person(user), nil
}

func (s *Store) personQuery() dataverse.Query {
	return dataverse.Query{Select: append([]string{userID, application, "isdisabled"}, sorted(userColumns())...)}
}

// deputy reads the administrator of a team, or the default member; nil when there is none.
func (s *Store) deputy(ctx context.Context, team string) (*mapping.Member, error) {
	person := s.personQuery()
	if team != "" {
		row, err := s.api.Get(ctx, "teams", team, dataverse.Query{Select: []string{"teamid"}, Expand: []dataverse.Expand{{Nav: "administratorid", Query: person}}})
		if err != nil {
			return nil, unlessGone(err)
		}
		admin, ok := row.Row("administratorid")
		if !ok {
			return nil, nil
		}
		return s.person(admin), nil
	}
	person.Filter = dataverse.EqText(userEmail, s.options.DefaultMember)
	if _, err := uuid.Parse(s.options.DefaultMember); err == nil {
		person.Filter = dataverse.EqID(userID, s.options.DefaultMember)
	}
	rows, err := s.api.List(ctx, userSet, person)
	if err != nil {
		return nil, unlessGone(err)
	}
	for _, r := range rows {
		if m := s.person(r); m != nil {
			return m, nil
		}
	}
	return nil, nil
}

// person makes a member of a user; application users and those who have left are none.
func (s *Store) person(user dataverse.Row) *mapping.Member {
	if user.Has(application) || user.Text("isdisabled") == "true" {
		return nil
	}
	m := s.userMember(user)
	return &m
}

func complete(members map[string]string) bool {
	for _, text := range members {
		if !whole(mapping.ParseMember(text)) {
			return false
		}
	}
	return len(members) > 0
}

func whole(m mapping.Member) bool {
	return m.Email != "" && m.FirstName != "" && m.LastName != "" && m.Phone != ""
}
