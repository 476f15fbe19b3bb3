package requirements

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestR112_AContactIsNamedOnlyWithConsent(t *testing.T) {
	for setting, c := range map[string]struct {
		consent bool
		named   bool
	}{"column, Yes": {true, true}, "column, No": {false, false}, "always, No": {false, true},
		", Yes": {true, true}, ", No": {false, false}} { // unset it is the column {
		t.Run(setting, func(t *testing.T) {
			how, _, _ := strings.Cut(setting, ",")
			play(t, func(r *rig) {
				p := r.private("Consent", doc{"cosell_visible": true, "cosell_contactconsent": c.consent})
				d := r.referral(p.own)
				if named := d.at("customerProfile/team/0") != nil; named != c.named {
					t.Errorf("the contacts are %s", d.text("customerProfile/team"))
				}
				if !c.named {
					r.nobodyNamed()
				}
			}, "SYNC_CONTACT_CONSENT="+how)
		})
	}
}

func TestR112_PrivateDealsNameNobodyEitherWay(t *testing.T) {
	for _, setting := range []string{"column", "always"} {
		t.Run(setting, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Private", doc{"cosell_contactconsent": true})
				r.edits("contact", dataversesim.ContactID, doc{"telephone1": "+49 40 7777"})
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
				r.quiet()
				if d := r.referral(p.own); d.at("customerProfile/team/0") != nil || d.text("details/dealValue") != "5000" {
					t.Errorf("the contacts are %s, the value is %s", d.text("customerProfile/team"), d.text("details/dealValue"))
				}
				r.nobodyNamed()
			}, "SYNC_CONTACT_CONSENT="+setting)
		})
	}
}

// nobodyNamed checks that no write to Partner Center names the seed's contact.
func (r *rig) nobodyNamed() {
	r.t.Helper()
	for _, w := range r.pc.writes(0) {
		if strings.Contains(w.Body, "ada@tailspin.example") || strings.Contains(w.Body, "+49405550100") {
			r.t.Errorf("sent was %s", listed([]written{w}))
		}
	}
}

// Help cannot be asked without naming somebody: where that is not allowed it waits for the consent.
func TestR112_HelpWaitsForTheConsent(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Not asked yet", doc{"cosell_help": r.help("GeneralOrOther")})
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.refused(id, "onsent")
		r.nobodyNamed()
		r.edits("opportunity", id, doc{"cosell_contactconsent": true})
		r.quiet()
		if p := r.pairOf(id); p.microsoft == "" || r.referral(p.own).text("customerProfile/team/0/email") != "ada@tailspin.example" {
			t.Errorf("%+v; Audit says\n%s", p, strings.Join(r.audit(id), "\n"))
		}
	}, "SYNC_CONTACT_CONSENT=column")
}

// A deal that Microsoft sees without its contact names it once the contact has agreed.
func TestR112_AContactWhoAgreesLaterIsNamedThen(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Agreed later", doc{"cosell_visible": true, "cosell_contactconsent": false})
		r.nobodyNamed()
		r.edits("opportunity", p.opportunity, doc{"cosell_contactconsent": true})
		r.quiet()
		if mail := r.referral(p.own).text("customerProfile/team/0/email"); mail != "ada@tailspin.example" {
			t.Errorf("the contact is %q; Audit says %q", mail, r.audit(p.opportunity))
		}
	}, "SYNC_CONTACT_CONSENT=column")
}
