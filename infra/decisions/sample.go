package decisions

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Recorded is a decision as the recorder writes it down.
type Recorded struct {
	Kind string          `json:"kind"`
	From string          `json:"from"`
	Sort string          `json:"sort"`
	Rows []Row           `json:"rows"`
	In   json.RawMessage `json:"in"`
	Out  struct {
		Referral    cosell.Record `json:"referral"`
		Opportunity cosell.Record `json:"opportunity"`
		Invite      string        `json:"invite"`
		Codes       []string      `json:"codes"`
		Deed        string        `json:"deed"`
		On          bool          `json:"on"`
	} `json:"out"`
}

const (
	// mostOfMonth is how many cases of the month are kept, and most of all, beside the verdicts, which are few.
	mostOfMonth = 600
	most        = 1300
	// longestCase keeps single cases out that would fill the file.
	longestCase = 24 << 10
)

// Sample keeps the month as it went, and of the rest the cases that show something new, in the order of what was played: every line of an outcome and every
// word of an input at least once, as far as there is one, then of each sort. What only those had that were kept formerly is kept of
// them, decided anew: a month is another one each time.
func Sample(all []Recorded, former []Case) (kept []Case, counts string, err error) {
	shipped, err := ShippedNow()
	if err != nil {
		return nil, "", err
	}
	var cases, others []Case
	sorts := map[int]string{}
	apart := map[string]int{}
	for _, r := range all {
		c, ok, err := shipped.caseOf(r)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			apart[r.Kind]++
			if c.Kind != "" { // an input as good as any, which the rows of now decide otherwise than those of its test
				c.From += ", varied"
				others = append(others, c)
			}
			continue
		}
		sorts[len(cases)] = r.Sort
		cases = append(cases, c)
	}
	chosen, seen, sortSeen := map[int]bool{}, map[string]bool{}, map[string]bool{}
	take := func(i int) {
		chosen[i] = true
		sortSeen[sorts[i]] = true
		for _, f := range features(cases[i]) {
			seen[f] = true
		}
	}
	for i, c := range cases {
		if c.From == Month && len(chosen) < mostOfMonth {
			take(i)
		}
	}
	shows := func(c Case) bool { return slices.ContainsFunc(features(c), func(f string) bool { return !seen[f] }) }
	for i, c := range cases {
		if shows(c) {
			take(i)
		}
	}
	for i := range cases {
		if len(chosen) < most && !sortSeen[sorts[i]] {
			take(i)
		}
	}
	for _, c := range cases {
		more, err := shipped.varied(c)
		if err != nil {
			return nil, "", err
		}
		others = append(others, more...)
	}
	for _, c := range former {
		if c.Out, err = shipped.Decide(c.Kind, c.In); err != nil {
			return nil, "", err
		}
		others = append(others, c)
	}
	for _, c := range others {
		if shows(c) {
			cases = append(cases, c)
			take(len(cases) - 1)
		}
	}
	byKind := map[string]int{}
	for _, i := range slices.Sorted(maps.Keys(chosen)) {
		kept = append(kept, cases[i])
		byKind[cases[i].Kind+" of "+cases[i].From]++
	}
	more, err := shipped.verdicts()
	return append(kept, more...), fmt.Sprintf("recorded %d, decided apart from how it was recorded and left out %v, kept %d: %v, verdicts %d", len(all), apart, len(chosen), byKind, len(more)), err
}

// caseOf is what is kept of a decision. ok is false where deciding it again comes to something else than was decided:
// it rests on something that is not kept, such as a column that was shorter.
func (s Shipped) caseOf(r Recorded) (c Case, ok bool, err error) {
	in := r.In
	if r.Rows != nil {
		var all map[string]json.RawMessage
		if err := json.Unmarshal(in, &all); err != nil {
			return c, false, err
		}
		if all["sheet"], err = json.Marshal(s.SheetOf(r.Rows)); err != nil {
			return c, false, err
		}
		if in, err = json.Marshal(all); err != nil {
			return c, false, err
		}
	}
	if in, err = tidy(r.Kind, in); err != nil {
		return c, false, err
	}
	out, err := s.Decide(r.Kind, in)
	if err != nil || len(in) > longestCase {
		return c, false, nil // a record that JSON does not bring back, or one that is very long
	}
	c = Case{Kind: r.Kind, From: r.From, In: in, Out: out}
	return c, r.agrees(out), nil
}

