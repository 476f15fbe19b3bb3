package simulate

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// call makes a call of the system's control interface (docs/control-interface.md), and gives its answer.
func (s *system) call(method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(method, path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	s.control.ServeHTTP(rec, req)
	if rec.status >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, rec.status, rec.body)
	}
	return rec.body, nil
}

// What `make simulate` gives.
var (
	schedules = flag.Int("schedules", 10000, "how many histories are played")
	seed      = flag.Uint64("seed", 1, "the first one's seed")
	layout    = flag.String("layout", "", "one, flex or flex2; each in turn where it is empty")
	traced    = flag.Bool("trace", false, "with every call of the product")
	but       = flag.String("but", "", "seeds that are left out")
	first     = flag.Bool("first", false, "ends with the first failure")
	names     = flag.Int("names", 12, "how many are named of what was not reached")
	findings  = flag.Bool("findings", false, "also where the product is known to fail")
	short     = flag.Bool("shrink", false, "tells the shortest story of the seed")
	tell      = flag.Bool("tell", false, "tells the story of each")
)

// layouts are those in which runs are played in turn where none is named.
func layouts() []string { return []string{"one", "flex", "flex2"} }

func planOf(s uint64) *plan {
	in := *layout
	if in == "" {
		in = layouts()[s%3]
	}
	p := draw(s, in)
	p.goes(wayOf(s))
	return p
}

// result is what one worker has seen.
type result struct {
	Played, Calls, Crashes   int
	Happened, Poor           int    // poor are runs in which too little happened
	Trace                    uint64 // of all runs, whatever their order
	Used                     time.Duration
	Broken                   map[uint64]string
	Sites, Met, Did, Reached map[string]int
}

// TestSchedules plays histories, in as many programs of their own as there are processors: in each, goroutines that wake at
// the same moment then go on in one order.
func TestSchedules(t *testing.T) {
	if part := os.Getenv("SIMULATE_PART"); part != "" {
		work(t, part)
		return
	}
	began := time.Now()
	list := sync.OnceValues(everything)
	go func() { _, _ = list() }() // while the workers begin
	parts := runtime.NumCPU()
	results := make([]result, parts)
	queue := handOut(t, portions(*seed, *schedules))
	told := &progress{began: began}
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() { results[i] = worker(t, i, queue, told) })
	}
	all.Wait()
	_ = queue.Close()
	sum := emptyResult()
	for _, r := range results {
		sum.add(r)
	}
	for _, s := range slices.Sorted(maps.Keys(sum.Broken)) {
		fmt.Printf("seed %d: %s\n", s, sum.Broken[s])
	}
	unreached(t, sum, list)
	untold(t, sum.Sites)
	took := time.Since(began)
	fmt.Printf("%d schedules, %d calls of the product, %d crashes in %s: %.1f a second; %s of processor time, %.1f a second and processor\n", sum.Played, sum.Calls, sum.Crashes,
		took.Round(time.Second), float64(sum.Played)/took.Seconds(), sum.Used.Round(time.Second), float64(sum.Played)/sum.Used.Seconds())
	fmt.Printf("%d acts, events and faults in each on average, in %d fewer than %d; trace %016x\n", sum.Happened/max(sum.Played, 1), sum.Poor, fewest, sum.Trace)
	summary = fmt.Sprintf("schedules: %d violations: %d", sum.Played, len(sum.Broken))
	if len(sum.Broken) > 0 || sum.Played < *schedules {
		t.Fail()
	}
}

// enough is how many runs have to leave nothing of the catalogue unreached.
const enough = 50000

// rare is what a run has to meet so often that another seed meets it as well; what it met less often is told, too.
const rare = 4

// everything is what is to be reached: the catalogue, what people do and, where it is counted, the ways through the code.
func everything() ([]string, error) {
	list, err := catalogue()
	if err != nil {
		return nil, err
	}
	acts, err := actsOfPeople()
	if err != nil {
		return nil, err
	}
	list = append(list, acts...)
	if testing.CoverMode() == "" {
		return list, nil
	}
	all, err := paths()
	return append(list, all...), err
}

