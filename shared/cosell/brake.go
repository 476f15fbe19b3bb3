package cosell

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"
)

// CodeBrake is the row of a pair of which something is put aside: it would be written, and no edit on either side
// explains it. It is quiet, because the brake lets nothing be written, words neither.
const CodeBrake = "brake.aside"

// braked is the field of that row: what is put aside is of the pair and of no field.
const braked Field = "*brake"

// The causes of writes that nobody has asked for. A sheet's is its name, so that each sheet has its own.
const (
	CauseRebuilt = "rebuilt" // both records name each other, and the ledger knew nothing of it
	causeSheet   = "sheet "
)

// CauseSheet is the cause of what another field sheet would write.
func CauseSheet(sheet string) string {
	sum := sha256.Sum256([]byte(sheet))
	return causeSheet + hex.EncodeToString(sum[:6])
}

// AsideFor gives the cause for which something of the pair is put aside, and since when; "" where nothing is.
func (p Pair) AsideFor() (cause string, since time.Time) {
	if h, ok := p.HeldAt(InCRM, braked); ok && h.Code == CodeBrake {
		return h.Value, h.Since
	}
	return "", since
}

// Unasked is why a look at the pair may write what nobody has asked for: its records meet without an edit, another
// sheet counts since it was last kept in step, or something of it is put aside already. "": whatever a look finds, an
// edit or a person has led to it.
func (in Pairing) Unasked(rebuilt bool, sheet string) string {
	cause, _ := in.Pair.AsideFor()
	switch {
	case rebuilt:
		return CauseRebuilt
	case !in.Linking && in.Pair.Sheet != "" && in.Pair.Sheet != sheet:
		return CauseSheet(sheet)
	}
	return cause
}

// PutAside is the plan without what no edit explains, which stays undecided, with the row that remembers it. asked
// says whether an edit is behind the rest: then words may be written too.
//
// A value is explained where its field, or one that goes with it, had been agreed on: then it differs from that because
// somebody changed it. Where nothing was agreed, nobody can tell.
func (in Pairing) PutAside(plan Plan, cause string) (rest Plan, asked bool) {
	rest = plan.clone()
	for _, place := range []Place{InPartnerCenter, InCRM} {
		for _, atom := range Atoms(rest.at(place)) {
			if in.agreedOn(atom) {
				asked = true
				continue
			}
			for f := range atom {
				delete(rest.at(place), f)
				rest.leave(f, in)
			}
		}
	}
	if rest.Invite != "" && !in.agreedOn(Record{Help: rest.Invite}) {
		rest = rest.uninvited()
	}
	asked = asked || rest.Invite != "" || in.edited()
	if rest.Ends && !asked {
		rest = rest.unheard()
	}
	if !asked {
		rest = rest.untasked()
	}
	rest.Problems = append(rest.Problems, Problem{Code: CodeBrake, Field: braked, Place: InCRM, Class: OfRule, Warn: true, Quiet: true, Value: cause,
		Text: "no edit explains what would be written, so it waits until it is known how much of that there is", Mend: "cosellctl brake show"})
	return rest, asked
}

// Less says whether the plan writes less than another one.
func (p Plan) Less(than Plan) bool {
	return len(p.ToReferral) < len(than.ToReferral) || len(p.ToOpportunity) < len(than.ToOpportunity) || p.Invite != than.Invite
}

// leave keeps the field undecided, a member with its whole list: a list is at its first sight as a whole.
func (p Plan) leave(f Field, in Pairing) {
	p.keep[f] = true
	list, _, member := f.List()
	if !member {
		return
	}
	p.keep[list] = true
	for _, r := range []Record{in.Referral.Record, in.Opportunity.Side().Record} {
		for g := range r {
			if l, _, ok := g.List(); ok && l == list {
				p.keep[g] = true
			}
		}
	}
}

// agreedOn says whether any of the fields was agreed on before.
func (in Pairing) agreedOn(fields Record) bool {
	for f := range fields {
		_, inPC := in.Pair.Base.Referral.value(f)
		_, inCRM := in.Pair.Base.Opportunity.value(f)
		if (inPC || inCRM) && !in.Pair.Base.half(f, in.Referral.Record, in.Opportunity.Side().Record) {
			return true
		}
	}
	return false
}

