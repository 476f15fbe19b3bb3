package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/demo"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// positionRow is one case of .build/reports/positions.json.
type positionRow struct {
	Case   string   `json:"case"`
	OK     bool     `json:"ok"`
	Passed int      `json:"passed"`
	Failed []string `json:"failed"` // step: why
	MS     int64    `json:"ms"`
}

// playMatrix plays the story in every position of both systems' switches, one world after the other, and fills
// positions.json. With -only the one case of that name.
func playMatrix(ctx context.Context, f flags) error {
	layout, err := world.FindLayout()
	if err != nil {
		return err
	}
	if err := prepare(ctx, f, layout); err != nil {
		return err
	}
	var rows []positionRow
	for _, c := range append(demo.Matrix(), demo.Case{Name: demo.AccessCase, Steps: demo.AccessSteps()}) {
		if f.only != "" && f.only != c.Name {
			continue
		}
		row, err := playCase(ctx, f, layout, c)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return fmt.Errorf("there is no case %s: infra/local/demo/matrix.go has them", f.only)
	}
	return concludeMatrix(f.out, layout, rows)
}

func playCase(ctx context.Context, f flags, layout world.Layout, c demo.Case) (positionRow, error) {
	began := time.Now()
	f.positions = world.Positions{PartnerCenter: c.Switches, Dataverse: c.CRM, Organisation: c.Organisation}
	f.settings = map[string]string{}
	maps.Copy(f.settings, c.Settings)
	if c.Sheet != "" {
		sheet, err := c.WriteSheet(layout.Build())
		if err != nil {
			return positionRow{}, err
		}
		defer func() { _ = os.Remove(sheet) }()
		f.settings["SYNC_MAPPING_FILE"] = sheet
	}
	w, err := world.Start(ctx, options(f, layout))
	if err != nil {
		return positionRow{}, err
	}
	defer w.Close()
	told := io.Discard
	if f.log {
		told = f.out
	}
	report, err := demo.Play(ctx, w.Local(), c.Story(), told)
	if err != nil {
		return positionRow{}, err
	}
	row := positionRow{Case: c.Name, OK: report.Failed == 0, Passed: report.Passed, MS: time.Since(began).Milliseconds()}
	for _, s := range report.Steps {
		if !s.OK {
			row.Failed = append(row.Failed, fmt.Sprintf("%s: %v", s.ID, s.Err()))
		}
	}
	fmt.Fprintf(f.out, "%-26s %d of %d steps held, in %s\n", c.Name, report.Passed, report.Passed+report.Failed, time.Since(began).Round(100*time.Millisecond))
	for _, line := range row.Failed {
		fmt.Fprintf(f.out, "    FAILED %s\n", line)
	}
	return row, nil
}

func concludeMatrix(out io.Writer, layout world.Layout, rows []positionRow) error {
	failed := 0
	for _, r := range rows {
		if !r.OK {
			failed++
		}
	}
	if err := reports.Write(filepath.Join(layout.Reports(), "positions.json"), map[string]any{"rows": rows}); err != nil {
		return err
	}
	fmt.Fprintf(out, "positions: %d cases, %d held\n", len(rows), len(rows)-failed)
	if failed > 0 {
		return fmt.Errorf("the story did not hold in %d of %d cases", failed, len(rows))
	}
	return nil
}
