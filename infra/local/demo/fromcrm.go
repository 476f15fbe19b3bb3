package demo

import (
	"net/http"
	"strings"
)

const registrationRoute = "/api/webhookregistration"

// oldConnector is D1.
func oldConnector(s *Story) {
	l := s.look()
	old := text(asAny(l.before["pc"]), "registration/WebhookUrl")
	s.by(operator, "registers the product's URL")
	answer := s.operate(http.MethodPost, registrationRoute, fields{"overwrite": false}, http.StatusConflict)
	s.check(old != "" && strings.Contains(answer, old), "the refusal does not name the old URL %q: %s", old, answer)
	s.says("%-20s refused: %s is registered", "", old)
	l.settle().wrote(0, "pc")

	s.by(operator, "registers it again, and says overwrite")
	s.operate(http.MethodPost, registrationRoute, fields{"overwrite": true}, http.StatusOK)
	l.settle()
	url := s.c.Local.Product.Webhooks.PartnerCenter
	got := l.value("pc/registration/WebhookUrl")
	s.check(strings.HasPrefix(got, url), "registered is %q instead of %q", got, url)
	events := l.value("pc/registration/WebhookEvents")
	for _, e := range []string{"referral-created", "referral-updated", "related-referral-created", "related-referral-updated", "test-created", "subscription-updated"} {
		s.check(strings.Contains(events, e), "the event %s is not registered: %s", e, events)
	}
	s.says("%-20s replaced; the events of others are kept: %s", "", events)
	l.effect("pc", "PUT", "/webhooks/v1/registration")
	l.expects("pc/registration")
	l.nothingElse()

	again := s.look()
	s.by(operator, "registers it once more")
	s.operate(http.MethodPost, registrationRoute, fields{"overwrite": true}, http.StatusOK)
	again.settle().wrote(0, "pc")
	s.says("%-20s nothing was written", "")
	s.by(operator, "asks for a test event")
	s.operate(http.MethodPost, registrationRoute+"/test", fields{}, http.StatusOK)
}

// coSellFromCRM is D2.
func coSellFromCRM(s *Story) {
	l := s.look()
	const name = "Tailspin warehouse analytics"
	s.by(seller, "makes account, contact, opportunity and solution row")
	opportunity, rows := s.ready(name, 85000)
	l.settle().wrote(0, "pc")
	s.by(seller, "sets Sync with Partner Center to Yes")
	s.sync(opportunity)
	d := l.settle().dealOf(opportunity)
	s.check(d.referral != "" && d.microsoft != "", "not two referrals in one engagement but %+v", d)
	own, ms, row := "pc/referrals/"+d.referral, "pc/referrals/"+d.microsoft, "crm/opportunity/"+opportunity
	l.effect("pc", "POST", "/engagements/referrals")
	l.shows(own+"/status", "Active")
	l.shows(ms+"/status", "New")
	l.shows(ms+"/inviteContext/assistanceRequestCode", helpWorkload)
	for path, want := range map[string]string{
		own + "/substatus": "Accepted", ms + "/substatus": "Pending", ms + "/target/0/id": "msft",
		own + "/externalReferenceId": opportunity, own + "/name": name, own + "/type": "Shared",
		own + "/details/dealValue": "85000", own + "/details/currency": "EUR",
		own + "/details/notes": "The customer wants to forecast stock.", own + "/customerProfile/address/country": "DE",
		own + "/customerProfile/name": s.accountName(name + " GmbH"), own + "/customerProfile/team/0/email": "ada@example.example",
		own + "/consent/consentToShareReferralWithMicrosoftSellers": "true",
		own + "/details/requirements/solutions/0/id":                "SOL-12345-ABC",
		row + "/" + colVisible:                                      "true", row + "/name": tick + name,
	} {
		l.is(path, want)
	}
	l.holds(own+"/details/closingDateTime", day(90))
	l.holds(row+"/cosell_referrallink", d.referral)
	s.check(l.value(own+"/team/0/email") != "", "the opportunity's owner is not in the referral's team")
	s.check(l.value(row+"/"+colAudit) != "", "Audit is empty")
	s.says("%-20s identifier, link, Audit and tick are in CRM", "")
	l.expects(append(rows, own, ms)...)
	l.nothingElse()
	s.keepDeal("coSell", d)
}

