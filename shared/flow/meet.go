package flow

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// crmID is the record of CRM that a referral names; foreign is true for a text that is no such id.
func crmID(r cosell.Referral) (id string, foreign bool) {
	id, ours := cosell.ID(r.Record[cosell.CRMID])
	return id, !ours && strings.TrimSpace(r.Record[cosell.CRMID]) != ""
}

// meet takes up a referral that no pair names: the echo of our own POST, one that somebody linked by its
// CRM id, or a new one.
func (f *Flow) meet(ctx context.Context, r cosell.Referral, h Hint) error {
	id, foreign := crmID(r)
	if other, err := f.othersHave(ctx, r); other || err != nil {
		return err
	}
	if id != "" {
		return f.fromClaimed(ctx, r, id, h)
	}
	if r.Lead {
		return f.meetLead(ctx, r, foreign, h)
	}
	if found, err := f.adoptFound(ctx, r, h); found || err != nil {
		return err
	}
	return f.meetNew(ctx, r, foreign, h)
}

// adoptFound links a referral that no pair names with the record of CRM that names it.
func (f *Flow) adoptFound(ctx context.Context, r cosell.Referral, h Hint) (bool, error) {
	found, err := f.Opportunities.FindByReferral(ctx, r.ID)
	if err != nil || len(found) == 0 {
		return false, err
	}
	if f.Settings.OwnScope {
		pair, known, err := f.Ledger.Find(ctx, found[0].ID)
		if err != nil {
			return false, err
		}
		if !known || pair.ReferralID != r.ID {
			return true, f.outside(ctx, r)
		}
	}
	return true, f.underLock(ctx, found[0].ID, func(pair cosell.Pair, _ bool) (err error) {
		if pair.ReferralID == r.ID { // the row that finds it by its referral was missed
			if pair, err = f.Ledger.Heal(ctx, pair); err != nil {
				return err
			}
			if pair.Phase == cosell.Making { // by a run that did not come to note that it is made
				return f.of(pair).goOn(ctx, pair, h)
			}
		}
		return f.adopt(ctx, &work{pair: pair, referral: &r, opportunity: &found[0], hint: h})
	})
}

// meetNew takes up a referral of which CRM has nothing.
func (f *Flow) meetNew(ctx context.Context, r cosell.Referral, foreign bool, h Hint) error {
	if err := f.elsewhere(ctx, r); err != nil {
		return err
	}
	if cosell.ReferralClosed(r.Record[cosell.Status]) {
		return nil
	}
	if f.Settings.OwnScope {
		return f.outside(ctx, r)
	}
	if foreign && !f.arrivesForeign(r) {
		return f.ignore(ctx, r)
	}
	return f.makeNew(ctx, r, h)
}

// arrivesForeign says whether a referral with somebody else's CRM id becomes an opportunity: an open
// invitation always does.
func (f *Flow) arrivesForeign(r cosell.Referral) bool {
	return f.Settings.ForeignCRMID == "keep" || r.Record[cosell.Status] == cosell.Pending
}

// ignore counts a referral that carries somebody else's id; nothing is written on either side.
func (f *Flow) ignore(ctx context.Context, r cosell.Referral) error {
	f.Log.InfoContext(ctx, "ignored: the referral's CRM id names no opportunity", "referral_id", r.ID)
	return f.underLock(ctx, f.Opportunities.ID(r.ID), func(pair cosell.Pair, known bool) error {
		if known {
			return nil
		}
		pair.ReferralID, pair.EngagementID = r.ID, r.EngagementID
		pair = pair.Lacks([]cosell.Problem{{Code: cosell.CodeForeign, Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true,
			Text: "the referral's CRM id belongs to another system, so no opportunity is made of it",
			Mend: "clear the CRM id in Partner Center, or set SYNC_FOREIGN_CRM_ID=keep"}}, r.Read, r.Side)
		pair.Phase = cosell.Lacking
		_, err := f.Ledger.Save(ctx, pair)
		return err
	})
}

// unbegun says whether a pair only counts a referral, which carries somebody else's id, came before the start, resembles
// an opportunity, or has its record at another tenant: what it names is looked at again each time.
func unbegun(p cosell.Pair) bool {
	return p.Phase == cosell.Lacking && (p.Holds(cosell.CodeForeign) || p.Holds(startPending) || p.Holds(ofOther) || p.Holds(cosell.CodeUnconfirmed))
}

// noticed lets go of a referral that was only counted, and names an opportunity now.
func (f *Flow) noticed(ctx context.Context, r cosell.Referral) error {
	pair, known, err := f.Ledger.FindByReferral(ctx, r.ID)
	if err != nil || !known || !unbegun(pair) {
		return err
	}
	return f.letGo(ctx, pair)
}

