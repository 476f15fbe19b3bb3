package cosell

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var brakeDay = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// aside are n pairs that were put aside for a cause at a time.
func aside(n int, cause string, at time.Time) (out []Aside) {
	for i := range n {
		out = append(out, Aside{OpportunityID: fmt.Sprint(i), Cause: cause, Since: at})
	}
	return out
}

func TestLimitOfTheBrake(t *testing.T) {
	for pairs, want := range map[int]int{0: 50, 49: 50, 500: 50, 509: 50, 510: 51, 100_000: 10_000} {
		if got := LimitOf(pairs); got != want {
			t.Errorf("of %d pairs %d may be written", pairs, got)
		}
	}
}

func TestMoreThanTheLimitPutsTheBrakeOn(t *testing.T) {
	for _, c := range []struct {
		n, pairs int
		on       bool
	}{{50, 60, false}, {51, 60, true}, {51, 509, true}, {51, 510, false}, {100, 1000, false}, {101, 1000, true}} {
		b := Brake{}.Judge(aside(c.n, "sheet x", brakeDay), c.pairs, brakeDay, false)
		if on := !b.On.IsZero(); on != c.on || b.Aside != c.n || b.Most != LimitOf(c.pairs) || !b.Passed.IsZero() {
			t.Errorf("%d of %d: %+v", c.n, c.pairs, b)
		}
	}
}

func TestWhatIsPutAsideGoesOnOnceNothingMoreComes(t *testing.T) {
	sheet := CauseSheet("a")
	b, at := Brake{}, brakeDay
	look := func(rows []Aside, after time.Duration, unsure bool) bool {
		at = at.Add(after)
		b = b.Judge(rows, 1000, at, unsure)
		return b.Lets(rows[0], at)
	}
	first := aside(3, sheet, brakeDay)
	second := append(slices.Clone(first), Aside{"z", sheet, brakeDay.Add(10 * time.Minute)})
	for i, step := range []struct {
		rows   []Aside
		after  time.Duration
		unsure bool
		goes   bool
	}{{first, 0, false, false}, {first, 19 * time.Minute, false, false}, {second, time.Minute, false, false}, // another one: the wait begins anew
		{second, 19 * time.Minute, true, false}, // a system did not answer: anew
		{second, 19 * time.Minute, false, false}, {second, time.Minute, false, true}} {
		if got := look(step.rows, step.after, step.unsure); got != step.goes {
			t.Fatalf("step %d: goes on is %v, %+v", i, got, b)
		}
	}
	if b.Lets(Aside{"y", sheet, brakeDay.Add(time.Hour)}, at) {
		t.Error("what is put aside later goes on uncounted")
	}
}

func TestLittleByLittleIsMuchWithinADay(t *testing.T) {
	b, at := Brake{}, brakeDay
	for range 2 {
		rows := aside(30, CauseSheet("a"), at)
		b = b.Judge(rows, 400, at, false)
		at = at.Add(stillFor)
		b = b.Judge(rows, 400, at, false)
	}
	if b.On.IsZero() {
		t.Errorf("60 pairs were let go in an hour: %+v", b)
	}
	b = Brake{Recent: b.Recent}.Judge(aside(30, CauseSheet("a"), at), 400, at.Add(freedFor), false)
	if !b.On.IsZero() || len(b.Recent) != 0 {
		t.Errorf("those of the day before count: %+v", b)
	}
}

func TestABrakeStaysOnUntilItIsReleasedOrNothingWaits(t *testing.T) {
	rows := aside(60, CauseRebuilt, brakeDay)
	on := Brake{}.Judge(rows, 100, brakeDay, false)
	less := on.Judge(rows[:10], 100, brakeDay.Add(48*time.Hour), false)
	if less.On.IsZero() || less.Lets(rows[0], brakeDay.Add(48*time.Hour)) {
		t.Errorf("10 are left: %+v", less)
	}
	if none := on.Judge(nil, 0, brakeDay.Add(time.Hour), false); !none.On.IsZero() {
		t.Errorf("nothing waits: %+v", none)
	}
	free := on.Release(rows, "ann", "as meant", brakeDay)
	late := Aside{"late", CauseRebuilt, brakeDay.Add(time.Hour)}
	if !free.On.IsZero() || !free.Lets(rows[0], brakeDay) || !free.Lets(late, late.Since) || free.By != "ann" || free.Reason != "as meant" || !free.Released.Equal(brakeDay) {
		t.Errorf("released: %+v", free)
	}
	if free.Lets(Aside{"x", CauseSheet("b"), brakeDay}, brakeDay) || free.Lets(late, brakeDay.Add(freedFor)) {
		t.Error("another cause, or the same of another day, goes on with it")
	}
	if again := free.Judge(aside(60, CauseRebuilt, brakeDay.Add(freedFor)), 100, brakeDay.Add(freedFor), false); again.On.IsZero() {
		t.Errorf("tables that were lost on another day: %+v", again)
	}
	if len(on.Freed) != 0 {
		t.Error("the release changed the brake before it")
	}
}

