package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

// Scenario is one story with a trouble at a moment. Afterwards all rules hold, the trouble has come, and each value that
// somebody typed last is on both sides, but for what was typed on both at once.
type Scenario struct {
	Name  string
	About string
	given []string // deals that are linked and at rest before it begins, by their birth
	steps []step
	both  bool // a field is typed on both sides
	quick bool // one of those that are played with every change
}

// step is one thing that happens in a scenario.
type step func(s *stage) error

// Outcome is a scenario that was played.
type Outcome struct {
	Name       string      `json:"name"`
	OK         bool        `json:"ok"`
	MS         int64       `json:"ms"`
	Violations []Violation `json:"violations,omitempty"`
}

// Scenarios is scenarios.json.
type Scenarios struct {
	Layout   string    `json:"layout"`
	Outcomes []Outcome `json:"outcomes"`
	MS       int64     `json:"ms"`
}

// Write puts it into a file.
func (r Scenarios) Write(file string) error { return reports.Write(file, r) }

// Failed are the names of those that did not hold.
func (r Scenarios) Failed() (names []string) {
	for _, o := range r.Outcomes {
		if !o.OK {
			names = append(names, o.Name)
		}
	}
	return names
}

// Quick are the names of the scenarios that are played with every change.
func Quick() (names []string) {
	for _, sc := range scenarios() {
		if sc.quick {
			names = append(names, sc.Name)
		}
	}
	return names
}

// PlayScenarios plays the named ones, or all without a name, one after the other in one world. An error is that of the
// play itself.
func PlayScenarios(ctx context.Context, local control.Local, names []string, out io.Writer) (Scenarios, error) {
	began := time.Now()
	r := Scenarios{Layout: local.Layout}
	for _, name := range names {
		if !slices.ContainsFunc(scenarios(), func(sc Scenario) bool { return sc.Name == name }) {
			return r, fmt.Errorf("there is no scenario %s: infra/local/chaos has them", name)
		}
	}
	c, err := newClient(local)
	if err != nil {
		return r, err
	}
	defer c.Close()
	for n, sc := range scenarios() {
		if len(names) > 0 && !slices.Contains(names, sc.Name) {
			continue
		}
		o, err := sc.play(ctx, c, n, out)
		if err != nil {
			return r, fmt.Errorf("%s: %w", sc.Name, err)
		}
		r.Outcomes = append(r.Outcomes, o)
		o.line(out, sc.About)
	}
	o, err := afterwards(ctx, c, out)
	if err != nil {
		return r, err
	}
	r.Outcomes = append(r.Outcomes, o)
	r.MS = time.Since(began).Milliseconds()
	fmt.Fprintf(out, "scenarios: layout %s, %d played, %d held, %.0f s\n", r.Layout, len(r.Outcomes), len(r.Outcomes)-len(r.Failed()), float64(r.MS)/1000)
	return r, ctx.Err()
}

func (o Outcome) line(out io.Writer, about string) {
	says := "ok"
	if !o.OK {
		says = "VIOLATED"
	}
	fmt.Fprintf(out, "%-36s %-9s %6.1f s  %s\n", o.Name, says, float64(o.MS)/1000, about)
}

// afterwards is that the world of all scenarios stays silent, whatever was sent in any of them.
func afterwards(ctx context.Context, c *client, out io.Writer) (Outcome, error) {
	began := time.Now()
	s, err := newStage(ctx, c, 0, "Afterwards")
	if err != nil {
		return Outcome{}, err
	}
	court, err := s.judge(true)
	if err != nil {
		return Outcome{}, err
	}
	s.stories(out, court)
	o := Outcome{Name: "afterwards", OK: len(court.found) == 0, MS: time.Since(began).Milliseconds(), Violations: court.found}
	o.line(out, "every event of all scenarios comes again, and nothing is written")
	return o, nil
}

func (sc Scenario) play(ctx context.Context, c *client, n int, out io.Writer) (Outcome, error) {
	began := time.Now()
	s, err := newStage(ctx, c, uint64(n), "Scenario "+sc.Name)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.ready(sc.given); err != nil {
		return Outcome{}, err
	}
	never := ""
	for _, do := range sc.steps {
		if err := do(s); errors.Is(err, errNever) {
			never = err.Error()
		} else if err != nil {
			return Outcome{}, errors.Join(err, s.calm())
		}
	}
	if err := errors.Join(s.calm(), s.settle(0, 6*time.Minute, 16*time.Minute, 3*time.Hour, 25*time.Hour)); err != nil {
		return Outcome{}, err
	}
	court, err := s.judge(false)
	if err != nil {
		return Outcome{}, err
	}
	if never != "" {
		court.violates("trouble", nil, "%s: the scenario shows nothing", never)
	}
	if !sc.both {
		court.crossed()
	}
	s.stories(out, court)
	return Outcome{Name: sc.Name, OK: len(court.found) == 0, MS: time.Since(began).Milliseconds(), Violations: court.found}, nil
}

// ready begins a scenario in a calm world, with deals that are linked.
func (s *stage) ready(given []string) error {
	if err := errors.Join(s.calm(), s.begin()); err != nil {
		return err
	}
	for _, kind := range given {
		if _, err := s.born(kind); err != nil {
			return err
		}
	}
	if err := s.settle(0); err != nil {
		return err
	}
	_, err := s.look()
	return err
}

