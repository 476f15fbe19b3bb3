package simulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// What is judged in a quiet world in which one thing is wrong: a record that fails, tables that are an older copy, and what
// is refused while that still holds.

// usual is the least that an edit is counted with: in virtual time most take no time at all.
const usual = 5 * time.Second

// isolated is I14: while everything that is about one record fails, another one is in step as fast as before.
func (r *run) isolated() {
	pairs := r.inStep(r.board())
	if len(pairs) < 2 || r.altered() {
		return
	}
	good, bad := pairs[0], pairs[1]
	alone, ok := r.latency(good[0], good[1], 111111)
	if !ok {
		return // closed to people, or told why not
	}
	r.judges("I14")
	status := []int{400, 503}[mix(r.seed, 12)%2]
	_, err := r.pc.call("POST", "/rules", doc{"match": doc{"url": bad[1]}, "status": status})
	r.must(err)
	_, err = r.people.crm(doc{"do": "update", "table": "opportunity", "id": bad[0], "columns": doc{"estimatedvalue": 333333}})
	if err != nil {
		return
	}
	r.step()
	if beside, ok := r.latency(good[0], good[1], 222222); !ok || beside > 2*max(alone, usual)+r.ahead() {
		r.violates("I14", "an edit of opportunity %s takes %s, and %s (%v) while all writes of referral %s are answered %d", good[0], alone, beside, ok, bad[1], status)
	}
	r.must(r.ruleless())
}

// ahead is how far the fastest clock of the fleet goes before the others: what such a process puts off for a moment comes as much
// later, as docs/operations.md says.
func (r *run) ahead() (most time.Duration) {
	for _, off := range r.plan.skew {
		most = max(most, off)
	}
	return most
}

// latency is how long an edit in the CRM takes to stand in Partner Center.
func (r *run) latency(opportunity, referral string, value int) (time.Duration, bool) {
	_, err := r.people.crm(doc{"do": "update", "table": "opportunity", "id": opportunity, "columns": doc{"estimatedvalue": value}})
	if err != nil {
		return 0, false
	}
	began := time.Now()
	for range 3000 {
		if canonical("dealValue", at(r.people.pc.Referral(referral), "/details/dealValue")) == fmt.Sprint(value) {
			return time.Since(began), true
		}
		if time.Since(began) > 20*time.Minute {
			break
		}
		if !r.step() {
			wait := time.Minute
			if next, ok := r.nextWork(); ok {
				wait = min(wait, max(time.Until(next), time.Millisecond))
			}
			r.sleep(wait)
		}
	}
	return time.Since(began), false
}

// older is I20 and I26 for tables that are an older copy of themselves: no value is overwritten, and nothing is made.
func (r *run) older() {
	if r.restore == nil || r.altered() || len(r.people.gone) > 0 { // what was made and deleted since the copy has left no trace anywhere
		return
	}
	before := r.board()
	r.say("the tables are those of the middle of the run again")
	r.reached["older copy"]++
	r.restore()
	r.survives(before, "the tables were an older copy", "I26")
}

// oursLasts is how long a world is looked at to which a right or a consent of ours is missing.
const oursLasts = 2 * time.Hour

// quietAsFar lets the world work until it comes to rest, as quiet does. What waits for a right or a consent of ours is tried every
// quarter of an hour until somebody gives it, which is no end: that is looked at for a while. Whatever is busier than that comes to
// no rest either way.
func (r *run) quietAsFar() {
	until := time.Now().Add(oursLasts)
	r.quietUnless(20*time.Minute, func() bool { return (r.lockedOut || len(r.denied) > 0) && time.Now().After(until) })
}

// altering is I4 while logic of the organisation still changes what is written: nobody edits anything, and so the writes come to
// an end, whether the two sides agree by then or not. Faults have ended.
func (r *run) altering() {
	r.calm, r.away = true, 0
	const enough = 2 // whoever writes at every other pass is found, too
	idle := 0
	for range 2 * passes {
		before := r.writes
		r.tick()
		r.quietAsFar()
		r.pass(6 * time.Minute)
		if idle++; r.writes != before {
			idle = 0
		}
		if idle == enough {
			return
		}
	}
	r.violates("I4", "logic of the organisation changes what is written, and after %d passes there is still something to write", 2*passes)
}

// awaited says whether a message about one of the records still waits: nothing of it was completed without a word.
func (r *run) awaited(ids ...string) bool {
	return slices.ContainsFunc(r.bus.waiting, func(m *message) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return strings.HasSuffix(m.record, "|"+id) })
	})
}

// standing is I24: what is refused, and still would be, has its reason where a person finds it, before anything gives way. Faults have
// ended; rules and rights are as they were.
func (r *run) standing() {
	r.calm, r.away = true, 0
	for _, s := range []*system{r.pc, r.dv} {
		_, err := s.call("POST", "/delivery", doc{})
		r.must(err)
	}
	r.pass(max(0, r.askedToWait()) + 70*time.Second)
	for range 2 {
		r.tick()
		r.quietAsFar()
	}
	if r.shadow() {
		return // ours writes nothing: what differs is looked up in its report
	}
	if r.lockedOut {
		return // a consent of ours that is missing is said in health: of what changed since then nothing can be read
	}
	if (r.plan.posting["lose"] != nil || r.plan.posting["delay"] == "24h") && slices.Contains(r.denied, [2]string{"opportunity", "read"}) {
		return // so is a right to read: where no event has told of a change, nobody of ours can know of it
	}
	held := map[string][]cosell.Held{}
	r.must(r.openTables().Pairs(context.Background(), func(p cosell.Pair) bool {
		held[p.OpportunityID] = p.Held
		return true
	}))
	b := r.board()
	for _, id := range sortedKeys(b.opportunities) {
		o := b.opportunities[id]
		referral := strings.ToLower(text(o["cosell_referralid"]))
		d := b.referrals[referral]
		if d == nil || !r.follows(o, d) || r.awaited(id, referral) {
			continue
		}
		for _, f := range mappedFields() {
			crm, pc := f.of("crm", o), f.of("pc", d)
			if r.alike(crm, pc) || r.explained(o, f.name) || len(held[id]) > 0 || named(text(o["cosell_audit"]), f.name) {
				continue
			}
			r.violates("I24", "%s is %q in the CRM and %q in Partner Center while rules and rights stand, and nothing says why (opportunity %s, state %s): %.500s", f.name, crm, pc, id, text(o["cosell_state"]), text(o["cosell_audit"]))
		}
		r.judges("I24")
	}
}

// named says whether a line of Audit speaks of trouble with a field.
func named(audit, field string) bool {
	label := labelOf(field)
	for line := range strings.Lines(audit) {
		if strings.Contains(line, label) && !strings.Contains(line, "updated ") {
			return true
		}
	}
	return false
}
