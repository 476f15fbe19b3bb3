package simulate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// past is what has been when a run begins, at rest: a tale, told without trouble, or a history of its own, with trouble. So a run
// may begin with pairs that have been linked, answered or closed long ago, and need not make them first; and what many runs have
// in common is played once.
type past struct {
	pc       *partnercentersim.Sim
	dv       *dataversesim.Simulator
	tables   *ledger.Memory
	people   people
	made     map[string]bool
	happened int // as in a run
	sites    map[string]int
	history  uint64 // its number; 0: a tale
	broken   []string
	story    []string
}

// taleNames are the tales that a run may go on from.
func taleNames() []string {
	return []string{"a deal of the CRM alone", "a co-sell deal of the CRM", "Microsoft's answers", "Microsoft declines and is asked again", "an invitation is accepted in the CRM",
		"an invitation is accepted in the portal", "a deal of the portal", "a lead that is qualified", "lost in the CRM", "upgraded by a seller", "solutions on both sides", "unlinked and linked"}
}

// Histories from which runs go on: so many for as many seeds one after the other. Every eighth seed draws among the same eighth of
// them, so that a worker plays few of them for many seeds (portion).
const (
	historiesOfPast = 128
	seedsOfAPast    = 10000
	strides         = 8
)

// drawPast draws from what a run goes on.
func (p *plan) drawPast(g *rand.Rand) {
	switch g.IntN(64) {
	case 0: // nothing has been
	case 1:
		p.past = taleNames()[g.IntN(len(taleNames()))]
	default:
		p.history = 1 + p.seed/seedsOfAPast*historiesOfPast + g.Uint64N(historiesOfPast/strides)*strides + p.seed%strides
		p.past = fmt.Sprint("history ", p.history)
	}
}

// pastOf plays the past of a plan, once in each program; nil: it has none.
func pastOf(t *testing.T, p *plan) *past {
	if p.past == "" {
		return nil
	}
	pasts := originalsOf().pasts
	if pasts[p.past] != nil {
		return pasts[p.past]
	}
	if p.history > 0 {
		pasts[p.past] = bygone(t, pastPlan(p.history))
		pasts[p.past].history = p.history
		return pasts[p.past]
	}
	i := slices.IndexFunc(tales(), func(x tale) bool { return x.name == p.past })
	pasts[p.past] = tales()[i].remember(t)
	return pasts[p.past]
}

// pastPlan is the plan of a history that runs go on from: in layout one, with the switches and settings that a world has from
// the beginning, and without what would last beyond its end.
func pastPlan(seed uint64) *plan {
	p := draw(seed, "one")
	p.seed = mix(seed, 101) // nobody has the ids of another run
	p.past, p.history, p.least, p.ending, p.asks = "", 0, happenedBefore, lazy, false
	p.own, p.crm, p.pc, p.skew = nil, doc{}, doc{}, nil
	for _, name := range []string{"sheet", "own column", "schema", "plugin", "operator", "redelivery"} {
		delete(p.weights, name)
	}
	return p
}

// How long before a run its past has begun, and the last pass of reconcile has been.
const (
	longAgo  = 45 * 24 * time.Hour
	lastPass = 3 * time.Hour
)

// remember tells the tale and keeps what has become of the world.
func (x tale) remember(t *testing.T) *past {
	t.Helper()
	return comeAndGone(t, x.plan("one", nil), func(r *run) {
		for _, a := range x.acts {
			r.people.look(r.deals[0])
			r.must(a.do(r))
			r.happened++
			r.quiet(20 * time.Minute)
		}
	})
}

// bygone plays a history and keeps what has become of the world.
func bygone(t *testing.T, p *plan) *past {
	t.Helper()
	return comeAndGone(t, p, func(r *run) {
		r.goes()
		r.fair()
		r.pass(70 * time.Second)
		r.quiet(20 * time.Minute)
	})
}

