package dataversesim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// BenchmarkBurst is one update, with its event, and one read with children, among 1,000 opportunities.
func BenchmarkBurst(b *testing.B) {
	sim, err := dataversesim.New(dataversesim.Options{Now: func() time.Time { return time.Unix(1774948500, 0) }, Host: host, Tenant: tenant,
		ClientID: client, ClientSecret: secret, OrganizationID: unknownID, WebhookURL: "https://product.example/", SecretHeader: "x"})
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	sim.MountControl(mux)
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/switches", strings.NewReader(`{"limitRequests":0,"limitExecutionSeconds":0}`)))
	call := func(method, path, body, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		if w.Code > 299 {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
		return w
	}
	answer := call("POST", "https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token",
		"grant_type=client_credentials&client_id="+client+"&client_secret="+secret+"&scope=https://"+host+"/.default", "")
	_, token, _ := strings.Cut(answer.Body.String(), `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		call("PATCH", api+"opportunities("+ids[i]+")", fmt.Sprintf(`{"name":"Deal %d","cosell_referralid":"R-%d","estimatedvalue":5}`, i, i), token)
		call("POST", api+"cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+ids[i]+`)"}`, token)
	}
	i := 0
	for b.Loop() {
		i++
		id := ids[i%len(ids)]
		call("PATCH", api+"opportunities("+id+")", `{"name":"Other","estimatedvalue":7.5,"description":"text"}`, token)
		call("GET", api+"opportunities("+id+")?$select=name,estimatedvalue&$expand=parentaccountid($select=name),cosell_opportunity_solution", "", token)
		for _, o := range sim.Advance(time.Unix(1774948500, 0)) {
			sim.Delivered(o.ID, 202)
		}
	}
}
