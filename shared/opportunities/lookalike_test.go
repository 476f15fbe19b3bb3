package opportunities

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// An account may have more unlinked deals than come with it, as a distributor has: the newest, which is most likely the one, is found too.
func TestR106_TheNewestOfManyDealsIsFound(t *testing.T) {
	deals := func(count int, alike bool) string {
		var rows []string
		for n := range count {
			value := 1
			if alike && n == count-1 {
				value = 85000
			}
			rows = append(rows, fmt.Sprintf(`{"opportunityid":"%08x-0000-4000-8000-000000000000","statecode":0,"estimatedvalue":%d,"estimatedclosedate":"2026-09-30",
				"_transactioncurrencyid_value":"0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0002"}`, n+1, value))
		}
		return strings.Join(rows, ",")
	}
	for name, c := range map[string]struct {
		shown, all string
		target     string
		lists      bool
	}{
		"few":                       {deals(49, true), "", "00000031-0000-4000-8000-000000000000", false},
		"more than come with it":    {deals(50, false), deals(173, true), "000000ad-0000-4000-8000-000000000000", true},
		"many, and none is like it": {deals(50, false), deals(173, false), "", true},
	} {
		for _, nav := range []string{dealsOfAccount, dealsOfCustomer} {
			s, crm, w := testCRM(t, nil)
			crm.lists[accountSet], crm.lists[userSet], crm.lists[opportunitySet] = accountRow(`,"`+nav+`":[`+c.shown+`]`), kimRow, c.all
			r, values := newDeal(t)
			for _, f := range []cosell.Field{cosell.DealValue, cosell.Currency, cosell.ClosingDate} {
				r.Record[f] = values[f]
			}
			r.Record[cosell.Status] = cosell.Accepted
			_, err := s.Create(context.Background(), s.ID(r.ID), r, values)
			target := ""
			if e := fault.Of(err); e != nil && e.Code == cosell.CodeUnconfirmed {
				target, err = e.Target, nil
			}
			if err != nil || target != c.target {
				t.Errorf("%s, by %s: found %q, %v", name, nav, target, err)
			}
			if listed := strings.Contains(w.List(), "GET "+api+opportunitySet+"\n"); listed != c.lists {
				t.Errorf("%s, by %s: asked for them: %t", name, nav, listed)
			}
		}
	}
}
