package queue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// before is the pointer as the release before this one reads it.
type before struct {
	V       int       `json:"v"`
	Tenant  string    `json:"tenant"`
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Parent  string    `json:"parent,omitempty"`
	Reason  string    `json:"reason"`
	Seen    time.Time `json:"seen"`
	Attempt int       `json:"attempt"`
	Trace   string    `json:"trace"`
}

func TestProgramBeforeThisOneReadsWhatIsWritten(t *testing.T) {
	for name, c := range map[string]struct {
		p      Pointer
		reason string
	}{
		"plain":                 {Pointer{Why: "Update"}, "Update"},
		"without a remark":      {Pointer{}, "changed"},
		"deleted":               {Pointer{Why: "reconcile", Deleted: true}, "Delete"},
		"related":               {Pointer{Why: "related-referral-updated", Related: true}, "related-referral-updated"},
		"related, other remark": {Pointer{Why: "resync", Related: true}, "related-resync"},
		"remark like a word":    {Pointer{Why: "Delete"}, "changed"},
		"remark like a prefix":  {Pointer{Why: "related-x"}, "changed"},
	} {
		c.p.V, c.p.Tenant, c.p.Kind, c.p.ID, c.p.Parent, c.p.Seen, c.p.Attempt, c.p.Trace = Version, "t", Solution, "1", "opp", noon, 2, "trace"
		body, err := json.Marshal(c.p)
		if err != nil {
			t.Fatal(err)
		}
		var old before
		if err := json.Unmarshal(body, &old); err != nil {
			t.Fatal(err)
		}
		want := before{V: 1, Tenant: "t", Kind: Solution, ID: "1", Parent: "opp", Reason: c.reason, Seen: noon, Attempt: 2, Trace: "trace"}
		if diff := cmp.Diff(want, old); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got, err := Decode(body); err != nil || got != c.p {
			t.Errorf("%s: %v, comes back as %+v", name, err, got)
		}
	}
}

func TestReasonDecidesOnlyWhereTheNewMembersAreAbsent(t *testing.T) {
	const rest = `,"tenant":"t","kind":"referral","id":"1","seen":"2026-11-22T12:00:00Z","attempt":0,"trace":"x"}`
	for body, want := range map[string]Pointer{
		`{"v":1,"reason":"Delete"`:                                         {Deleted: true, Why: "Delete"},
		`{"v":1,"reason":"related-referral-updated"`:                       {Related: true, Why: "related-referral-updated"},
		`{"v":1,"reason":"Update"`:                                         {Why: "Update"},
		`{"v":1,"reason":"Delete","deleted":false,"why":"Delete"`:          {Why: "Delete"},
		`{"v":1,"reason":"related-x","related":false,"deleted":false`:      {},
		`{"v":2,"reason":"Delete","why":"reconcile"`:                       {Why: "reconcile"},
		`{"v":2,"why":"related-referral-created"`:                          {Why: "related-referral-created"},
		`{"v":2,"deleted":true,"related":true,"why":"y","revivals":3`:      {Deleted: true, Related: true, Why: "y", Revivals: 3},
		`{"v":1,"reason":"Update","deleted":true,"related":true,"why":"z"`: {Deleted: true, Related: true, Why: "z"},
	} {
		got, err := Decode([]byte(body + rest))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		want.V, want.Tenant, want.Kind, want.ID, want.Seen, want.Trace = got.V, "t", Referral, "1", noon, "x"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestVersionTwoHasNoReason(t *testing.T) {
	body, err := json.Marshal(Pointer{V: 2, Why: "Update"})
	if err != nil || strings.Contains(string(body), "reason") {
		t.Errorf("%s %v", body, err)
	}
}
