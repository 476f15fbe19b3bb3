package dataverse

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestRowGivesColumnsAsWritten(t *testing.T) {
	t.Parallel()
	r, err := ParseRow([]byte(row(etag1)), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for column, want := range map[string]string{
		"estimatedvalue": "125000.00", "cosell_sync": "true", "description": "", "absent": "", "parentaccountid/name": "Fabrikam Ltd",
		"parentaccountid/none": "", "name/x": "", "parentaccountid": "", "a/b/c": "",
	} {
		if got := r.Text(column); got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
	account, ok := r.Row("parentaccountid")
	if !ok || account.ID("accountid") != otherID || account.ETag() != `W/"1"` {
		t.Errorf("account %v", account)
	}
	if rows := r.Rows("contacts"); len(rows) != 2 || rows[1].Text("lastname") != "B" {
		t.Errorf("contacts %v", rows)
	}
	if _, ok := r.Row("name"); ok || r.Has("description") || !r.Has("statecode") || r.ID("name") != "" {
		t.Error("Has, Row or ID is wrong")
	}
	if none := (Row{}); none.Text("a") != "" || none.ETag() != "" || len(none.Rows("b")) != 0 {
		t.Error("an empty row holds something")
	}
}

func TestGetWritesTheQueryAndReadsVersionAndClock(t *testing.T) {
	t.Parallel()
	w, c := serve(t, answer(200, row(etag1)))
	r, err := c.Get(ctx, "opportunities", strings.ToUpper(oneID), Query{Select: []string{"name", "_ownerid_value"}, Expand: []Expand{
		{Nav: "parentaccountid", Query: Query{Select: []string{"name"}}},
		{Nav: "cosell_Opportunity_Solutions", Query: Query{Select: []string{"cosell_name"}, Filter: EqInt("statecode", 0), OrderBy: "createdon desc", Top: 3}},
	}})
	if err != nil || r.ETag() != etag1 || r.Date().Format(http.TimeFormat) != date {
		t.Fatalf("got %v, %v", r, err)
	}
	got := w.Calls()[0]
	path, query, _ := strings.Cut(got.URI, "?")
	v, err := url.ParseQuery(query)
	want := "parentaccountid($select=name),cosell_Opportunity_Solutions($select=cosell_name;$filter=statecode eq 0;$orderby=createdon desc;$top=3)"
	if err != nil || path != root+"/opportunities("+oneID+")" || v.Get("$select") != "name,_ownerid_value" || v.Get("$expand") != want || len(v) != 2 {
		t.Errorf("called %s", got.URI)
	}
	for name, want := range map[string]string{"OData-Version": "4.0", "OData-MaxVersion": "4.0", "If-None-Match": "null", "Accept": "application/json"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q", name, got.Header.Get(name))
		}
	}
}

func TestUnusableAnswersAreBroken(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"html": answer(200, "<html>"), "empty": answer(200, ""), "null": answer(200, "null"), "array": answer(200, "[]"),
		"truncated": answer(200, row(etag1)[:50]), "two": answer(200, row(etag1)+row(etag1)), "204": empty,
		"no etag": answer(200, `{}`), "unquoted": answer(200, row("1")), "long": answer(200, row(`W/"`+strings.Repeat("1", 10_000)+`"`)),
	} {
		_, c := serve(t, h)
		_, err := c.Get(ctx, "opportunities", oneID, Query{})
		wantKind(t, err, fault.Broken, "")
		if err == nil {
			t.Error(name)
		}
	}
}

// A page of HTML with 200 comes from whoever stands in between, and does not say that anything was written.
func TestAnAnswerThatIsSomethingElseIsNoSuccess(t *testing.T) {
	t.Parallel()
	for code, first := range map[string]http.HandlerFunc{fault.CodeStale: empty, "answer.malformed": answer(200, "<html>")} {
		_, c := serve(t, first, answer(200, row(etag1)))
		_, err := c.Update(ctx, "opportunities", oneID, etag1, map[string]any{"name": "x"}, Query{})
		if f := fault.Of(err); err == nil || f.Code != code || !f.Maybe {
			t.Errorf("got %v", err)
		}
	}
	for _, first := range []http.HandlerFunc{answer(200, "<html>"), answer(200, "")} { // nor does a row that somebody has changed
		_, c := serve(t, first, answer(200, row(`W/"7"`)))
		_, err := c.Update(ctx, "opportunities", oneID, etag1, map[string]any{"name": "x"}, Query{})
		if f := fault.Of(err); err == nil || f.Code != "answer.malformed" || !f.Maybe {
			t.Errorf("changed by somebody: got %v", err)
		}
	}
}

func TestUpdateSendsConditionAndReturnsWhatTheSystemMade(t *testing.T) {
	t.Parallel()
	w, c := serve(t, answer(200, row(`W/"2"`)), empty, answer(200, row(`W/"3"`)))
	columns := map[string]any{"name": "x\r\ny", "ownerid@odata.bind": Bind("systemusers", oneID)}
	r, err := c.Update(ctx, "opportunities", oneID, etag1, columns, Query{Select: []string{"name"}})
	if err != nil || r.ETag() != `W/"2"` {
		t.Fatalf("got %v, %v", r.ETag(), err)
	}
	got := w.Calls()[0]
	if want := `{"name":"x\r\ny","ownerid@odata.bind":"/systemusers(` + oneID + `)"}`; got.Method != "PATCH" || got.Body != want || got.Header.Get("If-Match") != etag1 || !strings.HasPrefix(got.Header.Get("Prefer"), "return=representation") {
		t.Errorf("sent %+v", got)
	}
	if r, err = c.Update(ctx, "contacts", oneID, "*", columns, Query{}); err != nil || r.ETag() != `W/"3"` {
		t.Errorf("204 is read again: %v, %v", r.ETag(), err)
	}
}

