package simulate

import (
	"slices"
	"testing"
	"time"
)

// way is how a run begins that has an aim: people do first what a tale tells, and a call that they bring about seldom meets a fault.
type way struct {
	road  string
	site  string
	fate  fate
	hasty bool // people do not wait for what becomes of it
	calm  bool // there is no other trouble before, and every setting and switch is as it is told
}

// road is a short tale that leads to calls which random people bring about so seldom that they would not meet every fault by chance.
// One run in 25 begins with one of them.
type road struct {
	tale
	anew  bool // it is about a customer whom nobody knows yet: told where nothing has been
	sites []string
}

func roads() []road { return append(roadsOfTurns(), roadsOfCalls()...) }

func roadsOfCalls() []road {
	const attributes = "crm GET EntityDefinitions(table)/Attributes/Microsoft.Dynamics.CRM."
	silent := doc{"lose": 1}
	shadow := []string{"SYNC_MODE=shadow"}
	return []road{
		{tale{name: "an operator examines", acts: []act{asks("GET", "operator/doctor", nil)}}, false, []string{"crm GET EntityDefinitions", "crm GET RetrieveProvisionedLanguages(id)", "crm GET WhoAmI", "crm GET asyncoperations",
			"crm GET sdkmessageprocessingsteps", "crm GET serviceendpoints", "crm GET systemusers(id)", "partner center GET mpn"}},
		{tale{name: "a sheet is pushed", acts: []act{column("new_campaign"), asks("POST", "operator/mapping/push", campaignSheet()), timer()}}, false, []string{"crm GET EntityDefinitions(table)/ManyToOneRelationships",
			attributes + "BooleanAttributeMetadata", attributes + "DateTimeAttributeMetadata", attributes + "LookupAttributeMetadata", attributes + "PicklistAttributeMetadata",
			attributes + "StateAttributeMetadata", attributes + "StatusAttributeMetadata", "crm PATCH sdkmessageprocessingsteps(id)", "tables write mappings"}},
		{tale{name: "the answer to a change of the event step is none", acts: []act{column("new_campaign"), befalls("crm PATCH sdkmessageprocessingsteps(id)", 1, stranger), asks("POST", "operator/mapping/push", campaignSheet()), timer()}}, false, []string{"crm GET sdkmessageprocessingsteps(id)"}},
		{tale{name: "a customer with two contacts", acts: []act{portalCreates(doc{"referral": doc{"name": "Deal 1", "customerProfile": twoOfWingtip()}})}}, true, []string{"crm GET connectionroles"}},
		{tale{name: "two deals of one customer at once", asks: true, yields: 128, acts: []act{together(invited(nil), portalCreates(nil))}}, true, []string{"crm PATCH accounts(id)", "crm PATCH contacts(id)", "crm PATCH cosell_solutions(id)", "crm PATCH tasks(id)"}},
		{tale{name: "at once, and no answer tells of the account 0", asks: true, yields: 128, acts: []act{befalls("crm PATCH accounts(id)", 1, stranger), together(invited(nil), portalCreates(nil))}}, true, []string{"crm GET accounts(id)"}},
		{tale{name: "at once, and no answer tells of the contact 1", asks: true, yields: 128, acts: []act{befalls("crm PATCH contacts(id)", 1, stranger), together(invited(nil), portalCreates(nil))}}, true, []string{"crm GET contacts(id)"}},
		{tale{name: "nobody hears who joins the team", posting: silent, acts: []act{creates(nil), timer(), timer(), team(), timer()}}, true, []string{"crm GET connections(id)"}},
		{tale{name: "nobody hears of an accepted lead", posting: silent, acts: []act{lead("qualified"), portal("accept", nil), timer(), timer()}}, true, []string{"crm GET cosell_solutions(id)"}},
		{tale{name: "a lead that is disqualified", acts: []act{lead("marketplace"), leadDoes("disqualify", nil)}}, true, []string{"crm GET tasks(id)", "crm PATCH leads(id)"}},
		{tale{name: "the registration is lost", own: []string{"SYNC_REGISTER=restore"}, acts: []act{asks("POST", "webhookregistration", doc{"overwrite": true}), asks("POST", "webhookregistration/test", doc{}), forgets(), timer(), asks("GET", "webhookregistration", nil)}}, false, []string{
			"partner center GET validationEvent", "partner center POST registration", "partner center POST validationEvents", "partner center PUT registration"}},
		{tale{name: "Partner Center refuses a list", acts: []act{creates(nil), rule("pc", doc{"path": "details/requirements/solutions"}, true), solution("create"), timer(), timer(), ruleless()}}, true, []string{"partner center PUT id"}},
		{tale{name: "a parked message is dropped", acts: []act{lone(), letterDead(), timer(), asksParked("operator/parked/drop")}}, false, []string{"tables get parked", "tables write parked"}},
		{tale{name: "an operator looks", acts: []act{timer(), asks("GET", "operator/report", nil), asks("GET", "operator/mapping", nil)}}, false, []string{"tables get state d", "tables list mappings"}},
		{tale{name: "another system keeps two in step", own: shadow, acts: []act{lone(), naming(nil), namesBack(), edits(doc{"estimatedvalue": 4100}), timer(), edits(doc{"estimatedvalue": 4200}), timer()}}, true, []string{"tables get state y", "tables write state x", "tables write state y"}},
		{tale{name: "tables are lost and somebody edits", acts: []act{creates(nil), loses(), edits(doc{"description": "Notes, edition 5"}), timer()}}, true, []string{"tables list state a", "tables list state e"}},
		{tale{name: "the rows of what is held are lost", acts: []act{lead("qualified"), rule("crm", doc{"table": "opportunity", "column": "name"}, true), portal("accept", nil), timer(), losesRows("h"), ruleless(), leadDoes("update", doc{"columns": doc{"description": "About the lead"}}), timer()}}, true, []string{"tables get state h"}},
		{tale{name: "the timer", acts: []act{timer()}}, true, []string{"tables list state d", "tables list state o", "tables list state x", "tables list state y",
			"tables list state c", "tables write state b", "tables write state d", "tables write state w", "crm GET contacts", "crm GET cosell_solutions", "crm GET leads"}},
		{tale{name: "no event tells of a creation", posting: silent, acts: []act{trouble("pc", "loseAnswer", "POST", "/referrals$"), creates(nil), timer()}}, true, []string{"tables now "}},
		{tale{name: "an operator closes a trial", acts: []act{creates(nil), asksOf("operator/close-test")}}, true, []string{"tables write state a"}},
		{tale{name: "a token that changes with each use", pc: doc{"rotateRefreshToken": true}, acts: []act{waits(2 * time.Hour), timer()}}, false, []string{"vault set partner-center-refresh-token"}},
	}
}