// edited says whether anything that was agreed on has changed since, on either side.
func (in Pairing) edited() bool {
	m := &merger{base: in.Pair.Base, p: in.Referral.Record, d: in.Opportunity.Side().Record}
	changed := func(base, now Record, f Field) bool {
		was, known := base.value(f)
		v, read := now.value(f)
		return known && read && !same(was, v)
	}
	for _, rule := range in.Rules {
		if rule.Way == Read || rule.Way == Inside || rule.Way.created() {
			continue
		}
		for _, f := range m.entries(rule) {
			if changed(m.base.Referral, m.p, f) || !in.Opportunity.Assumed() && changed(m.base.Opportunity, m.d, f) {
				return true
			}
		}
	}
	return false
}

// Aside is a pair of which something is put aside.
type Aside struct {
	OpportunityID string
	Cause         string
	Since         time.Time
}

func (a Aside) rebuilt() bool { return a.Cause == CauseRebuilt }

// Passing is how many pairs were let go on by themselves at a time.
type Passing struct {
	At time.Time `json:"at"`
	N  int       `json:"n"`
}

// Brake is how the brake of a tenant stands. It keeps what no edit explains from being written until it is known how
// much of it there is: a little goes on by itself, more than Limit waits for a person.
type Brake struct {
	Expected int       `json:"expected,omitempty"` // deals that feeds named which began anew: there will be so many pairs at most
	Begun    time.Time `json:"begun,omitzero"`     // since when that is expected, for a day
	Named    []string  `json:"named,omitempty"`    // the kinds of those feeds
	Found    int       `json:"found,omitempty"`    // pairs that the last pass has counted
	Newest   time.Time `json:"newest,omitzero"`    // of what is put aside, as of the last pass
	Still    time.Time `json:"still,omitzero"`     // since when there has been nothing newer, while both systems answered
	Passed   time.Time `json:"passed,omitzero"`    // what was put aside until then goes on
	Recent   []Passing `json:"recent,omitempty"`   // of the last day
	On       time.Time `json:"on,omitzero"`        // since when; zero: it is off
	Aside    int       `json:"aside,omitempty"`    // pairs, as of the last pass
	Most     int       `json:"limit,omitempty"`    // so many may go on by themselves
	Pairs    int       `json:"pairs,omitempty"`    // of which the limit was made

	Freed    map[string]time.Time `json:"freed,omitempty"` // causes that a person has released, and when
	By       string               `json:"by,omitempty"`
	Reason   string               `json:"reason,omitempty"`
	Released time.Time            `json:"released,omitzero"`

	Version string `json:"-"` // of the row in the ledger; empty: there is none yet
}

const (
	// FewPairs may always be written: up to ten times as many pairs nothing has to wait for being counted.
	FewPairs = 50
	// stillFor is how long nothing more is put aside before what is there is all there is: longer than the longest
	// back-off, so that whatever waited for a system has been looked at.
	stillFor = 20 * time.Minute
	// freedFor is how long what a person has released goes on: the rest of a large ledger that is rebuilt.
	freedFor = 24 * time.Hour
	// rebuiltFor is how long a ledger is rebuilt at most.
	rebuiltFor = 24 * time.Hour
)

// LimitOf is how many of so many pairs may be written without an edit.
func LimitOf(pairs int) int { return max(FewPairs, pairs/10) }

// Expect is the brake after a feed that begins anew has named so many deals. What it names may be more than will ever
// be pairs, so that it counts only while they are looked at.
func (b Brake) Expect(kind string, n int, now time.Time) (next Brake, changed bool) {
	more := n > b.Expects(now)
	if b.knows(kind) && !more {
		return b, false
	}
	if !b.knows(kind) {
		b.Named = append(slices.Clone(b.Named), kind)
	}
	if more {
		b.Expected, b.Begun = n, now
	}
	return b, true
}

