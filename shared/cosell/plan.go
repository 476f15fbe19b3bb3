package cosell

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan is what has to be done so that both sides agree again. It is final before the first write: a dry
// run is the plan that is not applied. An answer that refuses makes a new plan (Without).
type Plan struct {
	ToReferral    Record
	ToOpportunity Record
	Invite        string // help code: Microsoft's referral is to be created
	Problems      []Problem
	HeldUntil     time.Time // a change waits until then, by Partner Center's clock
	Task          string    // what becomes of the owner's tasks about an invitation: one of the Task… values
	Ends          bool      // the pair ends with this plan: the opportunity goes on alone
	Stamp         bool      // the column for the last sync is due
	// NeedsOpportunity says that the opportunity was assumed from its base and that this does not do.
	NeedsOpportunity bool
	// NeedsMicrosoft says that Microsoft's referral, where it was not read, may say what has to be restored.
	NeedsMicrosoft bool

	keep      map[Field]bool // fields whose base stays as it is: not decided yet
	leftAlone []Field        // fields that both sides hold differently, as nobody can tell which is right
	unkept    []Field        // fields of which nobody knows what Partner Center says: only a hash is remembered
	unclosed  []Problem      // what is told, and held, where the deal is not closed after all
}

// Empty says that there is nothing to write and nothing to say.
func (p Plan) Empty() bool {
	said := func(p Problem) bool { return !p.Quiet }
	return len(p.ToReferral) == 0 && len(p.ToOpportunity) == 0 && p.Invite == "" && !slices.ContainsFunc(p.Problems, said)
}

func (p Plan) clone() Plan {
	p.ToReferral, p.ToOpportunity = p.ToReferral.Clone(), p.ToOpportunity.Clone()
	p.Problems = slices.Clone(p.Problems)
	p.keep = maps.Clone(p.keep)
	if p.keep == nil {
		p.keep = map[Field]bool{}
	}
	return p
}

// Told is the plan without what only keeps a time.
func (p Plan) Told() Plan {
	p = p.clone()
	p.Problems = slices.DeleteFunc(p.Problems, func(p Problem) bool { return p.Quiet })
	return p
}

// With is the plan that also says something, once.
func (p Plan) With(problems ...Problem) Plan {
	p = p.clone()
	for _, problem := range problems {
		if !slices.Contains(p.Problems, problem) {
			p.Problems = append(p.Problems, problem)
		}
	}
	return p
}

// Without is the plan after a side did not take some of it: these changes stay undecided, what hangs on
// them is not sent either, and the problem is explained and held.
func (p Plan) Without(why Problem, atom Record) Plan {
	p = p.clone()
	changes := p.at(why.Place)
	for f := range atom {
		delete(changes, f)
		p.keep[f] = true
	}
	p.Problems = slices.DeleteFunc(p.Problems, func(note Problem) bool { // nothing gave way, nothing was restored
		_, of := atom[note.Field]
		return of && note.Once
	})
	if _, closing := atom[Status]; closing {
		p = p.notClosing()
	}
	if _, named := atom[why.Field]; !named {
		why.Field = first(atom)
	}
	why.Value, why.Sent = Asked(atom), true
	p.Problems = append(p.Problems, why)
	return p
}

// Asked is what was not taken, as what is held remembers it: of several fields together, and of nothing at
// all, a print, because a change of any part is another question.
func Asked(atom Record) string {
	if len(atom) == 1 {
		for f, v := range atom {
			if v != "" {
				return remember(f, v)
			}
		}
	}
	return hashed + Print(atom)
}

// Print tells two sets of values apart.
func Print(values Record) string {
	var b strings.Builder
	for _, f := range slices.Sorted(maps.Keys(values)) {
		b.WriteString(strconv.Quote(string(f)) + strconv.Quote(values[f]))
	}
	return Digest(b.String())
}

// WithoutInvite is the plan after Microsoft could not be asked.
func (p Plan) WithoutInvite(why Problem) Plan {
	p = p.clone()
	why.Field, why.Place, why.Value, why.Sent = Help, InPartnerCenter, remember(Help, p.Invite), true
	p.Problems = append(p.Problems, why)
	return p.uninvited()
}

