package dataversesim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// msft is an organisation with Microsoft's connector.
func msft(t *testing.T, kind string) *world {
	w := newWorld(t)
	w.ctl("POST", "/organisation", `{"kind":"`+kind+`"}`).is(200)
	return w
}

func TestMicrosoftsColumnsAreThereAndHaveTheirLabels(t *testing.T) {
	w := msft(t, dataversesim.Msft)
	id := w.opportunity(`"msft_microsoftpartnercenterreferralsync":true,"msft_microsoftpartnercenterhelp":299600005,"msft_microsoftpartnercenterreferralvisible":true,
		"msft_PartnerRole@odata.bind":"/msft_partnerroles(` + w.do("GET", "msft_partnerroles?$filter=msft_name eq 'Transaction'", "").rows()[0]["msft_partnerroleid"].(string) + `)"`)
	got := w.do("GET", "opportunities("+id+")", "", "Prefer", `odata.include-annotations="*"`).json
	contains(t, got, map[string]any{"msft_microsoftpartnercenterhelp@OData.Community.Display.V1.FormattedValue": "General Or Other",
		"msft_microsoftpartnercenterreferralvisible@OData.Community.Display.V1.FormattedValue": "Visible to Microsoft sellers",
		"_msft_partnerrole_value@OData.Community.Display.V1.FormattedValue":                    "Transaction"})
	w.do("PATCH", "opportunities("+id+")", `{"msft_customerpurchaseintent":7}`).refused(400, "0x8004431A")
	for _, column := range []string{"msft_microsoftpartnercenterreferralidentifier", "msft_microsoftpartnercenterreferrallink", "msft_microsoftpartnercenterreferralprogram",
		"msft_microsoftcrmidentifier", "msft_microsoftpartnercenterreferralsyncaudit", "msft_microsoftpartnercentersolutions", "msft_coselltype", "msft_solutionarea", "msft_solutionplay"} {
		w.definition("opportunity", column).is(200)
	}
	if text := w.attribute("opportunity", "msft_microsoftpartnercenterhelp", "Picklist").text; !strings.Contains(text, `"Label":"Allgemein oder Sonstiges","LanguageCode":1031`) || !strings.Contains(text, `"LanguageCode":1036`) {
		t.Error(text)
	}
	if got := w.do("GET", "RetrieveProvisionedLanguages", "").is(200).json["RetrieveProvisionedLanguages"]; fmt.Sprint(got) != "[1033 1036 1031]" {
		t.Errorf("languages %v", got)
	}
	w.do("POST", "RetrieveProvisionedLanguages", "{}").is(405)
	if got := newWorld(t).do("GET", "RetrieveProvisionedLanguages", "").json["RetrieveProvisionedLanguages"]; fmt.Sprint(got) != "[1033]" {
		t.Errorf("languages of a plain one %v", got)
	}
}

