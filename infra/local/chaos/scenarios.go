package chaos

import (
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/link"
)

// The calls at which something goes wrong.
func postReferral() control.KillAfter {
	return control.KillAfter{Host: referralsHost, Method: "POST", Path: "/referrals$"}
}
func patchReferral() control.KillAfter {
	return control.KillAfter{Host: referralsHost, Method: "PATCH", Path: "/referrals/"}
}
func readReferral() control.KillAfter {
	return control.KillAfter{Host: referralsHost, Method: "GET", Path: "/referrals/"}
}
func batchInCRM() control.KillAfter {
	return control.KillAfter{Host: crmHost, Method: "POST", Path: `/\$batch$`}
}
func patchInCRM() control.KillAfter {
	return control.KillAfter{Host: crmHost, Method: "PATCH", Path: "/opportunities"}
}

// saves is the first write to the tables after a call.
func saves(after control.KillAfter) control.KillAfter {
	return control.KillAfter{Host: "tables", Path: `/\$batch$`, Since: &control.Call{Host: after.Host, Method: after.Method, Path: after.Path}}
}

// atPoint is a call with another point, or the n-th of its kind.
func atPoint(call control.KillAfter, point string, n int) control.KillAfter {
	call.Point, call.N = point, n
	return call
}

// troubled is the link of a part from a call on.
func troubled(part, fault string, call control.KillAfter) control.Link {
	return control.Link{Part: part, Fault: fault, After: &call}
}

// once is a link that troubles one connection.
func once(l control.Link) control.Link { l.Times = 1; return l }

// startsAnew is the restart of an emulator at a call.
func startsAnew(part string, empty bool, call control.KillAfter) control.Restart {
	return control.Restart{Part: part, Empty: empty, After: &call}
}

// lasts is a link that is troubled for so long.
func lasts(l control.Link, long string) control.Link { l.For = long; return l }

// slowly is a link whose delay is that.
func slowly(part, fault, delay string) control.Link {
	return control.Link{Part: part, Fault: fault, Delay: delay}
}

// scenarios are all of them.
func scenarios() []Scenario {
	return slices.Concat(creations(), arrivals(), updates(), queueTroubles(), storeTroubles(), processTroubles(), emulatorTroubles())
}

// creations are deals that a seller begins in the CRM.
func creations() []Scenario {
	born, helped := makes("crm"), makes("crm help")
	return []Scenario{
		{Name: "reset-while-creating", About: "the connection is reset when the referral is made and not answered", quick: true,
			steps: []step{during(once(troubled("partnercenter", link.Reset, postReferral())), born)}},
		{Name: "reset-on-the-way-there", About: "every connection to Partner Center is reset before it hears anything",
			steps: []step{during(lasts(control.Link{Part: "partnercenter", Fault: link.Reset}, "3s"), born)}},
		{Name: "answer-ends-in-its-middle", About: "half of the answer to the creation comes",
			steps: []step{during(once(troubled("partnercenter", link.Truncate, postReferral())), born)}},
		{Name: "cut-while-creating", About: "the network is gone from the creation on, and comes back",
			steps: []step{during(lasts(troubled("partnercenter", link.Cut, atPoint(postReferral(), "before", 1)), "6s"), born)}},
		{Name: "answer-cut-while-creating", About: "calls arrive and are worked on, and no answer comes back",
			steps: []step{during(lasts(troubled("partnercenter", link.CutAnswers, postReferral()), "6s"), born, leaps(10*time.Minute))}},
		{Name: "slow-network-while-creating", About: "each piece takes 300 ms longer", steps: []step{during(slowly("partnercenter", link.Latency, "300ms"), born, rests)}},
		{Name: "killed-when-created", About: "the process dies when the referral is made and not answered", quick: true, steps: []step{dying(postReferral(), born)}},
		{Name: "killed-before-creating", About: "the process dies before Partner Center sees the creation", steps: []step{dying(atPoint(postReferral(), "before", 1), born)}},
		{Name: "killed-with-the-answer", About: "the process dies with the answer in its hands", steps: []step{dying(atPoint(postReferral(), "answered", 1), born)}},
		{Name: "killed-before-saving", About: "the process dies between the creation and its own write", steps: []step{dying(atPoint(saves(postReferral()), "before", 1), born)}},
		{Name: "killed-twice-while-creating", About: "it dies at the creation, and again when it looks what became of it",
			steps: []step{dying(postReferral(), born), dying(control.KillAfter{Host: referralsHost, Method: "GET"}, leaps(10*time.Minute))}},
		{Name: "request-to-microsoft-reset", About: "the second POST, which asks Microsoft in, is reset",
			steps: []step{during(once(troubled("partnercenter", link.Reset, atPoint(postReferral(), "committed", 2))), helped)}},
		{Name: "killed-between-the-posts", About: "the process dies between the deal and the request to Microsoft", steps: []step{dying(atPoint(postReferral(), "answered", 1), helped)}},
		{Name: "killed-at-the-second-post", About: "it dies when Microsoft was asked and nobody was answered", steps: []step{dying(atPoint(postReferral(), "committed", 2), helped)}},
		{Name: "answer-and-events-lost", About: "neither the answer to the creation nor any event comes",
			steps: []step{delivers("partnercenter", control.Delivery{Lose: 1}), during(once(troubled("partnercenter", link.Reset, postReferral())), born), leaps(10 * time.Minute), rests}},
		{Name: "lists-are-late", About: "the answer is lost, and the new referral is listed three and a half seconds later",
			steps: []step{turns(fields{"listDelay": "3500ms"}), during(once(troubled("partnercenter", link.Reset, postReferral())), born)}},
		{Name: "throttled-while-creating", About: "Partner Center asks to wait for a minute, and another deal begins meanwhile", steps: []step{asksToWait("partnercenter", 60), born, rests, born, rests, leaps(2 * time.Minute), rests}},
	}
}

