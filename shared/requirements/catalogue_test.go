package requirements

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// imports hands rows of a catalogue to the product, as cosellctl does.
func (r *rig) imports(entries ...office.CatalogueEntry) office.CatalogueImport {
	r.t.Helper()
	for i := range entries {
		entries[i].Line = i + 2
	}
	status, said := r.operator(http.MethodPost, "operator/catalogue/import", doc{"entries": entries})
	var a office.Answer
	if err := json.Unmarshal([]byte(said), &a); err != nil || status != http.StatusOK || a.Catalogue == nil {
		r.t.Fatalf("catalogue import: %d %s", status, said)
	}
	return *a.Catalogue
}

func TestR66_AnImportedCatalogueIsThereOnceAndASecondImportWritesNothing(t *testing.T) {
	play(t, func(r *rig) {
		var all []office.CatalogueEntry
		for i := range 450 { // more than one transaction
			all = append(all, office.CatalogueEntry{Identifier: fmt.Sprintf("SOL-%05d-XYZ", i), Name: fmt.Sprintf("Solution %d", i), Type: "3P", Publisher: "Northwind"})
		}
		all = append(all, office.CatalogueEntry{Identifier: "sol-12345-abc", Name: "Northwind Forecast, renamed", Type: "3P"})
		before := len(r.dv.table("cosell_solutiondetail"))
		got := r.imports(all...)
		if got.Created != 450 || got.Changed != 1 || got.Same != 0 || len(got.Refused) != 0 {
			t.Fatalf("%+v", got)
		}
		details := r.dv.table("cosell_solutiondetail")
		if len(details) != before+450 || details[dataversesim.ForecastID].text("cosell_name") != "Northwind Forecast, renamed" ||
			details[dataversesim.ForecastID].text("cosell_identifier") != "SOL-12345-ABC" {
			t.Errorf("%d rows, %v", len(details), details[dataversesim.ForecastID])
		}
		mark := r.dv.calls()
		if got = r.imports(all...); got.Created+got.Changed != 0 || got.Same != 451 {
			t.Errorf("again: %+v", got)
		}
		r.dv.wrote(mark, 0)
		all[3].Name = "Another name"
		if got = r.imports(all...); got.Changed != 1 || got.Created != 0 || got.Same != 450 {
			t.Errorf("one changed: %+v", got)
		}
	})
}

func TestR66_OneRowThatTheCRMRefusesHoldsNoOtherBack(t *testing.T) {
	play(t, func(r *rig) {
		var all []office.CatalogueEntry
		for i := range 60 {
			all = append(all, office.CatalogueEntry{Identifier: fmt.Sprintf("SOL-%05d-XYZ", i), Name: fmt.Sprintf("Solution %d", i)})
		}
		all[17].Name = strings.Repeat("long ", 60) + "x"
		all[40].Identifier = ""
		got := r.imports(all...)
		if got.Created != 58 || len(got.Refused) != 2 || got.Refused[0].Line != 42 || got.Refused[1].Line != 19 || got.Refused[1].Why == "" {
			t.Errorf("%+v", got)
		}
	})
}

func TestR66_TheCatalogueOfMicrosoftsConnectorIsImportedInto(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		if got := r.imports(office.CatalogueEntry{Identifier: "SOL-77777-NEW", Name: "New", Type: "3P", Publisher: "Northwind"}, office.CatalogueEntry{Identifier: "sol-15974-mqf", Name: "Northwind Insight"}); got.Created != 1 || got.Same != 1 {
			t.Fatalf("%+v", got)
		}
		p := o.shared(r, "With the new one")
		for id, d := range r.dv.table(o.details) {
			if d.text(o.identifier) == "SOL-77777-NEW" {
				o.row(r, p.opportunity, id)
			}
		}
		r.quiet()
		if got := r.referral(p.own).text("details/requirements/solutions/1/name"); got != "New" {
			t.Errorf("the second solution is called %q", got)
		}
	})
}

func TestR21_TheNameOfASolutionComesFromTheCatalogueWhateverItsCase(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Named by the catalogue")
		r.creates("cosell_solution", doc{"cosell_identifier": "sol-12345-abc", "cosell_OpportunityId@odata.bind": "/opportunities(" + id + ")"})
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		own := r.referral(r.pairOf(id).own)
		if got := own.text("details/requirements/solutions/0/name"); got != "Northwind Forecast" {
			t.Errorf("the solution is called %q", got)
		}
	})
}

// T11 of the spec: who mistypes a solution learns it before anything is sent.
func TestR45_AnUnknownSolutionIsExplainedBeforeAnythingIsSent(t *testing.T) {
	play(t, func(r *rig) {
		mark, id := r.pc.calls(), r.deal("Mistyped")
		row := r.solution(id, "SOL12345ABC", "Northwind Forecast")
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		r.pc.wrote(mark, 0)
		r.audited(id, "SOL12345ABC", "not in the catalogue", "SOL-12345-ABC")
		r.edits("cosell_solution", row, doc{"cosell_identifier": "SOL-12345-ABC"})
		r.quiet()
		if p := r.pairOf(id); p.own == "" {
			t.Errorf("mended, it is not shared; Audit says\n%s", strings.Join(r.audit(id), "\n"))
		}
	})
}

// A solution that somebody has typed in twice, which Microsoft's table does not keep from happening, is changed in one of
// the two rows, always the same.
func TestR66_ACatalogueThatHasASolutionTwiceIsImportedIntoOnce(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		for i := range 6 {
			r.creates(o.details, doc{o.title: fmt.Sprintf("Typed in %d", i), o.identifier: "SOL-55555-TWO"})
		}
		for range 4 {
			r.imports(office.CatalogueEntry{Identifier: "sol-55555-two", Name: "As imported"})
			r.advance(2 * time.Minute)
		}
		named := 0
		for _, d := range r.dv.table(o.details) {
			if d.text(o.title) == "As imported" {
				named++
			}
		}
		if named != 1 {
			t.Errorf("%d rows were changed", named)
		}
	})
}

// As many rows as one call may bring, with long names, do arrive; so does a long field sheet.
func TestR66_AFullPartOfAListIsTaken(t *testing.T) {
	play(t, func(r *rig) {
		var all []office.CatalogueEntry
		for i := range office.MostEntries {
			all = append(all, office.CatalogueEntry{Identifier: fmt.Sprintf("SOL-%05d-XYZ", i), Name: fmt.Sprintf("%d ", i) + strings.Repeat("name ", 35) + "x", Publisher: "Northwind"})
		}
		if got := r.imports(all...); got.Created != office.MostEntries {
			t.Errorf("%d were made, %d refused: %+v", got.Created, len(got.Refused), got.Refused[:min(len(got.Refused), 1)])
		}
		if m := r.sheetAct("check", "- {field: dealValue, wins: crm}\n"+strings.Repeat("# a remark that takes room in the sheet\n", 5000), false); len(m.Mistakes) != 0 {
			t.Errorf("%v", m.Mistakes)
		}
	})
}
