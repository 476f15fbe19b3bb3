package cosell

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// life is a pair with its two records and the ledger's row, through runs that may die, systems that may
// refuse, and people who type. It carries out plans as package flow does, without any I/O.
type life struct {
	p, d                Record
	pc, crm             int // versions
	pcAt, crmAt, now    time.Time
	row                 Pair
	rules               []Rule
	options             Options
	refusePC, refuseCRM func(atom Record) bool
	ignoreCRM           func(atom Record) bool // CRM says yes and does nothing
	runs, wrote, asked  int
	watched             Field
	met                 string // the last value of the watched field that both sides held
	typed               []typed
	told                []string // the lines of Audit in their order, without stamp and trace
	dieAt, died         int
}

// The boundaries at which a run can die.
const (
	beforeReferral    = 1 + iota // noted, not sent
	afterReferral                // sent, not remembered
	beforeOpportunity            // what was sent is remembered; noted, not written
	afterOpportunity             // written, not remembered
	boundaries
)

type dead struct{}

func newLife(rules []Rule, watched Field) *life {
	p, d := agreed()
	p[Currency] = "EUR"
	l := &life{p: p, d: d, pc: 1, crm: 1, pcAt: noon, crmAt: noon, now: noon, rules: rules, watched: watched,
		row: Pair{OpportunityID: "o", ReferralID: "r", Phase: Linked, Base: baseOf(p, d)}, options: Options{AuditSuccess: "steps", WonGuard: "off", AcceptStrict: true}}
	l.see()
	return l
}

// see notes what both sides hold alike.
func (l *life) see() {
	theirs, _ := l.p.value(l.watched)
	mine, _ := l.d.value(l.watched)
	if theirs == mine {
		l.met = mine
	}
}

// types is a person who types a value of the watched field on a side. To take back what nobody has seen ends
// the edit.
func (l *life) types(side Place, v string) {
	r, who := l.p, l.portal
	if side == InCRM {
		r, who = l.d, l.seller
	}
	if now, _ := r.value(l.watched); now == v {
		return
	}
	l.typed = slices.DeleteFunc(l.typed, func(e typed) bool { return e.side == side })
	if v != l.met {
		l.typed = append(l.typed, typed{side, v})
	}
	who(Record{l.watched: v})
}

// typed is what a person typed on a side, and has not taken back before anybody saw it.
type typed struct {
	side  Place
	value string
}

// portal and seller are what people type.
func (l *life) portal(changes Record) {
	l.now = l.now.Add(time.Second)
	apply(l.p, changes)
	l.pc, l.pcAt = l.pc+1, l.now
	l.see()
}

func (l *life) seller(changes Record) {
	l.now = l.now.Add(time.Second)
	apply(l.d, changes)
	l.crm, l.crmAt = l.crm+1, l.now
	l.see()
}

func (l *life) referral() *Referral {
	return &Referral{Side: Side{ID: "r", Version: fmt.Sprint("r", l.pc), Modified: l.pcAt, Read: l.now, Record: l.p.Clone()}, AcceptedAt: noon.Add(-time.Hour)}
}

func (l *life) opportunity() Opportunity {
	return Opportunity{Side: Side{ID: "o", Version: fmt.Sprint("o", l.crm), Modified: l.crmAt, Read: l.now, Record: l.d.Clone()}}
}

func (l *life) pairing() Pairing {
	in := Pairing{Pair: l.row, Referral: l.referral(), Opportunity: AtHand(l.opportunity()), Rules: l.rules, Options: l.options, At: l.now}
	if s := l.row.Sending; s != nil {
		side := in.Referral.Side
		if s.Place == InCRM {
			side = in.Opportunity.Side()
		}
		in.Pair = l.row.Resolve(side)
	}
	return in
}

func (l *life) pass(boundary int) {
	if l.dieAt == boundary {
		l.died++
		panic(dead{})
	}
}

