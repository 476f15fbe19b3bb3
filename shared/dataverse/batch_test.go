package dataverse

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

const crlf = "\r\n"

func part(status int, body string, header ...string) string {
	text := "Content-Type: application/http" + crlf + "Content-Transfer-Encoding: binary" + crlf + "Content-ID: 1" + crlf + crlf +
		fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status)) + crlf
	for i := 0; i+1 < len(header); i += 2 {
		text += header[i] + ": " + header[i+1] + crlf
	}
	if body != "" {
		text += "Content-Type: application/json; odata.metadata=minimal" + crlf
	}
	return text + crlf + body
}

func multi(boundary string, parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--" + boundary + crlf + p + crlf)
	}
	return b.String() + "--" + boundary + "--" + crlf
}

func set(parts ...string) string {
	return "Content-Type: multipart/mixed; boundary=changesetresponse_1" + crlf + crlf + multi("changesetresponse_1", parts...)
}

func batch(status int, parts ...string) http.HandlerFunc {
	return answer(status, multi("batchresponse_1", parts...), "Content-Type", "multipart/mixed; boundary=batchresponse_1")
}

var closing = []Write{
	{Method: "PATCH", Path: "opportunities(" + oneID + ")", IfMatch: etag1, Body: map[string]any{"name": "a\r\n--changeset_1\r\nb"}},
	{Method: "POST", Path: "WinOpportunity", Body: map[string]any{"Status": 3}},
	{Method: "DELETE", Path: "cosell_solutiondetails(" + otherID + ")", IfMatch: "*"},
	{Method: "PATCH", Path: "accounts(" + otherID + ")", IfNoneMatch: "*", Body: map[string]any{}},
}

var follow = &Read{Set: "opportunities", ID: oneID, Query: Query{Select: []string{"name"}}}

func TestChangeSetOnTheWire(t *testing.T) {
	t.Parallel()
	w, c := serve(t, batch(200, set(part(204, ""), part(204, ""), part(204, ""), part(204, "")), part(200, row(`W/"9"`))))
	r, err := c.ChangeSet(ctx, closing, follow)
	if err != nil || r.ETag() != `W/"9"` || r.Date().Format(http.TimeFormat) != date || len(w.Calls()) != 1 {
		t.Fatalf("got %v, %v after %d calls", r, err, len(w.Calls()))
	}
	ids := regexp.MustCompile(`_[0-9a-f-]{36}`)
	got := strings.ReplaceAll(ids.ReplaceAllString(w.Calls()[0].Body, "_X"), crlf, "\n")
	want := `--batch_X
Content-Type: multipart/mixed; boundary="changeset_X"

--changeset_X
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

PATCH /api/data/v9.2/opportunities(` + oneID + `) HTTP/1.1
Content-Type: application/json; type=entry
If-Match: ` + etag1 + `

{"name":"a\r\n--changeset_1\r\nb"}
--changeset_X
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

POST /api/data/v9.2/WinOpportunity HTTP/1.1
Content-Type: application/json; type=entry

{"Status":3}
--changeset_X
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 3

DELETE /api/data/v9.2/cosell_solutiondetails(` + otherID + `) HTTP/1.1
If-Match: *


--changeset_X
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 4

PATCH /api/data/v9.2/accounts(` + otherID + `) HTTP/1.1
Content-Type: application/json; type=entry
If-None-Match: *

{}
--changeset_X--

--batch_X
Content-Type: application/http
Content-Transfer-Encoding: binary

GET /api/data/v9.2/opportunities(` + oneID + `)?$select=name HTTP/1.1
Accept: application/json
OData-MaxVersion: 4.0
OData-Version: 4.0
If-None-Match: null


--batch_X--
`
	if got != want {
		t.Errorf("sent\n%s", got)
	}
}

func TestFailedChangeSetIsClassifiedByItsPart(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 412} { // both error modes
		for _, c := range []struct {
			part string
			kind fault.Kind
			code string
		}{
			{part(412, problem("0x80060882")), fault.Conflict, "0x80060882"},
			{part(412, problem("0x80060892")), fault.Conflict, "0x80060892"},
			{part(404, problem("0x80040217")), fault.Gone, ""},
			{part(400, problem("0x80040515")), fault.Refused, CodeClosed},
			{part(403, problem("0x80040220")), fault.Refused, ""},
			{part(429, problem("0x80072322"), "Retry-After", "30"), fault.Later, ""},
			{part(500, problem("")), fault.Broken, ""},
			{set(part(400, problem("0x80044331"))), fault.Refused, "0x80044331"},
			{set(part(204, ""), part(412, problem("0x80060882")), part(204, ""), part(204, "")), fault.Conflict, "0x80060882"},
		} {
			w, client := serve(t, batch(status, c.part))
			_, err := client.ChangeSet(ctx, closing, follow)
			wantKind(t, err, c.kind, c.code)
			if len(w.Calls()) != 1 {
				t.Errorf("%d calls", len(w.Calls()))
			}
		}
	}
}

// A part that is throttled is an answer to the identity: nobody calls before its wait is over.
func TestAThrottledPartClosesTheGate(t *testing.T) {
	t.Parallel()
	w, client := serve(t, batch(200, part(429, problem("0x80072322"), "Retry-After", "30")))
	_, err := client.ChangeSet(ctx, closing, follow)
	wantKind(t, err, fault.Later, "")
	if _, err = client.ChangeSet(ctx, closing, follow); !fault.Is(err, fault.Later) || len(w.Calls()) != 1 {
		t.Errorf("%v after %d calls", err, len(w.Calls()))
	}
}

