package main

import (
	"context"
	"errors"
	"net/url"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

type statusCmd struct {
	What string `arg:"" name:"id|name" help:"Id of an opportunity, a referral or an engagement, or a part of the name."`
}

// Run shows a pair; it is found something where the pair is not in step.
func (s *statusCmd) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.ask(ctx, "status", url.Values{"id": {s.What}})
	if err != nil {
		return err
	}
	inStep := true
	for _, r := range a.Records {
		inStep = inStep && r.InStep
	}
	return foundUnless(inStep, p.show(a, func() { p.records(a) }))
}

type resyncCmd struct {
	ID string `arg:"" help:"Id of an opportunity or a referral."`
}

// Run asks for a look.
func (r *resyncCmd) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "resync", office.Deed{ID: r.ID})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("%s will be looked at in a moment", r.ID) })
}

func oneOrAll(id string, all bool) error {
	if (id == "") == !all {
		return errors.New("either an id or --all")
	}
	return nil
}

type heldCmd struct {
	List  listHeld  `cmd:"" help:"Everything that is held, the oldest first."`
	Show  showHeld  `cmd:"" help:"What is held under an id, and what to do."`
	Retry retryHeld `cmd:"" help:"Try it again now."`
	Drop  dropHeld  `cmd:"" help:"Forget it: it is not tried again until the value changes."`
}

type (
	listHeld  struct{}
	showHeld  struct{ idArg }
	retryHeld struct{ idArg }
	dropHeld  struct {
		idArg
		reason
	}
)

// idArg and reason are what several verbs take.
type idArg struct {
	ID string `arg:"" help:"Id of a row, an opportunity or a referral."`
}

type reason struct {
	Reason string `required:"" help:"Why: it cannot be undone, and the log keeps it."`
}

// Run lists; anything held is something found.
func (*listHeld) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.ask(ctx, "held", nil)
	if err != nil {
		return err
	}
	return foundUnless(len(rows(a.Held)) == 0, p.show(a, func() { p.heldTable(rows(a.Held)) }))
}

// Run shows the rows of an id.
func (s *showHeld) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.ask(ctx, "held", url.Values{"id": {s.ID}})
	if err != nil {
		return err
	}
	return foundUnless(false, p.show(a, func() { p.heldWhole(rows(a.Held)) }))
}

// Run has rows tried again.
func (s *retryHeld) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "held/retry", office.Deed{ID: s.ID})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("%d held, tried again in a moment", len(rows(a.Held))) })
}

// Run forgets rows.
func (s *dropHeld) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "held/drop", office.Deed{ID: s.ID, Reason: s.Reason})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("%d dropped", len(rows(a.Held))) })
}

type parkedCmd struct {
	List   listParked   `cmd:"" help:"Everything that is parked, the oldest first."`
	Show   showParked   `cmd:"" help:"One parked message whole."`
	Replay replayParked `cmd:"" help:"Send it anew, once its cause is mended."`
	Drop   dropParked   `cmd:"" help:"Throw it away."`
}

type (
	listParked   struct{}
	showParked   struct{ parkedArg }
	replayParked struct {
		ID  string `arg:"" optional:"" help:"Id of the parked message."`
		All bool   `help:"Every parked message that can be replayed."`
	}
	dropParked struct {
		parkedArg
		reason
	}
)

type parkedArg struct {
	ID string `arg:"" help:"Id of the parked message."`
}

// Run lists; anything parked is something found.
func (*listParked) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.ask(ctx, "parked", nil)
	if err != nil {
		return err
	}
	return foundUnless(len(rows(a.Parked)) == 0, p.show(a, func() { p.parkedTable(rows(a.Parked)) }))
}

// Run shows one message.
func (s *showParked) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.ask(ctx, "parked", url.Values{"id": {s.ID}})
	if err != nil {
		return err
	}
	return foundUnless(false, p.show(a, func() { p.parkedWhole(rows(a.Parked)) }))
}

// Validate implements kong's check of the arguments.
func (s *replayParked) Validate() error { return oneOrAll(s.ID, s.All) }

// Run replays one message or all of them.
func (s *replayParked) Run(ctx context.Context, c *client, p *printer) error {
	ids := []string{s.ID}
	if s.All {
		a, err := c.ask(ctx, "parked", nil)
		if err != nil {
			return err
		}
		ids = nil
		for _, r := range rows(a.Parked) {
			ids = append(ids, r.ID)
		}
	}
	var failed []error
	for _, id := range ids {
		var away *awayError
		if _, err := c.do(ctx, "parked/replay", office.Deed{ID: id}); errors.As(err, &away) {
			return err
		} else if err != nil {
			failed = append(failed, err)
		}
	}
	done := office.Answer{Done: len(failed) == 0}
	return errors.Join(p.show(done, func() { p.line("%d of %d replayed", len(ids)-len(failed), len(ids)) }), errors.Join(failed...))
}

// Run throws one message away.
func (s *dropParked) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "parked/drop", office.Deed{ID: s.ID, Reason: s.Reason})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("dropped") })
}

type linkCmd struct {
	Opportunity string `arg:"" help:"Id of the opportunity."`
	Referral    string `arg:"" help:"Id of the referral."`
	reason
}

// Run links two records.
func (l *linkCmd) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "link", office.Deed{ID: l.Opportunity, Referral: l.Referral, Reason: l.Reason})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("linked") })
}

type unlinkCmd struct {
	ID string `arg:"" help:"Id of the opportunity or the referral."`
	reason
}

// Run ends a pair.
func (u *unlinkCmd) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "unlink", office.Deed{ID: u.ID, Reason: u.Reason})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("unlinked") })
}

type askAgainCmd struct {
	ID string `arg:"" help:"Id of the opportunity or the referral."`
	reason
}

// Run asks Microsoft again.
func (a *askAgainCmd) Run(ctx context.Context, c *client, p *printer) error {
	answer, err := c.do(ctx, "ask-again", office.Deed{ID: a.ID, Reason: a.Reason})
	if err != nil {
		return err
	}
	return p.show(answer, func() { p.line("Microsoft is asked again; the opportunity's Audit says what became of it") })
}

type closeTestCmd struct {
	ID string `arg:"" help:"Id of the opportunity or the referral."`
	reason
}

// Run closes the referral of a trial.
func (t *closeTestCmd) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "close-test", office.Deed{ID: t.ID, Reason: t.Reason})
	if err != nil {
		return err
	}
	return p.show(a, func() { p.line("closed as a test") })
}

func rows[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}

func foundUnless(nothing bool, err error) error {
	if err == nil && !nothing {
		return errFound
	}
	return err
}
