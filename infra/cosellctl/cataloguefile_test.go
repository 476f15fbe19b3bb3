package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

func written(t *testing.T, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// said are entries as "line identifier|name|type|publisher".
func said(entries []office.CatalogueEntry) string {
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%d %s|%s|%s|%s", e.Line, e.Identifier, e.Name, e.Type, e.Publisher))
	}
	return strings.Join(out, "\n")
}

func TestR66_CSVAsSpreadsheetsWriteIt(t *testing.T) {
	const want = "2 SOL-1-A|One|3P|Northwind\n3 SOL-2-B|Two|1P|"
	for name, text := range map[string]string{
		"commas":                "Solution Identifier,Solution Name,Type,Publisher Name\nSOL-1-A,One,3P,Northwind\nSOL-2-B,Two,1P,\n",
		"a BOM, semicolons":     "\ufeffSolution Identifier;Solution Name;Type;Publisher Name\r\nSOL-1-A;One;3P;Northwind\r\nSOL-2-B;Two;1P;\r\n",
		"quoted headings":       "\"Solution Identifier\";\"Solution Name\";\"Type\";\"Publisher Name\"\nSOL-1-A;\"One\";3P;Northwind\nSOL-2-B;Two;1P\n",
		"tabs":                  "Solution Identifier\tSolution Name\tType\tPublisher Name\nSOL-1-A\tOne\t3P\tNorthwind\nSOL-2-B\tTwo\t1P\n",
		"another order":         "Publisher Name,Type,Solution Name,Solution Identifier\nNorthwind,3P,One,SOL-1-A\n,1P,Two,SOL-2-B\n",
		"logical names":         "cosell_identifier,cosell_name,cosell_type,cosell_publisher\nSOL-1-A,One,3P,Northwind\nSOL-2-B,Two,1P,\n",
		"Microsoft's own":       "msft_solutionidentifier,msft_solutionname,msft_type,msft_publishername\nSOL-1-A,One,3P,Northwind\nSOL-2-B,Two,1P,\n",
		"others as well":        "No.,Solution ID*,solution name,Owner,solution type,Publisher\n1,SOL-1-A,One,Ada,3P,Northwind\n2,SOL-2-B,Two,Ben,1P,\n",
		"blanks around":         "Solution Identifier,Solution Name,Type,Publisher Name\n SOL-1-A , One ,3P,\u00a0Northwind\nSOL-2-B\u200b,Two,1P,\n",
		"lines of another kind": "Solution Identifier,Solution Name,Type,Publisher Name\rSOL-1-A,One,3P,Northwind\rSOL-2-B,Two,1P,\r",
	} {
		entries, wrong, err := readCatalogue(written(t, "solutions.csv", []byte(text)), "")
		if err != nil || len(wrong) != 0 || said(entries) != want {
			t.Errorf("%s: %v, %v\n%s", name, err, wrong, said(entries))
		}
	}
	entries, _, err := readCatalogue(written(t, "s.csv", []byte("sep=;\r\nSolution Identifier;Solution Name\r\nSOL-1-A;\"Two\r\nlines\"\r\n\r\nSOL-2-B;\"A \"\"quoted\"\" one; with that\"\r\n")), "")
	if err != nil || said(entries) != "3 SOL-1-A|Two lines||\n6 SOL-2-B|A \"quoted\" one; with that||" {
		t.Errorf("%v\n%s", err, said(entries))
	}
}

func TestR66_FilesThatCannotBeReadSayWhy(t *testing.T) {
	utf16Text := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("Solution Identifier\tSolution Name\r\n")) {
		utf16Text = append(utf16Text, byte(u), byte(u>>8))
	}
	for _, c := range []struct{ file, text, want string }{
		{"s.csv", "Code,Title of it\nSOL-1-A,One\n", "s.csv:1: no column is called Solution Identifier; its headings are Code, Title of it"},
		{"s.csv", "Solution Identifier,Other\nSOL-1-A,One\n", "no column is called Solution Name"},
		{"s.csv", "Solution Identifier,Solution ID,Solution Name\na,b,c\n", "Solution Identifier and Solution ID"},
		{"s.csv", "", "has no rows"},
		{"s.csv", "\n\n ,\n", "has no rows"},
		{"s.csv", "Solution Identifier,Solution Name\nSOL-1-A,Caf\xe9\n", "not in UTF-8"},
		{"s.csv", string(utf16Text), "not in UTF-8"},
		{"s.xlsx", "PK\x03\x04 and nothing more", "no workbook that can be read"},
		{"s.xlsx", "<html><table><tr><td>Solution Identifier</td></tr></table></html>", "no workbook that can be read"},
		{"s.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old or protected one", "password"},
		{"s.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"},
		{"s.pdf", "%PDF", "neither a .csv nor a .xlsx file"},
	} {
		entries, _, err := readCatalogue(written(t, c.file, []byte(c.text)), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s %.30q: %v, %d entries", c.file, c.text, err, len(entries))
		}
	}
	if _, _, err := readCatalogue(filepath.Join(t.TempDir(), "none.xlsx"), ""); err == nil || !strings.Contains(err.Error(), "none.xlsx") {
		t.Errorf("%v", err)
	}
}

