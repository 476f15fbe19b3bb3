package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// shared is a co-sell deal that Microsoft was asked for, all events seen.
func (w *world) shared(changes cosell.Record) {
	w.t.Helper()
	w.want(changes)
	w.user(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
}

// private is a deal that Microsoft was not asked for, all events seen.
func (w *world) private(changes cosell.Record) {
	w.t.Helper()
	w.want(changes)
	w.opportunityChanged()
	w.events()
}

func TestMicrosoftsEventNeverWritesToMicrosoftsReferral(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	w.user(cosell.Record{cosell.DealValue: "777", cosell.Status: cosell.Won})
	w.referralChanged(w.microsofts()[0].ID) // its write to CRM meets the seller's
	w.opportunityChanged()
	if r := w.own()[0].Record; r[cosell.DealValue] != "777" || r[cosell.Status] != cosell.Won {
		t.Errorf("the seller's edit was lost: %v", r)
	}
	if o := w.opportunities[deal].Record; o[cosell.MicrosoftStatus] != "Accepted" {
		t.Errorf("Microsoft's answer was lost: %v", o)
	}
	w.silent()
}

func TestMicrosoftsAnswerKeepsAnEarlyWinWaiting(t *testing.T) {
	w := newWorld(t)
	w.shared(cosell.Record{cosell.DealValue: "85000"})
	w.now = w.now.Add(time.Hour)
	w.user(cosell.Record{cosell.Status: cosell.Won})
	if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win")); !fault.Is(err, fault.Later) {
		t.Fatal(err)
	}
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	_ = w.flow.FromReferral(ctx, told(w.microsofts()[0].ID, "related-referral-updated"))
	o := w.opportunities[deal].Record
	if strings.Contains(o[cosell.Audit], "in step again") || o[cosell.MicrosoftStatus] != "Accepted" {
		t.Errorf("Audit %q, Microsoft's status %q", o[cosell.Audit], o[cosell.MicrosoftStatus])
	}
	w.opportunityChanged()
	if w.own()[0].Record[cosell.Status] != cosell.Won {
		t.Error("the win never went through")
	}
	w.silent()
}

func TestMicrosoftsAnswerDoesNotWaitForAnEarlyWin(t *testing.T) {
	w := newWorld(t)
	w.shared(cosell.Record{cosell.DealValue: "85000"})
	w.user(cosell.Record{cosell.Status: cosell.Won})
	if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win")); !fault.Is(err, fault.Later) {
		t.Fatal(err)
	}
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	// The event may carry the own referral's id.
	if err := w.flow.FromReferral(ctx, told(w.own()[0].ID, "related-referral-updated")); !fault.Is(err, fault.Later) {
		t.Fatal(err)
	}
	if got := w.opportunities[deal].Record[cosell.MicrosoftStatus]; got != "Accepted" {
		t.Errorf("Microsoft's answer is still %q", got)
	}
}

func TestMicrosoftsEventLeavesProblemsOfTheDeal(t *testing.T) {
	w := newWorld(t)
	w.shared(nil)
	w.refusePC = fault.New(fault.Refused, "no").With("too.much", "ask")
	w.user(cosell.Record{cosell.DealValue: "777"})
	w.opportunityChanged()
	if o := w.opportunities[deal].Record; o[cosell.Mark] != cosell.MarkFailed {
		t.Fatalf("mark %q", o[cosell.Mark])
	}
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	w.referralChanged(w.microsofts()[0].ID)
	if o := w.opportunities[deal].Record; o[cosell.Mark] != cosell.MarkFailed || strings.Contains(o[cosell.Audit], "in step again") {
		t.Errorf("mark %q, Audit %q", o[cosell.Mark], o[cosell.Audit])
	}
	w.refusePC = nil
	w.later(time.Hour)
	if o := w.opportunities[deal].Record; w.own()[0].Record[cosell.DealValue] != "777" || o[cosell.Mark] != cosell.MarkOK {
		t.Errorf("referral %v, mark %q", w.own()[0].Record, o[cosell.Mark])
	}
	w.silent()
}
