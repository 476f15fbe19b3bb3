package app

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

// Metadata compares the field sheet with the CRM's metadata, at most once an hour, and has health tell what
// does not fit until it does. The rows concerned are switched off meanwhile.
func (a *App) Metadata(ctx context.Context) error {
	g, err := a.Generation(ctx)
	if err != nil {
		return err
	}
	found, err := g.deals.Mismatches(ctx)
	if err != nil {
		return err
	}
	a.mismatched(found)
	columns := g.Sheet.Unwatched()
	if g.leads != nil {
		if found, err = g.leads.Mismatches(ctx); err != nil {
			return err
		}
		a.leadsMismatched(found)
		columns = append(columns, g.Sheet.Leads().Unwatched()...)
	}
	deaf, err := g.deals.Listen(ctx, columns)
	if err != nil {
		return err
	}
	a.unwatched(deaf)
	return nil
}

// taken is told of each new generation: what was said of the one before counts no more, and its sheet is compared
// with the CRM as soon as a job has ended.
func (a *App) taken(g *Generation) {
	a.Log.Info("a field sheet is in force", "version", g.Number, "rows", len(g.Sheet.Rows()))
	a.unwatched(g.Sheet.Unwatched())
	var problems []health.Problem
	for _, m := range g.Sheet.Missing() {
		problems = append(problems, missingName(m))
	}
	a.stand("names of the field sheet", problems)
	a.comparing.Anew()
}

// missingName is what health says of a name of the sheet that the CRM does not have.
func missingName(m mapping.Missing) health.Problem {
	p := health.Problem{What: "sheet.missing " + string(m.Field), Where: "CRM", Count: 1, Note: m.Spare, Say: m.Text + "; the field is switched off",
		Mend: "write its name in the row " + string(m.Field) + " of your mapping file, and push it"}
	switch {
	case m.Spare:
		p.What, p.Say = p.What+" "+m.Text, m.Text
		p.Mend += "; or take it out of the row, if the table has none"
	case m.Lead:
		p.What, p.Say = p.What+" lead", m.Text+"; leads go without the field"
	}
	return p
}

// mismatched has health tell what does not fit now.
func (a *App) mismatched(found []opportunities.Mismatch) { a.misfits("crm metadata", found) }

// leadsMismatched is the same of leads.
func (a *App) leadsMismatched(found []opportunities.Mismatch) {
	a.misfits("crm metadata of leads", found)
}

func (a *App) misfits(part string, found []opportunities.Mismatch) {
	var problems []health.Problem
	for _, m := range found {
		problems = append(problems, health.Problem{What: "column " + m.Table + "/" + m.Column + " " + string(m.Field), Where: "CRM", Say: m.Say(), Mend: m.Mend, Count: 1})
	}
	a.stand(part, problems)
}

// compareCalls is how often single calls of a comparison may be repeated.
const compareCalls = 2

// comparison makes what has every process compare, once it works.
func (a *App) comparison() *opportunities.Comparing {
	return opportunities.NewComparing(a.Now, func(ctx context.Context) error {
		err := a.Metadata(httpclient.WithRepeats(ctx, compareCalls))
		if err != nil {
			a.Log.Info("the CRM's metadata is not compared yet", fault.Attr(err))
		}
		return err
	})
}

// jobWatch tells the comparison, too, of each job that has ended.
type jobWatch struct {
	*health.Watch
	comparing *opportunities.Comparing
	mark      string // of the tenant
}

// Ended implements post.Watch.
func (w jobWatch) Ended(function, record string, seen time.Time, err error) {
	w.Watch.Ended(function+w.mark, record, seen, err)
	w.comparing.JobEnded()
}

// unwatchedByFile tells it of the customer's sheet in a file, before the first job takes the sheet up.
func (a *App) unwatchedByFile(sheet *mapping.Sheet) {
	if sheet == nil { // all columns of ours are watched
		return
	}
	if _, asks := sheet.Asks(); !asks { // else it is told once the names are known
		a.unwatched(sheet.Unwatched())
	}
}

// unwatched tells in log and health of the columns whose changes raise no event. Nothing fails for them.
func (a *App) unwatched(columns []mapping.Column) {
	var notes []health.Problem
	for _, column := range columns {
		a.Log.Warn("no event step of ours watches this column of the field sheet: its changes wait for reconcile",
			"field", column.Field, "table", column.Table, "column", column.Name)
		notes = append(notes, health.Problem{What: "column.unwatched " + column.Table + "/" + column.Name + " " + string(column.Field), Note: true, Count: 1,
			Say:  "no event step of ours watches column " + column.Name + " of " + column.Table + ": its changes wait for the next pass of reconcile",
			Mend: "add the column to the filter of the step Update of " + column.Table + " in the CRM, or let the application user change steps"})
	}
	a.stand("event steps", notes)
}

// untracked has health tell of a table whose lost events nobody finds.
func (a *App) untracked(table string) {
	var notes []health.Problem
	if table != "" {
		notes = append(notes, health.Problem{What: "table.untracked " + table, Where: "CRM", Note: true, Count: 1,
			Say:  "the table " + table + " has no change tracking: changes of solution rows whose events are lost are not found",
			Mend: "let an administrator switch change tracking on for the table"})
	}
	a.stand("change feeds", notes)
}

// unread tells in log and health of settings that nobody reads. They are no mistake: after a step back to an
// older version those of the newer one are still there.
func (a *App) unread(names []string) {
	var notes []health.Problem
	for _, name := range names {
		a.Log.Warn("there is no such setting: it changes nothing", "setting", name)
		notes = append(notes, health.Problem{What: "setting.unknown " + name, Note: true, Count: 1,
			Say: "there is no setting " + name + ": it changes nothing", Mend: "correct its name, or take it away"})
	}
	if len(notes) > 0 {
		a.Watch.Stand(health.Process, "settings", notes)
	}
}
