package flow_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A system may answer with an old version for a while after a write.
func TestStaleReadIsNoChangeOfAnybody(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id := w.own()[0].ID
	old := w.referrals[id]
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	fresh := w.referrals[id]

	w.referrals[id] = old
	err := w.flow.FromReferral(context.Background(), told(id, "referral-updated"))
	if d := decided(err); d != "later" || w.opportunities[deal].Record[cosell.DealValue] != "250" {
		t.Errorf("%s, CRM says %s", d, w.opportunities[deal].Record[cosell.DealValue])
	}
	w.referrals[id] = fresh
	w.referralChanged(id)
	w.silent()
}

func TestStaleOpportunityIsReadAgain(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	old := w.opportunities[deal]
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	fresh := w.opportunities[deal]

	w.opportunities[deal] = old
	err := w.flow.FromOpportunity(context.Background(), toldOf("opportunity", deal, "Update"))
	if d := decided(err); d != "later" || w.own()[0].Record[cosell.DealValue] != "250" {
		t.Errorf("%s, Partner Center says %s", d, w.own()[0].Record[cosell.DealValue])
	}
	w.opportunities[deal] = fresh
	w.opportunityChanged()
	w.silent()
}

// A message that waited out an outage meets a replica that is behind: its age proves nothing. A system that
// answers with old versions for long was restored, and is believed.
func TestStaleReadIsNotBelievedBecauseTheMessageIsOld(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	old := w.opportunities[deal]
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	hint := toldOf("opportunity", deal, "Update")
	hint.Seen = w.now
	w.now = w.now.Add(2 * time.Hour)

	w.stale = func() bool { return true }
	for range 3 {
		err := w.flow.FromOpportunity(context.Background(), hint)
		if d := decided(err); d != "later" || w.own()[0].Record[cosell.DealValue] != "250" {
			t.Fatalf("%s, Partner Center says %s", d, w.own()[0].Record[cosell.DealValue])
		}
		w.now = w.now.Add(3 * time.Minute)
	}
	w.stale = nil
	w.opportunityChanged()
	w.silent()

	w.opportunities[deal], hint.Seen = old, w.now
	for range 2 {
		if d := decided(w.flow.FromOpportunity(context.Background(), hint)); d != "later" {
			t.Fatalf("an old doubt counts: %s", d)
		}
	}
	w.now = w.now.Add(11 * time.Minute)
	w.deliver(func() error { return w.flow.FromOpportunity(context.Background(), hint) })
	if got := w.own()[0].Record[cosell.DealValue]; got != "100" {
		t.Errorf("restored, and Partner Center says %s", got)
	}
	w.silent()
}

// A wait for an old copy is no rule of ours: health says when it lasts.
func TestAWaitForAnOldCopyIsNotByRule(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.opportunityChanged()
	w.stale = func() bool { return true }
	err := w.flow.FromOpportunity(context.Background(), toldOf("opportunity", deal, "Update"))
	if f := fault.Of(err); f == nil || f.Kind != fault.Later || f.Code != fault.CodeStale || f.Say == "" || fault.ByRule(err) {
		t.Errorf("%v", err)
	}
}

// A replica that does not know a row yet meets a message that waited out an outage: the row is not gone.
func TestARowThatCannotBeReadYetIsNotGone(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	there := w.opportunities[deal]
	hint := toldOf("opportunity", deal, "Update")
	hint.Seen = w.now
	w.now = w.now.Add(time.Hour)
	delete(w.opportunities, deal)
	for range 2 {
		if d := decided(w.flow.FromOpportunity(context.Background(), hint)); d != "later" || w.pair().Phase != cosell.Linked {
			t.Fatalf("%s, the pair is %s", d, w.pair().Phase)
		}
		w.now = w.now.Add(10 * time.Second)
	}
	w.opportunities[deal] = there
	w.opportunityChanged()
	if !w.pair().Seen[deal].Stale.IsZero() {
		t.Error("the doubt stays")
	}
	w.silent()

	delete(w.opportunities, deal)
	w.deliver(func() error { return w.flow.FromOpportunity(context.Background(), hint) })
	if w.pair().Phase != cosell.Ended {
		t.Errorf("gone for long, and the pair is %s", w.pair().Phase)
	}
}