// comeAndGone lets a world come to rest after what happens in it.
func comeAndGone(t *testing.T, p *plan, happens func(r *run)) (out *past) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay.Add(-longAgo)))
		r := newRun(t, p, nil)
		r.telling = *tell
		r.deliveries()
		happens(r)
		if len(r.broken) == 0 {
			r.comesToRest()
			r.rest(r.board())
		}
		for _, d := range r.deals {
			r.people.look(d)
		}
		if left := time.Until(firstDay.Add(-lastPass)); left > 0 { // a pass has been lately, as there is one every five minutes
			r.sleep(left)
			r.tick()
			r.quiet(20 * time.Minute)
		}
		if time.Now().After(firstDay) {
			r.violates("harness", "the past has not ended before the runs that go on from it begin")
		}
		r.ends()
		out = &past{pc: r.people.pc, dv: r.people.dv.Original(), tables: r.tables, people: r.people, made: r.made, happened: r.happened, sites: r.sites, story: r.story}
		out.people.run = nil // which nobody needs any more
		for _, one := range r.broken {
			out.broken = append(out.broken, one+" (before the run began)")
		}
		time.Sleep(20 * time.Minute) // what is left of the processes
	})
	return out
}

// goesOn gives a run what people remember of its past.
func (x *past) goesOn(r *run) {
	p := &r.people
	for i, d := range x.people.deals {
		if i == len(p.deals) {
			p.deals = append(p.deals, nil)
		}
		same := *d
		p.deals[i] = &same
	}
	p.before, p.left, p.seen = maps.Clone(x.people.before), maps.Clone(x.people.left), map[stand]map[string]bool{}
	for at, values := range x.people.seen {
		p.seen[at] = maps.Clone(values)
	}
	p.asks = maps.Clone(x.people.asks)
	p.ended, p.closed, p.chosen, p.asked = maps.Clone(x.people.ended), maps.Clone(x.people.closed), maps.Clone(x.people.chosen), maps.Clone(x.people.asked)
	p.gone, p.acted, p.wed, p.foreign = maps.Clone(x.people.gone), maps.Clone(x.people.acted), maps.Clone(x.people.wed), maps.Clone(x.people.foreign)
	r.made = maps.Clone(x.made)
}

// A run changes nothing of the past that others begin with.
func TestARunGoesOnFromItsPast(t *testing.T) {
	from := pastOf(t, &plan{past: "a co-sell deal of the CRM"})
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(firstDay))
			r := newRun(t, draw(1, "one"), from)
			d := r.deals[0]
			row, referral := r.people.dv.Row("opportunity", d.opportunity), r.people.pc.Referral(d.referral)
			if row == nil || referral == nil || row["cosell_referralid"] != d.referral || row["name"] == "changed" || referral["name"] == "changed" {
				t.Fatalf("the pair is not as it was: %v and %v", row, referral)
			}
			if r.tables.Drop("state", "o|") == 0 {
				t.Error("the tables know no pair")
			}
			name := stand{"crm", d.opportunity, "name"}
			if !r.people.seen[name]["Deal 0"] || len(r.people.wed[d.opportunity]) == 0 {
				t.Error("people know nothing of it")
			}
			if r.people.seen[name]["changed"] || r.people.chosen[d.opportunity] || r.people.asked[d.opportunity] > 0 || d.dropped {
				t.Error("people remember what they did in another run")
			}
			r.people.sees(name.side, name.record, name.field, "changed")
			r.people.chosen[d.opportunity], r.people.asked[d.opportunity], d.dropped = true, 1, true
			if _, err := r.people.crm(doc{"do": "update", "table": "opportunity", "id": d.opportunity, "columns": doc{"name": "changed"}}); err != nil {
				t.Error(err)
			}
			if _, err := r.people.portal("user", doc{"do": "update", "id": d.referral, "changes": doc{"/name": "changed"}}); err != nil {
				t.Error(err)
			}
		})
	}
}
