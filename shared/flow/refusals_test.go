package flow_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

func (w *world) pair() cosell.Pair {
	w.t.Helper()
	return w.pairOf(deal)
}

func (w *world) pairOf(opportunityID string) cosell.Pair {
	w.t.Helper()
	p, _, err := w.memory.Find(ctx, opportunityID)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// Five fields in one save, one of them refused, in every way that a side can say so.
func TestR128_OneRefusedFieldInEachDirectionNamedAndUnnamed(t *testing.T) {
	edit := cosell.Record{cosell.Name: "New", cosell.DealValue: "250", cosell.ClosingDate: "2026-12-24", cosell.Notes: "note", "solutions/SOL-2": "{}"}
	for _, bad := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.ClosingDate, cosell.Notes, cosell.Solutions} {
		for _, named := range []bool{true, false} {
			for _, toPC := range []bool{true, false} {
				w := newWorld(t)
				w.want(cosell.Record{cosell.Notes: "n"})
				w.opportunityChanged()
				w.events()
				rule := &no{field: bad, named: named, class: fault.Record}
				w.refusePCBy, w.refuseCRM = rule.refuses, rule.refuses
				held := cosell.InCRM
				if toPC {
					held = cosell.InPartnerCenter
					w.user(edit)
					w.opportunityChanged()
				} else {
					w.portal(w.own()[0].ID, edit)
					w.referralChanged(w.own()[0].ID)
				}
				w.events()
				name := string(held) + " refuses " + string(bad)
				differs := 0
				for f := range edit {
					if w.own()[0].Record[f] != w.opportunities[deal].Record[f] {
						differs++
					}
				}
				p := w.pair()
				o := w.opportunities[deal].Record
				if differs != 1 || len(p.Held) != 1 || p.Held[0].Place != held || p.Held[0].Class != cosell.OfRecord || p.Held[0].Attempts != 1 {
					t.Errorf("%s (named %v): %d fields differ, held %+v", name, named, differs, p.Held)
				}
				if strings.Count(o[cosell.Audit], "rule.broken") != 1 || o[cosell.Mark] != cosell.MarkFailed {
					t.Errorf("%s (named %v): mark %s, Audit %q", name, named, o[cosell.Mark], o[cosell.Audit])
				}
				asked := w.refusals
				w.silent()
				if w.refusals != asked {
					t.Errorf("%s (named %v): asked %d times more for nothing", name, named, w.refusals-asked)
				}
				w.refusePCBy, w.refuseCRM = nil, nil
				w.later(16 * time.Minute)
				if o := w.opportunities[deal].Record; len(w.pair().Held) != 0 || o[cosell.Mark] != cosell.MarkOK || !strings.Contains(o[cosell.Audit], "in step again") {
					t.Errorf("%s (named %v): not healed: %+v", name, named, w.pair().Held)
				}
				w.silent()
			}
		}
	}
}

func TestI4_NarrowingStaysWithinItsBound(t *testing.T) {
	fields := []cosell.Field{cosell.Name, cosell.DealValue, cosell.ClosingDate, cosell.Notes, "solutions/SOL-2", cosell.Visibility, "contacts/eve"}
	log2 := map[int]int{2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 3}
	for n := 2; n <= len(fields); n++ {
		for _, bad := range fields[:n] {
			w := newWorld(t)
			w.want(cosell.Record{cosell.Notes: "n"})
			w.opportunityChanged()
			w.events()
			list, _, member := bad.List()
			if !member {
				list = bad
			}
			w.refusePCBy = (&no{field: list, class: fault.Record}).refuses
			edit := cosell.Record{}
			for _, f := range fields[:n] {
				edit[f] = map[cosell.Field]string{cosell.DealValue: "5", cosell.ClosingDate: "2026-12-24", cosell.Visibility: cosell.True}[f]
				if edit[f] == "" {
					edit[f] = "new"
				}
			}
			w.user(edit)
			clear(w.counts)
			w.opportunityChanged()
			if got, most := w.counts["PC PATCH"], 2*log2[n]+1+1; got > most { // and the first request of all
				t.Errorf("%s of %d: %d requests, at most %d", bad, n, got, most)
			}
		}
	}
}

