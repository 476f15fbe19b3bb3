package dataversesim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// getMetadata answers everything that can be customised, under names instead of ids and without times and versions:
// two answers are equal where nobody would see a difference between the organisations.
func (s *Simulator) getMetadata(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.settleKeys()
	s.settleImports()
	out := map[string]any{"tables": s.tableRecords(), "choices": s.choiceRecords(), "roles": s.roleRecords(), "languages": s.languages()}
	for _, name := range []string{"publisher", "solution", "systemform", "savedquery", "webresource", "workflow", "serviceendpoint", stepTable, imageTable} {
		if s.schema.tables[name] != nil {
			out[name] = s.rowRecords(name)
		}
	}
	out["solutioncomponent"] = s.componentRecords()
	body, err := json.MarshalIndent(out, "", " ")
	s.mu.Unlock()
	if err != nil {
		control.WriteError(w, http.StatusInternalServerError, "%v", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the caller has gone: nothing to tell
}

// timeless is a definition without what tells only when or under which id it was made.
func timeless(v any) any {
	switch x := v.(type) {
	case *document:
		out := map[string]any{}
		for name, inner := range x.values {
			if !slices.Contains([]string{"MetadataId", "CreatedOn", "UserLocalizedLabel", "Attributes", "Keys", "ManyToOneRelationships", "OneToManyRelationships", "ManyToManyRelationships", "Privileges"}, name) {
				out[name] = timeless(inner)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, one := range x {
			out[i] = timeless(one)
		}
		return out
	}
	return v
}

func (s *Simulator) tableRecords() map[string]any {
	out := map[string]any{}
	for _, t := range s.schema.order {
		if isCustomization(t.name) {
			continue
		}
		columns, keys, relationships := map[string]any{}, map[string]any{}, map[string]any{}
		for _, c := range t.order {
			columns[c.name] = timeless(s.columnDocument(c, true))
			for i, target := range c.targets {
				relationships[c.relationshipName(i, target)] = timeless(s.relationship(c, i, target))
			}
		}
		for i, d := range s.keyDocuments(t) {
			keys[t.keys[i].schemaName] = timeless(d)
		}
		out[t.name] = map[string]any{"definition": timeless(s.entityAlone(t)), "columns": columns, "keys": keys, "relationships": relationships}
	}
	return out
}

func (s *Simulator) choiceRecords() map[string]any {
	out := map[string]any{}
	for name, ch := range s.schema.choices {
		out[name] = timeless(s.optionSetDocument(ch))
	}
	return out
}

// roleRecords are the privileges of each role, and who has it.
func (s *Simulator) roleRecords() map[string]any {
	out := map[string]any{}
	all := s.allRights()
	for _, sl := range s.db.tables["role"].order {
		if sl.row == nil {
			continue
		}
		privileges, users := map[string]int64{}, []string{}
		for _, r := range all {
			if depth := s.depthIn(sl.id, r); depth > 0 {
				privileges[r.name] = depth
			}
		}
		for _, link := range s.db.tables["systemuserroles"].order {
			if link.row != nil && link.row.v["roleid"] == guid(sl.id) {
				who, _ := link.row.v["systemuserid"].(guid)
				users = append(users, s.primaryName(ref{"systemuser", string(who)}))
			}
		}
		slices.Sort(users)
		out[sl.row.text("name")] = map[string]any{"privileges": privileges, "users": users}
	}
	return out
}

// rowRecords are the rows of a table of customisations as a list in the order of their text, lookups by name.
func (s *Simulator) rowRecords(table string) []json.RawMessage {
	out := []json.RawMessage{}
	t := s.schema.tables[table]
	for _, sl := range s.db.tables[table].order {
		if sl.row == nil {
			continue
		}
		one := map[string]any{}
		for _, c := range t.order {
			v := sl.row.v[c.name]
			if v == nil || c.kind == kindGUID || c.kind == kindSecret || slices.Contains([]string{"createdon", "modifiedon", "createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "versionnumber", "installedon"}, c.name) {
				continue
			}
			if to, isRef := v.(ref); isRef {
				one[c.name] = cmp.Or(s.primaryName(to), to.id)
				continue
			}
			one[c.name] = json.RawMessage(appendValue(nil, v))
		}
		if others, _ := sl.row.v[writtenNames].(map[int]string); len(others) > 0 {
			one[writtenNames] = others
		}
		text, _ := json.Marshal(one) // plain values: cannot fail
		out = append(out, text)
	}
	slices.SortFunc(out, func(a, b json.RawMessage) int { return cmp.Compare(string(a), string(b)) })
	return out
}

// componentRecords are the components of each solution, by type and name.
func (s *Simulator) componentRecords() map[string]any {
	names := s.componentNames()
	out := map[string]any{}
	for _, sl := range s.db.tables["solutioncomponent"].order {
		if sl.row == nil {
			continue
		}
		solution := s.db.get("solution", sl.row.ref("solutionid").id)
		id, _ := sl.row.v["objectid"].(guid)
		list, _ := out[solution.text("uniquename")].([]string)
		one := itoa(int(sl.row.number("componenttype"))) + " " + cmp.Or(names[string(id)], string(id))
		if how := sl.row.number("rootcomponentbehavior"); how != 0 {
			one += " (in part, " + itoa(int(how)) + ")"
		}
		list = append(list, one)
		slices.Sort(list)
		out[solution.text("uniquename")] = list
	}
	return out
}

// componentNames are the names of all components by their ids.
func (s *Simulator) componentNames() map[string]string {
	out := map[string]string{}
	for _, t := range s.schema.order {
		out[fixedID("table/"+t.name)] = t.name
		for _, c := range t.order {
			out[fixedID("column/"+t.name+"/"+c.name)] = t.name + "." + c.name
			for i, target := range c.targets {
				name := c.relationshipName(i, target)
				out[fixedID("relationship/"+name)] = name
			}
		}
		for _, k := range t.keys {
			out[fixedID("key/"+k.schemaName)] = k.schemaName
		}
		if componentType(t.name) == 0 {
			continue
		}
		for _, sl := range s.db.tables[t.name].order {
			if sl.row != nil {
				out[sl.id] = sl.row.text(t.primaryName)
			}
		}
	}
	for name := range s.schema.choices {
		out[fixedID("choice/"+name)] = name
	}
	return out
}
