package dataversesim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// label is a label in English and, where given, in French.
func label(english string, french ...string) string {
	out := fmt.Sprintf(`{"@odata.type":"Microsoft.Dynamics.CRM.Label","LocalizedLabels":[{"@odata.type":"Microsoft.Dynamics.CRM.LocalizedLabel","Label":%q,"LanguageCode":1033}`, english)
	for _, f := range french {
		out += fmt.Sprintf(`,{"Label":%q,"LanguageCode":1036}`, f)
	}
	return out + "]}"
}

// solution makes a publisher with the prefix zzz and a solution of its, as customizer.
func (w *world) solution() {
	w.Helper()
	publisher := w.create("publishers", `{"uniquename":"zzzpub","friendlyname":"Z","customizationprefix":"zzz","customizationoptionvalueprefix":70001}`)
	w.create("solutions", `{"uniquename":"Zzz","friendlyname":"Z","version":"1.0.0.0","publisherid@odata.bind":"/publishers(`+publisher+`)"}`)
}

// define posts a definition into the solution Zzz.
func (w *world) define(path, body string) *reply {
	w.Helper()
	return w.do("POST", path, body, "MSCRM.SolutionUniqueName", "Zzz", "Consistency", "Strong")
}

func (w *world) put(path, body string, headers ...string) *reply {
	w.Helper()
	return w.do("PUT", path, body, headers...)
}

const (
	ofOpportunity = "EntityDefinitions(LogicalName='opportunity')/Attributes"
	textColumn    = `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"zzz_Code","MaxLength":20,"FormatName":{"Value":"Text"},"RequiredLevel":{"Value":"None"},"DisplayName":`
)

func TestPublishersAndSolutions(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	w.solution()
	for body, code := range map[string]string{
		`{"uniquename":"zzzpub","friendlyname":"Z","customizationprefix":"zzy","customizationoptionvalueprefix":70002}`:   "0x80040237",
		`{"uniquename":"a b","friendlyname":"Z","customizationprefix":"zzy","customizationoptionvalueprefix":70002}`:      "0x8004F002",
		`{"uniquename":"other","friendlyname":"Z","customizationprefix":"Zzy","customizationoptionvalueprefix":70002}`:    "0x80040203",
		`{"uniquename":"other","friendlyname":"Z","customizationprefix":"mscrmx","customizationoptionvalueprefix":70002}`: "0x80040203",
		`{"uniquename":"other","friendlyname":"Z","customizationprefix":"zzy","customizationoptionvalueprefix":1}`:        "0x8004432F",
	} {
		if r := w.do("POST", "publishers", body); r.status < 400 || r.error()["code"] != code {
			t.Errorf("%s: %d %s, want %s", body, r.status, r.text, code)
		}
	}
	publisher := w.do("GET", "publishers?$select=publisherid&$filter=uniquename eq 'zzzpub'", "").column("publisherid")
	bind := `,"friendlyname":"Z","publisherid@odata.bind":"/publishers(` + publisher + `)"}`
	w.do("POST", "solutions", `{"uniquename":"Zzz","version":"1.0.0.0"`+bind).refused(400, "0x8004F023")
	w.do("POST", "solutions", `{"uniquename":"1Z","version":"1.0.0.0"`+bind).refused(400, "0x8004F002")
	w.do("POST", "solutions", `{"uniquename":"Z2","version":"new"`+bind).refused(400, "0x80040203")
	w.do("POST", "solutions", `{"uniquename":"Z2","version":"1.0","friendlyname":"Z"}`).is(400)
	w.do("DELETE", "publishers("+publisher+")", "").refused(405, "0x80040227")
	w.do("DELETE", "publishers("+dataversesim.DefaultPublisherID+")", "").is(400)
	w.do("DELETE", "solutions("+dataversesim.DefaultSolutionID+")", "").is(400)
	w.do("DELETE", "solutions("+w.do("GET", "solutions?$filter=uniquename eq 'Zzz'", "").column("solutionid")+")", "").is(204)
	w.do("DELETE", "publishers("+publisher+")", "").is(204)
}

