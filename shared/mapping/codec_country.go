package mapping

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"

	"golang.org/x/text/unicode/norm"
)

// countryFromCRM gives an assigned code in capitals, and a code for a name where names are converted. A
// name that is not converted stays as it was typed, so that the check before a creation can say what is
// wrong with it; two letters that are no country's are an error, because they would look right.
func countryFromCRM(g *glossary, _, text string) (string, error) {
	text = strings.TrimSpace(Clean(text))
	if code, ok := assigned(plainLetters(text)); ok {
		return code, nil
	}
	if g != nil && g.Country != nil {
		if code := g.Country(text); code != text {
			return code, nil
		}
	}
	if len(text) == 2 {
		return "", NotA("the code of a country (ISO 3166-1)", text)
	}
	return text, nil
}

func countryToReferral(_ *glossary, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	code, ok := assigned(plainLetters(text))
	if !ok {
		return nil, NotA("the code of a country (ISO 3166-1)", text)
	}
	return code, nil
}

func plainLetters(text string) string {
	return strings.ToUpper(norm.NFKC.String(strings.TrimSpace(text)))
}

// assigned says whether the two capital letters are an assigned code of ISO 3166-1.
func assigned(code string) (string, bool) {
	if len(code) != 2 || !strings.Contains(iso3166, " "+code+" ") {
		return "", false
	}
	return code, true
}

// iso3166 are the assigned codes. https://www.iso.org/obp/ui/#search/code
const iso3166 = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT " +
	"BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH " +
	"ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT " +
	"HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS " +
	"LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI " +
	"NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG " +
	"SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG " +
	"UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

// Country gives the assigned code of ISO 3166-1 for a code in any case, a code of three letters, or a name
// in English, in the country's own languages, or one that people use. ok is false for anything else.
func Country(text string) (code string, ok bool) {
	if code, ok := assigned(plainLetters(text)); ok {
		return code, true
	}
	code, ok = countries()[countryFold(text)]
	return code, ok
}

// CountryNames turns what Country knows into codes; anything else stays as it is.
func CountryNames() func(string) string {
	return func(name string) string {
		if code, ok := Country(name); ok {
			return code
		}
		return name
	}
}

// countryFold makes names of countries comparable, accents aside: few people type them.
func countryFold(text string) string {
	folded := cases.Fold().String(norm.NFKD.String(Clean(text)))
	var b strings.Builder
	for _, r := range folded {
		if isWordRune(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isWordRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && (r < '\u0300' || r > '\u036f')
}

// countriesText is countries.txt: what people write, as it is compared, with the code after a blank at the end of each
// line. The names are those of the Unicode CLDR in many languages; reading them here from its tables would delay every
// start, and the first country even more.
//
//go:generate go test -run TestCountriesAreMadeFromTheirTables -update .
//go:embed countries.txt
var countriesText string

// countries are the codes by what people write, gathered when first needed and never changed.
var countries = sync.OnceValue(func() map[string]string {
	out := make(map[string]string, strings.Count(countriesText, "\n"))
	for line := range strings.Lines(countriesText) {
		name, code, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ") // a name that is compared has no blank
		out[name] = code
	}
	return out
})
