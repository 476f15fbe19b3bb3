package flow_test

import (
	"testing"
	"time"
)

// The opportunity that a person's Qualify made was deleted before anybody knew of it, and with it the CRM took its id out of the lead: a lead that is
// accepted then gets one, as any that was qualified without.
func TestALeadWhoseOpportunityWasDeletedUnseenGetsOneOnceItIsAccepted(t *testing.T) {
	w := withLead(t)
	delete(w.opportunities, w.personQualifies(itsLead, nil))
	lead := w.leads[itsLead]
	lead.Became = ""
	w.leads[itsLead] = lead
	w.leadHeard()
	if n := len(w.opportunities); n != 0 {
		t.Fatalf("%d opportunities of a lead that nobody has accepted", n)
	}
	for range 3 {
		w.accepted()
		w.leadHeard()
		w.now = w.now.Add(time.Hour)
	}
	w.oneDeal(itsDeal)
	w.silent()
}
