package opportunities

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

const (
	kim     = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0005"
	account = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0003"
	kimRow  = `{"systemuserid":"` + kim + `","internalemailaddress":"Kim@northwind.example","applicationid":null}`
)

// newDeal is an inbound referral with two customer contacts, the second alphabetically first.
func newDeal(t *testing.T) (cosell.Referral, cosell.Record) {
	t.Helper()
	zoe := mapping.Member{Email: "zoe@tailspin.example", FirstName: "Zoe", LastName: "First", Phone: "1"}
	ada := mapping.Member{Email: "Ada@tailspin.example", FirstName: "Ada", LastName: "Second", Phone: "2"}
	r := cosell.Referral{Side: cosell.Side{ID: ownID, Record: cosell.Record{
		cosell.CustomerName: "Tailspin Toys GmbH", "customerAddress1": "Musterweg 1", "customerCity": "Hamburg", "customerState": "HH",
		cosell.CustomerPostalCode: "20095", cosell.CustomerCountry: "DE", cosell.Team: "1",
		cosell.Team.Of("kim@northwind.example"): mapping.Member{Email: "kim@northwind.example", FirstName: "Kim", LastName: "Seller"}.Text(),
		cosell.Contacts:                         "2", cosell.Contacts.Of(zoe.Key()): zoe.Text(), cosell.Contacts.Of(ada.Key()): ada.Text(),
	}, Source: document{"/customerProfile/team": []any{map[string]any{"email": zoe.Email}, map[string]any{"email": ada.Email}},
		"/team": []any{map[string]any{"email": "kim@northwind.example"}}}}}
	values := cosell.Record{cosell.Sync: cosell.True, cosell.ReferralID: r.ID, cosell.ReferralLink: "https://x", cosell.Status: cosell.OnHold,
		cosell.Audit: "line", cosell.Mark: cosell.MarkOK, cosell.Name: "Deal", cosell.DealValue: "85000", cosell.Currency: "EUR",
		cosell.ClosingDate: "2026-09-30", cosell.Notes: "n", cosell.Visibility: cosell.True, cosell.Help: "GeneralOrOther",
		"solutions/SOL-1": mapping.Solution{Name: "One"}.Text()}
	for f, v := range r.Record {
		if strings.HasPrefix(string(f), "customer") {
			values[f] = v
		}
	}
	return r, values
}

// inTheWay is a CRM that refuses a new deal in one change set because one of its rows exists, and never shows the opportunity.
func inTheWay(t *testing.T) (*Store, *crm, *httpclienttest.Wire, cosell.Referral, cosell.Record) {
	s, c, w := testCRM(t, nil)
	c.lists[userSet] = kimRow
	r, values := newDeal(t)
	c.fail["batch"] = reply{412, "0x80040237"}
	c.fail["GET opportunities("+s.ID(r.ID)+")"] = reply{404, "0x80040217"}
	return s, c, w, r, values
}

// document is what a referral was read from: values by path.
type document map[string]any

func (d document) Value(pointer string) any { return d[pointer] }

func find(t *testing.T, c *crm, line string) map[string]any {
	t.Helper()
	for _, p := range c.parts {
		if strings.Contains(p.line, line) {
			var body map[string]any
			if err := json.Unmarshal([]byte(p.body), &body); err != nil {
				t.Fatal(err)
			}
			return body
		}
	}
	t.Fatalf("no write of %s in\n%s", line, c.lines())
	return nil
}

