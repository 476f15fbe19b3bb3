package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestMicrosoftsAnswerReachesCRM(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	for name, tell := range map[string]func(){
		"Accepted": func() { w.referralChanged(w.microsofts()[0].ID) },
		"Declined": func() {
			w.deliver(func() error { return w.flow.FromReferral(ctx, told(w.own()[0].ID, "related-referral-updated")) })
		},
	} {
		w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: name})
		tell()
		if o := w.opportunities[deal].Record; o[cosell.MicrosoftStatus] != name || o[cosell.Status] != cosell.Open {
			t.Errorf("%s: %v", name, o)
		}
	}
	w.silent()
}

// While a change of the seller waits, an event of Microsoft's referral finds it not yet crossed. It has to be
// held there as for any other event, and never goes to Microsoft's referral.
func TestMicrosoftsReferralIsOnlyRead(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther", cosell.DealValue: "60000"})
	w.opportunityChanged()
	w.events()
	w.user(cosell.Record{cosell.Status: cosell.Won, cosell.DealValue: "80000"})
	if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win")); !fault.Is(err, fault.Later) {
		t.Fatalf("an early win: %v", err)
	}
	before, audit := w.writes(), w.opportunities[deal].Record[cosell.Audit]
	for _, reason := range []string{"related-referral-updated", "referral-updated", "related-referral-updated"} {
		if err := w.flow.FromReferral(ctx, told(w.microsofts()[0].ID, reason)); !fault.Is(err, fault.Later) {
			t.Errorf("%s of Microsoft's: %v", reason, err)
		}
	}
	if n := w.writes() - before; n != 0 || w.opportunities[deal].Record[cosell.Audit] != audit {
		t.Errorf("%d writes, audit %s", n, w.opportunities[deal].Record[cosell.Audit])
	}
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	if err := w.flow.FromReferral(ctx, told(w.microsofts()[0].ID, "related-referral-updated")); !fault.Is(err, fault.Later) {
		t.Error(err)
	}
	if o := w.opportunities[deal].Record; o[cosell.MicrosoftStatus] != "Accepted" || o[cosell.Status] != cosell.Won {
		t.Errorf("Microsoft's answer did not arrive: %v", o)
	}
}

