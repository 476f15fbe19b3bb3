package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

type previewCmd struct {
	ID  string `arg:"" optional:"" help:"Id of an opportunity or a referral, or a part of the name of a pair."`
	All bool   `help:"Every pair, and every open record that is in none."`
}

// Validate implements kong's check of the arguments.
func (v *previewCmd) Validate() error { return oneOrAll(v.ID, v.All) }

// Run previews one record or all; it is found something where anything would be written or held.
func (v *previewCmd) Run(ctx context.Context, c *client, p *printer) error {
	all, err := v.read(ctx, c, p)
	if err != nil {
		return err
	}
	counts := office.Count(all)
	answer := office.Answer{Previews: all, Counts: &counts}
	return foundUnless(counts.InStep == counts.Records, p.show(answer, func() { p.previews(all, counts) }))
}

func (v *previewCmd) read(ctx context.Context, c *client, p *printer) ([]office.Preview, error) {
	if v.ID != "" {
		a, err := c.ask(ctx, "preview", url.Values{"id": {v.ID}})
		return a.Previews, err
	}
	all, err := everyPair(ctx, c, p)
	if err != nil {
		return nil, err
	}
	shown := map[string]bool{} // what waits for the start is both: remembered, and in no pair
	for _, v := range all {
		shown[v.OpportunityID], shown[v.ReferralID] = true, true
	}
	alone, err := lone(ctx, c, p, shown)
	return append(all, alone...), err
}

// everyPair previews every pair, page by page.
func everyPair(ctx context.Context, c *client, p *printer) (all []office.Preview, err error) {
	for query := (url.Values{}); ; {
		a, err := c.ask(ctx, "preview", query)
		if err != nil {
			return nil, err
		}
		all = append(all, a.Previews...)
		if a.Total > len(a.Previews) {
			p.progress("%d of %d pairs", len(all), a.Total)
		}
		if a.Next == "" {
			return all, nil
		}
		query = url.Values{"after": {a.Next}}
	}
}

// atOnce is how many ids one question names: an address has its limit.
const atOnce = 50

// lone previews every open record that is in no pair, but for those that were shown.
func lone(ctx context.Context, c *client, p *printer, shown map[string]bool) (all []office.Preview, err error) {
	a, err := c.ask(ctx, "adopt", nil)
	if err == nil && a.Census == nil {
		err = errOlder
	}
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range a.Census.Found {
		if f.Fate != "letgo" && f.Fate != "keptout" && f.Fate != "outside" && !shown[f.ID] {
			ids = append(ids, f.ID)
		}
	}
	total := len(ids)
	for len(ids) > 0 {
		some := ids[:min(atOnce, len(ids))]
		a, err := c.ask(ctx, "preview", url.Values{"ids": {strings.Join(some, ",")}})
		if err != nil {
			return nil, err
		}
		all = append(all, a.Previews...)
		left := 0
		if a.Next != "" {
			left = strings.Count(a.Next, ",") + 1
		}
		if ids = ids[len(some)-left:]; total > atOnce {
			p.progress("%d of %d records that are in no pair", total-len(ids), total)
		}
	}
	return all, nil
}

type driftCmd struct{}

// Run lists what differs in all pairs; it is found something where anything does.
func (*driftCmd) Run(ctx context.Context, c *client, p *printer) error {
	all, err := everyPair(ctx, c, p)
	if err != nil {
		return err
	}
	var differing []office.Preview
	failed, unexplained := 0, 0
	for _, v := range all {
		for _, d := range v.Differences {
			if d.Unexplained {
				unexplained++
			}
		}
		if v.Failed != "" {
			failed++
		}
		if len(v.Differences) > 0 || v.Failed != "" {
			differing = append(differing, v)
		}
	}
	answer := office.Answer{Previews: differing, Total: len(all), Unexplained: &unexplained}
	return foundUnless(len(differing) == 0, p.show(answer, func() {
		p.line("%s, %d of them with differences, %d that cannot be read; %s", counted(len(all), "pair"), len(differing)-failed, failed, counted(unexplained, "difference")+" unexplained")
		p.drift(differing)
	}))
}

// previews shows the counts first, then what would be written, what differs, and what is in the way.
func (p *printer) previews(all []office.Preview, c office.PreviewCounts) {
	p.line("%s: %d would create, %d would change, %d would tell, %d would be refused, %d would be held, %d would wait, %d cannot be read, %d in step",
		counted(c.Records, "record"), c.Create, c.Change, c.Tell, c.Refused, c.Held, c.Wait, c.Failed, c.InStep)
	var rows [][]string
	for _, v := range all {
		id := v.OpportunityID
		if id == "" {
			id = v.ReferralID
		}
		add := func(cells ...string) { rows = append(rows, append([]string{id, v.Name, v.Does}, cells...)) }
		if v.Failed != "" {
			add("", "", "", "cannot be read: "+v.Failed)
		}
		for _, w := range v.Writes {
			from := w.From
			if w.New {
				from = "(new)"
			}
			add(w.To, w.Field, from, w.Value)
		}
		for _, h := range v.Problems {
			what := "refused"
			if h.Class == "rule" {
				what = "held"
			}
			add(side(h.Place), h.Field, what, h.Text)
		}
		if v.Waits != "" {
			add("", "", "waits", v.Waits)
		}
		if v.Does == office.Tells {
			for _, line := range v.Lines {
				add("CRM", "audit", "", line)
			}
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.table("RECORD|NAME|DOES|TO|FIELD|FROM|VALUE", rows)
	}
	p.drift(all)
}

// drift shows who wins, and why.
func (p *printer) drift(all []office.Preview) {
	var rows [][]string
	for _, v := range all {
		if v.Failed != "" && len(v.Differences) == 0 {
			rows = append(rows, []string{v.OpportunityID, v.Name, "", "", "", "", "cannot be read: " + v.Failed})
		}
		for _, d := range v.Differences {
			wins := map[string]string{"CRM": "Partner Center", "Partner Center": "CRM"}[d.Goes]
			if wins == "" {
				wins = "nobody"
			}
			rows = append(rows, []string{v.OpportunityID, v.Name, d.Field, d.Opportunity, d.Referral, wins, d.Why})
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.table("DIFFERS|NAME|FIELD|CRM|PARTNER CENTER|WINS|WHY", rows)
	}
}
