// Package contract runs what the product takes for granted of an outside system against every target: the
// simulator in all positions that it must hold in, and a real system where the shell names one. What comes
// out goes into a report; a question that the documents leave open has its line in docs/divergences.md.
package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

// ReportEnv names the file that the report is merged into; without it none is written.
const ReportEnv = "CONTRACT_REPORT"

// Clause is one thing that is taken for granted. One that writes runs only where that is allowed, cleans
// up, or makes only what nobody minds.
type Clause[C any] struct {
	Name   string
	Writes bool
	Run    func(t *T, on C)
}

// Target is a system that the clauses are held against.
type Target[C any] struct {
	Name   string
	Writes bool // may be written to
	On     C
}

// T is the test of one clause.
type T struct {
	*testing.T
	page     string
	observed map[string]string
}

// Observed writes down the answer to a question that the documents leave open. The page of divergences
// has to know the question.
func (t *T) Observed(question, answer string) {
	t.Helper()
	if !strings.Contains(t.page, "| "+question+" |") {
		t.Errorf("docs/divergences.md has no line for %q", question)
	}
	t.observed[question] = answer
}

// Result is a line of the report.
type Result struct {
	Target   string            `json:"target"`
	Clause   string            `json:"clause"`
	Kept     bool              `json:"kept"`
	Observed map[string]string `json:"observed,omitempty"`
}

// Run holds the clauses against the targets, one after the other. pagePath is where docs/divergences.md is.
func Run[C any](t *testing.T, system, pagePath string, targets []Target[C], clauses []Clause[C]) {
	page, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	var results []Result
	for _, target := range targets {
		for _, c := range clauses {
			if c.Writes && !target.Writes {
				continue
			}
			at := &T{page: string(page), observed: map[string]string{}}
			kept := t.Run(target.Name+"/"+c.Name, func(t *testing.T) {
				at.T = t
				c.Run(at, target.On)
			})
			results = append(results, Result{Target: target.Name, Clause: c.Name, Kept: kept, Observed: at.observed})
		}
	}
	if err := report(os.Getenv(ReportEnv), system, results); err != nil {
		t.Error(err)
	}
}

// report merges the results into the file.
func report(file, system string, results []Result) error {
	if file == "" {
		return nil
	}
	all := map[string][]Result{}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	slices.SortStableFunc(results, func(a, b Result) int { return cmp.Compare(a.Target, b.Target) })
	all[system] = results
	return reports.Write(file, all)
}
