package setup_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// Rows with one value keep a key from becoming active: they are named, everything else is done, and once one of them lets
// go a run has the index built again. Keys compare without case and without blanks at the end.
func TestRowsWithOneValueKeepAKeyFromBecomingActive(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareFrench, nil)
	complete(t, applied(t, planned(t, o.options(administrator))))
	key := "EntityDefinitions(LogicalName='opportunity')/Keys(LogicalName='cosell_referralkey')"
	o.do(http.MethodDelete, key, "")
	deal := func(id, referral string) {
		o.do(http.MethodPost, "opportunities", `{"opportunityid":"`+id+`","name":"x","cosell_referralid":"`+referral+`"}`)
	}
	deal("bbbbbbbb-0000-4000-8000-000000000001", "abc")
	deal("bbbbbbbb-0000-4000-8000-000000000002", "ABC")
	deal("bbbbbbbb-0000-4000-8000-000000000003", "other")

	p := applied(t, planned(t, o.options(administrator)))
	if i := item(t, p, "key", "opportunity/cosell_ReferralKey"); i.Result != setup.Done {
		t.Errorf("%+v", i)
	}
	index := item(t, p, "index", "opportunity/cosell_ReferralKey")
	for _, says := range []string{"bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002", "abc"} {
		if !strings.Contains(index.Why, says) || strings.Contains(index.Why, "bbbbbbbb-0000-4000-8000-000000000003") || index.Mend == "" {
			t.Errorf("%+v", index)
		}
	}
	later := applied(t, planned(t, o.options(administrator)))
	if i := item(t, later, "index", "opportunity/cosell_ReferralKey"); i.Do != setup.Open || i.Why != index.Why {
		t.Errorf("a later run says %+v", i)
	}
	for _, i := range later.Items {
		if i.Kind != "index" && i.Do != setup.Leave {
			t.Errorf("it does %s %s %s", i.Do, i.Kind, i.Name)
		}
	}
	o.do(http.MethodPatch, "opportunities(bbbbbbbb-0000-4000-8000-000000000002)", `{"cosell_referralid":null}`)
	complete(t, applied(t, planned(t, o.options(administrator))))
	if again := planned(t, o.options(administrator)); again.Differs() {
		t.Error(said(again))
	}
}

func TestKeysBecomeActiveAndDuplicatesAreListed(t *testing.T) {
	c := newCRM(t)
	c.slow = 4
	c.rows["opportunities"] = []row{
		{"opportunityid": "30000000-0000-4000-8000-000000000001", "cosell_referralid": "r-1"}, {"opportunityid": "30000000-0000-4000-8000-000000000002", "cosell_referralid": "r-1"},
		{"opportunityid": "30000000-0000-4000-8000-000000000003", "cosell_referralid": nil}, {"opportunityid": "30000000-0000-4000-8000-000000000004", "cosell_referralid": nil}}
	p := applied(t, planned(t, options(t, c)))
	i := item(t, p, "index", "opportunity/cosell_ReferralKey")
	if i.Result != setup.Failed || !strings.Contains(i.Why, "r-1 in 30000000-0000-4000-8000-000000000001 and 30000000-0000-4000-8000-000000000002") || strings.Contains(i.Why, "000000000003") {
		t.Errorf("%+v", i)
	}
	if item(t, p, "step", "Update of opportunity").Result != setup.Done || item(t, p, "index", "lead/cosell_LeadReferralKey").Result != setup.Done {
		t.Error("it did not go on without the key")
	}
	again := planned(t, options(t, c))
	if i := item(t, again, "index", "opportunity/cosell_ReferralKey"); i.Do != setup.Open || !strings.Contains(i.Why, "r-1 in") || i.Mend == "" {
		t.Errorf("%+v", i)
	}
	c.rows["opportunities"][1]["cosell_referralid"] = nil
	complete(t, applied(t, planned(t, options(t, c))))
	if planned(t, options(t, c)).Differs() {
		t.Error("the key is not active")
	}
}
