package cosell

import (
	"slices"
	"time"
)

// shown are the columns that tell how a deal stands. People sort and filter by them, so each is put right as
// soon as it says something else, whoever wrote that, and also where only time has passed.
var shown = []Field{State, ErrorCode, LastSync, Expires, Proposed}

// Mistold says whether somebody else wrote into one of these columns.
func Mistold(base Base, o Opportunity) bool {
	for _, f := range shown {
		if was, known := base.Opportunity[f]; known && o.Record.has(f) && o.Record[f] != was {
			return true
		}
	}
	return false
}

// PutRight says whether the columns are worth a write of their own: one that was read does not say what it
// should. When something last crossed is no such thing, unless somebody wrote there, or its time has come.
func (in Pairing) PutRight(columns Record, plan Plan) bool {
	o, read := in.Opportunity.Row()
	if !read {
		return false
	}
	now := o.Record
	for f, v := range columns {
		if f != LastSync && now.has(f) && now[f] != v {
			return true
		}
	}
	was, known := in.Pair.Base.Opportunity[LastSync]
	return now.has(LastSync) && (plan.Stamp || known && was != now[LastSync])
}

// Unlinked is what the columns show of an opportunity without a referral, where somebody asked for one or a
// referral asks for it: these problems, or nothing.
func (p Pair) Unlinked(problems []Problem) Record {
	out := Standing("", problems)
	if len(problems) == 0 {
		out[State] = ""
	}
	out[LastSync], out[Expires], out[Proposed] = "", "", p.ProposedID
	return out
}

// lastSyncDue is the row of an edit that crossed without a write to CRM, so that the column for the last sync
// does not say it yet. It is quiet.
const lastSyncDue = "lastsync.due"

// quietFor is how long nobody edits before the column is written.
const quietFor = 5 * time.Minute

// stamp keeps the time of the last edit that crossed, and has the column written once it was quiet since.
func (m *merger) stamp() {
	for _, h := range m.Pair.Held {
		switch {
		case h.Code != lastSyncDue:
		case h.Due(m.At) && m.Opportunity.Assumed():
			m.plan.NeedsOpportunity = true
		case h.Due(m.At):
			m.plan.Stamp = true
		default:
			m.say(h.Problem())
		}
	}
}

// crossedQuietly adds the row after an edit that brought nothing into CRM, and drops it where CRM was written.
func (in Pairing) crossedQuietly(plan Plan, problems []Problem, w Written) []Problem {
	came := w.Opportunity != nil && (len(plan.ToOpportunity) > 0 || w.Invited)
	if in.Options.LastSync != "quiet" || !came && !w.sent(plan) {
		return problems
	}
	rest := slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.Code == lastSyncDue })
	if w.Opportunity != nil {
		return rest
	}
	return append(rest, Problem{Code: lastSyncDue, Field: LastSync, Place: InCRM, Class: OfRule, Warn: true, Quiet: true, Due: in.At.Add(quietFor),
		Text: "the column for the last sync is written once the record is quiet", Mend: "nothing to do"})
}
