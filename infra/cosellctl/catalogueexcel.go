package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// excelList reads the one visible sheet of a workbook that has the headings, or the one that was named.
func excelList(file, named string) (l list, err error) {
	base := filepath.Base(file)
	if _, err := os.Stat(file); err != nil {
		return l, err
	}
	book, err := excelize.OpenFile(file)
	switch {
	case errors.Is(err, excelize.ErrWorkbookFileFormat), errors.Is(err, excelize.ErrWorkbookPassword):
		return l, fmt.Errorf("%s is protected by a password, or of an older kind: save it as .xlsx without a password", base)
	case err != nil:
		return l, fmt.Errorf("%s is no workbook that can be read (%w): open it in a spreadsheet and save it as .xlsx", base, err)
	}
	defer book.Close()
	sheets := book.GetSheetList()
	if named != "" {
		i := slices.IndexFunc(sheets, func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(named)) })
		if i < 0 {
			return l, fmt.Errorf("%s has no sheet %s; its sheets are %s", base, named, strings.Join(sheets, ", "))
		}
		l, missing, err := sheetList(book, sheets[i])
		if err == nil && missing != nil {
			err = fmt.Errorf("%s, %s%w", base, sheets[i], missing)
		}
		return l, err
	}
	return oneSheet(book, base, sheets)
}

// oneSheet finds the one sheet that has the headings. Which of several is meant nobody can know.
func oneSheet(book *excelize.File, base string, sheets []string) (found list, err error) {
	var fit, unfit []string
	for _, sheet := range sheets {
		if visible, err := book.GetSheetVisible(sheet); err != nil || !visible {
			continue
		}
		l, missing, err := sheetList(book, sheet)
		switch {
		case err != nil:
			return l, fmt.Errorf("reading the sheet %s of %s: %w", sheet, base, err)
		case missing == nil:
			fit, found = append(fit, sheet), l
		case len(l.rows) > 0 || l.first > 0:
			unfit = append(unfit, sheet+strings.Replace(missing.Error(), "no column is called Solution Identifier; ", "", 1))
		}
	}
	switch {
	case len(fit) == 1:
		return found, nil
	case len(fit) > 1:
		return found, fmt.Errorf("%s has several sheets with solutions, %s: say which one by --sheet", base, strings.Join(fit, ", "))
	case len(unfit) > 0:
		return found, fmt.Errorf("%s: no sheet has columns called Solution Identifier and Solution Name. %s", base, strings.Join(unfit, "; "))
	}
	return found, fmt.Errorf("%s has no rows", base)
}

func sheetList(book *excelize.File, sheet string) (l list, missing, err error) {
	rows, err := book.GetRows(sheet)
	if err != nil {
		return l, nil, err
	}
	l, missing = listOf(rows)
	l.cell = func(line, column int, text string) (string, error) { return cellText(book, sheet, line, column, text) }
	return l, missing, nil
}

// cellError is what a cell shows whose formula has no value.
var cellError = regexp.MustCompile(`^#(NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|SPILL!|CALC!|GETTING_DATA|BUSY!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!)$`)

// cellText is what people see in a cell. Programs other than spreadsheets leave formulas without their values.
func cellText(book *excelize.File, sheet string, line, column int, text string) (string, error) {
	name, err := excelize.CoordinatesToCellName(column+1, line)
	if err != nil {
		return "", err
	}
	if text == "" {
		formula, err := book.GetCellFormula(sheet, name)
		if err != nil {
			return "", err
		}
		if formula == "" {
			return "", nil
		}
		if text, err = book.CalcCellValue(sheet, name); err != nil && !cellError.MatchString(text) {
			return "", fmt.Errorf("cell %s has a formula without a value: open the file in a spreadsheet and save it", name)
		}
	}
	if cellError.MatchString(text) {
		return "", fmt.Errorf("cell %s shows %s", name, text)
	}
	return text, nil
}
