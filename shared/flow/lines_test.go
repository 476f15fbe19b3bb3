package flow_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// The process dies once at every boundary of an event that writes to Audit, and the event comes again.
func TestF43_ADeathDoublesNoLine(t *testing.T) {
	event := flow.WithTrace(ctx, "5f3a0c1d-0000")
	for name, c := range map[string]struct {
		before func(*world)
		job    func(*world) error
	}{
		"a creation": {func(w *world) { w.want(cosell.Record{cosell.Help: "GeneralOrOther"}) },
			func(w *world) error { return w.flow.CreateReferral(event, toldOf("opportunity", deal, "test")) }},
		"an edit of the portal": {func(w *world) {
			w.want(nil)
			w.opportunityChanged()
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "77"})
		}, func(w *world) error { return w.flow.FromReferral(event, told(w.own()[0].ID, "referral-updated")) }},
	} {
		for at := 1; ; at++ {
			w := newWorld(t)
			c.before(w)
			w.dieAt = w.calls + at
			died := w.run(func() error { return c.job(w) }) != nil
			w.deliver(func() error { return c.job(w) })
			audit := w.opportunities[deal].Record[cosell.Audit]
			seen := map[string]bool{}
			for line := range strings.SplitSeq(audit, "\n") {
				_, text, _ := strings.Cut(line, " - ")
				if seen[text] {
					t.Errorf("%s, death at %d: the line stands twice:\n%s", name, at, audit)
				}
				seen[text] = true
			}
			if !died {
				break
			}
		}
	}
}