func TestI29_WhatIsHeldIsTriedByReconcileWhenDueAndOnlyThen(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.refusePCBy = (&no{field: cosell.Name, class: fault.Record}).refuses
	w.user(cosell.Record{cosell.Name: "Bad"})
	w.opportunityChanged()
	asked := w.refusals
	for _, step := range []struct {
		after time.Duration
		tries int
	}{{5 * time.Minute, 0}, {5 * time.Minute, 0}, {6 * time.Minute, 1}, {15 * time.Minute, 0}, {16 * time.Minute, 1}, {30 * time.Minute, 0}, {31 * time.Minute, 1}, {25 * time.Hour, 1}} {
		w.later(step.after)
		if got := w.refusals - asked; got != step.tries {
			t.Errorf("after %s more: tried %d times, want %d", step.after, got, step.tries)
		}
		asked = w.refusals
	}
}

func TestR143_WhatIsOursWaitsWithoutAWordOnTheRecord(t *testing.T) {
	for name, toPC := range map[string]bool{"Partner Center": true, "CRM": false} {
		w := newWorld(t)
		w.private(nil)
		rule := &no{class: fault.Ours}
		audit := w.opportunities[deal].Record[cosell.Audit]
		var err error
		if toPC {
			w.refusePCBy = rule.refuses
			w.user(cosell.Record{cosell.Name: "New"})
			err = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		} else {
			w.refuseCRM = rule.refuses
			w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "New"})
			err = w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated"))
		}
		if fault.ClassOf(err) != fault.Ours || fault.Decide(err, 0, 0, 0).Verdict != fault.Repeat {
			t.Errorf("%s: the message is completed: %v", name, err)
		}
		o, p := w.opportunities[deal].Record, w.pair()
		if o[cosell.Audit] != audit || o[cosell.Mark] != cosell.MarkOK || !slices.ContainsFunc(p.Held, func(h cosell.Held) bool { return h.Class == cosell.OfOurs }) {
			t.Errorf("%s: held %+v, mark %s, Audit %q", name, p.Held, o[cosell.Mark], o[cosell.Audit])
		}
		w.refusePCBy, w.refuseCRM = nil, nil
		w.later(time.Hour)
		if w.own()[0].Record[cosell.Name] != "New" || w.opportunities[deal].Record[cosell.Name] != "New" || len(w.pair().Held) != 0 {
			t.Errorf("%s: does not resume by itself: held %+v", name, w.pair().Held)
		}
		w.silent()
	}
}

func TestI24_ARefusedIdentifierIsHeldAndComesByItself(t *testing.T) {
	for _, class := range []fault.Class{fault.Record, fault.Ours} {
		w := newWorld(t)
		w.want(nil)
		rule := &no{field: cosell.ReferralID, class: class}
		w.refuseCRM = rule.refuses
		_ = w.wanted()
		p := w.pair()
		if h, ok := p.HeldAt(cosell.InCRM, cosell.Whole); !ok || h.Next.IsZero() || w.posts != 1 {
			t.Errorf("%s: held %+v, %d POSTs", class, p.Held, w.posts)
		}
		asked := w.refusals
		w.events()
		if w.refusals != asked {
			t.Errorf("%s: asked %d times more", class, w.refusals-asked)
		}
		w.refuseCRM = nil
		w.later(time.Hour)
		w.linked()
		w.silent()
	}
}

// The same of the opportunity's id on the referral: else nobody would find the two again after a loss of the tables.
func TestARefusedNameIsHeldAndComesByItself(t *testing.T) {
	for _, class := range []fault.Class{fault.Record, fault.Ours} {
		w := newWorld(t)
		id := portalDeal(w, nil)
		w.refusePCBy = (&no{field: cosell.CRMID, class: class}).refuses
		w.referralChanged(id)
		o := crm{w}.ID(id)
		pair, _, err := w.memory.Find(ctx, o)
		if h, held := pair.HeldAt(cosell.InPartnerCenter, cosell.CRMID); err != nil || !held || h.Next.IsZero() || w.referrals[id].Record[cosell.CRMID] != "" {
			t.Fatalf("%s: held %+v", class, pair.Held)
		}
		asked := w.refusals
		w.events()
		w.events()
		if w.refusals != asked || w.lines(o, "rule.broken") > 1 {
			t.Errorf("%s: asked %d times more, told\n%s", class, w.refusals-asked, w.opportunities[o].Record[cosell.Audit])
		}
		w.later(16 * time.Minute)
		if w.refusals != asked+1 {
			t.Errorf("%s: asked %d times when it was due", class, w.refusals-asked)
		}
		w.refusePCBy = nil
		w.later(5 * time.Hour)
		if pair, _, _ = w.memory.Find(ctx, o); w.referrals[id].Record[cosell.CRMID] != o || len(pair.Held) != 0 {
			t.Errorf("%s: the referral names %q, held %+v", class, w.referrals[id].Record[cosell.CRMID], pair.Held)
		}
		w.silent()
	}
}

