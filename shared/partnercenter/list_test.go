package partnercenter

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

func list(items, next string) string {
	return fmt.Sprintf(`{"@odata.count":1,"value":[%s],"@odata.nextLink":%q}`, items, next)
}

func TestListFollowsPagesOnTheKnownPath(t *testing.T) {
	t.Parallel()
	w, c := serve(t,
		httpclienttest.Answer(200, list(referral(oneID, etag1)+`,{"name":"no id"},{"id":"other-tenant"}`, "http://evil.example/v1.0/referrals?$skiptoken=a%2Bb&x=1")),
		httpclienttest.Answer(200, `{"value":[{"id":"`+otherID+`"},`+referral(oneID, etag1)+`]}`))
	var got []string
	date, err := c.List(ctx, Query{Filter: EqGUID("engagementId", otherID), OrderBy: "updatedDateTime desc", Top: 10}, func(d Document) bool {
		got = append(got, d.ID())
		return true
	})
	if err != nil || strings.Join(got, " ") != oneID+" "+otherID || date.IsZero() {
		t.Fatalf("got %v, %v, %v", got, date, err)
	}
	calls := w.Calls()
	if want := "/v1.0/engagements/referrals?$filter=engagementId%20eq%20%27" + otherID + "%27&$orderby=updatedDateTime%20desc&$top=10"; calls[0].URI != want {
		t.Errorf("first page %s", calls[0].URI)
	}
	if want := "/v1.0/engagements/referrals?$skiptoken=a%2Bb"; calls[1].URI != want {
		t.Errorf("second page %s", calls[1].URI)
	}
}

func TestListStopsWhenAsked(t *testing.T) {
	t.Parallel()
	w, c := serve(t, httpclienttest.Answer(200, list(referral(oneID, etag1)+","+referral(otherID, etag1), "https://h/?$skiptoken=1")))
	n := 0
	_, err := c.List(ctx, Query{}, func(Document) bool { n++; return false })
	if err != nil || n != 1 || len(w.Calls()) != 1 {
		t.Errorf("%d items, %d calls, %v", n, len(w.Calls()), err)
	}
}

func TestListThatIsNotWholeIsBroken(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a link to itself":      list("", "https://h/?$skiptoken=1"),
		"a link without token":  list("", "https://h/next"),
		"an unreadable link":    list("", "%zz"),
		"html":                  "<html>",
		"no value":              `{"error":null}`,
		"a value of other kind": `{"value":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := serve(t, httpclienttest.Answer(200, body))
			_, err := c.List(ctx, Query{}, func(Document) bool { return true })
			wantKind(t, err, fault.Broken, "")
			if n := len(w.Calls()); n > 2 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestFilterValuesAreTakenLiterally(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"'", "''", "%27", "') or (1 eq 1", ";", "&$top=1", "#", "?", "/", "a+b c", "x\r\nHost: y", "é😀"} {
		w, c := serve(t, httpclienttest.Answer(200, `{"value":[]}`))
		if _, err := c.List(ctx, Query{Filter: Eq("customerProfile/name", value)}, nil); err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(w.Calls()[0].URI, "?")
		v, err := url.ParseQuery(query)
		want := "customerProfile/name eq '" + strings.ReplaceAll(value, "'", "''") + "'"
		if err != nil || len(v) != 1 || v.Get("$filter") != want {
			t.Errorf("%q became %s", value, query)
		}
	}
}

func TestFilterBuilders(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 14, 5, 123456789, time.FixedZone("", 3600))
	got := Eq("direction", "Outgoing") + " and " + Since("updatedDateTime", at)
	if want := "direction eq 'Outgoing' and updatedDateTime ge 2026-03-02T09:14:05.1234567Z"; got != want {
		t.Errorf("got %s", got)
	}
	_, c := serve(t, httpclienttest.Answer(200, `{"value":[]}`))
	for _, q := range []Query{{Filter: Eq("a b", "x")}, {Filter: Eq("a", "\x00")}, {Filter: Since("a'", at)}, {OrderBy: "a;b"}} {
		_, err := c.List(ctx, q, nil)
		wantKind(t, err, fault.Invalid, "")
	}
}
