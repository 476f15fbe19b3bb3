package hostsim

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// bindingData collects what goes into Metadata. Names are compared without case; the later put wins, the
// first spelling stays.
type bindingData struct{ *object }

func newBindingData() bindingData { return bindingData{newObject()} }

func (b bindingData) text(name, v string) { b.put(b.key(name), quoted(v)) }
func (b bindingData) any(name string, v value) {
	b.put(b.key(name), v)
}

// fromJSON copies the members of a JSON object as the host does for string triggers and HTTP bodies:
// scalars become strings, objects stay, arrays and nulls are left out.
func (b bindingData) fromJSON(text string) {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return
	}
	v, err := parseLoose([]byte(text))
	o, ok := v.(*object)
	if err != nil || !ok {
		return
	}
	for _, name := range o.names {
		switch v := o.values[name].(type) {
		case nil, []value:
		case *object:
			b.any(name, v)
		default:
			b.text(name, netText(v))
		}
	}
}

// metadata closes the collection: names that end in "trigger" go, sys comes. An HTTP caller who has taken
// that name moves it to $sys; a message body replaces it.
func (b bindingData) metadata(f *function, now time.Time) *object {
	sys := newObject().put("MethodName", f.name).put("UtcNow", netTime(now)+"Z").put("RandGuid", newGUID())
	switch _, taken := b.find("sys"); {
	case !taken:
		b.put("sys", sys)
	case f.trigger.Type == "httpTrigger":
		b.put("$sys", sys)
	}
	out := newObject()
	for _, name := range b.names {
		if low := strings.ToLower(name); !strings.HasSuffix(low, "trigger") && !(f.trigger.Type == "httpTrigger" && low == strings.ToLower(f.trigger.Name)) {
			out.put(name, b.values[name])
		}
	}
	return out
}

// netTime writes a UTC time with up to seven digits and no offset.
func netTime(t time.Time) string {
	return t.UTC().Truncate(100 * time.Nanosecond).Format("2006-01-02T15:04:05.9999999")
}

func envelopeBody(name string, data value, metadata *object) []byte {
	return []byte(compact(newObject().put("Data", newObject().put(name, data)).put("Metadata", metadata)))
}

// wrap calls an HTTP function by envelope and answers with what the answer says.
func (h *Host) wrap(c *web) error {
	data, err := c.wholeBody()
	if err != nil {
		return c.refuse(err)
	}
	request, meta := c.describe(data)
	body := envelopeBody(c.fn.trigger.Name, request, meta.metadata(c.fn, time.Now()))
	res, text, err := h.envelope(c.inv, body, c.header.get("traceparent"))
	c.answered.add([]byte(text))
	if err != nil {
		return c.refuse(err)
	}
	return c.answer(res)
}

// describe is the request as the envelope shows it, and the binding data made of it.
func (c *web) describe(data []byte) (*object, bindingData) {
	query, headers := newObject(), newObject()
	metaQuery, metaHeaders := newObject(), newObject()
	meta := newBindingData()
	text, body := bodyText(c.header.get("Content-Type"), data)
	if strings.Contains(strings.ToLower(c.header.get("Content-Type")), "json") {
		meta.fromJSON(text)
	}
	for _, p := range parseQuery(c.query) {
		last := p.values[len(p.values)-1]
		query.put(p.name, strings.Join(p.values, ","))
		metaQuery.put(p.name, last)
		if !strings.EqualFold(p.name, "code") {
			meta.text(p.name, last)
		}
	}
	params := newObject()
	names := make([]string, 0, len(c.params))
	for name := range c.params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if v := c.params[name]; v != nil {
			params.put(name, *v)
			meta.text(name, *v)
		} else {
			params.put(name, nil)
		}
	}
	for _, f := range c.header {
		key := headers.key(f.name)
		list, _ := headers.values[key].([]value)
		headers.put(key, append(list, f.value))
		metaHeaders.put(key, strings.Join(c.header.values(f.name), ","))
	}
	for name, v := range map[string]*object{"Query": metaQuery, "Headers": metaHeaders} {
		if _, taken := meta.find(name); !taken {
			meta.any(name, v)
		}
	}
	o := newObject().put("Url", c.scheme+"://"+c.host+escapeKeeping(c.path, pathSafe)+c.query).put("Method", c.method).
		put("Query", query).put("Headers", headers).put("Params", params).put("Identities", []value{identity(c.level, c.key)})
	if body != nil {
		o.put("Body", *body)
	}
	return o, meta
}

// bodyText is the body as text and as it stands in the envelope: octet streams and multipart in base64,
// everything else read as text, whatever it is. No body: nil.
func bodyText(contentType string, data []byte) (string, *string) {
	if len(data) == 0 {
		return "", nil
	}
	low := strings.ToLower(contentType)
	if strings.HasPrefix(low, "application/octet-stream") || strings.HasPrefix(low, "multipart/") {
		s := base64.StdEncoding.EncodeToString(data)
		return "", &s
	}
	s := decodeText(data)
	return s, &s
}

