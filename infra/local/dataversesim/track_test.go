package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestChangeTrackingIsSwitchedByTheAdministrator(t *testing.T) {
	w := newWorld(t)
	for _, on := range []string{"false", "true"} {
		w.schema(`{"do":"track","table":"opportunity","tracking":` + on + `}`)
		if a := w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$select=ChangeTrackingEnabled", ""); !strings.Contains(a.text, `"ChangeTrackingEnabled":`+on) {
			t.Error(a.text)
		}
	}
}

// What POST privileges took away is none of a user's privileges.
func TestPrivilegesThatWereTakenAreNotListed(t *testing.T) {
	w := newWorld(t)
	held := func(user string) string {
		return w.do("GET", "systemusers("+user+")/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()", "").is(200).text
	}
	if all := held(dataversesim.ApplicationUserID); !strings.Contains(all, "prvWriteOpportunity") || !strings.Contains(all, "prvCreateActivity") {
		t.Error(all)
	}
	w.allow("opportunity", "write", false)
	w.allow("task", "create", false)
	if all := held(dataversesim.ApplicationUserID); strings.Contains(all, "prvWriteOpportunity\"") || strings.Contains(all, "prvCreateActivity\"") || !strings.Contains(all, "prvReadOpportunity") {
		t.Error(all)
	}
	if all := held(dataversesim.SellerID); !strings.Contains(all, "prvWriteOpportunity") {
		t.Errorf("a person has %s", all)
	}
	w.privileges(`{"user":"` + dataversesim.SellerID + `","allowed":false}`)
	if all := held(dataversesim.SellerID); strings.Contains(all, "prvReadOpportunity") {
		t.Errorf("without a role he has %s", all)
	}
}