// Expects is how many pairs there may be once all is looked at that the feeds named; 0: those that are there are all.
func (b Brake) Expects(now time.Time) int {
	if !b.Begun.IsZero() && now.Sub(b.Begun) >= rebuiltFor {
		return 0
	}
	return b.Expected
}

// Counted says whether the feeds of both sides have named their records, so that there are no more than Expected.
func (b Brake) Counted() bool { return b.knows("referral") && b.knows("opportunity") }

func (b Brake) knows(kind string) bool { return slices.Contains(b.Named, kind) }

// Lets says whether what no edit explains may be written of the pair now, for the cause.
func (b Brake) Lets(a Aside, now time.Time) bool {
	freed, is := b.Freed[a.Cause]
	if is && (!a.rebuilt() || now.Sub(freed) < freedFor) {
		return true
	}
	return b.On.IsZero() && !a.Since.IsZero() && !a.Since.After(b.Passed)
}

// Lately is how many pairs were let go on by themselves within the last day.
func (b Brake) Lately(now time.Time) (n int) {
	for _, p := range b.Recent {
		if now.Sub(p.At) < freedFor {
			n += p.N
		}
	}
	return n
}

// Judge is the brake after a look at everything that is put aside. pairs is how many pairs there are, counted up to
// FewPairs at least, and all of them where more are put aside or were let go lately; unsure: one of the systems did not
// answer, so that more may be to come.
//
// While a ledger is rebuilt there are fewer pairs than there will be. Too much of those that there will be puts the
// brake on at once; too much of those that there are alone does so once they become no more.
func (b Brake) Judge(aside []Aside, pairs int, now time.Time, unsure bool) Brake {
	b.Freed = maps.Clone(b.Freed)
	waiting := slices.DeleteFunc(slices.Clone(aside), func(a Aside) bool { return b.Lets(a, now) })
	b.Recent = slices.DeleteFunc(slices.Clone(b.Recent), func(p Passing) bool { return now.Sub(p.At) >= freedFor })
	if b.Expected = b.Expects(now); b.Expected == 0 {
		b.Begun = time.Time{}
	} else if b.Begun.IsZero() { // noted by an earlier version
		b.Begun = now
	}
	grew := pairs != b.Found
	b.Found, b.Pairs = pairs, max(pairs, b.Expected)
	b.Aside, b.Most = len(waiting), LimitOf(b.Pairs)
	if len(waiting) == 0 {
		b.On, b.Newest, b.Still = time.Time{}, time.Time{}, time.Time{}
		return b
	}
	newest, much := time.Time{}, len(waiting)+b.Lately(now)
	for _, a := range waiting {
		if a.Since.After(newest) {
			newest = a.Since
		}
	}
	doubt := much > LimitOf(pairs) && much <= b.Most
	if unsure || doubt && grew || !newest.Equal(b.Newest) || b.Still.IsZero() || now.Before(b.Still) {
		b.Newest, b.Still = newest, now
	}
	still := now.Sub(b.Still) >= stillFor
	switch {
	case !b.On.IsZero():
	case much > b.Most:
		b.On = now
	case doubt && still:
		b.On, b.Expected, b.Begun, b.Pairs, b.Most = now, 0, time.Time{}, pairs, LimitOf(pairs)
	case doubt:
	case b.Pairs <= FewPairs && (b.Counted() || !slices.ContainsFunc(waiting, Aside.rebuilt)), still:
		b.Passed = newest
		b.Recent = append(b.Recent, Passing{now, len(waiting)})
		b.Aside, b.Newest, b.Still = 0, time.Time{}, time.Time{}
	}
	return b
}

// Release is the brake after a person has said that what is put aside shall be written, with what is still to come for
// the same causes.
func (b Brake) Release(aside []Aside, by, reason string, now time.Time) Brake {
	b.Freed = maps.Clone(b.Freed)
	if b.Freed == nil {
		b.Freed = map[string]time.Time{}
	}
	for _, a := range aside {
		b.Freed[a.Cause] = now
	}
	b.On, b.Aside, b.Newest, b.Still, b.Recent = time.Time{}, 0, time.Time{}, time.Time{}, nil
	b.By, b.Reason, b.Released = by, reason, now
	return b
}
