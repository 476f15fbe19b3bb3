package health

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// sum puts together what all processes say.
type sum struct {
	now  time.Time
	live []Status
	good map[string]time.Time // the last success of a kind, in any process
	done map[string]time.Time // by function and record

	problems map[string]Problem // by what and where
	seen     map[string]time.Time
	oldest   *time.Time
	last     map[string]time.Time // successes by function
}

// summed reads every status. Those of processes that are gone only say when a function last succeeded.
func summed(all []Status, now time.Time) *sum {
	s := &sum{now: now, good: map[string]time.Time{}, done: map[string]time.Time{}, problems: map[string]Problem{}, seen: map[string]time.Time{},
		last: map[string]time.Time{}}
	for _, one := range all {
		if one.LastSuccess != nil {
			later(s.last, one.Function, *one.LastSuccess)
		}
		if now.Sub(one.At) <= gone {
			s.live = append(s.live, one)
		}
	}
	s.successes()
	for _, one := range s.live {
		for _, w := range one.Waits {
			s.wait(one, w)
		}
		for _, p := range one.Problems {
			s.stand(one, p)
		}
	}
	return s
}

func later(m map[string]time.Time, key string, t time.Time) {
	if t.After(m[key]) {
		m[key] = t
	}
}

// successes collects what ends problems. A record that waited in one process and came through in another
// shows, like one that came through in the same, that its cause is over.
func (s *sum) successes() {
	for _, one := range s.live {
		for key, at := range one.Good {
			if strings.HasPrefix(key, causeKey("")) {
				key = one.Function + "|" + key
			}
			later(s.good, key, at)
		}
		for _, d := range one.Done {
			later(s.done, one.Function+"|"+d.Record, d.At)
		}
	}
	for _, one := range s.live {
		for _, w := range one.Waits {
			if at := s.done[one.Function+"|"+w.Record]; at.After(w.Last) && !one.Causes[w.What].Singly {
				later(s.good, one.Function+"|"+causeKey(w.What), at)
			}
		}
	}
}

// over says whether the record has come through since, or was not heard of for longer than any back-off.
func (s *sum) over(from Status, w Wait) bool {
	return s.now.Sub(w.Last) > old || s.done[from.Function+"|"+w.Record].After(w.Last)
}

func (s *sum) wait(from Status, w Wait) {
	c := from.Causes[w.What]
	if s.over(from, w) {
		return
	}
	if s.oldest == nil || w.Seen.Before(*s.oldest) {
		s.oldest = &w.Seen
	}
	forgiven := w.Forgiven || c.GoodKey != "" && s.good[c.GoodKey].After(w.Last) || !c.Singly && s.good[from.Function+"|"+causeKey(w.What)].After(w.Last)
	if forgiven {
		return
	}
	key := s.add(Problem{What: w.What, Where: Where(from.Function), Class: c.Class, Since: w.Since, Last: w.Last, Count: 1, Say: c.Say, Mend: c.Mend, Due: w.Since.Add(c.Patience)})
	if seen, known := s.seen[key]; !known || w.Seen.Before(seen) {
		p := s.problems[key]
		p.Oldest = w.Record
		s.seen[key], s.problems[key] = w.Seen, p
	}
}

func (s *sum) stand(from Status, p Problem) {
	if !p.Stays && s.now.Sub(p.Last) > old || s.good[p.GoodKey].After(p.Last) {
		return
	}
	if p.Where == "" {
		p.Where = Where(from.Function)
	}
	s.add(p)
}

// add joins problems that are one: several processes may meet it.
func (s *sum) add(p Problem) (key string) {
	key = p.What + "|" + p.Where
	have, known := s.problems[key]
	if !known {
		s.problems[key] = p
		return key
	}
	if have.Stays && p.Stays { // several looked at the same thing
		have.Count = max(have.Count, p.Count)
	} else {
		have.Count += p.Count
	}
	if p.Since.Before(have.Since) {
		have.Since = p.Since
	}
	if p.Due.Before(have.Due) {
		have.Due = p.Due
	}
	if p.Last.After(have.Last) {
		have.Last, have.Say, have.Mend = p.Last, p.Say, p.Mend
	}
	have.For = append(have.For, p.For...)
	s.problems[key] = have
	return key
}

// pressing are the problems that count now, the longest first.
func (s *sum) pressing() (out []Problem) {
	for _, p := range s.problems {
		if s.now.Before(p.Due) || p.Count < p.Least {
			continue
		}
		out = append(out, p.plain())
	}
	sortProblems(out)
	return out
}

// counts are the records in trouble, by class and cause, and the requests turned away, by webhook: also
// what is no problem yet.
func (s *sum) counts() map[string]map[string]int {
	out := map[string]map[string]int{}
	for _, p := range s.problems {
		key := p.What
		if p.Class == "" {
			continue
		}
		if p.Class == door {
			key = p.Where
		}
		if out[p.Class] == nil {
			out[p.Class] = map[string]int{}
		}
		out[p.Class][key] += p.Count
	}
	return out
}

// plain leaves out what is for the processes only.
func (p Problem) plain() Problem {
	p.Due, p.Least, p.GoodKey, p.Stays = time.Time{}, 0, "", false
	return p
}

func sortProblems(all []Problem) {
	slices.SortFunc(all, func(a, b Problem) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.What, b.What), cmp.Compare(a.Where, b.Where))
	})
}
