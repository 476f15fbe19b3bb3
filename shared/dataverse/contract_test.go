package dataverse_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/infra/local/contract"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// The contract is what the product takes for granted of Dataverse. The simulator is held against it
// always, a real environment when the shell names one (LIVE_DATAVERSE_…); there it only reads, unless
// LIVE_WRITE=1. What the documents leave open is observed and written down, see docs/divergences.md.

// clauses that write make rows of their own and remove them.
var clauses = []contract.Clause[*dataverse.Client]{
	{Name: "rows have a version and a date", Run: rowsHaveAVersion},
	{Name: "a row that is not there is gone", Run: unknownRow},
	{Name: "a column that is not there is ours, and named", Run: unknownColumn},
	{Name: "a table that is not there is ours", Run: unknownTable},
	{Name: "texts in filters are literal", Run: literalFilters},
	{Name: "metadata tells lengths and options", Run: metadata},
	{Name: "the change feed goes on from its link", Run: changeFeed},
	{Name: "a row is made once and changed under its version", Writes: true, Run: makeAndChange},
	{Name: "a refused value is the record's, and named", Writes: true, Run: refusedValues},
	{Name: "what a value refers to is not the record", Writes: true, Run: references},
	{Name: "a column that cannot be written is ours", Writes: true, Run: unknownColumnInABody},
	{Name: "a change set is all or nothing", Writes: true, Run: changeSets},
	{Name: "an opportunity is closed by actions and once", Writes: true, Run: closing},
	{Name: "environment variables are read with their values", Run: variables},
	{Name: "a lead is qualified by an action and once", Writes: true, Run: qualifying},
	{Name: "a lead is disqualified and opened again", Writes: true, Run: disqualifying},
	{Name: "a connection is seen from both sides", Writes: true, Run: connecting},
}

// unread is who reads a feed for its link alone.
func unread([]dataverse.Row, []string, string) error { return nil }

func TestContract(t *testing.T) {
	contract.Run(t, "Dataverse", "../../docs/divergences.md", targets(t), clauses)
}

var ctx = context.Background()

func wantRefused(t testing.TB, err error, class fault.Class, codes ...string) *fault.Error {
	t.Helper()
	e := fault.Of(err)
	if err == nil || fault.ClassOf(err) != class || len(codes) > 0 && !slices.Contains(codes, e.Code) {
		t.Fatalf("got %v (%+v), want a refusal of class %s with %v", err, e, class, codes)
	}
	return e
}

