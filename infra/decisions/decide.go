package decisions

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Decide makes the decision anew, with the code and the field sheet of now.
func (s Shipped) Decide(kind string, in json.RawMessage) (map[string]string, error) {
	says := lines{}
	var err error
	switch kind {
	case Compare:
		var c Comparing
		if err = json.Unmarshal(in, &c); err == nil {
			s.compare(c, says)
		}
	case Wanted:
		var w Wanting
		if err = json.Unmarshal(in, &w); err == nil {
			values, problems := cosell.Prepare(w.Opportunity, s.rules(w.Sheet))
			says.record("a new referral has", values)
			says.problems(problems)
		}
	case Arrives:
		var a Arriving
		if err = json.Unmarshal(in, &a); err == nil {
			says.record("a new opportunity has", cosell.ForOpportunity(a.Referral, s.rules(a.Sheet)))
			says.put("its status", cosell.StatusFor(a.Referral.Record[cosell.Status]))
		}
	case Asked:
		var a Asking
		if err = json.Unmarshal(in, &a); err == nil {
			deed, why := cosell.Heed(a.Pair, a.Opportunity, a.Microsoft)
			says.put("deed", string(deed))
			if why.Code != "" {
				says.problems([]cosell.Problem{why})
			}
		}
	case Brake:
		var b Braking
		if err = json.Unmarshal(in, &b); err == nil {
			says.brake(b.Brake.Judge(b.Aside, b.Pairs, b.Now, b.Unsure))
		}
	case Verdict:
		var e Ended
		if err = json.Unmarshal(in, &e); err == nil {
			says.verdict(e)
		}
	default:
		err = fmt.Errorf("kind %q is none", kind)
	}
	return says, err
}

// compare says what the plan is, how things then stand, and what is remembered once it is carried out.
func (s Shipped) compare(c Comparing, says lines) {
	in := s.pairing(c)
	plan := cosell.Merge(in)
	says.plan(plan)
	says.record("the form shows", cosell.Standing(c.Referral.Record[cosell.Status], plan.Problems))
	settled := in.Settle(plan, carriedOut(in, plan), "")
	says.put("then phase", string(settled.Phase))
	for _, h := range settled.Held {
		says.put(strings.Join([]string{"then held", string(h.Place), string(h.Field), h.Code}, " "), words(string(h.Class), since(c.At, "next", h.Next), "attempts "+strconv.Itoa(h.Attempts), flag(h.Quiet, "quiet"), flag(h.Warn, "warn")))
	}
	says.changes("then agreed in Partner Center", c.Pair.Base.Referral, settled.Base.Referral)
	says.changes("then agreed in CRM", c.Pair.Base.Opportunity, settled.Base.Opportunity)
}

func (s Shipped) pairing(c Comparing) cosell.Pairing {
	known := cosell.Assumed(c.Pair)
	if c.Opportunity != nil {
		known = cosell.AtHand(*c.Opportunity)
	}
	return cosell.Pairing{Pair: c.Pair, Referral: &c.Referral, Opportunity: known, Rules: s.rules(c.Sheet), Options: c.Options, At: c.At, Retry: c.Retry, Linking: c.Linking,
		Met: c.Met, Heeded: c.Heeded}
}

// carriedOut is what both systems answer that take everything as it is.
func carriedOut(in cosell.Pairing, plan cosell.Plan) (w cosell.Written) {
	taken := func(s cosell.Side, changes cosell.Record) cosell.Side {
		s.Record, s.Version = s.Record.Clone(), s.Version+" written"
		maps.Copy(s.Record, changes)
		return s
	}
	if len(plan.ToReferral) > 0 {
		r := *in.Referral
		r.Side = taken(r.Side, plan.ToReferral)
		w.Referral = &r
	}
	if len(plan.ToOpportunity) > 0 {
		o, _ := in.Opportunity.Row()
		o.Side = taken(in.Opportunity.Side(), plan.ToOpportunity)
		w.Opportunity = &o
	}
	w.Invited = plan.Invite != ""
	return w
}

// lines are what a decision says, by name.
type lines map[string]string

