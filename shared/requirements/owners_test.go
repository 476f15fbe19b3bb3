package requirements

import (
	"net/http"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// somebody is a member of a referral's team.
func somebody(email string) doc {
	return doc{"firstName": "X", "lastName": "Y", "email": email, "phoneNumber": "1"}
}

// Who cannot own in CRM is passed over for the next in line: whoever is disabled, and always the product's own user.
func TestR105_WhoMayNotOwnIsPassedOver(t *testing.T) {
	const application = "/systemusers(" + dataversesim.ApplicationUserID + ")"
	for name, c := range map[string]struct {
		given func(r *rig) string // and who is to own
		team  []any
	}{
		"a disabled colleague": {func(r *rig) string {
			r.edits("systemuser", r.colleague("Nora", "Owner"), doc{"isdisabled": true})
			return r.row("account", dataversesim.AccountID).text("_ownerid_value")
		}, []any{somebody("nora.owner@northwind.example")}},
		"a disabled owner of the account": {func(r *rig) string {
			nora := r.colleague("Nora", "Owner")
			r.edits("account", dataversesim.AccountID, doc{"ownerid@odata.bind": "/systemusers(" + nora + ")"})
			r.edits("systemuser", nora, doc{"isdisabled": true})
			return dataversesim.CloserID
		}, []any{somebody("nobody@here.example")}},
		"the product's user has the account": {func(r *rig) string {
			r.edits("account", dataversesim.AccountID, doc{"ownerid@odata.bind": application})
			return dataversesim.CloserID
		}, []any{somebody("nobody@here.example")}},
		"the product's user is in the team": {func(r *rig) string {
			r.edits("systemuser", dataversesim.ApplicationUserID, doc{"internalemailaddress": "integration@northwind.example"})
			return r.row("account", dataversesim.AccountID).text("_ownerid_value")
		}, []any{somebody("integration@northwind.example")}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				want := c.given(r)
				p := r.arrived(r.portalDeal(tailspins(doc{"name": "Whose", "team": c.team})))
				if got := r.opportunity(p.opportunity).text("_ownerid_value"); got != want {
					t.Errorf("it belongs to %s, not to %s", got, want)
				}
			})
		})
	}
}

// In many organisations every employee is an enabled user of the CRM, and those who do not work there have no role in it, or no licence:
// nothing can be theirs. A deal whose team names such a colleague arrives all the same, and so do those that follow within the hour.
func TestR105_WhoHasNoRoleOrLicenceIsPassedOver(t *testing.T) {
	roleless := func(r *rig, id string) { r.dv.call(http.MethodPost, "/privileges", doc{"user": id, "allowed": false}) }
	for name, given := range map[string]func(r *rig, nora string) string{ // and who is to own
		"a colleague without role": func(r *rig, nora string) string {
			roleless(r, nora)
			return r.row("account", dataversesim.AccountID).text("_ownerid_value")
		},
		"a colleague without licence": func(r *rig, nora string) string {
			r.edits("systemuser", nora, doc{"islicensed": false})
			return r.row("account", dataversesim.AccountID).text("_ownerid_value")
		},
		"the account's owner, too": func(r *rig, nora string) string {
			roleless(r, nora)
			roleless(r, r.row("account", dataversesim.AccountID).text("_ownerid_value"))
			return dataversesim.CloserID
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				want := given(r, r.colleague("Nora", "Owner"))
				for _, deal := range []string{"First", "Second"} {
					p := r.arrived(r.portalDeal(tailspins(doc{"name": deal, "team": []any{somebody("nora.owner@northwind.example")}})))
					if got := r.opportunity(p.opportunity).text("_ownerid_value"); got != want {
						t.Errorf("%s belongs to %s, not to %s", deal, got, want)
					}
				}
			})
		})
	}
}

// So it is with the owner of a lead who has lost his role since: his lead becomes an opportunity all the same.
func TestR105_AnOpportunityOfALeadGoesToWhoMayOwn(t *testing.T) {
	play(t, func(r *rig) {
		a, lead := r.delegates("qualified")
		nora := r.colleague("Nora", "Owner")
		r.edits("lead", lead, doc{"ownerid@odata.bind": "/systemusers(" + nora + ")"})
		r.quiet()
		r.dv.call(http.MethodPost, "/privileges", doc{"user": nora, "allowed": false})
		r.acceptsLead(a)
		r.quiet()
		deal := r.oneDeal(a, lead)
		if got := r.opportunity(deal).text("_ownerid_value"); got != dataversesim.CloserID {
			t.Errorf("it belongs to %s", got)
		}
	})
}

// Who owns what is asked once an hour. Who was disabled since is passed over all the same.
func TestR105_WhoWasDisabledWithinTheHourIsPassedOver(t *testing.T) {
	play(t, func(r *rig) {
		nora := r.colleague("Nora", "Owner")
		deal := func(name string) string {
			return r.opportunity(r.arrived(r.portalDeal(tailspins(doc{"name": name, "team": []any{somebody("nora.owner@northwind.example")}}))).opportunity).text("_ownerid_value")
		}
		if got := deal("First"); got != nora {
			t.Errorf("the first belongs to %s", got)
		}
		r.edits("systemuser", nora, doc{"isdisabled": true})
		if got, want := deal("Second"), r.row("account", dataversesim.AccountID).text("_ownerid_value"); got != want {
			t.Errorf("the second belongs to %s, not to %s", got, want)
		}
	})
}

// Who was nobody is known, within the hour too, as soon as a deal has no owner without her.
func TestR105_WhoComesOwnsWhatNobodyElseCould(t *testing.T) {
	play(t, func(r *rig) {
		before := len(r.opportunities())
		vera := r.portalDeal(doc{"name": "Whose", "team": []any{somebody("vera.owner@northwind.example")}, "customerProfile": customerOf("Brand New SA", "75001")})
		r.quiet()
		if len(r.opportunities()) != before {
			t.Fatal("it was made without an owner")
		}
		id := r.colleague("Vera", "Owner")
		r.advance(20 * time.Minute)
		if got := r.opportunity(r.arrived(vera).opportunity).text("_ownerid_value"); got != id {
			t.Errorf("it belongs to %s", got)
		}
	}, "SYNC_DEFAULT_OWNER=")
}

func TestR105_TheSettingMayNameATeam(t *testing.T) {
	play(t, func(r *rig) {
		p := r.arrived(r.portalDeal(doc{"name": "Nobody's", "team": []any{somebody("nobody@here.example")}, "customerProfile": customerOf("Brand New SA", "75001")}))
		if got := r.opportunity(p.opportunity).text("_ownerid_value"); got != dataversesim.TeamID {
			t.Errorf("it belongs to %s", got)
		}
	}, "SYNC_DEFAULT_OWNER="+dataversesim.TeamID)
}
