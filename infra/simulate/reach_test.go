package simulate

import (
	"testing"
	"testing/synctest"
	"time"
)

// Acts that need several others before them are possible at all: a deal that is shared, won and registered.
func TestAWonDealCanBeRegisteredAndJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay))
		r := newRun(t, draw(1, "one"), nil)
		d := &deal{born: "portal help", referral: r.people.id("referral", 99)}
		out, err := r.people.portal("user", doc{"do": "create", "id": d.referral, "referral": doc{"name": "Deal"}, "help": "GeneralOrOther"})
		if err != nil {
			t.Fatal(err)
		}
		d.microsoft = out.MicrosoftID
		if err := r.people.register(d); err != nil {
			t.Errorf("registering: %v", err)
		}
		if err := r.people.own(d, "seller", doc{"do": "registration", "status": "Approved"}); err != nil {
			t.Errorf("judging: %v", err)
		}
		if r.people.did["user register"] != 1 || r.people.did["seller registration"] != 1 {
			t.Errorf("%v", r.people.did)
		}
	})
}
