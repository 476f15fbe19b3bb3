package setup_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	data "github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const (
	columnsOf = "EntityDefinitions(LogicalName='opportunity')/Attributes"
	somebody  = `"LocalizedLabels":[{"@odata.type":"Microsoft.Dynamics.CRM.LocalizedLabel","Label":"Somebody's","LanguageCode":1033}]`
	somebodys = `{"@odata.type":"Microsoft.Dynamics.CRM.Label",` + somebody + `}`
)

// taken is an organisation in which somebody else has used the prefix, and some of our names.
func taken(t *testing.T, switches map[string]any) *organisation {
	t.Helper()
	o := newOrganisation(t, dataversesim.BareFrench, switches)
	o.do(http.MethodPost, "publishers", `{"uniquename":"somebody","friendlyname":"Somebody","customizationprefix":"cosell","customizationoptionvalueprefix":70001}`)
	return o
}

// choice is a choice of somebody else's, with as many of our options.
func (o *organisation) choice(c data.Choice, options int) {
	o.t.Helper()
	var all []string
	for _, one := range c.Options[:options] {
		all = append(all, `{"Value":`+strconv.Itoa(one.Value)+`,"Label":`+somebodys+`}`)
	}
	o.do(http.MethodPost, "GlobalOptionSetDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.OptionSetMetadata","Name":"`+c.Name+`","IsGlobal":true,"OptionSetType":"Picklist","DisplayName":`+somebodys+`,"Options":[`+strings.Join(all, ",")+`]}`)
}

func (o *organisation) text(name string, length int) {
	o.t.Helper()
	o.do(http.MethodPost, columnsOf, `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","AttributeType":"String","SchemaName":"`+name+`","MaxLength":`+strconv.Itoa(length)+`,"FormatName":{"Value":"Text"},"RequiredLevel":{"Value":"None"},"DisplayName":`+somebodys+`}`)
}

func view(id, name, filter string) string {
	return `{"savedqueryid":"` + id + `","name":"` + name + `","returnedtypecode":"opportunity","querytype":0,"fetchxml":"<fetch><entity name='opportunity'><attribute name='name' /><filter>` + filter + `</filter></entity></fetch>"}`
}

