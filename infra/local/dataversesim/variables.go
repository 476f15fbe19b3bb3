package dataversesim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Types of environment variables: https://learn.microsoft.com/power-apps/maker/data-platform/environmentvariables
const (
	variableText   int64 = 100000000
	variableNumber int64 = 100000001
	variableYesNo  int64 = 100000002
	variableJSON   int64 = 100000003
)

const (
	definitionTable = "environmentvariabledefinition"
	valueTable      = "environmentvariablevalue"
)

// variableName is what a schema name looks like: a publisher's prefix in front.
var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{1,7}_[A-Za-z0-9_]+$`)

// checkVariable refuses a second definition of a name and, by switch, a second value of a definition and what does
// not fit the type.
func (s *Simulator) checkVariable(tab *table, v map[string]any) error {
	id, _ := v[tab.primaryID].(guid)
	name, _ := v["schemaname"].(string)
	if tab.name == definitionTable {
		if !variableName.MatchString(name) {
			return fail(400, codeInvalidArgument, "The schema name '%s' of an environment variable must begin with the prefix of a publisher, such as new_.", clip(name, 100))
		}
		if s.hasOther(tab.name, string(id), func(r *row) bool { return strings.EqualFold(r.text("schemaname"), name) }) {
			return fail(412, codeDuplicateKey, "An environment variable definition with the schema name '%s' already exists.", name)
		}
		kind, _ := v["type"].(int64)
		return s.checkVariableType(name, kind, v["defaultvalue"])
	}
	of, _ := v["environmentvariabledefinitionid"].(ref)
	if s.sw.text("variableValues") == "one" && s.hasOther(tab.name, string(id), func(r *row) bool { return r.ref("environmentvariabledefinitionid") == of }) {
		return fail(412, codeDuplicateKey, "The environment variable definition %s has a value already.", of.id)
	}
	definition := s.db.get(of.table, of.id)
	if definition == nil {
		return nil // its absence was refused before
	}
	return s.checkVariableType(definition.text("schemaname"), definition.number("type"), v["value"])
}

func (s *Simulator) hasOther(table, id string, fits func(*row) bool) bool {
	return slices.ContainsFunc(s.db.tables[table].order, func(sl *slot) bool { return sl.row != nil && sl.row.id != id && fits(sl.row) })
}

func (s *Simulator) checkVariableType(name string, kind int64, value any) error {
	text, _ := value.(string)
	if text == "" || s.sw.text("variableTypes") == "free" {
		return nil
	}
	fits := true
	switch kind {
	case variableNumber:
		_, err := strconv.ParseFloat(text, 64)
		fits = err == nil
	case variableYesNo:
		fits = slices.Contains([]string{"yes", "no"}, strings.ToLower(text))
	case variableJSON:
		fits = json.Valid([]byte(text))
	}
	if fits {
		return nil
	}
	return fail(400, codeInvalidArgument, "The value '%s' does not fit the type of the environment variable %s.", clip(text, 100), name)
}
