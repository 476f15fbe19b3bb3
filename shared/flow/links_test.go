package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestLinkRowsThatWereLostLoseNoEdit(t *testing.T) {
	for name, lost := range map[string]func(w *world) func(string) bool{
		"OwnReferral": func(w *world) func(string) bool {
			return func(id string) bool { return id == w.own()[0].ID }
		},
		"Both": func(*world) func(string) bool { return func(string) bool { return true } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.shared(nil)
			w.forget = lost(w)
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "4321"})
			w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
			posts := w.posts
			w.referralChanged(w.own()[0].ID)
			w.deliver(func() error { return w.flow.FromReferral(ctx, told(w.microsofts()[0].ID, "related-referral-updated")) })
			o := w.opportunities[deal].Record
			if o[cosell.DealValue] != "4321" || o[cosell.MicrosoftStatus] != "Accepted" || w.posts != posts {
				t.Errorf("%d POSTs, %v", w.posts-posts, o)
			}
		})
	}
}

// A referral whose CRM id may not be written is found by the opportunity alone; its row is healed too.
func TestLostLinkRowIsHealedWithoutACRMID(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	w.referralChanged(id)
	r := w.referrals[id]
	r.Record = r.Record.Clone()
	delete(r.Record, cosell.CRMID)
	w.referrals[id] = r
	w.forget = func(lost string) bool { return lost == id }
	w.portal(id, cosell.Record{cosell.DealValue: "4321"})
	w.referralChanged(id)
	if w.forget != nil {
		t.Error("the row that finds the pair by its referral is still missing")
	}
	if o := w.opportunities[crm{w}.ID(id)].Record; o[cosell.DealValue] != "4321" || len(w.opportunities) != 1 {
		t.Errorf("%d opportunities, %v", len(w.opportunities), o)
	}
}

// An event that waited for the lock while the pair was made costs the read that it made before.
func TestEchoOfACreationIsReadOnce(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	for _, r := range []cosell.Referral{w.own()[0], w.microsofts()[0]} {
		w.forget = func(id string) bool { return id == r.ID }
		reads, writes := w.counts["PC GET"]+w.counts["CRM GET"], w.writes()
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(r.ID, "referral-created")) })
		if n := w.counts["PC GET"] + w.counts["CRM GET"] - reads; n != 1 || w.writes() != writes {
			t.Errorf("%d reads, %d writes", n, w.writes()-writes)
		}
	}
}

// An event of a referral that is still being linked back waited for the lock while the pair was made: the opportunity
// that is there is not made, and what its seller typed since is an edit.
func TestEchoOfAnUnfinishedCreationGoesOnWithIt(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.refuseCRM = func(v cosell.Record) error {
		if v[cosell.ReferralID] == "" {
			return nil
		}
		return fault.New(fault.Refused, "a plug-in says no").OfClass(fault.Record)
	}
	if err := w.wanted(); err != nil {
		t.Fatal(err)
	}
	own := w.own()[0]
	w.now = w.now.Add(time.Minute)
	w.refuseCRM = nil
	w.user(cosell.Record{cosell.Notes: "typed meanwhile"})
	w.forget = func(id string) bool { return id == own.ID }
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(own.ID, "referral-created")) })
	w.forget = nil
	w.events()
	if got := w.own()[0].Record[cosell.Notes]; got != "typed meanwhile" {
		t.Errorf("the edit made since the POST did not cross: %q", got)
	}
	entries, err := w.memory.Audit(ctx, deal, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Action == "created" && e.Direction == cosell.ToCRM {
			t.Errorf("the trail says that the opportunity was created: %+v", e)
		}
	}
}

func TestLinkedOpportunityNeverTakesAnotherReferral(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	own := w.own()[0].ID
	other := portalDeal(w, nil)
	w.user(cosell.Record{cosell.ReferralID: other})
	w.referralChanged(other)
	w.opportunityChanged()
	if p := w.pair(); p.ReferralID != own || w.referrals[other].Record[cosell.CRMID] != "" {
		t.Errorf("linked with %s, which says %v", p.ReferralID, w.referrals[other].Record)
	}
}

func TestMovedSolutionRowChangesBothOpportunities(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{"solutions/SOL-2": "{}"})
	w.opportunityChanged()
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", deal, "Create")) })
	w.user(cosell.Record{"solutions/SOL-2": ""})
	const other = "44444444-4444-4444-8444-444444444444"
	w.opportunities[other] = cosell.Opportunity{Side: cosell.Side{ID: other, Version: w.nextVersion(), Record: cosell.Record{cosell.Sync: cosell.False}}}
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", other, "Update")) })
	if v, ok := w.own()[0].Record["solutions/SOL-2"]; ok {
		t.Errorf("the first opportunity's referral still has %q", v)
	}
}

