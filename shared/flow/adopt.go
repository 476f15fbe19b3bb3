package flow

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// adopt links two records that exist: each gets the other's id where it is missing. What only one side has
// is filled in on the other; what differs is told and left alone, unless the sheet says whose counts.
func (f *Flow) adopt(ctx context.Context, w *work) error {
	if f.unlinkable(w) {
		return nil
	}
	if !w.byHand && w.pair.Phase != cosell.Linked {
		if waits, err := f.waitsForTheStart(ctx, "opportunity_id", w.opportunity.ID, "referral_id", w.referral.ID); waits || err != nil {
			return err
		}
	}
	w.linking, w.met = true, !w.byHand && !w.confirmed
	return f.noted(ctx, w, f.adoptBoth(ctx, w))
}

func (f *Flow) adoptBoth(ctx context.Context, w *work) error {
	o, r := *w.opportunity, *w.referral
	if other := w.pair.ReferralID; other != "" && !strings.EqualFold(other, r.ID) {
		return f.second(ctx, w.pair, r)
	}
	if other := strings.TrimSpace(o.Record[cosell.ReferralID]); other != "" && !strings.EqualFold(other, r.ID) {
		return f.second(ctx, w.pair, r)
	}
	before := w.pair
	w.rebuilt = rebuilt(w)
	w.pair.ReferralID, w.pair.EngagementID, w.pair.Phase = r.ID, r.EngagementID, cosell.Linked
	if before.Version == "" && over(o, r) {
		return f.settled(ctx, w)
	}
	if w.pair.MicrosoftID == "" && w.pair.Base.Referral == nil { // who comes with a base has asked already
		joined, microsoftID, err := f.join(ctx, r)
		if err != nil {
			return err
		}
		w.referral, w.pair.MicrosoftID = &joined, microsoftID
	}
	if err := f.claims(ctx, w); err != nil {
		return err
	}
	link, shown := o.Record[cosell.ReferralLink]
	if o.Record[cosell.ReferralID] == "" || shown && link == "" { // typed in by a person, who knows no link
		written, err := f.linkBack(ctx, w, *w.referral, nil)
		if fault.Is(err, fault.Refused) {
			return f.unlinked(ctx, w, before.AskedFor(r.ID), err)
		}
		if err != nil {
			return err
		}
		w.pair = w.pair.Wrote(o.Version, written.Side) // an old read of the row is no change of anybody
		w.opportunity = &written
		w.entries = append(w.entries, f.entry(ctx, written.Read, cosell.ToCRM, linkedAction, "referral "+r.ID))
	} else if before.Phase != cosell.Linked {
		if err := f.linkedAlready(ctx, w); err != nil {
			return err
		}
	}
	return f.round(ctx, w)
}

// linkedAlready notes that two records were linked, as Audit says, where whoever wrote that has died before it was noted, or where the
// ledger has lost it.
func (f *Flow) linkedAlready(ctx context.Context, w *work) error {
	if !cosell.LinkedLast(w.opportunity.Record[cosell.Audit], w.referral.ID) {
		return nil
	}
	trail, err := f.Ledger.Audit(ctx, w.pair.OpportunityID, lately)
	if err != nil {
		return err
	}
	last := slices.IndexFunc(trail, func(e cosell.Entry) bool {
		return e.Action == unlinkedAction || e.Action == linkedAction && e.Direction == cosell.ToCRM
	})
	if last < 0 || trail[last].Action == unlinkedAction {
		w.entries = append(w.entries, f.entry(ctx, w.opportunity.Read, cosell.ToCRM, linkedAction, "referral "+w.referral.ID))
	}
	return nil
}

// over says whether two records were linked by somebody else and are closed alike: there is nothing left to do about them.
func over(o cosell.Opportunity, r cosell.Referral) bool {
	return cosell.ClosedAlike(r.Record[cosell.Status], o.Record[cosell.Status]) && strings.EqualFold(strings.TrimSpace(o.Record[cosell.ReferralID]), r.ID)
}

// settled remembers a pair that is over as it is, and writes to neither record: a mark and lines on every deal of years
// would help nobody, and a closed one can be put right by nobody.
func (f *Flow) settled(ctx context.Context, w *work) error {
	a := application{Flow: f, w: w, in: f.pairing(w), referral: *w.referral}
	return a.remember(ctx)
}

