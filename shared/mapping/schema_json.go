package mapping

//go:generate go test -run TestTheJSONSchemaAgreesWithTheSheet -update .

import (
	"encoding/json"
	"strings"
)

// JSONSchema describes a field sheet for editors: docs/mapping.schema.json. It knows the form of a row; whether a
// column exists and what fits it, only loading the sheet and the CRM's metadata tell.
// https://json-schema.org/draft/2020-12
func JSONSchema() []byte {
	keys := map[string]any{}
	for key := range strings.SplitSeq(rowKeys, ", ") {
		keys[key] = schemaOf(key)
	}
	text, _ := json.MarshalIndent(map[string]any{ // texts and maps of them: cannot fail
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Field sheet of cosell-sync",
		"description": "One row for each field; laid over the rows as shipped. docs/customise.md has examples.",
		"type":        []string{"array", "null"},
		"items": map[string]any{
			"type": "object", "additionalProperties": false, "required": []string{"field"}, "properties": keys,
			"allOf": []any{
				onlyIn("reasons", "status", "reason"), onlyIn("leadReasons", "status", "reason"), onlyIn("match", "customerName"), onlyIn("rows", "solutions"), onlyIn("catalogue", "solutions"),
				map[string]any{"not": map[string]any{"required": []string{"constant", "formula"}}},
				map[string]any{"not": map[string]any{"required": []string{"default", "formula"}}},
				map[string]any{"not": map[string]any{"required": []string{"constant", "default"}}},
			},
		},
	}, "", "  ")
	return append(text, '\n')
}

// onlyIn says that a key stands in the rows of a few fields.
func onlyIn(key string, fields ...string) map[string]any {
	return map[string]any{"if": map[string]any{"required": []string{key}}, "then": map[string]any{"properties": map[string]any{"field": map[string]any{"enum": fields}}}}
}

// schemaOf is the form of one key's value.
func schemaOf(key string) map[string]any {
	s := map[string]any{"description": keyMeanings()[key]}
	if allowed, listed := listedValues(key); listed {
		if allowed == "true, false" {
			s["type"] = "boolean"
			return s
		}
		s["enum"] = strings.Split(allowed, ", ")
		return s
	}
	scalar := []string{"string", "number", "boolean"}
	texts := map[string]any{"type": "array", "items": map[string]any{"type": []string{"string", "integer"}}}
	switch key {
	case "field":
		s["type"], s["pattern"] = "string", fieldName.String()
	case "referral":
		s["type"], s["pattern"] = "string", "^/[A-Za-z]"
	case "crm", "crmWrite", "crmWhenWon":
		s["type"], s["pattern"] = "string", "^([a-z][a-z0-9_]*(/[a-z][a-z0-9_]*){0,2}|([a-z][a-z0-9_]*/)?label=.+)$"
	case "lead":
		s["type"], s["pattern"] = "string", "^([a-z][a-z0-9_]*|label=.+)$"
	case "constant", "withHelp":
		s["not"] = map[string]any{"type": "null"}
	case "default", "leadDefault":
		s["type"] = scalar
	case "values":
		s["type"], s["minProperties"], s["additionalProperties"] = "object", 1, map[string]any{"type": scalar}
	case "reasons", "leadReasons":
		s["type"], s["additionalProperties"] = "object", texts
		s["propertyNames"] = map[string]any{"enum": strings.Split("open, onhold, won, lost, canceled, 1, 2, 3, 4, 5, 6, 7, 8", ", ")}
	case "watch":
		s["type"], s["minItems"], s["items"] = "array", 1, map[string]any{"type": "string", "pattern": keyColumn.String()}
	case "match":
		s["type"], s["minItems"], s["uniqueItems"], s["items"] = "array", 1, true, map[string]any{"enum": []string{MatchIDs, MatchName, MatchDomain}}
	case "rows", "catalogue":
		names := rowsKeys
		if key == "catalogue" {
			names = catalogueKeys
		}
		s["type"], s["required"], s["additionalProperties"] = "object", []string{"table"}, map[string]any{"type": "string"}
		s["propertyNames"] = map[string]any{"enum": strings.Split(names, ", ")}
	default:
		s["type"] = "string"
	}
	return s
}

// keyMeanings are what editors show of a key.
func keyMeanings() map[string]string {
	return map[string]string{
		"field":       "Our name for it: letters and digits, the first one small.",
		"referral":    "Where it stands in a referral, as a JSON pointer; into a list /tags/0, /tags/* or /customerProfile/ids/profileType=Duns/id.",
		"from":        "microsoft: the path is one of Microsoft's own referral.",
		"crm":         "The column by its logical name: new_campaign, parentaccountid/new_segment, new_regionid/new_code; label=… looks it up by what people call it.",
		"crmWrite":    "The column that is written, where crm is one that the CRM computes.",
		"crmWhenWon":  "The column that holds it once the deal is won.",
		"lead":        "The column of a lead, by its logical name; without it the field is none of leads.",
		"watch":       "The columns that crm is computed from: a change of them raises the event.",
		"as":          "What kind of value it is; left out, it follows from the column's type.",
		"values":      "Label in any language, or integer, of CRM, and what a referral says for it.",
		"way":         "In which directions it travels once both records exist, or onCreate….",
		"wins":        "Whose value stays when both sides changed it.",
		"door":        "Which rule of Partner Center closes behind it.",
		"label":       "What people call it.",
		"firstSight":  "Whose value counts when two records meet, or the row is new.",
		"required":    "Empty never replaces a value; of a constant or formula: without a value nothing is made.",
		"allowZero":   "0 is a value.",
		"reasons":     "The status reasons that stand for each status, or for each closing reason 1 to 8, by label or integer.",
		"leadReasons": "The same of a lead: its status reasons.",
		"freeText":    "What the closer wrote is sent as reason although it is none of Partner Center's.",
		"constant":    "What every new record gets.",
		"withHelp":    "The constant of a referral when Microsoft's help is asked.",
		"default":     "What a new record gets where the referral says nothing.",
		"leadDefault": "What a new lead gets where the referral says nothing.",
		"formula":     "The same, computed: an expression in CEL over the fields and the referral.",
		"match":       "How the account of a customer is found, in this order.",
		"rows":        "The table of the solution rows, where it is one of the organisation's own.",
		"catalogue":   "The table of the solutions, where it is one of the organisation's own.",
		"remark":      "A note for the field table.",
		"off":         "Switches the row off.",
	}
}
