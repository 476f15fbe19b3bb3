package simulate

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// past is what has been when a run begins: a tale, told without trouble and at rest. So a history may begin with a pair that has
// been linked, answered or closed long ago, and need not make it first.
type past struct {
	pc     *partnercentersim.Sim
	dv     *dataversesim.Simulator
	tables *ledger.Memory
	people people
	made   map[string]bool
}

// pastNames are the tales that a run may go on from.
func pastNames() []string {
	return []string{"a deal of the CRM alone", "a co-sell deal of the CRM", "Microsoft's answers", "Microsoft declines and is asked again", "an invitation is accepted in the CRM",
		"an invitation is accepted in the portal", "a deal of the portal", "a lead that is qualified", "lost in the CRM", "upgraded by a seller", "solutions on both sides", "unlinked and linked"}
}

// pastOf tells the tale of that name, once.
func pastOf(t *testing.T, name string) *past {
	if name == "" {
		return nil
	}
	pasts := originalsOf().pasts
	if pasts[name] == nil {
		i := slices.IndexFunc(tales(), func(x tale) bool { return x.name == name })
		pasts[name] = tales()[i].remember(t)
	}
	return pasts[name]
}

// longAgo is how long before a run its past has been.
const longAgo = 7 * 24 * time.Hour

// remember tells the tale and keeps what has become of the world.
func (x tale) remember(t *testing.T) (out *past) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay.Add(-longAgo)))
		r := newRun(t, x.plan("one", nil), nil)
		r.switches()
		for _, a := range x.acts {
			r.people.look(r.deals[0])
			r.must(a.do(r))
			r.quiet(20 * time.Minute)
		}
		r.comesToRest()
		if len(r.broken) > 0 {
			t.Fatalf("the tale %q as a past: %s", x.name, r.broken[0])
		}
		r.people.look(r.deals[0])
		r.ends()
		out = &past{pc: r.people.pc, dv: r.people.dv.Original(), tables: r.tables, people: r.people, made: r.made}
		time.Sleep(20 * time.Minute) // what is left of the processes
	})
	return out
}

// goesOn gives a run what people remember of its past.
func (x *past) goesOn(r *run) {
	p := &r.people
	p.deals[0] = new(deal)
	*p.deals[0] = *x.people.deals[0]
	p.before, p.seen = maps.Clone(x.people.before), map[stand]map[string]bool{}
	for at, values := range x.people.seen {
		p.seen[at] = maps.Clone(values)
	}
	p.ended, p.closed, p.chosen, p.asked = maps.Clone(x.people.ended), maps.Clone(x.people.closed), maps.Clone(x.people.chosen), maps.Clone(x.people.asked)
	p.gone, p.acted, p.wed = maps.Clone(x.people.gone), maps.Clone(x.people.acted), maps.Clone(x.people.wed)
	r.made = maps.Clone(x.made)
}

// A run changes nothing of the past that others begin with.
func TestARunGoesOnFromItsPast(t *testing.T) {
	from := pastOf(t, "a co-sell deal of the CRM")
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
