package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// Where a whole list cannot be patched the referral is replaced, with everything in it that nobody here knows; where
// that is off, too, the list is held and told, and the other fields go on.
func TestR57_AListThatCannotBePatchedGoesWithTheWholeReferral(t *testing.T) {
	for name, c := range map[string]struct {
		switches doc
		arrives  bool
	}{
		"named":             {doc{"arrayReplace": "refuse"}, true},
		"not named":         {doc{"arrayReplace": "refuse", "errorTarget": "none"}, true},
		"409":               {doc{"arrayReplace": "refuse", "arrayReplaceStatus": "409"}, true},
		"422":               {doc{"arrayReplace": "refuse", "arrayReplaceStatus": "422", "errorTarget": "none"}, true},
		"PUT is off, too":   {doc{"arrayReplace": "refuse", "put": "refuse"}, false},
		"lists are patched": {doc{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.call(http.MethodPost, "/switches", c.switches)
				p := r.private("Lists")
				r.portalEdits(p.own, doc{"/campaignId": "SPRING"})
				r.quiet()
				mark := r.pc.calls()
				row := r.solution(p.opportunity, "SOL-22222-DEF", "Northwind Returns")
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
				r.quiet()
				r.shows(p, "SOL-22222-DEF", c.arrives)
				if r.referral(p.own).text("details/dealValue") != "91000" || r.referral(p.own).text("campaignId") != "SPRING" {
					t.Errorf("the other fields: %s, %s", r.referral(p.own).text("details/dealValue"), r.referral(p.own).text("campaignId"))
				}
				if !c.arrives {
					r.audited(p.opportunity, "olution")
					return
				}
				r.person(doc{"do": "delete", "table": "cosell_solution", "id": row})
				r.quiet()
				r.shows(p, "SOL-22222-DEF", false)
				r.shows(p, "SOL-12345-ABC", true)
				for _, w := range r.pc.writes(mark) {
					if w.Method == http.MethodPut && (strings.Contains(w.Body, `"links"`) || !strings.Contains(w.Body, `"SPRING"`)) {
						t.Errorf("the body of the PUT: %s", w.Body)
					}
					if w.Method == http.MethodPut && c.switches["arrayReplace"] == nil {
						t.Error("replaced without need")
					}
				}
			})
		})
	}
}

// shows checks whether a referral lists a solution.
func (r *rig) shows(p pair, solution string, want bool) {
	r.t.Helper()
	if text := string(encoded(r.t, r.referral(p.own)["details"])); strings.Contains(text, solution) != want {
		r.t.Errorf("%s in the referral: %v; its Audit says\n%s", solution, !want, strings.Join(r.audit(p.opportunity), "\n"))
	}
}

// Somebody who writes between the refusal and the PUT is not overwritten.
func TestR57_AReplacedReferralKeepsWhatSomebodyWroteMeanwhile(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.call(http.MethodPost, "/switches", doc{"arrayReplace": "refuse"})
		p := r.private("Lists")
		r.pc.call(http.MethodPost, "/faults", doc{"match": doc{"method": "PUT"}, "do": "conflict", "times": 1})
		r.solution(p.opportunity, "SOL-22222-DEF", "Northwind Returns")
		r.quiet()
		r.shows(p, "SOL-22222-DEF", true)
	})
}

// putList is a list of a referral that changes in CRM.
type putList struct {
	change func(r *rig, p pair)
	has    func(r *rig, p pair) bool
}

// putLists are all lists of a referral that the product writes whole.
func putLists() map[string]putList {
	holds := func(path, text string) func(r *rig, p pair) bool {
		return func(r *rig, p pair) bool {
			return strings.Contains(strings.ToLower(string(encoded(r.t, r.referral(p.own).at(path)))), text)
		}
	}
	return map[string]putList{
		"solutions": {func(r *rig, p pair) { r.solution(p.opportunity, "SOL-22222-DEF", "Northwind Returns") }, holds("details/requirements/solutions", "sol-22222-def")},
		"team": {func(r *rig, p pair) {
			r.connects(p.opportunity, "systemusers", r.colleague("Tess", "Team"), dataversesim.SalesProfessionalRoleID)
		}, holds("team", "tess")},
		"the customer's team": {func(r *rig, p pair) { r.edits("opportunity", p.opportunity, doc{"cosell_visible": true}) }, holds("customerProfile/team", "ada")},
		"attributes":          {func(r *rig, p pair) { r.edits("opportunity", p.opportunity, doc{"new_intent": true}) }, holds("details/requirements/additionalRequirements/attributes", `"yes"`)},
	}
}

