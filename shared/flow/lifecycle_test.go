package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// sold is a deal that both sides hold, all events seen.
func (w *world) sold(changes cosell.Record) (referral string) {
	w.t.Helper()
	w.want(changes)
	w.opportunityChanged()
	w.events()
	return w.own()[0].ID
}

func TestR118_OpenQuotesBlockTheClosingUntilTheyAreClosed(t *testing.T) {
	w := newWorld(t)
	r := w.sold(nil)
	open := true
	w.refuseCRM = func(values cosell.Record) error {
		if open && cosell.OpportunityClosed(values[cosell.Status]) {
			return fault.New(fault.Refused, "no").With("quote.open", "").Saying("the opportunity cannot be closed while it has open quotes", "close them")
		}
		return nil
	}
	w.portal(r, cosell.Record{cosell.Status: cosell.Won})
	w.events()
	if got := w.opportunities[deal].Record; w.lines(deal, "quote.open") != 1 || got[cosell.Status] != cosell.Open || got[cosell.Mark] != cosell.MarkFailed {
		t.Fatalf("%v", got)
	}
	w.silent()
	w.later(20 * time.Minute)
	if w.lines(deal, "quote.open") != 1 || w.referrals[r].Record[cosell.Status] != cosell.Won {
		t.Errorf("tried in vain: %s", w.opportunities[deal].Record[cosell.Audit])
	}
	open = false
	w.later(2 * time.Hour)
	got := w.opportunities[deal].Record
	if got[cosell.Status] != cosell.Won || got[cosell.Mark] != cosell.MarkOK || w.referrals[r].Record[cosell.Status] != cosell.Won {
		t.Errorf("%v", got)
	}
	w.silent()
}

func TestR128_WonWithoutRevenueKeepsTheAgreedValue(t *testing.T) {
	w := newWorld(t)
	r := w.sold(nil)
	w.user(cosell.Record{cosell.Status: cosell.Won, cosell.DealValue: "0"})
	w.events()
	if got := w.referrals[r].Record; got[cosell.Status] != cosell.Won || got[cosell.DealValue] != "100" || w.lines(deal, "now final") != 1 {
		t.Errorf("%v\n%s", got, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

func TestR36_TheSwitchStopsBothDirectionsAndSaysSoOnce(t *testing.T) {
	w := newWorld(t)
	r := w.sold(nil)
	before := w.opportunities[deal].Record
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.events()
	audit := w.opportunities[deal].Record[cosell.Audit]
	if added := strings.TrimSuffix(audit, before[cosell.Audit]); w.lines(deal, "sync.off") != 1 || strings.Count(added, "\n") != 1 {
		t.Fatalf("%s", audit)
	}
	writes := w.writes()
	w.user(cosell.Record{cosell.DealValue: "200", cosell.Name: "Seller's"})
	w.portal(r, cosell.Record{cosell.ClosingDate: "2026-12-24"})
	w.now = w.now.Add(time.Minute)
	w.portal(r, cosell.Record{cosell.Name: "Portal's"})
	w.events()
	w.later(24 * time.Hour)
	if n := w.writes() - writes; n != 0 {
		t.Fatalf("%d writes while the switch was off", n)
	}
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.events()
	o, p := w.opportunities[deal].Record, w.referrals[r].Record
	crossed := cosell.Record{cosell.DealValue: "200", cosell.ClosingDate: "2026-12-24"}
	for f, want := range crossed {
		if o[f] != want || p[f] != want {
			t.Errorf("%s: one side changed it, and it is %q and %q", f, o[f], p[f])
		}
	}
	if o[cosell.Name] != p[cosell.Name] || w.lines(deal, "gave way") != 1 {
		t.Errorf("both changed the name: %q and %q\n%s", o[cosell.Name], p[cosell.Name], o[cosell.Audit])
	}
	w.silent()
}

func TestR135_TheOwnReferralTakesOverAtOnceWhereThatIsSet(t *testing.T) {
	for takeover, linked := range map[string]bool{"own": true, "ask": false} {
		w := newWorld(t)
		w.takeover = takeover
		w.restart()
		w.want(cosell.Record{cosell.Sync: cosell.False, cosell.DealValue: "987654", cosell.Notes: ""})
		r := portalDeal(w, cosell.Record{cosell.CRMID: deal, cosell.Notes: "n"})
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) })
		w.silent()
		got := w.opportunities[deal].Record
		if (got[cosell.ReferralID] == r) != linked || got[cosell.DealValue] != "987654" || w.referrals[r].Record[cosell.DealValue] != "9" {
			t.Errorf("%s: %v", takeover, got)
		}
		if linked != (got[cosell.Notes] == "n" && got[cosell.Sync] == cosell.True && w.lines(deal, "values.differ") > 0 && w.lines(deal, "switched on") == 1) {
			t.Errorf("%s: first sight: %v", takeover, got)
		}
		if w.lines(deal, "link.unconfirmed") != map[bool]int{true: 0, false: 1}[linked] {
			t.Errorf("%s: %s", takeover, got[cosell.Audit])
		}
	}
}

