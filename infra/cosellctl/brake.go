package main

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

type brakeCmd struct {
	Show    showBrake    `cmd:"" help:"Whether it is on, and what waits for it."`
	Release releaseBrake `cmd:"" help:"Have what waits written, and what is still to come for the same reason."`
}

type (
	showBrake    struct{}
	releaseBrake struct{ reason }
)

// Run shows the brake; anything that waits is something found.
func (*showBrake) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.ask(ctx, "brake", nil)
	if err == nil && a.Brake == nil {
		err = errOlder
	}
	if err != nil {
		return err
	}
	return foundUnless(a.Brake.Aside == 0 && !a.Brake.On, p.show(a, func() { p.brake(*a.Brake) }))
}

// Run lets it go on.
func (r *releaseBrake) Run(ctx context.Context, c *client, p *printer) error {
	a, err := c.do(ctx, "brake/release", office.Deed{Reason: r.Reason})
	if err != nil {
		return err
	}
	return p.show(a, func() {
		p.line("%s released: written from now on, and within minutes where there are many", counted(a.Total, "pair"))
	})
}

func (p *printer) brake(b office.Brake) {
	switch {
	case b.On:
		p.line("The brake is on since %s: %d of %s would be written and no edit explains it; %d at most go on by themselves", when(*b.Since), b.Aside, counted(b.Pairs, "pair"), b.Limit)
	case b.Aside > 0:
		p.line("The brake is off. %s would be written and no edit explains it; they go on by themselves unless more than %d come", counted(b.Aside, "pair"), b.Limit)
	default:
		p.line("The brake is off, and nothing waits for it")
	}
	var rows [][]string
	for _, c := range b.Causes {
		for i, id := range c.Records {
			why, since, n := "", "", ""
			if i == 0 {
				why, since, n = c.Why, when(c.Since), counted(c.Pairs, "pair")
			}
			rows = append(rows, []string{id, n, since, why})
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.table("OPPORTUNITY|OF|SINCE|WHY", rows)
		p.line("\ncosellctl preview ID shows what would be written of one, cosellctl brake release --reason WHY lets all of them go on")
	}
	if r := b.Released; r != nil {
		p.line("\nLast released by %s at %s: %s", r.By, when(r.At), r.Reason)
	}
}
