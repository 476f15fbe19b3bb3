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

// meddles is somebody in the portal who writes into a referral just before each of our next writes to it, other fields
// than ours: what we have read is over.
func (r *rig) meddles(p pair, times int) {
	r.t.Helper()
	r.pc.delivery(doc{"pause": true})
	n := 0
	r.pc.wire.Watch(func(at control.Point, call *http.Request) {
		if at == control.Before && call.Method == http.MethodPatch && n < times {
			n++
			r.portalEdits(p.own, doc{"/details/notes": fmt.Sprint("Theirs ", n)})
		}
	})
}

func TestR59_AVersionThatIsOverIsReadAgainAndBothChangesSurvive(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Two at once")
		r.meddles(p, 2)
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		if got := r.attempts(mark, p.own); got != "GET PATCH 412 GET PATCH 412 GET PATCH 200" {
			t.Errorf("the calls were %s", got)
		}
		r.pc.delivery(doc{})
		r.quiet()
		d, o := r.referral(p.own), r.opportunity(p.opportunity)
		if d.text("details/dealValue") != "91000" || d.text("details/notes") != "Theirs 2" || o.text("estimatedvalue") != "91000" || o.text("description") != "Theirs 2" {
			t.Errorf("Partner Center has %s %q, CRM %s %q", d.text("details/dealValue"), d.text("details/notes"), o.text("estimatedvalue"), o.text("description"))
		}
	})
}

// attempts are the calls for one referral since a mark, up to the first write that was taken, with a comma where time
// passed between two: a run waits for nothing.
func (r *rig) attempts(mark int, referral string) string {
	r.t.Helper()
	var out []string
	var last time.Time
	for _, e := range r.pc.since(mark) {
		if !strings.Contains(e.URL, referral) {
			continue
		}
		if !last.IsZero() && e.At.After(last) {
			out = append(out, ",")
		}
		last = e.At
		out = append(out, e.Method)
		if e.Method != http.MethodGet {
			out = append(out, fmt.Sprint(e.Status))
		}
		if e.Method != http.MethodGet && e.Status == http.StatusOK {
			break
		}
	}
	return strings.Join(out, " ")
}

func TestR59_AfterThreeTriesTheRunEndsAndComesAgain(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Never the same")
		r.meddles(p, 20)
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		for range 5 { // the first run is over, and no other has begun
			r.step()
		}
		if got := r.attempts(mark, p.own); got != "GET PATCH 412 GET PATCH 412 GET PATCH 412" {
			t.Errorf("the calls of one run were %s", got)
		}
		r.pc.delivery(doc{})
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

// bothEdit lets both sides change the value while neither hears of the other: Partner Center to 91000, CRM to 92000.
func (r *rig) bothEdit(p pair, last string) {
	r.t.Helper()
	r.pc.delivery(doc{"pause": true})
	r.dv.delivery(doc{"pause": true})
	edits := []func(){func() { r.portalEdits(p.own, doc{"/details/dealValue": 91000}) }, func() { r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 92000}) }}
	if last == "pc" {
		slices.Reverse(edits)
	}
	edits[0]()
	time.Sleep(time.Minute)
	edits[1]()
	r.pc.delivery(doc{})
	r.dv.delivery(doc{})
	r.quiet()
}

func TestR60_TheConfiguredSideWinsAndAuditNamesTheOthersValue(t *testing.T) {
	const ours, theirs = "92000", "91000"
	for name, c := range map[string]struct{ wins, last, value, loser string }{
		"pc, CRM was last": {"pc", "crm", theirs, ours}, "pc, it was last": {"pc", "pc", theirs, ours},
		"crm, Partner Center was last": {"crm", "pc", ours, theirs}, "crm, it was last": {"crm", "crm", ours, theirs},
		"newest, CRM was last": {"newest", "crm", ours, theirs}, "newest, Partner Center was last": {"newest", "pc", theirs, ours},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Both")
				r.bothEdit(p, c.last)
				d, o := r.referral(p.own).text("details/dealValue"), r.opportunity(p.opportunity).text("estimatedvalue")
				if d != c.value || o != c.value {
					t.Errorf("Partner Center has %s, CRM %s", d, o)
				}
				r.audited(p.opportunity, "conflict.resolved", c.loser)
			}, "sheet:- {field: dealValue, wins: "+c.wins+"}\n")
		})
	}
}

