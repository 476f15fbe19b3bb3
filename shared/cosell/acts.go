package cosell

import (
	"slices"
	"strings"
)

// Values of Action, as the form has them.
const (
	ActSync    = "sync"    // Sync now
	ActAsk     = "ask"     // Ask Microsoft again
	ActLink    = "link"    // Link to the proposed deal
	ActNotSame = "notsame" // Not the same deal
	ActUnlink  = "unlink"  // Unlink
	ActRetry   = "retry"   // Retry
)

// Deed is what becomes of an act.
type Deed string

// The deeds. A deed that was interrupted is found again as long as the act stands on the form.
const (
	Look     Deed = "look"   // both records are compared anew, and what is held is tried again
	AskAgain Deed = "again"  // a new engagement begins
	Join     Deed = "join"   // the proposed referral is linked
	Refuse   Deed = "refuse" // the proposed referral is another deal
	Part     Deed = "part"   // the pair ends, and both records go on alone
	Explain  Deed = "explain"
)

// Heed says what becomes of the act on the opportunity's form, and why nothing does. microsoft is the status of
// Microsoft's referral now.
//
//	pair               | sync, retry | ask                      | link  | not the same | unlink
//	none, in the making| look        | look: it asks by itself  | -     | -            | part once it has a referral
//	linked             | look        | Microsoft said no, or it | -     | -            | part
//	                   |             | expired: again           |       |              |
//	proposed           | -           | -                        | join  | refuse       | refuse
//	ended              | -           | again                    | -     | -            | part, if the row still says it
//
// Of a lead nobody asks Microsoft anything, and no referral is made of one: without a referral there is nothing to look at.
func Heed(pair Pair, o Opportunity, microsoft string) (Deed, Problem) {
	switch act := o.Record[Action]; act {
	case ActSync, ActRetry:
		return heedLook(pair, o)
	case ActAsk:
		if pair.Table == LeadTable {
			return Explain, cannot("Microsoft is not asked for help with a lead", "qualify the lead, and ask on its opportunity")
		}
		return heedAsk(pair, o, microsoft)
	case ActLink:
		if pair.Phase == Claimed {
			return Join, Problem{}
		}
	case ActNotSame:
		if pair.Phase == Claimed || o.Record[Proposed] != "" && slices.Contains(pair.Unlike, o.Record[Proposed]) {
			return Refuse, Problem{}
		}
	case ActUnlink:
		return heedUnlink(pair, o)
	default:
		return Explain, cannot("what is asked for, \""+act+"\", is not known", "choose another action")
	}
	return Explain, cannot("no referral asks to be linked", "")
}

func heedLook(pair Pair, o Opportunity) (Deed, Problem) {
	switch {
	case pair.Phase == Claimed:
		return Explain, cannot("a referral asks to be linked, and nothing crosses before that is decided",
			"choose \"Link to the proposed deal\" or \"Not the same deal\"")
	case pair.Phase == Ended && pair.Table == LeadTable:
		return Explain, cannot("the lead is not linked any more, so nothing crosses", "")
	case pair.Phase == Ended:
		return Explain, cannot("the deal is not linked any more, so nothing crosses", "choose \"Ask Microsoft again\" for a new engagement")
	case !o.Synced():
		return Explain, syncIsOff
	case pair.Table == LeadTable && pair.ReferralID == "" && o.Record[ReferralID] == "":
		return Explain, cannot("the lead is not linked with a referral, and no referral is made of a lead", "qualify it, and switch Sync on on its opportunity")
	case pair.ReferralID == "" && OpportunityClosed(o.Record[Status]):
		return Explain, cannot("the opportunity is closed and has no referral", "reopen it to share it after all")
	}
	return Look, Problem{}
}

func heedAsk(pair Pair, o Opportunity, microsoft string) (Deed, Problem) {
	own := pair.Base.Referral[Status]
	switch {
	case pair.Phase == Claimed:
		return heedLook(pair, o)
	case !o.Synced():
		return Explain, syncIsOff
	case OpportunityClosed(o.Record[Status]):
		return Explain, cannot("the opportunity is closed", "reopen it first")
	case o.Record[Help] == "":
		return Explain, cannot("it is not said how Microsoft can help", "choose it first")
	case pair.Phase == Ended || pair.Phase == Linked && (own == Declined || own == Expired || own == Errored):
		return AskAgain, Problem{}
	case pair.Phase != Linked:
		return Look, Problem{} // it is being made, and asks by itself
	case ReferralClosed(own):
		return Explain, cannot("the referral is closed as "+own, "make a new opportunity for a new deal")
	case own == Pending:
		return Explain, cannot("the referral still waits for our own answer", "accept it first")
	case pair.MicrosoftID == "":
		return Look, Problem{} // the first time needs no new engagement
	case strings.EqualFold(microsoft, "Declined") || unanswered(microsoft):
		return AskAgain, Problem{}
	}
	return Explain, cannot("Microsoft has neither declined nor let it expire: its referral is "+microsoft, "wait for the answer")
}

