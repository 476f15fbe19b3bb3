package dataversesim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// customizing is one call that changes definitions, and the solution that it joins them to.
type customizing struct {
	s        *Simulator
	c        *call
	t        *tx
	solution *row // nil: none named
}

// changeMetadata creates, replaces and deletes definitions. They are no rows: nothing of a change set that fails
// later could take them back, so a change set holds none.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-definitions-using-web-api
func (s *Simulator) changeMetadata(c *call, t *tx, segs []segment) (*answer, error) {
	m, err := s.customize(c, t)
	if err != nil {
		return nil, err
	}
	switch segs[0].name {
	case "EntityDefinitions":
		return m.entities(segs)
	case "GlobalOptionSetDefinitions":
		return m.choices(segs)
	}
	return m.relationships(segs)
}

// customize begins a change of the organisation's customisations.
func (s *Simulator) customize(c *call, t *tx) (*customizing, error) {
	if err := s.ownSchema(); err != nil {
		return nil, err
	}
	s.own, s.customised = nil, true
	if c.refs != nil {
		return nil, missing("changes of metadata inside of a change set")
	}
	if err := s.locked(); err != nil {
		return nil, err
	}
	m := &customizing{s: s, c: c, t: t}
	var err error
	m.solution, err = s.solutionOf(c)
	return m, err
}

// locked plays the lock that the whole organisation has for such calls: every nth finds another one at work.
func (s *Simulator) locked() error {
	n := s.sw.number("setupLock")
	if n == 0 {
		return nil
	}
	if s.customized++; s.customized%int64(n) != 0 {
		return nil
	}
	return fail(s.sw.number("setupLockStatus"), codeCustomizing, "Cannot start another [EntityCustomization] because there is a previous [EntityCustomization] running at this moment. Use Solution History for more details.")
}

func done204(entityID string) *answer { return &answer{status: 204, entityID: entityID} }

// decodeDefinition reads a body of a metadata type; a member that the type does not have is refused.
func decodeDefinition(body []byte, typeName string, into any) error {
	list, err := members(body)
	if err != nil {
		return err
	}
	for _, m := range list {
		if name, _, annotated := strings.Cut(m.name, "@"); !annotated && !slices.Contains(memberNames(typeName), name) {
			return fail(400, codePayload, "Error identified in Payload provided by the user for Entity :'', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ----> InnerException : Microsoft.OData.ODataException: The property '%s' does not exist on type 'Microsoft.Dynamics.CRM.%s'. Make sure to only use property names that are defined by the type.", name, typeName)
		}
	}
	return loosely(body, into)
}

// typeOf is the @odata.type of a body without its namespace.
func typeOf(body []byte) string {
	var in struct {
		Type string `json:"@odata.type"`
	}
	_ = json.Unmarshal(body, &in) // decodeDefinition says what is wrong
	return strings.TrimPrefix(strings.TrimPrefix(in.Type, "#"), "Microsoft.Dynamics.CRM.")
}

var schemaNamePattern = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]{1,7})_[A-Za-z0-9_]{1,90}$`)

// checkName demands the prefix of the solution's publisher, or without a solution that of some publisher.
func (m *customizing) checkName(name string) error {
	parts := schemaNamePattern.FindStringSubmatch(name)
	if parts == nil {
		return fail(400, codeInvalidName, "The schema name '%s' is not valid: a customization prefix, an underscore and letters, digits or underscores are needed.", clip(name, 100))
	}
	prefix := strings.ToLower(parts[1])
	if m.solution != nil {
		p := m.s.db.get("publisher", m.solution.ref("publisherid").id)
		if want := p.text("customizationprefix"); want != prefix {
			return fail(400, codeInvalidName, "The schema name '%s' does not begin with the customization prefix '%s' of the publisher of the solution %s.", clip(name, 100), want, m.solution.text("uniquename"))
		}
		return nil
	}
	for _, sl := range m.s.db.tables["publisher"].order {
		if sl.row != nil && sl.row.text("customizationprefix") == prefix {
			return nil
		}
	}
	return fail(400, codeInvalidName, "The schema name '%s' does not begin with the customization prefix of a publisher.", clip(name, 100))
}

// firstOption is where the values of the publisher's choices begin.
func (m *customizing) firstOption() int64 {
	if m.solution == nil {
		return 100000000
	}
	return m.s.db.get("publisher", m.solution.ref("publisherid").id).number("customizationoptionvalueprefix") * 10000
}

// exists is the refusal of a name that is taken; its status differs by document.
func (s *Simulator) exists(code, format string, args ...any) *apiError {
	return fail(s.sw.number("setupExistsStatus"), code, format, args...)
}

// unseen tells of what was made so lately that a read from the cache does not find it.
func (s *Simulator) unseen(c *call, created time.Time) bool {
	lag := time.Duration(s.sw.number("setupLag")) * time.Second
	if lag == 0 || created.IsZero() || c != nil && strings.EqualFold(c.header.Get("Consistency"), "Strong") {
		return false
	}
	return s.now().Sub(created) < lag
}

// fixedComponent refuses to delete what belongs to a managed solution or was shipped.
func fixedComponent(name, id string) error {
	return fail(http.StatusBadRequest, codeManaged, "The 'Delete' operation on the current component(name='%s', id='%s') failed during managed property evaluation of condition: 'Evaluation of the current component (%s) in managed property operation Delete for condition: The component is not customizable or is managed.'", name, id, name)
}

// hasDependents refuses to delete what something else needs.
func hasDependents(kind, id string, others []string) error {
	if len(others) == 0 {
		return nil
	}
	return fail(400, codeDependents, "The %s(%s) component cannot be deleted because it is referenced by %d other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest. (%s)", kind, id, len(others), strings.Join(others, ", "))
}

// isCustomizingAction tells of the unbound actions that change customisations.
func isCustomizingAction(name string) bool {
	return slices.Contains([]string{"InsertOptionValue", "UpdateOptionValue", "DeleteOptionValue", "OrderOption", "InsertStatusValue", "AddSolutionComponent",
		"RemoveSolutionComponent", "PublishXml", "PublishAllXml", "ReactivateEntityKey", "ImportSolution", "ImportSolutionAsync", "DeleteAndPromote"}, name)
}

func (s *Simulator) customizingAction(c *call, t *tx, name string) (*answer, error) {
	if c.method != http.MethodPost {
		return nil, fail(404, "", "No HTTP resource was found that matches the request URI '%s'.", clip(c.path, 200))
	}
	m, err := s.customize(c, t)
	if err != nil {
		return nil, err
	}
	switch name {
	case "AddSolutionComponent", "RemoveSolutionComponent":
		return m.solutionAction(name)
	case "PublishXml", "PublishAllXml":
		return m.publish(name)
	case "ImportSolution", "ImportSolutionAsync":
		return m.importAction(name)
	case "DeleteAndPromote":
		return m.promote()
	case "ReactivateEntityKey":
		return s.reactivateKey(m)
	}
	return m.changeOptions(name)
}