// uninvited drops the invitation and the visibility that only serves it.
func (p Plan) uninvited() Plan {
	p.Invite = ""
	p.keep[Help] = true
	if p.keep[Visibility] {
		delete(p.ToReferral, Visibility)
		delete(p.ToOpportunity, Visibility)
	}
	return p
}

func (p Plan) at(place Place) Record {
	if place == InCRM {
		return p.ToOpportunity
	}
	return p.ToReferral
}

// first names an atom: its most telling field.
func first(atom Record) Field {
	for _, f := range []Field{Status, DealValue, CustomerName} {
		if _, ok := atom[f]; ok {
			return f
		}
	}
	fields := slices.Sorted(maps.Keys(atom))
	if len(fields) == 0 {
		return Whole
	}
	return fields[0]
}

// Atoms divides changes into what means something only together: amount and currency, status and reason
// with everything that an acceptance says, the members of one list. What closes a deal comes last, because
// nothing can follow it.
func Atoms(changes Record) []Record {
	groups := map[Field]Record{}
	for f, v := range changes {
		g := atomOf(f, changes)
		if groups[g] == nil {
			groups[g] = Record{}
		}
		groups[g][f] = v
	}
	var out []Record
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		if g != Status {
			out = append(out, groups[g])
		}
	}
	if closing := groups[Status]; closing != nil {
		out = append(out, closing)
	}
	return out
}

// Apart divides changes of a referral into those that go in a request of their own, so that their refusal
// holds nothing else, and the rest. A step of the life cycle goes whole.
func Apart(changes Record, rules []Rule) (alone []Record, rest Record) {
	rest = changes.Clone()
	if _, step := changes[Status]; step {
		return nil, rest
	}
	for _, rule := range rules {
		v, ok := rest[rule.Field]
		if ok && rule.Apart && len(rest) > 1 {
			alone = append(alone, Record{rule.Field: v})
			delete(rest, rule.Field)
		}
	}
	return alone, rest
}

func atomOf(f Field, changes Record) Field {
	if list, _, ok := f.List(); ok {
		f = list
	}
	f = f.led()
	accepting := changes[Status] == Accepted
	if OfCustomer(f) && changes[CustomerName] != "" { // a customer without one of its values would be another
		return CustomerName
	}
	switch f {
	case Status, Reason, ClosedOn:
		return Status
	case Name, ClosingDate, Team:
		if accepting {
			return Status
		}
	case DealValue, Currency:
		if accepting {
			return Status
		}
		return DealValue
	}
	return f
}

// ClosesAsWon says whether the changes close a deal as won, which must not lose the values of the closing.
func ClosesAsWon(changes Record) bool { return changes[Status] == Won }

// IsClosingValue says whether the atom holds a value that cannot follow once the deal is won.
func IsClosingValue(atom Record) bool {
	_, value := atom[DealValue]
	_, date := atom[ClosingDate]
	_, status := atom[Status]
	return (value || date) && !status
}

// Invited is the plan after Microsoft's referral was made: help is decided, and so is who may see the deal, unless Partner
// Center has just refused that.
func (p Plan) Invited() Plan {
	p = p.clone()
	delete(p.keep, Help)
	if !slices.ContainsFunc(p.Problems, func(p Problem) bool { return p.Field == Visibility && p.Place == InPartnerCenter && !p.Once }) {
		delete(p.keep, Visibility)
	}
	return p
}

// Loosen divides a refused acceptance: what Partner Center may take only by itself, the named field or
// else the name and then the team, follows in a request of its own. Every other atom is refused whole.
func Loosen(atom Record, named Field) (core, extra Record) {
	if atom[Status] != Accepted {
		return nil, nil
	}
	for _, f := range []Field{named, Name, Team} {
		core, extra = atom.Clone(), Record{}
		for g, v := range atom {
			if list, _, member := g.List(); g == f && f != Status || member && list == f {
				extra[g] = v
				delete(core, g)
			}
		}
		if len(extra) > 0 {
			return core, extra
		}
	}
	return nil, nil
}

// Sever takes a refused field out of an acceptance, whose other values go on; every other atom is refused
// as a whole.
func Sever(atom Record, f Field) (bad, rest Record) {
	if v, ok := atom[f]; ok && f != Status && atom[Status] == Accepted {
		rest = atom.Clone()
		delete(rest, f)
		return Record{f: v}, rest
	}
	return atom, nil
}
