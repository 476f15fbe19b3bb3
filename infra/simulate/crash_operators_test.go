package simulate

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Tales of what an operator does, and of what the product does by itself once a deal is won.

// talesOfOperators are those in which somebody asks for something at the operator's door.
func talesOfOperators() []tale {
	return []tale{
		{name: "the product registers a won deal", own: []string{"SYNC_DEAL_REGISTRATION=send"}, loose: "what a pass was to send comes with the next one, and by then Microsoft may have approved the registration",
			acts: []act{contractColumns(),
				asks("POST", "operator/mapping/push", doc{"file": "mapping.yaml", "text": contractSheet, "yes": true, "reason": "contracts"}),
				creates(doc{"cosell_help": 700010002, "estimatedvalue": 60000}), seller("accept", nil), waits(80 * time.Hour), edits(contract()), closes("win"), timer(),
				edits(doc{"new_contractvalue": 70000}), seller("registration", doc{"status": "Approved"}), timer()}},
		{name: "an operator adopts what there is", own: []string{"-SYNC_STARTED"}, acts: []act{creates(nil), portalCreates(nil), asks("GET", "operator/adopt?since=2026-01-01", nil),
			asks("POST", "operator/adopt", doc{"reason": "we begin", "since": "2026-01-01"}), timer(), asks("GET", "operator/adopt", nil)}},
		{name: "an operator links what was unlinked", acts: []act{creates(nil), asksOf("operator/unlink"), asksOf("operator/link"), edits(doc{"description": "Notes, edition 8"}), timer()}},
		{name: "an operator asks again", acts: []act{creates(doc{"cosell_help": 700010002}), seller("decline", doc{"reason": "Others"}), asksAgain(), timer()}},
		{name: "an operator releases the brake", acts: []act{creates(nil), portalCreates(nil), loses(), edits(doc{"estimatedvalue": 5100}), asks("GET", "operator/brake", nil), asks("POST", "operator/brake/release", doc{"reason": "seen"}), timer(), timer()}},
		{name: "an operator looks", acts: []act{creates(nil), timer(), asks("GET", "operator/status?id=Deal", nil), asks("GET", "operator/preview", nil), asks("GET", "operator/held", nil), asks("GET", "operator/parked", nil),
			asks("GET", "operator/report", nil), asks("GET", "operator/mapping", nil), asksOf("operator/resync"), timer()}},
		{name: "an operator brings the catalogue", acts: []act{creates(nil), asks("POST", "operator/catalogue/import", doc{"entries": []any{
			doc{"line": 2, "identifier": "SOL-99999-NEW", "name": "Northwind Forecast", "type": "IP", "publisher": "Northwind"}}}), timer()}},
		{name: "a held change is tried again", acts: heldChange(ruleless(), asksHeld("operator/held/retry", "notes"), timer())},
		{name: "a held change is dropped", acts: heldChange(asksHeld("operator/held/drop", "notes"), ruleless(), timer())},
		{name: "a parked message is replayed", acts: []act{creates(nil), letterDead(), timer(), timer(), asks("GET", "operator/parked", nil), asksParked("operator/parked/replay"), timer()}},
		{name: "a parked message is dropped", acts: []act{creates(nil), letterDead(), timer(), timer(), asksParked("operator/parked/drop"), timer()}},
		{name: "an operator closes a trial", acts: []act{creates(nil), asksOf("operator/close-test"), timer()}},
		{name: "an operator examines", acts: []act{creates(nil), asks("GET", "operator/doctor", nil), timer()}},
		{name: "a field sheet is checked, compared and pushed", acts: []act{creates(nil), column("new_campaign"), asks("POST", "operator/mapping/check", campaignSheet()), asks("POST", "operator/mapping/diff", campaignSheet()),
			asks("POST", "operator/mapping/push", campaignSheet()), asks("GET", "operator/mapping?id=1", nil), edits(doc{"new_campaign": "Autumn"}), timer()}},
	}
}

