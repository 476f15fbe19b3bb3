package simulate

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// site is what a call of the product goes to.
type site int

const (
	sitePartnerCenter site = iota
	siteCRM
	siteVault
	siteTables
	siteQueue
)

func (s site) String() string {
	return [...]string{"partner center", "crm", "vault", "tables", "queue"}[s]
}

// point is one call that the product is about to make: a moment at which another lane may go on, at which the process
// may die, and which a fault may meet.
type point struct {
	site  site
	name  string // method and path, without ids
	asks  string // of a system: path and query
	write bool
	wire  *control.Wire // of a system: what a fault is played by
	since int           // its number among the calls that came here
	came  time.Time     // when it did: it may reach its system much later
}

// lane is one invocation of a function in a process: a goroutine that works only while the run attends to it.
type lane struct {
	p     *process
	key   string // what it is about; the same in every run of the seed
	n     uint64 // its number
	calls uint64
	waits uint64
	// letting is how many of its calls let others come to their points
	letting int
	ended   bool
	sent    []string         // records whose message the queue has confirmed
	status  int              // of the answer; 0: none
	after   func(status int) // what becomes of it
	doomed  bool             // its process dies before the lane writes anything else

	intended, looked time.Time // when it began to note the intent of a creation, zero: it has noted none; and when it had looked at the pair once more
}

// stop is a call that waits at its point. A lane may have two: what its function still does after the time for it, and
// what becomes of the message.
type stop struct {
	l      *lane
	resume chan struct{}
}

type laneKey struct{}

func laneOf(ctx context.Context) *lane {
	l, _ := ctx.Value(laneKey{}).(*lane)
	return l
}

// begin starts a lane and attends to it.
func (r *run) begin(p *process, key string, do func(l *lane) int, after func(status int)) *lane {
	r.begun[key]++
	l := &lane{p: p, key: key, n: mix(r.seed, hashOf(key), r.begun[key]), after: after}
	r.worlds.n++
	r.lanes = append(r.lanes, l)
	p.lanes++
	r.attend(l, func() {
		go func() {
			defer func() {
				l.ended = true
				r.wake(l)
			}()
			l.status = do(l)
			r.wrotes(l)
			if l.doomed { // nothing else was written: what it has done is not told
				p.die()
			}
		}()
	})
	return l
}

// goOn lets a lane that waits at a point go on.
func (r *run) goOn(s *stop) {
	r.stops = slices.DeleteFunc(r.stops, func(o *stop) bool { return o == s })
	r.attend(s.l, func() { s.resume <- struct{}{} })
}

// turns is how many moments the calls of an operator are spread over.
const turns = 999983 * time.Nanosecond

// turnOf is the moment of a call of an operator: checks are made ready all at once, and a busy machine may interrupt one. They go by what
// they ask, and by who asks it.
func turnOf(at *point) time.Duration {
	var callers [32]uintptr
	text := at.name + at.asks
	for frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])]); ; {
		f, more := frames.Next()
		if text += f.Function; !more {
			return 1 + time.Duration(hashOf(text)%uint64(turns))
		}
	}
}

// operates says whether an operator's command works in this lane.
func (l *lane) operates() bool { return strings.HasPrefix(l.key, "operator/") }

// lets lets whoever this lane has just made ready, as by giving a turn back, come to a point of its own first: at most one
// goroutine can go on at any time, and so it does not matter when the scheduler looks for another.
func (l *lane) lets(at *point) {
	l.letting++
	d := time.Duration(l.letting)
	if l.operates() {
		d = turnOf(at)
	}
	time.Sleep(d)
	for range 3 { // who is woken by a deadline of this very moment, in a goroutine of its own, comes before in any order of the timers
		runtime.Gosched()
	}
	l.letting--
}

