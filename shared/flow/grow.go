package flow

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// grow lets a lead become what it is to become. grown: its pair went on with another record, and so does the work.
//
//	the lead in CRM            | its referral  | happens
//	was merged into another    | any           | the pair goes on with that one
//	is not decided             | accepted, won | it is qualified, its opportunity made in the same transaction
//	is qualified               | any           | the pair goes on with the opportunity that it became
//	is qualified, without one  | accepted, won | the opportunity is made; of one that was deleted the lead says nothing any more
//	is qualified, without one  | other         | explained, by comparing
//	is qualified since its     | expired, or   | the pair ends: the opportunity is a deal of its own
//	referral ended             | other closed  |
//	is switched off, qualified | any           | nothing, until it or its opportunity is switched on
func (f *Flow) grow(ctx context.Context, w *work) (grown bool, err error) {
	if f.table != cosell.LeadTable || w.referral.Microsoft {
		return false, nil
	}
	accepted := cosell.Grows(w.referral.Record[cosell.Status])
	if w.opportunity == nil {
		if !accepted {
			return false, nil
		}
		if err := f.readOpportunity(ctx, w); err != nil {
			return false, err
		}
	}
	lead := *w.opportunity
	qualified := qualifiedLead(w)
	switch {
	case lead.MergedInto != "":
		return f.followMerged(ctx, w)
	case !lead.Synced():
		return f.growOff(ctx, w, qualified)
	case !accepted && !qualified, !qualified && f.leadsStayOut():
		return false, nil
	case qualified && f.outlives(w):
		return true, f.goApart(ctx, w)
	case f.ungrowable(w):
		return false, nil
	}
	deal, found, err := f.dealOf(ctx, w)
	if err != nil || !found && !accepted {
		return false, err
	}
	if found {
		return f.handOver(ctx, w, deal, fitting{})
	}
	id := f.deals.Opportunities.ID(w.referral.ID)
	unlock, err := f.locks.lockBeside(ctx, id) // somebody may have made it since, and its news be worked on
	if err != nil {
		return false, err
	}
	defer unlock()
	deal, fit, found, err := f.become(ctx, w, qualified)
	switch {
	case err != nil || !found:
		return w.pair.Phase == cosell.Ended, err
	case !strings.EqualFold(deal.ID, id):
		return f.handOver(ctx, w, deal, fit)
	}
	return f.handsOver(ctx, w, deal, fit, true)
}

// growOff is grow of a lead that is switched off: it grows where a person switched its opportunity on.
func (f *Flow) growOff(ctx context.Context, w *work, qualified bool) (bool, error) {
	if !qualified || !w.hint.Retry {
		return false, nil
	}
	deal, found, err := f.dealOf(ctx, w)
	if err != nil || !found || !deal.Synced() {
		return false, err
	}
	return f.handOver(ctx, w, deal, fitting{})
}

// dealOf finds the opportunity that a lead has become: the one that it was qualified on, else one that says so itself,
// first of all one that names the referral.
func (f *Flow) dealOf(ctx context.Context, w *work) (deal cosell.Opportunity, found bool, err error) {
	crm, lead := f.deals.Opportunities, *w.opportunity
	of, err := crm.OfLead(ctx, lead.ID)
	if err != nil {
		return deal, false, err
	}
	for _, o := range of {
		if strings.EqualFold(strings.TrimSpace(o.Record[cosell.ReferralID]), w.referral.ID) {
			return o, true, nil
		}
	}
	for _, o := range of {
		if lead.Became == "" || strings.EqualFold(o.ID, lead.Became) {
			return o, true, nil
		}
	}
	for _, id := range []string{lead.Became, crm.ID(w.referral.ID)} {
		if id == "" || lead.Record[cosell.Status] != cosell.Open {
			continue
		}
		switch deal, err = crm.Get(ctx, id); {
		case err == nil:
			return deal, true, nil
		case !fault.Is(err, fault.Gone):
			return deal, false, err
		}
	}
	return deal, false, nil
}

