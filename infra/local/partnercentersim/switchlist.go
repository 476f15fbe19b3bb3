package partnercentersim

import "sync"

// switchList holds every switch. Values are texts; POST switches also takes true, false and numbers.
// The first value is what a new simulator does. docs/control-interface.md lists them for readers.
var switchList = sync.OnceValue(func() []switchDef {
	var out []switchDef
	for _, group := range [][]switchDef{demandSwitches(), writeSwitches(), leadSwitches(), wireSwitches(), listSwitches(), accessSwitches(), deliverySwitches()} {
		out = append(out, group...)
	}
	return out
})

func on(name, meaning string, values ...string) switchDef {
	return switchDef{name: name, first: values[0], values: values, meaning: meaning}
}

func of(kind switchKind, name, first, meaning string) switchDef {
	return switchDef{name: name, first: first, kind: kind, meaning: meaning}
}

// demandSwitches say which values a referral must have.
func demandSwitches() []switchDef {
	return []switchDef{
		on("strict", "POST, PATCH and PUT demand what portal and bulk upload demand (table 5.2), or only the API's four required objects; every other switch of this group counts only while this is true", "true", "false"),
		on("acceptance", "accepting a referral (New to Active) demands a complete document (of a deal table 5.2, of a lead name, value, date, notes and team), or checks what it touches like any other change", "whole", "touched"),
		on("notes", "details/notes are optional, as in bulk upload, or required, as in the portal since 2023", "optional", "required"),
		on("solutionIds", "which ids of solutions are taken: any text; the forms SOL-12345-ABC and GUID; only solutions of the catalogue (GET records shows it) that are co-sell ready or Microsoft's; in the last two a Category must be on the predefined list", "any", "form", "catalogue"),
		on("taxonomy", "which deals must hold PartnerRole, SolutionArea and SolutionPlay of the year: none; shared deals with a service of the catalogue (Services co-sell); all shared deals", "none", "services", "all"),
		of(aDate, "oldTaxonomyUntil", "2025-10-01", "the first day on which values of last year's taxonomy are refused"),
		on("statusReason", "what is taken as the reason of Declined, Lost and Error: any text, one of the portal's texts, or the number of one in bulk upload", "any", "text", "code"),
		on("codes", "size, industries, products, services and marketplace intent are any texts, or must be on the documented lists", "free", "checked"),
		of(aNumber, "inviteNotesMinimum", "0", "the shortest notes to Microsoft, in characters, with which help can be asked"),
		on("salesStages", "what is taken as a sales stage: any text; a percentage of the portal (10, 20, 40, 60, 80, 100); a name of the connector (Qualify, Develop, Propose, Close)", "any", "percent", "names"),
		on("formats", "e-mail addresses, phone numbers and D-U-N-S numbers are taken as they come, or their form is checked", "free", "checked"),
		on("locations", "the location (mpnId) of a new deal is taken as it comes, or must be one of the organisation's (GET records shows them)", "any", "known"),
		on("pastClosing", "a closing date before today is taken or, unless the same change closes the deal, refused", "accept", "refuse"),
		of(aNumber, "textLimit", "0", "the longest free text in characters that is taken; 0 is no limit"),
	}
}

