package demo

// Ceilings of leads, of which the specification says nothing: what is the same as of an opportunity costs the same. A
// step that takes the pair from one record to the next goes over several events, of which nobody knows which comes
// first: the ones that write are counted together, and each that only looks, by itself.
const (
	ceilingNewLead       = ceilingNewFromReferral + 1         // two tables may have a record that names it
	ceilingLeadAccepted  = ceilingNewFromReferral + 4         // and reads the lead, and what it became; the referral names that, and is read
	ceilingLeadQualified = 8 + ceilingFromOpportunity + 1 + 3 // reads both and what it became, links the two, says so on the lead, completes its task as it is; accepts, and tells; the referral names what it became, and is read
	ceilingLeadDeclined  = 2*ceilingFromOpportunity + 2       // says until when it can be taken back; declines then, completes its task as it is, and tells
	ceilingLook          = 4                                  // the referral, its engagement, the lead and what it became
)

// step lets somebody act and adds a row for all that was written because of it, and one for the dearest look.
func (c *counter) step(change string, ceiling int, act func()) {
	l := c.s.look()
	act()
	l.settle()
	var deeds, look spent
	for _, e := range perEvent(l) {
		if e.writes > 0 {
			deeds.calls, deeds.writes = deeds.calls+e.calls, deeds.writes+e.writes
		} else {
			look.calls = max(look.calls, e.calls)
		}
	}
	if deeds.writes == 0 {
		c.s.fail("%s: the product wrote nothing", change)
	}
	c.row(change, deeds, ceiling)
	c.row(change+", each look", look, ceilingLook)
}

// leads counts what the changes of a lead cost, from its arrival to the opportunity that it becomes.
func (c *counter) leads() {
	s := c.s
	var m made
	sends := func() {
		m = s.microsoft("lead", fields{"kind": "qualified", "referral": fields{"details": s.classified(fields{})}})
	}
	arrived := func(l *look) string {
		found := l.settle().rows("crm/lead", colReferral, m.ID)
		s.check(len(found) == 1, "referral %s is %d leads instead of one", m.ID, len(found))
		if s.err != nil {
			return ""
		}
		return found[0]
	}
	lead := arrived(c.counted("new lead from Partner Center", ceilingNewLead, sends))
	before := s.turn(s.c.Local.PartnerCenter.Control, fields{"pendingEdits": "accept"})
	c.counted("lead edited in CRM", ceilingFromOpportunity, func() { s.crmUpdate("lead", lead, fields{"description": "Called on Monday."}) })
	c.counted("lead edited in Partner Center", ceilingFromReferral, func() {
		s.portal("update", fields{"id": m.ID, "changes": fields{"/details/notes": "Calls back on Friday."}})
	})
	s.turn(s.c.Local.PartnerCenter.Control, before)
	c.step("lead accepted in the portal", ceilingLeadAccepted, func() {
		s.portal("accept", fields{"id": m.ID, "changes": fields{"/team/-": fields{"firstName": "Kim", "lastName": "Seller",
			"phoneNumber": "+4940555099", "email": "kim@northwind.example"}}})
	})
	sends()
	lead = arrived(s.look())
	c.step("lead qualified in CRM", ceilingLeadQualified, func() { s.crm("qualify", fields{"table": "lead", "id": lead}) })
	sends()
	lead = arrived(s.look())
	c.step("lead disqualified in CRM", ceilingLeadDeclined, func() {
		s.crm("disqualify", fields{"table": "lead", "id": lead, "status": 5})
	})
}
