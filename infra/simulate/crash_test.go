package simulate

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A crash point is a call of the product and what becomes of it there. Which calls there are nobody lists: a tale is
// played once without trouble, and every call that passed is one.

// called is a call of a run.
type called struct {
	n                    int    // its number in the run
	name                 string // site, method and path, as the catalogue names them
	write                bool
	lane                 string
	finds, leaves, stays int // worlds: before it, after it, and at the next write of its lane, -1 where there was none
}

// note remembers a call where the plan wants it.
func (r *run) note(l *lane, at *point) {
	if r.plan.notes {
		finds := r.comes(l, at)
		c := called{n: r.calls, name: at.site.String() + " " + at.name, write: at.write, lane: l.String(), finds: finds, leaves: finds, stays: -1}
		if changes(at) {
			c.leaves++
		}
		r.called = append(r.called, c)
	}
}

// befall is what becomes of the n-th call to some place.
type befall struct {
	n    int
	fate fate
}

// struckAt says whether a call is a crash point of this run, or what a tale lets happen.
func (r *run) struckAt(l *lane, at *point) (f fate, ok bool) {
	if f, ok = r.plan.strikes[r.calls+1]; ok {
		r.faults[f]++
		r.say("    %s: %s %s: %s", l, at.site, at.name, f)
		if b, waits := r.plan.befalls[at.site.String()+" "+at.name]; waits && b.n == 1 && b.fate == down && f != dieBefore && f != cut {
			r.otherwise = "the attempt that was to fail was made"
		}
		return f, true
	}
	name := at.site.String() + " " + at.name
	b, waits := r.plan.befalls[name]
	if !waits {
		return fine, false
	}
	if b.n--; b.n > 0 {
		r.plan.befalls[name] = b
		return fine, false
	}
	delete(r.plan.befalls, name)
	return b.fate, true
}

// blow is a crash point: what becomes of the n-th call of a run.
type blow struct {
	call int
	fate fate
}

// troubled is how many calls have met trouble so far.
func (r *run) troubled() (n int) {
	for _, k := range r.faults {
		n += k
	}
	return n
}

// deaths are the three points of a call at which its process dies, and losses the two at which an answer is lost and the
// process lives.
func deaths() []fate { return []fate{dieBefore, dieAfter, dieNext} }
func losses() []fate { return []fate{cut, lose} }

// blowNames are the words of `make crash`; the first three are those of the control interface's kill.
func blowNames() map[string]fate {
	return map[string]fate{"before": dieBefore, "committed": dieAfter, "answered": dieNext, "cut": cut, "lost": lose}
}

func (b blow) String() string {
	for name, f := range blowNames() {
		if f == b.fate {
			return fmt.Sprintf("%d:%s", b.call, name)
		}
	}
	return fmt.Sprintf("%d:%s", b.call, b.fate)
}

// blowsOf reads "12:before,30:lost".
func blowsOf(text string) (out []blow, err error) {
	for one := range strings.SplitSeq(text, ",") {
		if one == "" {
			continue
		}
		var b blow
		var name string
		if _, err := fmt.Sscanf(strings.Replace(one, ":", " ", 1), "%d %s", &b.call, &name); err != nil {
			return nil, fmt.Errorf("%q is no crash point: write 12:before", one)
		}
		var ok bool
		if b.fate, ok = blowNames()[name]; !ok {
			return nil, fmt.Errorf("%q: the points are before, committed, answered, cut and lost", one)
		}
		out = append(out, b)
	}
	return out, nil
}

