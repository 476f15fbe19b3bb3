package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A plug-in of the organisation keeps what was there, and CRM says yes: that is held like a refusal, also
// where the row was not read before it was written.
func TestR131_WhatCRMIgnoresIsHeldAndNotAskedAtEveryEvent(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Notes: "n"})
	w.opportunityChanged()
	w.events()
	keeps := func(r cosell.Record) { r[cosell.Notes] = "n" }
	w.afterCRMPut = keeps
	w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "note", cosell.ClosingDate: "2026-12-24"})
	w.referralChanged(w.own()[0].ID)
	o := w.opportunities[deal].Record
	if h := w.pair().Held; len(h) != 1 || h[0].Code != "value.ignored" || h[0].Field != cosell.Notes || h[0].Attempts != 1 {
		t.Errorf("held %+v", h)
	}
	if o[cosell.ClosingDate] != "2026-12-24" || o[cosell.Mark] != cosell.MarkFailed || strings.Count(o[cosell.Audit], "value.ignored") != 1 {
		t.Errorf("CRM %v", o)
	}
	w.events()
	w.silent()
	w.afterCRMPut = nil
	w.later(16 * time.Minute)
	if o := w.opportunities[deal].Record; o[cosell.Notes] != "note" || o[cosell.Mark] != cosell.MarkOK || len(w.pair().Held) != 0 {
		t.Errorf("not healed: %v, held %+v", o, w.pair().Held)
	}
	w.silent()
}

// A seller types a value that has no form on the other side: that alone is worth a word.
func TestR131_AValueThatBecameUnreadableInCRMIsTold(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.ClosingDate: "2026-12-24"})
	w.opportunityChanged()
	w.events()
	o := w.opportunities[deal]
	o.Record = o.Record.Clone()
	delete(o.Record, cosell.ClosingDate)
	o.Record[cosell.Unreadable], o.Record[cosell.Unreadable.Of(string(cosell.ClosingDate))] = "1", "9999-12-31 is not a date"
	o.Version, o.Modified = w.nextVersion(), w.now
	w.opportunities[deal] = o
	w.opportunityChanged()
	if a := w.opportunities[deal].Record[cosell.Audit]; strings.Count(a, "value.unreadable") != 1 {
		t.Errorf("Audit %q", a)
	}
	w.events()
	w.silent()
	o.Record = w.opportunities[deal].Record.Clone()
	delete(o.Record, cosell.Unreadable.Of(string(cosell.ClosingDate)))
	o.Record[cosell.Unreadable], o.Record[cosell.ClosingDate] = "0", "2027-01-31"
	o.Version, o.Modified = w.nextVersion(), w.now
	w.opportunities[deal] = o
	w.opportunityChanged()
	w.events()
	if r := w.own()[0].Record; r[cosell.ClosingDate] != "2027-01-31" || len(w.pair().Held) != 0 {
		t.Errorf("Partner Center has %q, held %+v", r[cosell.ClosingDate], w.pair().Held)
	}
	w.silent()
}

// Column security keeps one column from us and does not say which: that is ours to mend, and no reason to keep
// the other values back.
func TestR143_ARefusalOfOursAboutOneColumnHoldsNothingElseBack(t *testing.T) {
	for _, toPC := range []bool{true, false} {
		w := newWorld(t)
		w.want(cosell.Record{cosell.Notes: "n"})
		w.opportunityChanged()
		w.events()
		secured := func(values cosell.Record) error {
			if _, ok := values[cosell.DealValue]; ok {
				return fault.New(fault.Refused, "403").OfClass(fault.Ours).With("column.secured", "").OfPart()
			}
			return nil
		}
		edit := cosell.Record{cosell.DealValue: "250", cosell.Notes: "note", cosell.ClosingDate: "2026-12-24"}
		var err error
		if toPC {
			w.refusePCBy = secured
			w.user(edit)
			err = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
		} else {
			w.refuseCRM = secured
			w.portal(w.own()[0].ID, edit)
			err = w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated"))
		}
		o, r := w.opportunities[deal].Record, w.own()[0].Record
		if fault.ClassOf(err) != fault.Ours || o[cosell.Notes] != "note" || r[cosell.Notes] != "note" || o[cosell.ClosingDate] != r[cosell.ClosingDate] || o[cosell.DealValue] == r[cosell.DealValue] {
			t.Errorf("to Partner Center %v: %v\nCRM %v\nPartner Center %v", toPC, err, o, r)
		}
		if h := w.pair().Held; len(h) != 1 || h[0].Class != cosell.OfOurs || h[0].Field != cosell.DealValue || strings.Contains(o[cosell.Audit], "column.secured") {
			t.Errorf("to Partner Center %v: held %+v, Audit %q", toPC, h, o[cosell.Audit])
		}
		w.refusePCBy, w.refuseCRM = nil, nil
		w.later(time.Hour)
		if w.own()[0].Record[cosell.DealValue] != "250" || w.opportunities[deal].Record[cosell.DealValue] != "250" || len(w.pair().Held) != 0 {
			t.Errorf("to Partner Center %v: does not resume by itself: held %+v", toPC, w.pair().Held)
		}
		w.silent()
	}
}
