package demo

import "strings"

// leadFromMicrosoft is D14.
func leadFromMicrosoft(s *Story) {
	lead, m := s.inquires("qualified")
	l := s.look()
	s.by(partner, "accepts the lead in the portal")
	s.portal("accept", fields{"id": m.ID, "changes": fields{"/team/-": fields{"firstName": "Kim", "lastName": "Seller",
		"phoneNumber": "+4940555099", "email": "kim@northwind.example"}}})
	l.settle().shows("crm/lead/"+lead+"/statecode", "1")
	l.effect("crm", l.becameOne(lead, m.ID))
	s.says("%-20s the lead is qualified, and its opportunity goes on with the same referral", "")
}

// leadQualified is D15.
func leadQualified(s *Story) {
	lead, m := s.inquires("marketplace")
	s.by(seller, "fills in value and date")
	s.crmUpdate("lead", lead, fields{"estimatedamount": 5000, "estimatedclosedate": day(60)})
	s.settle()
	l := s.look()
	s.by(seller, "qualifies the lead")
	s.crm("qualify", fields{"table": "lead", "id": lead})
	l.settle().shows("pc/referrals/"+m.ID+"/status", "Active")
	l.effect("pc", "PATCH", m.ID)
	l.shows("pc/referrals/"+m.ID+"/details/dealValue", "5000")
	l.becameOne(lead, m.ID)
	s.says("%-20s the referral is accepted, and the opportunity that CRM made goes on with it", "")
}

// inquires lets a lead arrive, and checks that it is one lead in CRM with its contact.
func (s *Story) inquires(kind string) (lead string, m made) {
	s.by(microsoft, "sends a %s lead", kind)
	m = s.microsoft("lead", fields{"kind": kind, "referral": fields{"details": s.classified(fields{})}})
	l := s.look().settle()
	own := "pc/referrals/" + m.ID
	found := l.rows("crm/lead", colReferral, m.ID)
	s.check(len(found) == 1, "referral %s is %d leads instead of one", m.ID, len(found))
	if s.err != nil {
		return "", m
	}
	row := "crm/lead/" + found[0]
	l.shows(row+"/statecode", "0")
	for column, path := range map[string]string{"firstname": "team/0/firstName", "lastname": "team/0/lastName", "emailaddress1": "team/0/email",
		"telephone1": "team/0/phoneNumber", "companyname": "name", "address1_city": "address/city"} {
		l.is(row+"/"+column, l.value(own+"/customerProfile/"+path))
	}
	s.says("%-20s it is a lead in CRM, with the contact whole", "")
	return found[0], m
}

// becameOne checks that a lead went on as one opportunity.
func (l *look) becameOne(lead, referral string) string {
	s := l.s
	found := l.rows("crm/opportunity", colReferral, referral)
	s.check(len(found) == 1, "referral %s has %d opportunities instead of one", referral, len(found))
	if s.err != nil {
		return ""
	}
	row := "crm/opportunity/" + found[0]
	s.check(strings.EqualFold(l.lookup(row, "originatingleadid"), lead), "it is not of the lead: %s", l.lookup(row, "originatingleadid"))
	s.check(strings.EqualFold(l.value("pc/referrals/"+referral+"/externalReferenceId"), found[0]), "the referral's CRM id is %q", l.value("pc/referrals/"+referral+"/externalReferenceId"))
	return found[0]
}
