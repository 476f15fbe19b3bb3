package cosell

import (
	"maps"
	"time"
)

// The note of a creation, which has no version before it: its attempts, and what one of them has made.

// Creation notes that an opportunity is about to be made of a referral.
func Creation(r Referral, rules []Rule, at time.Time) *Sending {
	values := ForOpportunity(r, rules)
	values[Status] = StatusFor(r.Record[Status])
	return &Sending{Place: InCRM, New: Remember(values), Source: Remember(r.Record), At: at}
}

// attempts is how many writes are remembered beside one of which nobody knows the end.
const attempts = 3

// After is the note of a creation that follows another attempt, which may be taken late.
func (s *Sending) After(before *Sending) *Sending {
	if before == nil || before.Place != InCRM || before.Version != "" {
		return s
	}
	return s.beside(before)
}

// beside is the note with another one, and what is beside that, of which nobody knows the end either.
func (s *Sending) beside(before *Sending) *Sending {
	next := *s
	for _, e := range before.all() {
		if len(next.Earlier) < attempts && (!maps.Equal(e.New, s.New) || !maps.Equal(e.Source, s.Source)) {
			next.Earlier = append(next.Earlier, e)
		}
	}
	return &next
}

// all are the note and those beside it, each alone, newest first.
func (s *Sending) all() []Sending {
	last := *s
	last.Earlier = nil
	return append([]Sending{last}, s.Earlier...)
}

// Unanswered is what is left of the note once its own attempt was refused: the earlier ones.
func (s *Sending) Unanswered() *Sending {
	if s == nil || len(s.Earlier) == 0 {
		return nil
	}
	last := s.Earlier[0]
	last.Earlier = s.Earlier[1:]
	return &last
}

// By is the attempt that made the row: the one of whose values it shows most and lacks fewest, of equals the one of which it lacks
// fewest, and of these the newest. That it shows more than an attempt wrote proves nothing, because CRM fills in what it has a
// default for.
func (s *Sending) By(o Opportunity) *Sending {
	best := s
	most, fewest := s.shownBy(o)
	for i := range s.Earlier {
		if n, lacks := s.Earlier[i].shownBy(o); n > most || n == most && lacks < fewest {
			best, most, fewest = &s.Earlier[i], n, lacks
		}
	}
	return best
}

// shownBy is how many of the values that were written the row shows, less those in place of which it shows nothing: lacks.
func (s *Sending) shownBy(o Opportunity) (n, lacks int) {
	for f, v := range s.New {
		now, read := o.Record.value(f)
		switch {
		case !read || v == "":
		case same(v, now):
			n++
		case now == "":
			lacks++
		}
	}
	return n - lacks, lacks
}

// Standing notes that the other side said that it is written, and does not show it yet.
func (s *Sending) Standing() *Sending {
	there := *s
	there.Taken = true
	return &there
}

// Opened notes that an opportunity is made open, because CRM does not let it be On Hold.
func (s *Sending) Opened() *Sending {
	if s == nil {
		return nil
	}
	open := *s
	open.New = s.New.Clone()
	open.New[Status] = Open
	return &open
}

// Without notes that some of the values of a creation are left out.
func (s *Sending) Without(values, sent Record) *Sending {
	less := *s
	less.New = s.New.Clone()
	for f, v := range values {
		less.New[f] = ""
		if _, in := sent[f]; in {
			less.New[f] = remember(f, v)
		}
	}
	return &less
}

// Made is the base of an opportunity that a noted creation made, as it is now. What it does not hold was not
// taken, or cleared since: comparing fills it. Where nobody was there since, what CRM made of a value counts;
// else what was written, so that the person's edit shows as one, his answer to the referral too. What was left
// out is empty in the note: of that the referral counts as changed since, and a person as well.
func (s *Sending) Made(o Opportunity) Base {
	base := Base{Referral: s.Source.Clone(), Opportunity: Remember(o.Record)}
	for f, v := range s.New {
		now, read := o.Record.value(f)
		switch {
		case v == "":
			base.Referral.put(f, "")
			if !o.Untouched {
				base.Opportunity.put(f, "")
			}
		case read && (now == "" || now == False):
			delete(base.Referral, f)
		case read && !o.Untouched:
			base.Opportunity.put(f, v)
		}
	}
	if o.Untouched {
		return base
	}
	for f := range o.Record { // members that came later
		list, _, member := f.List()
		if _, ours := s.New[f]; member && !ours && len(s.New.Members(list)) > 0 {
			delete(base.Opportunity, f)
		}
	}
	return base
}
