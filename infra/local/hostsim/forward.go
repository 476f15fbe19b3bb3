package hostsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sort"
	"strings"
)

// forward rebuilds the call for the handler and copies the answer, as released hosts do.
func (h *Host) forward(c *web) error {
	out, err := h.forwarded(c)
	if err != nil {
		return c.refuse(err)
	}
	w, err := h.ready(c.inv.ctx)
	if err != nil {
		return c.refuse(err)
	}
	in, err := w.up.send(c.inv.ctx, out)
	if err != nil {
		return c.refuse(causeOf(c.inv, err))
	}
	body, err := io.ReadAll(in)
	in.Close()
	if err != nil {
		return c.refuse(causeOf(c.inv, fmt.Errorf("error while copying content to a stream: %w", err)))
	}
	for _, f := range in.header {
		if !ascii(f.value) {
			return c.refuse(fmt.Errorf("answer header %s holds characters that cannot be sent", f.name))
		}
	}
	header := in.header.without("Transfer-Encoding")
	if c.method != http.MethodHead && in.status != http.StatusNoContent {
		header = header.set("Content-Length", itoa(len(body)))
	}
	c.head(in.status, in.reason, stamped(header))
	c.answered.add(body)
	_, _ = c.Write(body) // a caller who has gone is not noticed in this mode
	c.flush()
	return nil
}

func (h *Host) forwarded(c *web) (*outgoing, error) {
	if c.chunked() {
		return nil, errors.New("a chunked request body cannot be forwarded")
	}
	data, err := c.wholeBody()
	if err != nil {
		return nil, err
	}
	for _, f := range c.header {
		if !ascii(f.value) {
			return nil, errNotASCII
		}
	}
	drop := append([]string{"User-Agent", "X-Azure-Functions-HostVersion", "X-Azure-Functions-InvocationId"}, contentHeaders...)
	header := c.header.without(drop...).joined()
	own := func(name, value, sep string) {
		if given := c.header.values(name); len(given) > 0 {
			value = strings.Join(given, sep) + sep + value
		}
		header = append(header, field{name, value})
	}
	own("X-Azure-Functions-HostVersion", hostVersion, ", ")
	own("X-Azure-Functions-InvocationId", c.inv.id, ", ")
	own("User-Agent", "Azure-Functions-Host/"+hostVersion, " ")
	if t := h.traceparent(c.header.get("traceparent")); t != "" {
		header = header.set("traceparent", t)
	}
	out := &outgoing{method: c.method, target: forwardPath(c.path) + forwardQuery(c.query)}
	switch {
	case len(data) > 0:
		out.body, out.content = bytes.NewReader(data), true
		header = append(header, field{"Content-Length", itoa(len(data))})
		kind, err := normalContentType(c.header.values("Content-Type"))
		if err != nil {
			return nil, err
		}
		if kind != "" {
			header = append(header, field{"Content-Type", kind})
		}
	case mustCarryLength(c.method):
		header = append(header, field{"Content-Length", "0"})
	}
	out.header = header
	return out, nil
}

// normalContentType writes a media type as .NET does, parameters parted by "; ".
func normalContentType(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	text := strings.Join(values, ", ")
	kind, params, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(kind, "/") {
		return "", fmt.Errorf("the format of Content-Type %q is invalid", text)
	}
	raw, _, _ := strings.Cut(text, ";")
	out := strings.TrimSpace(raw)
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	lower := strings.ToLower(text)
	sort.Slice(names, func(i, j int) bool {
		return strings.Index(lower, names[i]+"=") < strings.Index(lower, names[j]+"=")
	})
	for _, name := range names {
		v := params[name]
		if !isToken(v) {
			v = quoted(v)
		}
		out += "; " + name + "=" + v
	}
	return out, nil
}

// forwardPath builds the target from the decoded path: a decoded ? or # ends it, a backslash becomes a
// slash.
func forwardPath(path string) string {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	return escapeKeeping(strings.ReplaceAll(path, `\`, "/"), pathSafe)
}

// forwardQuery rebuilds the query from its collection.
func forwardQuery(query string) string {
	var out strings.Builder
	for i, p := range parseQuery(query) {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		out.WriteString(sep + escape(p.name, encoderSafe) + "=")
		for j, v := range p.values {
			if j > 0 {
				out.WriteByte(',')
			}
			out.WriteString(escape(v, encoderSafe))
		}
	}
	return out.String()
}
