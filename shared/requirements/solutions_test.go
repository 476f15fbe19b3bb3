package requirements

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR21_EachSolutionOfAReferralIsARow(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Three solutions", "details": doc{"requirements": doc{"solutions": []any{
			doc{"id": "sol-12345-abc", "name": "Forecast", "type": "Name"}, doc{"id": "SOL-15974-MQF", "name": "Insight", "type": "Name"},
			doc{"id": "SOL-99999-ZZZ", "name": "Unheard of", "type": "Name"}}}}})
		p := r.arrived(a)
		rows, catalogue := r.solutionsOf(p.opportunity), map[string]string{}
		for _, row := range rows {
			catalogue[strings.ToUpper(r.solutionID(row))] = row.text("_cosell_solutiondetailid_value")
		}
		if want := map[string]string{"SOL-12345-ABC": dataversesim.ForecastID, "SOL-15974-MQF": dataversesim.InsightID, "SOL-99999-ZZZ": ""}; len(rows) != 3 || !maps.Equal(catalogue, want) {
			t.Errorf("the %d rows are %v", len(rows), catalogue)
		}
	})
}

// listOf are the ids of a referral's solutions, in their order.
func (r *rig) listOf(p pair) (ids []string) {
	r.t.Helper()
	list, _ := r.referral(p.own).at("details/requirements/solutions").([]any)
	for _, one := range list {
		ids = append(ids, doc(one.(map[string]any)).text("id"))
	}
	return ids
}

func TestR64_RowsAreAddedChangedAndRemoved(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Rows")
		row := r.solution(p.opportunity, "SOL-22222-DEF", "Northwind Returns", doc{"cosell_quantity": 3, "cosell_price": 1200.5, "cosell_currency": "EUR"})
		r.quiet()
		if ids := r.listOf(p); !slices.Equal(ids, []string{"SOL-12345-ABC", "SOL-22222-DEF"}) {
			t.Errorf("added: %v", ids)
		}
		second := func(member string) string {
			return r.referral(p.own).text("details/requirements/solutions/1/" + member)
		}
		if second("quantity") != "3" || second("price") != "1200.5" || second("currency") != "EUR" {
			t.Errorf("quantity %s, price %s, currency %s", second("quantity"), second("price"), second("currency"))
		}
		r.edits("cosell_solution", row, doc{"cosell_quantity": 4})
		r.quiet()
		if second("quantity") != "4" || second("price") != "1200.5" || second("currency") != "EUR" {
			t.Errorf("quantity %s, price %s, currency %s", second("quantity"), second("price"), second("currency"))
		}
		r.person(doc{"do": "delete", "table": "cosell_solution", "id": row})
		r.quiet()
		if ids := r.listOf(p); !slices.Equal(ids, []string{"SOL-12345-ABC"}) {
			t.Errorf("removed: %v", ids)
		}
	})
}

func TestR65_TheLastRowCanGoInCRMOnly(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("The last one")
		rows := r.solutionsOf(p.opportunity)
		mark := r.pc.calls()
		r.person(doc{"do": "delete", "table": "cosell_solution", "id": rows[0].text("cosell_solutionid")})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(p.opportunity, "solution.required")
		if left := r.solutionsOf(p.opportunity); len(left) != 0 || len(r.listOf(p)) != 1 {
			t.Errorf("CRM has %d rows, Partner Center %v", len(left), r.listOf(p))
		}
	})
}

func TestR67_TheObsoleteProductsColumnIsNeverWritten(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Obsolete")
		p2 := r.arrived(r.portalDeal(doc{"name": "Obsolete in the portal"}))
		r.edits("opportunity", p.opportunity, doc{"description": "More"})
		r.portalEdits(p2.own, doc{"/details/notes": "More"})
		r.quiet()
		for _, w := range append(r.pc.writes(0), r.dv.writes(0)...) {
			if strings.Contains(strings.ToLower(w.Body), `products"`) || strings.Contains(strings.ToLower(w.Body), "/products") {
				t.Errorf("written was %s", listed([]written{w}))
			}
		}
	})
}
