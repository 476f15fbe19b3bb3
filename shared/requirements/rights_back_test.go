package requirements

import (
	"strings"
	"testing"
	"time"
)

// A privilege that has come back is gone from health with the next pass of reconcile, and what was held for want of it has
// been done, however long it was away and whatever else goes on: nobody waits for the back-off of the work.
func TestAPrivilegeThatHasComeBackIsGoneFromHealth(t *testing.T) {
	for name, c := range map[string]struct {
		table, operation string
		deals            int
		away             time.Duration
		traffic, deal    bool // other work goes on; a deal comes in meanwhile
	}{
		"for minutes":                  {"opportunity", "write", 2, 5 * time.Minute, false, false},
		"between two passes":           {"opportunity", "write", 2, time.Minute, false, false},
		"for half an hour, one deal":   {"opportunity", "write", 1, 30 * time.Minute, false, false},
		"for half an hour, many deals": {"opportunity", "write", 3, 30 * time.Minute, false, false},
		"for hours, beside other work": {"opportunity", "write", 2, 5 * time.Hour, true, false},
		"reading the deals":            {"opportunity", "read", 2, 30 * time.Minute, false, false},
		"reading the customers":        {"account", "read", 2, 30 * time.Minute, false, false},
		"customers of a new deal":      {"account", "read", 0, 27 * time.Minute, false, true},
		"making deals":                 {"opportunity", "create", 1, 30 * time.Minute, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				var deals []pair
				for range c.deals {
					deals = append(deals, r.private("No right"))
				}
				other := r.private("Other")
				r.advance(30 * time.Minute)
				privilege(c.table, c.operation, false)(r)
				for _, p := range deals {
					r.portalEdits(p.own, doc{"/details/dealValue": 5000})
				}
				var made []acted
				if c.deal {
					made = append(made, r.portalDeal(doc{"name": "New"}))
				}
				r.advance(c.away)
				if h := r.health(); c.away > 2*time.Minute && !strings.Contains(h, `"privilege.missing`) {
					t.Errorf("it is not missed at all: %s", h)
				}
				privilege(c.table, c.operation, true)(r)
				if c.traffic {
					r.portalEdits(other.own, doc{"/details/dealValue": 7000})
				}
				r.advance(6 * time.Minute)
				if h := r.health(); strings.Contains(h, "privilege.missing") || strings.Contains(h, `"ours":`) {
					t.Errorf("six minutes after it has come back health says %s", h)
				}
				for _, p := range deals {
					if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "5000" && c.operation != "read" {
						t.Errorf("the CRM has %s", v)
					}
				}
				r.advance(15 * time.Minute) // what has no record of ours yet comes within its back-off
				for _, m := range made {
					r.arrived(m)
				}
			})
		})
	}
}

// A privilege that is still missing is not tried for at every pass, also when another one comes.
func TestAPrivilegeThatIsStillMissingIsTriedForAsBefore(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("No right")
		privilege("opportunity", "write", false)(r)
		privilege("quote", "read", false)(r)
		r.portalEdits(p.own, doc{"/details/dealValue": 5000})
		r.advance(time.Hour)
		tried := func() (n int) {
			mark := r.dv.calls()
			r.advance(2 * time.Hour)
			for _, e := range r.dv.since(mark) {
				if strings.Contains(e.ResponseBody, "prvWriteOpportunity") {
					n++
				}
			}
			return n
		}
		before := tried()
		privilege("quote", "read", true)(r)
		if after := tried(); before == 0 || after > before+1 {
			t.Errorf("it was tried %d times in two hours, and %d times once another one had come", before, after)
		}
		if h := r.health(); !strings.Contains(h, "prvWriteOpportunity") {
			t.Errorf("health says %s", h)
		}
	})
}
