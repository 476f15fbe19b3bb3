package mapping_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

var _ flow.Leads = (*opportunities.Store)(nil)

// inquiry is a lead of Partner Center.
func inquiry(changes cosell.Record) cosell.Referral {
	r := cosell.Referral{Side: cosell.Side{ID: "1ead0000-0000-4000-8000-000000000001", Record: cosell.Record{
		cosell.Name: "Cloud for Tailspin", cosell.DealValue: "9000", cosell.Currency: "EUR", cosell.ClosingDate: "2026-09-30", cosell.Notes: "Please call", cosell.Status: cosell.Pending,
		cosell.CustomerName: "Tailspin Toys GmbH", "customerAddress1": "Musterweg 1", "customerCity": "Hamburg", "customerPostalCode": "20095", cosell.CustomerCountry: "DE",
		"contactFirstName": "Lee", "contactLastName": "Lead", "contactEmail": "lee@tailspin.example", "contactPhone": "+49 40 1", "leadCampaign": "MKT-SPRING",
		cosell.Contacts: "1", "contacts/lee@tailspin.example": `{"email":"lee@tailspin.example","firstName":"Lee","lastName":"Lead","phone":"+49 40 1"}`, cosell.Team: "0",
	}}, Lead: true}
	for f, v := range changes {
		r.Record[f] = v
	}
	return r
}

