package requirements

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// marks are what belongs to one partner alone: ids and secrets of his app, his organisation, his referrals and deals,
// and the words and people in them.
type marks []string

// marked collects the marks of the partner whose Partner Center is r.pc now.
func (r *rig) marked(own ...string) (all marks) {
	r.t.Helper()
	all = append(all, own...)
	for id, d := range r.referrals() {
		all = append(all, id, d.text("engagementId"))
		if deal := strings.ToLower(d.text("externalReferenceId")); deal != "" {
			all = append(all, deal)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// in lists the marks that stand in a text.
func (m marks) in(text string) (found []string) {
	text = strings.ToLower(text)
	for _, mark := range m {
		if mark != "" && strings.Contains(text, strings.ToLower(mark)) {
			found = append(found, mark)
		}
	}
	return found
}

// seenBy is everything that a system was asked, as text.
func (s *system) seenBy() string {
	s.t.Helper()
	var out strings.Builder
	for _, e := range s.since(0) {
		headers, err := json.Marshal(e.RequestHeaders)
		must(s.t, err)
		out.WriteString(e.Method + " " + e.URL + " " + string(headers) + " " + e.RequestBody + "\n")
	}
	return out.String()
}

// linesOf are the log lines of a tenant; "" is the first one, whose lines name none.
func (r *rig) linesOf(alias string) (own []string) {
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, `"tenant":"fr"`) == (alias == "fr") {
			own = append(own, line)
		}
	}
	return own
}

// apartWholly checks that nothing of a partner's stands in the tables and the log of the other tenant, and that the other
// one's Partner Center was asked nothing of it; and that no token of one was shown to the other.
func (r *rig) apartWholly(mine, theirs marks) {
	r.t.Helper()
	if len(mine) < 8 || len(theirs) < 8 {
		r.t.Fatalf("%d and %d marks", len(mine), len(theirs))
	}
	fr := r.more["fr"]
	for _, c := range []struct {
		what, text string
		foreign    marks
	}{
		{"the first's tables", r.tables.Text(), theirs}, {"the French tables", r.others["fr"].Text(), mine},
		{"the first's Partner Center", r.pc.seenBy(), theirs}, {"the French Partner Center", fr.seenBy(), mine},
	} {
		if found := c.foreign.in(c.text); c.text == "" || len(found) > 0 {
			r.t.Errorf("%s (%d characters) hold %q of the other tenant", c.what, len(c.text), found)
		}
	}
	for _, c := range []struct {
		alias   string
		foreign marks
	}{{"", theirs}, {"fr", mine}} {
		lines := r.linesOf(c.alias)
		if len(lines) == 0 {
			r.t.Errorf("tenant %q has no lines", c.alias)
		}
		for _, line := range lines {
			if found := c.foreign.in(line); len(found) > 0 {
				r.t.Errorf("a line of tenant %q names %q of the other: %s", c.alias, found, line)
			}
		}
	}
	seen := map[string]bool{}
	for _, at := range []*system{r.pc, fr} {
		n := 0
		r.shown.Range(func(one, _ any) bool {
			if s := one.(shownToken); s.at == at {
				n++
				if seen[s.token] {
					r.t.Errorf("both Partner Centers saw the token %.12s…", s.token)
				}
				seen[s.token] = true
			}
			return true
		})
		if n == 0 {
			r.t.Error("a Partner Center saw no token")
		}
	}
}

// busy plays everything that leaves rows and lines with the partner whose Partner Center is r.pc now: a co-sell that
// Microsoft accepts, a deal and a lead of the portal, values that are refused by either side, both sides at once.
func (r *rig) busy(word string, deal func(name string) string) {
	r.t.Helper()
	id := deal(word + " shared")
	p := pair{opportunity: id, own: r.opportunity(id).text("cosell_referralid")}
	if p.own == "" || r.referrals()[p.own] == nil {
		r.t.Fatalf("%s was not shared: %v", word, r.audit(id))
	}
	p = r.pairOf(id)
	r.microsoft(doc{"do": "accept", "id": p.microsoft})
	a := r.portalDeal(doc{"name": word + " of the portal"})
	r.microsoft(doc{"do": "lead"})
	r.quiet()
	r.pc.rule(doc{"match": doc{"method": "PATCH", "path": "/details/dealValue"}, "status": 400, "code": "invalid", "message": word + " is not this value", "field": true})
	r.dv.rule(doc{"match": doc{"table": "opportunity", "column": "description", "value": word}, "status": 400, "message": word + " may not be described so"})
	r.edits("opportunity", id, doc{"estimatedvalue": 12345})
	r.portalEdits(a.ID, doc{"/details/notes": word + " note"})
	r.quiet()
	r.edits("opportunity", id, doc{"name": word + " from CRM"})
	r.portalEdits(p.own, doc{"/name": word + " from Partner Center"})
	r.quiet()
	r.pc.unruled()
	r.dv.unruled()
	r.partner(doc{"do": "win", "id": a.ID})
	r.quiet()
}

// Nothing of one tenant reaches the other: no row, no line, no token, no request.
func TestR95_NothingOfOneTenantReachesTheOther(t *testing.T) {
	sheet := filepath.Join(t.TempDir(), "mapping.fr.yaml")
	must(t, os.WriteFile(sheet, []byte("- {field: campaign, referral: /campaignId, crm: new_campaign, label: Campagne}\n"), 0o600))
	play(t, func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100})
		help := doc{"cosell_help": r.help("WorkloadSpecificValueProposition")}
		orchard := r.customer("Obsthof")
		picker := r.contactOf(orchard, "Otto", "Obst")
		r.busy("Zwetschge", func(name string) string {
			return r.coSell(name, doc{"parentaccountid@odata.bind": "/accounts(" + orchard + ")", "parentcontactid@odata.bind": "/contacts(" + picker + ")"}).opportunity
		})
		account := r.customer("Boulangerie Martin", doc{"address1_country": "FR", "address1_line1": "Rue de la Mirabelle 1"})
		contact := r.contactOf(account, "Marie", "Mirabelle")
		r.in("fr", func() {
			r.busy("Mirabelle", func(name string) string {
				id := r.deal(name, help, doc{"new_campaign": "MIRABELLE26", "parentaccountid@odata.bind": "/accounts(" + account + ")", "parentcontactid@odata.bind": "/contacts(" + contact + ")"})
				r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
				r.edits("opportunity", id, doc{"cosell_sync": true})
				r.quiet()
				if got := r.referral(r.opportunity(id).text("cosell_referralid")).text("campaignId"); got != "MIRABELLE26" {
					t.Errorf("the French sheet is not the French deal's: campaign %q", got)
				}
				return id
			})
		})
		r.ask(http.MethodPost, "/partnercentertocrm", jsonHeader(), []byte(`{"Data":{"message":{"v":2,"tenant":"fr","kind":"solution","id":"mirabelle-row","seen":"2026-03-02T09:00:00Z"}},"Metadata":{"MessageId":"m-1","DeliveryCount":1}}`))
		r.edits("account", account, doc{"name": "Boulangerie Mirabelle et Fils"})
		r.edits("account", orchard, doc{"name": "Zwetschge GmbH"})
		r.quiet()
		for range 4 {
			r.advance(20 * time.Minute) // reconcile, what is held, both feeds
		}
		r.health()
		mine := r.marked(partnerTenant+"/", organization, partnerSecret, refreshToken, "Zwetschge", "Otto", "Obsthof")
		var theirs marks
		r.in("fr", func() {
			p := further["fr"]
			theirs = r.marked(p.tenant, p.client, p.secret, p.refresh, p.organization, "Mirabelle", "MIRABELLE26", "Boulangerie")
		})
		r.apartWholly(mine, theirs)
	}, append(tenantSettings("fr"), "FR_SYNC_MAPPING_FILE="+sheet, "SYNC_TENANT_BY=parentaccountid/address1_country", "FR_SYNC_TENANT_ROWS=FR,France")...)
}

