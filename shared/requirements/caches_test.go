package requirements

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// definitionOf finds the table and the question in the address of a call for metadata.
var definitionOf = regexp.MustCompile(`EntityDefinitions\(LogicalName='(\w+)'\)/?([\w./]*)`)

// partnerCenterTokens is where the tokens of both audiences come from: referrals, and the registration of the webhook.
const (
	partnerCenterTokens = "https://login.microsoftonline.com/" + partnerTenant + "/oauth2/v2.0/token"
	audiences           = 2
)

// personOf finds the users that a search of users is about.
var personOf = regexp.MustCompile(`(?:internalemailaddress|systemuserid) eq '?([^')]+)`)

// What rarely changes is fetched once an hour and process, whatever happens in it: each question about a table's
// columns, the currencies, who owns what is made, tokens of each system and scope. A record of both systems is no such thing.
func TestR142_WhatRarelyChangesIsFetchedOnceAnHour(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_own", "type": "Picklist", "options": []doc{{"value": 7, "label": "Seven"}}})
		began, beganPC := r.dv.calls(), r.pc.calls()
		p := r.private("Cached", doc{"new_own": 7})
		r.microsoft(doc{"do": "lead", "referral": doc{"name": "A lead"}})
		r.quiet()
		r.arrived(r.partner(doc{"do": "create", "referral": doc{"name": "From the portal", "details": doc{"currency": "USD"}}}))
		first, firstOfPC := r.dv.calls(), r.pc.calls()
		if again := fetchedTwice(append(r.dv.since(began), r.pc.since(beganPC)...)); len(again) > 0 {
			t.Errorf("in the first minutes twice: %s", strings.Join(again, "\n"))
		}
		if !slices.ContainsFunc(r.dv.since(began), func(e entry) bool { return definitionOf.MatchString(e.URL) }) {
			t.Fatal("nothing was fetched, so nothing is proven")
		}
		for hour := range 3 {
			mark, markPC := r.dv.calls(), r.pc.calls()
			for minute := range 5 {
				time.Sleep(11 * time.Minute)
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 1000*hour + minute + 1})
				r.portalEdits(p.own, doc{"/campaignId": strings.Repeat("x", 5*hour+minute+1)})
				r.quiet()
				made := r.arrived(r.partner(doc{"do": "create", "referral": doc{"name": fmt.Sprintf("Deal %d.%d", hour, minute)}}))
				r.portalEdits(made.own, doc{"/details/notes": "Tomorrow."})
				r.quiet()
			}
			time.Sleep(5 * time.Minute)
			if again := fetchedTwice(append(r.dv.since(mark), r.pc.since(markPC)...)); len(again) > 0 {
				t.Errorf("in hour %d twice: %s", hour+2, strings.Join(again, "\n"))
			}
		}
		if first == r.dv.calls() || firstOfPC == r.pc.calls() {
			t.Error("no call was made")
		}
	}, "sheet: - {field: own, referral: /campaignId, crm: new_own}\n")
}

// fetchedTwice names what was asked of metadata, currencies, users and tokens more than once.
func fetchedTwice(calls []entry) []string {
	count := map[string]int{}
	for _, e := range calls {
		switch found := definitionOf.FindStringSubmatch(e.URL); {
		case found != nil:
			_, what, _ := strings.Cut(e.URL, "LogicalName=")
			count[what]++
		case strings.Contains(e.URL, "/systemusers?"):
			address, _ := url.QueryUnescape(e.URL)
			for _, who := range personOf.FindAllStringSubmatch(address, -1) {
				count["user "+who[1]]++
			}
		case strings.Contains(e.URL, "/transactioncurrencies?"), strings.Contains(e.URL, "/oauth2/"):
			count[e.URL]++
		}
	}
	maps.DeleteFunc(count, func(what string, n int) bool { return n < 2 || n == audiences && what == partnerCenterTokens })
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
