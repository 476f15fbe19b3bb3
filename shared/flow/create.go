package flow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// CreateReferral makes the referral of an opportunity that has none: the one step that cannot be repeated
// blindly. It may run any number of times, also after a crash at any point of itself, and goes on where
// the last run stopped. Kinds: Gone, Refused (the seller is told what is missing), Later, Broken, Denied.
func (f *Flow) CreateReferral(ctx context.Context, opportunityID, reason string) error {
	unlock, err := f.locks.lock(ctx, opportunityID)
	if err != nil {
		return err
	}
	defer unlock()
	return again(func() error { return f.createMissing(ctx, opportunityID) })
}

// createMissing looks what there is, and makes the rest.
func (f *Flow) createMissing(ctx context.Context, opportunityID string) error {
	pair, known, err := f.Ledger.Find(ctx, opportunityID)
	if err != nil || known && (pair.Phase == cosell.Linked || pair.Phase == cosell.Ended) {
		return err
	}
	o, err := f.Opportunities.Get(ctx, opportunityID)
	if err != nil {
		return err
	}
	if !known {
		pair = cosell.Pair{OpportunityID: opportunityID, Phase: cosell.Creating}
	}
	if id := o.Record[cosell.ReferralID]; id != "" && pair.ReferralID == "" {
		return f.relink(ctx, pair, o, id)
	}
	if pair.ReferralID == "" && (!o.Synced() || cosell.OpportunityClosed(o.Record[cosell.Status])) {
		return nil
	}
	return f.create(ctx, pair, o)
}

// create sends what is still missing of the own referral and Microsoft's, then writes back.
func (f *Flow) create(ctx context.Context, pair cosell.Pair, o cosell.Opportunity) error {
	values, problems := cosell.Prepare(o, f.Rules)
	if len(problems) > 0 && pair.ReferralID == "" {
		return f.refuse(ctx, pair, o, problems)
	}
	w := work{pair: pair, opportunity: &o}
	resumed := pair.ReferralID != ""
	own, err := f.ownReferral(ctx, &w, values)
	if err != nil {
		return f.refuseIfRefused(ctx, w.pair, o, err)
	}
	var microsoft cosell.Referral
	switch help := o.Record[cosell.Help]; {
	case w.pair.MicrosoftID != "":
		microsoft, err = f.Referrals.Get(ctx, w.pair.MicrosoftID)
	case help != "" && len(problems) == 0:
		microsoft, err = f.microsoftReferral(ctx, &w, values, help)
		w.pair.MicrosoftID = microsoft.ID
	}
	if err != nil && !fault.Is(err, fault.Refused) {
		return f.noted(ctx, &w, err)
	}
	return f.finish(ctx, w, own, microsoft, resumed)
}

// ownReferral creates the partner's referral, or reads it when an earlier run did.
func (f *Flow) ownReferral(ctx context.Context, w *work, values cosell.Record) (cosell.Referral, error) {
	if w.pair.ReferralID != "" {
		return f.Referrals.Get(ctx, w.pair.ReferralID)
	}
	own, err := f.createOnce(ctx, *w.opportunity, cosell.Draft{Values: values, Help: w.opportunity.Record[cosell.Help]})
	if err != nil {
		return own, err
	}
	w.pair.ReferralID, w.pair.EngagementID, w.pair.Phase, w.pair.Problems = own.ID, own.EngagementID, cosell.Creating, nil
	w.pair, err = f.Ledger.Save(ctx, w.pair, f.entry(ctx, own.Read, toPartnerCenter, "created", "own referral "+own.ID))
	return own, err
}

// microsoftReferral asks Microsoft into the engagement.
func (f *Flow) microsoftReferral(ctx context.Context, w *work, values cosell.Record, help string) (cosell.Referral, error) {
	m, err := f.createOnce(ctx, *w.opportunity, cosell.Draft{Values: values, Help: help, Microsoft: true, EngagementID: w.pair.EngagementID})
	if err == nil {
		w.entries = append(w.entries, f.entry(ctx, m.Read, toPartnerCenter, "created", "Microsoft's referral "+m.ID))
	}
	return m, err
}

