package dataversesim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// document is one metadata object; members keep the order they are added in.
type document struct {
	names  []string
	values map[string]any
}

// mostMembers is how many members the definition of a table or a column has at most, about.
const mostMembers = 32

// sized is a document with room for so many members: there are many, and to grow costs more than to fill.
func sized(members int) *document {
	return &document{names: make([]string, 0, members), values: make(map[string]any, members)}
}

func (d *document) add(name string, v any) *document {
	if d.values == nil {
		d.values = map[string]any{}
	}
	d.names = append(d.names, name)
	d.values[name] = v
	return d
}

// MarshalJSON writes the members in order.
func (d *document) MarshalJSON() ([]byte, error) {
	return d.append(nil)
}

func (d *document) append(b []byte) (_ []byte, err error) {
	b = append(b, '{')
	for i, name := range d.names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendMember(append(quote(b, name), ':'), d.values[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendMember writes what a document holds: documents, lists, and what JSON knows.
func appendMember(b []byte, v any) (_ []byte, err error) {
	switch v := v.(type) {
	case *document:
		if v == nil {
			return append(b, "null"...), nil
		}
		return v.append(b)
	case []any:
		if v == nil {
			return append(b, "null"...), nil
		}
		b = append(b, '[')
		for i, one := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendMember(b, one); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

// metadata reads and changes definitions.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/query-metadata-web-api
func (s *Simulator) metadata(c *call, t *tx, segs []segment) (*answer, error) {
	if c.method != http.MethodGet {
		return s.changeMetadata(c, t, segs)
	}
	if err := s.needs("read", "Entity"); err != nil {
		return nil, err
	}
	if slices.Contains(s.deniedHere().tables[metadataTable], "read") {
		return nil, missingPrivilege(s.calling, "read", "Entity", metadataTable)
	}
	given := s.answers()
	if given == nil {
		return s.definitions(c, segs)
	}
	key := s.alikeKey(c)
	if a, ok := given.kept(key); ok {
		return &a, nil
	}
	a, err := s.definitions(c, segs)
	if err == nil {
		kept := *a
		given.keep(key, &kept)
	}
	return a, err
}

func (s *Simulator) definitions(c *call, segs []segment) (*answer, error) {
	switch segs[0].name {
	case "EntityDefinitions":
		return s.entityDefinitions(c, segs)
	case "GlobalOptionSetDefinitions":
		return s.optionSets(c, segs)
	}
	return s.relationshipDefinitions(c, segs)
}

func notInMetadata(what, name string) *apiError {
	return fail(404, codeNotFound, "Could not find %s with the name '%s' in the MetadataCache.", what, clip(name, 100))
}

// named reads LogicalName='x' or an id.
func named(seg segment, key string) string {
	name, value, _ := strings.Cut(seg.args, "=")
	if text, ok := unquote(value); ok && name == key {
		return text
	}
	return seg.args
}

func (s *Simulator) entityDefinitions(c *call, segs []segment) (*answer, error) {
	if !segs[0].hasArgs {
		var all []*document
		for _, t := range s.schema.order {
			if !s.unseen(c, t.created) {
				all = append(all, s.entityDocument(t))
			}
		}
		return s.metadataList(c, "EntityDefinitions", all, segs[1:])
	}
	id := named(segs[0], "LogicalName")
	t := s.tableCalled(id)
	if t == nil || s.unseen(c, t.created) {
		return nil, notInMetadata("an entity", id)
	}
	if len(segs) == 1 {
		if len(c.opts.expand) == 0 {
			return s.metadataOne(c, "EntityDefinitions", s.entityAlone(t))
		}
		return s.metadataOne(c, "EntityDefinitions", s.entityDocument(t))
	}
	rest := segs[2:]
	switch segs[1].name {
	case "Attributes":
		return s.attributeDefinitions(c, t, segs[1], rest)
	case "Keys":
		return s.keyDefinitions(c, t, segs[1], rest)
	case "ManyToOneRelationships":
		return s.metadataList(c, "EntityDefinitions('"+t.name+"')/ManyToOneRelationships", s.manyToOne(t), rest)
	case "OneToManyRelationships":
		return s.metadataList(c, "EntityDefinitions('"+t.name+"')/OneToManyRelationships", s.oneToMany(t), rest)
	case "ManyToManyRelationships":
		return s.metadataList(c, "EntityDefinitions('"+t.name+"')/ManyToManyRelationships", nil, rest)
	}
	return nil, s.noResource(segs[1].name)
}

func (s *Simulator) attributeDefinitions(c *call, t *table, seg segment, rest []segment) (*answer, error) {
	cast := ""
	if len(rest) == 1 && strings.HasPrefix(rest[0].name, "Microsoft.Dynamics.CRM.") {
		cast = strings.TrimPrefix(rest[0].name, "Microsoft.Dynamics.CRM.")
	} else if len(rest) > 0 {
		return nil, s.noResource(rest[0].name)
	}
	context := "EntityDefinitions('" + t.name + "')/Attributes"
	if seg.hasArgs {
		id := named(seg, "LogicalName")
		for _, col := range t.order {
			if (col.name == id || fixedID("column/"+t.name+"/"+col.name) == id) && (cast == "" || cast == col.metadataType()) && !s.unseen(c, col.created) {
				return s.metadataOne(c, context, s.columnDocument(col, cast != ""))
			}
		}
		return nil, notInMetadata("an attribute", id)
	}
	var all []*document
	for _, col := range t.order {
		if (cast == "" || cast == col.metadataType()) && !s.unseen(c, col.created) {
			all = append(all, s.columnDocument(col, cast != ""))
		}
	}
	return s.metadataList(c, context, all, nil)
}

func (s *Simulator) optionSets(c *call, segs []segment) (*answer, error) {
	if !segs[0].hasArgs {
		var all []*document
		names := make([]string, 0, len(s.schema.choices))
		for name := range s.schema.choices {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			if !s.unseen(c, s.schema.choices[name].created) {
				all = append(all, s.optionSetDocument(s.schema.choices[name]))
			}
		}
		return s.metadataList(c, "GlobalOptionSetDefinitions", all, segs[1:])
	}
	id := named(segs[0], "Name")
	for name, ch := range s.schema.choices {
		if (name == id || fixedID("choice/"+name) == id) && !s.unseen(c, ch.created) {
			return s.metadataOne(c, "GlobalOptionSetDefinitions", s.optionSetDocument(ch))
		}
	}
	return nil, notInMetadata("an option set", id)
}

// metadataOne answers one definition with $select and $expand.
func (s *Simulator) metadataOne(c *call, context string, d *document) (*answer, error) {
	speak(d, s.callersLanguage())
	out, err := project(d, c.opts)
	if err != nil {
		return nil, err
	}
	list := out.(*document)
	head := (&document{}).add("@odata.context", c.root+"$metadata#"+context+"/$entity")
	head.names = append(head.names, list.names...)
	for name, v := range list.values {
		head.values[name] = v
	}
	return jsonAnswer(head)
}

// metadataList answers definitions with $select, $filter, $top and $expand; a trailing cast is taken as given.
func (s *Simulator) metadataList(c *call, context string, all []*document, rest []segment) (*answer, error) {
	if len(rest) > 1 || len(rest) == 1 && !strings.HasPrefix(rest[0].name, "Microsoft.Dynamics.CRM.") {
		return nil, s.noResource(rest[0].name)
	}
	where, err := compileFilter(c.opts.filter, func(path string) (operand, error) {
		names := strings.Split(path, "/")
		return operand{get: func(r *row) any { return dig(r.v[""], names) }}, nil
	}, nil)
	if err != nil {
		return nil, err
	}
	value := []any{}
	for _, d := range all {
		if c.opts.top >= 0 && len(value) >= c.opts.top {
			break
		}
		if !where(&row{v: map[string]any{"": d}}) {
			continue
		}
		speak(d, s.callersLanguage())
		one, err := project(d, c.opts)
		if err != nil {
			return nil, err
		}
		value = append(value, one)
	}
	return jsonAnswer((&document{}).add("@odata.context", c.root+"$metadata#"+context).add("value", value))
}

func dig(v any, names []string) any {
	for _, name := range names {
		d, ok := v.(*document)
		if !ok {
			return nil
		}
		v = d.values[name]
	}
	return v
}

func jsonAnswer(d *document) (*answer, error) {
	b, err := d.append(make([]byte, 0, 4096))
	if err != nil {
		return nil, err
	}
	return &answer{status: 200, body: b}, nil
}

// expandable members of definitions are shown only with $expand.
func expandable(name string) bool {
	return slices.Contains([]string{"Attributes", "Keys", "OptionSet", "GlobalOptionSet", "ManyToOneRelationships", "OneToManyRelationships", "ManyToManyRelationships"}, name)
}

// project applies $select and $expand.
func project(v any, o options) (any, error) {
	d, ok := v.(*document)
	if !ok {
		return v, nil
	}
	out := &document{values: map[string]any{}}
	for _, name := range o.sel {
		if _, known := d.values[name]; !known || expandable(name) {
			return nil, syntax("Could not find a property named '%s' on this type of metadata.", name)
		}
	}
	for _, name := range d.names {
		always := strings.HasPrefix(name, "@") || name == "MetadataId"
		if !expandable(name) && (always || len(o.sel) == 0 || slices.Contains(o.sel, name)) {
			out.add(name, d.values[name])
		}
	}
	for _, e := range o.expand {
		inner, known := d.values[e.nav]
		if !known || !expandable(e.nav) {
			return nil, syntax("Could not find a property named '%s' on this type of metadata.", e.nav)
		}
		list, isList := inner.([]*document)
		if !isList {
			one, err := project(inner, e.opts)
			if err != nil {
				return nil, err
			}
			out.add(e.nav, one)
			continue
		}
		items := []any{}
		for _, x := range list {
			one, err := project(x, e.opts)
			if err != nil {
				return nil, err
			}
			items = append(items, one)
		}
		out.add(e.nav, items)
	}
	return out, nil
}

// keyDefinitions serves Keys below a table's definition.
func (s *Simulator) keyDefinitions(c *call, t *table, seg segment, rest []segment) (*answer, error) {
	context := "EntityDefinitions('" + t.name + "')/Keys"
	var seen []*document
	id := named(seg, "LogicalName")
	for i, d := range s.keyDocuments(t) {
		if s.unseen(c, t.keys[i].created) {
			continue
		}
		if k := t.keys[i]; seg.hasArgs && t.keyCalled(id) == k {
			return s.metadataOne(c, context, d)
		}
		seen = append(seen, d)
	}
	if seg.hasArgs {
		return nil, notInMetadata("an entity key", id)
	}
	return s.metadataList(c, context, seen, rest)
}

// relationshipDefinitions are those of one to many; there are none of many to many.
func (s *Simulator) relationshipDefinitions(c *call, segs []segment) (*answer, error) {
	var all []*document
	for _, t := range s.schema.order {
		for _, col := range t.order {
			for i, target := range col.targets {
				d := s.relationship(col, i, target)
				if s.unseen(c, col.created) {
					continue
				}
				if id := named(segs[0], "SchemaName"); segs[0].hasArgs && (strings.EqualFold(id, col.relationshipName(i, target)) || d.values["MetadataId"] == strings.ToLower(id)) {
					return s.metadataOne(c, "RelationshipDefinitions", d)
				}
				all = append(all, d)
			}
		}
	}
	if segs[0].hasArgs {
		return nil, notInMetadata("an entity relationship", named(segs[0], "SchemaName"))
	}
	if len(segs) == 2 && strings.HasSuffix(segs[1].name, "ManyToManyRelationshipMetadata") {
		all = nil
	}
	return s.metadataList(c, "RelationshipDefinitions", all, segs[1:])
}
