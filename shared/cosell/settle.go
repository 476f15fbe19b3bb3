package cosell

import (
	"maps"
	"slices"
	"time"
)

// Written is what the systems answered to the writes of a plan; nil where nothing was written. A side that
// was written several times has its last answer here.
type Written struct {
	Referral    *Referral
	Opportunity *Opportunity
	Invited     bool // Microsoft's referral was made
	Silent      bool // CRM did not even take words: what was to be told still is
}

// sent says whether anything crossed to Partner Center: what it passed over did not.
func (w Written) sent(plan Plan) bool { return w.Referral != nil && len(plan.ToReferral) > 0 }

// Settle gives the pair with everything renewed: for fields that were read, the value read; for fields that
// were written, what the system made of them; for fields that wait for a decision, what it was. Only what
// was compared is renewed: a change that somebody made at the same moment stays visible as a change.
func (in Pairing) Settle(plan Plan, w Written, sheet string) Pair {
	if plan.Ends && w.Silent {
		plan = plan.unheard()
	}
	pair := in.Pair
	base := pair.Base.Clone()
	fresh := true
	renewAll(base.Referral, in.Referral.Record, plan.keep)
	for _, f := range plan.unkept {
		base.Referral[f] = hashed // the hash of nothing: whatever Partner Center says next is news
	}
	row, read := in.Opportunity.Row()
	if read {
		renewAll(base.Opportunity, row.Record, plan.keep)
		pair.OpportunityVersion, pair.Touched = row.Version, time.Time{}
		fresh = len(plan.keep) == 0
	}
	if w.Referral != nil {
		for f := range plan.ToReferral {
			if !plan.keep[f] { // CRM did not take its half
				base.Referral.renewSent(f, plan.ToReferral, *w.Referral)
			}
		}
	}
	if w.Opportunity != nil {
		pair.OpportunityVersion, pair.Touched = w.Opportunity.Version, time.Time{}
		renewWritten(base.Opportunity, plan, w.Opportunity.Record)
		fresh = fresh && holds(base.Opportunity, w.Opportunity.Record)
	}
	if !fresh {
		pair.OpportunityVersion = ""
	}
	pair.Base, pair.Sending, pair.Untold = base, nil, nil
	pair.HeldUntil, pair.LeftAlone = plan.HeldUntil, in.stillAlone(plan)
	pair = in.saw(pair, w)
	if read {
		reopenedOwn(base.Opportunity, row.Record, in.Rules, plan.keep)
		pair.Sheet, pair.Columns = sheet, row.youngest(pair.Columns)
		if w.Silent {
			pair.Untold = in.Untold(plan)
		} else {
			pair.Told = Prints(plan.Problems)
		}
		pair.Held = heldFrom(pair.Held, in.crossedQuietly(plan, in.stillQuiet(plan.Problems, w), w), in.At, in.versions(w))
	} else if task := in.Tasks(plan, w); task == TaskDone || task == TasksDone {
		pair.Held = pair.answered()
	}
	if plan.Ends {
		pair.Phase, pair.Held, pair.Told, pair.HeldUntil = Ended, nil, nil, time.Time{}
	}
	if !Crossed(plan.Problems) && !plan.Empty() {
		pair.LastSuccess = in.At
	}
	return pair
}

// unheard is the plan whose end could not be told: the pair ends once its seller knows.
func (p Plan) unheard() Plan {
	p = p.clone()
	p.Ends, p.keep[Status] = false, true
	return p
}

// SettleSent renews what was written to the referral alone, when the rest of the plan is still to come, or
// could not be carried out: our own write must not look like the other side's. The notes about it wait in
// Untold until Audit has them.
func (in Pairing) SettleSent(plan Plan, r Referral) Pair {
	pair := in.Pair
	base := pair.Base.Clone()
	row, read := in.Opportunity.Row()
	for f := range plan.ToReferral {
		if _, both := plan.ToOpportunity[f]; both {
			continue // half of it is still to come
		}
		base.Referral.renewSent(f, plan.ToReferral, r)
		if read {
			base.Opportunity.renew(f, row.Record)
		}
	}
	pair.Untold = slices.Clone(pair.Untold)
	notes := in.stepsTaken(plan.ToReferral, r.Record)
	for _, p := range plan.Problems {
		if _, sent := plan.ToReferral[p.hangsOn()]; sent && p.Once {
			notes = append(notes, p)
		}
	}
	pair.Untold, pair.Held = pair.tell(notes...), in.meeting()
	pair.Base, pair.OpportunityVersion, pair.Sending = base, "", nil
	return pair.Wrote(in.Referral.Version, r.Side)
}

// SettleTaken renews what CRM took alone, without words, as SettleSent does for Partner Center.
func (in Pairing) SettleTaken(plan Plan, o Opportunity) Pair {
	pair := in.Pair
	base := pair.Base.Clone()
	var notes []Problem
	for f := range plan.ToOpportunity {
		base.Opportunity.renew(f, o.Record)
		base.Referral.renew(f, in.Referral.Record)
	}
	for _, p := range plan.Problems {
		if _, taken := plan.ToOpportunity[p.hangsOn()]; taken && p.Once {
			notes = append(notes, p)
		}
	}
	pair.Untold, pair.Held = pair.tell(notes...), in.meeting()
	pair.Base, pair.OpportunityVersion, pair.Sending = base, "", nil
	return pair.Saw(in.Referral.Side).Wrote(in.Opportunity.Side().Version, o.Side)
}

