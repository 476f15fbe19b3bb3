package flow_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// The news of Microsoft's referral comes with the id of the partner's own one, which was accepted: the lead becomes an opportunity, and what
// Microsoft says of that is compared under the lock of the opportunity.
func TestI16_WhatMicrosoftSaysOfALeadThatGrowsIsOfItsOpportunity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := withLead(t)
		own := w.referrals[inquiry]
		r := own
		r.Microsoft, r.Lead, r.ID, r.Version = true, false, "10000000-0000-4000-8000-00000000000c", w.nextVersion()
		r.Record = cosell.Record{cosell.MicrosoftStatus: "Active"}
		w.referrals[r.ID] = r
		w.portal(inquiry, cosell.Record{cosell.Status: cosell.Accepted})
		var beside []error
		w.onCRMPut = func(values cosell.Record) {
			if _, says := values[cosell.MicrosoftStatus]; !says {
				return
			}
			soon, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			beside = append(beside, w.flow.FromOpportunity(soon, toldOf("opportunity", itsDeal, "Update")))
		}
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(inquiry, "related-referral-updated")) })
		if o := w.oneDeal(itsDeal).Record; o[cosell.MicrosoftStatus] != "Active" || len(beside) != 1 || !fault.Is(beside[0], fault.Broken) { // it waited until its time was over
			t.Errorf("%q, beside it: %v", o[cosell.MicrosoftStatus], beside)
		}
		w.silent()
	})
}
