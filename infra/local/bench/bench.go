// Package bench measures the product in the laptop world: a burst of changes through the Functions host
// with its session model on, the handler's memory under it, its start, and the time from cause to effect.
package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/reports"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// Row is one figure of .build/reports/bench.json.
type Row struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Figure float64 `json:"figure"`
	Unit   string  `json:"unit"`
	Goal   string  `json:"goal"`
	Met    bool    `json:"met"`
}

// Report is .build/reports/bench.json.
type Report struct {
	Layout string `json:"layout"` // in how many processes the functions run
	Rows   []Row  `json:"rows"`
}

// most adds a figure that must not be above a goal.
func (r *Report) most(id, name string, figure, goal float64, unit string) {
	r.Rows = append(r.Rows, Row{ID: id, Name: name, Figure: figure, Unit: unit, Goal: fmt.Sprintf("at most %g", goal), Met: figure <= goal})
}

// least adds a figure that must not be below a goal.
func (r *Report) least(id, name string, figure, goal float64, unit string) {
	r.Rows = append(r.Rows, Row{ID: id, Name: name, Figure: figure, Unit: unit, Goal: fmt.Sprintf("at least %g", goal), Met: figure >= goal})
}

// told adds a figure that has no goal.
func (r *Report) told(id, name string, figure float64, unit string) {
	r.Rows = append(r.Rows, Row{ID: id, Name: name, Figure: figure, Unit: unit, Goal: noGoal, Met: true})
}

const noGoal = "for information"

// Missed lists the rows whose goal was not met.
func (r *Report) Missed() (ids []string) {
	for _, row := range r.Rows {
		if !row.Met {
			ids = append(ids, row.ID)
		}
	}
	return ids
}

// Effect adds the median from cause to effect of a story told at zero latency.
func (r *Report) Effect(ms int64) {
	r.most("effect", "from cause to effect, median over the steps of the story", float64(ms), 1000, "ms")
}

// worker is the process that is started again and again; where there is one alone it has this name, too.
const worker = "crmtopartnercenter#1"

// Starts of the handler, of which the quickest counts: the others waited for the machine.
const kills = 10

// Measure takes the other figures in a world that has just started; top is the repository.
func (r *Report) Measure(ctx context.Context, top string, w *world.World, out io.Writer) error {
	r.Layout = w.Local().Layout
	fmt.Fprintf(out, "%d starts of the handler …\n", kills)
	ready, err := quickestStart(ctx, w)
	if err != nil {
		return err
	}
	r.most("ready", "handler ready after its start, quickest of 10", milliseconds(ready), 100, "ms")
	if err := r.starts(ctx, top, w, out); err != nil {
		return err
	}
	took, err := burst(ctx, w, out)
	if err != nil {
		return err
	}
	r.most("burst", fmt.Sprintf("%d opportunities changed in one burst, all synced", pairs), took.Seconds(), 60, "s")
	return r.memory(w)
}

// mostMemory is what one process may hold under the burst, in MiB.
const mostMemory = 64

// memory adds what the processes held at most: the largest of them, and all together where they are several.
func (r *Report) memory(w *world.World) error {
	all, err := w.Host().Memory()
	if err != nil {
		return err
	}
	var largest, sum float64
	for _, m := range all {
		peak := float64(m.Peak) / (1 << 20)
		largest, sum = max(largest, peak), sum+peak
	}
	if len(all) == 1 {
		r.most("memory", "handler resident under the burst, peak", largest, mostMemory, "MiB")
		return nil
	}
	r.most("memory", "resident under the burst, peak of the largest process", largest, mostMemory, "MiB")
	r.most("memory.all", fmt.Sprintf("the same of all %d processes together", len(all)), sum, float64(mostMemory*len(all)), "MiB")
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// quickestStart kills the handler again and again and waits until it is back. The host counts crashes, so
// the world's clock moves on between them.
func quickestStart(ctx context.Context, w *world.World) (time.Duration, error) {
	best := w.Host().ReadyIn()
	for range kills - 1 {
		if err := w.Advance(ctx, time.Hour); err != nil {
			return 0, err
		}
		was := w.Host().Status().Restarts
		if err := w.Host().Kill(worker); err != nil {
			return 0, err
		}
		if err := w.AwaitRestart(ctx, was); err != nil {
			return 0, err
		}
		best = min(best, w.Host().ReadyIn())
	}
	return best, nil
}

// Table prints the figures.
func (r *Report) Table(out io.Writer) {
	fmt.Fprintln(out)
	for _, row := range r.Rows {
		met := "met"
		switch {
		case !row.Met:
			met = "NOT MET"
		case row.Goal == noGoal:
			met = ""
		}
		fmt.Fprintf(out, "%-14s %-88s %9s %-4s %-16s %s\n", row.ID, row.Name, figure(row.Figure), row.Unit, row.Goal, met)
	}
}

// figure is short, and has two digits at least that say something.
func figure(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.3f", f)
	}
	return fmt.Sprintf("%.1f", f)
}

// Write puts the report into a file, making its folder.
func (r *Report) Write(file string) error { return reports.Write(file, r) }
