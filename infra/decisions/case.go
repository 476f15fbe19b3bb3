package decisions

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// The kinds of decisions.
const (
	Compare = "compare" // both records and what they last agreed on: what is written where, said, held and remembered
	Wanted  = "wanted"  // an opportunity without a referral: with which values one is made, or what is missing
	Arrives = "arrives" // a referral without an opportunity: with which values one is made
	Asked   = "asked"   // an act on the form: what becomes of it
	Brake   = "brake"   // how much is put aside: whether it goes on
	Verdict = "verdict" // how a job ended: what becomes of its message
)

// Month is what cases of the simulated month say of where they come from.
const Month = "month"

// Case is one decision: what it was made of, and what came of it, line by line.
type Case struct {
	Kind string            `json:"kind"`
	From string            `json:"from,omitempty"` // what was played
	In   json.RawMessage   `json:"in"`
	Out  map[string]string `json:"out"`
}

// Comparing is what Compare is made of.
type Comparing struct {
	Pair        cosell.Pair         `json:"pair"`
	Referral    cosell.Referral     `json:"referral"`
	Opportunity *cosell.Opportunity `json:"opportunity,omitempty"` // nil: assumed from the pair
	Sheet       Sheet               `json:"sheet"`
	Options     cosell.Options      `json:"options"`
	At          time.Time           `json:"at"`
	Retry       bool                `json:"retry,omitempty"`
	Linking     bool                `json:"linking,omitempty"`
	Met         bool                `json:"met,omitempty"`
	Heeded      bool                `json:"heeded,omitempty"`
}

// Wanting is what Wanted is made of.
type Wanting struct {
	Opportunity cosell.Opportunity `json:"opportunity"`
	Sheet       Sheet              `json:"sheet"`
}

// Arriving is what Arrives is made of.
type Arriving struct {
	Referral cosell.Referral `json:"referral"`
	Sheet    Sheet           `json:"sheet"`
}

// Asking is what Asked is made of.
type Asking struct {
	Pair        cosell.Pair        `json:"pair"`
	Opportunity cosell.Opportunity `json:"opportunity"`
	Microsoft   string             `json:"microsoft,omitempty"`
}

// Braking is what Brake is made of.
type Braking struct {
	Brake  cosell.Brake   `json:"brake"`
	Aside  []cosell.Aside `json:"aside,omitempty"`
	Pairs  int            `json:"pairs"`
	Now    time.Time      `json:"now"`
	Unsure bool           `json:"unsure,omitempty"`
}

// Ended is what Verdict is made of.
type Ended struct {
	Fault   string        `json:"fault,omitempty"` // its kind; empty: the job was done
	Class   string        `json:"class,omitempty"`
	Wait    time.Duration `json:"wait,omitempty"`
	Attempt int           `json:"attempt"`
	Age     time.Duration `json:"age"`
}

// Difference is a line that is decided otherwise than it was.
type Difference struct{ Line, Before, After string }

func (d Difference) String() string {
	said := func(s string) string {
		if s == "" {
			return "nothing"
		}
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%s: was %s, is %s", d.Line, said(d.Before), said(d.After))
}

// Differences compares what was decided with what is decided now.
func Differences(before, after map[string]string) (out []Difference) {
	all := maps.Clone(before)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, after)
	for _, line := range slices.Sorted(maps.Keys(all)) {
		if before[line] != after[line] {
			out = append(out, Difference{line, before[line], after[line]})
		}
	}
	return out
}
