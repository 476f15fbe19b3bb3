package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// The opportunity that a person's Qualify made was deleted before anybody knew of it: none is made in its place, and the lead says so. A new one
// that names the lead goes on with the referral.
func TestI10_TheDeletedOpportunityOfAPersonIsNotMadeAgain(t *testing.T) {
	w := withLead(t)
	id := w.personQualifies(itsLead, nil)
	made := w.opportunities[id]
	delete(w.opportunities, id)
	for range 3 {
		w.accepted()
		w.leadHeard()
		w.now = w.now.Add(time.Hour)
	}
	if n := strings.Count(w.leads[itsLead].Record[cosell.Audit], "opportunity.deleted"); len(w.opportunities) != 0 || n != 1 {
		t.Errorf("%d opportunities, %d lines: %s", len(w.opportunities), n, w.leads[itsLead].Record[cosell.Audit])
	}
	w.silent()
	made.ID, made.Version = itsDeal[:35]+"b", w.nextVersion()
	w.opportunities[made.ID] = made
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", made.ID, "Create")) })
	w.events()
	w.oneDeal(made.ID)
	w.silent()
}
