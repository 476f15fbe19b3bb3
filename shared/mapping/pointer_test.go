package mapping

import (
	"encoding/json"
	"strings"
	"testing"
)

func pointer(t *testing.T, text string) Pointer {
	t.Helper()
	p, bad, ok := parsePointer(text)
	if !ok {
		t.Fatalf("%s: %q is no segment", text, bad)
	}
	return p
}

func rawList(t *testing.T, text string) (out []json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// What is written into a list changes the member that the path means, and no byte of the others.
func TestAListKeepsTheMembersThatNobodyTouched(t *testing.T) {
	const ids = `[{"profileType":"External","id":"E1","x":1.50},{"profileType":"duns","id":"D1","more":[1]}]`
	for _, c := range []struct {
		path, list string
		value      any
		want       string
	}{
		{"/customerProfile/ids/profileType=Duns/id", ids, "D2", `[{"profileType":"External","id":"E1","x":1.50},{"id":"D2","more":[1],"profileType":"duns"}]`},
		{"/customerProfile/ids/profileType=Duns/id", `[]`, "D2", `[{"id":"D2","profileType":"Duns"}]`},
		{"/customerProfile/ids/profileType=Duns/id", ids, nil, `[{"profileType":"External","id":"E1","x":1.50}]`},
		{"/customerProfile/ids/profileType=Duns/id", `[]`, nil, `[]`},
		{"/tags/0", `["a","b"]`, "c", `["c","b"]`},
		{"/tags/2", `["a","b"]`, "c", `["a","b","c"]`},
		{"/tags/0", `["a"]`, nil, `[null]`},
		{"/tags/4", `["a"]`, "c", "the list /tags has 1 members only"},
		{"/tags/0/name", `["a"]`, "c", "in the list /tags: the member is no object"},
		{"/tags/0/0", `[["a"]]`, "c", "in the list /tags: a list in a list cannot be written"},
		{"/details/requirements/industries/*/id", `[{"id":"Education","n":1.0},{"id":"Government"}]`, []any{"education", "Healthcare"}, `[{"id":"Education","n":1.0},{"id":"Healthcare"}]`},
		{"/tags/*", `["a","b"]`, []any{}, `[]`},
		{"/details/requirements/offers/1/price/value", `[{"a":1}]`, json.Number("2.50"), `[{"a":1},{"price":{"value":2.50}}]`},
	} {
		got, err := pointer(t, c.path).After(rawList(t, c.list), c.value)
		text := Compact(got)
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%v at %s of %s\n got %s\nwant %s", c.value, c.path, c.list, text, c.want)
		}
	}
}

func TestAPathIntoAListReadsItsMember(t *testing.T) {
	doc := map[string]any{}
	d := json.NewDecoder(strings.NewReader(`{"/ids":[{"profileType":"External","id":"E"},{"profileType":"DUNS","id":"D"},7,null],"/tags":["a","b"],"/one":{"id":"O"},"/none":null,"/text":"t"}`))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/ids/profileType=Duns/id": `"D"`, "/ids/profileType=Other/id": "null", "/ids/0/id": `"E"`, "/ids/9/id": "null", "/ids/2/id": "null",
		"/tags/1": `"b"`, "/tags/*": `["a","b"]`, "/ids/*/id": `["E","D"]`, "/one/*/id": `["O"]`, "/one/0/id": "null", "/none/0": "null", "/none/*": "null", "/text/0": "null",
	} {
		if got := Compact(pointer(t, path).Value(func(p string) any { return doc[p] })); got != want {
			t.Errorf("%s is %s, not %s", path, got, want)
		}
	}
}

// Several options cross as a list of their own texts, or as one text with commas where the path means one value.
func TestSeveralOptionsAreASet(t *testing.T) {
	found := []Label{{Value: 3, Labels: map[int]string{1033: "Three", 1036: "Trois"}}, {Value: 1, Labels: map[int]string{1033: "One"}}, {Value: 2, Labels: map[int]string{1033: "Two"}}}
	plain := Row{Field: "x", CRM: "new_x", As: AsChoices, Referral: "/details/requirements/industries/*/id"}
	tabled := Row{Field: "x", CRM: "new_x", As: AsChoices, Referral: "/campaignId", Values: []Value{{"trois", "III"}, {"1", "I"}}}
	g := &Glossary{Choices: map[string]Choices{plain.OptionsKey(): ResolveChoices(nil, false, found), tabled.OptionsKey(): ResolveValues(tabled.Values, found)}}
	for _, c := range []struct {
		row                 Row
		crm, text, referral string
		back                string
	}{
		{plain, "3,1", `["One","Three"]`, `["One","Three"]`, "1,3"},
		{plain, "", "", `[]`, ""},
		{tabled, "3, 1", `["I","III"]`, `"I, III"`, "1,3"},
		{tabled, "", "", `null`, ""},
	} {
		text, err := c.row.FromCRM(g, c.row.CRM, c.crm)
		if err != nil || text != c.text {
			t.Errorf("%q in CRM is %q, %v", c.crm, text, err)
		}
		v, err := c.row.ToReferral(g, text)
		if err != nil || Compact(v) != c.referral {
			t.Errorf("%q in a referral is %s, %v", text, Compact(v), err)
		}
		if again, err := c.row.FromReferral(g, v); err != nil || again != text {
			t.Errorf("%s of a referral is %q, %v", c.referral, again, err)
		}
		back, err := c.row.ToCRM(g, c.row.CRM, text)
		if err != nil || TextOf(back) != c.back {
			t.Errorf("%q goes back as %v, %v", text, back, err)
		}
	}
	if _, err := tabled.FromCRM(g, "new_x", "2"); err == nil {
		t.Error("an option that the table does not list is read all the same")
	}
	if _, err := tabled.ToCRM(g, "new_x", `["I","IV"]`); err == nil {
		t.Error("a text that the table does not list is written all the same")
	}
	if text, err := plain.FromReferral(g, []any{map[string]any{"id": "Two"}, "One", "", nil}); err != nil || text != `["One","Two"]` {
		t.Errorf("a list of odd shape is %q, %v", text, err)
	}
}

func TestACodecFollowsFromTheColumnsType(t *testing.T) {
	for want, types := range map[string][]ColumnType{
		"text": {{Type: "String"}}, "memo": {{Type: "Memo"}}, AsWhole: {{Type: "Integer"}, {Type: "BigInt"}}, AsNumber: {{Type: "Decimal"}, {Type: "Double"}},
		"money": {{Type: "Money"}}, AsFlag: {{Type: "Boolean"}}, AsChoice: {{Type: "Picklist"}}, AsChoices: {{Type: "MultiSelectPicklist"}},
		AsLookup: {{Type: "Lookup"}, {Type: "Customer"}, {Type: "Owner"}}, "id": {{Type: "Uniqueidentifier"}},
		AsDate: {{Type: "DateTime", Days: DateOnly}, {Type: "DateTime", Days: UserLocal, Day: true}, {Type: "DateTime", Days: ZoneIndependent, Day: true}},
		"time": {{Type: "DateTime", Days: UserLocal}, {Type: "DateTime", Days: ZoneIndependent}}, "": {{Type: "Image"}, {Type: "Virtual"}, {Type: "State"}},
	} {
		for _, c := range types {
			if got := CodecOf(c); got != want {
				t.Errorf("%+v has the codec %q, not %q", c, got, want)
			}
			if want != "" && scalars[want].toCRM == nil {
				t.Errorf("there is no codec %s", want)
			}
		}
	}
}