// editInCRM is D3.
func editInCRM(s *Story) {
	d := s.deal("coSell", "D2")
	l := s.look()
	s.by(seller, "edits value, date, description and name")
	s.crmUpdate("opportunity", d.opportunity, fields{"estimatedvalue": 91500.5, "estimatedclosedate": day(120),
		"description": "Forecast stock, and returns.", "name": tick + "Tailspin analytics"})
	l.settle()
	own, row := "pc/referrals/"+d.referral, "crm/opportunity/"+d.opportunity
	l.shows(own+"/details/dealValue", s.inCRM("91500.5"))
	l.shows(own+"/details/notes", "Forecast stock, and returns.")
	l.holds(own+"/details/closingDateTime", day(120))
	// Whether a name can be changed is not documented: it goes in a PATCH of its own.
	if s.pcIs("patchPaths", "connector") {
		l.shows(own+"/name", "Tailspin warehouse analytics")
		l.told(d.opportunity, "Topic")
		l.wrote(1, "pc")
	} else {
		l.shows(own+"/name", "Tailspin analytics")
		l.wrote(2, "pc")
	}
	l.effect("pc", "PATCH", d.referral)
	l.expects(row+"/estimatedvalue", row+"/estimatedclosedate", row+"/description", row+"/name", row+"/"+colAudit)
	l.nothingElse()
}

// openUp is D8.
func openUp(s *Story) {
	account := s.customer("Fabrikam GmbH", "DE")
	s.by(seller, "makes a private deal without contact")
	opportunity := s.opportunity("Fabrikam migration", 40000, account, nil)
	s.solution(opportunity, "SOL-12345-ABC", "Northwind Forecast")
	s.sync(opportunity)
	l := s.look().settle()
	d := l.dealOf(opportunity)
	s.check(d.referral != "" && d.microsoft == "", "not one private referral but %+v", d)
	own, row := "pc/referrals/"+d.referral, "crm/opportunity/"+opportunity
	const consent = "/consent/consentToShareReferralWithMicrosoftSellers"
	l.shows(own+consent, "false")

	s.by(seller, "adds the contact and makes the deal visible")
	contact := s.contactOf(account, "Bo", "Fabrikam")
	s.crmUpdate("opportunity", opportunity, fields{colVisible: true, "parentcontactid@odata.bind": "/contacts(" + contact + ")"})
	if s.pcIs("consentPatch", "accept") {
		l.settle().shows(own+consent, "true")
		l.effect("pc", d.referral) // the contact goes along: with the whole referral where lists are not patched
	} else {
		l.settle().shows(own+consent, "false")
		l.holds(row+"/"+colAudit, "isib") // "Visible to Microsoft sellers", or "did not make the deal visible"
		s.says("%-20s this Partner Center does not share a deal afterwards, and Audit says so", "")
	}
	s.check(l.dealOf(opportunity).microsoft == "", "Microsoft has a referral, though no help was asked")

	s.by(seller, "asks for Microsoft's help")
	s.crmUpdate("opportunity", opportunity, fields{colHelp: s.cast.choices[helpProof]})
	d = l.settle().dealOf(opportunity)
	s.check(d.microsoft != "", "Microsoft has no referral in engagement %s", d.engagement)
	l.effect("pc", "POST", "/engagements/referrals")
	l.is(row+"/"+colReferral, d.referral)
	l.shows("pc/referrals/"+d.microsoft+"/inviteContext/assistanceRequestCode", helpProof)
	l.is("pc/referrals/"+d.microsoft+"/customerProfile/team/0/email", "bo@fabrikam.example")

	back := s.look()
	s.by(seller, "sets visibility back to No")
	s.crmUpdate("opportunity", opportunity, fields{colVisible: false})
	back.settle().shows(row+"/"+colVisible, "true")
	back.effect("crm", opportunity)
	back.wrote(0, "pc")
	audit := back.value(row + "/" + colAudit)
	s.check(audit != text(asAny(back.before["crm"]), "opportunity/"+opportunity+"/"+colAudit), "Audit does not explain why visibility stays")
	s.says("%-20s restored, and Audit says why", "")
	back.expects(row+"/"+colVisible, row+"/"+colAudit, row+"/name")
	back.nothingElse()
}