func TestR127_ADealThatIsBeingMadeIsNotWantedFromTheOtherSide(t *testing.T) {
	w := newWorld(t)
	w.bornAs = deal
	id := portalDeal(w, nil)
	w.look = func() {
		if len(w.opportunities) == 1 {
			w.look, w.dieAt = nil, w.calls
		}
	}
	if err := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }); err != errDied {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.Name: "Better"})
	w.deliver(func() error { return w.flow.CreateReferral(ctx, toldOf("opportunity", deal, "late")) })
	w.events()
	if got := w.referrals[id].Record[cosell.Name]; got != "Better" || strings.Contains(w.opportunities[deal].Record[cosell.Audit], "to Partner Center: referral") {
		t.Errorf("Partner Center says %q, Audit %q", got, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

func TestR127_ABornDealArrivesWithoutWhatCRMRefuses(t *testing.T) {
	for name, rule := range map[string]*no{
		"Named":   {field: cosell.Notes, named: true, class: fault.Record},
		"Unnamed": {field: cosell.Notes, class: fault.Record},
		"Money":   {field: cosell.Currency, named: true, class: fault.Record},
		"List":    {field: cosell.Solutions, class: fault.Record},
		"Whole":   {class: fault.Record},
	} {
		w := newWorld(t)
		w.bornAs = deal
		w.refuseNew, w.refuseCRM = rule.refuses, rule.refuses
		id := portalDeal(w, cosell.Record{cosell.Notes: "note"})
		w.referralChanged(id)
		w.events()
		p, o := w.pair(), w.opportunities[deal]
		if len(p.Held) == 0 || name != "Whole" && (o.Record[cosell.Name] != "Portal deal" || strings.Count(o.Record[cosell.Audit], "rule.broken") != 1) {
			t.Errorf("%s: %v, held %+v", name, o.Record, p.Held)
		}
		asked := w.refusals
		w.events()
		if w.refusals != asked {
			t.Errorf("%s: asked %d times more", name, w.refusals-asked)
		}
		w.refuseNew, w.refuseCRM = nil, nil
		w.later(time.Hour)
		r, o := w.referrals[id].Record, w.opportunities[deal]
		for _, f := range []cosell.Field{cosell.Name, cosell.Notes, cosell.DealValue, cosell.Currency, "solutions/SOL-1"} {
			if r[f] != o.Record[f] {
				t.Errorf("%s: %s is %q, and %q in CRM", name, f, r[f], o.Record[f])
			}
		}
		if len(w.pair().Held) != 0 || o.Record[cosell.Mark] != cosell.MarkOK {
			t.Errorf("%s: mark %s, held %+v", name, o.Record[cosell.Mark], w.pair().Held)
		}
		w.silent()
	}
}

func TestM9_AnEventIsAHintAndNothingElse(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Delete")); err != nil { // it is there
		t.Fatal(err)
	}
	w.user(cosell.Record{cosell.Name: "New"})
	w.opportunityChanged()
	if w.pair().Phase != cosell.Linked || w.own()[0].Record[cosell.Name] != "New" {
		t.Errorf("an event was believed: %s", w.pair().Phase)
	}
}

func TestR134_ForeignIdsAreUnderstoodOrLeftAlone(t *testing.T) {
	for text, tt := range map[string]struct {
		foreign string
		status  string
		made    int
	}{
		"SF-0042":                              {"ignore", cosell.Accepted, 0},
		"SF-0043":                              {"keep", cosell.Accepted, 1},
		"SF-0044":                              {"ignore", cosell.Pending, 1},
		"99999999-9999-4999-8999-999999999999": {"ignore", cosell.Accepted, 0},
	} {
		w := newWorld(t)
		w.foreign = tt.foreign
		w.restart()
		id := portalDeal(w, cosell.Record{cosell.CRMID: text, cosell.Status: tt.status, cosell.Visibility: cosell.True})
		w.referralChanged(id)
		w.events()
		if len(w.opportunities) != tt.made || w.referrals[id].Record[cosell.CRMID] != text {
			t.Errorf("%s, %s: %d opportunities, the id is %q", text, tt.foreign, len(w.opportunities), w.referrals[id].Record[cosell.CRMID])
		}
		w.silent()
	}
	for _, form := range []string{"{" + strings.ToUpper(deal) + "}", "  " + deal + " ", strings.ToUpper(deal)} {
		w := newWorld(t)
		w.want(nil)
		id := portalDeal(w, cosell.Record{cosell.CRMID: form})
		w.referralChanged(id)
		w.events()
		if len(w.opportunities) != 1 || w.opportunities[deal].Record[cosell.ReferralID] != id || w.referrals[id].Record[cosell.CRMID] != form {
			t.Errorf("%q: %v", form, w.opportunities[deal].Record[cosell.ReferralID])
		}
	}
}

// That somebody tries an ignored referral again changes nothing while its id is another system's; once that is
// taken out, or the setting is another, it arrives.
func TestR134_AForeignIdIsLeftAloneUntilItIsGone(t *testing.T) {
	for _, text := range []string{"SF-0042", "99999999-9999-4999-8999-999999999999"} {
		for name, mend := range map[string]func(w *world, id string){
			"Cleared": func(w *world, id string) { w.portal(id, cosell.Record{cosell.CRMID: ""}) },
			"Kept":    func(w *world, _ string) { w.foreign = "keep"; w.restart() },
		} {
			w := newWorld(t)
			w.foreign = "ignore"
			w.restart()
			id := portalDeal(w, cosell.Record{cosell.CRMID: text})
			w.referralChanged(id)
			retried := func() {
				w.deliver(func() error {
					return w.flow.FromOpportunity(ctx, flow.Hint{Kind: "opportunity", ID: crm{w}.ID(id), Retry: true})
				})
			}
			retried()
			if len(w.opportunities) != 0 || !w.pairOf(crm{w}.ID(id)).Holds("crmid.foreign") {
				t.Errorf("%s: %d opportunities, held %+v", text, len(w.opportunities), w.pairOf(crm{w}.ID(id)).Held)
			}
			mend(w, id)
			retried()
			if len(w.opportunities) != 1 || len(w.pairOf(crm{w}.ID(id)).Held) != 0 {
				t.Errorf("%s, %s: %d opportunities, held %+v", text, name, len(w.opportunities), w.pairOf(crm{w}.ID(id)).Held)
			}
			w.silent()
		}
	}
}

// An ignored referral whose id is corrected, or that an operator links, belongs to the opportunity that it names
// then, and nothing of the ignoring is left.
func TestR134_AnIgnoredReferralIsLinkedOnceItsIDIsCorrected(t *testing.T) {
	corrected := func(w *world, id string) {
		w.portal(id, cosell.Record{cosell.CRMID: deal})
		w.referralChanged(id)
	}
	for name, tt := range map[string]struct {
		sync string
		link func(w *world, id string)
	}{
		"Corrected": {cosell.True, corrected},
		"CorrectedAndSwitchedOn": {cosell.False, func(w *world, id string) {
			corrected(w, id)
			w.user(cosell.Record{cosell.Sync: cosell.True})
			w.opportunityChanged()
		}},
		"LinkedByAnOperator": {cosell.True, func(w *world, id string) {
			if err := w.flow.Link(ctx, deal, id); err != nil {
				t.Error(err)
			}
		}},
	} {
		w := newWorld(t)
		w.foreign = "ignore"
		w.restart()
		id := portalDeal(w, cosell.Record{cosell.CRMID: "SF-0042"})
		w.referralChanged(id)
		w.want(cosell.Record{cosell.Sync: tt.sync})
		tt.link(w, id)
		w.user(cosell.Record{cosell.DealValue: "250"})
		w.events()
		if p := w.pair(); p.Phase != cosell.Linked || p.ReferralID != id || w.posts != 0 || w.referrals[id].Record[cosell.DealValue] != "250" {
			t.Errorf("%s: %s with %s, %d POSTs, value %s", name, p.Phase, p.ReferralID, w.posts, w.referrals[id].Record[cosell.DealValue])
		}
		if p := w.pairOf(crm{w}.ID(id)); len(p.Held) != 0 || len(w.opportunities) != 1 {
			t.Errorf("%s: still held: %+v, %d opportunities", name, p.Held, len(w.opportunities))
		}
		w.silent()
	}
}

func TestR135_TakingOverNeedsTheSeller(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Sync: cosell.False, cosell.DealValue: "987654"})
	id := portalDeal(w, cosell.Record{cosell.CRMID: deal})
	w.referralChanged(id)
	w.referralChanged(id)
	before := maps.Clone(w.opportunities[deal].Record)
	if before[cosell.DealValue] != "987654" || strings.Count(before[cosell.Audit], "link.unconfirmed") != 1 || before[cosell.ReferralID] != "" || w.puts != 0 {
		t.Fatalf("%v, %d puts", before, w.puts)
	}
	w.silent()
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.opportunityChanged()
	if o := w.opportunities[deal].Record; o[cosell.ReferralID] != id || w.posts != 0 || !strings.Contains(o[cosell.Audit], "linked with referral "+id) {
		t.Errorf("after the seller agreed: %v, %d POSTs", o, w.posts)
	}
	w.silent()
}