// writeSwitches say what a write may do, and what the service makes of it.
func writeSwitches() []switchDef {
	return []switchDef{
		on("postStatus", "answer to a successful POST of a referral", "201", "200"),
		on("ownDirection", "direction of the deals that the partner makes", "Outgoing", "Incoming"),
		on("consentPatch", "a PATCH that shares a deal with Microsoft sellers is done, refused with 400, or silently left out", "accept", "refuse", "ignore"),
		on("typeFollowsConsent", "the type is Shared when the sellers may see the deal, else Independent; or it stays as sent at creation", "true", "false"),
		on("helpInOwnPost", "what becomes of a help code in the POST of the partner's own deal: it is stored there, it invites Microsoft at once (the second POST is then answered with 409), or it is passed over", "stored", "invites", "ignored"),
		on("ownHelpCode", "what the partner's own referral says in inviteContext.assistanceRequestCode once help was asked", "unknown", "mirrored"),
		on("closeSteps", "strict: Won and Lost follow Active, Declined follows New; table: any closed substatus from New or Active", "strict", "table"),
		on("errorSubstatus", "Closed/Error, of which the table of the API says nothing, is set by a PATCH as in portal and bulk upload, or refused with 400", "accept", "refuse"),
		on("readOnlyPatch", "a PATCH or PUT of a read-only path is refused with 400, or that path is left out", "refuse", "ignore"),
		on("unknownPath", "a PATCH of a path that names no property is refused with 400, or left out", "refuse", "ignore"),
		on("patchPaths", "which paths a PATCH may name: any that can be written; only those that Microsoft's published connector offers; others only in a PATCH of their own (alone)", "any", "connector", "alone"),
		on("arrayReplace", "a PATCH that sets a whole array (solutions, team, the customer's team, attributes) is done or refused with 400; /- and places in an array are always taken", "accept", "refuse"),
		on("put", "PUT of a referral, obsolete since 2020, is done or answered with 405", "accept", "refuse"),
		on("putWithoutIfMatch", "answer to a PUT without If-Match", "412", "428", "400"),
		on("trimText", "texts are stored without the blanks around them", "false", "true"),
		on("upperText", "name, notes, reason, CRM id and campaign are stored in capitals", "false", "true"),
		of(aNumber, "cutText", "0", "free texts are stored cut to so many characters; 0 is uncut"),
		on("roundMoney", "money is stored as sent, or rounded to so many decimals", "off", "2", "0"),
		on("fillLocation", "a new deal without a location (mpnId) is stored with the organisation's first", "false", "true"),
		on("fillDefaults", "an empty salesStage is stored as 10", "false", "true"),
		on("arrayReplaceStatus", "status of the answer to a PATCH of a whole array that is refused", "400", "409", "422"),
		on("dealRegistration", "a PATCH of /registrations is done or refused with 400", "accept", "refuse"),
		on("managedCustomers", "the customers are managed by Microsoft, without which no deal can be registered", "true", "false"),
		on("microsoftSide", "an invitation by Microsoft's seller comes with Microsoft's own referral in the engagement, Active/Accepted, or with the partner's alone", "true", "false"),
	}
}

// wireSwitches say how answers look.
func wireSwitches() []switchDef {
	return []switchDef{
		on("errorTarget", "what an error tells about the place: target is the word referral and the message names the path; target is the path; neither target, nor inner code, nor a path in the message", "referral", "path", "none"),
		on("idsForm", "how an empty customerProfile.ids is sent", "array", "object", "null", "missing"),
		on("absentValues", "how members without a value are sent: texts null and lists []; lists null too; texts as \"\"; or not at all", "null", "nullLists", "empty", "missing"),
		on("memberCase", "how names of members are spelt", "camel", "pascal"),
		on("activeStatus", "what an Active referral says as its status", "Active", "Engaged"),
		on("moneyForm", "how money is sent: 85000.0, 85000 or \"85000.00\"", "fraction", "short", "text"),
		on("stateMember", "which member of an address holds the state", "state", "region"),
		on("salesStageForm", "salesStage is sent as it was stored, as a percentage (\"40\"), or by its name (\"Develop\")", "stored", "percent", "name"),
		on("registrationForm", "how the webhook registration is sent: camelCase and whole, or PascalCase with only two members to a GET, as in the older pages", "camel", "pascal"),
		on("noRegistration", "answer to a GET of the webhook registration when there is none: 404; 200 with an object without an address; 204", "404", "200", "204"),
		on("signatureForm", "what x-ms-signature holds: the word Signature before the base64 text, as in Authorization, or the text alone", "scheme", "bare"),
		on("testStatus", "what the status of a test event becomes when all attempts have failed", "failed", "completed"),
		on("testResponseCode", "how a test event's result tells the answer: by its .NET name (OK) or by its number (\"200\")", "name", "number"),
		on("certificateFormat", "form of the signing certificate", "der", "pem"),
	}
}

