package flow_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestLookSaysWhatAnEventWouldDoAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better"})
	before := w.writes()
	v, err := w.flow.Look(ctx, deal)
	if err != nil || w.writes() != before {
		t.Fatalf("%v, %d writes", err, w.writes()-before)
	}
	if v.Plan.ToReferral[cosell.DealValue] != "250" || v.Plan.ToOpportunity[cosell.Name] != "Better" || len(v.Differences) != 2 {
		t.Errorf("%v %v %v", v.Plan.ToReferral, v.Plan.ToOpportunity, v.Differences)
	}
	w.events()
	if w.own()[0].Record[cosell.DealValue] != "250" || w.opportunities[deal].Record[cosell.Name] != "Better" {
		t.Error("the event did something else than the look had said")
	}
	if v, err := w.flow.Look(ctx, deal); err != nil || !v.Plan.Empty() || len(v.Differences) != 0 {
		t.Errorf("%v %+v", err, v)
	}
	if _, err := w.flow.Look(ctx, "33333333-3333-4333-8333-333333333333"); !fault.Is(err, fault.Gone) {
		t.Errorf("%v", err)
	}
}

// What one of two referrals says is no difference because the other one does not say it.
func TestCoSellPairInStepDiffersInNothing(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	if v, err := w.flow.Look(ctx, deal); err != nil || len(v.Differences) != 0 || !v.Plan.Empty() {
		t.Errorf("%v %+v %+v", err, v.Differences, v.Plan)
	}
}

func TestUnlinkedPairIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	if err := w.flow.Unlink(ctx, deal); err != nil {
		t.Fatal(err)
	}
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better"})
	w.silent()
	if w.own()[0].Record[cosell.DealValue] == "250" || len(w.own()) != 1 {
		t.Error("an unlinked pair was taken up again")
	}
}

func TestLinkNeedsTwoFreeRecords(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	other := portalDeal(w, nil)
	if err := w.flow.Link(ctx, deal, other); !fault.Is(err, fault.Refused) {
		t.Errorf("a linked opportunity took another referral: %v", err)
	}
	w.opportunities["free"] = cosell.Opportunity{Side: cosell.Side{ID: "free", Version: w.nextVersion(), Record: cosell.Record{cosell.Name: "Portal deal",
		cosell.Sync: cosell.True, cosell.ReferralID: "", cosell.ReferralLink: "", cosell.Audit: "", cosell.Mark: "", cosell.Status: cosell.Open, cosell.DealValue: "", cosell.Currency: "EUR"}}}
	if err := w.flow.Link(ctx, "free", w.own()[0].ID); !fault.Is(err, fault.Refused) {
		t.Errorf("a linked referral was linked again: %v", err)
	}
	if err := w.flow.Link(ctx, "free", other); err != nil {
		t.Fatal(err)
	}
	if o := w.opportunities["free"].Record; o[cosell.ReferralID] != other || o[cosell.DealValue] != "9" || w.referrals[other].Record[cosell.CRMID] != "free" {
		t.Errorf("%v", o)
	}
}

func TestForgottenValueIsNotSentUntilItChanges(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.refusePC = fault.New(fault.Refused, "no").With("too.much", "ask")
	w.user(cosell.Record{cosell.DealValue: "777"})
	w.opportunityChanged()
	w.refusePC = nil
	if err := w.flow.Forget(ctx, deal, cosell.InPartnerCenter, cosell.DealValue); err != nil {
		t.Fatal(err)
	}
	w.later(48 * 3600e9)
	w.events()
	if got := w.own()[0].Record[cosell.DealValue]; got != "100" {
		t.Errorf("a dropped value was sent: %s", got)
	}
	w.user(cosell.Record{cosell.DealValue: "778"})
	w.events()
	if got := w.own()[0].Record[cosell.DealValue]; got != "778" {
		t.Errorf("a new value did not arrive: %s", got)
	}
	w.silent()
}

// A list that is null in Partner Center is no word about it: nothing of CRM is removed, and no difference shown.
func TestAListThatPartnerCenterDoesNotSayRemovesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	own := w.own()[0]
	for f := range own.Record {
		if list, _, _ := f.List(); list == cosell.Solutions {
			delete(own.Record, f)
		}
	}
	own.Unsaid, own.Version = []cosell.Field{cosell.Solutions}, "unsaid"
	w.referrals[own.ID] = own
	if v, err := w.flow.Look(ctx, deal); err != nil || len(v.Differences) != 0 || !v.Plan.Empty() {
		t.Errorf("%v %+v %+v", err, v.Differences, v.Plan)
	}
	before := w.opportunities[deal].Record["solutions/SOL-1"]
	w.events()
	if got := w.opportunities[deal].Record["solutions/SOL-1"]; got == "" || got != before {
		t.Errorf("CRM holds %q, before %q", got, before)
	}
	w.silent()
}

