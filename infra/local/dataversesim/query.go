package dataversesim

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxPage = 5000

// query is a compiled read of one table.
type query struct {
	s         *Simulator
	table     *table
	view      *view
	where     predicate
	order     []orderKey
	opts      options
	principal bool // $expand of an owner shows the principal only
	reach     int64
}

type orderKey struct {
	operand
	desc bool
}

func (s *Simulator) noProperty(t *table, name string) *apiError {
	return fail(400, s.sw.text("unknownColumnCode"), "Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.%s'.", name, t.name)
}

// compile checks the options against a table.
func (s *Simulator) compile(t *table, o options) (*query, error) {
	if err := s.allows(s.calling, "read", t, ""); err != nil {
		return nil, err
	}
	s.fillRights(t.name)
	q := &query{s: s, table: t, opts: o, reach: s.tableReach("read", t)}
	v, err := s.selection(t, o.sel)
	if err != nil {
		return nil, err
	}
	q.view = v
	if q.where, err = compileFilter(o.filter, s.resolver(t), s.filterCollections(t)); err != nil {
		return nil, err
	}
	if o.order != "" {
		if q.order, err = compileOrder(o.order, s.resolver(t)); err != nil {
			return nil, err
		}
	}
	for _, e := range o.expand {
		x, err := s.compileExpand(t, e)
		if err != nil {
			return nil, err
		}
		v.expand = append(v.expand, x)
	}
	return q, nil
}

// selection resolves $select. The primary id always comes along, and the currency with any amount.
func (s *Simulator) selection(t *table, sel []string) (*view, error) {
	v := &view{table: t, sel: sel}
	if len(sel) == 0 || len(sel) == 1 && sel[0] == "*" {
		v.sel = nil
		for _, c := range t.order {
			if c.kind != kindSecret {
				v.cols = append(v.cols, c)
			}
		}
		return v, nil
	}
	id, money := false, false
	for _, name := range sel {
		c := t.props[name]
		if c == nil {
			if t.columns[name] != nil && t.columns[name].kind == kindSecret {
				continue // a secret column exists and shows nothing
			}
			return nil, s.noProperty(t, name)
		}
		if !slices.Contains(v.cols, c) {
			v.cols = append(v.cols, c)
		}
		id = id || c.name == t.primaryID
		money = money || c.kind == kindMoney
	}
	if money && !slices.Contains(v.cols, t.currency) {
		v.cols = append(v.cols, t.currency)
	}
	if !id {
		v.cols = append(v.cols, t.columns[t.primaryID])
	}
	return v, nil
}

func compileOrder(text string, resolve resolver) ([]orderKey, error) {
	var out []orderKey
	for _, item := range strings.Split(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, syntax("Syntax error in the $orderby expression '%s'.", text)
		}
		o, err := resolve(words[0])
		if err != nil {
			return nil, err
		}
		out = append(out, orderKey{o, len(words) == 2 && words[1] == "desc"})
	}
	return out, nil
}

func (s *Simulator) compileExpand(t *table, e expandOption) (expansion, error) {
	x := expansion{name: e.nav, nav: t.navs[e.nav], coll: t.collections[e.nav]}
	var err error
	switch {
	case x.nav != nil && len(x.nav.targets) > 1:
		for _, name := range e.opts.sel {
			if name != "ownerid" {
				return x, syntax("Could not find a property named '%s' on type 'Microsoft.Dynamics.CRM.principal'.", name)
			}
		}
		x.q = &query{s: s, principal: true}
	case x.nav != nil:
		if e.opts.filter != "" || e.opts.order != "" || e.opts.top >= 0 {
			return x, syntax("$filter, $orderby and $top are not allowed in $expand of the single-valued property '%s'.", e.nav)
		}
		x.q, err = s.compile(s.schema.tables[x.nav.targets[0]], e.opts)
	case x.coll != nil:
		x.q, err = s.compile(s.schema.tables[x.coll.child], e.opts)
	default:
		err = s.noProperty(t, e.nav)
	}
	return x, err
}

