package demo

import "strings"

const (
	onHold     = "2" // status reasons of an open opportunity
	inProgress = "1"
)

// microsoftAnswers is D4.
func microsoftAnswers(s *Story) {
	d := s.deal("coSell", "D2")
	l := s.look()
	s.by(microsoft, "accepts")
	s.microsoft("accept", fields{"id": d.referral, "name": "Robin Redmond", "msxId": "7-ABCDE12345"})
	row := "crm/opportunity/" + d.opportunity
	if s.pcIs("microsoftReferral", "hidden") {
		l.settle().holds(row+"/"+colAudit, "microsoft.unreadable")
		s.says("%-20s this Partner Center keeps Microsoft's answer to itself, and Audit says so", "")
		return
	}
	l.settle().shows(row+"/cosell_microsoftcrmid", "7-ABCDE12345")
	l.effect("crm", d.opportunity)
	l.holds(row+"/cosell_microsoftseller", "Robin Redmond")
	l.holds(row+"/cosell_microsoftstatus", "Accepted")
	s.says("%-20s the seller's name and Microsoft's status are in CRM", "")
	l.expects(row+"/"+colAudit, "pc/referrals/"+d.microsoft, "pc/referrals/"+d.referral+"/trackingInfo/microsoftMsxId")
	l.nothingElse()

	other := s.coSell("Adventure Works portal", 30000)
	row = "crm/opportunity/" + other.opportunity
	l = s.look()
	s.by(microsoft, "declines the other one")
	s.microsoft("decline", fields{"id": other.microsoft, "reason": "No Microsoft seller directly manages this customer"})
	l.settle().holds(row+"/cosell_microsoftstatus", "Declined")
	l.effect("crm", other.opportunity)
	l.shows(row+"/statecode", "0")
	l.holds(row+"/"+colAudit, "No Microsoft seller directly manages this customer")
	s.says("%-20s the opportunity stays open, Audit says why", "")
	l.expects("pc/referrals/" + other.microsoft)
	l.nothingElse()
	s.keepDeal("declined", other)
}

// coSellFromPortal is D5.
func coSellFromPortal(s *Story) {
	l := s.look()
	s.by(partner, "makes a co-sell deal in Partner Center")
	m := s.portal("create", fields{"help": helpProof, "notes": "Please introduce us.", "referral": fields{
		"name": "Contoso stores", "details": s.classified(fields{"dealValue": 120000, "currency": "EUR",
			"closingDateTime": day(60) + "T00:00:00Z", "notes": "Forty stores."})}})
	own := "pc/referrals/" + m.ID
	if s.opinionated() {
		s.arrivesOnceMended(m.ID)
	}
	opportunity := strings.ToLower(l.settle().value(own + "/externalReferenceId"))
	s.check(opportunity != "", "the referral has no CRM id")
	row := "crm/opportunity/" + opportunity
	l.effect("crm", opportunity)
	l.shows(row+"/name", tick+s.inPCText("Contoso stores"))
	l.shows(row+"/estimatedvalue", "120000")
	for path, want := range map[string]string{
		row + "/" + colSync: "true", row + "/" + colVisible: "true", row + "/" + colReferral: m.ID,
		row + "/estimatedclosedate": day(60), row + "/description": s.inPCText("Forty stores."),
	} {
		l.is(path, want)
	}
	l.holds(row+"/cosell_referrallink", m.ID)
	s.meet()
	s.check(l.value(row+"/"+colHelp) == show(s.cast.choices[helpProof]) || s.pcIs("microsoftReferral", "hidden"), "help is %s in CRM", show(l.any(row+"/"+colHelp)))
	s.check(strings.EqualFold(l.lookup(row, "transactioncurrencyid"), s.cast.euro), "the currency is not EUR in CRM")
	l.peopleOf(opportunity, own)
	s.says("%-20s account, contact, solution rows and a human owner are in CRM", "")
	s.keepDeal("portal", deal{opportunity: opportunity, referral: m.ID, microsoft: m.MicrosoftID, engagement: m.EngagementID})
}

