package simulate

import (
	"testing"
	"testing/synctest"
	"time"
)

// Tables from before Microsoft was asked again do not bring the former engagement back.
func TestOlderTablesKeepANewEngagement(t *testing.T) {
	x := tale{name: "Microsoft is asked again, and older tables come back", acts: []act{creates(doc{"cosell_help": 700010002}), seller("decline", doc{"reason": "Others"})}}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay))
		r := newRun(t, x.plan("one", nil), nil)
		r.deliveries()
		tell := func(acts ...act) {
			for _, a := range acts {
				r.people.look(r.deals[0])
				r.must(a.do(r))
				r.quiet(20 * time.Minute)
			}
		}
		tell(x.acts...)
		before := r.tables.Copy()
		first := text(r.people.dv.Row("opportunity", r.deal().opportunity)["cosell_referralid"])
		tell(asksAgain())
		second := text(r.people.dv.Row("opportunity", r.deal().opportunity)["cosell_referralid"])
		if first == "" || second == "" || first == second {
			t.Fatalf("the referral was %q and is %q", first, second)
		}
		before()
		tell(edits(doc{"description": "Notes, edition 9"}), timer(), timer())
		r.fair()
		r.pass(70 * time.Second)
		r.comesToRest()
		r.rest(r.board())
		row := r.people.dv.Row("opportunity", r.deal().opportunity)
		if row["cosell_referralid"] != second {
			t.Errorf("the opportunity names %v, not %s of %s: %s", row["cosell_referralid"], second, first, row["cosell_audit"])
		}
		if len(r.broken) > 0 {
			t.Error(r.broken)
		}
		r.ends()
		time.Sleep(20 * time.Minute)
	})
}
