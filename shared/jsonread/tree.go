package jsonread

import (
	"encoding/json"
	"slices"
	"strings"
)

// building is what has been read of objects and lists that have not ended, innermost last: each is made once its size is known.
type building struct {
	names  []string
	values []any
	whole  bool       // what is read may be part of the text
	known  [][]string // by depth: the names of the object that ended there last. The next one mostly has the same
}

// Tree reads one JSON document: objects as map[string]any, lists as []any, numbers as json.Number as they are written. Of
// members of one name the last counts. What stands in the tree is part of one copy of the text, which lives as long as any of it.
func Tree(text []byte) (any, error) {
	r := Of(string(text))
	r.tree.whole = true
	r.tree.names, r.tree.values = make([]string, 0, 64), make([]any, 0, 64) // a record has a few dozen members
	v := r.Value()
	return v, r.End()
}

// Value reads whatever comes next, as Tree does, but keeps nothing of the text: that may hold thousands of records.
func (r *Reader) Value() any {
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		return r.list()
	case '"':
		return r.tree.own(r.quoted())
	case 't', 'f':
		return r.Flag()
	case 'n':
		if r.Null() {
			return nil
		}
	}
	return json.Number(r.tree.own(r.number()))
}

func (r *Reader) object() any {
	if !r.open('{') {
		return nil
	}
	b, depth := &r.tree, r.depth
	name, value := len(b.names), len(b.values)
	for first := true; r.more('}', first); first = false {
		b.names = append(b.names, r.quoted())
		if r.colon() {
			v := r.Value()
			b.values = append(b.values, v)
		}
	}
	if r.err != nil {
		return nil
	}
	names, values := b.names[name:], b.values[value:]
	if !b.whole {
		names = b.keep(depth, names)
	}
	out := make(map[string]any, len(names))
	for i, n := range names {
		out[n] = values[i]
	}
	clear(values)
	b.names, b.values = b.names[:name], b.values[:value]
	return out
}

// own is a text as it stands in the tree.
func (b *building) own(text string) string {
	if b.whole {
		return text
	}
	return strings.Clone(text)
}

func (r *Reader) list() any {
	if !r.open('[') {
		return nil
	}
	b := &r.tree
	value := len(b.values)
	for first := true; r.more(']', first); first = false {
		v := r.Value()
		b.values = append(b.values, v)
	}
	values := b.values[value:]
	out := make([]any, len(values))
	copy(out, values)
	clear(values)
	b.values = b.values[:value]
	return out
}

// keep gives the names apart from the text: those of the last object, or copies that lie in one piece.
func (b *building) keep(depth int, names []string) []string {
	for len(b.known) <= depth {
		b.known = append(b.known, nil)
	}
	if slices.Equal(b.known[depth], names) {
		return b.known[depth]
	}
	all, own := strings.Join(names, ""), make([]string, len(names))
	for i, n := range names {
		own[i], all = all[:len(n)], all[len(n):]
	}
	b.known[depth] = own
	return own
}
