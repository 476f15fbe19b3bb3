package requirements

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// By default a deal with somebody else's CRM id is left alone, counted and listed, whether the id is no GUID or
// names no record.
func TestR134_ADealOfAnotherCRMIsIgnoredCountedAndListed(t *testing.T) {
	for what, id := range map[string]string{"no GUID": "SFDC-00417", "no record": "99999999-aaaa-4bbb-8ccc-dddddddddddd"} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				mark := r.dv.calls()
				a := r.portalDeal(doc{"name": "Of another CRM", "externalReferenceId": id})
				pc := r.pc.calls()
				r.quiet()
				r.portalEdits(a.ID, doc{"/details/dealValue": 4444})
				r.advance(time.Hour)
				r.dv.wrote(mark, 0)
				r.pc.wrote(pc, 0)
				if got := r.referral(a.ID).text("externalReferenceId"); got != id || len(r.opportunities()) != 0 {
					t.Errorf("the id is %q, %d opportunities", got, len(r.opportunities()))
				}
				rows := r.held()
				if len(rows) != 1 || rows[0].text("referral") != a.ID || rows[0].text("code") != "crmid.foreign" || rows[0].text("class") != "rule" {
					t.Errorf("listed is %v", rows)
				}
				if h := r.health(); !holdsAll(h, []string{`"ok":true`, `"rule":1`}) {
					t.Errorf("health says %s", h)
				}
				r.portalEdits(a.ID, doc{"/externalReferenceId": ""})
				r.quiet()
				if len(r.naming(a.ID)) != 1 || len(r.held()) != 0 {
					t.Errorf("cleared, %d opportunities name it, listed is %v", len(r.naming(a.ID)), r.held())
				}
			})
		})
	}
}

// A deal that kept its foreign id is found again by the column in CRM, after the tables were lost.
func TestR134_AKeptDealIsFoundByItsColumn(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Kept", "externalReferenceId": "SFDC-1"})
		r.quiet()
		r.product.end()
		r.product.ended.Wait()
		r.tables = ledger.InMemory(time.Now)
		r.start()
		r.advance(time.Hour)
		r.portalEdits(a.ID, doc{"/details/dealValue": 4444})
		r.quiet()
		ids := r.naming(a.ID)
		if len(ids) != 1 || len(r.opportunities()) != 1 || r.opportunity(ids[0]).text("estimatedvalue") != "4444" || r.referral(a.ID).text("externalReferenceId") != "SFDC-1" {
			t.Errorf("%d opportunities, named by %v", len(r.opportunities()), ids)
		}
	}, "SYNC_FOREIGN_CRM_ID=keep")
}

// The seller may also confirm on the form; nothing crosses before that.
func TestR135_TheFormConfirmsToo(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Asked")
		a := r.portalDeal(doc{"name": "Wants that one", "externalReferenceId": id})
		r.quiet()
		mark := r.pc.calls()
		r.edits("opportunity", id, doc{"estimatedvalue": 12345})
		r.portalEdits(a.ID, doc{"/details/notes": "From the portal"})
		r.advance(time.Hour)
		r.pc.wrote(mark, 0)
		if o := r.opportunity(id); o.text("cosell_referralid") != "" || strings.Contains(o.text("description"), "portal") || len(r.audit(id)) != 1 {
			t.Errorf("the identifier is %q, the description %q, Audit says %q", o.text("cosell_referralid"), o.text("description"), r.audit(id))
		}
		r.acts(id, "link")
		r.portalEdits(a.ID, doc{"/details/dealValue": 77000})
		r.quiet()
		if o := r.opportunity(id); o.text("cosell_referralid") != a.ID || o.text("cosell_sync") != "true" || o.text("estimatedvalue") != "77000" {
			t.Errorf("confirmed, the identifier is %q, the value %s", o.text("cosell_referralid"), o.text("estimatedvalue"))
		}
	})
}

// An opportunity that names the referral back is linked without asking; whether anything crosses is its switch's matter.
func TestR135_WhoNamesEachOtherIsLinked(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.delivery(doc{"pause": true})
		id := r.deal("Each other")
		a := r.portalDeal(doc{"name": "Each other", "externalReferenceId": id})
		r.edits("opportunity", id, doc{"cosell_referralid": a.ID})
		r.quiet()
		r.pc.delivery(doc{})
		r.advance(10 * time.Minute)
		r.audited(id, "linked with referral "+a.ID)
		if o := r.opportunity(id); len(r.opportunities()) != 1 || o.text("cosell_proposed") != "" {
			t.Errorf("%d opportunities, proposed is %q", len(r.opportunities()), o.text("cosell_proposed"))
		}
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		r.portalEdits(a.ID, doc{"/details/dealValue": 77000})
		r.quiet()
		if v := r.opportunity(id).text("estimatedvalue"); v != "77000" {
			t.Errorf("the value is %s; Audit says %q", v, r.audit(id))
		}
	})
}

// Who writes another identifier over one that is linked does not link anew (R117).
func TestR136_OverALinkATypedIdentifierDoesNothing(t *testing.T) {
	play(t, func(r *rig) {
		p := r.private("Linked")
		r.pc.delivery(doc{"lose": true})
		other := r.portalDeal(doc{"name": "Another one"})
		r.pc.delivery(doc{})
		mark := r.pc.calls()
		r.edits("opportunity", p.opportunity, doc{"cosell_referralid": other.ID})
		r.quiet()
		r.pc.wrote(mark, 0)
		if got := r.opportunity(p.opportunity).text("cosell_referralid"); got != p.own || r.referral(other.ID).text("externalReferenceId") != "" {
			t.Errorf("the identifier is %q", got)
		}
	})
}

// An identifier that is typed in after the deal was switched on links as well, where the deal waited for something.
func TestR136_ATypedIdentifierEndsTheWaitForAReferral(t *testing.T) {
	play(t, func(r *rig) {
		r.pc.delivery(doc{"lose": true})
		a := r.portalDeal(doc{"name": "Typed"})
		r.pc.delivery(doc{})
		id := r.deal("Typed")
		r.edits("opportunity", id, doc{"cosell_sync": true}) // without a solution there is no referral
		r.quiet()
		r.edits("opportunity", id, doc{"cosell_referralid": a.ID})
		r.quiet()
		if r.referral(a.ID).text("externalReferenceId") != id || len(r.referrals()) != 1 {
			t.Errorf("the CRM id is %q, %d referrals; Audit says %q", r.referral(a.ID).text("externalReferenceId"), len(r.referrals()), r.audit(id))
		}
		r.edits("opportunity", id, doc{"estimatedvalue": 77000})
		r.quiet()
		if v := r.referral(a.ID).text("details/dealValue"); v != "77000" {
			t.Errorf("Partner Center has %s", v)
		}
	})
}
