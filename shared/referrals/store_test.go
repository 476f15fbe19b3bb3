package referrals

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

const (
	ownID       = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c01"
	microsoftID = "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c02"
	engagement  = "b1d2c3e4-5f60-4711-8a22-9c3d4e5f6a70"
	crmID       = "7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d"
)

func ownReferral(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/referral.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func parsed(t testing.TB, text string) partnercenter.Document {
	t.Helper()
	d, err := partnercenter.ParseDocument([]byte(text), "", serverNow)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func referralOf(t testing.TB, changes map[string]any) cosell.Referral {
	t.Helper()
	s := newStore(nil, mappingtest.Sheet(t), Options{})
	return s.referral(parsed(t, httpclienttest.Patched(t, ownReferral(t), changes)))
}

func TestOwnReferralGivesAllFields(t *testing.T) {
	r := referralOf(t, nil)
	want := cosell.Record{
		"name": "Tailspin warehouse analytics", "dealValue": "85000", "currency": "EUR", "closingDate": "2026-09-30",
		"notes": "Customer wants stock forecasting on Fabric.", "status": "accepted", "reason": "", "visibility": "true", "consent": "true",
		"help": "WorkloadSpecificValueProposition", "crmId": crmID,
		"team":                          "1",
		"team.first":                    "kim@northwind.example",
		"contacts.first":                "ada@tailspin.example",
		"team/kim@northwind.example":    `{"email":"kim@northwind.example","firstName":"Kim","lastName":"Seller","phone":"+4940555099"}`,
		"contacts":                      "1",
		"contacts/ada@tailspin.example": `{"email":"ada@tailspin.example","firstName":"Ada","lastName":"Example","phone":"+49405550100"}`,
		"solutions":                     "1", "solutions/SOL-12345-ABC": `{"name":"Northwind Forecast"}`,
		"customerName": "Tailspin Toys GmbH", "customerAddress1": "Musterweg 1", "customerAddress2": "", "customerCity": "Hamburg",
		"customerState": "HH", "customerPostalCode": "20095", "customerCountry": "DE",
	}
	mappingtest.Fill(t, want, r.Record, func(r mapping.Row) bool {
		return r.Referral != "" && !r.Microsoft && !r.OfLeads() && r.Field != cosell.Help
	})
	if d := cmp.Diff(want, r.Record); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	if r.ID != ownID || r.EngagementID != engagement || r.Microsoft || r.Lead || r.Version != `"5a00c1d2-0000-0100-0000-69a556cd0000"` ||
		!r.Read.Equal(serverNow) || r.AcceptedAt.IsZero() || r.CreatedAt.IsZero() || r.Modified.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestR134_TheCRMIdIsReadInOneFormAndAForeignOneAsItIs(t *testing.T) {
	for text, want := range map[string]string{"{" + strings.ToUpper(crmID) + "} ": crmID, "CRM-4711": "CRM-4711", "": ""} {
		if got := referralOf(t, map[string]any{"externalReferenceId": text}).Record[cosell.CRMID]; got != want {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

func TestR127_WhatCRMCannotShowOfASolutionIsTold(t *testing.T) {
	r := referralOf(t, map[string]any{"details/requirements/solutions": []any{map[string]any{"id": "SOL-1", "quantity": json.Number("2.5")}, map[string]any{"name": "no id"}}})
	if why := r.Record[cosell.Unreadable.Of("solutions")]; !strings.Contains(why, "quantity 2.5 of SOL-1") || !strings.Contains(why, "1 without an id") {
		t.Errorf("told %q", why)
	}
}

func TestOddShapesOfAReferralDoNotCrash(t *testing.T) {
	for name, changes := range map[string]map[string]any{
		"nulls": {"name": nil, "team": nil, "customerProfile": nil, "details": nil, "consent": nil, "inviteContext": nil, "target": nil},
		"absent": {"name": httpclienttest.Absent, "team": httpclienttest.Absent, "customerProfile": httpclienttest.Absent, "details": httpclienttest.Absent, "consent": httpclienttest.Absent, "inviteContext": httpclienttest.Absent,
			"target": httpclienttest.Absent, "trackingInfo": httpclienttest.Absent},
		"empty":  {"name": "", "team": []any{}, "details/requirements": map[string]any{}, "target": []any{}},
		"wrong":  {"name": []any{1}, "team": "x", "details/requirements": 7, "customerProfile/address": []any{}, "target": "msft"},
		"region": {"customerProfile/address/state": nil, "customerProfile/address/region": "WA"},
	} {
		t.Run(name, func(t *testing.T) {
			r := referralOf(t, changes)
			if r.Microsoft || r.Record[cosell.Status] != cosell.Accepted {
				t.Errorf("%+v", r)
			}
			if name == "region" && r.Record["customerState"] != "WA" {
				t.Errorf("state is %q", r.Record["customerState"])
			}
			if name == "nulls" && (r.Record[cosell.Name] != "" || r.Record[cosell.Visibility] != cosell.False) {
				t.Errorf("%v", r.Record)
			}
		})
	}
}

func TestAListThatIsNullOrLeftOutIsNotSaid(t *testing.T) {
	for name, tt := range map[string]struct {
		at   string
		as   any
		said bool
	}{
		"Null":          {"details/requirements/solutions", nil, false},
		"LeftOut":       {"details/requirements/solutions", httpclienttest.Absent, false},
		"ParentNull":    {"details/requirements", nil, false},
		"ParentLeftOut": {"details", httpclienttest.Absent, false},
		"NoList":        {"details/requirements/solutions", "x", false},
		"Empty":         {"details/requirements/solutions", []any{}, true},
		"EmptyAsObject": {"details/requirements/solutions", map[string]any{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := referralOf(t, map[string]any{tt.at: tt.as})
			n, listed := r.Record[cosell.Solutions]
			if listed != tt.said || tt.said && n != "0" || slices.Contains(r.Unsaid, cosell.Solutions) == tt.said {
				t.Errorf("solutions %q, %v; unsaid %v", n, listed, r.Unsaid)
			}
			if slices.Contains(r.Unsaid, cosell.Team) || r.Record[cosell.Team] != "1" {
				t.Errorf("team %q; unsaid %v", r.Record[cosell.Team], r.Unsaid)
			}
		})
	}
	if r := referralOf(t, map[string]any{"organizationId": "msft", "team": nil}); len(r.Unsaid) != 0 {
		t.Errorf("Microsoft's own referral has no lists: %v", r.Unsaid)
	}
}

func TestAnUnreadableValueLeavesTheOthersAlone(t *testing.T) {
	r := referralOf(t, map[string]any{"details/dealValue": "12,5", "details/closingDateTime": "9999-12-31T00:00:00Z"})
	if _, ok := r.Record[cosell.DealValue]; ok {
		t.Error("12,5 was read as an amount")
	}
	if !strings.Contains(r.Record[cosell.Unreadable.Of("dealValue")], `"12,5" is not an amount`) || r.Record[cosell.Unreadable.Of("closingDate")] == "" {
		t.Errorf("%v", r.Record.Members(cosell.Unreadable))
	}
	if r.Record[cosell.Notes] == "" || r.Record[cosell.Currency] != "EUR" {
		t.Error("other fields are gone")
	}
}

func TestHelpIsAbsentUntilItWasAsked(t *testing.T) {
	for _, code := range []any{"", nil, "Unknown", httpclienttest.Absent} {
		if v, ok := referralOf(t, map[string]any{"inviteContext/assistanceRequestCode": code}).Record[cosell.Help]; ok {
			t.Errorf("%v gives %q", code, v)
		}
	}
}

func TestR33_EverySellerIsNamedWithWhatReachesThem(t *testing.T) {
	team := []any{map[string]any{"firstName": "Robin", "lastName": "Redmond", "email": "robin@msft.example", "phoneNumber": nil}, map[string]any{"title": "?"},
		map[string]any{"firstName": "Pat", "phoneNumber": "+1 2"}, map[string]any{"email": "desk@msft.example"}, "scrap"}
	r := referralOf(t, map[string]any{"organizationId": "MSFT", "team": team})
	if got := r.Record[cosell.MicrosoftSeller]; got != "Robin Redmond (robin@msft.example); Pat (+1 2); desk@msft.example" {
		t.Errorf("%q", got)
	}
}

func TestMicrosoftsReferralGivesMicrosoftsFieldsOnly(t *testing.T) {
	accepted := map[string]any{"organizationId": "MSFT", "trackingInfo/microsoftMsxId": "7-ABC", "statusReason": "why not"}
	r := referralOf(t, accepted)
	want := cosell.Record{"microsoftCrmId": "7-ABC", "microsoftStatus": "Accepted", "microsoftSeller": "Kim Seller (kim@northwind.example, +4940555099)", "microsoftReason": "why not",
		"help": "WorkloadSpecificValueProposition", "microsoftValue": "85000", "microsoftCurrency": "EUR", "microsoftClosingDate": "2026-09-30", "microsoftAccepted": "2026-03-02",
		"microsoftNotes": "Customer wants stock forecasting on Fabric."}
	if d := cmp.Diff(want, r.Record); !r.Microsoft || d != "" {
		t.Errorf("microsoft %v, record (-want +got):\n%s", r.Microsoft, d)
	}
	accepted["status"], accepted["substatus"] = "Closed", "Declined"
	if seller := referralOf(t, accepted).Record[cosell.MicrosoftSeller]; seller != "" {
		t.Errorf("the seller %q is named although Microsoft declined", seller)
	}
	accepted["status"], accepted["substatus"] = "New", "Pending"
	if r := referralOf(t, accepted); r.Record[cosell.MicrosoftSeller] != "" || !r.AcceptedAt.IsZero() {
		t.Errorf("pending, yet seller %q, accepted %v", r.Record[cosell.MicrosoftSeller], r.AcceptedAt)
	}
}

func TestWhoseReferralItIs(t *testing.T) {
	msft := map[string]any{"type": "BusinessProfileLocation", "id": "msft"}
	own := map[string]any{"type": "SolutionProfile", "id": "SOL-1"}
	for name, c := range map[string]struct {
		target []any
		want   bool
	}{
		"addressed to Microsoft":      {[]any{msft}, true},
		"solutions":                   {[]any{own}, false},
		"solutions and an invitation": {[]any{own, msft}, false},
		"a location of ours":          {[]any{map[string]any{"type": "BusinessProfileLocation", "id": ownID}}, false},
		"nobody":                      {[]any{}, false},
	} {
		if got := referralOf(t, map[string]any{"target": c.target}).Microsoft; got != c.want {
			t.Errorf("%s: Microsoft's is %v", name, got)
		}
	}
}

// The official table, row by row, and any Shared referral.
func TestLeadsAreToldFromDeals(t *testing.T) {
	for _, c := range []struct {
		kind, qualification string
		inviter             any
		lead                bool
	}{
		{"Independent", "Direct", "msft", true}, {"Independent", "Direct", nil, true}, {"Independent", "SalesQualified", "msft", true},
		{"Independent", "MarketingQualified", "msft", true}, {"Independent", "SalesQualified", organization, false},
		{"Independent", "None", organization, false}, {"Independent", "SalesQualified", nil, false}, {"Shared", "Direct", "msft", false},
		{"Shared", "SalesQualified", "msft", false},
	} {
		r := referralOf(t, map[string]any{"type": c.kind, "qualification": c.qualification, "inviteContext/invitedBy/organizationId": c.inviter})
		if r.Lead != c.lead {
			t.Errorf("%+v: lead is %v", c, r.Lead)
		}
	}
}

func TestPutPatchesOnlyWhatIsGiven(t *testing.T) {
	s, w := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("ETag", `"new"`)
		answer(rw, 200, httpclienttest.Patched(t, ownReferral(t), map[string]any{"details/dealValue": json.Number("90000.5"), "eTag": `"new"`}))
	})
	r := referralOf(t, map[string]any{"externalReferenceId": httpclienttest.Absent, "inviteContext": nil})
	got, err := s.Put(context.Background(), r, cosell.Record{cosell.DealValue: "90000.5", cosell.CRMID: crmID, cosell.Help: "GeneralOrOther",
		cosell.Status: cosell.Lost, cosell.Reason: "Customer chose another vendor", cosell.Audit: "not for Partner Center", cosell.Mark: "ok",
		cosell.ClosingDate: "2026-10-01", cosell.Visibility: cosell.True})
	if err != nil {
		t.Fatal(err)
	}
	call := w.Last()
	if call.Header.Get("If-Match") != r.Version || call.Method != http.MethodPatch || call.Path != pcPath+"/"+ownID {
		t.Errorf("%s with %v", call, call.Header)
	}
	want := `[{"op":"replace","path":"/details/dealValue","value":90000.5},
		{"op":"replace","path":"/details/closingDateTime","value":"2026-10-01T00:00:00Z"},
		{"op":"replace","path":"/status","value":"Closed"},{"op":"replace","path":"/substatus","value":"Lost"},
		{"op":"add","path":"/statusReason","value":"Customer chose another vendor"},
		{"op":"replace","path":"/consent/consentToShareReferralWithMicrosoftSellers","value":true},
		{"op":"add","path":"/inviteContext","value":{}},
		{"op":"add","path":"/inviteContext/assistanceRequestCode","value":"GeneralOrOther"},
		{"op":"add","path":"/externalReferenceId","value":"` + crmID + `"}]`
	httpclienttest.SameJSON(t, want, call.Body)
	if got.Version != `"new"` || got.Record[cosell.DealValue] != "90000.5" {
		t.Errorf("%+v", got)
	}
}

func TestPutReplacesAListWholeAndKeepsWhatItDoesNotKnow(t *testing.T) {
	s, w := testStore(t, func(rw http.ResponseWriter, r *http.Request) { answer(rw, 200, ownReferral(t)) })
	_, err := s.Put(context.Background(), referralOf(t, nil), cosell.Record{
		"solutions/SOL-12345-ABC": mapping.Solution{Name: "Northwind Forecast", Price: "10.5", Quantity: "2", Currency: "EUR"}.Text(),
		"solutions/SOL-2":         mapping.Solution{Name: "Other"}.Text(), "team/kim@northwind.example": "",
		"team/lee@northwind.example": mapping.Member{Email: "lee@northwind.example", FirstName: "Lee", LastName: "L", Phone: "1"}.Text(),
	})
	if err != nil {
		t.Fatal(err)
	}
	httpclienttest.SameJSON(t, `[{"op":"replace","path":"/team","value":[{"firstName":"Lee","lastName":"L","phoneNumber":"1","email":"lee@northwind.example"}]},
		{"op":"replace","path":"/details/requirements/solutions","value":[
		{"id":"SOL-12345-ABC","name":"Northwind Forecast","type":"Name","price":10.5,"quantity":2,"currency":"EUR",
		 "publisherName":"Northwind Consulting","solutionType":"3P","closingDateTime":null},
		{"id":"SOL-2","name":"Other","type":"Name"}]}]`, w.Last().Body)
}

func TestPutWithoutChangesSendsNothing(t *testing.T) {
	s, w := testStore(t, nil)
	if _, err := s.Put(context.Background(), referralOf(t, nil), cosell.Record{cosell.Audit: "x", cosell.Sync: "true"}); err != nil || len(w.Calls) != 0 {
		t.Errorf("%v\n%s", err, w.List())
	}
	if _, err := s.Put(context.Background(), cosell.Referral{}, cosell.Record{cosell.Name: "x"}); !errors.Is(err, cosell.ErrUnread) {
		t.Errorf("an unread referral: %v", err)
	}
	_, err := s.Put(context.Background(), referralOf(t, nil), cosell.Record{cosell.DealValue: "12,5"})
	if !fault.Is(err, fault.Refused) || codeOf(err) != "value.invalid" || len(w.Calls) != 0 {
		t.Errorf("a bad amount: %v", err)
	}
}

func draft(help string) (cosell.Opportunity, cosell.Draft) {
	o := cosell.Opportunity{Side: cosell.Side{ID: crmID}}
	return o, cosell.Draft{RequestID: "4a1f3a10-0000-4000-8000-000000000001", Help: help, Values: cosell.Record{
		cosell.Name: "Deal", cosell.DealValue: "85000", cosell.Currency: "EUR", cosell.ClosingDate: "2026-09-30", cosell.Notes: "Notes",
		cosell.Consent: cosell.True, cosell.Visibility: cosell.False, cosell.CustomerName: "Tailspin", "customerAddress1": "Street 1", "customerCity": "Hamburg",
		"customerPostalCode": "20095", cosell.CustomerCountry: "DE",
		"contacts/ada@x":  mapping.Member{Email: "ada@x", FirstName: "Ada", LastName: "E", Phone: "2"}.Text(),
		"team/kim@x":      mapping.Member{Email: "kim@x", FirstName: "Kim", LastName: "S", Phone: "1"}.Text(),
		"solutions/SOL-1": mapping.Solution{Name: "One"}.Text(),
	}}
}

const createdBody = `{"name":"Deal","externalReferenceId":"` + crmID + `","type":"Independent","qualification":"SalesQualified","target":[],
	"customerProfile":{"name":"Tailspin","address":{"addressLine1":"Street 1","city":"Hamburg","postalCode":"20095","country":"DE"},
		"team":[{"firstName":"Ada","lastName":"E","phoneNumber":"2","email":"ada@x"}]},
	"consent":{"consentToToShareInfoWithOthers":true,"consentToContact":true,"consentToMicrosoftToContactSpecificPartners":true,
		"consentToShareReferralWithMicrosoftSellers":false},
	"details":{"notes":"Notes","dealValue":85000,"currency":"EUR","closingDateTime":"2026-09-30T00:00:00Z","requirements":{
		"solutions":[{"id":"SOL-1","type":"Name","name":"One"}],
		"additionalRequirements":{"iot":{},"attributes":[{"type":"CustomerMarketplaceIntent","id":"HaveNotDecided"}]}}},
	"team":[{"firstName":"Kim","lastName":"S","phoneNumber":"1","email":"kim@x"}]}`

func TestCreateSendsEachKindOfDeal(t *testing.T) {
	s, w := testStore(t, func(rw http.ResponseWriter, r *http.Request) { answer(rw, 201, ownReferral(t)) })
	t.Run("private", func(t *testing.T) {
		o, d := draft("")
		r, unknown, err := s.Create(context.Background(), o, d)
		if err != nil || unknown || r.ID != ownID {
			t.Fatalf("%+v %v %v", r, unknown, err)
		}
		httpclienttest.SameJSON(t, privateBody(t), w.Last().Body)
	})
	t.Run("partner-led", func(t *testing.T) {
		o, d := draft("")
		d.Values[cosell.Visibility] = cosell.True
		if _, _, err := s.Create(context.Background(), o, d); err != nil {
			t.Fatal(err)
		}
		httpclienttest.SameJSON(t, httpclienttest.Patched(t, createdBody, map[string]any{"consent/consentToShareReferralWithMicrosoftSellers": true}), w.Last().Body)
	})
	t.Run("co-sell, own", func(t *testing.T) {
		o, d := draft("GeneralOrOther")
		if _, _, err := s.Create(context.Background(), o, d); err != nil {
			t.Fatal(err)
		}
		httpclienttest.SameJSON(t, httpclienttest.Patched(t, createdBody, map[string]any{"type": "Shared", "consent/consentToShareReferralWithMicrosoftSellers": true}), w.Last().Body)
	})
	t.Run("co-sell, Microsoft's", func(t *testing.T) {
		o, d := draft("GeneralOrOther")
		d.Microsoft, d.EngagementID = true, engagement
		if _, _, err := s.Create(context.Background(), o, d); err != nil {
			t.Fatal(err)
		}
		httpclienttest.SameJSON(t, httpclienttest.Patched(t, createdBody, map[string]any{"type": "Shared", "consent/consentToShareReferralWithMicrosoftSellers": true,
			"engagementId": engagement, "status": "New", "substatus": "Pending", "team": httpclienttest.Absent, "externalReferenceId": httpclienttest.Absent,
			"target":        []any{map[string]any{"type": "BusinessProfileLocation", "id": "msft"}},
			"inviteContext": map[string]any{"assistanceRequestCode": "GeneralOrOther", "notes": "Notes", "invitedBy": map[string]any{"organizationId": organization}},
		}), w.Last().Body)
	})
	t.Run("the sheet stays as it is", func(t *testing.T) {
		o, d := draft("")
		if _, _, err := s.Create(context.Background(), o, d); err != nil {
			t.Fatal(err)
		}
		httpclienttest.SameJSON(t, privateBody(t), w.Last().Body)
	})
}

// privateBody: a private deal names no contact.
func privateBody(t *testing.T) string {
	t.Helper()
	return httpclienttest.Patched(t, createdBody, map[string]any{"customerProfile/team": []any{}})
}

func TestR112_WithoutConsentNoContactAndNoConsentIsSent(t *testing.T) {
	s, w := testStore(t, func(rw http.ResponseWriter, r *http.Request) { answer(rw, 201, ownReferral(t)) })
	for _, given := range []string{cosell.False, ""} {
		o, d := draft("GeneralOrOther")
		d.Values[cosell.Consent] = given
		if _, _, err := s.Create(context.Background(), o, d); err != nil {
			t.Fatal(err)
		}
		body := w.Last().Body
		if strings.Contains(body, "ada@x") || !strings.Contains(body, `"consentToMicrosoftToContactSpecificPartners":false`) || strings.Contains(body, `"consentToContact":true`) {
			t.Errorf("consent %q: %s", given, body)
		}
	}
}

func TestCreateTellsAnUnknownOutcomeFromARefusal(t *testing.T) {
	status := 500
	s, w := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, status, `{"error":{"code":"invalidRequest","message":"no"}}`)
	})
	o, d := draft("")
	for _, c := range []struct {
		status  int
		unknown bool
	}{{500, true}, {503, true}, {400, false}, {422, false}} {
		status = c.status
		before := len(w.Calls)
		_, unknown, err := s.Create(context.Background(), o, d)
		if err == nil || unknown != c.unknown || len(w.Calls) != before+1 {
			t.Errorf("%d: unknown %v, %d calls, %v", c.status, unknown, len(w.Calls)-before, err)
		}
	}
}

// A 409 to the request for Microsoft's help is no refusal of a value: Microsoft is in the engagement already. To a deal of our own it is one, for nobody can
// have changed what does not exist yet.
func TestCreateSaysThatMicrosoftIsThereAlready(t *testing.T) {
	s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, http.StatusConflict, `{"error":{"code":"resourceModified","message":"no","target":"referral"}}`)
	})
	o, d := draft("")
	if _, unknown, err := s.Create(context.Background(), o, d); unknown || !fault.Is(err, fault.Refused) {
		t.Errorf("our own: %v, unknown %v", err, unknown)
	}
	d.Microsoft, d.EngagementID = true, "5b7c3a52-6f0e-4c8e-9a38-1f0f6f1b7a11"
	if _, unknown, err := s.Create(context.Background(), o, d); unknown || !fault.Is(err, fault.Conflict) || fault.Of(err).Status != http.StatusConflict {
		t.Errorf("Microsoft's: %v, unknown %v", err, unknown)
	}
}
