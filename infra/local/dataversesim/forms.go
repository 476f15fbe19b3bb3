package dataversesim

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
)

// controlClasses are the class ids of the controls of forms, and the kinds of columns that each shows; none for those
// that show no column.
// https://learn.microsoft.com/power-apps/developer/model-driven-apps/form-xml-schema
func controlClasses() map[string][]kind {
	return map[string][]kind{
		"4273EDBD-AC1D-40D3-9FB2-095C621B552D": {kindString, kindMemo},
		"E0DECE4B-6FC8-4A8F-A065-082708572369": {kindMemo, kindString},
		"ADA2203E-B4CD-49BE-9DDF-234642B43B52": {kindString},
		"71716B6C-711E-476C-8AB8-5D11542BFB47": {kindString},
		"1E1FC551-F7A8-43AF-AC34-A8DC35C7B6D4": {kindString},
		"8C10015A-BF33-4C22-BCCC-1C9E9E7E1F4D": {kindString},
		"67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED": {kindBool},
		"B0C6723A-8503-4FD7-BB28-C8A06AC933C2": {kindBool},
		"3EF39988-22BB-4F0B-BBBE-64B5A3748AEE": {kindPicklist, kindBool},
		"5D68B988-0661-4DB2-BC3E-17598AD3BE6C": {kindStatus, kindState},
		"4AA28AB7-9C13-4F57-A73D-AD894D048B5F": {kindMulti},
		"C6D124CA-7EDA-4A60-AEA9-7FB8D318B68F": {kindInt},
		"AA987274-CE4E-4271-A803-66164311A958": {kindInt},
		"C3EFE0C3-0EC6-42BE-8349-CBD9079DFD8E": {kindDecimal},
		"0D2C745A-E5A8-4C8F-BA63-C6D3BB604660": {kindDouble},
		"533B9E00-756B-4312-95A0-DC888637AC78": {kindMoney},
		"5B773807-9FB2-42DB-97C3-7A91EFF8ADFF": {kindDate, kindDateTime},
		"270BD3DB-D9AF-4782-9025-509E298DEC0A": {kindLookup, kindPoly, kindOwner},
		"E7A81278-8635-4D9E-8D4D-59480B391C5B": nil, // sub-grid
		"9FDF5F91-88B1-47F4-AD53-C11EFC01A01D": nil, // web resource
		"06375649-C143-495E-A496-C962E5B4488E": nil, // timeline
		"5C5600E0-1D6E-4205-A272-BE80DA87FD42": nil, // quick view
		"FD2A7985-3187-444E-908D-6624B21F69C0": nil, // frame
	}
}

const subGridClass = "E7A81278-8635-4D9E-8D4D-59480B391C5B"

var braced = regexp.MustCompile(`^\{[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\}$`)

// formReading is a form under check.
type formReading struct {
	s         *Simulator
	table     *table
	ids       map[string]bool // of tabs, sections and cells
	controls  map[string]bool
	libraries map[string]bool
	tabs      int
}

// checkForm checks a form's text: known elements where it matters, ids that are there once, controls of known classes
// over columns that exist and fit.
func (s *Simulator) checkForm(v map[string]any) error {
	name, _ := v["objecttypecode"].(string)
	text, _ := v["formxml"].(string)
	kindOf, _ := v["type"].(int64)
	tab := s.schema.tables[name]
	if tab == nil {
		return fail(400, codeNoFetchTable, "The entity with a name = '%s' was not found in the MetadataCache.", clip(name, 100))
	}
	if text == "" {
		return fail(400, codeInvalidArgument, "A form needs formxml.")
	}
	root := &fetchNode{}
	if err := readXML(text, "form", root); err != nil {
		return fail(400, codeBadXML, "The formxml is not valid: %v", err)
	}
	r := &formReading{s: s, table: tab, ids: map[string]bool{}, controls: map[string]bool{}, libraries: map[string]bool{}}
	// the files come first: handlers name them, and the order of the two parts is free
	if err := r.readLibraries(root); err != nil {
		return err
	}
	if err := r.read(root); err != nil {
		return err
	}
	if r.tabs == 0 && kindOf == 2 {
		return fail(400, codeBadXML, "The formxml of a main form needs a tab.")
	}
	return nil
}

func (r *formReading) read(n *fetchNode) error {
	switch n.XMLName.Local {
	case "tab", "section", "cell":
		if err := r.once(n); err != nil {
			return err
		}
		if n.XMLName.Local == "tab" {
			r.tabs++
		}
	case "control":
		if err := r.control(n); err != nil {
			return err
		}
	case "Handler":
		if err := r.library(n); err != nil {
			return err
		}
	}
	for i := range n.Children {
		if err := r.read(&n.Children[i]); err != nil {
			return err
		}
		if inside := placeOf(n.Children[i].XMLName); inside != "" && inside != n.XMLName.Local {
			return fail(400, codeBadXML, "The element '%s' of the formxml does not belong into '%s' but into '%s'.", n.Children[i].XMLName.Local, n.XMLName.Local, inside)
		}
	}
	return nil
}