// roadsOfTurns are tales that lead to what the product does so seldom that no chance does: each to a call on the way there.
func roadsOfTurns() (out []road) {
	all := tales()
	for _, to := range []struct{ tale, site string }{
		{"a link that nobody wants any more", "tables get state r"},
		{"unlinked while the referral of a write that nobody knows of cannot be read", "partner center PATCH id"},
		{"what a lead has become was another deal's before", "crm PATCH leads(id)"},
		{"a deal whose row of the tables is lost is looked at first", "queue send referral-wanted"},
		{"nobody sees that Microsoft was asked", "tables now "},
		{"nobody hears that a deal was made, and lists are late", "tables now "},
		{"nobody hears that a deal was made, and clocks are ahead", "tables now "},
		{"a lead that is qualified without an opportunity", "crm GET opportunities"},
	} {
		i := slices.IndexFunc(all, func(x tale) bool { return x.name == to.tale })
		out = append(out, road{all[i], true, []string{to.site}})
	}
	return out
}

// everyWay is one run in so many.
const everyWay = 25

// wayOf is that of a seed, nil where it has none. The seeds go through all calls and faults in turn, so that no long run leaves one out;
// each turn begins at another place, for another layout.
func wayOf(seed uint64) *way {
	if seed%everyWay != 3 {
		return nil
	}
	all := everyAim()
	n := seed / everyWay
	w := all[(n+n/uint64(len(all)))%uint64(len(all))]
	w.hasty, w.calm = mix(seed, 61)%3 == 0, mix(seed, 62)%8 > 0
	return &w
}

