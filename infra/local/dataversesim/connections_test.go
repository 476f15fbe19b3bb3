package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// connect is the body of a connection of an opportunity with somebody in a role.
func connect(opportunity, set, id, role string) string {
	table := map[string]string{"contacts": "contact", "systemusers": "systemuser", "accounts": "account"}[set]
	return `{"record1id_opportunity@odata.bind":"/opportunities(` + opportunity + `)","record2id_` + table + `@odata.bind":"/` + set + `(` + id + `)",
		"record2roleid@odata.bind":"/connectionroles(` + role + `)"}`
}

func TestConnectionIsKeptFromBothSides(t *testing.T) {
	w := newWorld(t)
	deal := w.opportunity("")
	id := w.create("connections", connect(deal, "contacts", dataversesim.ContactID, dataversesim.DecisionMakerRoleID))
	first := w.do("GET", "connections("+id+")", "").has(map[string]any{"name": "Ada Example", "ismaster": true, "_record1id_value": deal,
		"_record2id_value": dataversesim.ContactID, "_record2roleid_value": dataversesim.DecisionMakerRoleID, "_record1roleid_value": nil}).json
	second := first["_relatedconnectionid_value"].(string)
	w.do("GET", "connections("+second+")", "").has(map[string]any{"name": "Deal", "ismaster": false, "_record1id_value": dataversesim.ContactID,
		"_record2id_value": deal, "_record1roleid_value": dataversesim.DecisionMakerRoleID, "_record2roleid_value": nil, "_relatedconnectionid_value": id})
	rows := w.do("GET", "connections?$filter=_record1id_value eq "+deal+" and record2roleid/category eq 1000&$expand=record2roleid($select=name,category)", "",
		"Prefer", `odata.include-annotations="*"`).rows()
	if len(rows) != 1 || rows[0]["_record2id_value@Microsoft.Dynamics.CRM.lookuplogicalname"] != "contact" || rows[0]["record2roleid"].(map[string]any)["name"] != "Decision Maker" {
		t.Errorf("stakeholders: %v", rows)
	}
	w.do("PATCH", "connections("+id+")", `{"description":"signs","record2roleid@odata.bind":"/connectionroles(`+dataversesim.StakeholderRoleID+`)"}`).is(204)
	w.do("GET", "connections("+second+")", "").has(map[string]any{"description": "signs", "_record1roleid_value": dataversesim.StakeholderRoleID})
	w.do("DELETE", "connections("+second+")", "").is(204)
	w.do("GET", "connections("+id+")", "").is(404)
}

func TestConnectionsGoWithTheirRecords(t *testing.T) {
	w := newWorld(t)
	deal := w.opportunity("")
	w.create("connections", connect(deal, "contacts", dataversesim.ContactID, dataversesim.StakeholderRoleID))
	w.create("connections", connect(deal, "systemusers", dataversesim.CloserID, dataversesim.SalesProfessionalRoleID))
	if n := w.do("GET", "connections/$count", "").text; n != "4" {
		t.Errorf("%s rows", n)
	}
	w.do("DELETE", "opportunities("+deal+")", "").is(204)
	if n := w.do("GET", "connections/$count", "").text; n != "0" {
		t.Errorf("%s rows are left", n)
	}
}

func TestConnectionsRefuse(t *testing.T) {
	w := newWorld(t)
	deal := w.opportunity("")
	refused := func(body, text string) {
		t.Helper()
		if r := w.do("POST", "connections", body).refused(400, "0x80040203"); !strings.Contains(r.text, text) {
			t.Error(r.text)
		}
	}
	refused(connect(deal, "contacts", dataversesim.ContactID, dataversesim.SalesProfessionalRoleID), "cannot be used")
	refused(connect(deal, "systemusers", dataversesim.SellerID, dataversesim.StakeholderRoleID), "cannot be used")
	refused(`{"record1id_opportunity@odata.bind":"/opportunities(`+deal+`)"}`, "record2id")
	refused(`{"record1id_opportunity@odata.bind":"/opportunities(`+deal+`)","record2id_opportunity@odata.bind":"/opportunities(`+deal+`)"}`, "itself")
	id := w.create("connections", connect(deal, "contacts", dataversesim.ContactID, dataversesim.FormerEmployerRoleID)) // for everything
	w.do("PATCH", "connections("+id+")", `{"record2roleid@odata.bind":"/connectionroles(`+dataversesim.AccountManagerRoleID+`)"}`).refused(400, "0x80040203")
	w.allow("connection", "create", false)
	if r := w.do("POST", "connections", connect(deal, "contacts", dataversesim.ContactID, dataversesim.StakeholderRoleID)).refused(403, "0x80040220"); !strings.Contains(r.text, "prvCreateConnection") {
		t.Error(r.text)
	}
	w.allow("connection", "read", false)
	w.do("GET", "connections", "").refused(403, "0x80040220")
	w.allow("connectionrole", "read", false)
	w.do("GET", "connectionroles", "").refused(403, "0x80040220")
}

