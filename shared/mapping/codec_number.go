package mapping

import (
	"encoding/json"
	"strconv"
	"strings"
)

// wholeDigits is what a Money column holds: 1e12. https://learn.microsoft.com/dynamics365/developer/reference/entities/opportunity
const (
	wholeDigits    = 12
	fractionDigits = 10
	mostExponent   = 60 // more cannot lead to a value that fits
)

func moneyFromReferral(_ *glossary, v any) (string, error) {
	text, err := scalarText(v)
	if err != nil {
		return "", err
	}
	return Decimal(text)
}

func moneyFromCRM(_ *glossary, _, text string) (string, error) { return Decimal(text) }

// moneyToReferral emits a number, digits as they are.
func moneyToReferral(g *glossary, text string) (any, error) { return moneyToCRM(g, "", text) }

func moneyToCRM(_ *glossary, _, text string) (any, error) {
	text, err := Decimal(text)
	if err != nil || text == "" {
		return nil, err
	}
	return json.Number(text), nil
}

// Decimal gives a number as plain Decimal digits without exponent, leading or trailing zeros, and without
// ever passing through a float. Empty stays empty.
func Decimal(text string) (string, error) {
	bad := NotA("an amount", text)
	if text == "" {
		return "", nil
	}
	digits, negative := strings.CutPrefix(text, "-")
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(digits), "e")
	shift := 0
	if scientific {
		n, err := strconv.Atoi(exponent)
		if err != nil || n > mostExponent || n < -mostExponent {
			return "", bad
		}
		shift = n
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if whole == "" || point && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return "", bad
	}
	whole, fraction = shiftPoint(whole, fraction, shift)
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(whole) > wholeDigits || len(fraction) > fractionDigits {
		return "", NotA("an amount that CRM can hold", text)
	}
	if whole == "" {
		whole = "0"
	}
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out, nil
}

func shiftPoint(whole, fraction string, by int) (string, string) {
	if by > 0 {
		if pad := by - len(fraction); pad > 0 {
			fraction += strings.Repeat("0", pad)
		}
		return whole + fraction[:by], fraction[by:]
	}
	if by < 0 {
		if pad := -by - len(whole); pad > 0 {
			whole = strings.Repeat("0", pad) + whole
		}
		at := len(whole) + by
		return whole[:at], whole[at:] + fraction
	}
	return whole, fraction
}

func allDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
