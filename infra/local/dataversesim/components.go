package dataversesim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// checkComponent checks a row that is a customisation, before it is stored. old is nil for a new one.
func (t *tx) checkComponent(tab *table, old *row, id string, v map[string]any, changed []string) error {
	if t.via == nil {
		return nil
	}
	if old != nil && old.v["ismanaged"] == true && (tab.name == "solution" || tab.name == "role") {
		return fail(400, codeReadOnly, "The %s '%s' is managed and cannot be changed.", tab.name, old.text(tab.primaryName))
	}
	switch tab.name {
	case "publisher":
		return t.s.checkPublisher(id, v)
	case "solution":
		return t.s.checkSolution(id, v)
	case "savedquery":
		unpublish(old, v)
		return t.s.checkView(v)
	case "systemform":
		unpublish(old, v)
		return t.s.checkForm(v)
	case "webresource":
		unpublish(old, v)
		return t.s.checkWebResource(id, v)
	case "serviceendpoint":
		return checkEndpoint(v)
	case stepTable:
		return t.s.checkStep(v)
	case imageTable:
		return t.s.checkImage(v)
	case "workflow":
		return t.s.checkProcess(old, v, changed)
	case "systemuser":
		if app, _ := v["applicationid"].(guid); old == nil && app != "" && t.s.userWhere("applicationid", string(app)) != nil {
			return fail(412, codeDuplicate, "A record with matching key values already exists: an application has one application user.")
		}
	}
	return nil
}

// checkRemoval refuses to delete what others need, or what was shipped.
func (t *tx) checkRemoval(tab *table, old *row) error {
	if t.via == nil {
		return nil
	}
	s := t.s
	switch tab.name {
	case "publisher":
		if old.v["isreadonly"] == true {
			return fail(400, codeReadOnlyDelete, "The publisher '%s' cannot be deleted.", old.text("uniquename"))
		}
		for _, sl := range s.db.tables["solution"].order {
			if sl.row != nil && sl.row.ref("publisherid").id == old.id {
				return fail(http.StatusMethodNotAllowed, codeAssociated, "The publisher '%s' cannot be deleted because it is associated with solutions.", old.text("uniquename"))
			}
		}
	case "solution":
		if old.v["isvisible"] == false {
			return fail(400, codeReadOnlyDelete, "The solution '%s' cannot be deleted.", old.text("uniquename"))
		}
		if old.v["ismanaged"] == true {
			return t.uninstall(old)
		}
	case "savedquery", "systemform":
		if old.v["canbedeleted"] == managedFlag(false) {
			return fail(400, codeCannedView, "System-defined views and forms cannot be deleted: '%s'.", old.text("name"))
		}
		if users := s.viewUsers(old.id); tab.name == "savedquery" && len(users) > 0 {
			return hasDependents("SavedQuery", old.id, users)
		}
	case "webresource":
		return hasDependents("WebResource", old.id, s.libraryUsers(old.text("name")))
	case "workflow":
		if old.v["ismanaged"] == true {
			return fail(400, codeManagedProcess, "The process is part of a managed solution and cannot be individually deleted. Uninstall the parent solution to remove the process.")
		}
		if old.number("statecode") == 1 {
			return fail(400, codeActiveProcessGone, "Cannot delete an active workflow definition.")
		}
	case "role":
		return t.freeRole(old)
	}
	return nil
}

// joinRow adds a row that is a component to the solution that the call names.
func (t *tx) joinRow(tab *table, r *row) error {
	if t.via == nil || componentType(tab.name) == 0 {
		return nil
	}
	solution, err := t.s.solutionOf(t.via)
	if err != nil || solution == nil {
		return err
	}
	t.addComponent(solution, componentType(tab.name), r.id, 0, "")
	return nil
}

// textUsers are the views, forms and business rules whose texts name a column of a table.
func (s *Simulator) textUsers(table, column string) []string {
	var out []string
	for _, of := range []struct{ table, owner, name string }{{"savedquery", "returnedtypecode", "SavedQuery"}, {"systemform", "objecttypecode", "SystemForm"}, {"workflow", "primaryentity", "Workflow"}} {
		tab := s.schema.tables[of.table]
		if tab == nil {
			continue
		}
		for _, sl := range s.db.tables[of.table].order {
			if sl.row == nil || sl.row.text(of.owner) != table {
				continue
			}
			for _, text := range []string{"fetchxml", "layoutxml", "formxml", "clientdata", "xaml"} {
				if strings.Contains(sl.row.text(text), `"`+column+`"`) || strings.Contains(sl.row.text(text), `'`+column+`'`) {
					out = append(out, of.name+" "+sl.row.text("name"))
					break
				}
			}
		}
	}
	return out
}

