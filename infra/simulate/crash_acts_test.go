package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// What people do in tales. All is about the one deal of the run.

func (r *run) deal() *deal { return r.deals[0] }

// creates is a deal that begins in the CRM, and is switched on.
func creates(columns doc) act {
	return act{"a deal is made in the CRM", func(r *run) error {
		d := r.deal()
		d.born, d.opportunity, d.help = "crm", r.people.id("opportunity", d.n), columns["cosell_help"] != nil
		all := newOpportunity("Deal 0")
		maps.Copy(all, columns)
		if _, err := r.people.crm(doc{"do": "create", "table": "opportunity", "id": d.opportunity, "columns": all}); err != nil {
			return err
		}
		if err := r.people.addSolution(d, 0); err != nil {
			return err
		}
		return r.people.update(d, doc{"cosell_sync": true})
	}}
}

// portalCreates is a deal that begins in Partner Center.
func portalCreates(with doc) act {
	return act{"a deal is made in the portal", func(r *run) error {
		r.deals = append(r.deals[:0], &deal{n: r.deal().n + 1})
		d := r.deal()
		d.born, d.referral = "portal", r.people.id("referral", d.n)
		all := doc{"do": "create", "id": d.referral, "referral": doc{"name": "Deal 1", "customerProfile": wingtip(1)}}
		maps.Copy(all, with)
		out, err := r.people.portal("user", all)
		d.microsoft = out.MicrosoftID
		return err
	}}
}

// twoOfWingtip is a customer that the CRM does not know, with two people.
func twoOfWingtip() doc {
	out := wingtip(1)
	out["team"] = append(out["team"].([]any), doc{"firstName": "Ada", "lastName": "Wingtip", "email": "ada1@wingtip.example", "phoneNumber": "+33 1 5550101"})
	return out
}

// invited is a deal that Microsoft brings.
func invited(with doc) act {
	return act{"Microsoft invites", func(r *run) error {
		all := doc{"do": "invite", "referral": doc{"customerProfile": wingtip(1)}}
		maps.Copy(all, with)
		out, err := r.people.portal("seller", all)
		r.deal().born, r.deal().referral, r.deal().microsoft = "invitation", out.ID, out.MicrosoftID
		return err
	}}
}

// lead is a lead of Partner Center.
func lead(kind string) act {
	return act{"a lead comes", func(r *run) error {
		out, err := r.people.portal("seller", doc{"do": "lead", "kind": kind})
		r.deal().born, r.deal().referral = "lead", out.ID
		return err
	}}
}

// leadDoes is somebody at work on the CRM's lead of it.
func leadDoes(do string, with doc) act {
	return act{"the lead: " + do, func(r *run) error {
		leads := r.people.dv.IDs("lead")
		if len(leads) == 0 {
			return errNothing
		}
		all := doc{"do": do, "table": "lead", "id": leads[0]}
		maps.Copy(all, with)
		_, err := r.people.crm(all)
		return err
	}}
}

func edits(columns doc) act {
	return act{"edits in the CRM", func(r *run) error {
		d := r.deal()
		before := r.people.dv.Row("opportunity", d.opportunity)
		if err := r.people.update(d, columns); err != nil {
			return err
		}
		switch action, asks := columns["cosell_action"].(int); {
		case asks && action == 2:
			r.people.asked[d.opportunity]++
			r.people.chosen[d.opportunity] = true
		case asks && action >= 3 && action <= 5:
			r.people.chosen[d.opportunity] = true
		}
		for _, f := range mappedFields() {
			if v, ok := columns[f.column]; ok {
				r.people.typed("crm", d.opportunity, f.name, canonical(f.name, v), canonical(f.name, before[f.column]))
			}
		}
		return nil
	}}
}

func portal(do string, with doc) act {
	return act{"in the portal: " + do, func(r *run) error {
		d := r.deal()
		all := doc{"do": do}
		maps.Copy(all, with)
		before := r.people.pc.Referral(d.referral)
		if err := r.people.own(d, "user", all); err != nil {
			return err
		}
		changes, _ := with["changes"].(doc)
		for _, f := range mappedFields() {
			if v, ok := changes[f.path]; ok {
				r.people.typed("pc", d.referral, f.name, canonical(f.name, v), canonical(f.name, at(before, f.path)))
			}
		}
		return nil
	}}
}

