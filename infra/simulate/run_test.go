package simulate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// firstDay is when every run begins: a Monday morning.
var firstDay = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// run is one history.
type run struct {
	t    *testing.T
	seed uint64
	rng  *rand.Rand // of what happens next
	plan *plan
	calm bool // no faults any more, and everything in its order

	pc, dv    *system
	bus       *bus
	tables    *ledger.Memory
	secrets   map[string]string // of the vault
	layout    []slot
	fleet     map[string]*process
	lives     map[string]int
	functions map[queue.Name]string

	lanes    []*lane
	stops    []*stop
	arriving sync.Mutex // several lanes may wake at the same moment
	begun    map[string]uint64
	attended *lane
	woken    chan struct{}
	posted   []posted // events on their way

	people

	crashes      int
	called       []called // where the plan wants it
	worlds       worlds
	died         int    // the call at which the first process did
	otherwise    string // why what people do in a tale comes at another moment of it
	calls        int
	earlier      int            // happened in the past of the run
	led          int            // on its way
	arrived      bool           // people have done what its way begins with
	happened     int            // acts that reached a system, events that arrived, faults
	entered      int            // calls that came to their point
	hits         int            // of the run's aim
	usual        map[string]int // calls of the run's past by where they went to
	rare         int            // calls that went elsewhere
	lockedOut    bool           // of Partner Center
	ownColumn    bool           // the organisation has a column of its own
	sheets       int            // that were pushed
	mapsCampaign time.Time      // since when the sheet in force has the own column
	restore      func()         // the tables as they were in the middle of the run
	hash         uint64
	sites        map[string]int // calls by where they go to
	met          map[string]int // and by the fault that they met
	faults       map[fate]int
	struck       []uint64
	writes       [5]int // by site
	refusals     int
	ours         map[string]bool  // referrals that the product has made, in this run
	gates        map[string]gated // by host
	patience     time.Time        // until when the last of those wants no calls that asked to wait
	done         map[string]int   // operations
	weather      bool             // something was refused by rule or privilege
	changed      bool             // a system has changed what is written, or its definitions
	away         site             // what is away
	awayUntil    time.Time
	reached      map[string]int  // of the catalogue
	made         map[string]bool // rows of the CRM that the product has asked for
	log          *notes
	held         []*message  // worked on
	denied       [][2]string // rights that were taken away: table and operation
	hidden       bool        // one of those on who is connected with a deal was
	letters      []string    // messages that nobody of ours has sent
	parked       bool        // a row was parked by what works now
	story        []string
	telling      bool
	broken       []string // what was violated
}

// posted is an event of a system that has left and not arrived.
type posted struct {
	from *system
	control.Outgoing
}

// system is one of the simulators behind its wire, which writes the history.
type system struct {
	name    string
	sim     control.Simulator
	wire    *control.Wire
	control *http.ServeMux
}

// serve answers a call of the product; false: the connection ended without an answer.
func (s *system) serve(w http.ResponseWriter, req *http.Request) (answered bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	s.wire.ServeHTTP(w, req)
	return true
}

func behindWire(name string, sim control.Simulator) *system {
	s := &system{name: name, sim: sim, wire: control.NewWire(time.Now, time.Sleep, sim), control: http.NewServeMux()}
	sim.MountControl(s.control)
	return s
}

func newRun(t *testing.T, p *plan, from *past) *run {
	seed := p.seed
	r := &run{t: t, seed: seed, plan: p, rng: rand.New(rand.NewPCG(seed, 0)), layout: layoutOf(p.layout), sites: map[string]int{}, met: map[string]int{}, faults: map[fate]int{}, gates: map[string]gated{}, ours: map[string]bool{}, done: map[string]int{}, reached: map[string]int{}, made: map[string]bool{}, fleet: map[string]*process{}, lives: map[string]int{},
		bus: newBus(), tables: ledger.NewMemory(time.Now), begun: map[string]uint64{}, secrets: map[string]string{"partner-center-refresh-token": refreshToken}, woken: make(chan struct{}, 1), functions: functionsByQueue()}
	o := originalsOf()
	options, like := partnerOptions(seed), crmOptions(seed)
	options.Like, like.Like = o.pc, o.dv
	options.Switches, like.Switches = p.pc, p.crm
	if from != nil {
		options.Past, like.Like, r.tables = from.pc, from.dv, from.tables.Clone(time.Now)
	}
	pc, err := partnercentersim.New(options)
	r.must(err)
	dv, err := dataversesim.New(like)
	r.must(err)
	r.pc, r.dv = behindWire("partner center", pc), behindWire("crm", dv)
	r.people = newPeople(r, pc, dv)
	if from != nil {
		from.goesOn(r)
		r.earlier, r.usual = from.happened, from.sites
	}
	return r
}

