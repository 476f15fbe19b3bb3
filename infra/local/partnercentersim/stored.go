package partnercentersim

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// remake does to a document what a service may do to values as it stores them: trim, cut, capitals, rounding, a
// default. None of it is documented; each is a switch. Doing it twice changes nothing.
func (s *Sim) remake(d document) {
	if s.is("trimText", "true") {
		d.eachText(func(_, text string) string { return strings.TrimSpace(text) })
	}
	if limit := s.number("cutText"); limit > 0 {
		d.eachText(func(path, text string) string {
			if r := []rune(text); slices.Contains(freeTexts(), path) && len(r) > limit {
				return string(r[:limit])
			}
			return text
		})
	}
	if s.is("upperText", "true") {
		for _, path := range []string{"name", "details/notes", "inviteContext/notes", "statusReason", "externalReferenceId", "campaignId"} {
			if text := d.text(path); text != "" {
				d.put(path, strings.ToUpper(text))
			}
		}
	}
	if !s.is("roundMoney", "off") {
		s.roundMoney(d)
	}
	if s.is("fillDefaults", "true") && d.text("salesStage") == "" {
		d["salesStage"] = "10"
	}
}

// roundMoney rounds the deal's value and the prices of its solutions, half away from zero.
func (s *Sim) roundMoney(d document) {
	digits := s.number("roundMoney")
	round := func(v any) any {
		n, isNumber := v.(json.Number)
		r, ok := new(big.Rat).SetString(n.String())
		if !isNumber || !ok {
			return v
		}
		rounded, _ := new(big.Rat).SetString(r.FloatString(digits)) // a decimal: always can
		return decimalText(rounded)
	}
	d.put("details/dealValue", round(d.at("details/dealValue")))
	for _, e := range d.items(solutionsPath) {
		if one := rowOf(e); one != nil {
			one["price"] = round(one["price"])
		}
	}
}

// eachText puts f of every text in the document in its place. Elements of an array have its path.
func (d document) eachText(f func(path, text string) string) {
	eachText(map[string]any(d), "", f)
}

func eachText(v any, path string, f func(path, text string) string) any {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			v[name] = eachText(e, strings.TrimPrefix(path+"/"+name, "/"), f)
		}
	case []any:
		for i, e := range v {
			v[i] = eachText(e, path, f)
		}
	case string:
		return f(path, v)
	}
	return v
}
