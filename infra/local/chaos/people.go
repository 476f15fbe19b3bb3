package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The CRM's seed: the currencies, and two people.
const (
	euroID   = "c0000000-0000-4000-8000-000000000978"
	dollarID = "c0000000-0000-4000-8000-000000000840"
)

// births are the ways in which a deal comes into the world.
func births() []string {
	return []string{"crm", "crm help", "portal", "portal help", "invitation", "lead"}
}

// catalogued are solutions that a deal can name.
func catalogued() [][2]string {
	return [][2]string{{"SOL-12345-ABC", "Northwind Forecast"}, {"SOL-15974-MQF", "Northwind Insight"}}
}

// name is a text that nobody has typed before.
func (s *stage) name(d *deal) string {
	return fmt.Sprintf("%s deal %d, edition %d", s.tag, d.n, s.next())
}

// alive are the deals that nobody has closed or dropped.
func (s *stage) alive() []*deal {
	return slices.DeleteFunc(slices.Clone(s.deals), func(d *deal) bool { return d.dropped || d.closed })
}

// born makes a deal.
func (s *stage) born(kind string) (*deal, error) {
	d := &deal{n: len(s.deals), born: kind}
	s.deals = append(s.deals, d)
	var err error
	switch kind {
	case "crm", "crm help":
		err = s.bornInCRM(d, kind == "crm help")
	case "portal", "portal help":
		act := fields{"do": "create", "referral": fields{"name": s.name(d), "customerProfile": s.customer(d)}}
		if kind == "portal help" {
			act["help"], act["notes"] = "GeneralOrOther", "please"
		}
		d.referral, err = s.portal(act)
	case "invitation":
		d.referral, err = s.seller(fields{"do": "invite", "referral": fields{"name": s.name(d), "customerProfile": s.customer(d)}})
	case "lead":
		d.lead = true
		d.referral, err = s.seller(fields{"do": "lead", "kind": "qualified", "referral": fields{"customerProfile": s.customer(d)}})
	}
	if err != nil {
		d.dropped = true // a half of it may be there
	}
	return d, s.did(d, "born: "+kind, err)
}

// bornInCRM makes an account, an opportunity with a solution, and switches it on.
func (s *stage) bornInCRM(d *deal, help bool) error {
	account, err := s.crm(fields{"do": "create", "table": "account", "columns": fields{"name": fmt.Sprintf("%s customer %d", s.tag, d.n),
		"address1_line1": "Musterweg 1", "address1_city": "Hamburg", "address1_postalcode": "20095", "address1_country": "DE"}})
	if err != nil {
		return err
	}
	contact, err := s.crm(fields{"do": "create", "table": "contact", "columns": fields{"firstname": "Ada", "lastname": fmt.Sprintf("Example %d", d.n), "telephone1": "+49405550100",
		"emailaddress1": fmt.Sprintf("ada%d@example.com", s.next()), "parentcustomerid_account@odata.bind": "/accounts(" + account + ")"}})
	if err != nil {
		return err
	}
	columns := fields{"name": s.name(d), "estimatedvalue": 20000 + s.next(), "estimatedclosedate": s.day(), "description": "The customer wants to forecast stock.", "cosell_sync": false,
		"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + euroID + ")", "parentaccountid@odata.bind": "/accounts(" + account + ")",
		"parentcontactid@odata.bind": "/contacts(" + contact + ")"}
	if help {
		columns["cosell_help"] = 700010002
	}
	if d.opportunity, err = s.crm(fields{"do": "create", "table": "opportunity", "columns": columns}); err != nil {
		return err
	}
	if err := s.addSolution(d, 0); err != nil {
		return err
	}
	return s.update(d, fields{"cosell_sync": true})
}

func (s *stage) addSolution(d *deal, n int) error {
	one := catalogued()[n%len(catalogued())]
	_, err := s.crm(fields{"do": "create", "table": "cosell_solution", "columns": fields{"cosell_name": one[1], "cosell_identifier": one[0],
		"cosell_OpportunityId@odata.bind": "/opportunities(" + d.opportunity + ")"}})
	return err
}

func (s *stage) customer(d *deal) fields {
	return fields{"name": fmt.Sprintf("%s customer %d", s.tag, d.n), "address": fields{"addressLine1": "1 rue A", "city": "Paris", "postalCode": "75001", "country": "FR"},
		"team": []any{fields{"firstName": "Zoe", "lastName": fmt.Sprintf("Example %d", d.n), "email": fmt.Sprintf("zoe%d@example.com", s.next()), "phoneNumber": "+33 1 5550100"}}}
}

// day is a day that nobody has chosen before.
func (s *stage) day() string {
	return time.Now().UTC().AddDate(0, 0, 90+s.next()%900).Format(time.DateOnly)
}

func (s *stage) update(d *deal, columns fields) error {
	if d.opportunity == "" {
		return errNothing
	}
	_, err := s.crm(fields{"do": "update", "table": "opportunity", "id": d.opportunity, "columns": columns})
	return err
}

// own does something with the partner's own referral of a deal.
func (s *stage) own(d *deal, who func(fields) (id string, err error), act fields) error {
	if d.referral == "" {
		return errNothing
	}
	act["id"] = d.referral
	_, err := who(act)
	return err
}

// typed is a value that nobody has typed into that field before, as each side writes it.
func (s *stage) typed(f field, d *deal) (value string, crm, portal any) {
	switch f.name {
	case "name":
		value = s.name(d)
	case "value":
		n := 20000 + s.next()
		return fmt.Sprint(n), n, n
	case "date":
		value = s.day()
		return value, value, value + "T00:00:00Z"
	case "notes":
		value = fmt.Sprintf("%s notes %d", s.tag, s.next())
	}
	return value, value, value
}

// types lets a person type a new value into a field on one side.
func (s *stage) types(d *deal, side string, f field) error {
	value, crm, portal := s.typed(f, d)
	e := edit{deal: d, side: side, field: f.name, value: value}
	var err error
	if e.from, err = s.c.Clock(s.ctx); err != nil {
		return err
	}
	if side == inCRM {
		err = s.update(d, fields{f.column: crm})
	} else {
		err = s.own(d, s.portal, fields{"do": "update", "changes": fields{f.path: portal}})
	}
	if err == nil {
		if e.to, err = s.c.Clock(s.ctx); err != nil {
			return err
		}
		s.mu.Lock()
		s.edits = append(s.edits, e)
		s.mu.Unlock()
		s.say(d, "types %s %q in %s", f.name, value, side)
		s.count(side + " types " + f.name)
		return nil
	}
	return s.did(d, side+" types "+f.name, err)
}

func pick[T any](g *rand.Rand, all []T) T { return all[g.IntN(len(all))] }

// weighed picks one as often as its weight says.
func weighed[T any](g *rand.Rand, all []T, weight func(T) int) T {
	var each []T
	for _, one := range all {
		each = append(each, slices.Repeat([]T{one}, weight(one))...)
	}
	return pick(g, each)
}
