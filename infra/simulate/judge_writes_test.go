package simulate

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What is judged around each write of the product: what both systems hold before it and after it. It is the records that
// are compared, whatever became of the answer.

// touched is a record that a write is about, as it was before.
type touched struct {
	side   string // "crm" or "pc"
	table  string
	id     string
	before map[string]any
}

// rowPath is a row of the CRM in a path.
var rowPath = regexp.MustCompile(`(\w+)\(([0-9a-f]{8}-[0-9a-f-]{27})\)`)

// tablesOf are the tables of the CRM whose rows are followed, by their sets.
func tablesOf() map[string]string {
	return map[string]string{"opportunities": "opportunity", "leads": "lead"}
}

// touches are the records that a request writes.
func (r *run) touches(at *point, req *http.Request, body []byte) (out []touched) {
	if !isWrite(req) {
		return nil
	}
	if at.site == sitePartnerCenter {
		if _, id, ok := strings.Cut(req.URL.Path, "/referrals/"); ok {
			out = append(out, touched{"pc", "referral", id, r.people.pc.Referral(id)})
		}
		return out
	}
	paths := []string{setOf(req.URL.Path)}
	if strings.HasSuffix(req.URL.Path, "/$batch") {
		paths = nil
		for _, part := range batchParts(body) {
			if part.method != http.MethodGet {
				paths = append(paths, setOf(part.path))
			}
		}
	}
	for _, path := range paths {
		m := rowPath.FindStringSubmatch(path)
		if m == nil || tablesOf()[m[1]] == "" || slices.ContainsFunc(out, func(t touched) bool { return t.id == m[2] }) {
			continue
		}
		out = append(out, touched{"crm", tablesOf()[m[1]], m[2], r.people.dv.Row(tablesOf()[m[1]], m[2])})
	}
	return out
}

// now is the record as it is after the write.
func (t touched) now(p *people) map[string]any {
	if t.side == "pc" {
		return p.pc.Referral(t.id)
	}
	return p.dv.Row(t.table, t.id)
}

// on is a mapped field as it stands in a table of the CRM: a lead has columns of its own.
func (f mapped) on(table string) mapped {
	if own := map[string]string{"name": "subject", "dealValue": "estimatedamount"}[f.name]; table == "lead" && own != "" {
		f.column = own
	}
	return f
}

// of is the value of a mapped field.
func (f mapped) of(side string, record map[string]any) string {
	if side == "pc" {
		return canonical(f.name, at(record, f.path))
	}
	return canonical(f.name, record[f.column])
}

// wrote judges what a write has changed.
func (r *run) wrote(all []touched) {
	for _, t := range all {
		now := t.now(&r.people)
		if now == nil {
			continue
		}
		if t.before != nil {
			r.partners(t, now)
		}
		r.weds(t, now)
		if t.side == "pc" {
			r.doors(t.id, t.before, now)
		}
		if t.before == nil {
			r.again(t, now)
			r.given(t, now)
			continue
		}
		if t.table == "opportunity" {
			r.decided(t, now)
		}
		r.given(t, now)
	}
}

// doors are I7 and I8, by what a referral has become.
func (r *run) doors(id string, before, now map[string]any) {
	if before == nil {
		return
	}
	const consent = "/consent/consentToShareReferralWithMicrosoftSellers"
	if at(before, consent) == true && at(now, consent) == false {
		r.violates("I7", "the consent to share %s was taken back", id)
	}
	const help = "/inviteContext/assistanceRequestCode"
	if was, is := text(at(before, help)), text(at(now, help)); was != "" && was != "NoAssistanceRequired" && was != is {
		r.violates("I7", "the help of %s has become %q and was %q", id, is, was)
	}
	r.judges("I7")
	rank := map[any]int{"New": 0, "Active": 1, "Closed": 2}
	if rank[now["status"]] < rank[before["status"]] {
		r.violates("I8", "referral %s has gone from %v to %v", id, before["status"], now["status"])
	}
}

// again is I10 and I27: what a person deleted, or unlinked, is not made again, neither under its id nor for its referral.
func (r *run) again(t touched, now map[string]any) {
	if at, deleted := r.people.gone[t.table+"|"+t.id]; deleted {
		r.violates("I10", "%s %s is made again %s after a person deleted it", t.table, t.id, time.Since(at))
	}
	if t.side != "crm" {
		return
	}
	r.people.unnoted[strings.ToLower(t.id)] = true
	referral := strings.ToLower(text(now["cosell_referralid"]))
	if at, ended := r.people.ended[referral]; ended && referral != "" {
		r.violates("I10", "%s %s is made for referral %s, whose record a person deleted or unlinked %s before", t.table, t.id, referral, time.Since(at))
	}
}

