package requirements

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestR90_APOSTWithoutAnAnswerIsRepeatedOnlyIfItMadeNothing(t *testing.T) {
	for _, do := range []string{"loseAnswer", "cut"} {
		t.Run(do, func(t *testing.T) {
			play(t, func(r *rig) {
				r.pc.fault(doc{"match": doc{"method": "POST", "url": "/engagements/referrals$"}, "do": do, "times": 1})
				id := r.deal("No answer", doc{"cosell_help": r.help("WorkloadSpecificValueProposition")})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				mark := r.pc.calls()
				r.edits("opportunity", id, doc{"cosell_sync": true})
				r.advance(10 * time.Minute)
				posts, want := len(r.posts(mark)), map[string]int{"loseAnswer": 2, "cut": 3}[do]
				if p := r.pairOf(id); len(r.referrals()) != 2 || p.microsoft == "" || posts != want {
					t.Errorf("%d referrals after %d POSTs", len(r.referrals()), posts)
				}
			})
		})
	}
}

func TestR91_EachPermanentRefusalIsHeldExplainedAndNotRepeated(t *testing.T) {
	for _, status := range []int{400, 403, 404, 422} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Refused for good")
				r.pc.fault(doc{"match": doc{"method": "PATCH"}, "do": "status", "status": status,
					"body": `{"error":{"code":"invalidRequest","message":"Not in this form.","target":"/details/dealValue","innerError":{"code":"valueRefused","message":"The value is not plausible."}}}`})
				mark := r.pc.calls()
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
				r.quiet()
				sent := len(r.pc.writes(mark))
				if sent == 0 || sent > 3 {
					t.Errorf("%d writes", sent)
				}
				time.Sleep(10 * time.Minute)
				r.quiet()
				r.pc.wrote(mark, sent)
				line := ""
				for _, l := range r.audit(p.opportunity) {
					if strings.Contains(l, "Not in this form.") || strings.Contains(l, "The value is not plausible.") {
						line = l
					}
				}
				ours, theirs := strings.Index(line, "to Partner Center: "), strings.Index(line, "Not in this form.")
				if ours < 0 || theirs < ours+40 || strings.Index(line, "The value is not plausible.") < ours+40 {
					t.Errorf("Audit says %q", line)
				}
				if rows := r.held(); len(rows) != 1 || rows[0].text("class") != "record" {
					t.Errorf("held is %v", rows)
				}
				if !strings.HasPrefix(r.opportunity(p.opportunity).text("name"), cross) {
					t.Error("no cross")
				}
			})
		})
	}
}

// The shapes of real payloads and of the documents.
func TestR100_OddShapesOfAReferralCrashNothing(t *testing.T) {
	for what, raw := range map[string]doc{
		"team null":               {"/team": nil},
		"ids an object":           {"/customerProfile/ids": doc{"DUNS": "123456789"}},
		"ids an array":            {"/customerProfile/ids": []any{doc{"profileType": "External", "id": "123456789"}}},
		"region for state":        {"/customerProfile/address/state": nil, "/customerProfile/address/region": "HH"},
		"sales stage a number":    {"/salesStage": "100"},
		"sales stage a name":      {"/salesStage": "Close"},
		"notes null":              {"/details/notes": nil},
		"solutions null":          {"/details/requirements/solutions": nil},
		"customer's team null":    {"/customerProfile/team": nil},
		"no invitation":           {"/inviteContext": nil},
		"no tracking":             {"/trackingInfo": nil},
		"value a text":            {"/details/dealValue": "1200.50"},
		"status Engaged":          {"/status": "Engaged"},
		"an unknown member":       {"/details/brandNew": doc{"a": []any{1, nil}}},
		"a country in full words": {"/customerProfile/address/country": "Germany"},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.arrived(r.portalDeal(doc{"name": "Normal"}))
				r.partner(doc{"do": "update", "id": p.own, "changes": doc{"/details/closingDateTime": "2026-11-11T00:00:00Z"}, "raw": raw})
				r.quiet()
				if d := r.opportunity(p.opportunity).text("estimatedclosedate"); d != "2026-11-11" {
					t.Errorf("an existing pair: the date is %s", d)
				}
				a := r.partner(doc{"do": "create", "referral": doc{"name": "Odd from the start"}, "raw": raw})
				r.quiet()
				if n := len(r.naming(a.ID)); n != 1 {
					t.Errorf("a new deal is %d opportunities", n)
				}
				if log := r.log.String(); strings.Contains(log, "panicked") || strings.Contains(log, `"stack"`) || len(r.parked()) != 0 {
					t.Errorf("%d are parked; %s", len(r.parked()), log)
				}
				mark := r.pc.calls()
				r.reconcile()
				r.quiet()
				r.pc.wrote(mark, 0) // no ping-pong
			})
		})
	}
}