// makeNew makes the opportunity of a deal that was born in Partner Center, once. Who met another write after it was made
// goes on with the pair.
func (f *Flow) makeNew(ctx context.Context, r cosell.Referral, h Hint) error {
	begun := false
	return f.underLock(ctx, f.Opportunities.ID(r.ID), func(pair cosell.Pair, known bool) error {
		switch {
		case next(pair, known, ofNew) == remake:
		case begun && pair.Phase == cosell.Linked && pair.ReferralID == r.ID:
			return f.of(pair).goOn(ctx, pair, h)
		default:
			return nil // made by somebody else meanwhile, or deleted by a person: never again
		}
		begun = true
		return f.makeOpportunity(ctx, &work{pair: pair, referral: &r, hint: h})
	})
}

// fromClaimed takes up a referral that names an opportunity.
//
//	the opportunity                    | happens
//	is unknown                         | the id is foreign; but the one that the referral's own would get was deleted
//	has this referral                  | its rows in the ledger are healed
//	is waiting for its own POST        | the echo of it: the creation goes on
//	has another referral               | told, nothing is written to either
//	is switched on, or names it back   | linked
//	is not switched on                 | its seller is asked; an open invitation gets one of its own
func (f *Flow) fromClaimed(ctx context.Context, r cosell.Referral, opportunityID string, h Hint) error {
	alone := false
	opportunityID, err := f.wentTo(ctx, opportunityID)
	if err != nil {
		return err
	}
	err = f.underLock(ctx, opportunityID, func(pair cosell.Pair, known bool) (err error) {
		alone, err = f.of(pair).claimed(ctx, pair, known, r, h)
		return err
	})
	if err != nil && !fault.Is(err, fault.Refused) || !alone || cosell.ReferralClosed(r.Record[cosell.Status]) {
		return err
	}
	if r.Lead {
		return cmp.Or(f.newLead(ctx, r, h), err)
	}
	return cmp.Or(f.makeNew(ctx, r, h), err)
}

