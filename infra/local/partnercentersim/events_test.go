package partnercentersim_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// collect takes what is due and answers everything with the status.
func (p *place) collect(status int) []control.Outgoing {
	out := p.sim.Advance(p.time())
	for _, o := range out {
		p.sim.Delivered(o.ID, status)
	}
	return out
}

// leaf gets the signing certificate and checks its chain the way a receiver has to.
func (p *place) leaf(url string) *x509.Certificate {
	p.t.Helper()
	der := []byte(p.send("GET", url, "").raw)
	if block, _ := pem.Decode(der); block != nil {
		der = block.Bytes
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	roots, middle := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(p.sim.RootPEM())
	middle.AppendCertsFromPEM(p.sim.IntermediatesPEM())
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle, CurrentTime: p.time(), DNSName: "pcnotifications-dispatch.microsoft.com"}); err != nil {
		p.t.Fatal(err)
	}
	if leaf.Issuer.Organization[0] != "Microsoft Corporation" || leaf.Subject.CommonName != "pcnotifications-dispatch.microsoft.com" {
		p.t.Fatal(leaf.Issuer, leaf.Subject)
	}
	return leaf
}

func (p *place) verify(header http.Header, body []byte, place string) {
	p.t.Helper()
	signature, ok := strings.CutPrefix(header.Get(place), "Signature ")
	if !ok || header.Get("X-MS-Signature-Algorithm") != "rsa-sha256" || header.Get("Content-Type") != "application/json" {
		p.t.Fatal(header)
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		p.t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	key := p.leaf(header.Get("X-MS-Certificate-Url")).PublicKey.(*rsa.PublicKey)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw); err != nil {
		p.t.Fatal(err)
	}
}

func TestEventsAreSignedWhereTheRegistrationSays(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	out := p.collect(200)
	want := `{"EventName":"referral-created","ResourceUri":"https://api.partnercenter.microsoft.com/engagements/v1/referrals/` + id +
		`","ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"2026-03-02T09:14:05.1234567+00:00"}`
	if len(out) != 1 || string(out[0].Body) != want || !strings.HasPrefix(out[0].URL, "https://prod-12.westeurope.logic.azure.com/") {
		t.Fatalf("%+v", out)
	}
	p.verify(out[0].Header, out[0].Body, "Authorization")
	if out[0].Header.Get("x-ms-signature") != "" {
		t.Error("signed twice")
	}
	p.call("PUT", hooks, registration())
	p.turn("certificateFormat", "pem")
	p.patch(id, []object{replace("/name", "x")})
	out = p.collect(200)
	p.verify(out[0].Header, out[0].Body, "x-ms-signature")
	if out[0].Header.Get("Authorization") != "" || out[0].URL != ours {
		t.Errorf("%+v", out[0])
	}
}

func TestAnIntermediateMayStandBetweenRootAndLeaf(t *testing.T) {
	const address = "https://3psostorageacct.blob.core.windows.net/cert/pcnotifications-dispatch.microsoft.com.cer"
	p := newPlace(t)
	if p.leaf(address); p.sim.IntermediatesPEM() != nil {
		t.Error("there is an intermediate without being asked for")
	}
	p = newPlace(t, func(o *partnercentersim.Options) { o.Intermediate = true })
	leaf := p.leaf(address)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(p.sim.RootPEM())
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: p.time()}); err == nil {
		t.Error("the leaf leads to the root without the intermediate")
	}
}

func TestCertificateHostServesNothingElse(t *testing.T) {
	p := newPlace(t)
	for call, want := range map[string]int{"GET /other.cer": 404, "POST /cert/pcnotifications-dispatch.microsoft.com.cer": 405} {
		method, path, _ := strings.Cut(call, " ")
		if a := p.send(method, "https://3psostorageacct.blob.core.windows.net"+path, ""); a.status != want {
			t.Errorf("%s: %d, want %d", call, a.status, want)
		}
	}
}

func TestSignGivesWhatMicrosoftWouldSend(t *testing.T) {
	p := newPlace(t)
	body := []byte(`{"EventName":"by hand"}`)
	a := p.do("/sign", object{"body": base64.StdEncoding.EncodeToString(body)})
	h := http.Header{}
	for k, v := range a.body["headers"].(object) {
		h.Set(k, v.(string))
	}
	p.verify(h, body, "Authorization")
	if a := p.tell("POST", "/sign", object{"body": "not base64!"}); a.status != 400 {
		t.Error(a.raw)
	}
}

func TestEveryChangeRaisesItsEvent(t *testing.T) {
	p := newPlace(t)
	made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	own, ms := made.text("id"), made.text("microsoftId")
	p.want(p.patch(own, []object{replace("/name", "x")}), 204, "")
	p.do("/seller", object{"do": "accept", "id": own})
	p.do("/user", object{"do": "update", "id": own, "changes": object{"/details/dealValue": 5}})
	got := names(t, p.collect(200))
	want := []string{"referral-created " + own, "related-referral-created " + ms, "referral-updated " + own,
		"related-referral-updated " + ms, "referral-updated " + own}
	if !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	p.turn("relatedEventId", "own")
	p.do("/seller", object{"do": "win", "id": own})
	if got := names(t, p.collect(200)); !slices.Equal(got, []string{"related-referral-updated " + own}) {
		t.Error(got)
	}
}

func TestRefusedChangesAndUnregisteredEventsRaiseNothing(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	p.collect(200)
	p.patch(id, []object{replace("/mpnId", "1")})
	p.call("PUT", hooks, registration(set("WebhookEvents", []any{"test-created"})))
	p.patch(id, []object{replace("/name", "x")})
	if out := p.collect(200); len(out) != 0 {
		t.Errorf("%d events", len(out))
	}
}