// tale is a short history without chance: what people do, one after the other, each once the world has come to rest.
type tale struct {
	name     string
	own      []string      // settings
	crm, pc  doc           // switches
	posting  doc           // how events are delivered
	yields   uint64        // how often what works at once stands back for each other, in 256ths
	asks     bool          // definitions of tables are read, not known
	ahead    time.Duration // by how much the clocks of all processes are
	creation bool          // every pair of its points is played
	calm     bool          // nobody dies in it, but with FINDINGS=1 or where it is named: not all of its ends after a death have been looked at
	doubles  bool          // its settings let deals be made twice: where more or fewer were, the end is not compared
	loose    string        // why two runs of it may end in different words; "" where they may not
	either   []string      // lines of its end that may be missing after a death, or be there: the reason stands with the tale
	acts     []act
}

// act is something that people, operators or the timer do.
type act struct {
	name string
	do   func(r *run) error
}

// retold is what a tale has shown.
type retold struct {
	broken   []string
	story    []string
	noted    []called // before the end of the tale, in which all is seen to settle
	struck   int
	portrait []string
	writes   int // that the systems took
	refused  int // that they did not take
	died     int // the call at which the first process did

	otherwise string // why what people did came at another moment of the tale, so that its end may differ
}

// plan is one in which nothing happens by chance. What died comes again at once in layout one, and a minute later in the others. The end of each run types one more value, in either system by turns.
func (x tale) plan(layout string, blows []blow) *plan {
	h := hashOf(x.name)
	p := &plan{seed: h<<4 | []uint64{2, 6}[h>>32&1], ending: oneMore, layout: layout, deals: 1, weights: map[string]int{}, rates: map[fate]uint64{}, skip: map[int]bool{}, mute: map[uint64]bool{},
		posting: doc{}, crm: doc{}, pc: doc{}, own: x.own, yields: x.yields, asks: x.asks, notes: true, late: layout != "one", strikes: map[int]fate{}}
	for to, from := range map[*doc]doc{&p.posting: x.posting, &p.crm: x.crm, &p.pc: x.pc} {
		if from != nil {
			*to = from
		}
	}
	for _, b := range blows {
		p.strikes[b.call] = b.fate
	}
	x.sets(p)
	return p
}

// sets sets the clocks of a plan to those of the tale.
func (x tale) sets(p *plan) {
	if x.ahead == 0 {
		return
	}
	p.skew = map[string]time.Duration{}
	for _, s := range layoutOf(p.layout) {
		p.skew[s.name] = x.ahead
	}
}

// patience is for how long people wait for a world that something keeps from coming to rest.
const patience = 30 * time.Minute

// tell plays a tale with its blows. In a hurry people do not wait for the world to come to rest after the first of them,
// but do the next thing at that very moment.
func (x tale) tell(t *testing.T, layout string, blows []blow, hurry, telling bool) (out retold) {
	t.Helper()
	collect()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay))
		r := newRun(t, x.plan(layout, blows), nil)
		r.telling = telling
		r.deliveries()
		hasty := hurry // all of it: what was not waited for may be missing later too
		for _, a := range x.acts {
			r.say("%s", a.name)
			r.worlds.n++
			r.people.look(r.deals[0])
			before := r.troubled()
			if err := a.do(r); err != nil && !hasty { // who is in a hurry may find nothing to do it with
				r.violates("tale", "%s: %v", a.name, err)
			}
			if len(r.broken) > 0 {
				break
			}
			since := time.Now()
			enough := func() bool {
				now := hurry && len(r.faults) > 0
				hurry = hurry && !now
				return now || time.Since(since) > patience
			}
			r.quietUnless(20*time.Minute, enough)
			if a.name == theTimer && !hasty && r.troubled() > before {
				since = time.Now()
				r.tick()
				r.quietUnless(20*time.Minute, enough)
			}
		}
		out.noted = r.called
		if len(r.broken) == 0 {
			r.end()
		}
		out.portrait, out.died, out.refused, out.otherwise = r.portrait(), r.died, r.refusals, r.otherwise
		for _, n := range r.writes {
			out.writes += n
		}
		r.ends()
		out.broken, out.story = r.broken, r.story
		out.struck = r.troubled()
		time.Sleep(20 * time.Minute) // what is left of the processes
	})
	return out
}