func TestR136_ATypedIdentifierLinksOrIsExplained(t *testing.T) {
	w := newWorld(t)
	r := portalDeal(w, nil)
	w.want(cosell.Record{cosell.ReferralID: r})
	w.opportunityChanged()
	w.events()
	if got := w.referrals[r].Record; got[cosell.CRMID] != deal || w.posts != 0 || len(w.opportunities) != 1 || w.lines(deal, "linked with referral "+r) > 1 {
		t.Errorf("known: %v, %d POSTs, %d opportunities\n%s", got, w.posts, len(w.opportunities), w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
	for _, id := range []string{"99999999-9999-4999-8999-999999999999", "the blue one"} {
		w = newWorld(t)
		w.want(cosell.Record{cosell.ReferralID: id})
		w.opportunityChanged()
		w.events()
		if got := w.opportunities[deal].Record; w.lines(deal, "referral.unknown") != 1 || got[cosell.Mark] != cosell.MarkFailed || w.posts != 0 || got[cosell.ReferralID] != id {
			t.Errorf("%q: %v", id, got)
		}
		w.silent()
		w.user(cosell.Record{cosell.ReferralID: ""})
		w.events()
		if len(w.own()) != 1 {
			t.Errorf("%q: cleared, and no referral was made", id)
		}
		w.silent()
	}
}

func TestR117_OurColumnsAreRestoredWhoeverWrites(t *testing.T) {
	for name, value := range map[string]string{"another value": "theirs", "nothing": ""} {
		w := newWorld(t)
		r := w.sold(cosell.Record{cosell.Help: "GeneralOrOther"})
		w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
		w.events()
		want := w.opportunities[deal].Record.Clone()
		for _, f := range []cosell.Field{cosell.ReferralID, cosell.ReferralLink, cosell.Audit, cosell.MicrosoftStatus} {
			w.user(cosell.Record{f: value})
			w.events()
			got := w.opportunities[deal].Record
			restored := got[f] == want[f] || f == cosell.Audit && strings.HasSuffix(got[f], want[f])
			if !restored || !strings.Contains(got[cosell.Audit], "was restored") {
				t.Errorf("%s, %s is %q\n%s", name, f, got[f], got[cosell.Audit])
			}
			w.silent()
			want = w.opportunities[deal].Record.Clone()
		}
		if pair := w.pair(); pair.ReferralID != r || len(w.own()) != 1 {
			t.Errorf("%s: linked anew with %q", name, pair.ReferralID)
		}
	}
}

// A deal of which Microsoft has said nothing.
func TestR117_AnEmptyColumnOfMicrosoftsStaysEmpty(t *testing.T) {
	w := newWorld(t)
	w.sold(nil)
	w.user(cosell.Record{cosell.MicrosoftStatus: "mine"})
	w.events()
	if got := w.opportunities[deal].Record; got[cosell.MicrosoftStatus] != "" || w.lines(deal, "was restored") != 1 {
		t.Errorf("%v", got)
	}
	w.silent()
}

// Another automation writes over our columns right after each write of ours.
func TestR117_AnAutomationThatOverwritesIsNotFollowed(t *testing.T) {
	w := newWorld(t)
	r := w.sold(nil)
	w.user(cosell.Record{cosell.ReferralID: "99999999-9999-4999-8999-999999999999", cosell.Audit: "wiped"})
	w.portal(r, cosell.Record{cosell.DealValue: "555"})
	w.events()
	got := w.opportunities[deal].Record
	if got[cosell.ReferralID] != r || got[cosell.DealValue] != "555" || !strings.Contains(got[cosell.Audit], "sync success") {
		t.Errorf("%v", got)
	}
	w.silent()
}

func TestR150_WhatMicrosoftsSideSharesIsTakenOver(t *testing.T) {
	for _, help := range []string{"", "GeneralOrOther"} {
		w := newWorld(t)
		r := w.sold(nil)
		own := w.referrals[r]
		id := w.id()
		w.referrals[id] = cosell.Referral{EngagementID: own.EngagementID, Microsoft: true, CreatedAt: w.now,
			Side: cosell.Side{ID: id, Version: w.nextVersion(), Modified: w.now, Record: cosell.Record{cosell.MicrosoftStatus: "Accepted"}}}
		w.portal(r, cosell.Record{cosell.Visibility: cosell.True})
		if help != "" {
			w.portal(id, cosell.Record{cosell.Help: help})
		}
		posts, puts := w.posts, w.puts
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "related-referral-created")) })
		w.events()
		got := w.opportunities[deal].Record
		if w.posts != posts || w.puts != puts {
			t.Errorf("help %q: %d POSTs and %d PATCHes", help, w.posts-posts, w.puts-puts)
		}
		if got[cosell.Visibility] != cosell.True || got[cosell.Help] != help || got[cosell.MicrosoftStatus] != "Accepted" ||
			got[cosell.Mark] != cosell.MarkOK || w.lines(deal, "conflict") != 0 || w.lines(deal, "to CRM: ") == 0 {
			t.Errorf("help %q: %v", help, got)
		}
		w.silent()
	}
}

