package mapping

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestR140_NamesAndPostalCodesCompareWithoutSpelling(t *testing.T) {
	for _, c := range []struct{ a, ap, b, bp, country string }{
		{"Gracht B.V.", "1012 AB", "Gracht BV", "1012AB", "NL"},
		{"Gracht BV", "NL-1012 AB", "GRACHT", "1012ab", "NL"},
		{"Thames Ltd", "sw1a 1aa", "THAMES Limited", "SW1A1AA", "GB"},
		{"Müller Söhne GmbH", "50667", norm.NFD.String("müller  söhne gmbh."), " D-50667 ", "DE"},
		{"Contoso, Inc.", "98052", "CONTOSO Incorporated", "98052-1234", "US"},
		{"Contoso Inc", "980521234", "Contoso", "98 052", "US"},
		{"The Tailspin Toys", "20095", "Tailspin-Toys", "", "DE"},
		{"Straße AG", "20095", "STRASSE AG", "２００９５", "DE"},
		{"Smith & Sons Co.", "1", "Smith Sons Company", "1", ""},
		{"Carlsberg A/S", "1799", "Carlsberg AS", "DK-1799", "DK"},
		{"Firma Sp. z o.o.", "00-001", "FIRMA spzoo", "00001", "PL"},
		{"ＡＢＣ", "1", "abc", "1", ""}, {"Contoso®", "1", "contoso", "1", ""}, {"株式会社", "1", "株式会社", "1", "JP"},
		{"★★★", "1", " ★★★ ", "1", ""},
	} {
		a, b := NewCustomer(c.a, c.country, c.ap), NewCustomer(c.b, c.country, c.bp)
		if !a.Same(b) || !b.Same(a) {
			t.Errorf("%q %q and %q %q are two customers: %+v %+v", c.a, c.ap, c.b, c.bp, a, b)
		}
	}
}

func TestR140_WhatMattersStays(t *testing.T) {
	for _, c := range [][2]string{
		{"Tailspin Ltd", "Tailspin GmbH"}, {"कि", "का"}, {"ที่", "ทา"}, {"C++", "C"}, {"A+", "A"}, {"★", "☆"}, {"!!!", "???"}, {"Ångström", "Angstrom"},
		{"か", "が"}, {"Tailspin", "Tailspin Two"}, {"Øst", "Ost"}, {"ıstanbul", "istanbul"},
	} {
		a, b := NewCustomer(c[0], "DE", "20095"), NewCustomer(c[1], "DE", "20095")
		if a.Same(b) || slices.Equal(a.Key(), b.Key()) {
			t.Errorf("%q and %q are one customer: %+v", c[0], c[1], a)
		}
	}
	base := NewCustomer("Tailspin", "DE", "20095")
	for what, other := range map[string]Customer{"postal code": NewCustomer("Tailspin", "DE", "10115"), "country": NewCustomer("Tailspin", "AT", ""), "nothing": NewCustomer("", "", "")} {
		if base.Same(other) {
			t.Errorf("another %s is the same customer", what)
		}
	}
	// Letters before a British or Maltese code are part of it.
	for _, c := range [][3]string{{"E1 6AN", "1 6AN", "GB"}, {"VLT 1117", "MST 1117", "MT"}} {
		if NewCustomer("X", c[2], c[0]).Same(NewCustomer("X", c[2], c[1])) {
			t.Errorf("%s and %s are one place", c[0], c[1])
		}
	}
}

func TestIDsOfAccountsAreMadeOfOneSpelling(t *testing.T) {
	a, b := NewCustomer("Thames Ltd", "United Kingdom", "sw1a 1aa"), NewCustomer("THAMES Limited.", "UK", "SW1A1AA")
	if !slices.Equal(a.Key(), b.Key()) {
		t.Errorf("%q and %q", a.Key(), b.Key())
	}
	if got := strings.Join(a.Key(), "|"); got != "thames|ltd|GB|SW1A1AA" {
		t.Errorf("the key of every account that was made has changed to %s", got)
	}
}

// What Same accepts the CRM must have been asked for.
func TestR140_BeginningsAreASuperset(t *testing.T) {
	for _, c := range [][2]string{
		{"Tailspin Toys", "The Tailspin Toys"}, {"Tailspin", "\"Tailspin\" GmbH"}, {"T-Systems", "TSystems"}, {"TSystems", "T Systems"},
		{"Éclair", norm.NFD.String("éclair")}, {"3M", "3M Company"}, {"O'Neill", "ONeill"}, {"A.B.C.", "ABC"}, {"ＡＢＣ", "abc"}, {"C&A", "C & A"}, {"X", "X"},
	} {
		a, b := NewCustomer(c[0], "", ""), NewCustomer(c[1], "", "")
		if !a.Same(b) {
			t.Fatalf("%q and %q", c[0], c[1])
		}
		if !slices.ContainsFunc(a.Beginnings(), func(begin string) bool {
			return strings.HasPrefix(strings.ToLower(c[1]), strings.ToLower(begin))
		}) {
			t.Errorf("looking for %q nobody asks for %q: %q", c[0], c[1], a.Beginnings())
		}
	}
}
