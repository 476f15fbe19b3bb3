package upgrade

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// kept judges whether everything that the later version has added is still there, by the histories of the table store
// and of the broker. A time in which the older one met none of it says nothing.
func (p *people) kept(ctx context.Context, r *Report) error {
	var tables, broker []control.Entry
	if err := p.call(ctx, http.MethodGet, p.local.Tables.Control, "/history", nil, &tables); err != nil {
		return err
	}
	if err := p.call(ctx, http.MethodGet, p.local.ServiceBus.Control, "/history", nil, &broker); err != nil {
		return err
	}
	rows, messages := rowsKept(tables), messagesKept(broker)
	r.Dropped = append(rows.dropped, messages.dropped...)
	r.Kept = map[string]int{"rows": rows.had, "rows written by the older one": rows.met, "messages": messages.had, "copies by whichever": messages.met}
	if rows.met == 0 || messages.met == 0 {
		return fmt.Errorf("the older version has met too little of what the later one added: %v", r.Kept)
	}
	return nil
}

// tally counts what had the added member, what of it met a writer that does not know it, and names what lost it.
type tally struct {
	had, met int
	dropped  []string
}

var (
	// entityURL has the table and, of a row that is there, its keys.
	entityURL = regexp.MustCompile(`^https?://[^/]+(?:/[^/(?]+)?/([a-zA-Z][a-zA-Z0-9]+)(?:\(PartitionKey=(?:'|%27)(.*?)(?:'|%27),\s*RowKey=(?:'|%27)(.*?)(?:'|%27)\))?$`)
	// partHead begins a call within a transaction.
	partHead = regexp.MustCompile(`(?m)^(GET|POST|PUT|PATCH|MERGE|DELETE) (\S+) HTTP/1\.1\r?$`)
)

// tableCall is one write of a row.
type tableCall struct{ method, url, body string }

// calls are the writes of an entry: of a transaction each part.
func calls(e control.Entry) (out []tableCall) {
	if !strings.HasSuffix(e.URL, "/$batch") {
		return []tableCall{{e.Method, e.URL, e.RequestBody}}
	}
	heads := partHead.FindAllStringSubmatchIndex(e.RequestBody, -1)
	for i, h := range heads {
		end := len(e.RequestBody)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		body := ""
		for line := range strings.Lines(e.RequestBody[h[1]:end]) {
			if strings.HasPrefix(line, "{") {
				body = strings.TrimSpace(line)
			}
		}
		out = append(out, tableCall{e.RequestBody[h[2]:h[3]], e.RequestBody[h[4]:h[5]], body})
	}
	return out
}

// rowsKept follows every row through the writes: whoever writes a whole row anew without the member drops it. What a
// read shows of a row that should have it is looked at, too.
func rowsKept(history []control.Entry) (t tally) {
	has := map[string]bool{}
	for _, e := range history {
		if e.Status >= http.StatusBadRequest || strings.HasSuffix(e.URL, "/$batch") && refused.MatchString(e.ResponseBody) {
			continue
		}
		for _, c := range calls(e) {
			row, named := c.row()
			if !named {
				continue
			}
			added := strings.Contains(c.body, `"`+addedMember+`"`)
			switch {
			case c.method == http.MethodGet:
				if has[row] && !strings.Contains(e.ResponseBody, `"`+addedMember+`"`) {
					t.dropped = append(t.dropped, fmt.Sprintf("row %s is read without what a later version added", row))
					has[row] = false
				}
			case c.method == http.MethodDelete:
				delete(has, row)
			case added:
				if !has[row] {
					t.had++
				}
				has[row] = true
			case has[row]:
				if t.met++; c.method == http.MethodPut {
					t.dropped = append(t.dropped, fmt.Sprintf("row %s was written whole, without what a later version added", row))
					has[row] = false
				}
			}
		}
	}
	return t
}

// row names the row that a call is about: by its address, or for a new one by its keys.
func (c tableCall) row() (string, bool) {
	m := entityURL.FindStringSubmatch(c.url)
	if m == nil {
		return "", false
	}
	partition, key := unescaped(m[2]), unescaped(m[3])
	if key == "" {
		var keys struct{ PartitionKey, RowKey string }
		if c.method != http.MethodPost || json.Unmarshal([]byte(c.body), &keys) != nil || keys.RowKey == "" {
			return "", false // a list, or a table
		}
		partition, key = keys.PartitionKey, keys.RowKey
	}
	return m[1] + " " + partition + " " + key, true
}

func unescaped(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		s = text
	}
	return strings.ReplaceAll(s, "''", "'")
}

// messagesKept follows every message through its copies: a copy names the same record, and the same moment at which its
// event came.
func messagesKept(history []control.Entry) (t tally) {
	has := map[string]bool{}
	for _, e := range history {
		if e.Method != "send" || e.Status != http.StatusOK {
			continue
		}
		var m struct{ Tenant, Kind, ID, Seen, Trace string }
		if json.Unmarshal([]byte(e.RequestBody), &m) != nil || m.Seen == "" {
			continue
		}
		one := strings.Join([]string{e.URL, m.Tenant, m.Kind, m.ID, m.Seen, m.Trace}, " ")
		added := strings.Contains(e.RequestBody, `"`+addedMember+`"`)
		switch {
		case has[one] && !added:
			t.dropped = append(t.dropped, fmt.Sprintf("the copy of message %s is without what a later version added", one))
		case has[one]:
			t.met++
		case added:
			t.had++
			has[one] = true
		}
	}
	return t
}