// leadOf makes the lead of the referral in CRM, as the flow asks for it.
func leadOf(t *testing.T, s *opportunities.Store, rules []cosell.Rule, r cosell.Referral) cosell.Opportunity {
	t.Helper()
	values := cosell.ForOpportunity(r, rules)
	values[cosell.Status], values[cosell.Sync], values[cosell.ReferralID], values[cosell.Audit] = cosell.OnHold, cosell.True, r.ID, "line"
	o, err := s.Create(context.Background(), s.ID(r.ID), r, values)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func leads(w *world) (*opportunities.Store, []cosell.Rule) {
	return w.opportunities.Leads(nil), w.sheet.Leads().Rules()
}

func (w *world) column(t *testing.T, set, id string, columns ...string) map[string]string {
	t.Helper()
	row, err := w.crm.Get(context.Background(), set, id, dataverse.Query{Select: columns})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, c := range columns {
		out[c] = row.Text(c)
	}
	return out
}

func TestR23_ALeadHoldsEveryContactValue(t *testing.T) {
	w := newWorld(t)
	s, rules := leads(w)
	r := inquiry(nil)
	o := leadOf(t, s, rules, r)
	if o.ID != s.ID(r.ID) || o.ID == w.opportunities.ID(r.ID) {
		t.Errorf("made under %s", o.ID)
	}
	want := map[string]string{"subject": "Cloud for Tailspin", "firstname": "Lee", "lastname": "Lead", "emailaddress1": "lee@tailspin.example", "telephone1": "+49 40 1",
		"companyname": "Tailspin Toys GmbH", "address1_line1": "Musterweg 1", "address1_city": "Hamburg", "address1_postalcode": "20095", "address1_country": "DE",
		"cosell_campaign": "MKT-SPRING", "description": "Please call", "estimatedclosedate": "2026-09-30", "statecode": "0", "statuscode": "1",
		"_parentaccountid_value": dataversesim.AccountID, "_ownerid_value": dataversesim.SellerID, "cosell_referralid": r.ID} // the account's owner: R105
	for column, text := range w.column(t, "leads", o.ID, keys(want)...) {
		if text != want[column] {
			t.Errorf("%s is %q", column, text)
		}
	}
	for f, v := range r.Record { // what was written is what is read
		if _, of := o.Record[f]; of && o.Record[f] != v && f != cosell.Status && f != cosell.Team {
			t.Errorf("%s: %q, read as %q", f, v, o.Record[f])
		}
	}
	if o.Record[cosell.Status] != cosell.OnHold || !o.Synced() {
		t.Errorf("%v", o.Record)
	}
	again := leadOf(t, s, rules, inquiry(cosell.Record{cosell.Name: "other"}))
	if again.ID != o.ID || again.Record[cosell.Name] != "Cloud for Tailspin" || again.Version != o.Version {
		t.Errorf("made twice: %+v", again.Side)
	}
}

func keys(m map[string]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestALeadWithoutNamesIsMadeAndSaysNothingOfThem(t *testing.T) {
	w := newWorld(t)
	_, rules := leads(w)
	s := opportunities.New(w.crm, w.sheet, opportunities.Options{Environment: crmHost, PartnerTenant: "tenant", ContactConsent: true, DefaultOwner: "kim@northwind.example"}).Leads(nil)
	o := leadOf(t, s, rules, inquiry(cosell.Record{cosell.CustomerName: "", "contactLastName": "", cosell.Name: "", cosell.DealValue: "", cosell.ClosingDate: ""}))
	got := w.column(t, "leads", o.ID, "subject", "lastname", "companyname", "_parentaccountid_value", "_ownerid_value")
	if got["subject"] != "Lead from Microsoft" || got["lastname"] != "(unknown)" || got["companyname"] != "(unknown)" || got["_parentaccountid_value"] != "" || got["_ownerid_value"] != dataversesim.SellerID {
		t.Errorf("%v", got)
	}
	if o.Record["contactLastName"] != "" || o.Record[cosell.CustomerName] != "" {
		t.Errorf("what only fills a column counts: %v", o.Record)
	}
}

func TestALeadIsChangedGivenUpAndTakenBack(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, rules := leads(w)
	o := leadOf(t, s, rules, inquiry(nil))
	o, err := s.Put(ctx, o, cosell.Record{cosell.Name: "New", cosell.DealValue: "12000", "contactPhone": "+1", "customerCity": "Kiel"})
	if err != nil || o.Record[cosell.Name] != "New" || o.Record[cosell.DealValue] != "12000" || o.Record["contactPhone"] != "+1" || o.Record["customerCity"] != "Kiel" {
		t.Fatalf("%v %v", err, o.Record)
	}
	for status, code := range map[string]string{cosell.Lost: "4", cosell.Canceled: "7"} {
		if o, err = s.Put(ctx, o, cosell.Record{cosell.Status: status, cosell.Notes: "with " + status}); err != nil || o.Record[cosell.Status] != status {
			t.Fatalf("%v %v", err, o.Record)
		}
		if got := w.column(t, "leads", o.ID, "statecode", "statuscode"); got["statecode"] != "2" || got["statuscode"] != code {
			t.Errorf("%s: %v", status, got)
		}
		if o, err = s.Put(ctx, o, cosell.Record{cosell.Status: cosell.OnHold}); err != nil || o.Record[cosell.Status] != cosell.OnHold {
			t.Fatalf("%v %v", err, o.Record)
		}
	}
	for code, reason := range map[int]string{5: "Customer didn't respond", 4: "Customer chose another vendor", 6: "Others", 7: "Others"} {
		w.person(t, fmt.Sprintf(`{"do":"disqualify","id":"%s","status":%d}`, o.ID, code))
		if o, err = s.Get(ctx, o.ID); err != nil || o.Record[cosell.Reason] != reason {
			t.Errorf("%d: %v %q", code, err, o.Record[cosell.Reason])
		}
		w.person(t, `{"do":"reopen","table":"lead","id":"`+o.ID+`"}`)
	}
}

func TestR112_TheContactOfALeadLeavesWithConsentAlone(t *testing.T) {
	w := newWorld(t)
	_, rules := leads(w)
	s := opportunities.New(w.crm, w.sheet, opportunities.Options{Environment: crmHost, PartnerTenant: "tenant"}).Leads(nil)
	o := leadOf(t, s, rules, inquiry(nil))
	if _, said := o.Record["contactPhone"]; said || w.column(t, "leads", o.ID, "telephone1")["telephone1"] == "" {
		t.Errorf("%v", o.Record)
	}
	w.person(t, `{"do":"update","table":"lead","id":"`+o.ID+`","columns":{"cosell_contactconsent":true}}`)
	if o, _ = s.Get(context.Background(), o.ID); o.Record["contactPhone"] != "+49 40 1" {
		t.Errorf("%v", o.Record)
	}
}

// accepted are the values of the opportunity that a lead becomes.
func accepted(r cosell.Referral, rules []cosell.Rule) cosell.Record {
	values := cosell.ForOpportunity(r, rules)
	values[cosell.Status], values[cosell.Sync], values[cosell.ReferralID], values[cosell.Audit] = cosell.Open, cosell.True, r.ID, "line"
	return values
}

func TestR24_QualifyingMakesOneOpportunityUnderAKnownId(t *testing.T) {
	ctx := context.Background()
	for what, company := range map[string]string{"the account is there": "Tailspin Toys GmbH", "it is new": "Fourth Coffee"} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			s, rules := leads(w)
			r := inquiry(cosell.Record{cosell.CustomerName: company})
			if company != "Tailspin Toys GmbH" {
				r.Record[cosell.Team], r.Record["team/kim@northwind.example"] = "1", `{"email":"kim@northwind.example"}`
			}
			lead := leadOf(t, s, rules, r)
			id := w.opportunities.ID(r.ID)
			o, err := s.Qualify(ctx, lead, cosell.Record{cosell.State: cosell.StateClosed}, id, r, accepted(r, w.rules))
			if err != nil || o.ID != id || o.LeadID != lead.ID || o.Record[cosell.CustomerName] != company || o.Record[cosell.Status] != cosell.Open {
				t.Fatalf("%v %+v", err, o)
			}
			if got := w.column(t, "leads", lead.ID, "statecode", "statuscode", "cosell_state"); got["statecode"] != "1" || got["statuscode"] != "3" || got["cosell_state"] != "700010109" {
				t.Errorf("%v", got)
			}
			found, err := w.opportunities.OfLead(ctx, lead.ID)
			if err != nil || len(found) != 1 || found[0].ID != id {
				t.Errorf("%v %d", err, len(found))
			}
			if _, err := s.Qualify(ctx, lead, nil, id, r, accepted(r, w.rules)); !fault.Is(err, fault.Conflict) {
				t.Errorf("by an old version: %v", err)
			}
			contacts, err := w.crm.List(ctx, "contacts", dataverse.Query{Select: []string{"contactid"}, Filter: dataverse.EqText("emailaddress1", "lee@tailspin.example")})
			if err != nil || len(contacts) != 1 {
				t.Errorf("%v, %d contacts", err, len(contacts))
			}
		})
	}
}

