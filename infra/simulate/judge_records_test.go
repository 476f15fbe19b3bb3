package simulate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What is judged when the world has come to rest, by what the two systems hold.

// board is everything of interest that both systems hold.
type board struct {
	opportunities, leads, accounts, contacts, solutions map[string]map[string]any
	referrals                                           map[string]map[string]any
}

func (r *run) board() board {
	rows := func(table string) map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, id := range r.people.dv.IDs(table) {
			out[id] = r.people.dv.Row(table, id)
		}
		return out
	}
	b := board{opportunities: rows("opportunity"), leads: rows("lead"), accounts: rows("account"), contacts: rows("contact"), solutions: rows("cosell_solution"), referrals: map[string]map[string]any{}}
	for _, id := range r.people.pc.IDs() {
		b.referrals[id] = r.people.pc.Referral(id)
	}
	return b
}

// organizationID is the partner's in Partner Center.
const organizationID = "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a"

func own(referral map[string]any) bool { return referral["organizationId"] == organizationID }

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return string(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// canonical is a value of a mapped field in one form for both systems.
func canonical(field string, v any) string {
	s := text(v)
	switch field {
	case "name":
		for _, mark := range []string{"✓ ", "✗ "} {
			s = strings.TrimPrefix(s, mark)
		}
		return strings.TrimSpace(s)
	case "dealValue":
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
	case "closingDate":
		return s[:min(len(s), 10)]
	}
	return s
}

// shadow says whether the product only says what it would write.
func (r *run) shadow() bool { return slices.Contains(r.plan.own, "SYNC_MODE=shadow") }

// rest judges what both systems hold at rest.
func (r *run) rest(b board) {
	if r.shadow() { // another system keeps the two in step
		if r.writes != [len(r.writes)]int{} {
			r.violates("shadow", "%d writes to Partner Center and %d to the CRM in shadow mode", r.writes[0], r.writes[1])
		}
		return
	}
	r.looksAt(b)
	r.oneReferral(b)
	r.oneOpportunity(b)
	r.oneToOne(b)
	r.stayDeleted(b)
	r.converged(b)
	r.noted(b)
	r.takenBack(b)
	r.ownInStep(b)
	r.accounted()
}

// looksAt remembers what both systems hold in the end: what has stood there since the record was made, no write of ours and no person
// has touched since, as a value that crossed with the request that made the referral.
func (r *run) looksAt(b board) {
	for _, f := range mappedFields() {
		for id, d := range b.referrals {
			r.people.sees("pc", id, f.name, f.of("pc", d))
		}
		for id, o := range b.opportunities {
			r.people.sees("crm", id, f.name, f.of("crm", o))
		}
		for id, lead := range b.leads {
			r.people.sees("crm", id, f.name, f.on("lead").of("crm", lead))
		}
	}
}

// oneToOne is I11.
func (r *run) oneToOne(b board) {
	named := map[string]string{}
	for _, id := range sortedKeys(b.opportunities) {
		referral := text(b.opportunities[id]["cosell_referralid"])
		if referral == "" {
			continue
		}
		if other := named[referral]; other != "" {
			r.violates("I11", "referral %s is named by the opportunities %s and %s", referral, other, id)
		}
		r.judges("I11")
		named[referral] = id
		d := b.referrals[strings.ToLower(referral)]
		back := strings.ToLower(text(d["externalReferenceId"]))
		was := back == strings.ToLower(text(b.opportunities[id]["_originatingleadid_value"])) || !r.people.gone["lead|"+back].IsZero()
		if d != nil && was && d["status"] == "Closed" {
			continue // it names the lead that the opportunity was, and a closed referral takes nothing (I7)
		}
		if r.people.foreign[strings.ToLower(referral)] == back && back != "" {
			continue // what a person typed there stays: of another system, or of a deal that the seller said is another one
		}
		if r.people.foreign[id] == referral && r.explained(b.opportunities[id], "") {
			continue // a person typed the identifier of another record's, and was told
		}
		if d != nil && back != id && back != "" {
			r.violates("I11", "opportunity %s names referral %s, which names %q", id, referral, back)
		} else if d != nil && back == "" && r.follows(b.opportunities[id], d) && !r.explained(b.opportunities[id], "") {
			r.violates("I11", "opportunity %s names referral %s, which names nobody: %.800s", id, referral, text(b.opportunities[id]["cosell_audit"]))
		}
	}
}

// stayDeleted is I10 and I27.
func (r *run) stayDeleted(b board) {
	for _, key := range sortedKeys(r.people.gone) {
		id, ok := strings.CutPrefix(key, "opportunity|")
		if ok {
			r.judges("I10")
		}
		if ok && b.opportunities[id] != nil {
			r.violates("I10", "opportunity %s is there again", id)
		}
	}
}

// converged is I1 and I2: both sides of a pair that is switched on and open hold the same, or the CRM says why not.
func (r *run) converged(b board) {
	for _, id := range sortedKeys(b.opportunities) {
		o := b.opportunities[id]
		referral := strings.ToLower(text(o["cosell_referralid"]))
		d := b.referrals[referral]
		if referral == "" || d == nil || o["cosell_sync"] != true || text(o["statecode"]) != "0" || d["status"] == "Closed" || d["status"] == "New" {
			continue
		}
		for _, f := range mappedFields() {
			crm, pc := canonical(f.name, o[f.column]), canonical(f.name, at(d, f.path))
			r.judges("I2")
			if !r.alike(crm, pc) && !r.explained(o, f.name) {
				r.violates("I2", "%s is %q in the CRM and %q in Partner Center (opportunity %s, referral %s, state %s, %.300s)", f.name, crm, pc, id, referral, text(o["cosell_state"]), text(o["cosell_audit"]))
			}
			r.newest(b, o, referral, f, crm, pc)
		}
		crm, pc := r.solutionsOf(b, id), solutionsIn(d)
		if !slices.Equal(crm, pc) && !r.explained(o, "solutions") {
			r.violates("I2", "solutions are %v in the CRM and %v in Partner Center (opportunity %s, referral %s, state %s, %.400s)", crm, pc, id, referral, text(o["cosell_state"]), text(o["cosell_audit"]))
		}
	}
}

// alike says whether two values of a field are the same to people: CRM may be too short, and a system may spell what it
// stores in its own way.
func (r *run) alike(crm, pc string) bool {
	same := func(a, b string) bool { return a == b }
	if r.altered() {
		if clipped := len([]rune(crm)) == shortName && bare(crm) != crm; clipped && len(bare(crm)) <= len(bare(pc)) && strings.EqualFold(bare(crm), bare(pc)[:len(bare(crm))]) {
			return true // with its prefix before it, the automation has clipped the end that says that it was cut
		}
		crm, pc = bare(crm), bare(pc)
		same = strings.EqualFold
	}
	if cut, ok := strings.CutSuffix(crm, "…"); ok && len(pc) >= len(cut) && same(pc[:len(cut)], cut) {
		return true
	}
	return same(crm, pc)
}

// bare is a value without what an automation and the product put before it, each as often as it was written.
func bare(s string) string {
	for {
		without := canonical("name", strings.TrimPrefix(s, "NW "))
		if without == s {
			return s
		}
		s = without
	}
}

// ofFormer says whether the value was typed, after an edit, on a record that was the opportunity's partner then and no longer is, or on
// the lead that it was made of, while that was all there was of the deal.
func (r *run) ofFormer(after *edit, o map[string]any, field, value string) bool {
	records := append(slices.Clone(r.people.wed[text(o["opportunityid"])]), strings.ToLower(text(o["_originatingleadid_value"])))
	return slices.ContainsFunc(slices.Concat(r.people.edits, r.people.beside), func(e *edit) bool {
		return e.field == field && e.value == value && e.at.After(after.at) && slices.Contains(records, e.record)
	})
}

// newest is I1 for one field: what was typed last is on both sides, or Audit has it.
func (r *run) newest(b board, o map[string]any, referral string, f mapped, crm, pc string) {
	last := r.lastOf(f.name, text(o["opportunityid"]), referral, strings.ToLower(text(o["_originatingleadid_value"])))
	if last == nil || r.altered() {
		return
	}
	r.judges("I1")
	if crm == pc && (r.broughtBack(last, crm) || r.ofFormer(last, o, f.name, crm)) {
		return
	}
	if crm != last.value && pc != last.value && !strings.Contains(b.audit(text(o["opportunityid"])), last.value) && !r.explained(o, f.name) {
		r.violates("I1", "%s was typed last as %q on side %s and is %q and %q (opportunity %s)", f.name, last.value, last.side, crm, pc, text(o["opportunityid"]))
	}
}

// lastOf is what was typed last into a field of one of the records; nil: nothing.
func (r *run) lastOf(field string, records ...string) *edit {
	for _, e := range slices.Backward(r.people.edits) {
		if e.field == field && slices.Contains(records, e.record) {
			return e
		}
	}
	return nil
}

// broughtBack says whether an edit brought back, while its own value before had not crossed, what both sides held: who compares the records
// sees no edit then, and what somebody else typed on the other side since counts.
func (r *run) broughtBack(last *edit, now string) bool {
	i := slices.IndexFunc(r.people.edits, func(e *edit) bool { return e == last })
	mine := slices.ContainsFunc(r.people.edits[:i], func(e *edit) bool {
		return e.side == last.side && e.record == last.record && e.field == last.field && e.value == last.before && last.at.Sub(e.at) < unseenFor
	})
	return mine && r.crossed(last) && slices.ContainsFunc(r.people.edits[:i], func(e *edit) bool {
		return e.side != last.side && e.field == last.field && e.deal == last.deal && e.value == now
	})
}

// unseenFor is how long an edit may go unseen, where its event is late or lost.
const unseenFor = time.Hour

// altered says whether a system of this run changes what is written.
func (r *run) altered() bool {
	for _, name := range []string{"upperText", "roundMoney", "trimText", "cutText"} {
		if r.plan.pc[name] != nil {
			return true
		}
	}
	return r.changed
}

// explained says whether the opportunity says that the field is not in step, or an operator has decided so.
func (r *run) explained(o map[string]any, field string) bool {
	if r.people.left[stand{"crm", text(o["opportunityid"]), field}] {
		return true
	}
	label := labelOf(field)
	for line := range strings.Lines(text(o["cosell_audit"])) {
		if strings.Contains(line, "values.differ") && strings.Contains(line, label) {
			return true
		}
	}
	state := text(o["cosell_state"])
	if state == "700010108" && field == "solutions" && strings.Contains(text(o["cosell_audit"]), "solution.required") {
		return true // the state shows one of two things that wait: an unclear account, and the last solution, which no referral goes without
	}
	return state == "700010105" || state == "700010106" || state == "700010104" || state == "700010103"
}

func (r *run) solutionsOf(b board, opportunity string) (out []string) {
	for _, id := range sortedKeys(b.solutions) {
		if s := b.solutions[id]; text(s["_cosell_opportunityid_value"]) == opportunity && text(s["statecode"]) == "0" {
			out = append(out, text(s["cosell_identifier"]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func solutionsIn(d map[string]any) (out []string) {
	list, _ := at(d, "/details/requirements/solutions").([]any)
	for _, one := range list {
		m, _ := one.(map[string]any)
		out = append(out, text(m["id"]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// accounted is I13 and I22.
func (r *run) accounted() {
	if r.bus.sent > 0 {
		r.judges("I13")
		r.judges("I22")
	}
	r.lettersWait()
	if len(r.bus.dead) > 0 {
		r.violates("I13", "%d dead letters, the first %s of %s", len(r.bus.dead), r.bus.dead[0].record, r.bus.dead[0].queue)
	}
	if r.bus.sent != r.bus.ended+len(r.bus.waiting)+len(r.bus.dead) {
		r.violates("I22", "%d messages sent, %d ended, %d waiting, %d dead", r.bus.sent, r.bus.ended, len(r.bus.waiting), len(r.bus.dead))
	}
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// labelOf is what Audit calls a field.
func labelOf(field string) string {
	return map[string]string{"name": "Topic", "dealValue": "Est. Revenue", "closingDate": "Est. Close Date", "notes": "Description", "solutions": "olution", "campaign": "ampaign"}[field]
}
