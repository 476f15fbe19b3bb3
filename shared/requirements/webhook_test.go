package requirements

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// eventBody is a notification about a referral.
func eventBody(name, referral string) []byte {
	return fmt.Appendf(nil, `{"EventName":%q,"ResourceUri":"%s/engagements/v1/referrals/%s","ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"%s"}`,
		name, partnercentersim.WebhooksAudience, referral, time.Now().UTC().Format(time.RFC3339))
}

// signed are the headers that Microsoft sends with a body.
func (r *rig) signed(body []byte) http.Header {
	r.t.Helper()
	var out struct {
		Headers map[string]string `json:"headers"`
	}
	decoded(r.t, r.pc.call(http.MethodPost, "/sign", doc{"body": base64.StdEncoding.EncodeToString(body)}), &out)
	h := http.Header{}
	for name, value := range out.Headers {
		h.Set(name, value)
	}
	return h
}

// sends brings a notification to the webhook.
func (r *rig) sends(header http.Header, body []byte) (status int) {
	status, _ = r.ask(http.MethodPost, "/api/partnercenterwebhook/default", header, body)
	return status
}

// queued is how many messages wait.
func (r *rig) queued() int {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	return len(r.bus.waiting)
}

const someReferral = "11111111-2222-4333-8444-555555555555"

func TestR6_AValidEventIsAcceptedAtOnceAndQueued(t *testing.T) {
	play(t, func(r *rig) {
		body, began := eventBody("referral-updated", someReferral), time.Now()
		mark := r.pc.calls()
		if status := r.sends(r.signed(body), body); status/100 != 2 || r.queued() != 1 || time.Since(began) > time.Second {
			t.Errorf("answered %d after %s, %d messages wait", status, time.Since(began), r.queued())
		}
		for _, e := range r.pc.since(mark) {
			if !strings.Contains(e.URL, "/cert/") {
				t.Errorf("the webhook called %s %s", e.Method, e.URL)
			}
		}
	})
}

// What is not in the queue is not accepted, so that it comes again.
func TestR6_NothingIsAcceptedThatIsNotQueued(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("No queue")
		r.bus.fail = fault.New(fault.Broken, "the broker is away")
		body := eventBody("referral-updated", p.own)
		if status := r.sends(r.signed(body), body); status != http.StatusServiceUnavailable {
			t.Errorf("Partner Center is answered %d", status)
		}
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.step()
		r.edits("opportunity", p.opportunity, doc{"description": "Twice"})
		r.step()
		r.bus.fail = nil
		r.quiet()
		if v, notes := r.opportunity(p.opportunity).text("estimatedvalue"), r.referral(p.own).text("details/notes"); v != "91000" || notes != "Twice" {
			t.Errorf("CRM has %s, Partner Center %q", v, notes)
		}
	})
}

func TestR7_BothFormsOfTheSignatureAreTakenAndNoneIsRefused(t *testing.T) {
	play(t, func(r *rig) {
		body := eventBody("referral-updated", someReferral)
		signed := r.signed(body)
		signature := signed.Get("x-ms-signature") + signed.Get("Authorization")
		form := func(name, value string) http.Header {
			h := signed.Clone()
			h.Del("x-ms-signature")
			h.Del("Authorization")
			if name != "" {
				h.Set(name, value)
			}
			return h
		}
		for i, h := range []http.Header{form("Authorization", signature), form("x-ms-signature", signature), form("x-ms-signature", strings.TrimPrefix(signature, "Signature "))} {
			if status := r.sends(h, body); status/100 != 2 || r.queued() != i+1 {
				t.Errorf("form %d: answered %d, %d messages wait", i, status, r.queued())
			}
		}
		for _, missing := range []string{"x-ms-signature", "X-MS-Certificate-Url", "X-MS-Signature-Algorithm"} {
			h := form("x-ms-signature", signature)
			h.Del(missing)
			if status := r.sends(h, body); status != http.StatusUnauthorized || r.queued() != 3 {
				t.Errorf("without %s: answered %d, %d messages wait", missing, status, r.queued())
			}
		}
	})
}

func TestR8_WhatMicrosoftDidNotSignIsRejected(t *testing.T) {
	play(t, func(r *rig) {
		body := eventBody("referral-updated", someReferral)
		with := func(name, value string) http.Header {
			h := r.signed(body)
			h.Set(name, value)
			return h
		}
		for what, c := range map[string]struct {
			header http.Header
			body   []byte
		}{
			"another body":              {r.signed(body), eventBody("referral-updated", strings.Replace(someReferral, "1", "2", 1))},
			"unknown algorithm":         {with("X-MS-Signature-Algorithm", "none"), body},
			"weak algorithm":            {with("X-MS-Signature-Algorithm", "rsa-sha1"), body},
			"certificate of others":     {with("X-MS-Certificate-Url", "https://evil.example/cert/pcnotifications-dispatch.microsoft.com.cer"), body},
			"certificate by plain http": {with("X-MS-Certificate-Url", "http://"+certificateHost+"/cert/pcnotifications-dispatch.microsoft.com.cer"), body},
			"a token for a signature":   {with("x-ms-signature", "Bearer eyJ0eXAiOiJKV1QifQ"), body},
		} {
			if status := r.sends(c.header, c.body); status < 400 || status >= 500 || r.queued() != 0 {
				t.Errorf("%s: answered %d, %d messages wait", what, status, r.queued())
			}
		}
	})
}

