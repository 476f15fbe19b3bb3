package requirements

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// oldURL is the address of Microsoft's connector, which the seed of Partner Center has registered.
const oldURL = "logic.azure.com"

const ourURL = productURL + "/api/partnercenterwebhook/default"

var ourEvents = []string{"referral-created", "referral-updated", "related-referral-created", "related-referral-updated", "test-created"}

// registration is what Partner Center has registered: address and events.
func (r *rig) registration() (url string, events []string) {
	r.t.Helper()
	var out struct {
		Registration struct {
			WebhookURL    string   `json:"WebhookUrl"`
			WebhookEvents []string `json:"WebhookEvents"`
		} `json:"registration"`
	}
	decoded(r.t, r.pc.call(http.MethodGet, "/records", nil), &out)
	slices.Sort(out.Registration.WebhookEvents)
	return out.Registration.WebhookURL, out.Registration.WebhookEvents
}

// oldConnector has Microsoft's connector registered again.
func (r *rig) oldConnector() { r.t.Helper(); r.pc.call(http.MethodPost, "/reset", nil) }

// asks registers as an operator does, and checks the status.
func (r *rig) asks(overwrite bool, want int) (answer string) {
	r.t.Helper()
	status, answer := r.operator(http.MethodPost, "webhookregistration", doc{"overwrite": overwrite})
	if status != want {
		r.t.Errorf("registering with overwrite=%v is answered %d %s", overwrite, status, answer)
	}
	return answer
}

func TestR1_OnePOSTRegistersTheFourEventsAndTheTest(t *testing.T) {
	for _, none := range []string{"404", "200", "204"} { // how Partner Center says that there is none
		t.Run(none, func(t *testing.T) { registersOnce(t, none) })
	}
}

func registersOnce(t *testing.T, none string) {
	play(t, func(r *rig) {
		r.pc.switches(doc{"noRegistration": none})
		r.pc.call(http.MethodPost, "/registration", doc{"do": "forget"})
		mark := r.pc.calls()
		r.asks(false, http.StatusOK)
		w := r.pc.wrote(mark, 1)
		if len(w) == 1 && (w[0].Method != http.MethodPost || w[0].Path != "webhooks/v1/registration") {
			t.Errorf("written was %s", listed(w))
		}
		if url, events := r.registration(); url != ourURL || !slices.Equal(events, ourEvents) {
			t.Errorf("registered is %s for %v", url, events)
		}
	})
}

func TestR2_AnotherURLIsReplacedOnlyWhenAsked(t *testing.T) {
	play(t, func(r *rig) {
		r.oldConnector()
		mark := r.pc.calls()
		if answer := r.asks(false, http.StatusConflict); !strings.Contains(answer, oldURL) {
			t.Errorf("the refusal does not say who holds it: %s", answer)
		}
		r.pc.wrote(mark, 0)
		r.asks(true, http.StatusOK)
		if w := r.pc.wrote(mark, 1); len(w) == 1 && w[0].Method != http.MethodPut {
			t.Errorf("written was %s", listed(w))
		}
		url, events := r.registration()
		if want := append(slices.Clone(ourEvents[:4]), "subscription-updated", "test-created"); url != ourURL || !slices.Equal(events, want) {
			t.Errorf("registered is %s for %v", url, events)
		}
	})
}

func TestR3_RegisteringAgainWritesNothing(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.pc.calls()
		for _, overwrite := range []bool{true, false} {
			r.asks(overwrite, http.StatusOK)
		}
		r.pc.wrote(mark, 0)
		if url, _ := r.registration(); url != ourURL {
			t.Errorf("registered is %s", url)
		}
	})
}

// registers is another tool of the partner's, which knows a token too, and replaces the registration.
func (r *rig) registers(url string, events ...string) {
	r.t.Helper()
	body := encoded(r.t, doc{"WebhookUrl": url, "WebhookEvents": events})
	done := false
	r.tokens.Range(func(token, _ any) bool {
		req := httptest.NewRequest(http.MethodPut, partnercentersim.WebhooksAudience+"/webhooks/v1/registration", bytes.NewReader(body))
		req.Header.Set("Authorization", fmt.Sprint("Bearer ", token))
		answer, _ := served(r.pc.wire, req)
		done = answer.StatusCode == http.StatusOK
		return !done
	})
	if !done {
		r.t.Fatal("no token of the product's registers")
	}
}

