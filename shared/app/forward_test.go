package app

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// receiver stands for the other system.
type receiver struct {
	status int
	seen   []*http.Request
	bodies []string
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	r.seen, r.bodies = append(r.seen, req), append(r.bodies, string(body))
	return &http.Response{StatusCode: r.status, Header: http.Header{"Location": {"https://elsewhere.example/"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: req}, err
}

func TestR154_EventsAreHandedOnAsTheyCameToOneAddress(t *testing.T) {
	s := laptop(t)
	s["SYNC_MODE"], s["SYNC_FORWARD_URL"] = "shadow", "https://flows.example/invoke?sig=hidden"
	s["SYNC_SIMULATED"] += ",flows.example=127.0.0.1:9"
	to := &receiver{status: http.StatusAccepted}
	a, err := Of(environ(s), io.Discard, Parts{Transport: to})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Signature abc"}, "Content-Type": {"application/json"}, "X-Ms-Certificate-Url": {"https://c"}, "Cookie": {"x"}, "X-Forwarded-For": {"1.2.3.4"}}
	if err := a.Forward(context.Background(), header, []byte(`{"EventName":"referral-updated"}`)); err != nil {
		t.Fatal(err)
	}
	if got := to.seen[0]; got.URL.String() != "https://flows.example/invoke?sig=hidden" || got.Method != http.MethodPost || got.Header.Get("Authorization") != "Signature abc" ||
		got.Header.Get("Cookie")+got.Header.Get("X-Forwarded-For") != "" || to.bodies[0] != `{"EventName":"referral-updated"}` {
		t.Errorf("%v %q", got, to.bodies)
	}
	for _, status := range []int{http.StatusFound, http.StatusBadRequest, http.StatusInternalServerError} {
		to.status = status
		if err := a.Forward(context.Background(), header, nil); !fault.Is(err, fault.Broken) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestR154_EventsAreHandedOnInShadowModeOnly(t *testing.T) {
	for name, c := range map[string]struct{ mode, address, says string }{
		"live":                     {"live", "https://flows.example/?sig=hidden", "only be set together with SYNC_MODE=shadow"},
		"not https":                {"shadow", "http://flows.example/?sig=hidden", "must be an https address"},
		"no host":                  {"shadow", "flows/?sig=hidden", "must be an https address"},
		"to ourselves":             {"shadow", "https://cosell.example/?sig=hidden", "leads back"},
		"to ourselves, loudly":     {"shadow", "https://COSELL.example:443/?sig=hidden", "leads back"},
		"to ourselves, with a dot": {"shadow", "https://cosell.example./?sig=hidden", "leads back"},
		"to the platform's name":   {"shadow", "https://cosell-intake.azurewebsites.net/?sig=hidden", "leads back to this app"},
		"unlisted":                 {"shadow", "https://other.example/?sig=hidden", "SYNC_SIMULATED does not list"},
		"no such mode":             {"dark", "", "must be one of live, shadow"},
	} {
		s := laptop(t)
		s["SYNC_MODE"], s["SYNC_FORWARD_URL"], s["SYNC_PUBLIC_URL"] = c.mode, c.address, "https://cosell.example"
		s["WEBSITE_HOSTNAME"] = "cosell-intake.azurewebsites.net"
		s["SYNC_SIMULATED"] += ",flows.example=127.0.0.1:9,cosell.example=127.0.0.1:9"
		if _, err := New(environ(s), io.Discard); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
	a, err := New(environ(laptop(t)), io.Discard)
	if err != nil || a.Forward != nil {
		t.Errorf("%v, and live events are handed on", err)
	}
}

// silent never answers.
type silent struct{ asked int }

func (s *silent) RoundTrip(req *http.Request) (*http.Response, error) {
	s.asked++
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// A receiver that does not answer is given up after three seconds, and asked once: Partner Center waits for both.
func TestR154_AReceiverThatDoesNotAnswerIsGivenUp(t *testing.T) {
	s := laptop(t)
	s["SYNC_MODE"], s["SYNC_FORWARD_URL"] = "shadow", "https://flows.example/invoke?sig=hidden"
	s["SYNC_SIMULATED"] += ",flows.example=127.0.0.1:9"
	synctest.Test(t, func(t *testing.T) {
		to := &silent{}
		a, err := Of(environ(s), io.Discard, Parts{Transport: to})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := a.Forward(context.Background(), http.Header{}, []byte("{}")); !fault.Is(err, fault.Broken) || fault.Of(err).Mend == "" {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > forwardTime+100*time.Millisecond || to.asked != 1 {
			t.Errorf("given up after %s, asked %d times", took, to.asked)
		}
	})
}
