package dataversesim

import (
	"math/big"
	"time"
)

// deriveLine works out the amounts of a product line, in the currency of its opportunity.
func (s *Simulator) deriveLine(v map[string]any) {
	v["opportunityproductname"] = v["productdescription"]
	if v["productdescription"] == nil {
		delete(v, "opportunityproductname")
	}
	to, _ := v["opportunityid"].(ref)
	if parent := s.db.get("opportunity", to.id); parent != nil {
		v["transactioncurrencyid"] = parent.v["transactioncurrencyid"]
	}
	base := new(big.Rat).Mul(amount(v["quantity"]), amount(v["priceperunit"]))
	v["baseamount"] = ratDecimal(base, 2)
	extended := new(big.Rat).Sub(base, amount(v["manualdiscountamount"]))
	v["extendedamount"] = ratDecimal(extended.Add(extended, amount(v["tax"])), 2)
}

func amount(v any) *big.Rat {
	if d, ok := v.(decimal); ok {
		return d.rat()
	}
	return new(big.Rat)
}

// deriveTotals puts the sum of the product lines on an opportunity, and on its estimated revenue where the
// system calculates that.
func (s *Simulator) deriveTotals(v map[string]any) {
	id, _ := v["opportunityid"].(guid)
	sum, lines := new(big.Rat), 0
	for _, r := range s.pointing("opportunityproduct", "opportunityid", string(id)) {
		sum.Add(sum, amount(r.v["extendedamount"]))
		lines++
	}
	system := v["isrevenuesystemcalculated"] == true
	if lines == 0 && !system && v["totalamount"] == nil {
		return
	}
	total := ratDecimal(sum, 2)
	v["totallineitemamount"], v["totalamount"] = total, total
	if system {
		v["estimatedvalue"] = total
	}
}

// pointing are the rows of a table whose lookup leads to an opportunity.
func (s *Simulator) pointing(table, column, id string) []*row {
	var out []*row
	want := ref{"opportunity", id}
	for _, sl := range s.db.tables[table].order {
		if sl.row != nil && sl.row.v[column] == want {
			out = append(out, sl.row)
		}
	}
	return out
}

// totals follows a change of product lines on the opportunities that they hang on: an update by the system,
// with its own event.
func (t *tx) totals(tab *table, lines ...*row) {
	if tab.name != "opportunityproduct" {
		return
	}
	opportunities := t.s.schema.tables["opportunity"]
	done := map[string]bool{}
	for _, line := range lines {
		old := t.s.db.get("opportunity", line.ref("opportunityid").id)
		if old == nil || done[old.id] {
			continue // the line went with its opportunity
		}
		done[old.id] = true
		v := old.values()
		order := []string{"totallineitemamount", "totalamount"}
		if v["isrevenuesystemcalculated"] == true {
			order = append(order, "estimatedvalue")
		}
		t.stamp(opportunities, v, false)
		if t.s.derive(opportunities, v) != nil {
			continue // an opportunity without a currency has no total
		}
		t.raiseUpdate(opportunities, old, t.put(opportunities, old.id, v), order)
	}
}

// checkCurrency refuses another currency on an opportunity that is closed or has products or quotes.
// https://learn.microsoft.com/dynamics365/sales/create-edit-opportunity-sales
func (s *Simulator) checkCurrency(tab *table, old *row, ch *change) error {
	to, named := ch.set["transactioncurrencyid"]
	if tab.name != "opportunity" || !named || to == old.v["transactioncurrencyid"] {
		return nil
	}
	if old.number("statecode") == 0 && len(s.pointing("opportunityproduct", "opportunityid", old.id))+len(s.pointing("quote", "opportunityid", old.id)) == 0 {
		return nil
	}
	return fail(400, codeCurrencyChange, "The currency cannot be changed because the opportunity is closed, or has products or quotes.")
}

// checkClose refuses a close while quotes are open, on a day to come, or in another currency, where the
// switches say so.
func (s *Simulator) checkClose(cl *closing) error {
	open := 0
	for _, q := range s.pointing("quote", "opportunityid", cl.opportunity.id) {
		if q.number("statecode") <= 1 {
			open++
		}
	}
	blocks := s.sw.text("openQuotes")
	if open > 0 && (blocks == "both" || blocks == "won" && cl.message == "Win") {
		return fail(400, s.sw.text("openQuotesCode"), "This opportunity cannot be closed because it has %d quotes that are in a draft or active state. Close the quotes first.", open)
	}
	if end, ok := cl.activity.set["actualend"]; ok && s.sw.text("futureClose") == "refused" && dayOf(end) > dayOf(s.now().UTC()) {
		return fail(400, codeInvalidArgument, "The actual close date (%s) cannot be in the future.", dayOf(end))
	}
	currency, named := cl.activity.set["transactioncurrencyid"].(ref)
	if named && s.sw.text("closeCurrency") == "refused" && currency != cl.opportunity.ref("transactioncurrencyid") {
		return fail(400, codeCannotClose, "The opportunity cannot be closed: the currency of the opportunity close differs from the currency of the opportunity.")
	}
	return nil
}

// dayOf is the day of an instant, in UTC.
func dayOf(v any) string {
	at, _ := v.(time.Time)
	return at.Format(time.DateOnly)
}
