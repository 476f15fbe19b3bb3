package cosell

// Way says in which directions a field travels once both records exist.
type Way string

// The ways. Read fields are looked at by rules but never written by comparing.
const (
	Both          Way = "both"
	ToReferral    Way = "toReferral"
	ToOpportunity Way = "toOpportunity"
	Read          Way = "read"
)

// Wins says whose value stays when both sides changed a field to different values.
type Wins string

// The conflict policies. Manual writes neither and leaves the decision to a person.
const (
	Newest         Wins = "newest"
	PartnerCenter  Wins = "pc"
	CRM            Wins = "crm"
	ManualDecision Wins = "manual"
)

// Door is a field that Partner Center lets travel in one direction of life only.
type Door string

// The doors. https://learn.microsoft.com/partner-center/bulk-operations lists what is read-only when.
const (
	NoDoor      Door = ""
	Lifecycle   Door = "lifecycle"   // status: New, Active, Closed and never back
	OneWay      Door = "oneWay"      // visibility: true stays true
	OnceSet     Door = "onceSet"     // help: read-only once it was submitted
	OnceCreated Door = "onceCreated" // customer: read-only in Partner Center after creation
	OnceShared  Door = "onceShared"  // the customer's contacts: read-only once shared with Microsoft
	NeverEmpty  Door = "neverEmpty"  // solutions: at least one
)

// Rule is what the heart knows of one row of the field sheet.
type Rule struct {
	Field Field
	Way   Way
	Wins  Wins
	Door  Door
	List  bool
	// ToOpportunity and ToReferral turn one side's canonical text into the other's: they cut what the
	// other side cannot hold. For a list they are called with each member's text.
	ToOpportunity func(string) string
	ToReferral    func(string) string
}
