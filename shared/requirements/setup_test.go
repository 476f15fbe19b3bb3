package requirements

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	crm "github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// RoundTrip implements http.RoundTripper for a person at a terminal.
func (s *system) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/openid-configuration") { // the directory is not simulated
		at := "https://" + req.URL.Host + "/" + strings.Split(req.URL.Path, "/")[1]
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		_, err := w.WriteString(`{"token_endpoint":"` + at + `/oauth2/v2.0/token","authorization_endpoint":"` + at + `/oauth2/v2.0/authorize","issuer":"` + at + `/v2.0"}`)
		return w.Result(), err
	}
	answer, cut := served(s.wire, req)
	if cut {
		return nil, io.ErrUnexpectedEOF
	}
	answer.Request = req
	return answer, nil
}

// administration is the way of the CRM's administrator into it.
func (r *rig) administration() *setup.Web {
	credential := func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(crmTenant, administrator.ClientID, administrator.ClientSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: r.dv}}, DisableInstanceDiscovery: true})
	}
	return &setup.Web{Base: "https://" + crmHost + "/api/data/v9.2",
		Sleep: func(_ context.Context, d time.Duration) error { time.Sleep(d); r.quiet(); return nil },
		HTTP: httpclient.New(httpclient.Options{Base: r.dv, Hosts: []string{crmHost}, Audience: "https://" + crmHost,
			Token: crm.Tokens(credential, "https://"+crmHost+"/.default")})}
}

var administrator = dataversesim.Application{ClientID: "ad000000-0000-4000-8000-0000000000aa", ClientSecret: "the-secret-of-the-administrator"}

// setUp brings the CRM to what the product needs.
func (r *rig) setUp(sources ...mapping.Source) {
	r.t.Helper()
	sheet, err := mapping.Load(sources...)
	must(r.t, err)
	whole, err := dataverse.Read()
	must(r.t, err)
	plan, err := setup.Make(r.t.Context(), setup.Options{Web: r.administration(), Want: setup.Want(whole, sheet), URL: productURL + "/api/crmwebhook", Header: crmHeader, Secret: crmSecret,
		AppUser: "d0c9b8a7-2222-4333-8444-a55566667777"})
	must(r.t, err)
	must(r.t, plan.Apply(r.t.Context(), func(i *setup.Item) {
		if i.Result != setup.Done {
			r.t.Errorf("%s %s: %s %s", i.Kind, i.Name, i.Result, i.Why)
		}
	}))
}

// An empty organisation, set up by an administrator, with the role of the application user and no more: both scenarios
// of the source page hold, by events alone, and the product is refused nothing.
func TestAnEmptyOrganisationIsSetUpAndTheStoryHolds(t *testing.T) {
	for name, line := range map[string]doc{
		"a good line":        nil,
		"lost answers":       {"match": doc{"method": "POST", "url": "/api/data/"}, "do": "loseAnswer", "times": 4},
		"a CRM that is busy": {"match": doc{"method": "POST", "url": "/api/data/"}, "do": "status", "status": 503, "times": 6},
	} {
		t.Run(name, func(t *testing.T) { storyFromNothing(t, line) })
	}
}

func storyFromNothing(t *testing.T, line doc) {
	play(t, func(r *rig) {
		r.product.end()
		r.product.ended.Wait()
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Bare})
		if line != nil {
			r.dv.call(http.MethodPost, "/faults", line)
		}
		r.setUp()
		r.start()
		r.quiet()
		mark := r.dv.calls()

		p := r.coSell("From the CRM", doc{"cosell_visible": true})
		r.microsoft(doc{"do": "accept", "id": p.microsoft})
		r.quiet()
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.quiet()
		r.edits("opportunity", p.opportunity, doc{"description": "A second thought."})
		r.quiet()
		o := r.opportunity(p.opportunity)
		if o.text("estimatedvalue") != "91000" || r.referral(p.own).at("details/notes") != "A second thought." || !strings.HasPrefix(o.text("name"), tick) {
			t.Errorf("the CRM shows %s for %s, Partner Center %v", o.text("name"), o.text("estimatedvalue"), r.referral(p.own).at("details/notes"))
		}

		q := r.invited("From Partner Center")
		r.edits("opportunity", q.opportunity, doc{"statuscode": inProgress})
		r.quiet()
		if got := r.referral(q.own).at("status"); got != "Active" {
			t.Errorf("the invitation is %v:\n%s", got, strings.Join(r.audit(q.opportunity), "\n"))
		}
		r.person(doc{"do": "win", "table": "opportunity", "id": p.opportunity, "actualRevenue": 91000, "actualEnd": "2026-03-20"})
		r.quiet()
		for _, call := range r.dv.since(mark) {
			if call.Status == http.StatusForbidden {
				t.Errorf("%s %s: the role does not let the product do this", call.Method, call.URL)
			}
		}
		if !slices.ContainsFunc(r.solutionsOf(p.opportunity), func(row doc) bool { return r.solutionID(row) == "SOL-12345-ABC" }) {
			t.Error("the solution row is gone")
		}
	})
}
