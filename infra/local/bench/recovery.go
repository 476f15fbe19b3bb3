package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// A day in which the CRM answers nothing but 503, and what comes after it.
const (
	backlog  = 480 // deals that are changed in Partner Center meanwhile
	outage   = 24 * time.Hour
	portions = 6 // of the day, each with a part of the changes and all the tries that fall into it
	// crmTakes is how many calls the CRM takes in each window afterwards, so few that the backlog needs several of them. What it
	// really takes, 6,000, would need thousands of deals.
	// https://learn.microsoft.com/power-apps/developer/data-platform/api-limits
	crmTakes    = 250
	crmWindow   = 300 * time.Second
	tickOfClock = 2 * time.Second // by which the clock moves on while everything waits
	leastRate   = 0.8
)

// recovery is what became of a backlog.
type recovery struct {
	calls   int           // that the CRM took
	refused int           // that it did not take: 429
	took    time.Duration // from the first of them to the last
	dead    int           // messages that nobody will look at again
}

// rate is how fast it was, in parts of what the CRM allows: no call can come sooner than its window.
func (r recovery) rate() (float64, error) {
	if r.calls <= crmTakes || r.took <= 0 {
		return 0, fmt.Errorf("the backlog took %d calls, and so many are allowed at once: %d", r.calls, crmTakes)
	}
	soonest := time.Duration((r.calls-1)/crmTakes) * crmWindow
	return soonest.Seconds() / r.took.Seconds(), nil
}

func (r *Report) recovered(of recovery) error {
	rate, err := of.rate()
	if err != nil {
		return err
	}
	r.least("recovery", fmt.Sprintf("a backlog of 24 h, %d changes, in parts of the rate that the CRM allows (%d calls per %.0f s, %d in all)", backlog, crmTakes, crmWindow.Seconds(), of.calls), rate, leastRate, "x")
	r.most("recovery.dead", "dead letters of it", float64(of.dead), 0, "")
	r.told("recovery.calls", "calls to the CRM for each change of it", float64(of.calls)/backlog, "")
	r.told("recovery.refused", "calls that the CRM refused because they came too soon", float64(of.refused), "")
	return nil
}

// recovery changes deals in Partner Center on a day on which the CRM is away, and measures how fast that is made up for.
func (r *Report) recovery(ctx context.Context, b *bencher, deals []deal, out io.Writer) error {
	fmt.Fprintf(out, "%d changes on a day on which the CRM is away …\n", backlog)
	deals = deals[:backlog]
	if err := b.outOfWindow(ctx); err != nil {
		return err
	}
	if err := b.dayWithoutCRM(ctx, deals); err != nil {
		return err
	}
	fmt.Fprintln(out, "the CRM is back …")
	of, err := b.makesUp(ctx)
	if err != nil {
		return err
	}
	if err := b.call(ctx, http.MethodPost, b.local.Dataverse.Control+"/switches", limits(6000, 1200, 52), nil); err != nil {
		return err
	}
	now, err := b.records(ctx)
	if err != nil {
		return err
	}
	behind := 0
	for i, d := range deals {
		if number(now.Opportunities[d.opportunity].Value.String()) != float64(valueAfterOutage+i) {
			behind++
		}
	}
	if behind > 0 {
		return fmt.Errorf("%d of %d opportunities do not show what was changed while the CRM was away", behind, len(deals))
	}
	return r.recovered(of)
}

// valueAfterOutage and more are the values that the deals get.
const valueAfterOutage = 500_000

