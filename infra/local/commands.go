package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/bench"
	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/mutants"
	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/requirements"
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
func start(ctx context.Context, f flags, layout world.Layout) (*world.World, error) {
	if err := prepare(ctx, f, layout); err != nil {
		return nil, err
	}
	fmt.Fprintln(os.Stderr, "starting the world …")
	return world.Start(ctx, options(f, layout))
}

// prepare sets up what is missing and builds the package.
func prepare(ctx context.Context, f flags, layout world.Layout) error {
	if err := setup(ctx, f); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "packing the functions (the first time about a minute) …")
	_, err := build(ctx, layout, "")
	if err == nil && f.host == world.HostLambda {
		_, err = buildLambda(ctx, layout.Here(), layout.Top, "", pack.ThisArchitecture)
	}
	return err
}

func options(f flags, layout world.Layout) world.Options {
	o := world.Options{Emulators: layout.Emulators(), App: layout.App(), Host: f.host, Bootstrap: layout.Bootstrap(), Build: layout.Build(), Mode: f.mode, Layout: f.layout, BasePort: f.port, Durable: f.durable, Settings: f.settings, Positions: f.positions}
	if f.log {
		o.Log = f.says
	}
	return o
}

// inWorld starts a world with its own folder and ends both after use. The folder of a world on ports that
// nobody chose goes with it: nobody would look for it there.
func inWorld(ctx context.Context, f flags, stays bool, use func(world.Layout, *world.World, *world.Home) error) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	w, err := start(ctx, f, layout)
	if err != nil {
		return err
	}
	defer w.Close()
	home, err := world.OpenHome(layout, w, stays)
	if err != nil {
		return err
	}
	end := home.Forget
	if f.port != 0 {
		end = home.Close
	}
	defer func() {
		w.Close() // before its folder goes
		end()
	}()
	return use(layout, w, home)
}

// run keeps a world up until it is interrupted, which is its regular end.
func run(ctx context.Context, f flags) error {
	f.log, f.durable = true, true
	return inWorld(ctx, f, true, func(layout world.Layout, w *world.World, home *world.Home) error {
		l := w.Local()
		fmt.Fprintf(f.out, `
The world is up; Ctrl-C ends it. Everything stands in %s,
and in %s as long as no newer world runs.

  the product       %s
  Partner Center    %s   control %s
  Dataverse         %s   control %s
  Functions host    control %s
  Service Bus       control %s
  Table Storage     control %s
  Key Vault         control %s

Partner Center still sends its events to the old connector. Take over as an operator does:

  curl --cacert '%s' -H 'x-cosell-key: %s' -H 'content-type: application/json' \
    -d '{"overwrite": true}' %s/api/webhookregistration

`, home.Local(), layout.Local(), l.Product.URL, l.PartnerCenter.URL, l.PartnerCenter.Control, l.Dataverse.URL, l.Dataverse.Control,
			l.Host.Control, l.ServiceBus.Control, l.Tables.Control, l.Vault.Control, l.CAFile, l.Product.OperatorKey, l.Product.URL)
		<-ctx.Done()
		fmt.Fprintln(os.Stderr, "stopped")
		return nil
	})
}

// story tells the demo and leaves its report.
func story(ctx context.Context, f flags) error {
	return inWorld(ctx, f, false, func(layout world.Layout, w *world.World, home *world.Home) error {
		began := time.Now()
		if err := setUpCRM(ctx, f, layout, home, f.out); err != nil {
			return err
		}
		report, err := demo.Run(ctx, w.Local(), f.out)
		if err != nil {
			return err
		}
		report.Table(f.out, time.Since(began))
		if err := errors.Join(report.Write(home.Report("demo.json")), home.Share()); err != nil {
			return err
		}
		if report.Failed > 0 {
			return fmt.Errorf("%d of %d steps did not hold", report.Failed, report.Failed+report.Passed)
		}
		return ctx.Err()
	})
}

// measure fills bench.json.
func measure(ctx context.Context, f flags) error {
	var report bench.Report
	if f.host == world.HostLambda {
		return inWorld(ctx, f, false, func(_ world.Layout, w *world.World, home *world.Home) error {
			if err := report.MeasureLambda(ctx, w, f.out); err != nil {
				return err
			}
			return errors.Join(told(&report, home.Report("bench.json"), f.out), home.Share())
		})
	}
	if err := bench.Known(f.only); err != nil {
		return err
	}
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	if err := report.Alone(ctx, layout.Top, f.only, f.out); err != nil {
		return err
	}
	if bench.Wants(f.only, bench.Story) {
		fmt.Fprintln(f.out, "the story, for the time from cause to effect …")
		err := inWorld(ctx, f, false, func(_ world.Layout, w *world.World, _ *world.Home) error {
			played, err := demo.Run(ctx, w.Local(), io.Discard)
			if err == nil && played.Failed > 0 {
				err = errors.New("the story did not hold: make demo says where")
			}
			report.Effect(played.EffectMedian())
			return err
		})
		if err != nil {
			return err
		}
	}
	if !bench.NeedsWorld(f.only) {
		return told(&report, filepath.Join(layout.Reports(), "bench.json"), f.out)
	}
	return inWorld(ctx, f, false, func(layout world.Layout, w *world.World, home *world.Home) error {
		if f.only != bench.Layouts {
			if err := report.Measure(ctx, layout.Top, f.only, w, f.out); err != nil {
				return err
			}
		}
		w.Close() // the others are measured without it
		if err := inOtherLayouts(ctx, f, layout, &report); err != nil {
			return err
		}
		return errors.Join(told(&report, home.Report("bench.json"), f.out), home.Share())
	})
}

