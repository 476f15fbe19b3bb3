package dataversesim

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

const maxBatch = 1000

// part is one piece of a multipart body.
type part struct {
	header http.Header
	body   []byte
}

// batch runs POST $batch: parts in order, change sets as one transaction each.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/execute-batch-operations-using-web-api
func (s *Simulator) batch(c *call, who identity) (*answer, *tx, int) {
	c.prefer = parsePrefer(c.header.Values("Prefer"))
	if c.method != http.MethodPost {
		return s.refuse(c, wrongVerb(c)), nil, 1
	}
	parts, err := splitMultipart(c.header.Get("Content-Type"), c.body)
	if err != nil {
		return s.refuse(c, err), nil, 1
	}
	if n := bytes.Count(c.body, []byte("application/http")); n > maxBatch {
		return s.refuse(c, syntax("The batch request holds %d requests; at most %d are allowed.", n, maxBatch)), nil, 1
	}
	boundary := "batchresponse_" + s.newID()
	var out bytes.Buffer
	status, operations := 200, 0
	var last *tx
	for _, p := range parts {
		fmt.Fprintf(&out, "--%s\r\n", boundary)
		failed, n, t := s.batchPart(c, who, p, &out)
		operations += n
		if t != nil {
			last = t
		}
		if failed != 0 && !c.prefer.continueOnError {
			status = failed
			break
		}
	}
	fmt.Fprintf(&out, "--%s--\r\n", boundary)
	a := &answer{status: status, body: out.Bytes(), contentType: "multipart/mixed; boundary=" + boundary}
	if c.prefer.continueOnError {
		a.applied = []string{"odata.continue-on-error"}
	}
	return a, last, max(operations, 1)
}

// batchPart runs one part and writes its answer. failed is the status of a failure, or 0.
func (s *Simulator) batchPart(c *call, who identity, p part, out *bytes.Buffer) (failed, operations int, t *tx) {
	if strings.HasPrefix(p.header.Get("Content-Type"), "multipart/mixed") {
		return s.changeSet(c, who, p, out)
	}
	inner, err := c.inner(p)
	if err != nil {
		a := s.refuse(c, err)
		writePart(out, a, "")
		return a.status, 1, nil
	}
	a, t := s.single(inner, who)
	writePart(out, a, p.header.Get("Content-ID"))
	if a.err != nil {
		return a.status, 1, t
	}
	return 0, 1, t
}

