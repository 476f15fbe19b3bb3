package partnercentersim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

const (
	tenant    = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	clientID  = "c0a1b2c3-1111-4222-8333-944455556666"
	secret    = "partner-center-secret"
	refresh   = "refresh-token-of-the-referrals-admin"
	referrals = "https://api.partner.microsoft.com/v1.0/engagements/referrals"
	hooks     = "https://api.partnercenter.microsoft.com/webhooks/v1/registration"
	login     = "https://login.microsoftonline.com/" + tenant
	share     = "/consent/consentToShareReferralWithMicrosoftSellers"
)

// signingKey makes one key for all tests: making one takes most of a second.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// place is a simulator with a clock that the test moves, and a person who calls it.
type place struct {
	t       *testing.T
	sim     *partnercentersim.Sim
	control *http.ServeMux
	mu      sync.Mutex
	now     time.Time
	woken   int
	bearer  string // token sent with each call; empty for a fresh user token
}

type object = map[string]any

func newPlace(t *testing.T, change ...func(*partnercentersim.Options)) *place {
	t.Helper()
	p := &place{t: t, now: time.Date(2026, 3, 2, 9, 14, 5, 123456700, time.UTC)}
	o := partnercentersim.Options{Now: p.time, Seed: 7, SigningKey: signingKey(), Notify: func() {
		p.mu.Lock()
		p.woken++
		p.mu.Unlock()
	}}
	for _, c := range change {
		c(&o)
	}
	sim, err := partnercentersim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	p.sim, p.control = sim, http.NewServeMux()
	sim.MountControl(p.control)
	return p
}

func (p *place) time() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *place) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// answer is a response with its JSON body.
type answer struct {
	status int
	header http.Header
	body   object
	raw    string
}

func (p *place) send(method, address, body string, headers ...string) answer {
	p.t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	r.Host = r.URL.Host
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.sim.ServeHTTP(w, r)
	return read(p.t, w)
}

func read(t *testing.T, w *httptest.ResponseRecorder) answer {
	t.Helper()
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: w.Code, header: w.Header(), raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body) // arrays and certificates stay in raw
	return a
}

// token asks the login endpoint, v1.
func (p *place) token(grant, resource string) string {
	p.t.Helper()
	form := url.Values{"grant_type": {grant}, "client_id": {clientID}, "client_secret": {secret}, "resource": {resource}}
	if grant == "refresh_token" {
		form.Set("refresh_token", refresh)
	}
	a := p.send("POST", login+"/oauth2/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	token, _ := a.body["access_token"].(string)
	if token == "" {
		p.t.Fatalf("no token: %d %s", a.status, a.raw)
	}
	return token
}

// call calls an API as the integration user, unless bearer says otherwise.
func (p *place) call(method, address string, body any, headers ...string) answer {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	bearer := p.bearer
	if bearer == "" {
		bearer = p.token("refresh_token", "https://"+u.Host)
	}
	text := ""
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(data)
	}
	return p.send(method, address, text, append([]string{"Authorization", "Bearer " + bearer}, headers...)...)
}

// tell makes a control call.
func (p *place) tell(method, path string, body any) answer {
	p.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.control.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(string(data))))
	return read(p.t, w)
}

func (p *place) do(path string, body any) answer {
	p.t.Helper()
	a := p.tell("POST", path, body)
	if a.status != http.StatusOK {
		p.t.Fatalf("POST %s %v: %d %s", path, body, a.status, a.raw)
	}
	return a
}

func (p *place) turn(name string, value any) { p.t.Helper(); p.do("/switches", object{name: value}) }

