package chaos

import (
	"net/http"
	"slices"
	"strings"
)

// organizationID is the partner's in Partner Center.
const organizationID = "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a"

func ours(referral fields) bool { return referral["organizationId"] == organizationID }

// records judges what both systems hold.
func (c *court) records() {
	for _, d := range c.s.deals {
		c.arrived(d)
		c.once(d)
		c.inStep(d)
	}
	c.customers()
}

// live says whether a deal has to be on both sides: nobody has dropped or closed it.
func (c *court) live(d *deal) bool {
	own := c.b.referrals[d.referral]
	return !d.dropped && !d.closed && (own == nil || own["status"] != "Closed")
}

// arrived is that a deal which began on one side is on the other.
func (c *court) arrived(d *deal) {
	if !c.live(d) {
		return
	}
	c.judged["arrived"]++
	o := c.b.tables["opportunity"][d.opportunity]
	switch {
	case strings.HasPrefix(d.born, "crm") && d.referral == "":
		c.violates("arrived", d, "opportunity %s has no referral: %.400s", d.opportunity, text(o["cosell_audit"]))
	case strings.HasPrefix(d.born, "crm") || d.opportunity != "":
		own := c.b.referrals[d.referral]
		if own == nil || o == nil || !strings.EqualFold(text(own["externalReferenceId"]), d.opportunity) {
			c.violates("arrived", d, "opportunity %s and referral %s do not name each other: %q and %q", d.opportunity, d.referral, text(o["cosell_referralid"]), text(own["externalReferenceId"]))
		}
	default:
		for _, l := range c.b.tables["lead"] {
			if strings.EqualFold(text(l["cosell_referralid"]), d.referral) {
				return
			}
		}
		c.violates("arrived", d, "referral %s is nothing in the CRM", d.referral)
	}
}

// once is that nothing was made twice: as the systems hold it now, and as their histories show it was made.
func (c *court) once(d *deal) {
	c.judged["once"]++
	var open, opportunities []string
	for _, id := range sortedKeys(c.b.referrals) {
		r := c.b.referrals[id]
		if d.opportunity != "" && ours(r) && r["status"] != "Closed" && strings.EqualFold(text(r["externalReferenceId"]), d.opportunity) {
			open = append(open, id)
		}
	}
	for _, id := range sortedKeys(c.b.tables["opportunity"]) {
		if d.referral != "" && strings.EqualFold(text(c.b.tables["opportunity"][id]["cosell_referralid"]), d.referral) {
			opportunities = append(opportunities, id)
		}
	}
	if len(open) > 1+d.again {
		c.violates("once", d, "opportunity %s has the referrals %v", d.opportunity, open)
	}
	if len(opportunities) > 1 {
		c.violates("once", d, "referral %s has the opportunities %v", d.referral, opportunities)
	}
	made := map[string]int{}
	for _, w := range c.toPC {
		if w.method == http.MethodPost && w.entry.Status >= 200 && w.entry.Status < 300 && strings.HasSuffix(w.path, referralsURL) && w.about(d.opportunity) {
			made["referral"]++
			if at(w.columns(), "/inviteContext/invitedBy") != nil || text(w.columns()["engagementId"]) != "" {
				made["referral"]--
				made["request to Microsoft"]++
			}
		}
	}
	for _, w := range c.toCRM {
		if w.entry.Status == 0 {
			continue // nobody saw whether it was made; if it was, another try under the same id is refused
		}
		for _, table := range []string{"opportunities", "leads"} {
			if w.taken && w.header["if-none-match"] == "*" && strings.Contains(w.path, table+"(") && d.referral != "" && strings.EqualFold(text(w.columns()["cosell_referralid"]), d.referral) {
				made[table]++
			}
		}
	}
	for _, what := range sortedKeys(made) {
		if made[what] > 1+d.again {
			c.violates("once", d, "%s was made %d times (opportunity %s, referral %s)", what, made[what], d.opportunity, d.referral)
		}
	}
}

// customers is one account per customer and one contact per account, name and address among those of this play.
func (c *court) customers() {
	for _, table := range []string{"account", "contact"} {
		seen := map[string]string{}
		for _, id := range sortedKeys(c.b.tables[table]) {
			row := c.b.tables[table][id]
			key := strings.ToLower(text(row["name"]))
			if table == "contact" {
				key = strings.ToLower(text(row["_parentcustomerid_value"]) + " " + text(row["emailaddress1"]) + " " + text(row["firstname"]) + " " + text(row["lastname"]))
			} else if !strings.HasPrefix(key, strings.ToLower(c.s.tag)+" customer") || text(row["statecode"]) != "0" {
				continue
			}
			if other := seen[key]; other != "" && strings.Contains(key, "example.com") == (table == "contact") {
				c.violates("once", nil, "the same %s is there as %s and %s: %s", table, other, id, key)
			}
			seen[key] = id
		}
	}
}

// inStep is that both sides hold the same, or the CRM or what is held says why not.
func (c *court) inStep(d *deal) {
	o, own := c.b.tables["opportunity"][d.opportunity], c.b.referrals[d.referral]
	if !c.live(d) || o == nil || own == nil || own["status"] != "Active" || text(o["statecode"]) != "0" || o["cosell_sync"] != true {
		return
	}
	c.judged["in step"]++
	for _, f := range mappedFields() {
		crm, pc := f.canonical(o[f.column]), f.canonical(at(own, f.path))
		if crm != pc && !c.explained(d, f.label) {
			c.violates("in step", d, "%s is %q in the CRM and %q in Partner Center: %.600s", f.name, crm, pc, text(o["cosell_audit"]))
		}
	}
	var crm, pc []string
	for _, row := range c.b.tables["cosell_solution"] {
		if text(row["_cosell_opportunityid_value"]) == d.opportunity && text(row["statecode"]) == "0" {
			crm = append(crm, text(row["cosell_identifier"]))
		}
	}
	list, _ := at(own, "/details/requirements/solutions").([]any)
	for _, one := range list {
		m, _ := one.(map[string]any)
		pc = append(pc, text(m["id"]))
	}
	slices.Sort(crm)
	slices.Sort(pc)
	if !slices.Equal(slices.Compact(crm), slices.Compact(pc)) && !c.explained(d, "olution") {
		c.violates("in step", d, "solutions are %v in the CRM and %v in Partner Center: %.600s", crm, pc, text(o["cosell_audit"]))
	}
	if name := text(o["name"]); !strings.HasPrefix(name, "✓ ") && len(c.heldOf(d)) == 0 && !c.explained(d, "") {
		c.violates("in step", d, "nothing is held, and the opportunity is called %q: %.400s", name, text(o["cosell_audit"]))
	}
}

func (c *court) heldOf(d *deal) (out []held) {
	for _, h := range c.held {
		if h.Opportunity != "" && strings.EqualFold(h.Opportunity, d.opportunity) || h.Referral != "" && strings.EqualFold(h.Referral, d.referral) {
			out = append(out, h)
		}
	}
	return out
}

// explained says whether the CRM shows that a field is not in step, or why something of the deal waits.
func (c *court) explained(d *deal, label string) bool {
	o := c.b.tables["opportunity"][d.opportunity]
	for l := range strings.Lines(text(o["cosell_audit"])) {
		if strings.Contains(l, "values.differ") && strings.Contains(l, label) {
			return true
		}
	}
	for _, h := range c.heldOf(d) {
		if h.Class == "record" || h.Class == "rule" {
			return true
		}
	}
	return slices.Contains([]string{"700010103", "700010104", "700010105", "700010106"}, text(o["cosell_state"]))
}
