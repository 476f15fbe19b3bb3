package cosell

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// valueIgnored is the code of a value that a side said yes to and did not take.
const valueIgnored = "value.ignored"

// NotTaken compares CRM's answer with what was asked: what is still as it was, although CRM said yes, was
// ignored. The plan without it says so.
func (in Pairing) NotTaken(plan Plan, answered Record) (Plan, bool) {
	before := in.Opportunity.Side().Record
	found := false
	for _, atom := range Atoms(plan.ToOpportunity) {
		for _, f := range slices.Sorted(maps.Keys(atom)) { // the same one each time: it is told once
			want := atom[f]
			old, had := before.value(f)
			now, read := answered.value(f)
			if !had || !read || now == want || !same(old, now) || same(old, want) || f == Reason {
				continue
			}
			plan = plan.Without(Problem{Code: valueIgnored, Field: f, Place: InCRM, Class: OfRecord,
				Text: "CRM answered yes and did not take " + Label(in.Rules, f), Mend: "see whether the column can be written, or what changes it back"}, atom)
			found = true
			break
		}
	}
	return plan, found
}

// Unproven is the plan as it is told before CRM has answered: what CRM ignored before, and is asked once more, counts as ignored
// until the answer shows it. taken is what CRM has shown already.
func (in Pairing) Unproven(plan Plan, taken Record) Plan {
	for _, atom := range Atoms(plan.ToOpportunity) {
		i := slices.IndexFunc(in.Pair.Held, func(h Held) bool {
			_, shown := taken[h.Field]
			return h.Place == InCRM && h.Code == valueIgnored && !shown && touches(atom, h.Field)
		})
		if i >= 0 {
			plan = plan.Without(in.Pair.Held[i].Problem(), atom)
		}
	}
	return plan
}

// PassedOver compares Partner Center's answer with what was sent, and with what it said before: what is still as it was, although
// it said yes, was passed over. The plan without it says so. An acceptance goes on without what it did not take along, which is held as it
// is sent again.
func (in Pairing) PassedOver(plan Plan, sent, before, answered Record) Plan {
	for _, atom := range Atoms(sent) {
		fields := slices.Sorted(maps.Keys(atom))
		if in.passedOver(Status, atom, before, answered) {
			fields = []Field{Status}
		}
		kept := Record{}
		for _, f := range fields {
			if !in.passedOver(f, atom, before, answered) {
				continue
			}
			bad, rest := Sever(atom, f)
			if len(rest) == 0 {
				plan = plan.Without(in.keptItsOwn(f), atom)
				break
			}
			maps.Copy(kept, bad)
		}
		for _, bad := range Atoms(kept) {
			plan = plan.Without(in.keptItsOwn(slices.Min(slices.Collect(maps.Keys(bad)))), bad)
		}
	}
	return in.wonAfter(plan, sent)
}

// wonAfter lets won, which was not sent yet, wait for a closing value that was passed over before it.
func (in Pairing) wonAfter(plan Plan, sent Record) Plan {
	if _, with := sent[Status]; with {
		return plan
	}
	for _, f := range closingValues {
		if !slices.ContainsFunc(plan.Problems, func(p Problem) bool {
			return p.Sent && p.Place == InPartnerCenter && p.Field == f && p.Code == valueIgnored
		}) {
			continue
		}
		since := in.At
		if h, ok := in.Pair.HeldAt(InPartnerCenter, f); ok && h.Code == valueIgnored {
			since = h.Since
		}
		plan = in.wonWithout(plan, f, since)
	}
	return plan
}

func (in Pairing) keptItsOwn(f Field) Problem {
	return Problem{Code: valueIgnored, Field: f, Place: InPartnerCenter, Class: OfRecord,
		Text: "Partner Center answered yes and kept its own " + Label(in.Rules, f),
		Mend: "see in the Partner Center portal whether it can be changed there, or put what stands there into CRM"}
}

// ValuesFirst takes the closing values out of changes that close as won, where Partner Center has passed over one of them before: they
// are sent by themselves, and its answer shows whether won can follow.
func (p Pair) ValuesFirst(changes Record) (values, rest Record) {
	values, rest = Record{}, changes.Clone()
	passed := func(h Held) bool {
		return h.Place == InPartnerCenter && h.Code == valueIgnored && slices.Contains(closingValues, h.Field)
	}
	if !ClosesAsWon(changes) || !slices.ContainsFunc(p.Held, passed) {
		return values, rest
	}
	for _, f := range closingValues {
		if v, ok := rest[f]; ok {
			values[f] = v
			delete(rest, f)
		}
	}
	return values, rest
}

// passedOver says whether the answer says of the field what it said before, and that is not how it spells what was sent. Who may see
// the deal is told by itself, a reason is a code, and of a record's id the claim of the referral tells.
func (in Pairing) passedOver(f Field, sent, before, answered Record) bool {
	want, asked := sent[f]
	old, had := before.value(f)
	now, read := answered.value(f)
	if !asked || !had || !read || now != old || now == want || f == Reason || f == Visibility || f == CRMID {
		return false
	}
	list, _, member := f.List()
	if member && now == "" { // it may stand there under a name of Partner Center's
		for key := range answered.Members(list) {
			if _, known := before[list.Of(key)]; !known && sent[list.Of(key)] == "" {
				return false
			}
		}
	}
	return !spelled(want, now, in.Pair.Base.Opportunity[f])
}

// spelled says whether a value may be what a system made of the one that it was sent: without regard to case and blanks, rounded to
// whole numbers, or cut where it had cut the last one. Of a member what was said of it counts.
func spelled(sent, now, last string) bool {
	var s, n map[string]any
	if strings.HasPrefix(sent, "{") && json.Unmarshal([]byte(sent), &s) == nil && json.Unmarshal([]byte(now), &n) == nil {
		for key, v := range s {
			if !spelled(fmt.Sprint(v), fmt.Sprint(n[key]), "") {
				return false
			}
		}
		return true
	}
	plain := func(v string) string { return strings.ToLower(strings.Join(strings.Fields(v), "")) }
	cut := func(v string) bool {
		return now != "" && plain(v) != plain(now) && strings.HasPrefix(plain(v), plain(now))
	}
	x, isX := new(big.Rat).SetString(sent)
	y, isY := new(big.Rat).SetString(now)
	if isX && isY {
		apart := new(big.Rat).Sub(x, y)
		return apart.Abs(apart).Cmp(big.NewRat(1, 2)) <= 0
	}
	return plain(sent) == plain(now) || cut(sent) && cut(last)
}
