package requirements

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// german makes the CRM that of an organisation with columns, choices and reasons of its own, in two languages.
func (r *rig) german() {
	r.t.Helper()
	two := func(value int, english, german string) doc {
		return doc{"value": value, "label": english, "labels": doc{"1031": german}}
	}
	add := func(table, column string, what doc) {
		r.administrator(over(doc{"do": "add", "table": table, "column": column}, []doc{what}))
	}
	r.administrator(doc{"do": "add", "table": "nw_werk", "set": "nw_werks", "primaryName": "nw_name"})
	r.creates("nw_werk", doc{"nw_name": "Werk Nord"})
	r.creates("nw_werk", doc{"nw_name": "Zwilling"})
	r.creates("nw_werk", doc{"nw_name": "Zwilling"})
	add("opportunity", "nw_kampagne", doc{"type": "String", "length": 20, "label": "Campaign", "labels": doc{"1031": "Kampagne"}})
	add("opportunity", "nw_stufe", doc{"type": "Picklist", "options": []doc{two(1, "Gold", "Gold"), two(2, "Silver", "Silber"), two(3, "Gift", "Geschenk"), two(4, "Poison", "Gift")}})
	add("opportunity", "nw_werkid", doc{"type": "Lookup", "target": "nw_werk"})
	add("opportunity", "nw_plaetze", doc{"type": "Integer", "min": 0, "max": 100})
	add("opportunity", "nw_golive", doc{"type": "DateTime", "behavior": "DateOnly", "format": "DateOnly"})
	add("opportunity", "nw_ja", doc{"type": "Boolean"})
	add("opportunity", "nw_quelle", doc{"type": "String", "length": 100})
	add("opportunity", "nw_summe", doc{"type": "Money", "formula": "estimatedvalue * 1"})
	add("lead", "nw_herkunft", doc{"type": "String", "length": 50})
	for _, reason := range []doc{{"value": 1, "label": "In Progress", "labels": doc{"1031": "In Bearbeitung"}}, {"value": 100000003, "state": 2, "label": "No budget", "labels": doc{"1031": "Kein Budget"}}} {
		r.administrator(over(doc{"do": "option", "table": "opportunity", "column": "statuscode"}, []doc{reason}))
	}
}