// Two processes whose own clocks differ doubt the same row: how long that has lasted is what the tables' clock says.
func TestHowLongARowIsMissedGoesByOneClock(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	there := w.opportunities[deal]
	delete(w.opportunities, deal)
	for _, skew := range []time.Duration{0, 10 * time.Minute} {
		w.skew = skew
		w.restart()
		hint := toldOf("opportunity", deal, "Update")
		hint.Seen = w.now.Add(-5 * time.Minute)
		if d := decided(w.flow.FromOpportunity(ctx, hint)); d != "later" || w.pair().Phase != cosell.Linked {
			t.Fatalf("%s after it was missed for seconds, the pair is %s", d, w.pair().Phase)
		}
		w.now = w.now.Add(10 * time.Second)
	}
	w.skew = 0
	w.restart()
	w.opportunities[deal] = there
	w.opportunityChanged()
	w.silent()
}

// What CRM wrote and does not show yet is written once, told once, and nobody's edit.
func TestAWriteThatIsNotShownYetIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.now = w.now.Add(time.Minute)
	w.crmLag = 12 * time.Second
	before := w.crmWrites
	w.portal(w.own()[0].ID, cosell.Record{"solutions/SOL-2": "{}"})
	w.referralChanged(w.own()[0].ID)
	w.events()
	o := w.opportunities[deal].Record
	if n := w.crmWrites - before; n != 1 || o["solutions/SOL-2"] != "{}" || strings.Count(o[cosell.Audit], "solutions") != 1 || o[cosell.Mark] != cosell.MarkOK {
		t.Errorf("%d writes, Audit %s", n, o[cosell.Audit])
	}
	w.silent()
}

// A refused condition proves that a newer version is there: the old copy is not tried once more.
func TestARefusedConditionIsNotTriedOnceMore(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.now = w.now.Add(time.Minute)
	w.crmLag = 12 * time.Second
	w.user(cosell.Record{cosell.Notes: "theirs"})
	w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "250"})
	clear(w.counts)
	err := w.flow.FromReferral(context.Background(), told(w.own()[0].ID, "referral-updated"))
	if fault.Of(err) == nil || fault.Of(err).Code != fault.CodeStale || w.counts["CRM PATCH"] != 1 {
		t.Errorf("%d changes, %v", w.counts["CRM PATCH"], err)
	}
	w.now = w.now.Add(w.crmLag)
	w.events()
	if o := w.opportunities[deal].Record; o[cosell.DealValue] != "250" || w.own()[0].Record[cosell.Notes] != "theirs" {
		t.Errorf("CRM %v", o)
	}
	w.silent()
}

func TestANoteOfAWriteThatIsNotShownYetIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.now = w.now.Add(time.Minute)
	w.portal(w.own()[0].ID, cosell.Record{"solutions/SOL-2": `{"quantity":"1"}`, "solutions/SOL-3": "{}"})
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{"solutions/SOL-2": `{"quantity":"2"}`})
	w.now = w.now.Add(time.Minute)
	w.crmLag = 12 * time.Second
	w.events()
	w.events()
	if o := w.opportunities[deal].Record; strings.Count(o[cosell.Audit], "conflict.resolved") != 1 || o["solutions/SOL-3"] != "{}" {
		t.Errorf("Audit %s", o[cosell.Audit])
	}
	w.silent()
}

