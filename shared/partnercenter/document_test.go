package partnercenter

import (
	"bytes"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

// The documentation's tables spell the names of members in PascalCase, the recorded answers in camelCase.
func TestDocumentReadsMembersInEitherSpelling(t *testing.T) {
	const pascal = `{"@odata.context":"x","Id":"46DB99A5-ab34-4b6d-9a54-b868e2ab9ba2","ETag":"\"1\"","Details":{"DealValue":85000.10,"Notes":"Id & <Name>"},
		"Team":[{"FirstName":"Kim","Unknown":{"Deep":1}}],"id2":null}`
	d, err := ParseDocument([]byte(pascal), "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if d.ID() != "46db99a5-ab34-4b6d-9a54-b868e2ab9ba2" || d.ETag() != `"1"` || d.Text("/details/dealValue") != "85000.10" ||
		d.Text("/details/notes") != "Id & <Name>" || d.Text("/team/0/firstName") != "Kim" || d.Text("/team/0/unknown/deep") != "1" {
		t.Errorf("%s", d.JSON())
	}
	if !bytes.Contains(d.JSON(), []byte(`"firstName":"Kim"`)) || !bytes.Contains(d.JSON(), []byte(`"Id & <Name>"`)) {
		t.Errorf("what is sent back is spelt otherwise than what is read: %s", d.JSON())
	}
}

// A creation that is not recognised by its answer would be looked for, and perhaps made again.
func TestANewReferralIsKnownInEitherSpelling(t *testing.T) {
	t.Parallel()
	_, c := serve(t, httpclienttest.Answer(201, `{"Id":"`+oneID+`","ETag":"\"7\"","EngagementId":"`+otherID+`","Details":{"DealValue":1.50}}`))
	d, err := c.Create(ctx, map[string]any{}, oneID)
	if err != nil || d.ID() != oneID || d.ETag() != `"7"` || d.Text("/engagementId") != otherID || d.Text("/details/dealValue") != "1.50" {
		t.Errorf("%v: %s", err, d.JSON())
	}
}
