package flow

import (
	"context"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A lead of Partner Center that nobody has accepted is a lead in CRM. It goes the same line as an opportunity: the
// same flow, with the leads in the place of the opportunities, and their rules. What is different stands here.

// leadRecords is CRM with its leads in the place of its opportunities.
type leadRecords struct {
	Opportunities
	leads Records
}

func (l leadRecords) Get(ctx context.Context, id string) (cosell.Opportunity, error) {
	return l.leads.Get(ctx, id)
}

func (l leadRecords) Emptied(ctx context.Context, o cosell.Opportunity) (cosell.Opportunity, error) {
	return l.leads.Emptied(ctx, o)
}

func (l leadRecords) Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	return l.leads.Put(ctx, o, values)
}

func (l leadRecords) ID(referralID string) string { return l.leads.ID(referralID) }

func (l leadRecords) FindByReferral(ctx context.Context, referralID string) ([]cosell.Opportunity, error) {
	return l.leads.FindByReferral(ctx, referralID)
}

func (l leadRecords) Create(ctx context.Context, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	return l.leads.Create(ctx, id, r, values)
}

// overLeads is the line over the leads of CRM. Both lines have one ledger, and one lock for each record.
func (f *Flow) overLeads() *Flow {
	l := &Flow{Config: f.Config, locks: f.locks, outages: f.outages, crowd: f.crowd, table: cosell.LeadTable, deals: f}
	l.leads = l
	l.Rules, l.Settings.CheckMark, l.Settings.Sheet = f.LeadRules, false, f.Settings.LeadSheet
	l.Opportunities = watchedOpportunities{leadRecords{f.Config.Opportunities, f.Leads}, l}
	return l
}

// of is the line of a pair, by the table of its record in CRM.
func (f *Flow) of(p cosell.Pair) *Flow {
	if p.Table == cosell.LeadTable && f.leads != nil {
		return f.leads
	}
	return f.deals
}

// sheets names the field sheets of both tables.
func (f *Flow) sheets() string {
	if f.leads == nil || f.Settings.LeadSheet == "" {
		return f.Settings.Sheet
	}
	return f.Settings.Sheet + "; " + f.Settings.LeadSheet
}

// leadsStayOut says whether this is about leads, which the switch "co-sell only" keeps out.
func (f *Flow) leadsStayOut() bool {
	return f.table == cosell.LeadTable && f.Settings.Options.CosellOnly
}

// meetLead takes up a lead that no pair names and that names no record: the one of CRM that names it, or a new one.
func (f *Flow) meetLead(ctx context.Context, r cosell.Referral, foreign bool, h Hint) error {
	if f.leads == nil || f.leads.leadsStayOut() {
		f.Log.InfoContext(ctx, "lead left alone", "referral_id", r.ID)
		return nil
	}
	for _, line := range []*Flow{f.deals, f.leads} {
		if found, err := line.adoptFound(ctx, r, h); found || err != nil {
			return err
		}
	}
	return oneOfBoth(f.asRecord(r).meetNew(ctx, r, foreign, h))
}

// elsewhere lets go of a referral that was only counted, for the other table: it was accepted since.
func (f *Flow) elsewhere(ctx context.Context, r cosell.Referral) error {
	if f.leads == nil {
		return nil
	}
	pair, known, err := f.Ledger.FindByReferral(ctx, r.ID)
	if err != nil || !known || !unbegun(pair) || pair.Table == f.table {
		return err
	}
	return f.letGo(ctx, pair)
}

// newLead makes the record of a lead, once.
func (f *Flow) newLead(ctx context.Context, r cosell.Referral, h Hint) error {
	if f.leads == nil || f.leads.leadsStayOut() {
		return nil
	}
	return oneOfBoth(f.asRecord(r).makeNew(ctx, r, h))
}

// asRecord is the line in which a lead begins: an accepted one is an opportunity from the start.
func (f *Flow) asRecord(r cosell.Referral) *Flow {
	if cosell.Grows(r.Record[cosell.Status]) {
		return f.deals
	}
	return f.leads
}

// oneOfBoth: somebody else is making the other kind of record of the same referral, which is found the next time.
func oneOfBoth(err error) error {
	if e := fault.Of(err); fault.Is(err, fault.Refused) && e.Code == "link.taken" {
		return fault.Wait(time.Second, "the referral is being taken up: %w", err)
	}
	return err
}

// isLead says whether an id that names no opportunity is that of a lead.
func (f *Flow) isLead(ctx context.Context, id string) bool {
	if f.leads == nil || f.table == cosell.LeadTable || f.leads.leadsStayOut() {
		return false
	}
	_, err := f.leads.Opportunities.Get(ctx, id)
	return err == nil
}

// wentTo follows a record to the one that its pair went on with.
func (f *Flow) wentTo(ctx context.Context, id string) (string, error) {
	for range tries {
		pair, known, err := f.Ledger.Find(ctx, id)
		if err != nil || !known || pair.Became == "" {
			return id, err
		}
		id = pair.Became
	}
	return id, nil
}

// passOn has the record looked at with which a pair went on.
func (f *Flow) passOn(ctx context.Context, pair cosell.Pair, h Hint) error {
	if h.Deleted {
		return nil // the lead is gone, and is not needed any more
	}
	if h.Kind == leadKind {
		if err := f.referTo(ctx, pair); err != nil {
			return err
		}
	}
	if next, known, err := f.Ledger.Find(ctx, pair.Became); err != nil || known && next.OpportunityVersion != "" && !h.Retry {
		return err // somebody has looked at it since
	}
	return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: pair.Became, Related: true, Retry: h.Retry, Why: h.Why})
}