// relationshipUsers are the forms with a sub-grid over a relationship.
func (s *Simulator) relationshipUsers(name string) []string {
	var out []string
	if s.schema.tables["systemform"] == nil {
		return nil
	}
	for _, sl := range s.db.tables["systemform"].order {
		if sl.row != nil && strings.Contains(sl.row.text("formxml"), "<RelationshipName>"+name+"<") {
			out = append(out, "SystemForm "+sl.row.text("name"))
		}
	}
	return out
}

// defaultsOf makes what a new table has from the start beside its columns: a form, and views of the active and the
// inactive rows.
func (t *tx) defaultsOf(tab *table) {
	text := t.s.formOf(tab, []string{tab.primaryName}, "")
	t.plant("systemform", fixedID("form of "+tab.name), map[string]any{"name": "Information", "objecttypecode": tab.name, "type": int64(2), "isdefault": true, "formxml": text})
	plural := cmp.Or(tab.plural, tab.label)
	t.plantView(tab, fixedID("active of "+tab.name), "Active "+plural, "0", []string{tab.primaryName, "createdon"}, true, false)
	t.plantView(tab, fixedID("inactive of "+tab.name), "Inactive "+plural, "1", []string{tab.primaryName, "createdon"}, false, false)
}

// viewUsers are the forms with a sub-grid that shows a view.
func (s *Simulator) viewUsers(id string) []string {
	var out []string
	for _, sl := range s.db.tables["systemform"].order {
		if sl.row != nil && strings.Contains(strings.ToLower(sl.row.text("formxml")), "<viewid>{"+id+"}<") {
			out = append(out, "SystemForm "+sl.row.text("name"))
		}
	}
	return out
}

// removeOf deletes the rows that are a table's own customisations and messages.
func (t *tx) removeOf(tab *table) {
	for _, of := range [][2]string{{"savedquery", "returnedtypecode"}, {"systemform", "objecttypecode"}, {"sdkmessagefilter", "primaryobjecttypecode"}} {
		where := t.s.schema.tables[of[0]]
		if where == nil {
			continue
		}
		for _, sl := range slices.Clone(t.s.db.tables[of[0]].order) {
			if sl.row != nil && sl.row.text(of[1]) == tab.name {
				t.erase(where, sl.id)
				t.leaveSolutions(sl.id)
			}
		}
	}
}

// publish serves PublishXml and PublishAllXml: what is unpublished is shown to people from now on.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/publishxml
func (m *customizing) publish(action string) (*answer, error) {
	if !m.s.holds("prvPublishCustomization") {
		return nil, missingPrivilege(m.s.calling, "publishCustomization", "", metadataTable)
	}
	only, err := m.publishing(action)
	if err != nil {
		return nil, err
	}
	for _, of := range [][2]string{{"savedquery", "returnedtypecode"}, {"systemform", "objecttypecode"}, {"webresource", ""}} {
		tab := m.s.schema.tables[of[0]]
		for _, sl := range m.s.db.tables[of[0]].order {
			if sl.row == nil || sl.row.number("componentstate") != 1 || only != nil && !slices.Contains(only, publishedAs(sl, of[1])) {
				continue
			}
			v := sl.row.values()
			v["componentstate"], v[publishedNames] = int64(0), v[writtenNames]
			delete(v, publishedRow)
			m.t.put(tab, sl.id, v)
		}
	}
	return done204(""), nil
}

// publishing are the tables that PublishXml names; nil for all.
func (m *customizing) publishing(action string) ([]string, error) {
	if action == "PublishAllXml" {
		return nil, nil
	}
	var in struct {
		ParameterXML string `json:"ParameterXml"`
	}
	if err := strictly(m.c.body, &in); err != nil {
		return nil, err
	}
	var doc struct {
		Entities   []string `xml:"entities>entity"`
		OptionSets []string `xml:"optionsets>optionset"`
		Resources  []string `xml:"webresources>webresource"`
	}
	if err := readXML(in.ParameterXML, "importexportxml", &doc); err != nil {
		return nil, fail(400, codeBadXML, "The ParameterXml of PublishXml is not valid: %v", err)
	}
	for _, name := range doc.Entities {
		if m.s.schema.tables[name] == nil {
			return nil, notInMetadata("an entity", name)
		}
	}
	for _, name := range doc.OptionSets {
		if m.s.choiceCalled(name) == nil {
			return nil, notInMetadata("an option set", name)
		}
	}
	out := append([]string{}, doc.Entities...)
	for _, id := range doc.Resources {
		if id = strings.ToLower(strings.Trim(id, "{}")); m.s.db.get("webresource", id) == nil {
			return nil, fail(404, codeNotFound, "webresource With Id = %s Does Not Exist", clip(id, 60))
		}
		out = append(out, id)
	}
	return out, nil
}

// publishedAs is what PublishXml names a row by: the table that it is of, or its own id.
func publishedAs(sl *slot, owner string) string {
	if owner == "" {
		return sl.id
	}
	return sl.row.text(owner)
}
