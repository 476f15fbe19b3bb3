package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// CRM takes a new row without its value, and may not show it: nothing of the creation was refused by that, so that no other form of
// it is tried. Once the row may be read, what it lacks comes by itself.
func TestI2_ARowThatWasMadeAndMayNotBeReadGetsWhatItLacksLater(t *testing.T) {
	no := fault.New(fault.Refused, "prvReadTransactionCurrency is missing").OfClass(fault.Ours).With("privilege.missing", "")
	w := newWorld(t)
	r := portalDeal(w, nil)
	o := crm{w}.ID(r)
	w.refuseReadCRM = no
	w.refuseNew = func(values cosell.Record) error {
		if values[cosell.DealValue] != "" {
			return no
		}
		return nil
	}
	for range 4 {
		if err := w.run(func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) }); err == nil {
			t.Fatal("the message ends")
		}
		w.now = w.now.Add(time.Minute)
	}
	if n := w.counts["CRM change set"]; n > 3 {
		t.Errorf("%d creations of one row", n)
	}
	w.refuseReadCRM, w.refuseNew = nil, nil
	w.referralChanged(r)
	w.events()
	got, want := w.opportunities[o].Record, w.referrals[r].Record
	for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.ClosingDate, cosell.Notes} {
		if got[f] != want[f] {
			t.Errorf("%s is %q in CRM and %q in Partner Center", f, got[f], want[f])
		}
	}
	w.silent()
}
