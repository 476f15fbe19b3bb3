// Package bench measures the product in the laptop world: a burst of changes through the Functions host
// with its session model on, the handler's memory under it, its start, and the time from cause to effect.
package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
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

// Measure takes the figures of the parts that need a world, in one that has just started; top is the repository.
func (r *Report) Measure(ctx context.Context, top, part string, w *world.World, out io.Writer) error {
	r.Layout = w.Local().Layout
	b := newBencher(w)
	defer b.close()
	if Wants(part, InWorld) {
		if err := r.startsIn(ctx, top, w, out); err != nil {
			return err
		}
	}
	n := backlog
	if Wants(part, InWorld) {
		n = pairs
	} else if part == Edits {
		n = 1
	}
	deals, err := b.pairsThere(ctx, n, out)
	if err != nil {
		return err
	}
	if Wants(part, InWorld) {
		if err := r.burst(ctx, "", b, deals, out); err != nil {
			return err
		}
	}
	if Wants(part, Edits) {
		if err := r.edits(ctx, b, deals[0], out); err != nil {
			return err
		}
	}
	if Wants(part, Recovery) {
		return r.recovery(ctx, b, deals, out)
	}
	return nil
}

func (r *Report) startsIn(ctx context.Context, top string, w *world.World, out io.Writer) error {
	fmt.Fprintf(out, "%d starts of the handler …\n", kills)
	ready, err := quickestStart(ctx, w)
	if err != nil {
		return err
	}
	r.most("ready", "handler ready after its start, quickest of 10", milliseconds(ready), 100, "ms")
	return r.starts(ctx, top, w, out)
}

// Burst takes the figures of a burst in another layout than that of the other parts.
func (r *Report) Burst(ctx context.Context, w *world.World, out io.Writer) error {
	b := newBencher(w)
	defer b.close()
	fmt.Fprintf(out, "layout %s: ", b.local.Layout)
	deals, err := b.pairsThere(ctx, pairs, out)
	if err != nil {
		return err
	}
	return r.burst(ctx, "."+b.local.Layout, b, deals, out)
}

// leastChanges is how many changes a second come out of a burst at least.
const leastChanges = 40

func (r *Report) burst(ctx context.Context, suffix string, b *bencher, deals []deal, out io.Writer) error {
	from, err := now()
	if err != nil {
		return err
	}
	took, err := b.burst(ctx, deals, out)
	if err != nil {
		return err
	}
	to, err := now()
	if err != nil {
		return err
	}
	had := atOurDisposal(took, from, to, runtime.NumCPU())
	fmt.Fprintf(out, "  %.1f s, of which the machine was ours for %.1f\n", took.Seconds(), had.Seconds())
	r.least("burst"+suffix, fmt.Sprintf("%d opportunities changed in one burst, %.1f s until the last is synced, without what other programs took", len(deals), had.Seconds()), float64(len(deals))/had.Seconds(), leastChanges, "/s")
	r.told("burst.whole"+suffix, "the same by the clock on the wall", took.Seconds(), "s")
	return r.memory(suffix, b.w)
}

// mostMemory is what one process may hold under the burst, in MiB.
const mostMemory = 64

// memory adds what the processes held at most: the largest of them, and all together where they are several.
func (r *Report) memory(suffix string, w *world.World) error {
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
		r.most("memory"+suffix, "handler resident under the burst, peak", largest, mostMemory, "MiB")
		return nil
	}
	r.most("memory"+suffix, "resident under the burst, peak of the largest process", largest, mostMemory, "MiB")
	r.most("memory.all"+suffix, fmt.Sprintf("the same of all %d processes together", len(all)), sum, float64(mostMemory*len(all)), "MiB")
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
