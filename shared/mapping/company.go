package mapping

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// Customer is what tells one customer from another: the name without its legal form, the form in one
// spelling, country and postal code. Two spellings of one customer give the same Customer but for parts
// that one of them leaves out.
type Customer struct {
	Name    string // folded; of a name without letters and digits the name itself
	Form    string // legal form, "" when the name has none
	Country string // ISO 3166-1 alpha-2, "" when it is not known
	Postal  string // letters and digits only, "" when there is none

	exact string
}

// NewCustomer reads the customer of a referral or the account of the CRM.
func NewCustomer(name, country, postal string) Customer {
	code, _ := Country(country)
	c := Customer{Country: code, Postal: postalCode(postal, code), exact: norm.NFC.String(strings.TrimSpace(Clean(name)))}
	c.Name, c.Form = companyName(name)
	return c
}

// Same says whether the two may be one customer: equal names, no two different legal forms, and no two
// different countries or postal codes. What one of them does not say is no difference.
func (c Customer) Same(d Customer) bool {
	return c.Name == d.Name && c.Name != "" && agree(c.Form, d.Form) && agree(c.Country, d.Country) && agree(c.Postal, d.Postal)
}

func agree(a, b string) bool { return a == "" || b == "" || a == b }

// Exact says how exactly the two are written alike, where they are the same: 2 when name and postal code
// are, 1 when the name is, else 0.
func (c Customer) Exact(d Customer) int {
	switch {
	case c.exact != d.exact:
		return 0
	case c.Postal == d.Postal:
		return 2
	}
	return 1
}

// Exactly is the name as it is written, cleaned.
func (c Customer) Exactly() string { return c.exact }

// Key is what the id of an account that we create is made of.
func (c Customer) Key() []string { return []string{c.Name, c.Form, c.Country, c.Postal} }

// Beginnings are how names of the customer may begin, whatever the spelling: a list to ask the CRM for, to
// be compared with Same afterwards. CRM does not mind the letter case.
func (c Customer) Beginnings() []string {
	runes := []rune(c.Name)
	if len(runes) == 0 || !hasWord(c.Name) {
		return nil
	}
	first, rest := string(runes[0]), ""
	if len(runes) > 1 {
		rest = string(runes[1])
	}
	var out []string
	add := func(text string) {
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if t := form.String(text); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	for _, between := range []string{"", " ", "-", ".", ". ", "'", "&", " & ", "/"} {
		if rest != "" || between == "" {
			add(first + between + rest)
		}
	}
	for _, before := range []string{"The ", "\"", "'", "„", "«", "(", " "} {
		add(before + first + rest)
	}
	raw := []rune(strings.TrimSpace(c.exact)) // full-width letters and the like, as they are typed
	add(string(raw[:min(2, len(raw))]))
	return out
}

// FoldText makes names comparable: one Unicode form, no letter case, spaces or punctuation. Letters, marks
// that belong to letters, digits and symbols stay, so that nothing that matters in a script is lost. A text
// of nothing else stays as it is.
func FoldText(text string) string {
	folded := strings.Join(words(text), "")
	if folded == "" {
		return norm.NFC.String(strings.TrimSpace(Clean(text)))
	}
	return folded
}

// words splits a text at spaces and takes punctuation out of the words.
func words(text string) []string {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune("®™©℠", r) {
			return -1
		}
		return r
	}, Clean(text))
	folded := foldCase(norm.NFKC.String(plain))
	folded = norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), unicode.IsSpace(r), unicode.In(r, unicode.Sm, unicode.Sc, unicode.So):
			return r
		case unicode.In(r, unicode.Pd, unicode.Ps, unicode.Pe) || strings.ContainsRune("/,;&|_", r):
			return ' '
		}
		return -1
	}, folded))
	return strings.Fields(folded)
}

// foldCase takes the letter case away. Most texts are of letters for which lower case is that.
func foldCase(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return cases.Fold().String(text)
		}
	}
	return strings.ToLower(text)
}

func hasWord(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// companyName gives the folded name and the legal form behind it, in one spelling.
func companyName(name string) (folded, form string) {
	w := words(name)
	if len(w) > 1 && w[0] == "the" {
		w = w[1:]
	}
	for n := min(longestForm, len(w)-1); n > 0; n-- {
		if f := legalForm(strings.Join(w[len(w)-n:], "")); f != "" {
			return strings.Join(w[:len(w)-n], ""), f
		}
	}
	if folded = strings.Join(w, ""); folded == "" {
		folded = norm.NFC.String(strings.TrimSpace(Clean(name)))
	}
	return folded, ""
}

// longestForm is how many words a legal form may have: "GmbH & Co. KG", "Sp. z o.o.".
const longestForm = 4

// legalForm gives the one spelling of a legal form that is written without spaces and points, "" when it
// is none. Spellings of one form stand in one line.
func legalForm(text string) string {
	for line := range strings.Lines(legalForms) {
		if spellings := strings.Fields(line); slices.Contains(spellings, text) {
			return spellings[0]
		}
	}
	return ""
}

const legalForms = `ltd limited
inc incorporated
corp corporation
co company
llc limitedliabilitycompany
llp
lp
plc publiclimitedcompany
ptyltd ptylimited proprietarylimited
pteltd pteltd privatelimited pvtltd
gmbh gesellschaftmitbeschränkterhaftung mbh
ag aktiengesellschaft
kg kommanditgesellschaft
gmbhcokg gmbhundcokg gmbhcompanykg
agcokg
ohg
ug ughaftungsbeschränkt
ek
ev
ggmbh
se
sa
sas
sarl
eurl
sasu
bv
nv
cv
vof
bvba
srl
spa
sl
slu
lda
ltda
sadecv sadecv
ab aktiebolag
as
asa
aps
ivs
oy osakeyhtiö
oyj
ehf
hf
ou
uab
sia
doo
dd
sro
ltdsti
kft
zrt
spzoo
eood
ood
ooo ооо
пао
ао
зао
株式会社 kk
有限会社
合同会社
有限公司
股份有限公司
주식회사
`

var (
	postalMark = pattern.New(`^([A-Z]{1,3})[- ]+(.*\d.*)$`)
	postalZIP4 = pattern.New(`^\d{9}$`)
	zip4       = pattern.New(`^\d{5}\s*-\s*\d{4}$`)
)

// postalCode makes postal codes comparable: letters and digits, without the country before it and without
// the last four digits of a long code of the United States.
func postalCode(text, country string) string {
	text = strings.ToUpper(norm.NFKC.String(strings.TrimSpace(Clean(text))))
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) {
			return '-'
		}
		return r
	}, text)
	if m := postalMark.FindStringSubmatch(text); m != nil && namesCountry(m[1], country) {
		text = strings.TrimSpace(m[2])
	}
	long := zip4.MatchString(text)
	text = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
	if long || country == "US" && postalZIP4.MatchString(text) {
		return text[:5]
	}
	return text
}

// namesCountry says whether the letters before a postal code are those of a country: its code or the sign
// that cars carry.
func namesCountry(letters, country string) bool {
	code := letters
	for line := range strings.Lines(carSigns) {
		if sign, of, _ := strings.Cut(strings.TrimSpace(line), " "); sign == letters {
			code = of
		}
	}
	if country != "" {
		return code == country
	}
	_, ok := assigned(code)
	return ok
}

const carSigns = `A AT
B BE
D DE
E ES
F FR
FL LI
FIN FI
H HU
I IT
IRL IE
L LU
N NO
P PT
S SE
SLO SI
UK GB
V VA
`
