package requirements

import (
	"strings"
	"testing"
	"time"
)

func TestR146_CutTextKeepsItsHiddenTail(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "length", "table": "opportunity", "column": "description", "length": 60})
		r.reconcile() // looks at the metadata
		long := "Forty stores want to forecast their stock. " + strings.Repeat("Tail. ", 20) + "END"
		p := r.arrived(r.portalDeal(doc{"name": "Long", "details": doc{"dealValue": 5, "currency": "EUR", "closingDateTime": "2026-10-10T00:00:00Z", "notes": long}}))
		shown := r.opportunity(p.opportunity).text("description")
		if len([]rune(shown)) > 60 || !strings.HasSuffix(shown, "…") {
			t.Fatalf("CRM shows %q", shown)
		}
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 6})
		r.quiet()
		if notes := r.referral(p.own).text("details/notes"); notes != long {
			t.Fatalf("an edit beside it cut the text: %q", notes)
		}
		r.edits("opportunity", p.opportunity, doc{"description": strings.Replace(shown, "Forty", "Fifty", 1)})
		r.quiet()
		if notes := r.referral(p.own).text("details/notes"); notes != strings.Replace(long, "Forty", "Fifty", 1) {
			t.Errorf("Partner Center has %q", notes)
		}
		mark, had := r.pc.calls(), len(r.audit(p.opportunity))
		r.edits("opportunity", p.opportunity, doc{"description": "All new"})
		r.quiet()
		r.pc.wrote(mark, 0)
		if lines := r.newest(p.opportunity, had); len(lines) != 1 || !strings.Contains(lines[0], "Partner Center") {
			t.Errorf("Audit says %v", lines)
		}
	})
}

func TestR147_OddCharactersAreRemovedOnce(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Odd")
		r.partner(doc{"do": "update", "id": p.own, "raw": doc{"/details/notes": "one\x00two\x07\tthree\r\nfour\x1b"}})
		r.quiet()
		if got := r.opportunity(p.opportunity).text("description"); strings.ReplaceAll(got, "\r\n", "\n") != "onetwo\tthree\nfour" {
			t.Errorf("CRM has %q", got)
		}
		pc, crm := r.pc.calls(), r.dv.calls()
		for range 3 {
			r.reconcile()
			r.quiet()
		}
		r.pc.wrote(pc, 0)
		r.dv.wrote(crm, 0)
	})
}

// The same towards Partner Center, and in a new deal of either side.
func TestR147_OddCharactersReachNeitherSide(t *testing.T) {
	// half a surrogate is what JSON readers make U+FFFD of
	const odd, clean = "one\x00\ufffdtwo\x07\tthree\nfour\x1b\x7f", "onetwo\tthree\nfour"
	play(t, func(r *rig) {
		r.dv.switches(doc{"controlCharacters": "taken"})
		p := r.private("Odd\x07 name", doc{"description": odd})
		d := r.referral(p.own)
		if d.text("details/notes") != clean || d.text("name") != "Odd name" {
			t.Errorf("a new referral has %q, %q", d.text("name"), d.text("details/notes"))
		}
		r.edits("opportunity", p.opportunity, doc{"description": odd + "five"})
		r.quiet()
		if got := r.referral(p.own).text("details/notes"); got != clean+"five" {
			t.Errorf("an edited one has %q", got)
		}
		a := r.partner(doc{"do": "create", "referral": doc{"name": "Odd from the start"}, "raw": doc{"/details/notes": odd}})
		q := r.arrived(a)
		if got := r.opportunity(q.opportunity).text("description"); strings.ReplaceAll(got, "\r\n", "\n") != clean {
			t.Errorf("a new opportunity has %q", got)
		}
		pc, crm := r.pc.calls(), r.dv.calls()
		r.advance(time.Hour)
		r.pc.wrote(pc, 0)
		r.dv.wrote(crm, 0)
	})
}

// The zone of the CRM's user-local columns may be another than Partner Center's.
func TestR148_TheZoneOfTheCRMIsASettingOfItsOwn(t *testing.T) {
	play(t, func(r *rig) {
		r.dv.switches(doc{"userTimeZone": "Pacific/Auckland"})
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_golive", "schemaName": "new_GoLive", "type": "DateTime", "behavior": "UserLocal", "format": "DateOnly"})
		p := r.private("Zones", doc{"new_golive": "2026-06-30"})
		if sent := r.referral(p.own).text("details/closingDateTime"); sent != "2026-06-30T07:00:00Z" { // midnight in Los Angeles
			t.Errorf("it is sent as %s", sent)
		}
		r.portalEdits(p.own, doc{"/details/closingDateTime": "2026-12-24T08:00:00Z"})
		r.quiet()
		place, _ := time.LoadLocation("Pacific/Auckland")
		if got := r.opportunity(p.opportunity).text("new_golive"); !r.isDay(got, "2026-12-24", place) {
			t.Errorf("it arrives as %s", got)
		}
	}, "PARTNER_CENTER_TIME_ZONE=America/Los_Angeles", "DATAVERSE_TIME_ZONE=Pacific/Auckland", "sheet:- {field: closingDate, crm: new_golive}\n")
}

func TestR148_ADayStaysTheDayInBothKindsOfColumn(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Paris", "America/Santiago", "Pacific/Auckland", "Asia/Kolkata"} {
		t.Run(strings.ReplaceAll(zone, "/", " "), func(t *testing.T) {
			play(t, func(r *rig) {
				r.dv.switches(doc{"userTimeZone": zone})
				r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_golive", "schemaName": "new_GoLive", "type": "DateTime", "behavior": "UserLocal", "format": "DateOnly"})
				for _, day := range []string{"2026-03-29", "2026-06-30", "2026-10-25", "2026-12-31"} {
					p := r.private("Day "+day, doc{"estimatedclosedate": day, "new_golive": day})
					back := "2027" + day[4:]
					sent := r.referral(p.own).text("details/closingDateTime")
					moment, err := time.Parse(time.RFC3339, sent)
					place, _ := time.LoadLocation(zone)
					if err != nil || moment.In(place).Format(time.DateOnly) != day {
						t.Errorf("%s is sent as %s", day, sent)
					}
					next, _ := time.ParseInLocation(time.DateOnly, back, place)
					r.portalEdits(p.own, doc{"/details/closingDateTime": next.UTC().Format(time.RFC3339)})
					r.quiet()
					if got := r.opportunity(p.opportunity).text("new_golive"); !r.isDay(got, back, place) {
						t.Errorf("%s arrives as %s", back, got)
					}
				}
			}, "PARTNER_CENTER_TIME_ZONE="+zone, "sheet:- {field: closingDate, crm: new_golive}\n")
		})
	}
}

// isDay says whether a user-local column shows that day to people of the zone.
func (r *rig) isDay(text, day string, place *time.Location) bool {
	moment, err := time.Parse(time.RFC3339, text)
	return err == nil && moment.In(place).Format(time.DateOnly) == day || text == day
}
