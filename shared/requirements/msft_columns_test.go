package requirements

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func msftSheet(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../infra/dataverse/msft.yaml")
	must(t, err)
	return string(text)
}

// reference is how a lookup to a row of one of the connector's tables of values is written.
func (r *rig) reference(table, name string) string {
	r.t.Helper()
	for id, row := range r.dv.table(table) {
		if row.text("msft_name") == name {
			return "/" + table + "s(" + id + ")"
		}
	}
	r.t.Fatalf("%s has no row %s", table, name)
	return ""
}

// attributes are what a referral says of intent, role, area and play.
func attributes(d doc) map[string]string {
	out := map[string]string{}
	all, _ := d.at("details/requirements/additionalRequirements/attributes").([]any)
	for _, one := range all {
		a, _ := one.(map[string]any)
		out[doc(a).text("type")] += doc(a).text("id")
	}
	return out
}

// Role, area and play are lookups of the connector; they reach the referral, and a change made in the portal comes back.
func TestR86_RoleAreaAndPlayOfADealWithAServiceGoBothWays(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.pc.call(http.MethodPost, "/switches", doc{"taxonomy": "services"})
		service := r.creates(o.details, doc{o.title: "Northwind Migration Workshop", o.identifier: "SOL-30003-SVC", o.kindColumn(): "Service"})
		id := r.deal("Services", doc{"msft_microsoftpartnercenterhelp": 299600005, "msft_coselltype": 299600001})
		o.row(r, id, service)
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{msftColumn + "sync": true})
		r.quiet()
		r.pc.wrote(mark, 0)
		if text := r.opportunity(id).text(msftColumn + "syncaudit"); !holdsAll(text, []string{"services.role.required", "services.area.required", "services.play.required"}) {
			t.Errorf("Audit does not name what is missing:\n%s", text)
		}
		r.edits("opportunity", id, doc{"msft_PartnerRole@odata.bind": r.reference("msft_partnerrole", "Solution design"),
			"msft_SolutionArea@odata.bind": r.reference("msft_solutionarea", "AI Business Solutions"), "msft_SolutionPlay@odata.bind": r.reference("msft_solutionplay", "Secure AI Productivity")})
		r.quiet()
		own := r.opportunity(id).text(msftColumn + "identifier")
		got := attributes(r.referral(own))
		if got["PartnerRole"] != "Solution design" || got["SolutionArea"] != "AI Business Solutions" || got["SolutionPlay"] != "Secure AI Productivity" {
			t.Fatalf("the referral has %v; Audit says\n%s", got, r.opportunity(id).text(msftColumn+"syncaudit"))
		}
		r.portalEdits(own, doc{"/details/requirements/additionalRequirements/attributes": []any{doc{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"},
			doc{"type": "PartnerRole", "id": "Transaction"}, doc{"type": "SolutionArea", "id": "Security"}, doc{"type": "SolutionPlay", "id": "Data Security"}}})
		r.quiet()
		crm := r.opportunity(id)
		for column, name := range map[string]string{"msft_partnerrole": "Transaction", "msft_solutionarea": "Security", "msft_solutionplay": "Data Security"} {
			if bind := r.reference(column, name); !strings.Contains(bind, crm.text(column)+crm.text("_"+column+"_value")) {
				t.Errorf("%s leads to %s instead of %s", column, crm.text(column), bind)
			}
		}
		if crm.text("msft_coselltype") != "299600001" {
			t.Errorf("the type of co-sell is %s", crm.text("msft_coselltype"))
		}
	})
}

