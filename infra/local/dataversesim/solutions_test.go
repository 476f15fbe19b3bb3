package dataversesim_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// solutionFiles are the files of a small solution: a choice, two columns of opportunity, a table with a lookup to it,
// a key, a view, a role and a script.
func solutionFiles(managed string) map[string]string {
	named := func(element, text string) string {
		return `<` + element + ` description="` + text + `" languagecode="1033" /><` + element + ` description="` + text + ` (fr)" languagecode="1036" /><` + element + ` description="` + text + ` (ja)" languagecode="1041" />`
	}
	attribute := func(physical, kind, more string) string {
		return `<attribute PhysicalName="` + physical + `"><Type>` + kind + `</Type><Name>` + strings.ToLower(physical) + `</Name><LogicalName>` + strings.ToLower(physical) + `</LogicalName><RequiredLevel>none</RequiredLevel>` +
			`<DisplayMask>ValidForAdvancedFind|ValidForForm|ValidForGrid</DisplayMask><IsCustomField>1</IsCustomField>` + more + `<displaynames>` + named("displayname", physical) + `</displaynames></attribute>`
	}
	return map[string]string{
		"[Content_Types].xml": `<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/octet-stream" /><Override PartName="/WebResources/zzz_a" ContentType="application/octet-stream" /></Types>`,
		"solution.xml": `<ImportExportXml version="9.2"><SolutionManifest><UniqueName>Zzz</UniqueName><LocalizedNames>` + named("LocalizedName", "Z") + `</LocalizedNames><Version>1.0.0.0</Version><Managed>` + managed + `</Managed>
			<Publisher><UniqueName>zzzpub</UniqueName><LocalizedNames>` + named("LocalizedName", "Z") + `</LocalizedNames><CustomizationPrefix>zzz</CustomizationPrefix><CustomizationOptionValuePrefix>70001</CustomizationOptionValuePrefix></Publisher>
			<RootComponents><RootComponent type="1" schemaName="opportunity" behavior="2" /><RootComponent type="1" schemaName="zzz_category" behavior="0" /><RootComponent type="9" schemaName="zzz_help" behavior="0" /></RootComponents><MissingDependencies /></SolutionManifest></ImportExportXml>`,
		"customizations.xml": `<ImportExportXml><Entities><Entity><Name>opportunity</Name><EntityInfo><entity Name="opportunity"><attributes>` +
			attribute("zzz_Code", "nvarchar", `<Format>text</Format><MaxLength>20</MaxLength>`) + attribute("zzz_Help", "picklist", `<OptionSetName>zzz_help</OptionSetName>`) +
			`</attributes><EntityKeys><EntityKey><Name>zzz_Key</Name><LogicalName>zzz_key</LogicalName><EntityKeyAttributes><AttributeName>zzz_code</AttributeName></EntityKeyAttributes><displaynames>` + named("displayname", "Key") + `</displaynames></EntityKey></EntityKeys></entity></EntityInfo>
			<SavedQueries><savedqueries><savedquery><isdefault>0</isdefault><savedqueryid>{22222222-0000-4000-8000-000000000001}</savedqueryid><layoutxml><grid name="resultset" object="3" jump="name" select="1" icon="1" preview="1"><row name="result" id="opportunityid"><cell name="name" width="300" /></row></grid></layoutxml>
			<querytype>0</querytype><fetchxml><fetch version="1.0"><entity name="opportunity"><attribute name="name" /><filter><condition attribute="zzz_code" operator="not-null" /></filter></entity></fetch></fetchxml><LocalizedNames>` + named("LocalizedName", "Coded") + `</LocalizedNames></savedquery></savedqueries></SavedQueries></Entity>
			<Entity><Name>zzz_Category</Name><EntityInfo><entity Name="zzz_Category"><LocalizedNames>` + named("LocalizedName", "Category") + `</LocalizedNames><LocalizedCollectionNames>` + named("LocalizedCollectionName", "Categories") + `</LocalizedCollectionNames><attributes>` +
			`<attribute PhysicalName="zzz_CategoryId"><Type>primarykey</Type><LogicalName>zzz_categoryid</LogicalName><RequiredLevel>systemrequired</RequiredLevel><IsCustomField>1</IsCustomField></attribute>` +
			strings.Replace(attribute("zzz_Name", "nvarchar", `<Format>text</Format><MaxLength>200</MaxLength>`), "<DisplayMask>", "<DisplayMask>PrimaryName|", 1) + attribute("zzz_OpportunityId", "lookup", "") +
			`</attributes><EntitySetName>zzz_categories</EntitySetName><OwnershipTypeMask>UserOwned</OwnershipTypeMask><ChangeTrackingEnabled>1</ChangeTrackingEnabled></entity></EntityInfo></Entity></Entities>
			<Roles><Role id="{22222222-0000-4000-8000-000000000002}" name="Z role"><RolePrivileges><RolePrivilege name="prvReadAccount" level="Global" /></RolePrivileges></Role></Roles><Workflows />
			<EntityRelationships><EntityRelationship Name="zzz_opportunity_category"><EntityRelationshipType>OneToMany</EntityRelationshipType><ReferencingEntityName>zzz_Category</ReferencingEntityName><ReferencedEntityName>Opportunity</ReferencedEntityName><CascadeDelete>Cascade</CascadeDelete><ReferencingAttributeName>zzz_OpportunityId</ReferencingAttributeName>
			<EntityRelationshipRoles><EntityRelationshipRole><NavPaneDisplayOption>UseCollectionName</NavPaneDisplayOption><NavigationPropertyName>zzz_OpportunityId</NavigationPropertyName><RelationshipRoleType>1</RelationshipRoleType></EntityRelationshipRole>
			<EntityRelationshipRole><NavigationPropertyName>zzz_opportunity_category</NavigationPropertyName><RelationshipRoleType>0</RelationshipRoleType></EntityRelationshipRole></EntityRelationshipRoles></EntityRelationship></EntityRelationships>
			<optionsets><optionset Name="zzz_help" localizedName="Help"><OptionSetType>picklist</OptionSetType><IsGlobal>1</IsGlobal><displaynames>` + named("displayname", "Help") + `</displaynames><options><option value="700010000"><labels>` + named("label", "One") + `</labels></option></options></optionset></optionsets>
			<WebResources><WebResource><WebResourceId>{22222222-0000-4000-8000-000000000003}</WebResourceId><Name>zzz_a.js</Name><DisplayName>A</DisplayName><WebResourceType>3</WebResourceType><FileName>/WebResources/zzz_a</FileName></WebResource></WebResources><Languages><Language>1033</Language></Languages></ImportExportXml>`,
		"WebResources/zzz_a": "go();",
	}
}