// A rebuilt ledger grows: as long as the feeds were not read, the few that it knows are not all.
func TestAFewPairsAreAllOnlyWhenTheFeedsSaySo(t *testing.T) {
	rows := aside(3, CauseRebuilt, brakeDay)
	if b := (Brake{}).Judge(rows, 3, brakeDay, true); b.Lets(rows[0], brakeDay) {
		t.Errorf("nobody has counted them: %+v", b)
	}
	counted, _ := Brake{}.Expect("referral", 4, brakeDay)
	counted, _ = counted.Expect("opportunity", 3, brakeDay)
	if b := counted.Judge(rows, 3, brakeDay, false); !b.Lets(rows[0], brakeDay) {
		t.Errorf("there are four: %+v", b)
	}
	many, changed := counted.Expect("opportunity", 600, brakeDay)
	if b := many.Judge(rows, 3, brakeDay, false); !changed || b.Lets(rows[0], brakeDay) || b.Pairs != 600 || b.Most != 60 {
		t.Errorf("there will be 600: %+v", b)
	}
}

// While a ledger is rebuilt the feeds name more than will be pairs: referrals of Microsoft, of another installation, deals
// that never became one. The limit is a part of the pairs all the same.
func TestTheLimitIsOfThePairsAndNotOfWhatFeedsNamed(t *testing.T) {
	named, _ := Brake{}.Expect("referral", 1200, brakeDay)
	named, _ = named.Expect("opportunity", 600, brakeDay)
	rows, at := aside(100, CauseRebuilt, brakeDay), brakeDay
	b := named
	for i, step := range []struct {
		pairs  int
		after  time.Duration
		unsure bool
		on     bool
	}{{300, 0, false, false}, {500, 20 * time.Minute, false, false}, {600, 20 * time.Minute, false, false}, // they become more
		{600, 19 * time.Minute, false, false}, {600, time.Minute, true, false}, // a system did not answer: anew
		{600, 19 * time.Minute, false, false}, {600, time.Minute, false, true}} {
		at = at.Add(step.after)
		b = b.Judge(rows, step.pairs, at, step.unsure)
		if on := !b.On.IsZero(); on != step.on || b.Lets(rows[0], at) {
			t.Fatalf("step %d: %+v", i, b)
		}
	}
	if b.Pairs != 600 || b.Most != 60 || b.Expects(at) != 0 {
		t.Errorf("what a person is shown: %+v", b)
	}
	if late := named.Judge(rows, 600, brakeDay.Add(rebuiltFor), false); late.On.IsZero() || late.Most != 60 {
		t.Errorf("a day later it does not count: %+v", late)
	}
	old := Brake{Expected: 3000, Named: []string{"referral", "opportunity"}}.Judge(nil, 200, brakeDay, false)
	if b := old.Judge(rows, 200, brakeDay.Add(rebuiltFor), false); b.On.IsZero() {
		t.Errorf("of an earlier version it counts for ever: %+v", b)
	}
}

// What is little of all the pairs that there will be is not too much because few are there yet.
func TestARebuiltLedgerIsNotBrakedBeforeItIsWhole(t *testing.T) {
	b, _ := Brake{}.Expect("referral", 1000, brakeDay)
	rows, at := aside(60, CauseRebuilt, brakeDay), brakeDay
	for _, pairs := range []int{100, 300, 500} {
		b = b.Judge(rows, pairs, at, false)
		at = at.Add(15 * time.Minute)
	}
	b = b.Judge(rows, 620, at, false)
	if at = at.Add(stillFor); !b.On.IsZero() || !b.Judge(rows, 620, at, false).Lets(rows[0], at) {
		t.Errorf("60 of 620: %+v", b)
	}
}