// A referral that could not be made, and is given up by a person, is not tried again, whatever happens.
func TestForgottenCreationIsNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.refusePC = fault.New(fault.Refused, "no").With("4711", "")
	w.opportunityChanged()
	if err := w.flow.Forget(ctx, deal, cosell.InPartnerCenter, cosell.Whole); err != nil {
		t.Fatal(err)
	}
	w.refusePC = nil
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.events()
	w.later(48 * time.Hour)
	if p := w.pair(); w.posts != 0 || p.Phase != cosell.Ended || len(p.Held) != 0 {
		t.Errorf("%d POSTs, %s, held %+v", w.posts, p.Phase, p.Held)
	}
	w.silent()
}

// A referral whose pair was ended may be linked with another opportunity: its events go there from then on.
func TestLinkTakesTheReferralOfAnEndedPair(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	own := w.own()[0].ID
	free := w.another()
	if err := w.flow.Unlink(ctx, deal); err != nil {
		t.Fatal(err)
	}
	w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Broken, "503") }
	if err := w.flow.Link(ctx, free.ID, own); !fault.Is(err, fault.Broken) {
		t.Fatal(err)
	}
	w.refuseCRM = nil // and the person tries again
	if err := w.flow.Link(ctx, free.ID, own); err != nil {
		t.Fatal(err)
	}
	if got := w.referrals[own].Record[cosell.CRMID]; got != free.ID {
		t.Errorf("the referral names %s", got)
	}
	before := w.opportunities[deal].Record
	w.portal(own, cosell.Record{cosell.DealValue: "250"})
	w.referralChanged(own)
	w.userOf(free.ID, cosell.Record{cosell.Name: "Better"})
	w.events()
	if o, r := w.opportunities[free.ID].Record, w.referrals[own].Record; o[cosell.ReferralID] != own || o[cosell.DealValue] != "250" || r[cosell.Name] != "Better" {
		t.Errorf("CRM %v, Partner Center %v", o, r)
	}
	if !maps.Equal(w.opportunities[deal].Record, before) || w.pair().Phase != cosell.Ended {
		t.Errorf("the old one was touched: %v", w.opportunities[deal].Record)
	}
	w.silent()
}

// A command whose answer was lost is given again.
func TestUnlinkingTwiceIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	for range 2 {
		if err := w.flow.Unlink(ctx, deal); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.lines(deal, cosell.UnlinkedFrom); n != 1 {
		t.Errorf("told %d times\n%s", n, w.opportunities[deal].Record[cosell.Audit])
	}
}

// An unlinking whose row was not told of it is no value that somebody could let be: both would stay as they are for ever.
func TestAnUnfinishedUnlinkingIsNotDropped(t *testing.T) {
	for name, befall := range map[string]error{
		"interrupted": fault.New(fault.Conflict, "somebody was faster"),
		"refused":     fault.New(fault.Refused, "no").With("0x80040265", ""),
	} {
		w := newWorld(t)
		w.want(nil)
		w.opportunityChanged()
		w.refuseCRM = func(cosell.Record) error { return befall }
		_ = w.run(func() error { return w.flow.Unlink(ctx, deal) })
		if w.pair().Phase != cosell.Ended || w.opportunities[deal].Record[cosell.ReferralID] == "" {
			t.Fatalf("%s: %v, the row names %q", name, w.pair().Phase, w.opportunities[deal].Record[cosell.ReferralID])
		}
		w.refuseCRM = nil
		if err := w.flow.Forget(ctx, deal, cosell.InCRM, cosell.Action); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.drain()
		if id := w.opportunities[deal].Record[cosell.ReferralID]; id != "" || len(w.pair().Held) > 0 {
			t.Errorf("%s: the row still names %s, held is %v", name, id, w.pair().Held)
		}
	}
}

