package flow_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// lone is an opportunity beside the deal of every test.
func (w *world) lone(id string, changes cosell.Record) string {
	kept, had := w.opportunities[deal]
	w.want(changes)
	o := w.opportunities[deal]
	o.ID, o.Modified = id, w.now
	w.opportunities[id] = o
	delete(w.opportunities, deal)
	if had {
		w.opportunities[deal] = kept
	}
	return id
}

const (
	off     = "aaaaaaaa-1111-4111-8111-111111111111"
	wanting = "aaaaaaaa-2222-4111-8111-111111111111"
	other   = "aaaaaaaa-3333-4111-8111-111111111111"
	absent  = "aaaaaaaa-4444-4111-8111-111111111111"
	poor    = "aaaaaaaa-5555-4111-8111-111111111111"
)

// Whatever the census says of a record, the earnest then does: counted by what is made and linked.
func TestR151_TheCensusSaysWhatBecomesOfEachRecord(t *testing.T) {
	w := newWorld(t)
	w.unstarted = true
	w.restart()
	w.lone(off, cosell.Record{cosell.Sync: cosell.False, cosell.Name: "Off"})
	w.lone(wanting, cosell.Record{cosell.Name: "Wanting"})
	w.lone(poor, cosell.Record{cosell.Name: "Poor", cosell.CustomerCountry: "Atlantis"})
	fresh := portalDeal(w, nil)
	asks := portalDeal(w, cosell.Record{cosell.CRMID: "{" + off + "}"})
	foreign := portalDeal(w, cosell.Record{cosell.CRMID: "SF-0001"})
	lost := portalDeal(w, cosell.Record{cosell.CRMID: absent})
	invited := portalDeal(w, cosell.Record{cosell.CRMID: "SF-0002", cosell.Status: cosell.Pending})
	named := portalDeal(w, nil)
	w.lone(other, cosell.Record{cosell.ReferralID: named, cosell.Name: "Named"})
	portalDeal(w, cosell.Record{cosell.Status: cosell.Lost})
	want := map[string]flow.Fate{fresh: flow.Comes, asks: flow.Asks, foreign: flow.Foreign, lost: flow.Foreign, invited: flow.Comes, named: flow.Links,
		wanting: flow.Shared, poor: flow.Incomplete}
	before := w.remembered()
	c, err := w.flow.Census(ctx, time.Time{})
	if err != nil || w.remembered() != before {
		t.Fatalf("%v, or something was written", err)
	}
	got := map[string]flow.Fate{}
	for _, f := range c.Found {
		got[f.ID] = f.Fate
		if f.Fate == flow.Incomplete != (len(f.Problems) > 0) || f.Name == "" {
			t.Errorf("%+v", f)
		}
	}
	for id, fate := range want {
		if got[id] != fate {
			t.Errorf("%s is %q instead of %q", id, got[id], fate)
		}
	}
	if len(got) != len(want) || c.Paired != 0 || c.Older != 0 {
		t.Errorf("%d found instead of %d, %d paired, %d older", len(got), len(want), c.Paired, c.Older)
	}
	had, were := len(w.opportunities), len(w.referrals)
	if err := w.flow.Start(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := w.flow.TakeUp(ctx, c.Found); err != nil {
		t.Fatal(err)
	}
	w.later(time.Second)
	if len(w.opportunities) != had+2 || len(w.referrals) != were+1 {
		t.Errorf("%d opportunities and %d referrals were made", len(w.opportunities)-had, len(w.referrals)-were)
	}
	if w.opportunities[other].Record[cosell.ReferralID] != named || w.referrals[named].Record[cosell.CRMID] != other || w.opportunities[off].Record[cosell.ReferralID] != "" {
		t.Error("linked otherwise")
	}
	c, err = w.flow.Census(ctx, time.Time{})
	if err != nil || c.Paired != 4 {
		t.Errorf("%+v %v", c, err)
	}
}

func TestR151_SinceLeavesOutWhatNobodyHasTouched(t *testing.T) {
	w := newWorld(t)
	w.unstarted = true
	w.restart()
	old := portalDeal(w, nil)
	w.lone(wanting, nil)
	w.events() // before the start: remembered
	w.now = w.now.Add(30 * 24 * time.Hour)
	since := w.now
	w.now = w.now.Add(time.Hour)
	young := portalDeal(w, nil)
	w.lone(other, nil)
	c, err := w.flow.Census(ctx, since)
	if err != nil || len(c.Found) != 2 || c.Older != 2 {
		t.Fatalf("%+v %v", c, err)
	}
	if err := w.flow.Start(ctx, since); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.later(6 * time.Minute)
	}
	if w.opportunities[crm{w}.ID(young)].ID == "" || w.opportunities[crm{w}.ID(old)].ID != "" || len(w.own()) != 3 || w.opportunities[wanting].Record[cosell.ReferralID] != "" {
		t.Errorf("%v, %d referrals", w.opportunities, len(w.own()))
	}
	w.portal(old, cosell.Record{cosell.Name: "Alive"})
	w.later(time.Minute)
	if w.opportunities[crm{w}.ID(old)].ID == "" {
		t.Error("an old deal that somebody touched does not come")
	}
	w.silent()
}

