package dataversesim

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	annFormatted = "OData.Community.Display.V1.FormattedValue"
	annLogical   = "Microsoft.Dynamics.CRM.lookuplogicalname"
	annNav       = "Microsoft.Dynamics.CRM.associatednavigationproperty"
)

// view is what of a row an answer shows.
type view struct {
	table  *table
	cols   []*column
	sel    []string // as written, for the context
	expand []expansion
}

// expansion is one $expand, made ready.
type expansion struct {
	name string
	nav  *nav        // single-valued
	coll *collection // or collection-valued
	q    *query
}

func (r *row) etag() string { return `W/"` + strconv.FormatInt(r.shown, 10) + `"` }

// quote writes a JSON string.
func quote(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// appendValue writes a stored value as the Web API shows it.
func appendValue(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return quote(b, x)
	case bool:
		return strconv.AppendBool(b, x)
	case managedFlag:
		b = strconv.AppendBool(append(b, `{"Value":`...), bool(x))
		return append(b, `,"CanBeChanged":true,"ManagedPropertyLogicalName":"iscustomizableanddeletable"}`...)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case decimal:
		return append(b, x.short()...)
	case guid:
		return quote(b, string(x))
	case date:
		return quote(b, string(x))
	case ref:
		return quote(b, x.id)
	case choices:
		return quote(b, string(x))
	case time.Time:
		return quote(b, x.Format("2006-01-02T15:04:05Z"))
	}
	return append(b, "null"...)
}

// renderer writes rows for one answer.
type renderer struct {
	s    *Simulator
	root string
	pref *prefer
	fmt  bool
	log  bool
	nav  bool
	all  bool // secured columns too
}

func (s *Simulator) renderer(root string, p *prefer) *renderer {
	return &renderer{s: s, root: root, pref: p, fmt: p.wants(annFormatted), log: p.wants(annLogical), nav: p.wants(annNav)}
}

// rowSize is about as long as most rows are.
const rowSize = 4 << 10

// row writes one object; head is what comes before the first member, such as the context.
func (w *renderer) row(b []byte, v *view, r *row, head string) []byte {
	b = append(b, '{')
	b = append(b, head...)
	b = append(b, `"@odata.etag":"W/\"`...)
	b = strconv.AppendInt(b, r.shown, 10)
	b = append(b, `\""`...)
	for _, c := range v.cols {
		b = w.column(b, c, r)
	}
	for i := range v.expand {
		b = w.expanded(b, &v.expand[i], r)
	}
	return append(b, '}')
}

func (w *renderer) column(b []byte, c *column, r *row) []byte {
	val := r.v[c.name]
	if !w.all && w.s.deniedHere().hides(c) {
		val = nil
	}
	if val != nil {
		b = w.annotations(b, c, r, val)
	}
	b = append(b, ',')
	b = quote(b, c.prop)
	b = append(b, ':')
	return appendValue(b, val)
}

func (w *renderer) annotations(b []byte, c *column, r *row, val any) []byte {
	if w.fmt {
		if text := w.s.formatted(c, r, val); text != "" {
			b = annotation(b, c.prop, annFormatted, text)
		}
	}
	to, isRef := val.(ref)
	if !isRef {
		return b
	}
	if w.log {
		b = annotation(b, c.prop, annLogical, to.table)
	}
	if w.nav {
		b = annotation(b, c.prop, annNav, c.navFor(to.table))
	}
	return b
}

func annotation(b []byte, prop, name, text string) []byte {
	b = append(b, ',')
	b = quote(b, prop+"@"+name)
	b = append(b, ':')
	return quote(b, text)
}

// navFor names the navigation property that leads to a table.
func (c *column) navFor(table string) string {
	for i, t := range c.targets {
		if t == table && i < len(c.navs) {
			return c.navs[i]
		}
	}
	return c.navs[0]
}

func (w *renderer) expanded(b []byte, e *expansion, r *row) []byte {
	b = append(b, ',')
	b = quote(b, e.name)
	b = append(b, ':')
	if e.nav != nil {
		target := w.s.follow(e.nav, r)
		if target == nil {
			return append(b, "null"...)
		}
		if e.q.principal {
			b = append(b, `{"@odata.type":"#Microsoft.Dynamics.CRM.`...)
			b = append(b, r.ref(e.nav.col.name).table...)
			b = append(b, `","ownerid":`...)
			b = quote(b, target.id)
			return append(b, '}')
		}
		return w.row(b, e.q.view, target, "")
	}
	b = append(b, '[')
	for i, child := range e.q.children(e.coll, r.id) {
		if i > 0 {
			b = append(b, ',')
		}
		b = w.row(b, e.q.view, child, "")
	}
	return append(b, ']')
}

// follow finds the row a single-valued navigation property leads to.
func (s *Simulator) follow(n *nav, r *row) *row {
	to := r.ref(n.col.name)
	for _, t := range n.targets {
		if t == to.table {
			return s.db.get(to.table, to.id)
		}
	}
	return nil
}

// formatted is the text people see in the screens (United States, but for labels in the caller's language).
func (s *Simulator) formatted(c *column, r *row, v any) string {
	switch x := v.(type) {
	case int64:
		if c.kind.isOption() {
			return c.optionIn(x, s.callersLanguage())
		}
		return groups(strconv.FormatInt(x, 10))
	case bool:
		return c.truth(x, s.callersLanguage())
	case choices:
		var texts []string
		for _, n := range x.values() {
			texts = append(texts, c.optionIn(n, s.callersLanguage()))
		}
		return strings.Join(texts, "; ")
	case decimal:
		if c.kind == kindMoney {
			return s.currencySymbol(c, r) + groups(x.text)
		}
		return groups(x.text)
	case date:
		t, _ := time.Parse(time.DateOnly, string(x))
		return t.Format("1/2/2006")
	case time.Time:
		return t12(x)
	case ref:
		return s.primaryName(x)
	}
	return ""
}

func (s *Simulator) currencySymbol(c *column, r *row) string {
	cur := r.ref("transactioncurrencyid").id
	if c.baseOf != nil || cur == "" {
		cur = EuroID
	}
	if to := s.db.get("transactioncurrency", cur); to != nil {
		return to.text("currencysymbol")
	}
	return ""
}

func t12(t time.Time) string { return t.Format("1/2/2006 3:04 PM") }

func (s *Simulator) primaryName(to ref) string {
	if r := s.db.get(to.table, to.id); r != nil {
		return r.text(s.schema.tables[to.table].primaryName)
	}
	return ""
}

// groups puts a comma between thousands.
func groups(n string) string {
	whole, fraction, has := strings.Cut(n, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		return sign + whole + "." + fraction
	}
	return sign + whole
}
