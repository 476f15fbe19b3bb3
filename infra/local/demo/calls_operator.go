package demo

import (
	"net/http"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const operatorRoute = "/api/operator/"

// previews counts what an operator's question costs: of a pair in step, and of one that an event has not reached.
func (c *counter) previews() {
	s := c.s
	account := s.customer("Preview GmbH", "DE")
	deal := s.opportunity("Preview", 20000, account, nil)
	s.solution(deal, "SOL-12345-ABC", "Northwind Forecast")
	s.sync(deal)
	s.settle()
	c.asked("preview of a pair in step", ceilingPreview, "preview?id="+deal)
	s.everywhere("/delivery", control.Delivery{Lose: 1})
	s.crmUpdate("opportunity", deal, fields{"estimatedvalue": 21000})
	s.settle()
	s.everywhere("/delivery", control.Delivery{})
	c.asked("preview of a pair that was changed in CRM", ceilingFromOpportunity, "preview?id="+deal)
}

// firstDay counts the list of what is in no pair, and what taking up one record of it costs.
func (c *counter) firstDay() {
	s := c.s
	s.everywhere("/delivery", control.Delivery{Lose: 1})
	s.portal("create", fields{"referral": fields{"name": "Budget adopted"}})
	s.settle()
	s.everywhere("/delivery", control.Delivery{})
	c.asked("adopt --plan, all lists", ceilingCensus, "adopt")
	c.counted("adopt --yes, each record that comes in", ceilingNewFromReferral, func() {
		s.operate(http.MethodPost, operatorRoute+"adopt", fields{"reason": "counting calls"}, http.StatusOK)
	})
}

// asked counts all calls of one question; it may write nothing.
func (c *counter) asked(name string, ceiling int, route string) {
	l := c.s.look()
	c.s.operate(http.MethodGet, operatorRoute+route, nil, http.StatusOK)
	l.settle()
	total := spent{}
	for _, entries := range l.calls {
		for _, e := range entries {
			if !isCall(e) {
				continue
			}
			total.calls++
			if isWrite(e) {
				total.writes++
			}
		}
	}
	c.s.check(total.writes == 0, "%s: the product wrote %d times", name, total.writes)
	c.row(name, total, ceiling)
}
