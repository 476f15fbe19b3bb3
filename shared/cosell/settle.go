package cosell

import (
	"maps"
	"slices"
	"time"
)

// Written is what happened after a plan was applied: what was read, and what the systems answered to the
// writes (nil where nothing was written).
type Written struct {
	Referral    *Referral    // as answered, after ToReferral was written
	Opportunity *Opportunity // as answered, after ToOpportunity was written
}

// Settle gives the pair with the base renewed: for fields that were read, the value read; for fields that
// were written, what the system made of them; for fields that wait for a decision, what it was. Only what
// was compared is renewed: a change that somebody made at the same moment stays visible as a change.
func (in Pairing) Settle(pair Pair, plan Plan, w Written) Pair {
	base := Base{Referral: pair.Base.Referral.Clone(), Opportunity: pair.Base.Opportunity.Clone()}
	fresh := true
	renewAll(base.Referral, in.Referral.Record, plan.keep)
	if in.Opportunity != nil {
		renewAll(base.Opportunity, in.Opportunity.Record, plan.keep)
		pair.OpportunityVersion = in.Opportunity.Version
		fresh = len(plan.keep) == 0
	}
	if w.Referral != nil {
		for f := range plan.ToReferral {
			base.Referral.renew(f, w.Referral.Record)
		}
	}
	if w.Opportunity != nil {
		written := w.Opportunity.Record
		if _, closing := plan.ToOpportunity[Status]; closing {
			renewAll(base.Opportunity, written, plan.keep) // actual value and date come into view
		}
		for f := range plan.ToOpportunity {
			base.Opportunity.renew(f, written)
		}
		if written[Mark] != base.Opportunity[Mark] && !plan.keep[Name] {
			base.Opportunity.renew(Name, written) // a long name makes room for the mark
		}
		for _, f := range []Field{Audit, Mark} {
			base.Opportunity.renew(f, written)
		}
		pair.OpportunityVersion = w.Opportunity.Version
		fresh = fresh && holds(base.Opportunity, written)
	}
	if !fresh {
		pair.OpportunityVersion = ""
	}
	pair.Base = base
	pair.Seen = in.seen(pair.Seen, w)
	return pair
}

// SettleSent renews the base of what was written to the referral alone, when the rest of the plan could not
// be carried out: our own write must not look like the other side's, should the opportunity's value have
// been changed back meanwhile.
func (in Pairing) SettleSent(pair Pair, plan Plan, r Referral) Pair {
	base := Base{Referral: pair.Base.Referral.Clone(), Opportunity: pair.Base.Opportunity.Clone()}
	for f := range plan.ToReferral {
		if _, both := plan.ToOpportunity[f]; both {
			continue // half of it is still to come
		}
		base.Referral.renew(f, r.Record)
		if in.Opportunity != nil {
			base.Opportunity.renew(f, in.Opportunity.Record)
		}
	}
	pair.Base, pair.OpportunityVersion = base, ""
	pair.Seen = in.seen(pair.Seen, Written{Referral: &r})
	return pair
}

// seen notes the newest versions.
func (in Pairing) seen(before map[string]time.Time, w Written) map[string]time.Time {
	seen := maps.Clone(before)
	if seen == nil {
		seen = map[string]time.Time{}
	}
	note := func(s Side) {
		if s.Modified.After(seen[s.ID]) {
			seen[s.ID] = s.Modified
		}
	}
	note(in.Referral.Side)
	if w.Referral != nil {
		note(w.Referral.Side)
	}
	for _, o := range []*Opportunity{in.Opportunity, w.Opportunity} {
		if o != nil {
			note(o.Side)
		}
	}
	return seen
}

// renewAll takes over everything that was read, but for what is kept. Members that are gone are dropped.
func renewAll(base, read Record, keep map[Field]bool) {
	for f := range base {
		if list, _, ok := f.List(); ok && !keep[f] {
			if _, was := read[list]; was {
				base.renew(f, read)
			}
		}
	}
	for f := range read {
		if !keep[f] {
			base.renew(f, read)
		}
	}
}

// holds says whether the base says everything that the record says.
func holds(base, r Record) bool {
	for f, v := range r {
		if !same(f, base[f], v) {
			return false
		}
	}
	return true
}

// Codes lists the lasting problems of a plan, sorted.
func Codes(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		if !p.Once && !slices.Contains(out, p.Code) {
			out = append(out, p.Code)
		}
	}
	slices.Sort(out)
	return out
}

// Crossed says whether any of the problems turns the tick into a cross.
func Crossed(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warn })
}

// Refuse drops what was to be written to the referral because the other side said no: the field that the
// problem names, or else all of them, stay undecided and the problem is explained.
func (p *Plan) Refuse(why Problem) { p.refuse(p.ToReferral, why) }

// RefuseOpportunity does the same for what was to be written to the opportunity.
func (p *Plan) RefuseOpportunity(why Problem) {
	why.Inbound = true
	p.refuse(p.ToOpportunity, why)
}

func (p *Plan) refuse(changes Record, why Problem) {
	p.Problems = append(p.Problems, why)
	_, one := changes[why.Field]
	for f := range changes {
		if !one || f == why.Field {
			p.keep[f] = true
			delete(changes, f)
		}
	}
}

// Accept settles a field that the plan kept open, after it was dealt with in another way.
func (p *Plan) Accept(f Field) { delete(p.keep, f) }

// Keep leaves a field undecided.
func (p *Plan) Keep(f Field) { p.keep[f] = true }
