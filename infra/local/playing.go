package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/chaos"
	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// report is what a play leaves.
type report interface{ Write(file string) error }

// playChaos lets people work and things go wrong in the world that runs on the port, or in one of its own, and fills
// chaos.json; or it plays the scenarios, and fills scenarios.json.
func playChaos(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	play, file := randomly, "chaos.json"
	if f.scenarios {
		play, file = byName, "scenarios.json"
	}
	if local, ok := layout.Running(f.port); ok {
		r, err := play(ctx, f, local)
		return errors.Join(r.Write(filepath.Join(layout.Reports(), file)), err)
	}
	f.durable = true
	return inWorld(ctx, f, false, func(_ world.Layout, w *world.World, home *world.Home) error {
		r, err := play(ctx, f, w.Local())
		return errors.Join(r.Write(home.Report(file)), home.Share(), err)
	})
}

func randomly(ctx context.Context, f flags, local control.Local) (report, error) {
	r, err := chaos.Run(ctx, chaos.Options{Local: local, Seconds: f.seconds, Seed: f.seed, Out: f.out})
	if err != nil {
		return r, err
	}
	r.Table(f.out)
	if len(r.Violations) > 0 {
		return r, fmt.Errorf("%d violations with seed %d: the stories stand above", len(r.Violations), f.seed)
	}
	return r, ctx.Err()
}

func byName(ctx context.Context, f flags, local control.Local) (report, error) {
	var names []string
	if f.only != "" {
		names = strings.Split(f.only, ",")
	}
	r, err := chaos.PlayScenarios(ctx, local, names, f.out)
	if err == nil && len(r.Failed()) > 0 {
		err = fmt.Errorf("%d of %d scenarios did not hold: %s", len(r.Failed()), len(r.Outcomes), strings.Join(r.Failed(), ", "))
	}
	return r, err
}