// peopleOf checks what hangs on an opportunity that the product made of a referral.
func (l *look) peopleOf(opportunity, referral string) {
	s, row := l.s, "crm/opportunity/"+opportunity
	account := "crm/account/" + l.lookup(row, "parentaccountid")
	s.check(strings.EqualFold(l.value(account+"/name"), l.value(referral+"/customerProfile/name")), // an opinionated CRM writes capitals
		"the account is %q", l.value(account+"/name"))
	l.is(account+"/address1_country", l.value(referral+"/customerProfile/address/country"))
	contact := "crm/contact/" + l.lookup(row, "parentcontactid")
	l.is(contact+"/emailaddress1", l.value(referral+"/customerProfile/team/0/email"))
	rows := l.solutionsOf(opportunity)
	s.check(len(rows) > 0 && l.any(referral+"/details/requirements/solutions/"+show(len(rows))) == nil &&
		l.any(referral+"/details/requirements/solutions/"+show(len(rows)-1)) != nil,
		"the opportunity has %d solution rows, the referral's list is %s", len(rows), show(l.any(referral+"/details/requirements/solutions")))
	owner := "crm/systemuser/" + l.lookup(row, "ownerid")
	s.check(l.any(owner) != nil && l.value(owner+"/applicationid") == "", "the owner is no person: %s", show(l.any(owner)))
}

// solutionsOf lists an opportunity's solution rows.
func (l *look) solutionsOf(opportunity string) []string {
	return l.rows("crm/cosell_solution", "_cosell_opportunityid_value", opportunity)
}

// editInPortal is D6.
func editInPortal(s *Story) {
	d := s.deal("portal", "D5")
	own, row := "pc/referrals/"+d.referral, "crm/opportunity/"+d.opportunity
	l := s.look()
	s.by(partner, "edits value, date and notes")
	s.portal("update", fields{"id": d.referral, "changes": fields{"/details/dealValue": 132000,
		"/details/closingDateTime": day(75) + "T00:00:00Z", "/details/notes": "Forty-two stores."}})
	l.settle().shows(row+"/estimatedvalue", "132000")
	l.shows(row+"/estimatedclosedate", day(75))
	l.shows(row+"/description", s.inPCText("Forty-two stores."))
	l.effect("crm", d.opportunity)
	l.wrote(0, "pc")
	l.expects(own+"/details/dealValue", own+"/details/closingDateTime", own+"/details/notes", row+"/"+colAudit)
	l.nothingElse()

	in := s.inbound(fields{"name": "Woodgrove branches"})
	l = s.look()
	s.by(partner, "accepts the inbound deal in the portal")
	s.portal("accept", fields{"id": in.referral, "changes": fields{"/team/-": fields{"firstName": "Kim", "lastName": "Seller",
		"phoneNumber": "+4940555099", "email": "kim@northwind.example"}}})
	l.settle().shows("crm/opportunity/"+in.opportunity+"/statuscode", inProgress)
	l.effect("crm", in.opportunity)
}

// inbound lets Microsoft's seller invite the partner, and waits for the opportunity, which is On Hold.
func (s *Story) inbound(referral fields) deal {
	s.by(microsoft, "sends the partner a deal")
	if referral["details"] == nil {
		referral["details"] = s.classified(fields{})
	}
	m := s.microsoft("invite", fields{"referral": referral})
	l := s.look().settle()
	found := l.rows("crm/opportunity", colReferral, m.ID)
	s.check(len(found) == 1, "referral %s has %d opportunities instead of one", m.ID, len(found))
	if s.err != nil {
		return deal{}
	}
	l.shows("crm/opportunity/"+found[0]+"/statuscode", onHold)
	return deal{opportunity: found[0], referral: m.ID, engagement: m.EngagementID}
}

