package flow

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// mostRead is how many referrals a census reads one by one: an answer has to come while the host waits for it.
const mostRead = 100

// closedHere tells apart the open referrals whose opportunity is closed: linking closes neither.
func (c *counting) closedHere() {
	for i, f := range c.out.Found {
		if deal, is := c.deals[f.Other]; f.Fate == Links && is && deal.Status != cosell.Open {
			c.out.Found[i].Fate = ClosedHere
		}
	}
}

// notOpen adds the open opportunities that name a referral which is not among the open ones: it is closed, or there is none.
// What is over on both sides is left out without a read, however many years there are of it.
func (c *counting) notOpen(ctx context.Context) error {
	if c.Settings.OwnScope {
		return nil // what another environment has named is not linked
	}
	open := map[string]bool{}
	for _, r := range c.referrals {
		open[strings.ToLower(r.ID)] = true
	}
	read := 0
	for _, id := range slices.Sorted(maps.Keys(c.deals)) {
		deal := c.deals[id]
		pair, known := c.byOpportunity[id]
		referral, is := cosell.ID(deal.Referral)
		if deal.Referral == "" || deal.Status != cosell.Open || !deal.Synced || is && open[referral] || inPair(pair, known) || known && pair.Phase == cosell.Ended {
			continue
		}
		found := Found{Kind: opportunityKind, ID: id, Fate: Unread, Other: deal.Referral}
		if read++; read <= mostRead {
			theirs, err := c.ofOthers(ctx, id)
			if err == nil && !theirs {
				err = c.ofNamed(ctx, referral, &found)
			}
			if err != nil {
				return err
			}
			if theirs {
				continue
			}
		}
		c.add(found)
	}
	return nil
}

// ofOthers says whether an opportunity that is in no pair of ours is another tenant's.
func (c *counting) ofOthers(ctx context.Context, id string) (bool, error) {
	if c.Others == nil {
		return false, nil
	}
	if has, err := c.Others.Has(ctx, id); has || err != nil {
		return has, err
	}
	return c.Others.Owns(ctx, id)
}

// ofNamed follows relink: what becomes of an opportunity by the referral that it names, "" for what is no id.
func (c *counting) ofNamed(ctx context.Context, referral string, found *Found) error {
	if referral == "" {
		found.Fate = Unknown
		return nil
	}
	if pair, known := c.byReferral[referral]; inPair(pair, known) {
		found.Fate = Taken
		return nil
	}
	r, err := c.Referrals.Get(ctx, referral)
	switch {
	case fault.Is(err, fault.Gone) || fault.Is(err, fault.Invalid):
		found.Fate = Unknown
		return nil
	case fault.ClassOf(err) == fault.Record:
		return nil // it stays unread
	case err != nil:
		return err
	}
	found.Name, found.Status, found.Changed = r.Record[cosell.Name], r.Record[cosell.Status], r.Modified
	switch id, foreign := crmID(r); {
	case foreign || id != "" && id != found.ID:
		found.Fate = Taken
	case id == "" && len(c.namedBy(r.ID)) > 1:
		found.Fate = Several
	case cosell.ReferralClosed(found.Status):
		found.Fate = Closed
	default:
		found.Fate = Links // opened since the list was read
	}
	return nil
}