// Where the event of a move is lost the feed names the row, and not where it hangs.
func TestASolutionRowThatTheFeedNamesIsLookedForWhereItHangsNow(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	own := w.own()[0].ID
	const other = "44444444-4444-4444-8444-444444444444"
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", other, "Create")) }) // moved since, which nobody said
	w.hangsOn = map[string]string{"row": deal}
	o := w.opportunities[deal]
	o.Record = o.Record.Clone()
	o.Record["solutions/SOL-2"] = "{}" // the row's own version does not change with it
	w.opportunities[deal] = o
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, cosell.Hint{Kind: "solution", ID: "row"}) })
	if _, ok := w.referrals[own].Record["solutions/SOL-2"]; !ok {
		t.Error("the referral of the deal on which the row hangs does not have the solution")
	}
	if id, ok, err := w.memory.Solution(ctx, "row"); id != deal || !ok || err != nil {
		t.Errorf("noted of the row: %s, %v, %v", id, ok, err)
	}
	w.hangsOn = nil // the row is gone, and the feed says so
	delete(w.opportunities[deal].Record, "solutions/SOL-2")
	w.deliver(func() error {
		return w.flow.SyncSolutions(ctx, cosell.Hint{Kind: "solution", ID: "row", Deleted: true})
	})
	if _, ok := w.referrals[own].Record["solutions/SOL-2"]; ok {
		t.Error("the referral still has the solution whose row is gone")
	}
}

// entries counts the remote writes that the ledger's audit knows of.
func (w *world) entries(ids ...string) (written int) {
	w.t.Helper()
	for _, id := range ids {
		found, err := w.memory.Audit(ctx, id, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		written += len(found)
	}
	return written
}

func TestEveryRemoteWriteHasOneEntry(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	portal := portalDeal(w, nil)
	w.referralChanged(portal)
	other := crm{w}.ID(portal)
	w.user(cosell.Record{cosell.DealValue: "5"})
	w.events()
	w.portal(portal, cosell.Record{cosell.DealValue: "6"})
	w.events()
	w.beforeCRMPut = func() { w.userOf(other, cosell.Record{cosell.DealValue: "8"}) }
	w.portal(portal, cosell.Record{cosell.Name: "Other"})
	w.events()
	if n := w.entries(deal, other); n != w.writes() {
		t.Errorf("%d writes, %d entries", w.writes(), n)
	}
}

func TestWritesBeforeAFailureHaveTheirEntries(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	broken := true
	w.refuseCRM = func(cosell.Record) error {
		if broken {
			broken = false
			return errDied
		}
		return nil
	}
	w.user(cosell.Record{cosell.Help: "GeneralOrOther", cosell.DealValue: "12"}) // a PATCH, a POST, and a write to CRM that breaks
	w.events()
	if n := w.entries(deal); n != w.writes() || len(w.microsofts()) != 1 {
		t.Errorf("%d writes, %d entries, %d of Microsoft's", w.writes(), n, len(w.microsofts()))
	}
}

// What was made is noted once, however often the rest of its making has to be tried.
func TestI1_TheTrailTellsACreationOnce(t *testing.T) {
	created := func(w *world, id string) (n int) {
		entries, err := w.memory.Audit(ctx, id, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Action == "created" {
				n++
			}
		}
		return n
	}
	w := newWorld(t)
	id := portalDeal(w, cosell.Record{cosell.Status: cosell.Accepted})
	failures := 0
	w.refusePCBy = func(cosell.Record) error {
		if failures++; failures < 4 {
			return fault.New(fault.Broken, "no answer")
		}
		return nil
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
	w.events()
	if n := created(w, crm{w}.ID(id)); n != 1 || failures < 4 {
		t.Errorf("the opportunity is noted as made %d times after %d tries", n, failures)
	}

	w = newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	failures = 0
	w.refuseCRM = func(cosell.Record) error {
		if failures++; failures < 4 {
			return fault.New(fault.Broken, "no answer")
		}
		return nil
	}
	w.opportunityChanged()
	w.events()
	if n := created(w, deal); n != 2 || failures < 4 {
		t.Errorf("two referrals are noted as made %d times after %d tries", n, failures)
	}

	w = newWorld(t)
	id = portalDeal(w, cosell.Record{cosell.Status: cosell.Accepted})
	failures = 0
	w.refuseSave = func(cosell.Pair) error {
		if _, made := w.opportunities[crm{w}.ID(id)]; made && failures < 3 {
			failures++
			return fault.New(fault.Broken, "no answer")
		}
		return nil
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
	w.events()
	if n := created(w, crm{w}.ID(id)); n != 1 || failures < 3 {
		t.Errorf("the opportunity whose pair could not be kept is noted as made %d times after %d tries", n, failures)
	}
}
