package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

// printer shows answers to a person, or as JSON to a program.
type printer struct {
	out    io.Writer
	beside io.Writer // for what is no answer; nil: nowhere
	json   bool
}

// show prints the answer as JSON, or calls person.
func (p *printer) show(a any, person func()) error {
	if !p.json {
		person()
		return nil
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(a)
}

// line prints what people and other systems have written, so without what a terminal would obey.
func (p *printer) line(format string, args ...any) {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, args...))
	fmt.Fprintln(p.out, text)
}

// table prints rows under a heading, each column as wide as it has to be.
func (p *printer) table(heading string, rows [][]string) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	if heading != "" {
		fmt.Fprintln(w, strings.ReplaceAll(heading, "|", "\t"))
	}
	for _, r := range rows {
		for i := range r {
			r[i] = flat(r[i])
		}
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	_ = w.Flush()
}

// widest is the most that a cell shows.
const widest = 80

// flat keeps a cell on one line. A link is not cut: half of it opens nothing.
func flat(s string) string {
	s = strings.Join(strings.FieldsFunc(s, unicode.IsControl), " ")
	if runes := []rune(s); len(runes) > widest && !isLink(s) {
		return string(runes[:widest-1]) + "…"
	}
	return s
}

func isLink(s string) bool {
	return strings.HasPrefix(s, "https://") && !strings.ContainsFunc(s, unicode.IsSpace)
}

// side names the system that a record is in.
func side(place string) string {
	switch place {
	case "opportunity":
		return "CRM"
	case "referral":
		return "Partner Center"
	}
	return place
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func whenKnown(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return when(*t)
}

func (p *printer) records(a office.Answer) {
	for i, r := range a.Records {
		if i > 0 {
			p.line("")
		}
		p.record(r)
	}
	if a.More {
		p.line("\nThere are more than these %d: give a longer part of the name, or an id", len(a.Records))
	}
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (p *printer) record(r office.Record) {
	p.line("%s", r.Name)
	p.line("  %s", r.Why)
	p.table("", [][]string{
		{"  opportunity", r.OpportunityID}, {"  referral", r.ReferralID}, {"  Microsoft's", r.MicrosoftID}, {"  engagement", r.EngagementID},
		{"  phase", r.Phase}, {"  last success", whenKnown(r.LastSuccess)}, {"  waits until", whenKnown(r.HeldUntil)},
	})
	if r.Unread != "" {
		p.line("\nThe records could not be read: %s", r.Unread)
	}
	if r.Sides != nil && len(r.Sides.Differences) > 0 {
		var rows [][]string
		for _, d := range r.Sides.Differences {
			rows = append(rows, []string{d.Field, d.Opportunity, d.Referral, d.Wins})
		}
		p.line("")
		p.table("DIFFERS|CRM|PARTNER CENTER|WINS", rows)
	}
	if len(r.Held) > 0 {
		p.line("")
		p.heldTable(r.Held)
	}
	if len(r.Waiting) > 0 {
		var rows [][]string
		for _, w := range r.Waiting {
			rows = append(rows, []string{w.Record, when(w.Since), w.Where, w.Say})
		}
		p.line("")
		p.table("WAITS|SINCE|WHERE|WHY", rows)
	}
	if len(r.Parked) > 0 {
		p.line("")
		p.parkedTable(r.Parked)
	}
	if len(r.Lines) > 0 {
		var rows [][]string
		for _, l := range r.Lines {
			rows = append(rows, []string{when(l.At), l.Direction, l.Action, strings.Join(l.Fields, ","), l.Result})
		}
		p.line("")
		p.table("DONE|WHERE|WHAT|FIELDS|RESULT", rows)
	}
}

func (p *printer) heldTable(all []office.Held) {
	if len(all) == 0 {
		p.line("nothing is held")
		return
	}
	var rows [][]string
	for _, h := range all {
		rows = append(rows, []string{h.ID, h.Class, when(h.Since), whenKnown(h.Next), h.Text})
	}
	p.table("HELD|CLASS|SINCE|NEXT TRY|WHAT", rows)
}

func (p *printer) heldWhole(all []office.Held) {
	for _, h := range all {
		p.line("%s", h.ID)
		p.line("  %s", h.Text)
		if h.Mend != "" {
			p.line("  What to do: %s", h.Mend)
		}
		p.table("", [][]string{
			{"  opportunity", h.OpportunityID}, {"  referral", h.ReferralID}, {"  not taken by", side(h.Place)}, {"  field", h.Field}, {"  class", h.Class},
			{"  code", h.Code}, {"  since", when(h.Since)}, {"  tries", fmt.Sprint(h.Attempts)}, {"  next try", whenKnown(h.Next)},
		})
	}
}

func (p *printer) parkedTable(all []office.Parked) {
	if len(all) == 0 {
		p.line("nothing is parked")
		return
	}
	var rows [][]string
	for _, m := range all {
		rows = append(rows, []string{m.ID, when(m.At), m.Function, m.Record, m.Reason})
	}
	p.table("PARKED|AT|FUNCTION|RECORD|WHY", rows)
}

func (p *printer) parkedWhole(all []office.Parked) {
	for _, m := range all {
		p.line("%s", m.ID)
		p.line("  %s", m.Reason)
		p.table("", [][]string{
			{"  at", when(m.At)}, {"  fault", m.Kind}, {"  function", m.Function}, {"  queue", m.Queue}, {"  record", m.Record},
			{"  attempts", fmt.Sprint(m.Attempt)}, {"  trace", m.Trace},
		})
		p.line("%s", m.Original)
	}
}
