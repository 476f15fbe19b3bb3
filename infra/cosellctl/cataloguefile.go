package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

// readCatalogue reads the rows of a file, and names those that cannot be taken.
func readCatalogue(file string) (entries []office.CatalogueEntry, wrong []office.RefusedEntry, err error) {
	var rows [][]string
	switch kind := strings.ToLower(filepath.Ext(file)); kind {
	case ".csv", ".txt", ".tsv":
		rows, err = csvRows(file)
	case ".xlsx", ".xlsm":
		rows, err = excelRows(file)
	default:
		err = fmt.Errorf("%s is neither a .csv nor a .xlsx file", filepath.Base(file))
	}
	if err != nil {
		return nil, nil, err
	}
	return entriesOf(filepath.Base(file), rows)
}

// csvRows reads a file as spreadsheets write it: with commas, semicolons or tabs.
func csvRows(file string) ([][]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s is not in UTF-8: save it as \"CSV UTF-8\", or as .xlsx", filepath.Base(file))
	}
	heading, _, _ := bytes.Cut(text, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma, r.LazyQuotes = -1, ',', true
	for _, comma := range ";\t" {
		if bytes.Count(heading, []byte(string(comma))) > bytes.Count(heading, []byte(string(r.Comma))) {
			r.Comma = comma
		}
	}
	var out [][]string
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Base(file), err)
		}
		line, _ := r.FieldPos(0)
		for len(out) < line-1 { // an empty line
			out = append(out, nil)
		}
		out = append(out, row)
	}
}

// excelRows reads the first sheet of the workbook that has rows.
func excelRows(file string) ([][]string, error) {
	book, err := excelize.OpenFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Base(file), err)
	}
	defer book.Close()
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			return nil, fmt.Errorf("reading the sheet %s of %s: %w", sheet, filepath.Base(file), err)
		}
		if len(rows) > 0 {
			return rows, nil
		}
	}
	return nil, fmt.Errorf("%s has no rows", filepath.Base(file))
}

// columnsOf finds which column of the file has what, by its heading: as the forms of both products call it, or the
// column's own name.
func columnsOf(heading []string) map[string]int {
	names := map[string]string{"solutionidentifier": "identifier", "identifier": "identifier", "solutionid": "identifier", "id": "identifier",
		"solutionname": "name", "name": "name", "solution": "name", "title": "name", "type": "type", "solutiontype": "type",
		"publishername": "publisher", "publisher": "publisher"}
	out := map[string]int{}
	for i, h := range heading {
		word := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
				return unicode.ToLower(r)
			}
			return -1
		}, h)
		if prefix, rest, own := strings.Cut(word, "_"); own && len(prefix) <= 8 {
			word = rest // cosell_identifier
		}
		if what, known := names[word]; known {
			if _, twice := out[what]; !twice {
				out[what] = i
			}
		}
	}
	return out
}

// entriesOf makes entries of rows. The first row that is not empty has the headings.
func entriesOf(file string, rows [][]string) (entries []office.CatalogueEntry, wrong []office.RefusedEntry, err error) {
	first := 0
	for first < len(rows) && empty(rows[first]) {
		first++
	}
	if first == len(rows) {
		return nil, nil, fmt.Errorf("%s has no rows", file)
	}
	at := columnsOf(rows[first])
	for what, called := range map[string]string{"identifier": "Solution Identifier", "name": "Solution Name"} {
		if _, has := at[what]; !has {
			return nil, nil, fmt.Errorf("%s:%d: no column is called %s; its headings are %s", file, first+1, called, strings.Join(rows[first], ", "))
		}
	}
	seen := map[string]int{}
	for i := first + 1; i < len(rows); i++ {
		if empty(rows[i]) {
			continue
		}
		cell := func(what string) string {
			n, has := at[what]
			if !has || n >= len(rows[i]) {
				return ""
			}
			return strings.Join(strings.Fields(rows[i][n]), " ")
		}
		e := office.CatalogueEntry{Line: i + 1, Identifier: cell("identifier"), Name: cell("name"), Type: cell("type"), Publisher: cell("publisher")}
		key := strings.ToLower(e.Identifier)
		if before, twice := seen[key]; twice && key != "" {
			wrong = append(wrong, office.RefusedEntry{Line: e.Line, Identifier: e.Identifier, Why: fmt.Sprintf("line %d has the same identifier", before)})
			continue
		}
		seen[key] = e.Line
		entries = append(entries, e)
	}
	return entries, wrong, nil
}

func empty(row []string) bool {
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}
