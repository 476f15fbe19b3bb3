package cosell

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// cell is one case of the truth table of a field: what the row of the sheet says, what was remembered of
// each side, what each says now, what is held, and what is known. "-" is nothing at all.
type cell struct {
	kind             kind
	way              Way
	wins, sight      Wins
	bp, bd, p, d     string
	pcNewer          bool
	assumed, linking bool
	held             hold
}

// kind is a sort of field that rules speak of.
type kind struct {
	field     Field
	list      bool
	neverNone bool // nothing never replaces a value
	none      []string
}

var (
	anyField  = kind{field: "x", none: []string{""}}
	nameField = kind{field: Name, neverNone: true, none: []string{""}}
	amount    = kind{field: DealValue, neverNone: true, none: []string{"", "0"}}
	member    = kind{field: "xs/a", list: true, none: []string{""}}
)

// hold is what was refused before: of what is asked of the place again, or of another value; and whether
// something releases it.
type hold struct {
	place   Place
	value   string
	release string // "", version, due, retry
	class   Class
}

func (h hold) none() bool { return h.place == "" }

// verdict is what has to become of a cell.
type verdict struct {
	pc, crm string   // written there; "-" nothing
	says    []string // code@place, sorted
	waits   bool     // the base stays: nothing is decided
	reads   bool     // the opportunity has to be read first
}

func (v *verdict) say(code string, place Place) { v.says = append(v.says, code+"@"+string(place)) }

func (v verdict) equals(w verdict) bool {
	return v.pc == w.pc && v.crm == w.crm && v.waits == w.waits && v.reads == w.reads && slices.Equal(v.says, w.says)
}

// judge is the oracle: the rules as README and docs/decisions 7, 10, 12 and 13 tell them, one after the other.
func (c cell) judge() verdict {
	if c.assumed {
		c.d = c.bd // a row that is only remembered says what it said
	}
	v := verdict{pc: "-", crm: "-"}
	c.wish(&v)
	notes := v.says
	v.says = nil
	// Nothing never replaces a value, once the two are linked and the field is one of those.
	for _, side := range []struct {
		written *string
		place   Place
	}{{&v.pc, InPartnerCenter}, {&v.crm, InCRM}} {
		if c.kind.neverNone && *side.written != "-" && slices.Contains(c.kind.none, *side.written) {
			*side.written, v.waits = "-", true
			v.say("value.blank", side.place)
		}
		// What was refused is not asked again while nothing has changed.
		if h := c.held; h.place == side.place && h.class != OfRule && h.release == "" && *side.written != "-" && *side.written == h.value {
			*side.written, v.waits = "-", true
			v.say("no", side.place)
		}
	}
	// What Microsoft's referral says was not read this time, and is still refused.
	if c.held.place == InCRM && c.way == ToOpportunity && c.p == "-" && !c.kind.list {
		v.waits = true
		if !slices.Contains(v.says, "no@"+string(InCRM)) {
			v.say("no", InCRM)
		}
	}
	for _, n := range notes {
		written := v.pc
		if n == conflictResolved+"@"+string(InCRM) {
			written = v.crm
		}
		switch {
		case n == "conflict.manual@referral": // no note: it lasts
			v.says = append(v.says, n)
		case v.waits: // a note is told when its field is decided
		case n[:len(conflictResolved)] == conflictResolved && written == "-": // nothing gave way
		default:
			v.says = append(v.says, n)
		}
	}
	slices.Sort(v.says)
	return v
}

// wish is what the two sides and the sheet want, before any door.
func (c cell) wish(v *verdict) {
	if c.way == Read {
		return
	}
	if c.bp == "-" && c.bd == "-" {
		c.firstSight(v)
		return
	}
	changed := func(was, now string) bool { return now != "-" && now != was && !(was == "-" && now == "") }
	pc, crm := changed(c.bp, c.p), changed(c.bd, c.d) && !c.assumed
	switch {
	case !pc && !crm:
	case pc && crm && c.p == c.d: // agreed
	case pc && crm && c.way == Both:
		c.fight(v)
	case pc && c.way != ToReferral:
		c.send(v, InCRM)
	case crm && c.way == ToOpportunity:
		c.putBack(v)
	case crm:
		c.send(v, InPartnerCenter)
	}
}

// send carries a side's value to the place, unless it is there already.
func (c cell) send(v *verdict, place Place) {
	switch {
	case c.p == c.d:
	case place == InPartnerCenter:
		v.pc = c.d
	default:
		v.crm, v.reads = c.p, c.kind.list && c.assumed
	}
}

