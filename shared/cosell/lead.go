package cosell

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Table is the table of CRM that the record of a pair is in. A lead of Partner Center is a lead in CRM until somebody
// accepts it; from then on its pair goes on with an opportunity.
type Table string

// The tables. What was remembered before there were two is of the first.
const (
	OpportunityTable Table = ""
	LeadTable        Table = "lead"
)

// leadStatus decides what becomes of a pair whose record in CRM is a lead.
//
//	referral \ lead | not decided           | disqualified      | qualified
//	pending         | agreed                | decline after the | its opportunity goes on, as any that was
//	                |                       | grace             | accepted; without one it is explained
//	accepted, won   | it becomes an opportunity, which is no matter of comparing
//	other closed    | disqualified the same | agreed            | explained; expired leaves what a person
//	                | way; explained where  |                   | moved on
//	                | it was opened again   |                   |
func (m *merger) leadStatus(p, d string, pChanged bool) {
	row, _ := m.Opportunity.Row()
	switch {
	case Grows(p), row.MergedInto != "": // a lead that was merged into another was not given up
		m.plan.keep[Status] = true
	case agreeing(p, d):
	case ReferralClosed(p):
		m.referralClosed(p, d, pChanged)
	case OpportunityClosed(d):
		m.decline()
	case d == Open:
		m.plan.keep[Status] = true
		m.say(Problem{Code: "lead.unconverted", Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true,
			Text: "the lead is qualified and no opportunity was made of it, so the referral was not accepted",
			Mend: "make an opportunity that names the lead as its originating lead; to decline it reopen the lead and disqualify it"})
	}
}

// Grows says whether a lead whose referral has the status is to become an opportunity.
func Grows(referral string) bool { return referral == Accepted || referral == Won }

// givenUpAt is since when we know that a lead was disqualified: it has no close activity, and every word of ours in it
// makes the row newer. Where Partner Center has refused the decline the hour of that had come, and it is not waited for again.
func (in Pairing) givenUpAt() time.Time {
	at := in.At
	for _, h := range in.Pair.Held {
		switch {
		case h.Code == declineWaiting:
			return h.Since
		case withholds(h, InPartnerCenter) && (h.Field == Status || h.Field == Reason):
			at = h.Since.Add(-in.Options.DeclineGrace)
		}
	}
	return at
}

// lapsed says whether what is empty on a lead of Partner Center was taken away with its end: contacts of an expired
// lead are not shown any more. https://learn.microsoft.com/partner-center/manage-leads
func (m *merger) lapsed() bool { return m.Pair.Table == LeadTable && m.closed() }

// lapse keeps what is empty on a lead of Partner Center that has ended from emptying the one in CRM.
func (m *merger) lapse() {
	if !m.lapsed() {
		return
	}
	for f, v := range m.plan.ToOpportunity {
		if w := m.ruleOf(f).Way; v == "" && (w == Both || w == ToOpportunity) {
			delete(m.plan.ToOpportunity, f)
		}
	}
}

// leadsStayOut: with the switch "co-sell only" what Partner Center says of a lead does not come in, and stays news;
// what is edited in CRM goes on.
func (m *merger) leadsStayOut() {
	if !m.Options.CosellOnly || m.Pair.Table != LeadTable {
		return
	}
	for f := range m.plan.ToOpportunity {
		if m.ruleOf(f).Way != Inside {
			delete(m.plan.ToOpportunity, f)
			m.plan.keep[f] = true
		}
	}
}

func (m *merger) noun() string { return m.Pair.Noun() }

// AwaitsAnswer says whether an invitation waits for its answer, of which the owner has tasks.
func (p Pair) AwaitsAnswer() bool { return p.Holds(answerDue) }

// Noun is what people call the record in CRM.
func (p Pair) Noun() string {
	if p.Table == LeadTable {
		return "lead"
	}
	return "opportunity"
}

func (m *merger) closeAgain() string {
	if m.Pair.Table == LeadTable {
		return "disqualify the lead again; for a new deal make an opportunity"
	}
	return "close the opportunity again, or make a new one for a new deal"
}

