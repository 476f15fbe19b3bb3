package dataversesim

import (
	"net/http"
	"slices"
	"strings"
)

// create stores a new row of the values in ch. The id may be among them.
func (t *tx) create(tab *table, ch *change, refs map[string]string) (*row, error) {
	id := t.s.newID()
	if given, ok := ch.set[tab.primaryID].(guid); ok {
		id = string(given)
	}
	ch.drop(tab.primaryID)
	if err := t.mayCreate(tab, ch); err != nil {
		return nil, err
	}
	if t.s.db.get(tab.name, id) != nil {
		return nil, fail(412, codeDuplicate, "Cannot insert duplicate key. A record with matching key values already exists.")
	}
	if err := t.runPlugins(tab, nil, ch); err != nil {
		return nil, err
	}
	if err := t.judge(tab, t.withDefaults(tab, ch), true); err != nil {
		return nil, err
	}
	v := map[string]any{tab.primaryID: guid(id)}
	for _, c := range tab.order {
		if c.def != nil {
			v[c.name] = c.def
		}
	}
	for name, val := range ch.set {
		if val != nil {
			v[name] = val
		}
	}
	t.autoNumbers(tab, v)
	if err := t.s.settleState(tab, nil, v, ch); err != nil {
		return nil, err
	}
	for _, c := range tab.order {
		if c.must && v[c.name] == nil {
			return nil, fail(400, codeInvalidArgument, "Attribute: %s cannot be set to NULL: entity '%s' needs it.", c.name, tab.name)
		}
	}
	if tab.currency != nil && v[tab.currency.name] == nil {
		v[tab.currency.name] = ref{"transactioncurrency", EuroID}
	}
	t.stamp(tab, v, true)
	if err := t.s.derive(tab, v); err != nil {
		return nil, err
	}
	if err := t.checkComponent(tab, nil, id, v, ch.order); err != nil {
		return nil, err
	}
	if err := t.s.checkKeys(tab, id, v); err != nil {
		return nil, err
	}
	if err := t.checkDuplicates(tab, id, v, ch); err != nil {
		return nil, err
	}
	r := t.put(tab, id, v)
	t.totals(tab, r)
	t.followUps(tab, id)
	t.raise(&occurrence{message: "Create", table: tab, row: r, order: createdOrder(tab, r)})
	if tab.name == connectionTable {
		var err error
		if r, err = t.reciprocate(tab, r); err != nil {
			return nil, err
		}
	}
	return r, t.createNested(tab, r, ch, refs)
}

func (t *tx) createNested(tab *table, parent *row, ch *change, refs map[string]string) error {
	for _, n := range ch.nested {
		if n.coll.through != nil {
			return missing("a deep insert over %s; link with $ref", n.coll.name)
		}
		child := t.s.schema.tables[n.coll.child]
		inner, err := t.s.decode(child, n.body, true, refs)
		if err != nil {
			return err
		}
		inner.add(n.coll.col, ref{tab.name, parent.id})
		if _, err := t.create(child, inner, refs); err != nil {
			return err
		}
	}
	return nil
}

func createdOrder(tab *table, r *row) []string {
	var out []string
	for _, c := range tab.order {
		if r.v[c.name] != nil && c.kind != kindSecret && c.name != "versionnumber" && c.formula == nil {
			out = append(out, c.name)
		}
	}
	return out
}

