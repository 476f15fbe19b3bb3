package cosell

import (
	"errors"
	"slices"
	"time"
)

// ErrUnread says that a write needs the record itself, which was only assumed from its base.
var ErrUnread = errors.New("the record has to be read first")

// Base is what both sides held when they last agreed: per field one value for each side, in that side's
// own canonical form, because comparing across a lossy mapping would loop.
type Base struct {
	Referral    Record `json:"referral"`
	Opportunity Record `json:"opportunity"`
}

// Clone copies both records.
func (b Base) Clone() Base {
	return Base{Referral: b.Referral.Clone(), Opportunity: b.Opportunity.Clone()}
}

// Phase is how far a pair has come.
type Phase string

// The phases of a pair.
const (
	Making   Phase = "making"   // the opportunity of a referral is being made
	Creating Phase = "creating" // the referral is being made; ReferralID is set once it is known
	Linked   Phase = "linked"   // both records exist and are compared
	Lacking  Phase = "refused"  // one record could not be made yet: Held says why
	Claimed  Phase = "proposed" // a referral names the opportunity, whose seller has to decide
	Ended    Phase = "ended"    // one record was deleted or let go by a person: a tombstone, never made again
)

// Pair is an opportunity and its referrals, and what they last agreed on.
type Pair struct {
	OpportunityID string // the record in CRM, in Table
	Table         Table
	Became        string // of a lead whose pair goes on elsewhere: the opportunity, or the lead that took it over
	ReferralID    string // the partner's own; empty while Lacking or Claimed
	MicrosoftID   string // Microsoft's referral, empty for private and partner-led deals
	EngagementID  string
	ProposedID    string // the referral that asks for the opportunity
	// Former are the referrals of engagements that a person gave up for a new one, Unlike those that a person said
	// are another deal: neither is ever linked with the opportunity by itself.
	Former, Unlike     []string
	Phase              Phase
	Base               Base
	OpportunityVersion string    // ETag that goes with Base.Opportunity; empty when it does not
	Touched            time.Time // when CRM's row last changed in nothing that we know
	Held               []Held
	LeftAlone          []Field   // fields that the two sides hold differently: nobody can tell which is right
	Told               []string  // the lasting problems that Audit explains now (Prints)
	Untold             []Problem // notes about writes that were made and could not be told yet
	Spoken             []Problem // what a write has told of which nobody knew that it was made; of this look alone, never saved
	Landed             bool      // a write with words was found to have been made, so that Told may be behind Audit; of this look alone, never saved
	Unread             bool      // its row cannot be read, so that nothing but ids is known of it; in a list of pairs alone, never saved
	Sending            *Sending  // what is being written, noted before it is
	HeldUntil          time.Time // a change that waits by a rule, by Partner Center's clock
	LastSuccess        time.Time
	Columns            time.Time // when the youngest column of those that Base was made with was made
	Sheet              string    // the sheet by which Base was made
	Rows               []string  // ids of the opportunity's child rows when it was last read
	Connected          []string  // ids of the connections that it had then, each noted in the ledger as one of its own
	Posted             []string  // what was POSTed with an outcome that stayed unknown (Fingerprint)
	Registered         string    // the values with which its deal registration was tried last (Print)
	// Seen is, per record id, what is known of its versions, of solution rows too. A read that is older must
	// neither look like a change nor like none.
	Seen    map[string]Sight
	Version string // of the row in the ledger; empty for a pair that was never saved
	Copy    Copy   // of Audit, as Base holds it
}

// Copy says since when the text of Audit is kept that Base holds: it is for putting back what somebody wiped,
// and is not kept for ever, because it names people.
type Copy struct {
	Of    string // Digested
	Since time.Time
}

// AuditIsLost says that the text of Audit is not kept any more: a line needs the row itself.
func (p Pair) AuditIsLost() bool { return isHashed(p.Base.Opportunity[Audit]) }

// HeldAt finds what is held of a field at a place.
func (p Pair) HeldAt(place Place, f Field) (Held, bool) {
	i := slices.IndexFunc(p.Held, func(h Held) bool { return h.Place == place && h.Field == f })
	if i < 0 {
		return Held{}, false
	}
	return p.Held[i], true
}

