package mapping

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const schemaFile = "../../docs/mapping.schema.json"

// The schema for editors is generated; `make generate` writes it.
func TestTheJSONSchemaAgreesWithTheSheet(t *testing.T) {
	committed, err := os.ReadFile(schemaFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, JSONSchema()) {
		if !*update {
			t.Fatal("docs/mapping.schema.json is stale: run `make generate`")
		}
		if err := os.WriteFile(schemaFile, JSONSchema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for key := range strings.SplitSeq(rowKeys, ", ") {
		if keyMeanings()[key] == "" {
			t.Errorf("nobody says what the key %s means", key)
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sheet.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sheet.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is a YAML text as an editor's checker sees it.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(texts(v))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// texts makes texts of the keys of maps, which YAML may have as numbers.
func texts(v any) any {
	switch v := v.(type) {
	case map[any]any:
		out := map[string]any{}
		for k, e := range v {
			switch k := k.(type) {
			case int:
				out[strconv.Itoa(k)] = texts(e)
			case bool:
				out[strconv.FormatBool(k)] = texts(e)
			case string:
				out[k] = texts(e)
			}
		}
		return out
	case map[string]any:
		for k, e := range v {
			v[k] = texts(e)
		}
	case []any:
		for i, e := range v {
			v[i] = texts(e)
		}
	}
	return v
}

func TestTheJSONSchemaTakesEveryGoodSheet(t *testing.T) {
	s := compiled(t)
	sheets := map[string]string{"nothing": "", "no rows": "[]"}
	for _, file := range []string{"fields.yaml", "../../infra/dataverse/msft.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sheets[file] = string(text)
	}
	page, err := os.ReadFile("../../docs/customise.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		sheets[m[1]] = m[1]
	}
	for name, text := range sheets {
		if err := s.Validate(asJSON(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the schema refuses, loading refuses too, and an editor has shown it before.
func TestTheJSONSchemaRefusesWhatLoadingRefuses(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{
		"field: notes", "- notes", "- {crm: description}", "- {field: Notes}", "- {field: notes, colour: red}", "- {field: notes, wins: always}", "- {field: notes, way: back}",
		"- {field: help, as: enum}", "- {field: notes, off: perhaps}", "- {field: notes, reasons: {open: [x]}}", "- {field: status, reasons: {maybe: [x]}}",
		"- {field: notes, match: [name]}", "- {field: customerName, match: [luck]}", "- {field: customerName, match: []}", "- {field: own, referral: campaignId, crm: new_own}",
		"- {field: own, crm: \"Own Column\", constant: 1}", "- {field: own, crm: new_own, constant: null}", "- {field: own, crm: new_own, constant: 1, formula: \"1\"}",
		"- {field: own, referral: /campaignId, crm: new_own, values: {}}", "- {field: own, referral: /campaignId, crm: new_own, values: {a: [1]}}", "- {field: notes, rows: {table: x}}",
	} {
		if s.Validate(asJSON(t, text)) == nil {
			t.Errorf("the schema takes %s", text)
		}
		if _, err := Load(Source{Name: "m", Text: []byte(text)}); err == nil {
			t.Errorf("loading takes %s", text)
		}
	}
}
