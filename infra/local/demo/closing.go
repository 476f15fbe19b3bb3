package demo

import "time"

// winAndLose is D10.
func winAndLose(s *Story) {
	d := s.coSell("Wide World logistics", 85000)
	s.by(microsoft, "accepts")
	s.microsoft("accept", fields{"id": d.microsoft})
	s.settle()
	s.advance(71 * time.Hour)
	s.settle()
	own, row := "pc/referrals/"+d.referral, "crm/opportunity/"+d.opportunity
	l := s.look()
	s.by(seller, "closes it as won, 71 hours after it was accepted")
	s.crm("win", fields{"id": d.opportunity, "actualRevenue": 86400, "actualEnd": day(-1), "reason": "Signed."})
	l.settle().shows(own+"/status", "Active")
	l.wrote(0, "pc")
	if s.crmIs("closedWritable", "true") {
		l.holds(row+"/"+colAudit, "won.early")
		s.says("%-20s held back, and Audit warns", "")
	}

	s.advance(2 * time.Hour)
	l.settle().shows(own+"/substatus", "Won")
	l.is(own+"/status", "Closed")
	l.shows(own+"/details/dealValue", "86400")
	l.holds(own+"/details/closingDateTime", day(-1))
	l.wrote(1, "pc")
	l.effect("pc", "PATCH", d.referral)
	s.says("%-20s by itself, with the actual revenue and date", "")

	const reason = "Customer chose another vendor"
	lost := s.coSell("Alpine Ski House booking", 45000)
	l = s.look()
	s.by(partner, "closes another deal as lost: %s", reason)
	s.portal("lose", fields{"id": lost.referral, "reason": reason})
	l.settle().shows("crm/opportunity/"+lost.opportunity+"/statecode", "2")
	l.effect("crm", lost.opportunity)
	found := l.rows("crm/opportunityclose", "_opportunityid_value", lost.opportunity)
	s.check(len(found) == 1, "the opportunity has %d close activities instead of one", len(found))
	if s.err == nil {
		l.holds("crm/opportunityclose/"+found[0]+"/description", s.cutInPC(reason))
		s.says("%-20s lost in CRM too, with the reason", "")
	}
}
