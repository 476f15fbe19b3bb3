package requirements

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR59_AVersionThatIsOverIsReadAgainAndBothChangesSurvive(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Two at once")
		r.pc.delivery(doc{"pause": true})
		r.portalEdits(p.own, doc{"/details/notes": "Theirs"})
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "conflict", "times": 2})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		r.pc.delivery(doc{})
		r.quiet()
		d, o := r.referral(p.own), r.opportunity(p.opportunity)
		if d.text("details/dealValue") != "91000" || d.text("details/notes") != "Theirs" || o.text("estimatedvalue") != "91000" || o.text("description") != "Theirs" {
			t.Errorf("Partner Center has %s %q, CRM %s %q", d.text("details/dealValue"), d.text("details/notes"), o.text("estimatedvalue"), o.text("description"))
		}
		refused := 0
		for _, w := range r.pc.writes(mark) {
			if w.Status == http.StatusPreconditionFailed {
				refused++
			}
		}
		if refused != 2 || len(r.pc.writes(mark)) != 3 {
			t.Errorf("%d refused: %s", refused, listed(r.pc.writes(mark)))
		}
	})
}

func TestR59_AfterThreeTriesTheRunEndsAndComesAgain(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Never the same")
		r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "conflict", "times": 20})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.step()
		r.step()
		if n := len(r.pc.writes(mark)); n == 0 || n > 4 {
			t.Errorf("%d writes in one run", n)
		}
		r.advance(time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v != "91000" {
			t.Errorf("the value is %s", v)
		}
	})
}

// Somebody writes between our reading and our writing: what we write then is decided anew.
func TestR59_AChangeInBetweenIsMergedAnew(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("In between")
		once := true
		r.pc.wire.Watch(func(at control.Point, call *http.Request) {
			if once && at == control.Before && call.Method == http.MethodPatch {
				once = false
				r.portalEdits(p.own, doc{"/details/dealValue": 91000, "/details/notes": "Theirs"})
			}
		})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 92000, "estimatedclosedate": "2026-11-11"})
		r.quiet()
		d, o := r.referral(p.own), r.opportunity(p.opportunity)
		if once || d.text("details/dealValue") != "91000" || d.text("details/notes") != "Theirs" || d.text("details/closingDateTime") != "2026-11-11T00:00:00Z" {
			t.Errorf("Partner Center has %s, %q, %s", d.text("details/dealValue"), d.text("details/notes"), d.text("details/closingDateTime"))
		}
		if o.text("estimatedvalue") != "91000" || o.text("description") != "Theirs" || o.text("estimatedclosedate") != "2026-11-11" {
			t.Errorf("CRM has %s, %q, %s", o.text("estimatedvalue"), o.text("description"), o.text("estimatedclosedate"))
		}
		r.audited(p.opportunity, "92000")
	}, "sheet:- {field: dealValue, wins: pc}\n")
}

// bothEdit lets both sides change the value while neither hears of the other.
func (r *rig) bothEdit(p pair) {
	r.t.Helper()
	r.pc.delivery(doc{"pause": true})
	r.dv.delivery(doc{"pause": true})
	r.portalEdits(p.own, doc{"/details/dealValue": 91000})
	time.Sleep(time.Minute)
	r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 92000})
	r.pc.delivery(doc{})
	r.dv.delivery(doc{})
	r.quiet()
}

func TestR60_TheConfiguredSideWinsAndAuditNamesTheOthersValue(t *testing.T) {
	for wins, want := range map[string]struct{ value, loser string }{"pc": {"91000", "92"}, "crm": {"92000", "91"}, "newest": {"92000", "91"}} {
		t.Run(wins, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Both")
				r.bothEdit(p)
				d, o := r.referral(p.own).text("details/dealValue"), r.opportunity(p.opportunity).text("estimatedvalue")
				if d != want.value || o != want.value {
					t.Errorf("Partner Center has %s, CRM %s", d, o)
				}
				if !slices.ContainsFunc(r.audit(p.opportunity), func(line string) bool { return strings.Contains(line, want.loser+"000") }) {
					t.Errorf("Audit does not name the loser's value:\n%s", strings.Join(r.audit(p.opportunity), "\n"))
				}
			}, "sheet:- {field: dealValue, wins: "+wins+"}\n")
		})
	}
}

func TestR61_AccountAndContactOfASharedDealAreNotSent(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Shared with Microsoft")
		mark := r.pc.calls()
		r.edits("account", dataversesim.AccountID, doc{"address1_city": "Lübeck"})
		r.quiet()
		r.edits("contact", dataversesim.ContactID, doc{"telephone1": "+49 40 999"})
		r.quiet()
		r.pc.wrote(mark, 0)
		if n := len(r.audit(p.opportunity)); n != 3 {
			t.Errorf("Audit has %d lines:\n%s", n, strings.Join(r.audit(p.opportunity), "\n"))
		}
		if !strings.HasPrefix(r.opportunity(p.opportunity).text("name"), tick) {
			t.Error("the tick is gone")
		}
	})
}

func TestR62_OurOwnWritesComeBackWithoutEffect(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Echo")
		crm, pc := r.dv.calls(), r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		r.pc.wrote(pc, 1)
		r.dv.wrote(crm, 0)
		crm, pc = r.dv.calls(), r.pc.calls()
		r.portalEdits(p.own, doc{"/details/notes": "From the portal"})
		r.quiet()
		r.dv.wrote(crm, 1)
		r.pc.wrote(pc, 0)
	})
}

func TestR63_TwentySavesInTenSecondsEndRight(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Burst")
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		for n := range 20 {
			r.edits("opportunity", id, doc{"cosell_sync": true, "estimatedvalue": 1000 * (n + 1), "description": fmt.Sprint("Save ", n)})
			r.step()
			time.Sleep(500 * time.Millisecond)
		}
		began := time.Now()
		r.quiet()
		p := r.pairOf(id)
		d := r.referral(p.own)
		if len(r.referrals()) != 1 || d.text("details/dealValue") != "20000" || d.text("details/notes") != "Save 19" || time.Since(began) > 20*time.Second {
			t.Errorf("%d referrals, %s %q after %s", len(r.referrals()), d.text("details/dealValue"), d.text("details/notes"), time.Since(began))
		}
		if len(r.opportunities()) != 1 {
			t.Errorf("%d opportunities", len(r.opportunities()))
		}
	})
}
