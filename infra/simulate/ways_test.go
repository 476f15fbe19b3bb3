package simulate

import (
	"slices"
	"testing"
	"time"
)

// way is how a run begins that has an aim: people do first what a tale tells, and a call that they bring about seldom meets a fault.
type way struct {
	tale  string
	site  string
	fate  fate
	hasty bool // people do not wait for what becomes of it
	calm  bool // there is no other trouble before
}

// seldom are the calls that random people bring about so seldom that they would not meet every fault by chance, and a tale that leads
// there. One run in 32 begins with one of them.
func seldom() map[string]string {
	const (
		examines   = "an operator examines"
		unheard    = "the timer finds what no event told"
		atOnce     = "two deals of one customer at once"
		watches    = "another system keeps two in step"
		registered = "the registration is lost"
		parked     = "a parked message is dropped"
		pushed     = "another field sheet is pushed"
	)
	return map[string]string{
		"crm GET EntityDefinitions": examines,
		"crm GET EntityDefinitions(table)/Attributes/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata": unheard,
		"crm GET EntityDefinitions(table)/ManyToOneRelationships":                                      pushed,
		"crm GET RetrieveProvisionedLanguages(id)":                                                     examines,
		"crm GET WhoAmI":                          examines,
		"crm GET asyncoperations":                 examines,
		"crm GET connectionroles":                 "a deal of the portal with two contacts",
		"crm GET connections(id)":                 unheard,
		"crm GET sdkmessageprocessingsteps":       examines,
		"crm GET serviceendpoints":                examines,
		"crm GET systemusers(id)":                 examines,
		"crm PATCH accounts(id)":                  atOnce,
		"crm PATCH contacts(id)":                  atOnce,
		"crm PATCH cosell_solutions(id)":          atOnce,
		"crm GET tasks(id)":                       "a lead that is disqualified",
		"crm GET cosell_solutions(id)":            "a lead that is accepted before it is seen",
		"crm PATCH leads(id)":                     "a lead that is disqualified",
		"crm PATCH sdkmessageprocessingsteps(id)": "a field sheet is checked, compared and pushed",
		"tables list state a":                     "tables are lost and somebody edits",
		"tables list state d":                     "no event tells of an invitation",
		"tables list state x":                     "no event tells of an invitation",
		"tables list state y":                     "no event tells of an invitation",
		"crm PATCH tasks(id)":                     atOnce,
		"partner center GET mpn":                  examines,
		"partner center GET validationEvent":      registered,
		"partner center POST registration":        registered,
		"partner center POST validationEvents":    registered,
		"partner center PUT registration":         registered,
		"partner center PUT id":                   "Partner Center refuses a list",
		"tables get parked":                       parked,
		"tables write parked":                     parked,
		"tables get state d":                      "an operator looks",
		"tables list mappings":                    "an operator looks",
		"tables get state y":                      watches,
		"tables list state e":                     "tables are lost and somebody edits",
		"tables now ":                             "no event tells of a creation",
		"tables write state a":                    "an operator closes a trial",
		"tables write state x":                    watches,
		"tables write state y":                    watches,
		"tables write mappings":                   pushed,
		"vault set partner-center-refresh-token":  "a token that changes with each use",
	}
}

// everyWay is one run in so many.
const everyWay = 32

// wayOf is that of a seed, nil where it has none. The seeds go through all calls and faults in turn, so that no long run leaves one out;
// each turn begins at another place, for another layout.
func wayOf(seed uint64) *way {
	if seed%everyWay != 19 {
		return nil
	}
	all := everyAim()
	n := seed / everyWay
	w := all[(n+n/uint64(len(all)))%uint64(len(all))]
	w.hasty, w.calm = mix(seed, 61)%3 == 0, mix(seed, 62)%4 > 0
	return &w
}

// everyAim are the calls that are made seldom with each of their faults.
func everyAim() (out []way) {
	all := seldom()
	for _, site := range sortedKeys(all) {
		for _, f := range fates() {
			if f.meets(pointNamed(site)) {
				out = append(out, way{tale: all[site], site: site, fate: f})
			}
		}
	}
	return out
}

// taleNamed is the tale of a name.
func taleNamed(name string) tale {
	all := tales()
	return all[slices.IndexFunc(all, func(x tale) bool { return x.name == name })]
}

// goes gives a plan its way: in a world in which nothing has been, with the settings and switches of the tale over those that were drawn.
func (p *plan) goes(w *way) {
	if p.way = w; w == nil {
		return
	}
	x := taleNamed(w.tale)
	p.past, p.history = "", 0
	p.own, p.asks, p.yields = append(p.own, x.own...), p.asks || x.asks, max(p.yields, x.yields)
	for name, v := range x.crm {
		p.crm[name] = v
	}
	for name, v := range x.pc {
		p.pc[name] = v
	}
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
	r.plan.befalls = nil // of an earlier time that it was played
	for _, a := range taleNamed(w.tale).acts {
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

// TestEveryWayLeadsThere plays the tales of the calls that are seldom made: each makes it, in every layout.
func TestEveryWayLeadsThere(t *testing.T) {
	told := map[string]map[string]bool{}
	for site, name := range seldom() {
		for _, in := range layouts() {
			key := name + "|" + in
			if told[key] == nil {
				told[key] = map[string]bool{}
				for _, n := range taleNamed(name).tell(t, in, nil, false, false).noted {
					told[key][n.name] = true
				}
			}
			if !told[key][site] {
				t.Errorf("%q does not lead to %s in layout %s", name, site, in)
			}
		}
	}
}
