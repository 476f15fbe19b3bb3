package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

var errNothing = errors.New("there is nothing to do that with")

// mapped is a field that both sides have, as people see it: how it is called on each, and how a value reads.
type mapped struct {
	name   string
	column string
	path   string
	value  func(g *rand.Rand) (crm, pc any)
}

func mappedFields() []mapped {
	text := func(form string) func(g *rand.Rand) (any, any) {
		return func(g *rand.Rand) (any, any) {
			v := fmt.Sprintf(form, g.IntN(1000))
			return v, v
		}
	}
	return []mapped{
		{"name", "name", "/name", text("Deal called %d")},
		{"dealValue", "estimatedvalue", "/details/dealValue", func(g *rand.Rand) (any, any) { v := 1000 + g.IntN(90000); return v, v }},
		{"closingDate", "estimatedclosedate", "/details/closingDateTime", func(g *rand.Rand) (any, any) {
			day := time.Date(2026, 7, 1+g.IntN(60), 0, 0, 0, 0, time.UTC)
			return day.Format(time.DateOnly), day.Format(time.DateOnly) + "T00:00:00Z"
		}},
		{"notes", "description", "/details/notes", text("Notes, edition %d")},
	}
}

// operations is everything that can happen between two calls of the product. The weights are chances among those that
// a run has.
func operations() []operation {
	return []operation{
		{"crm edits", 14, true, (*people).crmEdits},
		{"takes back", 5, true, (*people).takesBack},
		{"portal edits", 12, true, (*people).portalEdits},
		{"time passes", 2, true, (*people).timePasses},
		{"timer", 2, false, func(p *people, _ *rand.Rand, _ *deal) error { p.run.tick(); return nil }},
		{"crm help", 3, false, (*people).crmHelp},
		{"crm visible", 2, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.update(d, doc{"cosell_visible": g.IntN(3) > 0})
		}},
		{"crm sync", 2, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.update(d, doc{"cosell_sync": g.IntN(3) > 0})
		}},
		{"crm solution", 4, false, (*people).crmSolution},
		{"crm action", 3, false, func(p *people, g *rand.Rand, d *deal) error {
			action := 1 + g.IntN(6)
			err := p.update(d, doc{"cosell_action": action})
			if err == nil && action == 2 {
				p.asked[d.opportunity]++
			}
			p.chosen[d.opportunity] = p.chosen[d.opportunity] || err == nil && action != 1 && action != 6
			return err
		}},
		{"crm closes", 3, false, (*people).crmCloses},
		{"crm status", 2, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.update(d, doc{"statuscode": 1 + g.IntN(2)})
		}},
		{"crm deletes", 1, false, (*people).crmDeletes},
		{"crm customer", 2, false, (*people).crmCustomer},
		{"crm team", 2, false, (*people).crmTeam},
		{"crm merges", 1, false, (*people).crmMerges},
		{"crm lead", 3, false, (*people).crmLead},
		{"crm currency", 1, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.update(d, doc{"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + []string{dataversesim.EuroID, dataversesim.DollarID}[g.IntN(2)] + ")"})
		}},
		{"portal answers", 4, false, (*people).portalAnswers},
		{"portal closes", 2, false, (*people).portalCloses},
		{"portal help", 2, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.own(d, "user", doc{"do": "update", "help": "ProofOfConceptOrDemo", "notes": "please"})
		}},
		{"portal solution", 2, false, (*people).portalSolution},
		{"portal registers", 3, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.register(d)
		}},
		{"crm twin", 1, false, (*people).crmTwin},
		{"crm lone deal", 2, false, (*people).crmLone},
		{"seller answers", 4, false, (*people).sellerAnswers},
		{"seller edits", 2, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.own(d, "seller", doc{"do": "edit", "changes": doc{"/details/dealValue": 1000 + g.IntN(90000)}})
		}},
		{"seller upgrades", 2, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.own(d, "seller", doc{"do": "upgrade", "help": "GeneralOrOther"})
		}},
		{"seller registers", 1, false, func(p *people, g *rand.Rand, d *deal) error {
			return p.own(d, "seller", doc{"do": "registration", "status": "Approved"})
		}},
		{"rule", 3, false, (*people).rule},
		{"rules end", 3, false, func(p *people, _ *rand.Rand, _ *deal) error { return p.run.ruleless() }},
		{"privilege", 2, false, (*people).privilege},
		{"plugin", 1, false, (*people).plugin},
		{"schema", 1, false, (*people).schema},
		{"redelivery", 1, false, func(p *people, _ *rand.Rand, _ *deal) error { return p.run.redeliver() }},
		{"crash", 2, false, (*people).crash},
		{"rights return", 3, false, (*people).unprivilege},
		{"registration taken", 1, false, (*people).unregister},
		{"consent", 1, false, (*people).unconsent},
		{"operator", 3, false, (*people).operator},
		{"looks", 2, false, (*people).looks},
		{"sheet", 1, false, (*people).sheet},
		{"own column", 4, false, (*people).ownEdits},
		{"outage", 1, false, (*people).outage},
		{"letter", 1, false, (*people).letter},
	}
}