func TestF9_ARefusedRequestIsNotSentByOurOwnWrite(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.refusePC = fault.New(fault.Refused, "no").With("4711", "").Saying("no", "mend it")
	w.opportunityChanged()
	for range 4 {
		w.events() // our own line in Audit is an event
	}
	if n := w.counts["PC POST"]; n != 1 {
		t.Errorf("POST was sent %d times", n)
	}
	w.refusePC = nil
	w.later(6 * time.Minute) // a refused creation is looked at again
	r := w.linked().Record[cosell.ReferralID]
	w.refusePC = fault.New(fault.Refused, "no").With("4711", "").Saying("no", "mend it")
	w.user(cosell.Record{cosell.DealValue: "200"})
	patches := w.counts["PC PATCH"]
	for range 4 {
		w.events()
	}
	if n := w.counts["PC PATCH"] - patches; n != 1 || w.lines(deal, "4711") != 2 {
		t.Errorf("PATCH was sent %d times\n%s", n, w.opportunities[deal].Record[cosell.Audit])
	}
	w.refusePC = nil
	w.later(time.Hour)
	if got := w.referrals[r].Record[cosell.DealValue]; got != "200" {
		t.Errorf("not tried again: %s", got)
	}
	w.silent()
}

func TestF8_NoEndingIsUnseen(t *testing.T) {
	w := newWorld(t) // a copied deal names an opportunity that is linked
	r := w.sold(nil)
	copied := portalDeal(w, cosell.Record{cosell.CRMID: deal})
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(copied, "referral-created")) })
	w.silent()
	if got := w.opportunities[deal].Record; got[cosell.ReferralID] != r || w.lines(deal, "link.taken") != 1 || len(w.opportunities) != 1 {
		t.Errorf("%v", got)
	}

	w = newWorld(t) // a row that takes nothing, not even words
	r = w.sold(nil)
	w.refuseCRM = func(cosell.Record) error {
		return fault.New(fault.Refused, "no").With("0x1", "").Saying("no", "mend it")
	}
	w.portal(r, cosell.Record{cosell.DealValue: "5"})
	w.events()
	pair, _, err := w.memory.Find(ctx, deal)
	if err != nil || len(pair.Held) == 0 {
		t.Errorf("nobody can list it: %+v %v", pair.Held, err)
	}
	w.silent()
	w.refuseCRM = nil
	w.later(time.Hour)
	if got := w.opportunities[deal].Record; got[cosell.DealValue] != "5" || got[cosell.Mark] != cosell.MarkOK {
		t.Errorf("%v", got)
	}
	w.silent()
}

