package demo

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

// Result is one step of .build/reports/demo.json.
type Result struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	MS       int64  `json:"ms"`
	EffectMS int64  `json:"effectMs"` // from cause to effect, the slowest of the step
	Calls    int    `json:"calls"`    // remote calls of the product, without those for tokens
	err      error
}

// Report is .build/reports/demo.json.
type Report struct {
	Layout string   `json:"layout"` // in how many processes the functions ran
	Steps  []Result `json:"steps"`
	Passed int      `json:"passed"`
	Failed int      `json:"failed"`
}

// EffectMedian is the median from cause to effect over all steps but D12, in which the handler is killed.
func (r Report) EffectMedian() int64 {
	var all []int64
	for _, s := range r.Steps {
		if s.ID != "D12" && s.OK {
			all = append(all, s.EffectMS)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return all[middle]
	}
	return (all[middle-1] + all[middle]) / 2
}

// Write puts the report into a file, making its folder.
func (r Report) Write(file string) error { return reports.Write(file, r) }

// Table prints the summary.
func (r Report) Table(out io.Writer, took time.Duration) {
	fmt.Fprintf(out, "\n%-5s%-64s%6s%11s%8s%7s\n", "", "", "", "cause to", "", "remote")
	fmt.Fprintf(out, "%-5s%-64s%6s%11s%8s%7s\n", "step", "", "", "effect ms", "ms", "calls")
	for _, s := range r.Steps {
		held := "ok"
		if !s.OK {
			held = "FAILED"
		}
		fmt.Fprintf(out, "%-5s%-64s%6s%11d%8d%7d\n", s.ID, s.Name, held, s.EffectMS, s.MS, s.Calls)
	}
	fmt.Fprintf(out, "\n%d of %d steps held, in %s. From cause to effect: %d ms (median, without D12).\n",
		r.Passed, r.Passed+r.Failed, took.Round(100*time.Millisecond), r.EffectMedian())
}