// run is one event; it may die at the boundary.
func (l *life) run(dieAt int) {
	l.runs++
	l.now, l.dieAt = l.now.Add(time.Second), dieAt
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(dead); !ok {
				panic(r)
			}
		}
	}()
	l.see()
	in := l.pairing()
	plan, done := Merge(in), Written{}
	plan = l.refuse(plan, InPartnerCenter, l.refusePC)
	in, done = l.send(in, plan, done)
	plan = l.refuse(plan, InCRM, l.refuseCRM)
	plan, done = l.write(in, plan, done)
	l.row = in.Settle(plan, done, "")
}

// refuse takes out of the plan what a system says no to.
func (l *life) refuse(plan Plan, place Place, no func(Record) bool) Plan {
	for _, atom := range Atoms(plan.at(place)) {
		l.asked++
		if no != nil && no(atom) {
			plan = plan.Without(Problem{Code: "no", Field: first(atom), Place: place, Class: OfRecord, Text: "no"}, atom)
		}
	}
	return plan
}

func (l *life) send(in Pairing, plan Plan, done Written) (Pairing, Written) {
	if len(plan.ToReferral) == 0 {
		return in, done
	}
	l.row = in.Pair
	l.row.Sending = in.NewSending(InPartnerCenter, plan, l.now)
	l.pass(beforeReferral)
	apply(l.p, plan.ToReferral)
	l.pc, l.pcAt, l.wrote = l.pc+1, l.now, l.wrote+1
	l.pass(afterReferral) // nothing proves it but the value, should it still be there at the next run
	l.see()
	done.Referral = l.referral()
	in.Pair = in.SettleSent(plan, *done.Referral)
	return in, done
}

func (l *life) write(in Pairing, plan Plan, done Written) (Plan, Written) {
	lines := in.Lines(plan, done, Words{Rules: l.rules, At: l.now, Trace: l.trace()})
	values := plan.ToOpportunity.Clone()
	if len(lines) > 0 {
		values[Audit] = Prepend(firstOf(Audit, values, l.d), lines...)
	}
	if len(values) == 0 {
		return plan, done
	}
	piece := plan
	piece.ToOpportunity = values
	l.row = in.Pair
	l.row.Sending = in.NewSending(InCRM, piece, l.now)
	l.row.Sending.Wordless = len(lines) == 0
	l.pass(beforeOpportunity)
	taken := Record{}
	for _, atom := range Atoms(values) {
		if l.ignoreCRM == nil || !l.ignoreCRM(atom) {
			maps.Copy(taken, atom)
		}
	}
	apply(l.d, taken)
	l.crm, l.crmAt, l.wrote = l.crm+1, l.now, l.wrote+1
	l.see()
	for _, line := range slices.Backward(lines) {
		_, text, _ := strings.Cut(line, " - ")
		l.told = append(l.told, strings.TrimSuffix(text, " ("+l.trace()+")"))
	}
	l.pass(afterOpportunity)
	o := l.opportunity()
	done.Opportunity = &o
	if corrected, found := in.NotTaken(plan, o.Record); found {
		plan = corrected
	}
	return plan, done
}

func (l *life) trace() string { return fmt.Sprint("t", l.runs) }

// rest lets everything be seen and everything held be tried, and says whether the last run was silent.
func (l *life) rest() (silent bool) {
	for range 4 {
		l.run(0)
		l.now = l.now.Add(25 * time.Hour)
	}
	wrote := l.wrote
	l.run(0)
	return l.wrote == wrote
}

// lost is the value that a person typed last, if it stands nowhere and Audit does not quote it.
func (l *life) lost() string {
	if len(l.typed) == 0 {
		return ""
	}
	v := l.typed[len(l.typed)-1].value
	if now, _ := l.d.value(l.watched); now == v || strings.Contains(l.d[Audit], `gave way: "`+v+`"`) {
		return ""
	}
	return v
}
