package mapping

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Member is one person of a list, by the names of the canonical text.
type Member struct {
	Email     string `json:"email,omitempty"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Phone     string `json:"phone,omitempty"`
}

// Key names the person in the list: the e-mail in lower case, else the name, since neither system gives
// people of a list an id.
func (m Member) Key() string {
	if m.Email != "" {
		return KeyText(m.Email)
	}
	return KeyText(strings.TrimSpace(m.FirstName + " " + m.LastName))
}

// Text is the canonical text.
func (m Member) Text() string { return Compact(m) }

// ParseMember reads canonical text; what does not parse is an empty person.
func ParseMember(text string) Member {
	var m Member
	_ = json.Unmarshal([]byte(text), &m) // canonical text that does not parse is an empty person
	return m
}

// Solution is one solution of a deal; price and quantity as plain decimals.
type Solution struct {
	Currency string `json:"currency,omitempty"`
	Name     string `json:"name,omitempty"`
	Price    string `json:"price,omitempty"`
	Quantity string `json:"quantity,omitempty"`
}

// Text is the canonical text.
func (s Solution) Text() string { return Compact(s) }

// ParseSolution reads canonical text; what does not parse is an empty solution.
func ParseSolution(text string) Solution {
	var s Solution
	_ = json.Unmarshal([]byte(text), &s)
	return s
}

// Without is the solution without some of its parts, by their names in its text.
func (s Solution) Without(parts []string) Solution {
	for part, text := range map[string]*string{"currency": &s.Currency, "price": &s.Price, "quantity": &s.Quantity} {
		if slices.Contains(parts, part) {
			*text = ""
		}
	}
	return s
}

// Compact is JSON without escapes that only HTML needs. The members stand in the order of their names,
// because the structs above list them so.
func Compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings only: cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// List is a list that was read: keys in the order of the list, texts by key. Of two members with one
// key the first counts.
type List struct {
	Unkeyed int // members without a key, which are not counted

	keys  []string
	texts map[string]string
}

// Keys are the members' keys in the order of the list. Read-only.
func (l *List) Keys() []string { return l.keys }

// Add appends a member; one without a key, or whose key is there, is passed over.
func (l *List) Add(key, text string) {
	if key == "" {
		l.Unkeyed++
		return
	}
	if l.texts == nil {
		l.texts = map[string]string{}
	}
	if _, twice := l.texts[key]; twice {
		return
	}
	l.keys = append(l.keys, key)
	l.texts[key] = text
}

// Into writes the list and its count into a record, and which member leads it.
func (l *List) Into(r cosell.Record, f cosell.Field) {
	r[f] = strconv.Itoa(len(l.keys))
	if len(l.keys) > 0 && (f == cosell.Team || f == cosell.Contacts) {
		r[f.First()] = l.keys[0]
	}
	for key, text := range l.texts {
		r[f.Of(key)] = text
	}
}

// MemberOf reads a person of a referral; any shape may come.
func MemberOf(v any) (Member, bool) {
	o, ok := v.(map[string]any)
	if !ok {
		return Member{}, false
	}
	return Member{Email: strings.TrimSpace(TextOf(o["email"])), FirstName: TextOf(o["firstName"]),
		LastName: TextOf(o["lastName"]), Phone: TextOf(o["phoneNumber"])}, true
}

// FurtherPeople are the people of a list behind the first, one a line: "Kim Jung, Buyer (kim@tailspin.example, +49 40 1)".
func FurtherPeople(list any) string {
	var lines []string
	first := true
	for _, e := range Elements(list) {
		m, is := MemberOf(e)
		if !is || first {
			first = first && !is
			continue
		}
		line := strings.TrimSpace(m.FirstName + " " + m.LastName)
		if title := TextOf(e.(map[string]any)["title"]); title != "" {
			line = strings.TrimPrefix(line+", "+title, ", ")
		}
		reached := strings.Join(slices.DeleteFunc([]string{m.Email, m.Phone}, func(s string) bool { return s == "" }), ", ")
		switch {
		case line == "":
			line = reached
		case reached != "":
			line += " (" + reached + ")"
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// peopleFromReferral reads a list that nobody writes by this codec.
func peopleFromReferral(_ *glossary, list any) (string, error) { return FurtherPeople(list), nil }

// SolutionOf reads a solution of a referral. Amounts that are none are left out.
func SolutionOf(v any) (key string, s Solution, ok bool) {
	o, ok := v.(map[string]any)
	if !ok {
		return "", Solution{}, false
	}
	price, _ := Decimal(TextOf(o["price"]))
	quantity, _ := Decimal(TextOf(o["quantity"]))
	return strings.TrimSpace(TextOf(o["id"])), Solution{Currency: strings.ToUpper(TextOf(o["currency"])),
		Name: TextOf(o["name"]), Price: price, Quantity: quantity}, true
}

// TextOf gives a JSON scalar as text, anything else as empty.
func TextOf(v any) string {
	text, _ := scalarText(v) // anything but a scalar counts as empty
	return Clean(text)
}

// Elements gives the members of a list in any shape: null, a list, or one object where a list should be.
func Elements(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		if len(v) > 0 {
			return []any{v}
		}
	}
	return nil
}

// IsList says whether a list was said at all: as a list, or as one object where a list should be, an empty one
// for none. Null says nothing.
func IsList(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// IsWhole says whether a quantity is one that CRM can hold: none, or a whole number.
func IsWhole(quantity string) bool {
	if quantity == "" {
		return true
	}
	_, err := strconv.ParseInt(quantity, 10, 32)
	return err == nil
}

// ReadMembers reads a list of people of a referral, whatever its shape.
func ReadMembers(v any) *List {
	var l List
	for _, e := range Elements(v) {
		if m, ok := MemberOf(e); ok {
			l.Add(m.Key(), m.Text())
		}
	}
	return &l
}

// ReadSolutions reads a list of solutions of a referral, whatever its shape, without the parts that CRM has no columns for.
func ReadSolutions(v any, lacks []string) *List {
	var l List
	for _, e := range Elements(v) {
		if key, sol, ok := SolutionOf(e); ok {
			l.Add(key, sol.Without(lacks).Text())
		}
	}
	return &l
}
