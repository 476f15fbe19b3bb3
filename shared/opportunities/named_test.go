package opportunities

import (
	"context"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// An identifier that another row has is refused, and the row named: reading this one again would lead to the same answer without end.
func TestAnIdentifierThatAnotherRowHasIsRefused(t *testing.T) {
	const other = "a35cbc71-1fef-4b86-8ca4-5ed3e292b600"
	named := cosell.Record{cosell.ReferralID: "11111111-2222-4333-8444-555555555555"}
	withRows := cosell.Record{cosell.ReferralID: named[cosell.ReferralID], "solutions/SOL-1": mapping.Solution{Name: "One"}.Text()}
	for name, c := range map[string]struct {
		values cosell.Record
		shown  bool // the other row, to us
		kind   fault.Kind
		says   string
	}{
		"Shown":            {named, true, fault.Refused, "another opportunity (" + other + ") names referral"},
		"Hidden":           {named, false, fault.Refused, "another opportunity names referral"},
		"ShownWithRows":    {withRows, true, fault.Refused, other},
		"PerhapsOfTheRows": {withRows, false, fault.Conflict, ""},
		"AnotherKey":       {cosell.Record{cosell.Notes: "x"}, true, fault.Conflict, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, crm, _ := testCRM(t, map[string]any{"cosell_opportunity_solution": []any{}})
			o := read(t, s)
			crm.fail["PATCH opportunities("+crmID+")"] = reply{412, dataverse.CodeKeyTaken}
			crm.fail["batch"] = crm.fail["PATCH opportunities("+crmID+")"]
			if c.shown {
				crm.lists["opportunities"] = strings.Replace(crm.row, crmID, other, 1)
			}
			_, err := s.Put(context.Background(), o, c.values)
			if e := fault.Of(err); e == nil || e.Kind != c.kind || !strings.Contains(e.Say, c.says) || c.kind == fault.Refused && (e.Field != string(cosell.ReferralID) || e.Code != cosell.CodeNamed) {
				t.Errorf("%+v", e)
			}
		})
	}
}

// While an opportunity is about to be made of a referral somebody writes the identifier into another: that one has it.
func TestNoOpportunityIsMadeOfAReferralThatAnotherRowNames(t *testing.T) {
	const other = "a35cbc71-1fef-4b86-8ca4-5ed3e292b600"
	for name, shown := range map[string]bool{"Shown": true, "Hidden": false} {
		s, c, _, r, values := inTheWay(t)
		c.fail["PATCH opportunities("+s.ID(r.ID)+")"] = reply{412, dataverse.CodeKeyTaken}
		want := ""
		if shown {
			c.lists[opportunitySet], want = strings.Replace(c.row, crmID, other, 1), other
		}
		_, err := s.Create(context.Background(), s.ID(r.ID), r, values)
		if e := fault.Of(err); e == nil || e.Kind != fault.Refused || e.Code != cosell.CodeNamed || e.Target != want {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