// An event is routed by the path that it came by: at a path of nobody nothing is served, and one that was posted to another
// tenant's path changes nothing there; what it told of is brought by the tenant's own next look.
func TestR95_AnEventAtAnotherTenantsPathChangesNothing(t *testing.T) {
	play(t, func(r *rig) {
		mine := r.arrived(r.portalDeal(doc{"name": "Of the first"}))
		r.pc.delivery(doc{"lose": true})
		r.portalEdits(mine.own, doc{"/details/dealValue": 91000})
		body := []byte(`{"EventName":"referral-updated","ResourceUri":"https://api.partner.microsoft.com/v1.0/engagements/referrals/` + mine.own + `","ResourceName":"referral","ResourceChangeUtcDate":"` + time.Now().UTC().Format(time.RFC3339) + `"}`)
		header := r.signed(body)
		mark, opportunities := r.dv.calls(), len(r.opportunities())
		for path, want := range map[string]int{"/es": http.StatusNotFound, "/FR": http.StatusNotFound, "/fr/x": http.StatusNotFound, "/fr": http.StatusAccepted} {
			if status, _ := r.ask(http.MethodPost, "/api/partnercenterwebhook"+path, header, body); status != want {
				t.Errorf("%s: %d", path, status)
			}
		}
		r.quiet()
		r.dv.wrote(mark, 0)
		if rows, err := r.others["fr"].Parked(context.Background(), 10); err != nil || len(rows) != 0 || len(pairsIn(t, r.others["fr"])) != 0 || len(r.opportunities()) != opportunities {
			t.Errorf("the French have %d parked, %v, %v", len(rows), pairsIn(t, r.others["fr"]), err)
		}
		if said := r.health(); !strings.Contains(said, `"problems":[]`) {
			t.Errorf("health suffers: %s", said)
		}
		if got := r.opportunity(mine.opportunity).text("estimatedvalue"); got == "91000" {
			t.Error("the French looked at the first's referral")
		}
		r.advance(20 * time.Minute)
		if got := r.opportunity(mine.opportunity).text("estimatedvalue"); got != "91000" {
			t.Errorf("the change was lost: %s", got)
		}
	}, tenantSettings("fr")...)
}

