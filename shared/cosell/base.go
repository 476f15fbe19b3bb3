package cosell

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// A longer value is remembered by its hash: a row of the ledger holds a base of every field, and a
// comparison needs no more. Audit is kept whole, because lines are put before what is there.
const longestRemembered = 1024

const hashed = "sha256:"

func remember(f Field, v string) string {
	if len(v) <= longestRemembered || f == Audit {
		return v
	}
	return Digested(v)
}

// Digested is how a text is remembered of which only the hash is kept.
func Digested(v string) string {
	if v == "" || isHashed(v) {
		return v
	}
	sum := sha256.Sum256([]byte(v))
	return hashed + hex.EncodeToString(sum[:])
}

func isHashed(v string) bool { return strings.HasPrefix(v, hashed) }

// same compares a value with what was remembered.
func same(remembered, v string) bool {
	return remembered == v || isHashed(remembered) && remembered == Digested(v)
}

// Remember makes the base of one side from what that side holds.
func Remember(r Record) Record {
	out := make(Record, len(r))
	for f, v := range r {
		out[f] = remember(f, v)
	}
	return out
}

// value is what a record says of a field or member: present is false when the side does not have it or
// did not read it. A member missing from a list that was read is present and empty: it was removed.
func (r Record) value(f Field) (v string, present bool) {
	if v, ok := r[f]; ok {
		return v, true
	}
	if list, _, ok := f.List(); ok {
		_, read := r[list]
		return "", read
	}
	return "", false
}

func (r Record) has(f Field) bool {
	_, ok := r[f]
	return ok
}

// renew makes the base hold what the record says of the field; a list's members are renewed one by one.
func (r Record) renew(f Field, from Record) {
	v, present := from.value(f)
	switch _, _, member := f.List(); {
	case !present:
	case member && v == "":
		delete(r, f)
	default:
		r[f] = remember(f, v)
	}
}

// Forgets is the pair after a person dropped what is held of the field at the place: what both sides say of it
// counts as agreed until one of them changes; values that differ are left alone. What Audit explains of it is over with the line that
// says so: they are in step no more than before.
func (p Pair) Forgets(place Place, f Field, r *Referral, o *Opportunity, rules []Rule) Pair {
	p.Held = slices.DeleteFunc(slices.Clone(p.Held), func(h Held) bool { return h.Place == place && h.Field == f && h.Code != statusApart })
	told := len(p.Told)
	p.Told = slices.DeleteFunc(slices.Clone(p.Told), func(print string) bool { return strings.Contains(print, "|"+string(place)+"|"+string(f)+"|") })
	if len(p.Told) < told {
		p.Untold = append(slices.Clone(p.Untold), Problem{Field: f, Place: place, Text: LeftAsItIs + Label(rules, f), Warn: true, Once: true})
	}
	p.Base, p.OpportunityVersion = p.Base.agreed(f, r, o), ""
	if !slices.Contains(p.LeftAlone, f) {
		p.LeftAlone = append(slices.Clone(p.LeftAlone), f)
	}
	return p
}

// Moved says whether the plan would write something else of the field there than what is held of it: somebody has edited it since, and what was
// said of the old value says nothing of the new one.
func (p Pair) Moved(place Place, f Field, plan Plan) bool {
	i := slices.IndexFunc(p.Held, func(h Held) bool {
		return h.Place == place && h.Field == f && (withholds(h, place) || h.Code == solutionRequired)
	})
	return i >= 0 && slices.ContainsFunc(Atoms(plan.at(place)), func(atom Record) bool {
		for g := range atom {
			if list, _, member := g.List(); (g == f || member && list == f) && !p.Held[i].asks(atom) {
				return true
			}
		}
		return false
	})
}

// agreed is the base after a person said that the field, or the list, is right as it is on both sides.
func (b Base) agreed(f Field, r *Referral, o *Opportunity) Base {
	out := b.Clone()
	renew := func(base, now Record) {
		for g := range now {
			if list, _, member := g.List(); g == f || member && list == f {
				base.renew(g, now)
			}
		}
		base.renew(f, now)
	}
	if r != nil {
		renew(out.Referral, r.Record)
	}
	if o != nil {
		renew(out.Opportunity, o.Record)
	}
	return out
}
