package cosell

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// lives is how many random lives are played, each from its number.
const lives = 2000

// random is a life in which everything happens: edits on both sides, refusals that come and go, values that
// CRM ignores, and deaths.
type random struct {
	*life
	r   *rand.Rand
	log []string
}

func (l *random) say(format string, args ...any) { l.log = append(l.log, fmt.Sprintf(format, args...)) }

var everyField = []Field{Name, DealValue, Currency, ClosingDate, Notes, Visibility, "solutions/SOL-1", "solutions/SOL-2", "team/kim", CustomerCountry}

// value is what somebody types; nothing too.
func (l *random) value() (Field, string) {
	f := everyField[l.r.IntN(len(everyField))]
	n := fmt.Sprint(l.r.IntN(4))
	switch {
	case f == Visibility:
		return f, []string{True, False}[l.r.IntN(2)]
	case l.r.IntN(6) == 0 && f != CustomerCountry:
		return f, ""
	case f == DealValue:
		return f, n
	case f == Currency:
		return f, []string{"EUR", "USD", "CHF"}[l.r.IntN(3)]
	case f == ClosingDate:
		return f, "2027-01-0" + n
	case f == Notes:
		return f, strings.Repeat(n, l.r.IntN(8))
	case f == CustomerCountry:
		return f, []string{"DE", "FR"}[l.r.IntN(2)]
	}
	return f, "v" + n
}

func (l *random) types() {
	f, v := l.value()
	side, r := l.portal, l.p
	if l.r.IntN(2) == 0 {
		side, r = l.seller, l.d
		if f == Notes { // CRM holds four letters
			v = cut(v)
		}
	} else if f == Visibility && r[f] == True || f == CustomerCountry {
		return // Partner Center takes that from nobody
	}
	if list, _, member := f.List(); member && v == "" && len(r.Members(list)) < 2 {
		return
	}
	l.say("%s=%q (PC %v)", f, v, &r == &l.p)
	side(Record{f: v})
}

// says is a rule by which a system refuses a field for a while.
func (l *random) says() func(Record) bool {
	if l.r.IntN(2) == 0 {
		return nil
	}
	f := everyField[l.r.IntN(len(everyField))]
	l.say("no to %s", f)
	return func(atom Record) bool { _, ok := atom[f]; return ok }
}

func (l *random) turn() {
	switch l.r.IntN(10) {
	case 0:
		l.refusePC = l.says()
	case 1:
		l.refuseCRM = l.says()
	case 2:
		l.ignoreCRM = l.says()
	case 3, 4, 5:
		dies := 0
		if l.r.IntN(3) == 0 {
			dies = 1 + l.r.IntN(boundaries-1)
		}
		l.say("run, dies at %d", dies)
		l.run(dies)
	case 6:
		l.now = l.now.Add(time.Duration(l.r.IntN(60)) * time.Minute)
	default:
		l.types()
	}
}

// explained says whether a row tells of a difference in the field.
func explained(p Pair, f Field) bool {
	return slices.ContainsFunc(p.Held, func(h Held) bool {
		list, _, member := f.List()
		theirs, _, isMember := h.Field.List()
		money := (f == DealValue || f == Currency) && (h.Field == DealValue || h.Field == Currency)
		return h.Field == f || money || member && (h.Field == list || isMember && theirs == list)
	})
}

// differs lists the fields that travel both ways, and of which the sides say different things.
func (l *random) differs() []Field {
	var out []Field
	for _, f := range everyField {
		if f == "team/kim" || f == CustomerCountry {
			continue // to Partner Center only: what differs there is nobody's wish
		}
		p, _ := l.p.value(f)
		d, _ := l.d.value(f)
		if f == Notes {
			p = cut(p)
		}
		if p != d {
			out = append(out, f)
		}
	}
	return out
}

// After any life, while the systems still say no: no difference without a row and no row without a difference,
// whatever is said again writes nothing, and once nobody refuses any more both sides say the same.
func TestI24_RandomLivesEndAlikeOrHeld(t *testing.T) {
	t.Parallel()
	turns, held := 0, 0
	for seed := range uint64(lives) {
		l := &random{life: newLife(withCurrency(), Name), r: rand.New(rand.NewPCG(seed, 5))}
		for range 10 + l.r.IntN(30) {
			turns++
			l.turn()
		}
		l.now = l.now.Add(time.Second)
		for range 3 {
			l.run(0)
		}
		wrote, asked, audit, before := l.wrote, l.asked, l.d[Audit], len(l.row.Held)
		l.now = l.now.Add(-time.Second)
		l.run(0)
		held += before
		due := due(l.row, l.now)
		if !due && (l.wrote != wrote || l.d[Audit] != audit || len(l.row.Held) != before) {
			t.Errorf("seed %d: told again: %d writes, %d questions, held %+v\n%s", seed, l.wrote-wrote, l.asked-asked, l.row.Held, strings.Join(l.log, "\n"))
		}
		different := l.differs()
		for _, f := range different {
			if !explained(l.row, f) {
				t.Errorf("seed %d: %s is %q and %q, and nothing is held: %+v\n%s", seed, f, l.p[f], l.d[f], l.row.Held, strings.Join(l.log, "\n"))
			}
		}
		for _, h := range l.row.Held {
			if !slices.ContainsFunc(different, func(f Field) bool { return explained(Pair{Held: []Held{h}}, f) }) && h.Field != "team/kim" && h.Code != "solution.required" {
				t.Errorf("seed %d: both sides say the same, and it is held: %+v\n%s", seed, h, strings.Join(l.log, "\n"))
			}
		}
		l.refusePC, l.refuseCRM, l.ignoreCRM = nil, nil, nil
		if !l.rest() {
			t.Errorf("seed %d: never silent\n%s", seed, strings.Join(l.log, "\n"))
		}
		for _, h := range l.row.Held {
			if h.Class != OfRule && h.Code != "solution.required" {
				t.Errorf("seed %d: nobody refuses, and it is held: %+v\n%s", seed, h, strings.Join(l.log, "\n"))
			}
		}
		for _, f := range l.differs() {
			if !explained(l.row, f) {
				t.Errorf("seed %d: in the end %s is %q and %q\n%s", seed, f, l.p[f], l.d[f], strings.Join(l.log, "\n"))
			}
		}
		if len(l.d[Audit]) > longestAudit {
			t.Errorf("seed %d: Audit has %d bytes", seed, len(l.d[Audit]))
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d lives, %d turns, %d rows", lives, turns, held)
}
