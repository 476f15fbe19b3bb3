package demo_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// Every position of every switch is played by some case: whoever adds a switch adds it to the matrix.
func TestMatrixHoldsEveryPositionOfEverySwitch(t *testing.T) {
	pc, err := partnercentersim.New(partnercentersim.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	crm, err := dataversesim.New(dataversesim.Options{Now: time.Now, Host: "a.crm4.dynamics.com", Tenant: "t", ClientID: "c", ClientSecret: "s",
		OrganizationID: "o", WebhookURL: "https://localhost/x", SecretHeader: "h", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	var ofPC, ofCRM []map[string]any
	for _, c := range demo.Matrix() {
		ofPC, ofCRM = append(ofPC, c.Switches), append(ofCRM, c.CRM)
	}
	for _, a := range demo.Access() {
		ofPC, ofCRM = append(ofPC, a.Switches), append(ofCRM, a.CRM)
	}
	covered(t, pc, ofPC)
	covered(t, crm, ofCRM)
}

func covered(t *testing.T, sim control.Simulator, cases []map[string]any) {
	t.Helper()
	mux := http.NewServeMux()
	sim.MountControl(mux)
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/switches", nil))
	var switches map[string]struct{ Value, Allowed any }
	if err := json.Unmarshal(rec.Body.Bytes(), &switches); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		if strings.HasPrefix(name, "setup") {
			continue // about setting the CRM up, which is over when the story begins
		}
		played := map[string]bool{fmt.Sprint(switches[name].Value): true}
		for _, c := range cases {
			if v, ok := c[name]; ok {
				played[fmt.Sprint(v)] = true
			}
		}
		positions, choice := switches[name].Allowed.([]any)
		if !choice && len(played) < 2 {
			t.Errorf("%s is never anything else than %v", name, switches[name].Value)
		}
		for _, p := range positions {
			if !played[fmt.Sprint(p)] {
				t.Errorf("nothing plays %s = %v", name, p)
			}
		}
	}
}

func TestStoryHoldsInOtherPositions(t *testing.T) {
	for _, c := range demo.Matrix() {
		if !c.Daily {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			tell(t, world.Options{Mode: hostsim.ModeProxy, Settings: c.Settings,
				Positions: world.Positions{PartnerCenter: c.Switches, Dataverse: c.CRM, Organisation: c.Organisation}})
		})
	}
}

func TestChangesWaitWherePartnerCenterLetsUsDoNothing(t *testing.T) {
	t.Parallel()
	play(t, open(t, world.Options{}), demo.AccessSteps())
}
