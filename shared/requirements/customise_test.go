package requirements

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

var exampleForm = regexp.MustCompile("(?s)\n### (\\d+)\\. [^\n]*\n.*?```yaml\n(.*?)```")

// example is the sheet of an example of docs/customise.md, as it stands there.
func example(t *testing.T, number int) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/customise.md")
	must(t, err)
	all := exampleForm.FindAllStringSubmatch(string(text), -1)
	if len(all) != 10 {
		t.Fatalf("docs/customise.md has %d examples", len(all))
	}
	for _, m := range all {
		if m[1] == strconv.Itoa(number) {
			return "sheet:" + m[2]
		}
	}
	t.Fatalf("docs/customise.md has no example %d", number)
	return ""
}

// adds is a column of the organisation's own, which its table's step listens to.
func (r *rig) adds(table, column, kind string, more ...doc) {
	r.t.Helper()
	c := doc{"do": "add", "table": table, "column": column, "type": kind}
	if kind == "String" {
		c["length"] = 100
	}
	r.administrator(over(c, more))
	if table == "opportunity" {
		r.listens(table, column)
	}
}

// options are those of a choice: label and French label, from 10 upwards.
func options(labels ...[2]string) doc {
	var out []doc
	for i, l := range labels {
		out = append(out, doc{"value": 10 + i, "label": l[0], "labels": doc{"1036": l[1]}})
	}
	return doc{"options": out}
}

// lookupTable is a table of the organisation's own with a column for a code, and a lookup to it.
func (r *rig) lookupTable(table, name, schema, code string, rows map[string]string) (binds map[string]string) {
	r.t.Helper()
	target := "new_" + name
	set := target + "s"
	r.administrator(doc{"do": "add", "table": target, "set": set, "primaryName": "new_name"})
	r.administrator(doc{"do": "add", "table": target, "column": code, "type": "String", "length": 20})
	r.adds(table, strings.ToLower(schema), "Lookup", doc{"schemaName": schema, "target": target})
	binds = map[string]string{}
	for label, text := range rows {
		binds[label] = "/" + set + "(" + r.creates(target, doc{"new_name": label, code: text}) + ")"
	}
	return binds
}

func (r *rig) campaignOf(p pair, want string) {
	r.t.Helper()
	if got := r.referral(p.own).text("campaignId"); got != want {
		r.t.Errorf("the referral's campaign is %q, not %q", got, want)
	}
}

func TestCustomise1_AColumnOfYourOwn(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_campaign", "String")
		p := r.private("One", doc{"new_campaign": "Spring"})
		r.campaignOf(p, "Spring")
		r.portalEdits(p.own, doc{"/campaignId": "Summer"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_campaign"); got != "Summer" {
			t.Errorf("the CRM says %q", got)
		}
		r.audited(p.opportunity, "Campaign")
	}, example(t, 1))
}

func TestCustomise2_AChoiceWithItsTable(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_tier", "Picklist", options([2]string{"Gold", "Or"}, [2]string{"Silver", "Argent"}, [2]string{"Lead", "Plomb"}))
		p := r.private("Two", doc{"new_tier": 11})
		r.campaignOf(p, "tier-2")
		r.portalEdits(p.own, doc{"/campaignId": "tier-1"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("new_tier"); got != "10" {
			t.Errorf("tier-1 is %q in the CRM", got)
		}
		r.edits("opportunity", p.opportunity, doc{"new_tier": 12, "estimatedvalue": 4711})
		r.quiet()
		r.campaignOf(p, "tier-1")
		r.audited(p.opportunity, "12", "Gold, Argent")
		if got := r.referral(p.own).text("details/dealValue"); got != "4711" {
			t.Errorf("the other field is %s", got)
		}
	}, example(t, 2))
}