// heldChange is a value that the CRM does not take, before other acts.
func heldChange(more ...act) []act {
	return append([]act{creates(nil), rule("crm", doc{"table": "opportunity", "column": "description"}, true), portal("update", doc{"changes": doc{"/details/notes": "Notes, edition 2"}}), asks("GET", "operator/held", nil)}, more...)
}

// asksHeld is an operator's deed about a field of the deal that is held.
func asksHeld(path, field string) act {
	return act{"an operator: " + path, func(r *run) error {
		if path == "operator/held/drop" {
			r.people.left[stand{"crm", r.deal().opportunity, field}] = true
		}
		return asks("POST", path, doc{"id": r.deal().opportunity, "reason": "the seller called"}).do(r)
	}}
}

// letterDead is a message about the deal that has come back from the dead letters too often.
func letterDead() act {
	return act{"a message dies for the last time", func(r *run) error {
		id := r.deal().opportunity
		body, err := queue.Pointer{V: 2, Tenant: "default", Kind: "opportunity", ID: id, Seen: time.Now(), Revivals: 99}.MarshalJSON()
		if err != nil {
			return err
		}
		r.bus.put(&message{queue: "opportunity-changed", session: "default|" + id, record: "opportunity|" + id, body: body})
		last := len(r.bus.waiting) - 1
		r.bus.dead, r.bus.waiting = append(r.bus.dead, r.bus.waiting[last]), r.bus.waiting[:last]
		return nil
	}}
}

// asksParked is an operator's deed about the message that was parked.
func asksParked(path string) act {
	return act{"an operator: " + path, func(r *run) error {
		rows, err := r.openTables().Parked(context.Background(), 10)
		if err != nil || len(rows) == 0 {
			return cmp.Or(err, errNothing)
		}
		return asks("POST", path, doc{"id": rows[0].ID, "reason": "seen"}).do(r)
	}}
}

// campaignSheet names a column of the organisation's own.
func campaignSheet() doc {
	return doc{"file": "mapping.yaml", "text": "- {field: campaign, referral: /campaignId, crm: new_campaign}\n", "yes": true, "reason": "a new season"}
}

// contractSheet names columns of the organisation's own for the deal registration.
const contractSheet = `- {field: contractSigned, crm: new_signed}
- {field: contractStart, crm: new_start}
- {field: contractEnd, crm: new_end}
- {field: contractTerm, crm: new_term, values: {Unlimited: Perpetual, Limited: Finite}}
- {field: contractValue, crm: new_contractvalue}
- {field: deployedOnAzure, crm: new_onazure}
- {field: deployedBy, crm: new_by, values: {At the customer: Customer, With us: Partner}}
- {field: pricingModel, crm: new_pricing}
`

// contractColumns are made by the organisation.
func contractColumns() act {
	return act{"the columns of the contract are made", func(r *run) error {
		for column, is := range map[string]doc{"new_signed": dateOnly(), "new_start": dateOnly(), "new_end": dateOnly(), "new_contractvalue": {"type": "Money"}, "new_onazure": {"type": "Boolean"},
			"new_pricing": {"type": "String", "length": 50}, "new_term": choice("Unlimited", "Limited"), "new_by": choice("At the customer", "With us")} {
			all := doc{"do": "add", "table": "opportunity", "column": column}
			maps.Copy(all, is)
			if _, err := r.dv.call("POST", "/schema", all); err != nil {
				return err
			}
		}
		return nil
	}}
}

func dateOnly() doc { return doc{"type": "DateTime", "behavior": "DateOnly", "format": "DateOnly"} }

func choice(labels ...string) doc {
	var options []doc
	for i, l := range labels {
		options = append(options, doc{"value": i + 1, "label": l})
	}
	return doc{"type": "Picklist", "options": options}
}

// contract is what the seller fills in of it.
func contract() doc {
	return doc{"new_signed": "2026-03-04", "new_start": "2026-04-01", "new_end": "2027-03-31", "new_contractvalue": 60000, "new_onazure": true, "new_term": 2, "new_by": 1, "new_pricing": "PayAsYouGo"}
}

