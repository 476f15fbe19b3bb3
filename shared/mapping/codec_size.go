package mapping

import (
	"encoding/json"
	"strconv"
)

// Sizes of a customer are the buckets of Partner Center; the CRM counts employees.
// https://learn.microsoft.com/partner-center/bulk-operations
type size struct {
	from int
	code string
}

func sizes() []size {
	return []size{{1, "1to9employees"}, {10, "10to50employees"}, {51, "51to250employees"}, {251, "251to1000employees"}, {1001, "1001to5000employees"},
		{5001, "5001to10000employees"}, {10001, "10001to20000employees"}, {20001, "Morethan20000employees"}}
}

// sizeFromReferral reads a bucket, those of older years too.
func sizeFromReferral(_ *glossary, v any) (string, error) {
	text, err := Text(v)
	if err != nil || text == "" {
		return "", err
	}
	switch FoldText(text) {
	case FoldText("1to50employees"):
		text = "10to50employees"
	case FoldText("51to500employees"):
		text = "51to250employees"
	case FoldText("Morethan500employees"):
		text = "251to1000employees"
	}
	for _, s := range sizes() {
		if FoldText(s.code) == FoldText(text) {
			return s.code, nil
		}
	}
	return "", NotA("a size of a customer", text)
}

func sizeFromCRM(g *glossary, _, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	plain, err := wholeFromCRM(g, "", text)
	n, wrong := strconv.Atoi(plain)
	if err != nil || wrong != nil {
		return "", NotA("a number of employees", text)
	}
	code := ""
	for _, s := range sizes() {
		if n >= s.from {
			code = s.code
		}
	}
	return code, nil
}

// sizeToCRM gives the least number of employees of a bucket.
func sizeToCRM(_ *glossary, _, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	for _, s := range sizes() {
		if s.code == text {
			return json.Number(strconv.Itoa(s.from)), nil
		}
	}
	return nil, NotA("a size of a customer", text)
}