// A feed that begins once more names what counts from then on.
func TestWhatFeedsNameCountsForADay(t *testing.T) {
	b, _ := Brake{}.Expect("referral", 100, brakeDay)
	if _, changed := b.Expect("referral", 100, brakeDay.Add(time.Hour)); changed {
		t.Error("the same is noted again")
	}
	later := brakeDay.Add(rebuiltFor)
	next, changed := b.Expect("referral", 80, later)
	if b.Expects(later) != 0 || !changed || next.Expects(later) != 80 || !next.Begun.Equal(later) {
		t.Errorf("a day later: %+v", next)
	}
}

// restrained is a pairing with a base of the fields given, and what a look at it puts aside.
func restrained(base, p, d Record, change func(*Pairing)) (Plan, Plan, bool) {
	rules := []Rule{{Field: DealValue, Way: Both, Wins: Newest}, {Field: Currency, Way: Both, Wins: Newest}, {Field: Notes, Way: Both, Wins: Newest}, {Field: Name, Way: Both, Wins: Newest},
		{Field: Solutions, Way: Both, List: true}, {Field: Status, Way: Both, Door: Lifecycle}}
	r := Referral{Side: Side{ID: "r", Version: "1", Record: p, Read: brakeDay}}
	o := Opportunity{Side: Side{ID: "o", Version: "1", Record: d, Read: brakeDay}}
	in := Pairing{Pair: Pair{OpportunityID: "o", ReferralID: "r", Phase: Linked, Base: Base{Referral: base.Clone(), Opportunity: base.Clone()}}, Referral: &r, Opportunity: AtHand(o), Rules: rules, At: brakeDay}
	if change != nil {
		change(&in)
	}
	plan := Merge(in)
	rest, asked := in.PutAside(plan, CauseRebuilt)
	return plan, rest, asked
}

func TestOnlyWhatWasAgreedOnIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		base, p, d Record
		left       Record // to CRM
		asked      bool
		kept       []Field
	}{
		"AFieldWithoutABaseWaits":    {Record{}, Record{Notes: "n"}, Record{Notes: ""}, Record{}, false, []Field{Notes}},
		"AnEditGoes":                 {Record{Notes: "m"}, Record{Notes: "n"}, Record{Notes: "m"}, Record{Notes: "n"}, true, nil},
		"OfBothTheEditGoesAlone":     {Record{Name: "a"}, Record{Notes: "n", Name: "b"}, Record{Notes: "", Name: "a"}, Record{Name: "b"}, true, []Field{Notes}},
		"TheCurrencyGoesWithItsEdit": {Record{DealValue: "1"}, Record{DealValue: "2", Currency: "USD"}, Record{DealValue: "1", Currency: ""}, Record{DealValue: "2", Currency: "USD"}, true, nil},
		"AnEditThatIsRefusedAsksToo": {Record{Notes: "m"}, Record{Notes: "m", Name: "b"}, Record{Notes: "changed", Name: ""}, Record{}, true, []Field{Name}},
		"AListWaitsWhole": {Record{}, Record{Solutions: "2", Solutions.Of("x"): "{}", Solutions.Of("y"): "{}"}, Record{Solutions: "0"}, Record{}, false,
			[]Field{Solutions, Solutions.Of("x"), Solutions.Of("y")}},
		"AClosingWaits": {Record{}, Record{Status: Lost, Reason: "r"}, Record{Status: Open}, Record{}, false, []Field{Status, Reason}},
	} {
		t.Run(name, func(t *testing.T) {
			_, rest, asked := restrained(c.base, c.p, c.d, nil)
			if asked != c.asked || Print(rest.ToOpportunity) != Print(c.left) {
				t.Errorf("asked %v, left %v", asked, rest.ToOpportunity)
			}
			for _, f := range c.kept {
				if !rest.keep[f] {
					t.Errorf("%s counts as agreed, and would never be filled", f)
				}
			}
			i := slices.IndexFunc(rest.Problems, func(p Problem) bool { return p.Code == CodeBrake })
			if i < 0 || !rest.Problems[i].Quiet || rest.Problems[i].Value != CauseRebuilt {
				t.Errorf("nothing remembers it: %+v", rest.Problems)
			}
		})
	}
}

