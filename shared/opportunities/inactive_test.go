package opportunities

import (
	"context"
	"slices"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/go-cmp/cmp"
)

// A row that was deactivated counts as removed, and as listed: nobody is to wait for it. It keeps its id, so the solution that comes back is
// made under the next one, and nothing of it is written.
func TestADeactivatedRowIsNotReadAndStaysAsItIs(t *testing.T) {
	s, c, _ := testCRM(t, map[string]any{"cosell_opportunity_solution": []any{}})
	first, second := s.deterministic("solution", crmID, "SOL-1"), s.deterministic("solution", crmID, "SOL-1", "2")
	row := func(id, key string, state int) map[string]any {
		return map[string]any{"@odata.etag": `W/"7"`, "cosell_solutionid": id, "cosell_identifier": key, "cosell_name": "x", "statecode": state}
	}
	c.row = opportunityRow(t, map[string]any{"cosell_opportunity_solution": []any{row(first, "SOL-1", 1), row(ownID, "SOL-2", 0)}})
	o := read(t, s)
	if d := cmp.Diff(map[string]string{"SOL-2": `{"name":"x"}`}, o.Record.Members(cosell.Solutions)); d != "" {
		t.Error(d)
	}
	if len(o.Children) != 2 || !slices.Contains(o.Rows, first) {
		t.Errorf("listed are %v", o.Rows)
	}
	for _, text := range []string{"", mapping.Solution{Name: "x", Quantity: "2"}.Text()} {
		if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Solutions.Of("SOL-1"): text}); text == "" && err != nil || text != "" && !unlisted(err) { // the fake lists what it did before
			t.Errorf("%q: %v", text, err)
		}
	}
	if d := cmp.Diff("PATCH cosell_solutions("+second+")", c.lines()); d != "" {
		t.Error(d)
	}
}

// Whether a table of the organisation's own has states, its definition says: asked for a column that it lacks, CRM answers nothing at all.
func TestATableWithoutStatesIsReadWithoutThem(t *testing.T) {
	for name, columns := range map[string]map[string][]string{
		"With": {"new_dealid": nil, "new_itemid": nil, "statecode": nil}, "Without": {"new_dealid": nil, "new_itemid": nil}, "NotKnown": nil,
	} {
		t.Run(name, func(t *testing.T) {
			sheet, err := mapping.LoadFor(mapping.Described{
				"new_row": {Set: "new_rows", ID: "new_rowid", Columns: columns, Lookups: map[string]mapping.Lookup{
					"new_dealid opportunity": {Property: "new_DealId", Collection: "new_opportunity_rows"}, "new_itemid cosell_solutiondetail": {Property: "new_ItemId"}}},
			}, mapping.Source{Name: "own.yaml", Text: []byte("- field: solutions\n  rows: {table: new_row, opportunity: new_dealid, solution: new_itemid}\n")})
			if err != nil {
				t.Fatal(err)
			}
			_, has := columns["statecode"]
			asked := query(opportunityTable(), sheet).Expand
			i := slices.IndexFunc(asked, func(e dataverse.Expand) bool { return e.Nav == "new_opportunity_rows" })
			if i < 0 || slices.Contains(asked[i].Query.Select, "statecode") != has {
				t.Errorf("asked for %v", asked)
			}
			watched := slices.ContainsFunc(sheet.Watched(), func(c mapping.Column) bool { return c.Table == "new_row" && c.Name == "statecode" })
			if watched != has {
				t.Errorf("watched: %v", watched)
			}
		})
	}
}
