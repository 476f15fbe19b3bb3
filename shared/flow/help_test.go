package flow_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Microsoft's seller may have taken the deal up with another kind of help than the partner's own referral names: the own one
// counts, and news of the two do not take turns in CRM.
func TestI3_TheHelpOfTheOwnReferralCountsWhateverMicrosoftsSays(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	own, m := w.own()[0].ID, w.microsofts()[0].ID
	w.portal(own, cosell.Record{cosell.Help: "GeneralOrOther"})
	w.portal(m, cosell.Record{cosell.Help: "ProofOfConceptOrDemo"})
	before := w.writes()
	for range 3 {
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(m, "related-referral-updated")) })
		w.referralChanged(own)
	}
	if n := w.writes() - before; n > 0 || w.opportunities[deal].Record[cosell.Help] != "GeneralOrOther" {
		t.Errorf("%d writes, CRM has %s", n, w.opportunities[deal].Record[cosell.Help])
	}
	w.silent()
}

// Where the own one names none, Microsoft's does.
func TestMicrosoftsHelpCountsWhereTheOwnReferralNamesNone(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.events()
	own, m := w.own()[0].ID, w.microsofts()[0].ID
	delete(w.referrals[own].Record, cosell.Help)
	w.portal(m, cosell.Record{cosell.Help: "ProofOfConceptOrDemo"})
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(m, "related-referral-updated")) })
	if got := w.opportunities[deal].Record[cosell.Help]; got != "ProofOfConceptOrDemo" {
		t.Errorf("CRM has %s", got)
	}
	w.silent()
}
