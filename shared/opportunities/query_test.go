package opportunities

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

func TestTheQuerySelectsTheColumnsOfTheSheet(t *testing.T) {
	s, err := mapping.Load(mapping.Source{Name: "mapping.yaml", Text: []byte("- {field: dealValue, crm: new_dealvalue}\n")})
	if err != nil {
		t.Fatal(err)
	}
	selected := query(opportunityTable(), s).Select
	if !slices.Contains(selected, "new_dealvalue") || slices.Contains(selected, "estimatedvalue") {
		t.Errorf("the query selects %v", selected)
	}
}

func TestR47_AnotherCountryColumnIsReadAndWrittenInItsPlace(t *testing.T) {
	sheet, err := mapping.Load(mapping.Source{Name: "mapping.yaml", Text: []byte("- {field: customerCountry, crm: parentaccountid/new_iso}\n")})
	if err != nil {
		t.Fatal(err)
	}
	s, crm, w := testCRM(t, map[string]any{"parentaccountid": map[string]any{"name": "X", "new_iso": "fr", "address1_country": "Germany"}})
	crm.lists[userSet] = kimRow
	s.live.Store(&live{sheet: sheet, query: query(opportunityTable(), sheet)})
	if got := read(t, s).Record[cosell.CustomerCountry]; got != "FR" || strings.Contains(w.Last().Query, "address1_country") {
		t.Errorf("%q by %s", got, w.Last().Query)
	}
	r, values := newDeal(t)
	if _, err := s.Create(context.Background(), s.ID(r.ID), r, values); err != nil {
		t.Fatal(err)
	}
	if body := find(t, crm, "accounts("); body["new_iso"] != "DE" || body["address1_country"] != nil {
		t.Errorf("%v", body)
	}
}
