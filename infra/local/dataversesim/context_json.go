package dataversesim

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// Values inside an execution context, in the shapes that .NET's DataContractJsonSerializer writes.
type (
	contextMoney  decimal
	contextOption int64
	contextEntity struct {
		table, id string
		attrs     []attribute
		formatted []attribute
		static    bool // where the type is known from the contract there is no __type
	}
	attribute struct {
		key   string
		value any
	}
	contextPairs []attribute // KeyValuePair<string,string> values
)

// contextWriter appends JSON; wrapped writes ids and dates in attributes as objects with __type and __value.
type contextWriter struct {
	b       []byte
	wrapped bool
}

func (w *contextWriter) raw(s string) { w.b = append(w.b, s...) }

// text writes a string with the serializer's escapes: slashes, C1 controls of line ends, surrogate pairs.
func (w *contextWriter) text(s string) {
	w.b = append(w.b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 && i+2 < len(s) && s[i] == 0xed && s[i+1] >= 0xa0 {
			// a lone surrogate, kept as the three bytes that UTF-8 would have for it
			w.unicode(uint16(0xd000) | uint16(s[i+1]&0x3f)<<6 | uint16(s[i+2]&0x3f))
			i += 3
			continue
		}
		w.char(r, s[i:i+n])
		i += n
	}
	w.b = append(w.b, '"')
}

func (w *contextWriter) char(r rune, bytes string) {
	switch {
	case r == '"' || r == '\\' || r == '/':
		w.b = append(w.b, '\\', byte(r))
	case r == '\b':
		w.raw(`\b`)
	case r == '\f':
		w.raw(`\f`)
	case r == '\n':
		w.raw(`\n`)
	case r == '\r':
		w.raw(`\r`)
	case r == '\t':
		w.raw(`\t`)
	case r < 0x20 || r == 0x85 || r == 0x2028 || r == 0x2029:
		w.unicode(uint16(r))
	case r > 0xffff:
		r -= 0x10000
		w.unicode(0xd800 + uint16(r>>10))
		w.unicode(0xdc00 + uint16(r&0x3ff))
	default:
		w.raw(bytes)
	}
}

func (w *contextWriter) unicode(u uint16) {
	const hex = "0123456789abcdef"
	w.b = append(w.b, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}

func (w *contextWriter) typed(name string) {
	w.raw(`{"__type":"` + name + `:http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts",`)
}

// value writes one value of an attribute or parameter.
func (w *contextWriter) value(v any) {
	switch x := v.(type) {
	case nil:
		w.raw("null")
	case string:
		w.text(x)
	case bool:
		w.b = strconv.AppendBool(w.b, x)
	case int64:
		w.b = strconv.AppendInt(w.b, x, 10)
	case float64:
		w.double(x)
	case decimal:
		w.raw(x.text)
	case []byte:
		w.bytes(x)
	case guid:
		w.wrap("Guid", func() { w.text(string(x)) })
	case time.Time:
		w.wrap("DateTime", func() { w.time(x, "") })
	case date:
		t, _ := time.Parse(time.DateOnly, string(x))
		w.wrap("DateTime", func() { w.time(t, "") })
	case contextMoney:
		w.typed("Money")
		w.raw(`"Value":` + x.text + "}")
	case contextOption:
		w.typed("OptionSetValue")
		w.raw(`"Value":` + strconv.FormatInt(int64(x), 10) + "}")
	case ref:
		w.typed("EntityReference")
		w.reference(x)
	case contextEntity:
		w.entity(x)
	default:
		w.list(v)
	}
}

func (w *contextWriter) list(v any) {
	w.raw("[")
	switch x := v.(type) {
	case []ref: // an EntityReferenceCollection: the type of its items is known
		for i, to := range x {
			if i > 0 {
				w.raw(",")
			}
			w.raw("{")
			w.reference(to)
		}
	case []contextOption:
		for i, o := range x {
			if i > 0 {
				w.raw(",")
			}
			w.value(o)
		}
	case contextPairs:
		for i, p := range x {
			if i > 0 {
				w.raw(",")
			}
			w.raw(`{"__type":"KeyValuePairOfstringstring:#System.Collections.Generic","key":`)
			w.text(p.key)
			w.raw(`,"value":`)
			w.value(p.value)
			w.raw("}")
		}
	}
	w.raw("]")
}

func (w *contextWriter) bytes(x []byte) {
	w.raw("[")
	for i, c := range x {
		if i > 0 {
			w.raw(",")
		}
		w.b = strconv.AppendInt(w.b, int64(c), 10)
	}
	w.raw("]")
}

func (w *contextWriter) double(f float64) {
	if f != f {
		w.raw("NaN")
		return
	}
	format := byte('f')
	if a := max(f, -f); a >= 1e15 || a != 0 && a < 1e-5 {
		format = 'E'
	}
	w.b = strconv.AppendFloat(w.b, f, format, -1, 64)
}

func (w *contextWriter) wrap(name string, inner func()) {
	if !w.wrapped {
		inner()
		return
	}
	w.raw(`{"__type":"` + name + `:#System","__value":`)
	inner()
	w.raw("}")
}

// time writes a date; the offset, where there is one, is for the reader's eye only: the number is UTC.
func (w *contextWriter) time(t time.Time, offset string) {
	w.raw(`"\/Date(`)
	w.b = strconv.AppendInt(w.b, t.UnixMilli(), 10)
	w.raw(offset + `)\/"`)
}

// reference writes the members of an EntityReference after its opening.
func (w *contextWriter) reference(r ref) {
	w.raw(`"Id":"` + r.id + `","KeyAttributes":[],"LogicalName":"` + r.table + `","Name":null,"RowVersion":null}`)
}

func (w *contextWriter) entity(e contextEntity) {
	if e.static {
		w.raw("{")
	} else {
		w.typed("Entity")
	}
	w.raw(`"Attributes":`)
	w.attributes(e.attrs)
	w.raw(`,"EntityState":null,"FormattedValues":`)
	w.attributes(e.formatted)
	w.raw(`,"Id":"` + e.id + `","KeyAttributes":[],"LogicalName":"` + e.table + `","RelatedEntities":[],"RowVersion":null}`)
}

// attributes writes a dictionary as an array of keys and values.
func (w *contextWriter) attributes(list []attribute) {
	w.raw("[")
	for i, a := range list {
		if i > 0 {
			w.raw(",")
		}
		w.raw(`{"key":`)
		w.text(a.key)
		w.raw(`,"value":`)
		w.value(a.value)
		w.raw("}")
	}
	w.raw("]")
}

// contextValue is a stored value as the SDK's types hold it.
func contextValue(c *column, v any) any {
	switch x := v.(type) {
	case int64:
		if c.kind.isOption() {
			return contextOption(x)
		}
	case choices:
		var out []contextOption
		for _, n := range x.values() {
			out = append(out, contextOption(n))
		}
		return out
	case decimal:
		if c.kind == kindMoney {
			return contextMoney(x)
		}
	}
	return v
}
