package dataversesim

import (
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"time"
)

// importJob is an import that waits for its time.
type importJob struct {
	due    time.Time
	caller string
	id     string // of the import job
	job    string // of the system job
	file   *solutionFile
	wrong  error // of a file that cannot be read
}

// importAction serves ImportSolution and ImportSolutionAsync.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/importsolutionasync
func (m *customizing) importAction(action string) (*answer, error) {
	if !m.s.holds("prvImportCustomization") {
		return nil, missingPrivilege(m.s.calling, "importCustomization", "", metadataTable)
	}
	var in struct {
		CustomizationFile, ImportJobID string `json:",omitempty"`
		OverwriteUnmanagedCustomizations, PublishWorkflows, ConvertToManaged, SkipProductUpdateDependencies,
		HoldingSolution, AsyncRibbonProcessing, SkipQueueRibbonJob *bool
		ComponentParameters []any
		SolutionParameters  any
	}
	if err := strictly(m.c.body, &in); err != nil {
		return nil, err
	}
	if in.CustomizationFile == "" || in.OverwriteUnmanagedCustomizations == nil || in.PublishWorkflows == nil {
		return nil, fail(400, codeInvalidArgument, "Required fields of the operation '%s' are missing: CustomizationFile, OverwriteUnmanagedCustomizations and PublishWorkflows.", action)
	}
	if (action == "ImportSolution") != (in.ImportJobID != "") {
		return nil, fail(400, codePayload, "ImportJobId is a parameter of ImportSolution, and of that alone.")
	}
	file, err := readSolution(in.CustomizationFile)
	if err == nil {
		file.holding = isTrue(in.HoldingSolution)
	}
	if action == "ImportSolution" {
		if err == nil {
			err = m.s.bring(m.t, file)
		}
		if err != nil {
			return nil, err
		}
		m.importRow(strings.ToLower(in.ImportJobID), file, 100)
		return done204(""), nil
	}
	return m.queueImport(file, err)
}

// bring installs a solution, or lets it wait beside the one that it will take the place of.
func (s *Simulator) bring(t *tx, f *solutionFile) error {
	if f.holding {
		return s.hold(t, f)
	}
	return s.install(t, f)
}

// queueImport begins a system job; that the file is wrong is told by the job.
func (m *customizing) queueImport(file *solutionFile, wrong error) (*answer, error) {
	j := &importJob{due: m.s.now().Add(time.Duration(m.s.sw.number("setupImportSeconds")) * time.Second), caller: m.s.calling, id: m.s.newID(), job: m.s.newID(), file: file, wrong: wrong}
	m.s.imports = append(m.s.imports, j)
	m.importRow(j.id, file, 0)
	m.t.plant(jobTable, j.job, map[string]any{"name": "Solution import", "operationtype": int64(203), "statecode": int64(0), "statuscode": int64(0), "retrycount": int64(0), "depth": int64(1), "ownerid": ref{"systemuser", m.s.calling}})
	return jsonAnswer((&document{}).add("@odata.context", m.c.root+"$metadata#Microsoft.Dynamics.CRM.ImportSolutionAsyncResponse").add("ImportJobKey", j.id).add("AsyncOperationId", j.job))
}

func (m *customizing) importRow(id string, file *solutionFile, progress int64) {
	v := map[string]any{"name": "Customizations", "progress": ratio(progress), "startedon": m.t.now()}
	if file != nil {
		v["solutionname"] = file.manifest.UniqueName
	}
	if progress == 100 {
		v["completedon"], v["data"] = m.t.now(), importReport(file, nil)
	}
	m.t.plant("importjob", id, v)
}

func ratio(n int64) decimal {
	d, _ := newDecimal(itoa(int(n)), 2) // a whole number is one
	return d
}

// importReport is the XML that an import job keeps.
func importReport(file *solutionFile, err error) string {
	result, code, text := "success", "0", ""
	if err != nil {
		result, text = "failure", err.Error()
		var refused *apiError
		if errors.As(err, &refused) {
			code = refused.code
		}
	}
	name := ""
	if file != nil {
		name = file.manifest.UniqueName
	}
	var b strings.Builder
	b.WriteString(`<importexportxml succeeded="` + map[bool]string{true: "true", false: "false"}[err == nil] + `"><solutionManifests><solutionManifest><UniqueName>` + name + `</UniqueName><result result="` + result + `" errorcode="` + code + `" errortext="`)
	_ = xml.EscapeText(&b, []byte(text)) // a builder does not fail
	b.WriteString(`" /></solutionManifest></solutionManifests></importexportxml>`)
	return b.String()
}

// settleImports does the imports that are due.
func (s *Simulator) settleImports() {
	due := slices.Clone(s.imports)
	s.imports = slices.DeleteFunc(s.imports, func(j *importJob) bool { return !s.now().Before(j.due) })
	for _, j := range due {
		if !s.now().Before(j.due) {
			s.finishImport(j)
		}
	}
}