func packed(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// imports runs ImportSolutionAsync to its end and gives the system job.
func (w *world) imports(file string) map[string]any {
	w.Helper()
	r := w.do("POST", "ImportSolutionAsync", `{"CustomizationFile":"`+file+`","OverwriteUnmanagedCustomizations":false,"PublishWorkflows":true}`).is(200)
	path := "asyncoperations(" + r.json["AsyncOperationId"].(string) + ")?$select=statecode,statuscode,message,errorcode"
	w.do("GET", path, "").has(map[string]any{"statecode": 0, "statuscode": 0})
	w.advance(2 * time.Second)
	job := w.do("GET", path, "").is(200).json
	state := w.do("GET", "importjobs("+r.json["ImportJobKey"].(string)+")?$select=progress,data", "").is(200).has(map[string]any{"progress": 100})
	if ok := strings.Contains(state.text, `succeeded=\"true\"`); ok != (job["statuscode"] == 30.0) {
		w.Errorf("job %v, import job %s", job, state.text)
	}
	return job
}

func TestASolutionIsImportedAndUninstalled(t *testing.T) {
	for _, managed := range []string{"0", "1"} {
		w := newOrganisation(t, dataversesim.BareFrench, "administrator", nil)
		before := w.ctl("GET", "/metadata", "").text
		if job := w.imports(packed(t, solutionFiles(managed))); job["statuscode"] != 30.0 {
			t.Fatalf("%v", job)
		}
		w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").is(200).has(map[string]any{"MaxLength": 20, "IsManaged": managed == "1", "SchemaName": "zzz_Code"})
		w.advance(2 * time.Second)
		if got := w.do("GET", "EntityDefinitions(LogicalName='opportunity')/Keys", "").column("EntityKeyIndexStatus"); got != "Active" {
			t.Error(got)
		}
		deal := w.opportunity(`"zzz_code":"A","zzz_help":700010000`)
		w.create("zzz_categories", `{"zzz_name":"x","zzz_OpportunityId@odata.bind":"/opportunities(zzz_code='A')"}`)
		meta := w.ctl("GET", "/metadata", "").text
		for _, want := range []string{`"zzz_help"`, `"zzz_a.js"`, `"Z role"`, `"Coded"`, `"zzz_opportunity_category"`, "zzz_Code (fr)"} {
			if !strings.Contains(meta, want) {
				t.Errorf("%s is missing", want)
			}
		}
		if strings.Contains(meta, "(ja)") {
			t.Error("a language that is not installed came along")
		}
		w.do("DELETE", "opportunities("+deal+")", "").is(204)
		id := w.do("GET", "solutions?$filter=uniquename eq 'Zzz'", "").column("solutionid")
		if managed == "0" {
			w.do("DELETE", "solutions("+id+")", "").is(204)
			w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").is(200) // an unmanaged solution goes without its components
			continue
		}
		w.do("DELETE", ofOpportunity+"(LogicalName='zzz_code')", "").refused(400, "0x8004F032")
		w.do("DELETE", "solutions("+id+")", "").is(204)
		w.do("DELETE", "publishers("+w.do("GET", "publishers?$filter=uniquename eq 'zzzpub'", "").column("publisherid")+")", "").is(204)
		if after := w.ctl("GET", "/metadata", "").text; after != before {
			t.Errorf("differs: %s", firstDifference(before, after))
		}
	}
}

func TestSolutionsThatAreRefused(t *testing.T) {
	change := func(file, from, to string) func(map[string]string) {
		return func(f map[string]string) {
			if !strings.Contains(f[file], from) {
				t.Errorf("%s does not hold %s", file, from)
			}
			f[file] = strings.Replace(f[file], from, to, 1)
		}
	}
	without := func(file string) func(map[string]string) {
		return func(f map[string]string) { delete(f, file) }
	}
	const customizations = "customizations.xml"
	w := newOrganisation(t, dataversesim.BareFrench, "administrator", nil)
	before := w.ctl("GET", "/metadata", "").text
	for name, c := range map[string]struct {
		change func(map[string]string)
		code   int64
	}{
		"no customizations":  {without(customizations), 0x80048060},
		"no manifest":        {without("solution.xml"), 0x80048060},
		"no content types":   {without("[Content_Types].xml"), 0x80048060},
		"no type of a file":  {change("[Content_Types].xml", `<Override PartName="/WebResources/zzz_a" ContentType="application/octet-stream" />`, ""), 0x80048060},
		"no script":          {without("WebResources/zzz_a"), 0x80048060},
		"broken XML":         {change(customizations, "</Entities>", ""), 0x80048463},
		"unknown section":    {change(customizations, "<Workflows />", "<Odd />"), 0x80048463},
		"prefix of another":  {change("solution.xml", "<CustomizationPrefix>zzz", "<CustomizationPrefix>abc"), 0x80044a03},
		"bad prefix":         {change("solution.xml", "<CustomizationPrefix>zzz", "<CustomizationPrefix>Z"), 0x80160001},
		"bad version":        {change("solution.xml", "1.0.0.0", "new"), 0x80160001},
		"unknown type":       {change(customizations, "<Type>nvarchar", "<Type>text"), 0x80048463},
		"level in capitals":  {change(customizations, "<RequiredLevel>none", "<RequiredLevel>None"), 0x80048463},
		"a table in part":    {change("solution.xml", `schemaName="zzz_category" behavior="0"`, `schemaName="zzz_category" behavior="2"`), 0x80072039},
		"ends changed over":  {change(customizations, "<RelationshipRoleType>1", "<RelationshipRoleType>0"), 0x80048463},
		"a lookup's end":     {change(customizations, "<NavigationPropertyName>zzz_OpportunityId", "<NavigationPropertyName>zzz_other"), 0x80048463},
		"unmodified table":   {change(customizations, `<entity Name="opportunity">`, `<entity Name="opportunity" unmodified="1">`), 0x80041103},
		"no such choice":     {change(customizations, "<OptionSetName>zzz_help", "<OptionSetName>zzz_none"), 0x80072039},
		"no such table":      {change(customizations, "<ReferencedEntityName>Opportunity", "<ReferencedEntityName>Nothing"), 0x80072039},
		"no relationship":    {change(customizations, "<EntityRelationshipType>OneToMany", "<EntityRelationshipType>ManyToMany"), 0x80040800},
		"unknown privilege":  {change(customizations, "prvReadAccount", "prvReadNothing"), 0x80040221},
		"unknown view":       {change(customizations, `condition attribute="zzz_code"`, `condition attribute="zzz_none"`), 0x80041103},
		"root missing":       {change("solution.xml", `schemaName="zzz_help"`, `schemaName="zzz_other"`), 0x80048536},
		"missing dependency": {change("solution.xml", "<MissingDependencies />", `<MissingDependencies><MissingDependency><Required type="1" schemaName="abc_other" /><Dependent type="1" schemaName="zzz_category" /></MissingDependency></MissingDependencies>`), 0x80072039},
		"no base language":   {change(customizations, `<displayname description="zzz_Code" languagecode="1033" />`, ""), 0x80048463},
	} {
		files := solutionFiles("1")
		c.change(files)
		job := w.imports(packed(t, files))
		if job["statuscode"] != 31.0 || fmt.Sprint(int64(job["errorcode"].(float64))) != fmt.Sprint(c.code-1<<32) {
			t.Errorf("%s: %v", name, job)
		}
		for _, path := range []string{"solutions?$filter=uniquename eq 'Zzz'", "webresourceset?$filter=name eq 'zzz_a.js'", "savedqueries?$filter=name eq 'Coded'",
			"GlobalOptionSetDefinitions", "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'zzz_category'"} {
			if left := w.do("GET", path, "").rows(); len(left) != 0 {
				t.Errorf("%s left %v", name, left)
			}
		}
	}
	if after := w.ctl("GET", "/metadata", "").text; after != before {
		t.Errorf("something is left: %s", firstDifference(before, after))
	}
}

func TestSolutionsAreUpdatedInTheirMode(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	if job := w.imports(packed(t, solutionFiles("1"))); job["statuscode"] != 30.0 {
		t.Fatal(job)
	}
	if job := w.imports(packed(t, solutionFiles("0"))); job["statuscode"] != 31.0 {
		t.Errorf("unmanaged over managed: %v", job)
	}
	next := solutionFiles("1")
	next["solution.xml"] = strings.Replace(next["solution.xml"], "1.0.0.0", "1.1.0.0", 1)
	next["customizations.xml"] = strings.Replace(next["customizations.xml"], "<MaxLength>20", "<MaxLength>40", 1)
	if job := w.imports(packed(t, next)); job["statuscode"] != 30.0 {
		t.Errorf("an update: %v", job)
	}
	w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").has(map[string]any{"MaxLength": 40})
	if job := w.imports(packed(t, solutionFiles("1"))); job["statuscode"] != 31.0 {
		t.Errorf("an older one: %v", job)
	}
}

func TestASolutionInUseIsNotUninstalled(t *testing.T) {
	w, register := stepWorld(t)
	files := solutionFiles("1")
	for name, text := range files {
		files[name] = strings.ReplaceAll(text, "<UniqueName>Zzz<", "<UniqueName>Managed<")
	}
	if job := w.imports(packed(t, files)); job["statuscode"] != 30.0 {
		t.Fatal(job)
	}
	step := register("Update", "opportunity", `,"filteringattributes":"zzz_code"`).is(204).header.Get("OData-EntityId")
	id := w.do("GET", "solutions?$filter=uniquename eq 'Managed'", "").column("solutionid")
	w.do("DELETE", "solutions("+id+")", "").refused(400, "0x8004F01F")
	w.do("DELETE", step, "").is(204)
	w.do("DELETE", "solutions("+id+")", "").is(204)
	w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").is(404)
}

func TestImportsNeedTheirPrivileges(t *testing.T) {
	w := newOrganisation(t, dataversesim.Plain, "product", nil)
	w.do("POST", "ImportSolutionAsync", `{}`).lacks("prvImportCustomization")
	w = newOrganisation(t, dataversesim.Bare, "customizer", nil)
	if job := w.imports(packed(t, solutionFiles("0"))); job["statuscode"] != 31.0 || !strings.Contains(job["message"].(string), "prvCreateRole") {
		t.Errorf("%v", job)
	}
	w.do("POST", "ImportSolutionAsync", `{"CustomizationFile":"x"}`).is(400)
	w.do("POST", "ImportSolution", `{"CustomizationFile":"eA==","ImportJobId":"`+unknownID+`","OverwriteUnmanagedCustomizations":false,"PublishWorkflows":true}`).refused(400, "0x80048061")
	w.do("POST", "ExportSolution", `{}`).is(501)
}

// An upgrade waits beside the version that is there until it is promoted, and then takes away what it does not bring.
func TestAManagedSolutionIsUpgraded(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	before := w.ctl("GET", "/metadata", "").text
	if job := w.imports(packed(t, solutionFiles("1"))); job["statuscode"] != 30.0 {
		t.Fatal(job)
	}
	hold := func(files map[string]string) *reply {
		return w.do("POST", "ImportSolution", `{"CustomizationFile":"`+packed(t, files)+`","ImportJobId":"`+unknownID+`","HoldingSolution":true,"OverwriteUnmanagedCustomizations":false,"PublishWorkflows":true}`)
	}
	next := solutionFiles("1")
	hold(next).refused(400, "0x8004F03A") // the same version
	next["solution.xml"] = strings.Replace(next["solution.xml"], "1.0.0.0", "2.0.0.0", 1)
	view := next["customizations.xml"][strings.Index(next["customizations.xml"], "<savedquery>"):strings.Index(next["customizations.xml"], "</savedqueries>")]
	next["customizations.xml"] = strings.Replace(strings.Replace(next["customizations.xml"], view, "", 1), "<MaxLength>20", "<MaxLength>40", 1)
	w.do("POST", "DeleteAndPromote", `{"UniqueName":"Zzz"}`).refused(400, "0x8004F026")
	hold(next).is(204)
	hold(next).refused(400, "0x8004F023")
	w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").has(map[string]any{"MaxLength": 20})
	if left := w.do("GET", "solutions?$filter=uniquename eq 'Zzz_Upgrade'", "").rows(); len(left) != 1 {
		t.Errorf("%v", left)
	}
	w.do("POST", "DeleteAndPromote", `{"UniqueName":"Zzz"}`).is(200)
	w.do("GET", ofOpportunity+"(LogicalName='zzz_code')", "").has(map[string]any{"MaxLength": 40})
	if left := w.do("GET", "savedqueries?$filter=name eq 'Coded'", "").rows(); len(left) != 0 {
		t.Errorf("%v", left)
	}
	all := w.do("GET", "solutions?$select=solutionid,version&$filter=startswith(uniquename,'Zzz')", "").rows()
	if len(all) != 1 || all[0]["version"] != "2.0.0.0" {
		t.Fatalf("%v", all)
	}
	w.do("DELETE", "solutions("+all[0]["solutionid"].(string)+")", "").is(204)
	w.do("DELETE", "publishers("+w.do("GET", "publishers?$filter=uniquename eq 'zzzpub'", "").column("publisherid")+")", "").is(204)
	if after := w.ctl("GET", "/metadata", "").text; after != before {
		t.Errorf("differs: %s", firstDifference(before, after))
	}
	hold(solutionFiles("0")).is(400)
}