func (m *merger) answerBy() string {
	if m.Pair.Table == LeadTable {
		return "qualify the lead to accept it, disqualify it to decline it"
	}
	return "set the opportunity to In Progress to accept it, close it as lost to decline it"
}

// Carried are the values of the opportunity that a lead becomes: those of the referral, and over them what comparing
// decides of the lead, or what the lead says and the referral does not.
func (in Pairing) Carried(plan Plan, values Record, deals []Rule) Record {
	out := values.Clone()
	lead := in.Opportunity.Side().Record
	for _, rule := range deals {
		if rule.Way != Both || rule.List || rule.Door != NoDoor {
			continue
		}
		decided, comes := plan.ToOpportunity[rule.Field]
		switch d := lead[rule.Field]; {
		case comes:
			out[rule.Field] = across(rule.ToOpportunity, decided)
		case d != "":
			out[rule.Field] = across(rule.ToOpportunity, d)
		}
	}
	return out
}

// Grown is the base of the opportunity that a lead has become: what both sides last agreed on of the lead, as far as
// the opportunity holds the same fields, so that what a person typed while qualifying it is an edit. The other fields
// meet for the first time, and so do those that the opportunity does not hold: nobody has emptied them. Who the
// customer is, and what we write ourselves, counts as it is.
//
//	the field                          | its base
//	of both ways, known of the lead    | the lead's; none where the opportunity is empty
//	of both ways, not of the lead      | none
//	the team, known of the lead        | the lead's: the owner may have changed
//	to CRM only, as Microsoft's answer | as the opportunity shows it; what Partner Center says is news
//	other                              | as the opportunity shows it
//	the status                         | not answered: a qualified lead is an acceptance
//	what stays shown once it is        | hidden on both sides: whoever shows it shows it
func Grown(base Base, o Opportunity, deals []Rule) Base {
	out := Base{Referral: base.Referral.Clone(), Opportunity: Remember(o.Record)}
	for _, rule := range deals {
		known := base.Opportunity.has(rule.Field) && base.Referral.has(rule.Field)
		switch {
		case rule.Door == Lifecycle:
			out.Opportunity[rule.Field] = OnHold
		case rule.Door == OneWay:
			out.Opportunity[rule.Field], out.Referral[rule.Field] = False, False
		case rule.Field == Team && known, rule.Way == Both && known && o.Record[rule.Field] != "":
			out.Opportunity.carry(rule.Field, base.Opportunity)
		case rule.Way == Both:
			out.Opportunity.forget(rule.Field)
			out.Referral.forget(rule.Field)
		case rule.Way == ToOpportunity:
			out.Referral.forget(rule.Field)
		}
	}
	return out
}

// Elsewhere is the plan for a lead whose deal goes on with an opportunity that cannot be linked yet: values of both ways wait for that one. What
// the lead took of the referral meanwhile the opportunity would not have, which CRM made before, and that would count as an edit of it. What
// the opportunity has no column for is the lead's own.
func (in Pairing) Elsewhere(plan Plan, deals []Rule) Plan {
	rest := plan.clone()
	for _, rule := range in.Rules {
		if rule.Way != Both || rule.Door != NoDoor || !slices.ContainsFunc(deals, func(r Rule) bool { return r.Field == rule.Field }) {
			continue
		}
		for _, place := range []Place{InPartnerCenter, InCRM} {
			for f := range rest.at(place) {
				if list, _, member := f.List(); f == rule.Field || member && list == rule.Field {
					delete(rest.at(place), f)
					rest.leave(f, in)
				}
			}
		}
	}
	rest.Problems = slices.DeleteFunc(rest.Problems, func(p Problem) bool { return p.Code == conflictResolved && rest.keep[p.Field] })
	return rest
}

