package dataversesim

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// userAction is the body of POST /user: a person at work in the environment's own screens.
type userAction struct {
	Do            string          `json:"do"`
	As            string          `json:"as"`
	Table         string          `json:"table"`
	ID            string          `json:"id"`
	Columns       json.RawMessage `json:"columns"`
	Reason        string          `json:"reason"`
	Status        *int64          `json:"status"`
	ActualRevenue json.RawMessage `json:"actualRevenue"`
	ActualEnd     *string         `json:"actualEnd"`
	Loser         string          `json:"loser"` // merge: the record that the other one takes over
	Make          []string        `json:"make"`  // qualify: what the lead becomes; left out: account, contact and opportunity
}

func (s *Simulator) postUser(w http.ResponseWriter, r *http.Request) {
	var a userAction
	if err := control.ReadJSON(r, &a); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	if a.As == "" {
		a.As = SellerID
	}
	s.mu.Lock()
	id, err := s.act(a)
	s.notifyUnlock()
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, "%s of %s %s: %v", a.Do, a.Table, a.ID, err)
		return
	}
	control.WriteJSON(w, http.StatusOK, map[string]string{"id": id})
}

// act does one thing as a person, through the same rules as the Web API.
func (s *Simulator) act(a userAction) (string, error) {
	if s.db.get("systemuser", a.As) == nil {
		return "", fail(400, "", "as: there is no systemuser %q", a.As)
	}
	if a.Table == "" {
		a.Table = map[string]string{"win": "opportunity", "lose": "opportunity", "reopen": "opportunity", "qualify": "lead", "disqualify": "lead", "merge": "account"}[a.Do]
	}
	tab := s.schema.tables[a.Table]
	if tab == nil {
		return "", fail(400, "", "table: there is no table %q; use a logical name such as opportunity", a.Table)
	}
	t := s.begin(a.As, a.As)
	id, err := t.act(a, tab)
	if err != nil {
		t.rollback()
		return "", err
	}
	t.commit()
	return id, nil
}

func (t *tx) act(a userAction, tab *table) (string, error) {
	if a.Columns == nil {
		a.Columns = []byte("{}")
	}
	var err error
	if a.Columns, err = t.s.personal(tab, a.Columns); err != nil {
		return "", err
	}
	if a.Do == "create" {
		return t.actCreate(a, tab)
	}
	old := t.s.db.get(a.Table, a.ID)
	if old == nil {
		return "", fail(400, "", "id: there is no such row")
	}
	switch a.Do {
	case "update":
		ch, err := t.s.decode(tab, a.Columns, false, nil)
		if err == nil {
			_, err = t.update(tab, old, ch)
		}
		return a.ID, err
	case "delete":
		return a.ID, t.remove(tab, old)
	case "win", "lose":
		return a.ID, t.actClose(a, tab, old)
	case "merge":
		return a.ID, t.merge(tab, old, t.s.db.get(a.Table, a.Loser))
	case "qualify":
		return a.ID, t.actQualify(a, tab, old)
	case "reopen":
		if tab.state == nil || old.number("statecode") == 0 {
			return "", fail(400, codeAlreadyOpen, "the %s is already open", tab.name)
		}
		return a.ID, t.actState(a, tab, old, 0)
	case "disqualify":
		if tab.name != "lead" || old.number("statecode") != 0 {
			return "", fail(400, codeLeadNotOpen, "only an open lead can be disqualified")
		}
		return a.ID, t.actState(a, tab, old, 2)
	case "deactivate", "activate":
		return a.ID, t.actActive(a, tab, old)
	}
	return "", fail(400, "", "do: %q is unknown; use create, update, delete, deactivate, activate, win, lose, reopen, qualify, disqualify or merge", a.Do)
}

// actState sets the state, with the status that the person chose or the first of the state.
func (t *tx) actState(a userAction, tab *table, old *row, state int64) error {
	ch := newChange()
	ch.add(tab.columns["statecode"], state)
	if a.Status != nil {
		ch.add(tab.columns["statuscode"], *a.Status)
	}
	_, err := t.update(tab, old, ch)
	return err
}

// actActive is the Deactivate or Activate button above a list of rows, which sends state and status of those that have them.
func (t *tx) actActive(a userAction, tab *table, old *row) error {
	state := map[string]int64{"activate": 0, "deactivate": 1}[a.Do]
	switch {
	case tab.state == nil || tab.state.optionLabel(1) != "Inactive":
		return fail(400, "", "a %s is not deactivated", tab.name)
	case old.number("statecode") == state:
		return fail(400, "", "it is %s already", strings.ToLower(tab.state.optionLabel(state)))
	case a.Status == nil:
		status := tab.defaultStatus(state)
		a.Status = &status
	}
	return t.actState(a, tab, old, state)
}

// actQualify is the Qualify button: everything that a lead can become is made.
func (t *tx) actQualify(a userAction, tab *table, old *row) error {
	if tab.name != "lead" {
		return fail(400, "", "only a lead can be qualified")
	}
	q := qualification{status: -1}
	if a.Make == nil {
		a.Make = []string{"account", "contact", "opportunity"}
	}
	for _, name := range a.Make {
		wanted := map[string]*bool{"account": &q.account, "contact": &q.contact, "opportunity": &q.opportunity}[name]
		if wanted == nil {
			return fail(400, "", "make %q: use account, contact and opportunity", name)
		}
		*wanted = true
	}
	if a.Status != nil {
		q.status = *a.Status
	}
	return t.qualify(old, &q)
}

func (t *tx) actCreate(a userAction, tab *table) (string, error) {
	ch, err := t.s.decode(tab, a.Columns, true, nil)
	if err != nil {
		return "", err
	}
	if a.ID != "" {
		if !guidPattern.MatchString(a.ID) {
			return "", fail(400, "", "id: %q is not a GUID", a.ID)
		}
		id, err := tab.columns[tab.primaryID].parse(a.ID)
		if err != nil {
			return "", err
		}
		ch.add(tab.columns[tab.primaryID], id)
	}
	r, err := t.create(tab, ch, nil)
	if err != nil {
		return "", err
	}
	return r.id, nil
}

// actClose is the close dialogue.
func (t *tx) actClose(a userAction, tab *table, old *row) error {
	if tab.name != "opportunity" {
		return fail(400, "", "only an opportunity can be closed as won or lost")
	}
	cl := closing{message: "Win", opportunity: old, status: -1, activity: newChange()}
	if a.Do == "lose" {
		cl.message = "Lose"
	}
	if a.Status != nil {
		cl.status = *a.Status
	}
	activity := t.s.schema.tables["opportunityclose"]
	values := map[string]json.RawMessage{"actualrevenue": a.ActualRevenue}
	if a.Reason != "" {
		values["description"], _ = json.Marshal(a.Reason) // a string: cannot fail
	}
	if a.ActualEnd != nil {
		values["actualend"], _ = json.Marshal(*a.ActualEnd)
	}
	for name, raw := range values {
		if len(raw) == 0 {
			continue
		}
		v, err := activity.columns[name].parse(decodeValue(raw))
		if err != nil {
			return err
		}
		cl.activity.add(activity.columns[name], v)
	}
	return t.close(&cl)
}
