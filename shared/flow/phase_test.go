package flow

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Every phase hears everything; what it does then is written out once more, by name.
func TestAPairInAPhaseDoesOneThingWithEachNews(t *testing.T) {
	names := map[step]string{nothing: "-", meet: "meet", remake: "remake", want: "want", create: "create", compare: "compare", bury: "bury", heed: "heed"}
	for _, tt := range []struct {
		name  string
		pair  cosell.Pair
		known bool
		want  [allNews]string
	}{
		{"unknown", cosell.Pair{}, false, [allNews]string{"meet", "want", "bury", "create", "remake"}},
		{"making", cosell.Pair{Phase: cosell.Making, ReferralID: "r"}, true, [allNews]string{"remake", "remake", "bury", "remake", "remake"}},
		{"creating", cosell.Pair{Phase: cosell.Creating}, true, [allNews]string{"want", "want", "bury", "create", "-"}},
		{"no referral yet", cosell.Pair{Phase: cosell.Lacking}, true, [allNews]string{"remake", "want", "bury", "create", "remake"}},
		{"no opportunity yet", cosell.Pair{Phase: cosell.Lacking, ReferralID: "r"}, true, [allNews]string{"remake", "remake", "bury", "remake", "remake"}},
		{"proposed", cosell.Pair{Phase: cosell.Claimed, ProposedID: "r"}, true, [allNews]string{"-", "want", "bury", "create", "-"}},
		{"linked", cosell.Pair{Phase: cosell.Linked, ReferralID: "r"}, true, [allNews]string{"compare", "compare", "bury", "-", "-"}},
		{"ended", cosell.Pair{Phase: cosell.Ended, ReferralID: "r"}, true, [allNews]string{"-", "heed", "-", "-", "-"}},
	} {
		for n := range allNews {
			if got := names[next(tt.pair, tt.known, n)]; got != tt.want[n] {
				t.Errorf("%s, news %d: %s, want %s", tt.name, n, got, tt.want[n])
			}
		}
	}
	for want, h := range map[news]Hint{ofReferral: {Kind: referralKind, Deleted: true}, ofDeletion: {Kind: opportunityKind, Deleted: true}, ofOpportunity: {Kind: opportunityKind}} {
		if got := newsOf(h); got != want {
			t.Errorf("%+v is news %d, want %d", h, got, want)
		}
	}
}