// Names that no document gives differ between the two organisations; their labels do not.
func TestMicrosoftsTablesAreFoundByLabel(t *testing.T) {
	for _, kind := range []string{dataversesim.Msft, dataversesim.MsftOther} {
		w := msft(t, kind)
		table := func(label string) map[string]any {
			var found []map[string]any
			for _, e := range w.do("GET", "EntityDefinitions?$select=LogicalName,EntitySetName,DisplayCollectionName,PrimaryNameAttribute", "").rows() {
				if labels := e["DisplayCollectionName"].(map[string]any)["LocalizedLabels"].([]any); labels[0].(map[string]any)["Label"] == label {
					found = append(found, e)
				}
			}
			if len(found) != 1 {
				t.Fatalf("%s: %d tables are called %s", kind, len(found), label)
			}
			return found[0]
		}
		column := func(of map[string]any, label string) string {
			for _, a := range w.do("GET", "EntityDefinitions(LogicalName='"+of["LogicalName"].(string)+"')/Attributes?$select=LogicalName,SchemaName,DisplayName", "").rows() {
				if a["DisplayName"].(map[string]any)["UserLocalizedLabel"].(map[string]any)["Label"] == label {
					return a["SchemaName"].(string)
				}
			}
			t.Fatalf("%s: no column %s", kind, label)
			return ""
		}
		solutions, details := table("Microsoft Solutions"), table("Microsoft Solution Details")
		identifier := column(details, "Solution Identifier")
		w.do("POST", details["EntitySetName"].(string), `{"`+details["PrimaryNameAttribute"].(string)+`":"x"}`).refused(400, "0x80040203")
		rows := w.do("GET", details["EntitySetName"].(string)+"?$filter="+identifier+" eq 'sol-12345-abc'", "").rows()
		if len(rows) != 1 || rows[0][details["PrimaryNameAttribute"].(string)] != "Northwind Forecast" {
			t.Errorf("%s: catalogue %v", kind, rows)
		}
		deal := w.opportunity("")
		w.deliver(200)
		id := w.create(solutions["EntitySetName"].(string), `{"`+column(solutions, "Opportunity")+`@odata.bind":"/opportunities(`+deal+`)",
			"`+column(solutions, "Microsoft Solution Detail")+`@odata.bind":"/`+details["EntitySetName"].(string)+`(`+dataversesim.ForecastID+`)","`+column(solutions, "Quantity")+`":3}`)
		w.do("GET", solutions["EntitySetName"].(string)+"("+id+")", "").has(map[string]any{"msft_name": "2026-03-31-00001"})
		w.do("DELETE", solutions["EntitySetName"].(string)+"("+id+")", "").is(204)
		events := w.deliver(200)
		if got := messages(events); got != "Create "+solutions["LogicalName"].(string)+", Delete "+solutions["LogicalName"].(string) {
			t.Errorf("%s: %s", kind, got)
		}
		if image := fmt.Sprint(pair(t, events[1].body["PreEntityImages"], "pre")); !strings.Contains(image, deal) {
			t.Errorf("%s: image %s", kind, image)
		}
		w.person(`{"do":"update","table":"opportunity","id":"` + deal + `","columns":{"msft_customerpurchaseintent":299600002}}`)
		if got := messages(w.deliver(200)); got != "Update opportunity" {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestMicrosoftsVariables(t *testing.T) {
	w := msft(t, dataversesim.Msft)
	expand := "environmentvariabledefinitions?$select=schemaname,type,defaultvalue&$expand=environmentvariabledefinition_environmentvariablevalue($select=value)&$filter=startswith(schemaname,'msft_')"
	all := map[string]map[string]any{}
	for _, d := range w.do("GET", expand, "").rows() {
		all[d["schemaname"].(string)] = d
	}
	want := map[string][2]any{"msft_displaycheckmarkinname": {100000002.0, "yes"}, "msft_dealvaluefield": {100000000.0, "estimatedvalue"}, "msft_dealcurrencycodefield": {100000000.0, nil},
		"msft_customeraccountcountrycode": {100000000.0, "address1_country"}, "msft_synccosellopportunitiesonly": {100000002.0, "no"}, "msft_autohealrunscheduler": {100000001.0, "60"}}
	if len(all) != len(want) {
		t.Errorf("%d variables", len(all))
	}
	for name, w := range want {
		if d := all[name]; d["type"] != w[0] || d["defaultvalue"] != w[1] || len(d["environmentvariabledefinition_environmentvariablevalue"].([]any)) != 0 {
			t.Errorf("%s: %v", name, d)
		}
	}
	id := all["msft_dealvaluefield"]["environmentvariabledefinitionid"].(string)
	value := w.person(`{"do":"create","table":"environmentvariablevalue","columns":{"value":"budgetamount","EnvironmentVariableDefinitionId@odata.bind":"/environmentvariabledefinitions(` + id + `)"}}`)
	w.do("POST", "environmentvariablevalues", `{"value":"x","EnvironmentVariableDefinitionId@odata.bind":"/environmentvariabledefinitions(`+id+`)"}`).refused(412, "0x80060892")
	w.do("POST", "environmentvariablevalues", `{"value":"x"}`).refused(400, "0x80040203")
	w.do("POST", "environmentvariabledefinitions", `{"schemaname":"MSFT_DealValueField","type":100000000}`).refused(412, "0x80060892")
	w.do("POST", "environmentvariabledefinitions", `{"schemaname":"noprefix","type":100000000}`).refused(400, "0x80040203")
	w.person(`{"do":"update","table":"environmentvariablevalue","id":"` + value + `","columns":{"value":"new_amount"}}`)
	if rows := w.do("GET", "environmentvariabledefinitions("+id+")/environmentvariabledefinition_environmentvariablevalue", "").rows(); len(rows) != 1 || rows[0]["value"] != "new_amount" {
		t.Errorf("value %v", rows)
	}
	w.allow("environmentvariablevalue", "read", false)
	if r := w.do("GET", expand, "").refused(403, "0x80040220"); !strings.Contains(r.text, "prvReadEnvironmentVariableDefinition") {
		t.Error(r.text)
	}
}

func TestVariablesFitTheirTypeBySwitch(t *testing.T) {
	w := newWorld(t)
	for kind, values := range map[string][2]string{"100000001": {"12.5", "many"}, "100000002": {"Yes", "Oui"}, "100000003": {"{}", "{"}, "100000000": {"x", ""}} {
		w.flip("variableTypes", "free")
		id := w.create("environmentvariabledefinitions", `{"schemaname":"new_v`+kind+`","type":`+kind+`,"defaultvalue":"`+values[1]+`"}`)
		w.flip("variableTypes", "checked")
		body := func(value string) string {
			return `{"value":"` + value + `","EnvironmentVariableDefinitionId@odata.bind":"/environmentvariabledefinitions(` + id + `)"}`
		}
		if values[1] != "" {
			w.do("POST", "environmentvariablevalues", body(values[1])).refused(400, "0x80040203")
		}
		w.create("environmentvariablevalues", body(values[0]))
	}
}

func TestMicrosoftsFlowsAreOn(t *testing.T) {
	w := msft(t, dataversesim.Msft)
	on := func() []string {
		var names []string
		for _, f := range w.do("GET", "workflows?$select=name&$filter=category eq 5 and statecode eq 1", "").rows() {
			names = append(names, f["name"].(string))
		}
		return names
	}
	if names := on(); len(names) != 11 || !slices.Contains(names, "[Customize] Create or Get Details from Dynamics 365") {
		t.Errorf("flows %v", names)
	}
	id := w.do("GET", "workflows?$filter=contains(name,'Auto-heal')", "").rows()[0]["workflowid"].(string)
	w.person(`{"do":"update","table":"workflow","id":"` + id + `","columns":{"statecode":0,"statuscode":1}}`)
	if names := on(); len(names) != 10 {
		t.Errorf("flows %v", names)
	}
	w.ctl("POST", "/reset", "").is(200)
	if names := on(); len(names) != 11 {
		t.Errorf("after a reset %v", names)
	}
}
