package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	doctors "github.com/cosell-sync/cosell-sync/infra/cosellctl/doctor"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

type doctorCmd struct {
	Only   string `placeholder:"NAME" help:"One check, or all whose names begin so (pc, crm, crm.steps), with what they rest on."`
	Seller string `placeholder:"WHO" help:"Whose rights in the CRM are looked at, too: by e-mail, name or id."`
}

// Run looks at everything; it is found something where anything has to be mended. Warnings, and what cannot be verified,
// are none.
func (d *doctorCmd) Run(ctx context.Context, c *client, p *printer) error {
	if !doctor.Known(doctors.All(), d.Only) {
		return &wrongError{fmt.Sprintf("there is no check %q: docs/doctor.md has them all", d.Only)}
	}
	p.progress("looking at everything: up to ten seconds")
	asks := doctors.Caller{Base: c.base, HTTP: c.http, Settings: c.settings, Ask: func(ctx context.Context, only, seller string) (office.Examination, error) {
		a, err := c.ask(ctx, "doctor", url.Values{"only": {only}, "seller": {seller}})
		var key *keyError
		switch {
		case errors.As(err, &key):
			return office.Examination{}, doctors.ErrKey
		case err == nil && a.Examined == nil:
			err = errOlder
		}
		if err != nil {
			return office.Examination{}, err
		}
		return *a.Examined, nil
	}}
	got := asks.Examine(ctx, d.Only, d.Seller)
	err := p.show(office.Answer{Examined: &office.Examination{Findings: got.Findings}}, func() { p.findings(got.Findings) })
	switch {
	case err != nil:
		return err
	case !got.Reached:
		return &awayError{c.base + " could not be asked"}
	}
	return foundUnless(doctor.Sound(got.Findings), nil)
}

// findings shows one line for each, and below it what to do.
func (p *printer) findings(all []doctor.Finding) {
	count := map[doctor.State]int{}
	for _, f := range all {
		count[f.State]++
		p.line("%-11s %-17s %s", map[bool]string{true: "cannot tell", false: string(f.State)}[f.State == doctor.Unverified], f.Check, f.Say)
		if f.Since != nil && f.State != doctor.OK {
			p.line("%29s since %s", "", when(*f.Since))
		}
		if f.Mend != "" {
			p.line("%29s %s", "", f.Mend)
		}
	}
	p.line("\n%d ok, %d warnings, %d that cannot be told from here, %d failed, %d skipped", count[doctor.OK], count[doctor.Warning], count[doctor.Unverified],
		count[doctor.Failed], count[doctor.Skipped])
}