func TestColumnsAreDefined(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareFrench, "customizer", nil)
	w.solution()
	for i, body := range []string{
		textColumn + label("Code", "Le code") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.MemoAttributeMetadata","SchemaName":"zzz_Long","Format":"TextArea","MaxLength":4000,"DisplayName":` + label("Long") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.BooleanAttributeMetadata","SchemaName":"zzz_Flag","DefaultValue":true,"OptionSet":{"TrueOption":{"Value":1,"Label":` + label("On") + `},"FalseOption":{"Value":0,"Label":` + label("Off") + `}},"DisplayName":` + label("Flag") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.IntegerAttributeMetadata","SchemaName":"zzz_Count","Format":"None","MinValue":0,"MaxValue":10,"DisplayName":` + label("Count") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.DecimalAttributeMetadata","SchemaName":"zzz_Rate","Precision":4,"DisplayName":` + label("Rate") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.MoneyAttributeMetadata","SchemaName":"zzz_Amount","PrecisionSource":2,"DisplayName":` + label("Amount") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.DateTimeAttributeMetadata","SchemaName":"zzz_Day","Format":"DateOnly","DateTimeBehavior":{"Value":"DateOnly"},"DisplayName":` + label("Day") + "}",
		`{"@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","SchemaName":"zzz_Own","OptionSet":{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","IsGlobal":false,"OptionSetType":"Picklist","Options":[{"Label":` + label("First") + `},{"Value":5,"Label":` + label("Second") + `}]},"DisplayName":` + label("Own") + "}",
	} {
		r := w.define(ofOpportunity, body).is(204)
		if !strings.Contains(r.header.Get("OData-EntityId"), "/Attributes(") {
			t.Errorf("%d: %s", i, r.header.Get("OData-EntityId"))
		}
	}
	w.as("administrator")
	id := w.create("opportunities", `{"name":"x","zzz_code":"C","zzz_count":3,"zzz_rate":1.23456,"zzz_day":"2026-04-01","zzz_own":700010000}`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"zzz_code": "C", "zzz_flag": true, "zzz_rate": 1.2346, "zzz_own": 700010000.0})
	w.do("POST", "opportunities", `{"name":"x","zzz_count":11}`).refused(400, "0x8004432F")
	w.do("POST", "opportunities", `{"name":"x","zzz_own":700010001}`).refused(400, "0x8004431A")
	seen := w.do("GET", ofOpportunity+"(LogicalName='zzz_code')/Microsoft.Dynamics.CRM.StringAttributeMetadata", "").is(200)
	for _, want := range []string{`"Label":"Le code","LanguageCode":1036`, `"IsManaged":false`, `"MaxLength":20`} {
		if !strings.Contains(seen.text, want) {
			t.Errorf("%s is missing in %s", want, seen.text)
		}
	}
	components := w.do("GET", "solutions?$select=uniquename&$filter=uniquename eq 'Zzz'&$expand=solution_solutioncomponent($select=componenttype,rootcomponentbehavior)", "").is(200)
	if n := strings.Count(components.text, `"componenttype":2`); n != 8 || !strings.Contains(components.text, `"componenttype":1,"rootcomponentbehavior":2`) {
		t.Errorf("%d columns in the solution: %s", n, components.text)
	}
}

