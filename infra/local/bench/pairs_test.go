package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestASlowPassDoesNotMeetItsBounds(t *testing.T) {
	floor := cost{cpu: 10 * time.Second}
	for name, c := range map[string]struct {
		small, large cost
		missed       []string
	}{
		"as it should be": {cost{peak: 64}, cost{30 * time.Second, 96}, nil},
		"slow":            {cost{peak: 64}, cost{31 * time.Second, 96}, []string{"pairs"}},
		"large":           {cost{peak: 90}, cost{time.Second, 97}, []string{"pairs.memory"}},
		"one that grows":  {cost{peak: 40}, cost{time.Second, 61}, []string{"pairs.growth"}},
	} {
		var r Report
		if r.pairs(c.small, c.large, floor); !slices.Equal(r.Missed(), c.missed) {
			t.Errorf("%s: missed %v, want %v", name, r.Missed(), c.missed)
		}
	}
	var r Report
	r.million(cost{60 * time.Second, 128})
	if r.million(cost{61 * time.Second, 129}); !slices.Equal(r.Missed(), []string{"million", "million.memory"}) {
		t.Errorf("missed %v", r.Missed())
	}
}

// A pass that leaves records out, or reads them one by one, has no figures.
func TestAPassHasToNameEveryRecord(t *testing.T) {
	for said, want := range map[string]string{
		`{"hints":20,"pages":5,"reads":0}`: "", `{"hints":19,"reads":0}`: "named 19 records instead of 20", `{"hints":20,"reads":3}`: "read 3 by themselves", `oops`: `said "oops"`,
	} {
		if err := whole([]byte(said), 10); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", said, err)
		}
	}
}

func TestPartsAreKnownByTheirNames(t *testing.T) {
	if Known("") != nil || Known(Million) != nil || Known("moon") == nil || !strings.Contains(Known("moon").Error(), "receive, pairs, story, world, edits, recovery, layouts, million") {
		t.Errorf("%v, %v, %v", Known(""), Known(Million), Known("moon"))
	}
	if !Wants("", Receive) || Wants("", Million) || !Wants(Million, Million) || Wants(Million, Receive) {
		t.Error("a part is played that nobody asked for, or the other way round")
	}
}
