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

// CRM says that the row was made and does not show it yet, a person deletes it, and nothing tells of that: a row that is known to
// have been made and is not there for long was deleted, and is not made again.
func TestI10_ARowThatWasMadeAndNeverShownIsNotMadeAgain(t *testing.T) {
	w := newWorld(t)
	r := portalDeal(w, nil)
	o := crm{w}.ID(r)
	w.crmLag = 30 * time.Second
	hint := told(r, "referral-created")
	hint.Seen = w.now
	job := func() error { return w.flow.FromReferral(ctx, hint) }
	if err := w.run(job); !fault.Is(err, fault.Later) || len(w.opportunities) != 1 {
		t.Fatalf("%v, %d opportunities", err, len(w.opportunities))
	}
	w.keep(o)
	delete(w.opportunities, o)
	w.deliver(job)
	w.events()
	if len(w.opportunities) != 0 || w.counts["CRM change set"] != 1 {
		t.Errorf("it is there again: %d opportunities, %d creations", len(w.opportunities), w.counts["CRM change set"])
	}
	if pair, _, err := w.memory.FindByReferral(ctx, r); err != nil || pair.Phase != cosell.Ended {
		t.Errorf("%v, the pair is %s", err, pair.Phase)
	}
}

// Where rows are made one by one the answer to the opportunity's own may be lost, and the next try finds it without its solutions:
// that it is there does not say that they are.
func TestI2_ARowThatACreationFindsGetsItsSolutionsLater(t *testing.T) {
	w := newWorld(t)
	solution := cosell.Solutions.Of("SOL-1")
	r := portalDeal(w, cosell.Record{solution: `{"name":"Forecast"}`})
	w.cutShort = true
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) })
	w.events()
	o := w.opportunities[crm{w}.ID(r)]
	if _, there := o.Record[solution]; !there {
		t.Errorf("the opportunity has no solution: %v", o.Record)
	}
	if _, there := w.referrals[r].Record[solution]; !there {
		t.Errorf("the referral lost its solution: %v", w.referrals[r].Record)
	}
	w.silent()
}

// Whoever makes a row dies before it is answered, a person deletes it, and the creation goes on before the deletion is heard: a row that
// is not there is made again at the second look only, and by then the pair has ended.
func TestI10_ARowThatNobodyKnewOfIsNotMadeAgain(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		w := newWorld(t)
		r := portalDeal(w, nil)
		o := crm{w}.ID(r)
		job := func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) }
		w.lateNew = true // nobody is answered
		if err := w.run(job); err == nil {
			t.Fatal("it was answered")
		}
		w.now = w.now.Add(time.Hour)
		if err := w.run(job); !fault.Is(err, fault.Later) || len(w.opportunities) != 0 {
			t.Fatalf("arrived %v: %v, %d opportunities", arrived, err, len(w.opportunities))
		}
		if arrived {
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Delete")) })
		}
		w.now = w.now.Add(time.Hour)
		w.deliver(job)
		if _, there := w.opportunities[o]; there == arrived {
			t.Errorf("deleted %v, and there %v", arrived, there)
		}
	}
}

// The row arrives late and is found, which nobody could remember; then a person deletes it. That is another doubt than the first one, and has
// not lasted yet.
func TestI10_ADoubtThatWasOverDoesNotCount(t *testing.T) {
	w := newWorld(t)
	r := portalDeal(w, nil)
	o := crm{w}.ID(r)
	job := func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) }
	look := func() error {
		w.now = w.now.Add(time.Minute)
		return w.run(job)
	}
	w.lateNew = true
	if err := w.run(job); err == nil {
		t.Fatal("it was answered")
	}
	if err := look(); !fault.Is(err, fault.Later) {
		t.Fatalf("not missed: %v", err)
	}
	w.commit()
	w.refuseSave = func(p cosell.Pair) error {
		if p.Phase == cosell.Linked {
			return fault.New(fault.Broken, "no answer")
		}
		return nil
	}
	if err := look(); err == nil {
		t.Fatal("remembered")
	}
	w.refuseSave = nil
	w.keep(o)
	delete(w.opportunities, o)
	if err := look(); !fault.Is(err, fault.Later) || len(w.opportunities) != 0 {
		t.Errorf("made again at once: %v, %d opportunities", err, len(w.opportunities))
	}
}