func listSwitches() []switchDef {
	return []switchDef{
		on("filterFields", "$filter takes the documented fields only, or any property", "documented", "any"),
		on("listFilterUpdated", "a $filter on updatedDateTime is done or refused with 400", "accept", "refuse"),
		of(aNumber, "topLimit", "0", "the largest $top that is taken, larger ones are answered with 400; 0 is no limit"),
		on("nextLink", "form of @odata.nextLink; http is the documented sample: no TLS and no /engagements in the path", "https", "http"),
		on("listItems", "items of a list are whole referrals, hold no objects and arrays (flat), or only the five members of the documented sample; $select still gives what it names", "whole", "flat", "sample"),
		of(aDuration, "listDelay", "0s", "how late lists show a new referral or a change"),
		on("listOrder", "commit: each change shows up after listDelay, a list without $orderby is in the order of creation; any: each after a time of its own up to listDelay, and no order is kept without $orderby", "commit", "any"),
	}
}

// accessSwitches say who may do what, and how often.
func accessSwitches() []switchDef {
	return []switchDef{
		on("role", "role of the integration user; a Referrals user sees the deals where Options.UserEmail is in the team, a reader too but changes nothing", "admin", "user", "reader", "none"),
		on("webhookRole", "a user without a role may use the webhook registration, or is answered with 403; the app alone may in both", "any", "needed"),
		on("roleLocations", "the integration user's role holds for all locations, or for the organisation's first alone: deals of others are neither read nor made", "all", "first"),
		on("partnerProfile", "which partner id the account's profile names: the organisation's first location, or another than any deal has; or the profile is refused (403)", "location", "other", "refused"),
		on("microsoftReferral", "Microsoft's referral can be read; is listed, but answered with 403 by its id; is neither", "readable", "listed", "hidden"),
		on("tokenMFA", "user tokens issued from now on carry the MFA claim", "true", "false"),
		on("mfaRefusal", "status of the answer of both APIs to a user token without the MFA claim", "401", "403"),
		on("mfaCode", "where that answer of the referrals host holds 900421: in error.code, or in error.innerError.code", "code", "innerError"),
		of(aShare, "mfaShare", "100", "how many percent of the calls without the MFA claim are refused"),
		on("wrongAudience", "answer to a good token for another audience: as to no token at all, or with the code 900420; the retired directory API always gets 900420", "plain", "900420"),
		on("rotateRefreshToken", "each use of a refresh token gives a new one; the old one dies when the new one is used", "false", "true"),
		on("refreshToken", "revoked: every refresh token of a sign-in until then is answered with invalid_grant (50173), as after a change of the password; later ones are good", "valid", "revoked"),
		on("clientSecret", "expired: every client secret is answered with invalid_client", "valid", "expired"),
		on("permissions", "for which APIs the app registration asks for delegated permissions: referrals is api.partner.microsoft.com, webhooks api.partnercenter.microsoft.com; for others there is neither sign-in nor token of a user (650057)", "both", "referrals", "webhooks", "none"),
		on("consent", "to which of them an administrator has consented; of others there is no token of a user (65001), whoever signs in is told to ask an administrator (90094), and an administrator is asked for it", "both", "referrals", "webhooks", "none"),
		on("mfaPolicy", "enforced: a policy of the directory demands a second factor: who has none cannot sign in (50079), and a refresh token of a sign-in without one gives no token (50076)", "off", "enforced"),
		on("clientRequestId", "the referrals host demands a GUID in client-request-id, or does without", "optional", "demanded"),
		of(aNumber, "requestsPerMinute", "0", "limit of both APIs together, then 429; 0 is no limit"),
		of(aNumber, "writesPerMinute", "0", "limit of the writes among them; 0 is no limit"),
		on("refusedCallsCount", "calls that were answered with 429 count against the limit too", "false", "true"),
	}
}

func deliverySwitches() []switchDef {
	return []switchDef{
		on("relatedEventId", "whose id a related-referral event carries: Microsoft's referral or the partner's own", "related", "own"),
		on("msxIdOn", "which referral carries trackingInfo.microsoftMsxId after Microsoft accepts", "microsoft", "own", "both"),
		of(aDuration, "commitDelay", "0s", "how long after the answer to a POST the referral can be read, is listed and raises its event"),
		of(aDuration, "eventBeforeReadable", "0s", "how long after its creation a referral is answered with 404, though its event is out"),
		of(aDuration, "retryBackoff", "1s", "wait before the second delivery attempt; doubles with each further one"),
	}
}
