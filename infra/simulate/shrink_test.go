package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shrunken is the shortest story found in which the same invariant is violated.
type shrunken struct {
	plan    *plan
	out     outcome
	moment  string // after which it could not be avoided
	tries   int
	faults  int
	minimal bool // nothing of it can be left out
	wrong   func(outcome) string
}

// mostTries bounds the search.
const mostTries = 400

// clone is a plan that may be changed.
func (p *plan) clone() *plan {
	out := *p
	out.weights, out.rates = maps.Clone(p.weights), maps.Clone(p.rates)
	out.skip, out.mute = maps.Clone(p.skip), maps.Clone(p.mute)
	out.posting, out.crm, out.pc = maps.Clone(p.posting), maps.Clone(p.crm), maps.Clone(p.pc)
	out.own = slices.Clone(p.own)
	return &out
}

// invariantOf is what a violation is about.
func invariantOf(o outcome) string {
	if len(o.broken) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(o.broken[0], ":")
	return name
}

// shrink leaves out faults, operations and everything unusual as long as the run still fails in the same way: wrong says in
// which, "" where it does not.
func shrink(t *testing.T, p *plan, wrong func(outcome) string) shrunken {
	t.Helper()
	s := shrunken{plan: p.clone(), wrong: wrong}
	s.out = play(t, s.plan, false)
	s.plan.least, s.plan.ops = 0, s.out.acts // these and no others
	want := wrong(s.out)
	fails := func(c *plan) bool {
		if s.tries >= mostTries {
			return false
		}
		s.tries++
		o := play(t, c, false)
		if wrong(o) != want {
			return false
		}
		s.plan, s.out = c, o
		return true
	}
	s.plainer(fails)
	s.fewer(fails)
	s.out = play(t, s.plan, true)
	s.moment = s.unavoidable(t, want)
	s.faults = len(s.out.struck)
	return s
}

// plainer takes whole kinds of trouble away.
func (s *shrunken) plainer(fails func(*plan) bool) {
	all := []func(*plan){
		func(c *plan) { clear(c.rates) }, func(c *plan) { c.posting = doc{} }, func(c *plan) { c.copies = 0 }, func(c *plan) { c.thefts = 0 },
		func(c *plan) { c.yields = 0 }, func(c *plan) { c.own = nil }, func(c *plan) { c.crm = doc{} }, func(c *plan) { c.pc = doc{} },
		func(c *plan) { c.way = nil }, func(c *plan) { c.layout = "one" }, func(c *plan) { c.pause = 0 }, func(c *plan) { c.haste = 30 },
	}
	for name := range s.plan.crm {
		all = append(all, func(c *plan) { delete(c.crm, name) })
	}
	for name := range s.plan.pc {
		all = append(all, func(c *plan) { delete(c.pc, name) })
	}
	for _, f := range fates() {
		if s.plan.rates[f] > 0 {
			all = append(all, func(c *plan) { delete(c.rates, f) })
		}
	}
	for _, change := range all {
		c := s.plan.clone()
		change(c)
		fails(c)
	}
}

// fewer leaves out operations and faults, in halves, quarters and so on.
func (s *shrunken) fewer(fails func(*plan) bool) {
	for size := s.plan.ops; size > 0; size /= 2 {
		for from := s.plan.ops - size; from >= 0; from -= size {
			c := s.plan.clone()
			for i := from; i < from+size; i++ {
				c.skip[i] = true
			}
			if len(c.skip) > len(s.plan.skip) {
				fails(c)
			}
		}
		for from := 0; from < len(s.out.struck); from += size {
			c := s.plan.clone()
			for _, id := range s.out.struck[from:min(from+size, len(s.out.struck))] {
				c.mute[id] = true
			}
			if fails(c) {
				from -= size
			}
		}
	}
	for s.pairs(fails) {
	}
	s.minimal = s.tries < mostTries
}

// pairs leaves out two of few faults that are left: without one alone the other may do something else.
func (s *shrunken) pairs(fails func(*plan) bool) bool {
	const few = 8
	left := s.out.struck
	for i := range left[:min(len(left), few)] {
		for _, other := range left[:i] {
			c := s.plan.clone()
			c.mute[left[i]], c.mute[other] = true, true
			if fails(c) {
				return true
			}
		}
	}
	return false
}

// unavoidable finds the call of the product after which a world without any further trouble fails all the same.
func (s *shrunken) unavoidable(t *testing.T, want string) string {
	low, high := 0, s.out.calls // calm from low on is fine, from high on is not
	for low+1 < high {
		c := s.plan.clone()
		c.until = (low + high) / 2
		if s.wrong(play(t, c, false)) == want {
			high = c.until
		} else {
			low = c.until
		}
	}
	c := s.plan.clone()
	c.until = high
	for i, line := range play(t, c, true).story {
		if strings.HasSuffix(line, ": no trouble from here on") {
			return fmt.Sprintf("line %d, %s", i, line)
		}
	}
	return "not before its end"
}

// tell is the story for people: at most 40 lines.
func (s shrunken) tell(seed uint64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, shrunk in %d tries to %d operations and %d faults: %s\n", seed, s.tries, s.plan.ops-len(s.plan.skip), s.faults, strings.Join(s.out.broken, "; "))
	fmt.Fprintf(&b, "  layout %s, settings %v, CRM %v, Partner Center %v, events %v, yields %d\n", s.plan.layout, s.plan.own, s.plan.crm, s.plan.pc, s.plan.posting, s.plan.yields)
	lines := s.out.story
	if len(lines) > 36 {
		lines = append(append(slices.Clone(lines[:18]), fmt.Sprintf("… %d lines …", len(lines)-36)), lines[len(lines)-18:]...)
	}
	for _, line := range lines {
		fmt.Fprintf(&b, "  %.240s\n", line)
	}
	fmt.Fprintf(&b, "  it could not be avoided any more after %s\n", s.moment)
	return b.String()
}

// A failure that takes two deaths in the middle of a write shrinks to those two and little else, and the moment is the second.
func TestTheShortestStoryOfTwoDeaths(t *testing.T) {
	twice := func(o outcome) string {
		if o.faults[dieAfter] >= 2 {
			return "two deaths"
		}
		return ""
	}
	seed := uint64(0)
	p := &plan{}
	for p.rates[dieAfter] < 2000 || twice(play(t, p.clone(), false)) == "" {
		seed++
		p = planOf(seed)
		p.ops = 12                                                                     // few, so that it does not take long
		maps.DeleteFunc(p.rates, func(f fate, _ uint64) bool { return f != dieAfter }) // else another fault may be what brings a call about
	}
	s := shrink(t, p, twice)
	if s.faults != 2 || s.out.faults[dieAfter] != 2 {
		t.Errorf("seed %d: %d faults are left of what takes two, in %d tries: %v\n%s", seed, s.faults, s.tries, s.out.faults, s.tell(seed))
	}
	told := s.tell(seed)
	if n := strings.Count(told, "\n"); n > 40 {
		t.Errorf("the story has %d lines:\n%s", n, told)
	}
	second := ""
	for _, line := range s.out.story {
		if call, ok := strings.CutSuffix(line, ": "+dieAfter.String()); ok {
			_, second, _ = strings.Cut(call, "     ")
		}
	}
	if second == "" || !strings.Contains(s.moment, second) {
		t.Errorf("the moment is %q, the second death %q:\n%s", s.moment, second, told)
	}
}
