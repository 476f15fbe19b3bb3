package opportunities

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/uuid"
)

// owner chooses who owns what we create: the enabled user of the first team member that has one, else the
// owner of the account, else the configured user or team; never an application user, and nobody whom CRM refused as owner
// in the last hour.
func (s *Store) owner(ctx context.Context, team []mapping.Member, c *customer) (bind string, err error) {
	emails := []string{}
	for _, m := range team {
		if m.Email != "" {
			emails = append(emails, mapping.KeyText(m.Email))
		}
	}
	wanted := slices.Clone(emails)
	account, fallback := strings.ToLower(c.owner), mapping.KeyText(s.options.DefaultOwner)
	for _, who := range []string{account, fallback} {
		if who != "" {
			wanted = append(wanted, who)
		}
	}
	users, err := s.users(ctx, wanted)
	if err != nil {
		return "", err
	}
	fit := func(id string) bool { return id != "" && s.colleagues.fit(s.options.Now(), id) }
	for _, who := range append(emails, account) {
		if fit(users[who]) {
			return dataverse.Bind(userSet, users[who]), nil
		}
	}
	switch {
	case fit(c.team):
		return dataverse.Bind("teams", c.team), nil
	case fit(users[fallback]):
		return dataverse.Bind(userSet, users[fallback]), nil
	case users[fallback] == "" && uuid.Validate(fallback) == nil && fit(fallback):
		return s.owningTeam(ctx, fallback)
	}
	return "", s.noOwner()
}

// owningTeam takes the default owner for the id of a team, since it is no enabled user's.
func (s *Store) owningTeam(ctx context.Context, id string) (bind string, err error) {
	_, err = s.api.Get(ctx, "teams", id, dataverse.Query{Select: []string{"teamid"}})
	switch {
	case fault.Is(err, fault.Gone):
		return "", s.noOwner()
	case err != nil:
		return "", err
	}
	return dataverse.Bind("teams", id), nil
}

// noOwner is about our settings, not about the deal: it waits for them. Whom CRM refused lately, for want of a role or a
// licence, is passed over like somebody who was disabled, so that the words name these too. Users are asked for anew the next time: one may
// be added, or enabled, because of this.
func (s *Store) noOwner() error {
	s.colleagues.forget()
	return fault.Lacking(fault.Ours, "owner", "no owner for the new opportunity: no team member of the referral is a user who may own it").
		Saying("nobody could own the new opportunity: no team member of its referral is an enabled user with a security role and a licence, and neither is anybody else who would do",
			"set SYNC_DEFAULT_OWNER to the e-mail or id of an enabled user who has a security role and a licence, or to the id of a team that has a security role; or give a team member what is missing")
}

// users gives the ids of the enabled people among those wanted, each by e-mail or by id as it was asked for. Nobody is
// asked for twice in an hour.
func (s *Store) users(ctx context.Context, wanted []string) (map[string]string, error) {
	out, unknown := s.colleagues.recall(s.options.Now(), wanted)
	if len(unknown) == 0 {
		return out, nil
	}
	var either []string
	for _, who := range unknown {
		if uuid.Validate(who) == nil {
			either = append(either, dataverse.EqID(userID, who))
		} else {
			either = append(either, dataverse.EqText(userEmail, who))
		}
	}
	rows, err := s.api.List(ctx, userSet, dataverse.Query{Select: []string{userID, userEmail, application},
		Filter: dataverse.And(dataverse.EqBool("isdisabled", false), dataverse.Or(either...))})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for _, who := range []string{r.ID(userID), mapping.KeyText(r.Text(userEmail))} {
			if !r.Has(application) && out[who] == "" && slices.Contains(unknown, who) {
				out[who] = r.ID(userID)
			}
		}
	}
	s.colleagues.remember(s.options.Now(), unknown, out)
	return out, nil
}

// colleagues remembers for an hour which user an e-mail or an id is; that it is nobody, too. Of a user who was disabled
// since, CRM's refusal tells; one who came since owns the deals of the next hour.
type colleagues struct {
	mu    sync.Mutex
	known map[string]colleague
	unfit map[string]time.Time // by id: whom CRM refused as owner, and when
}

type colleague struct {
	id string // empty: nobody's who is enabled
	at time.Time
}

func (c *colleagues) recall(now time.Time, wanted []string) (known map[string]string, unknown []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known = map[string]string{}
	for _, who := range wanted {
		if k, ok := c.known[who]; ok && now.Sub(k.at) < cacheAge {
			known[who] = k.id
		} else if !slices.Contains(unknown, who) {
			unknown = append(unknown, who)
		}
	}
	return known, unknown
}

func (c *colleagues) remember(now time.Time, asked []string, ids map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= mostLookups {
		c.known = map[string]colleague{}
	}
	for _, who := range asked {
		c.known[who] = colleague{ids[who], now}
	}
}

// forget has everybody asked for anew. True: somebody was known.
func (c *colleagues) forget() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	had := len(c.known) > 0
	c.known, c.unfit = nil, nil
	return had
}

// CRM's answers to an owner who has no role, or no licence. Every employee may be an enabled user, with or without.
const (
	codeNoRole    = "0x80042f09"
	codeNoLicence = "0x80042f0a"
)

// passOver says whether CRM refused what was made because of its owner, whom it names; for an hour that one owns nothing more.
func (c *colleagues) passOver(now time.Time, bind string, err error) bool {
	_, id, _ := strings.Cut(strings.TrimSuffix(bind, ")"), "(")
	e := fault.Of(err)
	if !fault.Is(err, fault.Refused) || id == "" || !strings.Contains(strings.ToLower(e.Theirs), id) {
		return false
	}
	switch e.Code {
	case codeNoRole, codeNoLicence, dataverse.CodePrivilege:
	default:
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unfit == nil || len(c.unfit) >= mostLookups {
		c.unfit = map[string]time.Time{}
	}
	c.unfit[id] = now
	return true
}

// fit says whether CRM did not refuse somebody as owner in the last hour.
func (c *colleagues) fit(now time.Time, id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, refused := c.unfit[id]
	return !refused || now.Sub(at) >= cacheAge
}