// decodeText reads text with a byte order mark if there is one, else as UTF-8 with losses.
func decodeText(data []byte) string {
	s := string(data)
	switch {
	case strings.HasPrefix(s, "\ufeff"):
		s = strings.TrimPrefix(s, "\ufeff")
	case strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\xfe\xff"):
		little := data[0] == 0xff
		var units []uint16
		for i := 2; i+1 < len(data); i += 2 {
			lo, hi := data[i], data[i+1]
			if !little {
				lo, hi = hi, lo
			}
			units = append(units, uint16(hi)<<8|uint16(lo))
		}
		return string(utf16.Decode(units))
	}
	return lossy(s)
}

// lossy replaces each maximal invalid sequence by U+FFFD, as .NET's decoder does.
func lossy(s string) string {
	return string([]rune(s))
}

// identity is the claims object of the caller.
func identity(level, key string) *object {
	const claims = "http://schemas.microsoft.com/2017/07/functions/claims/"
	list := []value{}
	kind := value(nil)
	if level != "" {
		kind = "WebJobsAuthLevel"
		for _, c := range [][2]string{{"authlevel", level}, {"invoke", "true"}, {"keyid", key}} {
			list = append(list, newObject().put("Issuer", "LOCAL AUTHORITY").put("OriginalIssuer", "LOCAL AUTHORITY").
				put("Properties", newObject()).put("Type", claims+c[0]).put("Value", c[1]).
				put("ValueType", "http://www.w3.org/2001/XMLSchema#string"))
		}
	}
	return newObject().put("AuthenticationType", kind).put("IsAuthenticated", level != "").put("Actor", nil).
		put("BootstrapContext", nil).put("Claims", list).put("Label", nil).put("Name", nil).
		put("NameClaimType", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name").
		put("RoleClaimType", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
}

// answer gives the caller what the handler's outputs say.
func (c *web) answer(res *result) error {
	outputs := res.outputs
	if o, ok := res.value.(*object); ok && outputs == nil && c.httpOutput() != "" {
		if _, named := o.values[c.httpOutput()]; named {
			outputs, res.value = o, nil
		}
	}
	name := c.httpOutput()
	switch {
	case name == "$return" && res.value != nil:
		return c.respond(res.value)
	case outputs != nil && len(outputs.names) > 0 && name != "" && name != "$return":
		v, there := outputs.values[name]
		if !there {
			c.write(http.StatusOK, nil, "text/plain; charset=utf-8", "{}")
			return res.settle(c.fn)
		}
		if err := c.respond(v); err != nil {
			return err
		}
		return res.settle(c.fn)
	case res.value != nil:
		if o, ok := res.value.(*object); ok {
			text := compact(o)
			c.write(http.StatusOK, fields{{"Content-Length", itoa(len(text))}}, "application/json; charset=utf-8", text)
			return nil
		}
		c.write(http.StatusOK, nil, "text/plain; charset=utf-8", bodyOf(res.value))
		return nil
	}
	c.head(http.StatusNoContent, "No Content", stamped(nil))
	c.flush()
	return nil
}

func (c *web) httpOutput() string {
	for _, b := range c.fn.outputs {
		if b.Type == "http" {
			return b.Name
		}
	}
	return ""
}

// respond writes an http output: statusCode, headers, body.
func (c *web) respond(v value) error {
	if s, ok := v.(string); ok {
		v, _ = parseLoose([]byte(s))
	}
	o, ok := v.(*object)
	if !ok {
		return c.refuse(errors.New("the http output is not an object"))
	}
	status := http.StatusOK
	if s, _ := o.find("statusCode"); s != nil {
		text, _ := s.(string)
		if n, ok := s.(number); ok {
			text = string(n)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
			status = n
		}
	}
	kind := "text/plain"
	var header fields
	if hv, _ := o.find("headers"); hv != nil {
		lines, ok := hv.(*object)
		if !ok {
			return c.refuse(errors.New("the http output's headers are not an object"))
		}
		for _, name := range lines.names {
			text, ok := headerText(name, lines.values[name])
			if !ok {
				bare(c, c.call, http.StatusInternalServerError, header...)
				return nil // counted as succeeded, as recorded
			}
			if strings.EqualFold(name, "Content-Type") {
				kind, _, _ = strings.Cut(text, ";")
				continue
			}
			header = append(header, field{name, text})
		}
	}
	b, _ := o.find("body")
	c.write(status, header, strings.TrimSpace(kind)+"; charset=utf-8", bodyOf(b))
	return nil
}

func headerText(name string, v value) (string, bool) {
	switch v.(type) {
	case string, number, bool:
	default:
		return "", false
	}
	text := netText(v)
	return text, isToken(name) && ascii(text) && !strings.ContainsAny(text, "\r\n\x00")
}

func bodyOf(v value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case *object, []value:
		return indented(v)
	}
	return netText(v)
}

func (c *web) write(status int, header fields, kind, body string) {
	header = append(header, field{"Content-Type", kind})
	if body == "" && status != http.StatusNoContent && status != http.StatusNotModified {
		header = header.set("Content-Length", "0")
	}
	c.head(status, http.StatusText(status), stamped(header))
	_, _ = io.WriteString(c, body) // a caller who has gone is not noticed in this mode
	c.flush()
}
