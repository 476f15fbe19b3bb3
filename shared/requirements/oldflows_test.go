package requirements

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
)

// flowsOff is the administrator who switches the flows of Microsoft's connector off, but for those whose names hold one
// of the words.
func (r *rig) flowsOff(but ...string) {
	r.t.Helper()
	for id, row := range r.dv.table("workflow") {
		keep := slices.ContainsFunc(but, func(word string) bool { return strings.Contains(row.text("name"), word) })
		if row.text("category") == "5" && row.text("statecode") == "1" && !keep {
			r.edits("workflow", id, doc{"statecode": 0, "statuscode": 1})
		}
	}
}

// While flows of Microsoft's connector are on, doctor and the plan list them, the work does not begin, and health says so;
// once they are off all of that is over.
func TestR154_WhileTheOldFlowsAreOnNothingBegins(t *testing.T) {
	play(t, func(r *rig) {
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Msft})
		share := r.deal("Waits", doc{"cosell_sync": true})
		r.solution(share, "SOL-12345-ABC", "Northwind Forecast")
		plan := r.asked("adopt", nil)["census"].(map[string]any)
		if on, _ := plan["flows"].([]any); len(on) != 11 {
			t.Errorf("the plan lists %v", plan["flows"])
		}
		status, answer := r.operator(http.MethodPost, "operator/adopt", doc{"reason": "agreed"})
		if status != http.StatusConflict || !holdsAll(answer, []string{"11 flows of Microsoft's connector are on: “", "Auto-heal", "switch them off in Power Automate", "before the work begins"}) || strings.Contains(answer, "SYNC_MODE") {
			t.Errorf("adopt: %d %s", status, answer)
		}
		r.told(no{check: "crm.flows", state: doctor.Failed, says: "Dynamics 365 Opportunity to Partner Center (Insider Preview)”"})
		r.told(no{check: "crm.flows", state: doctor.Failed, says: "both write | switch them off in Power Automate"})
		r.advance(2 * time.Hour)
		if h := r.health(); !holdsAll(h, []string{`"flows.on"`, `"count":11`}) || r.opportunity(share).text("cosell_referralid") != "" {
			t.Errorf("health says %s", h)
		}

		r.flowsOff("Auto-heal")
		r.advance(10 * time.Minute)
		if h := r.health(); !holdsAll(h, []string{`"flows.on"`, `"count":1`, "switch it off"}) {
			t.Errorf("with one left health says %s", h)
		}
		r.flowsOff()
		r.done("adopt", doc{"reason": "agreed"})
		r.advance(10 * time.Minute)
		if h := r.health(); strings.Contains(h, "flows.on") || r.opportunity(share).text("cosell_referralid") == "" {
			t.Errorf("the flows are off; the referral is %q, health says %s", r.opportunity(share).text("cosell_referralid"), h)
		}
		r.told(no{check: "crm.flows", state: doctor.OK})
	}, "SYNC_STARTED=")
}

// A flow that a partner has renamed is known by the connector that it works with; flows of his own are left alone.
func TestR154_AFlowIsKnownByItsConnectorToo(t *testing.T) {
	play(t, func(r *rig) {
		flow := func(name, clientdata string) {
			r.creates("workflow", doc{"name": name, "category": 5, "statecode": 1, "statuscode": 2, "clientdata": clientdata})
		}
		flow("Our own deal sync", `{"properties":{"connectionReferences":{"shared_partnercenterref":{}}}}`)
		flow("Birthday mails", `{"properties":{"connectionReferences":{"shared_office365":{}}}}`)
		r.creates("workflow", doc{"name": "Partner Center to Dynamics 365", "category": 0, "statecode": 1, "statuscode": 2}) // a classic workflow
		plan := r.asked("adopt", nil)["census"].(map[string]any)
		on, _ := plan["flows"].([]any)
		if len(on) != 1 || !strings.Contains(listText(on), "Our own deal sync") {
			t.Errorf("the plan lists %v", on)
		}
	})
}

// Where flows are not ours to read, plan and doctor say that they cannot tell, and the work may begin by the word of a person.
func TestR154_FlowsThatMayNotBeReadAreNoSecret(t *testing.T) {
	play(t, func(r *rig) {
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Msft})
		privilege("workflow", "read", false)(r)
		plan := r.asked("adopt", nil)["census"].(map[string]any)
		if why, _ := plan["flowsUnread"].(string); !strings.Contains(why, "prvReadWorkflow") {
			t.Errorf("the plan says %v", plan)
		}
		r.told(no{check: "crm.flows", state: doctor.Unverified, says: "not ours to read"})
		r.done("adopt", doc{"reason": "they are off"})
		r.advance(2 * time.Hour)
		if h := r.health(); strings.Contains(h, "flows.on") {
			t.Errorf("health says %s", h)
		}
	}, "SYNC_STARTED=")
}

