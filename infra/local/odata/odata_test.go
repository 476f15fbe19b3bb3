package odata_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/odata"
)

type row = map[string]any

// schema knows a few names of every kind; people is a collection, name compares without case.
func schema() odata.Schema {
	get := func(name string) func(any) any { return func(r any) any { return r.(row)[name] } }
	texts := odata.Field{
		Literal: func(l odata.Literal) (any, error) {
			if l.Kind != odata.Text {
				return nil, errors.New("not a text")
			}
			return strings.ToLower(l.Text), nil
		},
		Compare: func(have, want any) (int, bool) {
			t, ok := have.(string)
			return strings.Compare(strings.ToLower(t), want.(string)), ok
		},
	}
	numbers := odata.Field{
		Literal: func(l odata.Literal) (any, error) { return strconv.ParseFloat(l.Text, 64) },
		Compare: func(have, want any) (int, bool) { return int(have.(float64) - want.(float64)), true },
	}
	kinds := odata.Field{
		Literal: func(l odata.Literal) (any, error) { return fmt.Sprintf("%s %s %s", l.Kind, l.Type, l.Text), nil },
		Compare: func(have, want any) (int, bool) { return strings.Compare(have.(string), want.(string)), true },
	}
	s := odata.Schema{Call: odata.TextFunction(strings.ToLower)}
	s.Field = func(path string) (odata.Field, error) {
		f, ok := map[string]odata.Field{"name": texts, "_id_value": texts, "account/name": texts, "size": numbers, "kind": kinds}[path]
		f.Get = get(path)
		if !ok {
			return f, fmt.Errorf("there is no %s", path)
		}
		return f, nil
	}
	s.Collection = func(path string) (odata.Collection, error) {
		if path != "people" {
			return odata.Collection{}, fmt.Errorf("%s is no collection", path)
		}
		of := s
		of.Collection = nil
		return odata.Collection{Of: of, Items: func(r any) []any { l, _ := r.(row)["people"].([]any); return l }}, nil
	}
	return s
}

func TestFiltersKeepTheRowsTheySpeakOf(t *testing.T) {
	r := row{"name": "O'Hara", "size": 5.0, "account/name": nil, "people": []any{row{"name": "Ada"}, row{"name": "Bob"}}}
	for filter, want := range map[string]bool{
		"":                                               true,
		"  ":                                             true,
		"name eq 'o''hara'":                              true,
		"name ne 'O''Hara'":                              false,
		"size gt 4":                                      true,
		"size ge 5.0":                                    true,
		"size lt 5":                                      false,
		"size le 5e0":                                    true,
		"size gt -7":                                     true,
		"account/name eq null":                           true,
		"account/name ne null":                           false,
		"account/name gt null":                           false,
		"account/name ne 'x'":                            true,
		"account/name lt 'x'":                            false,
		"not size eq 5":                                  false,
		"not (size eq 5 and name eq 'x')":                true,
		"size eq 1 or size eq 5":                         true,
		"size eq 5 or size eq 1 and size eq 2":           true,
		"(size eq 5 or size eq 1) and size eq 2":         false,
		"contains(name,'HAR')":                           true,
		"startswith(name, 'o''')":                        true,
		"not endswith(name,'x') and size eq 5":           true,
		"contains(account/name,'x')":                     false,
		"people/any()":                                   true,
		"people/any(p:p/name eq 'ada')":                  true,
		"people/any(p:p/name eq 'zoe')":                  false,
		"people/all(p:p/name ne 'zoe')":                  true,
		"people/all(p:p/name eq 'ada')":                  false,
		"people/any(p:p/name eq 'ada' and size eq 5)":    true,
		"not people/any(p:p/name eq 'ada') or size eq 5": true,
	} {
		keep, err := odata.Compile(filter, schema())
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		} else if got := keep(r); got != want {
			t.Errorf("%s: %t, want %t", filter, got, want)
		}
	}
}

func TestLiteralsHaveKinds(t *testing.T) {
	for text, want := range map[string]string{
		"'2026-03-02'":                         "text  2026-03-02",
		"''":                                   "text  ",
		"12.5":                                 "number  12.5",
		"-3":                                   "number  -3",
		"2026-03-02":                           "date  2026-03-02",
		"2026-03-02T09:14:05.1234567Z":         "moment  2026-03-02T09:14:05.1234567Z",
		"2026-03-02T09:14+01:00":               "moment  2026-03-02T09:14+01:00",
		"7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d": "guid  7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d",
		"true":                                 "word  true",
		"Microsoft.Dynamics.CRM.Code'Pick''list'": "enum Microsoft.Dynamics.CRM.Code Pick'list",
	} {
		keep, err := odata.Compile("kind eq "+text, schema())
		if err != nil || !keep(row{"kind": want}) {
			t.Errorf("%s is not %q (%v)", text, want, err)
		}
	}
}

