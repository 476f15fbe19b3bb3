package dataversesim

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// solutionOf is the solution that a call names in its header; nil without one.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/compose-http-requests-handle-errors
func (s *Simulator) solutionOf(c *call) (*row, error) {
	name := cmp.Or(c.header.Get("MSCRM.SolutionUniqueName"), c.header.Get("MSCRM.SolutionName"))
	if name == "" {
		return nil, nil
	}
	return s.solutionNamed(name)
}

// solutionNamed finds a solution that can be added to.
func (s *Simulator) solutionNamed(name string) (*row, error) {
	for _, sl := range s.db.tables["solution"].order {
		if sl.row == nil || !strings.EqualFold(sl.row.text("uniquename"), name) {
			continue
		}
		if sl.row.v["ismanaged"] == true {
			return nil, fail(400, codeManagedSolution, "The solution '%s' is managed: components cannot be added to it.", name)
		}
		return sl.row, nil
	}
	return nil, fail(400, codeNoSolution, "The solution '%s' was not found.", clip(name, 100))
}

// join adds a component to the solution of the call; a column or key brings its table along as a shell.
func (m *customizing) join(kindOf int64, id string, of *table) {
	if m.solution == nil {
		return
	}
	root := ""
	if of != nil {
		whole := m.t.component(m.solution, 1, fixedID("table/"+of.name))
		if whole != nil && whole.number("rootcomponentbehavior") == 0 {
			return // the table is in it with all that it has
		}
		if whole == nil {
			whole = m.t.addComponent(m.solution, 1, fixedID("table/"+of.name), 2, "")
		}
		root = whole.id
	}
	m.t.addComponent(m.solution, kindOf, id, 0, root)
}

// component finds a component of a solution.
func (t *tx) component(solution *row, kindOf int64, id string) *row {
	for _, sl := range t.s.db.tables["solutioncomponent"].order {
		if r := sl.row; r != nil && r.ref("solutionid").id == solution.id && r.number("componenttype") == kindOf && r.v["objectid"] == guid(id) {
			return r
		}
	}
	return nil
}

// addComponent adds a component to a solution, once.
func (t *tx) addComponent(solution *row, kindOf int64, id string, behavior int64, root string) *row {
	if have := t.component(solution, kindOf, id); have != nil {
		return have
	}
	v := map[string]any{"componenttype": kindOf, "objectid": guid(id), "solutionid": ref{"solution", solution.id}, "ismetadata": kindOf <= 14}
	if kindOf == 1 {
		v["rootcomponentbehavior"] = behavior
	}
	if root != "" {
		v["rootsolutioncomponentid"] = guid(root)
	}
	row := fixedID("component/" + solution.id + "/" + id)
	t.plant("solutioncomponent", row, v)
	return t.s.db.get("solutioncomponent", row)
}

// leaveSolutions takes components that are gone out of all solutions.
func (t *tx) leaveSolutions(ids ...string) {
	tab := t.s.schema.tables["solutioncomponent"]
	for _, sl := range slices.Clone(t.s.db.tables[tab.name].order) {
		if sl.row == nil {
			continue
		}
		if id, _ := sl.row.v["objectid"].(guid); slices.Contains(ids, string(id)) {
			t.erase(tab, sl.id)
		}
	}
}

// componentTypes are the numbers of components that are rows.
func componentType(table string) int64 {
	return map[string]int64{"role": 20, "savedquery": 26, "workflow": 29, "systemform": 60, "webresource": 61, stepTable: 92, imageTable: 93, "serviceendpoint": 95, definitionTable: 380}[table]
}

// isComponent says whether there is a component of a type.
func (s *Simulator) isComponent(kindOf int64, id string) bool {
	for _, t := range s.schema.order {
		if componentType(t.name) == kindOf && s.db.get(t.name, id) != nil || kindOf == 1 && fixedID("table/"+t.name) == id {
			return true
		}
		if kindOf == 2 && s.columnCalled(t, id) != nil || kindOf == 14 && t.keyCalled(id) != nil {
			return true
		}
	}
	return kindOf == 9 && s.choiceCalled(id) != nil || kindOf == 10 && s.lookupOf(id) != nil
}