// solutionRows is D9.
func solutionRows(s *Story) {
	d := s.deal("coSell", "D2")
	own := "pc/referrals/" + d.referral
	list := own + "/details/requirements/solutions"
	l := s.look()
	s.by(seller, "adds a solution row")
	row := s.solution(d.opportunity, "SOL-22222-DEF", "Northwind Returns")
	whole := s.pcIs("arrayReplace", "refuse") // then with the whole referral
	if whole && s.pcIs("put", "refuse") {
		l.settle().told(d.opportunity, "solutions")
		s.crm("delete", fields{"table": "cosell_solution", "id": row})
		l.settle().wrote(0, "pc")
		return
	}
	l.settle().shows(list+"/1/id", "SOL-22222-DEF")
	l.is(list+"/0/id", "SOL-12345-ABC")
	by := map[bool]string{false: "PATCH", true: "PUT"}[whole]
	l.effect("pc", by, d.referral)
	if !whole {
		l.wrote(1, "pc")
	}

	s.by(seller, "changes its quantity and price")
	s.crmUpdate("cosell_solution", row, fields{"cosell_quantity": 3, "cosell_price": 1200.5, "cosell_currency": "EUR"})
	l.settle().shows(list+"/1/quantity", "3")
	l.shows(list+"/1/price", "1200.5")
	l.effect("pc", by, d.referral)

	s.by(seller, "removes the row again")
	s.crm("delete", fields{"table": "cosell_solution", "id": row})
	l.settle()
	s.check(l.value(list+"/0/id") == "SOL-12345-ABC" && l.any(list+"/1") == nil, "the referral's solutions are %s", show(l.any(list)))
	s.says("%-20s the referral holds the first solution alone", "")
	l.effect("pc", by, d.referral)
	l.expects(list, "crm/opportunity/"+d.opportunity+"/"+colAudit)
	l.nothingElse()
}

// missingPieces is D11.
func missingPieces(s *Story) {
	s.meet()
	account := s.customer("Litware SA", "Atlantis")
	s.by(seller, "asks Microsoft's help without contact, without solution, country Atlantis")
	opportunity := s.opportunity("Litware data platform", 60000, account, fields{colHelp: s.cast.choices[helpWorkload]})
	l := s.look()
	s.sync(opportunity)
	row := "crm/opportunity/" + opportunity
	l.settle().wrote(0, "pc")
	l.holds(row+"/"+colAudit, "country.invalid", "contact.required", "solution.required")
	l.shows(row+"/name", cross+"Litware data platform")
	s.check(l.value(row+"/"+colReferral) == "", "there is a referral all the same")
	s.says("%-20s no referral; Audit explains country, contact and solution", "")

	s.by(seller, "writes FR into the account's country")
	s.crmUpdate("account", account, fields{"address1_country": "FR"})
	l.settle().wrote(0, "pc")
	s.by(seller, "adds the contact")
	contact := s.contactOf(account, "Chris", "Litware")
	s.crmUpdate("opportunity", opportunity, fields{"parentcontactid@odata.bind": "/contacts(" + contact + ")"})
	l.settle().wrote(0, "pc")
	s.by(seller, "adds a solution row")
	s.solution(opportunity, "SOL-12345-ABC", "Northwind Forecast")
	d := l.settle().dealOf(opportunity)
	s.check(d.referral != "" && d.microsoft != "", "not two referrals but %+v", d)
	l.effect("pc", "POST", "/engagements/referrals")
	l.shows(row+"/name", tick+"Litware data platform")
}
