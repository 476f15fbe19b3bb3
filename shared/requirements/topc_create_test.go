package requirements

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// posts are the POSTs of referrals since a mark, as they were sent.
func (r *rig) posts(mark int) (out []doc) {
	r.t.Helper()
	for _, w := range r.pc.writes(mark) {
		if w.Method == http.MethodPost && strings.HasSuffix(w.Path, "/referrals") {
			var d doc
			decoded(r.t, []byte(w.Body), &d)
			out = append(out, d)
		}
	}
	return out
}

func TestR37_CoSellIsTwoPOSTsInOneEngagement(t *testing.T) {
	play(t, func(r *rig) {
		mark := r.pc.calls()
		p := r.coSell("Co-sell")
		posts := r.posts(mark)
		if len(posts) != 2 || len(r.pc.writes(mark)) != 2 || p.microsoft == "" {
			t.Fatalf("%d POSTs, %+v:%s", len(posts), p, listed(r.pc.writes(mark)))
		}
		second := posts[1]
		if second.text("engagementId") != p.engagement || second.text("target/0/id") != "msft" || second.text("inviteContext/assistanceRequestCode") != "WorkloadSpecificValueProposition" {
			t.Errorf("the second POST is for %s in %s with %s", second.text("target/0/id"), second.text("engagementId"), second.text("inviteContext/assistanceRequestCode"))
		}
		if first := posts[0]; first.at("engagementId") != nil || strings.Contains(first.text("target"), `"msft"`) || first.text("inviteContext/assistanceRequestCode") != "" {
			t.Errorf("the first POST is for %s with %s", first.text("target"), first.text("inviteContext"))
		}
		if len(r.referrals()) != 2 || r.referral(p.own).text("type") != "Shared" {
			t.Errorf("%d referrals, the partner's is %s", len(r.referrals()), r.referral(p.own).text("type"))
		}
	})
}

func TestR38_PartnerLedIsOnePOSTThatShares(t *testing.T) {
	play(t, func(r *rig) { r.isOnePOST("Partner-led", true) })
}

func TestR39_PrivateIsOnePOSTThatDoesNotShare(t *testing.T) {
	play(t, func(r *rig) { r.isOnePOST("Private", false) })
}

func (r *rig) isOnePOST(name string, visible bool) {
	r.t.Helper()
	mark := r.pc.calls()
	p := r.private(name, doc{"cosell_visible": visible})
	posts := r.posts(mark)
	if len(posts) != 1 || len(r.pc.writes(mark)) != 1 || p.microsoft != "" || len(r.referrals()) != 1 {
		r.t.Fatalf("%+v:%s", p, listed(r.pc.writes(mark)))
	}
	if posts[0].text("type") != "Independent" || posts[0].at("consent/consentToShareReferralWithMicrosoftSellers") != visible {
		r.t.Errorf("type %s, share consent %v", posts[0].text("type"), posts[0].at("consent/consentToShareReferralWithMicrosoftSellers"))
	}
}

func TestR40_EverythingIsWrittenBackAtOnceAndCallsNobody(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Write-back", doc{"cosell_help": r.help("WorkloadSpecificValueProposition")})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.quiet()
		mark := r.dv.calls()
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		w := r.dv.wrote(mark, 1)
		p := r.pairOf(id)
		for _, part := range []string{`"cosell_referralid"`, `"cosell_referrallink"`, `"cosell_audit"`, `"name"`} {
			if len(w) == 1 && !strings.Contains(w[0].Body, part) {
				t.Errorf("%s is not in the update: %s", part, w[0].Body)
			}
		}
		o := r.opportunity(id)
		if o.text("name") != tick+"Write-back" || !strings.Contains(o.text("cosell_referrallink"), p.own) {
			t.Errorf("%q, link %q", o.text("name"), o.text("cosell_referrallink"))
		}
		r.audited(id, "success", p.own)
		calls, crm := r.pc.calls(), r.dv.calls()
		r.dv.call(http.MethodPost, "/redeliver", doc{"all": true})
		r.quiet()
		if again := r.pc.since(calls); len(again) != 0 {
			t.Errorf("the events of it led to %d calls of Partner Center, first %s %s", len(again), again[0].Method, again[0].URL)
		}
		r.dv.wrote(crm, 0)
	})
}

