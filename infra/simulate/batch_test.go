package simulate

import (
	"reflect"
	"strings"
	"testing"
)

// TestTheRequestsOfABatchAreRead reads a batch as the product writes it, and one with other line ends.
func TestTheRequestsOfABatchAreRead(t *testing.T) {
	body := strings.Join([]string{"--batch_1", `Content-Type: multipart/mixed; boundary="changeset_1"`, "", "--changeset_1", "Content-Type: application/http", "Content-ID: 1", "",
		"PATCH /api/data/v9.2/opportunities(1) HTTP/1.1", "Content-Type: application/json; type=entry", `If-Match: W/"7"`, "", `{"name":"POST /x HTTP/1.1 If-Match: none"}`,
		"--changeset_1", "Content-ID: 2", "", "DELETE /api/data/v9.2/tasks(2) HTTP/1.1", "If-Match: *", "", "", "--changeset_1--", "",
		"--batch_1", "Content-Type: application/http", "", "GET /api/data/v9.2/opportunities(1)?$select=name HTTP/1.1", "Accept: application/json", "", "", "--batch_1--", ""}, "\r\n")
	for _, text := range []string{body, strings.ReplaceAll(body, "\r\n", "\n")} {
		var got []string
		for _, p := range batchParts([]byte(text)) {
			got = append(got, p.method+" "+p.path+" "+p.header.Get("If-Match")+" "+p.header.Get("Content-ID"))
		}
		want := []string{`PATCH /api/data/v9.2/opportunities(1) W/"7" `, "DELETE /api/data/v9.2/tasks(2) * ", "GET /api/data/v9.2/opportunities(1)?$select=name  "}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
	}
}
