package cosell

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Place is one of the two systems.
type Place string

// The places.
const (
	InPartnerCenter Place = "referral"
	InCRM           Place = "opportunity"
)

// Class says whose a refusal is, and so who can mend it.
type Class string

// The classes of what is held.
const (
	OfRecord Class = "record" // a value or a rule of the other side: shown on the record, tried again
	OfRule   Class = "rule"   // a rule of ours waits for a person: shown, never timed
	OfOurs   Class = "ours"   // a right, a column, a consent: an alarm, never written on the record
)

// Problem is something that a person should know. A problem stays as long as its cause does and is
// explained once; a note (Once) is explained and then over.
type Problem struct {
	Code   string `json:"code"` // machine word, "solution.required"
	Field  Field  `json:"field,omitempty"`
	Text   string `json:"text"`             // what is wrong
	Mend   string `json:"mend,omitempty"`   // what to do
	Theirs string `json:"theirs,omitempty"` // the other side's own words: for the CRM's Audit alone
	Class  Class  `json:"class,omitempty"`
	Place  Place  `json:"place,omitempty"` // the side that does not hold what the other one wants
	Warn   bool   `json:"warn,omitempty"`  // does not turn the tick into a cross
	Once   bool   `json:"once,omitempty"`
	With   Field  `json:"with,omitempty"` // of a note: the field whose write makes it true, where that is another
	// Quiet only keeps a time, Due, at which the pair is looked at again: it is not told, and is no trouble.
	Quiet bool      `json:"-"`
	Due   time.Time `json:"-"`

	// Value is what was not taken, as remembered; Sent says that the other side was asked in this run.
	Value string `json:"-"`
	Sent  bool   `json:"-"`
}

// Whole is the field of what is held when a record was refused as a whole.
const Whole Field = "*"

// CodePeopleUnread is the code of a refusal to show who is connected with opportunities.
const CodePeopleUnread = "people.unread"

// CodeForeign is the code of a referral that is left alone, because its CRM id is another system's.
const CodeForeign = "crmid.foreign"

// hangsOn is the field whose write makes a note true: whoever decides again after that write does not come to it any more.
func (p Problem) hangsOn() Field { return cmp.Or(p.With, p.Field) }

// print tells problems apart: the same code about another field, or with another text, is news.
func (p Problem) print() string {
	sum := sha256.Sum256([]byte(p.Text))
	return strings.Join([]string{p.Code, string(p.Place), string(p.Field), hex.EncodeToString(sum[:6])}, "|")
}

// Held is something that one side did not take, or that waits for a person: it stays until both sides
// agree, and is tried again by itself.
type Held struct {
	Place    Place     `json:"place"` // the side that does not hold it
	Field    Field     `json:"field"`
	Class    Class     `json:"class"`
	Code     string    `json:"code"`
	Text     string    `json:"text"` // our own sentence
	Mend     string    `json:"mend,omitempty"`
	Value    string    `json:"value,omitempty"`   // what was not taken, as remembered
	Version  string    `json:"version,omitempty"` // of the refusing side after the run that was refused
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next,omitzero"` // when it is tried again; zero: when something changes
	Attempts int       `json:"attempts"`
	Warn     bool      `json:"warn,omitempty"`
	Quiet    bool      `json:"quiet,omitempty"` // only keeps a time: nothing is held, nothing told
}

// The schedule of what is held: a refused creation at every look in its first hour; everything else, and that
// after its first hour, after a quarter of an hour, doubling to a day.
const (
	firstHour = time.Hour
	firstTry  = 15 * time.Minute
	lastTry   = 24 * time.Hour
)

// Again gives the row after one more refusal at the time.
func (h Held) Again(at time.Time) Held {
	h.Attempts++
	if h.Class == OfRule {
		h.Next = time.Time{}
		return h
	}
	if h.Field == Whole && h.Value != "" { // the many tries of the first hour do not count afterwards
		h.Next = at
		if later := at.Sub(h.Since) - firstHour; later >= 0 {
			h.Next = at.Add(min(later+firstTry, lastTry)) // so each wait is twice the one before
		}
		return h
	}
	h.Next = at.Add(waitAfter(h.Attempts))
	return h
}

// waitAfter is how long the next try waits after so many.
func waitAfter(attempts int) time.Duration {
	if attempts < 1 {
		return 0
	}
	wait := firstTry
	for range attempts - 1 {
		if wait *= 2; wait >= lastTry {
			return lastTry
		}
	}
	return wait
}

// Due says whether the time of the next try has come.
func (h Held) Due(at time.Time) bool { return !h.Next.IsZero() && !at.Before(h.Next) }

// heldFrom makes the rows of a pair from its lasting problems. A row that stays keeps its age; one whose
// side was asked again gets its next time; versions are those of the sides after the run.
func heldFrom(before []Held, problems []Problem, at time.Time, version map[Place]string) []Held {
	var out []Held
	for _, p := range problems {
		if p.Once || p.Class == "" {
			continue
		}
		h := Held{Place: p.Place, Field: p.Field, Class: p.Class, Code: p.Code, Text: p.Text, Mend: p.Mend, Value: p.Value, Warn: p.Warn, Since: at}
		i := slices.IndexFunc(before, func(b Held) bool { return b.Place == p.Place && b.Field == p.Field && b.Code == p.Code })
		if i >= 0 {
			h.Since, h.Next, h.Attempts = before[i].Since, before[i].Next, before[i].Attempts
			if before[i].Value != h.Value {
				h.Attempts = 0
				if p.Code == CodeBrake { // put aside for another cause
					h.Since = at
				}
			}
		}
		if p.Sent {
			h = h.Again(at)
		}
		if p.Quiet {
			h.Quiet, h.Next = true, p.Due
		}
		h.Version = version[p.Place]
		if !slices.ContainsFunc(out, func(o Held) bool { return o.Place == h.Place && o.Field == h.Field && o.Code == h.Code }) {
			out = append(out, h)
		}
	}
	return out
}

// Crossed says whether any of the problems turns the tick into a cross.
func Crossed(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warn && p.Class != OfOurs && p.Class != OfRule })
}

// Prints are the lasting problems as Pair.Told keeps them.
func Prints(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		if !p.Once && !p.Quiet {
			out = append(out, p.print())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