// Somebody edits while an operator links, or the process dies, whichever record and at whichever call: the link stands, or none is begun.
func TestLinkingIsInterrupted(t *testing.T) {
	for name, befall := range map[string]func(w *world, at int, own string){
		"an edit in CRM": func(w *world, at int, _ string) {
			w.atCall(at, func() { w.userOf(deal, cosell.Record{cosell.DealValue: "1357"}) })
		},
		"an edit in Partner Center": func(w *world, at int, own string) {
			w.atCall(at, func() { w.portal(own, cosell.Record{cosell.DealValue: "2468"}) })
		},
		"a death": func(w *world, at int, _ string) { w.dieAt = w.calls + at },
		"a condition of CRM refused": func(w *world, at int, _ string) {
			w.refuseCRM = func(cosell.Record) error { return w.nth(&at, fault.New(fault.Conflict, "412")) }
		},
		"a condition of Partner Center refused": func(w *world, at int, _ string) {
			w.refusePCBy = func(cosell.Record) error { return w.nth(&at, fault.New(fault.Conflict, "412")) }
		},
		"no answer of Partner Center": func(w *world, at int, _ string) {
			w.refusePCBy = func(cosell.Record) error { return w.nth(&at, fault.New(fault.Broken, "reset")) }
		},
		"no answer of CRM": func(w *world, at int, _ string) {
			w.refuseCRM = func(cosell.Record) error { return w.nth(&at, fault.New(fault.Broken, "reset")) }
		},
	} {
		for at := 1; at < 24; at++ {
			w, own := unlinkedDeal(t)
			w.portal(own, cosell.Record{cosell.Notes: "called"})
			befall(w, at, own)
			err := w.run(func() error { return w.flow.Link(ctx, deal, own) })
			w.between, w.dieAt, w.died, w.refuseCRM, w.refusePCBy = nil, 0, false, nil, nil
			w.drain()
			w.events()
			o, r := w.opportunities[deal].Record, w.referrals[own].Record
			if linked := w.pair().Phase == cosell.Linked; linked != (o[cosell.ReferralID] == own) || linked && r[cosell.CRMID] != deal || err == nil && !linked {
				t.Errorf("%s at %d: %v; the pair is %s, the row names %q, the referral %q", name, at, err, w.pair().Phase, o[cosell.ReferralID], r[cosell.CRMID])
			}
		}
	}
}

// linkedUntilDeath is a world in which an operator links an unlinked pair again, and the process dies at a call of that.
func linkedUntilDeath(t *testing.T, at int) (w *world, own string) {
	w = newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	own = w.own()[0].ID
	w.operates(w.flow.Unlink(ctx, deal))
	w.dieAt = w.calls + at
	_ = w.run(func() error { return w.flow.Link(ctx, deal, own) })
	w.dieAt, w.died = 0, false
	return w, own
}

// An operator changes his mind while a link is half made: the row names no referral, and nobody goes on with it.
func TestAHalfMadeLinkIsUnlinked(t *testing.T) {
	met := 0
	for at := 1; at < 10; at++ {
		w, _ := linkedUntilDeath(t, at)
		if w.pair().JoinedHalf() != "" {
			met++
		}
		w.operates(w.flow.Unlink(ctx, deal))
		w.events()
		if id := w.opportunities[deal].Record[cosell.ReferralID]; id != "" || w.pair().Phase != cosell.Ended || len(w.pair().Held) > 0 {
			t.Errorf("a death at %d: the pair is %s and holds %v, the row names %q", at, w.pair().Phase, w.pair().Held, id)
		}
	}
	if met == 0 {
		t.Error("no link was half made")
	}
}

// What cannot be linked any more is given up.
func TestAHalfMadeLinkIsGivenUp(t *testing.T) {
	for at, met := 1, false; !met; at++ {
		w, own := linkedUntilDeath(t, at)
		met = w.pair().JoinedHalf() != ""
		delete(w.referrals, own)
		w.events()
		if w.pair().Phase != cosell.Ended || len(w.pair().Held) > 0 {
			t.Errorf("a death at %d: the pair is %s and holds %v", at, w.pair().Phase, w.pair().Held)
		}
	}
}

// atCall has somebody at work at a call from now on.
func (w *world) atCall(n int, work func()) {
	begun := w.calls
	w.between = func() {
		if w.calls == begun+n {
			work()
		}
	}
}

// nth gives the answer to the n-th question alone.
func (w *world) nth(n *int, answer error) error {
	if *n--; *n == 0 {
		return answer
	}
	return nil
}

