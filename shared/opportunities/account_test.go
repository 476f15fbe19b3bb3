package opportunities

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

const otherAccount = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0033"

func accountNamed(id, name, postal, state string) string {
	return `{"@odata.etag":"W/\"5\"","accountid":"` + id + `","name":"` + name + `","address1_postalcode":"` + postal + `","address1_country":"Germany","statecode":` + state + `}`
}

var tailspin = mapping.NewCustomer("Tailspin Toys GmbH", "DE", "20095")

func TestR140_WhichAccountIsTaken(t *testing.T) {
	for name, c := range map[string]struct{ rows, want string }{
		"the one written alike":       {accountNamed(otherAccount, "tailspin toys", "20095", "0") + "," + accountNamed(account, "Tailspin Toys GmbH", "20095", "0"), account},
		"alike, and with its code":    {accountNamed(otherAccount, "Tailspin Toys GmbH", "", "0") + "," + accountNamed(account, "Tailspin Toys GmbH", "20095", "0"), account},
		"all differences at once":     {accountNamed(account, "  TAILSPIN-Toys, G.m.b.H.", "D-20 095", "0"), account},
		"no form and no code":         {accountNamed(account, "The Tailspin Toys", "", "0"), account},
		"not an inactive one":         {accountNamed(otherAccount, "Tailspin Toys GmbH", "20095", "1") + "," + accountNamed(account, "TAILSPIN TOYS", "20095", "0"), account},
		"not another postal code":     {accountNamed(otherAccount, "Tailspin Toys GmbH", "10115", "0"), ""},
		"not another name":            {accountNamed(otherAccount, "Tailspin Two", "20095", "0"), ""},
		"not another form":            {accountNamed(otherAccount, "Tailspin Toys AG", "20095", "0"), ""},
		"not one in another country":  {strings.Replace(accountNamed(otherAccount, "Tailspin Toys GmbH", "", "0"), "Germany", "Austria", 1), ""},
		"the one that is not renamed": {accountNamed(otherAccount, "Somebody else", "20095", "0"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, crm, _ := testCRM(t, nil)
			crm.lists[accountSet] = c.rows
			got, free, err := s.findAccount(context.Background(), tailspin, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			id := ""
			if got != nil {
				id = got.ID(accountID)
			}
			if id != c.want || (free == "") != (got != nil) {
				t.Errorf("took %q, free is %q", id, free)
			}
		})
	}
}

func TestR17_TwoCandidatesAreNoGuess(t *testing.T) {
	for what, rows := range map[string]string{
		"two equal accounts": accountNamed(otherAccount, "Tailspin Toys GmbH", "20095", "0") + "," + accountNamed(account, "Tailspin Toys GmbH", "20095", "0"),
		"two spellings":      accountNamed(otherAccount, "TAILSPIN TOYS", "20095", "0") + "," + accountNamed(account, "tailspin toys gmbh", "", "0"),
	} {
		s, crm, _ := testCRM(t, nil)
		crm.lists[accountSet], crm.lists[userSet] = rows, kimRow
		r, values := newDeal(t)
		_, err := s.Create(context.Background(), s.ID(r.ID), r, values)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Refused || f.Class != fault.Rule || f.Code != AccountUnclear || f.Field != string(cosell.CustomerName) || len(crm.parts) != 0 {
			t.Fatalf("%s: %v", what, err)
		}
		if !strings.Contains(f.Say, otherAccount) || !strings.Contains(f.Say, account) || !strings.Contains(strings.ToLower(f.Say), `"tailspin toys`) {
			t.Errorf("%s: told %q", what, f.Say)
		}
		if strings.Contains(strings.ToLower(err.Error()), "tailspin") {
			t.Errorf("%s: the log reads %q", what, err)
		}
		values[cosell.State] = AccountUnclear
		if _, err := s.Create(context.Background(), s.ID(r.ID), r, values); err != nil {
			t.Fatal(err)
		}
		if body := find(t, crm, "opportunities("); body["parentaccountid@odata.bind"] != nil || strings.Contains(crm.lines(), "accounts(") {
			t.Errorf("%s: made with an account:\n%s", what, crm.lines())
		}
	}
}

// An account that we made is the customer's only as long as it says so.
func TestR140_AnAccountIsNotTakenByItsIDAlone(t *testing.T) {
	for what, row := range map[string]func(id string) string{
		"renamed":     func(id string) string { return accountNamed(id, "Another Company", "20095", "0") },
		"deactivated": func(id string) string { return accountNamed(id, "Tailspin Toys GmbH", "20095", "1") },
	} {
		s, crm, _ := testCRM(t, nil)
		ids := s.accountIDs(tailspin)
		crm.lists[accountSet], crm.lists[userSet] = row(ids[0]), kimRow
		crm.rows[accountSet+"("+ids[0]+")"] = `{"@odata.etag":"W/\"5\"","accountid":"` + ids[0] + `","_masterid_value":null}`
		r, values := newDeal(t)
		if _, err := s.Create(context.Background(), s.ID(r.ID), r, values); err != nil {
			t.Fatal(err)
		}
		if got := find(t, crm, "opportunities(")["parentaccountid@odata.bind"]; got != "/accounts("+ids[1]+")" {
			t.Errorf("%s: the deal hangs on %v", what, got)
		}
	}
}

func TestR140_AMergedAccountIsFollowedToItsMaster(t *testing.T) {
	for what, name := range map[string]string{"found by name": "Tailspin Toys GmbH", "found by its id": "Renamed before"} {
		s, c, _ := testCRM(t, nil)
		id := s.accountIDs(tailspin)[0]
		c.lists[accountSet] = accountNamed(id, name, "20095", "1")
		c.rows[accountSet+"("+id+")"] = `{"@odata.etag":"W/\"5\"","accountid":"` + id + `","_masterid_value":"` + otherAccount + `"}`
		c.rows[accountSet+"("+otherAccount+")"] = `{"@odata.etag":"W/\"6\"","accountid":"` + otherAccount + `","name":"Renamed","statecode":0}`
		got, _, err := s.findAccount(context.Background(), tailspin, nil, nil)
		if err != nil || got == nil || got.ID(accountID) != otherAccount {
			t.Errorf("%s: %v %v", what, got, err)
		}
	}
}

// An account may be merged into one that is merged later itself, and has another name by then.
func TestAnAccountThatWasMergedTwiceIsFollowedToTheLast(t *testing.T) {
	const between = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0055"
	for what, c := range map[string]struct{ last, want string }{
		"into one in use":      {`"name":"Third","statecode":0`, otherAccount},
		"into a closed one":    {`"name":"Third","statecode":1,"_masterid_value":null`, ""},
		"into the one between": {`"name":"Third","statecode":1,"_masterid_value":"` + between + `"`, ""},
	} {
		s, crm, w := testCRM(t, nil)
		id := s.accountIDs(tailspin)[0]
		crm.lists[accountSet] = accountNamed(id, "Tailspin Toys GmbH", "20095", "1")
		row := func(id, columns string) {
			crm.rows[accountSet+"("+id+")"] = `{"@odata.etag":"W/\"5\"","accountid":"` + id + `",` + columns + `}`
		}
		row(id, `"_masterid_value":"`+between+`"`)
		row(between, `"name":"Second","statecode":1,"_masterid_value":"`+otherAccount+`"`)
		row(otherAccount, c.last)
		got, free, err := s.findAccount(context.Background(), tailspin, nil, nil)
		if err != nil || (got != nil) != (c.want != "") || got != nil && got.ID(accountID) != c.want || (free == "") != (got != nil) {
			t.Errorf("%s: %v, free is %q, %v", what, got, free, err)
		}
		if n := len(w.Calls); n > 8 {
			t.Errorf("%s: %d requests", what, n)
		}
	}
}

func TestHostileCustomerNamesAreMatchedLiterally(t *testing.T) {
	for _, name := range []string{"O'Neill", "''", "') or (1 eq 1", "%27;&$top=1#?/", "a\r\nb"} {
		s, _, w := testCRM(t, nil)
		if _, _, err := s.findAccount(context.Background(), mapping.NewCustomer(name, "", "1"), nil, nil); err != nil {
			t.Fatal(err)
		}
		q, err := url.ParseQuery(w.Last().Query)
		clean := strings.ReplaceAll(strings.ReplaceAll(name, "\r\n", "\n"), "'", "''")
		if err != nil || !strings.HasPrefix(q.Get("$filter"), "(name eq '"+clean+"' or accountid eq ") || q.Has("$top") {
			t.Errorf("%q asks %q", name, q.Get("$filter"))
		}
		for i, part := range strings.Split(q.Get("$filter"), "'") {
			if i%2 == 0 && strings.Contains(part, "1 eq 1") {
				t.Errorf("%q broke out: %q", name, q.Get("$filter"))
			}
		}
	}
}

func TestR18_AContactIsTheSamePersonByMailAndName(t *testing.T) {
	ada := mapping.Member{Email: "ada@x", FirstName: "Ada", LastName: "E"}
	for _, c := range []struct {
		other mapping.Member
		same  bool
	}{
		{mapping.Member{Email: "ADA@X ", FirstName: "ada", LastName: "e"}, true}, {mapping.Member{Email: "ada@x"}, true},
		{mapping.Member{Email: "ada@x", FirstName: "Bob", LastName: "F"}, false}, {mapping.Member{FirstName: "Ada", LastName: "E"}, false},
	} {
		if samePerson(c.other, ada) != c.same {
			t.Errorf("%+v and %+v", c.other, ada)
		}
	}
}