func TestColumnsThatAreRefused(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareFrench, "customizer", nil)
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	german := strings.Replace(label("C", "C"), "1036", "1031", 1)
	for body, code := range map[string]string{
		textColumn + label("Code") + "}":                                                                                         "0x80047013",
		strings.Replace(textColumn, "zzz_", "abc_", 1) + label("Code") + "}":                                                     "0x80044a03",
		strings.Replace(textColumn, "zzz_Code", "Code", 1) + label("Code") + "}":                                                 "0x80044a03",
		strings.Replace(textColumn, "zzz_Code", "zzz_A", 1) + german + "}":                                                       "0x80040203",
		strings.Replace(textColumn, "zzz_Code", "zzz_A", 1) + `{"LocalizedLabels":[]}}`:                                          "0x80040203",
		strings.Replace(textColumn, "zzz_Code", "zzz_A", 1) + label("C") + `,"Colour":1}`:                                        "0x80048d19",
		strings.Replace(strings.Replace(textColumn, "zzz_Code", "zzz_A", 1), "20", "4001", 1) + label("C") + "}":                 "0x80040203",
		strings.Replace(strings.Replace(textColumn, "zzz_Code", "zzz_A", 1), `"Text"`, `"Odd"`, 1) + label("C") + "}":            "0x80040203",
		`{"SchemaName":"zzz_A","DisplayName":` + label("A") + "}":                                                                "0x80048d19",
		`{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","SchemaName":"zzz_A","DisplayName":` + label("A") + "}": "0x80040203",
		`{"@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","SchemaName":"zzz_A","GlobalOptionSet@odata.bind":"/GlobalOptionSetDefinitions(Name='zzz_none')","DisplayName":` + label("A") + "}": "0x80040217",
		`{"@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","SchemaName":"zzz_A","DisplayName":` + label("A") + "}":                                                                             "0x80040203",
	} {
		if r := w.define(ofOpportunity, body); r.status < 400 || r.error()["code"] != code {
			t.Errorf("%s: %d %s, want %s", body, r.status, r.text, code)
		}
	}
	w.do("POST", ofOpportunity, textColumn+label("Code")+"}", "MSCRM.SolutionUniqueName", "None").refused(400, "0x8004F026")
	w.flip("setupLabels", "ignored")
	w.define(ofOpportunity, strings.Replace(textColumn, "zzz_Code", "zzz_B", 1)+german+"}").is(204)
	w.flip("setupExistsStatus", 409)
	w.define(ofOpportunity, textColumn+label("Code")+"}").refused(409, "0x80047013")
	w.as("product")
	w.do("GET", "WhoAmI", "").is(403)
}

func TestColumnsAreReplacedWhole(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareFrench, "customizer", nil)
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code", "Le code")+"}").is(204)
	path := ofOpportunity + "(LogicalName='zzz_code')"
	read := func() map[string]any {
		return w.do("GET", path+"/Microsoft.Dynamics.CRM.StringAttributeMetadata", "").is(200).json
	}
	write := func(change func(map[string]any), headers ...string) *reply {
		d := read()
		change(d)
		b, _ := json.Marshal(d)
		return w.put(path, string(b), headers...)
	}
	write(func(d map[string]any) {
		d["MaxLength"] = 30
		d["DisplayName"] = json.RawMessage(label("Key"))
		d["IsAuditEnabled"] = map[string]any{"Value": true}
	}, "MSCRM.MergeLabels", "true").is(204)
	if text := w.do("GET", path, "").text; !strings.Contains(text, `"Label":"Key"`) || !strings.Contains(text, "Le code") || !strings.Contains(text, `"IsAuditEnabled":{"Value":true`) {
		t.Error(text)
	}
	write(func(d map[string]any) { d["DisplayName"] = json.RawMessage(label("Key")) }).is(204) // without merging the other languages go
	if text := w.do("GET", path, "").text; strings.Contains(text, "Le code") {
		t.Error(text)
	}
	write(func(d map[string]any) { d["MaxLength"] = 10 }).is(400)
	write(func(d map[string]any) { d["@odata.type"] = "Microsoft.Dynamics.CRM.MemoAttributeMetadata" }).is(400)
	write(func(d map[string]any) { delete(d, "LogicalName") }).is(400)
	w.do("PATCH", path, `{}`).is(405)
	w.put("EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='none')", `{}`).is(404)
}