// update changes the columns in ch. Every column named counts as changed, also when its value is the same.
func (t *tx) update(tab *table, old *row, ch *change) (*row, error) {
	if given, ok := ch.set[tab.primaryID].(guid); ok && string(given) != old.id {
		return nil, fail(400, codeInvalidArgument, "The primary key '%s' of a record cannot be changed.", tab.primaryID)
	}
	ch.drop(tab.primaryID)
	if len(ch.order) == 0 {
		return old, nil
	}
	if err := t.mayUpdate(tab, old, ch); err != nil {
		return nil, err
	}
	if err := t.runPlugins(tab, old, ch); err != nil {
		return nil, err
	}
	if err := t.judge(tab, ch.set, false); err != nil {
		return nil, err
	}
	v := old.values()
	for name, val := range ch.set {
		if val == nil {
			delete(v, name)
		} else {
			v[name] = val
		}
	}
	if err := t.s.checkCurrency(tab, old, ch); err != nil {
		return nil, err
	}
	if err := t.s.settleState(tab, old, v, ch); err != nil {
		return nil, err
	}
	for _, name := range ch.order {
		if c := tab.columns[name]; v[name] == nil && (c.must || c.kind == kindOwner) {
			return nil, fail(400, codeInvalidArgument, "Attribute: %s cannot be set to NULL: entity '%s' needs it.", name, tab.name)
		}
	}
	t.stamp(tab, v, false)
	if err := t.s.derive(tab, v); err != nil {
		return nil, err
	}
	if err := t.checkComponent(tab, old, old.id, v, ch.order); err != nil {
		return nil, err
	}
	if tab.keyed(ch) {
		if err := t.s.checkKeys(tab, old.id, v); err != nil {
			return nil, err
		}
	}
	if err := t.checkDuplicates(tab, old.id, v, ch); err != nil {
		return nil, err
	}
	r := t.put(tab, old.id, v)
	t.totals(tab, old, r)
	t.followUps(tab, old.id)
	t.raiseUpdate(tab, old, r, ch.order)
	switch tab.name {
	case connectionTable:
		return r, t.followConnection(tab, r, ch.order)
	case "systemuser", "team":
		t.moveOwned(old, r, ref{tab.name, r.id})
	}
	return r, nil
}

// mayCreate asks the role, and whether the owner can own.
func (t *tx) mayCreate(tab *table, ch *change) error {
	if err := t.may("create", tab, ""); err != nil {
		return err
	}
	if err := t.mayColumns("create", tab, ch); err != nil {
		return err
	}
	if err := t.mayLink(tab, ch, "", ref{"systemuser", t.user}); err != nil {
		return err
	}
	return t.s.checkOwner(ch)
}

func (t *tx) mayUpdate(tab *table, old *row, ch *change) error {
	if err := t.may("write", tab, old.id); err != nil {
		return err
	}
	if err := t.mayColumns("write", tab, ch); err != nil {
		return err
	}
	if err := t.mayLink(tab, ch, old.id, old.ref("ownerid")); err != nil {
		return err
	}
	return t.s.checkOwner(ch)
}

// followUps ties the automations that this write woke to the row.
func (t *tx) followUps(tab *table, id string) {
	for _, p := range t.answers {
		t.follow = append(t.follow, followUp{p, ref{tab.name, id}})
	}
	t.answers = nil
}

func (t *table) keyed(ch *change) bool {
	for _, k := range t.keys {
		for _, c := range k.columns {
			if slices.Contains(ch.order, c.name) {
				return true
			}
		}
	}
	return false
}