func heedUnlink(pair Pair, o Opportunity) (Deed, Problem) {
	switch {
	case pair.Phase == Claimed:
		return Refuse, Problem{}
	case pair.Phase == Ended && o.Record[ReferralID] != "", pair.Phase != Ended && pair.ReferralID != "":
		return Part, Problem{}
	}
	return Explain, cannot("the "+pair.Noun()+" is not linked", "")
}

var syncIsOff = cannot("the sync with Partner Center is switched off", "switch it on first")

// cannot is the answer to an act that makes no sense now.
func cannot(text, mend string) Problem {
	return Problem{Code: "action.none", Field: Action, Place: InCRM, Warn: true, Once: true, Text: "nothing was done: " + text, Mend: mend}
}

// WentOn is the answer to an act on a lead whose pair went on with another record.
func WentOn(id string) Problem {
	return cannot("the lead went on as "+id, "choose it there")
}

// looked is the answer to an act that asked for a look; what still stands in the way follows.
var looked = Problem{Field: Action, Place: InCRM, Warn: true, Once: true, Text: "looked at anew, as asked"}

// heed answers a person who asked for a look, with the writes of it, and clears what was asked. Another act stays on
// the form until it is done: it is no matter of comparing. What the form did not take is not sent again before its time.
func (m *merger) heed() {
	if !m.looks() {
		return
	}
	if h, refused := m.held(InCRM, Action); refused && !m.Released(h) {
		m.say(h.Problem())
		return
	}
	m.plan.ToOpportunity[Action] = ""
	m.say(looked)
}

// looks says whether comparing is the answer to what a person asks on the form.
func (m *merger) looks() bool {
	act := m.d[Action]
	return !m.Opportunity.Assumed() && act != "" && (act == ActSync || act == ActRetry || m.Heeded)
}

// answersAct says whether the plan answers a person, who is told all that stands in the way again.
func (p Plan) answersAct() bool {
	act, answered := p.ToOpportunity[Action]
	return answered && act == ""
}

// Again is the pair of an opportunity for which a new engagement begins: what was, is remembered by its ids,
// and what is still to be told of it stays.
func (p Pair) Again() Pair {
	return Pair{OpportunityID: p.OpportunityID, Phase: Creating, Former: p.formers(), Unlike: p.Unlike, Untold: p.Untold, Rows: p.Rows, Connected: p.Connected, Seen: p.Seen, Version: p.Version}
}

// formers are the referrals of the engagements that were, once that of the pair is one of them.
func (p Pair) formers() []string {
	former := slices.Clone(p.Former)
	for _, id := range []string{p.ReferralID, p.MicrosoftID} {
		if id != "" && !slices.Contains(former, id) {
			former = append(former, id)
		}
	}
	return former
}

// Withdrawn is the pair whose proposed referral does not ask for the opportunity any more.
func (p Pair) Withdrawn() Pair {
	p.ProposedID, p.Held, p.Told, p.Phase = "", nil, nil, Lacking
	return p
}

// AskedFor is the pair of an opportunity that could not be linked yet with the referral that asks for it.
func (p Pair) AskedFor(referralID string) Pair {
	if p.ReferralID == "" {
		p.ProposedID = referralID
	}
	return p
}

// Unanswered is the pair whose row did not take the answer to what was asked on its form.
func (p Pair) Unanswered(why Problem, o Opportunity) Pair {
	row := heldFrom(p.Held, []Problem{why}, o.Read, map[Place]string{InCRM: o.Version})
	others := p.Answered().Held
	for i, h := range others {
		if p.Phase != Linked && h.Due(o.Read) { // a deal without a pair waits with its answer
			others[i].Next = o.Read.Add(lastTry)
		}
	}
	p.Held = append(others, row...)
	return p
}

