package dataversesim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// What is made and deleted again leaves no trace in GET metadata.
func TestMetadataIsAsBeforeOnceEverythingIsDeleted(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareFrench, "administrator", nil)
	before := w.ctl("GET", "/metadata", "").is(200).text
	if strings.Contains(before, "zzz") {
		t.Fatal("something is there already")
	}
	w.solution()
	w.define(ofOpportunity, textColumn+label("Code")+"}").is(204)
	w.define("EntityDefinitions", aTable()).is(204)
	w.define("RelationshipDefinitions", aRelationship("Cascade")).is(204)
	w.define("EntityDefinitions(LogicalName='opportunity')/Keys", `{"SchemaName":"zzz_Key","DisplayName":`+label("K")+`,"KeyAttributes":["zzz_code"]}`).is(204)
	endpoint := w.create("serviceendpoints", `{"name":"zzz","contract":8,"url":"https://x.example","authtype":4,"authvalue":"hidden"}`, "MSCRM.SolutionUniqueName", "Zzz")
	role := w.create("roles", `{"name":"zzz role","businessunitid@odata.bind":"/businessunits(`+dataversesim.BusinessUnitID+`)"}`)
	w.advance(time.Minute)
	during := w.ctl("GET", "/metadata", "").is(200).text
	for _, want := range []string{`"zzz_code"`, `"zzz_category"`, `"zzz_Key"`, `"95 zzz"`, `"zzz role"`, `"zzz_opportunity_category"`, `"1 zzz_category"`} {
		if !strings.Contains(during, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(during, "hidden") {
		t.Error("a secret is shown")
	}
	w.do("DELETE", "roles("+role+")", "").is(204)
	w.do("DELETE", "serviceendpoints("+endpoint+")", "").is(204)
	w.do("DELETE", "EntityDefinitions(LogicalName='opportunity')/Keys(LogicalName='zzz_key')", "").is(204)
	w.do("DELETE", "EntityDefinitions(LogicalName='zzz_category')", "").is(204)
	w.do("DELETE", ofOpportunity+"(LogicalName='zzz_code')", "").is(204)
	w.do("DELETE", "solutions("+w.do("GET", "solutions?$filter=uniquename eq 'Zzz'", "").column("solutionid")+")", "").is(204)
	w.do("DELETE", "publishers("+w.do("GET", "publishers?$filter=uniquename eq 'zzzpub'", "").column("publisherid")+")", "").is(204)
	if after := w.ctl("GET", "/metadata", "").text; after != before {
		t.Errorf("differs: %s", firstDifference(before, after))
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + " / " + y[i]
		}
	}
	return "one is longer"
}