func TestColumnsAreDeletedUnlessNeeded(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareMsft, "customizer", nil)
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	w.define("EntityDefinitions(LogicalName='opportunity')/Keys", `{"SchemaName":"zzz_Key","DisplayName":`+label("K")+`,"KeyAttributes":["zzz_code"]}`).is(204)
	path := ofOpportunity + "(LogicalName='zzz_code')"
	w.do("DELETE", path, "").refused(400, "0x8004F01F")
	w.do("DELETE", "EntityDefinitions(LogicalName='opportunity')/Keys(LogicalName='zzz_key')", "").is(204)
	w.do("DELETE", path, "").is(204)
	w.do("GET", path, "").is(404)
	w.do("DELETE", ofOpportunity+"(LogicalName='msft_coselltype')", "").refused(400, "0x8004F032")
	w.do("DELETE", ofOpportunity+"(LogicalName='description')", "").refused(400, "0x8004F032")
	if n := len(w.do("GET", "solutioncomponents?$filter=componenttype eq 2", "").rows()); n != 0 {
		t.Errorf("%d columns are left in solutions", n)
	}
}

const newTable = `{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"zzz_Category","OwnershipType":"UserOwned","HasActivities":false,"HasNotes":true,"ChangeTrackingEnabled":true,
	"PrimaryNameAttribute":"zzz_name","Attributes":[{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","IsPrimaryName":true,"SchemaName":"zzz_Name","MaxLength":200,"FormatName":{"Value":"Text"},"RequiredLevel":{"Value":"ApplicationRequired"},"DisplayName":%s}],
	"DisplayName":%s,"DisplayCollectionName":%s}`

func aTable() string {
	return fmt.Sprintf(newTable, label("Name", "Nom"), label("Category", "Catégorie"), label("Categories", "Catégories"))
}

func aRelationship(onDelete string) string {
	return `{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","SchemaName":"zzz_opportunity_category","ReferencedEntity":"opportunity","ReferencedAttribute":"opportunityid","ReferencingEntity":"zzz_category",
		"CascadeConfiguration":{"Assign":"NoCascade","Delete":"` + onDelete + `","Merge":"NoCascade","Reparent":"NoCascade","Share":"NoCascade","Unshare":"NoCascade"},
		"Lookup":{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","SchemaName":"zzz_OpportunityId","DisplayName":` + label("Opportunity") + `}}`
}

func TestTablesAndRelationshipsAreDefined(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareFrench, "customizer", nil)
	w.solution()
	w.define("EntityDefinitions", aTable()).is(204)
	w.define("EntityDefinitions", aTable()).is(400)
	w.do("GET", "EntityDefinitions(LogicalName='zzz_category')?$select=EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,OwnershipType,HasNotes,IsManaged", "").is(200).has(map[string]any{
		"EntitySetName": "zzz_categories", "PrimaryIdAttribute": "zzz_categoryid", "ChangeTrackingEnabled": true, "OwnershipType": "UserOwned", "HasNotes": true, "IsManaged": false})
	w.define("RelationshipDefinitions", strings.Replace(aRelationship("Restrict"), "zzz_category\"", "zzz_none\"", 1)).is(404)
	w.define("RelationshipDefinitions", strings.Replace(aRelationship("Restrict"), `"Restrict"`, `"Burn"`, 1)).is(400)
	w.define("RelationshipDefinitions", strings.Replace(aRelationship("Restrict"), "OneToMany", "ManyToMany", 1)).is(501)
	w.define("RelationshipDefinitions", aRelationship("Restrict")).is(204)
	w.define("RelationshipDefinitions", aRelationship("Restrict")).refused(400, "0x8004432B")
	w.do("GET", "RelationshipDefinitions(SchemaName='zzz_opportunity_category')", "").is(200).has(map[string]any{"ReferencingEntityNavigationPropertyName": "zzz_OpportunityId", "ReferencedEntity": "opportunity"})
	w.as("administrator")
	deal := w.opportunity("")
	row := w.create("zzz_categories", `{"zzz_name":"A","zzz_OpportunityId@odata.bind":"/opportunities(`+deal+`)"}`)
	if got := w.do("GET", "opportunities("+deal+")/zzz_opportunity_category?$select=zzz_name", "").column("zzz_name"); got != "A" {
		t.Error(got)
	}
	w.do("DELETE", "opportunities("+deal+")", "").refused(405, "0x80040227")
	w.do("DELETE", "zzz_categories("+row+")", "").is(204)
	w.do("DELETE", "opportunities("+deal+")", "").is(204)
	w.as("customizer")
	w.do("DELETE", "RelationshipDefinitions(SchemaName='zzz_opportunity_category')", "").is(204)
	w.do("GET", "EntityDefinitions(LogicalName='zzz_category')/Attributes(LogicalName='zzz_opportunityid')", "").is(404)
	w.do("DELETE", "EntityDefinitions(LogicalName='zzz_category')", "").is(204)
	w.do("DELETE", "EntityDefinitions(LogicalName='account')", "").refused(400, "0x8004F032")
	w.do("GET", "zzz_categories", "").is(404)
}