// solutionAction serves AddSolutionComponent and RemoveSolutionComponent.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/addsolutioncomponent
func (m *customizing) solutionAction(action string) (*answer, error) {
	if err := m.t.may("write", m.s.schema.tables["solution"], ""); err != nil {
		return nil, err
	}
	var in struct {
		ComponentID                     string `json:"ComponentId"`
		ComponentType                   *int64
		SolutionUniqueName              string
		AddRequiredComponents           *bool
		DoNotIncludeSubcomponents       *bool
		IncludedComponentSettingsValues []string
		SolutionComponent               json.RawMessage
	}
	if err := strictly(m.c.body, &in); err != nil {
		return nil, err
	}
	if in.ComponentType == nil || in.SolutionUniqueName == "" || action == "AddSolutionComponent" && in.AddRequiredComponents == nil {
		return nil, fail(400, codeInvalidArgument, "Required fields of the operation '%s' are missing: ComponentType, SolutionUniqueName and, to add, AddRequiredComponents.", action)
	}
	solution, err := m.s.solutionNamed(in.SolutionUniqueName)
	if err != nil {
		return nil, err
	}
	id := strings.ToLower(in.ComponentID)
	if action == "RemoveSolutionComponent" {
		return m.removeComponent(solution, *in.ComponentType, in.SolutionComponent, id)
	}
	if !m.s.isComponent(*in.ComponentType, id) {
		return nil, fail(404, codeNoComponent, "Subcomponent %s of type %d is not found in the organization, it can not be added to the SolutionComponents.", in.ComponentID, *in.ComponentType)
	}
	behavior := int64(0)
	if isTrue(in.DoNotIncludeSubcomponents) {
		behavior = 1
	}
	r := m.t.addComponent(solution, *in.ComponentType, id, behavior, "")
	return jsonAnswer((&document{}).add("@odata.context", m.c.root+"$metadata#Microsoft.Dynamics.CRM.AddSolutionComponentResponse").add("id", r.id))
}

// removeComponent takes a component out of a solution and leaves it in the organisation. The action names the
// component by the id of its object, in the member solutioncomponentid.
func (m *customizing) removeComponent(solution *row, kindOf int64, raw json.RawMessage, id string) (*answer, error) {
	var named struct {
		SolutionComponentID string `json:"solutioncomponentid"`
	}
	if len(raw) > 0 {
		if err := loosely(raw, &named); err != nil {
			return nil, err
		}
		id = strings.ToLower(named.SolutionComponentID)
	}
	r := m.t.component(solution, kindOf, id)
	if r == nil {
		return nil, fail(404, codeNotFound, "The component %s of type %d is not in the solution %s.", id, kindOf, solution.text("uniquename"))
	}
	m.t.erase(m.s.schema.tables["solutioncomponent"], r.id)
	return jsonAnswer((&document{}).add("@odata.context", m.c.root+"$metadata#Microsoft.Dynamics.CRM.RemoveSolutionComponentResponse").add("id", r.id))
}

