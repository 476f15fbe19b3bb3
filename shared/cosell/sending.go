package cosell

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Sending is what is about to be written to one side, noted before it is: whoever finds it after a death, a
// lost answer or a failed save can tell our write from a person's.
type Sending struct {
	Place   Place     `json:"place"`
	Version string    `json:"version"` // of the record before
	Old     Record    `json:"old"`     // what the fields held on that side, as remembered
	New     Record    `json:"new"`     // what is written
	Source  Record    `json:"source"`  // what the other side held, which led to it
	Notes   []Problem `json:"notes,omitempty"`
	// Wordless: a write to CRM that does not bring the notes.
	Wordless bool `json:"wordless,omitempty"`
	// Entry is the id of the line that the ledger's trail gets for it, with these fields; empty: none.
	Entry  string  `json:"entry,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	// Action and Result are what that line says of words that comparing does not find; empty: that the fields were updated.
	Action string `json:"action,omitempty"`
	Result string `json:"result,omitempty"`
	// Taken: the other side said that it is written, and did not show it.
	Taken bool      `json:"taken,omitempty"`
	At    time.Time `json:"at"`
	// GivenUp is since when a lead is known to be given up, of which the write tells: the hour of its decline hangs on it.
	GivenUp time.Time `json:"givenUp,omitzero"`
	// Earlier are attempts at the same creation, or writes to the same side, of which nobody knows the end: it may take one late, or show
	// it late. Newest first.
	Earlier []Sending `json:"earlier,omitempty"`
}

// NewSending notes a write of changes to the side, before it is made.
func (in Pairing) NewSending(place Place, plan Plan, at time.Time) *Sending {
	side, other := in.Referral.Side, in.Opportunity.Side()
	changes := plan.ToReferral
	if place == InCRM {
		side, other, changes = other, side, plan.ToOpportunity
	}
	s := &Sending{Place: place, Version: side.Version, Old: Record{}, New: Record{}, Source: Record{}, At: at}
	for f, v := range changes {
		s.New[f] = remember(f, v)
		if old, ok := side.Record.value(f); ok {
			s.Old[f] = remember(f, old)
		}
		if source, ok := other.Record.value(f); ok {
			s.Source[f] = remember(f, source)
		}
	}
	if place == InCRM && changes[Status] == Won {
		s.Old.coverBefore(in.Rules, side.Record)
	}
	for _, p := range plan.Problems {
		if p.Once {
			s.Notes = append(s.Notes, p)
		}
	}
	if place == InPartnerCenter {
		will := side.Record.Clone() // as it will be when it has taken them
		maps.Copy(will, changes)
		s.Notes = append(s.Notes, in.stepsTaken(changes, will)...)
	}
	if in.Pair.Table == LeadTable && place == InCRM && slices.ContainsFunc(plan.Problems, func(p Problem) bool { return p.Code == declineWaiting }) {
		s.GivenUp = in.givenUpAt()
	}
	return s
}

// coverBefore adds what the own columns held that the columns of the closing cover once the deal is won.
func (r Record) coverBefore(rules []Rule, row Record) {
	for _, rule := range rules {
		if v, read := row.value(rule.Field); rule.WhenWon && read {
			r[rule.Field] = remember(rule.Field, v)
		}
	}
}

// Says is the pair that notes words for an opportunity, which lead nowhere else, and the line that the trail gets for them. The
// notes that wait to be told are not among them.
func (p Pair) Says(o Side, values Record, at time.Time, line Entry) Pair {
	fields := slices.Sorted(maps.Keys(values))
	p.Sending = &Sending{Place: InCRM, Version: o.Version, Old: Remember(o.Record.Only(fields...)), New: Remember(values), Source: Record{}, Wordless: true, At: at,
		Entry: line.ID, Action: line.Action, Result: line.Result}
	if line.ID != "" {
		p.Sending.Fields = fields
	}
	return p
}

// Said is the pair after words were written.
func (p Pair) Said(before, written Side, values Record) Pair {
	if p.Sending != nil && p.Sending.Place == InCRM {
		p.Sending = nil
	}
	if p.Phase != Linked || len(p.Base.Referral)+len(p.Base.Opportunity) > 0 { // else the two have agreed on nothing yet, and are still to meet
		p.Base = p.Base.Clone()
		for f := range values {
			p.Base.Opportunity[f] = written.Record[f]
		}
	}
	if p.OpportunityVersion == before.Version {
		p.OpportunityVersion = written.Version
	}
	return p.Wrote(before.Version, written)
}

// Resolve finds out what became of a write that was noted and never settled, by the side as it is now:
//
//	the version is the one before     | it was not made
//	a field holds what was written    | it was made: that is agreed
//	a field holds what it held before | made, and taken back by a person; or never made, and the record was
//	                                  | changed elsewhere. Both sides count as changed, so the loser is told
//	a field holds something else      | a person was there since: his value counts as his edit. Whether ours stood
//	                                  | in between nobody can tell, so what would have given way to it is told as possible, unless another field shows that it was made
//
// In CRM nobody has to guess: its own line in Audit proves that the write was made. Another line of the same
// event proves nothing: the event may have been told to wait, or have come before. A write without words has no line: it counts as not
// made there, and what would have given way to it is told as possible all the same.
//
// Of several writes of which nobody has seen the end, the one counts that the side shows.
func (p Pair) Resolve(side Side) Pair {
	s := p.Sending.Arrived(side)
	p.Sending = nil
	if s == nil || side.Version == s.Version {
		return p
	}
	made := s.Taken || s.Place == InCRM && s.lineIn(side.Record[Audit])
	if made && s.Place == InCRM && !s.Wordless {
		p.Untold = slices.DeleteFunc(slices.Clone(p.Untold), s.brought) // another process may have added to them since
		p.Spoken, p.Landed = s.Notes, true
	}
	if made && !s.GivenUp.IsZero() && !p.Holds(declineWaiting) {
		p.Held = append(slices.Clone(p.Held), Held{Place: InPartnerCenter, Field: Status, Class: OfRule, Code: declineWaiting, Warn: true, Since: s.GivenUp})
	}
	base := p.Base.Clone()
	mine, other := base.Referral, base.Opportunity
	if s.Place == InCRM {
		mine, other = other, mine
	}
	for f, v := range s.New {
		now, read := side.Record.value(f)
		ours := read && same(v, now)
		if !ours && !made && (s.Place == InCRM || neverBack(f)) { // no line in Audit, or a door that nobody can open again: it was not made
			if old, was := s.Old[f]; s.Place == InCRM && was && read && !same(old, now) {
				mine.put(f, old) // and what a person typed since is an edit, even of what both sides once said
				p.Untold = append(slices.Clone(p.Untold), s.gaveWay(f, false, side.Record)...)
			}
			continue
		}
		if _, _, member := f.List(); member && !read && !made { // the list is not said: it is sent again
			continue
		}
		mine.put(f, v)
		source, led := s.Source[f]
		if led && (made || ours) {
			other.put(f, source)
		}
		p.Untold = append(slices.Clone(p.Untold), s.gaveWay(f, made || ours, side.Record)...)
	}
	p.Base, p.OpportunityVersion = base, ""
	return p
}

// Doubt is Resolve for whoever cannot see what became of a write: what would have given way to it is told as possible. One to CRM that
// brings its own words is seen by them.
func (p Pair) Doubt() Pair {
	s := p.Sending
	if s == nil || s.Place == InCRM && !s.Wordless {
		return p
	}
	p.Sending = nil
	for _, one := range s.all() {
		p.Untold = append(slices.Clone(p.Untold), doubted(slices.Clone(one.Notes))...)
	}
	return p
}

// CameIntoView is the pair with what CRM shows of a deal since a write of ours has closed it, where that was noted and never
// settled: the columns of the closing are filled by CRM itself, and no person has typed what stands there, unless somebody
// had typed into their own columns before.
func (p Pair) CameIntoView(row Opportunity, rules []Rule) Pair {
	s := p.Sending.Arrived(row.Side)
	if s == nil || s.Place != InCRM || s.New[Status] != Won || row.Record[Status] != Won || !s.lineIn(row.Record[Audit]) {
		return p
	}
	p = p.Won(row, rules)
	p.Base = p.Base.Clone()
	for _, rule := range rules {
		_, ours := s.New[rule.Field]
		before, known := s.Old[rule.Field]
		typed := known && !same(p.Base.Opportunity[rule.Field], before)
		if now, read := row.Record.value(rule.Field); rule.WhenWon && read && !ours && !typed {
			p.Base.Opportunity.put(rule.Field, remember(rule.Field, now))
		}
	}
	return p
}

// Landed says whether a write was made that nobody has noted as made, and which of its fields: they stand on the side as
// it left them and one of them did not before, or its line stands in Audit. What the side does not show went with them.
func (s *Sending) Landed(side Side) (fields []Field, made bool) {
	if s.Entry == "" || s.Taken || side.Version == s.Version { // noted then, or not made
		return nil, false
	}
	if s.Place == InCRM && s.lineIn(side.Record[Audit]) {
		return s.Fields, true
	}
	if _, line := s.New[Audit]; line && s.Action != "" { // a person may have emptied what it answers
		return nil, false
	}
	for _, f := range s.Fields {
		now, read := side.Record.value(f)
		stands := read && same(s.New[f], now)
		if made = made || stands && !same(s.Old[f], now); stands || !read {
			fields = append(fields, f)
		}
	}
	return fields, made
}

// Unsure says whether the side, which was changed since, does not show if a write to Partner Center was made: it holds something else than what was
// written, and nothing of it that it did not hold before. Whoever noted the write, and lives, is about to see its answer.
func (s *Sending) Unsure(side Side) bool {
	if s.Place != InPartnerCenter || s.Taken || side.Version == s.Version || s.shown(side.Record) {
		return false
	}
	for f, v := range s.New {
		if now, read := side.Record.value(f); read && !neverBack(f) && !same(v, now) {
			return true
		}
	}
	return false
}

// Beyond says whether nobody can tell by this sheet if the write was made: it names none of its fields, another one does.
func (s *Sending) Beyond(rules []Rule, side Side) bool {
	if s.Entry == "" || s.Taken || side.Version == s.Version || len(s.Fields) == 0 {
		return false
	}
	return !slices.ContainsFunc(s.Fields, func(f Field) bool {
		_, read := side.Record.value(f)
		if list, _, ok := f.List(); ok {
			f = list
		}
		return read || slices.ContainsFunc(rules, func(r Rule) bool { return r.Field == f })
	})
}

// lineIn says whether Audit holds a line that only this write brings.
func (s *Sending) lineIn(audit string) bool {
	before, now := strings.Split(s.Old[Audit], "\n"), strings.Split(audit, "\n")
	return slices.ContainsFunc(strings.Split(s.New[Audit], "\n"), func(line string) bool {
		return line != "" && slices.Contains(now, line) && !slices.Contains(before, line)
	})
}

// brought says whether what the write makes of Audit tells a note.
func (s *Sending) brought(p Problem) bool {
	spaced := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	return Tells(s.New[Audit], p.Place.direction(), spaced(p.Explain())) || Tells(s.New[Audit], ToPartnerCenter, spaced(p.Text))
}

// neverBack are the fields of which nobody can take a change back.
func neverBack(f Field) bool { return f == Status || f == Visibility || f == Help }

// notesOn are the notes about a field that Audit does not carry yet: what is written to CRM brings its own
// line.
func (s *Sending) notesOn(f Field) []Problem {
	if s.Place == InCRM && !s.Wordless {
		return nil
	}
	var out []Problem
	for _, p := range s.Notes {
		if p.hangsOn() == f {
			out = append(out, p)
		}
	}
	return out
}

// gaveWay are the notes about a field that are still to be told where the write was made for sure, or where the record holds something else since
// and it may have been.
func (s *Sending) gaveWay(f Field, sure bool, record Record) []Problem {
	now, read := record.value(f)
	_, led := s.Source[f]
	switch another := read && !same(s.Old[f], now); {
	case led && (sure || another && s.shown(record)):
		return s.notesOn(f)
	case led && another:
		return doubted(s.notesOn(f))
	}
	return nil
}

// shown says whether the record holds something that was written and was not there before: the write was made.
func (s *Sending) shown(now Record) bool {
	for f, v := range s.New {
		if at, read := now.value(f); read && same(v, at) && !same(s.Old[f], at) {
			return true
		}
	}
	return false
}

// doubted are notes about a write of which nobody can tell whether it was made: they say so.
func doubted(notes []Problem) []Problem {
	for i, p := range notes {
		notes[i].Code = conflictPossible
		notes[i].Text = p.Text + " (perhaps: the write was interrupted, and the field was changed again since)"
	}
	return notes
}

// put sets a remembered value; an empty member is one that is gone.
func (r Record) put(f Field, v string) {
	if _, _, member := f.List(); member && v == "" {
		delete(r, f)
		return
	}
	r[f] = v
}