// Price and currency of a solution go both ways, whether the currency is a text of the table or that of the amount.
func TestR64_PriceQuantityAndCurrencyOverMicrosoftsTables(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.creates("transactioncurrency", doc{"isocurrencycode": "GBP", "currencyname": "Pound", "currencysymbol": "£", "exchangerate": 0.85})
		p := o.shared(r, "Priced")
		solution := func() doc { return r.referral(p.own).at("details/requirements/solutions/0").(map[string]any) }
		row := r.dv.table(o.rows)
		if len(row) != 1 {
			t.Fatalf("%d rows", len(row))
		}
		var id string
		for id = range row {
		}
		r.edits(o.rows, id, over(doc{o.price: 99.5, o.quantity: 7}, []doc{o.currency(r, "USD")}))
		r.quiet()
		if s := solution(); s.text("price") != "99.5" || s.text("quantity") != "7" || s.text("currency") != "USD" {
			t.Fatalf("the referral has %v; Audit says\n%s", s, r.opportunity(p.opportunity).text(msftColumn+"syncaudit"))
		}
		r.portalEdits(p.own, doc{"/details/requirements/solutions/0/price": 120.25, "/details/requirements/solutions/0/currency": "GBP", "/details/requirements/solutions/0/quantity": 8})
		r.quiet()
		got := r.row(o.rows, id)
		if got.text(o.price) != "120.25" || got.text(o.quantity) != "8" || o.currencyOf(r, got) != "GBP" {
			t.Errorf("the row has %s, %s, %q: %v", got.text(o.price), got.text(o.quantity), o.currencyOf(r, got), got)
		}
		mark, calls := r.dv.calls(), r.pc.calls()
		r.advance(20 * time.Minute)
		r.dv.wrote(mark, 0)
		r.pc.wrote(calls, 0)
		r.portalEdits(p.own, doc{"/details/requirements/solutions/0/currency": "XAU"})
		r.portalEdits(p.own, doc{"/details/notes": "goes on"})
		r.quiet()
		crm := r.opportunity(p.opportunity)
		if o.money == "" && !holdsAll(crm.text(msftColumn+"syncaudit"), []string{"XAU"}) || crm.text("description") != "goes on" {
			t.Errorf("%q; Audit says\n%s", crm.text("description"), crm.text(msftColumn+"syncaudit"))
		}
	})
}

// Nobody publishes whether the connector's tables have price, quantity and currency: without them the rows go without.
func TestR86_TablesThatHaveNoPriceGoWithout(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		for _, column := range []string{o.price, o.quantity, o.money} {
			if column != "" {
				r.administrator(doc{"do": "remove", "table": o.rows, "column": column})
			}
		}
		r.administrator(doc{"do": "remove", "table": o.details, "column": o.kindColumn()})
		if m := r.sheetAct("check", msftSheet(r.t), false); len(m.Mistakes) != 0 || !strings.Contains(strings.Join(m.Notes, "\n"), "goes without price") {
			t.Errorf("mistakes %v, notes %v", m.Mistakes, m.Notes)
		}
		r.advance(10 * time.Minute)
		id := r.deal("Without a price", doc{"msft_microsoftpartnercenterhelp": 299600005, msftColumn + "sync": true})
		o.row(r, id, dataversesim.ForecastID)
		r.quiet()
		own := r.opportunity(id).text(msftColumn + "identifier")
		if r.referral(own).text("details/requirements/solutions/0/id") != "SOL-12345-ABC" {
			t.Fatalf("the referral %q; Audit says\n%s", own, r.opportunity(id).text(msftColumn+"syncaudit"))
		}
		r.portalEdits(own, doc{"/details/requirements/solutions": []any{doc{"id": "SOL-12345-ABC", "type": "Name"}, doc{"id": "SOL-15974-MQF", "type": "Name", "price": 5, "currency": "EUR"}}})
		r.quiet()
		if n := len(r.dv.table(o.rows)); n != 2 {
			t.Errorf("%d rows", n)
		}
		if said := r.health(); !strings.Contains(said, "goes without price") || strings.Contains(said, "solutions: rows: table") && strings.Contains(said, "switched off") {
			t.Errorf("health says %s", said)
		}
	})
}

// Of two columns with one label neither is taken, and both are named: of the opportunity's, of a lead's, of a row's.
func TestR86_OfTwoColumnsWithOneLabelNeitherIsTaken(t *testing.T) {
	for _, c := range []struct {
		table, label, field string
		labels              doc
		said, first         string // the label in the sheet, and the column that had it
	}{
		{"lead", "Audit", "audit", nil, "Audit", "msft_microsoftpartnercenterreferralsyncaudit"},
		{"lead", "Etwas", "referralId", doc{"1036": "Referral Identifier"}, "Referral Identifier", "msft_microsoftpartnercenterreferralidentifier"}, // in another language
		{"msft_microsoftpartnercentersolution", "Price", "solutions", nil, "Price", "msft_price"},
		{"msft_microsoftsolutiondetail", "solution identifier", "solutions", nil, "Solution Identifier", "msft_solutionidentifier"}, // in another case
	} {
		t.Run(c.table+" "+c.label, func(t *testing.T) {
			play(t, func(r *rig) {
				msftOrganisation(r)
				r.administrator(doc{"do": "add", "table": c.table, "column": "new_twin", "type": "String", "length": 100, "label": c.label, "labels": c.labels})
				m := r.sheetAct("check", msftSheet(t), false)
				if len(m.Mistakes) != 1 || !holdsAll(m.Mistakes[0], []string{"mapping.yaml:", "field " + c.field, "several columns", "new_twin", c.first, "write the name of one"}) {
					t.Errorf("%v", m.Mistakes)
				}
				said := ""
				for line := range strings.Lines(msftSheet(t)) {
					if strings.Contains(line, "field: "+c.field+",") || strings.Contains(line, "rows: {") || strings.Contains(line, "catalogue: {") {
						line = strings.Replace(line, "label="+c.said, c.first, 1)
					}
					said += line
				}
				if m = r.sheetAct("check", said, false); len(m.Mistakes) != 0 {
					t.Errorf("with its name: %v", m.Mistakes)
				}
			})
		})
	}
}

