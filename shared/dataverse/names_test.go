package dataverse

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNamesPathsAndIDsHaveTheirForms compares with the expressions that say what these are.
func TestNamesPathsAndIDsHaveTheirForms(t *testing.T) {
	const word = `[A-Za-z_][A-Za-z0-9_]{0,127}`
	name, path := regexp.MustCompile(`^`+word+`$`), regexp.MustCompile(`^`+word+`(/`+word+`)?$`)
	id := regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_/]{0,6}`), rapid.StringMatching(`[A-Z_][a-z]{125,129}(/x)?`),
			rapid.StringMatching(`[0-9A-Fa-fg]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-F]{11,13}`)).Draw(t, "s")
		at := rapid.IntRange(0, len(s)).Draw(t, "at")
		for _, s := range []string{s, s[:at] + rapid.SampledFrom([]string{"", "-", "\x00", "`", "{", "@", "é", "'"}).Draw(t, "more") + s[at:]} {
			if isName(s) != name.MatchString(s) || isPath(s) != path.MatchString(s) {
				t.Fatalf("%q: a name %v, a path %v", s, isName(s), isPath(s))
			}
			if want := id.FindString(s); guid(s) != strings.ToLower(want) {
				t.Fatalf("%q: the id %q", s, guid(s))
			}
			if back, err := url.QueryUnescape(string(appendEscaped(nil, s))); err != nil || back != s || strings.ContainsAny(string(appendEscaped(nil, s)), "+ &=#'") {
				t.Fatalf("%q is written %q", s, string(appendEscaped(nil, s)))
			}
		}
	})
}

// BenchmarkQuery writes the address of a read as the product makes it for every opportunity.
func BenchmarkQuery(b *testing.B) {
	q := Query{Expand: []Expand{{Nav: "cosell_Opportunity_Solutions", Query: Query{Filter: EqInt("statecode", 0)}}, {Nav: "parentaccountid"}}}
	for _, c := range strings.Fields(strings.Repeat("cosell_somecolumn ", 50)) {
		q.Select = append(q.Select, c)
		q.Expand[0].Query.Select = append(q.Expand[0].Query.Select, c)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.encode(); err != nil {
			b.Fatal(err)
		}
	}
}