func seller(do string, with doc) act {
	return act{"Microsoft's seller: " + do, func(r *run) error {
		all := maps.Clone(with)
		if all == nil {
			all = doc{}
		}
		all["do"] = do
		return r.people.own(r.deal(), "seller", all)
	}}
}

func closes(do string) act {
	return act{"in the CRM: " + do, func(r *run) error {
		id := r.deal().opportunity
		_, err := r.people.crm(doc{"do": do, "table": "opportunity", "id": id, "reason": "because"})
		r.people.acted[id], r.people.closed[id] = time.Now(), map[string]string{"win": "1", "lose": "2"}[do]
		return err
	}}
}

func solution(do string) act {
	return act{"a solution row: " + do, func(r *run) error {
		d := r.deal()
		if do == "create" {
			return r.people.addSolution(d, 1)
		}
		rows := r.people.solutionRows(d)
		if len(rows) == 0 {
			return errNothing
		}
		all := doc{"do": do, "table": "cosell_solution", "id": rows[0]}
		if do == "update" {
			all["columns"] = doc{"cosell_quantity": 7}
		}
		_, err := r.people.crm(all)
		return err
	}}
}

func team() act {
	return act{"somebody joins the team", func(r *run) error {
		_, err := r.people.crm(doc{"do": "create", "table": "connection", "columns": doc{"record1id_opportunity@odata.bind": "/opportunities(" + r.deal().opportunity + ")",
			"record2id_systemuser@odata.bind": "/systemusers(" + dataversesim.CloserID + ")", "record2roleid@odata.bind": "/connectionroles(" + dataversesim.SalesProfessionalRoleID + ")"}})
		return err
	}}
}

// registers is a deal registration in the portal, of a deal that was won long enough after it began.
func registers() act {
	return act{"the deal is registered in the portal", func(r *run) error {
		day := func(days int) string { return time.Now().AddDate(0, 0, days).Format("2006-01-02T00:00:00Z") }
		registration := doc{"type": "AzureIPCoSell", "contract": doc{"value": 30000, "currency": "EUR", "signDateTime": day(-1), "startDateTime": day(1), "endDateTime": day(364), "term": "Finite"},
			"solutionDetails": []any{doc{"id": "SOL-12345-ABC", "value": 30000, "currency": "EUR", "isDeployedOnAzure": true, "primaryDeploymentOn": "Partner", "pricingModel": "PayAsYouGo"}}}
		return r.people.own(r.deal(), "user", doc{"do": "register", "registration": registration})
	}}
}

func waits(d time.Duration) act {
	return act{d.String() + " go by", func(r *run) error { r.pass(d); return nil }}
}

func contact() act {
	return act{"the contact has another number", func(r *run) error {
		_, err := r.people.crm(doc{"do": "update", "table": "contact", "id": dataversesim.ContactID, "columns": doc{"telephone1": "+49 40 4711"}})
		return err
	}}
}

func account() act {
	return act{"the customer moves", func(r *run) error {
		_, err := r.people.crm(doc{"do": "update", "table": "account", "id": dataversesim.AccountID, "columns": doc{"address1_city": "Altona"}})
		return err
	}}
}

// theTimer rings again where a pass has met the trouble: a pass that dies with its process is made by the next one.
const theTimer = "the timer"

func timer() act {
	return act{theTimer, func(r *run) error { r.tick(); return nil }}
}

// person is a colleague whose number changes.
func person() act {
	return act{"a colleague has another number", func(r *run) error {
		_, err := r.people.crm(doc{"do": "update", "table": "systemuser", "id": dataversesim.SellerID, "columns": doc{"mobilephone": "+49 40 4712"}})
		return err
	}}
}

