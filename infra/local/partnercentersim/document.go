package partnercentersim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"time"
)

// document is a referral as JSON values; numbers are json.Number.
type document map[string]any

// parseJSON reads exactly one JSON value.
func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

func (d document) clone() document { return clone(map[string]any(d)).(map[string]any) }

// merge lays src over dst: objects member by member, everything else as a whole.
func merge(dst, src map[string]any) map[string]any {
	for k, v := range src {
		if from, ok := v.(map[string]any); ok {
			if to, ok := dst[k].(map[string]any); ok {
				dst[k] = merge(to, from)
				continue
			}
		}
		dst[k] = clone(v)
	}
	return dst
}

// at is the value at a slash-separated path of member names, nil when a part is missing.
func (d document) at(path string) any {
	var v any = map[string]any(d)
	for _, name := range strings.Split(path, "/") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// holds says whether there is a member at a path, be it null.
func (d document) holds(path string) bool {
	m := map[string]any(d)
	names := strings.Split(path, "/")
	for _, name := range names[:len(names)-1] {
		m, _ = m[name].(map[string]any)
	}
	_, there := m[names[len(names)-1]]
	return there
}

// put sets the value at a path; missing objects on the way are made.
func (d document) put(path string, value any) {
	m := map[string]any(d)
	names := strings.Split(path, "/")
	for _, name := range names[:len(names)-1] {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	m[names[len(names)-1]] = value
}

func (d document) text(path string) string {
	t, _ := d.at(path).(string)
	return t
}

func (d document) isTrue(path string) bool {
	b, _ := d.at(path).(bool)
	return b
}

func (d document) items(path string) []any {
	l, _ := d.at(path).([]any)
	return l
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// sentBack says whether somebody who sends a whole object left a value as he was shown it: what is empty and what is
// absent are the same then.
func sentBack(before, after any) bool { return reflect.DeepEqual(filled(before), filled(after)) }

// filled is a value without what is empty in it.
func filled(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case []any:
		var out []any
		for _, one := range v {
			out = append(out, filled(one))
		}
		if out == nil {
			return nil
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			if one = filled(one); one != nil {
				out[name] = one
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	return v
}

// serverTime writes a time as the service writes its own: UTC, seven digits.
func serverTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// shortTime writes a time that a caller gave: UTC, no more digits than it needs.
func shortTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }

// eventTime writes the time of an event: offset instead of Z.
func eventTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000+00:00") }