func TestErrorsNameTheProblemAndThePlace(t *testing.T) {
	for filter, want := range map[string]odata.Error{
		"name":                          {Problem: odata.Syntax, Pos: 4},
		"name eq":                       {Problem: odata.Syntax, Pos: 7},
		"name has 'x'":                  {Problem: odata.Syntax, Pos: 5, Found: "has"},
		"name eq 'x":                    {Problem: odata.Unterminated, Pos: 8, Found: "'x"},
		"name eq 'x''":                  {Problem: odata.Unterminated, Pos: 8, Found: "'x''"},
		"(name eq 'x'":                  {Problem: odata.Syntax, Pos: 12},
		"name eq 'x')":                  {Problem: odata.Syntax, Pos: 11, Found: ")"},
		"name eq 'x' 'y'":               {Problem: odata.Syntax, Pos: 12, Found: "'y'"},
		"name eq 'x' and":               {Problem: odata.Syntax, Pos: 15},
		"name eq 'x' or or":             {Problem: odata.Name, Pos: 15, Found: "or"},
		"size eq 5and name eq 'x'":      {Problem: odata.Syntax, Pos: 8, Found: "5and"},
		"size eq ~":                     {Problem: odata.Syntax, Pos: 8, Found: "~"},
		"'x' eq name":                   {Problem: odata.Syntax, Pos: 0, Found: "'x'"},
		"surprise eq 1":                 {Problem: odata.Name, Pos: 0, Found: "surprise"},
		"size eq 5 and surprise eq 1":   {Problem: odata.Name, Pos: 14, Found: "surprise"},
		"size eq 'x'":                   {Problem: odata.Value, Pos: 8, Found: "'x'"},
		"size eq (5)":                   {Problem: odata.Syntax, Pos: 8, Found: "("},
		"name eq 'x' and length(name)":  {Problem: odata.Function, Pos: 16, Found: "length"},
		"contains(name)":                {Problem: odata.Arguments, Pos: 0, Found: "contains"},
		"contains(name,size)":           {Problem: odata.Arguments, Pos: 0, Found: "contains"},
		"contains(surprise,'x')":        {Problem: odata.Name, Pos: 0, Found: "contains"},
		"contains(name,":                {Problem: odata.Syntax, Pos: 14},
		"contains(name 'x')":            {Problem: odata.Syntax, Pos: 14, Found: "'x'"},
		"name/any(p:p eq 'x')":          {Problem: odata.Name, Pos: 0, Found: "name/any"},
		"people/any(p p/name eq 'x')":   {Problem: odata.Syntax, Pos: 13, Found: "p/name"},
		"people/any(p:x/name eq 'x')":   {Problem: odata.Name, Pos: 13, Found: "x/name"},
		"people/any(p/q:p/name eq 'x')": {Problem: odata.Syntax, Pos: 11, Found: "p/q"},
		"people/any(p:p/people/any(q:q/name eq 'x'))": {Problem: odata.Function, Pos: 13, Found: "p/people/any"},
		strings.Repeat("(", 102) + "size eq 5":        {Problem: odata.TooDeep, Pos: 101, Found: "("},
		"size in (1,2)":                               {Problem: odata.Syntax, Pos: 5, Found: "in"},
	} {
		_, err := odata.Compile(filter, schema())
		var got *odata.Error
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got.Problem != want.Problem || got.Pos != want.Pos || got.Found != want.Found || got.Filter != filter || got.Text == "" {
			t.Errorf("%s: %s at %d %q, want %s at %d %q: %v", filter, got.Problem, got.Pos, got.Found, want.Problem, want.Pos, want.Found, err)
		}
	}
}

func TestTheSchemasOwnErrorIsKept(t *testing.T) {
	own := errors.New("mine")
	s := schema()
	s.Field = func(string) (odata.Field, error) { return odata.Field{}, own }
	for _, filter := range []string{"name eq 'x'", "contains(name,'x')"} {
		if _, err := odata.Compile(filter, s); !errors.Is(err, own) {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

func TestSystemsHaveFunctionsOfTheirOwn(t *testing.T) {
	s := schema()
	var got odata.Call
	s.Call = func(_ odata.Schema, c odata.Call) (func(any) bool, error) {
		got = c
		return func(any) bool { return true }, nil
	}
	keep, err := odata.Compile("Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['a','b']) and Today() and size eq 5", s)
	if err != nil || !keep(row{"size": 5.0}) || keep(row{"size": 6.0}) {
		t.Fatalf("%v", err)
	}
	if got.Function != "Today" || len(got.Args) != 0 {
		t.Errorf("%+v", got)
	}
	if _, err := odata.Compile("Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['a','b'])", s); err != nil {
		t.Fatal(err)
	}
	if len(got.Args) != 2 || got.Args[0].Name != "PropertyName" || got.Args[0].Literal.Text != "name" || !got.Args[1].IsList || len(got.Args[1].List) != 2 || got.Args[1].List[1].Text != "b" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"In(x=[1,)", "In(x=[1)", "In(,)", "In(x=)", "In(1"} {
		if _, err := odata.Compile(bad, s); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestWithoutCollectionsAndCallsBothAreRefused(t *testing.T) {
	s := odata.Schema{Field: schema().Field}
	for _, filter := range []string{"people/any()", "people/all(p:p/name eq 'x')", "contains(name,'x')"} {
		var got *odata.Error
		if _, err := odata.Compile(filter, s); !errors.As(err, &got) || got.Problem != odata.Function {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, filter := range []string{"name eq 'x' and not (size gt 5)", "people/any(p:p/name eq 'a')", "contains(name,'x')", "kind eq a.b'c'", "In(a=[1,'b'])"} {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		keep, err := odata.Compile(filter, schema())
		var e *odata.Error
		switch {
		case err == nil:
			keep(row{"name": "x", "size": 1.0, "kind": "", "people": []any{row{"name": "a"}}})
		case !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(filter) || e.Filter != filter || e.Error() == "":
			t.Errorf("%q: %#v", filter, err)
		}
	})
}
