package flow

import "github.com/cosell-sync/cosell-sync/shared/cosell"

// step is what a pair does with a hint.
type step int

const (
	nothing step = iota
	meet         // a referral that no pair names: echo, claim, or new
	remake       // the opportunity of the referral is still to be made
	want         // the referral is still to be made: createcosellreferral does that
	compare      // both exist: what differs crosses
	bury         // the opportunity is deleted: a tombstone
)

// next is the one table of what a pair in a phase does with a hint.
//
//	phase    | hint of the referral | hint of the opportunity        | the opportunity is deleted
//	unknown  | meet                 | want                           | bury: we may have made it
//	making   | remake               | remake                         | bury
//	creating | want                 | want                           | bury
//	refused  | remake               | want, or remake if CRM refused | bury
//	proposed | nothing              | want                           | bury
//	linked   | compare              | compare                        | bury
//	ended    | nothing              | nothing                        | nothing
func next(pair cosell.Pair, known bool, h Hint) step {
	fromReferral := h.Kind == referralKind
	switch {
	case known && pair.Phase == cosell.Ended:
		return nothing
	case h.Deleted && !fromReferral:
		return bury
	case !known && fromReferral:
		return meet
	case !known:
		return want
	}
	switch pair.Phase {
	case cosell.Linked:
		return compare
	case cosell.Making:
		return remake
	case cosell.Lacking:
		if fromReferral || pair.ReferralID != "" {
			return remake
		}
		return want
	case cosell.Claimed:
		if fromReferral {
			return nothing
		}
		return want
	}
	return want
}
