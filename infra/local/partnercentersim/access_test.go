package partnercentersim_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

func TestMicrosoftsReferralIsReadableBySwitch(t *testing.T) {
	p := newPlace(t)
	made := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	for position, want := range map[string]struct{ status, listed int }{"readable": {200, 2}, "listed": {403, 2}, "hidden": {403, 1}} {
		p.turn("microsoftReferral", position)
		if a := p.get(made.text("microsoftId")); a.status != want.status || a.status == 403 && a.text("error/innerError/code") != "microsoftsReferral" {
			t.Errorf("%s: %d %s", position, a.status, a.raw)
		}
		p.want(p.get(made.text("id")), 200, "")
		if n := len(p.ask("$filter", "engagementId eq '"+made.text("engagementId")+"'").body["value"].([]any)); n != want.listed {
			t.Errorf("%s: %d listed, want %d", position, n, want.listed)
		}
	}
	own := p.post(deal(shared)) // still hidden: the answer to the POST is all that is seen
	p.want(p.call("POST", referrals, forMicrosoft(own.text("engagementId"))), 201, "")
}

func TestReaderMayReadButNotWrite(t *testing.T) {
	p := newPlace(t, func(o *partnercentersim.Options) { o.UserEmail = "kim@northwind.example" })
	id := p.post(deal()).text("id")
	p.turn("role", "reader")
	p.want(p.get(id), 200, "")
	p.want(p.patch(id, []object{replace("/name", "x")}), 403, "readOnlyRole")
	p.want(p.call("POST", referrals, deal()), 403, "readOnlyRole")
	p.want(p.call("PUT", referrals+"/"+id, "{}"), 403, "readOnlyRole")
	p.turn("role", "user")
	p.want(p.patch(id, []object{replace("/name", "x")}), 204, "")
}

func TestCallsMayNeedAnIDOfTheirOwn(t *testing.T) {
	p := newPlace(t)
	p.want(p.ask(), 200, "")
	p.turn("clientRequestId", "demanded")
	p.want(p.ask(), 400, "clientRequestIdMissing")
	p.want(p.call("GET", referrals, nil, "client-request-id", "mine"), 400, "clientRequestIdMissing")
	id := "6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d"
	if a := p.want(p.call("GET", referrals, nil, "client-request-id", id), 200, ""); a.header.Get("client-request-id") != id {
		t.Error(a.header)
	}
	p.want(p.call("GET", hooks, nil), 200, "")
}

func TestWritesAreThrottledHarderThanReads(t *testing.T) {
	p := newPlace(t)
	p.turn("requestsPerMinute", 8)
	p.turn("writesPerMinute", 2)
	id := p.post(deal()).text("id")
	p.want(p.patch(id, []object{replace("/name", "x")}), 204, "")
	p.pass(20 * time.Second)
	a := p.patch(id, []object{replace("/name", "y")})
	if a.status != 429 || a.header.Get("Retry-After") != "40" {
		t.Errorf("%d %v", a.status, a.header)
	}
	for range 5 {
		p.want(p.get(id), 200, "")
	}
	if a := p.get(id); a.status != 429 {
		t.Errorf("the ninth call: %d", a.status)
	}
	p.pass(40 * time.Second)
	p.want(p.patch(id, []object{replace("/name", "y")}), 204, "")
}

func TestRefusedCallsMayCountAgainstTheLimit(t *testing.T) {
	for counts, want := range map[bool]int{false: 200, true: 429} {
		p := newPlace(t)
		p.turn("requestsPerMinute", 2)
		p.turn("refusedCallsCount", counts)
		p.ask()
		p.ask()
		for range 10 { // impatient
			p.pass(6 * time.Second)
			if a := p.ask(); a.status != 429 && p.time().Sub(time.Date(2026, 3, 2, 9, 14, 5, 123456700, time.UTC)) < time.Minute {
				t.Fatalf("%d", a.status)
			}
		}
		if a := p.ask(); a.status != want {
			t.Errorf("%t: %d, want %d", counts, a.status, want)
		}
		p.pass(time.Minute)
		p.want(p.ask(), 200, "")
	}
}
