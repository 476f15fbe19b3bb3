package setup_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
)

func TestWithoutAddressOrSecretTheRestIsDone(t *testing.T) {
	c := newCRM(t)
	o := options(t, c)
	o.Secret, o.AppUser = "", ""
	p := applied(t, planned(t, o))
	if i := item(t, p, "endpoint", "cosell-sync events"); i.Do != setup.Open || !strings.Contains(i.Mend, "DATAVERSE_WEBHOOK_SECRET") {
		t.Errorf("%+v", i)
	}
	if !p.Unfinished() || len(c.rows["sdkmessageprocessingsteps"]) != 0 || c.tables["cosell_solution"] == nil {
		t.Error(said(p))
	}
	complete(t, applied(t, planned(t, options(t, c))))
}

func TestTheSecretIsWrittenWhereItIsNeededAndOnlyThere(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	end := c.rows["serviceendpoints"][0]
	if want := `<settings><setting name="x-cosell-crm-key" value="a&#34;b" /></settings>`; end["authvalue"] != want || end["authtype"] != 5.0 || end["contract"] != 8.0 {
		t.Errorf("%v", end)
	}
	o := options(t, c)
	o.Rotate, o.Secret = true, "new"
	complete(t, applied(t, planned(t, o)))
	if !strings.Contains(end["authvalue"].(string), `value="new"`) {
		t.Errorf("%v", end["authvalue"])
	}
	o = options(t, c)
	o.URL = "https://other.example/api/crmwebhook"
	if i := item(t, planned(t, o), "endpoint", "cosell-sync events"); i.Do != setup.Change || !strings.Contains(i.Why, "cosell.example") {
		t.Errorf("%+v", i)
	}
}

func TestAnImageKeepsWhatSomebodyElseSendsAlong(t *testing.T) {
	c := newCRM(t)
	applied(t, planned(t, options(t, c)))
	image := c.rows["sdkmessageprocessingstepimages"][0]
	ours := image["attributes"].(string)
	image["attributes"] = "other"
	complete(t, applied(t, planned(t, options(t, c))))
	if got := image["attributes"]; got != "other,"+ours {
		t.Errorf("it holds %v", got)
	}
}
