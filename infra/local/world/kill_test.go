package world

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// alone is a host with one process, which counts its deaths.
type alone struct{ kills int }

func (a *alone) Process(name string) (hostsim.Process, error) {
	return hostsim.Process{Name: name}, nil
}
func (a *alone) Kill(string) error { a.kills++; return nil }
func (a *alone) Status() hostsim.Status {
	return hostsim.Status{Processes: []hostsim.Process{{Name: "handler#1"}}}
}

// pass lets one call go through all its points.
func pass(k *killer, method, url string) {
	r := httptest.NewRequest(method, url, nil)
	for _, p := range []control.Point{control.Before, control.Committed, control.Answered} {
		k.watch(p, r)
	}
}

func TestKillHappensOnceAtTheNthMatchingCall(t *testing.T) {
	host := &alone{}
	k := &killer{fleet: host}
	if err := k.arm("", control.KillAfter{Host: "api.partner.microsoft.com", Method: "POST", Path: "/referrals$", N: 2}); err != nil {
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
		if pass(k, call.method, call.url); host.kills != call.want {
			t.Errorf("call %d: %d kills instead of %d", i, host.kills, call.want)
		}
	}
}

// What is saved after a call is not the only thing that is saved: a kill can wait for the call first.
func TestKillCountsOnlyWhatComesAfterTheCallItWaitsFor(t *testing.T) {
	host := &alone{}
	k := &killer{fleet: host}
	err := k.arm("", control.KillAfter{Host: "tables", Path: `/\$batch$`, Point: "before",
		Since: &control.Call{Host: "api.partner.microsoft.com", Method: "POST", Path: "/referrals$"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, call := range []struct {
		method, url string
		want        int
	}{
		{"POST", "http://tables/$batch", 0},
		{"GET", "https://api.partner.microsoft.com/v1.0/engagements/referrals", 0},
		{"POST", "http://tables/$batch", 0},
		{"POST", "https://api.partner.microsoft.com/v1.0/engagements/referrals", 0},
		{"POST", "http://tables/$batch", 1},
		{"POST", "http://tables/$batch", 1},
	} {
		if pass(k, call.method, call.url); host.kills != call.want {
			t.Errorf("call %d: %d kills instead of %d", i, host.kills, call.want)
		}
	}
}

func TestKillStrikesAtItsPoint(t *testing.T) {
	for _, point := range []control.Point{control.Before, control.Committed, control.Answered} {
		host := &alone{}
		k := &killer{fleet: host}
		if err := k.arm("", control.KillAfter{Point: string(point)}); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "https://a/b", nil)
		for _, p := range []control.Point{control.Before, control.Committed, control.Answered} {
			was := host.kills
			k.watch(p, r)
			if struck := host.kills > was; struck != (p == point) {
				t.Errorf("armed for %s: struck at %s is %v", point, p, struck)
			}
		}
	}
}

func TestKillAtACallLeavesCallsBesideItAlone(t *testing.T) {
	host := &alone{}
	k := &killer{fleet: host}
	if err := k.arm("", control.KillAfter{N: 1, Point: "answered"}); err != nil {
		t.Fatal(err)
	}
	first, second := httptest.NewRequest("GET", "https://a/1", nil), httptest.NewRequest("GET", "https://a/2", nil)
	k.watch(control.Before, first)
	k.watch(control.Before, second)
	k.watch(control.Answered, second)
	if host.kills != 0 {
		t.Error("killed by a later call that ended first")
	}
	k.watch(control.Answered, first)
	if host.kills != 1 {
		t.Error("not killed by the call that was counted")
	}
}

func TestKillThatCannotBeIsRefused(t *testing.T) {
	k := &killer{fleet: &alone{}}
	for wrong, says := range map[control.KillAfter]string{
		{Point: "later"}: "before, committed or answered",
		{Path: "("}:      "after.path",
		{N: -1}:          "after.n -1",
		{Host: "x.test"}: "tables",
		{Method: "GOT"}:  "after.method",

		{Since: &control.Call{Host: "x.test"}}: "after.since.host",
	} {
		if err := k.arm("", wrong); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v does not say %q", wrong, err, says)
		}
	}
}