// rows are all rows that match, in order.
func (q *query) rows(extra predicate) []*row {
	var out []*row
	asOf := q.s.listTime()
	layered := publishable(q.table.name) || q.opts.unpublished
	wanted := func(r *row) bool { return r != nil && (extra == nil || extra(r)) && q.where(r) && q.visible(r) }
	for _, sl := range q.s.db.tables[q.table.name].order {
		r := sl.at(asOf)
		if !layered { // nearly all rows: nothing is made for each of thousands
			if wanted(r) {
				out = append(out, r)
			}
			continue
		}
		for _, r := range q.s.layers(q.table, r, q.opts.unpublished) {
			if wanted(r) {
				out = append(out, r)
			}
		}
	}
	switch {
	case len(q.order) > 0:
		slices.SortStableFunc(out, q.less)
	case q.s.scattered():
		slices.SortStableFunc(out, func(a, b *row) int { return cmp.Compare(scatter(a.id), scatter(b.id)) })
	}
	return out
}

// visible leaves out the rows that the caller has no access to; a list does not say that there are more.
func (q *query) visible(r *row) bool {
	if !q.s.within(q.reach, q.table, r) {
		return false
	}
	denied := q.s.deniedHere().rows
	return len(denied) == 0 || !slices.Contains(denied[ref{q.table.name, r.id}], "read")
}