// finish writes identifier, link, audit, tick and Microsoft's status into the opportunity and remembers
// what both sides hold.
func (f *Flow) finish(ctx context.Context, w work, own, microsoft cosell.Referral, resumed bool) error {
	w.referral = &own
	answer := f.answer(microsoft)
	written, before, err := f.linkBack(ctx, *w.opportunity, own, answer)
	if err != nil {
		return f.noted(ctx, &w, err)
	}
	pair := w.pair
	pair.Phase, pair.Problems, pair.LastSuccess = cosell.Linked, nil, own.Read
	pair.Base = cosell.Base{Referral: cosell.Remember(own.Record), Opportunity: f.sentBase(w.opportunity.Record, own.Record, resumed)}
	if pair.MicrosoftID != "" {
		maps.Copy(pair.Base.Referral, cosell.Remember(microsoft.Record))
		pair.Base.Referral[cosell.Help] = w.opportunity.Record[cosell.Help]
	}
	unasked := pair.MicrosoftID == "" && w.opportunity.Record[cosell.Help] != ""
	if unasked {
		pair.Base.Opportunity[cosell.Help] = "" // still to be asked, and explained where that goes wrong
	}
	pair.OpportunityVersion = written.Version
	pair.Seen = map[string]time.Time{own.ID: own.Modified, written.ID: written.Modified}
	if microsoft.ID != "" {
		pair.Seen[microsoft.ID] = microsoft.Modified
	}
	for _, field := range slices.AppendSeq(slices.Clone(backColumns), maps.Keys(answer)) {
		if v, ok := written.Record[field]; ok {
			pair.Base.Opportunity[field] = v
		}
	}
	if before.Record[cosell.Name] == pair.Base.Opportunity[cosell.Name] {
		pair.Base.Opportunity[cosell.Name] = written.Record[cosell.Name] // a long name made room for the mark
	}
	if cosell.Changed(pair.Base, written, f.Rules) {
		pair.OpportunityVersion = "" // somebody edited meanwhile: the event of that edit does the rest
	}
	w.entries = append(w.entries, f.entry(ctx, written.Read, toCRM, "linked", "referral "+own.ID))
	if _, err := f.Ledger.Save(ctx, pair, w.entries...); err != nil {
		return f.noted(ctx, &w, err)
	}
	f.dropIntents(ctx, pair)
	if unasked {
		return f.Hints.OpportunityChanged(ctx, "opportunity", pair.OpportunityID, "help")
	}
	return nil
}

// backColumns are what finish writes into the opportunity.
var backColumns = []cosell.Field{cosell.ReferralID, cosell.ReferralLink, cosell.Audit, cosell.Mark, cosell.Visibility, cosell.Sync}

// answer is what CRM shows of Microsoft's referral.
func (f *Flow) answer(microsoft cosell.Referral) cosell.Record {
	out := cosell.Record{}
	for _, rule := range f.Rules {
		if v := microsoft.Record[rule.Field]; rule.Way == cosell.ToOpportunity && v != "" {
			out[rule.Field] = v
			if rule.ToOpportunity != nil {
				out[rule.Field] = rule.ToOpportunity(v)
			}
		}
	}
	return out
}

// sentBase is what the opportunity held when the referral was made of it. After an interrupted creation
// nobody knows that any more: where the two differ, the opportunity was edited later, and its base is
// taken from the referral so that the edit shows.
func (f *Flow) sentBase(o, own cosell.Record, resumed bool) cosell.Record {
	base := cosell.Remember(o)
	if !resumed {
		return base
	}
	for _, rule := range f.Rules {
		p, ok := own[rule.Field]
		if !ok || rule.List || rule.Way != cosell.Both || rule.ToReferral != nil && rule.ToReferral(o[rule.Field]) == p {
			continue
		}
		if rule.ToOpportunity != nil {
			p = rule.ToOpportunity(p)
		}
		if rule.Door == cosell.Lifecycle {
			continue
		}
		base[rule.Field] = p
	}
	return base
}