// remove deletes a row, with those that hang on it, and clears lookups that point to it.
func (t *tx) remove(tab *table, old *row) error {
	if tab.keep {
		return fail(400, codeInvalidArgument, "Records of entity '%s' cannot be deleted.", tab.name)
	}
	if err := t.checkRemoval(tab, old); err != nil {
		return err
	}
	if componentType(tab.name) != 0 {
		t.leaveSolutions(old.id)
	}
	t.raise(&occurrence{message: "Delete", table: tab, row: old, pre: old})
	t.erase(tab, old.id)
	t.totals(tab, old)
	gone := ref{tab.name, old.id}
	for _, c := range tab.incoming {
		if c.table.name == jobTable {
			continue // jobs outlive what they are about
		}
		for _, sl := range slices.Clone(t.s.db.tables[c.table.name].order) {
			if sl.row == nil || sl.row.v[c.name] != gone {
				continue
			}
			if err := t.unlink(c, sl.row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) unlink(c *column, r *row) error {
	if c.onDelete == "Cascade" {
		return t.remove(c.table, r)
	}
	if c.onDelete == "Restrict" {
		return fail(http.StatusMethodNotAllowed, codeAssociated, "The record cannot be deleted because it is associated with records of entity '%s'.", c.table.name)
	}
	if c.kind == kindOwner {
		return fail(400, codeInvalidArgument, "The record cannot be deleted: it owns records of entity '%s'.", c.table.name)
	}
	v := r.values()
	delete(v, c.name)
	t.put(c.table, r.id, v)
	return nil
}

// settleState checks and completes statecode and statuscode in v.
func (s *Simulator) settleState(tab *table, old *row, v map[string]any, ch *change) error {
	if tab.state == nil {
		return nil
	}
	current, present := tab.state.options[0].value, false
	if old != nil {
		current = old.number("statecode")
	}
	state, status := current, int64(0)
	if val, ok := ch.set["statecode"]; ok {
		if state, present = val.(int64); !present {
			return fail(400, codeInvalidArgument, "Attribute: statecode cannot be set to NULL")
		}
	}
	givenStatus, hasStatus := ch.set["statuscode"]
	switch tab.name {
	case "opportunity":
		if err := s.opportunityState(old, current, state, present, hasStatus); err != nil {
			return err
		}
	case "lead":
		if err := s.leadState(old, current, state); err != nil {
			return err
		}
	}
	switch {
	case hasStatus:
		if status, hasStatus = givenStatus.(int64); !hasStatus || !tab.statusFits(status, state) {
			return fail(400, codeStatusOfState, "%v is not a valid status code for state code %s (%d) on %s.", givenStatus, tab.state.optionLabel(state), state, tab.name)
		}
	case old != nil && state == current:
		status = old.number("statuscode")
	default:
		status = tab.defaultStatus(state)
	}
	v["statecode"], v["statuscode"] = state, status
	return nil
}

func (s *Simulator) opportunityState(old *row, current, state int64, present, hasStatus bool) error {
	if state != current && state != 0 {
		word := strings.ToLower(s.schema.tables["opportunity"].state.optionLabel(state))
		return fail(400, codeUseWinLose, "This message can not be used to set the state of opportunity to %s. In order to set state of opportunity to %s, use the %s message instead.",
			word, word, word)
	}
	if old == nil {
		return nil
	}
	if present && current == 0 && !hasStatus {
		return fail(400, codeAlreadyOpen, "The opportunity is already open.")
	}
	if current != 0 && state == current && !s.sw.flag("closedWritable") {
		return fail(400, codeInactive, "Cannot update the opportunity because it is inactive. Reopen it first.")
	}
	return nil
}

func (t *table) statusFits(status, state int64) bool {
	for _, o := range t.status.options {
		if o.value == status && o.state == state {
			return true
		}
	}
	return false
}

func (t *table) defaultStatus(state int64) int64 {
	for _, o := range t.status.options {
		if o.state == state {
			return o.value
		}
	}
	return 0
}

// stamp writes who and when, and the owner.
func (t *tx) stamp(tab *table, v map[string]any, creating bool) {
	now, who := t.now(), ref{"systemuser", t.user}
	v["modifiedon"], v["modifiedby"] = now, who
	delete(v, "modifiedonbehalfby")
	if t.caller != t.user {
		v["modifiedonbehalfby"] = ref{"systemuser", t.caller}
	}
	if creating {
		v["createdon"], v["createdby"] = now, who
		if t.caller != t.user {
			v["createdonbehalfby"] = ref{"systemuser", t.caller}
		}
	}
	if !tab.userOwned {
		return
	}
	owner, ok := v["ownerid"].(ref)
	if !ok {
		owner = who
		v["ownerid"] = owner
	}
	delete(v, "owninguser")
	delete(v, "owningteam")
	v["owningbusinessunit"] = t.s.unitOf(owner)
	if owner.table == "team" {
		v["owningteam"] = owner
	} else {
		v["owninguser"] = owner
	}
}