// The same twice is nothing to tell; who says two things of one solution has to say which.
func TestR66_OneIdentifierTwice(t *testing.T) {
	entries, wrong, err := readCatalogue(written(t, "s.csv", []byte("Solution Identifier,Solution Name\nSOL-1-A,One\nSOL-2-B,Two\nsol-1-a,One\nSOL-2-b,Zwei\nSOL-3-C,Three\n,Nameless\n,Another\n")), "")
	if err != nil || said(entries) != "2 SOL-1-A|One||\n6 SOL-3-C|Three||\n7 |Nameless||\n8 |Another||" {
		t.Errorf("%v\n%s", err, said(entries))
	}
	if len(wrong) != 2 || wrong[0].Line != 3 || wrong[1].Line != 5 || !strings.Contains(wrong[0].Why, "line 5") || !strings.Contains(wrong[1].Why, "line 3") || !strings.Contains(wrong[0].Why, "Zwei") {
		t.Errorf("%+v", wrong)
	}
}

// book makes a workbook of sheets, in their order.
func book(t *testing.T, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	file := filepath.Join(t.TempDir(), "solutions.xlsx")
	if err := f.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	return file
}

func rowsIn(t *testing.T, f *excelize.File, sheet string, rows ...[]any) {
	t.Helper()
	if i, _ := f.GetSheetIndex(sheet); i < 0 {
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
	}
	for i := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &rows[i]); err != nil {
			t.Fatal(err)
		}
	}
}

var headings = []any{"Solution Identifier", "Solution Name", "Type", "Publisher Name"}

// The sheet with the headings is meant, not the first one.
func TestR66_TheSheetWithTheHeadingsIsMeant(t *testing.T) {
	file := book(t, func(f *excelize.File) {
		rowsIn(t, f, "Sheet1", []any{"How to fill this in"}, []any{"Write each solution on a line of its own."})
		rowsIn(t, f, "Solutions", nil, headings, []any{"SOL-1-A", "One", "3P", "Northwind"})
		rowsIn(t, f, "Old ones", headings, []any{"SOL-0-Z", "Gone"})
		if err := f.SetSheetVisible("Old ones", false); err != nil {
			t.Fatal(err)
		}
	})
	if entries, wrong, err := readCatalogue(file, ""); err != nil || len(wrong) != 0 || said(entries) != "3 SOL-1-A|One|3P|Northwind" {
		t.Errorf("%v %v\n%s", err, wrong, said(entries))
	}
	if entries, _, err := readCatalogue(file, "old ones"); err != nil || said(entries) != "2 SOL-0-Z|Gone||" {
		t.Errorf("%v\n%s", err, said(entries))
	}
	if _, _, err := readCatalogue(file, "Sheet1"); err == nil || !strings.Contains(err.Error(), "no column is called Solution Identifier") {
		t.Errorf("%v", err)
	}
	if _, _, err := readCatalogue(file, "Missing"); err == nil || !strings.Contains(err.Error(), "Sheet1, Solutions, Old ones") {
		t.Errorf("%v", err)
	}
	two := book(t, func(f *excelize.File) {
		rowsIn(t, f, "Sheet1", headings, []any{"SOL-1-A", "One"})
		rowsIn(t, f, "2025", headings, []any{"SOL-2-B", "Two"})
	})
	if _, _, err := readCatalogue(two, ""); err == nil || !strings.Contains(err.Error(), "Sheet1, 2025") || !strings.Contains(err.Error(), "--sheet") {
		t.Errorf("%v", err)
	}
	none := book(t, func(f *excelize.File) { rowsIn(t, f, "Sheet1", []any{"Code", "Title"}) })
	if _, _, err := readCatalogue(none, ""); err == nil || !strings.Contains(err.Error(), "Sheet1:1: its headings are Code, Title") {
		t.Errorf("%v", err)
	}
	empty := book(t, func(*excelize.File) {})
	if _, _, err := readCatalogue(empty, ""); err == nil || !strings.Contains(err.Error(), "has no rows") {
		t.Errorf("%v", err)
	}
}