func TestR24_NothingIsMadeOfALeadThatAPersonQualifiedMeanwhile(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, rules := leads(w)
	r := inquiry(nil)
	lead := leadOf(t, s, rules, r)
	w.person(t, `{"do":"qualify","id":"`+lead.ID+`"}`)
	if _, err := s.Qualify(ctx, lead, nil, w.opportunities.ID(r.ID), r, accepted(r, w.rules)); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if _, err := w.opportunities.Get(ctx, w.opportunities.ID(r.ID)); !fault.Is(err, fault.Gone) {
		t.Errorf("a second record: %v", err)
	}
	now, err := s.Get(ctx, lead.ID)
	found, listErr := w.opportunities.OfLead(ctx, lead.ID)
	if err != nil || listErr != nil || now.Record[cosell.Status] != cosell.Open || len(found) != 1 || now.Became != found[0].ID {
		t.Errorf("%v %v %+v %v", err, listErr, now, found)
	}
}

func TestR24_AnOpportunityThatIsThereIsTakenAndTheLeadIsQualified(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, rules := leads(w)
	r := inquiry(nil)
	lead := leadOf(t, s, rules, r)
	id := w.opportunities.ID(r.ID)
	if _, err := w.opportunities.Create(ctx, id, r, accepted(r, w.rules)); err != nil { // a run that died half-way
		t.Fatal(err)
	}
	if o, err := s.Qualify(ctx, lead, nil, id, r, accepted(r, w.rules)); err != nil || o.ID != id {
		t.Fatalf("%v %v", err, o.ID)
	}
	if got := w.column(t, "leads", lead.ID, "statecode"); got["statecode"] != "1" {
		t.Errorf("%v", got)
	}
}

func TestARefusalOfAQualificationNamesTheField(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, rules := leads(w)
	r := inquiry(nil)
	lead := leadOf(t, s, rules, r)
	w.post(t, "/rules", `{"match":{"table":"opportunity","column":"estimatedvalue"},"message":"No","field":true}`)
	_, err := s.Qualify(ctx, lead, nil, w.opportunities.ID(r.ID), r, accepted(r, w.rules))
	if e := fault.Of(err); !fault.Is(err, fault.Refused) || e.Field != string(cosell.DealValue) {
		t.Errorf("%v", err)
	}
	if got := w.column(t, "leads", lead.ID, "statecode"); got["statecode"] != "0" {
		t.Errorf("%v", got)
	}
}

func TestAMergedLeadSaysWhoTookItOver(t *testing.T) {
	w := newWorld(t)
	s, rules := leads(w)
	lead := leadOf(t, s, rules, inquiry(nil))
	row, made, err := w.crm.Create(context.Background(), "leads", "1ead0000-0000-4000-8000-0000000000aa", map[string]any{"subject": "Other", "lastname": "L"}, dataverse.Query{Select: []string{"leadid"}})
	if err != nil || !made {
		t.Fatal(err)
	}
	w.person(t, `{"do":"merge","table":"lead","id":"`+row.ID("leadid")+`","loser":"`+lead.ID+`"}`)
	if o, err := s.Get(context.Background(), lead.ID); err != nil || o.MergedInto != row.ID("leadid") {
		t.Errorf("%v %+v", err, o)
	}
}

func TestTheFeedOfLeadsTellsOfThoseThatConcernUs(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	s, rules := leads(w)
	lead := leadOf(t, s, rules, inquiry(nil))
	if _, _, err := w.crm.Create(ctx, "leads", "1ead0000-0000-4000-8000-0000000000ab", map[string]any{"subject": "Other", "lastname": "L"}, dataverse.Query{Select: []string{"leadid"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.opportunities.Mismatches(ctx); err != nil { // since when some rows may be off
		t.Fatal(err)
	}
	changes, next, err := gathered(of(w.opportunities.Changed, "lead"), ctx, "")
	if err != nil || len(changes) != 1 || changes[0].ID != lead.ID || changes[0].Kind != "lead" {
		t.Errorf("%v %v", err, changes)
	}
	if changes, _, err = gathered(of(w.opportunities.Changed, "lead"), ctx, next); err != nil || len(changes) != 0 {
		t.Errorf("again: %v %v", err, changes)
	}
}

func TestEveryColumnOfALeadRaisesEvents(t *testing.T) {
	w := newWorld(t)
	for _, c := range w.sheet.Leads().Unwatched() {
		t.Errorf("field %s reads column %s of %s, which no Update step lists in its filter", c.Field, c.Name, c.Table)
	}
	s, _ := leads(w)
	if found, err := s.Mismatches(context.Background()); err != nil || len(found) != 0 {
		t.Errorf("%v %v", err, found)
	}
}
