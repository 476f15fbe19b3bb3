package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

// readCatalogue reads the rows of a file, and names those that cannot be taken. sheet is that of a workbook; "": the
// one that has the headings.
func readCatalogue(file, sheet string) (entries []office.CatalogueEntry, wrong []office.RefusedEntry, err error) {
	var l list
	base := filepath.Base(file)
	switch kind := strings.ToLower(filepath.Ext(file)); kind {
	case ".csv", ".txt", ".tsv":
		l, err = csvList(file)
	case ".xlsx", ".xlsm":
		l, err = excelList(file, sheet)
	case ".xls", ".xlsb", ".ods", ".numbers":
		err = fmt.Errorf("%s: a %s file is not read: save it as .xlsx or as CSV UTF-8", base, kind)
	default:
		err = fmt.Errorf("%s is neither a .csv nor a .xlsx file", base)
	}
	if err != nil {
		return nil, nil, err
	}
	entries, wrong = l.entries()
	return entries, wrong, nil
}

// list is what was read of a file: rows as people see them, from the one after the headings on.
type list struct {
	rows  [][]string
	first int            // the line of the first of them
	at    map[string]int // which column has what
	cell  func(line, column int, text string) (string, error)
}

// csvList reads a file as spreadsheets write it: with commas, semicolons or tabs, after a line sep=; or not.
func csvList(file string) (l list, err error) {
	base := filepath.Base(file)
	text, err := os.ReadFile(file)
	if err != nil {
		return l, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) || bytes.ContainsRune(text, 0) {
		return l, fmt.Errorf("%s is not in UTF-8: save it as \"CSV UTF-8\", or as .xlsx", base)
	}
	if !bytes.ContainsRune(text, '\n') {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n")) // lines as old programs end them
	}
	text, comma := separated(text)
	rows, err := csvRows(text, comma)
	if err != nil {
		return l, fmt.Errorf("reading %s: %w", base, err)
	}
	l, missing := listOf(rows)
	if missing != nil {
		return l, fmt.Errorf("%s%w", base, missing)
	}
	return l, nil
}

// separated finds what stands between the cells: as the first line says it, or as the headings show.
func separated(text []byte) ([]byte, rune) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if sep, said := bytes.CutPrefix(bytes.ToLower(bytes.TrimRight(first, "\r")), []byte("sep=")); said && utf8.RuneCount(sep) == 1 {
		comma, _ := utf8.DecodeRune(sep)
		return append([]byte("\n"), rest...), comma // an empty line, so that lines keep their numbers
	}
	heading, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n"), []byte("\n"))
	comma := ','
	for _, other := range ";\t" {
		if bytes.Count(heading, []byte(string(other))) > bytes.Count(heading, []byte(string(comma))) {
			comma = other
		}
	}
	return text, comma
}

func csvRows(text []byte, comma rune) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma, r.LazyQuotes = -1, comma, true
	var out [][]string
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		for len(out) < line-1 { // an empty line, or one that was a part of a cell
			out = append(out, nil)
		}
		out = append(out, row)
	}
}

// listOf finds the headings: the first row that is not empty. missing says what is wrong with them, after the name of
// the file.
func listOf(rows [][]string) (l list, missing error) {
	first := 0
	for first < len(rows) && empty(rows[first]) {
		first++
	}
	if first == len(rows) {
		return l, errors.New(" has no rows")
	}
	heading := rows[first]
	l = list{rows: rows[first+1:], first: first + 2, at: map[string]int{}}
	for i, h := range heading {
		what := meaning(h)
		other, twice := l.at[what]
		switch {
		case what == "":
		case twice:
			return l, fmt.Errorf(":%d: two columns mean the same, %s and %s: rename the one that is not meant", first+1, strings.TrimSpace(heading[other]), strings.TrimSpace(h))
		default:
			l.at[what] = i
		}
	}
	for _, needed := range [][2]string{{"identifier", "Solution Identifier"}, {"name", "Solution Name"}} {
		if _, has := l.at[needed[0]]; !has {
			return l, fmt.Errorf(":%d: no column is called %s; its headings are %s", first+1, needed[1], strings.Join(heading, ", "))
		}
	}
	return l, nil
}

// meaning is what a heading stands for: as the forms of both products call it, or the column's own name.
func meaning(heading string) string {
	word := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	if prefix, rest, own := strings.Cut(word, "_"); own && len(prefix) <= 8 {
		word = rest // cosell_identifier
	}
	switch word {
	case "solutionidentifier", "identifier", "solutionid", "id":
		return "identifier"
	case "solutionname", "name", "solution", "title":
		return "name"
	case "type", "solutiontype":
		return "type"
	case "publishername", "publisher":
		return "publisher"
	}
	return ""
}

// entries makes entries of the rows. One that is there twice is taken once; where a list says two things of one
// solution neither is taken.
func (l list) entries() (entries []office.CatalogueEntry, wrong []office.RefusedEntry) {
	byID := map[string][]office.CatalogueEntry{}
	for i, row := range l.rows {
		if empty(row) && l.cell == nil {
			continue
		}
		e, err := l.entry(l.first+i, row)
		switch key := strings.ToLower(e.Identifier); {
		case err != nil:
			wrong = append(wrong, office.RefusedEntry{Line: e.Line, Identifier: e.Identifier, Why: err.Error()})
		case e == office.CatalogueEntry{Line: e.Line}: // empty
		case key != "" && slices.ContainsFunc(byID[key], func(o office.CatalogueEntry) bool { return saysTheSame(o, e) }):
		default:
			byID[key] = append(byID[key], e)
			entries = append(entries, e)
		}
	}
	entries = slices.DeleteFunc(entries, func(e office.CatalogueEntry) bool {
		same := byID[strings.ToLower(e.Identifier)]
		if e.Identifier == "" || len(same) < 2 {
			return false
		}
		other := same[0]
		if other.Line == e.Line {
			other = same[1]
		}
		wrong = append(wrong, office.RefusedEntry{Line: e.Line, Identifier: e.Identifier,
			Why: fmt.Sprintf("line %d says something else of this solution (%s): take one of the two away", other.Line, other.Name)})
		return true
	})
	slices.SortStableFunc(wrong, func(a, b office.RefusedEntry) int { return cmp.Compare(a.Line, b.Line) })
	return entries, wrong
}

// saysTheSame compares what two lines say of one solution.
func saysTheSame(a, b office.CatalogueEntry) bool {
	return a.Name == b.Name && a.Type == b.Type && a.Publisher == b.Publisher
}

// entry makes an entry of a row. The error names a cell that has no value.
func (l list) entry(line int, row []string) (office.CatalogueEntry, error) {
	e := office.CatalogueEntry{Line: line}
	var failed error
	for _, one := range []struct {
		what string
		into *string
	}{{"identifier", &e.Identifier}, {"name", &e.Name}, {"type", &e.Type}, {"publisher", &e.Publisher}} {
		n, has := l.at[one.what]
		if !has {
			continue
		}
		text := ""
		if n < len(row) {
			text = row[n]
		}
		if l.cell != nil {
			var err error
			if text, err = l.cell(line, n, text); err != nil && failed == nil {
				failed = err
			}
		}
		*one.into = tidy(text)
	}
	return e, failed
}

// tidy takes out what nobody sees: blanks around and doubled, and characters without a shape, as copied from web pages.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func empty(row []string) bool {
	return !slices.ContainsFunc(row, func(cell string) bool { return tidy(cell) != "" })
}