func TestWritesWithoutConditionAreNotSent(t *testing.T) {
	t.Parallel()
	w, c := serve(t, answer(200, row(etag1)))
	for _, etag := range []string{"", "1", "W/1", "W/\"a\r\nX: y\"", `W/""`} {
		_, err := c.Update(ctx, "opportunities", oneID, etag, nil, Query{})
		wantKind(t, err, fault.Invalid, "")
		_, err = c.ChangeSet(ctx, []Write{{Method: "PATCH", Path: "opportunities(" + oneID + ")", IfMatch: etag}}, nil)
		wantKind(t, err, fault.Invalid, "")
	}
	if n := len(w.Calls()); n > 0 {
		t.Errorf("%d calls", n)
	}
}

func TestCreateTellsWhetherItWasNew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		made   bool
		kind   fault.Kind
		failed bool
	}{
		{412, "0x80040237", false, 0, false},
		{412, "", false, 0, false},
		{412, "0x80060892", false, fault.Conflict, true},
		{412, "0x80040333", false, fault.Refused, true},
		{400, "0x80044331", false, fault.Refused, true},
	} {
		_, client := serve(t, answer(c.status, problem(c.code)))
		r, made, err := client.Create(ctx, "accounts", oneID, map[string]any{"name": "x"}, Query{})
		if made != c.made || (err != nil) != c.failed || c.failed && !fault.Is(err, c.kind) || r.Has("name") {
			t.Errorf("%d %s: %v, %v", c.status, c.code, made, err)
		}
	}
	w, client := serve(t, answer(201, row(etag1)))
	r, made, err := client.Create(ctx, "accounts", oneID, map[string]any{"name": "x"}, Query{})
	if err != nil || !made || r.ETag() != etag1 || w.Calls()[0].Header.Get("If-None-Match") != "*" || w.Calls()[0].Method != "PATCH" {
		t.Errorf("got %v, %v, %+v", made, err, w.Calls())
	}
}

func TestCreateWhoseAnswerWasLostIsFoundByTheSecondTry(t *testing.T) {
	t.Parallel()
	w, c := serve(t, answer(500, ""), answer(412, problem("0x80040237")))
	if _, made, err := c.Create(ctx, "accounts", oneID, nil, Query{}); made || err != nil || len(w.Calls()) != 2 {
		t.Errorf("%v, %v after %d calls", made, err, len(w.Calls()))
	}
}

func TestNamesAndIDsThatAreNoneAreNeverSent(t *testing.T) {
	t.Parallel()
	w, c := serve(t, answer(200, row(etag1)))
	for _, id := range []string{"", "x", oneID + ")", "name='x'", "{" + oneID + "}", strings.ReplaceAll(oneID, "-", "")} {
		_, err := c.Get(ctx, "opportunities", id, Query{})
		wantKind(t, err, fault.Invalid, "")
		_, err = c.List(ctx, "opportunities", Query{Filter: Or(EqID("_parentaccountid_value", id), EqBool("a", true))})
		wantKind(t, err, fault.Invalid, "")
		if got := Bind("accounts", id); got != "" {
			t.Errorf("bound %s", got)
		}
	}
	bad := []Query{{Select: []string{"a,b"}}, {Select: []string{""}}, {OrderBy: "a;b"}, {Expand: []Expand{{Nav: "a($select=b)"}}},
		{Filter: EqText("a b", "x")}, {Filter: EqText("a", "\x00")}, {Filter: Or()}, {Filter: Or("")}, {Expand: []Expand{{Nav: "a", Query: Query{Filter: EqID("a", "x")}}}}}
	for _, q := range bad {
		_, err := c.List(ctx, "opportunities", q)
		wantKind(t, err, fault.Invalid, "")
	}
	for _, set := range []string{"", "a/b", "a?b", "a b", "../x"} {
		_, err := c.List(ctx, set, Query{})
		wantKind(t, err, fault.Invalid, "")
	}
	if n := len(w.Calls()); n > 0 {
		t.Errorf("%d calls", n)
	}
}

func TestFilterValuesAreTakenLiterally(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"'", "''", "%27", "') or (1 eq 1", ";", "&$top=1", "#", "?", "/ < > * % & : \\ ? +", "x\r\nHost: y", "é😀"} {
		w, c := serve(t, answer(200, `{"value":[]}`))
		filter := And(EqText("parentaccountid/name", value), "", Or(EqInt("statecode", -1), EqBool("cosell_sync", false)))
		if _, err := c.List(ctx, "accounts", Query{Filter: filter}); err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(w.Calls()[0].URI, "?")
		v, err := url.ParseQuery(query)
		want := "parentaccountid/name eq '" + strings.ReplaceAll(value, "'", "''") + "' and (statecode eq -1 or cosell_sync eq false)"
		if err != nil || len(v) != 1 || v.Get("$filter") != want || strings.Contains(query, "+") {
			t.Errorf("%q became %s", value, query)
		}
	}
}
