package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cosell-sync/cosell-sync/infra/local/upgrade"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

const (
	// upgradesFrom is the earlier version that is played: the one with the second edition of the heart, before leads,
	// pushed sheets and several tenants.
	upgradesFrom = "44b7095"
	// upgradeActs are the acts of people in each round.
	upgradeActs = 120
)

// playUpgrade starts a world with an earlier version, publishes this one, takes it back, and publishes it again, while
// people work; it fills upgrade.json.
func playUpgrade(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	if err := prepare(ctx, f, layout); err != nil {
		return err
	}
	from := upgradesFrom
	if f.only != "" {
		from = f.only
	}
	fmt.Fprintf(os.Stderr, "packing the version %s (the first time about a minute) …\n", from)
	old, err := upgrade.Older(ctx, layout.Top, from, filepath.Join(layout.Build(), "upgrade"))
	if err != nil {
		return err
	}
	o := options(f, layout)
	o.App = old
	fmt.Fprintln(os.Stderr, "starting the world …")
	w, err := world.Start(ctx, o)
	if err != nil {
		return err
	}
	defer w.Close()
	home, err := world.OpenHome(layout, w, false)
	if err != nil {
		return err
	}
	defer func() {
		w.Close() // before its folder goes
		home.Forget()
	}()
	report, err := upgrade.Run(ctx, upgrade.Options{World: w, Old: old, New: layout.App(), Acts: upgradeActs, Out: f.out})
	report.From, report.Layout = from, f.layout
	if err := errors.Join(err, report.Write(home.Report("upgrade.json")), home.Share()); err != nil {
		return err
	}
	for _, what := range [][]string{report.Lost, report.Doubled, report.Stuck} {
		for _, line := range what {
			fmt.Fprintln(f.out, line)
		}
	}
	fmt.Fprintf(f.out, "upgrade: %d deals, %d acts, lost %d, doubled %d, stuck %d\n", report.Deals, report.Acts, len(report.Lost), len(report.Doubled), len(report.Stuck))
	if !report.Held() {
		return errors.New("the upgrade did not hold")
	}
	return ctx.Err()
}