// arrivals are deals that come from Partner Center.
func arrivals() []Scenario {
	born, invited := makes("portal"), makes("invitation")
	return []Scenario{
		{Name: "crm-reset-when-made", About: "the connection is reset when the opportunity is made and not answered",
			steps: []step{during(once(troubled("dataverse", link.Reset, batchInCRM())), born)}},
		{Name: "crm-answer-ends-in-its-middle", About: "half of the change set's answer comes", steps: []step{during(once(troubled("dataverse", link.Truncate, batchInCRM())), born)}},
		{Name: "crm-answers-are-cut", About: "the CRM does everything and no answer comes back", steps: []step{during(lasts(troubled("dataverse", link.CutAnswers, batchInCRM()), "6s"), born)}},
		{Name: "killed-when-made-in-crm", About: "the process dies when the opportunity is made and not answered", steps: []step{dying(batchInCRM(), born)}},
		{Name: "killed-before-the-crm-id", About: "it dies before the referral is told whose opportunity it is", steps: []step{dying(atPoint(patchReferral(), "before", 1), born)}},
		{Name: "crm-id-reset", About: "the answer to the CRM id is lost", steps: []step{during(once(troubled("partnercenter", link.Reset, patchReferral())), born)}},
		{Name: "invitation-reset", About: "Microsoft invites, and the CRM's answer is lost", steps: []step{during(once(troubled("dataverse", link.Reset, batchInCRM())), invited)}},
		{Name: "invitation-accepted-in-a-cut", About: "the portal accepts while the CRM cannot be reached", given: []string{"invitation"},
			steps: []step{during(lasts(control.Link{Part: "dataverse", Fault: link.Cut}, "4s"), accepts(0), types(0, inPortal, "value"))}},
		{Name: "invitation-edited-unanswered", About: "the seller types into an invitation that nobody has answered, and the process dies", given: []string{"invitation"},
			steps: []step{types(0, inCRM, "value"), types(0, inCRM, "notes"), kills("crmtopartnercenter")}},
		{Name: "lead-reset", About: "a lead comes, and the CRM's answer is lost", steps: []step{during(once(troubled("dataverse", link.Reset, batchInCRM())), makes("lead"))}},
		{Name: "event-before-it-can-be-read", About: "events are a second ahead of what can be read", steps: []step{turns(fields{"eventBeforeReadable": "1s"}), born, rests}},
	}
}

