package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// What administrators do while the product runs, and what becomes of a whole installation: another field sheet, a consent or a
// second factor that is lost, a registration that somebody else has taken, clocks that are wrong.

// unregister is somebody else who takes the webhook registration away: no events come any more until the product has seen it.
func (p *people) unregister(*rand.Rand, *deal) error {
	_, err := p.run.pc.call("POST", "/registration", doc{"do": "forget"})
	return err
}

// unconsent is an administrator, or a policy of the directory, that locks the product out of Partner Center; the next time
// it is let in again.
func (p *people) unconsent(g *rand.Rand, _ *deal) error {
	r := p.run
	if r.lockedOut {
		return r.letIn()
	}
	how := []doc{{"consent": "none"}, {"tokenMFA": false}, {"mfaPolicy": "enforced"}}[g.IntN(3)]
	_, err := r.pc.call("POST", "/switches", how)
	r.lockedOut = r.lockedOut || err == nil
	return err
}

func (r *run) letIn() error {
	r.lockedOut = false
	_, err := r.pc.call("POST", "/switches", doc{"consent": "both", "tokenMFA": true, "mfaPolicy": "off"})
	return err
}

// unprivilege gives a right back that was taken away.
func (p *people) unprivilege(g *rand.Rand, _ *deal) error {
	r := p.run
	if len(r.denied) == 0 {
		return errNothing
	}
	i := g.IntN(len(r.denied))
	d := r.denied[i]
	r.denied = slices.Delete(r.denied, i, i+1)
	_, err := r.dv.call("POST", "/privileges", doc{"table": d[0], "operation": d[1], "allowed": true})
	return err
}

// campaign is a field of the organisation's own, once a sheet says so.
func campaign() mapped {
	return mapped{"campaign", "new_campaign", "/campaignId", func(g *rand.Rand) (any, any) {
		v := fmt.Sprintf("Campaign %d", g.IntN(1000))
		return v, v
	}}
}

// sheet is an administrator who pushes another field sheet: policies of shipped fields, and a column of the organisation's own.
func (p *people) sheet(g *rand.Rand, _ *deal) error {
	r := p.run
	var rows []string
	for _, field := range []string{"name", "dealValue", "closingDate", "notes"} {
		if g.IntN(2) == 0 {
			rows = append(rows, fmt.Sprintf("- {field: %s, wins: %s}", field, []string{"newest", "crm", "pc", "manual"}[g.IntN(4)]))
		}
	}
	own := g.IntN(3) > 0
	if own {
		if _, err := r.dv.call("POST", "/schema", doc{"do": "add", "table": "opportunity", "column": "new_campaign", "type": "String", "length": 100}); err != nil && !r.ownColumn {
			return err
		}
		r.ownColumn = true
		rows = append(rows, fmt.Sprintf("- {field: campaign, referral: /campaignId, crm: new_campaign, firstSight: %s, wins: %s}",
			[]string{"leave", "crm", "pc"}[g.IntN(3)], []string{"newest", "crm", "pc", "manual"}[g.IntN(4)]))
	}
	if len(rows) == 0 {
		return errNothing
	}
	body, err := json.Marshal(doc{"file": "mapping.yaml", "text": strings.Join(rows, "\n") + "\n", "yes": true, "reason": "a new season"})
	if err != nil {
		return err
	}
	r.sheets++
	before, number := r.mapsCampaign, r.sheets
	r.mapsCampaign = time.Time{} // which sheet counts nobody knows until it is answered
	at := r.processFor("operator", 0)
	r.begin(at, fmt.Sprint("operator pushes sheet ", r.sheets), func(l *lane) int {
		status, answer := at.askOperator(l, http.MethodPost, "operator/mapping/push", body)
		r.say("    the sheet is answered %d %.300s", status, answer)
		return status
	}, func(status int) {
		switch {
		case status == http.StatusOK:
			r.reached["sheet pushed"]++
			if r.mapsCampaign = (time.Time{}); own && r.sheets == number {
				r.mapsCampaign = time.Now()
			}
		case status >= http.StatusBadRequest && status < http.StatusInternalServerError && r.sheets == number: // of two at once the other one counts
			r.mapsCampaign = before
		}
	})
	return nil
}

// ownEdits is somebody who types into the column of the organisation's own, or what stands for it in Partner Center.
func (p *people) ownEdits(g *rand.Rand, d *deal) error {
	side := []string{"crm", "pc"}[g.IntN(2)]
	if one := mix(p.run.seed, 91); one%4 > 0 { // each deal is typed into on one side alone
		side = []string{"crm", "pc"}[(one/4+uint64(d.n))%2]
	}
	if !p.run.ownColumn || side == "crm" && d.opportunity == "" {
		return errNothing
	}
	f := campaign()
	v, _ := f.value(g)
	return p.put(d, side, f, v)
}