// A chain that leads elsewhere, and a leaf for another name.
func TestR8_WrongChainAndWrongSubjectAreRejected(t *testing.T) {
	for what, setting := range map[string]string{
		"chain": "PARTNER_CENTER_EXTRA_ROOTS_FILE=", "intermediate": "PARTNER_CENTER_INTERMEDIATES_FILE=", "subject": "PARTNER_CENTER_CERTIFICATE_SUBJECTS=other.microsoft.com",
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				body := eventBody("referral-updated", someReferral)
				if status := r.sends(r.signed(body), body); status != http.StatusUnauthorized || r.queued() != 0 {
					t.Errorf("answered %d, %d messages wait", status, r.queued())
				}
			}, setting)
		})
	}
}

func TestR9_AnEventOfAnotherNameIsTakenLoggedAndIgnored(t *testing.T) {
	play(t, func(r *rig) {
		mark, crm := r.pc.calls(), r.dv.calls()
		for _, name := range []string{"subscription-updated", "invoice-ready", "brand-new-event"} {
			body := eventBody(name, someReferral)
			if name == "subscription-updated" {
				body = []byte(strings.ReplaceAll(string(body), "referral", "subscription"))
			}
			if status := r.sends(r.signed(body), body); status/100 != 2 || r.queued() != 0 {
				t.Errorf("%s: answered %d, %d messages wait", name, status, r.queued())
			}
			if !strings.Contains(r.log.String(), name) {
				t.Errorf("%s is not logged", name)
			}
		}
		r.quiet()
		for _, e := range append(r.pc.since(mark), r.dv.since(crm)...) {
			if !strings.Contains(e.URL, "/cert/") {
				t.Errorf("it led to %s %s", e.Method, e.URL)
			}
		}
	})
}

func TestR10_AnEventThatComesFiveTimesIsOneWrite(t *testing.T) {
	for name, how := range map[string]func(r *rig){
		"one after the other":  func(*rig) {},
		"concurrently":         func(r *rig) { r.bus.crowded = true },
		"in two processes":     func(r *rig) { r.twin = r.life() },
		"in two, concurrently": func(r *rig) { r.bus.crowded, r.twin = true, r.life() },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.coSell("Five times")
				how(r)
				r.pc.delivery(doc{"duplicate": 4, "shuffle": true})
				mark, messages := r.dv.calls(), r.bus.last
				r.portalEdits(p.own, doc{"/details/dealValue": 91000})
				r.quiet()
				taken := 0
				for _, w := range r.dv.writes(mark) { // a second process may come second
					if w.Status < 400 {
						taken++
					}
				}
				if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "91000" || r.bus.last-messages < 5 || taken != 1 {
					t.Errorf("the value is %s, after %d messages: %s", v, r.bus.last-messages, listed(r.dv.writes(mark)))
				}
				told := slices.DeleteFunc(r.audit(p.opportunity), func(line string) bool { return !strings.Contains(line, "to CRM: updated") })
				if len(told) > 1 {
					t.Errorf("it is told %d times", len(told))
				}
			})
		})
	}
}

// The same event is worked on by a second process just before the first one writes: only one of the two writes is taken.
func TestR10_AnEventThatAnotherProcessWorksOnMeanwhileIsOneWrite(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("At the same moment")
		r.twin, r.bus.crowded = r.life(), true
		r.pc.delivery(doc{"duplicate": 1})
		mark := r.dv.calls()
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		for r.queued() < 2 {
			r.events()
			time.Sleep(time.Second)
		}
		both, met := r.bus.due(), false
		r.dv.wire.Watch(func(at control.Point, call *http.Request) {
			if !met && at == control.Before && call.Method != http.MethodGet {
				met = true
				r.twin.ask(http.MethodPost, "/"+functionOf(both[1].queue), jsonHeader(), both[1].envelope())
			}
		})
		r.product.ask(http.MethodPost, "/"+functionOf(both[0].queue), jsonHeader(), both[0].envelope())
		r.quiet()
		taken := slices.DeleteFunc(r.dv.writes(mark), func(w written) bool { return w.Status >= 400 })
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "91000" || !met || len(taken) != 1 {
			t.Errorf("the value is %s, taken were %s", v, listed(taken))
		}
	})
}

// A new deal, reported five times at once to two processes, is one opportunity with one CRM id.
func TestR10_ANewDealThatComesFiveTimesIsOneOpportunity(t *testing.T) {
	play(t, func(r *rig) {
		r.bus.crowded, r.twin = true, r.life()
		r.pc.delivery(doc{"duplicate": 4, "shuffle": true})
		a := r.portalDeal(doc{"name": "Born five times"})
		r.advance(10 * time.Minute)
		if n := len(r.opportunities()); n != 1 || r.referral(a.ID).text("externalReferenceId") != r.only() {
			t.Errorf("%d opportunities, the CRM id is %q", n, r.referral(a.ID).text("externalReferenceId"))
		}
	})
}

func TestR11_AnEventThatComesLateChangesNothingBack(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Out of order")
		r.pc.delivery(doc{"pause": true})
		for _, value := range []int{91000, 92000, 93000} {
			r.portalEdits(p.own, doc{"/details/dealValue": value})
		}
		r.pc.delivery(doc{"shuffle": true})
		r.quiet()
		mark := r.dv.calls()
		r.pc.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.quiet()
		r.dv.wrote(mark, 0)
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "93000" || r.referral(p.own).text("details/dealValue") != "93000" {
			t.Errorf("CRM has %s, Partner Center %s", v, r.referral(p.own).text("details/dealValue"))
		}
	})
}

// Events whose signature stands in its header without a word before it are heard.
func TestR7_ABareSignatureIsHeard(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"signatureForm": "bare"})
		p := r.private("Bare")
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("estimatedvalue"); got != "91000" {
			t.Errorf("the value is %s", got)
		}
	})
}
