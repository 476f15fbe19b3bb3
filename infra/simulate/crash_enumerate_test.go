package simulate

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What `make crash` gives.
var (
	everywhere = flag.Bool("crash", false, "plays every crash point of every tale, and all pairs within a creation")
	most       = flag.Int("points", 120, "how many crash points are played where not all are")
	turn       = flag.Int("turn", 0, "which of them; 0: those of the day")
	only       = flag.String("tale", "", "the tale whose crash points are played, where it is not all")
	blowsAt    = flag.String("at", "", "the crash points of the tale to tell: 12:before,30:lost")
	hasty      = flag.Bool("hasty", false, "people do the next thing at that very moment; then no pairs are played")
)

// attempt is one run of a tale: with one crash point, with two, or with one and people in a hurry.
type attempt struct {
	tale, layout string
	blows        []blow
	hurry        bool
}

func (a attempt) String() string {
	var at []string
	for _, b := range a.blows {
		at = append(at, b.String())
	}
	out := fmt.Sprintf("TALE=%q LAYOUT=%s AT=%s", a.tale, a.layout, strings.Join(at, ","))
	if a.hurry {
		out += " HASTY=1"
	}
	return out
}

// enumerated is what a worker has played.
type enumerated struct {
	Tales map[string]count
	Used  time.Duration
}

// count is that of one tale.
type count struct {
	Calls, Sites  int // of its recordings
	Points, Pairs int // there are
	Worlds        int // that the points leave behind
	Runs          int
	Broken        []string
}

// TestCrashPoints kills the process, or loses the answer, at the calls of the tales: at a part that differs from day to
// day; with -crash at all, and at all pairs within a creation; with -hasty people are in a hurry.
func TestCrashPoints(t *testing.T) {
	if part := os.Getenv("CRASH_PART"); part != "" {
		enumerate(t, part)
		return
	}
	began := time.Now()
	parts := runtime.NumCPU()
	results := make([]enumerated, parts)
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() { results[i] = enumerator(t, i, parts) })
	}
	all.Wait()
	sum := enumerated{Tales: map[string]count{}}
	for _, r := range results {
		sum.Used += r.Used
		for name, c := range r.Tales {
			was := sum.Tales[name]
			c.Runs, c.Pairs, c.Broken = c.Runs+was.Runs, c.Pairs+was.Pairs, append(was.Broken, c.Broken...)
			sum.Tales[name] = c
		}
	}
	table(t, sum, time.Since(began))
}

// table prints what was played.
func table(t *testing.T, sum enumerated, took time.Duration) {
	var all count
	fmt.Printf("%-44s %6s %6s %7s %7s %7s %7s %10s\n", "tale", "calls", "sites", "points", "worlds", "pairs", "runs", "violations")
	line := func(name string, c count) {
		fmt.Printf("%-44s %6d %6d %7d %7d %7d %7d %10d\n", name, c.Calls, c.Sites, c.Points, c.Worlds, c.Pairs, c.Runs, len(c.Broken))
	}
	for _, x := range tales() {
		c, ok := sum.Tales[x.name]
		if !ok {
			continue
		}
		line(x.name, c)
		all.Calls, all.Points, all.Worlds, all.Pairs, all.Runs, all.Broken = all.Calls+c.Calls, all.Points+c.Points, all.Worlds+c.Worlds, all.Pairs+c.Pairs, all.Runs+c.Runs, append(all.Broken, c.Broken...)
	}
	line("together", all)
	fmt.Printf("in %s, %s of processor time, turn %d\n", took.Round(time.Second), sum.Used.Round(time.Second), theTurn())
	if len(all.Broken) > 0 || all.Runs == 0 {
		t.Fail()
	}
	summary = fmt.Sprintf("crash points: %d violations: %d", all.Runs, len(all.Broken))
}

// theTurn is which part is played.
func theTurn() int {
	if *turn > 0 {
		return *turn
	}
	return time.Now().YearDay()
}

// enumerator is a worker, a program of its own.
func enumerator(t *testing.T, i, parts int) (out enumerated) {
	args := []string{"-test.run=^TestCrashPoints$", "-test.timeout=0", fmt.Sprint("-crash=", *everywhere), fmt.Sprint("-points=", *most), fmt.Sprint("-turn=", theTurn()), "-tale=" + *only, "-layout=" + *layout, fmt.Sprint("-findings=", *findings), fmt.Sprint("-hasty=", *hasty)}
	runPart(t, i, args, []string{fmt.Sprintf("CRASH_PART=%d/%d", i, parts), "GOGC=800"}, &out, func(line string) bool { return line != "PASS" })
	return out
}

