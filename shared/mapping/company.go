package mapping

import (
	"strings"
	"unicode"
)

// CompanyName makes names of companies comparable: letters and digits, lower case, without legal form.
func CompanyName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(name, ".", "")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for len(words) > 1 && isOne(words[len(words)-1], legalForms) {
		words = words[:len(words)-1]
	}
	return strings.Join(words, "")
}

const legalForms = "ab, ag, as, bv, co, company, corp, corporation, gmbh, inc, incorporated, kg, limited, llc, llp, ltd, mbh, nv, oy, plc, pty, sa, sarl, sas, se, spa, srl"
