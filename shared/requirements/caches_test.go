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

// crossing is how long an edit takes to the other side where every call takes a fifth of a second, and its calls.
func (r *rig) crossing(p pair, columns doc) (took time.Duration, calls []string) {
	r.t.Helper()
	pc, dv, began := r.pc.calls(), r.dv.calls(), time.Now()
	r.edits("opportunity", p.opportunity, columns)
	r.quiet()
	took = time.Since(began)
	for _, e := range append(r.dv.since(dv), r.pc.since(pc)...) {
		calls = append(calls, e.Method)
	}
	return took, calls
}

// A change of a column of the organisation's own crosses as fast as one of a shipped column, by the same calls,
// whatever type it is of, also when it is emptied.
func TestR144_AnOwnColumnCrossesAsFastAsAShippedOne(t *testing.T) {
	for name, k := range ownKinds() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(over(doc{"do": "add", "table": "opportunity", "column": "new_own"}, []doc{k.column}))
				p := r.private("Fast")
				for _, s := range []*system{r.dv, r.pc} {
					s.fault(doc{"match": doc{}, "do": "delay", "delay": "200ms"})
				}
				for _, c := range []struct {
					shipped, own any
					notes, said  string
				}{{"one", k.crm, "one", k.said}, {nil, nil, "", ""}, {"two", k.crm, "two", k.said}} {
					shipped, calls := r.crossing(p, doc{"description": c.shipped})
					own, ownCalls := r.crossing(p, doc{"new_own": c.own})
					said := strings.Trim(r.said(p), `"`)
					if r.referral(p.own).text("details/notes") != c.notes || said != strings.Trim(string(encoded(t, c.said)), `"`) {
						t.Fatalf("the referral says %q and %q", r.referral(p.own).text("details/notes"), said)
					}
					if own > shipped || !slices.Equal(ownCalls, calls) || shipped < 600*time.Millisecond {
						t.Errorf("%v: %s by %v, a shipped one %s by %v", c.own, own, ownCalls, shipped, calls)
					}
					t.Logf("%v: %s and %s: ratio %.2f", c.own, own, shipped, float64(own)/float64(shipped))
				}
			}, ownValue)
		})
	}
}
