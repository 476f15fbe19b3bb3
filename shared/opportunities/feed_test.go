package opportunities

import (
	"context"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A cursor of the table that the sheet named before is none of the table that it names now: nothing is asked by it.
func TestACursorOfAnotherTableOfSolutionRowsIsNotFollowed(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	set := s.tables().Rows.Set
	link := "https://" + crmHost + api + set + "?$deltatoken=1"
	for cursor, follows := range map[string]bool{link: true, "https://" + crmHost + api + set + "(x)": true, "https://" + crmHost + api + "new_rows?$deltatoken=1": false} {
		if got := s.Follows(solutionKind, cursor); got != follows {
			t.Errorf("%s: %v", cursor, got)
		}
	}
	other := "https://" + crmHost + api + "new_rows?$deltatoken=1"
	if !s.Follows(accountKind, other) {
		t.Error("the tables of other kinds are always the same")
	}
	c.lists[set] = `{"@odata.etag":"W/\"1\"","` + s.tables().Rows.ID + `":"` + ownID + `"}],"@odata.deltaLink":"` + link + `","x":[`
	var named []cosell.Hint
	next, _, err := s.Changed(context.Background(), solutionKind, other, func(page []cosell.Hint, _ string) error { named = append(named, page...); return nil })
	if err != nil || next != link || len(named) > 0 {
		t.Errorf("%v, next %q, named %v", err, next, named)
	}
}
