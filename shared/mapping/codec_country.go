package mapping

import (
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countryFromCRM leaves what a person typed as it is, so that the check before a creation can say what is
// wrong with it, unless names are to be turned into codes.
func countryFromCRM(g *glossary, column, text string) (string, error) {
	if g != nil && g.Country != nil {
		return g.Country(text), nil
	}
	return textFromCRM(g, column, text)
}

// CountryNames turns a country's name in English, French, German, Spanish, Italian or Portuguese, or a
// code in any letter case, into its ISO 3166-1 alpha-2 code; what it does not know stays as it is. The
// names are gathered when they are first needed.
func CountryNames() func(string) string {
	names := sync.OnceValue(gatherCountries)
	return func(name string) string {
		if code, ok := names()[Loose(name)]; ok {
			return code
		}
		return name
	}
}

func gatherCountries() map[string]string {
	out := map[string]string{"uk": "GB", "usa": "US", "unitedstatesofamerica": "US"}
	spoken := []language.Tag{language.English, language.French, language.German, language.Spanish, language.Italian, language.Portuguese}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.Canonicalize().String() != code {
				continue
			}
			out[Loose(code)] = code
			for _, tag := range spoken {
				if name := Loose(display.Regions(tag).Name(r)); name != "" {
					out[name] = code
				}
			}
		}
	}
	return out
}