// unreached names what of everything no run has met, and call sites that a fault has never met.
func unreached(t *testing.T, sum result, everything func() ([]string, error)) {
	list, err := everything()
	if err != nil {
		t.Error(err)
	}
	list = slices.DeleteFunc(list, func(name string) bool { return unreachable()[name] != "" })
	maps.Copy(sum.Reached, sum.Did)
	var never, seldom []string
	for _, name := range list {
		switch n := sum.Reached[name]; {
		case n == 0:
			never = append(never, name)
		case n < rare && !strings.HasPrefix(name, "path "):
			seldom = append(seldom, fmt.Sprintf("%s (%d)", name, n))
		}
	}
	for name, why := range unreachable() {
		if sum.Reached[name] > 0 {
			t.Errorf("%s was met, though it is listed as what no run can meet (%s): take it off the list", name, why)
		}
	}
	for _, site := range slices.Sorted(maps.Keys(sum.Sites)) {
		for _, f := range fates() {
			switch n := sum.Met[site+": "+f.String()]; {
			case !f.meets(pointNamed(site)):
			case n == 0:
				never = append(never, site+": "+f.String())
			case n < rare:
				seldom = append(seldom, fmt.Sprintf("%s: %s (%d)", site, f, n))
			}
		}
	}
	fmt.Printf("%d of the catalogue's %d and of %d call sites with each fault not reached\n", len(never), len(list), len(sum.Sites))
	for _, name := range never[:min(len(never), *names)] {
		fmt.Println("  never:", name)
	}
	for _, name := range seldom[:min(len(seldom), *names)] {
		fmt.Println("  seldom:", name)
	}
	if sum.Played >= enough && len(never) > 0 {
		t.Fail()
	}
}

// pointNamed is a call of that name.
func pointNamed(name string) *point {
	return &point{site: siteNamed(name), write: !slices.ContainsFunc([]string{" GET ", " get ", " list ", " now ", " POST token"}, func(reads string) bool { return strings.Contains(name, reads) })}
}

// siteNamed is the site with which the name of a call begins.
func siteNamed(name string) site {
	for s := sitePartnerCenter; s <= siteQueue; s++ {
		if strings.HasPrefix(name, s.String()+" ") {
			return s
		}
	}
	return siteQueue
}

func emptyResult() result {
	return result{Broken: map[uint64]string{}, Sites: map[string]int{}, Met: map[string]int{}, Did: map[string]int{}, Reached: map[string]int{}}
}

func (r *result) add(o result) {
	r.Played, r.Calls, r.Crashes, r.Used = r.Played+o.Played, r.Calls+o.Calls, r.Crashes+o.Crashes, r.Used+o.Used
	r.Happened, r.Poor, r.Trace = r.Happened+o.Happened, r.Poor+o.Poor, r.Trace^o.Trace
	maps.Copy(r.Broken, o.Broken)
	for to, from := range map[*map[string]int]map[string]int{&r.Sites: o.Sites, &r.Met: o.Met, &r.Did: o.Did, &r.Reached: o.Reached} {
		for name, n := range from {
			(*to)[name] += n
		}
	}
}

// progress tells how many the workers have played together.
type progress struct {
	mu     sync.Mutex
	began  time.Time
	played int
}

// every is after how many runs a worker says that it has played them.
const every = 500

// more counts what a worker has played.
func (p *progress) more() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.played += every; p.played%2000 == 0 {
		fmt.Printf("played %d in %s\n", p.played, time.Since(p.began).Round(time.Second))
	}
}