// updates are values typed into deals that are linked.
func updates() []Scenario {
	toPC, toCRM := types(0, inCRM, "value"), types(0, inPortal, "value")
	pair := []string{"crm"}
	hour := []step{leaps(20 * time.Minute), reconciles, leaps(20 * time.Minute), reconciles, leaps(20 * time.Minute)}
	return []Scenario{
		{Name: "reset-while-updating", About: "the answer to a PATCH of the referral is lost", given: pair, quick: true,
			steps: []step{during(once(troubled("partnercenter", link.Reset, patchReferral())), toPC)}},
		{Name: "reset-while-updating-crm", About: "the answer to a write of the opportunity is lost", given: pair, steps: []step{during(once(troubled("dataverse", link.Reset, patchInCRM())), toCRM)}},
		{Name: "killed-while-updating", About: "the process dies when the referral is changed and not answered", given: pair, steps: []step{dying(patchReferral(), toPC)}},
		{Name: "killed-before-updating", About: "the process dies before Partner Center sees the change", given: pair, steps: []step{dying(atPoint(patchReferral(), "before", 1), toPC)}},
		{Name: "killed-before-updating-crm", About: "the process dies before the CRM sees the change", given: pair, steps: []step{dying(atPoint(patchInCRM(), "before", 1), toCRM)}},
		{Name: "killed-while-updating-crm", About: "the process dies when the opportunity is changed and not answered", given: pair, steps: []step{dying(patchInCRM(), toCRM)}},
		{Name: "edited-again-in-a-lost-answer", About: "the seller types again while the answer to the first value is lost", given: pair,
			steps: []step{during(lasts(troubled("partnercenter", link.CutAnswers, patchReferral()), "5s"), toPC), types(0, inCRM, "value"), types(0, inCRM, "notes")}},
		{Name: "both-sides-in-a-slow-network", About: "the same field is typed on both sides at once", given: pair, both: true,
			steps: []step{during(slowly("partnercenter", link.Latency, "200ms"), toPC, toCRM, rests)}},
		{Name: "both-sides-and-killed", About: "the process dies between the overwriting and its line", given: pair, both: true, steps: []step{dying(control.KillAfter{Method: "PATCH", Path: "/(referrals/|opportunities)"}, toCRM, toPC)}},
		{Name: "connections-forgotten", About: "a firewall forgets every connection to both systems", given: pair,
			steps: []step{during(lasts(control.Link{Part: "partnercenter", Fault: link.HalfOpen}, "4s")), during(lasts(control.Link{Part: "dataverse", Fault: link.HalfOpen}, "4s"), toPC, types(0, inPortal, "notes"))}},
		{Name: "hour-without-partner-center", About: "the network to Partner Center is gone for an hour", given: pair,
			steps: []step{during(control.Link{Part: "partnercenter", Fault: link.Reset}, append([]step{toPC}, hour...)...), calms}},
		{Name: "hour-without-crm", About: "the network to the CRM is gone for an hour", given: pair,
			steps: []step{during(control.Link{Part: "dataverse", Fault: link.Reset}, append([]step{toCRM}, hour...)...), calms}},
		{Name: "day-of-503", About: "Partner Center answers 503 for a day", given: pair,
			steps: []step{failing("partnercenter", control.Fault{Match: control.Match{URL: referralsURL}, Do: "status", Status: 503}, toPC, leaps(6*time.Hour), reconciles, leaps(9*time.Hour), reconciles, leaps(9*time.Hour), reconciles)}},
		{Name: "throttled-crm", About: "the CRM asks to wait for two minutes, and others go on typing", given: []string{"crm", "crm"}, steps: []step{asksToWait("dataverse", 120), toCRM, rests, types(1, inPortal, "value"), rests, leaps(3 * time.Minute)}},
		{Name: "twenty-edits-in-a-slow-network", About: "one field is typed twenty times", given: pair,
			steps: []step{during(slowly("partnercenter", link.Latency, "100ms"), slices.Repeat([]step{toPC}, 20)...)}},
		{Name: "close-comes-late", About: "nobody learns in time that a connection was closed", given: pair,
			steps: []step{during(slowly("partnercenter", link.SlowClose, "2s"), failing("partnercenter", control.Fault{Match: control.Match{Method: "PATCH"}, Do: "loseAnswer", Times: 1}, toPC))}},
		{Name: "clock-leaps", About: "73 hours pass between two edits, twice", given: pair, steps: []step{toPC, leaps(73 * time.Hour), toCRM, leaps(73 * time.Hour), types(0, inCRM, "notes")}, both: true},
	}
}