func TestWhatIsPutAsideIsFoundAgain(t *testing.T) {
	in := func(in *Pairing) { in.Pair.Sheet = "before" }
	plan, rest, _ := restrained(Record{}, Record{Notes: "n", Name: "same"}, Record{Notes: "", Name: "same"}, in)
	r := Referral{Side: Side{ID: "r", Version: "1", Record: Record{Notes: "n", Name: "same"}, Read: brakeDay}}
	o := Opportunity{Side: Side{ID: "o", Version: "1", Record: Record{Notes: "", Name: "same"}, Read: brakeDay}}
	now := Pairing{Pair: Pair{OpportunityID: "o", ReferralID: "r", Phase: Linked}, Referral: &r, Opportunity: AtHand(o), Rules: []Rule{{Field: Notes, Way: Both}, {Field: Name, Way: Both}}, At: brakeDay}
	pair := now.Settle(rest, Written{Silent: true}, "after")
	cause, since := pair.AsideFor()
	if cause != CauseRebuilt || !since.Equal(brakeDay) || pair.Sheet != "after" || pair.Base.Referral[Name] != "same" || pair.Base.Referral.has(Notes) || len(pair.Loud()) != 0 {
		t.Errorf("%q since %s, %+v", cause, since, pair)
	}
	now.Pair, now.At = pair, brakeDay.Add(time.Hour)
	again := Merge(now)
	if Print(again.ToOpportunity) != Print(plan.ToOpportunity) || len(again.ToOpportunity) != 1 {
		t.Errorf("the second look: %v", again.ToOpportunity)
	}
	if now.Unasked(false, "after") != CauseRebuilt || now.Unasked(false, "third") != CauseSheet("third") {
		t.Error("the cause of the second look is another")
	}
	rest, _ = now.PutAside(again, CauseSheet("third"))
	other := now.Settle(rest, Written{Silent: true}, "third")
	if cause, since := other.AsideFor(); cause != CauseSheet("third") || !since.Equal(now.At) {
		t.Errorf("another cause is as old as the first: %q since %s", cause, since)
	}
	if gone := now.Settle(again, Written{Opportunity: &o}, "after"); gone.Holds(CodeBrake) {
		t.Error("written, and still put aside")
	}
}

// After older tables were put back a value that differs is left, where both records are newer than the copy.
func TestWhatOlderTablesCannotDecideIsLeft(t *testing.T) {
	now := brakeDay.Add(time.Hour)
	known := func(in *Pairing, ids ...string) {
		in.Pair.Seen = map[string]Sight{}
		for _, id := range ids {
			in.Pair.Seen[id] = Sight{Versions: []string{"1"}}
		}
	}
	for name, c := range map[string]struct {
		change func(*Pairing)
		left   bool
	}{
		"BothAreNewer":              {func(in *Pairing) {}, true},
		"TheReferralIsKnown":        {func(in *Pairing) { known(in, "r") }, false},
		"TheOpportunityIsKnown":     {func(in *Pairing) { known(in, "o") }, false},
		"EditedAfterItWasNoticed":   {func(in *Pairing) { in.Referral.Modified = now.Add(time.Second) }, false},
		"TheRowIsAssumed":           {func(in *Pairing) { in.Opportunity = Assumed(in.Pair) }, false},
		"ItIsMicrosoftsReferral":    {func(in *Pairing) { in.Referral.Microsoft = true }, false},
		"NothingWasAgreedOnBefore":  {func(in *Pairing) { in.Pair.Base = Base{Referral: Record{}, Opportunity: Record{}} }, false},
		"ItWasChangedOnBothSides":   {func(in *Pairing) { in.Pair.Base.Opportunity[Notes] = "other" }, true},
		"AStepOfTheLifeCycleGoesOn": {func(in *Pairing) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var in Pairing
			restrained(Record{Notes: "m", Name: "x"}, Record{Notes: "n", Name: "x"}, Record{Notes: "m", Name: "x"}, func(p *Pairing) { c.change(p); in = *p })
			plan := Plan{ToReferral: Record{}, ToOpportunity: Record{Notes: "n"}, Problems: []Problem{{Code: conflictResolved, Field: Notes, Place: InCRM, Once: true}}}
			if name == "AStepOfTheLifeCycleGoesOn" {
				plan.ToReferral[Status] = Lost
			}
			got := in.Doubtful(plan, now)
			told := slices.ContainsFunc(got.Problems, func(p Problem) bool { return p.Code == "values.differ" && p.Field == Notes })
			gaveWay := slices.ContainsFunc(got.Problems, func(p Problem) bool { return p.Code == conflictResolved })
			if _, goes := got.ToOpportunity[Notes]; goes == c.left || gaveWay == c.left || told != c.left || len(got.ToReferral) != len(plan.ToReferral) {
				t.Errorf("%+v", got)
			}
			if quiet := in.Doubtful(plan, time.Time{}); len(quiet.ToOpportunity) != 1 || len(quiet.Problems) != 1 {
				t.Errorf("nothing was put back: %+v", quiet)
			}
		})
	}
}
