package app

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Metadata compares the field sheet with the CRM's metadata, at most once an hour, and has health tell what
// does not fit until it does. The rows concerned are switched off meanwhile.
func (a *App) Metadata(ctx context.Context) error {
	found, err := a.opportunities.Mismatches(ctx)
	if err != nil {
		return err
	}
	var problems []health.Problem
	for _, m := range found {
		say := m.String()
		switch {
		case m.Vital:
			say += "; nothing is kept in step without it"
		case m.Off:
			say += "; the field is switched off"
		}
		problems = append(problems, health.Problem{What: "column " + m.Table + "/" + m.Column + " " + string(m.Field), Say: say, Mend: m.Mend, Count: 1})
	}
	a.Watch.Stand("reconcile", "crm metadata", problems)
	return nil
}

// unwatched tells in log and health of the columns whose changes raise no event. Nothing fails for them.
func (a *App) unwatched(sheet *mapping.Sheet) {
	var notes []health.Problem
	for _, column := range sheet.Unwatched() {
		a.Log.Warn("no event step of ours watches this column of the field sheet: its changes wait for reconcile",
			"field", column.Field, "table", column.Table, "column", column.Name)
		notes = append(notes, health.Problem{What: "column.unwatched " + column.Table + "/" + column.Name + " " + string(column.Field), Note: true, Count: 1,
			Say:  "no event step of ours watches column " + column.Name + " of " + column.Table + ": its changes wait for the next pass of reconcile",
			Mend: "add the column to the filter of the step Update of " + column.Table + " in the CRM"})
	}
	if len(notes) > 0 {
		a.Watch.Stand(health.Process, "event steps", notes)
	}
}

// unstarted tells in health that nothing is created yet: a standstill that a person chose, or has forgotten.
func (a *App) unstarted(started Date) {
	if !started.IsZero() {
		return
	}
	a.Watch.Stand(health.Process, "start", []health.Problem{{What: "start.pending", Count: 1,
		Say:  "nothing is created on either side, because SYNC_STARTED is not set",
		Mend: "look at what both systems hold, and set SYNC_STARTED to the day from which deals are to cross"}})
}
