package dataversesim

import (
	"encoding/json"
	"time"
)

const (
	stateWon  int64 = 1
	stateLost int64 = 2
)

// closing is a close of an opportunity, however it was asked for.
type closing struct {
	message     string // Win or Lose
	opportunity *row
	status      int64 // -1: the state's own
	activity    *change
}

func (c *closing) state() int64 {
	if c.message == "Win" {
		return stateWon
	}
	return stateLost
}

// closeAction answers POST WinOpportunity and POST LoseOpportunity.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/winopportunity
func (s *Simulator) closeAction(c *call, t *tx, message string) (*answer, error) {
	list, err := members(c.body)
	if err != nil {
		return nil, err
	}
	cl := closing{message: message}
	hasStatus := false
	for _, m := range list {
		switch m.name {
		case "Status":
			if err := json.Unmarshal(m.raw, &cl.status); err != nil {
				return nil, fail(400, codePayload, "Cannot convert the literal '%s' to the expected type 'Edm.Int32' of the parameter 'Status'.", clip(string(m.raw), 50))
			}
			hasStatus = true
		case "OpportunityClose":
			if cl.activity, err = s.decode(s.schema.tables["opportunityclose"], m.raw, true, c.refs); err != nil {
				return nil, err
			}
		default:
			return nil, fail(400, codePayload, "The parameter '%s' in the request payload is not a valid parameter for the operation '%sOpportunity'.", m.name, message)
		}
	}
	if cl.activity == nil || !hasStatus {
		return nil, fail(400, codeInvalidArgument, "Required field 'OpportunityClose' or 'Status' is missing for the operation '%sOpportunity'.", message)
	}
	to, ok := cl.activity.set["opportunityid"].(ref)
	if !ok {
		return nil, fail(400, codeInvalidArgument, "OpportunityClose names no opportunity: 'opportunityid@odata.bind' is missing.")
	}
	cl.opportunity = s.db.get("opportunity", to.id)
	if err := t.close(&cl); err != nil {
		return nil, err
	}
	return &answer{status: 204}, nil
}

// close does what the Win and Lose messages do: a completed activity, and the state on the opportunity.
func (t *tx) close(cl *closing) error {
	tab, old := t.s.schema.tables["opportunity"], cl.opportunity
	if old.number("statecode") != 0 {
		return fail(400, codeAlreadyClosed, "The opportunity has already been closed.")
	}
	if cl.status == -1 {
		cl.status = tab.defaultStatus(cl.state())
	}
	if !tab.statusFits(cl.status, cl.state()) {
		return fail(400, codeStatusOfState, "%d is not a valid status code for state code %s on opportunity with Id %s.", cl.status, tab.state.optionLabel(cl.state()), old.id)
	}
	if err := t.may("write", tab, old.id); err != nil {
		return err
	}
	if err := t.s.checkClose(cl); err != nil {
		return err
	}
	t.before = old.etag()
	activity, err := t.closeActivity(cl, old)
	if err != nil {
		return err
	}
	v := old.values()
	order := t.closedValues(cl, v)
	closed := map[string]any{}
	for _, name := range order {
		closed[name] = v[name]
	}
	if err := t.judge(tab, closed, false); err != nil {
		return err
	}
	t.stamp(tab, v, false)
	if err := t.s.derive(tab, v); err != nil {
		return err
	}
	r := t.put(tab, old.id, v)
	t.after = r.etag()
	t.raise(&occurrence{message: cl.message, table: tab, row: r, pre: old, activity: activity, status: cl.status})
	if t.s.sw.flag("winRaisesUpdate") {
		t.raiseUpdate(tab, old, r, order)
	}
	return nil
}

func (t *tx) closeActivity(cl *closing, opportunity *row) (*row, error) {
	tab := t.s.schema.tables["opportunityclose"]
	ch := cl.activity
	if ch.set["subject"] == nil {
		ch.add(tab.columns["subject"], "Opportunity Close - "+clip(opportunity.text("name"), 150))
	}
	if ch.set["actualend"] == nil {
		ch.add(tab.columns["actualend"], t.now().Truncate(24*time.Hour))
	}
	if cl.message == "Win" && ch.set["actualrevenue"] == nil && opportunity.v["estimatedvalue"] != nil {
		ch.add(tab.columns["actualrevenue"], opportunity.v["estimatedvalue"])
	}
	if ch.set["transactioncurrencyid"] == nil && opportunity.v["transactioncurrencyid"] != nil {
		ch.add(tab.columns["transactioncurrencyid"], opportunity.v["transactioncurrencyid"])
	}
	ch.add(tab.columns["opportunityid"], ref{"opportunity", opportunity.id})
	ch.add(tab.columns["opportunitystatecode"], cl.state())
	ch.add(tab.columns["opportunitystatuscode"], cl.status)
	ch.add(tab.columns["statecode"], int64(1))
	ch.add(tab.columns["statuscode"], int64(2))
	return t.create(tab, ch, nil)
}

// closedValues writes the effects of the close and names the columns.
func (t *tx) closedValues(cl *closing, v map[string]any) []string {
	v["statecode"], v["statuscode"] = cl.state(), cl.status
	order := []string{"statecode", "statuscode", "actualclosedate"}
	end, _ := cl.activity.set["actualend"].(time.Time)
	v["actualclosedate"] = date(end.Format(time.DateOnly))
	if revenue, ok := cl.activity.set["actualrevenue"].(decimal); ok {
		v["actualvalue"] = revenue
		order = append(order, "actualvalue")
	}
	return order
}
