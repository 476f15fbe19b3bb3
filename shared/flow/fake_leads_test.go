package flow_test

import (
	"context"
	"maps"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// crmLeads are the leads of the CRM.
type crmLeads struct{ *world }

func (w crmLeads) answer(o cosell.Opportunity) cosell.Opportunity { return crm(w).answer(o) }

func (w crmLeads) Get(_ context.Context, id string) (cosell.Opportunity, error) {
	w.counts["CRM GET"]++
	w.boundary()
	o, ok := w.leads[id]
	if !ok {
		return o, fault.New(fault.Gone, "no lead %s", id)
	}
	return w.answer(o), nil
}

func (w crmLeads) Emptied(_ context.Context, o cosell.Opportunity) (cosell.Opportunity, error) {
	w.boundary()
	return o, nil
}

func (w crmLeads) Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	if fault.Rehearsing(ctx) {
		return o, fault.ErrRehearsed
	}
	w.counts["CRM PATCH"]++
	w.boundary()
	if w.refuseCRM != nil {
		if err := w.refuseCRM(values); err != nil {
			w.refusals++
			return o, err
		}
	}
	if task := values[cosell.Task]; task != "" && len(values) == 1 { // rows of their own
		crm(w).tasked(values)
		return o, nil
	}
	if o.Version != w.leads[o.ID].Version {
		return o, fault.New(fault.Conflict, "stale")
	}
	for id, other := range w.leads { // its alternate key, which inactive rows hold too
		if named := values[cosell.ReferralID]; named != "" && id != o.ID && other.Record[cosell.ReferralID] == named && !w.keyless {
			return o, fault.New(fault.Refused, "lead %s has that referral", id).OfClass(fault.Record).Naming(id).With(cosell.CodeNamed, "take it out there")
		}
	}
	w.crmWrites++
	if w.onCRMPut != nil {
		w.onCRMPut(values)
	}
	w.lead(o.ID, crm(w).tasked(values))
	w.boundary()
	return w.answer(w.leads[o.ID]), nil
}

func (w crmLeads) ID(referralID string) string { return "3" + referralID[1:] }

func (w crmLeads) FindByReferral(_ context.Context, id string) ([]cosell.Opportunity, error) {
	w.counts["CRM GET"]++
	w.boundary()
	for _, o := range w.leads {
		if o.Record[cosell.ReferralID] == id {
			return []cosell.Opportunity{w.answer(o)}, nil
		}
	}
	return nil, nil
}

func (w crmLeads) Create(_ context.Context, id string, _ cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	w.boundary()
	w.counts["CRM change set"]++
	if o, ok := w.leads[id]; ok {
		return w.answer(o), nil
	}
	if w.refuseNew != nil {
		if err := w.refuseNew(values); err != nil {
			w.refusals++
			return cosell.Opportunity{}, err
		}
	}
	w.crmWrites++
	r := cosell.Record{}
	for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.Currency, cosell.ClosingDate, cosell.Notes, cosell.CustomerName, "contactPhone",
		"leadCampaign", cosell.ReferralID, cosell.ReferralLink, cosell.Audit, cosell.State, cosell.Expires} {
		r[f] = ""
	}
	maps.Copy(r, crm(w).tasked(values))
	w.leads[id] = cosell.Opportunity{Side: cosell.Side{ID: id, Version: w.nextVersion(), Record: r}, Untouched: true}
	w.boundary()
	return w.answer(w.leads[id]), nil
}

func (w crmLeads) Linked(context.Context) (map[string]cosell.Naming, error) {
	out := map[string]cosell.Naming{}
	for id, o := range w.leads {
		if o.Record[cosell.ReferralID] != "" || o.Synced() {
			out[id] = naming(o)
		}
	}
	return out, nil
}

func (w crmLeads) Exist(_ context.Context, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		if _, is := w.leads[id]; is {
			out[id] = true
		}
	}
	return out, nil
}

func (w crmLeads) Qualify(ctx context.Context, lead cosell.Opportunity, told cosell.Record, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	if w.refuseQualify != nil {
		if err := w.refuseQualify(values); err != nil {
			w.boundary()
			w.refusals++
			return lead, err
		}
	}
	w.boundary()
	now := w.leads[lead.ID]
	if now.Version != lead.Version {
		return lead, fault.New(fault.Conflict, "stale")
	}
	o, had := w.opportunities[id]
	if !had {
		w.between, w.look = nil, nil // one transaction: no death in it
		died := w.dieAt
		w.dieAt = 0
		made, err := crm(w).Create(ctx, id, r, values)
		w.dieAt = died
		if err != nil {
			return made, err
		}
		o = w.opportunities[id]
		o.LeadID = lead.ID
		w.opportunities[id] = o
	}
	w.lead(lead.ID, crm(w).tasked(told))
	w.lead(lead.ID, cosell.Record{cosell.Status: cosell.Open})
	w.boundary()
	return crm(w).answer(o), nil
}

