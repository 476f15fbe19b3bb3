package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// Pointer is a place in a referral: a JSON pointer whose segments may also choose members of a list: by number
// (/tags/0), by a value (/customerProfile/ids/profileType=Duns/id), or all of them
// (/details/requirements/industries/*/id).
type Pointer struct {
	list string // the plain pointer up to the list, "" where the whole pointer is plain
	rest []step // into the list
	text string
}

// step is one segment behind a list.
type step struct {
	name       string // member of an object
	index      int    // of a list, -1 otherwise
	every      bool   // all members of a list
	key, equal string // the member of a list whose key says so
}

var (
	pointerSegment = pattern.New(`^[A-Za-z][A-Za-z0-9_]*$`)
	pointerIndex   = pattern.New(`^(0|[1-9][0-9]?)$`)
	pointerChoice  = pattern.New(`^([A-Za-z][A-Za-z0-9_]*)=([^/=~]+)$`)
)

// parsePointer reads a pointer; bad is the segment that cannot be one.
func parsePointer(text string) (p Pointer, bad string, ok bool) {
	p.text = text
	plain := ""
	for segment := range strings.SplitSeq(strings.TrimPrefix(text, "/"), "/") {
		inside := p.list != ""
		choice := pointerChoice.FindStringSubmatch(segment)
		switch {
		case pointerSegment.MatchString(segment) && !inside:
			plain += "/" + segment
		case pointerSegment.MatchString(segment):
			p.rest = append(p.rest, step{name: segment, index: -1})
		case choice != nil && !inside && plain != "":
			p.list = plain
			p.rest = append(p.rest, step{index: -1, key: choice[1], equal: choice[2]})
		case pointerIndex.MatchString(segment) && (inside || plain != ""):
			n, _ := strconv.Atoi(segment) // two digits at most
			p.list = FirstText(p.list, plain)
			p.rest = append(p.rest, step{index: n})
		case segment == "*" && !inside && plain != "":
			p.list = plain
			p.rest = append(p.rest, step{index: -1, every: true})
		default:
			return p, segment, false
		}
	}
	return p, "", true
}

// Pointer is where the row stands in a referral.
func (r Row) Pointer() Pointer {
	if r.pointer.text == r.Referral {
		return r.pointer
	}
	p, _, _ := parsePointer(r.Referral) // the sheet was checked when it was loaded
	return p
}

// List is the plain pointer of the list that the pointer goes into; "" where it goes into none.
func (p Pointer) List() string { return p.list }

// Every says whether the pointer means all members of a list.
func (p Pointer) Every() bool { return len(p.rest) > 0 && p.rest[0].every }

// Plain is the pointer as a plain one: that of its list where it goes into one.
func (p Pointer) Plain() string { return FirstText(p.list, p.text) }

// Value is what stands at the pointer; at reads a plain pointer. Nil: nothing, or the way there is not there.
func (p Pointer) Value(at func(pointer string) any) any {
	if p.list == "" {
		return at(p.text)
	}
	if p.Every() {
		var out []any
		for _, e := range Elements(at(p.list)) {
			if v := walk(e, p.rest[1:]); v != nil {
				out = append(out, v)
			}
		}
		return out
	}
	list, is := at(p.list).([]any)
	if !is {
		return nil
	}
	return walk(list, p.rest)
}

func walk(v any, rest []step) any {
	for _, s := range rest {
		switch node := v.(type) {
		case map[string]any:
			v = node[s.name]
		case []any:
			i := s.find(node)
			if i < 0 {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

// find is the index of the step's member in a list, -1 where it is not there.
func (s step) find(list []any) int {
	if s.key == "" {
		if s.name != "" || s.index >= len(list) {
			return -1
		}
		return s.index
	}
	return slices.IndexFunc(list, func(e any) bool {
		o, _ := e.(map[string]any)
		return strings.EqualFold(TextOf(o[s.key]), s.equal)
	})
}

// After is the list with the value at the pointer's place; members that it does not touch stay byte by byte. An
// empty value takes a member away that a value of it chooses. The error says why there is no such place.
func (p Pointer) After(list []json.RawMessage, value any) ([]json.RawMessage, error) {
	out := slices.Clone(list)
	if p.Every() {
		return p.all(out, value), nil
	}
	first := p.rest[0]
	decoded := make([]any, len(out))
	for i, raw := range out {
		decoded[i] = decodeJSON(raw)
	}
	i := first.find(decoded)
	if i < 0 && first.key == "" && first.index > len(out) {
		return nil, fmt.Errorf("the list %s has %d members only", p.list, len(out))
	}
	if empty(value) && (i < 0 || first.key != "" && len(p.rest) <= 2) {
		if i >= 0 {
			out = slices.Delete(out, i, i+1)
		}
		return out, nil
	}
	var member any
	if i >= 0 {
		member = decoded[i]
	} else if first.key != "" {
		member = map[string]any{first.key: first.equal}
	}
	member, err := put(member, p.rest[1:], value)
	if err != nil {
		return nil, fmt.Errorf("in the list %s: %w", p.list, err)
	}
	raw := json.RawMessage(Compact(member))
	if i >= 0 {
		out[i] = raw
		return out, nil
	}
	return append(out, raw), nil
}

// all is the list that holds exactly the texts, with the members that say them already as they are.
func (p Pointer) all(list []json.RawMessage, value any) []json.RawMessage {
	wanted, _ := value.([]any)
	out := []json.RawMessage{}
	for _, w := range wanted {
		i := slices.IndexFunc(list, func(raw json.RawMessage) bool {
			return FoldText(TextOf(walk(decodeJSON(raw), p.rest[1:]))) == FoldText(TextOf(w))
		})
		if i >= 0 {
			out = append(out, list[i])
			continue
		}
		member, _ := put(nil, p.rest[1:], w) // into nothing there is always a way
		out = append(out, json.RawMessage(Compact(member)))
	}
	return out
}

func put(node any, rest []step, value any) (any, error) {
	if len(rest) == 0 {
		return value, nil
	}
	if rest[0].name == "" {
		return nil, fmt.Errorf("a list in a list cannot be written")
	}
	o, is := node.(map[string]any)
	if node != nil && !is {
		return nil, fmt.Errorf("the member is no object")
	}
	o = maps.Clone(o)
	if o == nil {
		o = map[string]any{}
	}
	inner, err := put(o[rest[0].name], rest[1:], value)
	o[rest[0].name] = inner
	return o, err
}

func empty(v any) bool { return v == nil || v == "" }

func decodeJSON(raw json.RawMessage) any {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	_ = d.Decode(&v) // a part of a document that was decoded before
	return v
}