// SettleTold is SettleTaken of a write that has brought the words of a plan: what those told waits no longer. Half of a change whose other
// half was refused is not agreed.
func (in Pairing) SettleTold(taken, told Plan, o Opportunity) Pair {
	taken = taken.clone()
	maps.DeleteFunc(taken.ToOpportunity, func(f Field, _ string) bool { return taken.keep[f] })
	pair := in.SettleTaken(taken, o)
	renewWritten(pair.Base.Opportunity, taken, o.Record)
	said := func(p Problem) bool { return slices.Contains(in.Pair.Untold, p) || slices.Contains(told.Problems, p) }
	pair.Untold, pair.Told = slices.DeleteFunc(pair.Untold, said), Prints(told.Problems)
	return pair
}

// meetingHalf is the row of a pair whose two records meet in several writes, until the last of them is made. It is quiet, and says nothing
// to anybody but to whoever goes on.
const (
	meetingHalf       = "meeting.unfinished"
	meets       Field = "*meeting"
)

// meeting is what the pair holds after one of several writes.
func (in Pairing) meeting() []Held {
	if !in.Linking || in.Pair.Meeting() {
		return in.Pair.Held
	}
	return append(slices.Clone(in.Pair.Held), Held{Place: InCRM, Field: meets, Class: OfRule, Code: meetingHalf, Warn: true, Quiet: true, Since: in.At,
		Text: "the two records were linked, and not all of what follows from that is written", Mend: "nothing to do"})
}

// Meeting says whether the two records of a linked pair were compared and not all of it is written: whoever goes on is to see that they meet.
func (p Pair) Meeting() bool { return p.Holds(meetingHalf) }

// Untold is what is still to be told after a run that could tell nothing.
func (in Pairing) Untold(plan Plan) []Problem {
	return in.Pair.tell(slices.DeleteFunc(slices.Clone(plan.Problems), func(p Problem) bool { return !p.Once })...)
}

// tell adds notes to those that are still to be told.
func (p Pair) tell(notes ...Problem) []Problem {
	out := slices.Clone(p.Untold)
	for _, note := range notes {
		if !slices.Contains(out, note) {
			out = append(out, note)
		}
	}
	return out
}

// saw notes the versions that were read, and after them those that were written.
func (in Pairing) saw(pair Pair, w Written) Pair {
	pair = pair.Saw(in.Referral.Side)
	row, read := in.Opportunity.Row()
	if read {
		pair = pair.SawRow(row)
	}
	if w.Referral != nil {
		pair = pair.Wrote(Unread, w.Referral.Side)
	}
	if w.Opportunity != nil {
		pair = pair.Wrote(in.Opportunity.Side().Version, w.Opportunity.Side)
		pair = pair.wroteRows(row, *w.Opportunity)
	}
	return pair
}

func (in Pairing) versions(w Written) map[Place]string {
	out := map[Place]string{InPartnerCenter: in.Referral.Version, InCRM: in.Opportunity.Side().Version}
	if w.Referral != nil {
		out[InPartnerCenter] = w.Referral.Version
	}
	if w.Opportunity != nil {
		out[InCRM] = w.Opportunity.Version
	}
	return out
}

// columnsOfOurs are written beside the plan with every write to CRM.
var columnsOfOurs = append([]Field{Audit, Mark}, shown...)

func renewWritten(base Record, plan Plan, written Record) {
	if _, closing := plan.ToOpportunity[Status]; closing { // actual value and date come into view
		for f := range written {
			if !plan.keep[f] && !ofOtherRows(f, base, written) {
				base.renew(f, written)
			}
		}
	}
	for f := range plan.ToOpportunity {
		if !plan.keep[f] { // Partner Center did not take its half
			base.renew(f, written)
		}
	}
	if plan.ToOpportunity[CustomerName] != "" { // the account may say more than the referral
		for f := range written {
			if OfCustomer(f) {
				base.renew(f, written)
			}
		}
	}
	if written[Mark] != base[Mark] && !plan.keep[Name] {
		base.renew(Name, written) // a long name makes room for the mark
	}
	for _, f := range columnsOfOurs {
		base.renew(f, written)
	}
}

// ofOtherRows says whether a field of the opportunity stands on rows of its own, which somebody may have changed since they were read:
// the opportunity's version says nothing of those.
func ofOtherRows(f Field, of ...Record) bool {
	list, _, member := f.led().List()
	return member || OfCustomer(f) || slices.ContainsFunc(of, func(r Record) bool { return len(r.Members(list)) > 0 })
}

// renewAll takes over everything that was read, but for what is kept. Members that are gone are dropped.
func renewAll(base, read Record, keep map[Field]bool) {
	for f := range base {
		if list, _, ok := f.List(); ok && !keep[f] {
			if _, was := read[list]; was {
				base.renew(f, read)
			}
		}
	}
	for f := range read {
		if !keep[f] {
			base.renew(f, read)
		}
	}
}

// holds says whether the base says everything that the record says.
func holds(base, r Record) bool {
	for f, v := range r {
		if !same(base[f], v) {
			return false
		}
	}
	return true
}