// become makes the opportunity of an accepted lead, and qualifies the lead. What CRM does not take of the opportunity
// is left out and held; if it takes no row at all, that is held on the lead.
func (f *Flow) become(ctx context.Context, w *work, qualified bool) (deal cosell.Opportunity, fit fitting, made bool, err error) {
	id := f.deals.Opportunities.ID(w.referral.ID)
	other, known, err := f.Ledger.Find(ctx, id)
	if err != nil {
		return deal, fit, false, err
	}
	if known && other.Phase == cosell.Ended {
		return deal, fit, false, f.endLead(ctx, w)
	}
	if qualified {
		if err := f.unlistedYet(ctx, w); err != nil {
			return deal, fit, false, err
		}
	}
	in := f.pairing(w)
	values := in.Carried(cosell.Merge(in), cosell.ForOpportunity(*w.referral, f.deals.Rules), f.deals.Rules)
	growing := &work{pair: w.pair, referral: w.referral, hint: w.hint, lead: w.opportunity}
	growing.pair.OpportunityID, growing.pair.Sending = id, nil
	deal, fit, err = f.deals.firstThatFits(ctx, growing, values)
	if fault.Is(err, fault.Refused) {
		return deal, fit, false, f.ungrown(ctx, w, "no opportunity could be made of the lead, which was accepted", err)
	}
	if err == nil {
		w.entries = append(w.entries, f.entry(ctx, deal.Read, cosell.ToCRM, qualifiedAction, becameOf(deal, w)))
	}
	return deal, fit, err == nil, err
}

func becameOf(deal cosell.Opportunity, w *work) string {
	return "opportunity " + deal.ID + " of lead " + w.opportunity.ID
}

// unlistedYet waits for an opportunity of a qualified lead that no list shows: it may be behind.
func (f *Flow) unlistedYet(ctx context.Context, w *work) error {
	lasted, err := f.doubt(ctx, w.noted(), w.opportunity.ID, w.opportunity.Read, listPatience)
	if err != nil || lasted {
		return err
	}
	return fault.Stale("lead %s is qualified, and no opportunity of it is listed yet", w.opportunity.ID)
}

// endLead ends the pair of a lead whose opportunity a person has deleted or let go.
func (f *Flow) endLead(ctx context.Context, w *work) error {
	ended, err := f.endPair(ctx, w.pair, "its opportunity was deleted or let go")
	if err == nil {
		w.pair = ended
	}
	return err
}

// closedLead is what the columns of a lead say once the deal goes on without it.
func closedLead(lead cosell.Opportunity, more cosell.Record) cosell.Record {
	values := cosell.Record{cosell.State: cosell.StateClosed, cosell.ErrorCode: "", cosell.Expires: ""}
	maps.Copy(values, more)
	return known(values, lead)
}

// qualify makes the opportunity of a lead and says farewell on the lead, in one transaction.
func (f *Flow) qualify(ctx context.Context, w *work, values cosell.Record) (cosell.Opportunity, error) {
	told := f.farewell(ctx, *w.lead)
	if w.pair.AwaitsAnswer() {
		told[cosell.Task] = w.pair.OpenTasks(w.referral.Read)
	}
	return f.Leads.Qualify(ctx, *w.lead, told, w.pair.OpportunityID, *w.referral, values)
}

// farewell is what a lead says once its opportunity goes on.
func (f *Flow) farewell(ctx context.Context, lead cosell.Opportunity) cosell.Record {
	values := closedLead(lead, nil)
	const text = "the lead is qualified, and goes on as an opportunity"
	if audit := lead.Record[cosell.Audit]; !cosell.Tells(audit, cosell.ToCRM, text) {
		values[cosell.Audit] = cosell.Prepend(audit, f.words(ctx, lead.Read).Done(cosell.ToCRM, text))
	}
	return values
}

// ungrowable says whether CRM refused to let the lead grow, and nothing has changed since; it stays held.
func (f *Flow) ungrowable(w *work) bool {
	h, ok := w.pair.Refused(cosell.InCRM)
	if !ok || w.hint.Retry || h.Version != w.opportunity.Version || h.Value != cosell.Print(w.referral.Record) {
		return false
	}
	w.standing, w.elsewhere = append(w.standing, h.Problem()), qualifiedLead(w)
	return true
}

func qualifiedLead(w *work) bool { return w.opportunity.Record[cosell.Status] == cosell.Open }

