package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

type doc map[string]any

// people are everybody who works in the two systems' own screens, and what they remember.
type people struct {
	run      *run
	pc       *partnercentersim.Sim
	dv       *dataversesim.Simulator
	deals    []*deal
	did      map[string]int // acts by name that a system took
	edits    []*edit
	beside   []*edit                   // of leads that are closed and whose deal goes on: they may cross
	standing map[stand]*edit           // the newest edit of a field, as long as nobody has replaced its value
	before   map[stand]replacement     // what the product wrote last
	ended    map[string]time.Time      // referrals whose record in the CRM somebody deleted or unlinked
	asks     map[string]bool           // referrals that an operator wants linked, until that is answered
	closed   map[string]string         // how a person closed an opportunity, by id
	chosen   map[string]bool           // opportunities for which a person has chosen a partner
	left     map[stand]bool            // fields of opportunities that an operator has let be: both sides keep what they hold
	wed      map[string][]string       // which records have been one pair
	seen     map[stand]map[string]bool // values that a field has held
	asked    map[string]int            // how often somebody asked Microsoft again, by opportunity
	gone     map[string]time.Time      // what somebody deleted, by table|id
	unnoted  map[string]bool           // rows of the CRM that the product has made and has not noted since, by id in small letters
	foreign  map[string]string         // what somebody typed as the identifier of another record, by record, in small letters
	acted    map[string]time.Time      // when somebody last decided the fate of a record by hand, by id
}

// deal is one customer's business, wherever it began.
type deal struct {
	n           int
	born        string // "crm", "portal", "portal help", "invitation", "lead", "assessment"; "" not yet
	opportunity string
	referral    string
	microsoft   string
	help        bool
	dropped     bool // somebody deleted or unlinked a part of it: what becomes of the rest is another question
}

// edit is a value that a person typed.
type edit struct {
	at       time.Time
	side     string // "crm" or "pc"
	record   string
	field    string
	value    string
	before   string
	deal     int
	undo     bool // takes back what the product wrote
	replaced bool // by the product
	against  bool // what was typed last on the other side had not arrived here
}

func newPeople(r *run, pc *partnercentersim.Sim, dv *dataversesim.Simulator) people {
	p := people{run: r, pc: pc, dv: dv, did: map[string]int{}, asked: map[string]int{}, foreign: map[string]string{}, gone: map[string]time.Time{}, unnoted: map[string]bool{}, acted: map[string]time.Time{}, standing: map[stand]*edit{}, before: map[stand]replacement{}, ended: map[string]time.Time{}, asks: map[string]bool{}, closed: map[string]string{}, chosen: map[string]bool{}, left: map[stand]bool{}, seen: map[stand]map[string]bool{}, wed: map[string][]string{}}
	for n := range r.plan.deals {
		p.deals = append(p.deals, &deal{n: n})
	}
	return p
}

// next is the number of another deal.
func (p *people) next() (n int) {
	for _, d := range p.deals {
		n = max(n, d.n+1)
	}
	return n
}