// attend lets one lane work until it waits, sleeps or ends. Each time is a moment of its own: what two lanes have begun to
// wait for together would end together, and timers of one moment go off in no order.
func (r *run) attend(l *lane, start func()) {
	time.Sleep(time.Nanosecond)
	r.settle()
	r.attended = l
	start()
	r.settle()
	wait := time.Nanosecond
	if l.operates() {
		wait = turns
	}
	for l.letting > 0 {
		time.Sleep(wait)
		r.settle()
	}
	r.attended = nil
	r.sweep()
}

// wake tells the run, which may be asleep, that a lane to which it does not attend wants something.
func (r *run) wake(l *lane) {
	if r.attended != l {
		select {
		case r.woken <- struct{}{}:
		default:
		}
	}
}

// pass takes a call of the product through the point: it may wait, die, fail, and is done, in this order.
func (p *process) pass(ctx context.Context, at *point, do func()) error {
	l := laneOf(ctx)
	if l == nil {
		l = p.beside
	}
	p.alive()
	r := p.run
	r.entered++
	at.since, at.came = r.entered, time.Now() // it has left: what others hear from now on comes too late for it
	if r.attended == l {
		l.lets(at)
		p.alive()
	}
	l.calls++
	if r.attended != l || r.yields(l) {
		r.stands(l)
	}
	if err := over(ctx); err != nil {
		if at.site == siteTables && at.name == "list processes gate" {
			p.unheard = time.Now()
		}
		return err
	}
	if l.doomed && at.write {
		p.die()
	}
	f := r.faultAt(l, at)
	r.seen(l, at, f)
	switch f {
	case dieBefore:
		p.die()
	case cut:
		return io.ErrUnexpectedEOF
	case slow:
		time.Sleep(r.slowness(l) + l.apart())
		r.stands(l)
		if err := over(ctx); err != nil {
			return err
		}
	}
	if wired, ok := f.wired(mix(l.n, l.calls, 4)); ok && at.wire != nil {
		if err := at.wire.Once(wired); err != nil {
			return err
		}
	}
	do()
	if changes(at) {
		r.worlds.n++
	}
	switch f {
	case dieAfter:
		p.die()
	case lose:
		return io.ErrUnexpectedEOF
	case dieNext:
		l.doomed = true
	}
	return nil
}

// stands lets a lane stand still until the run lets it go on.
func (r *run) stands(l *lane) {
	l.p.alive() // it may have died while the call was slow
	s := &stop{l, make(chan struct{})}
	r.arriving.Lock()
	r.stops = append(r.stops, s)
	r.arriving.Unlock()
	r.wake(l)
	<-s.resume
	l.p.alive()
}

// die ends the process in the middle of what it does.
func (p *process) die() {
	p.dead = true
	p.run.crashed(p)
	p.alive()
}

// alive ends whoever goes on working in a process that is dead.
func (p *process) alive() {
	if p.dead {
		runtime.Goexit()
	}
}

func (l *lane) String() string { return fmt.Sprintf("%s: %s", l.p.name, l.key) }

// apart is by how much a wait of the lane is longer than asked, so that no two end at the same moment: of several that wait until
// the same time each goes on at its own.
func (l *lane) apart() time.Duration {
	l.waits++
	return time.Duration(mix(l.n, l.calls, l.waits, 9) % uint64(time.Millisecond))
}

// sleep is how the product waits where a system asked it to.
func (p *process) sleep(ctx context.Context, d time.Duration) error {
	l := laneOf(ctx)
	if l == nil {
		l = p.beside
	}
	timer := time.NewTimer(d + l.apart())
	defer timer.Stop()
	select {
	case <-timer.C:
		return over(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// over says whether a context has ended. Of its deadline and a step of the product at the very same moment the deadline comes first: timers of
// one moment go off in no order.
func over(ctx context.Context) error {
	if end, has := ctx.Deadline(); has && !time.Now().Before(end) {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (s *stop) String() string { return s.l.String() }

// mix makes a number of numbers, as if by chance.
func mix(parts ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		h ^= p + 0x9e3779b97f4a7c15 + h<<6 + h>>2
		h ^= h >> 30
		h *= 0xbf58476d1ce4e5b9
		h ^= h >> 27
		h *= 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

func hashOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
