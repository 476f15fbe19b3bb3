package requirements

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// What the directory asks of an app registration holds for every process, whatever the token is for: calls meanwhile make the
// wait longer.
func TestTheDirectoryIsLeftAloneByAllProcessesAsLongAsItAsks(t *testing.T) {
	for name, of := range map[string]struct {
		client string
		at     func(r *rig) *system
	}{
		"CRM":           {"d0c9b8a7-2222-4333-8444-a55566667777", func(r *rig) *system { return r.dv }},
		"PartnerCenter": {"c0a1b2c3-1111-4222-8333-944455556666", func(r *rig) *system { return r.pc }},
		"Vault":         {"e1f2a3b4-3333-4444-8555-b66677778888", func(r *rig) *system { return r.pc }},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				var pairs []pair
				for i := range 6 {
					pairs = append(pairs, r.private(fmt.Sprint("Deal ", i)))
				}
				r.product.end()
				r.start() // without tokens
				at := of.at(r)
				mark := at.calls()
				at.fault(doc{"match": doc{"url": "/oauth2/v2.0/token", "body": of.client}, "do": "status", "status": 429, "headers": doc{"Retry-After": "300"}})
				for i, p := range pairs {
					if i == 3 { // by then one process was asked to wait, and another begins
						r.quiet()
						time.Sleep(5 * time.Second)
						r.twin, r.bus.crowded = r.life(), true
					}
					r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 7000 + i})
				}
				r.advance(4 * time.Minute)
				var asked []time.Time
				for _, e := range at.since(mark) {
					if e.Status == http.StatusTooManyRequests {
						asked = append(asked, e.At)
					}
				}
				if len(asked) != 1 {
					t.Errorf("within the wait tokens were asked for at %v", asked)
				}
				at.healed()
				r.advance(30 * time.Minute)
				for i, p := range pairs {
					if v := r.referral(p.own).text("details/dealValue"); v != fmt.Sprint(7000+i) {
						t.Errorf("once it may be asked again deal %d has %s", i, v)
					}
				}
			})
		})
	}
}
