package mapping

import "testing"

func TestR139_CountriesAreCodesNamesAndWhatPeopleWrite(t *testing.T) {
	for in, want := range map[string]string{
		"de": "DE", " DE ": "DE", "ＤＥ": "DE", "DEU": "DE", "deu": "DE", "UK": "GB", "EL": "GR", "England": "GB", "Great Britain": "GB",
		"Royaume-Uni": "GB", "Vereinigtes Königreich": "GB", "The Netherlands": "NL", "Nederland": "NL", "Holland": "NL", "Hong Kong": "HK",
		"Czech Republic": "CZ", "Česko": "CZ", "Türkiye": "TR", "Turkiye": "TR", "Turkey": "TR", "UAE": "AE", "Ivory Coast": "CI",
		"Côte d’Ivoire": "CI", "Danmark": "DK", "Sverige": "SE", "Norge": "NO", "Suomi": "FI", "Polska": "PL", "België": "BE", "Belgique": "BE",
		"Deutschland": "DE", "germany": "DE", "FRANCE": "FR", "United States": "US", "U.S.A.": "US", "Vereinigte Staaten": "US", "Schweiz": "CH",
		"Österreich": "AT", "Osterreich": "AT", "España": "ES", "日本": "JP", "中国": "CN", "Россия": "RU", "Ελλάδα": "GR", "South Korea": "KR",
		"대한민국": "KR", "भारत": "IN", "Magyarország": "HU", "Éire": "IE", "Ísland": "IS",
	} {
		if got, ok := Country(in); got != want || !ok {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"", "D", "XX", "ZZ", "EU", "XK", "UN", "AC", "Atlantis", "12", "D E", "Europe"} {
		if got, ok := Country(in); ok {
			t.Errorf("%q is taken for %q", in, got)
		}
	}
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if _, ok := assigned(string([]rune{a, b})); ok {
				n++
			}
		}
	}
	if n != 249 {
		t.Errorf("%d assigned codes, ISO 3166-1 has 249", n)
	}
}

func TestR139_NothingInvalidIsSent(t *testing.T) {
	for _, in := range []string{"ZZ", "UK", "Germany", "D"} {
		if v, err := countryToReferral(nil, in); err == nil {
			t.Errorf("%q is sent as %v", in, v)
		}
	}
	if v, err := countryToReferral(nil, "de"); v != "DE" || err != nil {
		t.Errorf("de is sent as %v (%v)", v, err)
	}
	if v, err := countryFromCRM(&glossary{}, "", "ZZ"); err == nil {
		t.Errorf("ZZ is read as %q", v)
	}
}

func TestR46_ANameIsConvertedOrLeftToBeExplained(t *testing.T) {
	for in, want := range map[string]string{"Deutschland": "Deutschland", "de": "DE", "UK": "", "": ""} {
		if got, err := countryFromCRM(&glossary{}, "", in); got != want || (err != nil) != (in == "UK") {
			t.Errorf("without conversion %q is %q (%v)", in, got, err)
		}
	}
	g := &glossary{Country: CountryNames()}
	for in, want := range map[string]string{"Deutschland": "DE", "UK": "GB", "D": "D", "Atlantis": "Atlantis"} {
		if got, err := countryFromCRM(g, "", in); got != want || err != nil {
			t.Errorf("%q is %q (%v), want %q", in, got, err, want)
		}
	}
}
