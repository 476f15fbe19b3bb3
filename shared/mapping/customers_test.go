package mapping_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"golang.org/x/text/unicode/norm"
)

// Whatever the spelling of an account that is there, CRM is asked so that it comes, and no second one is made.
func TestR140_TheCRMIsAskedForEverySpelling(t *testing.T) {
	for _, c := range []struct{ account, accountCode, name, code, country string }{
		{"Gracht B.V.", "1012 AB", "Gracht BV", "1012AB", "NL"}, {"Little-Ware", "", "The Little Ware", "20095", "DE"},
		{"The Little Ware GmbH", "D-20095", "LittleWare", "20 095", "DE"}, {norm.NFD.String("Éclair Söhne"), "50667", "ÉCLAIR SÖHNE AG", "", "DE"},
		{"T-Systems", "1", "T Systems Ltd", "", ""}, {"Contoso, Inc.", "98052", "CONTOSO incorporated", "98052-1234", "US"},
	} {
		w := newWorld(t)
		ctx := context.Background()
		columns := fmt.Sprintf(`{"name":%q,"address1_country":%q`, c.account, c.country)
		if c.accountCode != "" {
			columns += fmt.Sprintf(`,"address1_postalcode":%q`, c.accountCode)
		}
		w.person(t, `{"do":"create","table":"account","columns":`+columns+`}}`)
		_, own, _ := w.shared(t)
		own.Record = own.Record.Clone()
		own.Record[cosell.CustomerName], own.Record["customerPostalCode"], own.Record[cosell.CustomerCountry] = c.name, c.code, c.country
		values := cosell.Record{cosell.Name: "D", cosell.Status: cosell.Open, cosell.ReferralID: own.ID}
		for _, f := range []cosell.Field{cosell.CustomerName, "customerPostalCode", cosell.CustomerCountry} {
			values[f] = own.Record[f]
		}
		made, err := w.opportunities.Create(ctx, w.opportunities.ID(own.ID), own, values)
		if err != nil {
			t.Fatal(err)
		}
		if got := made.Record[cosell.CustomerName]; got != c.account {
			t.Errorf("%q %q hangs on %q, not on %q", c.name, c.code, got, c.account)
		}
	}
}
