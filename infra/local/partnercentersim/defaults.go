package partnercentersim

import "time"

// completeDeal is what the portal's form holds when the partner's person fills in everything: a private deal.
func (s *Sim) completeDeal() document {
	closing := s.opts.Now().UTC().AddDate(0, 3, 0).Truncate(24 * time.Hour)
	return document{
		"name": "Tailspin warehouse analytics", "type": "Independent", "qualification": "SalesQualified",
		"status": "Active", "substatus": "Accepted", "direction": "Outgoing", "mpnId": "1234567",
		"customerProfile": map[string]any{
			"name": "Tailspin Toys GmbH", "size": "251to1000employees",
			"address": map[string]any{"addressLine1": "Musterweg 1", "addressLine2": "", "city": "Hamburg", "state": "HH",
				"postalCode": "20095", "country": "DE"},
			"team": []any{person("Ada", "Example", "+49405550100", "ada@tailspin.example")},
			"ids":  []any{},
		},
		"consent": map[string]any{"consentToToShareInfoWithOthers": true, "consentToContact": true,
			"consentToMicrosoftToContactSpecificPartners": true, "consentToShareReferralWithMicrosoftSellers": false},
		"details": map[string]any{
			"notes": "Customer wants stock forecasting on Fabric.", "dealValue": "85000", "currency": "EUR",
			"closingDateTime": shortTime(closing),
			"requirements": map[string]any{
				"industries": []any{map[string]any{"id": "Retail & Consumer Goods"}},
				"products":   []any{map[string]any{"id": "Azure"}},
				"services":   []any{map[string]any{"id": "DeploymentOrMigration"}},
				"solutions": []any{map[string]any{"id": "SOL-12345-ABC", "name": "Northwind Forecast", "type": "Name",
					"publisherName": "Northwind Consulting", "solutionType": "3P"}},
				"additionalRequirements": map[string]any{"iot": map[string]any{},
					"attributes": []any{map[string]any{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}}},
			},
		},
		"team":   []any{person("Kim", "Seller", "+4940555099", "kim@northwind.example")},
		"target": []any{map[string]any{"type": "SolutionProfile", "id": "SOL-12345-ABC"}},
	}
}

func person(first, last, phone, email string) map[string]any {
	return map[string]any{"firstName": first, "lastName": last, "phoneNumber": phone, "email": email}
}

// inboundDeal is a co-sell referral that Microsoft's seller sends; its name is null until somebody names it.
func (s *Sim) inboundDeal() document {
	d := s.completeDeal()
	d["name"], d["type"], d["status"], d["substatus"], d["direction"] = nil, "Shared", "New", "Pending", "Incoming"
	d["team"] = []any{}
	d["expirationDateTime"] = serverTime(s.opts.Now().Add(answerTime))
	d.put("customerProfile/name", "Fourth Coffee AG")
	d.put("customerProfile/address", map[string]any{"addressLine1": "Bahnhofstrasse 7", "city": "Bern", "postalCode": "3011", "country": "CH"})
	d.put("customerProfile/team", []any{person("Luca", "Example", "+41315550100", "luca@fourthcoffee.example")})
	d.put("details/notes", "Microsoft's account team proposes a joint project.")
	d.put(shareConsent, true)
	d["inviteContext"] = map[string]any{"notes": "Please help our customer.", "assistanceRequestCode": "GeneralOrOther",
		"invitedBy": map[string]any{"organizationId": microsoftID, "organizationName": "Microsoft"}}
	return d
}

// inboundLead is an inquiry from the marketplace: a customer looked at an offer and asks to be called.
func (s *Sim) inboundLead() document {
	d := s.inboundDeal()
	d["type"], d["qualification"], d["campaignId"] = "Independent", "Direct", "MKT-SPRING"
	d["callToAction"], d["referralSource"] = "ContactMe", "AppSource"
	d["target"] = []any{map[string]any{"type": "BusinessProfileLocation", "id": "1234567"}}
	d.put("customerProfile/name", "Adventure Works Ltd")
	d.put("customerProfile/address", map[string]any{"addressLine1": "1 High Street", "city": "Leeds", "postalCode": "LS1 1AA", "country": "GB"})
	robin := person("Robin", "Example", "+441135550100", "robin@adventureworks.example")
	robin["title"], robin["contactPreference"] = "Head of IT", map[string]any{"locale": "en-gb", "disableNotifications": false}
	d.put(contactsPath, []any{robin})
	d.put("details/notes", "I would like a demonstration.")
	d.put("details/dealValue", nil)
	d.put("details/closingDateTime", nil)
	d.put("details/customerRequestedContact", true)
	d.put("details/customerAction", "ContactMe")
	d.put("details/requirements/solutions", []any{})
	d.put(shareConsent, false)
	d.put("inviteContext/notes", nil)
	d.put(helpPath, "Unknown")
	d.put("inviteContext/invitedBy", s.inviter())
	return d
}

// qualifiedLead is one that Microsoft's people have talked to: it has a value, a date and a solution.
func (s *Sim) qualifiedLead() document {
	d := s.inboundLead()
	d["qualification"], d["referralSource"], d["callToAction"] = "SalesQualified", "MicrosoftSales", nil
	d.put("customerProfile/name", "Litware Retail SA")
	d.put("customerProfile/address", map[string]any{"addressLine1": "12 Rue des Exemples", "city": "Lyon", "postalCode": "69002", "country": "FR"})
	d.put(contactsPath, []any{person("Camille", "Example", "+33455550100", "camille@litware.example")})
	d.put("details/notes", "The customer has a budget and asks for an offer.")
	d.put("details/dealValue", "24000")
	d.put("details/closingDateTime", shortTime(s.opts.Now().UTC().AddDate(0, 2, 0).Truncate(24*time.Hour)))
	d.put("details/customerRequestedContact", false)
	d.put("details/customerAction", nil)
	d.put("details/requirements/solutions", s.completeDeal().at(solutionsPath))
	d.put("inviteContext/invitedBy", map[string]any{"organizationId": microsoftID, "organizationName": "Microsoft"})
	return d
}
