package demo

import (
	"encoding/json"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func records(t *testing.T, text string) Records {
	t.Helper()
	var out Records
	if err := control.Decode([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCompareFindsEveryChangeButTheIgnoredOnes(t *testing.T) {
	before := records(t, `{"pc":{"referrals":{"r1":{"eTag":"1","updatedDateTime":"a","name":"x","details":{"dealValue":85000,"list":[1,2]}}}},
		"crm":{"opportunity":{"o1":{"modifiedon":"a","statecode":0,"estimatedvalue_base":1}},"asyncoperation":{"j1":{"a":1}}}}`)
	after := records(t, `{"pc":{"referrals":{"r1":{"eTag":"2","updatedDateTime":"b","name":"y","details":{"dealValue":85000.0,"list":[1,3]}},"r2":{"name":"z"}}},
		"crm":{"opportunity":{"o1":{"modifiedon":"b","statecode":1,"estimatedvalue_base":2}},"asyncoperation":{"j1":{"a":2},"j2":{"a":1}}}}`)
	want := []string{`crm/opportunity/o1/statecode: 0 → 1`, `pc/referrals/r1/details/list: [1,2] → [1,3]`,
		`pc/referrals/r1/name: "x" → "y"`, `pc/referrals/r2: nothing → {"name":"z"}`}
	got := compare(before, after)
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want) || got[i].String() != want[i]:
			t.Errorf("change %d is %s", i, got[i])
		}
	}
}

func TestCompareSeesATableAndARowGo(t *testing.T) {
	before := records(t, `{"crm":{"account":{"a1":{"name":"x"}},"lead":{"l1":{}}}}`)
	after := records(t, `{"crm":{"account":{}}}`)
	got := compare(before, after)
	if len(got) != 2 || got[0].path != "crm/account/a1" || got[1].path != "crm/lead" {
		t.Errorf("%v", got)
	}
}

func TestNothingElseNamesWhatChangedUnasked(t *testing.T) {
	s := &Story{out: discard{}}
	l := &look{s: s, expected: map[int]bool{}, changes: []change{{"pc/referrals/r1/details/dealValue", json.Number("1"), json.Number("2")}, {"pc/referrals/r1/name", "a", "b"}}}
	l.expects("pc/referrals/*/details")
	l.nothingElse()
	if s.err == nil {
		t.Fatal("a changed name goes unnoticed")
	}
	s.err = nil
	l.expects("pc/referrals/r1/name")
	if l.nothingElse(); s.err != nil {
		t.Errorf("expected changes are held against the step: %v", s.err)
	}
}

func TestNullAndAbsentAreTheSame(t *testing.T) {
	if got := compare(records(t, `{"pc":{"referrals":{"r":{"a":null}}}}`), records(t, `{"pc":{"referrals":{"r":{}}}}`)); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestEffectMedianLeavesOutTheKillsAndFailures(t *testing.T) {
	r := Report{Steps: []Result{{ID: "D1", OK: true, EffectMS: 10}, {ID: "D2", OK: true, EffectMS: 30}, {ID: "D3", EffectMS: 5},
		{ID: "D12", OK: true, EffectMS: 6000}}}
	if got := r.EffectMedian(); got != 20 {
		t.Errorf("median %d instead of 20", got)
	}
}
