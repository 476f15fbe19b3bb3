package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

type reportCmd struct {
	Day string `placeholder:"DAY" help:"Of which day (UTC), as 2026-11-26; the newest one if left out. Reports are kept for 30 days."`
}

// Run shows a daily report; anything that it lists is something found.
func (r *reportCmd) Run(ctx context.Context, c *client, p *printer) error {
	var query url.Values
	if r.Day != "" {
		query = url.Values{"day": {r.Day}}
	}
	a, err := c.ask(ctx, "report", query)
	if err != nil {
		return err
	}
	if a.Report == nil {
		return &wrongError{"this app knows no reports"}
	}
	return foundUnless(a.Report.Empty(), p.show(a, func() { p.report(*a.Report) }))
}

func (p *printer) report(r office.Report) {
	p.line("%s, as of %s: %d held, %d of them for more than 14 days; %d ignored; %s about to expire",
		r.Day, when(r.At), r.Counts.Held, r.Counts.Old, r.Counts.Ignored, counted(r.Counts.Expiring, "invitation"))
	if r.Counts.Same+r.Counts.Different > 0 {
		p.line("shadow: %d the same, %d different", r.Counts.Same, r.Counts.Different)
	}
	var rows [][]string
	for _, h := range r.Held {
		since := when(h.Since)
		if h.Old {
			since += " (old)"
		}
		rows = append(rows, []string{h.OpportunityID, h.Field, side(h.Place), h.Text, since, h.Mend})
	}
	p.listed("HELD|FIELD|NOT TAKEN BY|WHY|SINCE|WHAT TO DO", rows, r.Counts.Held)
	p.listed("IGNORED|WHY|SINCE|LINK|WHAT TO DO", referrals(r.Ignored), r.Counts.Ignored)
	p.listed("EXPIRES|WHY|SINCE|LINK|WHAT TO DO", referrals(r.Expiring), r.Counts.Expiring)
	var shadow [][]string
	for _, s := range r.Shadow {
		shadow = append(shadow, []string{s.OpportunityID, s.ReferralID, strings.Join(s.Would, "; "), strings.Join(s.Problems, " "), when(s.At)})
	}
	p.listed("SHADOW|REFERRAL|WOULD|PROBLEMS|LOOKED AT", shadow, r.Counts.Different)
}

func referrals(list []office.Reported) (rows [][]string) {
	for _, h := range list {
		rows = append(rows, []string{h.ReferralID, h.Text, when(h.Since), h.Link, h.Mend})
	}
	return rows
}

// listed prints a table, where there is anything, and how many rows of all are not in it.
func (p *printer) listed(heading string, rows [][]string, all int) {
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.table(heading, rows)
	if rest := all - len(rows); rest > 0 {
		p.line("and %d more", rest)
	}
}