// queueTroubles are those of the broker, and of events on their way in.
func queueTroubles() []Scenario {
	toPC, toCRM := types(0, inCRM, "value"), types(0, inPortal, "notes")
	pair := []string{"crm"}
	return []Scenario{
		{Name: "queue-reset-while-settling", About: "the connections to the queues are reset when the work is done and not settled", given: pair,
			steps: []step{during(lasts(troubled("servicebus", link.Reset, patchReferral()), "1s"), toPC)}},
		{Name: "queue-closes-late", About: "links of queues are detached, and nobody learns of it in time", given: pair,
			steps: []step{during(slowly("servicebus", link.SlowClose, "2s"), expires("links"), kills("crmtopartnercenter"), toPC, toCRM)}},
		{Name: "queue-cut", About: "the network to the queues is gone for five seconds", given: pair, steps: []step{during(lasts(control.Link{Part: "servicebus", Fault: link.Cut}, "5s"), toPC, toCRM)}},
		{Name: "queue-connections-forgotten", About: "a firewall forgets every connection to the queues", given: pair, steps: []step{during(lasts(control.Link{Part: "servicebus", Fault: link.HalfOpen}, "4s"), toPC, toCRM)}},
		{Name: "queue-fails-over", About: "every connection to the queues is reset, and new ones, too, for three seconds", given: pair, steps: []step{during(lasts(control.Link{Part: "servicebus", Fault: link.Reset}, "3s"), toPC, toCRM)}},
		{Name: "queue-stands-still", About: "the broker stands still for three seconds", given: pair, steps: []step{stands("servicebus", 3*time.Second), toPC, toCRM}},
		{Name: "locks-lost-at-work", About: "the locks are lost while the first worker still runs", given: pair,
			steps: []step{during(slowly("partnercenter", link.Latency, "400ms"), toPC, expires("locks"), expires("locks"), rests)}},
		{Name: "links-detached", About: "all links of the queues are detached", given: pair, steps: []step{expires("links"), toPC, expires("links"), toCRM}},
		{Name: "events-doubled-and-shuffled", About: "each event comes three times, in any order", given: pair,
			steps: []step{delivers("partnercenter", control.Delivery{Duplicate: 2, Shuffle: true}), delivers("dataverse", control.Delivery{Duplicate: 2, Shuffle: true}), toPC, toCRM, makes("portal"), makes("crm")}},
		{Name: "no-event-comes", About: "neither system tells anything", given: pair,
			steps: []step{delivers("partnercenter", control.Delivery{Lose: 1}), delivers("dataverse", control.Delivery{Lose: 1}), toPC, toCRM, makes("crm"), makes("portal")}},
		{Name: "receivers-reset", About: "events are reset on their way in", given: pair, steps: []step{during(lasts(control.Link{Part: "product", Fault: link.Reset}, "2s"), toPC, toCRM)}},
	}
}

// storeTroubles are those of tables, vault and sign-in.
func storeTroubles() []Scenario {
	toPC, born := types(0, inCRM, "value"), makes("crm")
	pair := []string{"crm"}
	return []Scenario{
		{Name: "tables-cut-in-a-write-ahead", About: "the tables are gone for half a minute from the creation on", steps: []step{during(lasts(troubled("tables", link.Cut, postReferral()), "30s"), born)}},
		{Name: "tables-reset-after-creating", About: "the first write after the creation is reset", quick: true, steps: []step{during(once(troubled("tables", link.Reset, saves(postReferral()))), born)}},
		{Name: "tables-stand-still", About: "the tables stand still for three seconds", given: pair, steps: []step{stands("tables", 3*time.Second), toPC, types(0, inPortal, "notes")}},
		{Name: "tables-answer-503", About: "the tables answer 503 for a while", given: pair,
			steps: []step{failing("tables", control.Fault{Do: "status", Status: 503, Times: 12}, toPC, types(0, inPortal, "notes"))}},
		{Name: "tables-answers-cut", About: "the tables do everything and no answer comes back", given: pair, steps: []step{during(lasts(control.Link{Part: "tables", Fault: link.CutAnswers}, "4s"), toPC)}},
		{Name: "vault-away-at-the-start", About: "all processes start anew while the vault cannot be reached", given: pair,
			steps: []step{during(control.Link{Part: "vault", Fault: link.Reset}, kills(), toPC, leaps(2*time.Minute)), calms}},
		{Name: "vault-slow-at-the-start", About: "all processes start anew with a slow vault", given: pair, steps: []step{during(slowly("vault", link.Latency, "500ms"), kills(), toPC)}},
		{Name: "sign-in-cut", About: "tokens end while nobody can sign in", given: pair,
			steps: []step{during(lasts(control.Link{Part: "signin", Fault: link.Reset}, "5s"), kills(), leaps(2*time.Hour), toPC, types(0, inPortal, "notes"))}},
	}
}

