package flow

import "github.com/cosell-sync/cosell-sync/shared/cosell"

// step is what a pair does next.
type step int

const (
	nothing step = iota
	meet         // a referral that no pair names: echo, claim, or new
	remake       // the opportunity of the referral is still to be made
	want         // the referral is still to be made: createcosellreferral does that
	create       // and does it now
	compare      // both exist: what differs crosses
	bury         // the opportunity is deleted: a tombstone
	heed         // only what a person asks on the form counts
)

// news is what a pair hears.
type news int

const (
	ofReferral    news = iota // its referral may have changed
	ofOpportunity             // its opportunity may have changed
	ofDeletion                // its opportunity is deleted
	ofWant                    // its referral is wanted
	ofNew                     // its referral was born in Partner Center
	allNews
)

// next is the one table of what a pair in a phase does with news. A pair that lacks a record has a referral
// where CRM refused the opportunity, and none where the referral could not be made.
func next(pair cosell.Pair, known bool, n news) step {
	var does [allNews]step // of: referral, opportunity, deletion, want, new
	switch phase := pair.Phase; {
	case !known:
		does = [allNews]step{meet, want, bury, create, remake} // bury: we may have made it
	case pair.ReferralID != "" && (phase == cosell.Making || phase == cosell.Lacking):
		does = [allNews]step{remake, remake, bury, remake, remake}
	case phase == cosell.Lacking:
		does = [allNews]step{remake, want, bury, create, remake}
	case phase == cosell.Claimed:
		does = [allNews]step{nothing, want, bury, create, nothing}
	case phase == cosell.Linked:
		does = [allNews]step{compare, compare, bury, nothing, nothing}
	case phase == cosell.Ended:
		does = [allNews]step{nothing, heed, nothing, nothing, nothing}
	default: // creating
		does = [allNews]step{want, want, bury, create, nothing}
	}
	return does[n]
}

// newsOf is what a hint tells a pair.
func newsOf(h Hint) news {
	switch {
	case h.Kind == referralKind:
		return ofReferral
	case h.Deleted:
		return ofDeletion
	}
	return ofOpportunity
}
