package flow

import (
	"context"
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// View is a pair as a look at it finds it, and what it would do. Nothing is written.
type View struct {
	Pair        cosell.Pair
	Opportunity *cosell.Opportunity
	Referral    *cosell.Referral
	Plan        cosell.Plan
	Differences []Difference
}

// Difference is a field of which the two sides do not say the same.
type Difference struct {
	Field                 cosell.Field
	Opportunity, Referral string
	Wins                  cosell.Wins
	Goes                  cosell.Place // where a rehearsal would write it; "": nowhere
	Why                   string       // of a rehearsal
	Unexplained           bool         // of a rehearsal: nothing says why it differs and stays so
}

// Look reads both sides and decides, and writes nothing: the plan is the one that an event would carry
// out. Gone: there is no such pair.
func (f *Flow) Look(ctx context.Context, opportunityID string) (View, error) {
	pair, known, err := f.Ledger.Find(ctx, opportunityID)
	if err != nil {
		return View{}, err
	}
	if !known {
		return View{}, fault.New(fault.Gone, "no pair of opportunity %s is known", opportunityID)
	}
	f = f.of(pair)
	v := View{Pair: pair}
	if pair.Phase != cosell.Making && (pair.Phase != cosell.Lacking || pair.ReferralID == "") {
		o, err := f.Opportunities.Get(ctx, opportunityID)
		if err != nil {
			return v, err
		}
		v.Opportunity = &o
	}
	if pair.ReferralID != "" {
		r, err := f.Referrals.Get(ctx, pair.ReferralID)
		if err != nil {
			return v, err
		}
		v.Referral = &r
	}
	f.decide(&v)
	return v, nil
}

// decide fills in what would be done.
func (f *Flow) decide(v *View) {
	switch {
	case v.Opportunity != nil && v.Referral != nil && v.Pair.Phase == cosell.Linked:
		w := &work{pair: v.Pair, opportunity: v.Opportunity, referral: v.Referral, hint: Hint{Retry: true}}
		f.resolve(w)
		v.Plan = cosell.Merge(f.pairing(w)).Told()
		v.Differences = f.differences(v.Pair.Base, v.Opportunity.Record, v.Referral.Record)
	case v.Opportunity != nil && v.Opportunity.Synced():
		values, problems := cosell.Prepare(*v.Opportunity, f.Rules)
		v.Plan = cosell.Plan{Problems: problems}
		if len(problems) == 0 {
			v.Plan.ToReferral = values
		}
	case v.Referral != nil:
		v.Plan.ToOpportunity = cosell.ForOpportunity(*v.Referral, f.Rules)
	}
}

// differences are told, but for a constant that a referral was made with and the CRM never said anything of.
func (f *Flow) differences(base cosell.Base, o, r cosell.Record) []Difference {
	var out []Difference
	for _, rule := range f.Rules {
		if rule.Way != cosell.Both || rule.Door == cosell.Lifecycle {
			continue
		}
		_, here := o[rule.Field]
		_, there := r[rule.Field]
		if !here || !there { // not read or not said, or said by another record: Microsoft's has the help
			continue
		}
		for _, field := range fieldsOf(rule, o, r) {
			d, p := o[field], r[field]
			if d == p || rule.ToOpportunity != nil && rule.ToOpportunity(p) == d {
				continue
			}
			if made, was := base.Opportunity[field]; d == "" && was && made == "" && base.Referral[field] == p {
				continue
			}
			out = append(out, Difference{Field: field, Opportunity: d, Referral: p, Wins: rule.Wins})
		}
	}
	return out
}

func fieldsOf(rule cosell.Rule, records ...cosell.Record) []cosell.Field {
	if !rule.List {
		return []cosell.Field{rule.Field}
	}
	seen := map[cosell.Field]bool{}
	for _, r := range records {
		for member := range r.Members(rule.Field) {
			seen[rule.Field.Of(member)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