// unheardOf says whether nobody can know of a record that it is gone now: the product has not noted yet that it made it, and the event of
// its deletion may be lost or come late. A row that was made and deleted between two passes is in no feed.
func (p *people) unheardOf(id string) bool {
	_, late := p.run.plan.posting["delay"]
	_, lost := p.run.plan.posting["lose"]
	return (late || lost) && p.unnoted[strings.ToLower(id)]
}

// partners is I11: a record that has a partner never gets another one, unless a person asks for it.
func (r *run) partners(t touched, now map[string]any) {
	name := "cosell_referralid"
	if t.side == "pc" {
		name = "externalReferenceId"
	}
	was, is := strings.ToLower(text(t.before[name])), strings.ToLower(text(now[name]))
	if was == "" || was == is {
		return
	}
	opportunity := t.id
	if t.side == "pc" {
		opportunity = was
	}
	switch {
	case is == "" && t.side == "crm":
		r.people.ended[was] = time.Now()
	case r.people.dv.Row("lead", was) != nil, r.people.gone["lead|"+was] != (time.Time{}): // it went on as something else
	case r.people.chosen[opportunity] || r.people.chosen[is]:
	case r.people.foreign[t.id] == was && slices.Contains(r.people.wed[t.id], is): // its own is put back over one that a person typed
	default:
		r.violates("I11", "%s %s named %s and names %q, though nobody asked for that", t.table, t.id, was, is)
	}
}

// decided is I21: how a person closed an opportunity is how it stays.
func (r *run) decided(t touched, now map[string]any) {
	closed, ok := r.people.closed[t.id]
	if ok {
		r.judges("I21")
	}
	if was, is := text(t.before["statecode"]), text(now["statecode"]); ok && closed != "0" && was == closed && is != closed {
		r.violates("I21", "opportunity %s was closed as %s by a person, and is %s after a write of ours", t.id, closed, is)
	}
}

// given is what is needed for I25 and I26: which value of a person a write has replaced, and which it has carried over.
func (r *run) given(t touched, now map[string]any) {
	for _, f := range mappedFields() {
		f = f.on(t.table)
		was, is := f.of(t.side, t.before), f.of(t.side, now)
		r.people.sees(t.side, t.id, f.name, was)
		r.people.sees(t.side, t.id, f.name, is)
		if won := now[map[string]string{"dealValue": "actualvalue", "closingDate": "actualclosedate"}[f.name]]; won != nil { // of a deal that was won
			r.people.sees(t.side, t.id, f.name, canonical(f.name, won))
		}
		if was == is || t.before == nil {
			continue
		}
		if e := r.people.standing[stand{t.side, t.id, f.name}]; e != nil && e.value == was {
			e.replaced = true
			r.say("    %s of %s %s, which a person set to %q, is replaced by %q", f.name, t.side, t.id, was, is)
		}
		delete(r.people.standing, stand{t.side, t.id, f.name})
		r.people.before[stand{t.side, t.id, f.name}] = replacement{was: was, is: is, at: time.Now()}
	}
}

// stand is where a value stands.
type stand struct{ side, record, field string }

// replacement is the newest write of the product to a field, whose value a person may take back.
type replacement struct {
	was, is string
	at      time.Time
}

// noted is I25: each value of a person that we replaced before it had crossed has its line in Audit.
func (r *run) noted(b board) {
	if r.altered() {
		return // a system spells what it stores in its own way
	}
	for i := range r.people.edits {
		e := r.people.edits[i]
		if !e.replaced || e.value == "" || r.crossed(e) {
			continue
		}
		opportunity := e.record
		if e.side == "pc" {
			opportunity = strings.ToLower(text(b.referrals[e.record]["externalReferenceId"]))
		}
		o := b.opportunities[opportunity]
		if lead := b.leads[opportunity]; lead != nil {
			o = lead
		}
		if o == nil || r.deaf(o) {
			continue // its Audit went with it, or it takes no line
		}
		r.judges("I25")
		if n := told(b.audit(opportunity), e); n == 0 {
			r.violates("I25", "%s %q of %s was replaced before it had crossed, and Audit of %s does not have it: %.600s", e.field, e.value, e.side, opportunity, b.audit(opportunity))
		}
	}
}

// audit is what Audit of an opportunity or a lead says, and that of what the lead has become, or was before.
func (b board) audit(id string) string {
	all := []string{text(b.opportunities[id]["cosell_audit"]), text(b.leads[id]["cosell_audit"])}
	if lead := strings.ToLower(text(b.opportunities[id]["_originatingleadid_value"])); lead != "" {
		all = append(all, text(b.leads[lead]["cosell_audit"]))
	}
	for _, o := range sortedKeys(b.opportunities) {
		if b.leads[id] != nil && strings.EqualFold(text(b.opportunities[o]["_originatingleadid_value"]), id) {
			all = append(all, text(b.opportunities[o]["cosell_audit"]))
		}
	}
	return strings.Join(all, "\n")
}

