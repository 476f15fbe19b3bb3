package dataversesim_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestTokensAreBoundToAudienceTenantAndTime(t *testing.T) {
	w := newWorld(t)
	with := func(auth string) *reply {
		t.Helper()
		return w.serve(w.sim, "GET", api+"WhoAmI", "", "Authorization", auth)
	}
	with("Bearer " + w.token).is(200)
	r := with("").refused(401, "0x8004A101")
	if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer authorization_uri=") {
		t.Errorf("WWW-Authenticate %q", r.header.Get("WWW-Authenticate"))
	}
	with("Basic x").is(401)
	with("Bearer x.y.z").is(401)
	with("Bearer " + w.token + "x").is(401)
	with("Bearer " + w.tokenFor(client, secret, "https://api.partner.microsoft.com/.default")).is(401)
	with("Bearer "+w.tokenFor(dataversesim.StrangerClientID, dataversesim.StrangerClientSecret, "https://"+host+"/.default")).refused(403, "0x80072560")
	w.advance(3598 * time.Second)
	with("Bearer " + w.token).is(200)
	w.advance(time.Second)
	with("Bearer " + w.token).is(401)
}

func TestDisabledApplicationUserIsForbidden(t *testing.T) {
	w := newWorld(t)
	w.do("PATCH", "systemusers("+dataversesim.ApplicationUserID+")", `{"isdisabled":true}`).is(204)
	w.do("GET", "WhoAmI", "").refused(403, "0x80072560")
}

func TestTokenEndpointRefusals(t *testing.T) {
	w := newWorld(t)
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}, "scope": {"https://" + host + "/.default"}}
	r := w.login(good).is(200).has(map[string]any{"token_type": "Bearer", "expires_in": 3599})
	parts := strings.Split(r.json["access_token"].(string), ".")
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var cl map[string]any
	if err != nil || json.Unmarshal(body, &cl) != nil || len(parts) != 3 {
		t.Fatalf("no JWT: %s", r.text)
	}
	contains(t, cl, map[string]any{"aud": "https://" + host, "appid": client, "tid": tenant})
	for _, c := range []struct {
		name, value, kind string
		status            int
	}{
		{"grant_type", "password", "unsupported_grant_type", 400},
		{"client_id", unknownID, "unauthorized_client", 400},
		{"client_secret", "wrong", "invalid_client", 401},
		{"client_secret", "", "invalid_client", 401},
		{"scope", "https://" + host, "invalid_scope", 400},
		{"scope", "x/.default", "invalid_resource", 400},
	} {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set(c.name, c.value)
		w.login(form).is(c.status).has(map[string]any{"error": c.kind})
	}
	w.serve(w.sim, "GET", "https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token", "").is(400)
	w.serve(w.sim, "POST", "https://login.microsoftonline.com/other/oauth2/v2.0/token", good.Encode(), "Content-Type", "application/x-www-form-urlencoded").is(400)
	good.Del("scope")
	good.Set("resource", "https://"+host+"/")
	v1 := w.serve(w.sim, "POST", "https://login.microsoftonline.com/"+tenant+"/oauth2/token", good.Encode(), "Content-Type", "application/x-www-form-urlencoded").is(200)
	v1.has(map[string]any{"expires_in": "3599"})
	w.token = v1.json["access_token"].(string)
	w.do("GET", "WhoAmI", "").is(200)
}

func TestDiscoveryNamesTheTokenEndpoint(t *testing.T) {
	w := newWorld(t)
	base := "https://login.microsoftonline.com/"
	w.serve(w.sim, "GET", base+tenant+"/v2.0/.well-known/openid-configuration", "").is(200).has(map[string]any{
		"token_endpoint": base + tenant + "/oauth2/v2.0/token", "issuer": base + tenant + "/v2.0"})
	w.serve(w.sim, "GET", base+"common/discovery/instance?api-version=1.1", "").is(200).has(map[string]any{
		"tenant_discovery_endpoint": base + tenant + "/v2.0/.well-known/openid-configuration"})
	w.serve(w.sim.Handler("login"), "GET", base+tenant+"/nothing", "").is(404)
}