// originals are what the systems of all runs have in common.
type originals struct {
	pc *partnercentersim.Sim
	dv *dataversesim.Simulator

	definitions map[string]*definition   // of the tables of the CRM, as far as somebody has asked
	pasts       map[string]*past         // tales and histories that were played, by name
	settings    map[string]*app.Settings // that were read, by what was read
}

// originalsOf makes them, once.
var originalsOf = sync.OnceValue(func() originals {
	first := func() time.Time { return firstDay }
	pcOptions, dvOptions := partnerOptions(0), crmOptions(0)
	pcOptions.Now, dvOptions.Now = first, first
	pc, err := partnercentersim.New(pcOptions)
	if err != nil {
		panic(err)
	}
	dv, err := dataversesim.New(dvOptions)
	if err != nil {
		panic(err)
	}
	return originals{pc, dv.Original(), map[string]*definition{}, map[string]*past{}, map[string]*app.Settings{}}
})

func partnerOptions(seed uint64) partnercentersim.Options {
	return partnercentersim.Options{Now: time.Now, Seed: int64(seed), Sign: signature, Tenant: partnerTenant, ClientID: partnerClient, ClientSecret: partnerSecret,
		RefreshToken: refreshToken, WebhookURL: productURL + "/api/partnercenterwebhook/default",
		Apps: []partnercentersim.App{{Tenant: partnerTenant, ClientID: vaultClient, Secret: vaultSecret, ObjectID: vaultClient}}}
}

func crmOptions(seed uint64) dataversesim.Options {
	return dataversesim.Options{Now: time.Now, Seed: int64(seed), Host: crmHost, Tenant: crmTenant, ClientID: crmClient, ClientSecret: crmAppSecret,
		OrganizationID: organization, WebhookURL: productURL + "/api/crmwebhook", SecretHeader: crmHeader, Secret: crmSecret}
}

func (r *run) must(err error) {
	if err != nil {
		r.violates("harness", "%v", err)
	}
}

// say writes a line of the story, where somebody wants to read it.
func (r *run) say(format string, args ...any) {
	if r.telling {
		since := time.Since(firstDay)
		if !*traced {
			since = since.Round(time.Millisecond)
		}
		r.story = append(r.story, since.String()+" "+fmt.Sprintf(format, args...))
	}
}

// settle waits until nothing works any more: all lanes wait, sleep or have ended.
func (r *run) settle() { synctest.Wait() }

// step does one of the things that could happen now, and says whether there was any.
func (r *run) step() bool {
	for _, s := range []*system{r.pc, r.dv} {
		for _, e := range s.sim.Advance(time.Now()) {
			r.posted = append(r.posted, posted{s, e})
		}
	}
	r.theft()
	due := r.bus.due()
	slices.SortStableFunc(r.stops, func(a, b *stop) int { return cmp.Compare(a.l.n, b.l.n) }) // those of one moment have no order
	waiting := r.stops
	n := len(waiting) + len(due) + len(r.posted)
	if n == 0 {
		return false
	}
	if *traced && r.telling {
		r.say("        stops %v, due %d, posted %d", waiting, len(due), len(r.posted))
	}
	switch i := r.rng.IntN(n); {
	case i < len(waiting):
		r.goOn(waiting[i])
	case i < len(waiting)+len(due):
		r.deliver(due[i-len(waiting)])
	default:
		i -= len(waiting) + len(due)
		e := r.posted[i]
		r.posted = slices.Delete(r.posted, i, i+1)
		r.bring(e)
	}
	return true
}

// theft ends the lock of a session while its message is still worked on, now and then: it is delivered to somebody else.
func (r *run) theft() {
	if r.calm || r.plan.thefts == 0 || len(r.held) == 0 {
		return
	}
	if uint64(r.rng.IntN(1<<12)) >= r.plan.thefts {
		return
	}
	m := r.held[r.rng.IntN(len(r.held))]
	if m.stolen || !r.bus.locked[m.key()] {
		return
	}
	r.say("    the lock of %s is lost", m.record)
	r.reached["queue lock lost"]++
	again := *m
	m.stolen = true
	delete(r.bus.locked, m.key())
	r.bus.back(&again)
}

