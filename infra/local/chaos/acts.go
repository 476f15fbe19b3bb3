package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// act is one thing that somebody does with a deal.
type act struct {
	name   string
	weight int
	do     func(s *stage, g *rand.Rand, d *deal, b board) error
}

// acts are everything that people do: every call of the control interface's user and seller.
func acts() []act {
	portal := func(make func(g *rand.Rand) fields) func(*stage, *rand.Rand, *deal, board) error {
		return func(s *stage, g *rand.Rand, d *deal, _ board) error { return s.own(d, s.portal, make(g)) }
	}
	seller := func(make func(g *rand.Rand) fields) func(*stage, *rand.Rand, *deal, board) error {
		return func(s *stage, g *rand.Rand, d *deal, _ board) error { return s.own(d, s.seller, make(g)) }
	}
	columns := func(make func(g *rand.Rand) fields) func(*stage, *rand.Rand, *deal, board) error {
		return func(s *stage, g *rand.Rand, d *deal, _ board) error { return s.update(d, make(g)) }
	}
	return []act{
		{"CRM: help", 2, columns(func(g *rand.Rand) fields { return fields{"cosell_help": 700010000 + g.IntN(6)} })},
		{"CRM: visible", 2, columns(func(g *rand.Rand) fields { return fields{"cosell_visible": g.IntN(3) > 0} })},
		{"CRM: status reason", 2, columns(func(g *rand.Rand) fields { return fields{"statuscode": 1 + g.IntN(2)} })},
		{"CRM: currency", 1, columns(func(g *rand.Rand) fields {
			return fields{"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + pick(g, []string{euroID, dollarID}) + ")"}
		})},
		{"CRM: sync", 1, switchSync},
		{"CRM: action", 2, chooseAction},
		{"CRM: solution", 4, changeSolutions},
		{"CRM: closes", 2, closeInCRM},
		{"CRM: deletes", 1, deleteInCRM},
		{"CRM: lead", 3, workOnLead},
		{"CRM: merges", 1, mergeAccounts},
		{"portal: accepts", 4, portal(func(*rand.Rand) fields { return fields{"do": "accept"} })},
		{"portal: declines", 1, portal(func(*rand.Rand) fields { return fields{"do": "decline", "reason": "Others"} })},
		{"portal: help", 2, portal(func(*rand.Rand) fields {
			return fields{"do": "update", "help": "ProofOfConceptOrDemo", "notes": "please"}
		})},
		{"portal: solutions", 2, portal(func(g *rand.Rand) fields {
			one := pick(g, catalogued())
			return fields{"do": "update", "changes": fields{"/details/requirements/solutions": []any{fields{"id": one[0], "name": one[1], "type": "Name"}}}}
		})},
		{"portal: closes", 1, closeInPortal},
		{"portal: registers", 1, portal(func(*rand.Rand) fields {
			return fields{"do": "register", "registration": fields{"contract": fields{"value": 30000}}}
		})},
		{"seller: accepts", 3, seller(func(*rand.Rand) fields { return fields{"do": "accept", "name": "Max Seller"} })},
		{"seller: closes", 1, seller(func(g *rand.Rand) fields {
			return fields{"do": pick(g, []string{"decline", "win", "lose"}), "reason": "Others"}
		})},
		{"seller: edits", 2, seller(func(g *rand.Rand) fields {
			return fields{"do": "edit", "changes": fields{"/details/dealValue": 1000 + g.IntN(90000)}}
		})},
		{"seller: upgrades", 1, seller(func(*rand.Rand) fields { return fields{"do": "upgrade", "help": "GeneralOrOther"} })},
		{"seller: registration", 1, seller(func(*rand.Rand) fields { return fields{"do": "registration", "status": "Approved"} })},
	}
}

// work is one random thing that people do: most of the time somebody types.
func (s *stage) work() error {
	b, err := s.look()
	if err != nil {
		return err
	}
	among := s.deals
	if alive := s.alive(); len(alive) > 0 && s.g.IntN(5) > 0 {
		among = alive
	}
	d := pick(s.g, among)
	if s.g.IntN(5) < 3 {
		f, side := pick(s.g, mappedFields()), pick(s.g, []string{inCRM, inPortal})
		if err := s.types(d, side, f); err != nil || s.g.IntN(6) > 0 {
			return err
		}
		return s.types(d, map[string]string{inCRM: inPortal, inPortal: inCRM}[side], f) // both at once
	}
	a := weighed(s.g, acts(), func(a act) int { return a.weight })
	return s.did(d, a.name, a.do(s, s.g, d, b))
}