// The mistakes that people make in a sheet, each with the line in which it stands and what the answer has to say.
func mistakes() map[string]struct{ sheet, line, says string } {
	const good = "- {field: campaign, referral: /campaignId, crm: nw_kampagne}\n"
	own := func(keys string) string { return "- {field: own, " + keys + "}\n" }
	return map[string]struct{ sheet, line, says string }{
		"a tab":                          {"- field: campaign\n\treferral: /campaignId\n", "2", "never tabs"},
		"wrong indentation":              {"- field: campaign\n  referral: /campaignId\n   crm: nw_kampagne\n", "3", "below each other"},
		"a table that is not indented":   {"- field: tier\n  referral: /campaignId\n  crm: nw_stufe\n  values:\n  Gold: a\n", "5", `"Gold" is no key`},
		"a brace that is not closed":     {good + "- {field: x, referral: /referralProgram, crm: nw_quelle\n", "2", "ends with }"},
		"a quote that is not closed":     {good + "- {field: x, referral: /referralProgram, crm: nw_quelle, label: 'Q}\n" + "# end\n", "2", "quote"},
		"a colon in a text":              {"- field: campaign\n  remark: see: here\n", "2", "in quotes"},
		"no list":                        {"field: campaign\n", "1", "not a list of rows"},
		"nothing":                        {"", "1", "no row"},
		"a comment alone":                {"# later\n", "1", "no row"},
		"letters of Windows":             {good + "- {field: notes, label: Gr\xf6\xdfe}\n", "2", "UTF-8"},
		"two bytes for each letter":      {"\xff\xfe-\x00 \x00", "1", "UTF-8"},
		"a key twice":                    {"- field: campaign\n  crm: nw_kampagne\n  crm: nw_quelle\n", "3", "stands twice"},
		"a misspelt key":                 {good + "- {field: notes, win: crm}\n", "2", "allowed are wins"},
		"a field twice":                  {good + "\n" + good, "3", "line 1 already"},
		"a misspelt column":              {own("referral: /campaignId, crm: nw_kampange"), "1", "the nearest is nw_kampagne"},
		"a misspelt standard column":     {"- {field: dealValue, crm: estimatedvaleu}\n", "1", "the nearest is estimatedvalue"},
		"a column in capitals":           {own("referral: /campaignId, crm: NW_Kampagne"), "1", "the nearest is nw_kampagne"},
		"a label for a column":           {own("referral: /campaignId, crm: Kampagne"), "1", "write nw_kampagne"},
		"a misspelt label":               {own("referral: /campaignId, crm: label=Kampanje"), "1", "Kampagne"},
		"a misspelt column of a lead":    {own("referral: /campaignId, lead: nw_herkumft"), "1", "nw_herkunft"},
		"a column of the other table":    {own("referral: /campaignId, lead: nw_kampagne"), "1", "of lead is not there"},
		"a misspelt option":              {own("referral: /campaignId, crm: nw_stufe, values: {Gold: a, Silberr: b}"), "1", `the nearest is "Silber"`},
		"a label with two meanings":      {own("referral: /campaignId, crm: nw_stufe, values: {Gold: a, Gift: b}"), "1", "3, 4"},
		"one option in two languages":    {own("referral: /campaignId, crm: nw_stufe, values: {Silver: a, Silber: b}"), "1", "the same option"},
		"a constant that is no option":   {own("crm: nw_stufe, constant: Platin"), "1", `no option "Platin"`},
		"a constant that is no number":   {own("crm: nw_plaetze, constant: many"), "1", "Integer"},
		"a constant that is no whole":    {own("crm: nw_plaetze, constant: 2.5"), "1", "Integer"},
		"a constant that is no date":     {own("crm: nw_golive, constant: tomorrow"), "1", "2027-01-31"},
		"a date without quotes":          {own("crm: nw_golive, constant: 2027-01-01"), "1", "in quotes: '2027-01-01'"},
		"a constant that is no yes":      {own("crm: nw_ja, constant: 5"), "1", "true or false"},
		"a constant that is too long":    {own("crm: nw_kampagne, constant: a text of more than twenty letters"), "1", "holds 20 characters"},
		"a constant that is no row":      {own("crm: nw_werkid, constant: Werk Sued"), "1", "Werk Sued"},
		"a constant that is two rows":    {own("crm: nw_werkid, constant: Zwilling"), "1", "several rows"},
		"a default that is no option":    {own("referral: /campaignId, crm: nw_stufe, default: Platin"), "1", "correct the default"},
		"an empty default":               {"- {field: notes, default: }\n", "1", "default is empty"},
		"a constant beside a field":      {good + own("crm: nw_kampagne, constant: x"), "2", "the key default of the row campaign"},
		"a formula that ends too early":  {own("crm: nw_quelle, formula: 'dealValue > '"), "1", "ends too early"},
		"a formula of several lines":     {"- field: own\n  crm: nw_quelle\n  formula: |\n    dealValue > 100\n      ? \"x\"\n      : : \"y\"\n", "6", "does not belong here"},
		"a formula over no field":        {own("crm: nw_quelle, formula: 'dealVaule > 1 ? \"a\" : \"b\"'"), "1", "did you mean 'dealValue'"},
		"a formula of another type":      {own("crm: nw_plaetze, formula: 'dealValue > 1'"), "1", "the formula gives bool"},
		"a misspelt path":                {own("referral: /campainId, crm: nw_kampagne"), "1", "the nearest is /campaignId"},
		"a path that nobody knows":       {own("referral: /details/requirements/additionalRequirements/tier, crm: nw_kampagne"), "1", "attributes/type=tier/id"},
		"a list that is elsewhere":       {own("referral: /details/requirements/attributes/type=X/id, crm: nw_kampagne"), "1", "additionalRequirements/attributes"},
		"a path that only they write":    {own("referral: /id, crm: nw_kampagne, way: both"), "1", "Partner Center alone writes"},
		"a computed column":              {"- {field: dealValue, crm: nw_summe}\n", "1", "crmWrite"},
		"too short a column":             {"- {field: referralId, crm: nw_kampagne}\n", "1", "at least 36"},
		"a vital row that is off":        {"- {field: sync, off: true}\n", "1", "cannot be off"},
		"nothing that is switched off":   {"- {field: note, off: true}\n", "1", "the nearest is notes"},
		"two fields in one column":       {good + own("referral: /referralProgram, crm: nw_kampagne"), "2", "field campaign already"},
		"a status reason that is none":   {"- field: status\n  reasons: {open: [In Bearbeitunk], onhold: [On Hold], won: [Won], lost: [Out-Sold], canceled: [Canceled]}\n", "1", `the nearest is "In Bearbeitung"`},
		"a status reason of another one": {"- field: status\n  reasons: {open: [Kein Budget], onhold: [On Hold], won: [Won], lost: [Out-Sold], canceled: [Canceled]}\n", "1", "another state"},
		"a closing reason that is none":  {"- {field: reason, reasons: {1: [Kein Budgett]}}\n", "1", `the nearest is "Kein Budget"`},
		"a lead's reason that is none":   {"- field: status\n  leadReasons: {open: [Qualifiziert], onhold: [New], lost: [Lost], canceled: [Canceled]}\n", "1", "in lead"},
	}
}

