package setup_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// ownColumns are what an organisation has made for itself: columns of opportunity, account and lead, and a table of rows
// with its catalogue.
func ownColumns(o *organisation) {
	o.t.Helper()
	text := `"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","AttributeType":"String","MaxLength":100,"FormatName":{"Value":"Text"},"RequiredLevel":{"Value":"None"},"DisplayName":` + somebodys
	for table, names := range map[string][]string{"opportunity": {"new_Campaign", "new_Wave"}, "account": {"new_Segment"}, "lead": {"new_Origin"}} {
		for _, name := range names {
			o.do(http.MethodPost, "EntityDefinitions(LogicalName='"+table+"')/Attributes", `{`+text+`,"SchemaName":"`+name+`"}`)
		}
	}
	for _, name := range []string{"new_Row", "new_Product"} {
		o.do(http.MethodPost, "EntityDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.EntityMetadata","SchemaName":"`+name+`","DisplayName":`+somebodys+`,"DisplayCollectionName":`+somebodys+`,"OwnershipType":"UserOwned","HasActivities":false,"HasNotes":false,
			"PrimaryNameAttribute":"new_name","Attributes":[{`+text+`,"SchemaName":"new_Name","IsPrimaryName":true}]}`)
	}
	o.do(http.MethodPost, "EntityDefinitions(LogicalName='new_product')/Attributes", `{`+text+`,"SchemaName":"new_Code"}`)
	for name, to := range map[string]string{"new_Deal": "opportunity", "new_Item": "new_product"} {
		o.do(http.MethodPost, "RelationshipDefinitions", `{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","SchemaName":"new_`+to+`_row","ReferencedEntity":"`+to+`","ReferencedAttribute":"`+to+`id","ReferencingEntity":"new_row",
			"Lookup":{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","AttributeType":"Lookup","SchemaName":"`+name+`","RequiredLevel":{"Value":"None"},"DisplayName":`+somebodys+`},
			"CascadeConfiguration":{"Assign":"NoCascade","Delete":"RemoveLink","Merge":"NoCascade","Reparent":"NoCascade","Share":"NoCascade","Unshare":"NoCascade"}}`)
	}
}

func sheet(text string) mapping.Source {
	return mapping.Source{Name: "mapping.yaml", Text: []byte(text)}
}

const ownRowsSheet = `
- field: solutions
  rows: {table: new_row, opportunity: new_deal, solution: new_item}
  catalogue: {table: new_product, identifier: new_code, name: new_name}
`

// The steps listen to what the sheet reads, in tables of the organisation's own too, and send along what the rows hung
// on. After the sheet has changed, a run changes that and nothing else.
func TestStepsFollowASheetOfTheOrganisationsOwn(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareFrench, nil)
	ownColumns(o)
	with := func(sources ...mapping.Source) setup.Options {
		options := o.options(administrator)
		options.Want = wanted(t, sources...)
		return options
	}
	first := sheet("- {field: campaign, referral: /campaignId, crm: new_campaign}\n- {field: segment, referral: /referralProgram, crm: parentaccountid/new_segment}\n")
	complete(t, applied(t, planned(t, with(first))))
	if again := planned(t, with(first)); again.Differs() {
		t.Error(said(again))
	}

	changed := func(p *setup.Plan) (out []string) {
		for _, i := range p.Items {
			if i.Do != setup.Leave {
				out = append(out, string(i.Do)+" "+i.Kind+" "+i.Name)
			}
		}
		slices.Sort(out)
		return out
	}
	next := sheet("- {field: campaign, referral: /campaignId, crm: new_wave, lead: new_origin}\n")
	p := planned(t, with(next))
	if got := changed(p); !slices.Equal(got, []string{"change step Update of lead", "change step Update of opportunity"}) {
		t.Errorf("another sheet changes %v", got)
	}
	complete(t, applied(t, p))
	filter := o.text1("sdkmessageprocessingsteps", "filteringattributes", "sdkmessageprocessingstepid eq "+stepOf(t, wanted(t), "Update", "opportunity").ID())
	if !strings.Contains(filter, ",new_campaign,new_wave") {
		t.Errorf("a step hears less than it did: %s", filter)
	}

	rows := planned(t, with(next, sheet(ownRowsSheet)))
	want := []string{"change role cosell-sync application", "change role cosell-sync seller", "create image Delete of new_row", "create image Update of new_row", "create step Create of new_row", "create step Delete of new_row", "create step Update of new_row"}
	if got := changed(rows); !slices.Equal(got[:len(want)], want) {
		t.Errorf("rows of the organisation's own: %v", got)
	}
	complete(t, applied(t, rows))
	if image := o.text1("sdkmessageprocessingstepimages", "attributes", "sdkmessageprocessingstepimageid eq "+stepOf(t, wanted(t, sheet(ownRowsSheet)), "Delete", "new_row").ImageID()); image != "new_deal" {
		t.Errorf("it sends along %q", image)
	}
	if again := planned(t, with(next, sheet(ownRowsSheet))); again.Differs() {
		t.Error(said(again))
	}
}

// A teardown knows the steps of the organisation's own tables, whichever way the solution came.
func TestStepsOfTheOrganisationsOwnTablesGoWithTheRest(t *testing.T) {
	for _, managed := range []bool{false, true} {
		o := newOrganisation(t, dataversesim.Bare, nil)
		ownColumns(o)
		if managed {
			o.importZip(true)
		}
		options := o.options(administrator)
		options.Want = wanted(t, sheet(ownRowsSheet))
		complete(t, applied(t, planned(t, options)))
		plan := o.tornDown()
		if i := item(t, plan, "step", "Update of new_row"); i.Result != setup.Done {
			t.Errorf("managed %t: %+v", managed, i)
		}
		if strings.Contains(o.metadata(), "cosell-sync events") {
			t.Errorf("managed %t: steps or endpoint stayed", managed)
		}
	}
}

// Where a role that came with the solution is closed, the application user gets it all the same, and is told what is lacking.
func TestARoleThatIsClosedIsGivenAsItIs(t *testing.T) {
	o := newOrganisation(t, dataversesim.Bare, map[string]any{"setupManagedRoles": "refused"})
	ownColumns(o)
	o.importZip(true)
	options := o.options(administrator)
	options.Want = wanted(t, sheet(ownRowsSheet))
	p := applied(t, planned(t, options))
	if i := item(t, p, "role", "cosell-sync application"); i.Result != setup.Failed || !strings.Contains(i.Mend, "second role") {
		t.Errorf("%+v", i)
	}
	for _, kind := range []string{"role given", "step"} {
		if i := slices.IndexFunc(p.Items, func(i *setup.Item) bool { return i.Kind == kind && i.Result != setup.Done }); i >= 0 {
			t.Errorf("%+v", p.Items[i])
		}
	}
}
