package flow_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// spoilt is a ledger in which the row of one pair cannot be read, as a later version of the program would have left it.
type spoilt struct {
	flow.Ledger
	id string
}

func (s spoilt) Find(ctx context.Context, id string) (cosell.Pair, bool, error) {
	if id == s.id {
		return cosell.Pair{}, false, fault.New(fault.Refused, "row o|%s is of schema version 3", id).OfClass(fault.Ours).With("state.newer", "")
	}
	return s.Ledger.Find(ctx, id)
}

func (s spoilt) FindByReferral(ctx context.Context, id string) (cosell.Pair, bool, error) {
	p, known, err := s.Ledger.FindByReferral(ctx, id)
	if known && p.OpportunityID == s.id {
		return s.Find(ctx, s.id)
	}
	return p, known, err
}

func (s spoilt) Pairs(ctx context.Context, each func(cosell.Pair) bool) error {
	return s.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.OpportunityID == s.id {
			p = cosell.Pair{OpportunityID: s.id, Unread: true}
		}
		return each(p)
	})
}

// spoil makes the row of a pair one that cannot be read.
func (w *world) spoil(id string) { w.flow.Ledger = spoilt{w.flow.Ledger, id} }

// A new sheet comes to all pairs that can be read, and to the others once they can.
func TestANewSheetComesToAPairThatCouldNotBeRead(t *testing.T) {
	w := crowded(t, 3)
	w.sheet = "name:a:text dealValue:b:text"
	w.restart()
	w.pass()
	w.sheeted()
	late := sorted(w.opportunities)[0]
	w.spoil(late)
	w.deaf = true
	for range 3 { // longer than the two times that every pair is hinted
		w.now = w.now.Add(12 * time.Hour)
		if err := w.run(func() error { return w.flow.Reconcile(ctx) }); err != nil {
			t.Fatal(err)
		}
		w.drain()
	}
	if n := w.filled(extra, "new"); n != 2 {
		t.Errorf("%d of the two that can be read", n)
	}
	w.restart()
	w.now = w.now.Add(12 * time.Hour)
	w.pass()
	if n := w.filled(extra, "new"); n != 3 {
		t.Errorf("%d of all three", n)
	}
	w.silent()
}

// The message of a solution row that is gone is not kept waiting by the pair of another deal.
func TestASolutionRowThatIsGoneIsFoundBesideAPairThatCannotBeRead(t *testing.T) {
	w := crowded(t, 2)
	ids := sorted(w.opportunities)
	p := w.pairOf(ids[1])
	p.Rows = []string{"row-1"}
	if err := saved(w, p); err != nil {
		t.Fatal(err)
	}
	w.spoil(ids[0])
	gone := flow.Hint{Kind: "solution", ID: "row-1", Deleted: true}
	if err := w.run(func() error { return w.flow.FromOpportunity(ctx, gone) }); err != nil {
		t.Errorf("that of the pair that is read: %v", err)
	}
	gone.ID = "row-2"
	if err := w.run(func() error { return w.flow.FromOpportunity(ctx, gone) }); err != nil {
		t.Errorf("that of nobody: %v", err)
	}
}

// The census counts a pair that cannot be read, and would make nothing for its records.
func TestTheCensusMakesNothingForAPairThatCannotBeRead(t *testing.T) {
	w := crowded(t, 3)
	w.lone(wanting, nil)
	if err := saved(w, cosell.Pair{OpportunityID: wanting, Phase: cosell.Lacking}); err != nil {
		t.Fatal(err)
	}
	w.spoil(sorted(w.opportunities)[1])
	c, err := w.flow.Census(ctx, time.Time{})
	if err != nil || c.Paired != 2 || c.Unread != 1 || len(c.Found) != 1 || c.Found[0].ID != wanting {
		t.Errorf("%v %+v", err, c)
	}
	w.spoil(wanting)
	if c, err := w.flow.Census(ctx, time.Time{}); err != nil || c.Paired != 2 || c.Unread != 2 || len(c.Found) != 0 {
		t.Errorf("%v %+v", err, c)
	}
}

// Where no other pair can be read nobody knows whether Microsoft's referrals are shown, so that it is not asked twice.
func TestMicrosoftIsNotAskedTwiceWhereTheOtherPairsCannotBeRead(t *testing.T) {
	w := newWorld(t)
	w.hidden = true
	w.witness()
	w.spoil("22222222-2222-4222-8222-222222222222")
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.onInvite = func() { w.loseAnswer = true }
	w.opportunityChanged()
	w.opportunityChanged()
	if n := len(w.microsofts()) - 1; n != 1 {
		t.Errorf("Microsoft was asked %d times", n)
	}
	if o := w.linked().Record; !strings.Contains(o[cosell.Audit], "help.unknown: it is not known whether Microsoft was asked") {
		t.Errorf("Audit %s", o[cosell.Audit])
	}
}

// A feed that is refused for good does not keep waiting what the brake would let go on; a system that is away does.
func TestAFeedThatIsRefusedKeepsNothingAside(t *testing.T) {
	for name, c := range map[string]struct {
		feed error
		goes bool
	}{
		"Untracked": {fault.New(fault.Refused, "no change tracking").OfClass(fault.Ours).With("table.untracked", ""), true},
		"Away":      {fault.New(fault.Broken, "503"), false}, "Busy": {fault.Wait(time.Minute, "429"), false}, "Denied": {fault.New(fault.Denied, "401"), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := crowded(t, 60)
			w.sheet = "name:a:text dealValue:b:text"
			w.restart()
			w.pass()
			w.sheeted()
			for _, id := range sorted(w.opportunities)[5:] {
				w.userOf(id, cosell.Record{extra: "new"})
			}
			w.pass()
			w.feedAway, w.deaf = c.feed, true
			for range 8 {
				w.now = w.now.Add(5 * time.Minute)
				_ = w.run(func() error { return w.flow.Reconcile(ctx) })
				w.drain()
			}
			if _, aside := w.brake(); (aside == 0) != c.goes || (w.filled(extra, "new") == 60) != c.goes {
				t.Errorf("%d put aside, %d filled", aside, w.filled(extra, "new"))
			}
		})
	}
}
