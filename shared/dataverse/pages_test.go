package dataverse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestListFollowsItsOwnLinksToTheLetter(t *testing.T) {
	t.Parallel()
	w, c := serve(t,
		answer(200, `{"value":[`+row(etag1)+`],"@odata.nextLink":"BASE/opportunities?$select=name&$skiptoken=%3Ccookie%20a%3D%22b%22%3E"}`),
		answer(200, `{"value":[`+row(etag1)+`]}`))
	rows, err := c.List(ctx, "opportunities", Query{Select: []string{"name"}})
	if err != nil || len(rows) != 2 || rows[0].Text("name") != "Renamed" {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	calls := w.Calls()
	if want := root + "/opportunities?$select=name&$skiptoken=%3Ccookie%20a%3D%22b%22%3E"; calls[1].URI != want {
		t.Errorf("followed %s", calls[1].URI)
	}
	if asked := calls[0].Header.Get("Prefer"); asked != "" {
		t.Errorf("asks for %q, which nobody reads", asked)
	}
}

func TestLinksThatLeadElsewhereAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"https://evil.example/api/data/v9.2/x", "http://127.0.0.1/api/data/v9.2/x", "/api/data/v9.2/x", "x", "%zz",
		"BASE/../../../x", "https://user@127.0.0.1/api/data/v9.2/x", "BASEx/y", "BASE/opportunities"} {
		w, c := serve(t, answer(200, `{"value":[],"@odata.nextLink":"`+link+`"}`))
		_, err := c.List(ctx, "opportunities", Query{})
		wantKind(t, err, fault.Broken, "")
		if n := len(w.Calls()); n > 1 {
			t.Errorf("%s: %d calls", link, n)
		}
	}
}

func TestListBounds(t *testing.T) {
	t.Parallel()
	many := `{"value":[{}` + strings.Repeat(",{}", 5000) + `],"@odata.nextLink":"BASE/opportunities?$skiptoken=%d"}`
	_, c := serve(t, answer(200, fmt.Sprintf(many, 1)), answer(200, fmt.Sprintf(many, 2)))
	_, err := c.List(ctx, "opportunities", Query{})
	wantKind(t, err, fault.Invalid, "list.long")
	for _, body := range []string{"<html>", "", `{}`, `{"value":{}}`, `{"value":[1]}`, `{"value":[]`} {
		_, c := serve(t, answer(200, body))
		_, err := c.List(ctx, "opportunities", Query{})
		wantKind(t, err, fault.Broken, "answer.malformed")
	}
}

func TestChangesGivesRowsTombstonesAndTheNextLink(t *testing.T) {
	t.Parallel()
	w, c := serve(t,
		answer(200, `{"value":[`+row(etag1)+`],"@odata.nextLink":"BASE/opportunities?$skiptoken=1"}`),
		answer(200, `{"value":[{"@odata.context":"$metadata#opportunities/$deletedEntity","id":"`+strings.ToUpper(otherID)+`","reason":"deleted"}],"@odata.deltaLink":"BASE/opportunities?$deltatoken=919058%2103"}`),
		answer(200, `{"value":[],"@odata.deltaLink":"BASE/opportunities?$deltatoken=2"}`))
	rows, deleted, next, err := changesOf(c, ctx, "opportunities", []string{"name", "statecode"}, "")
	if err != nil || len(rows) != 1 || len(deleted) != 1 || deleted[0] != otherID || !strings.HasSuffix(next, "$deltatoken=919058%2103") {
		t.Fatalf("got %v, %v, %s, %v", rows, deleted, next, err)
	}
	for _, call := range w.Calls() {
		if call.Header.Get("Prefer") != "odata.track-changes" {
			t.Errorf("Prefer %q on %s", call.Header.Get("Prefer"), call.URI)
		}
	}
	if rows, deleted, next, err = changesOf(c, ctx, "opportunities", nil, next); err != nil || len(rows)+len(deleted) != 0 || !strings.HasSuffix(next, "=2") {
		t.Errorf("got %v, %v, %s, %v", rows, deleted, next, err)
	}
	if uri := w.Calls()[2].URI; uri != root+"/opportunities?$deltatoken=919058%2103" {
		t.Errorf("called %s", uri)
	}
}

// A reading that began with a link can go on after each of its pages, and needs no header for that. The first one cannot: the link
// for later changes is given to whoever asked for one from the first page on.
func TestAReadingOfChangesCanGoOnAfterEachPage(t *testing.T) {
	t.Parallel()
	page, last := `{"value":[`+row(etag1)+`],"@odata.nextLink":"BASE/opportunities?$deltatoken=1&$skiptoken=2"}`, `{"value":[`+row(etag1)+`],"@odata.deltaLink":"BASE/opportunities?$deltatoken=2"}`
	for first, from := range map[bool]string{true: "", false: "/opportunities?$deltatoken=1"} {
		w, c := serve(t, answer(200, page), answer(200, last))
		link, want := "", []string{"", ""}
		if !first {
			link, want = w.URL+root+from, []string{w.URL + root + "/opportunities?$deltatoken=1&$skiptoken=2", ""}
		}
		var reached []string
		_, err := c.Changes(ctx, "opportunities", []string{"name"}, link, func(_ []Row, _ []string, next string) error {
			reached = append(reached, next)
			return nil
		})
		if err != nil || !slices.Equal(reached, want) {
			t.Errorf("first %v: reached %q, %v", first, reached, err)
		}
	}
	for _, wrong := range []string{"https://evil.example/api/data/v9.2/x", "BASE/opportunities?$deltatoken=1"} {
		w, c := serve(t, answer(200, `{"value":[`+row(etag1)+`],"@odata.nextLink":"`+wrong+`"}`))
		_, err := c.Changes(ctx, "opportunities", nil, w.URL+root+"/opportunities?$deltatoken=1", func(_ []Row, _ []string, next string) error {
			if next != "" {
				t.Errorf("it would go on from %s", next)
			}
			return nil
		})
		wantKind(t, err, fault.Broken, "")
	}
}