// answerInbound is D7.
func answerInbound(s *Story) {
	d := s.inbound(fields{})
	own, row := "pc/referrals/"+d.referral, "crm/opportunity/"+d.opportunity
	l := s.look()
	s.by(seller, "gives it a name, a value and a description")
	s.crmUpdate("opportunity", d.opportunity, fields{"name": "Proseware rollout", "estimatedvalue": 77000, "description": "Rollout in spring."})
	l.settle().wrote(0, "pc")
	s.says("%-20s nothing is sent while it is On Hold", "")
	s.by(seller, "moves it to In Progress")
	s.crmUpdate("opportunity", d.opportunity, fields{"statuscode": 1})
	l.settle()
	if !s.acceptable() {
		l.shows(own+"/status", "New")
		l.told(d.opportunity, "to Partner Center")
		s.says("%-20s this Partner Center wants the whole document and takes no change of a name or a team", "")
		s.declineInbound()
		return
	}
	s.check(l.value(own+"/status") == "Active", "the referral is not accepted; Audit says %q", shorten(l.value(row+"/"+colAudit)))
	l.shows(own+"/status", "Active")
	l.shows(own+"/details/dealValue", "77000")
	l.is(own+"/details/notes", "Rollout in spring.")
	l.is(own+"/substatus", "Accepted")
	l.effect("pc", d.referral)
	l.wholeAcceptance(d)
	l.expects(row+"/name", row+"/estimatedvalue", row+"/description", row+"/statuscode", row+"/"+colAudit,
		own+"/acceptedDateTime", own+"/expirationDateTime", own+"/team", own+"/details/closingDateTime",
		"crm/task/*/statecode", "crm/task/*/statuscode") // the owner's reminder is done
	l.nothingElse()

	s.declineInbound()
}

// acceptable says whether a deal without name and team can be accepted from CRM: not where an acceptance needs
// both, and one of them cannot be changed.
func (s *Story) acceptable() bool {
	whole := s.pcIs("strict", "true") && s.pcIs("acceptance", "whole")
	return !whole || !s.pcIs("patchPaths", "connector") && !(s.pcIs("arrayReplace", "refuse") && s.pcIs("put", "refuse"))
}

// wholeAcceptance checks what goes with an answer: all in one request, where Partner Center takes it so.
func (l *look) wholeAcceptance(d deal) {
	s, own := l.s, "pc/referrals/"+d.referral
	if s.pcIs("patchPaths", "connector") {
		l.told(d.opportunity, "name")
		l.wrote(1, "pc")
		return
	}
	l.shows(own+"/name", "Proseware rollout")
	switch {
	case s.pcIs("arrayReplace", "refuse") && s.pcIs("put", "refuse"):
		l.told(d.opportunity, "team")
		l.wrote(2, "pc")
	case s.pcIs("arrayReplace", "refuse"):
		l.effect("pc", "PUT", d.referral)
		s.says("%-20s the team goes with the whole referral, as lists alone are not taken", "")
	case s.pcIs("patchPaths", "alone") && !s.pcIs("put", "refuse"):
		l.wrote(1, "pc")
		l.effect("pc", "PUT", d.referral)
		s.says("%-20s all of it with the whole referral, as the list does not go along with other paths", "")
	case s.pcIs("patchPaths", "alone") && s.pcIs("acceptance", "whole"):
		l.wrote(4, "pc") // notes, team and name first, then the answer
	case s.pcIs("patchPaths", "alone"):
		l.wrote(2, "pc")
	default:
		l.wrote(1, "pc")
		s.says("%-20s all of it in one PATCH, with the owner in the team", "")
	}
}

// declineInbound is the second half of D7.
func (s *Story) declineInbound() {
	other := s.inbound(fields{})
	own := "pc/referrals/" + other.referral
	l := s.look()
	s.by(seller, "closes another one as lost: %s", tooShort)
	s.crm("lose", fields{"id": other.opportunity, "reason": tooShort, "status": 4})
	l.settle().shows(own+"/substatus", "Declined")
	l.is(own+"/status", "Closed")
	l.shows(own+"/statusReason", tooShort)
	l.wrote(1, "pc")
	l.effect("pc", "PATCH", other.referral)
}
