package requirements

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// definitionOf finds the table and the question in the address of a call for metadata.
var definitionOf = regexp.MustCompile(`EntityDefinitions\(LogicalName='(\w+)'\)/?([\w./]*)`)

// What rarely changes is fetched once an hour and process, whatever happens in it: each question about a table's
// columns, the currencies, tokens of each system and scope. A record of both systems is no such thing.
func TestR142_WhatRarelyChangesIsFetchedOnceAnHour(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_own", "type": "Picklist", "options": []doc{{"value": 7, "label": "Seven"}}})
		began := r.dv.calls()
		p := r.private("Cached", doc{"new_own": 7})
		r.microsoft(doc{"do": "lead", "referral": doc{"name": "A lead"}})
		r.quiet()
		r.arrived(r.partner(doc{"do": "create", "referral": doc{"name": "From the portal", "details": doc{"currency": "USD"}}}))
		first := r.dv.calls()
		if again := fetchedTwice(r.dv.since(began)); len(again) > 0 {
			t.Errorf("in the first minutes twice: %s", strings.Join(again, "\n"))
		}
		if !slices.ContainsFunc(r.dv.since(began), func(e entry) bool { return definitionOf.MatchString(e.URL) }) {
			t.Fatal("nothing was fetched, so nothing is proven")
		}
		for hour := range 3 {
			mark := r.dv.calls()
			for minute := range 5 {
				time.Sleep(11 * time.Minute)
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 1000*hour + minute + 1})
				r.portalEdits(p.own, doc{"/campaignId": strings.Repeat("x", 5*hour+minute+1)})
				r.quiet()
			}
			time.Sleep(5 * time.Minute)
			if again := fetchedTwice(r.dv.since(mark)); len(again) > 0 {
				t.Errorf("in hour %d twice: %s", hour+2, strings.Join(again, "\n"))
			}
		}
		if first == r.dv.calls() {
			t.Error("no call was made")
		}
	}, "sheet: - {field: own, referral: /campaignId, crm: new_own}\n")
}

// fetchedTwice names what was asked of metadata, currencies and tokens more than once.
func fetchedTwice(calls []entry) []string {
	count := map[string]int{}
	for _, e := range calls {
		switch found := definitionOf.FindStringSubmatch(e.URL); {
		case found != nil:
			_, what, _ := strings.Cut(e.URL, "LogicalName=")
			count[what]++
		case strings.Contains(e.URL, "/transactioncurrencies?"), strings.Contains(e.URL, "/oauth2/"):
			count[e.URL]++
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n < 2 })
	return slices.Sorted(maps.Keys(count))
}
