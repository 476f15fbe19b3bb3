package simulate

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

// again is how often each history is played once more and compared with the first time.
var again = flag.Int("again", 0, "how often each history is played once more, to see that its trace is the same")

// timesAgain is that for a seed: one in 128 is always played twice.
func timesAgain(seed uint64) int {
	if seed%128 == 11 {
		return max(*again, 1)
	}
	return *again
}

// repeated plays a plan again and says where the trace is another; "" where it is the same each time.
func repeated(t *testing.T, p *plan, first outcome, times int) string {
	t.Helper()
	for range times {
		second := play(t, p.clone(), false)
		if second.hash != first.hash {
			return fmt.Sprintf("I23: two traces, %d and %d calls of the product", first.calls, second.calls)
		}
	}
	return ""
}

// parting plays a plan with its story until two stories differ, and gives both from a little before that.
func parting(t *testing.T, p *plan, times int) string {
	t.Helper()
	was := *traced
	*traced = true
	defer func() { *traced = was }()
	a := play(t, p.clone(), true)
	for range times {
		b := play(t, p.clone(), true)
		if a.hash == b.hash {
			continue
		}
		for i := range min(len(a.story), len(b.story)) {
			if a.story[i] != b.story[i] {
				const before, after = 12, 4
				return fmt.Sprintf("%s\n--- one time:\n%s\n--- another time:\n%s\n", strings.Join(a.story[max(i-before, 0):i], "\n"),
					strings.Join(a.story[i:min(i+after, len(a.story))], "\n"), strings.Join(b.story[i:min(i+after, len(b.story))], "\n"))
			}
		}
		return fmt.Sprintf("the stories are the same for %d lines, the traces are not\n", min(len(a.story), len(b.story)))
	}
	return ""
}

// I23: a run is a function of its seed.
func TestSameSeedSameTrace(t *testing.T) {
	for s := range uint64(6) {
		p := draw(s+1, layouts()[s%3])
		if broken := repeated(t, p, play(t, p.clone(), false), 1); broken != "" {
			t.Errorf("seed %d: %s\n%s", s+1, broken, parting(t, p, 10))
		}
	}
}

// TestParting tells where two traces of a seed part, if they do.
func TestParting(t *testing.T) {
	if *again == 0 || !*tell {
		return
	}
	fmt.Print(parting(t, planOf(*seed), *again))
}
