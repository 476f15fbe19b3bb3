package requirements

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// asked asks an operator's question of the product.
func (r *rig) asked(route string, query url.Values) (answer doc) {
	r.t.Helper()
	if len(query) > 0 {
		route += "?" + query.Encode()
	}
	status, text := r.operator(http.MethodGet, "operator/"+route, nil)
	if status != http.StatusOK {
		r.t.Fatalf("%s: %d %s", route, status, text)
	}
	must(r.t, json.Unmarshal([]byte(text), &answer))
	return answer
}

// done does an operator's deed.
func (r *rig) done(route string, body doc) (answer doc) {
	r.t.Helper()
	status, text := r.operator(http.MethodPost, "operator/"+route, body)
	if status != http.StatusOK {
		r.t.Fatalf("%s: %d %s", route, status, text)
	}
	must(r.t, json.Unmarshal([]byte(text), &answer))
	return answer
}

// adopted lets the work begin, and events arrive from then on; after so long everything has been looked at.
func (r *rig) adopted(after time.Duration) {
	r.t.Helper()
	r.done("adopt", doc{"reason": "agreed"})
	r.quiet()
	r.pc.delivery(doc{})
	r.dv.delivery(doc{})
	r.advance(after)
}

// fates are what a census says, by the record's id.
func fates(answer doc) map[string]string {
	out := map[string]string{}
	found, _ := answer["census"].(map[string]any)["found"].([]any)
	for _, one := range found {
		f := doc(one.(map[string]any))
		out[f.text("id")] = f.text("fate")
	}
	return out
}

func (r *rig) counted() (opportunities, referrals int) {
	r.t.Helper()
	return len(r.opportunities()), len(r.referrals())
}

// An organisation that has lived for long: deals of all ages stand open on both sides when the product comes.
func TestR151_NothingIsMadeBeforeAPersonSawTheListAndSaidYes(t *testing.T) {
	play(t, func(r *rig) {
		in := r.portalDeal(doc{"name": "Long open"})
		foreign := r.portalDeal(doc{"name": "Of another CRM", "externalReferenceId": "SF-00417"})
		unsynced := r.deal("Not switched on")
		asks := r.portalDeal(doc{"name": "Names a deal", "externalReferenceId": unsynced})
		share := r.deal("To be shared", doc{"cosell_sync": true})
		r.solution(share, "SOL-12345-ABC", "Northwind Forecast")
		lacking := r.deal("Without a solution", doc{"cosell_sync": true})
		r.quiet()
		made, were := r.counted()
		r.advance(200 * 24 * time.Hour)
		if m, w := r.counted(); m != made || w != were {
			t.Errorf("%d opportunities and %d referrals were made before the start", m-made, w-were)
		}
		mark, pc := r.dv.calls(), r.pc.calls()
		got := fates(r.asked("adopt", nil))
		for id, want := range map[string]string{in.ID: "comes", foreign.ID: "foreign", asks.ID: "asks", share: "shared", lacking: "incomplete"} {
			if got[id] != want {
				t.Errorf("%s is listed as %q, not as %q", id, got[id], want)
			}
		}
		if len(got) != 5 {
			t.Errorf("listed: %v", got)
		}
		r.dv.wrote(mark, 0)
		r.pc.wrote(pc, 0)

		answer := r.done("adopt", doc{"reason": "agreed"})["census"].(map[string]any)
		if answer["setting"] != "SYNC_STARTED="+firstDay.Format(time.DateOnly) {
			t.Errorf("to keep: %v", answer["setting"])
		}
		r.quiet()
		nowMade, nowWere := r.counted()
		if nowMade != made+1 || nowWere != were+1 || len(r.naming(in.ID)) != 1 || r.pairOf(share).own == "" {
			t.Errorf("%d opportunities and %d referrals were made", nowMade-made, nowWere-were)
		}
		if r.referral(foreign.ID).text("externalReferenceId") != "SF-00417" || r.opportunity(unsynced).text("cosell_referralid") != "" {
			t.Error("a foreign id was overwritten, or a deal was taken over")
		}
		r.audited(unsynced, asks.ID)
		r.audited(lacking, "solution")
		if got := fates(r.asked("adopt", nil)); got[in.ID] != "" || got[share] != "" {
			t.Errorf("still listed: %v", got)
		}
	}, "SYNC_STARTED=")
}

