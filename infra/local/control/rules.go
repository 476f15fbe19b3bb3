package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Rule is the body of `POST rules`: what a plug-in, a business rule or a validation of the organisation
// refuses, by content. What is left out of Match matches everything.
type Rule struct {
	Match   RuleMatch `json:"match"`
	Status  int       `json:"status,omitempty"`  // 400 to 599; 0 is the system's own
	Code    string    `json:"code,omitempty"`    // empty is the system's own
	Message string    `json:"message,omitempty"` // empty is the system's own
	Field   bool      `json:"field,omitempty"`   // the answer names the column or path
	Times   int       `json:"times,omitempty"`   // how often it refuses; 0 until DELETE rules
}

// RuleMatch selects writes. Table is an exact logical name and URL a regular expression over the absolute
// URL; Column and Path are names with * for any part ("cosell_*", "customerProfile/team/*/email"), without
// regard to case. Value says which values are meant: "empty" (null, "" or []; on a new record also what is
// left out), "zero", "negative", or else a regular expression over the value's text.
type RuleMatch struct {
	Method string `json:"method,omitempty"`
	Table  string `json:"table,omitempty"`
	URL    string `json:"url,omitempty"`
	Column string `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	Value  string `json:"value,omitempty"`
}

// name is the column or path.
func (m *RuleMatch) name() string { return strings.Trim(m.Column+m.Path, "/") }

// Write is one write that a caller asks for.
type Write struct {
	Method, Table, URL string
	// New is a record that does not exist yet: what Set leaves out would be empty.
	New bool
	// Set is what the write would set: column or path (no leading slash) to a JSON value. A simulator whose
	// writes set whole objects puts in each path below them too.
	Set map[string]any
}

// Refusal is a rule's answer to a write.
type Refusal struct {
	Status        int
	Code, Message string
	// Name is the column or path that the answer must name; empty if it names none.
	Name string
}

// Rules are the rules that hold now. All methods may be called from several goroutines.
type Rules struct {
	own     Refusal
	members []string

	mu   sync.Mutex
	list []*rule
}

type rule struct {
	Rule
	url, value *regexp.Regexp
	left       int // -1 for ever
}

// NewRules makes an empty list. Own is what a rule answers that does not say itself; members are the members
// of "match" that mean something in this system: method, table, url, column, path, value.
func NewRules(own Refusal, members ...string) *Rules {
	return &Rules{own: own, members: members}
}

// MountControl adds POST /rules and DELETE /rules.
func (r *Rules) MountControl(mux *http.ServeMux) {
	mux.HandleFunc("POST /rules", func(w http.ResponseWriter, req *http.Request) {
		var body Rule
		if err := ReadJSON(req, &body); err != nil {
			WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		n, err := r.Add(body)
		if err != nil {
			WriteError(w, http.StatusBadRequest, "%v", err)
			return
		}
		WriteJSON(w, http.StatusOK, map[string]int{"rules": n})
	})
	mux.HandleFunc("DELETE /rules", func(w http.ResponseWriter, _ *http.Request) {
		r.Clear()
		WriteJSON(w, http.StatusOK, map[string]int{"rules": 0})
	})
}

// Add appends a rule and says how many there are then. The error says what is wrong and what is allowed.
func (r *Rules) Add(body Rule) (int, error) {
	compiled, err := r.compile(body)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, compiled)
	return len(r.list), nil
}

// Clear removes all rules.
func (r *Rules) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = nil
}

// compile checks a rule.
func (r *Rules) compile(body Rule) (*rule, error) {
	m := &body.Match
	for name, value := range map[string]string{"method": m.Method, "table": m.Table, "url": m.URL, "column": m.Column, "path": m.Path, "value": m.Value} {
		if value != "" && !slices.Contains(r.members, name) {
			return nil, fmt.Errorf("match.%s means nothing here: use %s", name, strings.Join(r.members, ", "))
		}
	}
	if err := KnownMethod("match.method", m.Method); err != nil {
		return nil, err
	}
	if m.Column != "" && m.Path != "" {
		return nil, fmt.Errorf("match.column and match.path: use one")
	}
	if m.name() == "" && (m.Value != "" || body.Field) {
		return nil, fmt.Errorf("match.value and field say something of a column or path: name it")
	}
	if _, err := path.Match(m.name(), ""); err != nil {
		return nil, fmt.Errorf("match: %q is not a name with * for any part", m.name())
	}
	if body.Status != 0 && (body.Status < 400 || body.Status > 599) {
		return nil, fmt.Errorf("status %d: use 400 to 599", body.Status)
	}
	if body.Times < 0 {
		return nil, fmt.Errorf("times %d: use 1 or more, or 0 for until DELETE rules", body.Times)
	}
	out := &rule{Rule: body, left: body.Times}
	if body.Times == 0 {
		out.left = -1
	}
	var err error
	if out.url, err = regexp.Compile(m.URL); err != nil {
		return nil, fmt.Errorf("match.url: %w", err)
	}
	if out.value, err = regexp.Compile(m.Value); err != nil {
		return nil, fmt.Errorf("match.value: use empty, zero, negative or a regular expression: %w", err)
	}
	return out, nil
}

// Refuses finds the first rule that refuses a write, and counts it.
func (r *Rules) Refuses(w Write) (Refusal, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.list {
		name, hit := one.hits(w)
		if one.left == 0 || !hit {
			continue
		}
		if one.left > 0 {
			one.left--
		}
		return r.answer(one, name), true
	}
	return Refusal{}, false
}

func (r *Rules) answer(one *rule, name string) Refusal {
	out := r.own
	if one.Status != 0 {
		out.Status = one.Status
	}
	if one.Code != "" {
		out.Code = one.Code
	}
	if one.Message != "" {
		out.Message = one.Message
	}
	if one.Field {
		out.Name = name
	}
	return out
}

// hits says whether the rule means a write, and which of the names that it sets.
func (r *rule) hits(w Write) (string, bool) {
	m := &r.Match
	if m.Method != "" && !strings.EqualFold(m.Method, w.Method) || m.Table != "" && m.Table != w.Table || !r.url.MatchString(w.URL) {
		return "", false
	}
	pattern := strings.ToLower(m.name())
	if pattern == "" {
		return "", true
	}
	names := make([]string, 0, len(w.Set))
	for name := range w.Set {
		names = append(names, name)
	}
	slices.Sort(names) // the same write is always refused for the same name
	named := false
	for _, name := range names {
		if fits, _ := path.Match(pattern, strings.ToLower(name)); !fits { // the pattern was checked by compile
			continue
		}
		named = true
		if r.means(w.Set[name]) {
			return name, true
		}
	}
	return m.name(), w.New && m.Value == "empty" && !named
}

// means says whether a value is one that the rule is about.
func (r *rule) means(v any) bool {
	text, number := written(v)
	switch r.Match.Value {
	case "":
		return true
	case "empty":
		return text == "" || text == "[]"
	case "zero":
		return number && !strings.ContainsAny(mantissa(text), "123456789")
	case "negative":
		return number && strings.HasPrefix(text, "-") && strings.ContainsAny(mantissa(text), "123456789")
	}
	return r.value.MatchString(text)
}

// written is the text of a JSON value: of a string what stands between the quotes, of null nothing.
func written(v any) (text string, number bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, false
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v), false
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, false // also null, which leaves s empty
	}
	return string(raw), strings.ContainsRune("-0123456789", rune(raw[0]))
}

// mantissa is a number's text without its exponent.
func mantissa(number string) string {
	digits, _, _ := strings.Cut(strings.ToLower(number), "e")
	return digits
}