// asksOf is an operator's deed about the deal of the run.
func asksOf(path string) act {
	return act{"an operator: " + path, func(r *run) error {
		d := r.deal()
		if path == "operator/unlink" {
			r.people.chosen[d.opportunity] = true
		}
		return asks("POST", path, doc{"id": d.opportunity, "referral": d.referral, "reason": "the seller called"}).do(r)
	}}
}

// asksAgain asks Microsoft again.
func asksAgain() act {
	return act{"an operator: ask again", func(r *run) error {
		d := r.deal()
		r.people.asked[d.opportunity]++
		r.people.chosen[d.opportunity] = true
		return asks("POST", "operator/ask-again", doc{"id": d.opportunity, "reason": "the seller called"}).do(r)
	}}
}

// TestCrashesOfARefusal is a death before and after each write, and each answer that is lost, where the CRM does not take a value: its line in the
// trail comes with the row that holds it, once.
func TestCrashesOfARefusal(t *testing.T) {
	crashesAt(t, "a held change is tried again", 25, slices.Concat(deaths(), losses()), func(n called) bool {
		return n.write && strings.Contains(n.lane, "partnercentertocrm")
	})
}

// TestCrashesOfWords is each save that fails, and each death after a write, where a deal is won and where its people change: what the seller is told
// then are the very words that he is told without them.
func TestCrashesOfWords(t *testing.T) {
	crashesAt(t, "won in the CRM and registered", 1, []fate{dieAfter}, func(n called) bool { return n.name == "partner center PATCH id" })
	crashesAt(t, "people and customer", 10, []fate{dieAfter, cut}, func(n called) bool {
		return n.name == "partner center PATCH id" || strings.HasPrefix(n.name, "tables write state o") && strings.Contains(n.lane, "crmtopartnercenter")
	})
}

// TestCrashesOfAMeeting is each death after a write, and each save that fails, where two records meet that differ: what the seller is told
// then, and his task, are those that he has without them.
func TestCrashesOfAMeeting(t *testing.T) {
	crashesAt(t, "the notes of a lead name its referral", 3, []fate{dieAfter}, func(n called) bool { return n.name == "partner center PATCH id" })
	crashesAt(t, "two referrals of a deal that nobody remembers", 5, []fate{dieAfter}, func(n called) bool { // words about one of them do not hide that the other is still to be met
		return strings.HasPrefix(n.name, "tables write state o")
	})
	crashesAt(t, "a lead whose opportunity is taken", 10, []fate{cut}, func(n called) bool { return strings.HasPrefix(n.name, "tables write state o") })
}

// crashesAt plays a tale with crash points at some of its calls, of which there are so many at least.
func crashesAt(t *testing.T, name string, least int, fates []fate, some func(called) bool) {
	t.Helper()
	crashesIn(t, "one", name, least, fates, some)
}

// crashesIn does so in a layout.
func crashesIn(t *testing.T, layout, name string, least int, fates []fate, some func(called) bool) {
	t.Helper()
	crashesOf(t, attempt{tale: name, layout: layout}, least, fates, some)
}

// crashesOf does so with people as patient as they are in the attempt.
func crashesOf(t *testing.T, of attempt, least int, fates []fate, some func(called) bool) {
	t.Helper()
	all := tales()
	x := all[slices.IndexFunc(all, func(x tale) bool { return x.name == of.tale })]
	plain := x.tell(t, of.layout, nil, of.hurry, false)
	if len(plain.broken) > 0 {
		t.Fatal(plain.broken)
	}
	e, c := &enumeration{t: t, parts: 1}, count{}
	for _, b := range distinct(plain.noted, fates...) {
		if i := slices.IndexFunc(plain.noted, func(n called) bool { return n.n == b.call }); !some(plain.noted[i]) {
			continue
		}
		if e.play(x, attempt{x.name, of.layout, []blow{b}, of.hurry}, plain, &c); len(c.Broken) > 0 {
			t.Fatal(c.Broken[0])
		}
	}
	if c.Runs < least {
		t.Errorf("%d crash points only", c.Runs)
	}
}

