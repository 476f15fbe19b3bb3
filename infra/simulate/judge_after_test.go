package simulate

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// What is judged when all else has been: by one more edit, by a loss of the tables, and by what the processes have logged. Each in
// some of the runs.

// after judges what costs too much for every run.
func (r *run) after() {
	switch r.plan.ending {
	case oneMore:
		r.oneMoreEdit()
	case forgetful:
		r.forgetful()
	case older:
		r.older()
	case isolated:
		r.isolated()
	}
	if r.log != nil {
		r.silentLog()
	}
}

// inStep are the pairs that are switched on, open on both sides and not told to be out of step.
func (r *run) inStep(b board) (out [][2]string) {
	for _, id := range sortedKeys(b.opportunities) {
		o := b.opportunities[id]
		referral := strings.ToLower(text(o["cosell_referralid"]))
		d := b.referrals[referral]
		if d != nil && own(d) && o["cosell_sync"] == true && text(o["statecode"]) == "0" && d["status"] == "Active" && !r.explained(o, "dealValue") {
			out = append(out, [2]string{id, referral})
		}
	}
	return out
}

// oneMoreEdit is I4, and I1 once more: an edit in a quiet world arrives, in one write there and at most one back.
func (r *run) oneMoreEdit() {
	pairs := r.inStep(r.board())
	if len(pairs) == 0 || r.altered() {
		return
	}
	at := pairs[r.seed%uint64(len(pairs))]
	before, there, back := r.writes, siteCRM, sitePartnerCenter
	r.judges("I4")
	var err error
	if r.seed%8 == 2 || r.seed%2 == 1 {
		_, err = r.people.portal("user", doc{"do": "update", "id": at[1], "changes": doc{"/details/dealValue": 123456}})
	} else {
		there, back = back, there
		_, err = r.people.crm(doc{"do": "update", "table": "opportunity", "id": at[0], "columns": doc{"estimatedvalue": 123456}})
	}
	if err != nil {
		return // closed to people too
	}
	r.quiet(20 * time.Minute)
	r.pass(2 * time.Minute) // lists may be late
	r.tick()                // an event may be lost, or come before its record can be read: the feeds show it
	r.quiet(20 * time.Minute)
	if n, m := r.writes[there]-before[there], r.writes[back]-before[back]; n > 1 || m > 1 {
		r.violates("I4", "one edit of opportunity %s led to %d writes there and %d back", at[0], n, m)
	}
	b := r.board()
	o, d := b.opportunities[at[0]], b.referrals[at[1]]
	if crm, pc := canonical("dealValue", o["estimatedvalue"]), canonical("dealValue", d["details"].(map[string]any)["dealValue"]); (crm != "123456" || pc != "123456") && !r.explained(o, "dealValue") {
		r.violates("I1", "an edit in a quiet world does not arrive: %s in the CRM, %s in Partner Center (opportunity %s, %.300s)", crm, pc, at[0], text(o["cosell_audit"]))
	}
}

// links are who names whom.
func (b board) links() map[string]string {
	out := map[string]string{}
	for id, o := range b.opportunities {
		out["opportunity "+id] = text(o["cosell_referralid"])
	}
	for id, d := range b.referrals {
		out["referral "+id] = text(d["externalReferenceId"])
	}
	for id := range b.leads {
		out["lead "+id] = ""
	}
	for id := range b.accounts {
		out["account "+id] = ""
	}
	for id := range b.contacts {
		out["contact "+id] = ""
	}
	return out
}

// values are those of the mapped fields.
func (b board) values() map[string]string {
	out := map[string]string{}
	for _, f := range mappedFields() {
		for id, o := range b.opportunities {
			out[f.name+" of opportunity "+id] = canonical(f.name, o[f.column])
		}
		for id, d := range b.referrals {
			out[f.name+" of referral "+id] = canonical(f.name, at(d, f.path))
		}
	}
	return out
}

// forgetful is I20: the tables are lost, as a whole or one kind of row, and nothing is made or overwritten by what follows.
func (r *run) forgetful() {
	before := r.board()
	kind := []string{"", "r|", "o|", "e|", "s|", "c|", "h|"}[mix(r.seed, 11)%7]
	if r.tables.Drop("state", kind) == 0 {
		return
	}
	r.say("rows %q of the tables are lost", kind)
	r.judges("I20")
	r.survives(before, fmt.Sprintf("rows %q were lost", kind), "I20")
}