// enumerate is what a worker does: every parts-th attempt of those that are due.
func enumerate(t *testing.T, which string) {
	var part, parts int
	if _, err := fmt.Sscanf(which, "%d/%d", &part, &parts); err != nil {
		t.Fatal(err)
	}
	muchGarbage = smallLimit
	out := enumerated{Tales: map[string]count{}}
	e := &enumeration{t: t, part: part, parts: parts}
	for i, x := range tales() {
		if *only != "" && x.name != *only || x.calm && *only == "" && !*findings {
			continue
		}
		var c count
		sites := map[string]bool{}
		for _, in := range e.layouts(i) {
			plain := x.tell(t, in, nil, false, false)
			for _, n := range plain.noted {
				sites[n.name] = true
			}
			c.Calls += len(plain.noted)
			if len(plain.broken) > 0 {
				c.Broken = append(c.Broken, x.name+" without trouble: "+plain.broken[0])
				fmt.Printf("violated: %s in layout %s without trouble: %.600s\n", x.name, in, plain.broken[0])
				continue
			}
			e.points(x, in, plain, &c)
			if x.creation && !*hasty {
				e.pairs(x, in, plain, &c)
			}
		}
		c.Sites = len(sites)
		out.Tales[x.name] = c
		if *everywhere && part == 0 {
			fmt.Printf("%s: %d runs of each worker, %d violations\n", x.name, c.Runs, len(c.Broken))
		}
	}
	out.Used = wall()
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("result %s\n", text)
}

// enumeration goes through the attempts of a worker.
type enumeration struct {
	t           *testing.T
	part, parts int
	n           int // attempts so far, of all workers
}

// layouts are those in which the i-th tale is played: all, or one by turns.
func (e *enumeration) layouts(i int) []string {
	switch {
	case *layout != "":
		return []string{*layout}
	case *everywhere:
		return layouts()
	}
	return layouts()[(i+theTurn())%3:][:1]
}

// mine says whether the next attempt is this worker's.
func (e *enumeration) mine() bool {
	e.n++
	return e.n%e.parts == e.part
}

// distinct are the points that leave a world behind which none before them has left.
func distinct(calls []called, fates ...fate) (out []blow) {
	left := map[string]bool{}
	for _, n := range calls {
		for _, f := range fates {
			if w := n.world(f); !left[w] {
				left[w] = true
				out = append(out, blow{n.n, f})
			}
		}
	}
	return out
}

// points plays a tale with a crash point for each world that its crash points leave behind, or for some.
func (e *enumeration) points(x tale, in string, plain retold, c *count) {
	fates := slices.Concat(deaths(), losses())
	c.Points += len(plain.noted) * len(fates)
	all := distinct(plain.noted, fates...)
	c.Worlds += len(all)
	step := max(1, len(all)*len(tales())/max(*most, 1))
	for i, b := range all {
		if !*everywhere && *only == "" && (i+theTurn())%step != 0 {
			continue
		}
		if e.mine() {
			e.play(x, attempt{x.name, in, []blow{b}, *hasty}, plain, c)
		}
	}
}

// play plays one attempt and judges it.
func (e *enumeration) play(x tale, a attempt, plain retold, c *count) retold {
	o := x.tell(e.t, a.layout, a.blows, a.hurry, false)
	c.Runs++
	broken := o.broken
	switch {
	case len(broken) > 0:
	case o.struck < len(a.blows):
		broken = []string{"I23: the tale goes another way before its crash point"}
	case !a.hurry && x.loose == "" && o.otherwise == "" && !plain.behind(a.blows[0]):
		if d := x.differs(plain, o); len(d) > 0 && (!x.doubles || o.referrals() == plain.referrals()) {
			broken = []string{"it ends in another way: " + strings.Join(d[:min(len(d), 6)], "; ")}
		}
	}
	if len(broken) > 0 {
		text := fmt.Sprintf("%s (%s): %s", a, callAt(plain, a.blows[0]), broken[0])
		c.Broken = append(c.Broken, text)
		fmt.Printf("violated: %.900s\n", text)
	}
	return o
}