func TestR41_DeathBetweenPOSTAndWriteBackMakesNoSecondReferral(t *testing.T) {
	play(t, func(r *rig) {
		r.kill(http.MethodPost, "/engagements/referrals$", committed, 1)
		mark := r.pc.calls()
		p := r.private("Died after the POST")
		if len(r.posts(mark)) != 1 || len(r.referrals()) != 1 || r.referral(p.own).text("externalReferenceId") != p.opportunity {
			t.Errorf("%d referrals after %d POSTs", len(r.referrals()), len(r.posts(mark)))
		}
		if !r.died() {
			t.Error("the product did not die")
		}
	})
}

// died says whether the kill that was asked for has happened.
func (r *rig) died() bool { return r.doom.left <= 0 }

func TestR42_DeathBetweenTheTwoPOSTsMakesOnlyTheMissingOne(t *testing.T) {
	for _, point := range []string{before, committed} {
		t.Run(point, func(t *testing.T) {
			play(t, func(r *rig) {
				r.kill(http.MethodPost, "/engagements/referrals$", point, 2)
				mark := r.pc.calls()
				id := r.deal("Died at the second POST", doc{"cosell_help": r.help("WorkloadSpecificValueProposition")})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				r.edits("opportunity", id, doc{"cosell_sync": true})
				r.advance(5 * time.Minute) // what became of the POST is not known before SYNC_SETTLE
				p := r.pairOf(id)
				if len(r.posts(mark)) != 2 || len(r.referrals()) != 2 || p.microsoft == "" || !r.died() {
					t.Errorf("%+v: %d referrals after %d POSTs, died: %v", p, len(r.referrals()), len(r.posts(mark)), r.died())
				}
			})
		})
	}
}

// refused switches Sync on and checks that nothing was sent and that Audit names the codes.
func (r *rig) refused(id string, codes ...string) {
	r.t.Helper()
	mark := r.pc.calls()
	r.edits("opportunity", id, doc{"cosell_sync": true})
	r.quiet()
	r.pc.wrote(mark, 0)
	for _, code := range codes {
		r.audited(id, code)
	}
	if name := r.opportunity(id).text("name"); !strings.HasPrefix(name, cross) {
		r.t.Errorf("no cross: %q", name)
	}
}

func TestR43_HelpWithoutAContactIsRefused(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Nobody to call", doc{"cosell_help": r.help("WorkloadSpecificValueProposition"), "parentcontactid@odata.bind": nil,
			"parentaccountid@odata.bind": "/accounts(" + dataversesim.LoneAccountID + ")"})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.refused(id, "contact.required")
	})
}

func TestR44_AContactWithoutPhoneOrEMailIsRefusedByName(t *testing.T) {
	for part, c := range map[string]struct {
		missing doc
		says    string
	}{"phone": {doc{"telephone1": nil}, "the customer contact has no phone;"}, "e-mail": {doc{"emailaddress1": nil}, "the customer contact has no e-mail;"},
		"both": {doc{"telephone1": nil, "emailaddress1": nil}, "the customer contact has no e-mail, no phone;"}} {
		t.Run(part, func(t *testing.T) {
			play(t, func(r *rig) {
				account := r.customer("Fabrikam GmbH")
				contact := r.contactOf(account, "Bo", "Fabrikam", c.missing)
				id := r.deal("Part missing", doc{"cosell_help": r.help("WorkloadSpecificValueProposition"),
					"parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + contact + ")"})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				r.refused(id, "contact.incomplete", c.says)
			})
		})
	}
}

func TestR45_NoSolutionIsRefused(t *testing.T) {
	play(t, func(r *rig) { r.refused(r.deal("No solution"), "solution.required") })
}

func TestR49_EverythingThatIsMissingIsToldAtOnce(t *testing.T) {
	play(t, func(r *rig) {
		account := r.customer("Litware SA", doc{"address1_country": "Atlantis"})
		id := r.deal("Three faults", doc{"cosell_help": r.help("WorkloadSpecificValueProposition"), "parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": nil})
		r.refused(id, "country.invalid", "contact.required", "solution.required")
		if lines := r.audit(id); len(lines) != 3 || lines[0][:16] != lines[2][:16] {
			t.Errorf("Audit says %v", lines)
		}
	})
}
