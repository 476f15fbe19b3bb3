package app

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/health"
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
