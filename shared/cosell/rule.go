package cosell

// Way says in which directions a field travels once both records exist.
type Way string

// The ways. Read fields are looked at by rules but never written by comparing.
const (
	Both          Way = "both"
	ToReferral    Way = "toReferral"
	ToOpportunity Way = "toOpportunity"
	Read          Way = "read"
	Inside        Way = "inside" // a column of ours in CRM: put back when somebody else changes it
	// What a record gets when it is made, and what nobody compares afterwards: either of the two, or one.
	OnCreate       Way = "onCreate"
	NewReferral    Way = "onCreateReferral"
	NewOpportunity Way = "onCreateOpportunity"
)

// Wins says whose value stays when both sides changed a field to different values, or, as FirstSight,
// when two different values meet for the first time.
type Wins string

// The conflict policies. Manual writes neither and leaves the decision to a person. Leave is for first
// sight: both values stay as they are.
const (
	Newest         Wins = "newest"
	PartnerCenter  Wins = "pc"
	CRM            Wins = "crm"
	ManualDecision Wins = "manual"
	Leave          Wins = "leave"
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
	Field      Field
	Label      string // what people call it
	Way        Way
	Wins       Wins
	Door       Door
	List       bool
	FirstSight Wins // leave (the default), crm or pc
	Related    bool // stands in a related row of CRM: the account, its contacts, the owner
	Apart      bool // in Partner Center it goes in a request of its own: nobody knows whether it is taken
	Required   bool // empty never replaces a value
	AllowZero  bool // 0 is a value
	WhenWon    bool // once the deal is won CRM shows it in another column
	// ToOpportunity and ToReferral turn one side's canonical text into the other's: they cut what the
	// other side cannot hold. For a list they are called with each member's text.
	ToOpportunity func(string) string
	ToReferral    func(string) string
	// Whole gives the referral's text after an edit of the shortened text that the opportunity shows; false
	// when the mark of the cut is gone, so that nobody can tell what the hidden part should become.
	Whole func(opportunity, referral string) (string, bool)
}

// created says whether the field is only ever written when a record is made.
func (w Way) created() bool { return w == OnCreate || w == NewReferral || w == NewOpportunity }

// label is what people call the field.
func (r Rule) label() string {
	if r.Label != "" {
		return r.Label
	}
	return string(r.Field)
}

// Label finds what people call a field, or the list of a member.
func Label(rules []Rule, f Field) string {
	if list, _, ok := f.List(); ok {
		f = list
	}
	for _, r := range rules {
		if r.Field == f {
			return r.label()
		}
	}
	return string(f)
}