func (q *query) less(a, b *row) int {
	for _, k := range q.order {
		x, y := k.get(a), k.get(b)
		c := 0
		switch {
		case x == nil && y == nil:
		case x == nil:
			c = -1
		case y == nil:
			c = 1
		default:
			c = cmp.Compare(compare(x, y), 0)
		}
		if k.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func pointsTo(c *column, table, id string) predicate {
	want := ref{table, id}
	return func(r *row) bool { return r.v[c.name] == want }
}

func (q *query) children(coll *collection, parent string) []*row {
	out := q.rows(q.s.hangsOn(coll, q.parentTable(coll), parent))
	if q.opts.top >= 0 && len(out) > q.opts.top {
		out = out[:q.opts.top]
	}
	return out
}

// parentTable is the table a collection hangs on.
func (q *query) parentTable(coll *collection) string {
	if coll.through != nil {
		return ""
	}
	for i, name := range coll.col.relationships {
		if name == coll.name {
			return coll.col.targets[i]
		}
	}
	return coll.col.targets[0]
}

// context is the fragment behind $metadata#.
func (v *view) context() string {
	var parts []string
	parts = append(parts, v.sel...)
	for _, e := range v.expand {
		inner := ""
		if e.q.view != nil {
			inner = strings.TrimPrefix(e.q.view.context(), e.q.view.table.set)
		}
		if !strings.HasPrefix(inner, "(") {
			inner = "()"
		}
		parts = append(parts, e.name+inner)
	}
	if len(parts) == 0 {
		return v.table.set
	}
	return v.table.set + "(" + strings.Join(parts, ",") + ")"
}

func contextMember(root, fragment string) string {
	return string(append(quote([]byte(`"@odata.context":`), root+"$metadata#"+fragment), ','))
}

// readRow answers GET of one record.
func (s *Simulator) readRow(c *call, t *table, r *row) (*answer, error) {
	o, p := c.opts, c.prefer
	if o.filter != "" || o.order != "" || o.top >= 0 || o.count {
		return nil, syntax("The query options $filter, $orderby, $top and $count cannot be applied to a single record.")
	}
	q, err := s.compile(t, o)
	if err != nil {
		return nil, err
	}
	if err := s.allows(s.calling, "read", t, r.id); err != nil {
		return nil, err
	}
	conditional := len(o.expand) == 0 && len(p.annotations) == 0
	if c.header.Get("If-None-Match") == r.etag() && conditional {
		return &answer{status: 304, etag: r.etag()}, nil
	}
	body := s.renderer(c.root, &p).row(make([]byte, 0, rowSize), q.view, r, contextMember(c.root, q.view.context()+"/$entity"))
	return &answer{status: 200, body: body, etag: r.etag()}, nil
}

// readCollection answers GET of many records; extra limits them to those of a parent.
func (s *Simulator) readCollection(c *call, t *table, extra predicate) (*answer, error) {
	if c.prefer.track || c.opts.deltaToken != "" || strings.HasPrefix(c.opts.skipToken, "delta") {
		return s.readTracked(c, t)
	}
	q, err := s.compile(t, c.opts)
	if err != nil {
		return nil, err
	}
	all := q.rows(extra)
	total := len(all)
	if c.opts.top >= 0 {
		all = all[:min(len(all), c.opts.top, maxPage)]
	}
	start, err := q.start(all, c.opts.skipToken)
	if err != nil {
		return nil, err
	}
	page, next := all[start:], ""
	if size := s.pageSize(c.prefer); len(page) > size && c.opts.top < 0 {
		page = page[:size]
		next = c.link("$skiptoken", q.skipToken(page, start))
	}
	return s.page(c, q, page, total, next), nil
}

// skipToken says where the next page begins: behind the last row, or with $orderby by number of rows.
func (q *query) skipToken(page []*row, start int) string {
	if len(q.order) > 0 || q.s.scattered() {
		return "skip," + itoa(start+len(page))
	}
	return "after," + strconv.FormatInt(q.seq(page[len(page)-1]), 10)
}

func (q *query) seq(r *row) int64 { return q.s.db.tables[q.table.name].byID[r.id].seq }

// start is the index of the first row of the page that a token asks for.
func (q *query) start(all []*row, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	kind, text, _ := strings.Cut(token, ",")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || kind != "skip" && kind != "after" {
		return 0, syntax("Malformed skip token '%s'.", clip(token, 100))
	}
	if kind == "skip" {
		return min(int(n), len(all)), nil
	}
	i, _ := slices.BinarySearchFunc(all, n+1, func(r *row, want int64) int { return cmp.Compare(q.seq(r), want) })
	return i, nil
}

func (s *Simulator) pageSize(p prefer) int {
	size := s.sw.number("pageSize")
	if p.pageSize > 0 {
		size = min(size, p.pageSize)
	}
	return size
}

// page writes a collection.
func (s *Simulator) page(c *call, q *query, rows []*row, total int, next string) *answer {
	b := append(make([]byte, 0, 256+len(rows)*512), '{')
	b = append(b, contextMember(c.root, q.view.context())...)
	if c.opts.count {
		b = append(b, `"@odata.count":`...)
		b = append(strconv.AppendInt(b, int64(min(total, maxPage)), 10), ',')
	}
	if c.prefer.wants("Microsoft.Dynamics.CRM.totalrecordcount") {
		n := -1
		if c.opts.count {
			n = min(total, maxPage)
		}
		b = append(b, `"@Microsoft.Dynamics.CRM.totalrecordcount":`...)
		b = append(strconv.AppendInt(b, int64(n), 10), ',')
		b = append(b, `"@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded":`...)
		b = append(strconv.AppendBool(b, c.opts.count && total > maxPage), ',')
	}
	b = append(b, `"value":[`...)
	w := s.renderer(c.root, &c.prefer)
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = w.row(b, q.view, r, "")
	}
	b = append(b, ']')
	if next != "" {
		b = quote(append(b, `,"@odata.nextLink":`...), next)
	}
	return &answer{status: 200, body: append(b, '}')}
}

// link is the address of this request with one opaque token set.
func (c *call) link(name, value string) string {
	var keep []string
	for _, pair := range strings.Split(c.query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if key, _ = url.QueryUnescape(key); pair != "" && key != "$skiptoken" && key != "$deltatoken" {
			keep = append(keep, pair)
		}
	}
	keep = append(keep, name+"="+url.QueryEscape(value))
	return c.root + c.path + "?" + strings.Join(keep, "&")
}
