package opportunities

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// crm is a small CRM: it gives back one opportunity whatever is written, answers lists from a table, and
// keeps the parts of change sets apart.
type crm struct {
	t     *testing.T
	row   string            // the opportunity
	lists map[string]string // entity set to the list in "value"
	rows  map[string]string // path to a row
	fail  map[string]reply  // "METHOD path" to a failure, of a request or a part; "batch" for all of it
	parts []part            // of all change sets
}

type reply struct {
	status int
	code   string
}

// part is one write of a change set.
type part struct {
	line    string // "PATCH accounts(...)"
	ifMatch string
	ifNone  string
	body    string
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, api)
	if f, ok := c.fail[r.Method+" "+path]; ok {
		answer(w, f.status, problem(f))
		return
	}
	switch {
	case path == "$batch":
		c.batch(w, r)
	case strings.HasPrefix(path, "EntityDefinitions"):
		answer(w, 200, `{"value":[]}`)
	case strings.HasPrefix(path, "opportunities("):
		answer(w, 200, c.row)
	case c.rows[path] != "":
		answer(w, 200, c.rows[path])
	case !strings.Contains(path, "("):
		answer(w, 200, `{"value":[`+c.lists[path]+`]}`)
	case r.Header.Get("If-None-Match") == "*":
		answer(w, 201, `{"@odata.etag":"W/\"1\""}`)
	default:
		answer(w, 404, problem(reply{404, "0x80040217"}))
	}
}

func problem(f reply) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":"said no"}}`, f.code)
}

var partForm = regexp.MustCompile(`(?s)(PATCH|POST|DELETE|GET) ` + regexp.QuoteMeta(api) + `(\S+) HTTP/1.1\r\n(.*?)\r\n\r\n(.*?)\r\n--`)

// etagForm is the opportunity's own version, which each change makes longer.
var etagForm = regexp.MustCompile(`^(\{"@odata.etag":"W/\\"[0-9]+)(\\"")`)

func (c *crm) batch(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	var out strings.Builder
	out.WriteString("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n")
	n, failed := 0, false
	for _, m := range partForm.FindAllStringSubmatch(string(body), -1) {
		if m[1] == "GET" {
			out.WriteString("--c--\r\n--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + c.row + "\r\n")
			continue
		}
		p := part{line: m[1] + " " + m[2], body: strings.TrimSpace(m[4])}
		for h := range strings.SplitSeq(m[3], "\r\n") {
			if v, ok := strings.CutPrefix(h, "If-Match: "); ok {
				p.ifMatch = v
			}
			if v, ok := strings.CutPrefix(h, "If-None-Match: "); ok {
				p.ifNone = v
			}
		}
		c.parts = append(c.parts, p)
		f, ok := c.fail["part "+p.line]
		if !ok {
			f, ok = c.fail["batch"]
		}
		if ok && !failed {
			failed = true
			answerPart(w, f)
		}
		if strings.HasPrefix(p.line, "PATCH opportunities(") {
			c.row = etagForm.ReplaceAllString(c.row, `${1}9$2`)
		}
		n++
		fmt.Fprintf(&out, "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: %d\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n", n)
	}
	if failed {
		return
	}
	out.WriteString("--b--\r\n")
	w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
	_, _ = io.WriteString(w, out.String())
}

// answerPart is a change set that failed as a whole: one error part, and its status outside.
func answerPart(w http.ResponseWriter, f reply) {
	w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
	w.WriteHeader(f.status)
	_, _ = fmt.Fprintf(w, "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 %d Error\r\nContent-Type: application/json\r\n\r\n%s\r\n--b--\r\n",
		f.status, problem(f))
}

// lines are the writes of all change sets so far, ids of new rows shortened.
func (c *crm) lines() string {
	var out []string
	for _, p := range c.parts {
		out = append(out, p.line)
	}
	return strings.Join(out, "\n")
}
