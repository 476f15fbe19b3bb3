package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/bench"
	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// setup installs what is missing.
func setup(ctx context.Context, _ flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	return emulators.Install(ctx, layout.Emulators(), os.Stderr)
}

// start sets up what is missing, builds the package and starts a world.
func start(ctx context.Context, f flags, layout world.Layout, state string) (*world.World, error) {
	if err := setup(ctx, f); err != nil {
		return nil, err
	}
	if _, err := build(ctx, layout); err != nil {
		return nil, err
	}
	o := world.Options{Emulators: layout.Emulators(), App: layout.App(), State: state, Mode: f.mode, BasePort: f.port}
	if f.log {
		o.Log = os.Stderr
	}
	return world.Start(ctx, o)
}

// run keeps a world up until it is interrupted.
func run(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	f.log = true
	w, err := start(ctx, f, layout, filepath.Join(layout.Build(), "world"))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := world.WriteLocal(layout.Local(), w.Local()); err != nil {
		return err
	}
	defer os.Remove(layout.Local())
	l := w.Local()
	fmt.Printf(`
The world is up; Ctrl-C ends it. Everything stands in %s.

  the product       %s
  Partner Center    %s   control %s
  Dataverse         %s   control %s
  Functions host    control %s
  Service Bus       control %s

Partner Center still sends its events to the old connector. Take over as an operator does:

  curl --cacert %s -H 'x-cosell-key: %s' -H 'content-type: application/json' \
    -d '{"overwrite": true}' %s/api/webhookregistration

`, layout.Local(), l.Product.URL, l.PartnerCenter.URL, l.PartnerCenter.Control, l.Dataverse.URL, l.Dataverse.Control,
		l.Host.Control, l.ServiceBus.Control, l.CAFile, l.Product.OperatorKey, l.Product.URL)
	<-ctx.Done()
	return nil
}

// inScratch starts a world whose files are gone afterwards.
func inScratch(ctx context.Context, f flags, layout world.Layout, use func(*world.World) error) error {
	state, err := os.MkdirTemp("", "cosell-world")
	if err != nil {
		return fmt.Errorf("making a folder for the world: %w", err)
	}
	defer os.RemoveAll(state)
	w, err := start(ctx, f, layout, state)
	if err != nil {
		return err
	}
	defer w.Close()
	return use(w)
}

// story tells the demo and leaves its report.
func story(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	return inScratch(ctx, f, layout, func(w *world.World) error {
		began := time.Now()
		report, err := demo.Run(ctx, w.Local(), os.Stdout)
		if err != nil {
			return err
		}
		report.Table(os.Stdout, time.Since(began))
		if err := report.Write(layout.Report("demo.json")); err != nil {
			return err
		}
		if report.Failed > 0 {
			return fmt.Errorf("%d of %d steps did not hold", report.Failed, report.Failed+report.Passed)
		}
		return nil
	})
}

// measure fills .build/reports/bench.json.
func measure(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	var report bench.Report
	fmt.Println("the story, for the time from cause to effect …")
	err = inScratch(ctx, f, layout, func(w *world.World) error {
		told, err := demo.Run(ctx, w.Local(), io.Discard)
		if err == nil && told.Failed > 0 {
			err = errors.New("the story did not hold: make demo says where")
		}
		report.Effect(told.EffectMedian())
		return err
	})
	if err != nil {
		return err
	}
	err = inScratch(ctx, f, layout, func(w *world.World) error { return report.Measure(ctx, w, os.Stdout) })
	if err != nil {
		return err
	}
	report.Table(os.Stdout)
	return report.Write(layout.Report("bench.json"))
}

// build makes .build/app and .build/app.zip.
func build(ctx context.Context, layout world.Layout) (pack.Result, error) {
	if err := os.MkdirAll(layout.Build(), 0o755); err != nil {
		return pack.Result{}, fmt.Errorf("making the folder for output: %w", err)
	}
	return pack.Build(ctx, layout.Top, layout.Build())
}

// packed builds the package and prints what it is.
func packed(ctx context.Context, _ flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	r, err := build(ctx, layout)
	if err != nil {
		return err
	}
	fmt.Printf("%s  %s\n", r.Sum, r.Zip)
	return nil
}
