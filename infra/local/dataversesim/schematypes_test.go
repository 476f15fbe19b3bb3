package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const areas = `"type":"MultiSelectPicklist","schemaName":"new_Areas","options":[{"value":700010000,"label":"Data","labels":{"1036":"Données"}},{"value":700010001,"label":"Security"},{"value":700010002,"label":"Apps"}]`

func TestMultiChoiceColumn(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"opportunity","column":"new_areas",` + areas + `}`)
	id := w.opportunity(`"new_areas":"700010002,700010000"`)
	path := "opportunities(" + id + ")"
	w.do("GET", path, "", "Prefer", `odata.include-annotations="*"`).has(map[string]any{"new_areas": "700010000,700010002", "new_areas@OData.Community.Display.V1.FormattedValue": "Data; Apps"})
	for body, code := range map[string]string{`"700010009"`: "0x8004431a", `"700010000,x"`: "0x80044354", `700010000`: "0x80044354", `[700010000]`: "0x80044354", `"700010000,,700010001"`: "0x80044354"} {
		if r := w.do("PATCH", path, `{"new_areas":`+body+`}`).is(400); !strings.EqualFold(fmt.Sprint(r.error()["code"]), code) {
			t.Errorf("%s: %s", body, r.text)
		}
	}
	for filter, want := range map[string]int{"new_areas eq '700010002,700010000'": 1, "new_areas eq '700010000'": 0, "new_areas ne null": 1,
		"Microsoft.Dynamics.CRM.ContainValues(PropertyName='new_areas',PropertyValues=['700010002','700010001'])":         1,
		"Microsoft.Dynamics.CRM.ContainValues(PropertyName='new_areas',PropertyValues=['700010001'])":                     0,
		"Microsoft.Dynamics.CRM.DoesNotContainValues(PropertyName='new_areas',PropertyValues=['700010001'])":              1,
		"Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['Deal','Other'])":                                  1,
		"Microsoft.Dynamics.CRM.NotIn(PropertyName='statecode',PropertyValues=['0','1'])":                                 0,
		"Microsoft.Dynamics.CRM.In(PropertyName='opportunityid',PropertyValues=['" + strings.ToUpper(id) + "']) or false": -1} {
		r := w.do("GET", "opportunities?$select=name&$filter="+filter, "")
		if want < 0 {
			r.is(400)
		} else if n := len(r.is(200).rows()); n != want {
			t.Errorf("%s: %d rows", filter, n)
		}
	}
	w.do("GET", "opportunities?$filter=Microsoft.Dynamics.CRM.ContainValues(PropertyName='new_areas')", "").is(400)
	w.deliver(200)
	w.person(`{"do":"update","table":"opportunity","id":"` + id + `","columns":{"new_areas":"700010001","name":"x"}}`)
	list := pair(t, target(t, w.deliver(200)[0])["Attributes"], "new_areas").([]any)
	if len(list) != 1 || list[0].(map[string]any)["Value"] != 700010001.0 {
		t.Errorf("in an event: %v", list)
	}
	w.do("PATCH", path, `{"new_areas":""}`).is(204)
	w.do("GET", path, "").has(map[string]any{"new_areas": nil})
	w.definition("opportunity", "new_areas").has(map[string]any{"AttributeType": "Virtual", "@odata.type": "#Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata"})
	if r := w.attribute("opportunity", "new_areas", "MultiSelectPicklist"); !strings.Contains(r.text, `"Value":"MultiSelectPicklistType"`) || !strings.Contains(r.text, `"Label":"Données","LanguageCode":1036`) {
		t.Error(r.text)
	}
}

func TestNumbersOfEveryKind(t *testing.T) {
	w := newWorld(t)
	for _, one := range []string{`"new_big","type":"BigInt"`, `"new_dec","type":"Decimal","precision":10,"min":0,"max":5`, `"new_dbl","type":"Double","precision":5`, `"new_cash","type":"Money","precision":4`} {
		w.schema(`{"do":"add","table":"opportunity","column":` + one + `}`)
	}
	id := w.opportunity(`"new_big":9007199254740993,"new_dec":1.0123456789,"new_dbl":2.123456`)
	r := w.do("GET", "opportunities("+id+")", "")
	if !strings.Contains(r.text, `"new_big":9007199254740993,`) || !strings.Contains(r.text, `"new_dec":1.0123456789,`) || !strings.Contains(r.text, `"new_dbl":2.12346,`) {
		t.Error(r.text)
	}
	w.do("PATCH", "opportunities("+id+")", `{"new_big":9223372036854775808}`).refused(400, "0x8004432F")
	w.do("PATCH", "opportunities("+id+")", `{"new_big":1.5}`).is(400)
	w.do("PATCH", "opportunities("+id+")", `{"new_dec":5.1}`).refused(400, "0x80044330")
	w.definition("opportunity", "new_big").has(map[string]any{"AttributeType": "BigInt"})
	for _, bad := range []string{`"new_x","type":"Decimal","precision":11`, `"new_x","type":"Double","precision":6`, `"new_x","type":"Money","precision":5`, `"new_x","type":"String","length":4001`,
		`"new_x","type":"Memo","length":2000000`, `"new_x","type":"DateTime","format":"Hours"`, `"new_x","type":"DateTime","behavior":"Local"`, `"new_x","type":"Boolean","options":[{"value":2,"label":"x"}]`,
		`"new_x","type":"Image"`, `"new_x","type":"Lookup","target":"nothing"`, `"new_x","type":"Memo","autoNumber":"{SEQNUM:3}"`, `"new_x","type":"String","autoNumber":"A"`} {
		w.ctl("POST", "/schema", `{"do":"add","table":"opportunity","column":`+bad+`}`).is(400)
	}
}

func TestTwoOptionsHaveWordsOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"opportunity","column":"new_seen","type":"Boolean","label":"Seen","labels":{"1036":"Vu","1031":"Gesehen"},
		"options":[{"value":1,"label":"Visible","labels":{"1036":"Oui","1031":"Ja"}},{"value":0,"label":"Hidden","labels":{"1036":"Non","1031":"Nein"}}]}`)
	id := w.opportunity(`"new_seen":true`)
	formatted := func() any {
		return w.do("GET", "opportunities("+id+")?$select=new_seen,statecode", "", "Prefer", `odata.include-annotations="*"`).json["new_seen@OData.Community.Display.V1.FormattedValue"]
	}
	if got := formatted(); got != "Visible" {
		t.Errorf("formatted %v", got)
	}
	r := w.attribute("opportunity", "new_seen", "Boolean")
	if !strings.Contains(r.text, `"TrueOption":{"Value":1,"Label":{"LocalizedLabels":[{"Label":"Visible","LanguageCode":1033,"IsManaged":false},{"Label":"Ja","LanguageCode":1031`) {
		t.Error(r.text)
	}
	w.flip("language", "fr")
	if got := formatted(); got != "Oui" {
		t.Errorf("formatted %v", got)
	}
	if r := w.attribute("opportunity", "new_seen", "Boolean"); !strings.Contains(r.text, `"UserLocalizedLabel":{"Label":"Vu","LanguageCode":1036`) {
		t.Error(r.text)
	}
	w.schema(`{"do":"option","table":"opportunity","column":"new_seen","value":1,"label":"Shown"}`)
	w.flip("language", "en")
	if got := formatted(); got != "Shown" {
		t.Errorf("formatted %v", got)
	}
	w.ctl("POST", "/schema", `{"do":"option","table":"opportunity","column":"new_seen","value":1,"remove":true}`).is(400)
}