// inOtherLayouts measures the burst in every layout but the one of the other parts; where one was chosen, in no other.
func inOtherLayouts(ctx context.Context, f flags, layout world.Layout, report *bench.Report) error {
	alone := f.only == bench.Layouts
	if !bench.Wants(f.only, bench.Layouts) || f.layout != world.LayoutOne && !alone {
		return nil
	}
	for _, of := range world.Layouts() {
		if f.layout != world.LayoutOne && of != f.layout || of == world.LayoutOne && !alone {
			continue
		}
		in := f
		in.layout = of
		w, err := world.Start(ctx, options(in, layout))
		if err != nil {
			return err
		}
		err = report.Burst(ctx, w, f.out)
		w.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// told prints and keeps a report; a bound that was missed is an error.
func told(report *bench.Report, file string, out io.Writer) error {
	report.Table(out)
	if err := report.Write(file); err != nil {
		return err
	}
	if missed := report.Missed(); len(missed) > 0 {
		return fmt.Errorf("%d of %d rows did not meet their bound: %s", len(missed), len(report.Rows), strings.Join(missed, ", "))
	}
	return nil
}

// countCalls fills calls.json.
func countCalls(ctx context.Context, f flags) error {
	return inWorld(ctx, f, false, func(_ world.Layout, w *world.World, home *world.Home) error {
		report, err := demo.CountCalls(ctx, w.Local(), f.out)
		if err != nil {
			return err
		}
		if err := errors.Join(report.Write(home.Report("calls.json")), home.Share()); err != nil {
			return err
		}
		over := 0
		for _, r := range report.Rows {
			if !r.Held() {
				over++
			}
		}
		if over > 0 {
			return fmt.Errorf("%d of %d ceilings were not kept", over, len(report.Rows))
		}
		return ctx.Err()
	})
}

// build makes .build/app and .build/app.zip.
func build(ctx context.Context, layout world.Layout, mapping string) (pack.Result, error) {
	if err := os.MkdirAll(layout.Build(), 0o755); err != nil {
		return pack.Result{}, fmt.Errorf("making the folder for output: %w", err)
	}
	return pack.Build(ctx, pack.Options{Top: layout.Top, Out: layout.Build(), Mapping: mapping})
}

// buildLambda makes lambda and lambda.zip in a folder.
func buildLambda(ctx context.Context, out, top, mapping, architecture string) (pack.Result, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return pack.Result{}, fmt.Errorf("making the folder for output: %w", err)
	}
	return pack.Lambda(ctx, pack.Options{Top: top, Out: out, Mapping: mapping}, architecture)
}

// packed builds the package and prints what it is.
func packed(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	var r pack.Result
	if f.host == world.HostLambda {
		r, err = buildLambda(ctx, layout.Build(), layout.Top, f.mapping, f.arch)
	} else {
		r, err = build(ctx, layout, f.mapping)
	}
	if err != nil {
		return err
	}
	solutions, err := pack.Solutions(layout.Build())
	if err != nil {
		return err
	}
	for _, s := range append(solutions, r) { // the package is the last: who deploys reads that line
		fmt.Fprintf(f.out, "%s  %s\n", s.Sum, s.Zip)
	}
	if f.host == world.HostLambda {
		fmt.Fprintf(os.Stderr, "for %s: deploy it with --parameter-overrides Architecture=%s (docs/aws.md)\n", f.arch, f.arch)
	}
	if f.mapping != "" {
		fmt.Fprintf(os.Stderr, "version %s, with the field sheet: set SYNC_MAPPING_FILE=%s in the function app\n", r.Version, pack.Mapping)
	}
	return nil
}

// tryMutants fills mutants.json.
func tryMutants(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	report, err := mutants.Run(ctx, mutants.Options{Top: layout.Top, Patches: filepath.Join(layout.Top, ".ci", "mutants"),
		Work: filepath.Join(layout.Build(), "mutants"), Only: f.only}, f.out)
	if err != nil {
		return err
	}
	if err := report.Write(filepath.Join(layout.Reports(), "mutants.json")); err != nil {
		return err
	}
	if n := len(report) - report.Caught(); n > 0 {
		err = fmt.Errorf("%d not caught", n)
	}
	fmt.Fprintf(f.out, "mutants: %d, caught %d\n", len(report), report.Caught())
	return err
}

// tryRequirements fills requirements.json and docs/requirements.md.
func tryRequirements(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	report, err := requirements.Run(ctx, requirements.Options{Top: layout.Top, Table: filepath.Join(layout.Top, "docs", "requirements.md")}, f.out)
	if report == nil {
		return err
	}
	return errors.Join(err, report.Write(filepath.Join(layout.Reports(), "requirements.json")))
}