// What people see in a cell counts: the value of a formula, a number as it is written out, never a rounded one.
func TestR66_CellsCountAsPeopleSeeThem(t *testing.T) {
	file := book(t, func(f *excelize.File) {
		rowsIn(t, f, "Sheet1", headings, []any{nil, nil, "3P", 365}, []any{123456789012345, 2026, true, 0.5}, []any{"SOL-3-C", nil}, []any{"SOL-4-D", "Four"})
		for cell, formula := range map[string]string{"A2": `"SOL-1-"&UPPER("a")`, "B2": `CONCATENATE("One ","more")`, "B4": `NOSUCHFUNCTION(1)`, "C5": `1/0`} {
			if err := f.SetCellFormula("Sheet1", cell, formula); err != nil {
				t.Fatal(err)
			}
		}
	})
	entries, wrong, err := readCatalogue(file, "")
	if err != nil || said(entries) != "2 SOL-1-A|One more|3P|365\n3 123456789012345|2026|TRUE|0.5" {
		t.Errorf("%v\n%s", err, said(entries))
	}
	if len(wrong) != 2 || wrong[0].Line != 4 || wrong[1].Line != 5 || !strings.Contains(wrong[0].Why, "B4") || !strings.Contains(wrong[1].Why, "C5") || !strings.Contains(wrong[1].Why, "#DIV/0!") {
		t.Errorf("%+v", wrong)
	}
}

func TestR66_TenThousandRowsOfAWorkbookAreReadInSeconds(t *testing.T) {
	file := book(t, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10001 {
			row := []any{fmt.Sprintf("SOL-%05d-XYZ", i), fmt.Sprintf("Solution %d", i), "3P", "Northwind"}
			if i == 0 {
				row = headings
			}
			if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	})
	began := time.Now()
	entries, wrong, err := readCatalogue(file, "")
	if err != nil || len(entries) != 10000 || len(wrong) != 0 || time.Since(began) > 20*time.Second {
		t.Errorf("%d entries, %d wrong, %v, after %s", len(entries), len(wrong), err, time.Since(began))
	}
}

// A long list goes in parts that one call takes, and says how far it is.
func TestR66_ALongListGoesInPartsWithProgress(t *testing.T) {
	a, environ := newApp(t)
	a.answer = office.Answer{Catalogue: &office.CatalogueImport{Created: 1}, Done: true}
	var text strings.Builder
	text.WriteString("Solution Identifier,Solution Name,Publisher Name\n")
	for i := range 2500 {
		fmt.Fprintf(&text, "SOL-%05d-XYZ,%s,%s\n", i, strings.Repeat("名", 190), strings.Repeat("<", 190))
	}
	code, out, errOut := ctl(t, environ, "catalogue", "import", written(t, "s.csv", []byte(text.String())))
	rows := 0
	for _, call := range a.asked {
		if len(call) > 1<<20 {
			t.Errorf("a call of %d bytes", len(call))
		}
		rows += strings.Count(call, `"identifier":"SOL-`)
	}
	if code != fine || rows != 2500 || len(a.asked) < 3 || strings.Count(out, " of 2500 rows") != len(a.asked) || !strings.Contains(out, "2500 of 2500 rows") {
		t.Errorf("%d %s, %d rows in %d calls\n%s", code, errOut, rows, len(a.asked), out)
	}
	a.asked = nil
	if _, out, _ = ctl(t, environ, "catalogue", "import", written(t, "s.csv", []byte("Solution Identifier,Solution Name\nSOL-1-A,One\n"))); len(a.asked) != 1 || strings.Contains(out, "of 1 rows") {
		t.Errorf("%d calls\n%s", len(a.asked), out)
	}
}
