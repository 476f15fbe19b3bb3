package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/chaos"
	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
	"github.com/cosell-sync/cosell-sync/infra/local/upgrade"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// nightRow is one part of .build/reports/nightly.json.
type nightRow struct {
	Host   string `json:"host"`
	Layout string `json:"layout"`
	Mode   string `json:"mode"`
	positionRow
}

// nightly plays the scenarios of chaos in every layout, the whole story in every layout and both ways in which the host hands over HTTP calls, on Lambda, and
// what one process meets for all of them where they are many: too long for every change. It fills nightly.json.
// With -only it plays the one part of that name.
func nightly(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	f.host = world.HostLambda // so that both packages are built
	if err := prepare(ctx, f, layout); err != nil {
		return err
	}
	var rows []nightRow
	failed := 0
	for _, of := range world.Layouts() {
		name := "scenarios " + of
		if f.only != "" && f.only != name {
			continue
		}
		f.host, f.layout, f.mode = world.HostAzure, of, hostsim.ModeProxy
		row, err := playScenarios(ctx, f, layout, name)
		if err != nil {
			return err
		}
		if !row.OK {
			failed++
		}
		rows = append(rows, nightRow{f.host, f.layout, f.mode, row})
	}
	for _, c := range nights() {
		if f.only != "" && f.only != c.Name {
			continue
		}
		f.host, f.layout, f.mode = c.host, c.layout, c.mode
		row, err := c.play(ctx, f, layout)
		if errors.Is(err, upgrade.ErrNoCommit) { // a clone without its history
			fmt.Fprintf(f.out, "%-26s not played: %v\n", c.Name, err)
			continue
		}
		if err != nil {
			return err
		}
		if !row.OK {
			failed++
		}
		rows = append(rows, nightRow{c.host, c.layout, c.mode, row})
	}
	if len(rows) == 0 {
		return fmt.Errorf("there is no part %s: infra/local/nightly.go has them", f.only)
	}
	if err := reports.Write(filepath.Join(layout.Reports(), "nightly.json"), map[string]any{"rows": rows}); err != nil {
		return err
	}
	fmt.Fprintf(f.out, "nightly: %d parts, %d held\n", len(rows), len(rows)-failed)
	if failed > 0 {
		return fmt.Errorf("%d of %d parts did not hold", failed, len(rows))
	}
	return nil
}

// playScenarios plays all scenarios of chaos in a world of their own.
func playScenarios(ctx context.Context, f flags, layout world.Layout, name string) (positionRow, error) {
	began := time.Now()
	f.durable = true
	w, err := world.Start(ctx, options(f, layout))
	if err != nil {
		return positionRow{}, err
	}
	defer w.Close()
	r, err := chaos.PlayScenarios(ctx, w.Local(), nil, f.out)
	row := positionRow{Case: name, OK: err == nil && len(r.Failed()) == 0, Passed: len(r.Outcomes) - len(r.Failed()), MS: time.Since(began).Milliseconds(), Failed: r.Failed()}
	return row, err
}

// night is a case on a host, in a layout and a mode; or two versions side by side, the older one from a commit.
type night struct {
	demo.Case
	host, layout, mode string
	from               string
}

func (n night) play(ctx context.Context, f flags, layout world.Layout) (positionRow, error) {
	if n.from == "" {
		return playCase(ctx, f, layout, n.Case)
	}
	began := time.Now()
	f.lasts, f.positions, f.settings = sideBySide, world.Positions{}, map[string]string{}
	err := playSideBySide(ctx, f, layout, n.from)
	if errors.Is(err, upgrade.ErrNoCommit) || ctx.Err() != nil {
		return positionRow{}, errors.Join(err, ctx.Err())
	}
	row := positionRow{Case: n.Name, OK: err == nil, Passed: 1, MS: time.Since(began).Milliseconds()}
	if err != nil {
		row.Passed, row.Failed = 0, []string{err.Error()}
	}
	fmt.Fprintf(f.out, "%-26s %v, in %s\n", n.Name, map[bool]string{true: "held", false: "FAILED"}[row.OK], time.Since(began).Round(100*time.Millisecond))
	return row, nil
}

func nights() (out []night) {
	for _, layout := range world.Layouts() {
		for _, mode := range []string{hostsim.ModeProxy, hostsim.ModeForward} {
			out = append(out, night{Case: demo.Case{Name: "story " + layout + " " + mode}, host: world.HostAzure, layout: layout, mode: mode})
		}
	}
	out = append(out, night{Case: demo.Case{Name: "story lambda"}, host: world.HostLambda, layout: world.LayoutOne, mode: hostsim.ModeProxy},
		night{Case: demo.Case{Name: "an earlier version beside this one"}, host: world.HostAzure, layout: world.LayoutFlex, mode: hostsim.ModeProxy, from: upgradesFrom},
		night{Case: demo.Case{Name: "this version beside a later one"}, host: world.HostAzure, layout: world.LayoutFlex2, mode: hostsim.ModeProxy, from: toLater})
	many := demo.Case{Name: demo.ProcessesCase, Steps: demo.ProcessesSteps()}
	return append(out, night{Case: many, host: world.HostAzure, layout: world.LayoutFlex2, mode: hostsim.ModeProxy})
}