// An account that becomes clear lets the deals of every tenant go on that waited for it.
func TestR95_AnAccountThatBecomesClearIsHeardOfByEveryTenant(t *testing.T) {
	play(t, func(r *rig) {
		first, second := r.customer("Contoso Twins GmbH"), r.customer("Contoso Twins GmbH")
		var a acted
		r.in("fr", func() {
			a = r.portalDeal(doc{"name": "Whose?", "customerProfile": doc{"name": "Contoso Twins GmbH", "address": doc{"addressLine1": "Musterweg 1", "city": "Hamburg", "postalCode": "20095", "country": "DE"}}})
		})
		r.quiet()
		ids := r.naming(a.ID)
		if len(ids) != 1 || r.opportunity(ids[0]).text("_parentaccountid_value") != "" {
			t.Fatalf("%v, %v", ids, r.opportunities())
		}
		r.edits("account", second, doc{"name": "Another name AG"})
		r.quiet()
		if got := r.opportunity(ids[0]).text("_parentaccountid_value"); got != first {
			t.Errorf("the account is %q; Audit says %v", got, r.audit(ids[0]))
		}
		if n := len(pairsIn(t, r.tables)); n != 0 {
			t.Errorf("%d pairs at the first tenant", n)
		}
	}, tenantSettings("fr")...)
}

// Two Partner Centers may know one id, and people write the CRM id of the other tenant's deal into a referral. The CRM
// takes one opportunity for each referral's id: the tenant that had it first keeps it, and the other referral is
// counted, told to operators, and left alone.
func TestR95_AnOpportunityStaysWithTheTenantThatHadItFirst(t *testing.T) {
	const id = "7e1fa000-95aa-4000-8000-000000000001"
	for name, claim := range map[string]func(mine pair) (given string, referral doc){
		"the same id": func(pair) (string, doc) { return id, doc{"name": "De la France"} },
		"the other's CRM id": func(mine pair) (string, doc) {
			return "", doc{"name": "De la France", "externalReferenceId": mine.opportunity}
		},
	} {
		for _, first := range []string{"", "fr"} {
			t.Run(name+", first is "+first, func(t *testing.T) {
				play(t, func(r *rig) { staysWith(r, first, id, claim) }, tenantSettings("fr")...)
			})
		}
	}
}

// as tells what happens in the Partner Center of a tenant; "" is the first.
func (r *rig) as(alias string, what func()) {
	r.t.Helper()
	if alias == "" {
		what()
		return
	}
	r.in(alias, what)
}

func staysWith(r *rig, owner, id string, claim func(pair) (string, doc)) {
	other := map[string]string{"": "fr", "fr": ""}[owner]
	var mine pair
	var theirs acted
	r.as(owner, func() { mine = r.arrived(r.partner(doc{"do": "create", "id": id, "referral": doc{"name": "Mine"}})) })
	given, referral := claim(mine)
	r.as(other, func() { theirs = r.partner(doc{"do": "create", "id": given, "referral": referral}) })
	r.quiet()
	r.as(other, func() { r.portalEdits(theirs.ID, doc{"/details/notes": "Plus vite."}) })
	r.quiet()
	r.advance(20 * time.Minute)
	r.edits("opportunity", mine.opportunity, doc{"estimatedvalue": 91000})
	r.quiet()
	o := r.opportunity(mine.opportunity)
	if o.text("description") == "Plus vite." || o.text("cosell_referralid") != id || strings.Contains(o.text("cosell_audit"), theirs.ID) && theirs.ID != id || len(r.opportunities()) != 1 {
		r.t.Errorf("the opportunity has %q, %q, of %d; Audit says\n%s", o.text("description"), o.text("cosell_referralid"), len(r.opportunities()), o.text("cosell_audit"))
	}
	r.as(owner, func() {
		if got := r.referral(id).text("details/dealValue"); got != "91000" {
			r.t.Errorf("the first's referral has %s", got)
		}
	})
	r.as(other, func() {
		if got := r.referral(theirs.ID); got.text("details/dealValue") == "91000" || given != "" && got.text("externalReferenceId") != "" {
			r.t.Errorf("the other referral was written: %v", got)
		}
	})
	status, said := r.operator(http.MethodGet, "operator/held?tenant="+other, nil)
	if status != http.StatusOK || !strings.Contains(said, "tenant.other") {
		r.t.Errorf("%d: %s", status, said)
	}
	r.person(doc{"do": "delete", "table": "opportunity", "id": mine.opportunity})
	r.quiet()
}
