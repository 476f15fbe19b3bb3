package office

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestReleasingTheBrakeNeedsAReasonAndIsWrittenDown(t *testing.T) {
	r := newRoom(t)
	if _, err := r.BrakeRelease(t.Context(), Act{By: "ann"}); !fault.Is(err, fault.Invalid) || r.desk.did != nil {
		t.Errorf("without a reason: %v, did %v", err, r.desk.did)
	}
	act := Act{By: "ann", Reason: "the sheet is right"}
	if _, err := r.BrakeRelease(t.Context(), act); !fault.Is(err, fault.Gone) || strings.Contains(r.log.String(), "brake release") {
		t.Errorf("nothing waits: %v, %s", err, r.log.String())
	}
	r.desk.brake.Aside = 60
	n, err := r.BrakeRelease(t.Context(), act)
	if err != nil || n != 60 || !slices.Contains(r.desk.did, "release by ann because the sheet is right") {
		t.Errorf("%d %v, did %v", n, err, r.desk.did)
	}
	if log := r.log.String(); !strings.Contains(log, `act="brake release" operator=ann reason="the sheet is right" pairs=60`) {
		t.Errorf("the log: %s", log)
	}
	r.Desk = nil
	if _, err := r.BrakeRelease(t.Context(), act); fault.Of(err).Code != "desk.none" {
		t.Errorf("without a desk: %v", err)
	}
}

func TestTheBrakeShowsWhatWaitsAndWhy(t *testing.T) {
	var aside []cosell.Aside
	for i := range 25 {
		aside = append(aside, cosell.Aside{OpportunityID: fmt.Sprintf("o-%02d", i), Cause: cosell.CauseSheet("a"), Since: noon.Add(-time.Duration(i) * time.Minute)})
	}
	aside = append(aside, cosell.Aside{OpportunityID: "o-99", Cause: cosell.CauseRebuilt, Since: noon})
	b := brakeOf(cosell.Brake{On: noon, Most: 50, Pairs: 70, By: "ann", Reason: "once", Released: noon}, aside)
	if !b.On || b.Aside != 26 || b.Limit != 50 || b.Pairs != 70 || len(b.Causes) != 2 || b.Released.By != "ann" {
		t.Fatalf("%+v", b)
	}
	if c := b.Causes[0]; c.Pairs != 25 || len(c.Records) != mostShown || c.Records[0] != "o-24" || !c.Since.Equal(noon.Add(-24*time.Minute)) || !strings.Contains(c.Why, "field sheet") {
		t.Errorf("%+v", c)
	}
	if off := brakeOf(cosell.Brake{}, nil); off.On || off.Since != nil || off.Limit != cosell.FewPairs || off.Released != nil {
		t.Errorf("%+v", off)
	}
}

func TestStatusSaysThatTheBrakeKeepsAPair(t *testing.T) {
	r := newRoom(t)
	p, _, err := r.ledger.Find(t.Context(), opportunity)
	if err != nil {
		t.Fatal(err)
	}
	p.Held = []cosell.Held{{Place: cosell.InCRM, Field: "*brake", Class: cosell.OfRule, Code: cosell.CodeBrake, Value: cosell.CauseRebuilt, Since: noon, Quiet: true}}
	if _, err := r.ledger.Save(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	rows, _, err := r.Status(t.Context(), opportunity)
	if err != nil || rows[0].InStep || !strings.Contains(rows[0].Why, "cosellctl brake show") {
		t.Errorf("%v %+v", err, rows)
	}
}

func TestWhatAnOperatorHasDroppedExplainsItsDifference(t *testing.T) {
	r := newRoom(t)
	if err := r.ledger.Note(t.Context(), opportunity, cosell.Entry{At: noon, Action: "forgotten", Fields: []cosell.Field{cosell.Notes}}); err != nil {
		t.Fatal(err)
	}
	r.desk.preview = Preview{Differences: []Difference{{Field: "notes", Unexplained: true}, {Field: "dealValue", Unexplained: true}}}
	v, err := r.PreviewOne(t.Context(), opportunity)
	if d := v.Differences; err != nil || d[0].Unexplained || !strings.Contains(d[0].Why, "dropped") || !d[1].Unexplained {
		t.Errorf("%v %+v", err, d)
	}
}

// What was agreed on after a drop is not explained by it any more.
func TestADropExplainsNothingAfterALaterWrite(t *testing.T) {
	notes, members := []cosell.Field{cosell.Mark, cosell.Notes}, []cosell.Field{"solutions/a"}
	later := noon.Add(time.Hour)
	for name, c := range map[string]struct {
		trail       []cosell.Entry
		field       string
		unexplained bool
	}{
		"dropped":                   {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: notes}}, "notes", false},
		"dropped and written":       {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: notes}, {At: later, Action: "updated", Fields: notes}}, "notes", true},
		"written and dropped":       {[]cosell.Entry{{At: noon, Action: "updated", Fields: notes}, {At: later, Action: "forgotten", Fields: notes}}, "notes", false},
		"dropped, and another one":  {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: notes}, {At: later, Action: "updated", Fields: []cosell.Field{"name"}}}, "notes", false},
		"dropped and refused":       {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: notes}, {At: later, Action: "refused", Fields: notes}}, "notes", false},
		"a list":                    {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: []cosell.Field{"solutions"}}}, "solutions/a", false},
		"a list, and a member":      {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: []cosell.Field{"solutions"}}, {At: later, Action: "updated", Fields: members}}, "solutions/a", true},
		"a list, and another of it": {[]cosell.Entry{{At: noon, Action: "forgotten", Fields: []cosell.Field{"solutions"}}, {At: later, Action: "updated", Fields: members}}, "solutions/b", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			if err := r.ledger.Note(t.Context(), opportunity, c.trail...); err != nil {
				t.Fatal(err)
			}
			r.desk.preview = Preview{Differences: []Difference{{Field: c.field, Unexplained: true}}}
			if v, err := r.PreviewOne(t.Context(), opportunity); err != nil || v.Differences[0].Unexplained != c.unexplained {
				t.Errorf("%v %+v", err, v.Differences)
			}
		})
	}
}
