package requirements

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// connected is an organisation that ran Microsoft's connector; the names that no document gives are its own.
type connected struct {
	kind                                             string
	rows, details                                    string // tables
	opportunity, detail, price, quantity, identifier string
	title, bind, set                                 string
	money                                            string // "": the price is an amount, and its row has a currency
}

func connectedOrganisations() []connected {
	return []connected{
		{dataversesim.Msft, "msft_microsoftpartnercentersolution", "msft_microsoftsolutiondetail", "msft_opportunityid", "msft_solutiondetailid", "msft_price", "msft_quantity",
			"msft_solutionidentifier", "msft_solutionname", "msft_solutiondetailid", "msft_microsoftsolutiondetails", "msft_currency"},
		{dataversesim.MsftOther, "msft_solutions", "msft_solutiondetails", "msft_opportunity", "msft_solution", "msft_unitprice", "msft_units",
			"msft_identifier", "msft_name", "msft_solution", "msft_solutiondetailses", ""},
	}
}

// changeOver plays a story in each organisation that ran Microsoft's connector, with the sheet for its columns.
func changeOver(t *testing.T, story func(r *rig, o connected), settings ...string) {
	t.Helper()
	text, err := os.ReadFile("../../infra/dataverse/msft.yaml")
	must(t, err)
	for _, o := range connectedOrganisations() {
		t.Run(o.kind, func(t *testing.T) {
			play(t, func(r *rig) {
				r.dv.call(http.MethodPost, "/organisation", doc{"kind": o.kind})
				story(r, o)
			}, append([]string{"sheet:" + string(text)}, settings...)...)
		})
	}
}

const msftColumn = "msft_microsoftpartnercenterreferral"

// row adds a solution row of Microsoft's table.
func (o connected) row(r *rig, deal, entry string, more ...doc) string {
	r.t.Helper()
	return r.creates(o.rows, over(doc{o.opportunity + "@odata.bind": "/opportunities(" + deal + ")", o.bind + "@odata.bind": "/" + o.set + "(" + entry + ")"}, more))
}

// kindColumn is where the catalogue has the type of a solution.
func (o connected) kindColumn() string {
	return map[string]string{dataversesim.Msft: "msft_type", dataversesim.MsftOther: "msft_solutiontype"}[o.kind]
}

// currency is how the currency of a solution row is written.
func (o connected) currency(r *rig, code string) doc {
	r.t.Helper()
	if o.money != "" {
		return doc{o.money: code}
	}
	for id, c := range r.dv.table("transactioncurrency") {
		if c.text("isocurrencycode") == code {
			return doc{"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + id + ")"}
		}
	}
	r.t.Fatalf("there is no currency %s", code)
	return nil
}

// currencyOf is the currency of a solution row.
func (o connected) currencyOf(r *rig, row doc) string {
	if o.money != "" {
		return row.text(o.money)
	}
	return r.row("transactioncurrency", row.text("transactioncurrencyid")+row.text("_transactioncurrencyid_value")).text("isocurrencycode")
}

// shared is a deal of the seller's over Microsoft's columns that was shared with Microsoft.
func (o connected) shared(r *rig, name string, more ...doc) pair {
	r.t.Helper()
	id := r.deal(name, append([]doc{{"msft_microsoftpartnercenterhelp": 299600005, msftColumn + "sync": true}}, more...)...)
	o.row(r, id, dataversesim.ForecastID, doc{o.price: 12.5, o.quantity: 3})
	r.quiet()
	p := pair{opportunity: id, own: r.opportunity(id).text(msftColumn + "identifier")}
	all := r.referrals()
	if all[p.own] == nil {
		r.t.Fatalf("no referral; Audit says\n%s", r.opportunity(id).text(msftColumn+"syncaudit"))
	}
	p.engagement = all[p.own].text("engagementId")
	for other, d := range all {
		if other != p.own && d.text("engagementId") == p.engagement {
			p.microsoft = other
		}
	}
	return p
}

