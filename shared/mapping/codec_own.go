package mapping

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Codecs that columns of the organisation's own need: whole numbers, decimal numbers, several options, lookups.

func wholeFromReferral(g *glossary, v any) (string, error) {
	text, err := scalarText(v)
	if err != nil {
		return "", err
	}
	return wholeFromCRM(g, "", text)
}

// wholeFromCRM reads a whole number; 5.0 is one, 5.5 is none.
func wholeFromCRM(_ *glossary, _, text string) (string, error) {
	plain, err := Decimal(strings.TrimSpace(text))
	if err != nil || strings.Contains(plain, ".") {
		return "", NotA("a whole number", text)
	}
	return plain, nil
}

func wholeToReferral(g *glossary, text string) (any, error) { return wholeToCRM(g, "", text) }

func wholeToCRM(g *glossary, _, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	plain, err := wholeFromCRM(g, "", text)
	if err != nil {
		return nil, err
	}
	return json.Number(plain), nil
}

func numberFromReferral(g *glossary, v any) (string, error) {
	text, err := scalarText(v)
	if err != nil {
		return "", err
	}
	return numberFromCRM(g, "", text)
}

func numberFromCRM(_ *glossary, _, text string) (string, error) {
	plain, err := Decimal(strings.TrimSpace(text))
	if err != nil {
		return "", NotA("a number", text)
	}
	return plain, nil
}

func numberToReferral(g *glossary, text string) (any, error) { return numberToCRM(g, "", text) }

func numberToCRM(g *glossary, _, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	plain, err := numberFromCRM(g, "", text)
	if err != nil {
		return nil, err
	}
	return json.Number(plain), nil
}

// Several options are the JSON array of their codes, sorted, as canonical text; none is empty. In a referral
// they are a list of texts, of objects with an id or the member that the path names, or one text with commas.
func choicesFromReferral(_ *glossary, v any) (string, error) {
	var codes []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if o, is := e.(map[string]any); is {
				e = o["id"]
			}
			text, err := Text(e)
			if err != nil {
				return "", err
			}
			codes = append(codes, text)
		}
	default:
		text, err := Text(v)
		if err != nil {
			return "", err
		}
		codes = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
	}
	return setText(codes), nil
}

// setText is the canonical text of a set of texts.
func setText(codes []string) string {
	var out []string
	for _, c := range codes {
		if c = strings.TrimSpace(c); c != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return ""
	}
	slices.Sort(out)
	return Compact(out)
}

// setOf reads a canonical text of several options.
func setOf(text string) []string {
	var out []string
	_ = json.Unmarshal([]byte(text), &out) // canonical text that does not parse is an empty set
	return out
}

func choicesToReferral(_ *glossary, text string) (any, error) {
	list := []any{}
	for _, code := range setOf(text) {
		list = append(list, code)
	}
	return list, nil
}

// choicesFromCRM reads "1,2,3", as the Web API writes a multi-select column.
func choicesFromCRM(g *glossary, column, text string) (string, error) {
	var codes []string
	for value := range strings.SplitSeq(text, ",") {
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		code, err := choiceFromCRM(g, column, value)
		if err != nil {
			return "", err
		}
		codes = append(codes, code)
	}
	return setText(codes), nil
}

func choicesToCRM(g *glossary, column, text string) (any, error) {
	var values []int
	for _, code := range setOf(text) {
		v, err := choiceToCRM(g, column, code)
		if err != nil {
			return nil, err
		}
		values = append(values, v.(int))
	}
	if len(values) == 0 {
		return nil, nil
	}
	slices.Sort(values)
	var out []string
	for _, v := range values {
		out = append(out, strconv.Itoa(v))
	}
	return strings.Join(out, ","), nil
}

// flagOption is the option that a two-option column shows for true or false.
func flagOption(text string) string {
	switch strings.ToLower(text) {
	case "true":
		return "1"
	case "false", "":
		return "0"
	}
	return text
}
