package referrals

import (
	"context"
	"testing"
)

// A feed says of each referral which deal it is of, so that the two of an engagement are counted once.
func TestChangedNamesTheDealOfEachReferral(t *testing.T) {
	items := []string{`{"id":"` + ownID + `","engagementId":"` + engagement + `","updatedDateTime":"2026-05-04T09:00:00Z"}`,
		`{"id":"` + microsoftID + `","engagementId":"` + engagement + `","updatedDateTime":"2026-05-04T09:00:03Z"}`,
		`{"id":"` + crmID + `","engagementId":7,"updatedDateTime":"2026-05-04T09:00:04Z"}`}
	s, _ := testStore(t, listing(t, items, nil))
	changes, _, err := gathered(s.Changed, context.Background(), "")
	if err != nil || len(changes) != 3 {
		t.Fatalf("%v %+v", err, changes)
	}
	deals := map[string]string{}
	for _, c := range changes {
		deals[c.ID] = c.Deal
	}
	if deals[ownID] != engagement || deals[microsoftID] != engagement || deals[crmID] != "" {
		t.Errorf("%v", deals)
	}
}
