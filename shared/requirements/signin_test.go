package requirements

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/consent"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

// consents has a person run the command and sign in as user, with the product's own settings.
func (r *rig) consents(user string) (consent.Result, error) {
	r.t.Helper()
	c, err := app.Consent(overlaid(r.t, r.folder, r.own), "", app.Parts{Transport: network{r, r.product}})
	must(r.t, err)
	return consent.Run(r.t.Context(), c, consent.Options{Within: time.Hour, Say: func(string, ...any) {}, Open: func(address string) error {
		back, err := r.pc.sim.(*partnercentersim.Sim).Browse(address, url.Values{"user": {user}})
		if err != nil {
			return err
		}
		back.Host = "127.0.0.1:" + back.Port() // a name would be looked up outside of the story's time
		go visit(back.String())
		return nil
	}})
}

// visit is a browser that is sent somewhere on this machine.
func visit(address string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := client.Get(address); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// A consent that is over shows within one pass, although the access tokens from before are still good; the next consent
// ends it in the running process, and what waited goes on.
func TestR149_ANewConsentIsTakenUpWithoutARestart(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Signed in again")
		r.reconcile()
		if strings.Contains(r.health(), "consent.lost") {
			t.Fatal("lost at first")
		}
		before := r.product
		r.pc.switches(doc{"refreshToken": "revoked", "rotateRefreshToken": true})
		r.reconcile()
		r.advance(10 * time.Second)
		if h := r.health(); !strings.Contains(h, "consent.lost") || !strings.Contains(h, "cosellctl consent") || !strings.Contains(h, `"ok":false`) {
			t.Errorf("after a pass health says %s", h)
		}
		time.Sleep(2 * time.Hour)
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.advance(time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v == "5000" {
			t.Fatal("it worked without a consent")
		}
		got, err := r.consents("integration@northwind.example")
		if err != nil || got.MFA != consent.ByClaim || got.First {
			t.Fatalf("%v %+v", err, got)
		}
		r.advance(20 * time.Minute)
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.parked()) != 0 {
			t.Errorf("afterwards Partner Center has %s, %d are parked", v, len(r.parked()))
		}
		if h := r.health(); strings.Contains(h, "consent.lost") || !strings.Contains(h, `"ok":true`) {
			t.Errorf("health still says %s", h)
		}
		if r.product != before {
			t.Error("it was another process")
		}
	})
}

// Where nothing is wrong a check of the consent stores nothing, however often it is made.
func TestR92_AConsentIsCheckedWithoutANewRefreshToken(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"rotateRefreshToken": true})
		r.reconcile()
		mark := r.kv.calls()
		for range 6 { // half an hour
			time.Sleep(5 * time.Minute)
			r.reconcile()
		}
		r.kv.wrote(mark, 0)
	})
}

// refusedAccess is one way in which Partner Center, or the directory, refuses us.
type refusedAccess struct {
	settings []string
	switches doc
	user     string // who would sign in; empty: nobody needs to
	code     string // of health
	says     []string
	// registers: the registration is not concerned; consents: a new consent mends it.
	registers, consents bool
}

func refusedAccesses() map[string]refusedAccess {
	const user = "integration@northwind.example"
	return map[string]refusedAccess{
		"a wrong secret":       {[]string{"PARTNER_CENTER_CLIENT_SECRET=its-id"}, nil, "", "client.secret", []string{"secret", "PARTNER_CENTER_CLIENT_SECRET"}, false, false},
		"a wrong tenant":       {[]string{"PARTNER_CENTER_TENANT=00000000-0000-4000-8000-000000000000"}, nil, "", "client.tenant", []string{"no such tenant", "PARTNER_CENTER_TENANT"}, false, false},
		"a wrong app":          {[]string{"PARTNER_CENTER_CLIENT_ID=00000000-0000-4000-8000-000000000001"}, nil, "", "client.unknown", []string{"no such app registration", "PARTNER_CENTER_CLIENT_ID"}, false, false},
		"no permission":        {nil, doc{"permissions": "none"}, user, "permission.missing", []string{"may not call this API", "delegated permissions"}, false, false},
		"half a permission":    {nil, doc{"permissions": "referrals"}, user, "permission.missing", []string{"may not call this API", "delegated permissions"}, false, false},
		"half an admin's word": {nil, doc{"consent": "referrals"}, user, "permission.missing", []string{"nobody has consented", "admin consent"}, false, false},
		"no role":              {nil, doc{"role": "none", "webhookRole": "needed"}, user, "role.missing", []string{"lacks a role", "Referrals admin"}, false, false},
		"a role for referrals": {nil, doc{"role": "none"}, user, "role.missing", []string{"lacks a role", "Referrals admin"}, true, false},
		"no second factor":     {nil, doc{"tokenMFA": false}, user, "mfa.missing", []string{"MFA"}, false, false},
		"revoked":              {nil, doc{"refreshToken": "revoked"}, user, "consent.lost", []string{"no longer valid", "cosellctl consent"}, false, true},
	}
}

// Whatever is refused is said in one sentence with its cause and its mend, to whoever meets it: at the consent, at the
// registration, and in health.
func TestR149_EveryRefusalSaysItsCauseAndItsMend(t *testing.T) {
	for name, c := range refusedAccesses() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"refusedCallsCount": false})
				if c.switches != nil {
					r.pc.switches(c.switches)
				}
				time.Sleep(2 * time.Hour) // the tokens from before are over
				_, err := r.consents(c.user)
				switch {
				case c.consents && err != nil:
					t.Errorf("the consent: %v", err)
				case !c.consents:
					sentence(t, "the consent", errorText(err), c.says)
				}
				r.pc.switches(c.switches0()) // what was mended by it is broken again
				status, answer := r.operator(http.MethodPost, "webhookregistration", doc{"overwrite": true})
				if c.registers {
					if status != http.StatusOK {
						t.Errorf("the registration: %d %s", status, answer)
					}
				} else if sentence(t, "the registration", answer, c.says); status < 400 {
					t.Errorf("the registration: %d", status)
				}
				r.reconcile()
				r.advance(10 * time.Second)
				var h struct{ Problems []doc }
				decoded(t, []byte(r.health()), &h)
				found := false
				for _, problem := range h.Problems {
					if strings.HasPrefix(problem.text("what"), c.code) && problem.text("since") != "" {
						found = true
						sentence(t, "health", problem.text("say")+": "+problem.text("mend"), c.says)
					}
				}
				if !found {
					t.Errorf("health has no %s: %s", c.code, r.health())
				}
			}, append([]string{unregistered}, c.settings...)...)
		})
	}
}

// switches0 are the switches to set again; none is an empty change.
func (c refusedAccess) switches0() doc {
	if c.switches == nil {
		return doc{}
	}
	return c.switches
}

func errorText(err error) string {
	if err == nil {
		return "it was taken"
	}
	return err.Error()
}

// sentence checks what somebody is told.
func sentence(t *testing.T, where, text string, says []string) {
	t.Helper()
	for _, part := range says {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q: %s", where, part, text)
		}
	}
	for _, secret := range []string{refreshToken, partnerSecret, "0.refresh-", "its-id", "AADSTS9002313"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds %q", where, secret)
		}
	}
}