// In shadow mode the flows are meant to be on.
func TestR154_BesideTheShadowTheFlowsMayBeOn(t *testing.T) {
	play(t, func(r *rig) {
		r.dv.call(http.MethodPost, "/organisation", doc{"kind": dataversesim.Msft})
		r.told(no{check: "crm.flows", state: doctor.Warning, says: "in shadow mode nothing is written beside them | switch them off in Power Automate (Solutions > Partner Center Referrals Synchronization for Dynamics 365) before SYNC_MODE=live"})
		if status, answer := r.operator(http.MethodPost, "operator/adopt", doc{"reason": "agreed"}); status != http.StatusConflict || !strings.Contains(answer, "switch them off") || strings.Contains(answer, "SYNC_MODE") {
			t.Errorf("adopt: %d %s", status, answer)
		}
		r.advance(2 * time.Hour)
		if h := r.health(); strings.Contains(h, "flows.on") || !strings.Contains(h, `"ok":true`) {
			t.Errorf("health says %s", h)
		}
	}, "SYNC_MODE=shadow")
}

// What the receiver of the settings does not take never keeps events from us, and health says so at once.
func TestR154_TheOtherReceiverNeverDelaysUs(t *testing.T) {
	play(t, func(r *rig) {
		other := &flows{status: http.StatusInternalServerError}
		r.elsewhere = map[string]http.Handler{flowsHost: other}
		began := time.Now()
		r.portalDeal(doc{"name": "For both"})
		for range mostSteps {
			if strings.Contains(r.log.String(), `"msg":"shadow"`) {
				break
			}
			r.step()
		}
		if took := time.Since(began); took > time.Second || !strings.Contains(r.log.String(), `"msg":"shadow"`) {
			t.Errorf("it was looked at after %s", took)
		}
		if h := r.health(); !holdsAll(h, []string{"forward.failed", "SYNC_FORWARD_URL"}) {
			t.Errorf("health says %s", h)
		}
		r.told(no{check: "pc.events", state: doctor.Failed, says: "SYNC_FORWARD_URL"})
		other.status = http.StatusAccepted
		r.advance(10 * time.Minute)
		if h := r.health(); strings.Contains(h, "forward.failed") {
			t.Errorf("once it takes them health says %s", h)
		}
	}, "SYNC_MODE=shadow", "SYNC_FORWARD_URL=https://"+flowsHost+"/invoke?sig=hidden")
}

// Doctor refuses to work on all referrals where another environment holds the registration; with the settings for tests
// all is well.
func TestR153_DoctorRefusesAllWhereAnotherEnvironmentHoldsTheRegistration(t *testing.T) {
	for scope, state := range map[string]doctor.State{"all": doctor.Failed, "own": doctor.OK} {
		t.Run(scope, func(t *testing.T) {
			play(t, func(r *rig) {
				r.registers("https://production.example/api/partnercenterwebhook/default", ourEvents...)
				r.told(no{check: "pc.scope", state: state, says: map[string]string{"all": "https://production.example", "own": "SYNC_SCOPE=own"}[scope]})
			}, "SYNC_SCOPE="+scope)
		})
	}
}

// MFA: what is missing, since when, and the mend; and it is over by itself after a new consent.
func TestR149_DoctorSaysSinceWhenMFAIsMissing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Refused")
		r.pc.switches(doc{"tokenMFA": false})
		time.Sleep(2 * time.Hour)
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
		r.quiet()
		since := time.Now()
		r.advance(30 * time.Minute)
		found := r.examined("only=pc.mfa")
		last := found[len(found)-1]
		if last.State != doctor.Failed || last.Code != "mfa.missing" || last.Since == nil || last.Since.Before(since.Add(-time.Minute)) || last.Since.After(since.Add(time.Minute)) || !strings.Contains(last.Mend, "cosellctl consent") {
			t.Errorf("found is %s, since %v, and it was %s", findings(found), last.Since, since)
		}
		r.pc.switches(doc{"tokenMFA": true})
		time.Sleep(2 * time.Hour)
		r.advance(30 * time.Minute)
		r.told(no{check: "pc.mfa", state: doctor.OK})
		if v := r.referral(p.own).text("details/dealValue"); v != "90000" {
			t.Errorf("the value is %s", v)
		}
	})
}

