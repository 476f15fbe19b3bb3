package cosell

import (
	"testing"
	"time"
)

func TestStillTold(t *testing.T) {
	p := Problem{Code: "status.apart", Place: InCRM, Text: "the two are  apart", Mend: "close it"}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	line := func(direction, text, trace string) string { return AuditLine(at, direction, text, trace) }
	it := line(ToCRM, p.Explain(), "")
	for name, c := range map[string]struct {
		audit string
		told  bool
	}{
		"nothing":                     {"", false},
		"the line":                    {it, true},
		"of another event":            {line(ToCRM, p.Explain(), "abc"), true},
		"under other lines":           {line(ToCRM, "updated name", "") + "\n" + it, true},
		"under what a person typed":   {"call him - to CRM\n" + it, true},
		"over since":                  {line(ToPartnerCenter, over, "x") + "\n" + it, false},
		"over, and told anew":         {it + "\n" + line(ToCRM, over, "") + "\n" + it, true},
		"in the other direction":      {line(ToPartnerCenter, p.Explain(), ""), false},
		"with more to it":             {line(ToCRM, p.Explain()+", or not", ""), false},
		"only the hash of it is kept": {Digested(it), false},
	} {
		if got := StillTold(c.audit, p); got != c.told {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !(Pair{}).Explained(it, p, false) || (Pair{Told: []string{"another"}}).Explained(it, p, false) || !(Pair{Told: []string{p.print()}}).Explained("", p, false) ||
		!(Pair{Told: []string{"another"}}).Explained(it, p, true) || (Pair{Told: []string{"another"}}).Explained("", p, true) {
		t.Error("Audit counts where the pair remembers something, or does not where it remembers nothing")
	}
}