// everyAim are the calls that are made seldom with each of their faults. A road that is gone for what the product does there meets
// a few, and two who have to meet are given another chance, as they do not each time.
func everyAim() (out []way) {
	for _, x := range roadsOfTurns() {
		out = append(out, x.aims()[:4]...)
	}
	for _, x := range roadsOfCalls() {
		out = append(out, x.aims()...)
		if x.yields > 0 {
			out = append(out, x.aims()...)
		}
	}
	return out
}

// aims are the calls to which a road leads, with each fault that they can meet.
func (x road) aims() (out []way) {
	for _, site := range x.sites {
		for _, f := range fates() {
			if f.meets(pointNamed(site)) {
				out = append(out, way{road: x.name, site: site, fate: f})
			}
		}
	}
	return out
}

// roadNamed is the road of a name.
func roadNamed(name string) road {
	all := roads()
	return all[slices.IndexFunc(all, func(x road) bool { return x.name == name })]
}

// goes gives a plan its way, with the settings and switches of the tale over those that were drawn.
func (p *plan) goes(w *way) {
	if p.way = w; w == nil {
		return
	}
	x := roadNamed(w.road)
	if x.anew {
		p.past, p.history = "", 0
	}
	if w.calm { // and nothing else that could keep people from getting there
		p.own, p.crm, p.pc, p.skew = nil, doc{}, doc{}, nil
	}
	p.own, p.asks, p.yields = append(p.own, x.own...), p.asks || x.asks, max(p.yields, x.yields)
	for name, v := range x.crm {
		p.crm[name] = v
	}
	for name, v := range x.pc {
		p.pc[name] = v
	}
	x.sets(p)
	if p.posting = x.posting; p.posting == nil {
		p.posting = doc{}
	}
}

// leads lets people do what the way of the run begins with.
func (r *run) leads() {
	w := r.plan.way
	if w == nil {
		return
	}
	r.plan.befalls = nil                                                         // of an earlier time that it was played
	r.people.deals = slices.Insert(r.people.deals, 0, &deal{n: r.people.next()}) // it is about a deal of its own
	for _, a := range roadNamed(w.road).acts {
		if len(r.broken) > 0 || r.calm {
			break
		}
		r.say("on the way to %s: %s", w.site, a.name)
		r.people.look(r.deal())
		if err := a.do(r); err == nil {
			r.happened++
		}
		since := time.Now()
		r.quietUnless(20*time.Minute, func() bool { return w.hasty && r.hits > 0 || time.Since(since) > patience })
	}
	r.led, r.arrived = r.happened, true
}

// onItsWay says whether a call is the one at which the run aims.
func (r *run) onItsWay(at *point) bool {
	w := r.plan.way
	return w != nil && r.hits == 0 && at.site.String()+" "+at.name == w.site
}

// TestEveryRoadLeadsThere tells them: each leads to its calls, in every layout.
func TestEveryRoadLeadsThere(t *testing.T) {
	for _, x := range roads() {
		for _, in := range layouts() {
			o, made := x.tell(t, in, nil, false, false), map[string]bool{}
			for _, n := range o.noted {
				made[n.name] = true
			}
			for _, site := range x.sites {
				if !made[site] {
					t.Errorf("%q does not lead to %s in layout %s", x.name, site, in)
				}
			}
			if len(o.broken) > 0 {
				t.Errorf("%q in layout %s: %.300s", x.name, in, o.broken)
			}
		}
	}
}