func TestFailedDeliveryIsTriedTenTimesWithGrowingPauses(t *testing.T) {
	p := newPlace(t)
	p.post(deal())
	start := p.time()
	var at []int
	for {
		for _, o := range p.sim.Advance(p.time()) {
			at = append(at, int(p.time().Sub(start).Seconds()))
			p.sim.Delivered(o.ID, map[bool]int{true: 0, false: 302}[len(at)%2 == 0])
		}
		next, ok := p.sim.Next()
		if !ok {
			break
		}
		p.pass(next.Sub(p.time()))
	}
	if got := fmt.Sprint(at); got != "[0 1 3 7 15 31 63 127 255 511]" {
		t.Errorf("attempts at %s", got)
	}
	if dead := p.tell("GET", "/records", nil).body["deadEvents"].([]any); len(dead) != 1 || dead[0].(object)["attempts"] != float64(10) {
		t.Error(dead)
	}
}

func TestBackoffIsASwitch(t *testing.T) {
	p := newPlace(t)
	p.turn("retryBackoff", "1m")
	p.post(deal())
	p.collect(500)
	if next, ok := p.sim.Next(); !ok || next.Sub(p.time()) != time.Minute {
		t.Errorf("next attempt %v", next)
	}
}

func TestPendingCountsFlightAndDueWork(t *testing.T) {
	p := newPlace(t)
	if _, ok := p.sim.Next(); ok || p.sim.Pending(p.time().Add(time.Hour)) != 0 {
		t.Error("something waits in the seed")
	}
	p.post(deal())
	p.post(deal())
	if next, ok := p.sim.Next(); !ok || next.After(p.time().Add(time.Millisecond)) || p.woken == 0 {
		t.Errorf("Next %v, woken %d", next, p.woken)
	}
	p.pass(time.Millisecond)
	out := p.sim.Advance(p.time())
	p.sim.Delivered(out[0].ID, 200)
	if n := p.sim.Pending(p.time()); n != 1 {
		t.Errorf("%d pending with one in flight", n)
	}
	if again := p.sim.Advance(p.time()); len(again) != 0 {
		t.Error("an event in flight was handed over again")
	}
	p.sim.Delivered(out[1].ID, 500)
	p.sim.Delivered(out[1].ID, 500) // nobody asked
	if now, later := p.sim.Pending(p.time()), p.sim.Pending(p.time().Add(30*time.Second)); now != 0 || later != 1 {
		t.Errorf("pending %d now and %d within 30 s", now, later)
	}
}

func TestDuplicatesDelayPauseAndLoss(t *testing.T) {
	p := newPlace(t)
	p.do("/delivery", object{"duplicate": 2, "delay": "5s"})
	p.post(deal())
	if len(p.collect(200)) != 0 {
		t.Error("the delay was passed over")
	}
	p.pass(5 * time.Second)
	if n := len(p.collect(200)); n != 3 {
		t.Errorf("%d copies, want 3", n)
	}
	p.do("/delivery", object{"pause": true})
	p.post(deal())
	if _, waits := p.sim.Next(); len(p.collect(200)) != 0 || waits || p.sim.Pending(p.time().Add(time.Hour)) != 0 {
		t.Error("the pause was passed over")
	}
	before := p.woken
	p.do("/delivery", object{})
	p.pass(time.Millisecond)
	if p.woken == before || len(p.collect(200)) != 1 {
		t.Error("the paused event did not come")
	}
	p.do("/delivery", object{"lose": true})
	p.post(deal())
	p.pass(time.Second)
	if len(p.collect(200)) != 0 {
		t.Error("a lost event came")
	}
	if n := p.do("/redeliver", object{"all": true}).body["events"]; n != float64(2) {
		t.Errorf("%v events were ever delivered, want 2: copies and lost ones do not count", n)
	}
}

func TestRedeliveryRepeatsBodiesAndHeaders(t *testing.T) {
	p := newPlace(t)
	p.post(deal())
	p.post(deal())
	p.pass(time.Millisecond)
	first := p.collect(202)
	p.call("PUT", hooks, registration())
	for range 2 {
		p.do("/redeliver", object{"all": true, "times": 2})
		again := p.collect(202)
		if len(again) != 4 {
			t.Fatalf("%d redelivered, want 4", len(again))
		}
		for i, o := range again {
			if string(o.Body) != string(first[i%2].Body) || o.Header.Get("Authorization") != first[i%2].Header.Get("Authorization") || o.URL != ours {
				t.Errorf("redelivery %d differs: %s %v", i, o.Body, o.Header)
			}
		}
	}
}

// shuffled delivers ten events at random and gives their order.
func shuffled(t *testing.T, seed int64) string {
	p := newPlace(t, func(o *partnercentersim.Options) { o.Seed = seed })
	p.do("/delivery", object{"shuffle": true, "lose": 0.3})
	for i := range 20 {
		p.do("/user", object{"do": "create", "referral": object{"name": fmt.Sprint(i)}})
	}
	p.pass(time.Second)
	return strings.Join(names(t, p.collect(200)), " ")
}

func TestShuffleAndLossFollowTheSeed(t *testing.T) {
	a, b, c := shuffled(t, 1), shuffled(t, 1), shuffled(t, 2)
	if a != b {
		t.Error("the same seed gave two orders")
	}
	if a == c {
		t.Error("two seeds gave the same order")
	}
	if n := len(strings.Fields(a)) / 2; n == 20 || n < 5 {
		t.Errorf("%d of 20 events came with 30 %% lost", n)
	}
}
