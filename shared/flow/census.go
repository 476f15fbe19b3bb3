package flow

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Fate is what becomes of a record that is in no pair, once work begins.
type Fate string

// The fates.
const (
	Comes      Fate = "comes"      // a referral: an opportunity or a lead is made of it
	Shared     Fate = "shared"     // an opportunity: a referral is made of it
	Incomplete Fate = "incomplete" // an opportunity: the same, once what is missing was filled in
	Links      Fate = "links"      // both exist and name each other: nothing is made
	Asks       Fate = "asks"       // a referral names an opportunity whose seller is asked
	Foreign    Fate = "foreign"    // a referral carries the CRM id of another system: left alone
	Taken      Fate = "taken"      // it names a record that another one is linked with: told
	Several    Fate = "several"    // it names a record that another one names as well: the first that is looked at is linked, the other told
	Outside    Fate = "outside"    // another environment's: only what this one has made is touched
	LetGo      Fate = "letgo"      // it was deleted or unlinked by a person: never again by itself
	ClosedHere Fate = "closedhere" // as Links, and the opportunity is closed: both stay as they are, and that is told
	Closed     Fate = "closed"     // an opportunity names a referral that is closed: linked, both stay as they are, and that is told
	Unknown    Fate = "unknown"    // an opportunity names what is no referral: told
	Unread     Fate = "unread"     // an opportunity names a referral that is not open, and one list reads only so many
	KeptOut    Fate = "keptout"    // a lead, and only co-sell deals come (SYNC_COSELL_ONLY)
)

// Makes says whether the fate creates a record.
func (f Fate) Makes() bool { return f == Comes || f == Shared || f == Incomplete }

// Found is a record that is in no pair.
type Found struct {
	Kind     string // referral, lead or opportunity
	ID       string
	Name     string
	Status   string
	Changed  time.Time
	Fate     Fate
	Other    string // the record that it names, or its foreign CRM id
	Problems []cosell.Problem
}

// Census is what stands open on both sides.
type Census struct {
	Paired int // open referrals in pairs already
	Older  int // left out: not changed since the day that was asked for
	Unread int // pairs of ours whose rows cannot be read: nothing is made for them either
	Found  []Found
}

// Census lists what work would begin with: every open referral of any age that is in no pair, and every open
// opportunity that is switched on and has none, or names a referral that is not open. since leaves out what would be made
// and was last changed before it; zero leaves out nothing. It reads lists only, so that thousands of records cost some
// pages, and of the referrals that are named and not open at most mostRead. Nothing is written.
// Kinds: those of the two systems.
func (f *Flow) Census(ctx context.Context, since time.Time) (Census, error) {
	c := &counting{Flow: f, since: since, named: map[string]cosell.Naming{}, byReferral: map[string]cosell.Pair{}, byOpportunity: map[string]cosell.Pair{}, meant: map[string]bool{}}
	var err error
	if c.referrals, err = f.Referrals.Open(ctx); err != nil {
		return Census{}, err
	}
	if err := c.records(ctx); err != nil {
		return Census{}, err
	}
	wanting, err := f.Opportunities.Wanting(ctx)
	if err != nil {
		return Census{}, err
	}
	err = f.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		c.byReferral[strings.ToLower(p.ReferralID)], c.byOpportunity[p.OpportunityID] = p, p
		if p.Unread {
			c.out.Unread++
		}
		return true
	})
	if err != nil {
		return Census{}, err
	}
	for _, r := range c.referrals {
		c.referral(r)
	}
	for _, o := range wanting {
		c.opportunity(o)
	}
	c.rivals()
	c.closedHere()
	if err := c.notOpen(ctx); err != nil {
		return Census{}, err
	}
	slices.SortStableFunc(c.out.Found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Fate, b.Fate), b.Changed.Compare(a.Changed), cmp.Compare(a.ID, b.ID))
	})
	return c.out, nil
}

// records lists what CRM has of the referrals: opportunities, and leads unless those are kept out.
func (c *counting) records(ctx context.Context) (err error) {
	deals, err := c.Opportunities.Linked(ctx)
	if err != nil {
		return err
	}
	c.deals = deals
	maps.Copy(c.named, deals)
	if !c.keepsLeadsOut() {
		leads, err := c.Leads.Linked(ctx)
		if err != nil {
			return err
		}
		maps.Copy(c.named, leads)
	}
	strangers := c.strangers()
	if c.there, err = c.Opportunities.Exist(ctx, strangers); err != nil || c.keepsLeadsOut() {
		return err
	}
	strangers = slices.DeleteFunc(strangers, func(id string) bool { return c.there[id] })
	leads, err := c.Leads.Exist(ctx, strangers)
	maps.Copy(c.there, leads)
	return err
}

// keepsLeadsOut says whether nothing comes of leads.
func (c *counting) keepsLeadsOut() bool { return c.leads == nil || c.leads.leadsStayOut() }

// counting is a census on its way.
type counting struct {
	*Flow
	since                     time.Time
	referrals                 []cosell.Referral
	named                     map[string]cosell.Naming // opportunities and leads that name a referral, or are switched on
	deals                     map[string]cosell.Naming // the opportunities of them
	there                     map[string]bool          // records that exist, of the others that referrals name
	byReferral, byOpportunity map[string]cosell.Pair
	naming                    map[string][]string // named, the other way round
	meant                     map[string]bool     // opportunities that a referral is linked with
	out                       Census
}

