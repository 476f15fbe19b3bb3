package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/reports"
)

// CallRow is one kind of change in .build/reports/calls.json: what the product spent on it, counted by the
// simulators, beside the ceiling of the specification. Tokens and what is cached for an hour do not count.
type CallRow struct {
	Case    string `json:"case"`
	Calls   int    `json:"calls"`
	Writes  int    `json:"writes"`
	Ceiling int    `json:"ceiling"`
}

// Held says whether the ceiling was kept.
func (r CallRow) Held() bool { return r.Calls <= r.Ceiling }

// CallReport is .build/reports/calls.json.
type CallReport struct {
	Rows []CallRow `json:"rows"`
}

// Ceilings of remote calls per change (spec/reliability.md, 8.2).
const (
	ceilingFromReferral    = 2 // read the referral, write the opportunity
	ceilingFromOpportunity = 3 // read both, write the referral
	ceilingEcho            = 1 // read the side that reported
	ceilingNewFromReferral = 6
	ceilingNewPrivate      = 3
	ceilingNewCoSell       = 4
	ceilingReconcile       = 1 // per feed, when nothing changed
	ceilingPreview         = 2 // reads both, as the event would; writes nothing
	ceilingCensus          = 7 // a page of each of the two states there, of each of the three questions in CRM, and two about Microsoft's flows
)

// CountCalls makes one change of each kind in a world that has just started and counts.
func CountCalls(ctx context.Context, local control.Local, out io.Writer) (CallReport, error) {
	s, err := Open(ctx, local, io.Discard)
	if err != nil {
		return CallReport{}, err
	}
	defer s.Close()
	s.operate(http.MethodPost, registrationRoute, fields{"overwrite": true}, http.StatusOK)
	s.coSell("Warming up", 10000) // metadata, currencies, the catalogue: read once an hour
	s.portal("create", fields{"referral": fields{"name": "Warming up"}})
	s.settle()
	s.afterPass()
	c := &counter{s: s}
	c.fromCRM()
	c.fromPortal()
	c.leads()
	c.previews()
	c.firstDay()
	c.quietPass()
	for _, r := range c.report.Rows {
		kept := "kept"
		if !r.Held() {
			kept = "NOT KEPT"
		}
		fmt.Fprintf(out, "%-52s %3d calls, %d of them writes; ceiling %d: %s\n", r.Case, r.Calls, r.Writes, r.Ceiling, kept)
	}
	return c.report, s.err
}

// counter fills the report.
type counter struct {
	s      *Story
	report CallReport
}

// spent is what one event led to.
type spent struct{ calls, writes int }

// counted lets somebody act and adds a row for the change, which is the event that cost the most, and one
// for all others: echoes of our own writes, and events that find nothing left to do.
func (c *counter) counted(change string, ceiling int, act func()) *look {
	l := c.s.look()
	act()
	l.settle()
	events := perEvent(l)
	if len(events) == 0 {
		c.s.fail("%s: the product called nobody", change)
		return l
	}
	slices.SortFunc(events, func(a, b spent) int { return cmp.Or(b.writes-a.writes, b.calls-a.calls) })
	c.row(change, events[0], ceiling)
	if rest := events[1:]; len(rest) > 0 {
		c.row(change+", each echo", slices.MaxFunc(rest, func(a, b spent) int { return a.calls - b.calls }), ceilingEcho)
	}
	return l
}

func (c *counter) row(name string, s spent, ceiling int) {
	c.report.Rows = append(c.report.Rows, CallRow{Case: name, Calls: s.calls, Writes: s.writes, Ceiling: ceiling})
}

// perEvent groups the product's calls by the trace that it sends along, which is one event's.
func perEvent(l *look) (out []spent) {
	byTrace := map[string]*spent{}
	for _, entries := range l.calls {
		for _, e := range entries {
			trace := cmp.Or(e.RequestHeaders["Ms-Correlationid"], e.RequestHeaders["X-Ms-Correlation-Request-Id"])
			if !isCall(e) || trace == "" {
				continue
			}
			if byTrace[trace] == nil {
				byTrace[trace] = &spent{}
			}
			byTrace[trace].calls++
			if isWrite(e) {
				byTrace[trace].writes++
			}
		}
	}
	for _, s := range byTrace {
		out = append(out, *s)
	}
	return out
}

func (c *counter) fromCRM() {
	s := c.s
	account := s.customer("Budget GmbH", "DE")
	private := s.opportunity("Budget private", 20000, account, nil)
	s.solution(private, "SOL-12345-ABC", "Northwind Forecast")
	s.settle()
	c.counted("new from CRM, private", ceilingNewPrivate, func() { s.sync(private) })
	coSell, _ := s.ready("Budget co-sell", 30000)
	s.settle()
	c.counted("new from CRM, co-sell", ceilingNewCoSell, func() { s.sync(coSell) })
	c.counted("changed in CRM, linked", ceilingFromOpportunity, func() {
		s.crmUpdate("opportunity", private, fields{"estimatedvalue": 21000})
	})
}

func (c *counter) fromPortal() {
	s := c.s
	var m made
	c.counted("new from Partner Center", ceilingNewFromReferral, func() {
		m = s.portal("create", fields{"referral": fields{"name": "Budget portal"}})
	})
	c.counted("changed in Partner Center, linked", ceilingFromReferral, func() {
		s.portal("update", fields{"id": m.ID, "changes": fields{"/details/dealValue": 43210}})
	})
}

// quietPass counts a reconcile pass that finds nothing: one page per feed, no reads by id, no writes.
func (c *counter) quietPass() {
	s := c.s
	pass := func() {
		s.keep(s.c.Call(s.ctx, http.MethodPost, s.c.Local.Host.Control, "/trigger", fields{"function": "reconcile"}, nil))
	}
	pass()
	s.settle()
	l := s.look()
	pass()
	l.settle()
	feeds := map[string]spent{}
	for system, entries := range l.calls {
		for _, e := range entries {
			if !isCall(e) {
				continue
			}
			feed := feeds[system+" "+e.URL]
			feed.calls++
			if isWrite(e) {
				feed.writes++
			}
			feeds[system+" "+e.URL] = feed
		}
	}
	most := spent{}
	for _, feed := range feeds {
		most.calls, most.writes = max(most.calls, feed.calls), most.writes+feed.writes
	}
	c.row("reconcile, nothing changed, each feed", most, ceilingReconcile)
}

// Write puts the report into a file, making its folder.
func (r CallReport) Write(file string) error { return reports.Write(file, r) }
