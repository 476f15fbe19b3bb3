package simulate

import (
	"strings"
	"testing"
	"time"
)

// Tales in which no event arrives. What a death has left behind is found by the message that comes again, and by the timer;
// an event, which would repair it too, cannot hide what that message forgets.

func talesWithoutEvents() []tale {
	silent := doc{"lose": 1}
	return []tale{
		{name: "no event tells what became of a POST", posting: silent, acts: withTimer(trouble("pc", "loseAnswer", "POST", "/referrals$"), creates(nil), waits(time.Hour))},
		{name: "no event tells of a deal of the portal", posting: silent, acts: withTimer(portalCreates(nil), portal("update", doc{"changes": doc{"/name": "Deal called 3"}}), edits(doc{"estimatedvalue": 4700}), closes("lose"))},
		{name: "no event tells of a deal of the CRM", posting: silent, acts: withTimer(creates(doc{"cosell_help": 700010002}), seller("accept", nil),
			edits(doc{"description": "Notes, edition 9", "estimatedvalue": 4500}), portal("update", doc{"changes": doc{"/details/dealValue": 4600}}))},
		{name: "no event tells of an invitation", posting: silent, acts: withTimer(invited(nil), portal("accept", nil), edits(doc{"description": "Notes, edition 11"}), portal("win", nil))},
		{name: "no event tells of two edits", posting: silent, acts: withTimer(creates(nil), together(edits(doc{"estimatedvalue": 4800}), portal("update", doc{"changes": doc{"/details/dealValue": 4900}})))},
	}
}

// withTimer are acts with the timer after each, twice: a pass that dies with its process is made by the next one.
func withTimer(acts ...act) (out []act) {
	for _, a := range acts {
		out = append(out, a, timer(), timer())
	}
	return out
}

// TestCrashesThatNoEventRepairs is a death after each write of two of them, and each save that fails; the others are played by TestCrashPoints in their turn.
func TestCrashesThatNoEventRepairs(t *testing.T) {
	e := &enumeration{t: t, parts: 1}
	var c count
	for _, x := range talesWithoutEvents()[:2] {
		plain := x.tell(t, "one", nil, false, false)
		if len(plain.broken) > 0 {
			t.Fatal(x.name, plain.broken)
		}
		for _, n := range plain.noted {
			if n.write {
				e.play(x, attempt{x.name, "one", []blow{{n.n, dieNext}}, false}, plain, &c)
			}
			if strings.HasPrefix(n.name, "tables write state o") { // a pair that is not saved
				e.play(x, attempt{x.name, "one", []blow{{n.n, cut}}, false}, plain, &c)
			}
			if len(c.Broken) > 0 {
				t.Fatal(c.Broken[0])
			}
		}
	}
	if c.Runs < 100 {
		t.Errorf("%d crash points only", c.Runs)
	}
}
