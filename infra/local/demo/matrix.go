package demo

import (
	"errors"
	"fmt"
	"os"
)

// Case is a world in which some of the behaviours that the documents of both systems leave open are in another
// position than the first, and the settings with which the product is installed there.
type Case struct {
	Name         string
	Switches     map[string]any // of Partner Center
	CRM          map[string]any // switches of Dataverse
	Organisation string         // kind of the CRM's organisation; empty is plain
	Settings     map[string]string
	Sheet        string // rows of a field sheet that the customer has laid over the product's
	// Daily cases are part of make test; make positions plays all.
	Daily bool
	// Steps are what is told; nil is the whole story.
	Steps []Step
}

// AccessCase names the case of the story of access.
const AccessCase = "Access"

// Story gives the steps of the case.
func (c Case) Story() []Step {
	if c.Steps != nil {
		return c.Steps
	}
	return Steps()
}

// WriteSheet puts the field sheet of the case into a new file of a folder.
func (c Case) WriteSheet(folder string) (file string, err error) {
	f, err := os.CreateTemp(folder, "sheet-*.yaml")
	if err != nil {
		return "", fmt.Errorf("writing the field sheet of %s: %w", c.Name, err)
	}
	_, err = f.WriteString(c.Sheet)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("writing the field sheet of %s: %w", c.Name, err)
	}
	return f.Name(), nil
}

type set = map[string]any

// Matrix holds every position of every switch of both systems at least once, beside the first positions, which
// the story plays without any of these. Where a position keeps the product from its work, the story of access
// has it (Access).
func Matrix() []Case {
	return append(dailyCases(), furtherCases()...)
}

// taxonomySheet gives new deals values of last year, which Partner Center still takes.
const taxonomySheet = `- field: additional
  referral: /details/requirements/additionalRequirements
  constant:
    iot: {}
    attributes:
      - {type: CustomerMarketplaceIntent, id: HaveNotDecided}
      - {type: PartnerRole, id: Deployment services}
      - {type: SolutionArea, id: Modern Work}
      - {type: SolutionPlay, id: Copilot for Microsoft 365}
`

// dailyCases put together what does not hide each other.
func dailyCases() []Case {
	return []Case{
		{Name: "OtherWireShapes", Daily: true,
			Switches: set{"postStatus": "200", "typeFollowsConsent": "false", "relatedEventId": "own", "msxIdOn": "both", "ownHelpCode": "mirrored",
				"readOnlyPatch": "ignore", "unknownPath": "ignore", "closeSteps": "table", "filterFields": "any", "strict": "false",
				"listFilterUpdated": "refuse", "nextLink": "http", "rotateRefreshToken": "true", "mfaPolicy": "enforced", "certificateFormat": "pem",
				"ownDirection": "Incoming", "idsForm": "object", "activeStatus": "Engaged", "moneyForm": "text", "stateMember": "region",
				"salesStageForm": "name", "registrationForm": "pascal", "testStatus": "completed", "testResponseCode": "number",
				"errorTarget": "path", "acceptance": "touched", "trimText": true, "roundMoney": "2", "mfaCode": "innerError"},
			CRM: set{"winRaisesUpdate": false, "tagLevel": "outer", "wrappedValues": true, "retryOnNoAnswer": true, "pageSize": 2}},
		{Name: "EverythingIsLate", Daily: true,
			Switches: set{"listDelay": "900ms", "commitDelay": "900ms", "msxIdOn": "own", "consentPatch": "ignore",
				"listOrder": "any", "listItems": "flat", "absentValues": "missing", "idsForm": "missing", "moneyForm": "short",
				"microsoftSide": false, "solutionIds": "catalogue", "statusReason": "text", "taxonomy": "services", "arrayReplace": "refuse"},
			CRM: set{"eventLimitBytes": 2500, "listOrder": "scattered", "versionOrder": "scattered"}},
		{Name: "LessIsAllowed", Daily: true,
			Switches: set{"consentPatch": "refuse", "absentValues": "empty", "idsForm": "null", "notes": "required",
				"formats": "checked", "textLimit": 4000, "clientRequestId": "demanded", "solutionIds": "form", "errorTarget": "none",
				"listItems": "sample", "writesPerMinute": 500, "refusedCallsCount": true, "fillDefaults": true, "patchPaths": "connector", "pastClosing": "refuse"},
			CRM: set{"closedWritable": false, "readOnlyColumns": "refused", "futureClose": "refused", "duplicateDetection": "always", "language": "de"}},
		{Name: "OpinionatedOrganisation", Daily: true, Organisation: "opinionated",
			Switches: set{"memberCase": "pascal", "absentValues": "nullLists", "roundMoney": "0", "patchPaths": "alone"}},
	}
}

