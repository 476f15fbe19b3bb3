package decisions

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// enums are the words of the heart that a decision can have: the constants of its types, those that stand for the values
// of a field, and the codes of what is said. They are read from its code. By word, where it stands.
func enums(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	constants, out := map[string]string{}, map[string]string{}
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				return true
			}
			for i, name := range spec.Names {
				literal, ok := spec.Values[i].(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					continue
				}
				value, _ := strconv.Unquote(literal.Value) // it was parsed
				constants[name.Name] = value
				kind, typed := spec.Type.(*ast.Ident)
				if typed && slices.Contains([]string{"Place", "Class", "Phase", "Wins", "Way", "Door", "Deed", "Table"}, kind.Name) || valued(name.Name) {
					out[value] = name.Name
				}
			}
			return true
		})
	}
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if key, plain := nameOf(pair); ok && plain && key == "Code" {
				switch v := pair.Value.(type) {
				case *ast.BasicLit:
					code, _ := strconv.Unquote(v.Value)
					out[code] = "a code"
				case *ast.Ident:
					if code, known := constants[v.Name]; known {
						out[code] = v.Name
					}
				}
			}
			return true
		})
	}
	return out
}

func nameOf(pair *ast.KeyValueExpr) (string, bool) {
	if pair == nil {
		return "", false
	}
	id, ok := pair.Key.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}

// valued says whether the constant is one of the values of a field: a status, a task, a mark, a state, an act.
func valued(name string) bool {
	for _, group := range []string{"Task", "Mark", "State", "Act"} {
		if rest, is := strings.CutPrefix(name, group); is && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return true
		}
	}
	return slices.Contains([]string{"Pending", "Accepted", "Won", "Lost", "Declined", "Expired", "Errored", "OnHold", "Open", "Canceled", "Other"}, name)
}

// said are all words that stand in the cases.
func said(t *testing.T) map[string]bool {
	cases, shipped := kept(t)
	out := map[string]bool{}
	add := func(text string) {
		out[text] = true
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
			out[word] = true
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, one := range v {
				walk(one)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		case string:
			add(v)
		}
	}
	for _, c := range cases {
		var in any
		var sheet struct{ Sheet Sheet }
		if err := json.Unmarshal(c.In, &in); err != nil {
			t.Fatal(err)
		}
		walk(in)
		_ = json.Unmarshal(c.In, &sheet) // where it has one
		if c.Kind == Compare {
			for _, r := range shipped.rules(sheet.Sheet) {
				add(string(r.Way))
				add(string(r.Wins))
				add(string(r.Door))
				add(string(r.FirstSight))
			}
		}
		for name, value := range c.Out {
			add(name)
			add(value)
		}
	}
	return out
}

// elsewhere are the words that no decision of these kinds has, each with what does.
var elsewhere = map[string]string{
	"people.unread":   "no deal that is kept was read without those who work on it: shared/cosell TestHelpWaitsUntilItIsKnownWhoWorksOnTheDeal",
	"link.unfinished": "of an ended pair nothing is decided: shared/flow TestLinkingIsInterrupted",
}

// Every word that the heart can say, or be asked with, stands in a decision that is kept.
func TestEveryWordOfTheHeartIsKept(t *testing.T) {
	words := enums(t, "shared/cosell")
	if len(words) < 80 {
		t.Fatalf("the words were not found: %v", words)
	}
	there := said(t)
	for _, word := range slices.Sorted(maps.Keys(words)) {
		why, apart := elsewhere[word]
		switch {
		case word == "" || there[word] != apart:
		case apart:
			t.Errorf("%q (%s) is kept, and said to be elsewhere: %s", word, words[word], why)
		default:
			t.Errorf("no decision that is kept has %q (%s): make decisions", word, words[word])
		}
	}
	for word := range elsewhere {
		if _, known := words[word]; !known {
			t.Errorf("%q is no word of the heart any more", word)
		}
	}
	for _, name := range verdicts() {
		if !there[name] {
			t.Errorf("no verdict %s is kept", name)
		}
	}
	for name := range faults() {
		if !there[name] {
			t.Errorf("no fault %s is kept", name)
		}
	}
}
