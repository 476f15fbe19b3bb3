package upgrade

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const (
	plainRow  = `{"PartitionKey":"t","RowKey":"o|1","V":"1"}`
	addedRow  = `{"PartitionKey":"t","RowKey":"o|1","V":"1","addedLater":"x"}`
	rowURL    = "https://cosellsync.table.core.windows.net/state(PartitionKey='t',RowKey='o%7C1')"
	tableURL  = "https://cosellsync.table.core.windows.net/state"
	localURL  = "http://127.0.0.1:7410/devstoreaccount1/state(PartitionKey='t',RowKey='o%7C1')"
	batchHead = "--changeset_1\r\nContent-Type: application/http\r\n\r\n"
)

func batch(parts ...string) string {
	return "--batch_1\r\n" + batchHead + strings.Join(parts, "\r\n"+batchHead) + "\r\n--changeset_1--"
}

func part(method, url, body string) string {
	return method + " " + url + " HTTP/1.1\r\nContent-Type: application/json\r\n\r\n" + body + "\r\n"
}

func TestWhatIsDroppedOfARowIsSeen(t *testing.T) {
	call := func(method, url, body, answer string) control.Entry {
		return control.Entry{Method: method, URL: url, Status: http.StatusNoContent, RequestBody: body, ResponseBody: answer}
	}
	made := call(http.MethodPost, tableURL, addedRow, "")
	refused := call(http.MethodPut, rowURL, plainRow, "")
	refused.Status = http.StatusPreconditionFailed
	for name, c := range map[string]struct {
		history      []control.Entry
		met, dropped int
	}{
		"merged":              {[]control.Entry{made, call("PATCH", rowURL, plainRow, "")}, 1, 0},
		"replaced":            {[]control.Entry{made, call("PUT", rowURL, plainRow, "")}, 1, 1},
		"at a local address":  {[]control.Entry{call("PATCH", localURL, addedRow, ""), call("PUT", localURL, plainRow, "")}, 1, 1},
		"refused":             {[]control.Entry{made, refused}, 0, 0},
		"gone and made anew":  {[]control.Entry{made, call("DELETE", rowURL, "", ""), call("POST", tableURL, plainRow, "")}, 0, 0},
		"read without":        {[]control.Entry{made, call("GET", rowURL, "", plainRow)}, 0, 1},
		"read with":           {[]control.Entry{made, call("GET", rowURL, "", addedRow)}, 0, 0},
		"merged in a batch":   {[]control.Entry{call("POST", "https://x/$batch", batch(part("POST", tableURL, addedRow)), ""), call("POST", "https://x/$batch", batch(part("PATCH", rowURL, plainRow)), "")}, 1, 0},
		"replaced in a batch": {[]control.Entry{made, call("POST", "https://x/$batch", batch(part("PATCH", strings.Replace(rowURL, "o%7C1", "o%7C2", 1), plainRow), part("PUT", rowURL, plainRow)), "HTTP/1.1 204")}, 1, 1},
		"a refused batch":     {[]control.Entry{made, call("POST", "https://x/$batch", batch(part("PUT", rowURL, plainRow)), "HTTP/1.1 412 Precondition Failed")}, 0, 0},
		"never there":         {[]control.Entry{call("PUT", rowURL, plainRow, ""), call("GET", rowURL, "", plainRow)}, 0, 0},
	} {
		if got := rowsKept(c.history); got.met != c.met || len(got.dropped) != c.dropped {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatIsDroppedOfAMessageIsSeen(t *testing.T) {
	const first = `{"v":1,"tenant":"t","kind":"lead","id":"1","seen":"2026-11-22T12:00:00Z","attempt":0,"trace":"x"`
	copied := strings.Replace(first, `"attempt":0`, `"attempt":1,"late":true`, 1)
	send := func(body string) control.Entry {
		return control.Entry{Method: "send", URL: "/opportunity-changed", Status: http.StatusOK, RequestBody: body}
	}
	other := send(strings.Replace(first, "12:00:00", "12:00:01", 1) + "}")
	for name, c := range map[string]struct {
		history      []control.Entry
		met, dropped int
	}{
		"kept":             {[]control.Entry{send(first + `,"addedLater":1}`), other, send(copied + `,"addedLater":1}`)}, 1, 0},
		"dropped":          {[]control.Entry{send(first + `,"addedLater":1}`), other, send(copied + `}`)}, 0, 1},
		"of the older one": {[]control.Entry{send(first + `}`), send(copied + `}`)}, 0, 0},
	} {
		if got := messagesKept(c.history); got.met != c.met || len(got.dropped) != c.dropped {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTwoVersionsThatDidNotBothWorkAreNamed(t *testing.T) {
	s := SideBySide{Sec: 60, Worked: map[string]int{"first": 500, "second": leastWorked - 1}}
	if err := s.enough(); err == nil || !strings.Contains(err.Error(), "the second of the two versions had 19 invocations") {
		t.Error(err)
	}
	if s.Worked["second"]++; s.enough() != nil {
		t.Error(s.enough())
	}
}
