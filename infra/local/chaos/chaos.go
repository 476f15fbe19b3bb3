// Package chaos plays people and trouble against a world of real processes: handlers, a Functions host, a broker, a table
// store and the simulated systems, with a network between them. Afterwards it is calm, and what both systems hold and have
// been asked for is judged.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

// Options say what is played.
type Options struct {
	Local   control.Local // of the world
	Seconds int           // how long people work and things go wrong
	Seed    uint64
	Deals   int // how many are alive at most; 0: 12
	Out     io.Writer
}

// Report is chaos.json.
type Report struct {
	Layout     string         `json:"layout"`
	Seed       uint64         `json:"seed"`
	Seconds    int            `json:"seconds"`
	Deals      int            `json:"deals"`
	Edits      int            `json:"edits"`
	Acts       map[string]int `json:"acts"`   // what people did and what went wrong, by name
	Judged     map[string]int `json:"judged"` // how often each rule had something to judge
	Violations []Violation    `json:"violations"`
	MS         int64          `json:"ms"`
}

// Write puts it into a file.
func (r Report) Write(file string) error { return reports.Write(file, r) }

const (
	// hand is how long people take between two things, and calmFor how long nothing goes wrong after something did, at most.
	hand    = 150 * time.Millisecond
	calmFor = 900 * time.Millisecond
	// told is how often progress is told.
	told = 10 * time.Second
)

// Run plays. An error is that of the play itself; what does not hold stands in the report, and its story is written.
func Run(ctx context.Context, o Options) (Report, error) {
	began := time.Now()
	r := Report{Layout: o.Local.Layout, Seed: o.Seed, Seconds: o.Seconds}
	c, err := newClient(o.Local)
	if err != nil {
		return r, err
	}
	defer c.Close()
	s, err := newStage(ctx, c, o.Seed, fmt.Sprintf("Chaos %d", o.Seed))
	if err != nil {
		return r, err
	}
	if err := errors.Join(s.calm(), s.begin()); err != nil {
		return r, err
	}
	if err := s.play(o); err != nil {
		return r, err
	}
	fmt.Fprintln(o.Out, "all trouble ends; the world comes to rest …")
	if err := errors.Join(s.calm(), s.settle(pauses()...)); err != nil {
		return r, err
	}
	fmt.Fprintln(o.Out, "judging …")
	court, err := s.judge(true)
	if err != nil {
		return r, err
	}
	r.Deals, r.Edits, r.Acts, r.Judged, r.Violations = len(s.deals), len(s.edits), maps.Clone(s.acts), court.judged, court.found
	r.MS = time.Since(began).Milliseconds()
	if o.Seconds >= 60 && r.Judged["nothing lost"] == 0 {
		return r, fmt.Errorf("%d edits, and none of them could be judged: play again with another seed", r.Edits)
	}
	s.stories(o.Out, court)
	return r, nil
}

// play lets people work and things go wrong, until the time is over.
func (s *stage) play(o Options) error {
	deals := o.Deals
	if deals == 0 {
		deals = 12
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Duration(o.Seconds)*time.Second)
	defer cancel()
	weather := rand.New(rand.NewPCG(o.Seed, 2))
	var both sync.WaitGroup
	var failed [2]error
	both.Go(func() {
		defer cancel()
		failed[0] = s.people(ctx, deals, o.Out)
	})
	both.Go(func() {
		for failed[1] == nil && pause(ctx, time.Duration(1+weather.Int64N(int64(calmFor)))) {
			failed[1] = s.goWrong(weather)
		}
	})
	both.Wait()
	return errors.Join(failed[:]...)
}

// mostBirths is how many deals there are ever, for each that is alive at a time.
const mostBirths = 20

// people work, one after the other, and make new deals until enough are alive: those of a long play are closed or deleted
// one after the other, and nothing would be left to judge.
func (s *stage) people(ctx context.Context, deals int, out io.Writer) error {
	next := time.Now().Add(told)
	for pause(ctx, time.Duration(1+s.g.Int64N(int64(2*hand)))) {
		var err error
		if alive := len(s.alive()); len(s.deals) < 3 || alive < deals && len(s.deals) < mostBirths*deals && s.g.IntN(6) == 0 {
			_, err = s.born(pick(s.g, births()))
		} else {
			err = s.work()
		}
		if err != nil {
			return err
		}
		if time.Now().After(next) {
			next = time.Now().Add(told)
			s.mu.Lock()
			fmt.Fprintf(out, "%d deals, %d edits, %d acts and troubles\n", len(s.deals), len(s.edits), total(s.acts))
			s.mu.Unlock()
		}
	}
	return nil
}

func total(of map[string]int) (n int) {
	for _, one := range of {
		n += one
	}
	return n
}

// pause waits, and says whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// longestStory is how many deals have their story told.
const longestStory = 3

// stories tells of the deals that something is wrong with: what is wrong, what people and the world did, and what the
// product wrote.
func (s *stage) stories(out io.Writer, c *court) {
	seen := map[*deal]bool{}
	for _, v := range c.found {
		fmt.Fprintf(out, "VIOLATED %s, deal %d: %s\n", v.Rule, v.Deal, v.Text)
		if seen[v.deal] || len(seen) >= longestStory {
			continue
		}
		seen[v.deal] = true
		s.tell(out, v.deal)
		if v.deal == nil {
			continue
		}
		for _, w := range append(append([]write{}, c.toPC...), c.toCRM...) {
			if w.about(v.deal.opportunity) || w.about(v.deal.referral) {
				fmt.Fprintf(out, "    %s  writes   %d %s %s %.300s\n", w.entry.At.Format("02 15:04:05.000"), w.entry.Status, w.method, short(w.path), strings.ReplaceAll(w.body, "\n", " "))
			}
		}
	}
}

func short(path string) string {
	_, rest, found := strings.Cut(path, "://")
	if !found {
		return path
	}
	return rest
}

// Table prints the summary.
func (r Report) Table(out io.Writer) {
	fmt.Fprintf(out, "\n%-32s%8s\n", "done", "times")
	for _, name := range sortedKeys(r.Acts) {
		fmt.Fprintf(out, "%-32s%8d\n", name, r.Acts[name])
	}
	by := map[string]int{}
	for _, v := range r.Violations {
		by[v.Rule]++
	}
	fmt.Fprintf(out, "\n%-32s%8s%12s\n", "rule", "judged", "violated")
	for _, name := range sortedKeys(r.Judged) {
		fmt.Fprintf(out, "%-32s%8d%12d\n", name, r.Judged[name], by[name])
	}
	fmt.Fprintf(out, "\nchaos: layout %s, seed %d, %d s of trouble, %d deals, %d edits, %d violations, %.0f s in all\n", r.Layout, r.Seed, r.Seconds, r.Deals, r.Edits, len(r.Violations),
		float64(r.MS)/1000)
}
