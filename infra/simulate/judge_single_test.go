package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What there may be one of.

// oneReferral is I5.
func (r *run) oneReferral(b board) {
	open, microsofts := map[string][]string{}, map[string][]string{}
	for _, id := range sortedKeys(b.referrals) {
		d := b.referrals[id]
		if !own(d) && d["status"] != "Closed" { // a person may ask again after a refusal
			microsofts[text(d["engagementId"])] = append(microsofts[text(d["engagementId"])], id)
		}
		if !own(d) {
			continue
		}
		if crm := text(d["externalReferenceId"]); crm != "" && d["status"] != "Closed" {
			open[strings.ToLower(crm)] = append(open[strings.ToLower(crm)], id)
		}
	}
	for _, of := range []map[string][]string{open, microsofts} {
		for _, key := range sortedKeys(of) {
			r.judges("I5")
			if len(of[key]) > 1+r.people.asked[key]+r.atOnce(b, of[key]) { // each time that a person asks again begins a generation
				var how []any
				for _, id := range of[key] {
					how = append(how, b.referrals[id]["status"], b.referrals[id]["substatus"], b.referrals[id]["updatedDateTime"])
				}
				r.violates("I5", "%s has the referrals %v: %v", key, of[key], how)
			}
		}
	}
}

// atOnce is how many of them people made in the portal under the name of the record while ours was on its way, or shortly before: what
// nobody could know yet. The next pass knows it.
func (r *run) atOnce(b board, referrals []string) (n int) {
	made := func(id string) time.Time {
		at, _ := time.Parse(time.RFC3339, text(b.referrals[id]["createdDateTime"]))
		return at
	}
	for _, theirs := range referrals {
		if r.people.foreign[theirs] != "" && slices.ContainsFunc(referrals, func(ours string) bool {
			return r.people.foreign[ours] == "" && made(ours).Sub(made(theirs)).Abs() < 10*time.Minute
		}) {
			n++
		}
	}
	return n
}

// oneOpportunity is I6.
func (r *run) oneOpportunity(b board) {
	by := map[string][]string{}
	for _, id := range sortedKeys(b.opportunities) {
		if o := b.opportunities[id]; text(o["cosell_referralid"]) != "" && text(o["statecode"]) == "0" {
			by[text(o["cosell_referralid"])] = append(by[text(o["cosell_referralid"])], id)
		}
	}
	for _, referral := range sortedKeys(by) {
		r.judges("I6")
		if len(by[referral]) > 1 {
			r.violates("I6", "referral %s has the opportunities %v", referral, by[referral])
		}
	}
	people := map[string][]string{}
	for _, id := range sortedKeys(b.contacts) {
		c := b.contacts[id]
		if !r.made[id] {
			continue
		}
		key := strings.ToLower(fmt.Sprint(c["_parentcustomerid_value"], c["emailaddress1"], c["firstname"], c["lastname"]))
		people[key] = append(people[key], id)
	}
	for _, key := range sortedKeys(people) {
		if len(people[key]) > 1 {
			r.violates("I6", "the same contact is there as %v", people[key])
		}
	}
	customers := map[string][]string{}
	for _, id := range sortedKeys(b.accounts) {
		a := b.accounts[id]
		if text(a["statecode"]) != "0" || !r.made[id] {
			continue
		}
		key := strings.ToLower(fmt.Sprint(a["name"], a["address1_country"], a["address1_postalcode"]))
		customers[key] = append(customers[key], id)
	}
	for _, key := range sortedKeys(customers) {
		if len(customers[key]) > 1 {
			r.violates("I6", "the same account is there as %v", customers[key])
		}
	}
}
