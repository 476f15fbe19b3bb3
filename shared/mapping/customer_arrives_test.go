package mapping_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// newCustomer is a customer that CRM does not know.
func newCustomer() cosell.Record {
	ada := mapping.Member{Email: "ada@lucerne.example", FirstName: "Ada", LastName: "New", Phone: "1"}
	return cosell.Record{cosell.CustomerName: "Lucerne Publishing", "customerAddress1": "Quai 1", "customerCity": "Luzern", "customerPostalCode": "6003",
		cosell.CustomerCountry: "CH", cosell.Contacts.Of(ada.Key()): ada.Text()}
}

func TestR127_ACustomerCanArriveLater(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	_, own, _ := w.shared(t)
	o, err := w.opportunities.Create(ctx, w.opportunities.ID(own.ID), own, cosell.Record{cosell.Name: "Without", cosell.Visibility: cosell.True, cosell.Status: cosell.Open, cosell.Sync: cosell.True})
	if err != nil || o.Record[cosell.CustomerName] != "" {
		t.Fatalf("%v %v", err, o.Record)
	}
	values := newCustomer()
	values[cosell.Audit] = "line"
	w.post(t, "/rules", `{"match":{"table":"account","column":"name"},"field":true,"message":"no new accounts today","times":1}`)
	if _, err := w.opportunities.Put(ctx, o, values); !fault.Is(err, fault.Refused) || !strings.HasPrefix(fault.Of(err).Field, "customer") {
		t.Fatalf("%v at %q", err, fault.Of(err).Field)
	}
	before := len(w.dv.calls)
	written, err := w.opportunities.Put(ctx, o, values)
	if err != nil {
		t.Fatal(err)
	}
	for f, want := range values {
		if got := written.Record[f]; got != want {
			t.Errorf("%s is %q, want %q", f, got, want)
		}
	}
	if n := len(w.dv.calls) - before; n != 2 {
		t.Errorf("%d calls: %v", n, w.dv.calls[before:])
	}
	other := newCustomer()
	other[cosell.CustomerName] = "Somebody else"
	if written, err = w.opportunities.Put(ctx, written, other); err != nil || written.Record[cosell.CustomerName] != "Lucerne Publishing" {
		t.Errorf("a customer that is there was replaced: %v %q", err, written.Record[cosell.CustomerName])
	}
}
