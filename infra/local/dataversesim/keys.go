package dataversesim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// rowKey names one record: by id, or by the values of an alternate key.
type rowKey struct {
	id     string
	values map[*column]any
	text   string
}

func (s *Simulator) noResource(name string) *apiError {
	return fail(404, s.sw.text("unknownTableCode"), "Resource not found for the segment '%s'.", name)
}

// parseKey reads what stands between the parentheses of an entity set.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-alternate-key-reference-record
func (s *Simulator) parseKey(t *table, args string) (rowKey, error) {
	if guidPattern.MatchString(args) {
		return rowKey{id: strings.ToLower(args), text: args}, nil
	}
	k := rowKey{values: map[*column]any{}, text: args}
	for _, part := range splitOutside(args, ',') {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return k, syntax("Bad Request - Error in query syntax: '%s' is neither an id nor a key.", clip(args, 100))
		}
		if name == t.primaryID && guidPattern.MatchString(value) {
			return rowKey{id: strings.ToLower(value), text: args}, nil
		}
		c := t.props[name]
		if c == nil {
			return k, badKey(t)
		}
		if strings.ContainsAny(value, `/<>*%&:\?+`) {
			return k, fail(400, "", "A potentially dangerous Request.Path value was detected from the client.")
		}
		v, err := c.keyValue(value)
		if err != nil {
			return k, err
		}
		k.values[c] = v
	}
	for _, def := range t.keys {
		if k.fits(def) && def.status() == "Active" {
			return k, nil
		}
	}
	return k, badKey(t)
}

func (k rowKey) fits(def *key) bool {
	if len(def.columns) != len(k.values) {
		return false
	}
	for _, c := range def.columns {
		if _, ok := k.values[c]; !ok {
			return false
		}
	}
	return true
}

func badKey(t *table) *apiError {
	return syntax("The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.%s'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource.", t.name)
}

func (c *column) keyValue(text string) (any, error) {
	if s, ok := unquote(text); ok {
		return c.parse(s)
	}
	if c.kind.isLookup() {
		if guidPattern.MatchString(text) {
			return ref{c.targets[0], strings.ToLower(text)}, nil
		}
		return nil, badKey(c.table)
	}
	if c.kind == kindDate || c.kind == kindDateTime {
		return c.parse(text)
	}
	if !numberPattern.MatchString(text) {
		return nil, badKey(c.table)
	}
	return c.parse(json.Number(text))
}

// find reads the record a key names; nil when there is none.
func (s *Simulator) find(t *table, k rowKey) *row {
	if k.values == nil {
		return s.db.get(t.name, k.id)
	}
	for _, def := range t.keys {
		if !k.fits(def) {
			continue
		}
		text, whole := def.text(func(c *column) any { return k.values[c] })
		if !whole {
			return nil
		}
		rows := s.db.tables[t.name]
		return rows.get(rows.index(def)[text])
	}
	return nil
}

// text joins the values of a key; false when one is missing.
func (k *key) text(value func(*column) any) (string, bool) {
	var b strings.Builder
	for _, c := range k.columns {
		v := value(c)
		if v == nil {
			return "", false
		}
		switch x := v.(type) {
		case decimal:
			v = x.num
		case ref:
			v = x.id
		}
		fmt.Fprintf(&b, "%v\x00", v)
	}
	return strings.ToLower(b.String()), true
}

// index is where the rows are by the values of a key.
func (r *rows) index(def *key) map[string]string {
	if m := r.finds[def]; m != nil {
		return m
	}
	m := map[string]string{}
	for _, sl := range r.order {
		if sl.row != nil {
			if text, whole := def.text(sl.row.value); whole {
				m[text] = sl.id
			}
		}
	}
	if r.finds == nil {
		r.finds = map[*key]map[string]string{}
	}
	r.finds[def] = m
	return m
}

// reindex follows a change of one row.
func (r *rows) reindex(id string, before, after *row) {
	for def, m := range r.finds {
		if before != nil {
			if text, whole := def.text(before.value); whole && m[text] == id {
				delete(m, text)
			}
		}
		if after != nil {
			if text, whole := def.text(after.value); whole {
				m[text] = id
			}
		}
	}
}

func (r *row) value(c *column) any { return r.v[c.name] }

func (k rowKey) absent(t *table) *apiError {
	if k.values != nil {
		return fail(404, codeNoKeyRow, "A record with the specified key values does not exist in %s entity", t.name)
	}
	return fail(404, codeNotFound, "Entity '%s' With Id = %s Does Not Exist", t.name, k.id)
}

// checkKeys refuses a row whose alternate key another row holds. Keys with an empty column are not protected.
func (s *Simulator) checkKeys(t *table, id string, v map[string]any) error {
	for _, def := range t.keys {
		if def.status() != "Active" {
			continue
		}
		k := rowKey{values: map[*column]any{}}
		for _, c := range def.columns {
			if v[c.name] != nil {
				k.values[c] = v[c.name]
			}
		}
		if len(k.values) < len(def.columns) {
			continue
		}
		if other := s.find(t, k); other != nil && other.id != id {
			labels := make([]string, len(def.columns))
			for i, c := range def.columns {
				labels[i] = c.label
			}
			return fail(s.sw.number("duplicateKeyStatus"), codeDuplicateKey, "A record that has the attribute values %s already exists. The entity key %s requires that this set of attributes contains unique values. Select unique values and try again.",
				strings.Join(labels, ", "), def.schemaName)
		}
	}
	return nil
}
