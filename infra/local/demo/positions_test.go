package demo_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

type set = map[string]any

// positions are the other positions of what the documents of both systems leave open. The product must not
// need to know which one is true.
var positions = []struct {
	name    string
	pc, crm set
}{
	{"PostStatus", set{"postStatus": "200"}, nil},
	{"TypeStays", set{"typeFollowsConsent": "false"}, nil},
	{"RelatedOwn", set{"relatedEventId": "own"}, nil},
	{"MsxOwn", set{"msxIdOn": "own"}, nil},
	{"MsxBoth", set{"msxIdOn": "both"}, nil},
	{"Mirrored", set{"ownHelpCode": "mirrored"}, nil},
	{"Ignore", set{"readOnlyPatch": "ignore", "unknownPath": "ignore", "closeSteps": "table", "filterFields": "any"}, nil},
	{"Filter", set{"listFilterUpdated": "refuse", "nextLink": "http"}, nil},
	{"Tokens", set{"rotateRefreshToken": "true", "certificateFormat": "pem"}, nil},
	{"Delay", set{"listDelay": "500ms"}, nil},
	{"Commit", set{"commitDelay": "900ms", "listDelay": "900ms"}, nil},
	{"Consent", set{"consentPatch": "ignore"}, nil},
	{"ConsentNo", set{"consentPatch": "refuse"}, nil},
	{"Closed", nil, set{"closedWritable": false}},
	{"Early", set{"eventBeforeReadable": "300ms"}, nil},
	{"WinAlone", nil, set{"winRaisesUpdate": false, "tagLevel": "outer"}},
	{"Wrapped", nil, set{"wrappedValues": true, "readOnlyColumns": "ignored", "retryOnNoAnswer": true}},
	{"Truncated", nil, set{"eventLimitBytes": 2500}},
	{"Paged", nil, set{"pageSize": 2}},
}

func TestStoryHoldsInEveryPosition(t *testing.T) {
	for _, p := range positions {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			tell(t, hostsim.ModeProxy, p.pc, p.crm)
		})
	}
}
