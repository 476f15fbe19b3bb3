package doctor

//go:generate go test -run TestTheTableOfChecksIsFresh -update .

import (
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/doctor"
)

// Markdown is the table of docs/doctor.md.
func Markdown(checks []doctor.Check) string {
	var b strings.Builder
	b.WriteString("| check | by | looks whether | rests on | for |\n|---|---|---|---|---|\n")
	for _, c := range checks {
		rests := "–"
		if len(c.Rests) > 0 {
			rests = "`" + strings.Join(c.Rests, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.Name, c.By, c.Looks, rests, c.For)
	}
	return b.String()
}
