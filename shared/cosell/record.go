package cosell

import (
	"maps"
	"strings"
	"time"
)

// Field names one thing that both systems know, or that one of them shows. A field whose value is a list
// has one entry per member in a Record, named "solutions/SOL-12345-ABC".
type Field string

// The fields of the default sheet that rules, or code behind the sheet, speak of. Others are only compared and carried.
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

	CustomerName       Field = "customerName"
	CustomerCountry    Field = "customerCountry"
	CustomerPostalCode Field = "customerPostalCode"
	Contacts           Field = "contacts"  // list: the customer's people
	Consent            Field = "consent"   // whether the contact may be named to Microsoft
	Team               Field = "team"      // list: the partner's people
	Solutions          Field = "solutions" // list

	// What Microsoft asks of a services deal, by the values of its fiscal year.
	SolutionArea Field = "solutionArea"
	SolutionPlay Field = "solutionPlay"
	PartnerRole  Field = "partnerRole"

	// FurtherContacts are the customer's people behind the first, as text, of a lead: it has no rows of its own for them.
	FurtherContacts Field = "leadContacts"

	MicrosoftCRMID  Field = "microsoftCrmId"
	MicrosoftStatus Field = "microsoftStatus"
	MicrosoftSeller Field = "microsoftSeller"
	MicrosoftReason Field = "microsoftReason"
	// MicrosoftAccepted is the day on which Microsoft has accepted.
	MicrosoftAccepted Field = "microsoftAccepted"

	// What Microsoft says of the deal on its own referral: told, and never written anywhere.
	MicrosoftValue       Field = "microsoftValue"
	MicrosoftCurrency    Field = "microsoftCurrency"
	MicrosoftClosingDate Field = "microsoftClosingDate"
	MicrosoftNotes       Field = "microsoftNotes"

	CRMID        Field = "crmId"        // the opportunity's id, on the referral
	ReferralID   Field = "referralId"   // the referral's id, on the opportunity
	ReferralLink Field = "referralLink" // opens the referral in the portal, on the opportunity
	ClosedOn     Field = "closedOn"     // the day on which the referral was closed
	Sync         Field = "sync"         // the seller's switch, on the opportunity
	Audit        Field = "audit"        // what the seller is told, on the opportunity
	Mark         Field = "mark"         // one of the Mark… values or "": the tick or cross before the name

	// The columns that tell how things stand, on the opportunity.
	State     Field = "state"     // one of the State… values
	ErrorCode Field = "errorCode" // of the first lasting problem
	LastSync  Field = "lastSync"  // when something last crossed, RFC 3339
	Expires   Field = "expires"   // when a pending referral ends by itself, RFC 3339
	Proposed  Field = "proposed"  // the referral that asks to be linked

	Action Field = "action" // what a person asks of us: one of the Act… values

	// Task asks CRM for the owner's tasks about an invitation, beside other values: TaskAnswer and TaskReminder
	// make one, TaskDone completes the first where there is no reminder, TasksDone both. It is never read, and a task that CRM refuses holds nothing back.
	Task Field = "task"

	// ServicesDeal is True where one of the solutions is a service; read only.
	ServicesDeal Field = "servicesDeal"

	// LastClosed is when the newest close activity of the opportunity was made, RFC 3339; read only.
	LastClosed Field = "lastClosed"
)

// Locked lists the fields that the opportunity cannot take now, each member named after its field and
// saying why ("calculated"). Nothing is written to them.
const Locked Field = "locked"

// Unreadable is the list of the fields whose value on that side is not what the sheet says; each member is
// named after its field and says what is wrong and where. Such a field is absent from the record.
const Unreadable Field = "unreadable"

// Values of Task.
const (
	TaskAnswer   = "answer"
	TaskReminder = "reminder"
	TaskDone     = "answered"
	TasksDone    = "done"
)

// Values of Mark.
const (
	MarkOK     = "ok"
	MarkFailed = "failed"
	// MarkUntidy is what people made of it: several marks, another form of one, or blanks. It is put right.
	MarkUntidy = "untidy"
)

// True and False are the canonical texts of a flag.
const (
	True  = "true"
	False = "false"
)

// Of names one member of a list field.
func (f Field) Of(member string) Field { return f + "/" + Field(member) }

// First is the field that says which member leads the list: the owner the team, the primary contact the contacts.
func (f Field) First() Field { return f + ".first" }

// led is the list of which the field says who leads it; any other field is itself.
func (f Field) led() Field { return Field(strings.TrimSuffix(string(f), ".first")) }

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

// Only gives the entries of the fields that the record has.
func (r Record) Only(fields ...Field) Record {
	out := Record{}
	for _, f := range fields {
		if v, ok := r[f]; ok {
			out[f] = v
		}
	}
	return out
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
	Version  string    // ETag
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
	ExpiresAt    time.Time // when it ends unanswered; zero where it does not
	// Unsaid are the lists of which it says nothing: they came as null, or not at all, and are absent from the
	// record. So comes what is not known, too: nobody has removed anything.
	Unsaid []Field
	// Unlike are opportunities that are another deal: whoever looks for one that it resembles passes them over.
	Unlike []string
}

// Opportunity is an opportunity in the CRM, or a lead, which holds the same fields in a table of its own.
type Opportunity struct {
	Side
	Rows []string // ids of its child rows (solutions): a deletion names nothing else
	// Connected are the ids of the connections that tie people to it, sorted; nil where they were not read.
	Connected []string
	// Children are those rows with their versions: the opportunity's own version says nothing of them.
	Children []Side
	// Untouched: nobody but its maker has written it, as far as the row tells.
	Untouched bool
	// Found: a creation found it there already, so that not everything that was to be written need be in it.
	Found bool
	// Born is since when the column of a field exists, where that is known: what is remembered of an older one of
	// the same name says nothing of it.
	Born map[Field]time.Time
	// Own is what the own columns of the fields hold where the deal is won and Record says what the columns of the closing
	// do: a person may have typed into them before. Without an entry it is not known.
	Own Record
	// LeadID is the lead that it was made of, where CRM says so.
	LeadID string
	// Became and MergedInto are of a lead: the opportunity that it was qualified on, the lead that took it over.
	Became, MergedInto string
}

// Synced says whether the seller wants it in Partner Center.
func (o Opportunity) Synced() bool { return o.Record[Sync] == True }