func TestLaterHelpInvitesMicrosoft(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.user(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	if len(w.microsofts()) != 1 || w.own()[0].Record[cosell.Visibility] != cosell.True || w.opportunities[deal].Record[cosell.Visibility] != cosell.True {
		t.Errorf("Microsoft's %d, own %v", len(w.microsofts()), w.own()[0].Record)
	}
	w.silent()
}

// What Microsoft answered while a deal was switched off shows once it is switched on again, though no event
// comes a second time.
func TestMicrosoftsAnswerWhileSwitchedOffShowsAfterwards(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"})
	w.referralChanged(w.microsofts()[0].ID)
	if got := w.opportunities[deal].Record[cosell.MicrosoftStatus]; got == "Accepted" {
		t.Fatal("it crossed while the deal was switched off")
	}
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.opportunityChanged()
	if got := w.opportunities[deal].Record[cosell.MicrosoftStatus]; got != "Accepted" {
		t.Errorf("Microsoft's status is %q", got)
	}
	w.silent()
}

// Nor is it missed where Microsoft was only asked, and answered, while the deal was switched off, and no event
// said so: its referral is looked for, and known from then on.
func TestMicrosoftWhoCameWhileSwitchedOffIsMet(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.opportunityChanged()
	own := w.own()[0]
	w.referrals["m"] = cosell.Referral{Side: cosell.Side{ID: "m", Version: w.nextVersion(), Modified: w.now,
		Record: cosell.Record{cosell.MicrosoftStatus: "Accepted", cosell.Help: "GeneralOrOther"}}, EngagementID: own.EngagementID, Microsoft: true}
	w.portal(own.ID, cosell.Record{cosell.Visibility: cosell.True})
	w.user(cosell.Record{cosell.Sync: cosell.True})
	w.opportunityChanged()
	if got := w.opportunities[deal].Record[cosell.MicrosoftStatus]; got != "Accepted" || w.pair().MicrosoftID != "m" {
		t.Errorf("Microsoft's status is %q, its referral %q", got, w.pair().MicrosoftID)
	}
	w.silent()
}

// That Microsoft was asked may make the deal visible by itself: then it is not asked for. What the partner's person
// edited in that moment stands, and Microsoft is not asked again.
func TestLaterHelpAndTheDealInPartnerCenterMeanwhile(t *testing.T) {
	for name, tt := range map[string]struct {
		meanwhile cosell.Record
		asked     int
		decided   int // how often
	}{
		"Nothing": {nil, 1, 1}, "Shown": {cosell.Record{cosell.Visibility: cosell.True}, 0, 1}, "Edited": {cosell.Record{cosell.DealValue: "250"}, 1, 2},
		"ShownAndEdited": {cosell.Record{cosell.Visibility: cosell.True, cosell.DealValue: "250"}, 0, 1},
	} {
		w := newWorld(t)
		w.private(nil)
		invited, asked, patches, reads := 0, 0, w.counts["PC PATCH"], w.counts["CRM GET"]
		w.onInvite = func() {
			invited++
			if w.now = w.now.Add(time.Second); tt.meanwhile != nil {
				w.portal(w.own()[0].ID, tt.meanwhile)
			}
		}
		w.onPCPut = func(values cosell.Record) {
			if values[cosell.Visibility] == cosell.True {
				asked++
			}
		}
		w.user(cosell.Record{cosell.Help: "GeneralOrOther"})
		w.opportunityChanged()
		if n := w.counts["CRM GET"] - reads; n != tt.decided {
			t.Errorf("%s: CRM was read %d times", name, n)
		}
		w.events()
		r, o := w.own()[0].Record, w.opportunities[deal].Record
		if invited != 1 || asked != tt.asked || r[cosell.Visibility] != cosell.True || o[cosell.Visibility] != cosell.True {
			t.Errorf("%s: invited %d times, asked to show %d times, visible %s and %s", name, invited, asked, r[cosell.Visibility], o[cosell.Visibility])
		}
		if n := w.counts["PC PATCH"] - patches; n != tt.asked {
			t.Errorf("%s: %d PATCHes", name, n)
		}
		if v := tt.meanwhile[cosell.DealValue]; v != "" && (r[cosell.DealValue] != v || o[cosell.DealValue] != v) {
			t.Errorf("%s: the portal's edit became %s, and %s in CRM", name, r[cosell.DealValue], o[cosell.DealValue])
		}
		w.silent()
	}
}

// Wherever the process dies while Microsoft is asked on a deal that exists: it is asked once, and the deal shows.
func TestADeathWhileMicrosoftIsAskedLeavesNoHiddenDeal(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.private(nil)
		w.user(cosell.Record{cosell.Help: "GeneralOrOther"})
		w.dieAt = w.calls + at
		job := func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }
		done := w.run(job) == nil
		w.dieAt = 0
		w.deliver(job)
		w.events()
		r, o := w.own()[0].Record, w.opportunities[deal].Record
		if len(w.microsofts()) != 1 || r[cosell.Visibility] != cosell.True || o[cosell.Visibility] != cosell.True {
			t.Errorf("death at %d: %d of Microsoft's, visible %s and %s", at, len(w.microsofts()), r[cosell.Visibility], o[cosell.Visibility])
		}
		w.silent()
		if done {
			break
		}
	}
}

// Microsoft was asked, and Partner Center does not take that the deal shows: that is held, and comes by itself.
func TestAVisibilityThatIsRefusedAfterMicrosoftWasAskedComesByItself(t *testing.T) {
	for _, class := range []fault.Class{fault.Ours, fault.Record} {
		for name, edit := range map[string]cosell.Record{"Alone": nil, "WithAnotherEdit": {cosell.ClosingDate: "2026-12-24"}} {
			w := newWorld(t)
			w.private(nil)
			w.refusePatch = func(cosell.Record) error { return fault.New(fault.Refused, "no").OfClass(class).With("4711", "") }
			w.user(after(cosell.Record{cosell.Help: "GeneralOrOther"}, edit))
			for range 3 {
				_ = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update"))
				_ = w.flow.FromReferral(ctx, told(w.own()[0].ID, "related-referral-updated"))
				_ = w.flow.FromReferral(ctx, told(w.microsofts()[0].ID, "related-referral-updated"))
			}
			if _, held := w.pair().HeldAt(cosell.InPartnerCenter, cosell.Visibility); !held || len(w.microsofts()) != 1 {
				t.Errorf("%s, %s: %d of Microsoft's, held %+v", class, name, len(w.microsofts()), w.pair().Held)
			}
			w.refusePatch = nil
			w.later(time.Hour)
			if r := w.own()[0].Record; r[cosell.Visibility] != cosell.True || edit != nil && r[cosell.ClosingDate] != edit[cosell.ClosingDate] || len(w.pair().Held) != 0 {
				t.Errorf("%s, %s: mended: %v, held %+v", class, name, r, w.pair().Held)
			}
			w.silent()
		}
	}
}

