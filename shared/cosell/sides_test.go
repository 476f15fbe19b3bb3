package cosell

import "testing"

func TestSidesSaysWhoHasEdited(t *testing.T) {
	base := Base{Opportunity: Record{Name: "A", Solutions: "1", Solutions.Of("x"): "1"}, Referral: Record{Name: "A", Solutions: "1", Solutions.Of("x"): "1"}}
	for name, c := range map[string]struct {
		field         Field
		o, r          Record
		met, crm, own bool
	}{
		"nobody":                   {Name, Record{Name: "A"}, Record{Name: "A"}, true, false, false},
		"the seller":               {Name, Record{Name: "B"}, Record{Name: "A"}, true, true, false},
		"the portal":               {Name, Record{Name: "A"}, Record{Name: "B"}, true, false, true},
		"both":                     {Name, Record{Name: "B"}, Record{Name: "C"}, true, true, true},
		"a member that went":       {Solutions.Of("x"), Record{Solutions: "0"}, Record{Solutions: "1", Solutions.Of("x"): "1"}, true, true, false},
		"a field nobody agreed on": {Notes, Record{Notes: "x"}, Record{Notes: "y"}, false, false, false},
	} {
		if met, crm, own := base.Sides(c.field, c.o, c.r); met != c.met || crm != c.crm || own != c.own {
			t.Errorf("%s: %v %v %v", name, met, crm, own)
		}
	}
}
