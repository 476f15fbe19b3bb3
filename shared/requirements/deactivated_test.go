package requirements

import (
	"slices"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// *Deactivate* takes a row out of the seller's view of a deal's solutions, as *Delete* does, and *Activate* brings it back.
func TestR64_ADeactivatedRowCountsAsRemoved(t *testing.T) {
	for name, heard := range map[string]bool{"ByItsEvent": true, "ByTheChangeFeedAlone": false} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Rows that come and go")
				row := r.solution(p.opportunity, "SOL-22222-DEF", "Northwind Returns", doc{"cosell_quantity": 3})
				r.quiet()
				if !heard {
					stepIs("Update", "cosell_solution", doc{"statecode": 1, "statuscode": 2})(r)
				}
				follows := func(do string, want ...string) {
					t.Helper()
					r.person(doc{"do": do, "table": "cosell_solution", "id": row})
					if !heard {
						r.quiet()
						r.reconcile()
					}
					r.quiet()
					if ids := r.listOf(p); !slices.Equal(ids, want) {
						t.Errorf("after %s: %v", do, ids)
					}
				}
				follows("deactivate", "SOL-12345-ABC")
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 91000})
				r.portalEdits(p.own, doc{"/details/notes": "More"})
				r.quiet()
				if o := r.opportunity(p.opportunity); r.referral(p.own).text("details/dealValue") != "91000" || o.text("description") != "More" {
					t.Errorf("the other fields: %s, %q", r.referral(p.own).text("details/dealValue"), o.text("description"))
				}
				follows("activate", "SOL-12345-ABC", "SOL-22222-DEF")
				if rows := r.solutionsOf(p.opportunity); len(rows) != 2 || r.row("cosell_solution", row).text("statecode") != "0" {
					t.Errorf("the rows are %v", rows)
				}
			})
		})
	}
}

func TestR64_ASolutionComesBackFromPartnerCenterBesideItsDeactivatedRow(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Back again", "details": doc{"requirements": doc{"solutions": []any{
			doc{"id": "SOL-12345-ABC", "name": "Forecast", "type": "Name"}, doc{"id": "SOL-15974-MQF", "name": "Insight", "type": "Name"}}}}})
		p := r.arrived(a)
		for _, row := range r.solutionsOf(p.opportunity) {
			if r.solutionID(row) == "SOL-15974-MQF" {
				r.person(doc{"do": "deactivate", "table": "cosell_solution", "id": row.text("cosell_solutionid")})
			}
		}
		r.quiet()
		if ids := r.listOf(p); !slices.Equal(ids, []string{"SOL-12345-ABC"}) {
			t.Fatalf("deactivated: %v", ids)
		}
		for _, quantity := range []int{1, 2} { // the row that comes back is one as any other
			r.portalEdits(p.own, doc{"/details/requirements/solutions": []any{
				doc{"id": "SOL-12345-ABC", "name": "Forecast", "type": "Name"}, doc{"id": "SOL-15974-MQF", "name": "Insight", "type": "Name", "quantity": quantity}}})
			r.quiet()
			active := map[string]string{}
			for _, row := range r.solutionsOf(p.opportunity) {
				if row.text("statecode") == "0" {
					active[r.solutionID(row)] = row.text("cosell_quantity")
				}
			}
			if len(active) != 2 || active["SOL-15974-MQF"] != []string{"1", "2"}[quantity-1] || len(r.listOf(p)) != 2 {
				t.Errorf("CRM has %v, Partner Center %v", active, r.listOf(p))
			}
		}
	})
}

func TestR65_TheLastRowCanBeDeactivatedInCRMOnly(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("The last one is deactivated")
		mark := r.pc.calls()
		r.person(doc{"do": "deactivate", "table": "cosell_solution", "id": r.solutionsOf(p.opportunity)[0].text("cosell_solutionid")})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(p.opportunity, "solution.required")
		if left := r.solutionsOf(p.opportunity); len(left) != 1 || left[0].text("statecode") != "1" || len(r.listOf(p)) != 1 {
			t.Errorf("CRM has %v, Partner Center %v", left, r.listOf(p))
		}
	})
}

func TestR86_ADeactivatedRowOfTheOrganisationsOwnTableCountsAsRemoved(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		p := o.shared(r, "Changed over")
		row := o.row(r, p.opportunity, dataversesim.InsightID)
		r.quiet()
		for _, act := range []struct {
			do   string
			want []string
		}{{"deactivate", []string{"SOL-12345-ABC"}}, {"activate", []string{"SOL-12345-ABC", "SOL-15974-MQF"}}} {
			r.person(doc{"do": act.do, "table": o.rows, "id": row})
			r.quiet()
			if ids := r.listOf(p); !slices.Equal(ids, act.want) {
				t.Errorf("after %s: %v", act.do, ids)
			}
		}
	})
}

func TestR106_ADeactivatedRowResemblesNoReferral(t *testing.T) {
	for do, proposed := range map[string]bool{"activate": true, "deactivate": false} {
		t.Run(do, func(t *testing.T) {
			play(t, func(r *rig) {
				id := r.deal("Known to CRM already", doc{"estimatedvalue": 500, "estimatedclosedate": "2028-01-31"})
				row := r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				r.person(doc{"do": "deactivate", "table": "cosell_solution", "id": row})
				if do == "activate" {
					r.person(doc{"do": do, "table": "cosell_solution", "id": row})
				}
				a := r.portalDeal(tailspins(doc{"name": "Perhaps the same"}))
				r.quiet()
				if got := r.opportunity(id).text("cosell_proposed") == a.ID; got != proposed {
					t.Errorf("proposed: %v", got)
				}
			})
		})
	}
}