// survives lets three passes go by and compares both systems with what they were before what befell the tables: no link is another
// one, and no value was overwritten, which would violate the invariant.
func (r *run) survives(before board, befell, invariant string) {
	for range 3 {
		r.tick()
		r.quiet(20 * time.Minute)
		r.pass(5 * time.Minute)
	}
	after := r.board()
	was, is := before.links(), after.links()
	asked := before.askedNow(after)
	for _, id := range asked {
		delete(is, "referral "+id)
	}
	for id, o := range before.opportunities {
		if r.loosed(id, o) {
			delete(was, "referral "+is["opportunity "+id])
			delete(is, "referral "+is["opportunity "+id])
			delete(was, "opportunity "+id)
			delete(is, "opportunity "+id)
		}
	}
	if !maps.Equal(was, is) {
		r.violates("I20", "%s, and the links differ: %s", befell, difference(was, is))
	}
	was, is = before.values(), after.values()
	for name := range is {
		if slices.ContainsFunc(asked, func(id string) bool { return strings.HasSuffix(name, " of referral "+id) }) {
			delete(is, name)
		}
	}
	for name, v := range was { // an empty side is filled when two records meet anew, and a cut text completed: that overwrites nothing
		if v == "" || completes(is[name], v) {
			delete(was, name)
			delete(is, name)
		}
	}
	if !maps.Equal(was, is) {
		r.violates(invariant, "%s, and a value was overwritten: %s", befell, difference(was, is))
	}
}

// loosed says whether somebody has unlinked what a lead has become: that stands in the tables alone, and with them is forgotten.
func (r *run) loosed(id string, o map[string]any) bool {
	return text(o["cosell_referralid"]) == "" && text(o["_originatingleadid_value"]) != "" &&
		slices.ContainsFunc(r.people.wed[id], func(partner string) bool { return !r.people.ended[partner].IsZero() })
}

// askedNow are Microsoft's referrals that there were not before, of deals whose seller had asked for help already: that waited for
// something that was missing, such as a solution, which came when the records met anew.
func (b board) askedNow(after board) (out []string) {
	for id, d := range after.referrals {
		if b.referrals[id] != nil || own(d) {
			continue
		}
		for o := range b.opportunities {
			mine := after.referrals[strings.ToLower(text(b.opportunities[o]["cosell_referralid"]))]
			if mine != nil && mine["engagementId"] == d["engagementId"] && b.opportunities[o]["cosell_help"] != nil {
				out = append(out, id)
			}
		}
	}
	return out
}

// completes says whether a text is the whole of one that was cut when its column was too short.
func completes(whole, cut string) bool {
	shown, is := strings.CutSuffix(cut, "…")
	return is && strings.HasPrefix(whole, shown)
}

func difference(was, is map[string]string) string {
	for _, k := range sortedKeys(is) {
		if v, had := was[k]; !had || v != is[k] {
			return fmt.Sprintf("%s was %q (%v), is %q", k, v, had, is[k])
		}
	}
	for _, k := range sortedKeys(was) {
		if _, has := is[k]; !has {
			return k + " is gone"
		}
	}
	return ""
}

// notes are what the processes log.
type notes struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all.Write(p)
}

// logTo is where a process logs to: what some runs log is looked at.
func (r *run) logTo() io.Writer {
	if r.plan.ending != logged {
		return io.Discard
	}
	if r.log == nil {
		r.log = &notes{}
	}
	return r.log
}

// silentLog is I19: nothing that people typed, and no secret, stands in the logs.
func (r *run) silentLog() {
	r.judges("I19")
	text := r.log.all.String()
	for _, canary := range []string{"Deal called", "Notes, edition", "+49 40", "+33 1", "zoe", "Wingtip", "Tailspin", "Musterweg", "rue A", refreshToken, partnerSecret, crmAppSecret, crmSecret, operatorKey, "Bearer "} {
		if i := strings.Index(text, canary); i >= 0 {
			r.violates("I19", "the log holds %q: %s", canary, text[max(i-120, 0):min(i+60, len(text))])
		}
	}
}
