package app

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/health"
)

// unstarted tells in health that nothing is created yet: a standstill that a person chose, or has forgotten.
func (a *App) unstarted(c loaded) {
	if c.Mode == Shadow {
		a.stand("mode", []health.Problem{{What: "mode.shadow", Note: true, Count: 1,
			Say: "shadow mode: everything is decided and logged, and nothing is written", Mend: "set SYNC_MODE=live to work in earnest"}})
		return
	}
	if !c.Started.IsZero() {
		return
	}
	a.awaitsStart.Store(true)
	a.stand("start", []health.Problem{{What: "start.pending", Count: 1,
		Say:  "nothing is created on either side, because the work has not begun: SYNC_STARTED is not set",
		Mend: "look at the list of cosellctl adopt --plan, then begin with cosellctl adopt --yes"}})
}

// begun looks whether an operator has begun the work since, and reminds of the setting: the tables alone know of it.
func (a *App) begun(ctx context.Context, g *Generation) {
	if !a.awaitsStart.Load() {
		return
	}
	from, yes, err := g.Jobs.Started(ctx)
	if err != nil || !yes {
		return
	}
	a.awaitsStart.Store(false)
	a.stand("start", []health.Problem{{What: "start.unkept", Note: true, Count: 1,
		Say:  "the work has begun, and SYNC_STARTED is not set: only the tables know of it",
		Mend: "set SYNC_STARTED=" + from.UTC().Format(time.RFC3339)}})
}