// fight: both changed it to different values.
func (c cell) fight(v *verdict) {
	noneP, noneD := slices.Contains(c.kind.none, c.p), slices.Contains(c.kind.none, c.d)
	winner := c.wins
	if winner == Newest {
		winner = CRM
		if c.pcNewer {
			winner = PartnerCenter
		}
		if h := c.held; !h.none() && h.class != OfRule { // what was decided and then refused stays decided
			if h.place == InCRM && h.value == c.p {
				winner = PartnerCenter
			}
			if h.place == InPartnerCenter && h.value == c.d {
				winner = CRM
			}
		}
	}
	switch {
	case noneP && !noneD:
		v.pc = c.d
	case noneD && !noneP:
		v.crm = c.p
	case winner == ManualDecision:
		v.waits = true
		v.say("conflict.manual", InPartnerCenter)
	case winner == PartnerCenter:
		v.crm = c.p
		v.say(conflictResolved, InCRM)
	default:
		v.pc = c.d
		v.say(conflictResolved, InPartnerCenter)
	}
}

// putBack: a person changed a column that only Partner Center fills.
func (c cell) putBack(v *verdict) {
	for _, text := range []string{c.p, c.bp, c.bd} {
		if text != "-" && text == c.d {
			return // that is what a person typed
		}
		if text != "-" {
			v.crm = text
			v.say("column.readonly", InCRM)
			return
		}
	}
}

func (c cell) firstSight(v *verdict) {
	noneP, noneD := slices.Contains(c.kind.none, c.p), slices.Contains(c.kind.none, c.d)
	switch {
	case c.p == "-" || c.d == "-" || c.p == c.d: // nothing to compare
	case noneD && !noneP: // a list travels to Partner Center alone, or both ways
		if c.way == Both || c.way == ToOpportunity && !c.kind.list {
			v.crm = c.p
		}
	case noneP && !noneD:
		if c.way != ToOpportunity {
			v.pc = c.d
		}
	case c.way != Both:
	case c.sight == CRM && !c.kind.list:
		v.pc = c.d
	case c.sight == PartnerCenter && !c.kind.list:
		v.crm = c.p
	case c.linking:
		v.say("values.differ", InPartnerCenter)
	}
}

// pairing is the cell as Merge sees it.
func (c cell) pairing() Pairing {
	list, _, _ := c.kind.field.List()
	record := func(text string) Record {
		r := Record{}
		switch {
		case text == "-":
		case c.kind.list:
			r[list] = "0"
			if text != "" {
				r[c.kind.field], r[list] = text, "1"
			}
		default:
			r[c.kind.field] = text
		}
		return r
	}
	rule := Rule{Field: c.kind.field, Way: c.way, Wins: c.wins, FirstSight: c.sight, List: c.kind.list}
	if c.kind.list {
		rule.Field = list
	}
	in := pairing(Base{Referral: record(c.bp), Opportunity: record(c.bd)}, record(c.p), record(c.d))
	in.Rules, in.Linking, in.NewSheet = []Rule{rule}, c.linking, !c.linking
	if c.pcNewer {
		in.Referral.Modified = noon.Add(time.Hour)
	}
	if h := c.held; !h.none() {
		version := map[Place]string{InPartnerCenter: "r1", InCRM: "o1"}[h.place]
		next := noon.Add(time.Hour)
		switch h.release {
		case "version":
			version = "older"
		case "due":
			next = noon
		case "retry":
			in.Retry = true
		}
		in.Pair.Held = []Held{{Place: h.place, Field: c.kind.field, Class: h.class, Code: "no", Text: "no", Value: Asked(Record{c.kind.field: h.value}), Version: version, Since: noon, Next: next, Attempts: 1}}
		in.Pair.Told = Prints([]Problem{in.Pair.Held[0].Problem()})
	}
	if c.assumed {
		in.Pair.OpportunityVersion = "o1"
		in.Opportunity = Assumed(in.Pair)
	}
	return in
}

// got is what Merge makes of it.
func (c cell) got(plan Plan) verdict {
	v := verdict{pc: "-", crm: "-", waits: plan.keep[c.kind.field], reads: plan.NeedsOpportunity}
	if t, ok := plan.ToReferral[c.kind.field]; ok {
		v.pc = t
	}
	if t, ok := plan.ToOpportunity[c.kind.field]; ok {
		v.crm = t
	}
	for _, p := range plan.Problems {
		v.say(p.Code, p.Place)
	}
	slices.Sort(v.says)
	return v
}

// cells calls each with every case: fields of each kind x what was remembered x what each side says x
// direction x policy x first sight x what is held and what releases it x read or assumed.
func cells(each func(cell)) {
	for _, k := range []kind{anyField, nameField, amount, member} {
		now := append([]string{"-", "100", "7", "8"}, k.none...)
		for _, base := range [][2]string{{"-", "-"}, {"100", "100"}, {"100", "-"}, {"-", "100"}, {"100", "5"}, {"", ""}, {"", "100"}} {
			for _, p := range now {
				for _, d := range now {
					if k.neverNone && !slices.Contains(k.none, p) && !slices.Contains(k.none, d) {
						continue // as any field
					}
					for _, way := range []Way{Both, ToReferral, ToOpportunity, Read} {
						ruled(cell{kind: k, way: way, bp: base[0], bd: base[1], p: p, d: d}, each)
					}
				}
			}
		}
	}
}

