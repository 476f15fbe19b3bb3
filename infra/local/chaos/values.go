package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// text is a value as people read it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// at reads a JSON pointer of a document.
func at(d fields, path string) any {
	var v any = d
	for _, name := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// field is one that both sides have, as people see it.
type field struct {
	name   string
	label  string // in the lines of Audit
	column string
	path   string
}

func mappedFields() []field {
	return []field{
		{"name", "Topic", "name", "/name"},
		{"value", "Est. Revenue", "estimatedvalue", "/details/dealValue"},
		{"date", "Est. Close Date", "estimatedclosedate", "/details/closingDateTime"},
		{"notes", "Description", "description", "/details/notes"},
	}
}

// canonical is a value of a field in one form for both systems.
func (f field) canonical(v any) string {
	s := text(v)
	switch f.name {
	case "name":
		for _, mark := range []string{"✓ ", "✗ "} {
			s = strings.TrimPrefix(s, mark)
		}
		return strings.TrimSpace(s)
	case "value":
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(n, 'f', -1, 64)
		}
	case "date":
		return s[:min(len(s), len("2026-01-02"))]
	}
	return s
}