// referTo answers a person who asks for something on the form of a lead whose pair went on: he finds it there.
func (f *Flow) referTo(ctx context.Context, pair cosell.Pair) error {
	lead, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if fault.Is(err, fault.Gone) {
		return nil
	}
	if err != nil {
		return err
	}
	w := &work{pair: pair, opportunity: &lead}
	if err := f.spoke(ctx, w); err != nil || lead.Record[cosell.Action] == "" {
		return err
	}
	err = f.explain(ctx, w, cosell.WentOn(pair.Became))
	if fault.Is(err, fault.Refused) { // a closed lead may take nothing
		return nil
	}
	return err
}

// leadChanged has a lead looked at.
func (f *Flow) leadChanged(ctx context.Context, id, why string) error {
	return f.Hints.OpportunityChanged(ctx, Hint{Kind: leadKind, ID: id, Related: true, Why: why})
}

// recall takes up a lead that the ledger does not know, or knows without a referral: one that names a referral, whose
// seller confirms the one that asks for it, or whose notes name one. No referral is made of a lead.
func (f *Flow) recall(ctx context.Context, pair cosell.Pair, h Hint) error {
	o, err := f.Opportunities.Get(ctx, pair.OpportunityID)
	if err != nil {
		return err
	}
	if pair, err = f.freshSide(ctx, pair, h, o.Side); err != nil {
		return err
	}
	w := &work{pair: pair, hint: h, opportunity: &o}
	if done, err := f.staysParted(ctx, w); done || err != nil {
		return err
	}
	if done, err := f.heed(ctx, w); done || err != nil {
		return err
	}
	pair = w.pair
	id := strings.TrimSpace(o.Record[cosell.ReferralID])
	switch {
	case f.unlinkable(w):
		return nil
	case !o.Synced():
		return f.release(ctx, w)
	case id == "" && pair.Phase == cosell.Claimed:
		return f.confirm(ctx, w)
	case id == "":
		return f.pastedOnLead(ctx, w)
	}
	return f.recallNamed(ctx, w, id)
}

// recallNamed links a lead with the referral that it names, unless an opportunity goes on with that.
func (f *Flow) recallNamed(ctx context.Context, w *work, id string) error {
	if _, taken, err := f.Ledger.FindByReferral(ctx, id); err != nil || taken {
		return err
	}
	if waits, err := f.waitsForTheStart(ctx, "lead_id", w.opportunity.ID); waits || err != nil {
		return err
	}
	if w.opportunity.Record[cosell.Status] == cosell.Open {
		became, err := f.deals.Opportunities.OfLead(ctx, w.opportunity.ID)
		if err != nil {
			return err
		}
		if len(became) > 0 { // which goes on with the referral
			return f.passOn(ctx, cosell.Pair{Became: became[0].ID}, Hint{Kind: opportunityKind, Retry: w.hint.Retry, Why: w.hint.Why})
		}
	}
	return f.noted(ctx, w, f.relink(ctx, w, id))
}

// pastedOnLead links a lead that is switched on with the lead of Partner Center that its notes name.
func (f *Flow) pastedOnLead(ctx context.Context, w *work) error {
	from, started, err := f.Started(ctx)
	if err != nil || !started || before(w.opportunity.Modified, from) || f.leadsStayOut() {
		return err
	}
	_, err = f.pasted(ctx, w)
	return f.noted(ctx, w, err)
}

// askLead leaves an opportunity alone that was made of a lead of ours while nobody has moved the pair: the lead, which
// is looked at now, hands its referral over. The events of the two may come in any order.
func (f *Flow) askLead(ctx context.Context, w *work) (asked bool, err error) {
	if f.leads == nil || w.opportunity.LeadID == "" || w.pair.ReferralID != "" {
		return false, nil
	}
	lead, known, err := f.Ledger.Find(ctx, w.opportunity.LeadID)
	if err != nil || !known || lead.Table != cosell.LeadTable || lead.Phase != cosell.Linked {
		return false, err
	}
	row, err := f.leads.Opportunities.Get(ctx, lead.OpportunityID)
	if fault.Is(err, fault.Gone) || err == nil && row.Record[cosell.Status] != cosell.Open {
		return false, nil // it was made beside the lead, which goes on
	}
	if err != nil {
		return false, err
	}
	wanted := !row.Synced() && w.opportunity.Synced() // who switches the opportunity on wants the lead's referral for it
	return true, f.Hints.OpportunityChanged(ctx, Hint{Kind: leadKind, ID: lead.OpportunityID, Related: true, Retry: wanted, Why: "an opportunity was made of it"})
}

// outgrown: the referral was accepted before its lead was made, so the opportunity is made at once.
func (f *Flow) outgrown(ctx context.Context, w *work) error {
	deal := cosell.Opportunity{Side: cosell.Side{ID: f.deals.Opportunities.ID(w.referral.ID)}}
	next := w.pair.GoesOn(deal, cosell.OpportunityTable, cosell.Base{Referral: cosell.Record{}, Opportunity: cosell.Record{}})
	next.Phase, next.ReferralID, next.EngagementID = cosell.Lacking, w.referral.ID, w.referral.EngagementID
	if _, err := f.Ledger.Move(ctx, w.pair, next); err != nil {
		return err
	}
	return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: deal.ID, Retry: true, Why: "its lead was accepted before it was made"})
}