// readLibraries reads formLibraries.
func (r *formReading) readLibraries(root *fetchNode) error {
	for i := range root.Children {
		if root.Children[i].XMLName.Local != "formLibraries" {
			continue
		}
		for j := range root.Children[i].Children {
			if err := r.library(&root.Children[i].Children[j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeOf is the element that holds another one; empty where there are several.
func placeOf(name xml.Name) string {
	return map[string]string{"tabs": "form", "tab": "tabs", "column": "columns", "columns": "tab", "sections": "column", "section": "sections", "row": "rows", "cell": "row", "control": "cell"}[name.Local]
}

func (r *formReading) once(n *fetchNode) error {
	id := n.attr("id")
	if id == "" && n.XMLName.Local == "tab" && n.attr("name") != "" {
		return nil // older forms
	}
	if !braced.MatchString(id) {
		return fail(400, codeBadXML, "The id '%s' of a %s in the formxml is not a GUID in braces.", clip(id, 60), n.XMLName.Local)
	}
	if r.ids[strings.ToLower(id)] {
		return fail(400, codeLabelTwice, "The label '%s', id: '%s' already exists. Supply unique labelid values.", n.XMLName.Local, id)
	}
	r.ids[strings.ToLower(id)] = true
	return nil
}

func (r *formReading) control(n *fetchNode) error {
	id, class := n.attr("id"), strings.ToUpper(strings.Trim(n.attr("classid"), "{}"))
	kinds, known := controlClasses()[class]
	if !known {
		return fail(400, codeBadXML, "The classid '%s' of the control '%s' in the formxml is not known.", clip(n.attr("classid"), 60), clip(id, 60))
	}
	if id == "" || r.controls[id] {
		return fail(400, codeBadXML, "The id '%s' of a control in the formxml is empty or stands there twice.", clip(id, 60))
	}
	r.controls[id] = true
	name := n.attr("datafieldname")
	if class == subGridClass {
		return r.subGrid(n, id)
	}
	if kinds == nil {
		return nil
	}
	c := r.table.columns[name]
	if c == nil {
		return fail(400, codeNoFormColumn, "The control '%s' in the formxml refers to the attribute '%s' that entity %s does not have.", id, clip(name, 100), r.table.name)
	}
	if !slices.Contains(kinds, c.kind) {
		return fail(400, codeBadXML, "The control '%s' in the formxml has the classid '%s', which does not show an attribute of type %s.", id, n.attr("classid"), c.attributeType())
	}
	return nil
}

// subGrid checks the rows of another table that a form shows: its relationship, its table and its view.
func (r *formReading) subGrid(n *fetchNode, id string) error {
	parameters := map[string]string{}
	for i := range n.Children {
		if n.Children[i].XMLName.Local == "parameters" {
			for _, p := range n.Children[i].Children {
				parameters[p.XMLName.Local] = ""
			}
		}
	}
	for _, needed := range []string{"TargetEntityType", "ViewId"} {
		if _, given := parameters[needed]; !given {
			return fail(400, codeBadXML, "The sub-grid '%s' in the formxml needs the parameter %s.", id, needed)
		}
	}
	texts := r.s.parameterTexts(n)
	target := r.s.schema.tables[texts["TargetEntityType"]]
	if target == nil {
		return fail(400, codeNoFetchTable, "The sub-grid '%s' in the formxml is over the entity '%s', which does not exist.", id, clip(texts["TargetEntityType"], 100))
	}
	if name := texts["RelationshipName"]; name != "" {
		c := r.s.lookupOf(name)
		if c == nil || c.table != target || !slices.Contains(c.targets, r.table.name) {
			return fail(400, codeBadXML, "The sub-grid '%s' in the formxml names the relationship '%s', which does not lead from %s to %s.", id, clip(name, 100), target.name, r.table.name)
		}
	}
	view := r.s.db.get("savedquery", strings.ToLower(strings.Trim(texts["ViewId"], "{}")))
	if view == nil || view.text("returnedtypecode") != target.name {
		return fail(400, codeBadXML, "The sub-grid '%s' in the formxml shows the view '%s', which is no view of %s.", id, clip(texts["ViewId"], 60), target.name)
	}
	return nil
}

// parameterTexts are the texts of a control's parameters.
func (s *Simulator) parameterTexts(n *fetchNode) map[string]string {
	out := map[string]string{}
	for i := range n.Children {
		if n.Children[i].XMLName.Local != "parameters" {
			continue
		}
		for _, p := range n.Children[i].Children {
			out[p.XMLName.Local] = strings.TrimSpace(p.Text)
		}
	}
	return out
}

// formOf is the text of a shipped form: one tab with one section over some columns.
func (s *Simulator) formOf(t *table, columns []string, scripts string) string {
	id := func(what string) string { return "{" + fixedID("form/"+t.name+"/"+what) + "}" }
	labelled := func(text string) string {
		return `<labels><label description="` + text + `" languagecode="` + itoa(s.base()) + `" /></labels>`
	}
	b := `<form><tabs><tab name="general" id="` + id("tab") + `" IsUserDefined="0" locklevel="0" showlabel="true" expanded="true">` + labelled("Summary") +
		`<columns><column width="100%"><sections><section name="summary" id="` + id("section") + `" showlabel="true" showbar="false" columns="11" IsUserDefined="0" locklevel="0">` + labelled("Summary") + `<rows>`
	for _, name := range columns {
		c := t.columns[name]
		b += `<row><cell id="` + id(name) + `" showlabel="true" locklevel="0">` + labelled(c.label) + `<control id="` + name + `" classid="{` + classOf(c.kind) + `}" datafieldname="` + name + `" disabled="false" /></cell></row>`
	}
	return b + `</rows></section></sections></column></columns></tab></tabs>` + scripts + `</form>`
}

// classOf is the usual control of a kind of column.
func classOf(k kind) string {
	return map[kind]string{kindString: "4273EDBD-AC1D-40d3-9FB2-095C621B552D", kindMemo: "E0DECE4B-6FC8-4a8f-A065-082708572369", kindBool: "67FAC785-CD58-4f9f-ABB3-4B7DDC6ED5ED",
		kindPicklist: "3EF39988-22BB-4f0b-BBBE-64B5A3748AEE", kindMoney: "533B9E00-756B-4312-95A0-DC888637AC78", kindDate: "5B773807-9FB2-42db-97C3-7A91EFF8ADFF",
		kindPoly: "270BD3DB-D9AF-4782-9025-509E298DEC0A", kindOwner: "270BD3DB-D9AF-4782-9025-509E298DEC0A"}[k]
}

// Well-known forms and views.
const (
	OpportunityFormID      = "f0000000-0000-4000-8000-000000000001"
	OpportunityOldFormID   = "f0000000-0000-4000-8000-000000000002" // inactive
	OpportunityQuickFormID = "f0000000-0000-4000-8000-000000000003"
	LeadFormID             = "f0000000-0000-4000-8000-000000000004"
	OpenOpportunitiesID    = "f0000000-0000-4000-8000-000000000011"
	OpenLeadsID            = "f0000000-0000-4000-8000-000000000012"
)

// seedForms makes the forms and views of the sales tables that Dataverse ships, as far as anything is hung on them.
func (s *Simulator) seedForms(t *tx) {
	const library = "Sales/Opportunity/Opportunity_main_system_library.js"
	t.plant("webresource", fixedID("library"), map[string]any{"name": library, "displayname": "Opportunity main library", "webresourcetype": int64(3), "content": "Ly8=", "ismanaged": true, "canbedeleted": managedFlag(false)})
	scripts := map[string]string{OpportunityFormID: `<formLibraries><Library name="` + library + `" libraryUniqueId="{` + fixedID("library id") + `}" /></formLibraries><events><event name="onload" application="false" active="false"><Handlers><Handler functionName="Sales.OpportunityMain.onLoad" libraryName="` +
		library + `" handlerUniqueId="{` + fixedID("handler id") + `}" enabled="true" parameters="" passExecutionContext="true" /></Handlers></event></events>`}
	form := func(id, table, name string, kindOf, active int64, isDefault bool, columns ...string) {
		t.plant("systemform", id, map[string]any{"name": name, "objecttypecode": table, "type": kindOf, "formactivationstate": active, "isdefault": isDefault,
			"formxml": s.formOf(s.schema.tables[table], columns, scripts[id]), "ismanaged": true, "canbedeleted": managedFlag(false)})
	}
	form(OpportunityFormID, "opportunity", "Opportunity", 2, 1, true, "name", "customerid", "estimatedvalue", "estimatedclosedate", "description", "ownerid")
	form(OpportunityOldFormID, "opportunity", "Information", 2, 0, false, "name", "description")
	form(OpportunityQuickFormID, "opportunity", "Opportunity Quick Create", 7, 1, false, "name", "customerid")
	form(LeadFormID, "lead", "Lead", 2, 1, true, "subject", "firstname", "lastname", "companyname", "description", "ownerid")
	opportunity, lead := s.schema.tables["opportunity"], s.schema.tables["lead"]
	t.plantView(opportunity, OpenOpportunitiesID, "Open Opportunities", "0", []string{"name", "customerid", "estimatedvalue", "estimatedclosedate"}, true, true)
	t.plantView(lead, OpenLeadsID, "Open Leads", "0", []string{"fullname", "subject", "companyname"}, true, true)
}
