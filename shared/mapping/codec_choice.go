package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Choices are the options of one column: our code and the CRM's integer.
type Choices struct {
	code  map[int]string
	value map[string]int
}

// Label is one option of a choice column as the CRM has it: integer, and labels by language code.
type Label struct {
	Value  int
	State  int // of a status reason: the state it belongs to
	Labels map[int]string
}

// ResolveChoices finds the integers of a column. An option is matched by its label in any language of the
// organisation, letter case and punctuation aside, else by the shipped integer if there is an option with
// it. Without metadata a column of ours has the shipped integers. A choice of the organisation's own, which
// has no codes of ours, is known by its labels alone, those with the lowest language code.
func ResolveChoices(shipped []Option, own bool, found []Label) Choices {
	c := Choices{code: map[int]string{}, value: map[string]int{}}
	var rest []Option
	called := folded(found)
	for _, o := range shipped {
		label, code := FoldText(o.Label), FoldText(o.Code)
		i := slices.IndexFunc(called, func(names []string) bool { return slices.Contains(names, label) || slices.Contains(names, code) })
		if i < 0 {
			rest = append(rest, o)
			continue
		}
		c.add(o.Code, found[i].Value)
	}
	for _, o := range rest {
		exists := slices.ContainsFunc(found, func(f Label) bool { return f.Value == o.Value })
		if _, taken := c.code[o.Value]; !taken && (exists || own && len(found) == 0) {
			c.add(o.Code, o.Value)
		}
	}
	if len(shipped) == 0 {
		for _, f := range found {
			c.add(firstLabel(f), f.Value)
		}
	}
	return c
}

// ResolveValues finds the options of a value table: by integer, or by label in any language of the organisation.
// Of two options for one value the first is written.
func ResolveValues(values []Value, found []Label) Choices {
	c := Choices{code: map[int]string{}, value: map[string]int{}}
	for _, v := range values {
		n, err := strconv.Atoi(v.CRM)
		i := slices.IndexFunc(found, func(f Label) bool { return err == nil && f.Value == n || f.named(v.CRM) })
		if i < 0 {
			continue
		}
		c.code[found[i].Value] = v.text()
		if _, first := c.value[v.text()]; !first {
			c.value[v.text()] = found[i].Value
		}
	}
	return c
}

// OptionOf is the integer of an option by its label in any language, or by the integer itself.
func OptionOf(text string, found []Label) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	for _, f := range found {
		if f.named(text) {
			return f.Value, nil
		}
	}
	return 0, NotA("a known option", text)
}

// Options are the integers of all options that people call so in one language or another.
func Options(text string, found []Label) []int {
	var out []int
	n, err := strconv.Atoi(text)
	for _, f := range found {
		if err == nil && f.Value == n || err != nil && f.named(text) {
			out = append(out, f.Value)
		}
	}
	return out
}

// NearestLabel is the label of an option that is most like the wrong one; "" where none is like it.
func NearestLabel(wrong string, found []Label) string {
	var all []string
	for _, f := range found {
		for _, label := range f.Labels {
			all = append(all, label)
		}
	}
	return Nearest(wrong, all)
}

// FixedText is the value of a constant or a formula as text; a list has none.
func FixedText(v any) string {
	text, _ := scalarText(jsonOf(v))
	return text
}

// Lost names the lines of a value table whose option the CRM does not have.
func Lost(values []Value, found []Label) []string {
	var out []string
	for _, v := range values {
		n, err := strconv.Atoi(v.CRM)
		if !slices.ContainsFunc(found, func(f Label) bool { return err == nil && f.Value == n || f.named(v.CRM) }) {
			out = append(out, v.CRM)
		}
	}
	return out
}

// Value is the integer of our code; false when the choice has no such option.
func (c Choices) Value(code string) (int, bool) {
	value, ok := c.value[code]
	return value, ok
}

// Codes are all our codes, in their order.
func (c Choices) Codes() []string { return slices.Sorted(maps.Keys(c.value)) }

// Code is our code of an option; false where it has none.
func (c Choices) Code(option int) (string, bool) {
	code, ok := c.code[option]
	return code, ok
}

// Has says whether the integer, as text, is an option that we know.
func (c Choices) Has(text string) bool {
	value, err := strconv.Atoi(text)
	_, ok := c.code[value]
	return err == nil && ok
}

func (c Choices) add(code string, value int) {
	c.code[value] = code
	c.value[code] = value
}

// folded are the names of each option in one form.
func folded(found []Label) [][]string {
	out := make([][]string, len(found))
	for i, f := range found {
		for _, label := range f.Labels {
			out[i] = append(out[i], FoldText(label))
		}
	}
	return out
}

func firstLabel(f Label) string {
	language, label := 0, strconv.Itoa(f.Value)
	for l, text := range f.Labels {
		if language == 0 || l < language {
			language, label = l, text
		}
	}
	return label
}

func choiceFromCRM(g *glossary, column, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	value, err := strconv.Atoi(text)
	code, ok := g.Choices[column].code[value]
	if err != nil || !ok {
		return "", NotA("a known option of "+column, text)
	}
	return code, nil
}

func choiceToCRM(g *glossary, column, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	known := g.Choices[column].value
	if value, ok := known[text]; ok {
		return value, nil
	}
	for code, value := range known {
		if FoldText(code) == FoldText(text) {
			return value, nil
		}
	}
	return nil, NotA("a known option of "+column, text)
}

func currencyFromReferral(_ *glossary, v any) (string, error) {
	text, err := scalarText(v)
	return strings.ToUpper(text), err
}

func currencyFromCRM(_ *glossary, _, text string) (string, error) { return strings.ToUpper(text), nil }

// currencyToCRM gives the row id of the currency; it is bound, not written.
func currencyToCRM(g *glossary, _, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	return CurrencyRow(g.Currencies, text)
}

// CurrencyRow is the row of a currency. Refused: the CRM has none of that code.
func CurrencyRow(rows map[string]string, code string) (string, error) {
	if id, ok := rows[code]; ok {
		return id, nil
	}
	return "", fault.New(fault.Refused, "the currency %s does not exist in CRM", strconv.Quote(code)).
		With("currency.unknown", fmt.Sprintf("let an administrator add the currency %s in CRM, or change the deal's currency", strconv.Quote(code)))
}
