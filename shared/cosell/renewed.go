package cosell

import "time"

// Renewed is the pairing without what is remembered of columns that are younger than its base: who deletes a
// column deletes what stood in it, and a new one of the same name comes back empty, which nobody meant.
//
//	the new column | is
//	is empty       | filled from the referral, as at first sight
//	holds a value  | an edit of somebody
func (in Pairing) Renewed() Pairing {
	row, read := in.Opportunity.Row()
	since := in.Pair.Columns
	if since.IsZero() {
		since = in.Pair.Seen[row.ID].Modified
	}
	if !read || since.IsZero() {
		return in
	}
	base := in.Pair.Base
	var renewed []Field
	for _, rule := range in.Rules {
		f := rule.Field
		if (rule.Way == Both || rule.Way == ToReferral) && row.Born[f].After(since) && base.Opportunity[f] != "" && row.Record.has(f) {
			renewed = append(renewed, f)
		}
	}
	if len(renewed) == 0 {
		return in
	}
	base = base.Clone()
	for _, f := range renewed {
		if row.Record[f] == "" {
			delete(base.Referral, f)
			delete(base.Opportunity, f)
		} else {
			base.Opportunity[f] = ""
		}
	}
	in.Pair.Base = base
	return in
}

// Clears says whether the plan empties something in Partner Center because it is empty in CRM now. Before that is
// done the columns are looked at again.
func (in Pairing) Clears(plan Plan) bool {
	row, read := in.Opportunity.Row()
	for f, v := range plan.ToReferral {
		if _, _, member := f.List(); read && !member && v == "" && row.Record.has(f) && row.Record[f] == "" && in.Pair.Base.Opportunity[f] != "" {
			return true
		}
	}
	return false
}

// youngest is when the youngest of the columns was made, but not before a time.
func (o Opportunity) youngest(at time.Time) time.Time {
	for _, born := range o.Born {
		if born.After(at) {
			at = born
		}
	}
	return at
}