// A refusal may come before versions are compared, so it does not prove that an old copy was no old copy.
func TestI26_ARefusalProvesNoEarlierWriteUndone(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id := w.own()[0].ID
	w.portal(id, cosell.Record{cosell.DealValue: "250"})
	w.maybeCRM = fault.New(fault.Broken, "no answer")
	if err := w.flow.FromReferral(ctx, toldOf("referral", id, "updated")); err == nil {
		t.Fatal("the answer was not lost")
	}
	delete(w.oldReferrals, id) // CRM alone is behind
	w.stale = func() bool { return true }
	w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "not now").OfClass(fault.Record) }
	_ = w.flow.FromReferral(ctx, toldOf("referral", id, "updated"))
	w.stale, w.refuseCRM = nil, nil
	w.user(cosell.Record{cosell.DealValue: "100"}) // taken back
	w.opportunityChanged()
	if got := w.referrals[id].Record[cosell.DealValue]; got != "100" {
		t.Errorf("what was taken back came again: %s\n%s", got, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

// A write was made and its answer is lost; then somebody edits the field again, and whoever takes that across sees an old copy and dies. The
// next one knows both writes: what stands there by the first is nobody's edit.
func TestI1_AWriteThatAnOldCopyHidesIsNobodysEdit(t *testing.T) {
	for _, place := range []string{"CRM", "Partner Center"} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.private(nil)
			id := w.own()[0].ID
			types := func(v string) {
				w.now = w.now.Add(time.Second)
				if place == "CRM" {
					w.portal(id, cosell.Record{cosell.Notes: v})
				} else {
					w.user(cosell.Record{cosell.Notes: v})
				}
			}
			takes := func() error {
				if place == "CRM" {
					return w.flow.FromReferral(ctx, toldOf("referral", id, "updated"))
				}
				return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
			}
			types("first")
			if place == "CRM" {
				w.maybeCRM = fault.New(fault.Broken, "no answer")
			} else {
				w.maybePC = fault.New(fault.Broken, "no answer")
			}
			if err := takes(); err == nil {
				t.Fatal("the answer was not lost")
			}
			types("second")
			w.stale = func() bool { return true }
			if place == "CRM" {
				delete(w.oldReferrals, id)
			} else {
				delete(w.oldOpportunities, deal)
			}
			w.dieAt = w.calls + at
			died := w.run(takes) == errDied
			w.stale, w.dieAt = nil, 0
			w.now = w.now.Add(time.Minute)
			w.events()
			if o, r := w.opportunities[deal].Record, w.referrals[id].Record; o[cosell.Notes] != "second" || r[cosell.Notes] != "second" || w.lines(deal, "gave way") > 0 {
				t.Errorf("%s, death at %d: CRM %q, Partner Center %q: %s", place, at, o[cosell.Notes], r[cosell.Notes], o[cosell.Audit])
			}
			w.silent()
			if !died {
				break
			}
		}
	}
}

// A list may lack a row for a while, and the opportunity's own version does not tell: only the row's own event says
// at once that it was deleted.
func TestF27_ASolutionThatIsNotListedIsNotTakenAway(t *testing.T) {
	const rowA, rowB = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
	listed := func(w *world, rows map[string]cosell.Field) {
		o := w.opportunities[deal]
		o.Rows, o.Children = sorted(rows), nil
		members := cosell.Record{"solutions/SOL-1": "", "solutions/SOL-2": ""}
		for id, member := range rows {
			members[member] = "{}"
			o.Children = append(o.Children, cosell.Side{ID: id, Version: "1"})
		}
		o.Record = after(o.Record, members)
		w.opportunities[deal] = o
	}
	both, first := map[string]cosell.Field{rowA: "solutions/SOL-1", rowB: "solutions/SOL-2"}, map[string]cosell.Field{rowA: "solutions/SOL-1"}
	start := func() *world {
		w := newWorld(t)
		w.want(nil)
		listed(w, both)
		w.opportunityChanged()
		w.events()
		listed(w, first)
		return w
	}
	sent := func(w *world) string { return w.own()[0].Record["solutions/SOL-2"] }

	w := start()
	err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
	if f := fault.Of(err); f == nil || f.Code != fault.CodeStale || sent(w) == "" {
		t.Errorf("a list that lacks a row took it away: %v", err)
	}
	listed(w, both)
	w.opportunityChanged()
	if sent(w) == "" {
		t.Error("the list has it again, and it is gone")
	}
	w.silent()

	w = start()
	if err := w.flow.SyncSolutions(ctx, toldRow(rowB, deal, "Delete")); err != nil || sent(w) != "" {
		t.Errorf("its event says that it was deleted, and Partner Center has %q: %v", sent(w), err)
	}
	w.silent()

	w = start() // nobody says of which deal it was, and only the pair remembers
	if err := w.flow.SyncSolutions(ctx, toldRow(rowB, "", "Delete")); err != nil || sent(w) != "" {
		t.Errorf("a row that the pair remembers was deleted, and Partner Center has %q: %v", sent(w), err)
	}
	w.silent()

	w = start() // nobody says so, and it stays away
	w.opportunityChanged()
	if sent(w) != "" {
		t.Error("a row that stays away is still in Partner Center")
	}
	w.silent()
}