// ungrown holds a lead that cannot go on as what it is to become, in these words; comparing goes on and tells it.
func (f *Flow) ungrown(ctx context.Context, w *work, what string, err error) error {
	p := problemOf(cosell.InCRM, err, f.Rules, cosell.Whole)
	p.Text = what + ": " + p.Text
	p.Value, p.Sent = cosell.Print(w.referral.Record), true
	w.standing, w.elsewhere = append(w.standing, p), qualifiedLead(w)
	w.entries = append(w.entries, f.entry(ctx, w.opportunity.Read, cosell.ToCRM, refusedAction, resultOf(err)))
	if p.Class == cosell.OfOurs {
		w.ours = err
	}
	return nil
}

// handOver hands the pair over to an opportunity that was there already, under the lock of that.
func (f *Flow) handOver(ctx context.Context, w *work, deal cosell.Opportunity, fit fitting) (bool, error) {
	unlock, err := f.locks.lockBeside(ctx, deal.ID)
	if err != nil {
		return false, err
	}
	defer unlock()
	return f.handsOver(ctx, w, deal, fit, false)
}

// handsOver lets the opportunity name the referral, and one transaction of the ledger moves the pair, at which the next look lets the referral
// name it. A death before that finds the lead qualified, and does the rest. ours: we have just made the opportunity, and the lead says so.
func (f *Flow) handsOver(ctx context.Context, w *work, deal cosell.Opportunity, fit fitting, ours bool) (bool, error) {
	other, known, err := f.Ledger.Find(ctx, deal.ID)
	if err != nil {
		return false, err
	}
	named := strings.TrimSpace(deal.Record[cosell.ReferralID])
	switch {
	case known && other.Phase == cosell.Ended:
		return true, f.endLead(ctx, w)
	case known && other.ReferralID != "" && !strings.EqualFold(other.ReferralID, w.referral.ID), named != "" && !strings.EqualFold(named, w.referral.ID):
		w.standing = append(w.standing, takenDeal(deal.ID))
		w.elsewhere = true
		return false, nil
	}
	next := deal
	if named == "" || !deal.Synced() {
		linked := &work{pair: w.pair, referral: w.referral, opportunity: &deal, hint: w.hint, linking: true, switchOn: !deal.Synced()}
		if next, err = f.deals.linkBack(ctx, linked, *w.referral, nil); fault.Is(err, fault.Refused) {
			return false, f.ungrown(ctx, w, "opportunity "+deal.ID+" of the lead could not be linked with its referral", err)
		}
		if err != nil {
			return false, err
		}
		w.entries = append(w.entries, f.entry(ctx, next.Read, cosell.ToCRM, linkedAction, "referral "+w.referral.ID))
	} else if !ours {
		w.entries = append(w.entries, f.handedHalf(ctx, w, deal)...)
	}
	if next, err = f.introduce(ctx, w, next); err != nil {
		return false, err
	}
	if !ours {
		if err := f.closeTasks(ctx, w); err != nil {
			return false, err
		}
	}
	base := cosell.Grown(w.pair.Base, next, f.deals.Rules).Leaving(fit.left, next, f.deals.Rules).Agreeing(*w.referral, next, f.deals.Rules)
	if ours && cosell.ReferralClosed(w.referral.Record[cosell.Status]) { // it was made closed, and nothing crosses any more
		base = cosell.Made(*w.referral, next, fit.left)
	}
	pair := w.pair.GoesOn(next, cosell.OpportunityTable, base)
	pair.Untold = append(slices.Clone(pair.Untold), f.deals.differing(&work{pair: pair, referral: w.referral, opportunity: &next, hint: w.hint, linking: true})...)
	if strings.EqualFold(next.ID, f.deals.Opportunities.ID(w.referral.ID)) { // we have made it, now or before a death
		arrives := func(p cosell.Problem) bool { return slices.Contains(fit.left, p.Field) }
		pair.Untold = append(pair.Untold, slices.DeleteFunc(f.pairing(w).Outgrown(next, f.deals.Rules), arrives)...)
	}
	if held := append(fit.problems, fit.untold...); len(held) > 0 {
		pair = pair.Lacks(held, w.referral.Read, next.Side)
		pair.Told = cosell.Prints(fit.problems)
	}
	return true, f.moveTo(ctx, w, pair, other, "the lead became it")
}

