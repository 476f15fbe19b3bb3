package requirements

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The status reasons of an opportunity as shipped.
const (
	won      = "3"
	canceled = "4"
	outSold  = "5"
)

// closedBy lists how an opportunity was closed since a mark: the actions that were called.
func (r *rig) closedBy(mark int) (actions []string) {
	r.t.Helper()
	for _, w := range r.dv.writes(mark) {
		for _, action := range []string{"WinOpportunity", "LoseOpportunity"} {
			if strings.HasSuffix(w.Path, action) && w.Status < 400 {
				actions = append(actions, action)
			}
		}
		if strings.Contains(w.Path, "opportunities(") && strings.Contains(w.Body, `"statecode"`) {
			r.t.Errorf("the state was written as a column: %s", w.Body)
		}
	}
	return actions
}

// invited is an open invitation by Microsoft's seller, in the CRM.
func (r *rig) invited(name string) pair {
	r.t.Helper()
	return r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": name}}))
}

func TestR29_EachStatusOfAReferralIsTheStateItStandsFor(t *testing.T) {
	accept := func(r *rig, p pair) { r.partner(doc{"do": "accept", "id": p.own}) }
	for name, c := range map[string]struct {
		do                    func(r *rig, p pair)
		state, reason, action string
	}{
		"New/Pending":     {func(*rig, pair) {}, "0", "2", ""},
		"Active/Accepted": {accept, "0", "1", ""},
		"Closed/Won": {func(r *rig, p pair) {
			accept(r, p)
			r.quiet()
			r.partner(doc{"do": "win", "id": p.own})
		}, "1", won, "WinOpportunity"},
		"Closed/Lost": {func(r *rig, p pair) {
			accept(r, p)
			r.quiet()
			r.partner(doc{"do": "lose", "id": p.own, "reason": "Customer chose another vendor"})
		}, "2", outSold, "LoseOpportunity"},
		"Closed/Declined": {func(r *rig, p pair) { r.partner(doc{"do": "decline", "id": p.own, "reason": "Others"}) }, "2", canceled, "LoseOpportunity"},
		"Closed/Expired":  {func(r *rig, _ pair) { r.advance(15 * 24 * time.Hour) }, "2", canceled, "LoseOpportunity"},
		"Closed/Error": {func(r *rig, p pair) {
			accept(r, p)
			r.quiet()
			r.partner(doc{"do": "error", "id": p.own, "reason": "Duplicate"})
		}, "2", canceled, "LoseOpportunity"},
	} {
		t.Run(strings.ReplaceAll(name, "/", " "), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.invited("One of each")
				mark := r.dv.calls()
				c.do(r, p)
				r.quiet()
				d, o := r.referral(p.own), r.opportunity(p.opportunity)
				if got := d.text("status") + "/" + d.text("substatus"); got != name {
					t.Fatalf("the referral is %s", got)
				}
				if o.text("statecode") != c.state || o.text("statuscode") != c.reason {
					t.Errorf("the opportunity is %s/%s", o.text("statecode"), o.text("statuscode"))
				}
				if got := strings.Join(r.closedBy(mark), " "); got != c.action {
					t.Errorf("closed by %q", got)
				}
			})
		})
	}
}

func TestR29_AnInvitationThatWasReceivedIsOnHoldToo(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.microsoft(doc{"do": "invite", "referral": doc{"name": "Received"}, "raw": doc{"/substatus": "Received"}}))
		if o := r.opportunity(p.opportunity); r.referral(p.own).text("substatus") != "Received" || o.text("statecode") != "0" || o.text("statuscode") != fmt.Sprint(onHold) {
			t.Errorf("of a referral that is %s the opportunity is %s/%s", r.referral(p.own).text("substatus"), o.text("statecode"), o.text("statuscode"))
		}
	})
}

func TestR30_AnEventForAClosedDealWritesNothing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Closed already")
		r.partner(doc{"do": "win", "id": p.own})
		r.quiet()
		if r.opportunity(p.opportunity).text("statecode") != "1" {
			t.Fatal("the opportunity is not won")
		}
		mark, pc := r.dv.calls(), r.pc.calls()
		r.pc.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.dv.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.quiet()
		r.dv.wrote(mark, 0)
		r.pc.wrote(pc, 0)
		if strings.HasPrefix(r.opportunity(p.opportunity).text("name"), cross) {
			t.Error("a cross")
		}
	})
}

func TestR31_TheSheetDecidesAboutReasonsOfTheirOwn(t *testing.T) {
	const price = 100000003
	for name, c := range map[string]struct{ sheet, want string }{
		"by the sheet": {"sheet:- {field: status, reasons: {lost: [Price]}}\n- {field: reason, reasons: {8: [Price]}}\n", "100000003"},
		"by default":   {"sheet:- {field: status, reasons: {lost: [No such reason]}}\n", canceled},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(doc{"do": "option", "table": "opportunity", "column": "statuscode", "value": price, "label": "Price", "state": 2})
				p := r.private("Own reasons")
				r.partner(doc{"do": "lose", "id": p.own, "reason": "Others"})
				r.quiet()
				if o := r.opportunity(p.opportunity); o.text("statecode") != "2" || o.text("statuscode") != c.want {
					t.Errorf("the opportunity is %s/%s", o.text("statecode"), o.text("statuscode"))
				}
			}, c.sheet)
		})
	}
}