func TestF52_NothingUndecidedIsClosedWithoutAWord(t *testing.T) {
	for _, status := range []string{cosell.Won, cosell.Lost} {
		w := newWorld(t)
		r := portalDeal(w, cosell.Record{cosell.DealValue: "5168", cosell.Notes: "portal"})
		w.want(cosell.Record{cosell.ReferralID: r, cosell.DealValue: "1155", cosell.Notes: "seller"})
		w.opportunityChanged()
		w.events()
		if w.lines(deal, "values.differ") == 0 {
			t.Fatalf("%s: linked without a word: %s", status, w.opportunities[deal].Record[cosell.Audit])
		}
		w.user(cosell.Record{cosell.Status: status})
		w.events()
		got := w.referrals[r].Record
		told := w.lines(deal, `keeps "5168", CRM "1155"`) + w.lines(deal, "now final")
		if got[cosell.Status] != status || got[cosell.DealValue] != "1155" && told == 0 {
			t.Errorf("%s: closed with two truths: %v\n%s", status, got, w.opportunities[deal].Record[cosell.Audit])
		}
		w.silent()
	}
}

func TestR32_WhatMicrosoftEditsOnItsReferralIsToldAndCrossesNowhere(t *testing.T) {
	w := newWorld(t)
	r := w.sold(cosell.Record{cosell.Help: "GeneralOrOther"})
	m := w.microsofts()[0].ID
	w.portal(m, cosell.Record{cosell.MicrosoftStatus: "Accepted", cosell.MicrosoftValue: "100", cosell.MicrosoftNotes: "call them"})
	w.events()
	if w.lines(deal, "microsoft.edited") != 0 {
		t.Errorf("what was there from the start is no edit: %s", w.opportunities[deal].Record[cosell.Audit])
	}
	ours, puts := w.opportunities[deal].Record.Clone(), w.puts
	w.portal(m, cosell.Record{cosell.MicrosoftValue: "90000", cosell.MicrosoftNotes: "they called"})
	w.events()
	got := w.opportunities[deal].Record
	if w.lines(deal, `deal value on its own referral to "90000", from "100"`) != 1 || w.lines(deal, `"they called"`) != 1 {
		t.Errorf("%s", got[cosell.Audit])
	}
	for _, f := range []cosell.Field{cosell.DealValue, cosell.Notes, cosell.Mark, cosell.Status} {
		if got[f] != ours[f] {
			t.Errorf("%s became %q", f, got[f])
		}
	}
	if w.puts != puts || w.referrals[r].Record[cosell.DealValue] != "100" {
		t.Error("it crossed")
	}
	w.silent()
}

// Within thirty days after its last line a wiped Audit is put back; afterwards only the fact is told, once, and
// what comes from Partner Center is told without losing what stands there.
func TestR117_AuditIsRestoredForThirtyDays(t *testing.T) {
	for days, restored := range map[int]bool{29: true, 31: false} {
		for _, typed := range []string{"", "theirs"} {
			w := newWorld(t)
			r := w.sold(nil)
			w.events()
			before := w.opportunities[deal].Record[cosell.Audit]
			w.now = w.now.Add(time.Duration(days) * 24 * time.Hour)
			w.user(cosell.Record{cosell.Audit: typed})
			w.events()
			got := w.opportunities[deal].Record[cosell.Audit]
			if strings.HasSuffix(got, before) != restored || (w.lines(deal, "column.locked") == 1) != restored || (w.lines(deal, "column.changed") == 1) == restored ||
				!restored && !strings.HasSuffix(got, typed) {
				t.Errorf("%d days, %q:\n%s", days, typed, got)
			}
			w.silent()
			w.now = w.now.Add(31 * 24 * time.Hour)
			now := w.opportunities[deal].Record[cosell.Audit]
			w.portal(r, cosell.Record{cosell.DealValue: "4711"})
			w.events()
			if got := w.opportunities[deal].Record; got[cosell.DealValue] != "4711" || !strings.HasSuffix(got[cosell.Audit], now) || strings.Contains(got[cosell.Audit], "sha256") {
				t.Errorf("%d days, %q, a line later:\n%s", days, typed, got[cosell.Audit])
			}
			w.silent()
		}
	}
}
