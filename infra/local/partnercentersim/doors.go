package partnercentersim

import "strings"

// readOnly are the paths that no PATCH changes: always read-only, or read-only after creation (section 2.12
// of the specification, from the documentation of bulk upload).
func readOnly() []string {
	return []string{"id", "engagementId", "organizationId", "organizationName", "createdDateTime", "updatedDateTime",
		"expirationDateTime", "acceptedDateTime", "closedDateTime", "type", "qualification", "referralSource", "callToAction",
		"direction", "customerProfile/name", "customerProfile/size", "customerProfile/address", "customerProfile/ids",
		"customerProfile/isMatchingComplete", "consent/consentToToShareInfoWithOthers", "consent/consentToContact",
		"consent/consentToMicrosoftToContactSpecificPartners", "inviteContext/invitedBy", "inviteContext/invitedMpnId",
		"target", "eTag", "links", "quality", "isSpam", "mpnId", "dealSensitivity", "createdVia",
		"lastModifiedVia", "lastRunId", "tags", "trackingInfo", "registrationStatus", "exception",
		"details/customerRequestedContact", "details/customerAction", "details/incentiveLevel"}
}

// isReadOnly says whether a path is, or lies below, a read-only one.
func isReadOnly(path string) bool {
	for _, p := range readOnly() {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// guard holds the doors that open only once, and restores or refuses read-only values that came in with a
// whole object.
func (s *Sim) guard(before, after document, by way) *refusal {
	for _, path := range append(readOnly(), registrationsPath) {
		if path == "links" || same(before.at(path), after.at(path)) {
			continue
		}
		if sentBack(before.at(path), after.at(path)) {
			after.put(path, clone(before.at(path)))
			continue
		}
		if by == byPortal || s.is("readOnlyPatch", "refuse") {
			return invalid("readOnlyProperty", "%s cannot be changed", path).about(path)
		}
		after.put(path, clone(before.at(path)))
	}
	if refused := s.guardConsent(before, after, by); refused != nil {
		return refused
	}
	if refused := s.guardLead(before, after, by); refused != nil {
		return refused
	}
	if before.isTrue(shareConsent) && len(before.items("customerProfile/team")) > 0 &&
		!same(before.at("customerProfile/team"), after.at("customerProfile/team")) {
		return invalid("readOnlyAfterSharing", "customerProfile/team cannot be changed once the deal was shared with Microsoft").about(contactsPath)
	}
	for _, path := range []string{"inviteContext/assistanceRequestCode", "inviteContext/notes"} {
		was := before.text(path)
		if was != "" && was != "Unknown" && after.text(path) != was {
			return invalid("readOnlyOnceSet", "%s was submitted and cannot be changed", path).about(path)
		}
	}
	return nil
}

func (s *Sim) guardConsent(before, after document, by way) *refusal {
	was, is := before.isTrue(shareConsent), after.isTrue(shareConsent)
	switch {
	case was == is:
	case was:
		return invalid("consentCannotBeWithdrawn", "%s is true and cannot be taken back", shareConsent).about(shareConsent)
	case by == byPortal:
	case s.is("consentPatch", "refuse"):
		return invalid("readOnlyProperty", "%s cannot be changed", shareConsent).about(shareConsent)
	case s.is("consentPatch", "ignore"):
		after.put(shareConsent, false)
	}
	return nil
}
