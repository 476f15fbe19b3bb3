package mapping

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// member is one person of a list, by the names of the canonical text.
type member struct {
	Email     string `json:"email,omitempty"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Phone     string `json:"phone,omitempty"`
}

// key names the person in the list: the e-mail in lower case, else the name, since neither system gives
// people of a list an id.
func (m member) key() string {
	if m.Email != "" {
		return keyText(m.Email)
	}
	return keyText(strings.TrimSpace(m.FirstName + " " + m.LastName))
}

func (m member) text() string { return compact(m) }

func readMember(text string) member {
	var m member
	_ = json.Unmarshal([]byte(text), &m) // canonical text that does not parse is an empty person
	return m
}

// solution is one solution of a deal; price and quantity as plain decimals.
type solution struct {
	Currency string `json:"currency,omitempty"`
	Name     string `json:"name,omitempty"`
	Price    string `json:"price,omitempty"`
	Quantity string `json:"quantity,omitempty"`
}

func (s solution) text() string { return compact(s) }

func readSolution(text string) solution {
	var s solution
	_ = json.Unmarshal([]byte(text), &s)
	return s
}

// compact is JSON without escapes that only HTML needs. The members stand in the order of their names,
// because the structs above list them so.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings only: cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

func keyText(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// listed is a list that was read: keys in the order of the list, texts by key. Of two members with one
// key the first counts.
type listed struct {
	keys  []string
	texts map[string]string
}

func (l *listed) add(key, text string) {
	if key == "" {
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

// into writes the list and its count into a record.
func (l *listed) into(r cosell.Record, f cosell.Field) {
	r[f] = itoa(len(l.keys))
	for key, text := range l.texts {
		r[f.Of(key)] = text
	}
}

// memberOf reads a person of a referral; any shape may come.
func memberOf(v any) (member, bool) {
	o, ok := v.(map[string]any)
	if !ok {
		return member{}, false
	}
	return member{Email: strings.TrimSpace(textOf(o["email"])), FirstName: textOf(o["firstName"]),
		LastName: textOf(o["lastName"]), Phone: textOf(o["phoneNumber"])}, true
}

// solutionOf reads a solution of a referral. Amounts that are none are left out.
func solutionOf(v any) (key string, s solution, ok bool) {
	o, ok := v.(map[string]any)
	if !ok {
		return "", solution{}, false
	}
	price, _ := decimal(textOf(o["price"]))
	quantity, _ := decimal(textOf(o["quantity"]))
	return strings.TrimSpace(textOf(o["id"])), solution{Currency: strings.ToUpper(textOf(o["currency"])),
		Name: textOf(o["name"]), Price: price, Quantity: quantity}, true
}

func textOf(v any) string {
	text, _ := scalarText(v) // anything but a scalar counts as empty
	return lineEnds(text)
}

// elements gives the members of a list in any shape: null, a list, or one object where a list should be.
func elements(v any) []any {
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
