// Package upgrade plays what people do with two versions of the product, while others work: the old one runs, the new
// one is published, the old one is taken back, and the new one published again. By the histories of both systems it
// judges whether anything was lost or made twice.
package upgrade

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// Round is one publication, and what people did meanwhile.
type Round struct {
	Published string `json:"published"` // old or new
	Strategy  string `json:"strategy"`
	MS        int64  `json:"ms"`     // until the new handler answered
	Acts      int    `json:"acts"`   // of people, before and after it
	During    int    `json:"during"` // of those, between its beginning and its end
}

// Report is upgrade.json.
type Report struct {
	From    string   `json:"from"`
	Layout  string   `json:"layout"`
	Rounds  []Round  `json:"rounds"`
	Deals   int      `json:"deals"`
	Acts    int      `json:"acts"`
	Lost    []string `json:"lost"`    // what one side does not show
	Doubled []string `json:"doubled"` // what was made more than once
	Stuck   []string `json:"stuck"`   // dead letters and parked messages

	Beside  []SideBySide   `json:"beside,omitempty"`
	Dropped []string       `json:"dropped,omitempty"` // what a later version added, and the older one did not keep
	Kept    map[string]int `json:"kept,omitempty"`    // how much of it there was
}

// Write puts it into a file.
func (r Report) Write(file string) error { return reports.Write(file, r) }

// Held says whether nothing was lost, doubled, stuck or dropped.
func (r Report) Held() bool { return len(r.Lost)+len(r.Doubled)+len(r.Stuck)+len(r.Dropped) == 0 }

// Options say which packages are played, in a world that runs the old one.
type Options struct {
	World    *world.World
	Old, New string // packaged folders
	Acts     int    // of people in each round
	Out      io.Writer
}

// patience is how long the world may take to come to rest, by the machine's clock.
const patience = 3 * time.Minute

// Run plays. An error is that of the play itself; what did not hold stands in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	people := newPeople(o.World)
	defer people.close()
	if err := people.begin(ctx); err != nil {
		return Report{}, err
	}
	var r Report
	for _, next := range []struct{ name, app, strategy string }{
		{"new", o.New, hostsim.Recreate}, {"old", o.Old, hostsim.Recreate}, {"new", o.New, hostsim.Rolling}, {"old", o.Old, hostsim.Rolling}, {"new", o.New, hostsim.Recreate},
	} {
		round := Round{Published: next.name, Strategy: next.strategy}
		if err := publishMeanwhile(ctx, o, people, next.app, &round); err != nil {
			return r, fmt.Errorf("publishing the %s package: %w", next.name, err)
		}
		fmt.Fprintf(o.Out, "%s published (%s) in %d ms, %d acts of people, %d of them meanwhile\n", round.Published, round.Strategy, round.MS, round.Acts, round.During)
		r.Rounds = append(r.Rounds, round)
	}
	if err := settle(ctx, o.World, people); err != nil {
		return r, err
	}
	r.Deals, r.Acts = len(people.deals), people.acts
	return r, people.judge(ctx, &r)
}

// publishMeanwhile lets people work, and publishes when they have done half of it.
func publishMeanwhile(ctx context.Context, o Options, people *people, app string, round *Round) error {
	half, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var published error
	var publishing sync.WaitGroup
	publishing.Go(func() {
		defer close(over)
		select {
		case <-half:
		case <-ctx.Done():
			return
		}
		began, before := time.Now(), people.count()
		published = o.World.Publish(ctx, app, round.Strategy)
		round.MS, round.During = time.Since(began).Milliseconds(), people.count()-before
	})
	before := people.count()
	err := people.work(ctx, o.Acts, over, func(done int) {
		if done >= o.Acts/2 {
			once.Do(func() { close(half) })
		}
	})
	publishing.Wait()
	round.Acts = people.count() - before
	return errors.Join(err, published)
}

// settle lets the world come to rest: what waits for its time gets it, as in the hour after.
func settle(ctx context.Context, w *world.World, people *people) error {
	for range 6 {
		if err := people.call(ctx, http.MethodGet, w.Local().Host.Control, fmt.Sprintf("/idle?wait=%d", patience.Milliseconds()), nil, nil); err != nil {
			return fmt.Errorf("waiting for the world to come to rest: %w", err)
		}
		if err := w.Advance(ctx, 10*time.Minute); err != nil {
			return err
		}
		if err := w.Host().Trigger(ctx, "reconcile"); err != nil {
			return err
		}
	}
	return people.call(ctx, http.MethodGet, w.Local().Host.Control, fmt.Sprintf("/idle?wait=%d", patience.Milliseconds()), nil, nil)
}
