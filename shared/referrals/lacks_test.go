package referrals

import (
	"context"
	"net/http"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/go-cmp/cmp"
)

// A table of the organisation's own may have no column for price, quantity or currency. What people fill in in the portal is neither read as
// a difference then, nor cleared when the row changes otherwise: what CRM cannot say it has not emptied.
func TestWhatTheSolutionRowsHaveNoColumnForStaysInPartnerCenter(t *testing.T) {
	for name, c := range map[string]struct {
		spare, text, want string
	}{
		"NoneOfThem":    {"", `{"name":"Forecast"}`, `"price":10.5,"quantity":2,"currency":"EUR"`},
		"QuantityAlone": {", quantity: new_count", `{"name":"Forecast","quantity":"2"}`, `"price":10.5,"quantity":null,"currency":"EUR"`},
		"PriceAndTheRest": {", price: new_price, quantity: new_count, currency: new_code", `{"currency":"EUR","name":"Forecast","price":"10.5","quantity":"2"}`,
			`"price":null,"quantity":null,"currency":null`},
		"CurrencyByLookup": {", currency: new_currencyid", `{"name":"Forecast"}`, `"price":10.5,"quantity":2,"currency":"EUR"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := testStore(t, func(rw http.ResponseWriter, _ *http.Request) { answer(rw, 200, ownReferral(t)) })
			sheet, err := mapping.LoadFor(described(), mapping.Source{Name: "own.yaml", Text: []byte(`
- field: solutions
  rows: {table: new_row, opportunity: new_dealid, solution: new_itemid` + c.spare + `}
  catalogue: {table: new_item, identifier: new_number, name: new_name}
`)})
			if err != nil {
				t.Fatal(err)
			}
			s.sheet = sheet
			r := s.referral(parsed(t, httpclienttest.Patched(t, ownReferral(t), map[string]any{"details/requirements/solutions": []any{
				map[string]any{"id": "SOL-1", "name": "Forecast", "price": 10.5, "quantity": 2, "currency": "EUR"}}})))
			if d := cmp.Diff(c.text, r.Record[cosell.Solutions.Of("SOL-1")]); d != "" {
				t.Error(d)
			}
			if _, err := s.Put(context.Background(), r, cosell.Record{cosell.Solutions.Of("SOL-1"): mapping.Solution{Name: "Forecasting"}.Text()}); err != nil {
				t.Fatal(err)
			}
			httpclienttest.SameJSON(t, `[{"op":"replace","path":"/details/requirements/solutions","value":[{"id":"SOL-1","name":"Forecasting",`+c.want+`}]}]`, w.Last().Body)
		})
	}
}

// described is a CRM with tables of the organisation's own.
func described() mapping.Described {
	return mapping.Described{
		"new_row": {Set: "new_rows", ID: "new_rowid", Lookups: map[string]mapping.Lookup{
			"new_dealid opportunity":             {Property: "new_DealId", Collection: "new_opportunity_rows"},
			"new_itemid new_item":                {Property: "new_ItemId"},
			"new_currencyid transactioncurrency": {Property: "new_CurrencyId"},
		}},
		"new_item": {Set: "new_items", ID: "new_itemid"},
	}
}