// linkBack is the one write to the opportunity. A seller who saves at the same moment wins the first
// round; the second takes his version. before is the row as it was when it was written.
func (f *Flow) linkBack(ctx context.Context, o cosell.Opportunity, own cosell.Referral, answer cosell.Record) (written, before cosell.Opportunity, err error) {
	for range most {
		values := cosell.Record{
			cosell.ReferralID:   own.ID,
			cosell.ReferralLink: f.link(own.ID),
			cosell.Audit: cosell.Prepend(o.Record[cosell.Audit],
				cosell.AuditLine(o.Read, toPartnerCenter, "referral "+own.ID+" created, sync success", shortTrace(ctx))),
		}
		if o.Record[cosell.Help] != "" && o.Record[cosell.Visibility] != cosell.True {
			values[cosell.Visibility] = cosell.True
		}
		if f.Settings.CheckMark {
			values[cosell.Mark] = cosell.MarkOK
		}
		maps.Copy(values, answer)
		if written, err = f.Opportunities.Put(ctx, o, values); !fault.Is(err, fault.Conflict) {
			return written, o, err
		}
		if o, err = f.Opportunities.Get(ctx, o.ID); err != nil {
			return written, o, err
		}
	}
	return written, o, err
}

// refuse tells the seller everything that is missing, once.
func (f *Flow) refuse(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, problems []cosell.Problem) error {
	codes := cosell.Codes(problems)
	if pair.Phase == cosell.Refused && slices.Equal(pair.Problems, codes) {
		return fault.New(fault.Refused, "opportunity %s still lacks %v", o.ID, codes)
	}
	var lines []string
	for _, p := range problems {
		lines = append(lines, cosell.AuditLine(o.Read, toPartnerCenter, "no referral yet: "+p.Explain(), shortTrace(ctx)))
	}
	values := cosell.Record{cosell.Audit: cosell.Prepend(o.Record[cosell.Audit], lines...)}
	if f.Settings.CheckMark && o.Record[cosell.Mark] != cosell.MarkFailed {
		values[cosell.Mark] = cosell.MarkFailed
	}
	written, err := f.Opportunities.Put(ctx, o, values)
	if err != nil {
		return err
	}
	if pair.ReferralID == "" {
		pair.Phase = cosell.Refused
	}
	pair.Problems = codes
	if _, err := f.Ledger.Save(ctx, pair, f.entry(ctx, written.Read, nowhere, "refused", "missing")); err != nil {
		return err
	}
	return fault.New(fault.Refused, "opportunity %s lacks %v", o.ID, codes)
}

// refuseIfRefused explains Partner Center's own no in the same way.
func (f *Flow) refuseIfRefused(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, err error) error {
	if !fault.Is(err, fault.Refused) {
		return err
	}
	return f.refuse(ctx, pair, o, []cosell.Problem{refusal(err, "Partner Center refused the referral")})
}

// invite asks Microsoft for help on a deal that exists already.
func (f *Flow) invite(ctx context.Context, w *work, plan *cosell.Plan) error {
	values, _ := cosell.Prepare(*w.opportunity, f.Rules)
	m, err := f.microsoftReferral(ctx, w, values, plan.Invite)
	if fault.Is(err, fault.Refused) {
		plan.Problems = append(plan.Problems, refusal(err, "Microsoft was not asked for help"))
		plan.Invite = ""
		return nil
	}
	if err != nil {
		return err
	}
	w.pair.MicrosoftID = m.ID
	w.pair.Base.Referral = w.pair.Base.Referral.Clone()
	w.pair.Base.Referral[cosell.Help] = plan.Invite
	if w.pair, err = f.Ledger.Save(ctx, w.pair, w.entries...); err != nil {
		return err
	}
	w.entries = nil
	f.dropIntents(ctx, w.pair)
	w.invited = m.Record
	maps.Copy(plan.ToOpportunity, f.answer(m))
	plan.Accept(cosell.Help)
	return nil
}

// checkInvite keeps the help option undecided while something that Microsoft wants to know is missing.
func checkInvite(w *work, plan *cosell.Plan) {
	if plan.Invite == "" {
		return
	}
	problems := cosell.Preflight(*w.opportunity)
	if len(problems) == 0 {
		return
	}
	plan.Problems = append(plan.Problems, problems...)
	plan.Invite = ""
	if w.opportunity.Record[cosell.Visibility] != cosell.True {
		delete(plan.ToReferral, cosell.Visibility)
		delete(plan.ToOpportunity, cosell.Visibility)
	}
}