// crossed is that the value typed last is on both sides, without an excuse.
func (c *court) crossed() {
	for _, d := range c.s.deals {
		if !c.live(d) || d.lead || c.b.referrals[d.referral]["status"] != "Active" {
			continue
		}
		for _, f := range mappedFields() {
			last := ""
			for _, e := range c.s.edits {
				if e.deal == d && e.field == f.name {
					last = e.value
				}
			}
			if crm, pc := c.now(d, f, inCRM), c.now(d, f, inPortal); last != "" && (crm != last || pc != last) {
				c.violates("crossed", d, "%s was typed last as %q, the CRM has %q and Partner Center %q: %.400s", f.name, last, crm, pc, text(c.b.tables["opportunity"][d.opportunity]["cosell_audit"]))
			}
		}
	}
}

// errNever is a trouble that was arranged and did not come.
var errNever = errors.New("it did not come")

// comesWithin is how long a trouble may take to come, by the machine's clock.
const comesWithin = 30 * time.Second

// until looks until something is so.
func (s *stage) until(what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(s.ctx, comesWithin)
	defer cancel()
	for {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("%s: %w", what, errNever)
		}
	}
}

// played is how many connections a part's link has troubled, ever.
func (s *stage) played(part string) (int, error) {
	var all map[string]struct{ Played int }
	err := s.c.Call(s.ctx, http.MethodGet, s.c.part("host"), "/link", nil, &all)
	return all[part].Played, err
}

// restarts is how often a process was started again, ever.
func (s *stage) restarts() (int, error) {
	var status struct{ Restarts int }
	err := s.c.Call(s.ctx, http.MethodGet, s.c.part("host"), "/status", nil, &status)
	return status.Restarts, err
}

// during does things while a link is troubled from a call on, and waits until the trouble has come.
func during(l control.Link, then ...step) step {
	return func(s *stage) error {
		before, err := s.played(l.Part)
		if err != nil {
			return err
		}
		if err := s.link(l); err != nil {
			return err
		}
		if err := all(then...)(s); err != nil {
			return err
		}
		return s.until("link "+l.Part+" "+l.Fault, func() (bool, error) {
			n, err := s.played(l.Part)
			return n > before, err
		})
	}
}

// dying does things that lead to a kill, and waits until the process is up again.
func dying(k control.KillAfter, then ...step) step {
	return func(s *stage) error {
		before, err := s.restarts()
		if err != nil {
			return err
		}
		if err := s.kill(control.Kill{After: &k}); err != nil {
			return err
		}
		if err := all(then...)(s); err != nil {
			return err
		}
		return s.until("kill "+k.Host+" "+k.Path, func() (bool, error) {
			n, err := s.restarts()
			return n > before, err
		})
	}
}

// restarted is how often an emulator was started again, ever.
func (s *stage) restarted() (int, error) {
	var all struct {
		Restarts int
		Failed   string
	}
	err := s.c.Call(s.ctx, http.MethodGet, s.c.part("host"), "/restart", nil, &all)
	if err == nil && all.Failed != "" {
		err = fmt.Errorf("the world is without a part: %s", all.Failed)
	}
	return all.Restarts, err
}

// restarting does things that lead to the restart of an emulator, and waits until it has come.
func restarting(r control.Restart, then ...step) step {
	return func(s *stage) error {
		before, err := s.restarted()
		if err != nil {
			return err
		}
		if err := s.restart(r); err != nil {
			return err
		}
		if err := all(then...)(s); err != nil {
			return err
		}
		return s.until("restart "+r.Part, func() (bool, error) {
			n, err := s.restarted()
			return n > before, err
		})
	}
}

// failing does things while calls of a part fail.
func failing(part string, f control.Fault, then ...step) step {
	return func(s *stage) error {
		if err := s.fault(part, f); err != nil {
			return err
		}
		return all(then...)(s)
	}
}

func all(steps ...step) step {
	return func(s *stage) error {
		for _, do := range steps {
			if err := do(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// makes is a deal that somebody begins.
func makes(kind string) step {
	return func(s *stage) error { _, err := s.born(kind); return err }
}

// types is a value that somebody types into a deal that was there before.
func types(n int, side, name string) step {
	return func(s *stage) error {
		for _, f := range mappedFields() {
			if f.name == name {
				return s.types(s.deals[n], side, f)
			}
		}
		return fmt.Errorf("there is no field %s", name)
	}
}

func accepts(n int) step {
	return func(s *stage) error {
		return s.did(s.deals[n], "portal: accepts", s.own(s.deals[n], s.portal, fields{"do": "accept"}))
	}
}

func leaps(by time.Duration) step { return func(s *stage) error { return s.leap(by) } }
func rests(s *stage) error        { return s.c.rest(s.ctx) }
func reconciles(s *stage) error   { return s.reconcile() }
func calms(s *stage) error        { return s.calm() }

// stands lets a part stand still for as long as something is done.
func stands(part string, long time.Duration) step {
	return func(s *stage) error { return s.freeze(part, long) }
}

func delivers(part string, d control.Delivery) step {
	return func(s *stage) error { return s.deliver(part, d) }
}

func asksToWait(part string, seconds int) step {
	return func(s *stage) error { return s.throttle(part, seconds) }
}

func expires(what string) step { return func(s *stage) error { return s.expire(what) } }

func turns(positions fields) step {
	return func(s *stage) error { return s.position("partnercenter", positions) }
}

// kills kills the processes that serve the functions, one after the other; without any all there are.
func kills(functions ...string) step {
	return func(s *stage) error {
		names := functions
		if len(names) == 0 {
			all, err := s.c.processes(s.ctx)
			if err != nil {
				return err
			}
			for _, p := range all {
				names = append(names, p.Name)
			}
		}
		for _, name := range names {
			if !strings.Contains(name, "#") {
				name += "#1"
			}
			if err := s.kill(control.Kill{Process: name}); err != nil && !control.Refused(err) { // it may be starting
				return err
			}
		}
		return nil
	}
}
