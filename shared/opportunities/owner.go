package opportunities

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/uuid"
)

// owner chooses who owns what we create: the enabled user of the first team member that has one, else the
// owner of the account, else the configured user or team; never an application user.
func (s *Store) owner(ctx context.Context, team []mapping.Member, c *customer) (bind string, err error) {
	fallback := s.options.DefaultOwner
	_, notID := uuid.Parse(fallback)
	var wanted []string
	emails := []string{}
	for _, m := range team {
		if m.Email != "" {
			emails = append(emails, mapping.KeyText(m.Email))
		}
	}
	switch {
	case fallback == "":
	case notID != nil:
		fallback = mapping.KeyText(fallback)
		wanted = append(wanted, dataverse.EqText(userEmail, fallback))
	default:
		fallback = strings.ToLower(fallback)
		wanted = append(wanted, dataverse.EqID(userID, fallback))
	}
	for _, e := range emails {
		wanted = append(wanted, dataverse.EqText(userEmail, e))
	}
	if c.owner != "" {
		wanted = append(wanted, dataverse.EqID(userID, c.owner))
	}
	users, err := s.users(ctx, wanted)
	if err != nil {
		return "", err
	}
	for _, e := range emails {
		if id, ok := users[e]; ok {
			return dataverse.Bind(userSet, id), nil
		}
	}
	switch {
	case c.owner != "" && users[strings.ToLower(c.owner)] != "":
		return dataverse.Bind(userSet, c.owner), nil
	case c.team != "":
		return dataverse.Bind("teams", c.team), nil
	case fallback != "" && users[fallback] != "":
		return dataverse.Bind(userSet, users[fallback]), nil
	case fallback != "" && notID == nil:
		return s.owningTeam(ctx, fallback)
	}
	return "", noOwner()
}

// owningTeam takes the default owner for the id of a team, since it is no enabled user's.
func (s *Store) owningTeam(ctx context.Context, id string) (bind string, err error) {
	_, err = s.api.Get(ctx, "teams", id, dataverse.Query{Select: []string{"teamid"}})
	switch {
	case fault.Is(err, fault.Gone):
		return "", noOwner()
	case err != nil:
		return "", err
	}
	return dataverse.Bind("teams", id), nil
}

// noOwner is about our settings, not about the deal: it waits for them.
func noOwner() error {
	return fault.Lacking(fault.Ours, "owner", "no owner for the new opportunity: no team member of the referral is an enabled user").
		Saying("nobody could own the new opportunity", "set SYNC_DEFAULT_OWNER to the e-mail or id of an enabled user, or to the id of a team")
}

// users gives the ids of the enabled people that match, by e-mail and by id.
func (s *Store) users(ctx context.Context, wanted []string) (map[string]string, error) {
	out := map[string]string{}
	if len(wanted) == 0 {
		return out, nil
	}
	rows, err := s.api.List(ctx, userSet, dataverse.Query{Select: []string{userID, userEmail, application},
		Filter: dataverse.And(dataverse.EqBool("isdisabled", false), dataverse.Or(wanted...))})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Has(application) {
			continue
		}
		id := r.ID(userID)
		out[id] = id
		if email := mapping.KeyText(r.Text(userEmail)); email != "" && out[email] == "" {
			out[email] = id
		}
	}
	return out, nil
}