// worker plays what it takes from the queue, in a program of its own.
func worker(t *testing.T, i int, queue *os.File, told *progress) (out result) {
	args := []string{"-test.run=^TestSchedules$", "-test.timeout=0", "-layout=" + *layout, fmt.Sprint("-findings=", *findings), fmt.Sprint("-first=", *first), fmt.Sprint("-again=", *again), "-but=" + *but}
	more, went := covered(t, i)
	runPart(t, i, append(args, more...), []string{fmt.Sprint("SIMULATE_PART=", i)}, &out, func(line string) bool {
		if strings.HasPrefix(line, "played ") {
			told.more()
		}
		return strings.HasPrefix(line, "seed ")
	}, queue)
	maps.Copy(out.Reached, went())
	return out
}

// work is what a worker does.
func work(t *testing.T, part string) {
	out := emptyResult()
	if part == "0" && testing.CoverMode() != "" { // what a tale goes through is met at each of its crash points (TestCrashPoints)
		for _, x := range tales() {
			x.tell(t, "one", nil, false, false)
		}
	}
	var last portion
	for p := range taken(os.NewFile(3, "queue")) {
		if !p.sameHistories(last) {
			forget()
		}
		last = p
		for s := p.first; s < p.end && (!*first || len(out.Broken) == 0); s += strides {
			if !slices.Contains(strings.Split(*but, ","), fmt.Sprint(s)) {
				out.play(t, planOf(s))
			}
		}
	}
	out.Used = wall()
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("result %s\n", text)
}

// play plays one and adds what was seen.
func (r *result) play(t *testing.T, p *plan) {
	o := play(t, p, false)
	if other := repeated(t, p, o, timesAgain(p.seed)); other != "" && len(o.broken) == 0 {
		o.broken = append(o.broken, other)
	}
	if len(o.broken) > 0 {
		r.Broken[p.seed] = o.broken[0]
		fmt.Printf("seed %d fails: %.200s\n", p.seed, o.broken[0])
	}
	poor := 0
	if len(o.broken) == 0 && o.happened < fewest {
		poor = 1
	}
	r.add(result{Played: 1, Happened: o.happened, Poor: poor, Trace: mix(p.seed, o.hash), Calls: o.calls, Crashes: o.crashes, Sites: o.sites, Met: o.met, Did: o.did, Reached: o.reached})
	if r.Played%every == 0 {
		fmt.Printf("played %d\n", every)
	}
}

// TestSeed tells the story of one seed.
func TestSeed(t *testing.T) {
	if !*tell {
		return
	}
	p := planOf(*seed)
	fmt.Printf("%+v\n", *p)
	story := play(t, p, true).story
	if from := pastOf(t, p); from != nil {
		story = append(from.story, story...)
	}
	for _, line := range story {
		fmt.Println(line)
	}
}

// TestShrink tells the shortest story of a seed that fails.
func TestShrink(t *testing.T) {
	if !*short {
		return
	}
	if s := shrink(t, planOf(*seed), invariantOf); len(s.out.broken) > 0 {
		fmt.Print(s.tell(*seed))
	}
}

// Garbage is collected between runs: a collector that is at work makes a goroutine wait that allocates, and another goes on
// before it.
const (
	garbageLimit = 640 << 20 // pasts stay
	smallLimit   = 48 << 20  // nothing stays: what is taken anew from the system each time costs as much as the runs
	memoryLimit  = 2 << 30   // a run that needs more is collected all the same
)

// muchGarbage is how much is left lying between the runs of this program.
var muchGarbage uint64 = garbageLimit

// kept is how much was in use when garbage was last collected: the pasts above all.
var kept uint64

// collect collects the garbage of the runs before, where it has become much.
func collect() {
	size := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	if metrics.Read(size); size[0].Value.Uint64() < kept+muchGarbage {
		return
	}
	runtime.GC()
	metrics.Read(size)
	kept = size[0].Value.Uint64()
}

// summary is the last line.
var summary string

func TestMain(m *testing.M) {
	runtime.MemProfileRate = 0
	runtime.GOMAXPROCS(1) // goroutines that wake at the same moment go on in one order
	debug.SetGCPercent(-1)
	huge(garbageLimit)
	debug.SetMemoryLimit(memoryLimit)
	code := m.Run()
	if summary != "" {
		fmt.Println(summary)
	}
	os.Exit(code)
}