// id makes the id of the n-th thing of a kind, the same in every run of the seed.
func (p *people) id(kind string, n int) string {
	a, b := mix(p.run.seed, hashOf(kind), uint64(n)), mix(p.run.seed, hashOf(kind), uint64(n), 1)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// crm does something in the CRM; err is the CRM's refusal.
func (p *people) crm(act doc) (id string, err error) {
	out, err := p.run.dv.call("POST", "/user", act)
	if err != nil {
		return "", err
	}
	p.did[fmt.Sprint("crm ", act["do"])]++
	var made struct{ ID string }
	err = json.Unmarshal(out, &made)
	return made.ID, err
}

type acted struct{ ID, EngagementID, MicrosoftID string }

// portal does something in Partner Center: as the partner's person, or as Microsoft's seller.
func (p *people) portal(who string, act doc) (out acted, err error) {
	text, err := p.run.pc.call("POST", "/"+who, act)
	if err != nil {
		return out, err
	}
	p.did[fmt.Sprint(who, " ", act["do"])]++
	return out, json.Unmarshal(text, &out)
}

// look finds out what a deal has become in both systems, as people see it on their screens.
func (p *people) look(d *deal) {
	if d.opportunity != "" && d.referral == "" {
		if row := p.dv.Row("opportunity", d.opportunity); row != nil {
			d.referral, _ = row["cosell_referralid"].(string)
		}
	}
	if d.referral == "" {
		return
	}
	own := p.pc.Referral(d.referral)
	if own == nil {
		return
	}
	if id, _ := own["externalReferenceId"].(string); d.opportunity == "" && p.dv.Row("opportunity", strings.ToLower(id)) != nil {
		d.opportunity = strings.ToLower(id)
	}
	if d.microsoft == "" {
		for _, id := range p.pc.IDs() {
			if id != d.referral && p.pc.Engagement(id) == own["engagementId"] {
				d.microsoft = id
			}
		}
	}
}

// operation is one thing that people do, or that happens around them.
type operation struct {
	name   string
	weight int
	always bool // in every run
	do     func(p *people, g *rand.Rand, d *deal) error
}

// operate does the i-th operation of the run. Its chances are its own: leaving another one out changes nothing of it.
func (r *run) operate(i int) {
	g := rand.New(rand.NewPCG(r.seed, 1000+uint64(i)))
	d := r.deals[g.IntN(len(r.deals))]
	all, total := operations(), 0
	for _, o := range all {
		total += r.plan.weights[o.name]
	}
	if r.plan.skip[i] {
		return
	}
	name, err := "begin", errNothing
	r.people.look(d)
	for try := 0; try < 8 && err == errNothing; try++ { // where there is nothing to do that with, people do something else
		do := func(p *people, g *rand.Rand, d *deal) error { return p.begin(g, d) }
		if d.born != "" {
			at := g.IntN(total)
			o := all[slices.IndexFunc(all, func(o operation) bool { at -= r.plan.weights[o.name]; return at < 0 })]
			name, do = o.name, o.do
		}
		r.say("%d. deal %d (%s): %s", i, d.n, d.born, name)
		err = do(&r.people, g, d)
	}
	if err == nil {
		r.done[name]++
	} else {
		r.say("    refused: %.200s", err)
	}
	if err != errNothing {
		r.happened++
	}
	r.hash = mix(r.hash, uint64(i), hashOf(name), uint64(time.Now().UnixNano()))
}

// begin is how a deal comes into the world.
func (p *people) begin(g *rand.Rand, d *deal) error {
	name := fmt.Sprintf("Deal %d", d.n)
	switch n := mix(p.run.seed, uint64(d.n), 5) % 10; {
	case n < 4:
		d.born = "crm"
		d.opportunity = p.id("opportunity", d.n)
		columns := newOpportunity(name)
		if g.IntN(2) == 0 {
			columns["cosell_help"] = 700010000 + g.IntN(6)
			d.help = true
		}
		if g.IntN(3) == 0 {
			columns["cosell_sync"] = true
		}
		if _, err := p.crm(doc{"do": "create", "table": "opportunity", "id": d.opportunity, "columns": columns}); err != nil {
			return err
		}
		if err := p.addSolution(d, 0); err != nil {
			return err
		}
		return p.update(d, doc{"cosell_sync": true})
	case n < 7:
		d.born, d.referral = "portal", p.id("referral", d.n)
		act := doc{"do": "create", "id": d.referral, "referral": doc{"name": name, "customerProfile": p.customer(g)}}
		if g.IntN(2) == 0 {
			d.born, act["help"] = "portal help", "GeneralOrOther"
		}
		out, err := p.portal("user", act)
		d.microsoft = out.MicrosoftID
		return err
	case n < 9:
		d.born = "invitation"
		act := doc{"do": "invite", "referral": doc{"customerProfile": p.customer(g)}}
		if g.IntN(6) == 0 {
			d.born, act["kind"] = "assessment", "assessment"
		}
		out, err := p.portal("seller", act)
		d.referral, d.microsoft = out.ID, out.MicrosoftID
		return err
	}
	d.born = "lead"
	act := doc{"do": "lead"}
	if g.IntN(2) == 0 {
		act["kind"] = "marketplace"
	}
	out, err := p.portal("seller", act)
	d.referral = out.ID
	return err
}

// newOpportunity are the columns that a person fills in.
func newOpportunity(name string) doc {
	return doc{"name": name, "estimatedvalue": 85000, "estimatedclosedate": "2026-06-30", "description": "The customer wants to forecast stock.",
		"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + dataversesim.EuroID + ")", "parentaccountid@odata.bind": "/accounts(" + dataversesim.AccountID + ")",
		"parentcontactid@odata.bind": "/contacts(" + dataversesim.ContactID + ")"}
}

