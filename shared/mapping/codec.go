package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// The codecs. Rows that need more than one value are carried by code of their own.
const (
	AsText      = "text"
	AsMemo      = "memo"
	AsMoney     = "money"
	AsTime      = "time"
	AsID        = "id"
	AsCountry   = "country"
	AsName      = "name"
	AsMark      = "mark"
	AsStatus    = "status"
	AsReason    = "reason"
	AsMembers   = "members"
	AsSolutions = "solutions"
	AsSeller    = "seller"
	AsCurrency  = "currency"
	// AsCurrencyCode is a currency whose ISO code stands in a text column, or in the row that a lookup leads to.
	AsCurrencyCode = "currencyCode"
	AsChoice       = "choice"
	AsChoices      = "choices"
	AsDate         = "date"
	AsFlag         = "flag"
	AsWhole        = "whole"
	AsNumber       = "number"
	AsLookup       = "lookup"
	AsStage        = "stage"
	AsStageName    = "stageName"
	AsSize         = "size"
	// AsOwn is what a row has that names no codec, for a column that only the CRM's metadata knows.
	AsOwn     = "own"
	AsContact = "contact"
	// AsPeople is the people of a list behind the first, one a line.
	AsPeople = "people"
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

// Glossary is what codecs look things up in. The zero value knows nothing and reads days in UTC.
type Glossary struct {
	// Country turns a country's name into its code; nil when names are left as they are.
	Country func(name string) string
	// Choices are the options of each choice column, by crm path.
	Choices map[string]Choices
	// Currencies give the row of a currency by its ISO code.
	Currencies map[string]string
	// Days say how each date column holds a day, by crm path.
	Days map[string]Days
	// Lookups are the texts that the lookups of the record show, by crm path.
	Lookups map[string]string
	// CRMZone is the zone in which the CRM's people enter days into user-local columns; nil is the zone of
	// closing dates in Partner Center.
	CRMZone *time.Location

	zone *time.Location // closing dates in Partner Center are midnights of this zone
}

// NewGlossary makes a glossary for closing dates that are entered in the zone; nil is UTC.
func NewGlossary(zone *time.Location) *Glossary { return &Glossary{zone: zone} }

// glossary is the codecs' short word for it.
type glossary = Glossary

// scalars are the codecs of plain values. A map of functions, never changed.
var scalars = map[string]scalar{
	AsName:         {[]string{"String"}, textFromReferral, textToReferral, nameFromCRM, textToCRM},
	AsText:         {[]string{"String", "Memo"}, textFromReferral, textToReferral, textFromCRM, textToCRM},
	AsMemo:         {[]string{"Memo", "String"}, textFromReferral, textToReferral, textFromCRM, textToCRM},
	AsMoney:        {[]string{"Money", "Decimal"}, moneyFromReferral, moneyToReferral, moneyFromCRM, moneyToCRM},
	AsDate:         {[]string{"DateTime"}, dateFromReferral, dateToReferral, dateFromCRM, dateToCRM},
	AsTime:         {[]string{"DateTime"}, timeFromReferral, textToReferral, timeFromCRM, textToCRM},
	AsID:           {[]string{"String"}, idFromReferral, textToReferral, idFromCRM, textToCRM},
	AsFlag:         {[]string{"Boolean"}, flagFromReferral, flagToReferral, flagFromCRM, flagToCRM},
	AsCountry:      {[]string{"String"}, textFromReferral, countryToReferral, countryFromCRM, textToCRM},
	AsChoice:       {[]string{"Picklist"}, textFromReferral, textToReferral, choiceFromCRM, choiceToCRM},
	AsChoices:      {[]string{"MultiSelectPicklist"}, choicesFromReferral, choicesToReferral, choicesFromCRM, choicesToCRM},
	AsWhole:        {[]string{"Integer", "BigInt"}, wholeFromReferral, wholeToReferral, wholeFromCRM, wholeToCRM},
	AsNumber:       {[]string{"Decimal", "Double", "Integer", "Money"}, numberFromReferral, numberToReferral, numberFromCRM, numberToCRM},
	AsLookup:       {[]string{"Lookup", "Customer", "Owner"}, textFromReferral, textToReferral, textFromCRM, textToCRM},
	AsStage:        {[]string{"Picklist"}, stageFromReferral, stageToReferral, choiceFromCRM, stageToCRM},
	AsStageName:    {[]string{"Picklist"}, stageFromReferral, stageNameToReferral, choiceFromCRM, stageToCRM},
	AsSize:         {[]string{"Integer"}, sizeFromReferral, textToReferral, sizeFromCRM, sizeToCRM},
	AsCurrencyCode: {[]string{"String"}, currencyFromReferral, textToReferral, currencyFromCRM, textToCRM},
	AsContact:      {[]string{"String"}, textFromReferral, textToReferral, textFromCRM, textToCRM},
	AsPeople:       {[]string{"Memo", "String"}, peopleFromReferral, nil, textFromCRM, textToCRM},
	AsCurrency:     {[]string{"Lookup"}, currencyFromReferral, textToReferral, currencyFromCRM, currencyToCRM},
}

// codecKinds are the column types that a codec can carry; none means that the codec knows its column.
func codecKinds(as string) []string {
	if c, ok := scalars[as]; ok {
		return c.kinds
	}
	switch as {
	case AsMark:
		return []string{"String"}
	case AsSeller:
		return []string{"String"}
	case AsStatus:
		return []string{"State"}
	case AsReason:
		return []string{"Memo"}
	case AsMembers:
		return []string{"Owner", "Lookup"}
	case AsSolutions:
		return []string{"Collection"}
	}
	return nil
}

func codecNames() string {
	names := []string{AsMark, AsStatus, AsReason, AsMembers, AsSolutions, AsSeller}
	for n := range scalars {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// NotA is the fault text of a value that its codec does not understand. The value itself is not repeated at length:
// it may be anything.
func NotA(what, text string) error {
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

// FromReferral reads what stands at the row's place in a referral as canonical text, by the row's codec.
func (r Row) FromReferral(g *Glossary, v any) (string, error) {
	if v == nil && r.silent() {
		return "", nil
	}
	if len(r.Values) == 0 {
		return scalars[r.Kind()].fromReferral(g, v)
	}
	if r.Kind() == AsChoices {
		text, err := choicesFromReferral(g, v)
		return r.each(text, r.spelled), err
	}
	if r.isStage() {
		text, err := stageFromReferral(g, v)
		return r.spelled(text), err
	}
	text, err := Text(v)
	return r.spelled(text), err
}

// silent says whether a yes or no that nobody has said is no answer. A consent that is not there is not given.
func (r Row) silent() bool {
	return r.Kind() == AsFlag && r.Referral != "" && !strings.HasPrefix(r.Referral, consents)
}

// ToReferral gives the JSON value that a referral gets for a canonical text: a text wherever a referral has one, also
// for numbers and for yes and no.
func (r Row) ToReferral(g *Glossary, text string) (any, error) {
	v, err := r.toJSON(g, text)
	return r.Worded(v), err
}

// Worded gives a value, of a constant or a formula perhaps, the JSON type that the row's place in a referral has.
func (r Row) Worded(v any) any { return worded(r.Referral, v) }

func (r Row) toJSON(g *Glossary, text string) (any, error) {
	switch {
	case text == "" && r.silent():
		return nil, nil
	case r.Kind() == AsChoices && !r.Pointer().Every():
		return OrNull(strings.Join(setOf(text), ", ")), nil
	case len(r.Values) == 0 || r.Kind() == AsChoices:
		return scalars[r.Kind()].toReferral(g, text)
	}
	if r.As == AsStageName {
		return stageNameToReferral(g, text)
	}
	return r.typed(text), nil
}

// each is a set of texts, every one of them changed.
func (r Row) each(text string, change func(string) string) string {
	set := setOf(text)
	for i := range set {
		set[i] = change(set[i])
	}
	return setText(set)
}

// FromCRM reads a column's text as canonical text, by the row's codec and its value table. Of a lookup it is
// called with the text that the row of the lookup shows.
func (r Row) FromCRM(g *Glossary, column, text string) (string, error) {
	switch {
	case text == "" && r.silent():
		return "", nil
	case r.optioned() && r.Kind() == AsFlag:
		code, err := choiceFromCRM(g, r.OptionsKey(), flagOption(text))
		return code, r.unlisted(text, err, func(v Value) string { return v.CRM })
	case r.HasOptions():
		code, err := scalars[r.Kind()].fromCRM(g, r.OptionsKey(), text)
		return code, r.unlisted(text, err, func(v Value) string { return v.CRM })
	}
	text, err := scalars[r.Kind()].fromCRM(g, column, text)
	if err != nil || len(r.Values) == 0 || text == "" {
		return text, err
	}
	return r.toReferral(text)
}

// ToCRM gives the value that a column gets for a canonical text; for a currency the id of its row, for a lookup
// the text that its row shows.
func (r Row) ToCRM(g *Glossary, column, text string) (any, error) {
	switch {
	case text == "" && r.silent():
		return nil, nil
	case r.optioned() && r.Kind() == AsFlag:
		option, err := choiceToCRM(g, r.OptionsKey(), text)
		return option == 1, r.unlisted(text, err, Value.text)
	case r.HasOptions():
		option, err := scalars[r.Kind()].toCRM(g, r.OptionsKey(), text)
		return option, r.unlisted(text, err, Value.text)
	}
	if len(r.Values) > 0 && text != "" {
		var err error
		if text, err = r.toCRM(text); err != nil {
			return nil, err
		}
	}
	return scalars[r.Kind()].toCRM(g, column, text)
}

// RefusedValue explains a value of a field that a side cannot hold, while doing what: Refused, with the
// field, unless err is classified already.
func RefusedValue(what string, f cosell.Field, err error) error {
	var known *fault.Error
	if errors.As(err, &known) && known.Kind != fault.Broken {
		if known.Kind == fault.Refused && known.Field == "" {
			known.Field = string(f)
		}
		return err
	}
	// The error quotes the value, so it is for a person and not for the log.
	return fault.New(fault.Refused, "writing %s: %s holds no value that can be written", what, f).
		With("value.invalid", "").At(string(f)).Saying(err.Error(), "correct "+string(f)+" on the other side")
}

// FirstText is the first text that is not empty.
func FirstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
