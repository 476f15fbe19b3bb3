package simulate

import (
	"math/rand/v2"
	"time"
)

// plan is what a seed decides before anything happens: how many deals and operations there are, which kinds of
// operations people are given to, and which faults there are at which rate. Each run switches each kind on or off by
// chance, so that some runs have one kind alone and often.
type plan struct {
	seed   uint64
	layout string
	deals  int
	least  int // things that happen at least before the end: acts that a system takes, events that arrive, faults; 0: the acts say
	ops    int // acts of people at most

	weights map[string]int           // of operations, by name
	rates   map[fate]uint64          // of faults, in 65,536ths of the calls they can meet
	sites   [5]bool                  // where faults happen
	yields  uint64                   // how often a lane stands back for others, in 256ths
	haste   int                      // how much the world works between two operations
	copies  uint64                   // messages delivered twice, in 256ths
	thefts  uint64                   // sessions lost while their message is worked on, in 256ths
	posting doc                      // how events are delivered
	own     []string                 // settings
	crm, pc doc                      // switches
	skew    map[string]time.Duration // clocks that are off, by process
	pause   time.Duration            // the longest pause between two operations

	strikes map[int]fate      // faults of single calls, by their number in the run
	befalls map[string]befall // and of calls by where they go to
	late    bool              // what died with its process comes again when its lock has ended, else at once
	way     *way              // what people do first; nil: nothing special
	asks    bool              // each process reads the CRM's definitions of its tables itself
	notes   bool              // the calls of the run are noted

	ending  finale          // what is judged at the end
	past    string          // the tale or history that has been when the run begins; "" none
	history uint64          // the number of that history; 0: none
	skip    map[int]bool    // operations left out, and
	mute    map[uint64]bool // faults, for a shorter story
	until   int             // the calls after which there is no trouble any more; 0: to the end
}

// How many things happen at least in each history, in the past that it shares with others, and after that.
const (
	fewest         = 40
	happenedBefore = 36
	happensThen    = 4
)

// draw makes the plan of a seed.
func draw(seed uint64, layout string) *plan {
	g := rand.New(rand.NewPCG(seed, 7))
	p := &plan{seed: seed, layout: layout, weights: map[string]int{}, rates: map[fate]uint64{}, skip: map[int]bool{}, mute: map[uint64]bool{}}
	p.deals = []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3}[g.IntN(16)] // few, so that things meet
	if g.IntN(50) == 0 {
		p.deals = []int{4, 6, 9, 20}[g.IntN(4)]
	}
	p.least, p.ops = fewest, 200
	for _, o := range operations() {
		switch {
		case o.always:
			p.weights[o.name] = o.weight
		case g.IntN(3) == 0 && (costly()[o.name] == "" || g.IntN(4) == 0):
			p.weights[o.name] = o.weight * (1 + g.IntN(3))
		}
	}
	if p.weights["sheet"] > 0 { // somebody works with it, too
		p.weights["sheet"], p.weights["own column"] = 4, 12
	}
	p.asks = seed%64 == 7
	p.drawPast(g)
	if p.weights["sheet"] > 0 && g.IntN(12) == 0 { // and has time to see what becomes of it
		p.past, p.history = "", 0
		p.weights["sheet"], p.weights["own column"] = 8, 60
	}
	p.ending = finaleOf(seed)
	p.haste = []int{0, 2, 5, 12, 30}[g.IntN(5)]
	p.pause = []time.Duration{0, time.Second, 20 * time.Second, 5 * time.Minute}[g.IntN(4)]
	if g.IntN(3) > 0 {
		p.yields = []uint64{8, 32, 96, 200}[g.IntN(4)]
	}
	if g.IntN(4) > 0 {
		for _, f := range fates() {
			if g.IntN(3) == 0 {
				p.rates[f] = []uint64{150, 600, 2000, 5000}[g.IntN(4)]
			}
		}
	}
	for s := range p.sites {
		p.sites[s] = g.IntN(2) == 0
	}
	if g.IntN(4) == 0 {
		p.copies = 64
	}
	if g.IntN(4) == 0 {
		p.thefts = 24
	}
	p.posting = postings(g)
	p.crm, p.pc = positions(g, crmPositions()), positions(g, partnerPositions())
	p.own, p.skew = settings(g), skews(seed, layout)
	return p
}

// finale is what is looked at when all has come to rest. All of it would take most of the time of a run.
type finale int

