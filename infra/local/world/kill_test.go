package world

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// pass lets one call go through all its points.
func pass(k *killer, method, url string) {
	r := httptest.NewRequest(method, url, nil)
	for _, p := range []control.Point{control.Before, control.Committed, control.Answered} {
		k.watch(p, r)
	}
}

func TestKillHappensOnceAtTheNthMatchingCall(t *testing.T) {
	kills := 0
	k := &killer{kill: func() { kills++ }}
	if err := k.arm(control.KillAfter{Host: "api.partner.microsoft.com", Method: "POST", Path: "/referrals$", N: 2}); err != nil {
		t.Fatal(err)
	}
	for i, call := range []struct {
		method, url string
		want        int
	}{
		{"POST", "https://api.partner.microsoft.com/v1.0/engagements/referrals", 0},
		{"GET", "https://api.partner.microsoft.com/v1.0/engagements/referrals", 0},
		{"POST", "https://cosell.crm4.dynamics.com/v1.0/engagements/referrals", 0},
		{"POST", "https://api.partner.microsoft.com/v1.0/engagements/referrals", 1},
		{"POST", "https://api.partner.microsoft.com/v1.0/engagements/referrals", 1},
	} {
		if pass(k, call.method, call.url); kills != call.want {
			t.Errorf("call %d: %d kills instead of %d", i, kills, call.want)
		}
	}
}

func TestKillStrikesAtItsPoint(t *testing.T) {
	for _, point := range []control.Point{control.Before, control.Committed, control.Answered} {
		kills := 0
		k := &killer{kill: func() { kills++ }}
		if err := k.arm(control.KillAfter{Point: string(point)}); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "https://a/b", nil)
		for _, p := range []control.Point{control.Before, control.Committed, control.Answered} {
			was := kills
			k.watch(p, r)
			if struck := kills > was; struck != (p == point) {
				t.Errorf("armed for %s: struck at %s is %v", point, p, struck)
			}
		}
	}
}

func TestKillAtACallLeavesCallsBesideItAlone(t *testing.T) {
	kills := 0
	k := &killer{kill: func() { kills++ }}
	if err := k.arm(control.KillAfter{N: 1, Point: "answered"}); err != nil {
		t.Fatal(err)
	}
	first, second := httptest.NewRequest("GET", "https://a/1", nil), httptest.NewRequest("GET", "https://a/2", nil)
	k.watch(control.Before, first)
	k.watch(control.Before, second)
	k.watch(control.Answered, second)
	if kills != 0 {
		t.Error("killed by a later call that ended first")
	}
	k.watch(control.Answered, first)
	if kills != 1 {
		t.Error("not killed by the call that was counted")
	}
}

func TestKillThatCannotBeIsRefused(t *testing.T) {
	k := &killer{}
	for wrong, says := range map[control.KillAfter]string{
		{Point: "later"}: "before, committed or answered",
		{Path: "("}:      "after.path",
		{N: -1}:          "after.n -1",
		{Host: "x.test"}: "tables",
		{Method: "GOT"}:  "after.method",
	} {
		if err := k.arm(wrong); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v does not say %q", wrong, err, says)
		}
	}
}