// What waits for an old copy writes nothing meanwhile, however long ago its event came: its own write would begin
// the waiting anew.
func TestF27_WaitingForAnOldCopyWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	o := w.opportunities[deal]
	o.Rows, o.Children = []string{"aaaaaaaa-0000-4000-8000-000000000001"}, []cosell.Side{{ID: "aaaaaaaa-0000-4000-8000-000000000001", Version: "1"}}
	w.opportunities[deal] = o
	w.opportunityChanged()
	w.events()
	o = w.opportunities[deal]
	o.Rows, o.Children = nil, nil
	w.opportunities[deal] = o
	h := toldOf("opportunity", deal, "Update")
	h.Seen = w.now
	other := portalDeal(w, nil)
	w.referralChanged(other)
	w.now = w.now.Add(time.Hour)
	writes, began := w.writes(), w.now
	for w.now.Sub(began) <= time.Minute {
		w.referralChanged(other) // both systems are there
		err := w.flow.FromOpportunity(ctx, h)
		if err == nil {
			break
		}
		if f := fault.Of(err); f == nil || f.Code != fault.CodeStale {
			t.Fatal(err)
		}
		w.now = w.now.Add(5 * time.Second)
	}
	if lasted := w.now.Sub(began); lasted < 20*time.Second || lasted > 40*time.Second || w.writes() != writes {
		t.Errorf("believed after %s, with %d writes meanwhile", lasted, w.writes()-writes)
	}
}

// A deal that is closed as lost waits for the reason, which comes from a list.
func TestF27_TheReasonOfALossIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: ""})
	err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
	if f := fault.Of(err); f == nil || f.Code != fault.CodeStale || cosell.ReferralClosed(w.own()[0].Record[cosell.Status]) {
		t.Errorf("closed without a reason: %v", err)
	}
	o := w.opportunities[deal]
	o.Record = after(o.Record, cosell.Record{cosell.Reason: "too late", cosell.LastClosed: "2026-03-02T09:01:00Z"})
	w.opportunities[deal] = o
	w.opportunityChanged()
	if r := w.own()[0].Record; r[cosell.Status] != cosell.Lost || r[cosell.Reason] != "too late" {
		t.Errorf("%v", r)
	}
	w.silent()
}

// A condition may be refused although it names the newest version, also several times in a row. What is read
// stays the same then, and the change is through within half a minute.
func TestR59_AConditionThatIsRefusedForNoReasonIsSurvived(t *testing.T) {
	for _, toPC := range []bool{true, false} {
		w := newWorld(t)
		w.private(nil)
		w.now = w.now.Add(time.Minute)
		refusals := 5
		mismatch := func(cosell.Record) error {
			if refusals--; refusals >= 0 {
				return fault.New(fault.Conflict, "412").Answered(http.StatusPreconditionFailed)
			}
			return nil
		}
		job := func() error {
			return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		}
		if toPC {
			w.refusePCBy = mismatch
			w.user(cosell.Record{cosell.DealValue: "250"})
		} else {
			w.refuseCRM = mismatch
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "250"})
			job = func() error { return w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated")) }
		}
		begun := w.now
		for attempt := 0; ; attempt++ {
			d := fault.Decide(job(), attempt, w.now.Sub(begun), w.now.Sub(begun))
			if d.Verdict != fault.Repeat || w.now.Sub(begun) > 30*time.Second {
				break
			}
			w.now = w.now.Add(d.After)
		}
		if w.own()[0].Record[cosell.DealValue] != "250" || w.opportunities[deal].Record[cosell.DealValue] != "250" || len(w.pair().Held) != 0 {
			t.Errorf("to Partner Center %v: after %s Partner Center has %s, CRM %s, held %+v", toPC, w.now.Sub(begun),
				w.own()[0].Record[cosell.DealValue], w.opportunities[deal].Record[cosell.DealValue], w.pair().Held)
		}
		w.silent()
	}
}