func listText(list []any) string {
	var out []string
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			name, _ := m["name"].(string)
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// A deal that Microsoft's connector has linked is linked by its identifiers when the work begins: nothing is made, and what
// differs between the two records is overwritten on neither side.
func TestR151_AdoptLinksWhatTheOldConnectorHasLinkedAndOverwritesNothing(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.flowsOff()
		r.pc.delivery(doc{"pause": true}) // it was before us
		r.dv.delivery(doc{"pause": true})
		a := r.portalDeal(doc{"name": "Linked long ago", "details": doc{"dealValue": 70000}})
		id := r.deal("Linked long ago", doc{msftColumn + "sync": true, msftColumn + "identifier": a.ID, "estimatedvalue": 50000, "description": "what the seller wrote"})
		o.row(r, id, dataversesim.ForecastID)
		r.portalEdits(a.ID, doc{"/externalReferenceId": id})
		crm, pc := r.opportunity(id), r.referral(a.ID)
		opportunities, referrals := r.counted()

		if got := fates(r.asked("adopt", nil)); got[a.ID] != "links" {
			t.Fatalf("the plan says %v", got)
		}
		r.adopted(time.Hour)
		if now, then := r.counted(); now != opportunities || then != referrals {
			t.Errorf("made were %d opportunities and %d referrals", now-opportunities, then-referrals)
		}
		for _, column := range []string{"estimatedvalue", "description", "estimatedclosedate", msftColumn + "identifier"} {
			if got := r.opportunity(id).text(column); got != crm.text(column) {
				t.Errorf("%s was %q and is %q", column, crm.text(column), got)
			}
		}
		for _, member := range []string{"details/dealValue", "details/notes", "details/closingDateTime", "externalReferenceId", "name"} {
			if got := r.referral(a.ID).text(member); got != pc.text(member) {
				t.Errorf("%s was %q and is %q", member, pc.text(member), got)
			}
		}
		r.edits("opportunity", id, doc{"estimatedvalue": 60000})
		r.quiet()
		if v := r.referral(a.ID).text("details/dealValue"); v != "60000" {
			t.Errorf("once linked, an edit does not cross: %s", v)
		}
	}, "SYNC_STARTED=")
}

// linkedBefore is a deal that Microsoft's connector has linked and keeps in step.
func (o connected) linkedBefore(r *rig, name string) (opportunity string, a acted) {
	r.t.Helper()
	a = r.portalDeal(doc{"name": name, "details": doc{"dealValue": 85000, "closingDateTime": "2026-06-30T00:00:00Z", "notes": "The customer wants to forecast stock."}})
	opportunity = r.deal(name, doc{msftColumn + "sync": true, msftColumn + "identifier": a.ID, "msft_customerpurchaseintent": 299600002})
	o.row(r, opportunity, dataversesim.ForecastID)
	r.portalEdits(a.ID, doc{"/externalReferenceId": opportunity})
	return opportunity, a
}

// shadowOf is what the daily report says of a deal: what would have been written, "" where it is the same.
func (r *rig) shadowOf(a acted) string {
	r.t.Helper()
	r.advance(2 * timerEvery)
	for _, row := range listedIn(r.report(""), "shadow") {
		if row.text("referral") == a.ID {
			return row.text("would") + row.text("problems")
		}
	}
	return ""
}

// Beside Microsoft's connector the daily list of the shadow says of each edit whether the connector has followed it, in
// both directions: also where it lost one, and where both sides have moved before it came.
func TestTheShadowSeesWhatTheOldConnectorHasNotFollowed(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		id, a := o.linkedBefore(r, "Kept in step")
		value := func(crm, pc int) {
			if crm > 0 {
				r.edits("opportunity", id, doc{"estimatedvalue": crm})
			}
			if pc > 0 {
				r.portalEdits(a.ID, doc{"/details/dealValue": pc})
			}
		}
		for i, step := range []struct {
			crm, pc int
			want    string
		}{
			{0, 0, ""},
			{99000, 0, `["change referral: dealValue"]`},    // a seller
			{0, 0, `["change referral: dealValue"]`},        // not yet
			{0, 99000, ""},                                  // the connector
			{0, 70000, `["change opportunity: dealValue"]`}, // somebody in the portal, and the connector loses it
			{60000, 60000, ""},                              // it is put right by hand on both sides
			{61000, 0, `["change referral: dealValue"]`},
			{0, 61000, ""},
		} {
			value(step.crm, step.pc)
			if got := r.shadowOf(a); got != step.want {
				t.Fatalf("step %d: the shadow says %q, want %q", i, got, step.want)
			}
		}
		r.dv.call(http.MethodPost, "/user", doc{"do": "win", "table": "opportunity", "id": id})
		if got := r.shadowOf(a); !strings.Contains(got, "change referral: ") || !strings.Contains(got, "status") {
			t.Errorf("a deal that is won in CRM alone: %q", got)
		}
		r.portalEdits(a.ID, doc{"/status": "Closed", "/substatus": "Won"})
		if got := r.shadowOf(a); got != "" {
			t.Errorf("a deal that is won on both sides: %q", got)
		}
	}, "SYNC_MODE=shadow", "SYNC_STARTED=")
}