func (p *people) update(d *deal, columns doc) error {
	if d.opportunity == "" {
		return errNothing
	}
	_, err := p.crm(doc{"do": "update", "table": "opportunity", "id": d.opportunity, "columns": columns})
	return err
}

// own does something with the partner's own referral of a deal.
func (p *people) own(d *deal, who string, act doc) error {
	if d.referral == "" {
		return errNothing
	}
	act["id"] = d.referral
	out, err := p.portal(who, act)
	if err == nil && out.MicrosoftID != "" {
		d.microsoft = out.MicrosoftID
	}
	return err
}

func (p *people) crmEdits(g *rand.Rand, d *deal) error {
	all := mappedFields()
	f := all[g.IntN(len(all))]
	v, _ := f.value(g)
	return p.put(d, "crm", f, v)
}

// put types a value into a field of one side.
func (p *people) put(d *deal, side string, f mapped, v any) error {
	if side == "crm" {
		before := p.dv.Row("opportunity", d.opportunity)
		if err := p.update(d, doc{f.column: v}); err != nil {
			return err
		}
		p.typed("crm", d.opportunity, f.name, canonical(f.name, v), canonical(f.name, before[f.column]))
		return nil
	}
	if d.referral == "" {
		return errNothing
	}
	before := p.pc.Referral(d.referral)
	if f.name == "closingDate" && !strings.Contains(text(v), "T") {
		v = text(v) + "T00:00:00Z"
	}
	if err := p.own(d, "user", doc{"do": "update", "changes": doc{f.path: v}}); err != nil {
		return err
	}
	p.typed("pc", d.referral, f.name, canonical(f.name, v), canonical(f.name, at(before, f.path)))
	return nil
}

func (p *people) portalEdits(g *rand.Rand, d *deal) error {
	all := mappedFields()
	f := all[g.IntN(len(all))]
	_, v := f.value(g)
	return p.put(d, "pc", f, v)
}

// takesBack is somebody who does not agree with what the product has just written.
func (p *people) takesBack(g *rand.Rand, d *deal) error {
	side, record := "crm", d.opportunity
	if g.IntN(2) == 0 {
		side, record = "pc", d.referral
	}
	all := mappedFields()
	for _, i := range g.Perm(len(all)) {
		f := all[i]
		last, ok := p.before[stand{side, record, f.name}]
		if !ok || last.was == "" || time.Since(last.at) > 30*time.Second {
			continue
		}
		var v any = last.was
		if f.name == "dealValue" {
			v = json.Number(last.was)
		}
		err := p.put(d, side, f, v)
		if n := len(p.edits); err == nil && n > 0 && p.edits[n-1].value == last.was {
			p.edits[n-1].undo = true
		}
		return err
	}
	return errNothing
}