// Outgrown tells of what a person typed into a lead and the opportunity that was made of it does not hold: it gave way to Partner Center's
// value when the two were compared for the last time.
func (in Pairing) Outgrown(deal Opportunity, deals []Rule) (told []Problem) {
	lead := in.Opportunity.Side().Record
	for _, rule := range deals {
		was, known := in.Pair.Base.Opportunity.value(rule.Field)
		typed, read := lead.value(rule.Field)
		now, held := deal.Record.value(rule.Field)
		if rule.Way != Both || rule.List || rule.Door != NoDoor || !known || !read || !held || typed == "" || same(was, typed) || now == across(rule.ToOpportunity, typed) {
			continue
		}
		told = append(told, Problem{Code: conflictResolved, Field: rule.Field, Place: InCRM, Warn: true, Once: true,
			Text: Label(deals, rule.Field) + " was changed on both sides; the value of CRM gave way: " + quote(typed), Mend: "nothing to do"})
	}
	return told
}

// Leaving is the base of an opportunity that CRM took without some fields. As in Made the referral counts as changed
// since, so that they arrive as any edit does, and what a person types there meets them.
func (b Base) Leaving(left []Field, o Opportunity, rules []Rule) Base {
	for _, f := range left {
		i := slices.IndexFunc(rules, func(rule Rule) bool { return rule.Field == f })
		if i >= 0 && rules[i].Way == Both && !rules[i].List {
			b.Referral[f], b.Opportunity[f] = "", o.Record[f]
		}
	}
	return b
}

// Agreeing is the base that also has what nothing was agreed on and both records say alike: who edits one of them afterwards, and before
// they are compared, has edited it.
func (b Base) Agreeing(r Referral, o Opportunity, rules []Rule) Base {
	m := &merger{base: b, p: r.Record, d: o.Record}
	for _, rule := range rules {
		alike := rule.Way == Both && !b.Referral.has(rule.Field) && !b.Opportunity.has(rule.Field) && r.Record.has(rule.Field) && o.Record.has(rule.Field)
		for _, f := range m.entries(rule) {
			p, inPC := r.Record.value(f)
			d, inCRM := o.Record.value(f)
			alike = alike && inPC && inCRM && m.agree(rule, p, d)
		}
		if alike {
			b.Referral.carry(rule.Field, Remember(r.Record))
			b.Opportunity.carry(rule.Field, Remember(o.Record))
		}
	}
	return b
}

// carry takes a field, or a list, over from another record.
func (r Record) carry(f Field, from Record) {
	r.forget(f)
	r[f] = from[f]
	members := from.Members(f)
	for member, v := range members {
		r[f.Of(member)] = v
	}
	if len(members) > 0 {
		r[f] = strconv.Itoa(len(members))
	}
}

// forget drops a field, or a list.
func (r Record) forget(f Field) {
	maps.DeleteFunc(r, func(g Field, _ string) bool {
		list, _, member := g.List()
		return g == f || member && list == f
	})
}

// GoesOn is the pair that goes on with the record, of which the base is; what was held belongs to the record before.
func (p Pair) GoesOn(o Opportunity, t Table, base Base) Pair {
	next := Pair{OpportunityID: o.ID, Table: t, ReferralID: p.ReferralID, MicrosoftID: p.MicrosoftID, EngagementID: p.EngagementID, Phase: Linked,
		Base: base, LeftAlone: slices.Clone(p.LeftAlone), Untold: slices.Clone(p.Untold), LastSuccess: p.LastSuccess, Posted: slices.Clone(p.Posted)}
	for _, id := range []string{p.ReferralID, p.MicrosoftID} {
		if sight, seen := p.Seen[id]; seen && id != "" {
			next = next.look(id, func(Sight) Sight { return sight })
		}
	}
	return next
}

// Left is the tombstone of a pair that goes on with another record: what happens to this one concerns the other.
func (p Pair) Left(became string) Pair {
	return Pair{OpportunityID: p.OpportunityID, Table: p.Table, Phase: Ended, Became: became, Version: p.Version, Base: Base{Referral: Record{}, Opportunity: Record{}}}
}
