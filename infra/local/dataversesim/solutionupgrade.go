package dataversesim

import (
	"strings"
)

// holdingSuffix is what the name of a solution gets that waits beside the one that it will take the place of.
const holdingSuffix = "_Upgrade"

// hold imports a newer version of a managed solution beside the one that is there; DeleteAndPromote puts it in its place.
// What it brings is made then: until then only its row is there.
// https://learn.microsoft.com/power-platform/alm/update-solutions-alm
func (s *Simulator) hold(t *tx, f *solutionFile) error {
	m := f.manifest
	have := s.rowWhere("solution", "uniquename", m.UniqueName)
	switch {
	case m.Managed != "1":
		return fail(400, codeModesDiffer, "Only a managed solution can be imported as a holding solution, and %s is not.", m.UniqueName)
	case have == nil || have.v["ismanaged"] != true:
		return fail(400, codeNoSolution, "Solution %s is not installed as a managed solution, so a holding solution cannot be imported.", m.UniqueName)
	case !older(have.text("version"), m.Version):
		return fail(400, codeOlderVersion, "The solution %s has the version %s: a package of the version %s is no upgrade of it.", m.UniqueName, have.text("version"), m.Version)
	case s.rowWhere("solution", "uniquename", m.UniqueName+holdingSuffix) != nil:
		return fail(400, codeSolutionTaken, "The solution unique name '%s' is already being used and cannot be used again.", m.UniqueName+holdingSuffix)
	}
	id := s.newID()
	t.plant("solution", id, map[string]any{"uniquename": m.UniqueName + holdingSuffix, "friendlyname": have.text("friendlyname"), "version": m.Version, "publisherid": have.v["publisherid"], "ismanaged": true, "installedon": t.now()})
	if s.holding == nil {
		s.holding = map[string]*solutionFile{}
	}
	s.holding[id] = f
	return nil
}

// promote serves DeleteAndPromote: the holding solution takes the place of the one with its name, and what it does not
// bring goes, with its data.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/deleteandpromote
func (m *customizing) promote() (*answer, error) {
	if !m.s.holds("prvImportCustomization") {
		return nil, missingPrivilege(m.s.calling, "importCustomization", "", metadataTable)
	}
	var in struct{ UniqueName string }
	if err := strictly(m.c.body, &in); err != nil {
		return nil, err
	}
	have, waiting := m.s.rowWhere("solution", "uniquename", in.UniqueName), m.s.rowWhere("solution", "uniquename", in.UniqueName+holdingSuffix)
	if have == nil || waiting == nil || m.s.holding[waiting.id] == nil {
		return nil, fail(400, codeNoSolution, "The solution '%s' was not found, or no holding solution of it.", clip(in.UniqueName, 100))
	}
	if err := m.s.upgrade(m.t, have, m.s.holding[waiting.id]); err != nil {
		return nil, err
	}
	m.t.erase(m.s.schema.tables["solution"], waiting.id)
	delete(m.s.holding, waiting.id)
	return jsonAnswer((&document{}).add("@odata.context", m.c.root+"$metadata#Microsoft.Dynamics.CRM.DeleteAndPromoteResponse").add("SolutionId", have.id))
}

// upgrade updates a managed solution and takes away what the newer version does not bring.
func (s *Simulator) upgrade(t *tx, solution *row, f *solutionFile) error {
	brings := s.brought(f)
	var gone []*row
	mine := map[string]bool{}
	for _, sl := range s.db.tables["solutioncomponent"].order {
		if r := sl.row; r != nil && r.ref("solutionid").id == solution.id {
			id, _ := r.v["objectid"].(guid)
			mine[string(id)] = true
			if !brings[string(id)] {
				gone = append(gone, r)
			}
		}
	}
	if err := s.neededElsewhere(gone, mine); err != nil {
		return err
	}
	if err := s.install(t, f); err != nil {
		return err
	}
	m := &customizing{s: s, t: t}
	for _, kindOf := range []int64{20, 60, 26, 61, 14, 10, 2, 1, 9} {
		for _, r := range gone {
			if id, _ := r.v["objectid"].(guid); r.number("componenttype") == kindOf {
				m.discard(kindOf, string(id))
				t.leaveSolutions(string(id))
			}
		}
	}
	for _, e := range f.customizations.Entities { // columns of tables that are in it as a whole stand in no list
		tab := s.schema.tables[strings.ToLower(e.Info.Name)]
		for _, c := range append([]*column{}, tab.order...) {
			if tab.managed && c.managed && strings.HasPrefix(c.name, f.manifest.Publisher.Prefix+"_") && !brings[fixedID("column/"+tab.name+"/"+c.name)] {
				m.discard(2, fixedID("column/"+tab.name+"/"+c.name))
			}
		}
	}
	return nil
}

// brought are the ids of what a file brings.
func (s *Simulator) brought(f *solutionFile) map[string]bool {
	ids := map[string]bool{}
	bare := func(id string) { ids[strings.ToLower(strings.Trim(id, "{}"))] = true }
	for _, e := range f.customizations.Entities {
		table := strings.ToLower(e.Info.Name)
		ids[fixedID("table/"+table)] = true
		for _, a := range e.Info.Attributes {
			ids[fixedID("column/"+table+"/"+a.LogicalName)] = true
		}
		for _, k := range e.Info.Keys {
			ids[fixedID("key/"+k.Name)] = true
		}
		for _, v := range e.Views {
			bare(v.ID)
		}
		for _, group := range e.Forms {
			for _, x := range group.Forms {
				bare(x.ID)
			}
		}
	}
	for _, r := range f.customizations.Relationships {
		ids[fixedID("relationship/"+r.Name)] = true
	}
	for _, o := range f.customizations.OptionSets {
		ids[fixedID("choice/"+strings.ToLower(o.Name))] = true
	}
	for _, r := range f.customizations.Roles {
		bare(r.ID)
	}
	for _, r := range f.customizations.Resources {
		bare(r.ID)
		if have := s.rowWhere("webresource", "name", r.Name); have != nil {
			bare(have.id)
		}
	}
	return ids
}