func TestR19_ANewDealIsOneTransactionWithItsCustomer(t *testing.T) {
	s, c, w := testCRM(t, map[string]any{"cosell_help": nil, "cosell_opportunity_solution": []any{}})
	c.lists[userSet] = kimRow
	r, values := newDeal(t)
	delete(values, cosell.Help)
	id := s.ID(r.ID)
	if _, err := s.Create(context.Background(), id, r, values); err != nil {
		t.Fatal(err)
	}
	accountID := s.accountIDs(mapping.NewCustomer("Tailspin Toys GmbH", "DE", "20095"))[0]
	zoe, ada := s.deterministic("contact", accountID, "zoe@tailspin.example", "zoefirst"), s.deterministic("contact", accountID, "ada@tailspin.example", "adasecond")
	want := []string{"PATCH accounts(" + accountID + ")", "PATCH contacts(" + zoe + ")", "PATCH contacts(" + ada + ")", "PATCH opportunities(" + id + ")",
		"PATCH cosell_solutions(" + s.deterministic("solution", id, "SOL-1") + ")"}
	if d := cmp.Diff(strings.Join(want, "\n"), c.lines()); d != "" {
		t.Fatal(d)
	}
	for _, p := range c.parts {
		if p.ifNone != "*" {
			t.Errorf("%s could overwrite", p.line)
		}
	}
	bodies, err := json.Marshal([]any{find(t, c, "accounts("), find(t, c, zoe), find(t, c, "opportunities(")})
	if err != nil {
		t.Fatal(err)
	}
	owner := `"ownerid@odata.bind":"/systemusers(` + kim + `)"`
	httpclienttest.SameJSON(t, `[{"name":"Tailspin Toys GmbH","address1_line1":"Musterweg 1","address1_city":"Hamburg","address1_stateorprovince":"HH",
		"address1_postalcode":"20095","address1_country":"DE",`+owner+`},
		{"firstname":"Zoe","lastname":"First","emailaddress1":"zoe@tailspin.example","telephone1":"1","parentcustomerid_account@odata.bind":"/accounts(`+accountID+`)",`+owner+`},
		{"name":"✓ Deal","estimatedvalue":85000,"estimatedclosedate":"2026-09-30","description":"n","statuscode":2,"cosell_sync":true,"cosell_visible":true,
		"cosell_audit":"line","cosell_referralid":"`+ownID+`","cosell_referrallink":"https://x",
		"transactioncurrencyid@odata.bind":"/transactioncurrencies(0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0002)",
		"customerid_account@odata.bind":"/accounts(`+accountID+`)","parentaccountid@odata.bind":"/accounts(`+accountID+`)",
		"parentcontactid@odata.bind":"/contacts(`+zoe+`)",`+owner+`}]`, string(bodies))
	calls := 0
	for _, call := range w.Calls {
		if !strings.Contains(call.Path, "transactioncurrencies") && !strings.Contains(call.Path, "cosell_solutiondetails") && !strings.Contains(call.Path, "connectionroles") {
			calls++
		}
	}
	if calls != 3 {
		t.Errorf("%d calls beside what is cached:\n%s", calls, w.List())
	}
}

func accountRow(changes string) string {
	return `{"@odata.etag":"W/\"5\"","accountid":"` + account + `","name":"tailspin TOYS, Gmbh.","address1_postalcode":"20 095","statecode":0,"createdon":"2020-01-01T00:00:00Z",
		"_owninguser_value":"` + kim + `","_owningteam_value":null,"contact_customer_accounts":[
		{"contactid":"2a7d8f55-3333-4a5d-8c12-0a5c3d2e0004","firstname":"ada","lastname":"Second","emailaddress1":"ADA@tailspin.example","statecode":0}]` + changes + `}`
}

func TestR17_AnAccountIsReusedWhateverItsSpelling(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	c.lists[accountSet] = accountRow("")
	c.lists[userSet] = kimRow
	r, values := newDeal(t)
	if _, err := s.Create(context.Background(), s.ID(r.ID), r, values); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.lines(), "accounts(") || strings.Count(c.lines(), "contacts(") != 1 {
		t.Errorf("%s", c.lines())
	}
	if got := find(t, c, "opportunities(")["parentaccountid@odata.bind"]; got != "/accounts("+account+")" {
		t.Errorf("%v", got)
	}
}

