package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A 429 closes the gate of all processes; health says so, whichever of them met it and though no record waits yet.
func TestR96_HealthNamesAHostThatAskedToWait(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Throttled")
		health := func() string { _, answer := r.operator(http.MethodGet, "health", nil); return answer }
		if got := health(); strings.Contains(got, "askedToWait") {
			t.Errorf("before anybody asked: %s", got)
		}
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": 429, "headers": doc{"Retry-After": "300"}, "times": 1})
		if _, answer := r.operator(http.MethodGet, "operator/preview?id="+p.opportunity, nil); !strings.Contains(answer, "asked to wait 5m") {
			t.Fatalf("the preview says %s", answer)
		}
		time.Sleep(3 * time.Second) // a report is that old at most
		if got := health(); !strings.Contains(got, `"askedToWait":{"api.partner.microsoft.com":"`) {
			t.Errorf("health says %s", got)
		}
		time.Sleep(6 * time.Minute)
		if got := health(); strings.Contains(got, "askedToWait") {
			t.Errorf("it is over, and health says %s", got)
		}
	})
}

// The process of the HTTP functions works for no record: what an operator meets there nobody else might tell.
func TestR92_AConsentThatAnOperatorFindsRevokedIsInHealth(t *testing.T) {
	for _, route := range []string{"webhookregistration", "operator/preview?id="} {
		t.Run(route, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Signed out")
				r.pc.switches(doc{"refreshToken": "revoked"})
				r.stop()
				r.start() // without a token
				if strings.HasSuffix(route, "=") {
					route += p.opportunity
				}
				if status, answer := r.operator(http.MethodGet, route, nil); status != http.StatusBadGateway {
					t.Fatalf("%d %s", status, answer)
				}
				if _, health := r.operator(http.MethodGet, "health", nil); !strings.Contains(health, `"consent.lost"`) || !strings.Contains(health, `"ok":false`) {
					t.Errorf("health says %s", health)
				}
				r.pc.switches(doc{"refreshToken": "valid"})
				time.Sleep(2 * time.Minute)
				if status, answer := r.operator(http.MethodGet, route, nil); status != http.StatusOK {
					t.Fatalf("%d %s", status, answer)
				}
				if _, health := r.operator(http.MethodGet, "health", nil); strings.Contains(health, "consent.lost") {
					t.Errorf("health still says %s", health)
				}
			})
		})
	}
}