// claimed decides under the lock of the opportunity; alone: the referral gets an opportunity of its own.
func (f *Flow) claimed(ctx context.Context, pair cosell.Pair, known bool, r cosell.Referral, h Hint) (alone bool, err error) {
	switch {
	case known && (pair.Phase == cosell.Ended || slices.Contains(pair.Former, r.ID)):
		return false, nil
	case known && slices.Contains(pair.Unlike, r.ID):
		return true, nil
	case known && pair.ReferralID == r.ID && pair.Phase == cosell.Linked:
		return false, f.refound(ctx, pair, r, h)
	case known && pair.ReferralID == r.ID: // being made, on either side
		return false, f.goOn(ctx, pair, h)
	case known && pair.ReferralID != "":
		return false, f.second(ctx, pair, r)
	}
	intent, _, err := f.Ledger.Intent(ctx, pair.OpportunityID, ownTarget)
	if err != nil {
		return false, err
	}
	if intent.Sent || slices.Contains(intent.GaveUp, cosell.Fingerprint(r.Record)) {
		return false, f.echo(ctx, pair, r, intent)
	}
	if f.Settings.OwnScope {
		return false, f.outside(ctx, r)
	}
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if fault.Is(err, fault.Gone) && f.isLead(ctx, pair.OpportunityID) {
		pair.Table = cosell.LeadTable
		return f.leads.claimed(ctx, pair, known, r, h)
	}
	if fault.Is(err, fault.Gone) && f.madeOf(r, pair.OpportunityID) {
		return false, f.unmade(ctx, pair, r, h, err)
	}
	if fault.Is(err, fault.Gone) {
		if !f.arrivesForeign(r) {
			return false, f.ignore(ctx, r)
		}
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if waits, err := f.waitsForTheStart(ctx, "referral_id", r.ID, "opportunity_id", o.ID); waits || err != nil {
		return false, err
	}
	if pair, err = f.freshSide(ctx, pair, h, o.Side); err != nil {
		return false, err
	}
	w := &work{pair: pair, opportunity: &o, hint: h}
	if err := f.spoke(ctx, w); err != nil {
		return false, err
	}
	pair = w.pair
	named := strings.EqualFold(strings.TrimSpace(o.Record[cosell.ReferralID]), r.ID)
	pending := r.Record[cosell.Status] == cosell.Pending
	if !known && !named {
		if parted, alone, err := f.parted(ctx, pair, o, r); parted || err != nil {
			return alone, err
		}
	}
	asks := !o.Synced() && !named && (f.Settings.Takeover != "own" || pending)
	if asks && pending {
		return true, f.propose(ctx, pair, o, r, f.namedBy(r))
	}
	if err := f.noticed(ctx, r); err != nil {
		return false, err
	}
	if asks {
		return false, f.propose(ctx, pair, o, r, f.namedBy(r))
	}
	if other := o.Record[cosell.ReferralID]; other != "" && !named {
		f.Log.WarnContext(ctx, "a referral names an opportunity that has another one", "referral_id", r.ID, "opportunity_id", o.ID)
		return false, f.second(ctx, pair, r)
	}
	return false, f.adopt(ctx, &work{pair: pair, referral: &r, opportunity: &o, hint: h, switchOn: !o.Synced() && !named})
}

// parted does what a person has said of the two before the ledger forgot it: an ended pair stays ended, and another
// deal gets an opportunity of its own.
func (f *Flow) parted(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, r cosell.Referral) (parted, alone bool, err error) {
	switch cosell.PartedFrom(o.Record[cosell.Audit], r.ID) {
	case cosell.Unlinked:
		pair.ReferralID, pair.EngagementID = r.ID, r.EngagementID
		return true, false, f.end(ctx, pair, unlinkedBefore)
	case cosell.Unlike:
		pair.ProposedID = r.ID
		_, err := f.Ledger.Save(ctx, pair.Refuses())
		return true, err == nil, err
	}
	return false, false, nil
}

// madeOf says whether the id is the one that the record of the referral gets when we make it.
func (f *Flow) madeOf(r cosell.Referral, id string) bool {
	return strings.EqualFold(id, f.deals.Opportunities.ID(r.ID)) || f.leads != nil && strings.EqualFold(id, f.leads.Opportunities.ID(r.ID))
}

// unmade ends a pair that the ledger has forgotten: the referral names the record that was made of it, and a person has
// deleted that since. Gone: it may not be readable yet.
func (f *Flow) unmade(ctx context.Context, pair cosell.Pair, r cosell.Referral, h Hint, cause error) error {
	if !f.lasting(h) {
		return cause
	}
	pair.ReferralID, pair.EngagementID = r.ID, r.EngagementID
	return f.end(ctx, pair, "the record that was made of the referral is gone")
}

// namedBy is why a referral asks for an opportunity whose id it carries.
func (f *Flow) namedBy(r cosell.Referral) cosell.Problem {
	return cosell.Problem{Code: cosell.CodeUnconfirmed, Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true,
		Text: "referral " + r.ID + " in Partner Center names this opportunity: " + f.link(r.ID),
		Mend: "switch Sync on, or choose \"Link to the proposed deal\", to link the two; without that nothing crosses"}
}

// takenBy is the opportunity with which a referral is linked already, or "". A pair that has nothing of it but the id,
// because a person ended it or it only counts it, gives it away.
func (f *Flow) takenBy(ctx context.Context, opportunityID string, r cosell.Referral) (string, error) {
	other, taken, err := f.Ledger.FindByReferral(ctx, r.ID)
	switch {
	case err != nil || !taken || other.OpportunityID == opportunityID:
		return "", err
	case other.Phase != cosell.Ended && !unbegun(other):
		return other.OpportunityID, nil
	}
	return "", f.letGo(ctx, other)
}

// wentElsewhere: a proposed referral is linked elsewhere or closed by now. An opportunity whose seller wants it in
// Partner Center gets one of its own.
func (f *Flow) wentElsewhere(ctx context.Context, w *work, r cosell.Referral) error {
	if w.opportunity.Synced() && f.table != cosell.LeadTable {
		return f.createOwn(ctx, w)
	}
	line := f.words(ctx, w.opportunity.Read).Done(cosell.ToCRM, "referral "+r.ID+" is closed or linked elsewhere by now: it asks for nothing any more")
	return f.write(ctx, w, withdrawnAction, known(w.pair.Withdrawn().Unlinked(nil), *w.opportunity), line)
}

// withdrawnAction is what the trail says of a referral that asks for an opportunity no more: the pair follows once the row was told.
const withdrawnAction = "withdrawn"

// refound is a pair whose row that finds it by its referral was lost: saving writes it anew.
func (f *Flow) refound(ctx context.Context, pair cosell.Pair, r cosell.Referral, h Hint) error {
	pair, err := f.Ledger.Heal(ctx, pair)
	if err != nil {
		return err
	}
	if r, err = f.current(ctx, pair, r); err != nil {
		return err
	}
	return f.converge(ctx, &work{pair: pair, referral: &r, hint: h})
}

// current reads a referral again that was read before the pair's lock was held, because that could be old news;
// one that is the newest of which the pair knows is none.
func (f *Flow) current(ctx context.Context, pair cosell.Pair, r cosell.Referral) (cosell.Referral, error) {
	if pair.Knows(r.Side) {
		return r, nil
	}
	return f.Referrals.Get(ctx, r.ID)
}

// echo is our own POST seen from outside before its answer was saved, or after another attempt: the creation goes on from here.
func (f *Flow) echo(ctx context.Context, pair cosell.Pair, r cosell.Referral, intent cosell.Intent) error {
	pair.ReferralID, pair.EngagementID, pair.Phase, pair.Held, pair.Told = r.ID, r.EngagementID, cosell.Creating, nil, nil
	pair.Base = cosell.Created(intent.Led(r.Record), r, false)
	pair = pair.HasPosted(intent.Others(r.Record)...)
	if _, err := f.Ledger.Save(ctx, pair, f.entry(ctx, r.Read, cosell.ToPartnerCenter, createdAction, "own referral "+r.ID)); err != nil {
		return err
	}
	return f.Hints.ReferralWanted(ctx, Hint{Kind: opportunityKind, ID: pair.OpportunityID, Why: "referral-created"})
}