func (p *people) customer(g *rand.Rand) doc {
	n := g.IntN(4)
	if n == 0 {
		return doc{"name": "Tailspin Toys GmbH", "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "state": "HH", "postalCode": "20095", "country": "DE"}}
	}
	return wingtip(n)
}

// wingtip is the n-th customer that the CRM does not know.
func wingtip(n int) doc {
	return doc{"name": fmt.Sprintf("Wingtip %d SA", n), "address": doc{"addressLine1": "1 rue A", "city": "Paris", "postalCode": "75001", "country": "FR"},
		"team": []any{doc{"firstName": "Zoe", "lastName": "Wingtip", "email": fmt.Sprintf("zoe%d@wingtip.example", n), "phoneNumber": "+33 1 5550100"}}}
}

// catalogued are the solutions that a deal can name.
func catalogued() [][2]string {
	return [][2]string{{"SOL-12345-ABC", "Northwind Forecast"}, {"SOL-15974-MQF", "Northwind Insight"}}
}

func (p *people) addSolution(d *deal, n int) error {
	s := catalogued()[n%len(catalogued())]
	_, err := p.crm(doc{"do": "create", "table": "cosell_solution", "columns": doc{"cosell_name": s[1], "cosell_identifier": s[0],
		"cosell_OpportunityId@odata.bind": "/opportunities(" + d.opportunity + ")"}})
	return err
}

// typed remembers what a person typed into a field.
func (p *people) typed(side, record, field, value, before string) {
	p.sees(side, record, field, before)
	p.sees(side, record, field, value)
	if value != before {
		p.unleave(record, field)
		e := &edit{at: time.Now(), side: side, record: record, field: field, value: value, before: before, deal: p.dealOf(record)}
		e.against = p.contested(e)
		p.edits = append(p.edits, e)
		p.standing[stand{side, record, field}] = e
		p.run.say("    %s of %s %s is set to %q and was %q", field, side, record, value, before)
	}
}

// typedOnLead notes what somebody typed into a lead: into one that is closed it may cross, and need not.
func (p *people) typedOnLead(lead map[string]any, id, description string) {
	if text(lead["statecode"]) == "0" {
		p.typed("crm", id, "notes", description, text(lead["description"]))
		return
	}
	p.beside = append(p.beside, &edit{at: time.Now(), side: "crm", record: id, field: "notes", value: description})
}

// unleave ends what an operator has let be of a field, on whichever side it is typed by now.
func (p *people) unleave(record, field string) {
	maps.DeleteFunc(p.left, func(at stand, _ bool) bool {
		return at.field == field && (at.record == record || slices.Contains(p.wed[at.record], record))
	})
}

// contested says whether somebody has typed another value on the other side, last, that had not arrived where this one was typed.
func (p *people) contested(e *edit) bool {
	for _, o := range slices.Backward(p.edits) {
		if o.side != e.side && o.field == e.field && o.deal == e.deal {
			return !p.seen[stand{e.side, e.record, e.field}][o.value]
		}
	}
	return false
}

// dealOf is the deal that a record belongs to, -1 for none.
func (p *people) dealOf(record string) int {
	if p.dv != nil {
		if lead := p.dv.Row("lead", record); lead != nil {
			record = strings.ToLower(text(lead["cosell_referralid"]))
		}
	}
	return slices.IndexFunc(p.deals, func(d *deal) bool { return d.opportunity == record || d.referral == record })
}

// sees remembers what a field held.
func (p *people) sees(side, record, field, value string) {
	at := stand{side, record, field}
	if p.seen[at] == nil {
		p.seen[at] = map[string]bool{}
	}
	p.seen[at][value] = true
}

// wentOn says whether an opportunity was made of a lead, though that may be open again.
func (p *people) wentOn(lead string) bool {
	return slices.ContainsFunc(p.dv.IDs("opportunity"), func(id string) bool {
		return strings.EqualFold(text(p.dv.Row("opportunity", id)["_originatingleadid_value"]), lead)
	})
}