func TestR105_OwnersInTheirOrder(t *testing.T) {
	appUser := `{"systemuserid":"` + kim + `","internalemailaddress":"kim@northwind.example","applicationid":"` + ownID + `"}`
	byTeam := func(o *Options) { o.DefaultOwner = otherAccount }
	byEmail := func(o *Options) { o.DefaultOwner = "Desk@northwind.example" }
	byID := func(o *Options) { o.DefaultOwner = microsoftID }
	desk := `{"systemuserid":"` + crmID + `","internalemailaddress":"desk@northwind.example"}`
	team := accountRow(`,"_owningteam_value":"` + ownID + `","_owninguser_value":null`)
	for name, c := range map[string]struct {
		users, accounts string
		option          func(*Options)
		want            string
	}{
		"a team member":                 {kimRow, accountRow(""), byID, "/systemusers(" + kim + ")"},
		"the account's owner":           {strings.Replace(kimRow, "Kim@", "else@", 1), accountRow(""), byID, "/systemusers(" + kim + ")"},
		"the account's team":            {"", team, byID, "/teams(" + ownID + ")"},
		"the configured one by id":      {strings.Replace(strings.Replace(kimRow, "Kim@", "desk@", 1), kim, microsoftID, 1), "", byID, "/systemusers(" + microsoftID + ")"},
		"the configured one by e-mail":  {desk, "", byEmail, "/systemusers(" + crmID + ")"},
		"the configured team":           {"", "", byTeam, "/teams(" + otherAccount + ")"},
		"never an application user":     {appUser, accountRow(""), byTeam, "/teams(" + otherAccount + ")"},
		"never a user who has left":     {"", "", byID, ""},
		"nobody, which is about us":     {"", "", func(*Options) {}, ""},
		"a configured one that is gone": {"", "", byEmail, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, crm, _ := testCRM(t, nil, c.option)
			crm.lists[userSet], crm.lists[accountSet] = c.users, c.accounts
			crm.rows["teams("+otherAccount+")"] = `{"@odata.etag":"W/\"1\"","teamid":"` + otherAccount + `"}`
			r, values := newDeal(t)
			_, err := s.Create(context.Background(), s.ID(r.ID), r, values)
			if c.want == "" {
				if fault.ClassOf(err) != fault.Ours || codeOf(err) != "owner.unknown" || len(crm.parts) != 0 {
					t.Errorf("%v\n%s", err, crm.lines())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := find(t, crm, "opportunities(")[ownerBind]; got != c.want {
				t.Errorf("owner %v", got)
			}
		})
	}
}

// Who has no role or no licence is passed over like somebody who was disabled: whoever mends it has to know what is wanted.
func TestTheWordsForNoOwnerNameWhatAnOwnerNeeds(t *testing.T) {
	s, _, _ := testCRM(t, nil)
	r, values := newDeal(t)
	_, err := s.Create(context.Background(), s.ID(r.ID), r, values)
	e := fault.Of(err)
	if codeOf(err) != "owner.unknown" {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"what is wrong": e.Say, "what to do": e.Mend} {
		for _, word := range []string{"enabled", "security role", "licence"} {
			if !strings.Contains(text, word) {
				t.Errorf("%s says nothing of %q: %q", what, word, text)
			}
		}
	}
}

func TestANamelessReferralGetsAName(t *testing.T) {
	for customer, want := range map[string]string{"Tailspin Toys GmbH": "✓ Referral from Microsoft: Tailspin Toys GmbH", "": "✓ Referral from Microsoft"} {
		s, c, _ := testCRM(t, nil)
		c.lists[userSet] = kimRow
		r, values := newDeal(t)
		delete(values, cosell.Name)
		values[cosell.CustomerName] = customer
		if _, err := s.Create(context.Background(), s.ID(r.ID), r, values); err != nil {
			t.Fatal(err)
		}
		if got := find(t, c, "opportunities(")["name"]; got != want {
			t.Errorf("named %v", got)
		}
	}
}

func TestRowsThatExistAreKeptAndTheRestIsMadeSingly(t *testing.T) {
	s, c, w, r, values := inTheWay(t)
	id := s.ID(r.ID)
	accountID := s.accountIDs(mapping.NewCustomer("Tailspin Toys GmbH", "DE", "20095"))[0]
	c.fail["PATCH accounts("+accountID+")"] = reply{412, "0x80040237"}
	_, err := s.Create(context.Background(), id, r, values)
	if f := fault.Of(err); f == nil || f.Code != fault.CodeStale || !f.Maybe { // the fake never shows the new row
		t.Fatal(err)
	}
	var singly []string
	for _, call := range w.Calls {
		if call.Method == "PATCH" {
			singly = append(singly, strings.Split(strings.TrimPrefix(call.Path, api), "(")[0])
			if call.Header.Get("If-None-Match") != "*" {
				t.Errorf("%s could overwrite", call)
			}
		}
	}
	if d := cmp.Diff([]string{"accounts", "contacts"}, singly[:2]); d != "" {
		t.Errorf("%s\n%s", d, w.List())
	}
}

// Where rows are made singly and one that hangs on the opportunity is refused, the opportunity is there: nobody may take that for a refusal of all of it.
func TestI2_AnOpportunityOneOfWhoseRowsIsRefusedWasMade(t *testing.T) {
	s, c, w, r, values := inTheWay(t)
	id := s.ID(r.ID)
	_, _ = s.Create(context.Background(), id, r, values)
	paths := map[string]string{}
	for _, call := range w.Calls {
		path := strings.TrimPrefix(call.Path, api)
		paths[strings.Split(path, "(")[0]] = call.Method + " " + path
	}
	c.fail[paths[mapping.OwnRows]] = reply{403, "0x80040220"}
	_, err := s.Create(context.Background(), id, r, values)
	if f := fault.Of(err); f == nil || f.Kind != fault.Later || !f.Maybe || !strings.Contains(err.Error(), "one of its rows") {
		t.Errorf("%v\n%s", err, w.List())
	}
	c.fail["PATCH opportunities("+id+")"] = reply{403, "0x80040220"}
	if _, err = s.Create(context.Background(), id, r, values); !fault.Is(err, fault.Refused) {
		t.Errorf("refused itself: %v", err)
	}
}

// A creation whose answer was lost is sent again and refused because the row is there, which is not shown yet: it was made.
func TestI10_ARowThatExistsAndIsNotShownYetWasMade(t *testing.T) {
	s, c, _, r, values := inTheWay(t)
	id := s.ID(r.ID)
	c.fail["PATCH opportunities("+id+")"] = reply{412, "0x80040237"}
	_, err := s.Create(context.Background(), id, r, values)
	if f := fault.Of(err); f == nil || f.Code != fault.CodeStale || !f.Maybe {
		t.Fatal(err)
	}
}

func TestAnOpportunityThatExistsIsReturnedAsItIs(t *testing.T) {
	s, c, w := testCRM(t, nil)
	c.lists[userSet] = kimRow
	c.fail["batch"] = reply{412, "0x80040237"}
	r, values := newDeal(t)
	o, err := s.Create(context.Background(), s.ID(r.ID), r, values)
	if err != nil || o.Record[cosell.Name] != "Fabric roll-out" || !o.Found {
		t.Fatalf("%v %v, found %v", err, o.Record, o.Found)
	}
	for _, call := range w.Calls {
		if call.Method == "PATCH" {
			t.Errorf("written: %s", call)
		}
	}
}

func TestChangeFeedBeginsWithEveryOpportunityAndAgainWhenItsCursorExpired(t *testing.T) {
	s, c, w := testCRM(t, nil)
	link := "https://" + crmHost + api + "opportunities?$deltatoken=1"
	rows := `{"@odata.etag":"W/\"1\"","opportunityid":"` + crmID + `","cosell_sync":true,"modifiedon":"2026-05-04T09:00:00Z"},{"@odata.etag":"W/\"2\"","opportunityid":"` + ownID + `","cosell_sync":false,"cosell_referralid":null}`
	c.lists[opportunitySet] = rows + `,{"id":"` + microsoftID + `","reason":"deleted"}],"@odata.deltaLink":"` + link + `","x":[`
	want := []cosell.Hint{{Kind: "opportunity", ID: crmID, Shown: cosell.Shown{ID: crmID, Version: `W/"1"`, Modified: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}},
		{Kind: "opportunity", ID: microsoftID, Deleted: true}}
	cursor := ""
	for range 2 {
		changes, next, err := gathered(s.Changed, context.Background(), "opportunity", cursor)
		if d := cmp.Diff(want, changes); err != nil || d != "" || next == "" {
			t.Errorf("cursor %q: %v %s", cursor, err, d)
		}
		cursor = next
	}
	c.lists[accountSet] = `{"accountid":"` + ownID + `"}],"@odata.deltaLink":"` + link + `","x":[`
	if changes, next, err := gathered(s.Changed, context.Background(), "account", ""); err != nil || len(changes) != 0 || next == "" {
		t.Errorf("accounts do not start from now on: %v %v %q", err, changes, next)
	}
	before := len(w.Calls)
	changes, _, err := gathered(s.Changed, context.Background(), "opportunity", "https://elsewhere.example/x")
	if d := cmp.Diff(want, changes); err != nil || d != "" || len(w.Calls) != before+1 {
		t.Errorf("with an expired cursor: %v %s", err, d)
	}
	known := c.lists[opportunitySet]
	c.lists[opportunitySet] = `],"@odata.deltaLink":"` + link + `","x":[`
	for cursor, fresh := range map[string]bool{link: false, "https://elsewhere.example/x": true} {
		if next, came, err := s.Changed(context.Background(), "opportunity", cursor, func([]cosell.Hint, string) error { return nil }); err != nil || came != fresh || next == "" {
			t.Errorf("a table without rows, with cursor %s: %v, came %v, next %q", cursor, err, came, next)
		}
	}
	for name, nameless := range map[string]string{"a row": `{"@odata.etag":"W/\"3\"","cosell_sync":true},`, "a deletion": `{"reason":"deleted"},`} {
		c.lists[opportunitySet] = nameless + known
		from := "https://" + crmHost + api + "opportunities?$deltatoken=0"
		changes, next, err := gathered(s.Changed, context.Background(), "opportunity", from)
		if d := cmp.Diff(want, changes); err != nil || d != "" || next != from {
			t.Errorf("%s without its id: %v %q %s", name, err, next, d)
		}
		if changes, next, err := gathered(s.Changed, context.Background(), "opportunity", ""); !fault.Is(err, fault.Broken) || next != "" {
			t.Errorf("%s of the first reading without its id: %v %v", name, err, changes)
		}
	}
	c.lists[opportunitySet] = known
	if _, _, err := gathered(s.Changed, context.Background(), "territory", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if d := cmp.Diff([]string{"opportunity", "solution", "account", "contact", "lead", "connection", "user"}, s.Kinds()); d != "" {
		t.Error(d)
	}
}

// What was missed of a table whose cursor has expired nobody knows, and most of its rows no deal shows: none of them is named, and
// the table is.
func TestChangeFeedOfATableThatDealsShowNamesNoRowOnceItsCursorExpired(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	for kind, set := range map[string]string{"account": accountSet, "contact": contactSet, "connection": connectionSet, "user": userSet, "solution": s.tables().Rows.Set} {
		link := "https://" + crmHost + api + set + "?$deltatoken=1"
		c.lists[set] = `{"@odata.etag":"W/\"1\"","` + kind + `id":"` + ownID + `"},{"id":"` + microsoftID + `","reason":"deleted"}],"@odata.deltaLink":"` + link + `","x":[`
		changes, next, err := gathered(s.Changed, context.Background(), kind, "https://elsewhere.example/"+set+"?x")
		if d := cmp.Diff([]cosell.Hint{{Kind: kind}}, changes); err != nil || d != "" || next != link {
			t.Errorf("%s: %v %q %s", kind, err, next, d)
		}
	}
}

// A page after which the feed can go on says so, unless one of its rows does not say which it is: all of that is read again.
func TestChangeFeedGoesOnAfterAPageUnlessARowOfItHasNoID(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	next := "https://" + crmHost + api + "contacts?$skiptoken=2"
	for row, want := range map[string]string{`"contactid":"` + ownID + `"`: next, `"x":1`: ""} {
		c.lists["contacts"] = `{"@odata.etag":"W/\"1\"",` + row + `}],"@odata.nextLink":"` + next + `","x":[`
		var all []string
		_, _, err := s.Changed(context.Background(), "contact", "https://"+crmHost+api+"contacts?$deltatoken=1", func(_ []cosell.Hint, reached string) error {
			all = append(all, reached)
			return nil
		})
		if d := cmp.Diff([]string{want, ""}, all); !fault.Is(err, fault.Broken) || d != "" {
			t.Errorf("%s: %v %s", row, err, d)
		}
	}
}

func TestR125_ADealThatCameClosedKeepsItsDay(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	c.lists[userSet] = kimRow
	r, values := newDeal(t)
	values[cosell.Status], r.Record[cosell.ClosedOn] = cosell.Won, "2026-03-30"
	if _, err := s.Create(context.Background(), s.ID(r.ID), r, values); err != nil {
		t.Fatal(err)
	}
	activity, _ := find(t, c, "WinOpportunity")["OpportunityClose"].(map[string]any)
	if activity["actualend"] != "2026-03-30T12:00:00Z" || activity["actualrevenue"] != 85000.0 || activity["transactioncurrencyid@odata.bind"] == nil {
		t.Errorf("%v", activity)
	}
}

// gathered is a feed in one piece.
func gathered(feed func(context.Context, string, string, func([]cosell.Hint, string) error) (string, bool, error), ctx context.Context, kind, cursor string) (changes []cosell.Hint, next string, err error) {
	next, _, err = feed(ctx, kind, cursor, func(page []cosell.Hint, _ string) error { changes = append(changes, page...); return nil })
	return changes, next, err
}