func TestATableThatOthersNeedStays(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	w.solution()
	w.define("EntityDefinitions", aTableInEnglish()).is(204)
	w.define("RelationshipDefinitions", strings.NewReplacer(`"ReferencedEntity":"opportunity","ReferencedAttribute":"opportunityid","ReferencingEntity":"zzz_category"`,
		`"ReferencedEntity":"zzz_category","ReferencingEntity":"opportunity"`, "zzz_OpportunityId", "zzz_CategoryId").Replace(aRelationship("RemoveLink"))).is(204)
	w.do("DELETE", "EntityDefinitions(LogicalName='zzz_category')", "").refused(400, "0x8004F01F")
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_categoryid')", "").is(204)
	w.do("DELETE", "EntityDefinitions(LogicalName='zzz_category')", "").is(204)
}

func aTableInEnglish() string {
	return fmt.Sprintf(newTable, label("Name"), label("Category"), label("Categories"))
}

func TestTableFlagsAreReplaced(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", map[string]any{"setupTracking": "none"})
	path := "EntityDefinitions(LogicalName='lead')"
	d := w.do("GET", path, "").is(200).json
	d["ChangeTrackingEnabled"], d["IsAuditEnabled"] = true, map[string]any{"Value": true}
	b, _ := json.Marshal(d)
	w.put(path, string(b), "MSCRM.MergeLabels", "true").is(204)
	w.do("GET", path+"?$select=ChangeTrackingEnabled,IsAuditEnabled", "").has(map[string]any{"ChangeTrackingEnabled": true})
	d["ChangeTrackingEnabled"] = false
	b, _ = json.Marshal(d)
	w.put(path, string(b)).refused(400, "0x8004023b")
	d["OwnershipType"], d["ChangeTrackingEnabled"] = "OrganizationOwned", true
	b, _ = json.Marshal(d)
	w.put(path, string(b)).is(400)
	w.as("administrator")
	w.do("GET", "leads?$select=subject", "", "Prefer", "odata.track-changes").is(200)
}