// Each list goes with the whole referral where it cannot be patched, also if somebody writes in between, if the answer
// is lost, or if the service fails: it arrives once, nothing of the other side is lost, and nobody is told of a refusal.
func TestR57_EachListGoesWithTheWholeReferral(t *testing.T) {
	for list, c := range putLists() {
		for trouble, fault := range map[string]doc{
			"none":                    nil,
			"somebody writes":         {"match": doc{"method": "PUT"}, "do": "conflict", "times": 1},
			"the answer is lost":      {"match": doc{"method": "PUT"}, "do": "loseAnswer", "times": 1},
			"the service is away":     {"match": doc{"method": "PUT"}, "do": "status", "status": 503, "times": 40},
			"too many calls":          {"match": doc{"method": "PUT"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "60"}, "times": 1},
			"the PATCH's answer lost": {"match": doc{"method": "PATCH"}, "do": "loseAnswer", "times": 1},
		} {
			if fault["times"] == 1 && fault["do"] != "conflict" && list != "solutions" {
				continue // one list stands for all
			}
			t.Run(list+", "+trouble, func(t *testing.T) {
				play(t, func(r *rig) {
					r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_intent", "type": "Boolean"})
					r.listens("opportunity", "new_intent")
					r.pc.switches(doc{"arrayReplace": "refuse", "errorTarget": "none"})
					p := r.private("Lists")
					if c.has(r, p) {
						t.Fatal("it is there at first")
					}
					if fault != nil {
						r.pc.fault(fault)
					}
					mark := r.pc.calls()
					c.change(r, p)
					r.portalEdits(p.own, doc{"/campaignId": "SPRING"})
					r.quiet()
					r.advance(20 * time.Minute)
					if !c.has(r, p) || r.referral(p.own).text("campaignId") != "SPRING" {
						t.Errorf("arrived: %v, the portal's own value %q; written was %s; Audit says\n%s", c.has(r, p), r.referral(p.own).text("campaignId"), listed(r.pc.writes(mark)), strings.Join(r.audit(p.opportunity), "\n"))
					}
					for _, line := range r.audit(p.opportunity) {
						if strings.Contains(line, "refused") || strings.Contains(line, "not sent") {
							t.Errorf("told is %s", line)
						}
					}
					if name := r.opportunity(p.opportunity).text("name"); !strings.HasPrefix(name, tick) {
						t.Errorf("the name is %q", name)
					}
					mark = r.pc.calls()
					r.advance(time.Hour)
					r.pc.wrote(mark, 0)
				}, `sheet:- {field: purchaseIntent, crm: new_intent, values: {"Yes": "Yes", "No": "No"}}`)
			})
		}
	}
}

// A won deal that can be registered says so in Audit, from whichever side it was won; one that cannot does not.
func TestR98_AWonDealThatCanBeRegisteredSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		value  int
		accept bool
		portal bool
		says   bool
	}{
		"won in the portal":             {85000, true, true, true},
		"won in CRM":                    {85000, true, false, true},
		"too small":                     {10000, true, true, false},
		"Microsoft has not accepted it": {85000, false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("To be registered", doc{"estimatedvalue": c.value})
				if c.accept {
					r.microsoft(doc{"do": "accept", "id": p.microsoft})
				}
				r.advance(80 * time.Hour)
				if c.portal {
					r.partner(doc{"do": "win", "id": p.own})
				} else {
					r.person(doc{"do": "win", "table": "opportunity", "id": p.opportunity})
				}
				r.quiet()
				text := strings.Join(r.audit(p.opportunity), "\n")
				if r.referral(p.own).text("substatus") != "Won" || r.opportunity(p.opportunity).text("statecode") != "1" || strings.Contains(text, "can be registered with Microsoft") != c.says {
					t.Errorf("%s, %s; Audit says\n%s", r.referral(p.own).text("substatus"), r.opportunity(p.opportunity).text("statecode"), text)
				}
			})
		})
	}
}

// What becomes of the registration is a member of the referral like any other: a row of the sheet brings it into CRM.
func TestR98_TheStateOfARegistrationComesWhereTheSheetHasIt(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_registration", "String")
		p := r.coSell("Registered")
		r.microsoft(doc{"do": "accept", "id": p.microsoft})
		r.advance(80 * time.Hour)
		r.partner(doc{"do": "win", "id": p.own})
		r.quiet()
		day := time.Now().UTC().Format(time.RFC3339)
		r.partner(doc{"do": "register", "id": p.own, "registration": doc{"type": "AzureIPCoSell",
			"contract":        doc{"value": 85000, "currency": "EUR", "startDateTime": day, "endDateTime": time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339), "signDateTime": day, "term": "Finite"},
			"solutionDetails": []any{doc{"id": "SOL-12345-ABC", "currency": "EUR", "value": 85000, "isDeployedOnAzure": true, "primaryDeploymentOn": "Customer", "pricingModel": "Other"}}}})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_registration"); got != "ReviewPending" {
			t.Errorf("the registration is %q", got)
		}
	}, "sheet:- {field: registration, referral: /registrationStatus, crm: new_registration, way: toOpportunity}\n")
}
