package office

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestAdoptBeginsWithADayBeforeEverythingThatIsMade(t *testing.T) {
	r := newRoom(t)
	r.desk.census = Census{Found: []Found{{ID: "a", Fate: "comes", Changed: noon.Add(-40 * 24 * time.Hour)}, {ID: "b", Fate: "foreign", Changed: noon.Add(-400 * 24 * time.Hour)}}}
	plan, err := r.AdoptPlan(t.Context(), "")
	if err != nil || plan.Begun != nil || plan.Setting != "" || !slices.Equal(r.desk.did, []string{"census 0001-01-01"}) {
		t.Fatalf("%v %+v, did %v", err, plan, r.desk.did)
	}
	day := noon.Add(-40 * 24 * time.Hour).Format(time.DateOnly)
	done, err := r.Adopt(t.Context(), Act{By: "ann"}, "")
	if err != nil || done.Setting != "SYNC_STARTED="+day || done.Taken != 2 || !slices.Contains(r.desk.did, "start "+day) || !slices.Contains(r.desk.did, "take up 2") {
		t.Errorf("%v %+v, did %v", err, done, r.desk.did)
	}
	if log := r.log.String(); !strings.Contains(log, "act=adopt") || !strings.Contains(log, "operator=ann") {
		t.Errorf("the log: %s", log)
	}
	r.desk.did = nil
	again, err := r.Adopt(t.Context(), Act{By: "ann"}, "")
	if err != nil || again.Setting != done.Setting || !slices.Equal(r.desk.did, []string{"census " + day, "take up 2"}) {
		t.Errorf("again: %v %+v, did %v", err, again, r.desk.did)
	}
	if _, err := r.Adopt(t.Context(), Act{By: "ann"}, "2020-01-01"); !fault.Is(err, fault.Refused) {
		t.Errorf("another day: %v", err)
	}
}

func TestAdoptSinceIsADayOrAMoment(t *testing.T) {
	for since, want := range map[string]string{"2026-03-01": "SYNC_STARTED=2026-03-01", "2026-03-01T08:00:00+01:00": "SYNC_STARTED=2026-03-01T07:00:00Z"} {
		r := newRoom(t)
		if c, err := r.Adopt(t.Context(), Act{By: "ann"}, since); err != nil || c.Setting != want {
			t.Errorf("%s: %v %+v", since, err, c)
		}
	}
	r := newRoom(t)
	if _, err := r.Adopt(t.Context(), Act{By: "ann"}, "last week"); !fault.Is(err, fault.Invalid) || len(r.desk.did) != 0 {
		t.Errorf("%v, did %v", err, r.desk.did)
	}
}

func TestCountsCountARecordForEachThatItIs(t *testing.T) {
	got := Count([]Preview{{Does: Creates}, {Does: Updates, Problems: []Held{{Class: "rule"}, {Class: "record"}}}, {Does: Closes}, {Does: Refuses, Problems: []Held{{Class: "ours"}}},
		{Does: Waits, Waits: "until noon"}, {Does: Tells}, {Failed: "away"}, {Does: Nothing}})
	if want := (PreviewCounts{Records: 8, Create: 1, Change: 2, Tell: 1, Refused: 2, Held: 1, Wait: 1, Failed: 1, InStep: 1}); got != want {
		t.Errorf("%+v", got)
	}
}

// switchedOn are flows of Microsoft's connector, or why they are not seen.
type switchedOn struct {
	on  []OldFlow
	err error
}

func (s switchedOn) OldFlows(context.Context) ([]OldFlow, error) { return s.on, s.err }

func TestR154_AdoptRefusesBesideFlowsThatAreOn(t *testing.T) {
	r := newRoom(t)
	r.OldFlows = switchedOn{on: []OldFlow{{Name: "Partner Center to Dynamics 365"}}}
	plan, err := r.AdoptPlan(t.Context(), "")
	if err != nil || len(plan.Flows) != 1 {
		t.Errorf("%+v %v", plan, err)
	}
	r.desk.did = nil
	if _, err := r.Adopt(t.Context(), Act{}, ""); fault.ClassOf(err) != fault.Rule || !strings.Contains(err.Error(), "Partner Center to Dynamics 365") || fault.Of(err).Mend == "" || slices.Contains(r.desk.did, "start") {
		t.Errorf("%v, did %q", err, r.desk.did)
	}
	r.OldFlows = switchedOn{err: fault.New(fault.Refused, "no right").OfClass(fault.Ours)}
	if plan, err := r.AdoptPlan(t.Context(), ""); err != nil || plan.Unread == "" {
		t.Errorf("%+v %v", plan, err)
	}
	r.OldFlows = switchedOn{err: fault.New(fault.Broken, "away")}
	if _, err := r.Adopt(t.Context(), Act{}, ""); !fault.Is(err, fault.Broken) {
		t.Errorf("nobody could look, and it begins: %v", err)
	}
}