// handedHalf is what the trail lacks of a hand-over that died before the pair moved: that we made the opportunity, or linked it.
func (f *Flow) handedHalf(ctx context.Context, w *work, deal cosell.Opportunity) []cosell.Entry {
	switch {
	case strings.EqualFold(deal.ID, f.deals.Opportunities.ID(w.referral.ID)):
		return []cosell.Entry{f.entry(ctx, deal.Read, cosell.ToCRM, qualifiedAction, becameOf(deal, w))}
	case cosell.LinkedLast(deal.Record[cosell.Audit], w.referral.ID):
		return []cosell.Entry{f.entry(ctx, deal.Read, cosell.ToCRM, linkedAction, "referral "+w.referral.ID)}
	}
	return nil
}

// differing is what is to be told of two records that meet: what the lead never had was not agreed on, and where somebody has edited one of
// the two since the row was made, it differs.
func (f *Flow) differing(w *work) []cosell.Problem {
	plan := cosell.Merge(f.pairing(w))
	return slices.DeleteFunc(plan.Problems, func(p cosell.Problem) bool { return p.Code != cosell.CodeDiffer })
}

// introduce gives the opportunity of a lead that a person qualified the customer's other contacts: the CRM made it of
// the one that stands on the lead. What it does not take holds nothing back, and is told on the opportunity.
func (f *Flow) introduce(ctx context.Context, w *work, deal cosell.Opportunity) (cosell.Opportunity, error) {
	if w.referral.Record[cosell.FurtherContacts] == "" || strings.EqualFold(deal.ID, f.deals.Opportunities.ID(w.referral.ID)) {
		return deal, nil // there are none, or we have made it with all of them
	}
	with, err := f.deals.Opportunities.Introduce(ctx, deal, *w.referral)
	if fault.Is(err, fault.Refused) {
		people := strings.ReplaceAll(w.referral.Record[cosell.FurtherContacts], "\n", "; ")
		w.entries = append(w.entries, f.entry(ctx, deal.Read, cosell.ToCRM, refusedAction, resultOf(err), cosell.Contacts))
		w.pair.Untold = append(w.pair.Untold, cosell.Problem{Code: "contacts.left", Field: cosell.Contacts, Place: cosell.InCRM, Warn: true, Once: true,
			Text: "the customer's further contacts could not be kept with the opportunity: " + people, Mend: "add who matters to it"})
		return deal, nil
	}
	return with, err
}

// takenDeal: the opportunity that a lead became belongs to another referral.
func takenDeal(id string) cosell.Problem {
	return cosell.Problem{Code: "link.taken", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true,
		Text: "the lead became opportunity " + id + ", which is linked with another referral", Mend: "unlink it there first, or decline the lead in Partner Center"}
}

// closeTasks completes the tasks about the answer, and lets a lead that a person has qualified say how it stands.
// Neither holds anything back: a closed lead may take nothing.
func (f *Flow) closeTasks(ctx context.Context, w *work) error {
	lead := *w.opportunity
	values := cosell.Record{}
	if lead.Record[cosell.Status] == cosell.Open {
		maps.Copy(values, f.farewell(ctx, lead))
	}
	if w.pair.AwaitsAnswer() {
		values[cosell.Task] = w.pair.OpenTasks(w.referral.Read)
	}
	if len(values) == 0 {
		return nil
	}
	if _, err := f.Opportunities.Put(ctx, lead, values); err != nil && !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil
}

// moveTo moves the pair, and has its new record looked at. What the new record was before is replaced: a referral that asked for it, about
// which nobody can decide any more, is met anew.
func (f *Flow) moveTo(ctx context.Context, w *work, to, before cosell.Pair, why string) error {
	to.Version = before.Version
	if asks := before.ProposedID; before.Phase == cosell.Claimed && !strings.EqualFold(asks, to.ReferralID) {
		if err := f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: asks, Retry: true, Why: "the proposal is over"}); err != nil {
			return err
		}
	}
	entries := append(w.entries, f.entry(ctx, w.referral.Read, cosell.Nowhere, "moved", "from "+w.pair.OpportunityID+" to "+to.OpportunityID))
	if _, err := f.Ledger.Move(ctx, w.pair, to, entries...); err != nil {
		return err
	}
	w.entries = nil
	if to.MicrosoftID != "" && to.Table != cosell.LeadTable { // whose answer a lead has no columns for
		if err := f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: to.MicrosoftID, Related: true, Why: why}); err != nil {
			return err
		}
	}
	return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: to.OpportunityID, Related: true, Why: why})
}
