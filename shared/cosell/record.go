// Package cosell is the heart: what a referral and an opportunity are to each other, how the two are
// compared with what they last agreed on, and what may be written where. It is pure: standard library
// only, no clock, no network.
package cosell

import (
	"maps"
	"strings"
	"time"
)

// Field names one thing that both systems know, or that one of them shows. A field whose value is a list
// has one entry per member in a Record, named "solutions/SOL-12345-ABC".
type Field string

// The fields of the default sheet that rules of the heart speak of. Others are only compared and carried.
const (
	Name        Field = "name"
	DealValue   Field = "dealValue"
	Currency    Field = "currency"
	ClosingDate Field = "closingDate"
	Notes       Field = "notes"
	Status      Field = "status"
	Reason      Field = "reason" // why a deal was lost, declined or closed as error
	Visibility  Field = "visibility"
	Help        Field = "help"

	CustomerName    Field = "customerName"
	CustomerCountry Field = "customerCountry"
	Contacts        Field = "contacts"  // list: the customer's people
	Team            Field = "team"      // list: the partner's people
	Solutions       Field = "solutions" // list

	MicrosoftCRMID  Field = "microsoftCrmId"
	MicrosoftStatus Field = "microsoftStatus"
	MicrosoftSeller Field = "microsoftSeller"
	MicrosoftReason Field = "microsoftReason"

	CRMID        Field = "crmId"        // the opportunity's id, on the referral
	ReferralID   Field = "referralId"   // the referral's id, on the opportunity
	ReferralLink Field = "referralLink" // opens the referral in the portal, on the opportunity
	Sync         Field = "sync"         // the seller's switch, on the opportunity
	Audit        Field = "audit"        // what the seller is told, on the opportunity
	Mark         Field = "mark"         // "ok", "failed" or "": the tick or cross before the name
)

// Unreadable is the list of the fields whose value on that side is not what the sheet says; each member is
// named after its field and says what is wrong and where. Such a field is absent from the record.
const Unreadable Field = "unreadable"

// Values of Mark.
const (
	MarkOK     = "ok"
	MarkFailed = "failed"
)

// True and False are the canonical texts of a flag.
const (
	True  = "true"
	False = "false"
)

// Of names one member of a list field.
func (f Field) Of(member string) Field { return f + "/" + Field(member) }

// List gives the list field and the member's key of a member entry; ok is false for a plain field.
func (f Field) List() (list Field, member string, ok bool) {
	l, m, ok := strings.Cut(string(f), "/")
	return Field(l), m, ok
}

// Record maps a field to its canonical text: decimals as plain decimal strings, dates as 2006-01-02,
// flags as true and false, choices by our names, list members as compact JSON objects with sorted keys.
// Absent means that this side does not have the field (or did not read it), empty that it was cleared.
// A list that was read has an entry for the list itself, holding the number of members; members that are
// then missing have been removed. A Record is also a set of changes: there an empty member is a removal.
type Record map[Field]string

// Clone copies the record; a nil record becomes an empty one.
func (r Record) Clone() Record {
	if r == nil {
		return Record{}
	}
	return maps.Clone(r)
}

// Members gives the entries of one list, by member key.
func (r Record) Members(list Field) map[string]string {
	out := map[string]string{}
	for f, v := range r {
		if l, m, ok := f.List(); ok && l == list {
			out[m] = v
		}
	}
	return out
}

// Side is one record as a system holds it now.
type Side struct {
	ID       string
	Version  string    // ETag; empty on a side that was assumed from its base
	Modified time.Time // by that system's clock
	Read     time.Time // the system's own Date when it answered: ages are taken from it
	Record   Record
	// Source is what the store that read the side needs to write it back. The heart never looks at it.
	Source any
}

// Referral is a referral in Partner Center: the partner's own, or Microsoft's in the same engagement.
type Referral struct {
	Side
	EngagementID string
	Microsoft    bool      // Microsoft's referral: its record holds the Microsoft… fields and Help only
	Lead         bool      // a lead, not a co-sell opportunity (spec: kinds of referral)
	AcceptedAt   time.Time // zero while pending
	CreatedAt    time.Time
}

// Opportunity is an opportunity in the CRM.
type Opportunity struct {
	Side
}

// Synced says whether the seller wants it in Partner Center.
func (o Opportunity) Synced() bool { return o.Record[Sync] == True }

// Base is what both sides held when they last agreed: per field one value for each side, in that side's
// own canonical form, because comparing across a lossy mapping would loop.
type Base struct {
	Referral    Record `json:"referral"`
	Opportunity Record `json:"opportunity"`
}

// Stale says whether the side is an older version of the record than one that was seen before.
func (p Pair) Stale(s Side) bool { return s.Modified.Before(p.Seen[s.ID]) }

// Phase is how far a pair has come.
type Phase string

// The phases of a pair.
const (
	Creating Phase = "creating" // the referral is being made; ReferralID is set once it is known
	Linked   Phase = "linked"   // both records exist and are compared
	Refused  Phase = "refused"  // no referral yet: the opportunity lacks something; Problems says what
	Ended    Phase = "ended"    // one record was deleted by a person: never created again (a tombstone)
)

// Pair is an opportunity and its referrals, and what they last agreed on.
type Pair struct {
	OpportunityID      string
	ReferralID         string // the partner's own; empty while Refused
	MicrosoftID        string // Microsoft's referral, empty for private and partner-led deals
	EngagementID       string
	Phase              Phase
	Base               Base
	OpportunityVersion string    // ETag that goes with Base.Opportunity
	Problems           []string  // codes that Audit explains now, sorted
	HeldUntil          time.Time // a change that waits, by Partner Center's clock
	LastSuccess        time.Time
	// Seen is, per record id, when the newest version that we know was last modified, by that system's
	// clock. A read that is older is stale: it must neither look like a change nor like none.
	Seen    map[string]time.Time
	Version string // of the row in the ledger; empty for a pair that was never saved
}

// Entry is one line of the ledger's audit: every remote write and every refused change has one.
type Entry struct {
	At        time.Time
	Direction string // "to Partner Center", "to CRM", "none"
	Action    string // "created", "updated", "refused", …
	Fields    []Field
	Result    string
	Trace     string
}

// Intent is the row that makes the POST of a referral happen once (the creation protocol).
type Intent struct {
	OpportunityID string
	Target        string // "own" or "microsoft"
	Attempt       int
	RequestID     string
	Sent          bool      // false: a definite answer said that nothing was done
	At            time.Time // the row's own server time stamp
	Version       string
}

// Draft is what a new referral needs beside the opportunity.
type Draft struct {
	RequestID    string
	Values       Record // canonical values for the referral, defaults filled in
	EngagementID string // set for the referral addressed to Microsoft
	Microsoft    bool
	Help         string
}

// Change is one hint of a change feed.
type Change struct {
	Kind    string // referral, opportunity, solution, account, contact
	ID      string
	Deleted bool
}