// What has a name of ours and was made by somebody else stays letter by letter: a setup makes ours beside it, or says
// what it does without, and a teardown leaves it.
func TestWhatSomebodyElseMadeStays(t *testing.T) {
	o := taken(t, map[string]any{"setupTracking": "sales"})
	d := definition(t)
	o.choice(d.Choice("cosell_help"), len(d.Choice("cosell_help").Options))
	o.text("cosell_ReferralId", 200)
	o.do(http.MethodPost, "EntityDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"cosell_SolutionDetail","DisplayName":`+somebodys+`,"DisplayCollectionName":`+somebodys+`,"OwnershipType":"OrganizationOwned","HasActivities":false,"HasNotes":false,
		"PrimaryNameAttribute":"cosell_name","Attributes":[{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","AttributeType":"String","SchemaName":"cosell_Name","IsPrimaryName":true,"MaxLength":200,"FormatName":{"Value":"Text"},"RequiredLevel":{"Value":"ApplicationRequired"},"DisplayName":`+somebodys+`}]}`)
	o.do(http.MethodPost, "savedqueries", view("aaaaaaaa-0000-4000-8000-000000000001", "Co-sell: Failed", "<condition attribute='name' operator='not-null' />"))
	o.do(http.MethodPost, "roles", `{"roleid":"aaaaaaaa-0000-4000-8000-000000000002","name":"`+d.Role(data.ForSeller).Name+`","businessunitid@odata.bind":"/businessunits(`+dataversesim.BusinessUnitID+`)"}`)
	o.do(http.MethodPost, "webresourceset", `{"name":"`+d.Script.Name+`","displayname":"x","webresourcetype":3,"content":"Z28oKTs="}`)
	o.do(http.MethodPost, "serviceendpoints", `{"serviceendpointid":"aaaaaaaa-0000-4000-8000-000000000003","name":"`+d.Endpoint.Name+`","contract":8,"messageformat":2,"url":"https://other.example/api","authtype":5,"authvalue":"<settings><setting name=\"x\" value=\"y\" /></settings>"}`)
	o.do(http.MethodPost, "PublishAllXml", "")
	tracked := func() string {
		return strings.ReplaceAll(o.metadata(), `"ChangeTrackingEnabled": false`, `"ChangeTrackingEnabled": true`)
	}
	before := tracked()

	p := applied(t, planned(t, o.options(administrator)))
	for _, want := range []struct {
		kind, name string
		do         setup.Deed
		says       string
	}{
		{"choice", "cosell_help", setup.Leave, ""},
		{"column", "opportunity/cosell_referralid", setup.Leave, ""},
		{"table", "cosell_solutiondetail", setup.Leave, ""},
		{"view", "opportunity/Co-sell: Failed", setup.Create, ""},
		{"script", d.Script.Name, setup.Open, "not in the solution CosellSync"},
		{"role", d.Role(data.ForSeller).Name, setup.Open, "prvReadcosell_Solution"},
		{"endpoint", d.Endpoint.Name, setup.Open, "elsewhere"},
	} {
		if i := item(t, p, want.kind, want.name); i.Do != want.do || !strings.Contains(i.Why, want.says) || i.Do == setup.Open && i.Mend == "" {
			t.Errorf("%s %s: %+v", want.kind, want.name, i)
		}
	}
	if i := item(t, p, "step", "Create of opportunity"); i.Result != setup.Skipped || !strings.Contains(i.Why, "endpoint") {
		t.Errorf("%+v", i)
	}
	if i := item(t, p, "column", "cosell_solutiondetail/cosell_identifier"); i.Result != setup.Done {
		t.Errorf("%+v", i)
	}
	for _, line := range strings.Split(before, "\n") {
		if strings.Contains(line, "Somebody") && !strings.Contains(tracked(), line) {
			t.Errorf("%s is gone", line)
		}
	}

	complete(t, o.tornDown())
	if after := tracked(); after != before {
		t.Error(cmp.Diff(lines(before), lines(after)))
	}
}

// What cannot do as somebody else has made it stops a setup before anything is written.
func TestWhatSomebodyElseMadeAndWillNotDoStopsTheSetup(t *testing.T) {
	d := definition(t)
	for says, make := range map[string]func(o *organisation){
		"lacks the option": func(o *organisation) { o.choice(d.Choice("cosell_action"), 2) },
		"characters":       func(o *organisation) { o.text("cosell_ReferralId", 10) },
		"a Picklist": func(o *organisation) {
			o.text("cosell_Help", 100)
		},
		"publisher cosellsync has the prefix": func(o *organisation) {
			o.do(http.MethodPost, "publishers", `{"uniquename":"cosellsync","friendlyname":"x","customizationprefix":"other","customizationoptionvalueprefix":70002}`)
		},
		"key cosell_ReferralKey": func(o *organisation) {
			o.text("cosell_Other", 10)
			o.do(http.MethodPost, "EntityDefinitions(LogicalName='opportunity')/Keys", `{"@odata.type":"Microsoft.Dynamics.CRM.EntityKeyMetadata","SchemaName":"cosell_ReferralKey","DisplayName":`+somebodys+`,"KeyAttributes":["cosell_other"]}`)
		},
	} {
		o := taken(t, nil)
		make(o)
		before := o.metadata()
		p := planned(t, o.options(administrator))
		err := p.Apply(t.Context(), func(*setup.Item) {})
		if err == nil || !strings.Contains(err.Error(), "nothing was written") || !strings.Contains(p.Stopped()[0].Why, says) || p.Stopped()[0].Mend == "" {
			t.Errorf("%s: %v", says, err)
		}
		if after := o.metadata(); after != before {
			t.Errorf("%s: %s", says, cmp.Diff(lines(before), lines(after)))
		}
	}
}

// An endpoint that somebody registered by hand, as the documents show, is one that our events go to: it gets the steps
// that are missing, and stays where a setup is taken away.
func TestAnEndpointMadeByHandIsUsed(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareFrench, nil)
	d := definition(t)
	o.do(http.MethodPost, "serviceendpoints", `{"serviceendpointid":"aaaaaaaa-0000-4000-8000-000000000003","name":"`+d.Endpoint.Name+`","contract":8,"messageformat":2,"url":"https://cosell.example/api/crmwebhook","authtype":5,"authvalue":"<settings><setting name=\"x-cosell-crm-key\" value=\"k\" /></settings>"}`)
	complete(t, applied(t, planned(t, o.options(administrator))))
	rotated := o.options(administrator)
	rotated.Rotate = true
	complete(t, applied(t, planned(t, rotated)))
	plan := o.tornDown()
	complete(t, plan)
	if i := item(t, plan, "endpoint", d.Endpoint.Name); i.Do != setup.Leave {
		t.Errorf("%+v", i)
	}
	o.do(http.MethodGet, "serviceendpoints(aaaaaaaa-0000-4000-8000-000000000003)?$select=name", "")
}
