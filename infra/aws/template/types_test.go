package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// typesOfResources holds each resource against what the vendor says of its type.
func typesOfResources(t *testing.T, tpl *Template) (wrong []string) {
	t.Helper()
	file, err := os.Open("types.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	types, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	if err := compiler.AddResource("types.json", types); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(tpl.Resources)) {
		r := tpl.Resources[name]
		schema, err := compiler.Compile("types.json#/definitions/" + r.Type)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: no type %s is known", name, r.Type))
			continue
		}
		if r.Type == "AWS::Serverless::Function" && r.Properties["Handler"] == nil {
			r.Properties = withGlobals(tpl, r)
		}
		text, err := json.Marshal(plainly(map[string]any{"Type": r.Type, "Properties": r.Properties}))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return wrong
}

// plainly puts a plausible text in the place of each intrinsic function.
func plainly(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return "text"
				}
			}
		}
		out := map[string]any{}
		for name, inner := range v {
			out[name] = plainly(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = plainly(inner)
		}
		return out
	}
	return v
}

func withGlobals(tpl *Template, r Resource) map[string]any {
	out := maps.Clone(tpl.Globals["Function"].(map[string]any))
	maps.Copy(out, r.Properties)
	return out
}

var inSub = regexp.MustCompile(`\$\{([A-Za-z0-9:.]+)\}`)

// references: what is named is there, and each parameter is used.
func references(_ *testing.T, tpl *Template) (wrong []string) {
	used := map[string]bool{}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				switch name {
				case "Ref":
					used[inner.(string)] = true
				case "Fn::GetAtt":
					used[inner.([]any)[0].(string)] = true
				case "Fn::Sub":
					for _, m := range inSub.FindAllStringSubmatch(inner.(string), -1) {
						used[strings.Split(m[1], ".")[0]] = true
					}
				}
				look(inner)
			}
		case []any:
			for _, inner := range v {
				look(inner)
			}
		}
	}
	look(tpl.Globals)
	look(tpl.Outputs)
	known := map[string]bool{}
	for name, r := range tpl.Resources {
		look(r.Properties)
		known[name] = true
		if r.Properties["FunctionUrlConfig"] != nil {
			known[name+"Url"] = true // SAM makes it
		}
	}
	for name := range tpl.Parameters {
		if known[name] = true; !used[name] {
			wrong = append(wrong, "the parameter "+name+" is not used")
		}
	}
	for name := range used {
		if !known[name] && !strings.HasPrefix(name, "AWS::") {
			wrong = append(wrong, "there is no "+name)
		}
	}
	return wrong
}
