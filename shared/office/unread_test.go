package office

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// spoilt is a ledger in which the row of one pair is damaged.
type spoilt struct {
	*ledger.Ledger
	id string
}

func (s spoilt) Find(ctx context.Context, id string) (cosell.Pair, bool, error) {
	if id == s.id {
		return cosell.Pair{}, false, fault.New(fault.Invalid, "the base in row o|%s is damaged", id)
	}
	return s.Ledger.Find(ctx, id)
}

func (s spoilt) Pairs(ctx context.Context, each func(cosell.Pair) bool) error {
	return s.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.OpportunityID == s.id {
			p.Phase, p.Base, p.Unread = "", cosell.Base{}, true
		}
		return each(p)
	})
}

// A pair whose row is damaged says so in its own row of a preview, and no search for another one fails.
func TestAPairThatCannotBeReadEndsNoList(t *testing.T) {
	r, _ := withSheets(t, nil)
	r.Ledger = spoilt{r.ledger, other}
	all, next, total, err := r.PreviewAll(t.Context(), "", 10)
	if err != nil || next != "" || total != 2 || len(all) != 2 || all[0].Failed != "" || all[1].OpportunityID != other || !strings.Contains(all[1].Failed, "is damaged") {
		t.Errorf("%v, %d of %d, then %q: %+v", err, len(all), total, next, all)
	}
	if found, _, err := r.Status(t.Context(), "contoso"); err != nil || len(found) != 1 {
		t.Errorf("%v %+v", err, found)
	}
	if _, _, err := r.Status(t.Context(), "fabrikam"); !fault.Is(err, fault.Gone) || !strings.Contains(err.Error(), "1 cannot: drift says why") {
		t.Errorf("a name that may be its own: %v", err)
	}
}

// A sheet can be pushed all the same, with a yes: it is the way out of the brake.
func TestAPushCountsAPairWhoseRowCannotBeRead(t *testing.T) {
	r, s := withSheets(t, nil)
	r.Ledger = spoilt{r.ledger, other}
	text := SheetText{File: "mapping.yaml", Text: "- {field: notes, wins: crm}"}
	m, err := r.MappingPush(t.Context(), Act{By: "ann"}, text)
	if err != nil || m.Pushed || s.taken > 0 || m.Counts.Pairs != 2 || m.Counts.Unread != 1 || m.Why != "not all pairs could be read" {
		t.Fatalf("%v %+v %+v", err, m, m.Counts)
	}
	text.Yes = true
	if m, err := r.MappingPush(t.Context(), Act{By: "ann"}, text); err != nil || !m.Pushed {
		t.Errorf("%v %+v", err, m)
	}
}