func TestR151_SinceLimitsBothSides(t *testing.T) {
	play(t, func(r *rig) {
		oldDeal, oldShare := r.portalDeal(doc{"name": "Old"}), r.deal("Old, to be shared", doc{"cosell_sync": true})
		r.solution(oldShare, "SOL-12345-ABC", "Northwind Forecast")
		r.advance(40 * 24 * time.Hour)
		since := time.Now().UTC().Format(time.DateOnly)
		r.advance(24 * time.Hour)
		young, share := r.portalDeal(doc{"name": "Young"}), r.deal("Young, to be shared", doc{"cosell_sync": true})
		r.solution(share, "SOL-12345-ABC", "Northwind Forecast")
		r.quiet()
		made, were := r.counted()
		if got := fates(r.asked("adopt", url.Values{"since": {since}})); len(got) != 2 || got[young.ID] == "" || got[share] == "" {
			t.Errorf("listed: %v", got)
		}
		if answer := r.done("adopt", doc{"since": since})["census"].(map[string]any); answer["setting"] != "SYNC_STARTED="+since || answer["older"] != 2.0 {
			t.Errorf("%v", answer)
		}
		r.advance(time.Hour)
		nowMade, nowWere := r.counted()
		if nowMade != made+1 || nowWere != were+1 || r.pairOf(share).own == "" || len(r.naming(young.ID)) != 1 {
			t.Errorf("%d opportunities and %d referrals were made", nowMade-made, nowWere-were)
		}
		r.portalEdits(oldDeal.ID, doc{"/details/dealValue": 91000})
		r.edits("opportunity", oldShare, doc{"estimatedvalue": 92000})
		r.quiet()
		if len(r.naming(oldDeal.ID)) != 1 || r.pairOf(oldShare).own == "" {
			t.Error("an old deal that somebody changed does not cross")
		}
	}, "SYNC_STARTED=")
}

// Whoever loses the tables keeps the setting: everything that is open is read again and linked, nothing is made
// twice, and what was left out stays out.
func TestR151_AfterLostTablesEverythingOpenIsReadHoweverOld(t *testing.T) {
	play(t, func(r *rig) {
		outside := r.portalDeal(doc{"name": "Left out"})
		r.advance(100 * 24 * time.Hour)
		p := r.private("In pairs for long")
		q := r.arrived(r.portalDeal(doc{"name": "Came for long"}))
		r.advance(300 * 24 * time.Hour)
		made, were := r.counted()
		r.product.end()
		r.product.ended.Wait()
		r.tables = ledger.InMemory(time.Now)
		r.start()
		r.reconcile()
		r.advance(time.Hour)
		if nowMade, nowWere := r.counted(); nowMade != made || nowWere != were || len(r.naming(outside.ID)) != 0 {
			t.Errorf("%d opportunities and %d referrals were made", nowMade-made, nowWere-were)
		}
		if got := fates(r.asked("adopt", nil)); len(got) != 0 {
			t.Errorf("not in pairs: %v", got)
		}
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.edits("opportunity", q.opportunity, doc{"estimatedvalue": 92000})
		r.quiet()
		if r.opportunity(p.opportunity).text("estimatedvalue") != "91000" || r.referral(q.own).text("details/dealValue") != "92000" {
			t.Errorf("the pairs are not linked any more: %s, %s", r.opportunity(p.opportunity).text("estimatedvalue"), r.referral(q.own).text("details/dealValue"))
		}
	}, "SYNC_STARTED="+firstDay.Add(50*24*time.Hour).Format(time.DateOnly))
}

// What a preview says is what then happens, and it writes nothing.
func TestR97_APreviewWritesNothingAndSaysWhatIsDoneThen(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Previewed")
		if does := one(r.asked("preview", url.Values{"id": {p.own}})).text("does"); does != "nothing" {
			t.Errorf("a pair in step: %s", does)
		}
		r.dv.call(http.MethodPost, "/delivery", doc{"pause": true})
		r.pc.call(http.MethodPost, "/delivery", doc{"pause": true})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.portalEdits(p.own, doc{"/details/notes": "They want it sooner."})
		share := r.deal("Would be shared", doc{"cosell_sync": true})
		r.solution(share, "SOL-12345-ABC", "Northwind Forecast")
		poor := r.deal("Lacks its solution", doc{"cosell_sync": true})
		mark, pc := r.dv.calls(), r.pc.calls()
		text := string(encoded(t, one(r.asked("preview", url.Values{"id": {p.opportunity}}))))
		many := r.asked("preview", url.Values{"ids": {share + "," + poor}})
		r.dv.wrote(mark, 0)
		r.pc.wrote(pc, 0)
		for _, says := range []string{`"does":"update"`, `"value":"90000"`, "They want it sooner.", `"why":"changed in CRM since they last agreed"`, `"why":"changed in Partner Center since they last agreed"`} {
			if !strings.Contains(text, says) {
				t.Errorf("%s is missing in %s", says, text)
			}
		}
		counts := doc(many["counts"].(map[string]any))
		if counts.text("create") != "1" || counts.text("refused") != "1" || counts.text("records") != "2" || !strings.Contains(string(encoded(t, many)), "solution.required") {
			t.Errorf("%s", encoded(t, many))
		}
		r.dv.call(http.MethodPost, "/delivery", doc{"pause": false})
		r.pc.call(http.MethodPost, "/delivery", doc{"pause": false})
		r.advance(10 * time.Minute)
		if d := r.referral(p.own); d.text("details/dealValue") != "90000" || r.opportunity(p.opportunity).text("description") != "They want it sooner." || r.pairOf(share).own == "" || r.pairOf(poor).own != "" {
			t.Error("it was done otherwise")
		}
	})
}

