package mapping

import (
	"fmt"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestARefusalGetsTheFieldOfItsTarget(t *testing.T) {
	s := defaultSheet(t)
	refused := func(target string) error {
		return fmt.Errorf("x: %w", fault.New(fault.Refused, "x").Naming(target))
	}
	for target, want := range map[string]string{
		"/details/dealValue": "dealValue", "/name": "name", "/customerProfile/address/country": "customerCountry", "/customerProfile/team/0/email": "contacts",
		"/details/requirements/solutions/1/quantity": "solutions", "/details": "", "/customerProfile/address": "", "/unknown": "", "": "", "/team": "team",
	} {
		if got := fault.Of(s.NameByReferral(refused(target))).Field; got != want {
			t.Errorf("%q is %q, want %q", target, got, want)
		}
	}
	for target, want := range map[string]string{
		"description": "notes", "opportunity/description": "notes", "estimatedvalue": "dealValue", "actualvalue": "dealValue", "transactioncurrencyid": "currency",
		"opportunity/name": "name", "account/name": "customerName", "account/address1_city": "customerCity", "contact/name": "", "account/description": "", "new_x": "", "": "",
		"statecode": "status", "statuscode": "status", "opportunity/statuscode": "status",
	} {
		if got := fault.Of(s.NameByCRM(refused(target))).Field; got != want {
			t.Errorf("%q is %q, want %q", target, got, want)
		}
	}
	known := fault.New(fault.Refused, "x").Naming("/name").At("notes")
	if fault.Of(s.NameByReferral(known)).Field != "notes" || s.NameByCRM(nil) != nil {
		t.Error("a field that is known must stay")
	}
	if other := fault.New(fault.Conflict, "x").Naming("/name"); fault.Of(s.NameByReferral(other)).Field != "" {
		t.Error("only a refusal is about a field")
	}
}
