package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
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