// ownInStep is I2 for the organisation's own column: what was typed after the sheet counted has crossed.
func (r *run) ownInStep(b board) {
	if r.mapsCampaign.IsZero() {
		return
	}
	for i, e := range r.people.edits {
		later := slices.ContainsFunc(r.people.edits[i+1:], func(o *edit) bool { return o.field == e.field && o.deal == e.deal }) ||
			slices.ContainsFunc(r.people.edits, func(o *edit) bool { return o.field == e.field && o.deal == e.deal && o.side != e.side }) // two values may meet for the first time
		if e.field != "campaign" || later || e.at.Before(r.mapsCampaign.Add(2*time.Minute)) {
			continue
		}
		opportunity := e.record
		if e.side == "pc" {
			opportunity = strings.ToLower(text(b.referrals[e.record]["externalReferenceId"]))
		}
		o := b.opportunities[opportunity]
		d := b.referrals[strings.ToLower(text(o["cosell_referralid"]))]
		if o == nil || d == nil || !r.follows(o, d) || r.explained(o, e.field) {
			continue
		}
		f := campaign()
		crm, pc := f.of("crm", o), f.of("pc", d)
		if late := r.plan.weights["privilege"]+r.plan.weights["outage"] > 0; late && crm != "" && pc != "" {
			continue // and that after somebody typed, where the row could not be read for long: first sight decides
		}
		r.reached["own column in step"]++
		if !r.alike(crm, pc) {
			r.violates("I2", "the own column is %q in the CRM and %q in Partner Center, and was typed last as %q on side %s (opportunity %s, state %s): %.500s", crm, pc, e.value, e.side, opportunity, text(o["cosell_state"]), text(o["cosell_audit"]))
		}
	}
}

// letter is somebody with a key of the bus who puts a message into the session of a deal that no version of the product has written.
func (p *people) letter(g *rand.Rand, d *deal) error {
	if d.opportunity == "" {
		return errNothing
	}
	body := []string{"{", "", "[]", `{"v":1,"kind":"opportunity"}`, `{"v":1,"tenant":"default","kind":"quote","id":"` + d.opportunity + `"}`}[g.IntN(5)]
	m := &message{queue: "opportunity-changed", session: "default|" + d.opportunity, record: "letter", body: []byte(body)}
	p.run.bus.put(m)
	p.run.letters = append(p.run.letters, m.id)
	return nil
}

// lettersWait is I13 for what is nobody's: each letter is set aside for a person, as it came.
func (r *run) lettersWait() {
	if len(r.letters) == 0 {
		return
	}
	rows, err := r.openTables().Parked(context.Background(), 1000)
	r.must(err)
	for _, id := range r.letters {
		if !slices.ContainsFunc(rows, func(p ledger.Parked) bool { return p.ID == id && p.Kind == "invalid" }) {
			r.violates("I13", "letter %s is not parked", id)
		}
	}
}

// register registers a won deal with Microsoft; whoever wants to has to win it first.
func (p *people) register(d *deal) error {
	solutions, _ := at(p.pc.Referral(d.referral), "/details/requirements/solutions").([]any)
	if len(solutions) == 0 {
		return errNothing
	}
	first, _ := solutions[0].(map[string]any)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	act := func() doc {
		return doc{"do": "register", "registration": doc{"type": "AzureIPCoSell",
			"contract": doc{"value": 85000, "currency": "EUR", "term": "Finite", "signDateTime": today, "startDateTime": today, "endDateTime": today.AddDate(1, 0, -1)},
			"solutionDetails": []any{doc{"id": first["id"], "value": 80000, "currency": "EUR", "isDeployedOnAzure": true, "primaryDeploymentOn": "Customer", "pricingModel": "Other",
				"marketplaceTransactionDetails": doc{"isMarketplaceTransacted": false}}}}}
	}
	if err := p.own(d, "user", act()); err == nil {
		return nil
	}
	if p.run.lockedOut || len(p.run.denied) > 0 || time.Now().Before(p.run.awayUntil) {
		return errNothing // for three days everything would be tried again
	}
	_ = p.own(d, "seller", doc{"do": "accept"}) // or Microsoft has answered already
	p.run.pass(73 * time.Hour)                  // a deal is registered when it was open for three days
	if err := p.own(d, "user", doc{"do": "win"}); err != nil {
		return err
	}
	today = time.Now().UTC().Truncate(24 * time.Hour)
	return p.own(d, "user", act())
}

// crmTwin is somebody who makes further accounts of a customer that comes from Partner Center.
func (p *people) crmTwin(g *rand.Rand, _ *deal) error {
	name := fmt.Sprintf("Wingtip %d SA", 1+g.IntN(3))
	for range 2 {
		if _, err := p.crm(doc{"do": "create", "table": "account", "columns": doc{"name": name, "address1_city": "Paris", "address1_postalcode": "75001", "address1_country": "FR"}}); err != nil {
			return err
		}
	}
	return nil
}

// crmLone is somebody who makes an opportunity that nobody shares, as one that a referral may be about.
func (p *people) crmLone(g *rand.Rand, _ *deal) error {
	_, err := p.crm(doc{"do": "create", "table": "opportunity", "columns": doc{"name": fmt.Sprintf("Lone deal %d", g.IntN(100)), "estimatedvalue": 85000, "estimatedclosedate": "2026-06-02",
		"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + dataversesim.EuroID + ")", "parentaccountid@odata.bind": "/accounts(" + dataversesim.AccountID + ")"}})
	return err
}

// clockOf gives a process the clock that the plan says it has.
func (r *run) clockOf(process string) func() time.Time {
	off := r.plan.skew[process]
	if off == 0 {
		return time.Now
	}
	r.reached["clock off"]++
	return func() time.Time { return time.Now().Add(off) }
}

// skews are the processes whose clock is wrong, and by how much.
func skews(seed uint64, layout string) map[string]time.Duration {
	if mix(seed, 41)%8 != 0 {
		return nil
	}
	out := map[string]time.Duration{}
	for _, s := range layoutOf(layout) {
		out[s.name] = []time.Duration{0, 10 * time.Minute, -10 * time.Minute}[mix(seed, 42, hashOf(s.name))%3]
	}
	return out
}