func (p *people) timePasses(g *rand.Rand, _ *deal) error {
	d := []time.Duration{time.Second, 20 * time.Second, 3 * time.Minute, 30 * time.Minute}[g.IntN(4)]
	if g.IntN(8) == 0 && !p.run.lockedOut { // seldom: much is read anew after that
		d = []time.Duration{6 * time.Hour, 26 * time.Hour}[g.IntN(2)]
	}
	p.run.pass(d)
	return nil
}

func (p *people) crmHelp(g *rand.Rand, d *deal) error {
	err := p.update(d, doc{"cosell_help": 700010000 + g.IntN(6)})
	d.help = d.help || err == nil
	return err
}

func (p *people) solutionRows(d *deal) (ids []string) {
	for _, id := range p.dv.IDs("cosell_solution") {
		if row := p.dv.Row("cosell_solution", id); row["_cosell_opportunityid_value"] == d.opportunity {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p *people) crmSolution(g *rand.Rand, d *deal) error {
	if d.opportunity == "" {
		return errNothing
	}
	rows := p.solutionRows(d)
	p.unleave(d.opportunity, "solutions")
	switch n := g.IntN(3); {
	case n == 0 && len(rows) < 2:
		return p.addSolution(d, 1)
	case len(rows) == 0:
		return p.addSolution(d, 0)
	case n == 1:
		id := rows[g.IntN(len(rows))]
		do := []string{"delete", "deactivate"}[g.IntN(2)]
		if do == "deactivate" && text(p.dv.Row("cosell_solution", id)["statecode"]) == "1" {
			do = "activate"
		}
		_, err := p.crm(doc{"do": do, "table": "cosell_solution", "id": id})
		return err
	default:
		_, err := p.crm(doc{"do": "update", "table": "cosell_solution", "id": rows[g.IntN(len(rows))], "columns": doc{"cosell_quantity": 1 + g.IntN(9)}})
		return err
	}
}

func (p *people) crmCloses(g *rand.Rand, d *deal) error {
	if d.opportunity == "" {
		return errNothing
	}
	do := []string{"win", "lose", "reopen"}[g.IntN(3)]
	act := doc{"do": do, "table": "opportunity", "id": d.opportunity}
	if do != "reopen" {
		act["reason"] = "because"
	}
	_, err := p.crm(act)
	if err == nil {
		p.acted[d.opportunity] = time.Now()
		p.closed[d.opportunity] = map[string]string{"win": "1", "lose": "2", "reopen": "0"}[do]
	}
	return err
}

func (p *people) crmDeletes(g *rand.Rand, d *deal) error {
	if d.opportunity == "" {
		return errNothing
	}
	referral := strings.ToLower(text(p.dv.Row("opportunity", d.opportunity)["cosell_referralid"]))
	_, err := p.crm(doc{"do": "delete", "table": "opportunity", "id": d.opportunity})
	if err == nil && p.unheardOf(d.opportunity) {
		d.dropped = true
	} else if err == nil {
		if referral != "" && !p.asks[referral] { // a link that an operator asked for and nobody has answered need not be known to anybody
			p.ended[referral] = time.Now()
		}
		p.gone["opportunity|"+d.opportunity], d.dropped = time.Now(), true
	}
	return err
}

func (p *people) crmCustomer(g *rand.Rand, d *deal) error {
	if g.IntN(2) == 0 {
		_, err := p.crm(doc{"do": "update", "table": "contact", "id": dataversesim.ContactID, "columns": doc{"telephone1": fmt.Sprintf("+49 40 %d", 1000+g.IntN(9000))}})
		return err
	}
	_, err := p.crm(doc{"do": "update", "table": "account", "id": dataversesim.AccountID, "columns": doc{"address1_city": fmt.Sprintf("Hamburg %d", g.IntN(9))}})
	return err
}

func (p *people) crmTeam(g *rand.Rand, d *deal) error {
	switch {
	case d.opportunity == "":
		return errNothing
	case g.IntN(2) == 0:
		return p.update(d, doc{"ownerid@odata.bind": "/systemusers(" + []string{dataversesim.SellerID, dataversesim.CloserID}[g.IntN(2)] + ")"})
	}
	_, err := p.crm(doc{"do": "create", "table": "connection", "columns": doc{"record1id_opportunity@odata.bind": "/opportunities(" + d.opportunity + ")",
		"record2id_systemuser@odata.bind": "/systemusers(" + dataversesim.CloserID + ")", "record2roleid@odata.bind": "/connectionroles(" + dataversesim.SalesProfessionalRoleID + ")"}})
	return err
}

func (p *people) crmMerges(g *rand.Rand, d *deal) error {
	accounts := p.dv.IDs("account")
	loser := accounts[g.IntN(len(accounts))]
	if loser == dataversesim.AccountID {
		return errNothing
	}
	_, err := p.crm(doc{"do": "merge", "id": dataversesim.AccountID, "loser": loser})
	return err
}

func (p *people) crmLead(g *rand.Rand, d *deal) error {
	leads := p.dv.IDs("lead")
	if len(leads) == 0 {
		return errNothing
	}
	id := leads[g.IntN(len(leads))]
	do := []string{"qualify", "disqualify", "reopen", "update", "delete"}[min(g.IntN(9)/2, 4)]
	act := doc{"do": do, "table": "lead", "id": id}
	switch {
	case do == "update":
		act["columns"] = doc{"description": fmt.Sprintf("About the lead, %d", g.IntN(100))}
	case do == "qualify" && g.IntN(3) == 0:
		act["make"] = []string{"account", "contact"}
	}
	before := p.dv.Row("lead", id)
	_, err := p.crm(act)
	if columns, ok := act["columns"].(doc); ok && err == nil && !p.wentOn(id) { // what a deal was made of says nothing of it any more
		p.typedOnLead(before, id, text(columns["description"]))
	}
	if err == nil {
		if p.acted[id] = time.Now(); do == "delete" && !p.unheardOf(id) {
			p.gone["lead|"+id] = time.Now()
		}
		for _, d := range p.deals { // it is a deal of another kind from now on
			d.dropped = d.dropped || p.dv.Row("lead", id)["cosell_referralid"] == d.referral || do == "delete" && d.born == "lead"
		}
	}
	return err
}

func (p *people) portalAnswers(g *rand.Rand, d *deal) error {
	do := "accept"
	if g.IntN(3) == 0 {
		do = "decline"
	}
	act := doc{"do": do}
	if do == "decline" {
		act["reason"] = "Others"
	}
	return p.own(d, "user", act)
}

func (p *people) portalCloses(g *rand.Rand, d *deal) error {
	act := doc{"do": []string{"win", "lose", "error"}[min(g.IntN(5)/2, 2)]}
	if act["do"] != "win" {
		act["reason"] = "Others"
	}
	return p.own(d, "user", act)
}

func (p *people) portalSolution(g *rand.Rand, d *deal) error {
	s := catalogued()[g.IntN(2)]
	list := []any{doc{"id": s[0], "name": s[1], "type": "Name"}}
	if g.IntN(2) == 0 {
		other := catalogued()[0]
		if other[0] != s[0] {
			list = append(list, doc{"id": other[0], "name": other[1], "type": "Name"})
		}
	}
	p.unleave(d.referral, "solutions")
	return p.own(d, "user", doc{"do": "update", "changes": doc{"/details/requirements/solutions": list}})
}

func (p *people) sellerAnswers(g *rand.Rand, d *deal) error {
	if d.microsoft == "" {
		return errNothing
	}
	act := doc{"do": []string{"accept", "accept", "decline", "win", "lose"}[g.IntN(5)]}
	if act["do"] == "decline" || act["do"] == "lose" {
		act["reason"] = "Others"
	}
	return p.own(d, "seller", act)
}

// at reads a JSON pointer of a document.
func at(d map[string]any, path string) any {
	var v any = d
	for _, name := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}
