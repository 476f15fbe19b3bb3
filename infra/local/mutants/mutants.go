// Package mutants breaks rules of the product on purpose, one at a time, and looks whether the test that is
// there for the rule notices. A mutant is a patch whose first line names the test: `test: ./shared/flow TestX`.
package mutants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

// atOnce is how many mutants are tried at the same time, each in a copy of the tree of its own.
const atOnce = 2

// Options say what is tried.
type Options struct {
	Top     string // the repository
	Patches string // folder with *.patch files
	Work    string // folder for the copies of the tree; always the same one, so that Go's build cache helps
	Only    string // the one mutant to try; empty tries all
}

// Result is what became of one mutant.
type Result struct {
	Caught bool   `json:"caught"`
	By     string `json:"by,omitempty"`  // the test that failed
	Why    string `json:"why,omitempty"` // why it counts as not caught
}

// Report is .build/reports/mutants.json, by the mutant's number: the name of its patch up to the first dash.
// A mutant may have several patches, all of which have to be caught.
type Report map[string]Result

// add adds what became of one patch.
func (r Report) add(patch string, got Result) {
	number, _, _ := strings.Cut(patch, "-")
	if was, ok := r[number]; ok {
		got = Result{Caught: was.Caught && got.Caught, By: both(was.By, got.By), Why: both(was.Why, got.Why)}
	}
	r[number] = got
}

// both joins two texts, either of which may be empty or the other.
func both(a, b string) string {
	if a == "" || b == "" || a == b {
		return cmp.Or(a, b)
	}
	return a + ", " + b
}

// Caught counts.
func (r Report) Caught() (n int) {
	for _, one := range r {
		if one.Caught {
			n++
		}
	}
	return n
}

// Write puts the report into a file, making its folder.
func (r Report) Write(file string) error { return reports.Write(file, r) }

// mutant is one patch.
type mutant struct {
	name, file string
	pkg, test  string   // a package pattern and a regular expression for -run
	touches    []string // the files that it changes
}

// Run tries all mutants and says on out what becomes of each. A mutant counts as caught when its test passes
// without it and fails with it. The error is about the trying itself.
func Run(ctx context.Context, o Options, out io.Writer) (Report, error) {
	all, err := read(o)
	if err != nil {
		return nil, err
	}
	copies := make(chan *tree, atOnce)
	for n := range atOnce {
		t, err := copyTree(ctx, o.Top, filepath.Join(o.Work, fmt.Sprint(n+1)))
		if err != nil {
			return nil, err
		}
		copies <- t
	}
	report, red := Report{}, map[string]string{}
	var mu sync.Mutex
	var jobs sync.WaitGroup
	for _, tests := range byPackage(all) {
		t := <-copies
		jobs.Go(func() {
			defer func() { copies <- t }()
			found := t.redWithout(ctx, tests)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(red, found)
		})
	}
	jobs.Wait()
	for _, m := range all {
		t := <-copies
		jobs.Go(func() {
			defer func() { copies <- t }()
			r := Result{Why: red[m.pkg+" "+m.test]}
			if r.Why == "" {
				r = t.try(ctx, m)
			}
			mu.Lock()
			defer mu.Unlock()
			report.add(m.name, r)
			fmt.Fprintf(out, "%-44s %s\n", m.name, r)
		})
	}
	jobs.Wait()
	return report, ctx.Err()
}

// String is one line for people.
func (r Result) String() string {
	if r.Caught {
		return "caught by " + r.By
	}
	return "NOT CAUGHT: " + r.Why
}

var (
	testLine    = regexp.MustCompile(`^test:[ \t]+(\./\S+)[ \t]+(\S+)[ \t]*$`)
	touchedLine = regexp.MustCompile(`(?m)^(?:---|\+\+\+) [ab]/(\S+)`)
)

// read reads the patches and names every one whose first line is wrong.
func read(o Options) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(o.Patches, "*.patch"))
	if err != nil {
		return nil, fmt.Errorf("looking for mutants: %w", err)
	}
	var out []mutant
	var wrong []error
	for _, file := range files {
		m := mutant{name: strings.TrimSuffix(filepath.Base(file), ".patch"), file: file}
		if number, _, _ := strings.Cut(m.name, "-"); o.Only != "" && o.Only != m.name && o.Only != number {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a mutant: %w", err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		parts := testLine.FindStringSubmatch(first)
		if parts == nil {
			wrong = append(wrong, fmt.Errorf("%s: its first line must be `test: ./package TestName`", file))
			continue
		}
		m.pkg, m.test = parts[1], parts[2]
		for _, f := range touchedLine.FindAllStringSubmatch(string(text), -1) {
			m.touches = append(m.touches, f[1])
		}
		out = append(out, m)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no mutant %s in %s", o.Only, o.Patches)
	}
	slices.SortFunc(out, func(a, b mutant) int { return strings.Compare(natural(a.name), natural(b.name)) })
	return out, nil
}

// natural lets M2 come before M10.
func natural(name string) string {
	return regexp.MustCompile(`\d+`).ReplaceAllStringFunc(name, func(n string) string { return fmt.Sprintf("%08s", n) })
}

// byPackage groups the tests that are needed, each once.
func byPackage(all []mutant) map[string][]mutant {
	out := map[string][]mutant{}
	for _, m := range all {
		if !slices.ContainsFunc(out[m.pkg], func(other mutant) bool { return other.test == m.test }) {
			out[m.pkg] = append(out[m.pkg], m)
		}
	}
	return out
}