// changeSet runs a change set as one transaction; on failure its only answer is the error.
func (s *Simulator) changeSet(c *call, who identity, p part, out *bytes.Buffer) (failed, operations int, t *tx) {
	parts, err := splitMultipart(p.header.Get("Content-Type"), p.body)
	if err != nil {
		a := s.refuse(c, err)
		writePart(out, a, "")
		return a.status, 1, nil
	}
	t = s.begin(who.user, who.caller)
	refs := map[string]string{}
	boundary := "changesetresponse_" + s.newID()
	var inside bytes.Buffer
	for _, one := range parts {
		a, id := s.changeSetPart(c, t, one, refs)
		if a.err != nil {
			t.rollback()
			writePart(out, a, id)
			return a.status, len(parts), t
		}
		fmt.Fprintf(&inside, "--%s\r\n", boundary)
		writePart(&inside, a, id)
	}
	t.commit()
	fmt.Fprintf(&inside, "--%s--\r\n", boundary)
	fmt.Fprintf(out, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n", boundary)
	out.Write(inside.Bytes())
	return 0, len(parts), t
}

func (s *Simulator) changeSetPart(c *call, t *tx, p part, refs map[string]string) (*answer, string) {
	inner, err := c.inner(p)
	if err != nil {
		return s.refuse(c, err), p.header.Get("Content-ID")
	}
	id := p.header.Get("Content-ID")
	if id == "" {
		id = inner.header.Get("Content-ID")
	}
	inner.refs = refs
	if inner.method == http.MethodGet {
		return s.refuse(c, syntax("GET requests are not allowed inside a change set.")), id
	}
	if strings.HasPrefix(inner.path, "$") {
		name, rest, _ := strings.Cut(inner.path[1:], "/")
		to, ok := refs[name]
		if !ok {
			return s.refuse(c, syntax("The content reference '$%s' does not exist in this change set yet.", clip(name, 50))), id
		}
		inner.path = strings.TrimSuffix(strings.TrimPrefix(to, "/")+"/"+rest, "/")
	}
	a := s.operate(inner, t)
	if a.err == nil && id != "" {
		if _, link, ok := strings.Cut(a.entityID, inner.root); ok {
			refs[id] = "/" + link
		}
	}
	return a, id
}

// inner reads the HTTP request inside a part.
func (c *call) inner(p part) (*call, error) {
	head, body := cutHead(p.body)
	line, headers, _ := strings.Cut(head, "\n")
	words := strings.Fields(line)
	if len(words) < 2 || !strings.HasPrefix(p.header.Get("Content-Type"), "application/http") {
		return nil, syntax("A part of the batch is no HTTP request: '%s'.", clip(line, 100))
	}
	in := &call{method: words[0], root: c.root, header: parseHead(headers), body: bytes.TrimSpace(body)}
	target := strings.Join(words[1:], " ")
	if i := strings.LastIndex(target, " HTTP/"); i > 0 {
		target = target[:i]
	}
	target = strings.ReplaceAll(target, " ", "%20")
	path, query, _ := strings.Cut(target, "?")
	if i := strings.Index(path, apiPrefix); i >= 0 {
		_, path, _ = strings.Cut(path[i+len(apiPrefix):], "/")
	} else if strings.Contains(path, "://") {
		if _, err := url.Parse(path); err != nil || !strings.Contains(path, apiPrefix) {
			return nil, fail(404, codeUnknownTable, "Resource not found for the segment '%s'.", clip(path, 100))
		}
	}
	in.path, in.query = strings.TrimPrefix(path, "/"), query
	return in, nil
}

// splitMultipart cuts a body at its boundary. Lines may end with CRLF or LF.
func splitMultipart(contentType string, body []byte) ([]part, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return nil, syntax("The content type of a batch is multipart/mixed with a boundary, not '%s'.", clip(contentType, 100))
	}
	text := "\n" + string(body)
	pieces := strings.Split(text, "\n--"+params["boundary"])
	var out []part
	for _, piece := range pieces[1:] {
		if strings.HasPrefix(piece, "--") {
			return out, nil
		}
		_, piece, _ = strings.Cut(piece, "\n")
		head, rest := cutHead([]byte(piece))
		out = append(out, part{parseHead(head), rest})
	}
	return nil, syntax("The batch does not end with its boundary '--%s--'.", params["boundary"])
}

// cutHead splits at the first empty line.
func cutHead(b []byte) (string, []byte) {
	b = bytes.TrimLeft(b, "\r\n")
	for i := 0; i < len(b); {
		end := bytes.IndexByte(b[i:], '\n')
		if end < 0 {
			return string(b), nil
		}
		if len(bytes.TrimSpace(b[i:i+end])) == 0 {
			return string(b[:i]), b[i+end+1:]
		}
		i += end + 1
	}
	return string(b), nil
}

func parseHead(text string) http.Header {
	h := http.Header{}
	for _, line := range strings.Split(text, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h.Add(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value))
		}
	}
	return h
}

// writePart writes one answer as a part of a batch.
func writePart(out *bytes.Buffer, a *answer, contentID string) {
	out.WriteString("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n")
	if contentID != "" {
		fmt.Fprintf(out, "Content-ID: %s\r\n", contentID)
	}
	fmt.Fprintf(out, "\r\nHTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	h := http.Header{}
	a.writeHead(h)
	h.Set("OData-Version", "4.0")
	if a.entityID != "" {
		h.Set("Location", a.entityID)
	}
	for _, name := range []string{"Content-Type", "ETag", "OData-Version", "Location", "OData-EntityId", "Preference-Applied", "Retry-After"} {
		if v := h.Get(name); v != "" {
			fmt.Fprintf(out, "%s: %s\r\n", name, v)
		}
	}
	out.WriteString("\r\n")
	out.Write(a.body)
	out.WriteString("\r\n")
}