func (b *bencher) dayWithoutCRM(ctx context.Context, deals []deal) error {
	away := control.Fault{Match: control.Match{URL: "/api/data/"}, Do: "status", Status: http.StatusServiceUnavailable}
	if err := b.call(ctx, http.MethodPost, b.local.Dataverse.Control+"/faults", away, nil); err != nil {
		return err
	}
	each := len(deals) / portions
	for p := range portions {
		err := parallel(each, func(i int) error {
			i += p * each
			return b.call(ctx, http.MethodPost, b.local.PartnerCenter.Control+"/user", fields{"do": "update", "id": deals[i].referral,
				"changes": fields{"/details/dealValue": valueAfterOutage + i}}, nil)
		})
		if err != nil {
			return err
		}
		if err := b.tried(ctx); err != nil {
			return err
		}
		if err := b.w.Advance(ctx, outage/portions); err != nil {
			return err
		}
		if err := b.tried(ctx); err != nil {
			return err
		}
	}
	return nil
}

// makesUp ends the outage and follows the clock until no message is left. While all of them wait the clock moves on.
func (b *bencher) makesUp(ctx context.Context) (of recovery, err error) {
	from, err := b.marks(ctx)
	if err != nil {
		return of, err
	}
	crm := b.local.Dataverse.Control
	if err := b.call(ctx, http.MethodPost, crm+"/switches", limits(crmTakes, 1200, 52), nil); err != nil {
		return of, err
	}
	if err := b.call(ctx, http.MethodDelete, crm+"/faults", nil, nil); err != nil {
		return of, err
	}
	const most = 12 * time.Hour
	for until := b.w.Now().Add(most); ; {
		q, err := b.queues(ctx)
		if err != nil {
			return of, err
		}
		of.dead = q.DeadLettered
		if q.Active+q.Locked+q.Scheduled == 0 {
			break
		}
		if b.w.Now().After(until) {
			return of, fmt.Errorf("%s after the outage messages still wait: %+v", most, q)
		}
		if q.Active+q.Locked == 0 {
			err = b.w.Advance(ctx, tickOfClock)
		} else {
			err = pause(ctx)
		}
		if err != nil {
			return of, err
		}
	}
	entries, err := b.history(ctx, crm, from[1])
	if err != nil {
		return of, err
	}
	of.calls, of.refused, of.took = callsTaken(entries)
	return of, nil
}

// callsTaken counts the calls to the CRM's Web API that it took, and those that came too soon.
func callsTaken(entries []control.Entry) (taken, refused int, took time.Duration) {
	var first, last time.Time
	for _, e := range entries {
		switch {
		case !strings.Contains(e.URL, "/api/data/"):
		case e.Status == http.StatusTooManyRequests:
			refused++
		case e.Status < http.StatusInternalServerError && e.Status != http.StatusUnauthorized:
			if first.IsZero() {
				first = e.At
			}
			taken, last = taken+1, e.At
		}
	}
	return taken, refused, last.Sub(first)
}

// tried waits until every message that was due has been tried.
func (b *bencher) tried(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for quiet := 0; quiet < 5; quiet++ { // events are on their way to the queue, too
		q, err := b.queues(ctx)
		if err != nil {
			return fmt.Errorf("waiting until every message was tried: %w", err)
		}
		if q.Active+q.Locked > 0 || len(b.w.Idle(ctx, 0)) > 0 && q.Scheduled == 0 {
			quiet = -1
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting until every message was tried: %w", err)
		}
	}
	return nil
}

// queueCounts is how many messages a queue holds.
type queueCounts struct {
	Active       int `json:"active"`
	Locked       int `json:"locked"`
	Scheduled    int `json:"scheduled"`
	DeadLettered int `json:"deadLettered"`
}

// queues are the counts of all queues together.
func (b *bencher) queues(ctx context.Context) (all queueCounts, err error) {
	var each map[string]queueCounts
	if err := b.call(ctx, http.MethodGet, b.local.ServiceBus.Control+"/queues", nil, &each); err != nil {
		return all, err
	}
	for _, q := range each {
		all.Active, all.Locked, all.Scheduled, all.DeadLettered = all.Active+q.Active, all.Locked+q.Locked, all.Scheduled+q.Scheduled, all.DeadLettered+q.DeadLettered
	}
	return all, nil
}

func pause(ctx context.Context) error {
	t := time.NewTimer(100 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