// A read that comes with the writes may be served by a replica that is behind: what it shows is not what was
// written, and taken for that it would look like somebody's change.
func TestF27_AChangeSetThatIsNotShownYetIsDoneAndStale(t *testing.T) {
	t.Parallel()
	done := set(part(204, ""), part(204, ""), part(204, ""), part(204, ""))
	unknown := answer(404, problem("0x80040217"))
	for name, answers := range map[string][]http.HandlerFunc{
		"TheRowBefore":          {batch(200, done, part(200, row(etag1)))},
		"TheRowBeforeReadAgain": {batch(200, done, part(500, "")), answer(200, row(etag1))},
		"NoRow":                 {batch(200, done, part(404, problem("0x80040217"))), unknown},
	} {
		_, c := serve(t, answers...)
		_, err := c.ChangeSet(ctx, closing, follow)
		if f := fault.Of(err); f == nil || f.Kind != fault.Later || f.Code != fault.CodeStale || !f.Maybe {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, c := serve(t, batch(200, done, part(500, "")), answer(429, problem("0x80072322"), "Retry-After", "30"))
	if _, err := c.ChangeSet(ctx, closing, follow); !fault.Is(err, fault.Later) || !fault.Of(err).Maybe {
		t.Errorf("written, and the reading is throttled: %v", err)
	}
	_, c = serve(t, answer(204, ""), answer(200, row(etag1)))
	if _, err := c.Update(ctx, "opportunities", oneID, etag1, map[string]any{"name": "x"}, Query{}); err == nil || !fault.Of(err).Maybe {
		t.Errorf("a change that is not shown: %v", err)
	}
}

func TestBatchRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]fault.Kind{400: fault.Refused, 401: fault.Denied, 413: fault.Refused, 500: fault.Broken, 503: fault.Broken} {
		w, c := serve(t, answer(status, problem(""), "Content-Type", "application/json"))
		_, err := c.ChangeSet(ctx, closing, nil)
		wantKind(t, err, kind, "")
		if len(w.Calls()) != 1 {
			t.Errorf("%d: a batch was repeated", status)
		}
	}
}

func TestWrittenChangeSetIsReadAgainWhenTheReadFailed(t *testing.T) {
	t.Parallel()
	done := set(part(204, ""), part(204, ""), part(204, ""), part(204, ""))
	for _, first := range []http.HandlerFunc{batch(200, done), batch(200, done, part(500, "")), batch(200, done, part(200, "<html>"))} {
		w, c := serve(t, first, answer(200, row(etag2)))
		if r, err := c.ChangeSet(ctx, closing, follow); err != nil || r.ETag() != etag2 || len(w.Calls()) != 2 {
			t.Errorf("got %v, %v", r.ETag(), err)
		}
	}
	_, c := serve(t, batch(200, done))
	if _, err := c.ChangeSet(ctx, closing, nil); err != nil {
		t.Error(err)
	}
}

func TestUnusableBatchAnswersAreBroken(t *testing.T) {
	t.Parallel()
	kind := []string{"Content-Type", "multipart/mixed; boundary=b"}
	for name, h := range map[string]http.HandlerFunc{
		"html": answer(200, "<html>", "Content-Type", "text/html"), "empty": answer(200, "", kind...), "no boundary": answer(200, "", "Content-Type", "multipart/mixed"),
		"cut": answer(200, "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204", kind...), "too few": batch(200, set(part(204, ""))),
		"not http": answer(200, multi("b", "Content-Type: application/http"+crlf+crlf+"x"), kind...), "other kind": answer(200, multi("b", "Content-Type: text/plain"+crlf+crlf+"x"), kind...),
	} {
		_, c := serve(t, h)
		_, err := c.ChangeSet(ctx, closing, nil)
		wantKind(t, err, fault.Broken, "answer.malformed")
		if err == nil {
			t.Error(name)
		}
	}
}

func TestLinesOfABatchCannotBeBrokenOutOf(t *testing.T) {
	t.Parallel()
	w, c := serve(t, batch(200))
	row := "opportunities(" + oneID + ")"
	for _, bad := range []Write{
		{Method: "PATCH", Path: row + " HTTP/1.1\r\nX: y", IfMatch: "*"}, {Method: "PATCH", Path: "../x", IfMatch: "*"}, {Method: "POST", Path: "a?b"},
		{Method: "PATCH\r\n", Path: row, IfMatch: "*"}, {Method: "GET", Path: row}, {Method: "PUT", Path: row, IfMatch: "*"}, {Method: "PATCH", Path: row},
		{Method: "PATCH", Path: row, IfMatch: "W/\"1\"\r\nX: y"}, {Method: "PATCH", Path: row, IfNoneMatch: etag1}, {Method: "POST", Path: "opportunities(x)"},
		{Method: "POST", Path: row + "/Other.Thing"}, {Method: "POST", Path: "WinOpportunity", Body: map[string]any{"f": func() {}}},
	} {
		_, err := c.ChangeSet(ctx, []Write{bad}, nil)
		wantKind(t, err, fault.Invalid, "")
	}
	_, err := c.ChangeSet(ctx, nil, nil)
	wantKind(t, err, fault.Invalid, "")
	_, err = c.ChangeSet(ctx, closing, &Read{Set: "x", ID: "y"})
	wantKind(t, err, fault.Invalid, "")
	if len(w.Calls()) > 0 {
		t.Errorf("%d calls", len(w.Calls()))
	}
}

func FuzzBatchAnswer(f *testing.F) {
	f.Add(multi("b", set(part(204, "")), part(200, "{}")))
	f.Add(multi("b", part(412, problem("0x80060882"))))
	f.Add("--b\r\n\r\n--b--")
	f.Fuzz(func(t *testing.T, body string) {
		var answers []*httpclient.Response
		if err := collect([]byte(body), "b", 0, &answers); err == nil && len(answers) > maxParts {
			t.Errorf("%d parts", len(answers))
		}
	})
}
