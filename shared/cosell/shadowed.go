package cosell

import (
	"slices"
	"time"
)

// Shadowed is what the last look at a record would have done, in shadow mode: records and fields, no values. The fields
// by which the product keeps its books are left out: no other system writes them.
type Shadowed struct {
	OpportunityID string    `json:"opportunity,omitempty"`
	ReferralID    string    `json:"referral,omitempty"`
	Would         []string  `json:"would,omitempty"`    // "create opportunity: name notes"
	Problems      []string  `json:"problems,omitempty"` // codes
	At            time.Time `json:"at"`
}

// Same says that the two records are as this product would have made them.
func (s Shadowed) Same() bool { return len(s.Would) == 0 && len(s.Problems) == 0 }

// Bookkeeping says whether the field is one by which the product keeps its books: no value of the deal.
func (f Field) Bookkeeping() bool {
	switch f {
	case Audit, Mark, State, ErrorCode, LastSync, Expires, Proposed, Task, ReferralID, ReferralLink, CRMID:
		return true
	}
	return false
}

// Watched is the pair as shadow mode remembers it, of which nothing was written: fields that would have been written keep
// the base that they had before, so that they go on to differ until whoever works in earnest writes them too. What is
// about our own writes, and what is held, is left out: each look finds it anew. Microsoft's referral stays out where it
// exists in a rehearsal only.
func (p Pair) Watched(before Base, written []Field, invited string) Pair {
	p.Base = Base{Referral: p.Base.Referral.unwritten(before.Referral, written), Opportunity: p.Base.Opportunity.unwritten(before.Opportunity, written)}
	p.OpportunityVersion, p.Seen, p.Sending, p.Copy = "", nil, nil, Copy{}
	p.Held, p.Told, p.Untold, p.Posted, p.Registered = nil, nil, nil, nil, ""
	p.MicrosoftID = invited
	return p
}

// unwritten is a side of a base with the fields written, or the lists that they are of, as they were before, and without
// our books.
func (r Record) unwritten(before Record, written []Field) Record {
	root := func(f Field) Field {
		list, _, _ := f.List()
		return list.led()
	}
	var roots []Field
	for _, f := range written {
		roots = append(roots, root(f))
	}
	out := Record{}
	for _, from := range []struct {
		record Record
		was    bool
	}{{r, false}, {before, true}} {
		for f, v := range from.record {
			if slices.Contains(roots, root(f)) == from.was && !f.Bookkeeping() {
				out[f] = v
			}
		}
	}
	return out
}
