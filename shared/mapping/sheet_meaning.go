package mapping

import (
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// lists and objects of a referral: none of them is a plain value.
const compound = "/team, /target, /tags, /registrations, /customerProfile, /customerProfile/team, /customerProfile/ids, /customerProfile/address, " +
	"/consent, /details, /details/requirements, /details/requirements/solutions, /details/requirements/industries, /details/requirements/products, " +
	"/details/requirements/services, /details/requirements/offers, /details/requirements/salesPlays, /details/requirements/additionalRequirements, " +
	"/inviteContext, /trackingInfo, /links"

// checkOff finds a row that cannot be off. What a row that is off means is not judged.
func (l *loader) checkOff(r *Row) {
	if vital(r.Field) {
		l.mistake(r.where, "any row but sync, status, referralId, name", "field %s cannot be off", r.Field)
	}
}

// checkStrange finds a row that only switches off what is not there: a misspelt name.
func (l *loader) checkStrange(r *Row) {
	var names []string
	for _, other := range l.rows {
		if other.Field != r.Field {
			names = append(names, string(other.Field))
		}
	}
	allowed := "fields of the sheet"
	if near := Nearest(string(r.Field), names); near != "" {
		allowed += "; the nearest is " + near
	}
	l.mistake(r.where, allowed, "there is no field %s to be switched off", r.Field)
}

// checkMeaning finds rows that are well formed and yet wrong.
func (l *loader) checkMeaning(r *Row) {
	kinds := map[string]string{"/type": "Independent, Shared", "/qualification": "None, Direct, MarketingQualified, SalesQualified"}
	_, plain := scalars[r.As]
	plain = plain || r.As == AsOwn
	switch {
	case r.As == AsPeople && !isOne(r.Referral, "/team, /customerProfile/team"):
		l.mistake(r.where, "/customerProfile/team, /team", "field %s shows people of %q", r.Field, r.Referral)
	case plain && r.As != AsPeople && isOne(r.Referral, compound):
		l.mistake(r.where, "paths of plain values, or the codecs members, people, solutions", "referral path %q of field %s holds a list or an object", r.Referral, r.Field)
	case r.Constant != nil && kinds[r.Referral] != "":
		for _, v := range []any{r.Constant, r.WithHelp} {
			if text, ok := v.(string); v != nil && (!ok || !isOne(text, kinds[r.Referral])) {
				l.mistake(r.where, kinds[r.Referral], "field %s has the constant %v", r.Field, v)
			}
		}
	}
	l.checkConstant(r)
	if door, has := l.doors[r.Field]; has && r.Door == cosell.NoDoor {
		l.mistake(r.where, string(door), "field %s has no door: Partner Center closes it all the same", r.Field)
	}
}

// checkConstant compares a constant with the type of a standard column. What a column of the organisation's own
// takes, only its metadata says.
func (l *loader) checkConstant(r *Row) {
	p := placeOf(r.CRM)
	c, known := l.schema.find(p.Table, p.Column)
	if r.Constant == nil || r.CRM == "" || r.Referral != "" || !known || p.Key != "" {
		return
	}
	allowed := ""
	switch r.Constant.(type) {
	case string:
		if isOne(c.kind, "Money, Integer, Decimal, Double, Boolean") {
			allowed = "a number"
		}
	case bool:
	case int, int64, uint64, float64:
		if isOne(c.kind, "String, Memo, DateTime, Lookup, Boolean") {
			allowed = "a text, in quotes"
		}
	default:
		allowed = "a single value"
	}
	if _, is := r.Constant.(bool); is != (c.kind == "Boolean") {
		allowed = map[bool]string{true: "true, false", false: FirstText(allowed, "a value of its type")}[c.kind == "Boolean"]
	}
	if allowed != "" {
		l.mistake(r.where, allowed, "field %s has the constant %v, which the column %s of type %s does not take", r.Field, r.Constant, p.Column, c.kind)
	}
}

// checkCrosses finds a row of the customer's own that no value would ever cross by. Those of ours that stand on
// one side have code behind them.
func (l *loader) checkCrosses(r *Row) {
	if r.Off || r.Constant != nil || r.Default != "" || r.Formula != "" || r.As == "" || r.Way == cosell.Read || (r.Referral == "") == (r.CRM == "" && r.Lead == "") {
		return
	}
	l.mistake(r.where, "rows with referral and crm, and constants", "field %s stands on one side only, so nothing of it would cross", r.Field)
}

// spot is a place that a row is written to, as mistakes call it.
type spot struct{ what, at, allowed string }

// spots are the places that a row is written to. Name and mark are the one pair that shares a column.
func (r Row) spots() (out []spot) {
	if r.Off || r.Way == cosell.Read {
		return nil
	}
	if r.CRM != "" && r.As != AsMark && r.Way != cosell.ToReferral && r.Way != cosell.NewReferral {
		out = append(out, spot{"column", r.Written(), "one field for each column"})
	}
	if r.Lead != "" && r.As != AsMark {
		out = append(out, spot{"column of a lead", r.Lead, "one field for each column"})
	}
	if r.Referral != "" && !r.Microsoft && r.Way != cosell.ToOpportunity && r.Way != cosell.NewOpportunity {
		out = append(out, spot{"referral path", r.Referral, "one field for each path"})
	}
	return out
}

// checkShared finds two fields that are written to one column, or to one place of a referral, and an amount
// without its currency.
func (l *loader) checkShared() {
	first := map[spot]Row{}
	for _, r := range l.rows {
		if l.spoilt[r.Field] {
			continue
		}
		for _, s := range r.spots() {
			l.alone(r, first, s)
		}
	}
	currency, value := l.rows[l.index[cosell.Currency]], l.rows[l.index[cosell.DealValue]]
	if currency.Off && !value.Off {
		l.mistake(currency.where, "both off, or none", "field %s is off and %s is not: an amount goes with its currency", currency.Field, value.Field)
	}
}

// alone finds the second field at a place, and says it of the one that is not ours.
func (l *loader) alone(r Row, first map[spot]Row, s spot) {
	other, twice := first[s]
	if !twice {
		first[s] = r
		return
	}
	ours := func(r Row) bool { return strings.HasPrefix(r.where, shipped+":") }
	if ours(r) && !ours(other) {
		r, other = other, r
	}
	allowed := s.allowed
	switch {
	case r.Fixed():
		allowed += "; what a new record gets where the referral says nothing is the key default of the row " + string(other.Field)
	case ours(other) && !vital(other.Field):
		allowed += fmt.Sprintf("; name the field %s in place of %s, or switch it off with the row {field: %s, off: true}", other.Field, r.Field, other.Field)
	}
	l.mistake(r.where, allowed, "%s %s of field %s is that of field %s already", s.what, s.at, r.Field, other.Field)
}
