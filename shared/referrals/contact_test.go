package referrals

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
)

// inquiry is a lead from the marketplace with the customer's people.
func inquiry(people any) map[string]any {
	return map[string]any{"type": "Independent", "qualification": "Direct", "status": "New", "substatus": "Pending", "campaignId": "MKT-1",
		"inviteContext": map[string]any{"invitedBy": map[string]any{"organizationId": "msft"}}, "customerProfile": map[string]any{"name": "Contoso", "team": people}}
}

func TestR23_ALeadShowsEveryValueOfItsFirstContact(t *testing.T) {
	people := []any{map[string]any{"firstName": "Lee", "lastName": "Lead", "phoneNumber": "+49", "email": "lee@x", "title": "CIO"}, map[string]any{"firstName": "Second"}}
	r := referralOf(t, inquiry(people))
	fields := []cosell.Field{"contactFirstName", "contactLastName", "contactEmail", "contactPhone", "leadCampaign", cosell.CustomerName}
	want := cosell.Record{"contactFirstName": "Lee", "contactLastName": "Lead", "contactEmail": "lee@x", "contactPhone": "+49", "leadCampaign": "MKT-1", "customerName": "Contoso"}
	if d := cmp.Diff(want, r.Record.Only(fields...)); d != "" || !r.Lead {
		t.Errorf("%v %s", r.Lead, d)
	}
	for what, odd := range map[string]any{"null": nil, "empty": []any{}, "no people": []any{"x"}, "an object": map[string]any{"firstName": "Lee"}} {
		r := referralOf(t, inquiry(odd))
		if _, read := r.Record["contactEmail"]; !read || r.Record["contactEmail"] != "" {
			t.Errorf("%s: %v", what, r.Record)
		}
	}
	if _, read := referralOf(t, nil).Record["contactEmail"]; read {
		t.Error("a deal shows what only leads have")
	}
}

func TestR102_APartOfTheContactIsWrittenIntoTheListAsItIs(t *testing.T) {
	people := []any{map[string]any{"firstName": "Lee", "lastName": "Lead", "email": "lee@x", "title": "CIO"}, map[string]any{"firstName": "Second"}}
	s := newStore(nil, mappingtest.Sheet(t), Options{})
	d := parsed(t, httpclienttest.Patched(t, ownReferral(t), inquiry(people)))
	ops, err := s.operations(d, cosell.Record{"contactPhone": "+49 1", "contactEmail": ""})
	if err != nil || len(ops) != 1 || ops[0].Path != "/customerProfile/team" {
		t.Fatalf("%v %v", err, ops)
	}
	text := mapping.Compact(ops[0].Value)
	for _, part := range []string{`"firstName":"Lee"`, `"title":"CIO"`, `"phoneNumber":"+49 1"`, `"email":null`, `"firstName":"Second"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
	none := parsed(t, httpclienttest.Patched(t, ownReferral(t), inquiry(nil)))
	if ops, err = s.operations(none, cosell.Record{"contactPhone": "+49 1"}); err != nil || len(ops) != 1 || !strings.Contains(mapping.Compact(ops[0].Value), `"phoneNumber":"+49 1"`) {
		t.Errorf("%v %v", err, ops)
	}
}
