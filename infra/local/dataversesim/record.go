package dataversesim

import (
	"net/http"
	"strings"
)

// record serves one row and what hangs on it.
func (s *Simulator) record(c *call, t *tx, tab *table, segs []segment) (*answer, error) {
	k, err := s.parseKey(tab, segs[0].args)
	if err != nil {
		return nil, err
	}
	r := s.find(tab, k)
	if len(segs) > 1 {
		bound, isBound := strings.CutPrefix(segs[1].name, "Microsoft.Dynamics.CRM.")
		if isBound && !boundTo(tab, bound) {
			return nil, missing("%s", segs[1].name)
		}
		if r == nil {
			return nil, k.absent(tab)
		}
		if isBound && c.method != http.MethodPost && !strings.HasPrefix(bound, "Retrieve") {
			return nil, fail(404, "", "No HTTP resource was found that matches the request URI '%s'.", clip(c.path, 200))
		}
		if isBound && bound == "RetrieveUnpublished" {
			return s.readRow(c, tab, r)
		}
		if isBound {
			return s.boundAction(c, t, tab, r, strings.TrimSuffix(bound, "()"))
		}
		return s.property(c, t, tab, r, segs[1:])
	}
	switch c.method {
	case http.MethodGet:
		shown := s.layers(tab, s.asRead(tab, k, r), false)
		if len(shown) == 0 || shown[0] == nil {
			return nil, k.absent(tab)
		}
		return s.readRow(c, tab, shown[0])
	case http.MethodPatch:
		return s.patch(c, t, tab, k, r)
	case http.MethodDelete:
		if r == nil {
			return nil, k.absent(tab)
		}
		if err := s.checkMatch(c, r); err != nil {
			return nil, err
		}
		if err := t.may("delete", tab, r.id); err != nil {
			return nil, err
		}
		if err := t.judge(tab, nil, false); err != nil {
			return nil, err
		}
		t.before = r.etag()
		return &answer{status: 204}, t.remove(tab, r)
	}
	return nil, wrongVerb(c)
}

// checkMatch compares If-Match with a row that exists.
func (s *Simulator) checkMatch(c *call, r *row) error {
	want := c.header.Get("If-Match")
	if want == "" || want == "*" {
		return nil
	}
	if !s.sw.flag("optimisticConcurrency") {
		return fail(400, codeNoConcurrency, "Optimistic concurrency isn't enabled for this entity type. The IfVersionMatches behavior can only be used for entity types that have optimistic concurrency enabled.")
	}
	if want != r.etag() {
		return fail(412, codeVersion, "The version of the existing record doesn't match the RowVersion property provided.")
	}
	return nil
}

// patch updates, or creates where nothing forbids it.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/perform-conditional-operations-using-web-api
func (s *Simulator) patch(c *call, t *tx, tab *table, k rowKey, r *row) (*answer, error) {
	if r == nil {
		if c.header.Get("If-Match") != "" {
			return nil, k.absent(tab)
		}
		ch, err := s.decode(tab, c.body, true, c.refs)
		if err != nil {
			return nil, err
		}
		if k.values == nil {
			ch.add(tab.columns[tab.primaryID], guid(k.id))
		}
		for col, v := range k.values {
			if _, own := ch.set[col.name]; !own {
				ch.add(col, v)
			}
		}
		return s.createAnswer(c, t, tab, ch, k.text)
	}
	if c.header.Get("If-None-Match") == "*" {
		return nil, fail(412, codeDuplicate, "A record with matching key values already exists.")
	}
	if err := s.checkMatch(c, r); err != nil {
		return nil, err
	}
	ch, err := s.decode(tab, c.body, false, c.refs)
	if err != nil {
		return nil, err
	}
	for col := range k.values {
		ch.drop(col.name)
	}
	return s.updateAnswer(c, t, tab, r, ch, k.text)
}

func (s *Simulator) createAnswer(c *call, t *tx, tab *table, ch *change, keyText string) (*answer, error) {
	r, err := t.create(tab, ch, c.refs)
	if err != nil {
		return nil, err
	}
	if err := t.joinRow(tab, r); err != nil {
		return nil, err
	}
	t.before, t.after = "", r.etag()
	a, err := s.representation(c, tab, r, 201)
	if err != nil {
		return nil, err
	}
	if keyText == "" {
		keyText = r.id
	}
	a.entityID = c.root + tab.set + "(" + keyText + ")"
	return a, nil
}

