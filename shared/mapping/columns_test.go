package mapping

import (
	"slices"
	"testing"
)

// An edit of a column that its step's filter leaves out would wait for reconcile.
func TestR144_EventsFollowTheSheet(t *testing.T) {
	for _, c := range defaultSheet(t).Unwatched() {
		t.Errorf("field %s reads column %s of %s, which the Update step of %s in infra/dataverse/schema.json does not list in its filter",
			c.Field, c.Name, c.Table, c.Table)
	}
}

func TestR144_AnOwnColumnWithoutAStepIsNamed(t *testing.T) {
	shipped := defaultSheet(t).Unwatched()
	var names []string
	for _, c := range overlay(t, "- {field: dealValue, crm: new_dealvalue}\n- {field: customerCity, crm: parentaccountid/new_town}\n").Unwatched() {
		if !slices.ContainsFunc(shipped, func(s Column) bool { return s.Table == c.Table && s.Name == c.Name }) {
			names = append(names, c.Table+"."+c.Name)
		}
	}
	if !slices.Equal(names, []string{"opportunity.new_dealvalue", "account.new_town"}) {
		t.Errorf("of own columns without a step these are named: %v", names)
	}
}
