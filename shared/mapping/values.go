package mapping

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is one line of a value table: what the CRM calls it, by label or integer, and what a referral says.
type Value struct {
	CRM      string
	Referral any // text, number or flag
}

// text is the canonical text of the value: what the referral says.
func (v Value) text() string {
	text, _ := scalarText(jsonOf(v.Referral)) // the sheet admits only plain values
	return Clean(text)
}

// jsonOf gives a decoded YAML scalar as what decoded JSON has.
func jsonOf(v any) any {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return v
}

// setValues reads a value table, in its order: of two labels for one value the first is written.
func (l *loader) setValues(r *Row, v *yaml.Node, src Source) {
	const allowed = "lines like {Gold: tier-1, 100000002: tier-2}: label or integer of CRM, then the value of the referral"
	if v.Kind != yaml.MappingNode || hasAlias(v) || len(v.Content) == 0 {
		l.mistake(place(src, v), allowed, "values cannot be read")
		return
	}
	r.Values = nil
	for i := 0; i+1 < len(v.Content); i += 2 {
		key, node := v.Content[i], v.Content[i+1]
		var to any
		if key.Kind != yaml.ScalarNode || key.Value == "" || node.Kind != yaml.ScalarNode || node.Decode(&to) != nil || to == nil || to == "" || !isJSON(to) {
			l.mistake(place(src, key), allowed, "the value of %q cannot be read", key.Value)
			continue
		}
		if slices.ContainsFunc(r.Values, func(o Value) bool { return FoldText(o.CRM) == FoldText(key.Value) }) {
			l.mistake(place(src, key), "each label once", "values has %q twice", key.Value)
			continue
		}
		r.Values = append(r.Values, Value{CRM: key.Value, Referral: to})
	}
}

// optioned says whether the row's value table speaks of the options of its column.
func (r Row) optioned() bool {
	switch r.Kind() {
	case AsChoice, AsChoices, AsFlag, AsStage, AsStageName:
		return len(r.Values) > 0
	}
	return false
}

// OptionsKey is under which Glossary.Choices has the options of the row: two rows may read one column with
// different value tables.
func (r Row) OptionsKey() string {
	if len(r.Values) > 0 {
		return r.CRM + " " + string(r.Field)
	}
	return r.CRM
}

// HasOptions says whether the row cannot be read without the options of its column.
func (r Row) HasOptions() bool {
	return r.Kind() == AsChoice || r.Kind() == AsChoices || r.isStage() || r.optioned()
}

func (r Row) isStage() bool { return r.As == AsStage || r.As == AsStageName }

// toReferral gives the referral's text for what the CRM holds.
func (r Row) toReferral(text string) (string, error) {
	for _, v := range r.Values {
		if v.CRM == text || FoldText(v.CRM) == FoldText(text) {
			return v.text(), nil
		}
	}
	return "", r.notListed(text, func(v Value) string { return v.CRM })
}

// toCRM gives what the CRM holds for the referral's text.
func (r Row) toCRM(text string) (string, error) {
	for _, v := range r.Values {
		if t := v.text(); t == text || FoldText(t) == FoldText(text) {
			return v.CRM, nil
		}
	}
	return "", r.notListed(text, Value.text)
}

// notListed says what the value table of the row has on that side.
func (r Row) notListed(text string, of func(Value) string) error {
	var out []string
	for _, v := range r.Values {
		out = append(out, of(v))
	}
	return NotA("one of the values of "+string(r.Field)+" ("+strings.Join(out, ", ")+")", text)
}

// unlisted names the value table where an option is none of it, or of the column.
func (r Row) unlisted(text string, err error, of func(Value) string) error {
	switch {
	case err == nil:
		return nil
	case len(r.Values) > 0:
		return r.notListed(text, of)
	}
	return NotA("a known option of "+r.CRM, text)
}

// spelled gives a text of a referral as the value table writes it, so that another spelling is no edit; one that
// the table does not list stays as it is.
func (r Row) spelled(text string) string {
	for _, v := range r.Values {
		if t := v.text(); FoldText(t) == FoldText(text) {
			return t
		}
	}
	return text
}

// typed is the JSON value of a canonical text.
func (r Row) typed(text string) any {
	for _, v := range r.Values {
		if v.text() == text {
			return v.Referral
		}
	}
	return OrNull(text)
}
