package demo_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

type set = map[string]any

// positions are the other positions of what the documents of both systems leave open; the first position of
// each is what the two tests above play. The product must not need to know which one is true.
var positions = []struct {
	name    string
	pc, crm set
}{
	{"OtherWireShapes",
		set{"postStatus": "200", "typeFollowsConsent": "false", "relatedEventId": "own", "msxIdOn": "both", "ownHelpCode": "mirrored",
			"readOnlyPatch": "ignore", "unknownPath": "ignore", "closeSteps": "table", "filterFields": "any", "strict": "false",
			"listFilterUpdated": "refuse", "nextLink": "http", "rotateRefreshToken": "true", "certificateFormat": "pem",
			"ownDirection": "Incoming", "idsForm": "object", "activeStatus": "Engaged", "moneyForm": "text", "stateMember": "region",
			"salesStageForm": "name", "registrationForm": "pascal", "testStatus": "completed", "testResponseCode": "number",
			"errorTarget": "path", "acceptance": "touched", "trimText": true, "roundMoney": "2", "mfaCode": "innerError"},
		set{"winRaisesUpdate": false, "tagLevel": "outer", "wrappedValues": true, "readOnlyColumns": "ignored", "retryOnNoAnswer": true, "pageSize": 2}},
	{"EverythingIsLate",
		set{"listDelay": "900ms", "commitDelay": "900ms", "msxIdOn": "own", "consentPatch": "ignore",
			"listOrder": "any", "listItems": "flat", "absentValues": "missing", "idsForm": "missing", "moneyForm": "short",
			"microsoftSide": false, "solutionIds": "catalogue", "statusReason": "text", "taxonomy": "services"},
		set{"eventLimitBytes": 2500}},
	{"LessIsAllowed",
		set{"consentPatch": "refuse", "eventBeforeReadable": "300ms", "absentValues": "empty", "idsForm": "null", "notes": "required",
			"formats": "checked", "textLimit": 4000, "clientRequestId": "demanded", "solutionIds": "form", "errorTarget": "none",
			"listItems": "sample", "writesPerMinute": 500, "refusedCallsCount": true, "fillDefaults": true, "pastClosing": "refuse"},
		set{"closedWritable": false}},
}

func TestStoryHoldsInEveryPosition(t *testing.T) {
	for _, p := range positions {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			tell(t, hostsim.ModeProxy, p.pc, p.crm)
		})
	}
}
