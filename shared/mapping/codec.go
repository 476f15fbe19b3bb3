package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The codecs that need more than one value: their rows are carried by code of their own.
const (
	asName      = "name"
	asMark      = "mark"
	asStatus    = "status"
	asReason    = "reason"
	asMembers   = "members"
	asSolutions = "solutions"
	asSeller    = "seller"
	asCurrency  = "currency"
	asChoice    = "choice"
)

// scalar is a codec between one JSON value of a referral, the canonical text, and one column. Every
// function gets canonical or raw values of any shape and answers an error for what it cannot understand;
// empty text stands for null on both sides.
type scalar struct {
	kinds        []string // column types that it fits
	fromReferral func(g *glossary, v any) (string, error)
	toReferral   func(g *glossary, text string) (any, error)
	fromCRM      func(g *glossary, column, text string) (string, error)
	toCRM        func(g *glossary, column, text string) (any, error)
}

// glossary is what codecs look things up in.
type glossary struct {
	zone       *time.Location               // closing dates in Partner Center are midnights of this zone
	country    func(name string) string     // country name to code; nil when names are left alone
	choices    map[string]choices           // by column
	currencies map[string]string            // ISO code to the currency's row id
	catalogue  map[string]catalogueSolution // solution catalogue by row id
}

// scalars are the codecs of plain values. A map of functions, never changed.
var scalars = map[string]scalar{
	asName:     {[]string{"String"}, textFromReferral, textToReferral, nameFromCRM, textToCRM},
	"text":     {[]string{"String", "Memo"}, textFromReferral, textToReferral, textFromCRM, textToCRM},
	"memo":     {[]string{"Memo", "String"}, textFromReferral, textToReferral, textFromCRM, textToCRM},
	"money":    {[]string{"Money", "Decimal"}, moneyFromReferral, moneyToReferral, moneyFromCRM, moneyToCRM},
	"date":     {[]string{"DateTime"}, dateFromReferral, dateToReferral, dateFromCRM, textToCRM},
	"flag":     {[]string{"Boolean"}, flagFromReferral, flagToReferral, flagFromCRM, flagToCRM},
	"country":  {[]string{"String"}, textFromReferral, textToReferral, countryFromCRM, textToCRM},
	asChoice:   {[]string{"Picklist"}, textFromReferral, textToReferral, choiceFromCRM, choiceToCRM},
	asCurrency: {[]string{"Lookup"}, currencyFromReferral, textToReferral, currencyFromCRM, currencyToCRM},
}

// codecKinds are the column types that a codec can carry; none means that the codec knows its column.
func codecKinds(as string) []string {
	if c, ok := scalars[as]; ok {
		return c.kinds
	}
	switch as {
	case asMark:
		return []string{"String"}
	case asSeller:
		return []string{"String"}
	case asStatus:
		return []string{"State"}
	case asReason:
		return []string{"Memo"}
	case asMembers:
		return []string{"Owner", "Lookup"}
	case asSolutions:
		return []string{"Collection"}
	}
	return nil
}

func codecNames() string {
	names := []string{asMark, asStatus, asReason, asMembers, asSolutions, asSeller}
	for n := range scalars {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// fault text of a value that its codec does not understand. The value itself is not repeated at length:
// it may be anything.
func notA(what, text string) error {
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "…"
	}
	return fmt.Errorf("%q is not %s", text, what)
}

// scalarText gives a JSON scalar as text; lists and objects are no scalars.
func scalarText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		if v {
			return "true", nil
		}
		return "false", nil
	}
	return "", fmt.Errorf("a list or an object is not a value")
}