// behindOurBack is what others do to the registration, and how health calls what is left of it.
var behindOurBack = map[string]struct {
	change func(r *rig)
	called string
}{
	"another URL":     {(*rig).oldConnector, oldURL},
	"an event less":   {func(r *rig) { r.registers(ourURL, ourEvents[1:]...) }, "lacks the events referral-created"},
	"none any longer": {func(r *rig) { r.pc.call(http.MethodPost, "/registration", doc{"do": "forget"}) }, "no webhook is registered"},
}

func TestR4_ARegistrationChangedBehindOurBackIsReported(t *testing.T) {
	for name, c := range behindOurBack {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.reconcile()
				if _, health := r.operator(http.MethodGet, "health", nil); strings.Contains(health, c.called) {
					t.Fatalf("nothing has changed, and health says %s", health)
				}
				time.Sleep(time.Minute)
				c.change(r)
				mark := r.pc.calls()
				r.reconcile()
				r.pc.wrote(mark, 0)
				if _, health := r.operator(http.MethodGet, "health", nil); !strings.Contains(health, "registration") || !strings.Contains(health, c.called) {
					t.Errorf("health does not name it: %s", health)
				}
			})
		})
	}
}

func TestR4_ARegistrationChangedBehindOurBackIsRestored(t *testing.T) {
	for name, c := range behindOurBack {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.reconcile()
				c.change(r)
				r.reconcile()
				url, events := r.registration()
				if url != ourURL || slices.ContainsFunc(ourEvents, func(name string) bool { return !slices.Contains(events, name) }) {
					t.Errorf("registered is %s for %v", url, events)
				}
				mark := r.pc.calls()
				r.reconcile()
				r.pc.wrote(mark, 0)
			}, "SYNC_REGISTER=restore")
		})
	}
}

// testEvent asks the product for a test event, while the world goes on.
func (r *rig) testEvent() (status int, answer string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		status, answer = r.operator(http.MethodPost, "webhookregistration/test", doc{})
	}()
	for {
		select {
		case <-done:
			return status, answer
		case <-time.After(100 * time.Millisecond):
			r.step()
		}
	}
}

func TestR5_ATestEventIsAskedForAndFollowed(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.pc.calls()
		status, answer := r.testEvent()
		w := r.pc.wrote(mark, 1)
		if status != http.StatusOK || !strings.Contains(answer, `"delivered":true`) || len(w) == 1 && !strings.HasSuffix(w[0].Path, "/validationEvents") {
			t.Errorf("%d %s", status, answer)
		}
		polls := 0
		for _, e := range r.pc.since(mark) {
			if e.Method == http.MethodGet && strings.Contains(e.URL, "/validationEvents/") {
				polls++
			}
		}
		if polls == 0 {
			t.Error("its state was not asked for")
		}
	})
}

// What Partner Center says of the delivery is told in its own words: what we answered, or that nobody did.
func TestR5_PartnerCentersFailureIsTold(t *testing.T) {
	for says, fails := range map[string]func(r *rig){
		"ServiceUnavailable":           func(r *rig) { r.pc.fault(doc{"match": doc{"url": "/cert/"}, "do": "cut"}) },
		"The callback did not answer.": func(r *rig) { r.deaf = true },
	} {
		t.Run(says, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.switches(doc{"retryBackoff": "1ms"})
				fails(r)
				if status, answer := r.testEvent(); status != http.StatusOK || !holdsAll(answer, []string{`"delivered":false`, says}) {
					t.Errorf("%d %s", status, answer)
				}
			})
		})
	}
}

func TestR5_TwoAMinuteAreEnough(t *testing.T) {
	play(t, func(r *rig) {
		for range 2 {
			if status, answer := r.testEvent(); status != http.StatusOK {
				t.Errorf("%d %s", status, answer)
			}
		}
		mark := r.pc.calls()
		if status, answer := r.testEvent(); status != http.StatusTooManyRequests {
			t.Errorf("the third is answered %d %s", status, answer)
		}
		r.pc.wrote(mark, 0)
		time.Sleep(time.Minute)
		if status, answer := r.testEvent(); status != http.StatusOK || !strings.Contains(answer, `"delivered":true`) {
			t.Errorf("a minute later it is answered %d %s", status, answer)
		}
	})
}