// An organisation whose people speak no English finds the names by the labels that it has.
func TestR86_LabelsOfAnotherLanguageAreFound(t *testing.T) {
	french := strings.NewReplacer("label=Microsoft Solutions", "label=Solution Microsoft", "label=Microsoft Solution Details", "label=Détail de la solution Microsoft",
		"label=Sync With Partner Center", "label=synchroniser avec l'espace partenaires").Replace(msftSheet(t))
	play(t, func(r *rig) {
		msftOrganisation(r)
		if m := r.sheetAct("push", french, false); len(m.Mistakes) != 0 || !m.Pushed {
			t.Fatalf("%v", m.Mistakes)
		}
		if p := connectedOrganisations()[0].shared(r, "En français"); r.referral(p.own).text("details/requirements/solutions/0/id") != "SOL-12345-ABC" {
			t.Error("the solutions are not read")
		}
	})
}

// A connector of an older version has no columns for leads: leads arrive, and are linked by the id on the referral.
func TestR86_LeadsArriveWithoutColumnsOfTheirOwn(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		for _, name := range []string{"sync", "identifier", "link", "syncaudit"} {
			r.administrator(doc{"do": "remove", "table": "lead", "column": msftColumn + name})
		}
		a := r.microsoft(doc{"do": "lead"})
		r.quiet()
		if n := len(r.dv.table("lead")); n != 1 {
			t.Fatalf("%d leads; health says %s", n, r.health())
		}
		r.microsoft(doc{"do": "lead"})
		r.advance(20 * time.Minute)
		if n := len(r.dv.table("lead")); n != 2 || r.referral(a.ID).text("externalReferenceId") == "" {
			t.Errorf("%d leads, the first has the CRM id %q", n, r.referral(a.ID).text("externalReferenceId"))
		}
	}, "sheet:"+msftSheet(t))
}

// A table of solution rows without change tracking, and one that is not there, hold the other feeds up in nothing, and
// health says what it means.
func TestR86_SolutionRowsWithoutChangeTrackingHoldNothingUp(t *testing.T) {
	for name, sheet := range map[string]string{"untracked": msftSheet(t), "not there": strings.Replace(msftSheet(t), "label=Microsoft Solutions", "label=No such table", 1)} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.MsftOther})
				r.advance(10 * time.Minute)
				id := r.deal("Found by the feed", doc{"msft_microsoftpartnercenterhelp": nil})
				if name == "untracked" {
					connectedOrganisations()[1].row(r, id, dataversesim.ForecastID)
				}
				r.dv.delivery(doc{"lose": true})
				r.edits("opportunity", id, doc{msftColumn + "sync": true})
				r.advance(20 * time.Minute)
				text := r.opportunity(id).text(msftColumn + "syncaudit")
				if name == "untracked" && r.opportunity(id).text(msftColumn+"identifier") == "" || text == "" {
					t.Errorf("Audit says %q", text)
				}
				said := r.health()
				if strings.Contains(said, `"failed"`) || strings.Contains(said, "reconcile:") || name == "untracked" && !holdsAll(said, []string{"msft_solutions", "change tracking"}) {
					t.Errorf("health says %s", said)
				}
				for line := range strings.Lines(r.log.String()) {
					if strings.Contains(line, `"function":"reconcile"`) && strings.Contains(line, `"level":"ERROR"`) {
						t.Errorf("%s", line)
					}
				}
			}, "sheet:"+sheet)
		})
	}
}