const (
	lazy      finale = iota // the timer rings only where something is not in step without it
	timed                   // it rings, until a pass has written nothing
	thorough                // three passes more write nothing, also after what is held has been tried
	toldAgain               // every event comes once more
	oneMore                 // an edit in either system crosses
	forgetful               // rows of the tables are lost
	older                   // the tables are an older copy
	isolated                // one record fails beside another
	logged                  // what the processes have logged is looked at
)

// finaleOf draws the finale of a seed.
func finaleOf(seed uint64) finale {
	n := mix(seed, 77) % 128
	if n < 112 {
		return lazy
	}
	return []finale{timed, timed, timed, timed, thorough, toldAgain, toldAgain, oneMore, oneMore, oneMore, forgetful, forgetful, older, older, isolated, logged}[n-112]
}

// costly are operations that fewer runs have than others, and why.
func costly() map[string]string {
	return map[string]string{"redelivery": "a message for each event ever sent", "sheet": "every pair is rehearsed before a sheet is taken"}
}

// postings is how both systems deliver their events.
func postings(g *rand.Rand) doc {
	out := doc{}
	if g.IntN(6) == 0 {
		out["duplicate"] = 1 + g.IntN(3)
	}
	if g.IntN(3) == 0 {
		out["shuffle"] = true
	}
	if g.IntN(4) == 0 {
		out["delay"] = []string{"200ms", "5s", "90s", "24h"}[g.IntN(4)]
	}
	if g.IntN(4) == 0 {
		out["lose"] = []float64{0.001, 0.05, 0.3, 1}[g.IntN(4)]
	}
	return out
}

// position is one of the other positions of a switch.
type position struct {
	name   string
	values []any
	known  string // what the product does wrong there, as far as that is known: played with -findings alone
}

func crmPositions() []position {
	return []position{
		{"readLagSeconds", []any{5, 30}, ""},
		{"closedWritable", []any{false}, ""},
		{"listLagSeconds", []any{20, 60}, "the deletion of a deal's last solution row goes unnoticed when its event is worked on within the lag"}, {"versionOrder", []any{"scattered"}, ""}, {"listOrder", []any{"scattered"}, ""},
		{"winRaisesUpdate", []any{false}, ""}, {"wrappedValues", []any{true}, ""}, {"retryOnNoAnswer", []any{true}, ""},
		{"pageSize", []any{2, 5}, ""}, {"openQuotes", []any{"both", "none"}, ""}, {"mergeRaisesUpdate", []any{false}, ""}, {"qualifyRaisesUpdate", []any{false}, ""},
	}
}

func partnerPositions() []position {
	return []position{
		{"relatedEventId", []any{"own"}, ""}, {"msxIdOn", []any{"own", "both"}, ""}, {"commitDelay", []any{"2s"}, ""}, {"eventBeforeReadable", []any{"3s", "40s"}, ""},
		{"listDelay", []any{"5s", "50s"}, ""}, {"listOrder", []any{"any"}, ""}, {"trimText", []any{true}, ""}, {"upperText", []any{true}, ""}, {"roundMoney", []any{"2", "0"}, ""},
		{"microsoftSide", []any{"false"}, ""}, {"microsoftReferral", []any{"listed", "hidden"}, "that Microsoft's referral cannot be read is told with the second look only, which may be an old event told again"}, {"absentValues", []any{"empty", "missing", "nullLists"}, ""}, {"moneyForm", []any{"short", "text"}, ""},
		{"memberCase", []any{"pascal"}, ""}, {"listItems", []any{"flat", "sample"}, ""}, {"errorTarget", []any{"path", "none"}, ""}, {"rotateRefreshToken", []any{true}, ""},
	}
}

// positions moves some switches.
func positions(g *rand.Rand, all []position) doc {
	out := doc{}
	for _, p := range all {
		v := p.values[g.IntN(len(p.values))]
		if g.IntN(12) == 0 && (p.known == "" || *findings) {
			out[p.name] = v
		}
	}
	return out
}

// settings are those that decide what the product does.
func settings(g *rand.Rand) (out []string) {
	for _, one := range []string{"SYNC_WON_GUARD=off", "SYNC_WON_GUARD=warn", "SYNC_AUDIT_SUCCESS=all", "SYNC_LAST_SYNC=quiet", "SYNC_CHECK_MARK=false", "SYNC_TAKEOVER=own",
		"SYNC_ACCEPT_STRICT=false", "SYNC_DECLINE_GRACE=2s", "SYNC_GUARD=1s", "SYNC_COSELL_ONLY=true"} {
		if g.IntN(8) == 0 {
			out = append(out, one)
		}
	}
	return out
}