func TestCustomise3_ALookupByNameOrCode(t *testing.T) {
	play(t, func(r *rig) {
		binds := r.lookupTable("opportunity", "region", "new_RegionId", "new_code", map[string]string{"North": "N", "South": "S"})
		p := r.private("Three", doc{"new_RegionId@odata.bind": binds["North"]})
		r.campaignOf(p, "N")
		if got := r.referral(p.own).text("referralProgram"); got != "North" {
			t.Errorf("the programme is %q", got)
		}
		r.portalEdits(p.own, doc{"/campaignId": "S"})
		r.quiet()
		south := strings.Trim(strings.TrimPrefix(binds["South"], "/new_regions"), "()")
		if got := r.opportunity(p.opportunity).text("_new_regionid_value"); got != south {
			t.Errorf("the region is %q", got)
		}
		r.portalEdits(p.own, doc{"/campaignId": "X"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("_new_regionid_value"); got != south {
			t.Errorf("an unknown code: the region is %q", got)
		}
		r.audited(p.opportunity, "lookup.unknown", "X")
	}, example(t, 3))
}

func TestCustomise4_ColumnsThatMustBeFilled(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_businessline", "Picklist", options([2]string{"Hardware", "Matériel"}, [2]string{"Cloud", "Nuage"}))
		r.adds("opportunity", "new_dealsize", "Picklist", options([2]string{"Small", "Petit"}, [2]string{"Large", "Grand"}))
		r.adds("opportunity", "new_source", "String")
		r.lookupTable("account", "segment", "new_SegmentId", "new_code", map[string]string{"Industry": "I"})
		r.adds("contact", "new_role", "String")
		for _, c := range []string{"opportunity/new_businessline", "opportunity/new_dealsize", "opportunity/new_source", "account/new_segmentid", "contact/new_role"} {
			table, column, _ := strings.Cut(c, "/")
			r.administrator(doc{"do": "require", "table": table, "column": column, "level": "SystemRequired"})
		}
		p := r.arrived(r.portalDeal(doc{"name": "Four", "details": doc{"dealValue": 250000, "notes": nil}, "customerProfile": doc{"name": "Wingtip Toys"}}))
		o := r.opportunity(p.opportunity)
		account, contact := r.row("account", o.text("_parentaccountid_value")), r.row("contact", o.text("_parentcontactid_value"))
		got := fmt.Sprint(o.text("new_businessline"), o.text("new_dealsize"), o.text("new_source"), contact.text("new_role"), r.row("new_segment", account.text("_new_segmentid_value")).text("new_name"))
		if got != "1111PartnerBuyerIndustry" {
			t.Errorf("line, size, source, role and segment are %s", got)
		}
		if o.text("description") != "Made in Partner Center" {
			t.Errorf("the description is %q", o.text("description"))
		}
	}, example(t, 4))
}

func TestCustomise5_TheValueStandsElsewhere(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_entered", "Money")
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_total", "type": "Money", "formula": "new_entered * 1"})
		p := r.private("Five", doc{"new_entered": 500, "estimatedvalue": nil})
		if got := r.referral(p.own).text("details/dealValue"); got != "500" {
			t.Errorf("the referral's value is %s", got)
		}
		r.portalEdits(p.own, doc{"/details/dealValue": 900})
		r.quiet()
		if o := r.opportunity(p.opportunity); o.text("new_entered") != "900" || o.text("estimatedvalue") != "" {
			t.Errorf("entered is %s, the estimated value %q", o.text("new_entered"), o.text("estimatedvalue"))
		}
		r.edits("opportunity", p.opportunity, doc{"new_entered": 700})
		r.quiet()
		if got := r.referral(p.own).text("details/dealValue"); got != "700" {
			t.Errorf("the referral's value is %s", got)
		}
	}, example(t, 5))
}

func TestCustomise6_TheCountryIsALookup(t *testing.T) {
	play(t, func(r *rig) {
		binds := r.lookupTable("account", "country", "new_CountryId", "new_iso", map[string]string{"Germany": "DE", "France": "FR"})
		r.edits("account", dataversesim.AccountID, doc{"new_CountryId@odata.bind": binds["Germany"], "address1_country": "elsewhere"})
		if p := r.private("Six"); r.referral(p.own).text("customerProfile/address/country") != "DE" {
			t.Errorf("the country is %q", r.referral(p.own).text("customerProfile/address/country"))
		}
		p := r.arrived(r.portalDeal(doc{"name": "Six too", "customerProfile": doc{"name": "Wingtip Toys", "address": doc{"country": "FR"}}}))
		account := r.row("account", r.opportunity(p.opportunity).text("_parentaccountid_value"))
		if got := r.row("new_country", account.text("_new_countryid_value")).text("new_name"); got != "France" || account.text("address1_country") != "" {
			t.Errorf("the new account is in %q, its text says %q", got, account.text("address1_country"))
		}
	}, example(t, 6))
}

func TestCustomise7_StatusReasonsOfYourOwn(t *testing.T) {
	play(t, func(r *rig) {
		reason := func(state, value int, label string) {
			r.administrator(doc{"do": "option", "table": "opportunity", "column": "statuscode", "state": state, "value": value, "label": label})
		}
		reason(0, 100000001, "Verhandlung")
		reason(2, 100000002, "Verloren an Wettbewerber")
		reason(2, 100000003, "Kein Budget")
		r.administrator(doc{"do": "option", "table": "opportunity", "column": "statuscode", "value": 5, "remove": true})
		p := r.private("Seven")
		r.partner(doc{"do": "lose", "id": p.own, "reason": "Customer chose another vendor"})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("statuscode"); got != "100000002" {
			t.Errorf("lost to a competitor is %s", got)
		}
		q := r.private("Seven too")
		r.edits("opportunity", q.opportunity, doc{"statuscode": 100000001})
		r.quiet()
		if got := r.referral(q.own).text("substatus"); got != "Accepted" {
			t.Errorf("in negotiation the referral is %s", got)
		}
		r.person(doc{"do": "lose", "id": q.opportunity, "status": 100000003})
		r.quiet()
		if d := r.referral(q.own); d.text("substatus") != "Lost" || !strings.Contains(strings.ToLower(d.text("statusReason")), "budget") {
			t.Errorf("no budget is %s, %q", d.text("substatus"), d.text("statusReason"))
		}
	}, example(t, 7))
}

