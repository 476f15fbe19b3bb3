package opportunities

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
)

// What a person writes into one of our tasks stays: it is completed under the version that was read, and one that is completed or
// gone is left alone. None of them holds the deal back.
func TestATaskIsCompletedAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		state   string // of the task; "": it is gone
		refused bool
		want    string // conditions of the writes of the task
	}{
		"open":                {"0", false, `W/"7"`},
		"changed meanwhile":   {"0", true, `W/"7" W/"7"`}, // once with the rest, once alone
		"completed by hand":   {"1", false, ""},
		"deleted by a person": {"", false, ""},
	} {
		s, crm, _ := testCRM(t, nil)
		crm.row = `{"@odata.etag":"W/\"1\"","opportunityid":"` + crmID + `"}`
		path := rowPath(taskSet, s.deterministic("task", crmID, cosell.TaskAnswer))
		crm.rows, crm.fail = map[string]string{}, map[string]reply{}
		if c.state != "" {
			crm.rows[path] = `{"@odata.etag":"W/\"7\"","statecode":` + c.state + `}`
		}
		if c.refused {
			crm.fail["part PATCH "+path] = reply{412, "0x80060882"}
		}
		deal := []dataverse.Write{{Method: "PATCH", Path: rowPath(opportunitySet, crmID), IfMatch: `W/"1"`, Body: map[string]any{"name": "x"}}}
		o := cosell.Opportunity{Side: cosell.Side{ID: crmID}}
		_, err := s.withTasks(context.Background(), deal, []dataverse.Write{s.taskDone(o, cosell.TaskAnswer)}, &dataverse.Read{Set: opportunitySet, ID: crmID})
		var conditions []string
		written := 0
		for _, p := range crm.parts {
			if strings.HasPrefix(p.line, "PATCH "+taskSet) {
				conditions = append(conditions, p.ifMatch)
			} else {
				written++
			}
		}
		if got := strings.Join(conditions, " "); err != nil || got != c.want || written == 0 {
			t.Errorf("%s: %v, conditions %q, want %q, %d writes of the deal", name, err, got, c.want, written)
		}
	}
}
