package cosell

import (
	"math/big"
	"time"
)

// CodeUnconfirmed is the code of a link that a person has to decide about.
const CodeUnconfirmed = "link.unconfirmed"

// CodeNamed is the code of a row that is not written because another one names the referral.
const CodeNamed = "link.named"

// near is how far the closing dates of one deal may be apart in the two systems.
const near = 30 * 24 * time.Hour

// Resembles says whether a referral that is about to become an opportunity looks like an open one of the same
// account that nobody has linked: they have a solution in common, or both their values and their dates are near each
// other, within a tenth and within 30 days. An invitation that waits for an answer resembles nothing: it has to
// arrive.
func (r Referral) Resembles(o Record) bool {
	if !r.Seeks() || o[Sync] == True || o[ReferralID] != "" || OpportunityClosed(o[Status]) {
		return false
	}
	return sharesSolution(r.Record, o) || nearValue(r.Record, o) && nearDate(r.Record[ClosingDate], o[ClosingDate])
}

// Seeks says whether the referral could resemble any opportunity.
func (r Referral) Seeks() bool {
	s := r.Record[Status]
	return s != Pending && !ReferralClosed(s) && !r.Lead
}

func sharesSolution(a, b Record) bool {
	theirs := b.Members(Solutions)
	for id, v := range a.Members(Solutions) {
		if _, both := theirs[id]; both && v != "" {
			return true
		}
	}
	return false
}

// nearValue: amounts of two currencies are compared with nothing.
func nearValue(a, b Record) bool {
	x, okX := new(big.Rat).SetString(a[DealValue])
	y, okY := new(big.Rat).SetString(b[DealValue])
	if !okX || !okY || x.Sign() <= 0 || y.Sign() <= 0 || a[Currency] != b[Currency] {
		return false
	}
	apart, larger := new(big.Rat).Sub(x, y), x
	if y.Cmp(x) > 0 {
		larger = y
	}
	return apart.Abs(apart).Cmp(new(big.Rat).Mul(larger, big.NewRat(1, 10))) <= 0
}

func nearDate(a, b string) bool {
	x, errX := time.Parse(time.DateOnly, a)
	y, errY := time.Parse(time.DateOnly, b)
	return errX == nil && errY == nil && x.Sub(y).Abs() <= near
}