func TestR86_ACoSellOverMicrosoftsColumnsGoesBothWays(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		p := o.shared(r, "Changed over", doc{"msft_customerpurchaseintent": 299600000})
		own, crm := r.referral(p.own), r.opportunity(p.opportunity)
		if p.microsoft == "" || r.referral(p.microsoft).text("inviteContext/assistanceRequestCode") != "GeneralOrOther" {
			t.Errorf("Microsoft was not asked: %+v", p)
		}
		if got := own.text("details/requirements/solutions/0/id"); got != "SOL-12345-ABC" {
			t.Errorf("the solution is %q", got)
		}
		if got := own.text("details/requirements/solutions/0/quantity"); got != "3" {
			t.Errorf("the quantity is %q", got)
		}
		if got := own.text("details/requirements/additionalRequirements/attributes/0/id"); got != "Yes" {
			t.Errorf("the customer's intent is %q", got)
		}
		if crm.text("msft_microsoftpartnercenterreferralvisible") != "true" || !strings.Contains(crm.text(msftColumn+"link"), p.own) ||
			!strings.Contains(crm.text(msftColumn+"syncaudit"), "created") || !strings.HasPrefix(crm.text("name"), tick) {
			t.Errorf("the CRM has %q; Audit says\n%s", crm.text("name"), crm.text(msftColumn+"syncaudit"))
		}
		for column, v := range crm {
			if strings.HasPrefix(column, "cosell_") && v != nil && v != false {
				t.Errorf("%s was written: %v", column, v)
			}
		}
		if crm.text("msft_microsoftpartnercentersolutions") != "" {
			t.Error("the obsolete column was written")
		}
		r.microsoft(doc{"do": "accept", "id": p.microsoft})
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.quiet()
		crm = r.opportunity(p.opportunity)
		if crm.text("estimatedvalue") != "91000" || crm.text("msft_microsoftcrmidentifier") == "" {
			t.Errorf("after Microsoft's acceptance %s, %q", crm.text("estimatedvalue"), crm.text("msft_microsoftcrmidentifier"))
		}
		r.edits("opportunity", p.opportunity, doc{"msft_customerpurchaseintent": 299600002})
		o.row(r, p.opportunity, dataversesim.InsightID)
		r.quiet()
		own = r.referral(p.own)
		if own.text("details/requirements/solutions/1/id") != "SOL-15974-MQF" || own.text("details/requirements/additionalRequirements/attributes/0/id") != "HaveNotDecided" {
			t.Errorf("Partner Center has %v", own["details"])
		}
	})
}

func TestR86_ADealWithoutAnIntentIsInStep(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		p := o.shared(r, "In step")
		if status, said := r.operator(http.MethodGet, "operator/status?id="+p.opportunity, nil); status != http.StatusOK || !strings.Contains(said, `"inStep":true`) {
			t.Errorf("%d %s", status, said)
		}
	})
}

func TestR86_ADealOfThePortalArrivesInMicrosoftsTables(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		a := r.portalDeal(doc{"name": "From the portal", "details": doc{"dealValue": 5000, "currency": "EUR", "closingDateTime": "2026-09-30T00:00:00Z", "notes": "n",
			"requirements": doc{"solutions": []any{doc{"id": "sol-12345-abc", "name": "Northwind Forecast", "type": "Name"}, doc{"id": "SOL-99999-NEW", "name": "Something new", "type": "Name"}}}}})
		p := r.arrived(a)
		if got := r.opportunity(p.opportunity).text(msftColumn + "identifier"); got != a.ID {
			t.Errorf("the identifier is %q", got)
		}
		var entries []string
		for _, row := range r.dv.table(o.rows) {
			if row.text(o.opportunity) != "" || row.text("_"+o.opportunity+"_value") != "" {
				entries = append(entries, row.text(o.detail)+row.text("_"+o.detail+"_value"))
			}
		}
		details := r.dv.table(o.details)
		var names []string
		for _, d := range details {
			names = append(names, d.text(o.title))
		}
		slices.Sort(names)
		if len(entries) != 2 || len(details) != 4 || !slices.Contains(names, "Something new") {
			t.Errorf("rows name %v; the catalogue has %v", entries, names)
		}
		mark := r.dv.calls()
		r.portalEdits(a.ID, doc{"/details/dealValue": 6000})
		r.quiet()
		if n := len(r.dv.table(o.rows)); n != 2 {
			t.Errorf("%d rows after an edit; written were %s", n, listed(r.dv.writes(mark)))
		}
	})
}

