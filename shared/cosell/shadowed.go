package cosell

import "time"

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
