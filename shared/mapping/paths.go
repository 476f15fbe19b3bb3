package mapping

import (
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/spelling"
)

// attributes is the one list of a referral that takes names of one's own: pairs of a type and an id, both texts. What
// Microsoft adds each July stands there, too. Partner Center passes over other members that it does not know.
const (
	additional = "/details/requirements/additionalRequirements"
	attributes = additional + "/attributes"
)

// The lists of a referral that a path may go into; those of people, solutions and our own bookkeeping are led by
// rows of their own.
const (
	lists    = "/tags, /team, /target, /registrations, /customerProfile/team, /customerProfile/ids, /details/requirements/solutions, /details/requirements/industries, /details/requirements/products, /details/requirements/services, /details/requirements/offers, /details/requirements/salesPlays, " + attributes
	ledLists = "/team, /target, /registrations, /customerProfile/team, /details/requirements/solutions"
)

// referralPaths are the members of a referral that are known, from Microsoft's pages and from referrals that
// were seen. A path that is none of them is a misspelling far more often than news.
// https://learn.microsoft.com/partner-center/developer/referral-resources
func referralPaths() []string {
	return append(strings.Fields(`
		/id /engagementId /name /organizationId /organizationName /externalReferenceId /createdDateTime /updatedDateTime
		/expirationDateTime /acceptedDateTime /closedDateTime /status /substatus /statusReason /type /qualification
		/referralSource /callToAction /direction /eTag /favorite /campaignId /salesStage /quality /isSpam /mpnId
		/referralProgram /dealSensitivity /lastModifiedVia /createdVia /lastRunId /registrationStatus /exception
		/customerProfile/name /customerProfile/size /customerProfile/isMatchingComplete
		/customerProfile/address/addressLine1 /customerProfile/address/addressLine2 /customerProfile/address/city
		/customerProfile/address/state /customerProfile/address/postalCode /customerProfile/address/country
		/customerProfile/address/region
		/customerProfile/team/firstName /customerProfile/team/lastName /customerProfile/team/email /customerProfile/team/phoneNumber
		/customerProfile/team/title
		/consent/consentToToShareInfoWithOthers /consent/consentToContact
		/consent/consentToMicrosoftToContactSpecificPartners /consent/consentToShareReferralWithMicrosoftSellers
		/details/notes /details/dealValue /details/currency /details/closingDateTime
		/details/customerRequestedContact /details/customerAction /details/incentiveLevel
		/inviteContext/notes /inviteContext/assistanceRequestCode /inviteContext/invitedMpnId
		/inviteContext/invitedBy /inviteContext/invitedBy/organizationId /inviteContext/invitedBy/organizationName
		/details/requirements/additionalRequirements/iot/customerLicenseAgreementNumber
		/details/requirements/additionalRequirements/iot/deviceCategory /details/requirements/additionalRequirements/iot/siliconType
		/details/requirements/additionalRequirements/iot/azureCertifiedDevice /details/requirements/additionalRequirements/iot/attachServices
		/trackingInfo/microsoftMsxId /trackingInfo/microsoftUSFedOpportunityId /trackingInfo/microsoftUSFedLeadId
		/trackingInfo/migratedPSCDealId /trackingInfo/migratedPSCPartnerDealId`), strings.Split(compound, ", ")...)
}

// knownPath says whether a referral has such a member; near is what was meant instead, as far as one can tell.
func knownPath(path string) (near string, ok bool) {
	known := referralPaths()
	if slices.Contains(known, path) {
		return "", true
	}
	best := len(path) + 1
	for _, k := range known {
		if isOne(k, compound) {
			continue
		}
		d := spelling.Distance(strings.ToLower(path), strings.ToLower(k))
		if lastSegment(path) == lastSegment(k) {
			d = min(d, 1) // the right name in the wrong place
		}
		if d < best {
			near, best = k, d
		}
	}
	if below, own := strings.CutPrefix(path, additional+"/"); own && !strings.Contains(below, "/") {
		return "a value of your own stands at " + attributes + "/type=" + below + "/id", false
	}
	return "the nearest is " + near + "; a value of your own stands at " + attributes + "/type=NAME/id", false
}

// The members of a referral that are no texts: amounts, and yes or no. Every other plain value is a text in JSON,
// whatever the column is that it comes from.
const (
	amountPaths = "/details/dealValue, " + Registration + "contract/value, " + Registration + "solutionDetails/0/value"
	flagPaths   = "/favorite, /isSpam, /customerProfile/isMatchingComplete, /details/customerRequestedContact, " +
		"/details/requirements/additionalRequirements/iot/azureCertifiedDevice, /details/requirements/additionalRequirements/iot/attachServices, " +
		Registration + "solutionDetails/0/isDeployedOnAzure, " + Registration + "solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted"
	consents = "/consent/"
	// of these lists no page tells the shape
	offers, plays = "/details/requirements/offers/", "/details/requirements/salesPlays/"
)

// worded gives a value the JSON type that its place in a referral has.
func worded(path string, v any) any {
	if isOne(path, amountPaths) || isOne(path, flagPaths) || strings.HasPrefix(path, consents) ||
		strings.HasPrefix(path, offers) || strings.HasPrefix(path, plays) {
		return v
	}
	switch v.(type) {
	case []any, map[string]any, nil, string:
		return v
	}
	text, _ := scalarText(jsonOf(v)) // lists and objects were sorted out
	return text
}

// writtenThere are the members that Partner Center alone writes.
func writtenThere(path string) bool {
	const paths = "/id, /engagementId, /organizationId, /organizationName, /createdDateTime, /updatedDateTime, /expirationDateTime, " +
		"/acceptedDateTime, /closedDateTime, /direction, /eTag, /createdVia, /lastModifiedVia, /lastRunId, /registrationStatus, /exception, " +
		"/quality, /isSpam, /customerProfile/isMatchingComplete"
	return isOne(path, paths) || strings.HasPrefix(path, "/trackingInfo/") || strings.HasPrefix(path, "/inviteContext/invitedBy")
}

func lastSegment(path string) string {
	return strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
}
