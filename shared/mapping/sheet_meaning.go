package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// lists and objects of a referral: none of them is a plain value.
const compound = "/team, /target, /tags, /registrations, /customerProfile, /customerProfile/team, /customerProfile/ids, /customerProfile/address, " +
	"/consent, /details, /details/requirements, /details/requirements/solutions, /details/requirements/industries, /details/requirements/products, " +
	"/details/requirements/services, /details/requirements/offers, /details/requirements/salesPlays, /details/requirements/additionalRequirements, " +
	"/inviteContext, /trackingInfo, /links"

// checkMeaning finds rows that are well formed and yet wrong.
func (l *loader) checkMeaning(r *Row) {
	kinds := map[string]string{"/type": "Independent, Shared", "/qualification": "None, Direct, MarketingQualified, SalesQualified"}
	_, plain := scalars[r.As]
	switch {
	case r.Off && vital(r.Field):
		l.mistake(r.where, "any row but sync, status, referralId, name", "field %s cannot be off", r.Field)
	case plain && isOne(r.Referral, compound):
		l.mistake(r.where, "paths of plain values, or the codecs members, solutions", "referral path %q of field %s holds a list or an object", r.Referral, r.Field)
	case r.Constant != nil && kinds[r.Referral] != "":
		for _, v := range []any{r.Constant, r.WithHelp} {
			if text, ok := v.(string); v != nil && (!ok || !isOne(text, kinds[r.Referral])) {
				l.mistake(r.where, kinds[r.Referral], "field %s has the constant %v", r.Field, v)
			}
		}
	}
	if door, has := l.doors[r.Field]; has && r.Door == cosell.NoDoor {
		l.mistake(r.where, string(door), "field %s has no door: Partner Center closes it all the same", r.Field)
	}
}

// checkShared finds two fields that are written to one column. Name and mark are the one pair that is.
func (l *loader) checkShared() {
	first := map[string]cosell.Field{}
	for _, r := range l.rows {
		if r.Off || r.CRM == "" || r.Constant != nil || r.As == AsMark || r.Way == cosell.ToReferral || r.Way == cosell.Read {
			continue
		}
		if other, twice := first[r.CRM]; twice {
			l.mistake(r.where, "one field for each column", "column %s of field %s is that of field %s already", strings.TrimPrefix(r.CRM, "opportunity/"), r.Field, other)
			continue
		}
		first[r.CRM] = r.Field
	}
}
