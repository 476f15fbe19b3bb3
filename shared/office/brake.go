package office

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// Brake is how the brake stands: what would be written and no edit explains waits until it is known how much that is,
// and more than Limit pairs wait for a person.
type Brake struct {
	On       bool         `json:"on"`
	Since    *time.Time   `json:"since,omitempty"`
	Aside    int          `json:"aside"` // pairs that wait
	Limit    int          `json:"limit"` // so many go on by themselves
	Pairs    int          `json:"pairs"` // of which the limit was made, as of the last pass of reconcile that found any aside
	Causes   []BrakeCause `json:"causes"`
	Released *Released    `json:"released,omitempty"` // the last time
}

// BrakeCause is one reason for which pairs wait.
type BrakeCause struct {
	Why     string    `json:"why"`
	Pairs   int       `json:"pairs"`
	Since   time.Time `json:"since"`
	Records []string  `json:"records"` // opportunities, the oldest first, mostShown at most
}

// Released says who has let go on what the brake kept, and why.
type Released struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// mostShown is how many records a cause shows.
const mostShown = 20

// BrakeShow says how the brake stands.
func (o *Office) BrakeShow(ctx context.Context) (Brake, error) {
	desk, err := o.desk()
	if err != nil {
		return Brake{}, err
	}
	return desk.Brake(ctx)
}

// BrakeRelease has everything written that the brake keeps, and what is still to come for the same reasons, and gives
// how many pairs that is. It needs a reason: what is written cannot be taken back. Gone: nothing waits.
func (o *Office) BrakeRelease(ctx context.Context, a Act) (int, error) {
	if err := a.reasoned("release the brake"); err != nil {
		return 0, err
	}
	desk, err := o.desk()
	if err != nil {
		return 0, err
	}
	n, err := desk.Release(ctx, a.By, a.Reason)
	switch {
	case err != nil:
		return n, err
	case n == 0:
		return 0, fault.New(fault.Gone, "nothing waits for the brake")
	}
	o.did(ctx, a, "brake release", "pairs", n)
	return n, nil
}

// Brake implements Desk.
func (f Flows) Brake(ctx context.Context) (out Brake, err error) {
	err = f.do(ctx, func(now *flow.Flow) error {
		b, aside, err := now.Brake(ctx)
		out = brakeOf(b, aside)
		return err
	})
	return out, err
}

// Release implements Desk.
func (f Flows) Release(ctx context.Context, by, reason string) (n int, err error) {
	return answerOf(ctx, f, func(now *flow.Flow) (int, error) { return now.Release(ctx, by, reason) })
}

func brakeOf(b cosell.Brake, aside []cosell.Aside) Brake {
	out := Brake{On: !b.On.IsZero(), Aside: len(aside), Limit: cmp.Or(b.Most, cosell.FewPairs), Pairs: b.Pairs, Causes: []BrakeCause{}}
	if out.On {
		out.Since = &b.On
	}
	if !b.Released.IsZero() {
		out.Released = &Released{By: b.By, Reason: b.Reason, At: b.Released}
	}
	slices.SortFunc(aside, func(a, b cosell.Aside) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.OpportunityID, b.OpportunityID))
	})
	for _, one := range aside {
		why := "another field sheet counts since they were last kept in step"
		if one.Cause == cosell.CauseRebuilt {
			why = "both records name each other, and the tables knew nothing of it"
		}
		i := slices.IndexFunc(out.Causes, func(c BrakeCause) bool { return c.Why == why })
		if i < 0 {
			i, out.Causes = len(out.Causes), append(out.Causes, BrakeCause{Why: why, Since: one.Since})
		}
		c := &out.Causes[i]
		if c.Pairs++; len(c.Records) < mostShown {
			c.Records = append(c.Records, one.OpportunityID)
		}
	}
	return out
}