func TestDaysOfAllBehaviours(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"opportunity","column":"new_day","type":"DateTime","behavior":"DateOnly"}`)
	w.schema(`{"do":"add","table":"opportunity","column":"new_local","type":"DateTime","behavior":"UserLocal","format":"DateOnly"}`)
	w.schema(`{"do":"add","table":"opportunity","column":"new_fixed","type":"DateTime","behavior":"TimeZoneIndependent"}`)
	id := w.opportunity(`"new_day":"2026-05-01","new_local":"2026-05-01T22:00:00Z","new_fixed":"2026-05-01T10:00:00+02:00"`)
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"new_day": "2026-05-01", "new_local": "2026-05-01T22:00:00Z", "new_fixed": "2026-05-01T10:00:00Z"})
	for column, want := range map[string]string{"new_day": "DateOnly", "new_local": "UserLocal", "new_fixed": "TimeZoneIndependent"} {
		if got := fmt.Sprint(w.definition("opportunity", column).json["DateTimeBehavior"]); got != "map[Value:"+want+"]" {
			t.Errorf("%s: %s", column, got)
		}
	}
}

func TestKeysOfOwnTables(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"new_country","set":"new_countries","label":"Country","plural":"Countries","labels":{"1036":"Pays"},"ownership":"OrganizationOwned","primaryLabel":"Country name"}`)
	w.schema(`{"do":"add","table":"new_country","column":"new_iso","type":"String","length":2}`)
	w.schema(`{"do":"add","table":"account","column":"new_countryid","schemaName":"new_CountryId","type":"Lookup","target":"new_country"}`)
	w.schema(`{"do":"key","table":"new_country","schemaName":"new_IsoKey","columns":["new_iso"]}`)
	france := w.create("new_countries", `{"new_name":"France","new_iso":"FR"}`)
	w.do("POST", "new_countries", `{"new_name":"Frankreich","new_iso":"fr"}`).refused(412, "0x80060892")
	for _, status := range []int{400, 409, 412} {
		w.flip("duplicateKeyStatus", status)
		w.do("POST", "new_countries", `{"new_name":"Frankreich","new_iso":"fr"}`).refused(status, "0x80060892")
	}
	w.do("GET", "new_countries(new_iso='FR')", "").is(200).has(map[string]any{"new_countryid": france, "ownerid": nil})
	w.do("GET", "new_countries(new_iso='XX')", "").refused(404, "0x80060891")
	w.do("PATCH", "accounts("+dataversesim.AccountID+")", `{"new_CountryId@odata.bind":"/new_countries(new_iso='FR')"}`).is(204)
	w.do("GET", "accounts("+dataversesim.AccountID+")", "").has(map[string]any{"_new_countryid_value": france})
	w.do("PATCH", "new_countries(new_iso='DE')", `{"new_name":"Germany"}`).is(204)
	keys := w.do("GET", "EntityDefinitions(LogicalName='new_country')/Keys", "").rows()
	if len(keys) != 1 || keys[0]["EntityKeyIndexStatus"] != "Active" {
		t.Errorf("keys %v", keys)
	}
	table := w.do("GET", "EntityDefinitions(LogicalName='new_country')", "")
	if !strings.Contains(table.text, `"Label":"Pays","LanguageCode":1036`) || !strings.Contains(table.text, `"Label":"Countries"`) || table.json["OwnershipType"] != "OrganizationOwned" {
		t.Error(table.text)
	}
	w.schema(`{"do":"key","table":"new_country","schemaName":"new_IsoKey","remove":true}`)
	w.create("new_countries", `{"new_name":"Frankreich","new_iso":"FR"}`)
	w.schema(`{"do":"key","table":"new_country","schemaName":"new_IsoKey","columns":["new_iso"]}`)
	if keys := w.do("GET", "EntityDefinitions(LogicalName='new_country')/Keys", "").rows(); keys[0]["EntityKeyIndexStatus"] != "Failed" {
		t.Errorf("keys %v", keys)
	}
	w.do("GET", "new_countries(new_iso='FR')", "").is(400)
	for _, bad := range []string{`"schemaName":"new_IsoKey","columns":["new_name"]`, `"schemaName":"new_K"`, `"schemaName":"new_K","columns":["nothing"]`, `"schemaName":"new_K","remove":true`, `"columns":["new_name"]`} {
		w.ctl("POST", "/schema", `{"do":"key","table":"new_country",`+bad+`}`).is(400)
	}
	w.ctl("POST", "/schema", `{"do":"key","table":"opportunity","schemaName":"new_K","columns":["description"]}`).is(400) // a memo
	w.schema(`{"do":"length","table":"new_country","column":"new_name","length":451}`)
	w.ctl("POST", "/schema", `{"do":"key","table":"new_country","schemaName":"new_K","columns":["new_name"]}`).is(400)
}