func (s *Simulator) updateAnswer(c *call, t *tx, tab *table, old *row, ch *change, keyText string) (*answer, error) {
	r, err := t.update(tab, old, ch)
	if err != nil {
		return nil, err
	}
	if err := t.joinRow(tab, r); err != nil {
		return nil, err
	}
	t.before, t.after = old.etag(), r.etag()
	a, err := s.representation(c, tab, r, 200)
	if err != nil {
		return nil, err
	}
	a.entityID = c.root + tab.set + "(" + keyText + ")"
	return a, nil
}

// representation is the body of a write when the caller asked for it.
func (s *Simulator) representation(c *call, tab *table, r *row, status int) (*answer, error) {
	if !c.prefer.representation {
		return &answer{status: 204}, nil
	}
	q, err := s.compile(tab, options{sel: c.opts.sel, expand: c.opts.expand, top: -1})
	if err != nil {
		return nil, err
	}
	body := s.renderer(c.root, &c.prefer).row(make([]byte, 0, rowSize), q.view, r, contextMember(c.root, q.view.context()+"/$entity"))
	return &answer{status: status, body: body, etag: r.etag()}, nil
}

// property serves set(key)/name and what may follow.
func (s *Simulator) property(c *call, t *tx, tab *table, r *row, segs []segment) (*answer, error) {
	name := segs[0].name
	last := segs[len(segs)-1].name
	if n := tab.navs[name]; n != nil {
		return s.reference(c, t, tab, n, r, len(segs) > 1 && last == "$ref")
	}
	if coll := tab.collections[name]; coll != nil {
		return s.many(c, t, tab, coll, r, segs)
	}
	col := tab.props[name]
	if col == nil || len(segs) > 1 {
		return nil, s.noResource(name)
	}
	switch c.method {
	case http.MethodGet:
		if err := t.may("read", tab, r.id); err != nil {
			return nil, err
		}
		v := r.v[col.name]
		if v == nil || s.deniedHere().hides(col) {
			return &answer{status: 204}, nil
		}
		b := append([]byte{'{'}, contextMember(c.root, tab.set+"("+r.id+")/"+name)...)
		b = appendValue(append(b, `"value":`...), v)
		return &answer{status: 200, body: append(b, '}')}, nil
	case http.MethodPut, http.MethodDelete:
		raw := []byte("null")
		if c.method == http.MethodPut {
			list, err := members(c.body)
			if err != nil {
				return nil, err
			}
			if len(list) != 1 || list[0].name != "value" {
				return nil, fail(400, codePayload, `The body of PUT on a single property is {"value": …}.`)
			}
			raw = list[0].raw
		}
		ch := newChange()
		if err := s.decodeMember(tab, ch, member{name, raw}, false, nil); err != nil {
			return nil, err
		}
		c.prefer.representation = false
		a, err := s.updateAnswer(c, t, tab, r, ch, r.id)
		if a != nil {
			a.entityID = ""
		}
		return a, err
	}
	return nil, wrongVerb(c)
}

// reference serves a single-valued navigation property and its $ref.
func (s *Simulator) reference(c *call, t *tx, tab *table, n *nav, r *row, isRef bool) (*answer, error) {
	switch {
	case c.method == http.MethodGet:
		target := s.follow(n, r)
		if target == nil {
			return &answer{status: 204}, nil
		}
		to := s.schema.tables[r.ref(n.col.name).table]
		if !isRef {
			return s.readRow(c, to, target)
		}
		b := append([]byte{'{'}, contextMember(c.root, "$ref")...)
		b = quote(append(b, `"@odata.id":`...), c.root+to.set+"("+target.id+")")
		return &answer{status: 200, body: append(b, '}')}, nil
	case isRef && (c.method == http.MethodPut || c.method == http.MethodDelete):
		ch := newChange()
		if err := n.col.writable(false, s.sw); err != nil || n.col.ignored(false, s.sw) {
			return &answer{status: 204}, err
		}
		ch.add(n.col, nil)
		if c.method == http.MethodPut {
			link, err := referenceBody(c.body)
			if err != nil {
				return nil, err
			}
			if err := s.decodeBind(tab, ch, n.name, link, false, c.refs); err != nil {
				return nil, err
			}
		}
		c.prefer.representation = false
		if _, err := s.updateAnswer(c, t, tab, r, ch, r.id); err != nil {
			return nil, err
		}
		return &answer{status: 204}, nil
	}
	return nil, wrongVerb(c)
}

