package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/upgrade"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

const (
	// upgradesFrom is the earlier version that is played: the one with the second edition of the heart, before leads,
	// pushed sheets and several tenants.
	upgradesFrom = "44b70955841426065d083bfa2a6134a7d86456d6"
	// toLater says that this version is the earlier one, of a version made for the purpose.
	toLater = "later"
	// upgradeActs are the acts of people in each round.
	upgradeActs = 120
)

// playUpgrade lets people work while one version of the product takes the place of another, and fills upgrade.json: an
// earlier one by this one, forth and back; or with -rolling side by side, and this one by a later one, too.
func playUpgrade(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	if err := prepare(ctx, f, layout); err != nil {
		return err
	}
	if !f.rolling {
		return playOneAfterTheOther(ctx, f, layout)
	}
	var plays []string
	switch f.only {
	case "":
		plays = []string{upgradesFrom, toLater}
	default:
		plays = []string{f.only}
	}
	var failed error
	for _, from := range plays {
		err := playSideBySide(ctx, f, layout, from)
		if f.only == "" && errors.Is(err, upgrade.ErrNoCommit) { // a clone without its history can play the other
			fmt.Fprintln(f.out, "not played:", err)
			continue
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// older is the packaged folder of the earlier version.
func older(ctx context.Context, layout world.Layout, from string) (string, error) {
	fmt.Fprintf(os.Stderr, "packing the version %.9s (the first time about a minute) …\n", from)
	return upgrade.Older(ctx, layout.Top, from, filepath.Join(layout.Build(), "upgrade"))
}

func playOneAfterTheOther(ctx context.Context, f flags, layout world.Layout) error {
	from := upgradesFrom
	if f.only != "" {
		from = f.only
	}
	old, err := older(ctx, layout, from)
	if err != nil {
		return err
	}
	return inUpgrade(ctx, f, layout, old, from, "upgrade.json", func(w *world.World) (upgrade.Report, error) {
		return upgrade.Run(ctx, upgrade.Options{World: w, Old: old, New: layout.App(), Acts: upgradeActs, Out: f.out})
	})
}

// playSideBySide lets two versions serve at once: an earlier one and this one, or this one and a later one.
func playSideBySide(ctx context.Context, f flags, layout world.Layout, from string) (err error) {
	old, fresh, later := layout.App(), "", from == toLater
	if later {
		fmt.Fprintln(os.Stderr, "building a version that adds a member to every row and message …")
		fresh, err = upgrade.Newer(ctx, layout.Top, old, filepath.Join(layout.Build(), "upgrade"))
	} else {
		fresh = old
		old, err = older(ctx, layout, from)
	}
	if err != nil {
		return err
	}
	name := "rolling-from.json"
	if later {
		name = "rolling-later.json"
	}
	return inUpgrade(ctx, f, layout, old, from, name, func(w *world.World) (upgrade.Report, error) {
		return upgrade.RunBeside(ctx, upgrade.Options{World: w, Old: old, New: fresh, Out: f.out}, f.lasts, later)
	})
}

// inUpgrade plays in a world that runs the older package, writes the report and says what did not hold.
func inUpgrade(ctx context.Context, f flags, layout world.Layout, app, from, file string, play func(*world.World) (upgrade.Report, error)) error {
	o := options(f, layout)
	o.App = app
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
	report, err := play(w)
	report.From, report.Layout = from, f.layout
	if err := errors.Join(err, report.Write(home.Report(file)), home.Share()); err != nil {
		return err
	}
	for _, what := range [][]string{report.Lost, report.Doubled, report.Stuck, report.Dropped} {
		for _, line := range what {
			fmt.Fprintln(f.out, line)
		}
	}
	kept := ""
	if report.Kept != nil {
		kept = fmt.Sprintf(", dropped %d of %v", len(report.Dropped), report.Kept)
	}
	fmt.Fprintf(f.out, "upgrade: %d deals, %d acts, lost %d, doubled %d, stuck %d%s\n", report.Deals, report.Acts, len(report.Lost), len(report.Doubled), len(report.Stuck), kept)
	if !report.Held() {
		return errors.New("the upgrade did not hold")
	}
	return ctx.Err()
}

// sideBySide is how long two versions serve at once in each order.
const sideBySide = time.Minute
