// Package requirements counts the requirements R1 to R155 that a test shows. A test carries the row in its name:
// TestR12_WhatItShows. The rows stand in rows.txt; what came of them goes into a report and into
// docs/requirements.md.
package requirements

import (
	_ "embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

//go:embed rows.txt
var rowsText string

// Row is one requirement in short.
type Row struct {
	ID, Text string
}

// Rows lists the requirements in their order.
func Rows() (out []Row) {
	for line := range strings.Lines(rowsText) {
		id, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		out = append(out, Row{id, text})
	}
	return out
}

// What became of a row.
const (
	Pass = "pass" // it has tests, and all of them passed
	Fail = "fail"
	None = "none" // it has no test
)

// Result is what became of one row; tests are named with their package, as shared/flow.TestR41_….
type Result struct {
	Status string   `json:"status"`
	Tests  []string `json:"tests"`
}

// Report is .build/reports/requirements.json, by row.
type Report map[string]Result

// Write puts the report into a file, making its folder.
func (r Report) Write(file string) error { return reports.Write(file, r) }

// Counts says how many rows pass, fail and have none.
func (r Report) Counts() (pass, fail, none int) {
	count := map[string]int{}
	for _, one := range r {
		count[one.Status]++
	}
	return count[Pass], count[Fail], count[None]
}

// test is one test function in the sources.
type test struct {
	row, pkg, name string
}

func (t test) String() string { return t.pkg + "." + t.name }

var declared = regexp.MustCompile(`(?m)^func (Test(R[0-9]+)_\w+)\(t \*testing\.T\)`)

// find reads the sources for tests that carry a row, in the order of rows, packages and names.
func find(top string) (out []test, err error) {
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(top, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			out = append(out, test{row: m[2], pkg: filepath.ToSlash(pkg), name: m[1]})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the tests of the requirements: %w", err)
	}
	slices.SortFunc(out, func(a, b test) int {
		if a.row != b.row {
			return number(a.row) - number(b.row)
		}
		return strings.Compare(a.String(), b.String())
	})
	return out, nil
}

func number(row string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(row, "R"))
	return n
}

// report puts together what became of each row. ended holds "pass" or "fail" by test; a test that has not ended
// has failed.
func report(all []test, ended map[string]string) Report {
	out := Report{}
	for _, row := range Rows() {
		out[row.ID] = Result{Status: None, Tests: []string{}}
	}
	for _, t := range all {
		was := out[t.row]
		switch {
		case ended[t.String()] != Pass:
			was.Status = Fail
		case was.Status == None:
			was.Status = Pass
		}
		was.Tests = append(was.Tests, t.String())
		out[t.row] = was
	}
	return out
}

// strange lists the rows that tests carry and that there are not.
func strange(all []test) []string {
	known := map[string]bool{}
	for _, row := range Rows() {
		known[row.ID] = true
	}
	out := map[string]bool{}
	for _, t := range all {
		if !known[t.row] {
			out[t.String()] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}