func (a answer) text(path string) string {
	var v any = a.body
	for _, name := range strings.Split(path, "/") {
		m, _ := v.(object)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

// want fails unless the status, and for refusals the code, are these.
func (p *place) want(a answer, status int, code string) answer {
	p.t.Helper()
	got := a.text("error/innerError/code")
	if got == "" {
		got = a.text("error/code")
	}
	if got == "" {
		got = a.text("code")
	}
	if a.status != status || got != code {
		p.t.Fatalf("got %d %q, want %d %q: %s", a.status, got, status, code, a.raw)
	}
	return a
}

// deal is a complete body for a private deal.
func deal(change ...func(object)) object {
	d := object{
		"name": "Tailspin warehouse analytics", "externalReferenceId": "7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d",
		"type": "Independent", "qualification": "SalesQualified",
		"customerProfile": object{"name": "Tailspin Toys GmbH", "size": "10to50employees",
			"address": object{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"},
			"team":    []any{member("Ada")}},
		"consent": object{"consentToToShareInfoWithOthers": true, "consentToContact": true,
			"consentToMicrosoftToContactSpecificPartners": true, "consentToShareReferralWithMicrosoftSellers": false},
		"details": object{"notes": "Stock forecasting.", "dealValue": 85000, "currency": "EUR", "closingDateTime": "2026-09-30T00:00:00Z",
			"requirements": object{"solutions": []any{solution("SOL-12345-ABC")},
				"additionalRequirements": object{"iot": object{}, "attributes": []any{object{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}}}}},
		"team": []any{member("Kim")}, "target": []any{},
	}
	for _, c := range change {
		c(d)
	}
	return d
}

func member(first string) object {
	return object{"firstName": first, "lastName": "Example", "phoneNumber": "+49405550100", "email": strings.ToLower(first) + "@northwind.example"}
}

func solution(id string) object {
	return object{"type": "Name", "id": id, "name": "Forecast", "publisherName": "Northwind", "solutionType": "3P"}
}

// set changes a member of a body by its path; nil takes it away.
func set(path string, value any) func(object) {
	return func(d object) {
		names := strings.Split(path, "/")
		for _, name := range names[:len(names)-1] {
			d = d[name].(object)
		}
		if last := names[len(names)-1]; value == nil {
			delete(d, last)
		} else {
			d[last] = value
		}
	}
}

func shared(d object) {
	set("consent/consentToShareReferralWithMicrosoftSellers", true)(d)
	d["type"] = "Shared"
}

// forMicrosoft is the body of the second POST of a co-sell deal.
func forMicrosoft(engagement string, change ...func(object)) object {
	return deal(append([]func(object){shared, func(d object) {
		d["engagementId"] = engagement
		delete(d, "externalReferenceId")
		d["target"] = []any{object{"type": "BusinessProfileLocation", "id": "msft"}}
		d["inviteContext"] = object{"notes": "Please introduce us.", "assistanceRequestCode": "ProofOfConceptOrDemo"}
	}}, change...)...)
}

// post creates a referral and fails if it is refused.
func (p *place) post(body object) answer {
	p.t.Helper()
	a := p.call("POST", referrals, body)
	if a.status != http.StatusCreated {
		p.t.Fatalf("POST: %d %s", a.status, a.raw)
	}
	return a
}

func (p *place) patch(id string, steps []object, headers ...string) answer {
	p.t.Helper()
	return p.call("PATCH", referrals+"/"+id, steps, headers...)
}

func replace(path string, value any) object {
	return object{"op": "replace", "path": path, "value": value}
}

func (p *place) get(id string) answer {
	p.t.Helper()
	return p.call("GET", referrals+"/"+id, nil)
}

// names are the events handed over, as "name id".
func names(t *testing.T, out []control.Outgoing) []string {
	t.Helper()
	var list []string
	for _, o := range out {
		var body struct{ EventName, ResourceURI string }
		var e object
		if err := json.Unmarshal(o.Body, &e); err != nil {
			t.Fatal(err)
		}
		body.EventName, _ = e["EventName"].(string)
		body.ResourceURI, _ = e["ResourceUri"].(string)
		list = append(list, body.EventName+" "+body.ResourceURI[strings.LastIndex(body.ResourceURI, "/")+1:])
	}
	return list
}