func switchSync(s *stage, g *rand.Rand, d *deal, _ board) error {
	on := g.IntN(3) > 0
	d.dropped = d.dropped || !on
	return s.update(d, fields{"cosell_sync": on})
}

func chooseAction(s *stage, g *rand.Rand, d *deal, _ board) error {
	action := 1 + g.IntN(5)
	if action > 2 { // links and unlinks
		d.dropped = true
	}
	d.again++
	return s.update(d, fields{"cosell_action": action})
}

func changeSolutions(s *stage, g *rand.Rand, d *deal, b board) error {
	if d.opportunity == "" {
		return errNothing
	}
	var rows []string
	for _, id := range sortedKeys(b.tables["cosell_solution"]) {
		if text(b.tables["cosell_solution"][id]["_cosell_opportunityid_value"]) == d.opportunity {
			rows = append(rows, id)
		}
	}
	switch n := g.IntN(3); {
	case len(rows) < 2 && n == 0 || len(rows) == 0:
		return s.addSolution(d, len(rows))
	case n == 1 && len(rows) > 1:
		_, err := s.crm(fields{"do": "delete", "table": "cosell_solution", "id": pick(g, rows)})
		return err
	}
	_, err := s.crm(fields{"do": "update", "table": "cosell_solution", "id": pick(g, rows), "columns": fields{"cosell_quantity": 1 + g.IntN(9)}})
	return err
}

func closeInCRM(s *stage, g *rand.Rand, d *deal, _ board) error {
	if d.opportunity == "" {
		return errNothing
	}
	do := pick(g, []string{"win", "lose", "reopen"})
	d.closed = true
	if do == "reopen" {
		d.again++
	}
	_, err := s.crm(fields{"do": do, "table": "opportunity", "id": d.opportunity, "reason": map[bool]string{true: "", false: "because"}[do == "reopen"]})
	return err
}

func closeInPortal(s *stage, g *rand.Rand, d *deal, _ board) error {
	do := pick(g, []string{"win", "lose", "error"})
	act := fields{"do": do}
	if do != "win" {
		act["reason"] = "Others"
	}
	d.closed = true
	return s.own(d, s.portal, act)
}

func deleteInCRM(s *stage, _ *rand.Rand, d *deal, _ board) error {
	if d.opportunity == "" {
		return errNothing
	}
	_, err := s.crm(fields{"do": "delete", "table": "opportunity", "id": d.opportunity})
	d.dropped = d.dropped || err == nil
	return err
}

func workOnLead(s *stage, g *rand.Rand, d *deal, b board) error {
	for _, id := range sortedKeys(b.tables["lead"]) {
		if d.lead && strings.EqualFold(text(b.tables["lead"][id]["cosell_referralid"]), d.referral) {
			do := pick(g, []string{"qualify", "update", "update", "disqualify"})
			act := fields{"do": do, "table": "lead", "id": id}
			if do == "update" {
				act["columns"] = fields{"description": fmt.Sprintf("About the lead, %d", s.next())}
			} else {
				d.dropped = true // it is a deal of another kind from now on
			}
			_, err := s.crm(act)
			return err
		}
	}
	return errNothing
}

// mergeAccounts puts together two accounts that one customer has. Deals whose account goes are left to other tests.
func mergeAccounts(s *stage, g *rand.Rand, d *deal, b board) error {
	account := text(b.tables["opportunity"][d.opportunity]["_parentaccountid_value"])
	other, err := s.crm(fields{"do": "create", "table": "account", "columns": fields{"name": fmt.Sprintf("%s other %d", s.tag, s.next()), "address1_country": "DE"}})
	if account == "" || err != nil {
		return errNothing
	}
	_, err = s.crm(fields{"do": "merge", "table": "account", "id": account, "loser": other})
	return err
}
