package partnercentersim

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// archivedAfter is the age from which leads are archived:
// https://learn.microsoft.com/partner-center/manage-leads
const archivedAfter = 6 // months

// leadKinds are the two kinds of leads that Microsoft sends.
func leadKinds() []string { return []string{"marketplace", "qualified"} }

// isLead is the official classification of leads: anything else is a co-sell opportunity.
func isLead(d document) bool {
	invited := d.text("inviteContext/invitedBy/organizationId")
	switch d.text("qualification") {
	case "Direct":
		return d.text("type") == "Independent" && (invited == "" || strings.EqualFold(invited, microsoftID))
	case "SalesQualified", "MarketingQualified":
		return d.text("type") == "Independent" && strings.EqualFold(invited, microsoftID)
	}
	return false
}

// isMarketplaceLead is the inquiry of a customer in one of Microsoft's marketplaces.
func isMarketplaceLead(d document) bool { return isLead(d) && d.text("qualification") == "Direct" }

// sendLead stores a lead of the kind that is asked for; without one it is from the marketplace.
func (s *Sim) sendLead(a sellerAct) (acted, error) {
	switch a.Kind {
	case "", "marketplace":
		return s.inbound(s.inboundLead(), a)
	case "qualified":
		return s.inbound(s.qualifiedLead(), a)
	}
	return acted{}, fmt.Errorf("kind %q: use %s", a.Kind, strings.Join(leadKinds(), " or "))
}

// inviter is who a marketplace lead says it came from.
func (s *Sim) inviter() any {
	if s.is("leadInviter", "none") {
		return nil
	}
	return map[string]any{"organizationId": microsoftID, "organizationName": "Microsoft"}
}

// guardLead holds what nobody changes on a lead, and on a referral that still waits for the partner's answer.
func (s *Sim) guardLead(before, after document, by way) *refusal {
	if isLead(before) && by == byAPI && s.is("leadContacts", "readOnly") && !same(before.at(contactsPath), after.at(contactsPath)) {
		return invalid("readOnlyProperty", "%s of a lead comes from Microsoft and cannot be changed", contactsPath).about(contactsPath)
	}
	if by == byPortal || before.text("status") != "New" || after.text("status") != "New" || s.is("pendingEdits", "accept") {
		return nil
	}
	for _, m := range s.shape.order {
		if m.name != "externalReferenceId" && !same(before.at(m.name), after.at(m.name)) {
			return invalid("acceptFirst", "%s cannot be changed before the referral is accepted", m.name).about(m.name)
		}
	}
	return nil
}

// accepted makes of an accepted lead what the switch acceptedLead says.
func (s *Sim) accepted(before, after document) {
	if !isLead(before) || before.text("status") != "New" || after.text("status") != "Active" || s.is("acceptedLead", "unchanged") {
		return
	}
	after["qualification"] = "SalesQualified"
	after.put("inviteContext/invitedBy", map[string]any{"organizationId": s.opts.OrganizationID, "organizationName": s.opts.OrganizationName})
}

// lapsed takes the contact from a lead that expired, as the portal shows it.
func (s *Sim) lapsed(d document) {
	if isLead(d) && s.is("expiredContacts", "removed") {
		d.put(contactsPath, []any{})
	}
}

// hiddenLead says whether lists leave a lead out: one of the marketplace that nobody has accepted, or an old one.
func (s *Sim) hiddenLead(d document, now time.Time) bool {
	if !isLead(d) {
		return false
	}
	if s.is("marketplaceLeads", "unlisted") && isMarketplaceLead(d) && d.text("status") == "New" {
		return true
	}
	created, err := time.Parse(time.RFC3339, d.text("createdDateTime"))
	return err == nil && s.is("archivedLeads", "unlisted") && created.Before(now.AddDate(0, -archivedAfter, 0))
}

// pendingOwn refuses to ask Microsoft's help for what the partner has not accepted.
func pendingOwn(own *referral) *refusal {
	if own.doc.text("status") != "New" {
		return nil
	}
	return refuse(http.StatusBadRequest, "invalidRequest", "acceptFirst", "referral %s waits for the partner's answer: accept it before Microsoft's help is asked", own.id())
}

// leadForm are the paths that the portal demands of whoever accepts a lead; a deal needs more.
func leadForm() []string {
	return []string{"name", "team", "details/dealValue", "details/currency", "details/closingDateTime", "details/notes"}
}

func dealForm() []string { return append(leadForm(), solutionsPath, attributesPath) }

// leadSwitches say how leads come and what becomes of them.
func leadSwitches() []switchDef {
	return []switchDef{
		on("leadInviter", "who invited the partner to a marketplace lead: the organisation msft, or nobody (invitedBy is null)", "msft", "none"),
		on("leadContacts", "customerProfile/team of a lead cannot be patched, or is changed like any other value", "readOnly", "writable"),
		on("pendingEdits", "a PATCH of a referral that waits for the partner's answer is done, or may only set the CRM id unless it answers", "accept", "crmId"),
		on("acceptedLead", "an accepted lead keeps its qualification and inviter, or becomes SalesQualified and the partner's own, as a deal is", "unchanged", "deal"),
		on("marketplaceLeads", "lists hold marketplace leads that nobody has accepted yet, or leave them out; by id they are always read", "listed", "unlisted"),
		on("archivedLeads", "lists hold leads older than six months, or leave them out", "listed", "unlisted"),
		on("expiredContacts", "an expired lead keeps its contacts, or loses them", "kept", "removed"),
	}
}
