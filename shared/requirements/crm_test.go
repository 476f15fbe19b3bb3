package requirements

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// The marks before an opportunity's name, and the choices of infra/dataverse/schema.json that stories use.
const (
	tick       = "✓ "
	cross      = "✗ "
	onHold     = 2
	inProgress = 1
	euro       = "/transactioncurrencies(" + dataversesim.EuroID + ")"
)

// person does something in the CRM's own screens, as POST user of the CRM describes it, and gives the row's id.
func (r *rig) person(act doc) string {
	r.t.Helper()
	var out struct {
		ID string `json:"id"`
	}
	decoded(r.t, r.dv.call(http.MethodPost, "/user", act), &out)
	return out.ID
}

// creates is a new row made by a person.
func (r *rig) creates(table string, columns doc) string {
	r.t.Helper()
	return r.person(doc{"do": "create", "table": table, "columns": columns})
}

// edits changes a row as a person.
func (r *rig) edits(table, id string, columns doc) {
	r.t.Helper()
	r.person(doc{"do": "update", "table": table, "id": id, "columns": columns})
}

// administrator changes the CRM's metadata.
func (r *rig) administrator(change doc) { r.t.Helper(); r.dv.call(http.MethodPost, "/schema", change) }

// row is a row of the CRM; nil when there is none.
func (r *rig) row(table, id string) doc { r.t.Helper(); return r.dv.table(table)[id] }

// opportunity is an opportunity as the CRM holds it.
func (r *rig) opportunity(id string) doc {
	r.t.Helper()
	row := r.row("opportunity", id)
	if row == nil {
		r.t.Fatalf("the CRM has no opportunity %q", id)
	}
	return row
}

// opportunities are all opportunities by id.
func (r *rig) opportunities() map[string]doc { r.t.Helper(); return r.dv.table("opportunity") }

// naming are the opportunities that name a referral.
func (r *rig) naming(referral string) (ids []string) {
	r.t.Helper()
	for id, o := range r.opportunities() {
		if o.text("cosell_referralid") == referral {
			ids = append(ids, id)
		}
	}
	return ids
}

// only is the id of the one opportunity that there is.
func (r *rig) only() string {
	r.t.Helper()
	all := r.opportunities()
	if len(all) != 1 {
		r.t.Fatalf("the CRM has %d opportunities instead of one", len(all))
	}
	for id := range all {
		return id
	}
	return ""
}

// audit lists the lines of an opportunity's Audit, the newest first.
func (r *rig) audit(id string) []string {
	r.t.Helper()
	text := r.opportunity(id).text("cosell_audit")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// audited checks that the newest lines of Audit, one of them, hold all of these.
func (r *rig) audited(id string, parts ...string) {
	r.t.Helper()
	for _, line := range r.audit(id) {
		if holdsAll(line, parts) {
			return
		}
	}
	r.t.Errorf("no line of Audit holds %q:\n%s", parts, strings.Join(r.audit(id), "\n"))
}

func holdsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// help is the value of a choice of "How can Microsoft help?" by Partner Center's code.
func (r *rig) help(code string) int { r.t.Helper(); return r.choice("cosell_help", code) }

// choice is the value of an option of infra/dataverse/schema.json by its code.
func (r *rig) choice(name, code string) int {
	r.t.Helper()
	var schema struct {
		Choices []struct {
			Name    string `json:"name"`
			Options []struct {
				Value int    `json:"value"`
				Code  string `json:"code"`
			} `json:"options"`
		} `json:"choices"`
	}
	must(r.t, json.Unmarshal(dataverse.Schema, &schema))
	for _, c := range schema.Choices {
		for _, o := range c.Options {
			if c.Name == name && o.Code == code {
				return o.Value
			}
		}
	}
	r.t.Fatalf("choice %s has no option %q", name, code)
	return 0
}

// customer makes an account with a German address.
func (r *rig) customer(name string, more ...doc) string {
	r.t.Helper()
	columns := doc{"name": name, "address1_line1": "Musterweg 1", "address1_city": "Hamburg", "address1_postalcode": "20095", "address1_country": "DE"}
	return r.creates("account", over(columns, more))
}

// contactOf makes a contact of an account.
func (r *rig) contactOf(account, first, last string, more ...doc) string {
	r.t.Helper()
	columns := doc{"firstname": first, "lastname": last, "telephone1": "+49 40 5550100", "emailaddress1": strings.ToLower(first + "@" + last + ".example"),
		"parentcustomerid_account@odata.bind": "/accounts(" + account + ")"}
	return r.creates("contact", over(columns, more))
}

// deal makes an opportunity of the seed's customer, Tailspin Toys GmbH, with its contact, over 85,000 EUR, closing
// on 2026-06-30, not synced yet, without a solution row.
func (r *rig) deal(name string, more ...doc) string {
	r.t.Helper()
	columns := doc{"name": name, "estimatedvalue": 85000, "estimatedclosedate": "2026-06-30", "description": "The customer wants to forecast stock.",
		"transactioncurrencyid@odata.bind": euro, "parentaccountid@odata.bind": "/accounts(" + dataversesim.AccountID + ")",
		"parentcontactid@odata.bind": "/contacts(" + dataversesim.ContactID + ")"}
	return r.creates("opportunity", over(columns, more))
}

// solution adds a solution row to an opportunity.
func (r *rig) solution(opportunity, identifier, name string, more ...doc) string {
	r.t.Helper()
	columns := doc{"cosell_name": name, "cosell_identifier": identifier, "cosell_OpportunityId@odata.bind": "/opportunities(" + opportunity + ")"}
	return r.creates("cosell_solution", over(columns, more))
}

// over lays documents over each other, the last on top; a nil value takes a member away.
func over(base doc, more []doc) doc {
	out := maps.Clone(base)
	for _, m := range more {
		for k, v := range m {
			if v == nil {
				delete(out, k)
				continue
			}
			out[k] = v
		}
	}
	return out
}

// coSell is a deal of the seller's that was shared with Microsoft: synced, in step, both referrals there.
func (r *rig) coSell(name string, more ...doc) pair {
	r.t.Helper()
	id := r.deal(name, append([]doc{{"cosell_help": r.help("WorkloadSpecificValueProposition")}}, more...)...)
	return r.synced(id)
}

// private is a deal of the seller's that Microsoft does not see.
func (r *rig) private(name string, more ...doc) pair {
	r.t.Helper()
	return r.synced(r.deal(name, more...))
}

// synced gives a deal a solution row, switches Sync on and waits for its referrals.
func (r *rig) synced(id string) pair {
	r.t.Helper()
	r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
	r.edits("opportunity", id, doc{"cosell_sync": true})
	r.quiet()
	p := r.pairOf(id)
	if p.own == "" {
		r.t.Fatalf("opportunity %s has no referral; its Audit says\n%s", id, strings.Join(r.audit(id), "\n"))
	}
	return p
}