func TestCustomise8_WhatMicrosoftIsTold(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.call("POST", "/switches", doc{"taxonomy": "services"})
		r.adds("opportunity", "new_notestomicrosoft", "Memo", doc{"length": 500})
		for _, c := range []string{"new_intent", "new_area", "new_play", "new_role"} {
			r.adds("opportunity", c, "String")
		}
		r.adds("businessunit", "new_mpnid", "String")
		for id := range r.dv.table("businessunit") {
			r.edits("businessunit", id, doc{"new_mpnid": "7654321"})
		}
		id := r.service("Eight", doc{"new_notestomicrosoft": "Call Ada.", "new_intent": "Yes", "new_area": "Security", "new_play": "Data Security", "new_role": "Transaction"})
		p := r.pairOf(id)
		if p.microsoft == "" {
			t.Fatalf("it is not shared: %v", r.audit(id))
		}
		own := r.referral(p.own)
		if told := r.referral(p.microsoft).text("inviteContext/notes"); told != "Call Ada." || own.text("details/notes") != "" || own.text("mpnId") != "7654321" {
			t.Errorf("Microsoft is told %q, the notes are %q, the location %q", told, own.text("details/notes"), own.text("mpnId"))
		}
		for _, want := range []string{"Yes", "Security", "Data Security", "Transaction"} {
			if got := own.text("details/requirements/additionalRequirements/attributes"); !strings.Contains(got, `"`+want+`"`) {
				t.Errorf("%s is not in %s", want, got)
			}
		}
	}, example(t, 8))
}

func TestCustomise9_HowAnAccountIsFound(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("account", "new_duns", "String")
		byDuns := r.creates("account", doc{"name": "Renamed since", "new_duns": "150483782"})
		byDomain := r.creates("account", doc{"name": "Contoso Holding", "websiteurl": "https://www.contoso.example"})
		one, two := r.creates("account", doc{"name": "One of two", "new_duns": "777777777"}), r.creates("account", doc{"name": "Two of two", "new_duns": "777777777"})
		customer := func(name, duns, email string) string {
			profile := doc{"name": name, "team": []doc{{"firstName": "Ada", "lastName": "Example", "email": email, "phoneNumber": "+49 40 5550100"}}}
			if duns != "" {
				profile["ids"] = []doc{{"profileType": "Duns", "id": duns}}
			}
			p := r.arrived(r.portalDeal(doc{"name": "Nine " + name, "customerProfile": profile}))
			if account := r.opportunity(p.opportunity).text("_parentaccountid_value"); account != "" {
				return account
			}
			return strings.Join(r.audit(p.opportunity), "\n")
		}
		if got := customer("Wingtip", "150483782", "a@wingtip.example"); got != byDuns {
			t.Errorf("by its number it is %s", got)
		}
		if got := customer("Somebody", "", "a@contoso.example"); got != byDomain {
			t.Errorf("by its domain it is %s", got)
		}
		if got := customer("Twins", "777777777", "a@twins.example"); !strings.Contains(got, one) || !strings.Contains(got, two) {
			t.Errorf("two accounts of one number: %s", got)
		}
	}, example(t, 9))
}

func TestCustomise10_WhoWinsAndInWhichDirection(t *testing.T) {
	play(t, func(r *rig) {
		r.adds("opportunity", "new_campaign", "String")
		r.adds("opportunity", "new_programme", "String")
		p := r.private("Ten", doc{"new_campaign": "A", "new_programme": "Once"})
		both := func(portal, crm doc) {
			r.pc.delivery(doc{"pause": true})
			r.dv.delivery(doc{"pause": true})
			r.edits("opportunity", p.opportunity, crm)
			r.portalEdits(p.own, portal)
			r.pc.delivery(doc{})
			r.dv.delivery(doc{})
			r.quiet()
		}
		both(doc{"/details/closingDateTime": "2026-12-24T00:00:00Z"}, doc{"estimatedclosedate": "2026-11-30"})
		if got := r.referral(p.own).text("details/closingDateTime"); !strings.HasPrefix(got, "2026-11-30") {
			t.Errorf("the CRM's date does not count: %s", got)
		}
		r.portalEdits(p.own, doc{"/details/notes": "Written there"})
		r.quiet()
		r.edits("opportunity", p.opportunity, doc{"description": "Changed here", "new_programme": "Twice"})
		r.quiet()
		if d, o := r.referral(p.own), r.opportunity(p.opportunity); o.text("description") != "Written there" || d.text("details/notes") != "Written there" || d.text("referralProgram") != "Once" {
			t.Errorf("the description is %q, the notes are %q, the programme %q", o.text("description"), d.text("details/notes"), d.text("referralProgram"))
		}
		both(doc{"/campaignId": "B"}, doc{"new_campaign": "C"})
		if o := r.opportunity(p.opportunity).text("new_campaign"); o != "C" || r.referral(p.own).text("campaignId") != "B" {
			t.Errorf("a person's decision was taken: %q and %q", o, r.referral(p.own).text("campaignId"))
		}
		r.audited(p.opportunity, "conflict", "ampaign")
	}, example(t, 10))
}