// ruled goes on with the policies, where they can matter.
func ruled(c cell, each func(cell)) {
	first := c.bp == "-" && c.bd == "-"
	for _, wins := range []Wins{Newest, PartnerCenter, CRM, ManualDecision} {
		for _, sight := range []Wins{Leave, PartnerCenter, CRM} {
			if first && wins != Newest || !first && sight != Leave {
				continue
			}
			c.wins, c.sight = wins, sight
			for _, c.pcNewer = range []bool{false, true} {
				for _, c.linking = range []bool{false, true} {
					if c.pcNewer && (first || wins != Newest) || c.linking && !first {
						continue
					}
					for _, c.held = range heldIn(c) {
						for _, c.assumed = range []bool{false, true} {
							each(c)
						}
					}
				}
			}
		}
	}
}

func heldIn(c cell) []hold {
	out := []hold{{}}
	for _, h := range []hold{{place: InCRM, value: c.p}, {place: InPartnerCenter, value: c.d}} {
		if h.value == "-" || c.kind.neverNone && slices.Contains(c.kind.none, h.value) { // what is never asked
			h.value = "other"
		}
		h.class = OfRecord
		for _, h.release = range []string{"", "version", "due", "retry"} {
			out = append(out, h)
		}
		h.release, h.value = "", "other"
		out = append(out, h, hold{place: h.place, value: c.p, class: OfRule})
	}
	return out
}

// Merge decides every cell as the oracle does.
func TestMergeDecidesEveryCellAsTheRulesSay(t *testing.T) {
	t.Parallel()
	n, wrong := 0, 0
	cells(func(c cell) {
		n++
		want, got := c.judge(), c.got(Merge(c.pairing()))
		if !want.equals(got) && wrong < 10 {
			wrong++
			t.Errorf("%+v\n want %+v\n  got %+v", c, want, got)
		}
	})
	if n < 100_000 {
		t.Errorf("only %d cells", n)
	}
	t.Logf("%d cells", n)
}

// remembers says whether the base says of the field what the record says; what was not read is not asked for.
func (c cell) remembers(base, r Record) bool {
	now, read := r.value(c.kind.field)
	was, _ := base.value(c.kind.field)
	return !read || same(was, now)
}

// After every cell: what is decided is remembered as it is, what waits as it was; what waits has a row, and
// only that; a second run writes nothing and says nothing; and nobody's edit ends without a word.
func TestAfterEveryCellNothingIsLeftToDoAndNothingIsForgotten(t *testing.T) {
	t.Parallel()
	n, wrong := 0, 0
	cells(func(c cell) {
		if n++; n%5 != 0 || c.assumed || wrong > 5 {
			return
		}
		say := func(format string, args ...any) {
			wrong++
			t.Errorf("%+v\n %s", c, fmt.Sprintf(format, args...))
		}
		in := c.pairing()
		plan := Merge(in)
		after, done := write(in, plan)
		after.Pair = in.Settle(plan, done, "")
		p, d := after.Referral.Record, after.Opportunity.Side().Record
		was, base := in.Pair.Base, after.Pair.Base
		_, putBack := plan.ToOpportunity[c.kind.field]
		switch waits := plan.keep[c.kind.field]; {
		case waits && !putBack && (was.Referral[c.kind.field] != base.Referral[c.kind.field] || was.Opportunity[c.kind.field] != base.Opportunity[c.kind.field]):
			say("it waits, and the base went from %v to %v", was, base)
		case !waits && !(c.remembers(base.Referral, p) && c.remembers(base.Opportunity, d)):
			say("%v and %v are remembered as %v", p, d, base)
		case waits != (len(after.Pair.Held) > 0):
			say("it waits: %v, held %+v", waits, after.Pair.Held)
		case c.way == Both && c.edited() && !c.sameNow(p, d) && len(after.Pair.Held) == 0:
			say("the sides say %v and %v, and nothing is held", p, d)
		case c.way == Both && c.edited() && c.overwritten(p, d) && len(plan.Problems) == 0:
			say("somebody's value is gone without a word")
		}
		after.Retry = false
		next := Merge(after)
		if len(next.ToReferral)+len(next.ToOpportunity) > 0 {
			say("written again: %v and %v", next.ToReferral, next.ToOpportunity)
		}
		if lines := after.Lines(next, Written{}, words); len(lines) > 0 {
			say("told again: %q", lines)
		}
	})
}

// edited says whether anybody changed the field since both sides agreed.
func (c cell) edited() bool {
	return c.bp == c.bd && c.bp != "-" && c.p != "-" && c.d != "-" && (c.p != c.bp || c.d != c.bd)
}

func (c cell) sameNow(p, d Record) bool {
	theirs, _ := p.value(c.kind.field)
	mine, _ := d.value(c.kind.field)
	return theirs == mine
}

// overwritten says whether a value that a person had typed is on neither side any more.
func (c cell) overwritten(p, d Record) bool {
	for _, typed := range []string{c.p, c.d} {
		theirs, _ := p.value(c.kind.field)
		mine, _ := d.value(c.kind.field)
		if typed != c.bp && !slices.Contains(c.kind.none, typed) && theirs != typed && mine != typed {
			return true
		}
	}
	return false
}
