package mapping

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// gatherCountries makes the codes by what people write: usual names first, then codes of three letters, then the names
// in many languages.
func gatherCountries() map[string]string {
	out := map[string]string{}
	put := func(name, code string) {
		if name = countryFold(name); name != "" && out[name] == "" {
			out[name] = code
		}
	}
	for line := range strings.Lines(usualNames) {
		code, names, _ := strings.Cut(strings.TrimSpace(line), " ")
		for name := range strings.SplitSeq(names, ", ") {
			put(name, code)
		}
	}
	codes := strings.Fields(iso3166)
	for _, code := range codes {
		put(language.MustParseRegion(code).ISO3(), code)
	}
	for tongue := range strings.FieldsSeq(tongues) {
		names := display.Regions(language.MustParse(tongue))
		for _, code := range codes {
			put(names.Name(language.MustParseRegion(code)), code)
		}
	}
	return out
}

func TestCountriesAreMadeFromTheirTables(t *testing.T) {
	var want strings.Builder
	gathered := gatherCountries()
	for _, name := range slices.Sorted(maps.Keys(gathered)) {
		want.WriteString(name + " " + gathered[name] + "\n")
	}
	if *update {
		if err := os.WriteFile("countries.txt", []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		countriesText = want.String()
	}
	if countriesText != want.String() {
		t.Error("countries.txt is not what the tables say: make generate")
	}
	if !maps.Equal(countries(), gathered) {
		t.Error("countries.txt is read otherwise than it was written")
	}
}

// tongues are the languages in which names of countries are known; of two countries with one name the
// earlier language counts.
const tongues = "en fr de es it pt nl da sv nb nn fi is et lv lt pl cs sk hu sl hr sr bs mk sq ro bg el ru uk be tr az ka hy kk uz he ar fa ur hi bn ta te th vi id ms fil ko ja zh zh-Hant sw af ca eu gl ga cy mt lb am ne si my km lo mn"

// usualNames are names and abbreviations that people use and that no table has.
const usualNames = `GB UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, U.K., GBR, Grossbritannien, Grande-Bretagne, Gran Bretaña
GR EL, Hellas, Hellenic Republic
US USA, U.S.A., U.S., United States of America, America, The United States
NL The Netherlands, Holland, Nederlande, Pays Bas
CZ Czech Republic, Czechia, Ceska, Ceska Republika, Tschechische Republik
TR Turkey, Türkiye, Republic of Türkiye
HK Hong Kong, Hong Kong SAR, Hongkong
MO Macau, Macao
AE UAE, U.A.E., Emirates
CI Ivory Coast, Cote d'Ivoire
KR South Korea, Korea, Republic of Korea, Korea (South)
KP North Korea, DPRK
RU Russian Federation
CN PRC, P.R. China, People's Republic of China, Mainland China
TW Taiwan, Republic of China
VN Viet Nam
LA Laos
SY Syria
IR Iran, Islamic Republic of Iran
MK Macedonia, FYROM
MD Moldova, Republic of Moldova
VA Vatican, Holy See
CD DR Congo, DRC, Democratic Republic of the Congo
CG Congo, Republic of the Congo
CV Cape Verde
SZ Swaziland
MM Burma
TL East Timor
BO Bolivia
VE Venezuela
TZ Tanzania
BN Brunei
PS Palestine
BA Bosnia, Bosnia and Herzegovina
IE Eire, Republic of Ireland
ES Espana
CH Switzerland, Swiss, Suisse, Schweiz, Svizzera
DE BRD, Bundesrepublik Deutschland, Federal Republic of Germany
BS The Bahamas
GM The Gambia
PH The Philippines
MV The Maldives
SA KSA, Kingdom of Saudi Arabia
ZA RSA, Republic of South Africa
NZ Aotearoa
`
