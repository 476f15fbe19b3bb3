package requirements

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// toldBeside are the columns that a change may touch beside its own: Audit, mark and how things stand.
var toldBeside = []string{"cosell_audit", "cosell_state", "cosell_errorcode", "cosell_lastsync", "cosell_expires", "cosell_proposed"}

// touched lists the columns of an opportunity that differ from before, without those that tell how things stand.
func (r *rig) touched(id string, before doc) []string {
	r.t.Helper()
	return slices.DeleteFunc(changed(before, r.opportunity(id)), func(name string) bool { return slices.Contains(toldBeside, name) })
}

// members are the columns that a write sets, without those that tell how things stand.
func (w written) members(t *testing.T) []string {
	t.Helper()
	var body doc
	decoded(t, []byte(w.Body), &body)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(body)), func(name string) bool { return slices.Contains(toldBeside, name) })
}

func TestR26_EachShippedFieldChangesItsOwnColumnOnly(t *testing.T) {
	for field, c := range map[string]struct {
		path    string
		value   any
		columns []string
		want    string
	}{
		"value":        {"/details/dealValue", 91000.25, []string{"estimatedvalue"}, "91000.25"},
		"closing date": {"/details/closingDateTime", "2026-12-24T00:00:00Z", []string{"estimatedclosedate"}, "2026-12-24"},
		"notes":        {"/details/notes", "Other notes", []string{"description"}, "Other notes"},
	} {
		t.Run(field, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("One field")
				before, mark := r.opportunity(p.opportunity), r.dv.calls()
				r.portalEdits(p.own, doc{c.path: c.value})
				r.quiet()
				if got := r.touched(p.opportunity, before); !slices.Equal(got, c.columns) || r.opportunity(p.opportunity).text(c.columns[0]) != c.want {
					t.Errorf("touched were %v: %s", got, r.opportunity(p.opportunity).text(c.columns[0]))
				}
				for _, w := range r.dv.wrote(mark, 1) {
					if sent := w.members(t); !slices.Equal(sent, c.columns) {
						t.Errorf("written were %v", sent)
					}
				}
			})
		})
	}
}

// Money is one value (R129): a currency and its amount come together, and what is equal is not written.
func TestR26_TheCurrencyChangesItsOwnColumnOnly(t *testing.T) {
	for name, c := range map[string]struct {
		changes doc
		columns []string
		value   string
	}{
		"alone":           {doc{"/details/currency": "USD"}, []string{"_transactioncurrencyid_value"}, "85000"},
		"with its amount": {doc{"/details/currency": "USD", "/details/dealValue": 90000}, []string{"_transactioncurrencyid_value", "estimatedvalue"}, "90000"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Currency")
				before := r.opportunity(p.opportunity)
				r.portalEdits(p.own, c.changes)
				r.quiet()
				o := r.opportunity(p.opportunity)
				got := slices.DeleteFunc(r.touched(p.opportunity, before), func(name string) bool { return name == "exchangerate" })
				if !slices.Equal(got, c.columns) || o.text("estimatedvalue") != c.value ||
					r.row("transactioncurrency", o.text("_transactioncurrencyid_value")).text("isocurrencycode") != "USD" {
					t.Errorf("touched were %v: %s", got, o.text("estimatedvalue"))
				}
			})
		})
	}
}

func TestR26_StatusAndVisibilityChangeTheirOwnColumnsOnly(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Opened up in the portal")
		before := r.opportunity(p.opportunity)
		r.portalEdits(p.own, doc{"/consent/consentToShareReferralWithMicrosoftSellers": true})
		r.quiet()
		if got := r.touched(p.opportunity, before); !slices.Equal(got, []string{"cosell_visible"}) {
			t.Errorf("visibility touched %v", got)
		}
		before = r.opportunity(p.opportunity)
		r.partner(doc{"do": "win", "id": p.own})
		r.quiet()
		got := r.touched(p.opportunity, before)
		closing := []string{"statecode", "statuscode", "actualclosedate", "actualvalue", "closeprobability", "customerneed"}
		if slices.ContainsFunc(got, func(name string) bool { return !slices.Contains(closing, name) }) || !slices.Contains(got, "statecode") {
			t.Errorf("winning touched %v", got)
		}
	})
}

func TestR27_NoDifferenceIsNoWrite(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("The same")
		mark := r.dv.calls()
		own := r.referral(p.own)
		r.portalEdits(p.own, doc{"/details/dealValue": own.at("details/dealValue"), "/details/notes": own.at("details/notes")})
		r.quiet()
		r.dv.wrote(mark, 0)
		reads := slices.ContainsFunc(r.pc.since(0), func(e entry) bool { return e.Method == "GET" && strings.Contains(e.URL, p.own) })
		if !reads {
			t.Error("the referral was not even looked at")
		}
	})
}

func TestR28_NameAndSolutionsComeToo(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Old name")
		r.solution(p.opportunity, "SOL-22222-DEF", "Northwind Returns")
		r.quiet()
		r.portalEdits(p.own, doc{"/name": "New name", "/details/requirements/solutions": []any{
			doc{"id": "SOL-12345-ABC", "name": "Northwind Forecast", "type": "Name"}, doc{"id": "SOL-15974-MQF", "name": "Northwind Insight", "type": "Name"}}})
		r.quiet()
		if name := r.opportunity(p.opportunity).text("name"); name != tick+"New name" {
			t.Errorf("the name is %q", name)
		}
		var ids []string
		for _, row := range r.solutionsOf(p.opportunity) {
			ids = append(ids, r.solutionID(row))
		}
		slices.Sort(ids)
		if !slices.Equal(ids, []string{"SOL-12345-ABC", "SOL-15974-MQF"}) {
			t.Errorf("the rows are %v", ids)
		}
	})
}

func TestR28_TheStageComesWhereTheSheetHasIt(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Stages")
		r.portalEdits(p.own, doc{"/salesStage": "40"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("stepname"); got != "40" {
			t.Errorf("the stage is %q", got)
		}
	}, "sheet:- {field: stage, referral: /salesStage, crm: stepname, as: text, wins: newest}\n")
}

// The partner's people are the owner's business; of those in the portal a column of the sheet may keep what it likes.
func TestR28_AMemberOfTheTeamComesWhereTheSheetHasIt(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_lead", "type": "String", "length": 100})
		p := r.private("Led by")
		r.portalEdits(p.own, doc{"/team/0/firstName": "Nora"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_lead"); got != "Nora" {
			t.Errorf("the column says %q, the team is %s", got, r.referral(p.own).text("team"))
		}
	}, "sheet:- {field: leader, referral: /team/0/firstName, crm: new_lead, way: toOpportunity}\n")
}

// solutionsOf are the solution rows of an opportunity.
func (r *rig) solutionsOf(opportunity string) (out []doc) {
	r.t.Helper()
	for _, row := range r.dv.table("cosell_solution") {
		if row.text("_cosell_opportunityid_value") == opportunity {
			out = append(out, row)
		}
	}
	return out
}

// solutionID is the solution that a row names, by the catalogue or by hand.
func (r *rig) solutionID(row doc) string {
	r.t.Helper()
	if id := row.text("_cosell_solutiondetailid_value"); id != "" {
		return r.row("cosell_solutiondetail", id).text("cosell_identifier")
	}
	return row.text("cosell_identifier")
}
