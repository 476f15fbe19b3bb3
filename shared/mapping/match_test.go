package mapping_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

const duns = "- {field: customerDuns, referral: /customerProfile/ids/profileType=Duns/id, crm: parentaccountid/new_duns, as: text, way: onCreate}\n"

// matchWorld has accounts that only their DUNS number or their domain tells apart from the customer of a referral.
func matchWorld(t *testing.T, rows string) *world {
	t.Helper()
	w := newWorld(t, duns+rows)
	w.administrator(t, `{"do":"add","table":"account","column":"new_duns","type":"String","length":20}`)
	for i, a := range []map[string]any{
		{"name": "Renamed since", "new_duns": "150483782", "address1_postalcode": "1"},
		{"name": "Fabrikam", "websiteurl": "https://www.fabrikam.example/de"},
		{"name": "Fabrikam Inc", "emailaddress1": "info@litware.example"},
		{"name": "One of two", "new_duns": "777"},
		{"name": "Two of two", "new_duns": "777"},
		{"name": "Adventure Works", "new_duns": "888"},
	} {
		if _, _, err := w.crm.Create(context.Background(), "accounts", accountOf(i), a, dataverse.Query{Select: []string{"name"}}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func accountOf(i int) string { return fmt.Sprintf("acc00000-0000-4000-8000-00000000000%d", i) }

// made is the account of a new opportunity.
func (w *world) accountFor(t *testing.T, values cosell.Record, email string) (string, error) {
	t.Helper()
	_, r, _ := w.shared(t)
	r.Record = r.Record.Clone()
	for f := range r.Record {
		if strings.HasPrefix(string(f), "contacts") {
			delete(r.Record, f)
		}
	}
	r.Record["contacts"], r.Record["contacts/"+cosell.Field(email)] = "1", `{"email":"`+email+`","firstName":"A","lastName":"B"}`
	r.Source = nil
	values = values.Clone()
	values[cosell.Name], values[cosell.Status] = "D", cosell.Open
	o, err := w.opportunities.Create(context.Background(), w.opportunities.ID("a"), r, values)
	if err != nil {
		return "", err
	}
	row, err := w.crm.Get(context.Background(), "opportunities", o.ID, dataverse.Query{Select: []string{"_parentaccountid_value"}})
	return row.Text("_parentaccountid_value"), err
}

// The sheet says in which ways and in which order the account is found; the first way that finds one decides, and
// two that it finds are nobody's guess.
func TestR17_TheAccountIsFoundInTheWaysOfTheSheet(t *testing.T) {
	for name, c := range map[string]struct {
		match, name, duns, email string
		want                     int // -1: a new account, -2: unclear
	}{
		"by DUNS although renamed":            {"[ids, name]", "Wingtip", "150483782", "a@wingtip.example", 0},
		"DUNS is not asked":                   {"[name]", "Wingtip", "150483782", "a@wingtip.example", -1},
		"DUNS decides before the name":        {"[ids, name]", "Fabrikam", "888", "a@x.example", 5},
		"the name decides before DUNS":        {"[name, ids]", "Fabrikam", "888", "a@x.example", 1},
		"an unknown DUNS: the next way":       {"[ids, name]", "Fabrikam", "999", "a@x.example", 1},
		"two accounts with one DUNS":          {"[ids, name]", "Wingtip", "777", "a@x.example", -2},
		"by the domain of the web address":    {"[name, domain]", "Wingtip", "", "a@fabrikam.example", 1},
		"by the domain of the e-mail":         {"[name, domain]", "Wingtip", "", "a@LITWARE.example", 2},
		"a domain that is part of another":    {"[name, domain]", "Wingtip", "", "a@ware.example", -1},
		"a domain that anybody can have":      {"[name, domain]", "Wingtip", "", "a@gmail.com", -1},
		"neither: a new one under its own id": {"[domain]", "Fabrikam", "", "a@nowhere.example", -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := matchWorld(t, "- {field: customerName, match: "+c.match+"}\n")
			got, err := w.accountFor(t, cosell.Record{cosell.CustomerName: c.name, "customerDuns": c.duns, cosell.CustomerCountry: "DE"}, c.email)
			if c.want == -2 {
				if fault.Of(err).Code != opportunities.AccountUnclear || !strings.Contains(fault.Of(err).Say, "One of two") {
					t.Errorf("two candidates: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			found := -1
			for i := range 6 {
				if got == accountOf(i) {
					found = i
				}
			}
			if found != c.want {
				t.Errorf("account %s, %d instead of %d", got, found, c.want)
			}
			if c.want == -1 {
				row, err := w.crm.Get(context.Background(), "accounts", got, dataverse.Query{Select: []string{"name", "new_duns"}})
				if err != nil || row.Text("name") != c.name || row.Text("new_duns") != c.duns {
					t.Errorf("the new account: %v %q %q", err, row.Text("name"), row.Text("new_duns"))
				}
			}
		})
	}
}
