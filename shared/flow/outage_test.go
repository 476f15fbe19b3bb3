package flow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

func TestR133_ALongWaitOfARecordShowsOnceAndClears(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.DealValue: "250"})
	h := toldOf("opportunity", deal, "Update")
	h.Seen = w.now
	w.refusePC = fault.New(fault.Broken, "this record only")
	for i := range 4 {
		if err := w.flow.FromOpportunity(ctx, h); !fault.Is(err, fault.Broken) {
			t.Fatal(err)
		}
		told := strings.Count(w.opportunities[deal].Record[cosell.Audit], "waiting: ")
		if want := min(i/2, 1); told != want { // two minutes are over after the second try
			t.Errorf("after %d tries told %d times", i+1, told)
		}
		w.now = w.now.Add(70 * time.Second)
	}
	if mark := w.opportunities[deal].Record[cosell.Mark]; mark != cosell.MarkFailed {
		t.Errorf("mark %q", mark)
	}
	w.refusePC = nil
	w.opportunityChanged()
	o := w.opportunities[deal].Record
	if w.own()[0].Record[cosell.DealValue] != "250" || o[cosell.Mark] != cosell.MarkOK || !strings.Contains(o[cosell.Audit], "in step again") {
		t.Errorf("%v", o)
	}
	w.silent()
}

// While the record is told that it waits nobody else works on it.
func TestI16_TheLineAboutWaitingIsWrittenUnderTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.want(nil)
		w.opportunityChanged()
		w.user(cosell.Record{cosell.DealValue: "250"})
		h := toldOf("opportunity", deal, "Update")
		h.Seen = w.now.Add(-time.Hour)
		w.refusePC = fault.New(fault.Broken, "this record only")
		var other error
		w.onCRMPut = func(cosell.Record) {
			w.onCRMPut = nil
			later, cancel := context.WithTimeout(ctx, time.Second) // which passes once everybody waits
			defer cancel()
			other = w.flow.FromOpportunity(later, toldOf("opportunity", deal, "Update"))
		}
		if err := w.flow.FromOpportunity(ctx, h); !fault.Is(err, fault.Broken) {
			t.Fatal(err)
		}
		if !errors.Is(other, context.DeadlineExceeded) {
			t.Errorf("somebody else came to the end of it meanwhile: %v", other)
		}
	})
}

func TestR133_AnOutageOfAWholeSideWritesToNoRecord(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.DealValue: "250"})
	h := toldOf("opportunity", deal, "Update")
	h.Seen = w.now
	w.outagePC = fault.New(fault.Broken, "everything")
	writes := w.writes()
	for range 5 {
		w.now = w.now.Add(time.Minute)
		if err := w.flow.FromOpportunity(ctx, h); !fault.Is(err, fault.Broken) {
			t.Fatal(err)
		}
	}
	if w.writes() != writes {
		t.Errorf("%d writes during the outage", w.writes()-writes)
	}
}

// A write that nobody knows the end of is proven by its own line. The line that tells the seller to wait is of
// the same event, and proves nothing.
func TestI26_ALineAboutWaitingProvesNoWrite(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id := w.own()[0].ID
	w.portal(id, cosell.Record{cosell.DealValue: "250", cosell.Notes: "theirs"})
	h := toldOf("referral", id, "updated")
	h.Seen = w.now
	w.refuseCRM = func(values cosell.Record) error { // the connection breaks before CRM sees these
		if values[cosell.DealValue] != "" {
			return fault.New(fault.Broken, "no answer")
		}
		return nil
	}
	for range 2 { // CRM is read, and so known to be there, at the second try
		if err := w.flow.FromReferral(flow.WithTrace(ctx, "0123abcd"), h); !fault.Is(err, fault.Broken) {
			t.Fatal(err)
		}
		w.now = w.now.Add(3 * time.Minute)
	}
	if !strings.Contains(w.opportunities[deal].Record[cosell.Audit], "waiting: ") {
		t.Fatalf("not told: %q", w.opportunities[deal].Record[cosell.Audit])
	}
	w.refuseCRM = nil
	if err := w.flow.FromReferral(flow.WithTrace(ctx, "0123abcd"), h); err != nil {
		t.Fatal(err)
	}
	if o := w.opportunities[deal].Record; o[cosell.DealValue] != "250" || o[cosell.Notes] != "theirs" || !strings.Contains(o[cosell.Audit], "waiting: ") {
		t.Errorf("%v", o)
	}
}

// Words that are written between a write whose end nobody knows and the look at what became of it change the
// row: they must neither hide that the write was made nor be taken for somebody else's.
func TestI26_WordsBetweenAWriteAndItsSettlementStay(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id := w.own()[0].ID
	w.portal(id, cosell.Record{cosell.DealValue: "250"})
	w.maybeCRM = fault.New(fault.Broken, "no answer")
	if err := w.flow.FromReferral(ctx, toldOf("referral", id, "updated")); err == nil {
		t.Fatal("the answer was not lost")
	}
	w.user(cosell.Record{cosell.DealValue: "100"}) // taken back
	w.outagePC = fault.New(fault.Refused, "this referral only").OfClass(fault.Record)
	w.opportunityChanged()
	if audit := w.opportunities[deal].Record[cosell.Audit]; !strings.Contains(audit, "refused") {
		t.Fatalf("not told: %q", audit)
	}
	w.outagePC = nil
	w.later(time.Hour)
	w.opportunityChanged()
	audit := w.opportunities[deal].Record[cosell.Audit]
	if strings.Contains(audit, "column.locked") || !strings.Contains(audit, "refused") || strings.Count(audit, "updated dealValue") != 1 {
		t.Errorf("%q", audit)
	}
	if got := w.referrals[id].Record[cosell.DealValue]; got != "100" {
		t.Errorf("what was taken back came again: %s", got)
	}
	w.silent()
}

func TestI26_WordsWhoseAnswerIsLostStay(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Notes: "mine"})
	w.outagePC = fault.New(fault.Refused, "this referral only").OfClass(fault.Record)
	w.maybeCRM = fault.New(fault.Broken, "no answer")
	if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")); err == nil {
		t.Fatal("the answer was not lost")
	}
	w.outagePC = nil
	w.later(time.Hour)
	w.opportunityChanged()
	if audit := w.opportunities[deal].Record[cosell.Audit]; strings.Contains(audit, "column.locked") || strings.Count(audit, "refused") != 1 {
		t.Errorf("%q", audit)
	}
	w.silent()
}