func TestExpiredOrForeignChangeLinksAreGone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 404, 410} {
		w, c := serve(t, answer(status, problem("0x80044352")))
		_, _, _, err := changesOf(c, ctx, "opportunities", nil, w.URL+root+"/opportunities?$deltatoken=1")
		wantKind(t, err, fault.Gone, "changes.expired")
	}
	middle, paging := serve(t, answer(200, `{"value":[`+row(etag1)+`],"@odata.nextLink":"BASE/opportunities?$skiptoken=1"}`), answer(410, problem("0x80044352")))
	rows, _, next, err := changesOf(paging, ctx, "opportunities", nil, middle.URL+root+"/opportunities?$deltatoken=1")
	if wantKind(t, err, fault.Gone, "changes.expired"); len(rows) != 1 || next != "" || len(middle.Calls()) != 2 {
		t.Errorf("expired in the middle of paging: %v, %q", rows, next)
	}
	w, c := serve(t, answer(200, "{}"))
	_, _, _, err = changesOf(c, ctx, "opportunities", nil, "https://evil.example/api/data/v9.2/opportunities?$deltatoken=1")
	wantKind(t, err, fault.Gone, "changes.expired")
	if len(w.Calls()) > 0 {
		t.Error("a foreign link was followed")
	}
	_, c = serve(t, answer(503, ""))
	_, _, _, err = changesOf(c, ctx, "opportunities", nil, "")
	wantKind(t, err, fault.Broken, "")
	_, c = serve(t, answer(400, problem("0x80072491")))
	_, _, _, err = changesOf(c, ctx, "opportunities", nil, "")
	wantOurs(t, err, "0x80072491", "")
	_, c = serve(t, answer(200, `{"value":[]}`))
	_, _, _, err = changesOf(c, ctx, "opportunities", nil, "")
	wantKind(t, err, fault.Broken, "answer.malformed")
}

func TestAttributesJoinTheDetailsOfEveryType(t *testing.T) {
	t.Parallel()
	options := `"Options":[{"Value":1,"Label":{"LocalizedLabels":[{"Label":"Hot","LanguageCode":1033},{"Label":"Chaud","LanguageCode":1036}]}}]`
	w, c := serve(t,
		answer(200, `{"value":[{"LogicalName":"name","AttributeType":"String"},{"LogicalName":"rating","AttributeType":"Picklist"},{"LogicalName":"help","AttributeType":"Picklist"},{"LogicalName":"parent","AttributeType":"Lookup"},{"LogicalName":"estimatedvalue","AttributeType":"Money"}]}`),
		answer(200, `{"value":[{"LogicalName":"name","MaxLength":300}]}`),
		answer(200, `{"value":[{"LogicalName":"rating","OptionSet":{`+options+`},"GlobalOptionSet":null},{"LogicalName":"help","OptionSet":null,"GlobalOptionSet":{`+options+`}}]}`),
		answer(200, `{"value":[{"LogicalName":"parent","Targets":["account"]}]}`))
	got, err := c.Attributes(ctx, "opportunity")
	if err != nil || len(got) != 5 || got["name"].MaxLength != 300 || got["estimatedvalue"].Type != "Money" || got["parent"].Targets[0] != "account" {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, column := range []string{"rating", "help"} {
		if o := got[column].Options; len(o) != 1 || o[0].Value != 1 || o[0].Labels[1036] != "Chaud" {
			t.Errorf("%s: %+v", column, o)
		}
	}
	if first := w.Calls()[0]; len(w.Calls()) != 4 || first.Header.Get("Consistency") != "Strong" || first.URI != root+"/EntityDefinitions(LogicalName='opportunity')/Attributes?$select=LogicalName,AttributeType,DisplayName,CreatedOn,IsSecured,RequiredLevel,IsValidForCreate,IsValidForUpdate" {
		t.Errorf("calls %+v", w.Calls())
	}
	_, c = serve(t, answer(404, problem("0x80060888")))
	_, err = c.Attributes(ctx, "absent")
	wantOurs(t, err, CodeTable, "")
	_, err = c.Attributes(ctx, "a')")
	wantKind(t, err, fault.Invalid, "")
}

// changesOf is a feed in one piece.
func changesOf(c *Client, ctx context.Context, set string, selects []string, link string) (rows []Row, deleted []string, next string, err error) {
	next, err = c.Changes(ctx, set, selects, link, func(r []Row, d []string, _ string) error {
		rows, deleted = append(rows, r...), append(deleted, d...)
		return nil
	})
	return rows, deleted, next, err
}
