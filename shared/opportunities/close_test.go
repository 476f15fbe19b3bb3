package opportunities

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

func TestR125_ReasonIsTheClosersOwnWords(t *testing.T) {
	for _, c := range []struct{ subject, description, want string }{
		{"Lost", "too expensive", "too expensive"}, {"Customer vanished", "", "Customer vanished"}, {closedSubject, "", ""},
		{"Opportunity Close - Fabric", "", ""}, {"Geschlossen: ✓ Fabric roll-out", "", ""},
	} {
		s, _, _ := testCRM(t, map[string]any{"statecode": 1, "statuscode": 3,
			"Opportunity_OpportunityClose": []any{map[string]any{"subject": c.subject, "description": c.description}}})
		if got := read(t, s).Record[cosell.Reason]; got != c.want {
			t.Errorf("%+v gives %q", c, got)
		}
	}
}

// Why a deal was lost comes in Partner Center's words, from the description or the status reason; when it
// was closed last and which value CRM computes are told beside it.
func TestR125_LostForAReasonOfPartnerCenters(t *testing.T) {
	for description, want := range map[string]string{"Customer did not respond": "Customer didn't respond", "golf": "Others", "": "Others"} {
		s, _, _ := testCRM(t, map[string]any{"statecode": 2, "statuscode": 4, "isrevenuesystemcalculated": true,
			"Opportunity_OpportunityClose": []any{map[string]any{"description": description, "createdon": "2026-05-04T09:00:00Z"}}})
		o := read(t, s)
		if o.Record[cosell.Reason] != want || o.Record[cosell.Status] != cosell.Canceled || o.Record[cosell.LastClosed] != "2026-05-04T09:00:00Z" ||
			o.Record[cosell.Locked.Of("dealValue")] != calculatedValue {
			t.Errorf("%q: %v", description, o.Record)
		}
	}
}

func TestR31_AStatusReasonOfTheirOwnIsLookedUpAndDecidesNothing(t *testing.T) {
	s, _, w := testCRM(t, map[string]any{"statuscode": 100000001, "cosell_help": nil})
	if o := read(t, s); o.Record[cosell.Status] != cosell.Other || !strings.Contains(w.List(), "EntityDefinitions") {
		t.Errorf("%q\n%s", o.Record[cosell.Status], w.List())
	}
}

func TestR31_AStatusReasonThatWasRemovedIsLearntFromTheRefusal(t *testing.T) {
	s, c, w := testCRM(t, map[string]any{"cosell_help": nil})
	c.fail["part POST LoseOpportunity"] = reply{400, codeNoReason}
	o := read(t, s)
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Status: cosell.Lost}); codeOf(err) != codeNoReason && codeOf(err) != "status.unknown" {
		t.Errorf("%v", err)
	}
	if !strings.Contains(w.List(), "EntityDefinitions") {
		t.Errorf("nobody asked which reasons there are:\n%s", w.List())
	}
}

func TestR118_TheCloseHasTheCurrencyOfTheDealAfterIt(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	if _, err := s.Put(context.Background(), read(t, s), cosell.Record{cosell.Status: cosell.Won, cosell.Currency: "USD", cosell.DealValue: "5"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(c.parts[1].body, `"transactioncurrencyid@odata.bind":"/transactioncurrencies(0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0003)"`) {
		t.Errorf("%s", c.parts[1].body)
	}
}

func TestWinIsAConditionalChangeSetWithActualValues(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	o := read(t, s)
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Status: cosell.Won, cosell.DealValue: "99", cosell.Audit: "line", cosell.Reason: "", cosell.ClosedOn: "2026-09-30"}); err != nil {
		t.Fatal(err)
	}
	if c.lines() != "PATCH opportunities("+crmID+")\nPOST WinOpportunity" || c.parts[0].ifMatch != o.Version {
		t.Fatalf("%s, If-Match %q", c.lines(), c.parts[0].ifMatch)
	}
	httpclienttest.SameJSON(t, `{"cosell_audit":"line"}`, c.parts[0].body)
	httpclienttest.SameJSON(t, `{"Status":3,"OpportunityClose":{"subject":"Closed in Partner Center","actualrevenue":99,"actualend":"2026-09-30T12:00:00Z",
		"opportunityid@odata.bind":"/opportunities(`+crmID+`)","transactioncurrencyid@odata.bind":"/transactioncurrencies(0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0002)"}}`, c.parts[1].body)
}

func TestLoseGivesTheReasonAndAlwaysProvesTheVersion(t *testing.T) {
	for status, code := range map[string]string{cosell.Lost: "5", cosell.Canceled: "4"} {
		s, c, _ := testCRM(t, nil)
		o := read(t, s)
		if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Status: status, cosell.Reason: "too late"}); err != nil {
			t.Fatal(err)
		}
		if len(c.parts) != 2 || c.parts[0].ifMatch != o.Version || c.parts[1].line != "POST LoseOpportunity" {
			t.Fatalf("%s", c.lines())
		}
		httpclienttest.SameJSON(t, `{"cosell_referralid":"`+ownID+`"}`, c.parts[0].body)
		if !strings.Contains(c.parts[1].body, `"Status":`+code) || !strings.Contains(c.parts[1].body, `"description":"too late"`) {
			t.Errorf("%s", c.parts[1].body)
		}
	}
}

func TestReopenSetsTheStateToo(t *testing.T) {
	s, _, w := testCRM(t, map[string]any{"statecode": 2, "statuscode": 5})
	if _, err := s.Put(context.Background(), read(t, s), cosell.Record{cosell.Status: cosell.Open}); err != nil {
		t.Fatal(err)
	}
	httpclienttest.SameJSON(t, `{"statecode":0,"statuscode":1}`, w.Last().Body)
}

func TestAlreadyClosedIsSuccessIfTheStateIsTheWantedOne(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	o := read(t, s)
	c.fail["part POST WinOpportunity"] = reply{400, "0x80040515"}
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Status: cosell.Won}); !fault.Is(err, fault.Refused) {
		t.Errorf("still open, yet %v", err)
	}
	c.row = opportunityRow(t, map[string]any{"statecode": 1, "statuscode": 3})
	if got, err := s.Put(context.Background(), o, cosell.Record{cosell.Status: cosell.Won}); err != nil || got.Record[cosell.Status] != cosell.Won {
		t.Errorf("%v %v", err, got.Record)
	}
}
