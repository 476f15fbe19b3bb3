package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

var customer = cosell.Record{cosell.CustomerName: "Tailspin", "customerPostalCode": "20095", cosell.Contacts: "1", "contacts/ada": `{"email":"ada@x"}`}

// refused is CRM's no to a customer: named, without a name, or for want of a choice.
func refused(code, field string, class fault.Class) func(cosell.Record) error {
	return func(values cosell.Record) error {
		if values[cosell.CustomerName] == "" || code == "account.unclear" && values[cosell.State] == cosell.StateUnclear {
			return nil
		}
		err := fault.New(fault.Refused, "no").OfClass(class).With(code, "").Saying("no such customer: A (a-1) and B (b-2)", "mend it")
		if field != "" {
			err = err.At(field)
		}
		return err
	}
}

// customerless is a deal that came without its customer.
func (w *world) customerless(no func(cosell.Record) error) (referral, opportunity string) {
	w.t.Helper()
	w.refuseNew, w.refuseCRM = no, no
	id := portalDeal(w, customer)
	w.afterCreate = func(r cosell.Record) { // CRM shows an account only where there is one
		if r[cosell.State] == cosell.StateUnclear {
			for f := range customer {
				delete(r, f)
			}
		}
	}
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
	return id, crm{w}.ID(id)
}

func TestR127_ARefusedCustomerArrivesWhenItsCauseIsMended(t *testing.T) {
	for name, no := range map[string]func(cosell.Record) error{
		"a value of the account": refused("0x1", "customerPostalCode", fault.Record),
		"a contact":              refused("0x1", "contacts", fault.Record),
		"a plug-in":              refused("0x80040265", "", fault.Record),
		"a right":                refused("privilege.missing", "", fault.Ours),
	} {
		w := newWorld(t)
		_, o := w.customerless(no)
		w.silent()
		got := w.opportunities[o].Record
		pair, _, err := w.memory.Find(ctx, o)
		if err != nil || got[cosell.CustomerName] != "" || got[cosell.DealValue] != "9" || len(pair.Held) == 0 || name != "a right" && len(pair.Held) != 1 || pair.Held[0].Next.IsZero() {
			t.Fatalf("%s: %v, held %+v, %v", name, got, pair.Held, err)
		}
		if told := w.lines(o, "no such customer"); name != "a right" && told != 1 {
			t.Errorf("%s is told %d times: %s", name, told, got[cosell.Audit])
		}
		if name != "a right" { // which would be waited for
			w.later(16 * time.Minute)
			w.silent()
		}
		w.refuseNew, w.refuseCRM = nil, nil
		w.later(time.Hour)
		w.silent()
		got = w.opportunities[o].Record
		if got[cosell.CustomerName] != "Tailspin" || got["contacts/ada"] == "" || w.lines(o, "the customer is Tailspin") != 1 || got[cosell.Mark] != cosell.MarkOK {
			t.Errorf("%s: it did not arrive: %v", name, got)
		}
		if pair, _, _ = w.memory.Find(ctx, o); len(pair.Held) != 0 || w.lines(o, "customer.locked") != 0 || w.lines(o, "no such customer") > 1 {
			t.Errorf("%s: still held %+v\n%s", name, pair.Held, got[cosell.Audit])
		}
	}
}

func TestR127_APersonWhoChoosesTheAccountEndsIt(t *testing.T) {
	for name, no := range map[string]func(cosell.Record) error{
		"refused": refused("0x1", "customerPostalCode", fault.Record), "unclear": refused("account.unclear", "customerName", fault.Rule),
	} {
		w := newWorld(t)
		_, o := w.customerless(no)
		w.userOf(o, cosell.Record{cosell.CustomerName: "Tailspin", "customerPostalCode": "20095"})
		w.events()
		w.refuseNew, w.refuseCRM = nil, nil
		w.later(2 * time.Hour)
		w.silent()
		pair, _, _ := w.memory.Find(ctx, o)
		if got := w.opportunities[o].Record; len(pair.Held) != 0 || w.lines(o, "the customer is") != 0 || got[cosell.State] != cosell.StateInSync {
			t.Errorf("%s: held %+v, %v", name, pair.Held, got)
		}
	}
}

func TestR127_AnUnclearAccountArrivesOnceOneIsLeft(t *testing.T) {
	w := newWorld(t)
	_, o := w.customerless(refused("account.unclear", "customerName", fault.Rule))
	w.silent()
	if got := w.opportunities[o].Record; got[cosell.State] != cosell.StateUnclear || got[cosell.CustomerName] != "" || w.lines(o, "account.unclear") != 1 {
		t.Fatalf("%v", got)
	}
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("account", "a-1", "Update")) })
	w.silent()
	if got := w.opportunities[o].Record; got[cosell.State] != cosell.StateUnclear || w.lines(o, "account.unclear") != 1 {
		t.Fatalf("both are still there: %v", got)
	}
	w.refuseNew, w.refuseCRM = nil, nil
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("account", "c-3", "Update")) })
	if w.opportunities[o].Record[cosell.CustomerName] != "" {
		t.Error("another account's change tried it")
	}
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("account", "b-2", "Update")) })
	w.silent()
	pair, _, _ := w.memory.Find(ctx, o)
	if got := w.opportunities[o].Record; got[cosell.CustomerName] != "Tailspin" || got[cosell.State] != cosell.StateInSync || len(pair.Held) != 0 {
		t.Errorf("held %+v, %v", pair.Held, got)
	}
}
