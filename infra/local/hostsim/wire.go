package hostsim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
)

// field is one header line with the spelling of its sender.
type field struct{ name, value string }

// fields keeps header lines in order. The host's behaviour depends on spelling and repeats, which
// http.Header loses.
type fields []field

func (h fields) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (h fields) has(name string) bool {
	return slices.ContainsFunc(h, func(f field) bool { return strings.EqualFold(f.name, name) })
}

func (h fields) values(name string) []string {
	var out []string
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			out = append(out, f.value)
		}
	}
	return out
}

// without is a copy without the named lines.
func (h fields) without(names ...string) fields {
	return slices.DeleteFunc(slices.Clone(h), func(f field) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, f.name) })
	})
}

// set is a copy in which name has that one value.
func (h fields) set(name, value string) fields {
	return append(h.without(name), field{name, value})
}

// lists says whether a comma separated header names the token.
func (h fields) lists(name, token string) bool {
	for _, v := range h.values(name) {
		for part := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// joined merges repeated lines as .NET's client does.
func (h fields) joined() fields {
	var out fields
	for _, f := range h {
		i := slices.IndexFunc(out, func(g field) bool { return strings.EqualFold(g.name, f.name) })
		if i < 0 {
			out = append(out, f)
			continue
		}
		sep := ", "
		switch strings.ToLower(f.name) {
		case "cookie":
			sep = "; "
		case "user-agent":
			sep = " "
		}
		out[i].value += sep + f.value
	}
	return out
}

func (h fields) write(b *bytes.Buffer) {
	for _, f := range h {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 })
}

const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func isToken(s string) bool {
	return s != "" && strings.Trim(s, tokenChars) == ""
}

var (
	errHeadTooLarge = errors.New("the head is too large")
	errBadHead      = errors.New("the head is not HTTP")
	errBadFraming   = errors.New("the framing headers contradict each other")
)

// readHead reads a start line and header lines, at most limit bytes and count lines (0 = any number).
// io.EOF means that the other side closed before the first byte.
func readHead(r *bufio.Reader, limit, count int) (string, fields, error) {
	var start string
	var h fields
	for n := 0; ; n++ {
		line, err := readLine(r, &limit)
		if err != nil {
			if errors.Is(err, io.EOF) && n == 0 && line == "" {
				return "", nil, io.EOF
			}
			return start, h, err
		}
		if n == 0 {
			start = line
			continue
		}
		if line == "" {
			return start, h, nil
		}
		name, value, found := strings.Cut(line, ":")
		if !found || !isToken(name) {
			return start, h, fmt.Errorf("%w: header line %q", errBadHead, line)
		}
		h = append(h, field{name, strings.Trim(value, " \t")})
		if count > 0 && len(h) > count {
			return start, h, errHeadTooLarge
		}
	}
}

func readLine(r *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if *left -= len(part); *left < 0 {
			return string(line), errHeadTooLarge
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), io.ErrUnexpectedEOF
		case err != nil:
			return string(line), err
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
	}
}

// contentLength reads Content-Length; -1 when there is none.
func contentLength(h fields) (int64, error) {
	values := h.values("Content-Length")
	if len(values) == 0 {
		return -1, nil
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < 0 || slices.ContainsFunc(values, func(v string) bool { return v != values[0] }) {
		return 0, errBadFraming
	}
	return n, nil
}

// chunkedBody reads a chunked body to the end of its trailers, so that the connection can go on.
type chunkedBody struct {
	r      *bufio.Reader
	chunks io.Reader
}

func newChunkedBody(r *bufio.Reader) io.Reader {
	return &chunkedBody{r: r, chunks: httputil.NewChunkedReader(r)}
}

func (c *chunkedBody) Read(p []byte) (int, error) {
	n, err := c.chunks.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	for limit := 1 << 16; ; {
		line, trailerErr := readLine(c.r, &limit)
		if trailerErr != nil {
			return n, io.ErrUnexpectedEOF
		}
		if line == "" {
			return n, io.EOF
		}
	}
}

// lengthBody reads exactly n bytes; an early end is an error.
type lengthBody struct {
	r    io.Reader
	left int64
}

func (l *lengthBody) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if errors.Is(err, io.EOF) && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