func TestConnectionsRaiseEventsOnBothSidesBySwitch(t *testing.T) {
	w := newWorld(t)
	w.listen("Update", "connection") // to any column: the product's own step hears of those that it reads
	deal := w.opportunity("")
	w.deliver(200)
	for _, both := range []bool{true, false} {
		w.flip("reciprocalRaisesEvents", both)
		copies := map[bool]int{true: 2, false: 1}[both]
		id := w.create("connections", connect(deal, "contacts", dataversesim.ContactID, dataversesim.StakeholderRoleID))
		events := w.deliver(200)
		if got := only(events, "connection"); got != strings.TrimSuffix(strings.Repeat("Create connection, ", copies), ", ") {
			t.Errorf("create: %s", got)
		}
		to := pair(t, target(t, events[0])["Attributes"], "record2id").(map[string]any)
		if to["LogicalName"] != "contact" || to["Id"] != dataversesim.ContactID {
			t.Errorf("target %v", to)
		}
		w.person(`{"do":"update","table":"connection","id":"` + id + `","columns":{"description":"x"}}`)
		if got := only(w.deliver(200), "connection"); got != strings.TrimSuffix(strings.Repeat("Update connection, ", copies), ", ") {
			t.Errorf("update: %s", got)
		}
		w.person(`{"do":"delete","table":"connection","id":"` + id + `"}`)
		if got := only(w.deliver(200), "connection"); got != strings.TrimSuffix(strings.Repeat("Delete connection, ", copies), ", ") {
			t.Errorf("delete: %s", got)
		}
	}
}

func TestChangesOfUsersAndTeamsAreTold(t *testing.T) {
	w := newWorld(t)
	w.listen("Update", "team")
	w.person(`{"do":"update","table":"systemuser","id":"` + dataversesim.CloserID + `","columns":{"mobilephone":"+491","internalemailaddress":"sam.closer@northwind.example"}}`)
	w.person(`{"do":"update","table":"team","id":"` + dataversesim.TeamID + `","columns":{"administratorid@odata.bind":"/systemusers(` + dataversesim.CloserID + `)"}}`)
	events := w.deliver(200)
	if got := messages(events); got != "Update systemuser, Update team" {
		t.Errorf("events: %s", got)
	}
	if got := pair(t, target(t, events[0])["Attributes"], "internalemailaddress"); got != "sam.closer@northwind.example" {
		t.Errorf("address %v", got)
	}
	deal := w.opportunity(`"ownerid@odata.bind":"/teams(` + dataversesim.TeamID + `)"`)
	w.do("GET", "opportunities("+deal+")?$expand=owningteam($select=name,_administratorid_value)", "").has(map[string]any{"_owningteam_value": dataversesim.TeamID, "_owninguser_value": nil})
}

func TestRecordsBelongToTheirOwnersBusinessUnit(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"businessunit","column":"new_partnerid","type":"String"}`)
	w.schema(`{"do":"add","table":"territory","column":"new_partnerid","type":"String"}`)
	north := w.person(`{"do":"create","table":"businessunit","columns":{"name":"North","new_partnerid":"7654321","parentbusinessunitid@odata.bind":"/businessunits(` + dataversesim.BusinessUnitID + `)"}}`)
	area := w.person(`{"do":"create","table":"territory","columns":{"name":"Nordics","new_partnerid":"1112223"}}`)
	deal := w.opportunity(`"ownerid@odata.bind":"/systemusers(` + dataversesim.CloserID + `)","parentaccountid@odata.bind":"/accounts(` + dataversesim.AccountID + `)"`)
	w.do("GET", "opportunities("+deal+")", "").has(map[string]any{"_owningbusinessunit_value": dataversesim.BusinessUnitID})
	w.person(`{"do":"update","table":"systemuser","id":"` + dataversesim.CloserID + `","columns":{"businessunitid@odata.bind":"/businessunits(` + north + `)"}}`)
	got := w.do("GET", "opportunities("+deal+")?$expand=owningbusinessunit($select=new_partnerid)", "").json
	if got["owningbusinessunit"].(map[string]any)["new_partnerid"] != "7654321" {
		t.Errorf("unit %v", got["owningbusinessunit"])
	}
	w.person(`{"do":"update","table":"account","id":"` + dataversesim.AccountID + `","columns":{"territoryid@odata.bind":"/territories(` + area + `)"}}`)
	w.do("GET", "accounts("+dataversesim.AccountID+")?$expand=territoryid($select=new_partnerid)", "").has(map[string]any{"_territoryid_value": area})
	later := w.opportunity(`"ownerid@odata.bind":"/systemusers(` + dataversesim.CloserID + `)"`)
	w.do("GET", "opportunities("+later+")", "").has(map[string]any{"_owningbusinessunit_value": north})
}
