package flow_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// spent counts the calls of a job to each system; writes to CRM of any kind count as one.
func (w *world) spent(job func()) (pc, crm int) {
	w.t.Helper()
	clear(w.counts)
	job()
	for call, n := range w.counts {
		if strings.HasPrefix(call, "PC ") {
			pc += n
		} else {
			crm += n
		}
	}
	return pc, crm
}

// The ceilings are those of the specification; the flow alone is counted here, without lookups and caches of the mapping.
func TestEveryChangeStaysWithinItsBudgetOfCalls(t *testing.T) {
	private := func(w *world) { w.want(nil); w.opportunityChanged(); w.events() }
	for _, c := range []struct {
		name    string
		given   func(*world)
		change  func(*world)
		tell    func(*world)
		pc, crm int
	}{
		{"NewPrivateFromCRM", func(w *world) { w.want(nil) }, nil, (*world).opportunityChanged, 1, 2},
		{"NewCoSellFromCRM", func(w *world) { w.want(cosell.Record{cosell.Help: "GeneralOrOther"}) }, nil, (*world).opportunityChanged, 2, 2},
		{"CRMChanged", private, func(w *world) { w.user(cosell.Record{cosell.DealValue: "5"}) }, (*world).opportunityChanged, 2, 1},
		{"ReferralChanged", private, func(w *world) { w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "5"}) },
			func(w *world) { w.referralChanged(w.own()[0].ID) }, 1, 1},
		{"ReferralChangedAfterCRM", private, func(w *world) {
			w.user(cosell.Record{cosell.DealValue: "5"})
			w.opportunityChanged()
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "6"})
		}, func(w *world) { w.referralChanged(w.own()[0].ID) }, 1, 1},
		{"EchoOfPartnerCenter", private, func(w *world) { w.user(cosell.Record{cosell.DealValue: "5"}); w.opportunityChanged() },
			func(w *world) { w.referralChanged(w.own()[0].ID) }, 1, 0},
		{"EchoOfCRM", private, func(w *world) {
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "5"})
			w.referralChanged(w.own()[0].ID)
		}, (*world).opportunityChanged, 0, 1},
		{"NothingChanged", private, nil, (*world).opportunityChanged, 0, 1},
		{"MicrosoftAnswers", func(w *world) { w.shared(nil) }, func(w *world) { w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Accepted"}) },
			func(w *world) { w.referralChanged(w.microsofts()[0].ID) }, 1, 1},
		// In CRM the account is searched too, which the mapping's tests count.
		{"NewFromReferral", func(w *world) { portalDeal(w, nil) }, nil, func(w *world) { w.referralChanged(w.own()[0].ID) }, 2, 2},
		{"NewSharedFromReferral", func(w *world) { portalDeal(w, cosell.Record{cosell.Visibility: cosell.True}) }, nil,
			func(w *world) { w.referralChanged(w.own()[0].ID) }, 3, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.given(w)
			if c.change != nil {
				c.change(w)
			}
			if pc, crm := w.spent(func() { c.tell(w) }); pc > c.pc || crm > c.crm {
				t.Errorf("%d calls to Partner Center, %d to CRM; at most %d and %d: %v", pc, crm, c.pc, c.crm, w.counts)
			}
		})
	}
}
