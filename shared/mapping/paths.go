package mapping

import (
	"slices"
	"strings"
)

// free is where a referral takes names that nobody has listed: what Microsoft adds each July stands there.
const free = "/details/requirements/additionalRequirements"

// The lists of a referral that a path may go into; those of people, solutions and our own bookkeeping are led by
// rows of their own.
const (
	lists    = "/tags, /team, /target, /registrations, /customerProfile/team, /customerProfile/ids, /details/requirements/solutions, /details/requirements/industries, /details/requirements/products, /details/requirements/services, /details/requirements/offers, /details/requirements/salesPlays"
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
		/trackingInfo/microsoftMsxId /trackingInfo/microsoftUSFedOpportunityId /trackingInfo/microsoftUSFedLeadId
		/trackingInfo/migratedPSCDealId /trackingInfo/migratedPSCPartnerDealId`), strings.Split(compound, ", ")...)
}

// knownPath says whether a referral has such a member; near is the known one that is most like it.
func knownPath(path string) (near string, ok bool) {
	known := referralPaths()
	if slices.Contains(known, path) || strings.HasPrefix(path, free+"/") {
		return "", true
	}
	best := len(path) + 1
	for _, k := range known {
		d := distance(strings.ToLower(path), strings.ToLower(k))
		if lastSegment(path) == lastSegment(k) {
			d = min(d, 1) // the right name in the wrong place
		}
		if d < best {
			near, best = k, d
		}
	}
	return near, false
}

func lastSegment(path string) string {
	return strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
}

// distance is how many letters have to be added, taken away or changed to make one text of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
