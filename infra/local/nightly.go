package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// nightRow is one part of .build/reports/nightly.json.
type nightRow struct {
	Host   string `json:"host"`
	Layout string `json:"layout"`
	Mode   string `json:"mode"`
	positionRow
}

// nightly plays the whole story in every layout and both ways in which the host hands over HTTP calls, on Lambda, and
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
	for _, c := range nights() {
		if f.only != "" && f.only != c.Name {
			continue
		}
		f.host, f.layout, f.mode = c.host, c.layout, c.mode
		row, err := playCase(ctx, f, layout, c.Case)
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

// night is a case on a host, in a layout and a mode.
type night struct {
	demo.Case
	host, layout, mode string
}

func nights() (out []night) {
	for _, layout := range world.Layouts() {
		for _, mode := range []string{hostsim.ModeProxy, hostsim.ModeForward} {
			out = append(out, night{demo.Case{Name: "story " + layout + " " + mode}, world.HostAzure, layout, mode})
		}
	}
	out = append(out, night{demo.Case{Name: "story lambda"}, world.HostLambda, world.LayoutOne, hostsim.ModeProxy})
	many := demo.Case{Name: demo.ProcessesCase, Steps: demo.ProcessesSteps()}
	return append(out, night{many, world.HostAzure, world.LayoutFlex2, hostsim.ModeProxy})
}