func deletes() act {
	return act{"the opportunity is deleted", func(r *run) error {
		d := r.deal()
		_, err := r.people.crm(doc{"do": "delete", "table": "opportunity", "id": d.opportunity})
		r.people.gone["opportunity|"+d.opportunity], d.dropped = time.Now(), true
		return err
	}}
}

// of is the system with a short name.
func (r *run) of(system string) *system {
	if system == "crm" {
		return r.dv
	}
	return r.pc
}

// trouble is a fault of a system at the next call that fits: what comes after it has crash points too.
func trouble(in, do, method, url string) act {
	return act{"trouble: " + do + " at " + method + " " + url, func(r *run) error {
		wire := &system{control: http.NewServeMux()}
		r.of(in).wire.MountControl(wire.control)
		_, err := wire.call("POST", "/faults", doc{"match": doc{"method": method, "url": url}, "do": do, "times": 1})
		return err
	}}
}

func right(table, operation string, allowed bool) act {
	return act{"the right to " + operation + " " + table, func(r *run) error {
		r.weather = true
		_, err := r.dv.call("POST", "/privileges", doc{"table": table, "operation": operation, "allowed": allowed})
		return err
	}}
}

func rule(system string, match doc, named bool) act {
	return act{"a rule in " + system, func(r *run) error {
		r.weather = true
		_, err := r.of(system).call("POST", "/rules", doc{"match": match, "field": named})
		return err
	}}
}

func ruleless() act { return act{"no rules any more", (*run).ruleless} }

func forgets() act {
	return act{"the registration is forgotten", func(r *run) error {
		_, err := r.pc.call("POST", "/registration", doc{"do": "forget"})
		return err
	}}
}

func loses() act {
	return act{"the tables are lost", func(r *run) error { r.tables.Drop("state", ""); return nil }}
}

// away is a part that nobody reaches for a while.
func away(which site, d time.Duration) act {
	return act{which.String() + " away", func(r *run) error {
		r.away, r.awayUntil = which, time.Now().Add(d)
		return nil
	}}
}

// asks is an operator's call, once more where it dies or is not answered.
func asks(method, path string, body doc) act {
	return act{"an operator: " + method + " " + path, func(r *run) error {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.asked(method, path, text, 3)
		return nil
	}}
}

func (r *run) asked(method, path string, body []byte, left int) {
	function, _, _ := strings.Cut(path, "/")
	p := r.processFor(function, 0)
	var of struct{ ID, Referral string }
	if json.Unmarshal(body, &of) == nil && path == "operator/link" {
		r.people.asks[strings.ToLower(of.Referral)] = true
	}
	r.begin(p, path, func(l *lane) int {
		status, answer := p.askOperator(l, method, strings.Replace(path, looking, "operator/", 1), body)
		r.say("    %d %.300s", status, answer)
		return status
	}, func(status int) {
		if status == http.StatusOK {
			delete(r.people.asks, strings.ToLower(of.Referral))
		}
		if path == "operator/held/drop" { // somebody may have typed before it was done: either may count
			r.people.letsBe(&deal{opportunity: of.ID, referral: of.Referral})
		}
		if left > 1 && (status == 0 || status >= http.StatusInternalServerError) {
			r.asked(method, path, body, left-1)
		}
	})
}

// column is a column of the organisation's own on the opportunity.
func column(name string) act {
	return act{"a column is made: " + name, func(r *run) error {
		_, err := r.dv.call("POST", "/schema", doc{"do": "add", "table": "opportunity", "column": name, "type": "String", "length": 100})
		return err
	}}
}

// befalls is what becomes of the n-th call from now on that goes there.
func befalls(site string, n int, f fate) act {
	return act{fmt.Sprintf("trouble: %s at %s", f, site), func(r *run) error {
		if r.plan.befalls == nil {
			r.plan.befalls = map[string]befall{}
		}
		r.plan.befalls[site] = befall{n, f}
		return nil
	}}
}

// together are acts of one moment.
func together(acts ...act) act {
	return act{"at the same moment", func(r *run) error {
		for _, a := range acts {
			if err := a.do(r); err != nil {
				return err
			}
		}
		return nil
	}}
}