func (s *Simulator) finishImport(j *importJob) {
	before := s.calling
	s.calling = j.caller
	defer func() { s.calling = before }()
	t := s.begin(j.caller, j.caller)
	t.skipAll = true
	err := j.wrong
	if err == nil {
		err = s.bring(t, j.file)
	}
	if err != nil {
		t.rollback()
	} else {
		t.commit()
	}
	end := s.begin(j.caller, j.caller)
	end.skipAll = true
	job, state := s.db.get(jobTable, j.job), s.db.get("importjob", j.id)
	if job == nil || state == nil {
		return // somebody deleted them
	}
	v := job.values()
	v["statecode"], v["statuscode"], v["completedon"] = int64(3), int64(30), end.now()
	if err != nil {
		v["statuscode"], v["message"], v["friendlymessage"], v["errorcode"] = int64(31), err.Error(), err.Error(), importErrorCode(err)
	}
	end.put(s.schema.tables[jobTable], j.job, v)
	w := state.values()
	w["progress"], w["completedon"], w["data"] = ratio(100), end.now(), importReport(j.file, err)
	end.put(s.schema.tables["importjob"], j.id, w)
	end.commit()
}

// importErrorCode is an error code as the signed number that a system job keeps.
func importErrorCode(err error) int64 {
	var refused *apiError
	if !errors.As(err, &refused) {
		return -2147220970
	}
	n := int64(0)
	for _, c := range strings.ToLower(strings.TrimPrefix(refused.code, "0x")) {
		n = n*16 + int64(strings.IndexRune("0123456789abcdef", c))
	}
	return n - 1<<32
}

// uninstall takes a managed solution away with all that it brought, unless something else needs it.
// https://learn.microsoft.com/power-platform/alm/solution-concepts-alm
func (t *tx) uninstall(solution *row) error {
	s := t.s
	var ours []*row
	for _, sl := range s.db.tables["solutioncomponent"].order {
		if sl.row != nil && sl.row.ref("solutionid").id == solution.id {
			ours = append(ours, sl.row)
		}
	}
	mine := map[string]bool{}
	for _, c := range ours {
		id, _ := c.v["objectid"].(guid)
		mine[string(id)] = true
	}
	if err := s.neededElsewhere(ours, mine); err != nil {
		return err
	}
	m := &customizing{s: s, t: t}
	for _, kindOf := range []int64{20, 60, 26, 61, 14, 10, 2, 1, 9} {
		for _, c := range ours {
			if id, _ := c.v["objectid"].(guid); c.number("componenttype") == kindOf {
				m.discard(kindOf, string(id))
			}
		}
	}
	return nil
}

// neededElsewhere refuses while a component that is not of the solution needs one of its: a step, a form, a view.
func (s *Simulator) neededElsewhere(ours []*row, mine map[string]bool) error {
	names := s.componentNames()
	for _, c := range ours {
		id, _ := c.v["objectid"].(guid)
		for _, t := range s.schema.order {
			var users []string
			if col := s.columnCalled(t, string(id)); col != nil && c.number("componenttype") == 2 {
				users = s.columnUsers(col)
			}
			if c.number("componenttype") == 1 && fixedID("table/"+t.name) == string(id) && t.managed {
				users = s.tableUsers(t)
			}
			users = slices.DeleteFunc(users, func(user string) bool { return s.ownUser(user, mine, names) })
			if err := hasDependents("Solution", string(id), users); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownUser says whether a component that is named by kind and name belongs to the solution itself.
func (s *Simulator) ownUser(user string, mine map[string]bool, names map[string]string) bool {
	_, name, _ := strings.Cut(user, " ")
	for id, other := range names {
		if other == name && mine[id] {
			return true
		}
	}
	table, _, isColumn := strings.Cut(name, ".")
	if isColumn && mine[fixedID("table/"+table)] {
		return true
	}
	for _, t := range s.schema.order { // views and keys of a table that goes as a whole
		if k := t.keyCalled(name); k != nil && mine[fixedID("table/"+t.name)] && t.managed {
			return true
		}
	}
	return false
}

// discard deletes one component.
func (m *customizing) discard(kindOf int64, id string) {
	s, t := m.s, m.t
	for _, tab := range slices.Clone(s.schema.order) {
		switch {
		case componentType(tab.name) == kindOf && s.db.get(tab.name, id) != nil:
			if tab.name == "role" {
				t.freeAll(id)
			}
			t.erase(tab, id)
		case kindOf == 14 && tab.keyCalled(id) != nil:
			k := tab.keyCalled(id)
			tab.keys = slices.DeleteFunc(slices.Clone(tab.keys), func(other *key) bool { return other == k })
		case kindOf == 2 && s.columnCalled(tab, id) != nil:
			_ = s.removeColumn(s.columnCalled(tab, id)) // neededElsewhere has looked
		case kindOf == 1 && fixedID("table/"+tab.name) == id && tab.managed && strings.Contains(tab.name, "_"):
			t.removeOf(tab)
			_ = s.removeTable(tab)
			t.undo = slices.DeleteFunc(t.undo, func(u undo) bool { return u.table == tab.name })
		}
	}
	if ch := s.choiceCalled(id); kindOf == 9 && ch != nil {
		delete(s.schema.choices, ch.name)
	}
	if c := s.lookupOf(id); kindOf == 10 && c != nil {
		_ = s.removeColumn(c)
	}
}

// freeAll takes a role away from everybody.
func (t *tx) freeAll(role string) {
	links := t.s.schema.tables["systemuserroles"]
	for _, sl := range slices.Clone(t.s.db.tables[links.name].order) {
		if sl.row != nil && sl.row.v["roleid"] == guid(role) {
			t.erase(links, sl.id)
		}
	}
	delete(t.s.granted, role)
}