// one is the only preview of an answer.
func one(answer doc) doc { return answer["previews"].([]any)[0].(map[string]any) }

// A creation from Partner Center is previewed as it would be made, down to an account of which nobody can say
// which one it is.
func TestR97_APreviewFindsTheAccountAsTheCreationWould(t *testing.T) {
	play(t, func(r *rig) {
		r.customer("Twin GmbH")
		r.customer("Twin GmbH", doc{"address1_line1": "Musterweg 2"})
		r.pc.call(http.MethodPost, "/delivery", doc{"pause": true})
		a := r.portalDeal(doc{"name": "Whose?", "customerProfile": doc{"name": "Twin GmbH", "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"},
			"team": []doc{{"firstName": "Ada", "lastName": "Ernst", "email": "ada@twin.example", "phoneNumber": "+49 40 5550111"}}}})
		mark := r.dv.calls()
		text := string(encoded(t, one(r.asked("preview", url.Values{"id": {a.ID}}))))
		if !strings.Contains(text, `"does":"create"`) || !strings.Contains(text, "account.unclear") || !strings.Contains(text, "Whose?") {
			t.Errorf("%s", text)
		}
		r.dv.wrote(mark, 0)
	})
}

// Two operators: the log names who did what, a key that is being changed works beside the new one, and what cannot
// be undone needs a reason.
func TestR155_DeedsHaveNames(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Who was it")
		act := func(key, route string, body doc) int {
			status, _ := r.ask(http.MethodPost, "/api/operator/"+route, http.Header{"X-Cosell-Key": {key}, "Content-Type": {"application/json"}}, encoded(t, body))
			return status
		}
		for key, want := range map[string]int{"anns-old-key": 200, "anns-new-key": 200, "bobs-key": 200, operatorKey: 200, "ann": 401, "": 401} {
			if got := act(key, "resync", doc{"id": p.own}); got != want {
				t.Errorf("key %q: %d", key, got)
			}
		}
		if got := act("bobs-key", "unlink", doc{"id": p.own}); got != http.StatusBadRequest {
			t.Errorf("without a reason: %d", got)
		}
		r.portalEdits(p.own, doc{"/details/dealValue": 91000})
		r.quiet()
		if r.opportunity(p.opportunity).text("estimatedvalue") != "91000" {
			t.Error("unlinked all the same")
		}
		if got := act("bobs-key", "unlink", doc{"id": p.own, "reason": "two customers of one name"}); got != http.StatusOK {
			t.Errorf("with a reason: %d", got)
		}
		log := r.log.String()
		for _, line := range []string{`"act":"resync","operator":"ann"`, `"act":"resync","operator":"operator"`, `"act":"unlink","operator":"bob","reason":"two customers of one name"`} {
			if !strings.Contains(log, line) {
				t.Errorf("the log lacks %s", line)
			}
		}
		for _, key := range []string{"anns-old-key", "anns-new-key", "bobs-key", operatorKey} {
			if strings.Contains(log, key) {
				t.Error("a key stands in the log")
			}
		}
		r.portalEdits(p.own, doc{"/details/dealValue": 92000})
		r.quiet()
		if r.opportunity(p.opportunity).text("estimatedvalue") == "92000" {
			t.Error("an unlinked pair is still in step")
		}
	}, "SYNC_OPERATOR_KEYS=ann=anns-old-key,ann=anns-new-key,bob=bobs-key")
}

// What cannot be undone is not done without a reason, whoever asks.
func TestR155_WhatCannotBeUndoneNeedsAReason(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Deeds")
		r.microsoft(doc{"do": "decline", "id": p.microsoft})
		r.quiet()
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.inQueue(queue.OpportunityChanged, "no pointer at all")
		r.quiet()
		held, parked := r.held()[0].text("id"), r.parked()[0].text("id")
		mark, crm := r.pc.calls(), r.dv.calls()
		for deed, id := range map[string]string{"unlink": p.own, "link": p.opportunity, "ask-again": p.opportunity, "close-test": p.opportunity, "held/drop": held, "parked/drop": parked} {
			if status, answer := r.operates(deed, doc{"id": id, "referral": p.own}); status != http.StatusBadRequest || !strings.Contains(answer, "reason") {
				t.Errorf("%s without a reason: %d %s", deed, status, answer)
			}
		}
		r.pc.wrote(mark, 0)
		r.dv.wrote(crm, 0)
		if len(r.held()) != 1 || len(r.parked()) != 1 {
			t.Errorf("%d held, %d parked", len(r.held()), len(r.parked()))
		}
	})
}
