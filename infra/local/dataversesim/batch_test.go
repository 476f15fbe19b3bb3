package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// batchOf writes a batch; parts that start with "set:" are change sets of requests split by "&&".
func batchOf(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--batch_X\r\n")
		set, isSet := strings.CutPrefix(p, "set:")
		if !isSet {
			b.WriteString("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + p + "\r\n")
			continue
		}
		b.WriteString("Content-Type: multipart/mixed; boundary=\"changeset_Y\"\r\n\r\n")
		for i, one := range strings.Split(set, "&&") {
			b.WriteString("--changeset_Y\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: " + string(rune('1'+i)) + "\r\n\r\n" + one + "\r\n")
		}
		b.WriteString("--changeset_Y--\r\n\r\n")
	}
	return b.String() + "--batch_X--\r\n"
}

func (w *world) batch(body string, headers ...string) *reply {
	w.Helper()
	return w.serve(w.sim, "POST", api+"$batch", body, append([]string{"Authorization", "Bearer " + w.token, "Content-Type", `multipart/mixed; boundary="batch_X"`}, headers...)...)
}

func post(set, json string) string {
	return "POST /api/data/v9.2/" + set + " HTTP/1.1\r\nContent-Type: application/json; type=entry\r\n\r\n" + json
}

// statuses lists the status lines of a batch answer in order.
func statuses(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\r\n") {
		if rest, ok := strings.CutPrefix(line, "HTTP/1.1 "); ok {
			out = append(out, rest[:3])
		}
	}
	return strings.Join(out, " ")
}

func TestBatchRunsInOrderAndResolvesReferences(t *testing.T) {
	w := newWorld(t)
	r := w.batch(batchOf(
		"GET "+api+"accounts?$select=name&$filter=name eq 'Fabrikam' HTTP/1.1\r\nAccept: application/json\r\n",
		"set:"+post("accounts", `{"name":"Fabrikam"}`)+"&&"+post("opportunities", `{"name":"First","customerid_account@odata.bind":"$1"}`)+
			"&&PATCH $2 HTTP/1.1\r\nContent-Type: application/json\r\nIf-Match: *\r\n\r\n"+`{"name":"Renamed"}`+
			"&&PUT $2/parentaccountid/$ref HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"+`{"@odata.id":"$1"}`,
		"GET accounts?$select=name&$filter=name eq 'Fabrikam' HTTP/1.1\r\n\r\n",
	)).is(200)
	if got := statuses(r.text); got != "200 204 204 204 204 200" {
		t.Fatalf("statuses %s in\n%s", got, r.text)
	}
	if !strings.HasPrefix(r.header.Get("Content-Type"), "multipart/mixed; boundary=batchresponse_") || !strings.Contains(r.text, "boundary=changesetresponse_") || !strings.Contains(r.text, "Content-ID: 2\r\n") {
		t.Errorf("form of the answer: %s\n%s", r.header.Get("Content-Type"), r.text)
	}
	if !strings.Contains(r.text, `"value":[]`) || !strings.Contains(r.text, `"name":"Fabrikam"`) {
		t.Errorf("the order was not kept:\n%s", r.text)
	}
	if got := w.do("GET", "opportunities?$select=name&$filter=customerid_account/name eq 'Fabrikam' and parentaccountid/name eq 'Fabrikam'", "").column("name"); got != "Renamed" {
		t.Errorf("references: %q", got)
	}
}

func TestChangeSetIsOneTransaction(t *testing.T) {
	w := newWorld(t)
	r := w.batch(batchOf("set:" + post("accounts", `{"name":"Half"}`) + "&&" + post("opportunities", `{"bogus":1}`))).is(400)
	if got := statuses(r.text); got != "400" || !strings.Contains(r.text, `"code":"0x0"`) {
		t.Errorf("answer %s:\n%s", got, r.text)
	}
	if got := w.do("GET", "accounts/$count?$filter=name eq 'Half'", "").text; got != "0" {
		t.Error("the first half of a refused change set stayed")
	}
	if events := w.deliver(200); len(events) != 0 {
		t.Errorf("events of a transaction that was rolled back: %v", messages(events))
	}
}

func TestBatchStopsAtTheFirstErrorUnlessTold(t *testing.T) {
	w := newWorld(t)
	body := batchOf(post("accounts", `{"bad":1}`), post("accounts", `{"name":"After"}`))
	r := w.batch(body).is(400)
	if got := statuses(r.text); got != "400" {
		t.Errorf("statuses %s", got)
	}
	r = w.batch(body, "Prefer", "odata.continue-on-error").is(200)
	if got := statuses(r.text); got != "400 204" || r.header.Get("Preference-Applied") != "odata.continue-on-error" {
		t.Errorf("statuses %s, applied %q", got, r.header.Get("Preference-Applied"))
	}
}

func TestBatchRefusals(t *testing.T) {
	w := newWorld(t)
	if r := w.batch(batchOf("set:GET /api/data/v9.2/accounts HTTP/1.1\r\n\r\n")).is(400); !strings.Contains(r.text, "not allowed inside a change set") {
		t.Error(r.text)
	}
	if r := w.batch(batchOf("set:" + post("opportunities", `{"customerid_account@odata.bind":"$2"}`))).is(400); !strings.Contains(r.text, "does not exist in this change set yet") {
		t.Error(r.text)
	}
	w.batch(batchOf(post("$batch", "x"))).is(400)
	w.batch("--batch_X\r\n").is(400)
	w.do("POST", "$batch", "x").is(400)
	w.do("GET", "$batch", "").is(405)
}

func TestBatchWithBareLineFeedsIsUnderstood(t *testing.T) {
	w := newWorld(t)
	body := strings.ReplaceAll(batchOf("set:"+post("accounts", `{"name":"LF"}`), "GET accounts("+dataversesim.AccountID+")?$select=name HTTP/1.1\r\n\r\n"), "\r\n", "\n")
	if got := statuses(w.batch(body).is(200).text); got != "204 200" {
		t.Errorf("statuses %s", got)
	}
}