// lead edits a lead as a person does.
func (w *world) lead(id string, changes cosell.Record) {
	o := w.leads[id]
	o.Record = after(o.Record, changes)
	o.Version, o.Modified, o.Untouched = w.nextVersion(), w.now, false
	w.leads[id] = o
}

// personQualifies is the Qualify button: the CRM makes an opportunity under an id of its own.
func (w *world) personQualifies(id string, changes cosell.Record) string {
	const made = "44444444-4444-4444-8444-444444444444"
	lead := w.leads[id]
	r := after(empty(), cosell.Record{cosell.Status: cosell.Open, cosell.Sync: cosell.False, cosell.CustomerName: lead.Record[cosell.CustomerName],
		cosell.Team: "1", "team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`})
	for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.Currency, cosell.ClosingDate, cosell.Notes} {
		r[f] = lead.Record[f]
	}
	maps.Copy(r, changes)
	w.opportunities[made] = cosell.Opportunity{Side: cosell.Side{ID: made, Version: w.nextVersion(), Modified: w.now, Record: r}, LeadID: id}
	lead.Became = made
	w.leads[id] = lead
	w.lead(id, cosell.Record{cosell.Status: cosell.Open})
	return made
}

func (w crm) OfLead(_ context.Context, lead string) ([]cosell.Opportunity, error) {
	w.counts["CRM GET"]++
	w.boundary()
	var out []cosell.Opportunity
	for _, id := range sorted(w.opportunities) {
		if w.opportunities[id].LeadID == lead {
			out = append(out, w.answer(w.opportunities[id]))
		}
	}
	return out, nil
}

func (w crm) Introduce(_ context.Context, o cosell.Opportunity, r cosell.Referral) (cosell.Opportunity, error) {
	w.counts["CRM change set"]++
	w.boundary()
	if w.refuseIntroduce != nil {
		return o, w.refuseIntroduce
	}
	w.introduced = append(w.introduced, r.Record[cosell.FurtherContacts])
	return w.answer(w.opportunities[o.ID]), nil
}

func (d dying) Move(ctx context.Context, from, to cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error) {
	if before := d.w.beforeMove; before != nil {
		d.w.beforeMove = nil
		before()
	}
	d.w.boundary()
	defer d.w.boundary()
	return d.Ledger.Move(ctx, from, to, entries...)
}

func leadRules() []cosell.Rule {
	return []cosell.Rule{
		{Field: cosell.Name, Way: cosell.Both, Wins: cosell.Newest, Apart: true},
		{Field: cosell.DealValue, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.Currency, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.ClosingDate, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.Notes, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.Status, Way: cosell.Both, Door: cosell.Lifecycle},
		{Field: cosell.CustomerName, Way: cosell.Both, Door: cosell.OnceCreated, Required: true},
		{Field: "contactPhone", Way: cosell.Both, Wins: cosell.Newest, Required: true},
		{Field: "leadCampaign", Way: cosell.ToOpportunity},
		{Field: cosell.ReferralID, Way: cosell.Inside},
		{Field: cosell.ReferralLink, Way: cosell.Inside},
		{Field: cosell.Audit, Way: cosell.Inside},
	}
}

const (
	inquiry = "10000000-0000-4000-8000-00000000000a"
	itsLead = "30000000-0000-4000-8000-00000000000a"
	itsDeal = "20000000-0000-4000-8000-00000000000a"
)

// inquires sends a lead from Microsoft.
func (w *world) inquires(changes cosell.Record) {
	r := cosell.Record{cosell.Name: "Inquiry", cosell.DealValue: "9000", cosell.Currency: "EUR", cosell.ClosingDate: "2026-09-30", cosell.Notes: "call", cosell.Status: cosell.Pending,
		cosell.Reason: "", cosell.Visibility: cosell.False, cosell.CRMID: "", cosell.CustomerName: "Tailspin", "contactPhone": "+49", "leadCampaign": "MKT", cosell.Team: "0", cosell.Contacts: "0", cosell.Solutions: "0"}
	maps.Copy(r, changes)
	w.referrals[inquiry] = cosell.Referral{Side: cosell.Side{ID: inquiry, Version: w.nextVersion(), Modified: w.now, Record: r}, EngagementID: "e-" + inquiry, Lead: true,
		CreatedAt: w.now, ExpiresAt: w.now.AddDate(0, 0, 14)}
}

func (w *world) heard()     { w.deliver(w.hearReferral) }
func (w *world) leadHeard() { w.deliver(w.hearLead) }
func (w *world) dealHeard(id string) {
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", id, "Update")) })
}

func (w *world) hearReferral() error {
	return w.flow.FromReferral(flow.WithTrace(ctx, "5f3a0c1d-0000"), told(inquiry, "referral-updated"))
}

func (w *world) hearLead() error {
	return w.flow.FromOpportunity(flow.WithTrace(ctx, "5f3a0c1d-0001"), toldOf("lead", itsLead, "Update"))
}

// forgetAll loses the tables.
func (w *world) forgetAll() {
	w.memory = ledger.InMemory(func() time.Time { return w.now })
	w.restart()
}