// Refused finds what a place did not take of the record as a whole; what waits there for a person by a rule of ours may stand beside it.
func (p Pair) Refused(place Place) (Held, bool) {
	i := slices.IndexFunc(p.Held, func(h Held) bool { return h.Place == place && h.Field == Whole && h.Class != OfRule })
	if i < 0 {
		return Held{}, false
	}
	return p.Held[i], true
}

// Entry is one line of the ledger's trail: every remote write and every refused change has one.
type Entry struct {
	At        time.Time
	Direction string // "to Partner Center", "to CRM", "none"
	Action    string // "created", "updated", "refused", …
	Fields    []Field
	Result    string // kind, code and ids, never another system's text
	Trace     string
	ID        string // under which it is noted: the same entry is one line, however often it is
}

// Intent is the row that makes the POST of a referral happen once (the creation protocol).
type Intent struct {
	OpportunityID string
	Target        string // "own" or "microsoft"
	Attempt       int
	RequestID     string
	Sent          bool      // false: a definite answer said that nothing was done
	At            time.Time // the row's own server time stamp
	Doubted       time.Time // of the first attempt whose outcome stayed unknown: each later one looks for it first
	// Base is what was POSTed, and what the opportunity held then: a referral that is found later is
	// compared with this, never with what is read afterwards.
	Base    Base
	Earlier []Base   // the same of attempts before whose outcome stayed unknown, newest first
	GaveUp  []string // what earlier attempts have POSTed whose outcome stayed unknown (Fingerprint)
	Version string
}

// Draft is what a new referral needs beside the opportunity.
type Draft struct {
	RequestID    string
	Values       Record // canonical values for the referral, defaults filled in
	EngagementID string // set for the referral addressed to Microsoft
	Microsoft    bool
	Help         string
	Former       []string // referrals of former engagements: what is looked for is none of them
}

// Hint says that a record may have changed. It carries no values: those are read when it is worked on.
type Hint struct {
	Kind    string // referral, opportunity, solution, account, contact, lead
	ID      string
	Parent  string // the opportunity of a solution row, where the event named it
	Deleted bool   // the event says that the record is gone for good
	Gone    string // the child row of the record of which the event says so
	Related bool   // it is about a relative of the record: Microsoft's referral, an account, a solution row
	Retry   bool   // a person, or the schedule, wants what is held tried again
	Late    bool   // it was tried before, or no event told of it: what an earlier run has begun may be forgotten
	Shown   Shown  // of a feed
	Deal    string // of a feed: what the records of one deal have in common, where it names that; for counting alone, and never sent
	Why     string // a remark for logs; decides nothing
	Trace   string
	Attempt int
	Seen    time.Time // when the event was first accepted
	Begun   time.Time // since when the message is worked on, by the clock of this process; zero: since it was seen
}

// Shown is the version in which a feed of changes has shown a record, or a row that hangs on it. Events have none: what
// they say decides nothing.
type Shown struct {
	ID       string    `json:"id"`
	Version  string    `json:"version,omitempty"` // "": the feed does not name it
	Modified time.Time `json:"modified,omitzero"`
}

// Standing is the pair with a problem that comparing does not find, kept until what caused it is over.
func (p Pair) Standing(what Problem, at time.Time) Pair {
	p.Told = append(slices.Clone(p.Told), what.print())
	slices.Sort(p.Told)
	p.Told = slices.Compact(p.Told)
	added := heldFrom(nil, []Problem{what}, at, nil)
	p.Held = append(slices.Clone(p.Held), added...)
	return p
}

// StandingUnheard is Standing of a problem of which the row does not know, and why it took no words.
func (p Pair) StandingUnheard(what, why Problem, row Side) Pair {
	rows := heldFrom(p.Held, []Problem{why, what}, row.Read, map[Place]string{InCRM: row.Version})
	others := slices.DeleteFunc(slices.Clone(p.Held), func(h Held) bool { return h.Place == why.Place && h.Field == why.Field && h.Code == why.Code })
	p.Held = append(others, rows...)
	return p
}

// Holds says whether something is held under the code.
func (p Pair) Holds(code string) bool {
	return slices.ContainsFunc(p.Held, func(h Held) bool { return h.Code == code })
}