// deliver hands a message to a function of its queue, as the host does.
func (r *run) deliver(m *message) {
	function := r.functions[m.queue]
	p := r.processFor(function, mix(r.seed, uint64(m.n), uint64(m.deliveries)))
	r.bus.take(m)
	if !r.calm && mix(r.seed, hashOf(m.record), uint64(m.n), 8)&0xff < r.plan.copies && !m.copied {
		twin := *m
		twin.copied, twin.deliveries = true, 0
		r.bus.put(&twin) // the broker delivers it once more
		r.reached["queue copy"]++
	}
	r.held = append(r.held, m)
	r.begin(p, function+" "+m.record, func(l *lane) int {
		status, _ := p.ask(l, http.MethodPost, "/"+function, jsonHeader(), m.envelope())
		return status
	}, func(status int) {
		r.held = slices.DeleteFunc(r.held, func(o *message) bool { return o == m })
		if m.stolen { // somebody else has the session by now, and the message
			m.stolen = false
			return
		}
		delete(r.bus.locked, m.key())
		if status == http.StatusOK {
			r.bus.ended++
			r.reached["verdict "+r.verdict(m)]++
			return
		}
		if status == 0 && r.plan.late { // nobody renews the lock, and it ends by itself
			m.at = time.Now().Add(lockEnds)
		}
		r.bus.back(m)
	})
}

// lockEnds is when a message comes again whose receiver has died without a word.
const lockEnds = time.Minute

// verdict is what became of a message that was completed: a copy of it for later, a parked row, or neither.
func (r *run) verdict(m *message) string {
	for _, o := range r.bus.waiting {
		if o.n > m.n && o.session == m.session && o.queue == m.queue && o.at.After(time.Now()) {
			return "repeat"
		}
	}
	if r.parked {
		r.parked = false
		return "park"
	}
	return "done"
}

// bring brings an event to its receiver.
func (r *run) bring(e posted) {
	path, ours := strings.CutPrefix(e.URL, productURL)
	if !ours {
		e.from.sim.Delivered(e.ID, http.StatusAccepted) // somebody else's receiver
		return
	}
	r.happened++
	function := strings.Split(strings.TrimPrefix(path, "/api/"), "/")[0]
	p := r.processFor(function, mix(r.seed, uint64(e.ID)))
	var arrived *lane
	r.begin(p, function, func(l *lane) int {
		arrived = l
		status, _ := p.ask(l, http.MethodPost, path, e.Header, e.Body)
		return status
	}, func(status int) {
		r.acknowledged(e, arrived, status)
		e.from.sim.Delivered(e.ID, status)
	})
}

// tick runs the timer function, of which there is one at a time.
func (r *run) tick() {
	if slices.ContainsFunc(r.lanes, func(l *lane) bool { return l.key == "reconcile" }) {
		return
	}
	p := r.processFor("reconcile", 0)
	r.begin(p, "reconcile", func(l *lane) int {
		status, _ := p.ask(l, http.MethodPost, "/reconcile", jsonHeader(), []byte(`{"Data":{"tick":{"IsPastDue":false}},"Metadata":{}}`))
		return status
	}, func(int) {})
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// sleep lets time pass, up to d: a lane that wants something ends it.
func (r *run) sleep(d time.Duration) {
	select { // what woke earlier has been seen
	case <-r.woken:
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.woken:
	}
	time.Sleep(time.Nanosecond) // whatever else is due at this moment wakes before
	r.settle()
	r.sweep()
	if *traced {
		r.say("        slept %s", d)
	}
}

// nextWork is when something happens by itself.
func (r *run) nextWork() (next time.Time, ok bool) {
	next, ok = r.bus.nextAt()
	for _, s := range []*system{r.pc, r.dv} {
		if at, waiting := s.sim.Next(); waiting && (!ok || at.Before(next)) {
			next, ok = at, true
		}
	}
	return next, ok
}

// quiet lets the world work until nothing is queued, in flight, or due within the horizon.
func (r *run) quiet(horizon time.Duration) {
	r.quietUnless(horizon, func() bool { return false })
}
