package flow

import (
	"context"
	"fmt"
	"maps"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// invite asks Microsoft for help on a deal that exists already, and makes the deal visible after that.
func (a *application) invite(ctx context.Context) error {
	row, read := a.in.Opportunity.Row()
	if !read {
		return fmt.Errorf("opportunity %s: Microsoft is asked with the row at hand: %w", a.w.pair.OpportunityID, cosell.ErrUnread)
	}
	values, _ := cosell.Prepare(row, a.Rules)
	made, err := a.createOnce(ctx, a.w.pair, row, cosell.Draft{Values: values, Help: a.plan.Invite, Microsoft: true, EngagementID: a.w.pair.EngagementID})
	if fault.Is(err, fault.Refused) {
		if fault.ClassOf(err) == fault.Ours {
			a.ours = err
		}
		a.w.entries = append(a.w.entries, a.entry(ctx, a.referral.Read, cosell.ToPartnerCenter, refusedAction, resultOf(err), cosell.Help))
		a.plan = a.plan.WithoutInvite(a.notInvited(err))
		return nil
	}
	if err != nil {
		return err
	}
	m := made.referral
	a.w.entries = append(a.w.entries, a.entry(ctx, m.Read, cosell.ToPartnerCenter, createdAction, "Microsoft's referral "+m.ID))
	in := a.in
	in.Pair = a.w.pair
	if err := a.keep(ctx, a.w, in.AskedMicrosoft(m, a.plan.Invite, a.Settings.Options.AuditSuccess)); err != nil {
		return err
	}
	a.dropIntents(ctx, a.w.pair)
	a.in.Pair.MicrosoftID, a.done.Invited = m.ID, true
	a.plan = a.plan.Invited()
	maps.Copy(a.plan.ToOpportunity, a.answer(m))
	own := with(a.referral, m.Record)
	a.in.Referral = &own
	return a.show(ctx)
}

// show makes the deal visible, unless asking for help did.
func (a *application) show(ctx context.Context) error {
	if a.plan.ToReferral[cosell.Visibility] != cosell.True || a.done.Referral != nil && a.done.Referral.Record[cosell.Visibility] == cosell.True {
		return nil
	}
	r, err := a.Referrals.Get(ctx, a.referral.ID)
	if err != nil {
		return err
	}
	if r.Record[cosell.Visibility] == cosell.True {
		shown := a.referral // what else it says now a person may have typed since our write
		shown.Record = shown.Record.Clone()
		shown.Record[cosell.Visibility] = cosell.True
		a.referral, a.done.Referral = shown, &shown
		return nil
	}
	if r.Version != a.referral.Version {
		return fault.New(fault.Conflict, "referral %s changed while Microsoft was asked", r.ID)
	}
	return a.sendAll(ctx, cosell.Record{cosell.Visibility: cosell.True})
}

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