// tidy writes the input as its type has it, so that the same decision is kept in the same way.
func tidy(kind string, in json.RawMessage) (json.RawMessage, error) {
	to, ok := map[string]any{Compare: &Comparing{}, Wanted: &Wanting{}, Arrives: &Arriving{}, Asked: &Asking{}, Brake: &Braking{}}[kind]
	if !ok {
		return in, nil
	}
	if err := json.Unmarshal(in, to); err != nil {
		return nil, err
	}
	return json.Marshal(to)
}

// agrees says whether what comes out now is what was decided.
func (r Recorded) agrees(out map[string]string) bool {
	want := lines{}
	switch r.Kind {
	case Compare:
		want.record("Partner Center gets", r.Out.Referral)
		want.record("CRM gets", r.Out.Opportunity)
		want.put("Microsoft is asked for", r.Out.Invite)
	case Wanted:
		want.record("a new referral has", r.Out.Referral)
	case Arrives:
		want.record("a new opportunity has", r.Out.Opportunity)
	case Asked:
		return out["deed"] == r.Out.Deed
	case Brake:
		return (out["brake"] == "on") == r.Out.On
	}
	said := []string{}
	for name, value := range out {
		if rest, is := strings.CutPrefix(name, "says "); is {
			code, _, _ := strings.Cut(rest, " ")
			said = append(said, code)
			continue
		}
		if (strings.HasPrefix(name, "Partner Center gets") || strings.HasPrefix(name, "CRM gets") || strings.HasPrefix(name, "Microsoft is asked") ||
			strings.HasPrefix(name, "a new ")) && want[name] != value {
			return false
		}
	}
	for name, value := range want {
		if out[name] != value {
			return false
		}
	}
	slices.Sort(said)
	slices.Sort(r.Out.Codes)
	return slices.Equal(said, r.Out.Codes)
}

// features are what a case shows: each line of its outcome, without ids and members, and each short word of its input.
func features(c Case) (out []string) {
	for name, value := range c.Out {
		head, _, _ := strings.Cut(name, "/")
		out = append(out, c.Kind+" "+head)
		if len(value) < 24 && !strings.ContainsAny(value, "0123456789") {
			out = append(out, c.Kind+" "+head+" "+value)
		}
	}
	return append(out, inputs(c)...)
}

// inputs are the short texts of what a case was made of, by the names that they stand under.
func inputs(c Case) (out []string) {
	var all any
	if json.Unmarshal(c.In, &all) != nil {
		return nil
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, one := range v {
				walk(k, one)
			}
		case []any:
			for _, one := range v {
				walk(name, one)
			}
		case string:
			if len(v) < 24 && name != "Label" && name != "label" && !strings.ContainsAny(v, "0123456789 @") {
				head, _, _ := strings.Cut(name, "/")
				out = append(out, head+"="+v)
			}
		case bool:
			out = append(out, fmt.Sprint(name, "=", v))
		}
	}
	walk("", all)
	slices.Sort(out)
	return slices.Compact(out)
}

// verdicts are what becomes of a message, for every kind of fault, attempts and ages.
func (s Shipped) verdicts() (out []Case, err error) {
	add := func(e Ended) {
		in, wrong := json.Marshal(e)
		said, undecided := s.Decide(Verdict, in)
		out, err = append(out, Case{Kind: Verdict, From: "every kind of fault", In: in, Out: said}), cmp.Or(err, wrong, undecided)
	}
	add(Ended{})
	for _, kind := range slices.Sorted(maps.Keys(faults())) {
		for _, attempt := range []int{0, 3, 12} {
			for _, age := range []time.Duration{0, time.Minute, 3 * time.Minute, 14 * 24 * time.Hour} {
				switch kind {
				case "refused":
					for _, class := range slices.Sorted(maps.Keys(classes())) {
						add(Ended{Fault: kind, Class: class, Attempt: attempt, Age: age})
					}
				case "later":
					add(Ended{Fault: kind, Wait: 7 * time.Second, Attempt: attempt, Age: age})
					add(Ended{Fault: kind, Wait: 2 * time.Hour, Attempt: attempt, Age: age})
				default:
					add(Ended{Fault: kind, Attempt: attempt, Age: age})
				}
			}
		}
	}
	return out, err
}