func TestR136_ATypedIdentifier(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	w.want(cosell.Record{cosell.ReferralID: strings.ToUpper(id)})
	w.opportunityChanged()
	if p := w.pair(); p.ReferralID != id || w.posts != 0 || w.referrals[id].Record[cosell.CRMID] != deal {
		t.Errorf("known: %+v", p)
	}
	for _, text := range []string{"77777777-7777-4777-8777-777777777777", "not an id"} {
		w = newWorld(t)
		w.want(cosell.Record{cosell.ReferralID: text})
		w.opportunityChanged()
		w.events()
		o := w.opportunities[deal].Record
		if strings.Count(o[cosell.Audit], "referral.unknown") != 1 || o[cosell.Mark] != cosell.MarkFailed || w.posts != 0 || len(w.pair().Held) != 1 {
			t.Errorf("%s: %v, %d POSTs", text, o, w.posts)
		}
		w.user(cosell.Record{cosell.ReferralID: ""})
		w.opportunityChanged()
		w.linked()
	}
}

func TestF129_EveryTakenLinkIsToldAndNothingIsWritten(t *testing.T) {
	const other = "44444444-4444-4444-8444-444444444444"
	for name, crmid := range map[string]string{"ByItsCRMId": other, "ByASystemOfOthers": "SF-1"} {
		w := newWorld(t)
		id := portalDeal(w, cosell.Record{cosell.CRMID: crmid})
		w.want(cosell.Record{cosell.ReferralID: id})
		w.opportunityChanged()
		w.events()
		if o := w.opportunities[deal].Record; strings.Count(o[cosell.Audit], "link.taken") != 1 || w.puts != 0 || w.posts != 0 || w.referrals[id].Record[cosell.CRMID] != crmid {
			t.Errorf("%s: %v", name, o)
		}
	}
}

func TestR36_SwitchedOffIsToldOnceAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	puts := w.puts
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Theirs"})
	w.now = w.now.Add(time.Minute)
	w.user(cosell.Record{cosell.Name: "Mine", cosell.DealValue: "777"})
	w.events()
	o := w.opportunities[deal].Record
	if strings.Count(o[cosell.Audit], "sync.off") != 1 || w.puts != puts || o[cosell.Name] != "Mine" {
		t.Errorf("off: %v", o)
	}
	w.silent()
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.events()
	r, o := w.own()[0].Record, w.opportunities[deal].Record
	if r[cosell.DealValue] != "777" || r[cosell.Name] != o[cosell.Name] || !strings.Contains(o[cosell.Audit], "was changed on both sides") {
		t.Errorf("on again: %v %v", r, o)
	}
	w.silent()
}

func TestR145_TheFirstEditAfterTheSheetHasGrownCrosses(t *testing.T) {
	for _, side := range []string{"crm", "pc"} {
		w := newWorld(t)
		const segment cosell.Field = "segment"
		w.want(cosell.Record{segment: "same"})
		w.opportunityChanged()
		w.portal(w.own()[0].ID, cosell.Record{segment: "same"})
		w.rules = append(rules(), cosell.Rule{Field: segment, Way: cosell.Both})
		w.sheet = "grown"
		w.restart()
		w.deaf = true // nobody was at the deal: no feed tells of it
		w.later(time.Minute)
		if side == "crm" {
			w.user(cosell.Record{segment: "new"})
			w.opportunityChanged()
		} else {
			w.portal(w.own()[0].ID, cosell.Record{segment: "new"})
			w.referralChanged(w.own()[0].ID)
		}
		if r, o := w.own()[0].Record[segment], w.opportunities[deal].Record[segment]; r != "new" || o != "new" {
			t.Errorf("%s: %q and %q", side, r, o)
		}
		if audit := w.opportunities[deal].Record[cosell.Audit]; strings.Contains(audit, "on both sides") {
			t.Errorf("%s: one edit, and two are told of: %s", side, audit)
		}
		w.silent()
	}
}

