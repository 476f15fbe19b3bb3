package office

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Census is what work would begin with on the first day: what stands open on both sides and is in no pair.
type Census struct {
	Since  *time.Time `json:"since,omitempty"`       // what is made was changed since then
	Begun  *time.Time `json:"started,omitempty"`     // when it has begun already: from which day
	Paired int        `json:"paired"`                // open referrals in pairs already
	Older  int        `json:"older"`                 // left out by Since
	Hidden int        `json:"unreadPairs,omitempty"` // pairs whose rows cannot be read: nothing is made for them either
	Found  []Found    `json:"found"`

	// Flows are those of Microsoft's connector that are on: they would write beside us. Unread says why nobody could look.
	Flows  []OldFlow `json:"flows,omitempty"`
	Unread string    `json:"flowsUnread,omitempty"`

	Taken   int    `json:"taken,omitempty"`   // of Found, that are looked at now; the rest comes with reconcile
	Setting string `json:"setting,omitempty"` // to keep, once it has begun
}

// OldFlow is a cloud flow of Microsoft's connector.
type OldFlow struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Changed time.Time `json:"changed"` // when it was switched on, or changed since
}

// OldFlows lists the flows of Microsoft's connector that are on. Refused of class Ours: they are not ours to read.
type OldFlows interface {
	OldFlows(ctx context.Context) ([]OldFlow, error)
}

// flows adds the flows that are on, or why nobody could look.
func (o *Office) flows(ctx context.Context, c *Census) (err error) {
	if o.OldFlows == nil {
		return nil
	}
	if c.Flows, err = o.OldFlows.OldFlows(ctx); fault.ClassOf(err) == fault.Ours {
		c.Unread = "the application user may not read cloud flows (prvReadWorkflow): look in Power Automate whether those of Microsoft's connector are off"
		return nil
	}
	return err
}

// Found is a record that is in no pair.
type Found struct {
	Kind     string    `json:"kind"` // referral, lead, opportunity
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Status   string    `json:"status"`
	Changed  time.Time `json:"changed"`
	Fate     string    `json:"fate"` // comes, shared, incomplete, links, several, asks, foreign, taken, closedhere, closed, unknown, unread, outside, letgo, keptout
	Other    string    `json:"other,omitempty"`
	Problems []Held    `json:"problems,omitempty"`
}

// Makes says whether a record would be created of it.
func (f Found) Makes() bool { return f.Fate == "comes" || f.Fate == "shared" || f.Fate == "incomplete" }

// AdoptPlan lists what adopt would begin with. since ("" for any age) is a day or a moment. Nothing is written.
func (o *Office) AdoptPlan(ctx context.Context, since string) (Census, error) {
	desk, err := o.desk()
	if err != nil {
		return Census{}, err
	}
	day, err := dayIn(since)
	if err != nil {
		return Census{}, err
	}
	from, begun, err := desk.Started(ctx)
	if err != nil {
		return Census{}, err
	}
	if day.IsZero() && begun {
		day = from
	}
	c, err := desk.Census(ctx, day)
	if err != nil {
		return Census{}, err
	}
	if !day.IsZero() {
		c.Since = &day
	}
	if begun {
		c.Begun = &from
	}
	if c.Found == nil {
		c.Found = []Found{}
	}
	return c, o.flows(ctx, &c)
}

// Adopt lets the work begin, by the word of a person, and has everything looked at that AdoptPlan lists. Before
// that nothing is created on either side. It may be called again: what is in a pair by then is not made twice.
// Refused: it has begun with another day, which only the setting changes; or flows of Microsoft's connector are on, which
// would write beside us.
func (o *Office) Adopt(ctx context.Context, a Act, since string) (Census, error) {
	c, err := o.AdoptPlan(ctx, since)
	if err != nil {
		return c, err
	}
	if len(c.Flows) > 0 {
		return c, fault.New(fault.Refused, "%s; they would write beside this installation", doctor.FlowsOn(names(c.Flows))).
			OfClass(fault.Rule).With("flows.on", doctor.FlowsMend(len(c.Flows), true)+" before the work begins")
	}
	from := c.firstDay(o.Now())
	if c.Begun != nil {
		if since != "" && !c.Since.Equal(*c.Begun) {
			return c, fault.New(fault.Refused, "the work has begun already, with what was changed since %s", c.Begun.Format(time.RFC3339)).
				OfClass(fault.Rule).With("start.done", "set SYNC_STARTED to change that")
		}
		from = *c.Begun
	} else if err := o.Desk.Start(ctx, from); err != nil {
		return c, err
	}
	c.Setting = "SYNC_STARTED=" + setting(from)
	o.did(ctx, a, "adopt", "started", setting(from), "found", len(c.Found))
	c.Taken, err = o.takeUp(ctx, c.Found)
	return c, err
}

func names(flows []OldFlow) (out []string) {
	for _, f := range flows {
		out = append(out, f.Name)
	}
	return out
}

// atOnce is how many records are handed over together.
const atOnce = 50

// takeUp has records looked at, as many as one call has time for.
func (o *Office) takeUp(ctx context.Context, found []Found) (taken int, err error) {
	began := time.Now()
	for taken < len(found) && time.Since(began) < longestPage {
		some := found[taken:min(taken+atOnce, len(found))]
		if err := o.Desk.TakeUp(ctx, some); err != nil {
			return taken, err
		}
		taken += len(some)
	}
	return taken, nil
}

// firstDay is the day to keep in the settings: the one that was asked for, else one before everything that is made.
func (c Census) firstDay(now time.Time) time.Time {
	if c.Since != nil {
		return *c.Since
	}
	first := now
	for _, f := range c.Found {
		if f.Makes() && !f.Changed.IsZero() && f.Changed.Before(first) {
			first = f.Changed
		}
	}
	return first.UTC().Truncate(24 * time.Hour)
}

// setting is a day as settings have it, a moment where it is none.
func setting(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339)
}

func dayIn(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "--since must be a day, as 2026-03-01, or a moment, as 2026-03-01T08:00:00Z")
}
