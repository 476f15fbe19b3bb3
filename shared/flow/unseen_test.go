package flow_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// witness is another deal of ours to which Microsoft was asked.
func (w *world) witness() {
	w.t.Helper()
	if err := saved(w, cosell.Pair{OpportunityID: "22222222-2222-4222-8222-222222222222", ReferralID: "r2", MicrosoftID: "m2", EngagementID: "e2", Phase: cosell.Linked}); err != nil {
		w.t.Fatal(err)
	}
	w.referrals["m2"] = cosell.Referral{Side: cosell.Side{ID: "m2", Version: "1"}, EngagementID: "e2", Microsoft: true}
}

func saved(w *world, p cosell.Pair) error {
	_, err := w.memory.Save(ctx, p)
	return err
}

// Where Partner Center does not show Microsoft's referral, that none is shown does not prove that none was made.
func TestMicrosoftIsNotAskedTwiceWhereItsReferralIsHidden(t *testing.T) {
	for name, after := range map[string]bool{"AtTheCreation": false, "Afterwards": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.hidden = true
			w.witness()
			if after {
				w.want(nil)
				w.opportunityChanged()
				w.user(cosell.Record{cosell.Help: "GeneralOrOther"})
			} else {
				w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
			}
			w.onInvite = func() { w.loseAnswer = true }
			w.opportunityChanged()
			w.events()
			o, p := w.linked().Record, w.pair()
			if n := len(w.microsofts()) - 1; n != 1 {
				t.Errorf("Microsoft was asked %d times", n)
			}
			if !p.Holds("help.unknown") || !strings.Contains(o[cosell.Audit], "help.unknown: it is not known whether Microsoft was asked") {
				t.Errorf("held %+v, Audit %s", p.Held, o[cosell.Audit])
			}
			w.silent()
		})
	}
}

// Where other engagements show Microsoft's referral, one that is not shown was not made.
func TestMicrosoftIsAskedAgainWhereItsReferralWouldShow(t *testing.T) {
	w := newWorld(t)
	w.witness()
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.onInvite = func() { // it does not arrive, and nobody knows
		w.onInvite = nil
		w.loseAnswer, w.loseRequest = true, true
	}
	w.opportunityChanged()
	w.events()
	if n := len(w.microsofts()) - 1; n != 1 || w.pair().Holds("help.unknown") {
		t.Errorf("%d referrals of Microsoft, held %+v", n, w.pair().Held)
	}
	w.silent()
}

// A Partner Center that refuses a second invitation says so: Microsoft is there, seen or not.
func TestARefusedSecondInvitationSaysThatMicrosoftIsThere(t *testing.T) {
	for name, hidden := range map[string]bool{"Shown": false, "Hidden": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.hidden, w.inviteOnce = true, true
			w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
			w.onInvite = func() { w.loseAnswer = true }
			w.opportunityChanged()
			if n := len(w.microsofts()); n != 1 || !w.pair().Holds("help.unknown") {
				t.Fatalf("Microsoft was asked %d times, held %+v", n, w.pair().Held)
			}
			if w.hidden = hidden; !hidden { // Partner Center shows it now
				w.referralChanged(w.microsofts()[0].ID)
				w.events()
				if p := w.pair(); p.MicrosoftID != w.microsofts()[0].ID || p.Holds("help.unknown") {
					t.Errorf("it shows, and the pair is %+v", p)
				}
			}
			w.silent()
		})
	}
}

// Events of Microsoft's referral come also where it may not be read: nobody is alarmed, nothing is repeated.
func TestEventsOfAReferralThatMayNotBeReadAreDone(t *testing.T) {
	w := newWorld(t)
	w.hidden = true
	w.witness()
	w.forget = func(string) bool { return true }
	if err := w.flow.FromReferral(ctx, told("m2", "related-referral-created")); err != nil {
		t.Error(err)
	}
}

// The row of the deal could not be written after Microsoft was asked: who goes on knows Microsoft's referral, and
// does not have to find it.
func TestMicrosoftIsNotAskedTwiceBecauseCRMWasDown(t *testing.T) {
	w := newWorld(t)
	w.hidden = true
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	broken := 3
	w.refuseCRM = func(cosell.Record) error {
		if broken > 0 {
			broken--
			return fault.New(fault.Broken, "503")
		}
		return nil
	}
	w.opportunityChanged()
	if n := len(w.microsofts()); n != 1 || broken != 0 || w.pair().MicrosoftID != w.microsofts()[0].ID {
		t.Errorf("%d referrals of Microsoft, the pair knows %q", n, w.pair().MicrosoftID)
	}
	w.linked()
	if n := w.entries(deal); n != w.writes() {
		t.Errorf("%d writes, %d entries", w.writes(), n)
	}
	w.silent()
}