// TestCrashesBetweenProcesses are those where another process goes on at once with what one has left: with a deed of an operator, with what the brake has
// put aside, and with what was written by a field sheet that it does not have yet.
func TestCrashesBetweenProcesses(t *testing.T) {
	at := func(lane, name string) func(called) bool {
		return func(n called) bool { return n.name == name && strings.Contains(n.lane, lane) }
	}
	crashesIn(t, "flex2", "an operator links what another deal had", 2, []fate{dieAfter, lose}, at("operator/link", "crm PATCH opportunities(id)"))
	crashesIn(t, "flex2", "an operator closes a trial", 2, []fate{dieAfter, lose}, at("operator/close-test", "partner center PATCH id"))
	crashesIn(t, "flex2", "a lead is deleted before it has handed over", 1, []fate{lose}, at("crmtopartnercenter lead", "crm PATCH opportunities(id)"))
	crashesIn(t, "flex2", "a field sheet is checked, compared and pushed", 1, []fate{dieAfter}, at("partnercentertocrm", "partner center PATCH id"))
}

// TestCrashesOfHastyPeople are those where people do the next thing at that very moment.
func TestCrashesOfHastyPeople(t *testing.T) {
	arrives := func(lane string) func(called) bool {
		return func(n called) bool { return strings.HasSuffix(n.lane, lane) && strings.HasPrefix(n.name, "queue send") }
	}
	crashesOf(t, attempt{tale: "a lead is deleted before it has handed over", layout: "flex2", hurry: true}, 3, []fate{dieBefore}, arrives("crmwebhook"))
	crashesOf(t, attempt{tale: "a lone deal is proposed and confirmed", layout: "flex2", hurry: true}, 1, []fate{dieBefore}, arrives("partnercenterwebhook"))
}

// TestCrashesOfALink is each death and each answer that is lost around the writes by which two records are linked, or part: the trail tells of each once,
// whoever comes to say so.
func TestCrashesOfALink(t *testing.T) {
	writes := func(site string) func(called) bool {
		return func(n called) bool { return n.write && strings.Contains(n.lane, "crmtopartnercenter "+site) }
	}
	all := slices.Concat(deaths(), losses())
	crashesAt(t, "a lead that is qualified", 6, all, writes("lead"))
	crashesAt(t, "unlinked and linked", 4, all, writes("opportunity"))
	crashesAt(t, "an operator links what was unlinked", 4, []fate{dieAfter, lose}, func(n called) bool { return n.name == "crm PATCH opportunities(id)" })
	crashesAt(t, "a lone deal is proposed and confirmed", 4, []fate{dieAfter, lose}, func(n called) bool {
		return n.name == "tables write state o" && strings.HasPrefix(n.lane, "handler#1: createcosellreferral")
	})
	crashesAt(t, "the answer to an invitation's making is lost", 1, []fate{cut}, func(n called) bool { return n.name == "crm GET opportunities" })
}

// TestNothingIsInStepAgainThatWasDropped: what an operator drops of what is held stays as it is, and Audit says so in these words.
func TestNothingIsInStepAgainThatWasDropped(t *testing.T) {
	all := tales()
	plain := all[slices.IndexFunc(all, func(x tale) bool { return x.name == "a held change is dropped" })].tell(t, "one", nil, false, false)
	told := 0
	for _, line := range plain.portrait {
		if saysOver(line) {
			t.Error(line)
		}
		if strings.Contains(line, " audit: ") && strings.Contains(line, cosell.LeftAsItIs) {
			told++
		}
	}
	if len(plain.broken) > 0 || told != 1 {
		t.Errorf("told %d times, %v", told, plain.broken)
	}
}
