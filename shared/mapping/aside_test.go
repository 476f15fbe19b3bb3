package mapping

import (
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// without are the fields that lay under a sheet when some of ours were not shipped yet, and some more were.
func without(missing []string, more ...string) []string {
	return append(slices.DeleteFunc(Fields(), func(f string) bool { return slices.Contains(missing, f) }), more...)
}

func TestARowThatCameAfterThePushGivesWay(t *testing.T) {
	for name, c := range map[string]struct{ text, came, says string }{
		"on the referral's path": {"- {field: mine, referral: /details/notes, crm: new_text, as: memo}", "notes", "referral path /details/notes is that of field mine of the pushed sheet (pushed.yaml:1)"},
		"on the column":          {"- {field: mine, referral: /campaignId, crm: description, as: memo}", "notes", "column description is that of field mine"},
		"on a lead's column":     {"- {field: mine, referral: /campaignId, lead: cosell_campaign, as: text}", "leadCampaign", "column of a lead cosell_campaign is that of field mine"},
		"under a row that moved": {"- {field: closingDate, referral: /details/notes}", "notes", "that of field closingDate"},
	} {
		t.Run(name, func(t *testing.T) {
			src := Source{Name: "pushed.yaml", Text: []byte(c.text)}
			if _, err := Load(src); err == nil || !strings.Contains(err.Error(), "pushed.yaml:1: ") || !strings.Contains(err.Error(), "name the field "+c.came+" in place of ") {
				t.Errorf("without a list: %v", err)
			}
			src.Under = Fields()
			if _, err := Load(src); err == nil {
				t.Error("what was shipped then is no mistake any more")
			}
			src.Under = without([]string{c.came})
			s, err := Load(src)
			if err != nil {
				t.Fatal(err)
			}
			if _, on := s.Row(cosell.Field(c.came)); on {
				t.Error("the row that came is on")
			}
			if a := s.Asides(); len(a) != 1 || string(a[0].Field) != c.came || !strings.Contains(a[0].Say, c.says) || !strings.Contains(a[0].Mend, "{field: "+c.came+", off: true}") {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestARowThatCameAndIsInNobodysWayCounts(t *testing.T) {
	s, err := Load(Source{Name: "pushed.yaml", Text: []byte("- {field: mine, referral: /campaignId, crm: new_mine, as: text}"), Under: without([]string{"notes"})})
	if err != nil {
		t.Fatal(err)
	}
	if _, on := s.Row("notes"); !on || len(s.Asides()) != 0 {
		t.Errorf("on %v, %+v", on, s.Asides())
	}
}

// A field of the customer's own means what it meant, also when we ship one of its name.
func TestAnOwnFieldWhoseNameIsShippedLaterStaysItsOwn(t *testing.T) {
	s, err := Load(Source{Name: "pushed.yaml", Text: []byte("- {field: customerCity, referral: /campaignId, crm: new_city, as: text}"), Under: without([]string{"customerCity"})})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := s.Row("customerCity")
	if r.Way != cosell.Both || r.Lead != "" || r.Door != cosell.NoDoor || r.CRM != "new_city" {
		t.Errorf("%+v", r)
	}
	if a := s.Asides(); len(a) != 1 || a[0].Field != "customerCity" || !strings.Contains(a[0].Say, "pushed.yaml:1") {
		t.Errorf("%+v", a)
	}
}

func TestARowThatIsShippedNoMoreLeavesTheSheetReadable(t *testing.T) {
	for name, c := range map[string]struct {
		row    string
		stays  bool
		asides int
	}{
		"a key is changed":     {"{field: gone, wins: crm}", false, 1},
		"it is switched off":   {"{field: gone, off: true}", false, 1},
		"its column is":        {"{field: gone, crm: new_gone}", false, 1},
		"the row is whole":     {"{field: gone, referral: /campaignId, crm: new_gone, as: text}", true, 0},
		"one of leads changed": {"{field: gone, lead: new_gone}", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			src := Source{Name: "pushed.yaml", Text: []byte("- {field: notes, wins: crm}\n- " + c.row), Under: without(nil, "gone")}
			s, err := Load(src)
			if err != nil {
				t.Fatal(err)
			}
			if r, _ := s.Row("notes"); r.Wins != cosell.CRM {
				t.Error("the rest of the sheet does not count")
			}
			_, on := s.Row("gone")
			if on != c.stays || len(s.Asides()) != c.asides {
				t.Fatalf("on %v, %+v", on, s.Asides())
			}
			if c.asides > 0 && (s.Asides()[0].Field != "gone" || !strings.Contains(s.Asides()[0].Say, "pushed.yaml:2")) {
				t.Errorf("%+v", s.Asides())
			}
			if src.Under = Fields(); !c.stays {
				if _, err := Load(src); err == nil {
					t.Error("a misspelt name is no mistake any more")
				}
			}
		})
	}
}

func TestAFormulaOverAFieldThatIsShippedNoMoreFillsNothing(t *testing.T) {
	src := Source{Name: "pushed.yaml", Text: []byte("- {field: both, referral: /campaignId, crm: new_both, as: text, formula: gone}\n- {field: fills, crm: new_fills, formula: gone}"), Under: without(nil, "gone")}
	s, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	if r, on := s.Row("both"); !on || r.Formula != "" {
		t.Errorf("a row that crosses: %v %+v", on, r)
	}
	if _, on := s.Row("fills"); on || len(s.Asides()) != 2 || !strings.Contains(s.Asides()[1].Say, "pushed.yaml:2") {
		t.Errorf("a row that fills is on: %v, %+v", on, s.Asides())
	}
	src.Under = Fields()
	if _, err = Load(src); err == nil {
		t.Error("a formula over what never was is no mistake any more")
	}
}

// Only what went excuses a formula: a field that the sheet itself changes in vain went too, and a misspelt one did not.
func TestAFormulaIsExcusedByWhatItLacksAlone(t *testing.T) {
	under := without(nil, "gone", "customer")
	for name, c := range map[string]struct {
		sheet   string
		excused bool
	}{
		"the sheet changes what went": {"- {field: gone, wins: crm}\n- {field: fills, crm: new_fills, formula: gone}", true},
		"two that went":               {"- {field: fills, crm: new_fills, formula: gone + customer}", true},
		"a misspelt name":             {"- {field: fills, crm: new_fills, formula: customerNam}", false},
		"one that went, one misspelt": {"- {field: fills, crm: new_fills, formula: gone + customerNam}", false},
		"types that do not go":        {"- {field: fills, crm: new_fills, formula: dealValue + customerName}", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Load(Source{Name: "pushed.yaml", Text: []byte(c.sheet), Under: under})
			if (err == nil) != c.excused {
				t.Fatalf("%v", err)
			}
			if c.excused {
				if _, on := s.Row("fills"); on {
					t.Error("it fills something")
				}
			}
		})
	}
}