func rowsHaveAVersion(t *contract.T, c *dataverse.Client) {
	rows, err := c.List(ctx, "transactioncurrencies", dataverse.Query{Select: []string{"isocurrencycode"}, Top: 1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	row, err := c.Get(ctx, "transactioncurrencies", rows[0].ID("transactioncurrencyid"), dataverse.Query{Select: []string{"isocurrencycode"}})
	if err != nil || row.ETag() == "" || row.ETag() != rows[0].ETag() || row.Date().IsZero() || len(row.Text("isocurrencycode")) != 3 {
		t.Errorf("version %q, in the list %q, date %s, %v", row.ETag(), rows[0].ETag(), row.Date(), err)
	}
}

func unknownRow(t *contract.T, c *dataverse.Client) {
	_, err := c.Get(ctx, "accounts", uuid.NewString(), dataverse.Query{Select: []string{"name"}})
	if !fault.Is(err, fault.Gone) {
		t.Fatalf("got %v", err)
	}
	t.Observed("code of a row that is not there", fault.Of(err).Code)
}

func unknownColumn(t *contract.T, c *dataverse.Client) {
	_, err := c.List(ctx, "accounts", dataverse.Query{Select: []string{"cosell_nosuchcolumn"}, Top: 1})
	if e := wantRefused(t, err, fault.Ours, dataverse.CodeColumn); !strings.HasSuffix(e.Target, "cosell_nosuchcolumn") {
		t.Errorf("named %q", e.Target)
	}
	rows, err := c.List(ctx, "transactioncurrencies", dataverse.Query{Select: []string{"isocurrencycode"}, Top: 1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	_, err = c.Get(ctx, "transactioncurrencies", rows[0].ID("transactioncurrencyid"), dataverse.Query{Select: []string{"cosell_nosuchcolumn"}})
	wantRefused(t, err, fault.Ours, dataverse.CodeColumn)
	_, err = c.List(ctx, "accounts", dataverse.Query{Filter: dataverse.EqText("cosell_nosuchcolumn", "x"), Top: 1})
	wantRefused(t, err, fault.Ours, dataverse.CodeColumn)
}

func unknownTable(t *contract.T, c *dataverse.Client) {
	_, err := c.List(ctx, "cosell_nosuchtables", dataverse.Query{Top: 1})
	wantRefused(t, err, fault.Ours, dataverse.CodeTable)
	_, err = c.Get(ctx, "cosell_nosuchtables", uuid.NewString(), dataverse.Query{})
	wantRefused(t, err, fault.Ours, dataverse.CodeTable)
	_, err = c.Attributes(ctx, "cosell_nosuchtable")
	wantRefused(t, err, fault.Ours, dataverse.CodeTable)
}

func literalFilters(t *contract.T, c *dataverse.Client) {
	for _, text := range []string{"it's", "a' or name ne '", "100 %", "a&b", "naïve é 漢", "x;y,z(1)"} {
		rows, err := c.List(ctx, "accounts", dataverse.Query{Select: []string{"name"}, Filter: dataverse.EqText("name", "no such company "+text), Top: 5})
		if err != nil || len(rows) != 0 {
			t.Errorf("%q: %d rows, %v", text, len(rows), err)
		}
	}
}

func metadata(t *contract.T, c *dataverse.Client) {
	columns, err := c.Attributes(ctx, "opportunity")
	if err != nil {
		t.Fatal(err)
	}
	if columns["name"].MaxLength < 100 || columns["estimatedvalue"].Type != "Money" || len(columns["statecode"].Options) != 3 || len(columns["statuscode"].Options) < 3 {
		t.Errorf("name %+v, estimatedvalue %+v, statecode %+v", columns["name"], columns["estimatedvalue"], columns["statecode"])
	}
	t.Observed("length of the opportunity's name", fmt.Sprint(columns["name"].MaxLength))
	t.Observed("length of the opportunity's description", fmt.Sprint(columns["description"].MaxLength))
}

func changeFeed(t *contract.T, c *dataverse.Client) {
	next, err := c.Changes(ctx, "opportunities", []string{"name"}, "", unread)
	if err != nil || next == "" {
		t.Fatalf("link %q, %v", next, err)
	}
	if again, err := c.Changes(ctx, "opportunities", []string{"name"}, next, unread); err != nil || again == "" {
		t.Errorf("link %q, %v", again, err)
	}
	if _, err = c.Changes(ctx, "opportunities", []string{"name"}, next+"x", unread); !fault.Is(err, fault.Gone) {
		t.Errorf("a link that cannot be used: %v", err)
	}
}

// account makes an account of the test's own, and removes it in the end.
func account(t testing.TB, c *dataverse.Client) dataverse.Row {
	t.Helper()
	id := uuid.NewString()
	row, made, err := c.Create(ctx, "accounts", id, map[string]any{"name": "cosell-sync contract"}, dataverse.Query{Select: []string{"name"}})
	if err != nil || !made || row.ID("accountid") != id {
		t.Fatalf("made %v as %s, %v", made, row.ID("accountid"), err)
	}
	t.Cleanup(func() { remove(t, c, "accounts", id) })
	return row
}

func remove(t testing.TB, c *dataverse.Client, set, id string) {
	t.Helper()
	if _, err := c.ChangeSet(ctx, []dataverse.Write{{Method: "DELETE", Path: set + "(" + id + ")", IfMatch: "*"}}, nil); err != nil {
		t.Errorf("%s(%s) is left behind: %v", set, id, err)
	}
}

func makeAndChange(t *contract.T, c *dataverse.Client) {
	row := account(t, c)
	id, q := row.ID("accountid"), dataverse.Query{Select: []string{"name", "description"}}
	if _, made, err := c.Create(ctx, "accounts", id, map[string]any{"name": "another"}, q); made || err != nil {
		t.Errorf("made again: %v, %v", made, err)
	}
	changed, err := c.Update(ctx, "accounts", id, row.ETag(), map[string]any{"description": "a\nb é"}, q)
	if err != nil || changed.Text("description") != "a\nb é" || changed.Text("name") != "cosell-sync contract" || changed.ETag() == row.ETag() {
		t.Fatalf("%q, %q, version %s after %s, %v", changed.Text("name"), changed.Text("description"), changed.ETag(), row.ETag(), err)
	}
	if _, err = c.Update(ctx, "accounts", id, row.ETag(), map[string]any{"description": "c"}, q); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old version: %v", err)
	}
	if _, err = c.Update(ctx, "accounts", uuid.NewString(), row.ETag(), map[string]any{"description": "c"}, q); !fault.Is(err, fault.Gone) {
		t.Errorf("a row that is not there: %v", err)
	}
}

func refusedValues(t *contract.T, c *dataverse.Client) {
	row := account(t, c)
	for column, value := range map[string]any{"name": strings.Repeat("x", 5000), "industrycode": 987654321, "numberofemployees": -5} {
		_, err := c.Update(ctx, "accounts", row.ID("accountid"), row.ETag(), map[string]any{column: value}, dataverse.Query{Select: []string{"name"}})
		e := wantRefused(t, err, fault.Record)
		t.Observed("refusal of a bad "+column, e.Code+" at "+e.Target)
		if e.Target != "" && !strings.HasSuffix(e.Target, column) || column == "name" && e.Code != dataverse.CodeTooLong {
			t.Errorf("a bad %s is %s at %q", column, e.Code, e.Target)
		}
	}
}

func references(t *contract.T, c *dataverse.Client) {
	row := account(t, c)
	_, err := c.Update(ctx, "accounts", row.ID("accountid"), row.ETag(), map[string]any{
		"primarycontactid@odata.bind": dataverse.Bind("contacts", uuid.NewString())}, dataverse.Query{Select: []string{"name"}})
	e := wantRefused(t, err, fault.Record, "contact.unknown", "reference.unknown")
	t.Observed("refusal of a lookup to a row that is not there", fmt.Sprintf("%d, %s at %s", e.Status, e.Code, e.Target))
}

func unknownColumnInABody(t *contract.T, c *dataverse.Client) {
	row := account(t, c)
	for _, column := range []string{"cosell_nosuchcolumn", "cosell_NoSuchLookup@odata.bind"} {
		_, err := c.Update(ctx, "accounts", row.ID("accountid"), row.ETag(), map[string]any{column: "/accounts(" + uuid.NewString() + ")"}, dataverse.Query{Select: []string{"name"}})
		e := wantRefused(t, err, fault.Ours, dataverse.CodeColumn)
		if name, _, _ := strings.Cut(column, "@"); !strings.HasSuffix(e.Target, name) {
			t.Errorf("%s is named %q", column, e.Target)
		}
	}
}

func changeSets(t *contract.T, c *dataverse.Client) {
	row := account(t, c)
	id, contact := row.ID("accountid"), uuid.NewString()
	newContact := dataverse.Write{Method: "PATCH", Path: "contacts(" + contact + ")", IfNoneMatch: "*",
		Body: map[string]any{"lastname": "Contract", "parentcustomerid_account@odata.bind": dataverse.Bind("accounts", id)}}
	rename := dataverse.Write{Method: "PATCH", Path: "accounts(" + id + ")", IfMatch: `W/"1"`, Body: map[string]any{"description": "x"}}
	if _, err := c.ChangeSet(ctx, []dataverse.Write{newContact, rename}, nil); !fault.Is(err, fault.Conflict) {
		t.Fatalf("an old version in a change set: %v", err)
	}
	if _, err := c.Get(ctx, "contacts", contact, dataverse.Query{Select: []string{"lastname"}}); !fault.Is(err, fault.Gone) {
		t.Errorf("half of it was done: %v", err)
	}
	rename.IfMatch = row.ETag()
	after, err := c.ChangeSet(ctx, []dataverse.Write{newContact, rename}, &dataverse.Read{Set: "accounts", ID: id, Query: dataverse.Query{Select: []string{"description"}}})
	if err != nil || after.Text("description") != "x" {
		t.Errorf("%q, %v", after.Text("description"), err)
	}
	remove(t, c, "contacts", contact)
}

func closing(t *contract.T, c *dataverse.Client) {
	customer, id := account(t, c), uuid.NewString()
	q := dataverse.Query{Select: []string{"statecode", "statuscode", "actualvalue", "actualclosedate"}}
	row, _, err := c.Create(ctx, "opportunities", id, map[string]any{"name": "cosell-sync contract",
		"customerid_account@odata.bind": dataverse.Bind("accounts", customer.ID("accountid"))}, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, c, "opportunities", id) })
	_, err = c.Update(ctx, "opportunities", id, row.ETag(), map[string]any{"statecode": 1, "statuscode": 3}, q)
	wantRefused(t, err, fault.Record)
	lose := []dataverse.Write{{Method: "POST", Path: "LoseOpportunity", Body: map[string]any{"Status": 4, "OpportunityClose": map[string]any{
		"subject": "cosell-sync contract", "opportunityid@odata.bind": dataverse.Bind("opportunities", id)}}}}
	after, err := c.ChangeSet(ctx, lose, &dataverse.Read{Set: "opportunities", ID: id, Query: q})
	if err != nil || after.Text("statecode") != "2" || after.Text("statuscode") != "4" {
		t.Fatalf("state %s, %s, %v", after.Text("statecode"), after.Text("statuscode"), err)
	}
	_, err = c.ChangeSet(ctx, lose, nil)
	wantRefused(t, err, fault.Record, dataverse.CodeClosed)
	if _, err = c.Update(ctx, "opportunities", id, after.ETag(), map[string]any{"description": "x"}, q); err == nil {
		t.Observed("a closed opportunity can be changed", "yes")
	} else {
		t.Observed("a closed opportunity can be changed", "no, "+wantRefused(t, err, fault.Record).Code)
	}
}

func TestHalfALiveEnvironmentIsNoTarget(t *testing.T) {
	none := func(string) string { return "" }
	if _, ok := liveSettings(t, none); ok {
		t.Error("no settings are an environment")
	}
	all := func(name string) string { return "x" }
	if l, ok := liveSettings(t, all); !ok || l.clientSecret != "x" {
		t.Errorf("got %+v", l)
	}
}