// Answered is the pair of which no answer waits.
func (p Pair) Answered() Pair {
	p.Held = slices.DeleteFunc(slices.Clone(p.Held), func(h Held) bool { return h.Field == Action && h.Place == InCRM })
	return p
}

// Afresh is the pair of an opportunity that a person links with a referral, whatever was before.
func (p Pair) Afresh(referralID string) Pair {
	not := func(ids []string) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.EqualFold(id, referralID) })
	}
	return Pair{OpportunityID: p.OpportunityID, Table: p.Table, Former: not(p.Former), Unlike: not(p.Unlike), Rows: p.Rows, Connected: p.Connected, Seen: p.Seen, Version: p.Version}
}

// Refuses is the pair whose proposed referral a person said is another deal.
func (p Pair) Refuses() Pair {
	if p.ProposedID != "" && !slices.Contains(p.Unlike, p.ProposedID) {
		p.Unlike = append(slices.Clone(p.Unlike), p.ProposedID)
	}
	return p.Withdrawn()
}

// Parted is what the row of a pair says that a person has ended: nothing of the referral, and Sync is off, so that it
// does not ask for another one.
func Parted(o Opportunity, rules []Rule) Record {
	out := Record{}
	gone := append([]Field{ReferralID, ReferralLink, Mark}, shown...)
	for _, rule := range rules {
		if rule.Way == ToOpportunity {
			gone = append(gone, rule.Field)
		}
	}
	for _, f := range gone {
		if o.Record[f] != "" {
			out[f] = ""
		}
	}
	if o.Synced() {
		out[Sync] = False
	}
	return out
}

// Former says whether Audit tells that a referral is one of a former engagement, for whoever has lost the pair.
func Former(audit, referralID string) bool {
	return slices.ContainsFunc(strings.Split(audit, "\n"), func(line string) bool {
		_, ids, ok := strings.Cut(line, FormerStay)
		return ok && isOurLine(line) && strings.Contains(ids, referralID)
	})
}

// FormerStay stands before the ids of the referrals of former engagements, where a new one is told.
const FormerStay = "the former ones stay as they are: "

// What Audit says where a person parts two records, or has said that a referral is another deal, around its id.
const (
	UnlinkedFrom = "unlinked from referral "
	LinkedWith   = "linked with referral "
	AnotherDeal  = " is another deal, as said"
)

// Parting is what a person has said last of an opportunity and a referral, as Audit tells it to whoever has lost the pair.
type Parting int

// The partings.
const (
	NotParted Parting = iota // nothing, or that they belong together
	Unlinked                 // both go on alone
	Unlike                   // they are two deals
)

// PartedFrom reads Audit, newest line first.
func PartedFrom(audit, referralID string) Parting {
	for line := range strings.SplitSeq(audit, "\n") {
		switch says := func(text string) bool { return strings.Contains(line, text) }; {
		case referralID == "" || !isOurLine(line):
		case says(UnlinkedFrom + referralID):
			return Unlinked
		case says("referral " + referralID + AnotherDeal):
			return Unlike
		case says(LinkedWith + referralID), says("referral " + referralID + " created"):
			return NotParted
		}
	}
	return NotParted
}

// UnlinkedLast is the referral from which a person has unlinked the record, as Audit tells: "" where it tells of none, or of a link since.
func UnlinkedLast(audit string) string {
	for line := range strings.SplitSeq(audit, "\n") {
		if !isOurLine(line) {
			continue
		}
		if _, rest, parted := strings.Cut(line, UnlinkedFrom); parted {
			named, _, _ := strings.Cut(rest, ",")
			id, _ := ID(named)
			return id
		}
		if _, rest, made := strings.Cut(line, "referral "); strings.Contains(line, LinkedWith) || made && strings.Contains(rest, " created") {
			return ""
		}
	}
	return ""
}

// LinkedLast says whether Audit tells that the two were linked, and of no parting since.
func LinkedLast(audit, referralID string) bool {
	tells := func(text string) bool { return strings.Contains(audit, text+referralID) }
	return referralID != "" && (tells(LinkedWith) || strings.Contains(audit, "referral "+referralID+" created")) && PartedFrom(audit, referralID) == NotParted
}

// Resumes says whether what the row still names is a referral of a former engagement.
func (p Pair) Resumes(referralID string) bool {
	return slices.ContainsFunc(p.Former, func(id string) bool { return strings.EqualFold(id, referralID) })
}
