package opportunities

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/go-cmp/cmp"
)

// A row of ours that a person has moved to another deal, or off its own, keeps its id: the solution that comes back is made under the next one.
// Refused as a conflict for ever, nobody would be told, and nothing else of that write would arrive.
func TestASolutionComesBackThoughItsRowWasMovedToAnotherDeal(t *testing.T) {
	for name, tt := range map[string]struct {
		stands string // the row under the first id, but for its own columns
		next   bool
	}{
		"ToAnother": {`"_cosell_opportunityid_value":"` + ownID + `"`, true},
		"Off":       {`"_cosell_opportunityid_value":null`, true},
		"Here":      {`"_cosell_opportunityid_value":"` + strings.ToUpper(crmID) + `"`, false},
		"Gone":      {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := testCRM(t, map[string]any{"cosell_opportunity_solution": []any{}})
			first, second := s.deterministic("solution", crmID, "SOL-1"), s.deterministic("solution", crmID, "SOL-1", "2")
			if tt.stands != "" {
				c.rows["cosell_solutions("+first+")"] = `{"@odata.etag":"W/\"1\"","cosell_solutionid":"` + first + `",` + tt.stands + `}`
			}
			c.fail["part PATCH cosell_solutions("+first+")"] = reply{412, "0x80040237"}
			o := read(t, s)
			_, err := s.Put(context.Background(), o, cosell.Record{cosell.Solutions.Of("SOL-1"): mapping.Solution{Name: "One"}.Text()})
			want := "PATCH cosell_solutions(" + first + ")"
			if tt.next {
				want += "\nPATCH cosell_solutions(" + second + ")"
			}
			if d := cmp.Diff(want, c.lines()); d != "" {
				t.Error(d)
			}
			if tt.next != unlisted(err) || !tt.next && !fault.Is(err, fault.Conflict) { // the fake lists what it did before
				t.Errorf("%v", err)
			}
		})
	}
}

// Rows of a table without identifiers name the catalogue's row. Another process may have made that since this one has read the catalogue,
// and people correct an identifier that a deal has brought: neither is a conflict that lasts.
func TestASolutionThatIsMadeInTheCatalogueMeetsWhatStandsThere(t *testing.T) {
	for name, tt := range map[string]struct {
		stands string // the identifier of the row under the first id
		early  bool   // it stood there when the catalogue was read
		want   []string
	}{
		"MadeMeanwhile":      {"SOL-9", false, []string{"PATCH new_items(first)", "PATCH new_rows(row) first"}},
		"CorrectedMeanwhile": {"SOL-8", false, []string{"PATCH new_items(first)", "PATCH new_items(second)", "PATCH new_rows(row) second"}},
		"CorrectedBefore":    {"SOL-8", true, []string{"PATCH new_items(second)", "PATCH new_rows(row) second"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := testCRM(t, map[string]any{"new_opportunity_rows": []any{}, "cosell_opportunity_solution": httpclienttest.Absent})
			sheet, err := mapping.LoadFor(mapping.Described{
				"new_row": {Set: "new_rows", ID: "new_rowid", Lookups: map[string]mapping.Lookup{
					"new_dealid opportunity": {Property: "new_DealId", Collection: "new_opportunity_rows"}, "new_itemid new_item": {Property: "new_ItemId"}}},
				"new_item": {Set: "new_items", ID: "new_itemid"},
			}, mapping.Source{Name: "own.yaml", Text: []byte(`
- field: solutions
  rows: {table: new_row, opportunity: new_dealid, solution: new_itemid}
  catalogue: {table: new_item, identifier: new_number, name: new_name}
`)})
			if err != nil {
				t.Fatal(err)
			}
			s.whole = sheet
			s.live.Store(&live{sheet: sheet, query: query(s.table, sheet)})
			first, second := s.deterministic("catalogue", "sol-9"), s.deterministic("catalogue", "sol-9", "2")
			entry := `{"@odata.etag":"W/\"1\"","new_itemid":"` + first + `","new_number":"` + tt.stands + `","new_name":"x"}`
			if tt.early {
				c.lists["new_items"] = entry
			}
			if _, err := s.catalogue.get(context.Background()); err != nil {
				t.Fatal(err)
			}
			c.lists["new_items"] = entry
			c.fail["part PATCH new_items("+first+")"] = reply{412, "0x80040237"}
			_, err = s.Put(context.Background(), read(t, s), cosell.Record{cosell.Solutions.Of("SOL-9"): mapping.Solution{Name: "Nine"}.Text()})
			if !unlisted(err) { // the fake lists what it did before
				t.Errorf("%v", err)
			}
			var got []string
			short := strings.NewReplacer(first, "first", second, "second", s.deterministic("solution", crmID, "SOL-9"), "row")
			for i, p := range c.parts {
				line := short.Replace(p.line)
				if strings.HasPrefix(line, "PATCH new_rows") {
					if i == 1 && !tt.early {
						continue // of the change set that was refused
					}
					_, bound, _ := strings.Cut(short.Replace(p.body), "/new_items(")
					line += " " + strings.Split(bound, ")")[0]
				}
				got = append(got, line)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