func TestRequestLimitOfTheWindow(t *testing.T) {
	w := newWorld(t)
	w.flip("limitRequests", 3)
	for range 2 {
		w.do("GET", "WhoAmI", "").is(200)
	}
	w.advance(100 * time.Second)
	if got := w.do("GET", "WhoAmI", "").is(200).header.Get("x-ms-ratelimit-burst-remaining-xrm-requests"); got != "0" {
		t.Errorf("remaining %s", got)
	}
	r := w.do("GET", "WhoAmI", "").refused(429, "0x80072322")
	if got := r.header.Get("Retry-After"); got != "200" || r.error()["message"] != "Number of requests exceeded the limit of 3 over time window of 300 seconds." {
		t.Errorf("Retry-After %s: %s", got, r.text)
	}
	w.advance(200 * time.Second)
	w.do("GET", "WhoAmI", "").is(200)
}

func TestDefaultLimitsAreOn(t *testing.T) {
	w := newWorld(t)
	for i := range 6000 {
		if r := w.do("GET", "WhoAmI", ""); r.status != 200 {
			t.Fatalf("request %d: %d %s", i, r.status, r.text)
		}
	}
	w.do("GET", "WhoAmI", "").refused(429, "0x80072322")
}

func TestExecutionTimeLimitCountsEveryOperationOfABatch(t *testing.T) {
	w := newWorld(t)
	w.flip("limitExecutionSeconds", 10)
	w.flip("executionMillis", 2500)
	w.batch(batchOf(post("accounts", `{"name":"1"}`), post("accounts", `{"name":"2"}`), post("accounts", `{"name":"3"}`), post("accounts", `{"name":"4"}`))).is(200)
	r := w.do("GET", "WhoAmI", "").refused(429, "0x80072321")
	if r.header.Get("Retry-After") != "300" || !strings.Contains(r.text, "exceeded limit of 10,000 milliseconds") {
		t.Errorf("%s %s", r.header.Get("Retry-After"), r.text)
	}
}

// blocked is a body that waits until it is let go.
type blocked struct {
	started chan struct{}
	release chan struct{}
}

func (b *blocked) Read([]byte) (int, error) {
	b.started <- struct{}{}
	<-b.release
	return 0, io.EOF
}

func TestConcurrencyLimitCountsRequestsInFlight(t *testing.T) {
	w := newWorld(t)
	const n = 52
	release, started := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r := httptest.NewRequestWithContext(context.Background(), "GET", api+"WhoAmI", &blocked{started, release})
			r.Header.Set("Authorization", "Bearer "+w.token)
			w.sim.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	for range n {
		<-started
	}
	r := w.do("GET", "WhoAmI", "").refused(429, "0x80072326")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(release)
	all.Wait()
	w.do("GET", "WhoAmI", "").is(200)
}

func TestManyCallersAtOnceLeaveAConsistentWorld(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				w.do("PATCH", "opportunities("+id+")", fmt.Sprintf(`{"name":"%d-%d"}`, i, j)).is(204)
				w.do("GET", "opportunities?$select=name", "").is(200)
				w.deliver(200)
				w.ctl("GET", "/records", "").is(200)
			}
		})
	}
	all.Wait()
	w.deliver(200)
	if w.sim.Pending(w.now()) != 0 {
		t.Error("events are left over")
	}
}

func TestServesOverHTTP(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.sim)
	defer server.Close()
	token := w.tokenFor(client, secret, server.URL+"/.default")
	r, err := http.NewRequest("GET", server.URL+"/api/data/v9.2/accounts?$select=name", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Prefer", "odata.maxpagesize=1")
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if text := readAll(answer.Body); answer.StatusCode != 200 || !strings.Contains(text, server.URL+"/api/data/v9.2/accounts?") {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}