// TestCrashesOfACreation is one tale with all its crash points, also those that leave the same world as others: what comes
// after them is the same, call for call.
func TestCrashesOfACreation(t *testing.T) {
	x := tales()[0]
	plain := x.tell(t, "one", nil, false, false)
	if len(plain.broken) > 0 {
		t.Fatal(plain.broken)
	}
	var c count
	e := &enumeration{t: t, parts: 1}
	went, same := map[string]string{}, 0
	for _, n := range plain.noted {
		for _, f := range slices.Concat(deaths(), losses()) {
			o := e.play(x, attempt{x.name, "one", []blow{{n.n, f}}, false}, plain, &c)
			if len(c.Broken) > 0 {
				t.Fatal(c.Broken[0])
			}
			world, on := n.world(f), o.wentOn(n.n)
			if before, known := went[world]; known {
				if same++; before != on {
					t.Fatalf("%s leaves a world of its own: %s\nanother point leaves it too, and it went on with %s", blow{n.n, f}, on, before)
				}
			}
			went[world] = on
		}
	}
	if c.Runs < 200 || same < 50 || len(went) != len(distinct(plain.noted, slices.Concat(deaths(), losses())...)) {
		t.Errorf("%d crash points, %d worlds, %d points of the world of another", c.Runs, len(went), same)
	}
}

// wentOn are the calls after a death, or after the call whose answer was lost.
func (o retold) wentOn(struck int) string {
	var out strings.Builder
	for _, n := range o.noted {
		if n.n > max(struck, o.died) {
			fmt.Fprintln(&out, n.lane, n.name)
		}
	}
	return out.String()
}

// differs is what another run of the tale has left otherwise, but for what it may.
func (x tale) differs(plain, o retold) []string {
	return slices.DeleteFunc(plain.unlike(o), func(line string) bool {
		return slices.ContainsFunc(x.either, func(either string) bool { return strings.HasSuffix(line, either) })
	})
}

// behind says whether a process goes on with an older field sheet, because it could not read which is in force, where one is pushed in the tale: for a
// while the two fill and tell a value as the sheet does that each of them has.
func (o retold) behind(b blow) bool {
	pushed := slices.ContainsFunc(o.noted, func(n called) bool { return strings.HasSuffix(n.lane, "operator/mapping/push") })
	return pushed && slices.Contains(losses(), b.fate) && callAt(o, b) == "tables get mappings"
}

func callAt(plain retold, b blow) string {
	if i := slices.IndexFunc(plain.noted, func(n called) bool { return n.n == b.call }); i >= 0 {
		return plain.noted[i].name
	}
	return "?"
}

// pairs plays a creation with two deaths: with the first at each of its points, and the second at each point of what
// happens after that. Where not all are played, it is a part of them.
func (e *enumeration) pairs(x tale, in string, plain retold, c *count) {
	some := func(b blow, n uint64) bool {
		return *everywhere || mix(uint64(theTurn()), uint64(b.call), uint64(b.fate), n)%n == 0
	}
	for _, one := range distinct(plain.noted, deaths()...) {
		if !some(one, 3) || !e.mine() {
			continue
		}
		first := x.tell(e.t, in, []blow{one}, false, false)
		after := slices.DeleteFunc(first.noted, func(n called) bool { return n.n <= first.died })
		for _, two := range distinct(after, deaths()...) {
			if c.Pairs++; some(two, 8) {
				e.play(x, attempt{x.name, in, []blow{one, two}, false}, plain, c)
			}
		}
	}
}

// TestTale tells a tale with its crash points.
func TestTale(t *testing.T) {
	if *blowsAt == "" && !*tell {
		return
	}
	blows, err := blowsOf(*blowsAt)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tales() {
		if *only != "" && x.name != *only {
			continue
		}
		in := layouts()[0]
		if *layout != "" {
			in = *layout
		}
		plain := x.tell(t, in, nil, false, false)
		o := x.tell(t, in, blows, *hasty, true)
		fmt.Println(strings.Join(o.story, "\n"))
		for _, n := range o.noted {
			fmt.Println("  ", n.n, n.lane, n.name)
		}
		fmt.Println(strings.Join(x.differs(plain, o), "\n"))
		fmt.Println(len(o.broken), "violations:", strings.Join(o.broken, "\n"))
	}
}