// strangers are the records that referrals name and that neither name one nor are switched on.
func (c *counting) strangers() (ids []string) {
	for _, r := range c.referrals {
		if id, _ := crmID(r); id != "" {
			if _, known := c.named[id]; !known && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// inPair says whether a pair is more than a note about a record that is still alone. One that cannot be read counts as one.
func inPair(p cosell.Pair, known bool) bool {
	return known && p.Unread || known && p.Phase != cosell.Lacking && p.Phase != cosell.Ended && p.Phase != cosell.Claimed && p.Phase != ""
}

func (c *counting) referral(r cosell.Referral) {
	pair, known := c.byReferral[strings.ToLower(r.ID)]
	if id, _ := crmID(r); pair.Unread || !known && c.byOpportunity[id].Unread {
		return // of a later version's row not even the referral is known
	}
	if inPair(pair, known) {
		c.out.Paired++
		return
	}
	found := Found{Kind: referralKind, ID: r.ID, Name: r.Record[cosell.Name], Status: r.Record[cosell.Status], Changed: r.Modified}
	if r.Lead {
		found.Kind = leadKind
	}
	found.Fate, found.Other = c.fateOf(r)
	if r.Lead && c.keepsLeadsOut() && (found.Fate == Comes || found.Fate == Links && c.namesNone(r)) {
		found.Fate, found.Other = KeptOut, ""
	}
	if known && pair.Phase == cosell.Ended {
		found.Fate = LetGo
	}
	if found.Fate == Links {
		c.meant[found.Other] = true
	}
	c.add(found)
}

// fateOf follows the table of fromClaimed, by lists alone.
func (c *counting) fateOf(r cosell.Referral) (fate Fate, other string) {
	id, foreign := crmID(r)
	text := strings.TrimSpace(r.Record[cosell.CRMID])
	naming, known := c.named[id]
	named := naming.Referral
	pending := r.Record[cosell.Status] == cosell.Pending
	own := strings.EqualFold(named, r.ID)
	switch {
	case c.Settings.OwnScope:
		return Outside, text
	case id == "" && len(c.namedBy(r.ID)) == 1:
		return Links, c.namedBy(r.ID)[0]
	case id == "" && len(c.namedBy(r.ID)) > 1:
		return Several, c.namedBy(r.ID)[0]
	case id == "" && !foreign:
		return Comes, ""
	case id != "" && c.byOpportunity[id].Phase == cosell.Ended:
		return LetGo, id
	case known && (own || named == ""):
		return Links, id
	case known:
		return Taken, id
	case c.there[id] && c.Settings.Takeover == "own" && !pending:
		return Links, id
	case c.there[id] && !pending:
		return Asks, id
	case c.there[id] || c.arrivesForeign(r):
		return Comes, text
	}
	return Foreign, text
}

func (c *counting) namesNone(r cosell.Referral) bool {
	id, _ := crmID(r)
	return id == ""
}

// namedBy are the opportunities that name a referral, in the order of their ids; the leads, where no opportunity does:
// one that was made of a lead names the same.
func (c *counting) namedBy(referralID string) []string {
	if c.naming == nil {
		c.naming = map[string][]string{}
		for _, leads := range []bool{false, true} {
			some := map[string][]string{}
			for _, id := range slices.Sorted(maps.Keys(c.named)) {
				referral := c.named[id].Referral
				if _, deal := c.deals[id]; referral != "" && deal != leads && len(c.naming[referral]) == 0 {
					some[referral] = append(some[referral], id)
				}
			}
			maps.Copy(c.naming, some)
		}
	}
	return c.naming[strings.ToLower(referralID)]
}

// rivals tells apart what several records claim: referrals of which each names the same opportunity, and opportunities
// that name an open referral which another one is linked with, or names as well.
func (c *counting) rivals() {
	claims := map[string]int{}
	for _, f := range c.out.Found {
		if f.Fate == Links {
			claims[f.Other]++
		}
	}
	for i, f := range c.out.Found {
		if f.Fate == Links && claims[f.Other] > 1 && !strings.EqualFold(c.named[f.Other].Referral, f.ID) {
			c.out.Found[i].Fate = Several
		}
	}
	for _, r := range c.referrals {
		pair, known := c.byReferral[strings.ToLower(r.ID)]
		named := c.namedBy(r.ID)
		if c.Settings.OwnScope || known && pair.Phase == cosell.Ended {
			continue
		}
		linked, _ := crmID(r)
		if inPair(pair, known) {
			linked = pair.OpportunityID
		}
		for _, id := range named {
			own, paired := c.byOpportunity[id]
			if _, deal := c.deals[id]; !deal || id == linked || linked == "" && len(named) == 1 || inPair(own, paired) {
				continue
			}
			fate := Taken
			if linked == "" {
				fate = Several
			}
			c.add(Found{Kind: opportunityKind, ID: id, Fate: fate, Other: r.ID})
		}
	}
}

func (c *counting) opportunity(o cosell.Opportunity) {
	pair, known := c.byOpportunity[o.ID]
	if inPair(pair, known) || c.meant[o.ID] {
		return
	}
	found := Found{Kind: opportunityKind, ID: o.ID, Name: o.Record[cosell.Name], Status: o.Record[cosell.Status], Changed: o.Modified, Fate: Shared}
	if known && pair.Phase == cosell.Ended {
		found.Fate = LetGo
	} else if _, found.Problems = cosell.Prepare(o, c.Rules); len(found.Problems) > 0 {
		found.Fate = Incomplete
	}
	c.add(found)
}

func (c *counting) add(found Found) {
	if found.Fate.Makes() && before(found.Changed, c.since) {
		c.out.Older++
		return
	}
	c.out.Found = append(c.out.Found, found)
}

// before says whether a record was last changed before a day; one of which that is not known was not.
func before(changed, day time.Time) bool { return !changed.IsZero() && changed.Before(day) }
