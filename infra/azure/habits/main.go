// Command habits holds the package, the settings beside it, azure.yaml and what azd reads of the templates against the
// rules that func, azd and the Functions host enforce. Each rule says where it stands: most were read in the sources of
// the tools. It ends with 1 where one is not kept.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	var p place
	flag.StringVar(&p.top, "top", ".", "the repository")
	flag.StringVar(&p.app, "app", ".build/app", "the folder that the Functions host runs")
	flag.StringVar(&p.zip, "zip", ".build/app.zip", "the same as one file")
	flag.Parse()
	if broken := report(p, os.Stdout); broken > 0 {
		os.Exit(1)
	}
}

// report tells of every rule whether it is kept, and counts those that are not.
func report(p place, out io.Writer) (broken int) {
	s := look(p)
	all := rules()
	for _, r := range all {
		if err := r.kept(s); err != nil {
			broken++
			fmt.Fprintf(out, "BROKEN %-28s %s: %v\n       %s\n", r.id, r.says, err, r.source)
			continue
		}
		fmt.Fprintf(out, "kept   %-28s %s\n", r.id, r.says)
	}
	fmt.Fprintf(out, "habits: %d rules, %d kept\n", len(all), len(all)-broken)
	return broken
}
