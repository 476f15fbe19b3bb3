package consent_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/consent"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/vaultsim"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

const (
	tenant     = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90"
	clientID   = "c0a1b2c3-1111-4222-8333-944455556666"
	secret     = "secret-of-the-partner-app"
	owner      = "a3b4c5d6-5555-4666-8777-d88899990000"
	vaultHost  = "cosell-vault.vault.azure.net"
	secretName = "partner-center-refresh-token"
	user       = "integration@northwind.example"
)

// place is a directory, a Partner Center and a vault, and a person with a browser.
type place struct {
	t        *testing.T
	pc       *partnercentersim.Sim
	vault    *vaultsim.Sim
	settings map[string]string
	cut      string // a host that is away
	mute     bool   // the vault stores, and no answer comes
	dark     bool   // and it is away from then on

	held sync.Mutex // whoever has it keeps the network waiting

	mu    sync.Mutex
	said  strings.Builder
	calls []string // of hosts and paths
	shown []string // pages that the browser showed at the end
}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newPlace(t *testing.T, secrets map[string]string, redirects ...string) *place {
	t.Helper()
	p := &place{t: t}
	var err error
	p.pc, err = partnercentersim.New(partnercentersim.Options{Now: time.Now, Seed: 1, SigningKey: signingKey(), Tenant: tenant, ClientID: clientID, ClientSecret: secret, Redirects: redirects,
		Apps: []partnercentersim.App{{Tenant: tenant, ClientID: owner, Secret: "owner-secret", ObjectID: owner}}})
	if err != nil {
		t.Fatal(err)
	}
	p.vault, err = vaultsim.New(vaultsim.Options{Now: time.Now, Tenant: tenant, CheckToken: p.pc.CheckToken, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	var simulated []string
	for _, host := range []string{partnercentersim.LoginHost, partnercentersim.ReferralsHost, partnercentersim.WebhooksHost, vaultHost} {
		simulated = append(simulated, host+"=127.0.0.1:7403")
	}
	p.settings = map[string]string{"SYNC_SIMULATED": strings.Join(simulated, ","), "PARTNER_CENTER_TENANT": tenant, "PARTNER_CENTER_CLIENT_ID": clientID,
		"PARTNER_CENTER_CLIENT_SECRET": secret, "PARTNER_CENTER_VAULT_URL": "https://" + vaultHost, "PARTNER_CENTER_REFRESH_TOKEN_SECRET": secretName,
		"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": owner, "AZURE_CLIENT_SECRET": "owner-secret"}
	return p
}

// RoundTrip is the network.
func (p *place) RoundTrip(r *http.Request) (*http.Response, error) {
	p.held.Lock()
	defer p.held.Unlock()
	p.mu.Lock()
	p.calls = append(p.calls, r.Method+" "+r.URL.Host+r.URL.Path)
	away := p.cut == r.URL.Host
	p.mu.Unlock()
	if away {
		return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	if r.URL.Host == vaultHost {
		p.vault.ServeHTTP(w, in)
		if p.mute && r.Method == http.MethodPut {
			if p.dark {
				p.mu.Lock()
				p.cut = vaultHost
				p.mu.Unlock()
			}
			return nil, io.ErrUnexpectedEOF
		}
	} else {
		p.pc.ServeHTTP(w, in)
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (p *place) control(mount func(*http.ServeMux), path string, body any) {
	p.t.Helper()
	mux := http.NewServeMux()
	mount(mux)
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("POST", path, bytes.NewReader(text)))
	if w.Code != http.StatusOK {
		p.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

func (p *place) turn(switches map[string]any) {
	p.t.Helper()
	p.control(p.pc.MountControl, "/switches", switches)
}

// versions is how often the refresh token has been stored.
func (p *place) versions(name string) int {
	mux := http.NewServeMux()
	p.vault.MountControl(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/records", nil))
	var out struct {
		Secrets map[string][]string `json:"secrets"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		p.t.Fatal(err)
	}
	return len(out.Secrets[name])
}

func (p *place) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(&p.said, format+"\n", args...)
}

// person signs in where the browser opens: the answers are those of the pages. Without any he closes the window.
func (p *place) person(answers ...url.Values) func(string) error {
	return func(address string) error {
		go func() {
			back, err := p.pc.Browse(address, answers...)
			if err != nil {
				p.say("the browser: %v", err)
				return
			}
			p.visit(back.String())
		}()
		return nil
	}
}

func (p *place) visit(address string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(address)
	if err != nil {
		p.say("the browser: %v", err)
		return
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = append(p.shown, fmt.Sprint(resp.StatusCode, " ", string(text)))
}

// pages are what the browser was shown so far.
func (p *place) pages() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.shown)
}

// told is what the command has said so far.
func (p *place) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

func as(upn string) url.Values { return url.Values{"user": {upn}} }

func (p *place) environ() (out []string) {
	for name, value := range p.settings {
		out = append(out, name+"="+value)
	}
	return out
}

// run has somebody consent.
func (p *place) run(alias string, o consent.Options) (consent.Result, error) {
	p.t.Helper()
	c, err := app.Consent(p.environ(), alias, app.Parts{Transport: p})
	if err != nil {
		return consent.Result{}, err
	}
	if o.Within == 0 {
		o.Within = 10 * time.Second
	}
	o.Say = p.say
	return consent.Run(p.t.Context(), c, o)
}

// stored is the refresh token in the vault.
func (p *place) stored() string {
	c, err := app.Consent(p.environ(), "", app.Parts{Transport: p})
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := c.Vault.Get(p.t.Context(), secretName)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func TestAConsentIsProvedAndStored(t *testing.T) {
	p := newPlace(t, map[string]string{secretName: app.UnsetSecret})
	p.turn(map[string]any{"rotateRefreshToken": true})
	r, err := p.run("", consent.Options{User: user, Open: p.person(as(user))})
	if err != nil || r.User != user || r.Tenant != tenant || r.MFA != consent.ByClaim || !r.First || r.Secret != secretName {
		t.Fatalf("%v %+v", err, r)
	}
	token := p.stored()
	if !strings.HasPrefix(token, "0.refresh-") || p.versions(secretName) != 2 {
		t.Errorf("%d versions, stored is %q", p.versions(secretName), token)
	}
	if said := p.told() + fmt.Sprintf("%+v", r); strings.Contains(said, token) || strings.Contains(said, secret) || strings.Contains(said, "code=") {
		t.Errorf("it said %s", said)
	}
	if !strings.Contains(p.told(), "https://127.0.0.1:7403/"+tenant) {
		t.Errorf("a browser does not find the page of a simulated world: %s", p.told())
	}
	for _, call := range p.calls {
		if !strings.HasPrefix(call, "GET ") && !strings.HasPrefix(call, "POST "+partnercentersim.LoginHost) && !strings.HasPrefix(call, "PUT "+vaultHost) {
			t.Errorf("it wrote: %s", call)
		}
	}
	again, err := p.run("", consent.Options{Open: p.person(as("admin@northwind.example"))})
	if err != nil || again.First || again.User != "admin@northwind.example" || p.stored() == token {
		t.Errorf("%v %+v", err, again)
	}
}

// Whatever goes wrong is one sentence with what mends it, and nothing is stored.
func TestWhatGoesWrongIsSaidInOneSentenceAndNothingIsStored(t *testing.T) {
	cancel := url.Values{"do": {"cancel"}}
	for name, c := range map[string]struct {
		settings map[string]string
		switches map[string]any
		user     string
		answers  []url.Values
		change   func(p *place)
		says     []string
		away     bool
	}{
		"a wrong secret":        {settings: map[string]string{"PARTNER_CENTER_CLIENT_SECRET": "its-id"}, says: []string{"secret for Partner Center is wrong", "PARTNER_CENTER_CLIENT_SECRET"}},
		"an expired secret":     {switches: map[string]any{"clientSecret": "expired"}, says: []string{"has expired", "PARTNER_CENTER_CLIENT_SECRET"}},
		"a wrong tenant":        {settings: map[string]string{"PARTNER_CENTER_TENANT": "00000000-0000-4000-8000-000000000000"}, says: []string{"no such tenant", "PARTNER_CENTER_TENANT"}},
		"a wrong app":           {settings: map[string]string{"PARTNER_CENTER_CLIENT_ID": "11111111-0000-4000-8000-000000000000"}, says: []string{"no such app", "PARTNER_CENTER_CLIENT_ID"}},
		"no permission":         {switches: map[string]any{"permissions": "webhooks"}, says: []string{"may not call this API", "docs/partner-center.md"}},
		"half a permission":     {switches: map[string]any{"permissions": "referrals"}, answers: []url.Values{as(user)}, says: []string{"may not call this API", "docs/partner-center.md"}},
		"half a consent":        {switches: map[string]any{"consent": "referrals"}, answers: []url.Values{as(user)}, says: []string{"nobody has consented", "admin consent"}},
		"no consent":            {switches: map[string]any{"consent": "none"}, answers: []url.Values{as(user)}, says: []string{"no answer came back", "90094"}},
		"a declined consent":    {switches: map[string]any{"consent": "none"}, answers: []url.Values{as("admin@northwind.example"), {"do": {"decline"}}}, says: []string{"cancelled", "run it again"}},
		"a cancelled sign-in":   {answers: []url.Values{cancel}, says: []string{"cancelled", "run it again"}},
		"a closed window":       {answers: []url.Values{}, says: []string{"no answer came back", "run it again"}},
		"no second factor":      {answers: []url.Values{as("nomfa@northwind.example")}, says: []string{"mfa.missing", "nomfa@northwind.example", "Conditional Access"}},
		"none to be seen":       {switches: map[string]any{"tokenMFA": false}, answers: []url.Values{as(user)}, says: []string{"mfa.missing", "Conditional Access"}},
		"a second factor due":   {switches: map[string]any{"mfaPolicy": "enforced"}, answers: []url.Values{as("nomfa@northwind.example")}, says: []string{"no answer came back", "50079"}},
		"no role":               {answers: []url.Values{as("norole@northwind.example")}, says: []string{"lacks a role", "Referrals admin"}},
		"another's account":     {answers: []url.Values{as("stranger@elsewhere.example")}, says: []string{"no answer came back", "50020"}},
		"somebody else":         {user: user, answers: []url.Values{as("admin@northwind.example")}, says: []string{"admin@northwind.example signed in, not " + user, "private window"}},
		"no right at the vault": {answers: []url.Values{as(user)}, change: func(p *place) { p.forbid("set") }, says: []string{vaultHost, secretName, "Key Vault Secrets Officer"}},
		"no look at the vault":  {change: func(p *place) { p.forbid("get") }, says: []string{vaultHost, secretName, "Key Vault Secrets Officer"}},
		"a deleted secret":      {answers: []url.Values{as(user)}, change: func(p *place) { p.portal("delete") }, says: []string{secretName, "is deleted", "az keyvault secret recover --vault-name cosell-vault"}},
		"a wrong identity":      {settings: map[string]string{"AZURE_CLIENT_SECRET": "wrong"}, says: []string{"AZURE_CLIENT_ID", "az login"}},
		"no vault":              {change: func(p *place) { p.cut = vaultHost }, says: []string{vaultHost, "no answer", "az login"}, away: true},
		"no directory":          {change: func(p *place) { p.cut = partnercentersim.LoginHost }, says: []string{partnercentersim.LoginHost}, away: true},
		"no Partner Center":     {answers: []url.Values{as(user)}, change: func(p *place) { p.cut = partnercentersim.ReferralsHost }, says: []string{partnercentersim.ReferralsHost}, away: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, map[string]string{secretName: "before"})
			for name, value := range c.settings {
				p.settings[name] = value
			}
			if c.switches != nil {
				p.turn(c.switches)
			}
			if c.change != nil {
				c.change(p)
			}
			within := 10 * time.Second
			if c.says[0] == "no answer came back" {
				within = 200 * time.Millisecond
			}
			r, err := p.run("", consent.Options{User: c.user, Open: p.person(c.answers...), Within: within})
			if err == nil {
				t.Fatalf("%+v", r)
			}
			text := err.Error()
			for _, part := range append(c.says, "nothing is stored") {
				if !strings.Contains(text, part) {
					t.Errorf("it lacks %q: %s", part, text)
				}
			}
			if strings.Contains(text, "\n") || strings.Contains(text, secret) || strings.Contains(text, "0.refresh-") || consent.Away(err) != c.away {
				t.Errorf("away is %v: %s", consent.Away(err), text)
			}
			if n := p.versions(secretName); n != 1 {
				t.Errorf("stored %d times", n-1)
			}
			if c.answers == nil && strings.Contains(p.told(), "sign in as") {
				t.Error("a person was troubled for what shows without one")
			}
		})
	}
}

func (p *place) forbid(operation string) {
	p.control(p.vault.MountControl, "/rights", map[string]any{"identity": "app " + owner, "operation": operation, "allowed": false})
}

// portal is somebody who changes the secret in the vault itself.
func (p *place) portal(do string) {
	p.control(p.vault.MountControl, "/secret", map[string]any{"name": secretName, "do": do})
}

// A secret that somebody has disabled is no obstacle: what is stored is a version of its own.
func TestADisabledSecretIsReplaced(t *testing.T) {
	p := newPlace(t, map[string]string{secretName: "before"})
	p.portal("disable")
	if r, err := p.run("", consent.Options{Open: p.person(as(user))}); err != nil || r.First || !strings.HasPrefix(p.stored(), "0.refresh-") {
		t.Errorf("%v %+v", err, r)
	}
}

// An answer of the vault that is lost leaves no doubt where the vault can be asked, and is told where it cannot.
func TestALostAnswerOfTheVaultIsLookedInto(t *testing.T) {
	p := newPlace(t, map[string]string{secretName: "before"})
	p.mute = true
	if r, err := p.run("", consent.Options{Open: p.person(as(user))}); err != nil || r.User != user || !strings.HasPrefix(p.stored(), "0.refresh-") {
		t.Errorf("%v %+v", err, r)
	}
	p = newPlace(t, map[string]string{secretName: "before"})
	p.mute, p.dark = true, true
	_, err := p.run("", consent.Options{Open: p.person(as(user))})
	if err == nil || !strings.Contains(err.Error(), "is not known: run it again") || strings.Contains(err.Error(), "nothing is stored") || !consent.Away(err) {
		t.Error(err)
	}
}

func TestAPortThatIsTakenIsSaid(t *testing.T) {
	p := newPlace(t, nil)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = p.run("", consent.Options{Port: port})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d", port)) || !strings.Contains(err.Error(), "--port") || len(p.calls) != 0 {
		t.Errorf("%v after %v", err, p.calls)
	}
}

// The directory shows a wrong redirect URI to the person alone, at the end of the sign-in: here it shows before.
func TestAWrongRedirectIsSaidBeforeAnybodySignsIn(t *testing.T) {
	for _, redirect := range []string{"https://app.example/back", "http://localhost/back", "http://127.0.0.1"} {
		p := newPlace(t, nil, redirect)
		_, err := p.run("", consent.Options{Open: p.person(as(user))})
		if err == nil || !strings.Contains(err.Error(), "redirect URI http://localhost, platform Web") || strings.Contains(p.told(), "sign in as") {
			t.Errorf("%s: %v", redirect, err)
		}
	}
}

// signedIn is a browser whose user has signed in, and what it then does with the address that it is sent back to.
func (p *place) signedIn(then func(back *url.URL)) func(address string) error {
	return func(address string) error {
		go func() {
			back, err := p.pc.Browse(address, as(user))
			if err != nil {
				p.say("%v", err)
				return
			}
			then(back)
		}()
		return nil
	}
}

// Anybody on this machine can call the address where the browser comes back: only the answer to this sign-in counts.
func TestForeignAnswersAreIgnored(t *testing.T) {
	p := newPlace(t, nil)
	open := p.signedIn(func(back *url.URL) {
		own := back.String()
		q := back.Query()
		for _, state := range []string{"", "of-another-sign-in"} {
			q.Set("state", state)
			back.RawQuery = q.Encode()
			p.visit(back.String())
		}
		p.visit("http://" + back.Host + "/?error=access_denied")
		p.visit("http://" + back.Host + "/favicon.ico")
		p.visit("http://" + back.Host + "/")
		p.visit(own)
	})
	if r, err := p.run("", consent.Options{Open: open}); err != nil || r.User != user || !r.First {
		t.Fatalf("%v %+v", err, r)
	}
	shown := p.pages()
	if len(shown) < 5 {
		t.Fatalf("%q", shown)
	}
	for i, want := range []string{"400", "400", "400", "404", "404"} {
		if !strings.HasPrefix(shown[i], want) {
			t.Errorf("%d is answered %s", i, shown[i])
		}
	}
}

// The address takes one answer, of a browser that was sent to it: not what a page of the web has this machine called with
// under another name, and nothing that a redirect of the directory never is.
func TestOnlyTheBrowserThatWasSentBackIsHeard(t *testing.T) {
	p := newPlace(t, nil)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	statuses := map[string]int{}
	ask := func(name string, change func(*http.Request), own string) {
		req, err := http.NewRequest(http.MethodGet, own, nil)
		if err != nil {
			p.say("%v", err)
			return
		}
		change(req)
		resp, err := client.Do(req)
		if err != nil {
			p.say("%s: %v", name, err)
			return
		}
		_ = resp.Body.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		statuses[name] = resp.StatusCode
	}
	answered := make(chan struct{})
	open := func(address string) error {
		go func() {
			defer close(answered)
			back, err := p.pc.Browse(address, as(user))
			if err != nil {
				p.say("%v", err)
				return
			}
			own := back.String()
			host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
			ask("another name", host("evil.example:"+back.Port()), own)
			ask("another port", host("localhost:1"), own)
			ask("no port", host("localhost"), own)
			ask("a name that begins like it", host("localhost.evil.example:"+back.Port()), own)
			ask("POST", func(r *http.Request) { r.Method = http.MethodPost }, own)
			ask("a body", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }, own)
			ask("a body without a length", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), -1 }, own)
			ask("another path", func(r *http.Request) { r.URL.Path = "/other" }, own)
			ask("a path that looks like it", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "//", "/%2F" }, own)
			ask("too much", func(r *http.Request) { r.Header.Set("X-Much", strings.Repeat("x", 64<<10)) }, own)
			ask("a thing twice", func(r *http.Request) { r.URL.RawQuery += "&code=of-somebody-else" }, own)
			ask("half a query", func(r *http.Request) { r.URL.RawQuery += ";%zz" }, own)
			ask("the answer", host("127.0.0.1:"+back.Port()), own)
		}()
		return nil
	}
	r, err := p.run("", consent.Options{Open: open})
	<-answered
	if err != nil || r.User != user {
		t.Fatalf("%v %+v %v: %s", err, r, statuses, p.told())
	}
	for name, want := range map[string]int{"another name": 421, "another port": 421, "no port": 421, "a name that begins like it": 421, "POST": 405, "a body": 404, "a body without a length": 404,
		"another path": 404, "a path that looks like it": 404, "too much": 431, "a thing twice": 400, "half a query": 400, "the answer": 200} {
		if statuses[name] != want {
			t.Errorf("%s is answered %d, want %d", name, statuses[name], want)
		}
	}
}

// An answer counts once: what follows is told so, and the code is redeemed once.
func TestASecondAnswerIsNotHeard(t *testing.T) {
	p := newPlace(t, nil)
	open := p.signedIn(func(back *url.URL) {
		p.held.Lock() // the command waits for the directory until both are answered
		p.visit(back.String())
		p.visit(back.String())
		p.held.Unlock()
	})
	if r, err := p.run("", consent.Options{Open: open}); err != nil || r.User != user {
		t.Fatalf("%v %+v", err, r)
	}
	if shown := p.pages(); len(shown) != 2 || !strings.HasPrefix(shown[0], "200") || !strings.HasPrefix(shown[1], "409") {
		t.Errorf("shown was %q", shown)
	}
}

func TestGivingUpStoresNothing(t *testing.T) {
	p := newPlace(t, nil)
	c, err := app.Consent(p.environ(), "", app.Parts{Transport: p})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = consent.Run(ctx, c, consent.Options{Within: time.Minute, Say: p.say, Open: func(string) error { cancel(); return nil }})
	if err == nil || !strings.Contains(err.Error(), "given up") || p.versions(secretName) != 0 {
		t.Error(err)
	}
}

// Where no browser opens, or none is wanted, the address is shown.
func TestAPersonMayOpenTheBrowser(t *testing.T) {
	p := newPlace(t, nil)
	for _, open := range []func(string) error{nil, func(string) error { return errors.New("no display") }} {
		_, err := p.run("", consent.Options{Open: open, Within: 50 * time.Millisecond})
		if err == nil || !strings.Contains(p.told(), "sign in as the integration user, with MFA, at\nhttps://127.0.0.1:7403/") {
			t.Errorf("%v %s", err, p.told())
		}
		p.said.Reset()
	}
}

func TestABrowserIsWhatTheVariableNames(t *testing.T) {
	if err := consent.Browser("/nowhere/browser")("https://x"); err == nil {
		t.Error("a browser that is not there opened")
	}
	file := filepath.Join(t.TempDir(), "opened")
	script := file + ".sh"
	if err := os.WriteFile(script, []byte("#!/bin/sh\nprintf %s \"$1\" > "+file+".half && mv "+file+".half "+file+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := consent.Browser(script)("https://x/?a=b&c=d"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if text, err := os.ReadFile(file); err == nil {
			if string(text) != "https://x/?a=b&c=d" {
				t.Errorf("opened was %s", text)
			}
			return
		}
	}
	t.Error("nothing was opened")
}

func TestEachTenantConsentsForItself(t *testing.T) {
	p := newPlace(t, map[string]string{secretName: "of the first"})
	p.settings["SYNC_TENANTS"], p.settings["FR_PARTNER_CENTER_REFRESH_TOKEN_SECRET"] = "fr", "refresh-token-fr"
	p.settings["FR_PARTNER_CENTER_TENANT"], p.settings["FR_PARTNER_CENTER_CLIENT_ID"] = tenant, clientID
	p.settings["PARTNER_CENTER_TENANT"] = "00000000-0000-4000-8000-000000000000"
	r, err := p.run("fr", consent.Options{Open: p.person(as(user))})
	if err != nil || r.Secret != "refresh-token-fr" || p.versions("refresh-token-fr") != 1 || p.versions(secretName) != 1 {
		t.Errorf("%v %+v", err, r)
	}
	if _, err := p.run("de", consent.Options{}); err == nil || !strings.Contains(err.Error(), `"de"`) {
		t.Error(err)
	}
}

// An installation that has nothing to do with the registration asks nothing of that API: the app may do without its
// permission.
func TestWhereNothingIsRegisteredThatAPIIsNotAsked(t *testing.T) {
	p := newPlace(t, nil)
	p.settings["SYNC_REGISTER"] = "never"
	p.turn(map[string]any{"permissions": "referrals"})
	if _, err := p.run("", consent.Options{Open: p.person(as(user))}); err != nil {
		t.Fatal(err)
	}
	for _, call := range p.calls {
		if strings.Contains(call, partnercentersim.WebhooksHost) {
			t.Error(call)
		}
	}
}

// The templates name the secret, so nobody has to.
func TestTheSecretsNameIsThatOfTheTemplates(t *testing.T) {
	for alias, want := range map[string]string{"": "partner-center-refresh-token", "fr": "partner-center-refresh-token-fr"} {
		p := newPlace(t, nil)
		delete(p.settings, "PARTNER_CENTER_REFRESH_TOKEN_SECRET")
		p.settings["SYNC_TENANTS"], p.settings["FR_PARTNER_CENTER_TENANT"] = "fr", "33333333-3333-4333-8333-333333333333"
		c, err := app.Consent(p.environ(), alias, app.Parts{Transport: p})
		if err != nil || c.SecretName != want {
			t.Errorf("%q: %v %+v", alias, err, c)
		}
	}
}

func TestMissingSettingsAreNamedAllAtOnce(t *testing.T) {
	_, err := app.Consent([]string{"PARTNER_CENTER_TENANT=common", "SYNC_RECONCILE_SCHEDULE=wrong"}, "", app.Parts{})
	for _, name := range []string{"PARTNER_CENTER_TENANT", "PARTNER_CENTER_CLIENT_ID", "PARTNER_CENTER_CLIENT_SECRET", "PARTNER_CENTER_VAULT_URL"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "SCHEDULE") || strings.Contains(fmt.Sprint(err), "ServiceBus") {
		t.Errorf("what a consent does not need is asked for: %v", err)
	}
}