// The row is doubted right after it was linked: whoever believes it compares two records that meet, and tells what differs.
func TestALinkWhoseRowIsDoubtedTellsWhatDiffers(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	shows := func(rows ...string) {
		o := w.opportunities[deal]
		o.Rows, o.Children = rows, nil
		for _, id := range rows {
			o.Children = append(o.Children, cosell.Side{ID: id, Version: "1"})
		}
		w.opportunities[deal] = o
	}
	shows("aaaaaaaa-0000-4000-8000-000000000001")
	w.opportunityChanged()
	w.events()
	own := w.own()[0].ID
	w.operates(w.flow.Unlink(ctx, deal))
	w.portal(own, cosell.Record{cosell.DealValue: "2468"})
	shows()
	if err := w.run(func() error { return w.flow.Link(ctx, deal, own) }); !fault.Is(err, fault.Later) {
		t.Fatalf("%v", err)
	}
	w.now = w.now.Add(time.Minute)
	w.drain()
	w.events()
	o, r := w.opportunities[deal].Record, w.referrals[own].Record
	if o[cosell.ReferralID] != own || r[cosell.CRMID] != deal || o[cosell.DealValue] == "2468" || w.lines(deal, "values.differ") != 1 {
		t.Errorf("the row names %q and says %s, Audit:\n%s", o[cosell.ReferralID], o[cosell.DealValue], o[cosell.Audit])
	}
}

// Two records meet, Microsoft is asked to join, and the process dies on the way: whoever goes on tells what differs.
func TestI2_AMeetingAtWhichMicrosoftIsAskedTellsWhatDiffers(t *testing.T) {
	meets := func(w *world) error {
		r := portalDeal(w, cosell.Record{cosell.DealValue: "5168"})
		w.want(cosell.Record{cosell.ReferralID: r, cosell.DealValue: "1155", cosell.Help: "GeneralOrOther"})
		return w.run(func() error { return w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "Update")) })
	}
	told := func(w *world, how string) {
		w.now = w.now.Add(time.Minute)
		w.opportunityChanged()
		w.later(time.Hour)
		o := w.opportunities[deal].Record
		if w.lines(deal, "values.differ: dealValue") != 1 || len(w.microsofts()) != 1 || o[cosell.DealValue] != "1155" || w.own()[0].Record[cosell.DealValue] != "5168" {
			t.Errorf("%s: %d of Microsoft's, CRM %s, Partner Center %s, Audit:\n%s", how, len(w.microsofts()), o[cosell.DealValue], w.own()[0].Record[cosell.DealValue], o[cosell.Audit])
		}
		w.silent()
	}
	for at := 1; ; at++ {
		w := newWorld(t)
		w.sheet = "of the partner"
		w.restart()
		w.dieAt = w.calls + at
		done := meets(w) == nil
		w.dieAt = 0
		told(w, fmt.Sprint("death at ", at))
		if done {
			break
		}
	}
}

// A referral that its former record has given away is no other one's for whoever goes on with a link that an operator asked for and that died
// before the referral named the new record.
func TestALinkThatDiedIsNotTakenForAnotherOnes(t *testing.T) {
	named := 0
	for at := 1; at < 16; at++ {
		w := newWorld(t)
		w.private(nil)
		own := w.own()[0].ID
		free := w.another()
		w.operates(w.flow.Unlink(ctx, deal))
		w.dieAt = w.calls + at
		_ = w.run(func() error { return w.flow.Link(ctx, free.ID, own) })
		w.dieAt, w.died = 0, false
		if w.opportunities[free.ID].Record[cosell.ReferralID] != own || w.referrals[own].Record[cosell.CRMID] == free.ID {
			continue
		}
		named++
		if err := w.run(func() error { return w.flow.CreateReferral(ctx, toldOf("opportunity", free.ID, "Update")) }); err != nil {
			t.Fatal(err)
		}
		w.drain()
		if err := w.run(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", free.ID, "Update")) }); err != nil {
			t.Fatal(err)
		}
		if o, r := w.opportunities[free.ID].Record, w.referrals[own].Record; strings.Contains(o[cosell.Audit], "link.taken") || r[cosell.CRMID] != free.ID {
			t.Errorf("at %d: Audit %q, the referral names %q", at, o[cosell.Audit], r[cosell.CRMID])
		}
	}
	if named == 0 {
		t.Error("no death leaves the row alone to name the referral")
	}
}

// another is a second opportunity, like the first, that nobody has linked.
func (w *world) another() cosell.Opportunity {
	free := w.opportunities[deal]
	free.ID, free.Version, free.Record = "33333333-3333-4333-8333-333333333333", w.nextVersion(), after(free.Record, cosell.Record{
		cosell.ReferralID: "", cosell.ReferralLink: "", cosell.Audit: "", cosell.Mark: ""})
	w.opportunities[free.ID] = free
	return free
}
