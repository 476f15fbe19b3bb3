package simulate

import (
	"math/rand/v2"
	"slices"
	"time"
)

// What the systems refuse and change for a while: rules, privileges, plug-ins, definitions, outages.

func (p *people) rule(g *rand.Rand, _ *deal) error {
	r := p.run
	if g.IntN(2) == 0 {
		column := []string{"name", "estimatedvalue", "estimatedclosedate", "description", "cosell_*", "statecode", ""}[g.IntN(7)]
		match := doc{"table": "opportunity"}
		rule := doc{"match": match}
		if column != "" {
			match["column"], rule["field"] = column, g.IntN(2) == 0
		}
		if g.IntN(3) == 0 {
			rule["times"] = 1 + g.IntN(3)
		}
		_, err := r.dv.call("POST", "/rules", rule)
		r.weather = r.weather || err == nil
		return err
	}
	path := []string{"name", "details/dealValue", "details/closingDateTime", "details/notes", "details/requirements/solutions", "externalReferenceId", "status", ""}[g.IntN(8)]
	match := doc{}
	rule := doc{"match": match}
	if path != "" {
		match["path"], rule["field"] = path, g.IntN(2) == 0
	}
	if g.IntN(3) == 0 {
		rule["times"] = 1 + g.IntN(3)
	}
	_, err := r.pc.call("POST", "/rules", rule)
	r.weather = r.weather || err == nil
	return err
}

// ruleless ends all rules.
func (r *run) ruleless() error {
	if _, err := r.dv.call("DELETE", "/rules", nil); err != nil {
		return err
	}
	_, err := r.pc.call("DELETE", "/rules", nil)
	return err
}

// rightsTables are those on which the application user needs rights.
func rightsTables() []string {
	return []string{"opportunity", "lead", "account", "contact", "cosell_solution", "connection", "systemuser", "transactioncurrency"}
}

func (p *people) privilege(g *rand.Rand, _ *deal) error {
	table := rightsTables()[g.IntN(len(rightsTables()))]
	operation := []string{"create", "read", "write", "append", "appendTo"}[g.IntN(5)]
	_, err := p.run.dv.call("POST", "/privileges", doc{"table": table, "operation": operation, "allowed": false})
	p.run.denied = append(p.run.denied, [2]string{table, operation})
	p.run.hidden = p.run.hidden || table == "connection"
	p.run.weather = p.run.weather || err == nil
	return err
}

func (p *people) plugin(g *rand.Rand, _ *deal) error {
	one := []doc{
		{"table": "opportunity", "column": "name", "do": "trim"}, {"table": "opportunity", "column": "name", "do": "upper"},
		{"table": "opportunity", "column": "estimatedvalue", "do": "round", "to": "100"}, {"table": "opportunity", "column": "name", "do": "prefix", "to": "NW "},
		{"table": "opportunity", "column": "estimatedvalue", "do": "answer", "columns": doc{"description": "valued by the automation"}, "after": "2s", "times": 2},
		{"table": "opportunity", "column": "description", "do": "keep", "times": 2},
		{"table": "opportunity", "column": "estimatedvalue", "do": "keep"}, // and each write is answered, below
	}[g.IntN(7)]
	if one["do"] == "prefix" && !*findings && !slices.Contains(p.run.plan.own, "SYNC_CHECK_MARK=false") {
		one = doc{"table": "opportunity", "column": "name", "do": "trim"} // known: the mark goes before the prefix, which goes before the mark
	}
	_, err := p.run.dv.call("POST", "/plugins", one)
	if one["do"] == "keep" && one["times"] == nil {
		_, err = p.run.dv.call("POST", "/plugins", doc{"table": "opportunity", "column": "estimatedvalue", "do": "answer", "columns": doc{"description": "looked at"}, "after": "2s"})
	}
	p.run.changed = p.run.changed || err == nil
	return err
}

// shortName is how many characters the CRM keeps of a name where an administrator has made the column shorter.
const shortName = 12

func (p *people) schema(g *rand.Rand, _ *deal) error {
	one := []doc{
		{"do": "length", "table": "opportunity", "column": "description", "length": 10}, {"do": "length", "table": "opportunity", "column": "name", "length": shortName},
		{"do": "require", "table": "opportunity", "column": "budgetamount"}, {"do": "require", "table": "opportunity", "column": "budgetamount", "level": "None"},
		{"do": "add", "table": "opportunity", "column": "new_region", "type": "String", "length": 20},
		{"do": "option", "table": "opportunity", "column": "statuscode", "value": 77, "label": "Parked", "state": 0},
	}[g.IntN(6)]
	_, err := p.run.dv.call("POST", "/schema", one)
	p.run.changed = p.run.changed || err == nil
	return err
}

// redeliver lets both systems send every event again.
func (r *run) redeliver() error {
	for _, s := range []*system{r.pc, r.dv} {
		if _, err := s.call("POST", "/redeliver", doc{"all": true}); err != nil {
			return err
		}
	}
	return nil
}

// crash kills a process that runs, whatever it does.
func (p *people) crash(g *rand.Rand, _ *deal) error {
	r := p.run
	s := r.layout[g.IntN(len(r.layout))]
	at := r.fleet[s.name]
	if at == nil || at.dead {
		return errNothing
	}
	at.dead = true
	r.crashed(at)
	r.sweep()
	return nil
}

// outage lets one of the parts be away for a while: the tables, the queues, or one of the systems.
func (p *people) outage(g *rand.Rand, _ *deal) error {
	r := p.run
	r.away = site(g.IntN(int(siteQueue) + 1))
	r.awayUntil = time.Now().Add([]time.Duration{20 * time.Second, 10 * time.Minute, 6 * time.Hour}[g.IntN(3)])
	return nil
}

// fair ends all faults and all that refuses: what follows is a quiet world.
func (r *run) fair() {
	r.calm, r.away = true, 0
	r.must(r.ruleless())
	if r.lockedOut {
		r.must(r.letIn())
	}
	for _, d := range r.denied {
		_, err := r.dv.call("POST", "/privileges", doc{"table": d[0], "operation": d[1], "allowed": true})
		r.must(err)
	}
	for _, s := range []*system{r.pc, r.dv} {
		_, err := s.call("POST", "/delivery", doc{})
		r.must(err)
	}
	_, err := r.dv.call("DELETE", "/plugins", nil)
	r.must(err)
	if r.changed {
		for _, one := range []doc{{"do": "length", "table": "opportunity", "column": "description", "length": 2000}, {"do": "length", "table": "opportunity", "column": "name", "length": 300},
			{"do": "require", "table": "opportunity", "column": "budgetamount", "level": "None"}} {
			_, err := r.dv.call("POST", "/schema", one)
			r.must(err)
		}
	}
}