// referenceBody reads {"@odata.id": link}.
func referenceBody(body []byte) (string, error) {
	list, err := members(body)
	if err != nil {
		return "", err
	}
	for _, m := range list {
		if link, ok := decodeValue(m.raw).(string); ok && m.name == "@odata.id" {
			return link, nil
		}
	}
	return "", fail(400, codePayload, `The body of a $ref request is {"@odata.id": "<address of a record>"}.`)
}

// many serves a collection-valued navigation property, its $count and its $ref.
func (s *Simulator) many(c *call, t *tx, tab *table, coll *collection, r *row, segs []segment) (*answer, error) {
	child := s.schema.tables[coll.child]
	last := ""
	if len(segs) == 2 {
		last = segs[1].name
	}
	hangsHere := s.hangsOn(coll, tab.name, r.id)
	switch {
	case len(segs) == 1 && !segs[0].hasArgs && c.method == http.MethodGet:
		return s.readCollection(c, child, hangsHere)
	case len(segs) == 1 && !segs[0].hasArgs && c.method == http.MethodPost && coll.through == nil:
		ch, err := s.decode(child, c.body, true, c.refs)
		if err != nil {
			return nil, err
		}
		ch.add(coll.col, ref{tab.name, r.id})
		return s.createAnswer(c, t, child, ch, "")
	case last == "$count" && c.method == http.MethodGet:
		return s.count(c, child, hangsHere)
	case last == "$ref" && (c.method == http.MethodPost || c.method == http.MethodDelete):
		return s.relate(c, t, tab, coll, r, segs[0])
	}
	return nil, wrongVerb(c)
}

// relate links or unlinks a row of the many side.
func (s *Simulator) relate(c *call, t *tx, tab *table, coll *collection, r *row, seg segment) (*answer, error) {
	child := s.schema.tables[coll.child]
	link := "/" + child.set + "(" + seg.args + ")"
	if c.method == http.MethodPost {
		var err error
		if link, err = referenceBody(c.body); err != nil {
			return nil, err
		}
	}
	to, err := s.resolveLink(link, c.refs)
	if err != nil {
		return nil, err
	}
	if to.table != child.name {
		return nil, fail(400, codePayload, "The link '%s' does not lead to entity '%s'.", clip(link, 200), child.name)
	}
	if coll.through != nil {
		return s.relateMany(c, t, tab, coll, r, to)
	}
	ch := newChange()
	ch.add(coll.col, nil)
	if c.method == http.MethodPost {
		ch.add(coll.col, ref{tab.name, r.id})
	}
	if _, err := s.updateAnswer(&call{root: c.root}, t, child, s.db.get(child.name, to.id), ch, to.id); err != nil {
		return nil, err
	}
	return &answer{status: 204}, nil
}

// boundTo says whether an action or function is offered for rows of a table.
func boundTo(tab *table, name string) bool {
	switch name {
	case "QualifyLead":
		return tab.name == "lead"
	case "AddPrivilegesRole", "ReplacePrivilegesRole", "RemovePrivilegeRole", "RetrieveRolePrivilegesRole":
		return tab.name == "role"
	case "RetrieveUserPrivileges":
		return tab.name == "systemuser"
	case "RetrieveUnpublished":
		return publishable(tab.name)
	}
	return false
}

func (s *Simulator) boundAction(c *call, t *tx, tab *table, r *row, name string) (*answer, error) {
	switch tab.name {
	case "role":
		return s.roleAction(c, t, r, name)
	case "systemuser":
		roles := s.rolesOf(r.id)
		switch {
		case s.role.nobody[r.id]:
			roles = nil
		case r.v["applicationid"] == nil:
			roles = []string{SystemAdministratorRoleID} // people may do everything
		}
		return s.rolePrivilegesAnswer(c, "RetrieveUserPrivilegesResponse", roles, tab, s.deprived(r.id))
	}
	return s.qualifyAction(c, t, r)
}