// furtherCases have what changes much, each alone.
func furtherCases() []Case {
	return []Case{
		{Name: "Lenient", Switches: set{"strict": "false", "eventBeforeReadable": "300ms"}, CRM: set{"userTimeZone": "America/Los_Angeles"}},
		// The reason of a closing is read from a list: the grace of a decline is longer than the lists are late.
		{Name: "OldLists", CRM: set{"listLagSeconds": 5}, Settings: map[string]string{"SYNC_DECLINE_GRACE": "1m"}},
		{Name: "OldReads", CRM: set{"readLagSeconds": 2}},
		{Name: "OldEverywhere", CRM: set{"readLagSeconds": 2, "listLagSeconds": 4, "versionOrder": "scattered", "listOrder": "scattered"},
			Settings: map[string]string{"SYNC_DECLINE_GRACE": "1m"}},
		{Name: "LenientAndOpinionated", Organisation: "opinionated",
			Switches: set{"strict": "false", "memberCase": "pascal", "absentValues": "nullLists", "roundMoney": "0", "eventBeforeReadable": "300ms", "acceptance": "touched", "typeFollowsConsent": "false"},
			CRM:      set{"userTimeZone": "Asia/Kolkata", "wrappedValues": true, "closedWritable": false}},
		{Name: "Taxonomy", CRM: set{"language": "fr"}, Switches: set{"taxonomy": "all", "oldTaxonomyUntil": "2099-01-01", "arrayReplace": "refuse", "arrayReplaceStatus": "409"}, Sheet: taxonomySheet},
		{Name: "OtherLeads", Switches: set{"leadInviter": "none", "leadContacts": "writable", "pendingEdits": "crmId", "acceptedLead": "deal", "marketplaceLeads": "unlisted",
			"archivedLeads": "unlisted", "expiredContacts": "removed", "arrayReplace": "refuse", "arrayReplaceStatus": "422", "dealRegistration": "refuse", "managedCustomers": false, "locations": "known", "fillLocation": true, "roleLocations": "first",
			"salesStages": "percent", "codes": "checked", "inviteNotesMinimum": 5, "helpInOwnPost": "ignored", "topLimit": 200}, CRM: set{"qualifyRaisesUpdate": false, "plainQualify": "refused", "reciprocalRaisesEvents": false, "variableTypes": "checked", "variableValues": "several", "bulkMessages": false, "duplicateKeyStatus": 400}},
		{Name: "CapitalLetters", CRM: set{"duplicateKeyStatus": 409}, Switches: set{"salesStages": "names", "helpInOwnPost": "invites", "upperText": "true", "trimText": "true", "noRegistration": "200"}},
		{Name: "ShortTexts", Switches: set{"cutText": "20", "retryBackoff": "200ms", "noRegistration": "204", "signatureForm": "bare", "errorSubstatus": "refuse"}},
		{Name: "ReasonsByCode", CRM: set{"userTimeZone": "America/Santiago", "openQuotes": "none", "retryDelaySeconds": 1}, Switches: set{"statusReason": "code", "putWithoutIfMatch": "428"},
			Settings: map[string]string{"PARTNER_CENTER_REASONS": "code"}},
		{Name: "MicrosoftListed", Switches: set{"microsoftReferral": "listed", "salesStageForm": "percent", "partnerProfile": "other"},
			CRM: set{"userTimeZone": "Asia/Kolkata"}},
		{Name: "MicrosoftHidden", Switches: set{"microsoftReferral": "hidden", "put": "refuse", "partnerProfile": "refused"},
			CRM: set{"userTimeZone": "Pacific/Auckland"}},
		{Name: "CloseReading", Switches: set{"wrongAudience": "900420", "putWithoutIfMatch": "400", "mfaRefusal": "403", "requestsPerMinute": 900},
			CRM: set{"unknownColumnCode": "0x80060888", "unknownTableCode": "", "controlCharacters": "taken", "inactiveLookups": "taken",
				"openQuotes": "both", "openQuotesCode": "0x80040239", "closeCurrency": "taken", "duplicateStatus": 500, "mergeRaisesUpdate": false,
				"leadMapsOwnColumns": true, "userTimeZone": "Europe/Paris", "bypassPrivilege": true, "tokenSeconds": 600,
				"limitRequests": 5500, "language": "ja", "limitExecutionSeconds": 1100, "limitConcurrent": 50, "executionMillis": 5}},
	}
}