var (
	uniqueName    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9]{1,7}$`)
	versionNumber = regexp.MustCompile(`^\d+(\.\d+){1,3}$`)
)

// checkPublisher checks a publisher that is made or changed.
func (s *Simulator) checkPublisher(id string, v map[string]any) error {
	name, _ := v["uniquename"].(string)
	if !uniqueName.MatchString(name) {
		return fail(400, codeSolutionName, "Invalid character specified for publisher unique name. Only characters within the ranges [A-Z], [a-z], [0-9], or _ are allowed. The first character may only be in the ranges [A-Z], [a-z], or _.")
	}
	if s.taken("publisher", "uniquename", name, id) {
		return fail(412, codeDuplicate, "A record with matching key values already exists.")
	}
	prefix, _ := v["customizationprefix"].(string)
	if !prefixPattern.MatchString(prefix) || strings.HasPrefix(prefix, "mscrm") {
		return fail(400, codeInvalidArgument, "The customization prefix '%s' is not valid: 2 to 8 lower-case letters and digits, of which the first is a letter, not beginning with mscrm.", clip(prefix, 40))
	}
	return nil
}

// checkSolution checks a solution that is made or changed.
func (s *Simulator) checkSolution(id string, v map[string]any) error {
	name, _ := v["uniquename"].(string)
	if !uniqueName.MatchString(name) {
		return fail(400, codeSolutionName, "Invalid character specified for solution unique name. Only characters within the ranges [A-Z], [a-z], [0-9], or _ are allowed. The first character may only be in the ranges [A-Z], [a-z], or _.")
	}
	if s.taken("solution", "uniquename", name, id) {
		return fail(s.sw.number("setupExistsStatus"), codeSolutionTaken, "The solution unique name '%s' is already being used and cannot be used again.", name)
	}
	if version, _ := v["version"].(string); !versionNumber.MatchString(version) {
		return fail(400, codeInvalidArgument, "The version '%s' of the solution is not valid: numbers parted by points are needed, such as 1.0.0.0.", clip(version, 40))
	}
	return nil
}

// taken says whether another row holds a text in a column, without regard to case.
func (s *Simulator) taken(table, column, text, id string) bool {
	for _, sl := range s.db.tables[table].order {
		if sl.row != nil && sl.id != id && strings.EqualFold(sl.row.text(column), text) {
			return true
		}
	}
	return false
}

// Well-known publishers and solutions.
const (
	DefaultPublisherID = "50000000-0000-4000-8000-000000000001"
	DefaultSolutionID  = "50000000-0000-4000-8000-000000000002"
	MsftPublisherID    = "50000000-0000-4000-8000-000000000003"
	MsftSolutionID     = "50000000-0000-4000-8000-000000000004"
)

// seedSolutions makes the publisher and the solution that every environment has.
func (s *Simulator) seedSolutions(t *tx) {
	t.plant("publisher", DefaultPublisherID, map[string]any{"uniquename": "DefaultPublisher" + strings.ReplaceAll(s.o.label(), "-", ""), "friendlyname": "Default Publisher for " + s.o.label(),
		"customizationprefix": "new", "customizationoptionvalueprefix": int64(10000), "isreadonly": true})
	t.plant("solution", DefaultSolutionID, map[string]any{"uniquename": "Default", "friendlyname": "Default Solution", "version": "1.0",
		"publisherid": ref{"publisher", DefaultPublisherID}, "isvisible": false})
}

// seedMsftSolution is the managed solution that brought Microsoft's columns.
func (t *tx) seedMsftSolution() {
	t.plant("publisher", MsftPublisherID, map[string]any{"uniquename": "msft", "friendlyname": "Microsoft", "customizationprefix": "msft", "customizationoptionvalueprefix": int64(29960), "isreadonly": true})
	t.plant("solution", MsftSolutionID, map[string]any{"uniquename": "PartnerCenterReferralsSynchronizationforDynamics365", "friendlyname": "Partner Center Referrals Synchronization for Dynamics 365",
		"version": "1.0.0.0", "publisherid": ref{"publisher", MsftPublisherID}, "ismanaged": true, "installedon": t.now()})
}

// manageMsft marks what the managed solution brought: nobody can delete it alone.
func (s *Simulator) manageMsft() {
	for _, tab := range s.schema.order {
		tab.managed = tab.managed || strings.HasPrefix(tab.name, "msft_")
		for _, c := range tab.order {
			c.managed = c.managed || strings.HasPrefix(c.name, "msft_")
		}
	}
}
