package hostsim

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// decodePath undoes percent-encoding as Kestrel does: %2F and anything that is not valid UTF-8 stays,
// then dot segments are resolved. ok is false for %00.
func decodePath(raw string) (path string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(raw); {
		if raw[i] != '%' {
			b.WriteByte(raw[i])
			i++
			continue
		}
		r, width := decodeRune(raw[i:])
		switch {
		case width == 0 || r == '/':
			b.WriteByte('%')
			i++
		case r == 0:
			return "", false
		default:
			b.WriteRune(r)
			i += width
		}
	}
	return removeDots(b.String()), true
}

// decodeRune reads one percent-encoded UTF-8 character; width 0 when there is none.
func decodeRune(s string) (r rune, width int) {
	var octets []byte
	for i := 0; i+2 < len(s) && s[i] == '%' && len(octets) < utf8.UTFMax; i += 3 {
		hi, lo := unhex(s[i+1]), unhex(s[i+2])
		if hi < 0 || lo < 0 {
			break
		}
		octets = append(octets, byte(hi<<4|lo))
		if utf8.FullRune(octets) {
			break
		}
	}
	r, size := utf8.DecodeRune(octets)
	if len(octets) == 0 || r == utf8.RuneError && size <= 1 {
		return 0, 0
	}
	return r, 3 * len(octets)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func removeDots(path string) string {
	parts := strings.Split(path, "/")
	if !slices.Contains(parts, ".") && !slices.Contains(parts, "..") {
		return path
	}
	var out []string
	for i, p := range parts {
		last := i == len(parts)-1
		switch p {
		case "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		case ".":
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, p)
		}
	}
	return strings.Join(out, "/")
}

const (
	hexDigits   = "0123456789ABCDEF"
	unreserved  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	pathSafe    = unreserved + "!$&'()*+,;=:@/"
	querySafe   = unreserved + "!$&'()*+,;=:@/?[]%#" // System.Uri leaves reserved characters alone
	encoderSafe = unreserved + "!$()*,;:@"           // .NET's UrlEncoder
)

func escape(s, safe string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + hexDigits[c>>4:c>>4+1] + hexDigits[c&15:c&15+1])
		}
	}
	return b.String()
}

// escapeKeeping escapes a path but leaves what already is an escape.
func escapeKeeping(s, safe string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0 {
			b.WriteString(s[i : i+3])
			i += 2
			continue
		}
		b.WriteString(escape(s[i:i+1], safe))
	}
	return b.String()
}

// normalQuery is what System.Uri makes of a raw query: escapes of unreserved characters are undone, hex
// becomes upper case, a lone % and characters outside the grammar are escaped.
func normalQuery(q string) string {
	var b strings.Builder
	for i := 0; i < len(q); i++ {
		if q[i] != '%' {
			b.WriteString(escape(q[i:i+1], querySafe))
			continue
		}
		if i+2 >= len(q) || unhex(q[i+1]) < 0 || unhex(q[i+2]) < 0 {
			b.WriteString("%25")
			continue
		}
		c := byte(unhex(q[i+1])<<4 | unhex(q[i+2]))
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(q[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

// pair is one name of a query with all its values.
type pair struct {
	name   string
	values []string
}

// parseQuery reads a query into its collection: names are compared without case, a later spelling wins.
func parseQuery(query string) []pair {
	var out []pair
	for part := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
		if part == "" {
			continue
		}
		name, v, _ := strings.Cut(part, "=")
		name, v = decodeQuery(name), decodeQuery(v)
		i := slices.IndexFunc(out, func(p pair) bool { return strings.EqualFold(p.name, name) })
		if i < 0 {
			out = append(out, pair{name, []string{v}})
			continue
		}
		out[i].name = name
		out[i].values = append(out[i].values, v)
	}
	return out
}

func decodeQuery(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	var b strings.Builder
	for i := 0; i < len(s); {
		if r, width := decodeRune(s[i:]); width > 0 {
			b.WriteRune(r)
			i += width
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}