// deaf says whether an opportunity is closed in a CRM that lets nobody write closed ones: its lines come once a person opens it.
func (r *run) deaf(o map[string]any) bool {
	return r.plan.crm["closedWritable"] == false && text(o["statecode"]) != "0"
}

// opened is I25 for those, after somebody has opened them.
func (r *run) opened() {
	if r.plan.ending == forgetful || r.plan.ending == older {
		return // what the CRM had taken no line of stood in the tables alone, which are lost
	}
	b, some := r.board(), false
	for _, id := range sortedKeys(b.opportunities) {
		if r.deaf(b.opportunities[id]) && !r.altered() {
			_, err := r.people.crm(doc{"do": "reopen", "table": "opportunity", "id": id})
			r.must(err)
			some = true
		}
	}
	if !some {
		return
	}
	r.quiet(20 * time.Minute)
	r.pass(70 * time.Second)
	r.tick()
	r.quiet(20 * time.Minute)
	r.noted(r.board())
}

// crossed says whether a value has stood on the other side of any pair that its record was part of.
func (r *run) crossed(e *edit) bool {
	other := "crm"
	if e.side == "crm" {
		other = "pc"
	}
	return slices.ContainsFunc(r.people.wed[e.record], func(partner string) bool { return r.people.seen[stand{other, partner, e.field}][e.value] })
}

// weds remembers that two records named each other.
func (r *run) weds(t touched, record map[string]any) {
	name := "cosell_referralid"
	if t.side == "pc" {
		name = "externalReferenceId"
	}
	partner := strings.ToLower(text(record[name]))
	if partner == "" || slices.Contains(r.people.wed[t.id], partner) {
		return
	}
	r.people.wed[t.id] = append(r.people.wed[t.id], partner)
	r.people.wed[partner] = append(r.people.wed[partner], t.id)
}

// told counts the lines of Audit that have a value: amounts are written in several ways.
func told(audit string, e *edit) (n int) {
	for line := range strings.Lines(audit) {
		if strings.Contains(line, e.value) || e.field == "dealValue" && strings.Contains(strings.NewReplacer(",", "", " ", "", ".00", "").Replace(line), e.value) {
			n++
		}
	}
	return n
}

// takenBack is I26: a value that a person took back, and nobody touched since, stands on both sides.
func (r *run) takenBack(b board) {
	if r.altered() {
		return
	}
	for i := range r.people.edits {
		e := r.people.edits[i]
		if !e.undo || slices.ContainsFunc(r.people.edits[i+1:], func(o *edit) bool { return o.field == e.field && o.deal == e.deal }) {
			continue
		}
		opportunity, referral := e.record, ""
		if e.side == "pc" {
			referral, opportunity = e.record, strings.ToLower(text(b.referrals[e.record]["externalReferenceId"]))
		}
		o := b.opportunities[opportunity]
		if referral == "" {
			referral = strings.ToLower(text(o["cosell_referralid"]))
		}
		d := b.referrals[referral]
		if o == nil || d == nil || !r.follows(o, d) {
			continue
		}
		r.judges("I26")
		f := mappedNamed(e.field)
		if crm, pc := f.of("crm", o), f.of("pc", d); (crm != e.value || pc != e.value) && !r.explained(o, e.field) && !r.doubted(o, e) {
			r.violates("I26", "%s was taken back to %q on side %s, and is %q in the CRM and %q in Partner Center (opportunity %s): %.500s", e.field, e.value, e.side, crm, pc, opportunity, text(o["cosell_audit"]))
		}
	}
}

// doubted says whether Audit tells that a value taken back gave way. After a write whose answer was lost nobody can tell a value that was
// taken back from one that was never replaced, while something else was changed: then both sides count as changed, and the loser
// is told. Nor is a value taken back from us alone while what somebody typed on the other side had not arrived here: that is a conflict of two
// people, and the newest record decides it. Where no answer was lost, no process died and nobody else was there, that is no excuse.
func (r *run) doubted(o map[string]any, e *edit) bool {
	if len(r.faults) == 0 && r.crashes == 0 && !e.against {
		return false
	}
	for line := range strings.Lines(text(o["cosell_audit"])) {
		if strings.Contains(line, "conflict.") && told(line, e) > 0 {
			return true
		}
	}
	return false
}

func mappedNamed(name string) mapped {
	all := append(mappedFields(), campaign())
	return all[slices.IndexFunc(all, func(f mapped) bool { return f.name == name })]
}

// follows says whether a pair is switched on and open on both sides.
func (r *run) follows(o, d map[string]any) bool {
	return o["cosell_sync"] == true && text(o["statecode"]) == "0" && d["status"] == "Active" && strings.EqualFold(text(o["cosell_referralid"]), text(d["id"]))
}