func TestR86_TheSheetForMicrosoftsColumnsHasNoMistake(t *testing.T) {
	text, err := os.ReadFile("../../infra/dataverse/msft.yaml")
	must(t, err)
	for _, o := range connectedOrganisations() {
		t.Run(o.kind, func(t *testing.T) {
			play(t, func(r *rig) {
				if m := r.sheetAct("check", string(text), false); len(m.Mistakes) == 0 {
					t.Error("a CRM without Microsoft's tables has them")
				}
				r.dv.call(http.MethodPost, "/organisation", doc{"kind": o.kind})
				if m := r.sheetAct("push", string(text), false); len(m.Mistakes) != 0 || !m.Pushed {
					t.Errorf("%v", m.Mistakes)
				}
				p := o.shared(r, "Pushed")
				if p.own == "" {
					t.Error("nothing was shared")
				}
			})
		})
	}
}

// Names that come later, with the connector's solution, are found without a restart.
func TestR86_LabelsAreLookedForAgain(t *testing.T) {
	text, err := os.ReadFile("../../infra/dataverse/msft.yaml")
	must(t, err)
	play(t, func(r *rig) {
		r.reconcile() // the sheet is taken up, and its names are not there
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Msft})
		r.advance(10 * time.Minute)
		if p := connectedOrganisations()[0].shared(r, "After"); r.referral(p.own).text("details/requirements/solutions/0/id") != "SOL-12345-ABC" {
			t.Error("the solutions are not read")
		}
	}, "sheet:"+string(text))
}

// In a CRM in which several tables bear the label, somebody has to say which.
func TestR86_ALabelThatTwoTablesBearIsNoGuess(t *testing.T) {
	text, err := os.ReadFile("../../infra/dataverse/msft.yaml")
	must(t, err)
	play(t, func(r *rig) {
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Msft})
		r.administrator(doc{"do": "add", "table": "new_twin", "set": "new_twins", "label": "Twin", "plural": "Microsoft Solutions", "primaryName": "new_name"})
		m := r.sheetAct("check", string(text), false)
		if len(m.Mistakes) != 1 || !holdsAll(m.Mistakes[0], []string{"mapping.yaml:", "new_twin", "msft_microsoftpartnercentersolution", "several"}) {
			t.Errorf("%v", m.Mistakes)
		}
		named := strings.Replace(string(text), "label=Microsoft Solutions", "msft_microsoftpartnercentersolution", 1)
		if m = r.sheetAct("check", named, false); len(m.Mistakes) != 0 {
			t.Errorf("%v", m.Mistakes)
		}
	})
}

func TestR86_ALeadArrivesInTheLeadsOwnColumns(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		a := r.microsoft(doc{"do": "lead"})
		r.quiet()
		leads := r.dv.table("lead")
		if len(leads) != 1 {
			t.Fatalf("%d leads, log:\n%.3000s", len(leads), r.log)
		}
		for _, lead := range leads {
			found := map[string]bool{}
			for column, v := range lead {
				if text, ok := v.(string); ok && strings.HasPrefix(column, "msft_") {
					found["identifier"] = found["identifier"] || text == a.ID
					found["link"] = found["link"] || strings.Contains(text, "https://") && strings.Contains(text, a.ID)
				}
				found["sync"] = found["sync"] || strings.HasPrefix(column, "msft_") && v == true
				if strings.HasPrefix(column, "cosell_") && v != nil && v != false {
					t.Errorf("%s was written: %v", column, v)
				}
			}
			if !found["identifier"] || !found["link"] || !found["sync"] {
				t.Errorf("found are %v in %v", found, lead)
			}
		}
	})
}

func TestR25_TheVariableOfCoSellOnlyKeepsLeadsOut(t *testing.T) {
	play(t, func(r *rig) {
		msftOrganisation(r)
		r.variable("msft_synccosellopportunitiesonly", "Ja")
		r.microsoft(doc{"do": "lead"})
		r.quiet()
		if n := len(r.dv.table("lead")) + len(r.opportunities()); n != 0 {
			t.Errorf("%d records", n)
		}
	})
}