func TestR83_EveryMistakeOfASheetIsNamedWithItsLine(t *testing.T) {
	play(t, func(r *rig) {
		r.german()
		all := mistakes()
		for _, name := range slices.Sorted(maps.Keys(all)) {
			c := all[name]
			m := r.sheetAct("check", c.sheet, false)
			told := ""
			for _, one := range m.Mistakes {
				if strings.HasPrefix(one, "mapping.yaml:"+c.line+": ") && strings.Contains(one, c.says) {
					told = one
				}
				if !strings.HasPrefix(one, "mapping.yaml:") {
					t.Errorf("%s: a mistake without its place: %s", name, one)
				}
			}
			if told == "" || len(m.Mistakes) > 2 {
				t.Errorf("%s: line %s does not say %q alone:\n%s", name, c.line, c.says, strings.Join(m.Mistakes, "\n"))
			}
		}
	})
}

// A column that the CRM demands is named at the end of the file, where its row would stand, and beside no other mistake
// that keeps the file from being read.
func TestR83_AMissingRowIsNamedAtTheEndOfTheFile(t *testing.T) {
	play(t, func(r *rig) {
		r.german()
		r.administrator(doc{"do": "require", "table": "opportunity", "column": "nw_stufe", "level": "ApplicationRequired"})
		r.administrator(doc{"do": "require", "table": "lead", "column": "nw_herkunft", "level": "ApplicationRequired"})
		got := strings.Join(r.sheetAct("check", "# ours\n- {field: notes, wins: crm}\n", false).Mistakes, "\n")
		for _, want := range []string{"mapping.yaml:2: column nw_stufe of opportunity is required", "{field: stufe, crm: nw_stufe, constant: …}", "{field: herkunft, lead: nw_herkunft, constant: …}"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in:\n%s", want, got)
			}
		}
		mark := r.dv.calls()
		if m := r.sheetAct("check", "- {field: notes\n", false).Mistakes; len(m) != 1 || r.dv.calls() != mark {
			t.Errorf("%d calls for a file that cannot be read, which is told as %v", r.dv.calls()-mark, m)
		}
	})
}

// A default may name an option as people call it, in any language, and fills columns of the organisation's own.
func TestR20_ADefaultFillsAColumnOfTheOrganisationsOwn(t *testing.T) {
	play(t, func(r *rig) {
		r.german()
		m := r.sheetAct("push", "- {field: tier, referral: /campaignId, crm: nw_stufe, default: Silver}\n- {field: seats, referral: "+attributesPath+"/type=Seats/id, crm: nw_plaetze, default: 5}\n", true)
		if !m.Pushed {
			t.Fatalf("%+v", m)
		}
		r.advance(aWhile)
		p := r.arrived(r.partner(doc{"do": "create", "referral": doc{"name": "Defaults"}}))
		row := r.opportunity(p.opportunity)
		if row.text("nw_stufe") != "2" || row.text("nw_plaetze") != "5" {
			t.Errorf("tier %q, seats %q", row.text("nw_stufe"), row.text("nw_plaetze"))
		}
	})
}
