package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A column of these is Mistold when CRM says something else than we wrote last.
func TestMistoldColumnsAreThoseThatSomebodyElseWrote(t *testing.T) {
	base := Base{Opportunity: Record{State: StateInSync, ErrorCode: "", LastSync: "a", Expires: "", Proposed: "", Name: "N"}}
	for name, tt := range map[string]struct {
		now  Record
		want bool
	}{
		"AsWritten":     {Record{State: StateInSync, ErrorCode: "", LastSync: "a", Expires: "", Proposed: ""}, false},
		"AnotherState":  {Record{State: StateFailed}, true},
		"ACode":         {Record{ErrorCode: "typed"}, true},
		"ATime":         {Record{LastSync: "b"}, true},
		"AnEnd":         {Record{Expires: "soon"}, true},
		"AProposal":     {Record{Proposed: "x"}, true},
		"ClearedState":  {Record{State: ""}, true},
		"NotRead":       {Record{}, false},
		"AnyOtherField": {Record{Name: "M", Audit: "typed"}, false},
	} {
		if got := Mistold(base, Opportunity{Side: Side{Record: tt.now}}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if Mistold(Base{Opportunity: Record{}}, Opportunity{Side: Side{Record: Record{State: "x"}}}) {
		t.Error("what we never wrote is nobody's")
	}
}

func TestColumnsAreWorthAWriteWhereOneDoesNotSayWhatItShould(t *testing.T) {
	should := Record{State: StateInSync, ErrorCode: "", LastSync: "new", Expires: ""}
	for name, tt := range map[string]struct {
		now, was Record
		plan     Plan
		assumed  bool
		want     bool
	}{
		"AllRight":                    {Record{State: StateInSync, ErrorCode: "", LastSync: "new"}, Record{LastSync: "new"}, Plan{}, false, false},
		"AnotherState":                {Record{State: StateFailed}, nil, Plan{}, false, true},
		"AnOldTimeAlone":              {Record{State: StateInSync, LastSync: "old"}, Record{LastSync: "old"}, Plan{}, false, false},
		"AnOldTimeThatIsDue":          {Record{LastSync: "old"}, Record{LastSync: "old"}, Plan{Stamp: true}, false, true},
		"ATimeThatSomebodyWrote":      {Record{LastSync: "typed"}, Record{LastSync: "old"}, Plan{}, false, true},
		"ATimeThatWasNeverOurs":       {Record{LastSync: "typed"}, Record{}, Plan{}, false, false},
		"DueAndThereIsNoSuchColumn":   {Record{}, Record{LastSync: "old"}, Plan{Stamp: true}, false, false},
		"TheColumnIsNotThere":         {Record{Name: "N"}, nil, Plan{}, false, false},
		"TheRowIsAssumedAndSaysWrong": {Record{State: StateFailed}, nil, Plan{}, true, false},
	} {
		in := edit(nil, nil)
		in.Pair.Base.Opportunity = or(tt.was)
		in.Opportunity = AtHand(Opportunity{Side: Side{Record: tt.now}})
		if tt.assumed {
			in.Pair.Base.Opportunity = tt.now
			in.Opportunity = Assumed(in.Pair)
		}
		if got := in.PutRight(should, tt.plan); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsShownWithoutAReferral(t *testing.T) {
	problem := Problem{Code: "country.invalid", Class: OfRecord}
	p := Pair{ProposedID: "r"}
	if d := cmp.Diff(Record{State: "", ErrorCode: "", LastSync: "", Expires: "", Proposed: "r"}, p.Unlinked(nil)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Record{State: StateFailed, ErrorCode: "country.invalid", LastSync: "", Expires: "", Proposed: "r"}, p.Unlinked([]Problem{problem})); d != "" {
		t.Error(d)
	}
}

func TestThePairKnowsTheNewestVersion(t *testing.T) {
	p := Pair{}.Saw(Side{ID: "o", Version: "1"}, Side{ID: "o", Version: "2"})
	for v, want := range map[string]bool{"1": false, "2": true, "3": false} {
		if p.Knows(Side{ID: "o", Version: v}) != want {
			t.Errorf("%s: %v", v, !want)
		}
	}
	if p.Knows(Side{ID: "r", Version: "2"}) {
		t.Error("of another record")
	}
}

// With last sync "quiet", an edit towards Partner Center that brings nothing into CRM is shown there once
// nobody has edited for five minutes.
func TestR107_TheLastSyncIsWrittenOnceTheRecordIsQuiet(t *testing.T) {
	sent := func(option string) Pairing {
		in := edit(nil, Record{Name: "New"})
		in.Options.LastSync = option
		plan := Merge(in)
		after, done := write(in, plan)
		after.Pair = in.Settle(plan, done, "")
		return after
	}
	if in := sent("never"); len(in.Pair.Held) != 0 {
		t.Fatalf("never, and kept %+v", in.Pair.Held)
	}
	in := sent("quiet")
	h := in.Pair.Held
	if len(h) != 1 || h[0].Code != lastSyncDue || !h[0].Quiet || !h[0].Next.Equal(noon.Add(5*time.Minute)) || len(in.Pair.Loud()) != 0 || len(in.Pair.Told) != 0 {
		t.Fatalf("kept %+v", h)
	}
	for name, tt := range map[string]struct {
		at     time.Duration
		change func(*Pairing)
		stamp  bool
		reads  bool
		kept   int
	}{
		"TooEarly":        {4 * time.Minute, nil, false, false, 1},
		"Quiet":           {5 * time.Minute, nil, true, false, 0},
		"OnlyAssumed":     {5 * time.Minute, func(in *Pairing) { in.Opportunity = Assumed(in.Pair) }, false, true, 0},
		"AnEditMeanwhile": {4 * time.Minute, func(in *Pairing) { in.Opportunity.row.Record[Name] = "Newer" }, false, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			again := in
			again.Opportunity = with(in.Opportunity, func(*Opportunity) {})
			again.At = noon.Add(tt.at)
			if tt.change != nil {
				tt.change(&again)
			}
			plan := Merge(again)
			if plan.Stamp != tt.stamp || plan.NeedsOpportunity != tt.reads {
				t.Fatalf("%+v", plan)
			}
			_, done := write(again, plan)
			pair := again.Settle(plan, done, "")
			if tt.reads {
				return
			}
			if len(pair.Held) != tt.kept {
				t.Errorf("kept %+v", pair.Held)
			}
			if name == "AnEditMeanwhile" && !pair.Held[0].Next.Equal(again.At.Add(5*time.Minute)) {
				t.Errorf("the quiet began at the first edit: %s", pair.Held[0].Next)
			}
		})
	}
	// A write to CRM shows it, and there is nothing to wait for.
	in.Referral.Record = in.Referral.Record.Clone()
	in.Referral.Record[DealValue] = "7"
	plan := Merge(in)
	_, done := write(in, plan)
	if pair := in.Settle(plan, done, ""); len(pair.Held) != 0 {
		t.Errorf("kept %+v", pair.Held)
	}
}