// manual: nobody's value is written; both are named, and a person's next edit of either decides.
func TestR60_ByHandBothStayUntilAPersonDecides(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("By hand")
		r.bothEdit(p, "crm")
		if d, o := r.referral(p.own).text("details/dealValue"), r.opportunity(p.opportunity).text("estimatedvalue"); d != "91000" || o != "92000" {
			t.Errorf("Partner Center has %s, CRM %s", d, o)
		}
		r.audited(p.opportunity, "91000", "92000")
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 93000})
		r.quiet()
		if d, o := r.referral(p.own).text("details/dealValue"), r.opportunity(p.opportunity).text("estimatedvalue"); d != "93000" || o != "93000" {
			t.Errorf("decided: Partner Center has %s, CRM %s", d, o)
		}
	}, "sheet:- {field: dealValue, wins: manual}\n")
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
		r.audited(p.opportunity, "to Partner Center", "customer.locked", "the change stays in CRM")
		r.audited(p.opportunity, "to Partner Center", "contact.locked", "the change stays in CRM")
		if d := r.referral(p.own); d.text("customerProfile/address/city") != "Hamburg" || d.text("customerProfile/team/0/phoneNumber") == "+49 40 999" {
			t.Errorf("the customer in Partner Center is %s", d.text("customerProfile"))
		}
		if !strings.HasPrefix(r.opportunity(p.opportunity).text("name"), tick) {
			t.Error("the tick is gone")
		}
	})
}

func TestR62_OurOwnWritesComeBackWithoutEffect(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Echo")
		crm, pc, heard := r.dv.calls(), r.pc.calls(), r.bus.last
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
		r.quiet()
		r.pc.wrote(pc, 1)
		r.dv.wrote(crm, 0)
		if n := r.bus.last - heard; n < 2 {
			t.Errorf("%d messages: our own write did not come back", n)
		}
		crm, pc, heard = r.dv.calls(), r.pc.calls(), r.bus.last
		r.portalEdits(p.own, doc{"/details/notes": "From the portal"})
		r.quiet()
		r.dv.wrote(crm, 1)
		r.pc.wrote(pc, 0)
		if n := r.bus.last - heard; n < 2 {
			t.Errorf("%d messages: our own write did not come back", n)
		}
	})
}

// What we wrote into CRM comes back as an event, of which Partner Center hears nothing: not even a question.
func TestR62_TheEventOfOurOwnCRMWriteCallsNobody(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Echo")
		r.dv.delivery(doc{"pause": true})
		r.portalEdits(p.own, doc{"/details/notes": "From the portal"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("description"); got != "From the portal" {
			t.Fatalf("CRM has %q", got)
		}
		mark, crm, heard := r.pc.calls(), r.dv.calls(), r.bus.last
		r.dv.delivery(doc{})
		r.quiet()
		if calls := r.pc.since(mark); len(calls) != 0 || r.bus.last == heard {
			t.Errorf("%d calls of Partner Center after %d messages", len(calls), r.bus.last-heard)
		}
		r.dv.wrote(crm, 0)
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
		if lines := r.audit(id); len(r.opportunities()) != 1 || len(lines) != 1 || !strings.Contains(lines[0], "created") {
			t.Errorf("%d opportunities; Audit says %q", len(r.opportunities()), lines)
		}
	})
}

// The same with two processes, to which nobody brings the events one after the other.
func TestR63_ABurstThatTwoProcessesWorkOnIsOneReferral(t *testing.T) {
	play(t, func(r *rig) {
		r.twin, r.bus.crowded = r.life(), true
		id := r.deal("Burst", doc{"cosell_help": r.help("GeneralOrOther")})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		for n := range 20 {
			r.edits("opportunity", id, doc{"cosell_sync": true, "estimatedvalue": 1000 * (n + 1)})
		}
		r.advance(10 * time.Minute)
		p := r.pairOf(id)
		if len(r.referrals()) != 2 || p.microsoft == "" || r.referral(p.own).text("details/dealValue") != "20000" || len(r.posts(0)) != 2 {
			t.Errorf("%d referrals after %d POSTs, the value is %s", len(r.referrals()), len(r.posts(0)), r.referral(p.own).text("details/dealValue"))
		}
	})
}

// The same on a deal that is linked, with changes of the other side in between.
func TestR63_ABurstOnALinkedDealEndsRightOnBothSides(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Burst")
		had := len(r.audit(p.opportunity))
		for n := range 20 {
			r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 1000 * (n + 1)})
			r.portalEdits(p.own, doc{"/details/notes": fmt.Sprint("Save ", n)})
			r.step()
			time.Sleep(500 * time.Millisecond)
		}
		r.quiet()
		d, o := r.referral(p.own), r.opportunity(p.opportunity)
		if d.text("details/dealValue") != "20000" || o.text("estimatedvalue") != "20000" || d.text("details/notes") != "Save 19" || o.text("description") != "Save 19" {
			t.Errorf("Partner Center has %s %q, the CRM %s %q", d.text("details/dealValue"), d.text("details/notes"), o.text("estimatedvalue"), o.text("description"))
		}
		if len(r.referrals()) != 1 || len(r.opportunities()) != 1 {
			t.Errorf("%d referrals, %d opportunities", len(r.referrals()), len(r.opportunities()))
		}
		for _, line := range r.newest(p.opportunity, had) {
			if !strings.Contains(line, "to CRM: updated") {
				t.Errorf("Audit says %q", line)
			}
		}
	})
}