// What is seen of a pair in the shadow counts in the shadow alone: the first live look links it and leaves what differs.
func TestWhatTheShadowKnowsIsForgottenInEarnest(t *testing.T) {
	changeOver(t, func(r *rig, o connected) {
		r.flowsOff()
		id, a := o.linkedBefore(r, "Watched for a day")
		if got := r.shadowOf(a); got != "" {
			t.Fatalf("the shadow says %q", got)
		}
		r.edits("opportunity", id, doc{"estimatedvalue": 99000})
		if got := r.shadowOf(a); got != `["change referral: dealValue"]` {
			t.Fatalf("the shadow says %q", got)
		}
		r.product.end()
		r.product.ended.Wait()
		r.own = []string{"SYNC_MODE=live"}
		r.start()
		r.advance(24 * time.Hour)
		if v := r.referral(a.ID).text("details/dealValue"); v != "85000" {
			t.Errorf("an edit from before the work began was sent: %s", v)
		}
		if rows := listedIn(r.report(""), "shadow"); len(rows) != 0 {
			t.Errorf("the report still has %v", rows)
		}
	}, "SYNC_MODE=shadow")
}

// The other receiver can check an event as if Microsoft had called it: each byte of the body is there, and each header that
// came with the signature, once.
func TestAForwardedEventIsStillMicrosofts(t *testing.T) {
	for where, inHeader := range map[string]bool{"x-ms-signature": true, "Authorization": false} {
		t.Run(where, func(t *testing.T) {
			play(t, func(r *rig) {
				if !inHeader {
					r.registers(ourURL, ourEvents...) // without the flag the signature comes in Authorization
				}
				other := &flows{status: http.StatusAccepted}
				r.elsewhere = map[string]http.Handler{flowsHost: other}
				body := []byte(" {\n\t\"ResourceName\" : \"Referral\", \"EventName\":\"referral-updated\",\"AuditUri\":null , \"Odd\":\"caf\\u00e9 \u2713 \\/\",\r\n" +
					"\"ResourceUri\":\"https://api.partnercenter.microsoft.com/engagements/v1/referrals/5c32a01f-a4a9-4f26-806e-71c1e05bac3a\", \"ResourceChangeUtcDate\":\"2026-03-02T09:00:00Z\" }\n\n")
				header := r.signed(body)
				header.Set("Cookie", "of-a-gateway")
				if status := r.event(productURL+"/api/partnercenterwebhook/default", header, body); status != http.StatusAccepted || len(other.bodies) != 1 {
					t.Fatalf("it is answered %d and handed on %d times", status, len(other.bodies))
				}
				got := other.bodies[0]
				name := map[bool]string{true: "X-Ms-Signature", false: "Authorization"}[inHeader]
				signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(other.header.Get(name), "Signature "))
				must(t, err)
				key, err := signingKey()
				must(t, err)
				sum := sha256.Sum256([]byte(got))
				if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil || got != string(body) {
					t.Errorf("%s: %v; %q came as %q", name, err, body, got)
				}
				for _, name := range []string{name, "X-Ms-Certificate-Url", "X-Ms-Signature-Algorithm", "Content-Type"} {
					if !slices.Equal(other.header.Values(name), header.Values(name)) {
						t.Errorf("%s is %q and was %q", name, other.header.Values(name), header.Values(name))
					}
				}
				for name := range other.header {
					if name != "User-Agent" && name != "Content-Length" && header.Get(name) == "" || name == "Cookie" {
						t.Errorf("%s is handed on, too", name)
					}
				}
			}, "SYNC_MODE=shadow", "SYNC_FORWARD_URL=https://"+flowsHost+"/invoke?sig=hidden")
		})
	}
}