func TestGlobalChoices(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareFrench, "customizer", nil)
	w.solution()
	choice := `{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","Name":"zzz_help","OptionSetType":"Picklist","Options":[{"Value":700010000,"Label":` + label("One", "Un") + `}],"DisplayName":` + label("Help") + "}"
	w.define("GlobalOptionSetDefinitions", choice).is(204)
	w.define("GlobalOptionSetDefinitions", choice).refused(400, "0x80044345")
	column := `{"@odata.type":"Microsoft.Dynamics.CRM.PicklistAttributeMetadata","SchemaName":"zzz_Help","GlobalOptionSet@odata.bind":"/GlobalOptionSetDefinitions(Name='zzz_help')","DisplayName":` + label("Help") + "}"
	w.define(ofOpportunity, column).is(204)
	w.do("DELETE", "GlobalOptionSetDefinitions(Name='zzz_help')", "").refused(400, "0x80048417")
	insert := `{"OptionSetName":"zzz_help","Value":700010001,"SolutionUniqueName":"Zzz","Label":` + label("Two") + "}"
	w.do("POST", "InsertOptionValue", insert).is(200).has(map[string]any{"NewOptionValue": 700010001.0})
	w.do("POST", "InsertOptionValue", insert).is(400)
	w.do("POST", "UpdateOptionValue", `{"OptionSetName":"zzz_help","Value":700010000,"MergeLabels":true,"Label":`+label("First")+"}").is(204)
	w.do("POST", "UpdateOptionValue", `{"OptionSetName":"zzz_help","Value":9,"Label":`+label("First")+"}").is(400)
	w.do("POST", "InsertOptionValue", `{"OptionSetName":"zzz_none","Value":1,"Label":`+label("x")+"}").is(404)
	w.do("POST", "InsertOptionValue", `{"OptionSetName":"zzz_help","Colour":"red","Value":1,"Label":`+label("x")+"}").is(400)
	options := w.do("GET", ofOpportunity+"(LogicalName='zzz_help')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=GlobalOptionSet", "").is(200).text
	for _, want := range []string{`"Label":"First"`, `"Label":"Un"`, `"Label":"Two"`} {
		if !strings.Contains(options, want) {
			t.Errorf("%s is missing in %s", want, options)
		}
	}
	w.do("POST", "DeleteOptionValue", `{"OptionSetName":"zzz_help","Value":700010001}`).is(204)
	w.as("administrator")
	w.do("POST", "opportunities", `{"name":"x","zzz_help":700010001}`).refused(400, "0x8004431A")
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_help')", "").is(204)
	w.do("DELETE", "GlobalOptionSetDefinitions(Name='zzz_help')", "").is(204)
}