func TestAutoNumbersCustomersRollupsAndGlobalChoices(t *testing.T) {
	w := newWorld(t)
	w.schema(`{"do":"add","table":"new_order","set":"new_orders","primaryName":"new_number","autoNumber":"{DATETIMEUTC:yyyy-MM-dd}-{SEQNUM:5}"}`)
	w.schema(`{"do":"add","table":"new_order","column":"new_buyer","schemaName":"new_Buyer","type":"Customer"}`)
	id := w.create("new_orders", `{"new_Buyer_contact@odata.bind":"/contacts(`+dataversesim.ContactID+`)"}`)
	w.do("GET", "new_orders("+id+")", "").has(map[string]any{"new_number": "2026-03-31-00001", "_new_buyer_value": dataversesim.ContactID})
	w.do("GET", "new_orders("+w.create("new_orders", `{"new_number":"mine"}`)+")", "").has(map[string]any{"new_number": "mine"})
	w.do("GET", "new_orders("+w.create("new_orders", `{}`)+")", "").has(map[string]any{"new_number": "2026-03-31-00002"})
	w.definition("new_order", "new_buyer").has(map[string]any{"AttributeType": "Customer"})
	w.definition("new_order", "new_number").has(map[string]any{"AutoNumberFormat": "{DATETIMEUTC:yyyy-MM-dd}-{SEQNUM:5}"})

	w.schema(`{"do":"add","table":"opportunity","column":"new_total","type":"Money","formula":"estimatedvalue","rollup":true}`)
	deal := w.opportunity(`"estimatedvalue":7,"new_total":9`)
	w.do("GET", "opportunities("+deal+")", "").has(map[string]any{"new_total": 7})
	w.definition("opportunity", "new_total").has(map[string]any{"SourceType": 2, "IsValidForCreate": false, "IsValidForUpdate": false})
	w.flip("readOnlyColumns", "refused")
	w.do("PATCH", "opportunities("+deal+")", `{"new_total":10}`).is(204)
	w.do("GET", "opportunities("+deal+")", "").has(map[string]any{"new_total": 7})

	w.schema(`{"do":"add","table":"opportunity","column":"new_colour","type":"Picklist","choice":"new_colours","options":[{"value":1,"label":"Red"}]}`)
	w.schema(`{"do":"add","table":"account","column":"new_colour","type":"Picklist","choice":"new_colours"}`)
	w.schema(`{"do":"option","table":"account","column":"new_colour","value":2,"label":"Blue"}`)
	w.do("PATCH", "opportunities("+deal+")", `{"new_colour":2}`).is(204)
	w.do("GET", "GlobalOptionSetDefinitions(Name='new_colours')", "").is(200)
	w.ctl("POST", "/schema", `{"do":"add","table":"lead","column":"new_colour","type":"Picklist","choice":"new_colours","options":[{"value":3,"label":"x"}]}`).is(400)
}