func TestR117_AuditLinkAndIdentifierArePutBack(t *testing.T) {
	w := newWorld(t)
	w.rules = append(rules(), cosell.Rule{Field: cosell.Audit, Way: cosell.Inside}, cosell.Rule{Field: cosell.ReferralID, Way: cosell.Inside},
		cosell.Rule{Field: cosell.ReferralLink, Way: cosell.Inside})
	w.restart()
	w.want(nil)
	w.opportunityChanged()
	w.events()
	own, audit := w.own()[0].ID, w.opportunities[deal].Record[cosell.Audit]
	for f, typed := range map[cosell.Field]string{cosell.ReferralID: "77777777-7777-4777-8777-777777777777", cosell.ReferralLink: "", cosell.Audit: "overwritten"} {
		w.user(cosell.Record{f: typed})
		w.opportunityChanged()
		o := w.opportunities[deal].Record
		if o[cosell.ReferralID] != own || !strings.Contains(o[cosell.ReferralLink], own) || !strings.Contains(o[cosell.Audit], audit) || strings.Contains(o[cosell.Audit], "overwritten") {
			t.Errorf("%s was not put back: %v", f, o)
		}
		if !strings.Contains(o[cosell.Audit], "column.locked") {
			t.Errorf("%s: nobody is told", f)
		}
	}
	w.silent()
}

// CRM refuses one value of several, unnamed, says yes to another that is sent alone then, and keeps its own: that is held too, whether CRM
// takes the words about it or not, and tried again.
func TestI2_WhatCRMIgnoresInPiecesIsHeld(t *testing.T) {
	for _, wordless := range []bool{false, true} {
		w := newWorld(t)
		w.private(cosell.Record{cosell.Notes: "ours"})
		w.events()
		id := w.own()[0].ID
		old := w.opportunities[deal].Record[cosell.Notes]
		w.refuseCRM = func(values cosell.Record) error {
			if _, words := values[cosell.Audit]; values[cosell.DealValue] != "" || words && wordless {
				return fault.New(fault.Refused, "no")
			}
			return nil
		}
		w.afterCRMPut = func(r cosell.Record) { r[cosell.Notes] = old }
		w.now = w.now.Add(time.Minute)
		w.portal(id, cosell.Record{cosell.DealValue: "250", cosell.Notes: "theirs", cosell.Name: "Theirs", cosell.ClosingDate: "2026-12-24"})
		w.referralChanged(id)
		if _, held := w.pair().HeldAt(cosell.InCRM, cosell.Notes); !held {
			t.Errorf("wordless %v: the notes are not held: %+v", wordless, w.pair().Held)
		}
		w.refuseCRM, w.afterCRMPut = nil, nil
		w.now = w.now.Add(24 * time.Hour)
		w.events()
		if o := w.opportunities[deal].Record; o[cosell.Notes] != "theirs" || o[cosell.DealValue] != "250" || o[cosell.Name] != "Theirs" {
			t.Errorf("wordless %v: %v", wordless, o)
		}
		w.silent()
	}
}
