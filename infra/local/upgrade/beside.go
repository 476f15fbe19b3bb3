package upgrade

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// SideBySide is a time in which two versions served at once.
type SideBySide struct {
	First  string         `json:"first"` // old or new: the one that ran, and that the other one was put beside
	Lasted time.Duration  `json:"-"`
	Sec    float64        `json:"seconds"`
	Acts   int            `json:"acts"`   // of people
	Worked map[string]int `json:"worked"` // messages that each version worked on, calls that it answered
}

// leastWorked is how many invocations each of two versions has to have, else a time side by side says nothing.
const leastWorked = 20

// RunBeside plays two versions that serve side by side over the same queues and tables, each of them first once, while
// people work and events come twice, late and in any order, and while Partner Center asks to wait, so that messages
// of each version come into the other one's hands. added says that the newer one adds a member to every row and
// every message, none of which may be lost.
func RunBeside(ctx context.Context, o Options, lasts time.Duration, added bool) (Report, error) {
	people := newPeople(o.World)
	people.hand, people.team = unhurried, true
	defer people.close()
	if err := people.begin(ctx); err != nil {
		return Report{}, err
	}
	for _, base := range []string{people.local.PartnerCenter.Control, people.local.Dataverse.Control} {
		if err := people.call(ctx, http.MethodPost, base, "/delivery", control.Delivery{Duplicate: 1, Shuffle: true, Delay: "200ms"}, nil); err != nil {
			return Report{}, err
		}
	}
	var r Report
	for _, next := range []struct{ runs, other, app, then string }{{"old", "new", o.New, o.New}, {"new", "old", o.Old, o.Old}} {
		round, err := people.beside(ctx, next.app, lasts)
		round.First = next.runs
		if err == nil {
			err = round.enough()
		}
		if err != nil {
			return r, fmt.Errorf("with the %s version first: %w", next.runs, err)
		}
		fmt.Fprintf(o.Out, "the %s version beside the %s one for %.0f s: %d acts of people, invocations %v\n", next.other, next.runs, round.Sec, round.Acts, round.Worked)
		r.Beside = append(r.Beside, round)
		if err := o.World.Publish(ctx, next.then, hostsim.Rolling); err != nil { // the one that came takes over: forth, then back
			return r, err
		}
	}
	if err := o.World.Publish(ctx, o.New, hostsim.Recreate); err != nil {
		return r, err
	}
	if err := settle(ctx, o.World, people); err != nil {
		return r, err
	}
	r.Deals, r.Acts = len(people.deals), people.acts
	if err := people.judge(ctx, &r); err != nil || !added {
		return r, err
	}
	return r, people.kept(ctx, &r)
}

// beside puts the package beside the one that runs, and lets people work until both have served for so long.
func (p *people) beside(ctx context.Context, app string, lasts time.Duration) (SideBySide, error) {
	before, acts := p.processes(), p.count()
	var n []control.Entry
	if err := p.call(ctx, http.MethodGet, p.local.Host.Control, "/history", nil, &n); err != nil {
		return SideBySide{}, err
	}
	if err := p.w.Publish(ctx, app, hostsim.Beside); err != nil {
		return SideBySide{}, err
	}
	began, over := time.Now(), make(chan struct{})
	timer := time.AfterFunc(lasts, func() { close(over) })
	defer timer.Stop()
	throttled := make(chan error, 1)
	go func() { throttled <- p.throttle(ctx, lasts) }()
	most := int(lasts/p.hand+1) * atWork
	err := p.work(ctx, max(most/5, 1), over, func(int) {})
	if err = errors.Join(err, <-throttled); err != nil {
		return SideBySide{}, err
	}
	lasted := time.Since(began)
	worked, err := p.worked(ctx, len(n), before)
	return SideBySide{Lasted: lasted, Sec: lasted.Seconds(), Acts: p.count() - acts, Worked: worked}, err
}

// throttle lets Partner Center ask to wait three times in the time, so that messages are sent anew by whoever has them.
func (p *people) throttle(ctx context.Context, lasts time.Duration) error {
	fault := control.Fault{Match: control.Match{Method: http.MethodGet, URL: "/referrals/"}, Do: "status", Status: http.StatusTooManyRequests,
		Headers: map[string]string{"Retry-After": "3"}, Times: 4}
	for range 3 {
		select {
		case <-time.After(lasts / 4):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := p.call(ctx, http.MethodPost, p.local.PartnerCenter.Control, "/faults", fault, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *people) processes() (names []string) {
	for _, one := range p.w.Host().Status().Processes {
		names = append(names, one.Name)
	}
	return names
}

// worked counts what each version did since the n-th entry of the host's history: the processes named were there
// before, the others came beside them.
func (p *people) worked(ctx context.Context, n int, before []string) (map[string]int, error) {
	var history []control.Entry
	if err := p.call(ctx, http.MethodGet, p.local.Host.Control, fmt.Sprintf("/history?since=%d", n), nil, &history); err != nil {
		return nil, err
	}
	out := map[string]int{"first": 0, "second": 0}
	for _, e := range history {
		whose := "second"
		if slices.Contains(before, e.RequestHeaders["process"]) {
			whose = "first"
		}
		out[whose]++
	}
	return out, nil
}

func (s SideBySide) enough() error {
	for whose, n := range s.Worked {
		if n < leastWorked {
			return fmt.Errorf("the %s of the two versions had %d invocations in %.0f s and not %d at least: the two did not serve side by side", whose, n, s.Sec, leastWorked)
		}
	}
	return nil
}