// relink links by the identifier that the opportunity carries: what the ledger has lost, or what somebody
// has typed in.
func (f *Flow) relink(ctx context.Context, w *work, referralID string) error {
	id, is := cosell.ID(referralID)
	if !is {
		return f.unknownReferral(ctx, w, referralID)
	}
	r, err := f.Referrals.Get(ctx, id)
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Invalid) {
		return f.unknownReferral(ctx, w, referralID)
	}
	if err != nil {
		return unreadableOurs(err)
	}
	left, err := f.leftByLead(ctx, w, r)
	if err != nil {
		return err
	}
	other, taken, err := f.Ledger.FindByReferral(ctx, r.ID)
	if err != nil {
		return err
	}
	switch became, err := f.becameOfLead(ctx, w, other, taken); {
	case fault.Is(err, fault.Gone): // its own events find out whether it was deleted, which takes longer than what is gone is waited for
		return cmp.Or[error](f.leadChanged(ctx, other.OpportunityID, "its opportunity was seen"),
			fault.Wait(leadDoubt, "opportunity %s names the referral of lead %s, which is not there: %w", w.pair.OpportunityID, other.OpportunityID, err))
	case became || err != nil:
		return cmp.Or(err, f.leadChanged(ctx, other.OpportunityID, "its opportunity was seen"))
	}
	if taken && other.OpportunityID == w.pair.OpportunityID && other.Version != w.pair.Version { // moved to it since
		return fault.Wait(time.Second, "opportunity %s: another worker was faster", w.pair.OpportunityID)
	}
	given, err := f.givenTo(ctx, w, r)
	if err != nil {
		return err
	}
	if id, foreign := crmID(r); foreign || id != "" && !strings.EqualFold(id, w.opportunity.ID) && !left && !given {
		return f.lack(ctx, w, []cosell.Problem{{Code: "link.taken", Field: cosell.ReferralID, Place: cosell.InPartnerCenter, Class: cosell.OfRecord,
			Text: "referral " + r.ID + " belongs to another record (CRM id " + r.Record[cosell.CRMID] + ")", Mend: "correct the identifier"}})
	}
	if taken && other.OpportunityID != w.pair.OpportunityID {
		return f.lack(ctx, w, []cosell.Problem{{Code: "link.taken", Field: cosell.ReferralID, Place: cosell.InPartnerCenter, Class: cosell.OfRecord,
			Text: "referral " + r.ID + " is linked with another opportunity", Mend: "correct the identifier, or unlink it there first"}})
	}
	w.pair.Held, w.pair.Told = nil, nil
	w.referral = &r
	return f.adopt(ctx, w)
}

// leadDoubt is between two looks at an opportunity whose lead is being found out about.
const leadDoubt = 30 * time.Second

// givenTo says whether a person has just linked the referral with this opportunity, as its Audit says, and the record that the referral still
// names has given it away for that: whoever links them writes the new id last, and may be at it, or have died before.
func (f *Flow) givenTo(ctx context.Context, w *work, r cosell.Referral) (bool, error) {
	id, foreign := crmID(r)
	if foreign || id == "" || strings.EqualFold(id, w.opportunity.ID) || !cosell.LinkedLast(w.opportunity.Record[cosell.Audit], r.ID) {
		return false, nil
	}
	former, known, err := f.Ledger.Find(ctx, id)
	return known && former.Phase == cosell.Ended && former.ReferralID == "" && former.Became == "", err
}

// leftByLead says whether the referral names a lead that a person has deleted before it had handed the referral over to this opportunity,
// which carries its identifier: nobody else will do that any more. The ended pair of the lead gives the referral up.
func (f *Flow) leftByLead(ctx context.Context, w *work, r cosell.Referral) (bool, error) {
	id, foreign := crmID(r)
	if foreign || id == "" || f.leads == nil || w.opportunity.LeadID != "" && !strings.EqualFold(w.opportunity.LeadID, id) {
		return false, nil
	}
	lead, known, err := f.Ledger.Find(ctx, id)
	if err != nil || !known || lead.Table != cosell.LeadTable || lead.Phase != cosell.Ended || lead.Became != "" {
		return false, err
	}
	switch _, err := f.leads.Opportunities.Get(ctx, id); {
	case err == nil:
		return false, nil
	case !fault.Is(err, fault.Gone):
		return false, err
	}
	if lead.ReferralID == "" {
		return true, nil
	}
	lead.ReferralID, lead.MicrosoftID, lead.EngagementID = "", "", ""
	_, err = f.Ledger.Save(ctx, lead)
	return err == nil, err
}

// becameOfLead says whether the opportunity is what the lead of the other pair became: that one hands its referral over. Any other names it
// by mistake.
func (f *Flow) becameOfLead(ctx context.Context, w *work, other cosell.Pair, known bool) (bool, error) {
	switch {
	case !known || other.Table == f.table || f.leads == nil:
		return false, nil
	case w.opportunity.LeadID != "":
		return strings.EqualFold(w.opportunity.LeadID, other.OpportunityID), nil
	}
	lead, err := f.leads.Opportunities.Get(ctx, other.OpportunityID)
	return strings.EqualFold(lead.Became, w.opportunity.ID), err
}

func (f *Flow) unknownReferral(ctx context.Context, w *work, id string) error {
	return f.lack(ctx, w, []cosell.Problem{{Code: "referral.unknown", Field: cosell.ReferralID, Place: cosell.InPartnerCenter, Class: cosell.OfRecord,
		Text: "the identifier names no referral in Partner Center", Mend: "correct it, or clear it to have a referral made"}})
}
