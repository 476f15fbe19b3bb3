package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestTheBrakeIsChangedByOneAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		first, err := l.Brake(ctx)
		if err != nil || first.Version != "" {
			t.Fatalf("%v %+v", err, first)
		}
		first.Expected, first.Named, first.On, first.Freed = 60, []string{"referral"}, noon, map[string]time.Time{"rebuilt": noon}
		if err := l.SaveBrake(ctx, first); err != nil {
			t.Fatal(err)
		}
		wantKind(t, l.SaveBrake(ctx, first), fault.Conflict) // it is there by now
		got, err := l.Brake(ctx)
		version := got.Version
		got.Version = ""
		if diff := cmp.Diff(first, got); err != nil || version == "" || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		got.Version, got.By = version, "ann"
		if err := l.SaveBrake(ctx, got); err != nil {
			t.Fatal(err)
		}
		wantKind(t, l.SaveBrake(ctx, got), fault.Conflict) // it was somebody else's turn
	})
}

func TestWhatIsPutAsideIsListedAndPairsAreCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		var held cosell.Pair
		for i := range 3 {
			p := cosell.Pair{OpportunityID: uuid.NewString(), ReferralID: uuid.NewString(), EngagementID: uuid.NewString(), Phase: cosell.Linked}
			if i == 1 {
				p.Held = []cosell.Held{{Place: cosell.InCRM, Field: "*brake", Class: cosell.OfRule, Code: cosell.CodeBrake, Value: cosell.CauseRebuilt, Since: noon, Quiet: true},
					{Place: cosell.InCRM, Field: cosell.Notes, Class: cosell.OfRecord, Code: "x", Since: noon}}
				held = p
			}
			if _, err := l.Save(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		got, err := l.Aside(ctx)
		if diff := cmp.Diff([]cosell.Aside{{OpportunityID: held.OpportunityID, Cause: cosell.CauseRebuilt, Since: noon}}, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		alone := cosell.Pair{OpportunityID: "00000000" + uuid.NewString()[8:], ReferralID: uuid.NewString(), EngagementID: "00000000" + uuid.NewString()[8:], Phase: cosell.Lacking,
			Held: []cosell.Held{{Place: cosell.InCRM, Field: cosell.Whole, Class: cosell.OfRule, Code: cosell.CodeForeign, Since: noon}}}
		if _, err := l.Save(ctx, alone); err != nil {
			t.Fatal(err)
		}
		for most, want := range map[int]int{0: 3, 2: 2, 3: 3, 10: 4} {
			if n, err := l.CountPairs(ctx, most); n != want || err != nil {
				t.Errorf("up to %d: %d %v", most, n, err)
			}
		}
	})
}
