package mapping

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// givenBy says whether the CRM would give an account of that name to who asks for the parts; it does not mind the letter case.
func givenBy(name string, parts [][]string) bool {
	for _, either := range parts {
		found := false
		for _, part := range either {
			found = found || strings.Contains(strings.ToLower(name), part)
		}
		if !found {
			return false
		}
	}
	return true
}

func lowered(texts []string) (out []string) {
	for _, text := range texts {
		out = append(out, strings.ToLower(text))
	}
	return out
}

// What Same accepts the CRM must have been asked for.
func TestPartsAreASuperset(t *testing.T) {
	for _, c := range [][2]string{
		{"Tailspin Toys", "The TAIL-SPIN Toys GmbH"}, {"The Tailspin Toys Ltd", "tailspin toys limited"}, {"LinkedIn", "Linked In"}, {"TSystems", "T-Systems"},
		{"Lenovo IBM", "Lenovo I.B.M."}, {"Weissmann", "Weißmann"}, {"Straße AG", "STRASSE AG"}, {"Müller Maschinenbau", norm.NFD.String("MÜLLER Maschinen-Bau")},
		{"1000 Islands", "1.000 Islands"}, {"AtHomeIn Stores", "At Home In Stores"}, {"2020 Vision", "20 20 Vision"}, {"1,000 Islands", "1000 Islands"}, {"Customer0993 Trading", "CUSTOMER 0993 Trading S.A."}, {"O'Reilly", "OReilly"},
		{"Office Supplies", "O\uFB03ce Supplies"}, {"Firma Handel Sp. z o.o.", "FIRMA HANDEL"}, {"Incorporated Incorporated", "Incorporated Inc."}, {"ＡＢＣＤＥ", "abcde"},
		{"International Inc", "International"}, {"Theatre Limited", "The atre"}, {"Asahi", "アサヒ"}, {"Anna Anna", "AnnaAnna"}, {"bananana na", "Ban-anana na"},
	} {
		for _, way := range [][2]string{{c[0], c[1]}, {c[1], c[0]}} {
			a, b := NewCustomer(way[0], "", ""), NewCustomer(way[1], "", "")
			if a.Same(b) && givenBy(way[1], [][]string{lowered(a.Beginnings())}) && !givenBy(way[1], a.Parts()) {
				t.Errorf("looking for %q nobody asks for %q: %q", way[0], way[1], a.Parts())
			}
		}
	}
}

// However a name is spelled, who looks for another spelling of it finds it.
func TestPartsOfEverySpelling(t *testing.T) {
	words := []string{"Customer", "0993", "Trading", "The", "of", "Systems", "Maschinenbau", "24", "365", "Group", "Inc", "Weiß"}
	forms := []string{"", " Ltd", " Limited", ", Inc.", " GmbH & Co. KG"}
	between := []string{" ", "-", " & ", ", "}
	r := rand.New(rand.NewPCG(1, 1))
	spell := func(name []string) string {
		var b strings.Builder
		broken := false // one hyphen within a word is enough
		for i, word := range name {
			switch {
			case i == 0:
			case word[0] < 'A' && name[i-1][0] < 'A':
				b.WriteString(between[r.IntN(2)])
			default:
				b.WriteString(between[r.IntN(len(between))])
			}
			if n := len(word); n > 4 && !broken && !strings.Contains(word, ".") && r.IntN(4) == 0 && word[n/2] < 0x80 && word[n/2-1] < 0x80 {
				at := 1 + r.IntN(n-2)
				word, broken = word[:at]+"-"+word[at:], true
			}
			if r.IntN(3) == 0 {
				word = strings.ToUpper(word)
			}
			b.WriteString(word)
		}
		return b.String() + forms[r.IntN(len(forms))]
	}
	same := 0
	for range 20_000 {
		var name []string
		for range 1 + r.IntN(4) {
			name = append(name, words[r.IntN(len(words))])
		}
		one, other := spell(name), spell(name)
		a, b := NewCustomer(one, "", ""), NewCustomer(other, "", "")
		if !a.Same(b) {
			continue
		}
		same++
		if !givenBy(other, a.Parts()) {
			t.Fatalf("looking for %q nobody asks for %q: %q", one, other, a.Parts())
		}
	}
	if same < 5000 {
		t.Errorf("only %d pairs of spellings were one customer", same)
	}
}

// Of a thousand customers whose names differ by a number, who looks for one is given hardly any other.
func TestPartsTellManyCustomersApart(t *testing.T) {
	for _, form := range []string{"Customer%04d Trading", "Customer %d", "Contoso-%d GmbH"} {
		most := 0
		for _, wanted := range []int{123, 993, 1000} {
			parts, given := NewCustomer(fmt.Sprintf(form, wanted), "DE", "20095").Parts(), 0
			for i := range 1001 {
				if givenBy(fmt.Sprintf(form, i), parts) {
					given++
				}
			}
			most = max(most, given)
		}
		if most > 20 {
			t.Errorf("who looks for one like %q is given %d", form, most)
		}
	}
}