// longest is how much of a value a line keeps; of a longer one a print.
const longest = 200

func (l lines) put(name, value string) {
	if value == "" {
		return
	}
	if len(value) > longest {
		value = cosell.Digested(value)
	}
	l[name] = value
}

func (l lines) record(name string, r cosell.Record) {
	for f, v := range r {
		l.put(name+" "+string(f), cmp.Or(v, "(cleared)"))
	}
}

func (l lines) changes(name string, before, after cosell.Record) {
	for f, v := range after {
		if old, had := before[f]; !had || old != v {
			l.put(name+" "+string(f), cmp.Or(v, "(cleared)"))
		}
	}
	for f := range before {
		if _, still := after[f]; !still {
			l.put(name+" "+string(f), "(forgotten)")
		}
	}
}

func (l lines) plan(p cosell.Plan) {
	l.record("Partner Center gets", p.ToReferral)
	l.record("CRM gets", p.ToOpportunity)
	l.put("Microsoft is asked for", p.Invite)
	l.put("tasks", p.Task)
	l.put("the pair", flag(p.Ends, "ends"))
	l.put("last sync", flag(p.Stamp, "due"))
	l.put("CRM's row", flag(p.NeedsOpportunity, "has to be read"))
	if !p.HeldUntil.IsZero() {
		l.put("a change waits until", p.HeldUntil.UTC().Format(time.RFC3339))
	}
	l.problems(p.Problems)
}

func (l lines) problems(all []cosell.Problem) {
	for _, p := range all {
		name := strings.Join([]string{"says", p.Code, string(p.Place), string(p.Field)}, " ")
		for l[name] != "" {
			name += " again"
		}
		l.put(name, words(string(p.Class), flag(p.Warn, "warn"), flag(p.Once, "once"), flag(p.Quiet, "quiet"), flag(p.Sent, "sent"), p.Text, p.Mend))
	}
}

func (l lines) brake(b cosell.Brake) {
	l.put("brake", cmp.Or(flag(!b.On.IsZero(), "on"), "off"))
	l.put("on since", stamp(b.On))
	l.put("goes on until", stamp(b.Passed))
	l.put("aside", fmt.Sprintf("%d of %d, limit %d", b.Aside, b.Pairs, b.Most))
	l.put("newest", stamp(b.Newest))
	l.put("still since", stamp(b.Still))
	l.put("let go today", fmt.Sprint(len(b.Recent)))
}

func (l lines) verdict(e Ended) {
	d := fault.Decide(e.err(), e.Attempt, e.Age, e.Age)
	l.put("verdict", verdicts()[d.Verdict])
	l.put("after", d.After.String())
	l.put("counts", strconv.FormatBool(d.Counts))
	l.put("alarm", strconv.FormatBool(d.Alarm))
}

// verdicts are their names.
func verdicts() map[fault.Verdict]string {
	return map[fault.Verdict]string{fault.Done: "done", fault.Repeat: "repeat", fault.Park: "park"}
}

// faults are the kinds by their names.
func faults() map[string]fault.Kind {
	out := map[string]fault.Kind{}
	for _, k := range []fault.Kind{fault.Invalid, fault.Refused, fault.Gone, fault.Conflict, fault.Later, fault.Denied, fault.Broken} {
		out[k.String()] = k
	}
	return out
}

// classes are those of a refusal, by their names.
func classes() map[string]fault.Class {
	return map[string]fault.Class{"record": fault.Record, "rule": fault.Rule, "ours": fault.Ours}
}

func (e Ended) err() error {
	switch {
	case e.Fault == "":
		return nil
	case e.Wait > 0:
		return fault.Wait(e.Wait, "kept")
	case e.Class != "":
		return fault.New(faults()[e.Fault], "kept").OfClass(classes()[e.Class])
	}
	return fault.New(faults()[e.Fault], "kept")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func since(at time.Time, name string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return name + " in " + t.Sub(at).Round(time.Second).String()
}

func flag(is bool, name string) string {
	if is {
		return name
	}
	return ""
}

func words(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", ")
}