// Open opportunities that name no open referral: what becomes of each is read, one referral each, and no more than an answer
// has time for. What is over, or switched off, costs nothing.
func TestTheCensusReadsWhatOpenDealsNameAndIsNotOpen(t *testing.T) {
	w := newWorld(t)
	w.unstarted = true
	w.restart()
	closed := func() string { return portalDeal(w, cosell.Record{cosell.Status: cosell.Won}) }
	names := func(id, referral string, more cosell.Record) {
		changes := cosell.Record{cosell.ReferralID: referral}
		maps.Copy(changes, more)
		w.lone(id, changes)
	}
	shared, others := closed(), portalDeal(w, cosell.Record{cosell.Status: cosell.Won, cosell.CRMID: absent})
	names(wanting, shared, nil)
	names(other, shared, nil)
	names(poor, closed(), nil)
	names(absent[:35]+"2", others, nil)
	names(absent[:35]+"3", "by mail", nil)
	names(off, closed(), cosell.Record{cosell.Sync: cosell.False})
	names(absent[:35]+"4", closed(), cosell.Record{cosell.Status: cosell.Won})
	want := map[string]flow.Fate{wanting: flow.Several, other: flow.Several, poor: flow.Closed, absent[:35] + "2": flow.Taken, absent[:35] + "3": flow.Unknown}
	before := w.counts["PC GET"]
	c, err := w.flow.Census(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]flow.Fate{}
	for _, f := range c.Found {
		got[f.ID] = f.Fate
	}
	if !maps.Equal(got, want) || w.counts["PC GET"]-before != 1+4 { // the list, and four of them
		t.Errorf("found %v, want %v; %d were read", got, want, w.counts["PC GET"]-before)
	}
	for i := range 150 {
		names(fmt.Sprintf("bbbbbbbb-1111-4111-8111-%012d", i), fmt.Sprintf("cccccccc-1111-4111-8111-%012d", i), nil)
	}
	before = w.counts["PC GET"]
	if c, err = w.flow.Census(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	fates := map[flow.Fate]int{}
	for _, f := range c.Found {
		fates[f.Fate]++
	}
	if fates[flow.Unread] != 55 || len(c.Found) != 155 || w.counts["PC GET"]-before > 1+100 {
		t.Errorf("found %v; %d were read", fates, w.counts["PC GET"]-before)
	}
}

// The word of a person who links two records, or says yes to a proposal, closes what the life cycle closes; identifiers alone
// close nothing.
func TestAPersonWhoLinksMeansTheStatusToo(t *testing.T) {
	for name, linking := range map[string]func(*world, string){
		"an operator": func(w *world, r string) {
			if err := w.flow.Link(ctx, deal, r); err != nil {
				t.Fatal(err)
			}
		},
		"the seller": func(w *world, r string) {
			w.referrals[r].Record[cosell.CRMID] = deal
			w.referralChanged(r)
			w.user(cosell.Record{cosell.Sync: cosell.True})
			w.opportunityChanged()
		},
		"nobody": func(w *world, r string) {
			w.user(cosell.Record{cosell.Sync: cosell.True, cosell.ReferralID: r})
			w.opportunityChanged()
		},
	} {
		w := newWorld(t)
		w.want(cosell.Record{cosell.Sync: cosell.False, cosell.Status: cosell.Won})
		r := portalDeal(w, nil)
		linking(w, r)
		w.events()
		want := map[bool]string{true: cosell.Accepted, false: cosell.Won}[name == "nobody"]
		if got := w.referrals[r].Record[cosell.Status]; got != want || w.opportunities[deal].Record[cosell.ReferralID] != r {
			t.Errorf("%s: the referral is %s, want %s\n%s", name, got, want, w.opportunities[deal].Record[cosell.Audit])
		}
	}
}