func TestKeysArePendingThenActiveOrFailed(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", map[string]any{"setupKeySeconds": 5})
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	first, second := w.opportunity(`"zzz_code":"A"`), w.opportunity(`"zzz_code":"A"`)
	keys := "EntityDefinitions(LogicalName='opportunity')/Keys"
	body := `{"@odata.type":"Microsoft.Dynamics.CRM.EntityKeyMetadata","SchemaName":"zzz_Key","DisplayName":` + label("K") + `,"KeyAttributes":["zzz_code"]}`
	w.define(keys, body).is(204)
	w.define(keys, body).refused(400, "0x80060893")
	w.define(keys, strings.Replace(body, "zzz_Key", "zzz_Other", 1)).refused(400, "0x80060894")
	status := func() string {
		return w.do("GET", keys+"?$select=SchemaName,EntityKeyIndexStatus", "").column("EntityKeyIndexStatus")
	}
	if got := status(); got != "Pending" {
		t.Errorf("at first %s", got)
	}
	w.do("GET", "opportunities(zzz_code='A')", "").is(400)
	w.advance(5 * time.Second)
	if got := status(); got != "Failed" {
		t.Errorf("with duplicates %s", got)
	}
	w.do("PATCH", "opportunities("+second+")", `{"zzz_code":"B"}`).is(204)
	if got := status(); got != "Failed" {
		t.Errorf("before it is tried again %s", got)
	}
	again := `{"EntityLogicalName":"opportunity","EntityKeyLogicalName":"zzz_key"}`
	w.do("POST", "ReactivateEntityKey", again).is(204)
	w.advance(5 * time.Second)
	if got := status(); got != "Active" {
		t.Errorf("without duplicates %s", got)
	}
	w.do("POST", "ReactivateEntityKey", again).is(400)
	w.do("GET", "opportunities(zzz_code='A')?$select=name", "").is(200).has(map[string]any{"opportunityid": first})
	w.do("POST", "opportunities", `{"name":"x","zzz_code":"a"}`).refused(412, "0x80060892")
	for _, bad := range []string{strings.Replace(body, "zzz_code", "description", 1), strings.Replace(body, "zzz_code", "none", 1), strings.Replace(body, "zzz_code", "createdon", 1)} {
		if r := w.define(keys, strings.Replace(bad, "zzz_Key", "zzz_Bad", 1)); r.status != 400 {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
}

func TestWhatIsNewIsNotFoundWithoutStrongConsistency(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", map[string]any{"setupLag": 30})
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	path := ofOpportunity + "(LogicalName='zzz_code')"
	w.do("GET", path, "").is(404)
	w.do("GET", path, "", "Consistency", "Strong").is(200)
	w.do("POST", "opportunities", `{"name":"x","zzz_code":"A"}`).is(400)
	w.advance(30 * time.Second)
	w.do("GET", path, "").is(200)
	w.opportunity(`"zzz_code":"A"`)
}

func TestAnotherCustomisationIsRunning(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	w.solution()
	w.flip("setupLock", 2)
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	w.do("POST", "PublishAllXml", "").refused(429, "0x80071151")
	w.do("POST", "PublishAllXml", "").is(204)
	w.flip("setupLockStatus", 400)
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_code')", "").refused(400, "0x80071151")
	w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").is(200)
}

func TestComponentsJoinAndLeaveSolutions(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	w.solution()
	id := w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$select=MetadataId", "").json["MetadataId"].(string)
	add := `{"ComponentId":"` + id + `","ComponentType":1,"SolutionUniqueName":"Zzz","AddRequiredComponents":false,"DoNotIncludeSubcomponents":true}`
	w.do("POST", "AddSolutionComponent", add).is(200)
	w.do("POST", "AddSolutionComponent", strings.Replace(add, id, unknownID, 1)).refused(404, "0x80048537")
	w.do("POST", "AddSolutionComponent", strings.Replace(add, "Zzz", "None", 1)).refused(400, "0x8004F026")
	w.do("POST", "AddSolutionComponent", `{"ComponentId":"`+id+`"}`).is(400)
	have := "solutioncomponents?$select=objectid,rootcomponentbehavior&$filter=componenttype eq 1"
	if rows := w.do("GET", have, "").rows(); len(rows) != 1 || rows[0]["rootcomponentbehavior"] != 1.0 {
		t.Errorf("%v", rows)
	}
	w.do("POST", "RemoveSolutionComponent", `{"SolutionComponent":{"@odata.type":"Microsoft.Dynamics.CRM.solutioncomponent","solutioncomponentid":"`+id+`"},"ComponentType":1,"SolutionUniqueName":"Zzz"}`).is(200)
	if rows := w.do("GET", have, "").rows(); len(rows) != 0 {
		t.Errorf("%v", rows)
	}
}

func TestTheProductsRoleChangesNoDefinition(t *testing.T) {
	w := newOrganisation(t, dataversesim.Plain, "product", nil)
	w.do("POST", ofOpportunity, strings.Replace(textColumn, "zzz_", "new_", 1)+label("C")+"}").lacks("prvCreateAttribute")
	w.do("POST", "PublishAllXml", "").lacks("prvPublishCustomization")
	w.do("DELETE", ofOpportunity+"(LogicalName='cosell_audit')", "").lacks("prvDeleteAttribute")
	w.do("POST", "publishers", `{"uniquename":"x","friendlyname":"Z","customizationprefix":"zzy","customizationoptionvalueprefix":70002}`).lacks("prvCreatePublisher")
	w.do("GET", ofOpportunity+"(LogicalName='cosell_audit')", "").is(200)
}

func TestPublishNamesWhatExists(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "customizer", nil)
	publish := func(xml string) *reply {
		b, _ := json.Marshal(map[string]string{"ParameterXml": xml})
		return w.do("POST", "PublishXml", string(b))
	}
	publish("<importexportxml><entities><entity>opportunity</entity></entities></importexportxml>").is(204)
	publish("<importexportxml><entities><entity>zzz_none</entity></entities></importexportxml>").is(404)
	publish("<importexportxml><entities>").refused(400, "0x80040201")
	publish("<other/>").refused(400, "0x80040201")
}