func TestR104_HelpMakesTheDealVisible(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Help only", doc{"cosell_help": r.help("ProofOfConceptOrDemo"), "cosell_visible": false})
		p := r.synced(id)
		if r.opportunity(id).text("cosell_visible") != "true" || r.referral(p.own).at("consent/consentToShareReferralWithMicrosoftSellers") != true {
			t.Errorf("CRM shows %s, Partner Center %v", r.opportunity(id).text("cosell_visible"), r.referral(p.own).at("consent/consentToShareReferralWithMicrosoftSellers"))
		}
	})
}

func TestR109_MendingWhatADealHangsOnSendsItAtOnce(t *testing.T) {
	const help = "WorkloadSpecificValueProposition"
	for what, c := range map[string]struct {
		broken func(r *rig) string
		mend   func(r *rig, id string)
	}{
		"the account": {func(r *rig) string {
			account := r.customer("Litware SA", doc{"address1_country": "Atlantis"})
			contact := r.contactOf(account, "Chris", "Litware")
			return r.deal("Account", doc{"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + contact + ")"})
		}, func(r *rig, id string) {
			r.edits("account", r.opportunity(id).text("_parentaccountid_value"), doc{"address1_country": "FR"})
		}},
		"the contact": {func(r *rig) string {
			account := r.customer("Litware SA")
			contact := r.contactOf(account, "Chris", "Litware", doc{"telephone1": nil})
			return r.deal("Contact", doc{"cosell_help": r.help(help), "parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + contact + ")"})
		}, func(r *rig, id string) {
			r.edits("contact", r.opportunity(id).text("_parentcontactid_value"), doc{"telephone1": "+33 1 55501000"})
		}},
		"a solution row": {func(r *rig) string { return r.deal("Solution") }, nil},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				id := c.broken(r)
				if c.mend != nil {
					r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				}
				r.edits("opportunity", id, doc{"cosell_sync": true})
				r.quiet()
				if len(r.referrals()) != 0 || !strings.HasPrefix(r.opportunity(id).text("name"), cross) {
					t.Fatalf("%d referrals, the name is %q", len(r.referrals()), r.opportunity(id).text("name"))
				}
				began := time.Now()
				if c.mend != nil {
					c.mend(r, id)
				} else {
					r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				}
				r.quiet()
				if p := r.pairOf(id); p.own == "" || time.Since(began) > 10*time.Second {
					t.Errorf("%+v after %s; Audit says %v", p, time.Since(began), r.audit(id))
				}
				r.named(id, tick+strings.TrimPrefix(r.opportunity(id).text("name"), tick))
			})
		})
	}
}

func TestR149_WorkWithoutMFAWaitsAndResumesByItself(t *testing.T) {
	for _, status := range []string{"401", "403"} {
		t.Run(status, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Without MFA")
				r.pc.switches(doc{"tokenMFA": false, "mfaRefusal": status})
				time.Sleep(2 * time.Hour) // until the token with the claim is over
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
				r.advance(time.Hour)
				if v := r.referral(p.own).text("details/dealValue"); v != "85000" {
					t.Fatalf("Partner Center has %s", v)
				}
				_, health := r.operator(http.MethodGet, "health", nil)
				for _, part := range []string{"mfa.missing", `"since"`, `"mend"`, `"ok":false`} {
					if !strings.Contains(health, part) {
						t.Errorf("health lacks %s: %s", part, health)
					}
				}
				r.named(p.opportunity, tick+"Without MFA")
				r.pc.switches(doc{"tokenMFA": true})
				r.advance(2 * time.Hour)
				if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.parked()) != 0 {
					t.Errorf("afterwards Partner Center has %s, %d are parked", v, len(r.parked()))
				}
			})
		})
	}
}

func TestR149_WorkWithoutConsentWaitsAndResumesByItself(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Without consent")
		r.pc.switches(doc{"refreshToken": "revoked"}) // answered with invalid_grant
		time.Sleep(2 * time.Hour)
		began := time.Now()
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.advance(time.Hour)
		var h struct {
			OK       bool  `json:"ok"`
			Problems []doc `json:"problems"`
		}
		decoded(t, []byte(r.health()), &h)
		found := false
		for _, problem := range h.Problems {
			since, err := time.Parse(time.RFC3339, problem.text("since"))
			found = found || strings.Contains(string(encoded(t, problem)), "consent.lost") && problem.text("mend") != "" && err == nil && since.Sub(began).Abs() < time.Hour
		}
		if h.OK || !found {
			t.Errorf("health says %s", r.health())
		}
		r.named(p.opportunity, tick+"Without consent")
		r.pc.switches(doc{"refreshToken": "valid"})
		r.advance(2 * time.Hour)
		if v := r.referral(p.own).text("details/dealValue"); v != "5000" || len(r.parked()) != 0 {
			t.Errorf("afterwards Partner Center has %s, %d are parked", v, len(r.parked()))
		}
	})
}