// processTroubles are processes that die at other moments.
func processTroubles() []Scenario {
	toPC, toCRM := types(0, inCRM, "value"), types(0, inPortal, "notes")
	pair := []string{"crm"}
	return []Scenario{
		{Name: "two-killed", About: "one process dies, and then another", given: pair, steps: []step{toPC, kills("crmtopartnercenter"), toCRM, kills("partnercentertocrm"), makes("portal")}},
		{Name: "all-killed", About: "every process dies while two deals are being made", steps: []step{makes("crm"), makes("portal"), kills()}},
		{Name: "killed-in-a-pass", About: "a pass of reconcile dies in its middle, with every event lost", given: pair,
			steps: []step{delivers("partnercenter", control.Delivery{Lose: 1}), delivers("dataverse", control.Delivery{Lose: 1}), toPC, toCRM, dying(readReferral(), reconciles)}},
		{Name: "killed-with-its-cursor", About: "a pass dies as soon as it has saved how far it was, with every event lost", given: pair,
			steps: []step{delivers("partnercenter", control.Delivery{Lose: 1}), delivers("dataverse", control.Delivery{Lose: 1}), toPC, toCRM,
				dying(control.KillAfter{Host: "tables", Method: "PATCH", Path: `'c\|`}, reconciles)}},
		{Name: "killed-and-reset", About: "the process dies at the creation, and its successor's calls are reset",
			steps: []step{dying(postReferral(), makes("crm")), during(lasts(control.Link{Part: "partnercenter", Fault: link.Reset}, "2s"), leaps(10*time.Minute), reconciles)}},
	}
}

// emulatorTroubles are those of a broker and a table store that end and begin anew: the tables with everything unless they
// are lost, the broker without a single message, as after a failover to another region.
func emulatorTroubles() []Scenario {
	toPC, toCRM, born := types(0, inCRM, "value"), types(0, inPortal, "notes"), makes("crm")
	pair := []string{"crm"}
	lost := control.Restart{Part: "servicebus", Empty: true}
	return []Scenario{
		{Name: "broker-starts-anew", About: "the broker loses every message while values are typed on both sides", given: pair,
			steps: []step{toPC, toCRM, makes("portal"), restarting(lost), types(0, inCRM, "date")}},
		{Name: "broker-starts-anew-while-creating", About: "the broker loses every message when the referral is made and not answered",
			steps: []step{restarting(startsAnew("servicebus", true, postReferral()), makes("crm help"))}},
		{Name: "broker-starts-anew-with-what-waits", About: "the broker loses what Partner Center has asked to wait with", given: pair,
			steps: []step{asksToWait("partnercenter", 120), toPC, born, rests, restarting(lost), leaps(3 * time.Minute)}},
		{Name: "tables-start-anew-in-a-write-ahead", About: "the table store moves between the creation and its own write", steps: []step{restarting(startsAnew("tables", false, atPoint(saves(postReferral()), "before", 1)), born)}},
		{Name: "tables-start-anew-while-updating", About: "the table store moves when the referral is changed and not answered", given: pair,
			steps: []step{restarting(startsAnew("tables", false, patchReferral()), toPC, toCRM)}},
		{Name: "tables-lost", About: "the tables are lost with everything in them, and people go on once a pass has looked at all", given: pair,
			steps: []step{restarting(control.Restart{Part: "tables", Empty: true}), reconciles, rests, toPC, toCRM, born}},
		{Name: "tables-lost-while-creating", About: "the tables are lost between the creation and its own write",
			steps: []step{restarting(startsAnew("tables", true, atPoint(saves(postReferral()), "before", 1)), born)}},
		{Name: "tables-lost-at-an-edit", About: "the tables are lost when the referral is changed and not answered, and another value is typed", given: pair, both: true,
			steps: []step{restarting(startsAnew("tables", true, patchReferral()), toPC), types(0, inPortal, "value")}},
	}
}
