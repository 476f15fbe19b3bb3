package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/office"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

// sheets implements office.Sheets: it makes generations that nothing works with, to see what they would do.
type sheets struct {
	app   *App
	trial func(sheet *mapping.Sheet, before *Generation) (*Generation, error)
}

func (s sheets) sources(file, text string) []mapping.Source {
	return append(s.app.generations.layers(), mapping.Source{Name: file, Text: []byte(text)})
}

func (s sheets) load(ctx context.Context, now *Generation, file, text string) (*mapping.Sheet, error) {
	sheet, wrong, err := s.app.generations.load(ctx, now.variables, s.sources(file, text))
	if wrong != nil {
		return nil, fault.New(fault.Invalid, "the field sheet has mistakes: %w", wrong)
	}
	return sheet, err
}

// Check implements office.Sheets.
func (s sheets) Check(ctx context.Context, file, text string) (mistakes, notes []string, err error) {
	if bad := mapping.Unreadable(mapping.Source{Name: file, Text: []byte(text)}); bad != "" {
		return []string{bad}, nil, nil // what the CRM says of it would be about the sheet as shipped
	}
	now, err := s.app.Generation(ctx)
	if err != nil {
		return nil, nil, err
	}
	sources := s.sources(file, text)
	sources = append(now.variables.under(sources), sources...)
	sheet, _, err := mapping.Examine(nil, sources...) // whatever is wrong with it, it says what to ask for
	if err != nil {
		return nil, nil, err
	}
	asks, _ := sheet.Asks()
	asks.Labels = true
	crm, err := s.app.generations.ask(ctx, asks)
	if err != nil {
		return nil, nil, err
	}
	sheet, mistakes, err = mapping.Examine(crm, sources...)
	if err != nil {
		return nil, nil, err
	}
	trial, err := s.trial(sheet, now)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range sheet.Missing() {
		notes = append(notes, m.Line())
	}
	found, err := trial.deals.Check(ctx)
	if err == nil && trial.leads != nil {
		var ofLeads []opportunities.Finding
		ofLeads, err = trial.leads.Check(ctx)
		found = append(found, ofLeads...)
	}
	if err != nil {
		return nil, nil, err
	}
	end := file + ":" + strconv.Itoa(max(1, strings.Count(strings.TrimRight(text, "\n"), "\n")+1)) // where a row that is missing would stand
	for _, f := range found {
		where := f.Where
		if where == "" && !f.Note {
			where = end
		}
		line := strings.TrimPrefix(where+": "+f.Text, ": ")
		if f.Note {
			if !slices.Contains(notes, line) {
				notes = append(notes, line)
			}
		} else if !slices.Contains(mistakes, line) {
			mistakes = append(mistakes, line)
		}
	}
	slices.SortStableFunc(mistakes, mapping.ByLine)
	return mistakes, notes, nil
}

// Differences implements office.Sheets.
func (s sheets) Differences(ctx context.Context, file, text string) ([]office.SheetDifference, error) {
	now, err := s.app.Generation(ctx)
	if err != nil {
		return nil, err
	}
	then, err := s.load(ctx, now, file, text)
	if err != nil {
		return nil, err
	}
	out := []office.SheetDifference{}
	for _, d := range now.Sheet.Differences(then) {
		out = append(out, office.SheetDifference(d))
	}
	return out, nil
}

// Trial implements office.Sheets.
func (s sheets) Trial(ctx context.Context, file, text string) (office.Desk, error) {
	now, err := s.app.Generation(ctx)
	if err != nil {
		return nil, err
	}
	sheet, err := s.load(ctx, now, file, text)
	if err != nil {
		return nil, err
	}
	trial, err := s.trial(sheet, now)
	if err != nil {
		return nil, err
	}
	if _, err := trial.deals.Mismatches(ctx); err != nil { // so that it knows what it cannot read
		return nil, err
	}
	return office.Flows{Ledger: s.app.Ledger, Flow: func(context.Context) (*flow.Flow, error) { return trial.Jobs, nil }}, nil
}

// Under implements office.Sheets.
func (s sheets) Under() []string { return mapping.Fields(s.app.generations.layers()...) }

// TakeUp implements office.Sheets. That it is taken up later is no failure of the push.
func (s sheets) TakeUp(ctx context.Context) error {
	_, err := s.app.generations.again(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
