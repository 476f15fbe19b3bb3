package opportunities

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
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
