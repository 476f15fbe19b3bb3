package requirements

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

const head = `# Requirements

What the product has to do, row by row, and the tests that show it: most of them run the whole product over both
simulators, in [` + "`shared/requirements`" + `](../shared/requirements). ` + "`make requirements`" + ` runs them and writes this page; ` + "`make check`" + `
says when a test was added, renamed or removed since.

`

// Table is docs/requirements.md.
func (r Report) Table() string {
	var out strings.Builder
	pass, fail, none := r.Counts()
	out.WriteString(head)
	fmt.Fprintf(&out, "%d rows: %d pass, %d fail, %d without a test.\n\n| row | requirement | status | tests |\n|---|---|---|---|\n", len(Rows()), pass, fail, none)
	for _, row := range Rows() {
		one := r[row.ID]
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", row.ID, strings.ReplaceAll(row.Text, "|", `\|`), one.Status, strings.Join(byPackage(one.Tests), "<br>"))
	}
	return out.String()
}

// byPackage names the tests of each package after it, once.
func byPackage(tests []string) (out []string) {
	last := ""
	for _, t := range tests {
		dot := strings.LastIndexByte(t, '.')
		pkg, name := t[:dot], t[dot+1:]
		if pkg == last {
			out[len(out)-1] += ", " + name
			continue
		}
		last = pkg
		out = append(out, "`"+pkg+"`: "+name)
	}
	return out
}

var cell = regexp.MustCompile("`([^`]+)`: ([^|`<]+)")

// read is what a table says: the tests of each row.
func read(text string) map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(text) {
		row, _, found := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !found || !strings.HasPrefix(row, "R") {
			continue
		}
		out[row] = []string{}
		tests := line[strings.LastIndex(strings.TrimRight(line, " |\n"), " | ")+1:]
		for _, m := range cell.FindAllStringSubmatch(tests, -1) {
			for _, name := range strings.Split(strings.TrimSpace(m[2]), ", ") {
				out[row] = append(out[row], m[1]+"."+name)
			}
		}
	}
	return out
}

// stale says in which rows a table and the tests in the sources differ.
func stale(table string, all []test) (rows []string) {
	told, there := read(table), map[string][]string{}
	for _, t := range all {
		there[t.row] = append(there[t.row], t.String())
	}
	for _, row := range Rows() {
		if strings.Join(told[row.ID], " ") != strings.Join(there[row.ID], " ") {
			rows = append(rows, row.ID)
		}
	}
	return rows
}

// lost lists the rows that had a test in the table before, and have none any more.
func (r Report) lost(table string) (rows []string) {
	told := read(table)
	for _, row := range Rows() {
		if len(told[row.ID]) > 0 && r[row.ID].Status == None {
			rows = append(rows, row.ID)
		}
	}
	return rows
}

// update writes the table, and says which rows have lost their tests since it was written last.
func (r Report) update(file string) (lost []string, err error) {
	before, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("reading the table of requirements: %w", err)
	}
	if err := os.WriteFile(file, []byte(r.Table()), 0o644); err != nil {
		return nil, fmt.Errorf("writing the table of requirements: %w", err)
	}
	return r.lost(string(before)), nil
}