// Who edits the referral while Microsoft is asked has edited it: what it says by then is not what our write answered.
func TestI1_AnEditWhileMicrosoftIsAskedCrosses(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	own := w.own()[0].ID
	w.now = w.now.Add(time.Minute)
	w.onInvite = func() {
		w.onInvite = nil
		w.now = w.now.Add(time.Minute)
		w.portal(own, cosell.Record{cosell.DealValue: "100", cosell.Visibility: cosell.True}) // taken back, and asking made it visible
	}
	w.user(cosell.Record{cosell.DealValue: "250", cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	if d, p := w.opportunities[deal].Record[cosell.DealValue], w.referrals[own].Record[cosell.DealValue]; d != "100" || p != "100" {
		t.Errorf("the CRM says %s, Partner Center %s", d, p)
	}
	if len(w.microsofts()) != 1 || w.referrals[own].Record[cosell.Visibility] != cosell.True {
		t.Errorf("%d referrals of Microsoft's, visible %s", len(w.microsofts()), w.referrals[own].Record[cosell.Visibility])
	}
	w.silent()
}

// Where Partner Center refuses both the closing of a deal and to ask Microsoft, the seller reads of each once: that it was too late to ask is
// true only of a deal that was closed.
func TestI4_ARefusedClosingDoesNotMakeTheAskingLate(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	w.now = w.now.Add(time.Minute)
	w.refuseInvite = fault.New(fault.Refused, "not so").OfClass(fault.Rule)
	w.refusePCBy = func(v cosell.Record) error {
		if v[cosell.Status] != "" {
			return fault.New(fault.Refused, "not now").OfClass(fault.Rule)
		}
		return nil
	}
	w.user(cosell.Record{cosell.Help: "GeneralOrOther", cosell.Status: cosell.Lost})
	w.opportunityChanged()
	w.later(time.Hour)
	written := w.crmWrites
	for range 30 {
		w.later(time.Hour)
		w.opportunityChanged()
	}
	audit := w.opportunities[deal].Record[cosell.Audit]
	if n := w.crmWrites - written; n > 0 || strings.Contains(audit, "help.late") {
		t.Errorf("%d writes after both were told:\n%s", n, audit)
	}
	w.refuseInvite, w.refusePCBy = nil, nil
	w.later(25 * time.Hour)
	if own := w.own()[0].Record[cosell.Status]; own != cosell.Lost {
		t.Errorf("the referral is %s:\n%s", own, w.opportunities[deal].Record[cosell.Audit])
	}
	w.silent()
}

// Of a long text of Microsoft's only a hash is remembered, and the partner's own referral does not say it: when somebody has changed the
// column, Microsoft's referral is asked; where that may not be read, the text comes back the next time that it is.
func TestI2_ALongTextOfMicrosoftsIsRestoredAndNeverItsHash(t *testing.T) {
	long := strings.Repeat("Sam Seller, ", 100)
	for name, hidden := range map[string]bool{"it is asked": false, "it may not be read": true} {
		w := newWorld(t)
		w.rules = append(rules(), cosell.Rule{Field: cosell.MicrosoftSeller, Way: cosell.ToOpportunity})
		w.restart()
		w.want(cosell.Record{cosell.Help: "GeneralOrOther", cosell.MicrosoftSeller: ""})
		w.opportunityChanged()
		w.events()
		m := w.microsofts()[0].ID
		w.portal(m, cosell.Record{cosell.MicrosoftSeller: long})
		w.referralChanged(m)
		seller := func() string { return w.opportunities[deal].Record[cosell.MicrosoftSeller] }
		if seller() != long {
			t.Fatalf("%s: it did not arrive: %.40q", name, seller())
		}
		w.hidden = hidden
		for _, typed := range []string{"mine", "once more"} {
			w.user(cosell.Record{cosell.MicrosoftSeller: typed})
			w.opportunityChanged()
			audit := w.opportunities[deal].Record[cosell.Audit]
			if want := map[bool]string{false: long, true: typed}[hidden]; seller() != want || strings.Contains(audit, "sha256:") {
				t.Errorf("%s: CRM says %.40q\n%s", name, seller(), audit)
			}
			if code := map[bool]string{false: "column.readonly", true: "column.changed"}[hidden]; !strings.Contains(audit, code) {
				t.Errorf("%s: nothing is said:\n%s", name, audit)
			}
			w.silent()
		}
		w.hidden = false
		w.referralChanged(m)
		if seller() != long {
			t.Errorf("%s: in the end CRM says %.40q", name, seller())
		}
		w.silent()
	}
}
