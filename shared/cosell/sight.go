package cosell

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sight is what is known of the versions of one record. Versions are compared for equality. Which of two is
// the newer one is known of those that we wrote, and of those that were read one after the other; clocks count
// whole seconds, and the numbers in versions promise no order.
type Sight struct {
	Modified time.Time `json:"modified"`           // of the newest, by that system's clock
	Versions []string  `json:"versions,omitempty"` // the newest last; Unread for one that nobody has read
	Stale    time.Time `json:"stale,omitzero"`     // since when only others than the newest are read
	// Unexplained is the version in which a closed deal was believed to have no close activity: it is not doubted once more.
	Unexplained string `json:"unexplained,omitempty"`
}

// Unread stands for a version that is known to be there, and was never read: a refused condition says so, or a
// write whose answer does not show it.
const Unread = ""

// remembered is how many versions of a record are remembered.
const remembered = 6

// Age is how new a read is, beside what was seen before.
type Age int

// The ages of a read.
const (
	Current   Age = iota // no newer version is known
	Uncertain            // a version that nobody knows, of the same moment as the newest
	Overtaken            // a condition was refused, so there is a newer version, which nobody has read
	Older                // a newer version was read or written
)

// AgeOf judges a read:
//
//	version    | its time, beside the newest's | it is
//	the newest | -                             | current
//	before it  | -                             | older, or overtaken where the newest is unread
//	unknown    | earlier                       | older
//	unknown    | later                         | current
//	unknown    | the same                      | uncertain where numbers fall, or have fallen before; else current
func (p Pair) AgeOf(s Side) Age {
	known := p.Seen[s.ID]
	last := len(known.Versions) - 1
	at := slices.Index(known.Versions, s.Version)
	switch {
	case s.Version == Unread || last < 0:
		if s.Modified.Before(known.Modified) {
			return Older
		}
		return Current
	case at == last:
		return Current
	case at >= 0 && at == last-1 && known.Versions[last] == Unread:
		return Overtaken
	case at >= 0:
		return Older
	case s.Modified.Before(known.Modified):
		return Older
	case s.Modified.IsZero():
		return Current // it has no clock: a child row, of which only known versions are told apart
	case s.Modified.After(known.Modified):
		return Current
	}
	if numbered, rise := known.order(s.Version); numbered && !rise {
		return Uncertain
	}
	return Current
}

// Knows says whether this version of the record is the newest that was seen or written.
func (p Pair) Knows(s Side) bool {
	versions := p.Seen[s.ID].Versions
	return len(versions) > 0 && versions[len(versions)-1] == s.Version
}

// order says whether the versions are numbers, and whether those have risen so far and rise to this one: a hint,
// no more.
func (s Sight) order(version string) (numbered, rise bool) {
	before := -1
	rise = true
	for _, v := range append(slices.Clone(s.Versions), version) {
		if v == Unread {
			continue
		}
		n, err := strconv.Atoi(strings.Trim(strings.TrimPrefix(v, "W/"), `"`))
		if err != nil {
			return false, false
		}
		rise, before = rise && n >= before, n
	}
	return true, rise
}

// besides says whether a version that nobody knows is of the same moment as the newest, so that neither is known
// to be older.
func (s Sight) besides(side Side) bool {
	last := len(s.Versions) - 1
	_, rise := s.order(side.Version)
	return !rise && !side.Modified.IsZero() && last >= 0 && s.Versions[last] != Unread && !slices.Contains(s.Versions, side.Version) && !side.Modified.After(s.Modified)
}

// newest puts a version at the end.
func (s Sight) newest(side Side) Sight {
	s.Stale = time.Time{}
	if side.Version != Unread {
		s.Versions = append(slices.DeleteFunc(slices.Clone(s.Versions), func(v string) bool { return v == side.Version || v == Unread }), side.Version)
		s.Versions = s.Versions[max(0, len(s.Versions)-remembered):]
	}
	if side.Modified.After(s.Modified) {
		s.Modified = side.Modified
	}
	return s
}

// older puts a version that was not known before at the beginning.
func (s Sight) older(version string) Sight {
	if version != Unread && !slices.Contains(s.Versions, version) && len(s.Versions) < remembered {
		s.Versions = append([]string{version}, s.Versions...)
	}
	return s
}

// look gives the pair with another view of a record.
func (p Pair) look(id string, change func(Sight) Sight) Pair {
	if id == "" {
		return p
	}
	seen := make(map[string]Sight, len(p.Seen)+1)
	for known, s := range p.Seen {
		seen[known] = s
	}
	seen[id] = change(seen[id])
	p.Seen = seen
	return p
}

// Saw notes versions that were read, in their order. What is known to be older stays so.
func (p Pair) Saw(sides ...Side) Pair {
	for _, side := range sides {
		age := p.AgeOf(side)
		p = p.look(side.ID, func(s Sight) Sight {
			switch {
			case age == Older, age == Overtaken:
				return s.older(side.Version)
			case s.besides(side):
				s.Versions = s.Versions[:len(s.Versions)-1]
			}
			return s.newest(side)
		})
	}
	return p
}

// Wrote notes the version that a write answered, and the one that it replaced.
func (p Pair) Wrote(before string, after Side) Pair {
	return p.look(after.ID, func(s Sight) Sight {
		if s.Unexplained != "" && s.Unexplained == before {
			s.Unexplained = after.Version
		}
		return s.newest(Side{Version: before}).newest(after)
	})
}

// Named is the pair after its record's id was written onto the referral.
func (p Pair) Named(before, after Side) Pair {
	p.Base, p.Sending = p.Base.Clone(), nil
	p.Base.Referral[CRMID] = p.OpportunityID
	return p.Wrote(before.Version, after)
}

// Nameless says whether the pair is kept and its open referral, as it was seen last, does not name the record yet; what
// Partner Center refuses, or a brake puts aside, waits for its time.
func (p Pair) Nameless() bool {
	named, read := p.Base.Referral[CRMID]
	return p.names() && (p.Base.Referral == nil || read && named == "")
}

// Misnamed is the other record that the open referral of a pair that is kept names, as it was seen last; "" for none.
func (p Pair) Misnamed() string {
	if named := p.Base.Referral[CRMID]; p.names() && !strings.EqualFold(named, p.OpportunityID) {
		return named
	}
	return ""
}

// names says whether the referral of the pair may be given its record's id now.
func (p Pair) names() bool {
	_, held := p.HeldAt(InPartnerCenter, CRMID)
	cause, _ := p.AsideFor()
	return p.Phase == Linked && !held && cause == "" && p.Base.Opportunity[Sync] != False && !ReferralClosed(p.Base.Referral[Status])
}

// Overtaken notes that there is a newer version than this one, which nobody has read: a condition was refused,
// or the answer to a write does not show what was written. Nothing is assumed of the record by it any more. One that is not
// among those remembered is older than all of them: it says nothing new.
func (p Pair) Overtaken(id, version string) Pair {
	if version == Unread {
		return p
	}
	if version == p.OpportunityVersion {
		p.OpportunityVersion = ""
	}
	return p.look(id, func(s Sight) Sight {
		if i := slices.Index(s.Versions, version); len(s.Versions) > 0 && i < len(s.Versions)-1 {
			return s // known already
		}
		at := s.Stale
		s = s.newest(Side{Version: version})
		s.Versions, s.Stale = append(s.Versions, Unread), at
		return s
	})
}

// Doubts notes since when other versions of the record than the newest are read.
func (p Pair) Doubts(id string, at time.Time) Pair {
	return p.look(id, func(s Sight) Sight {
		s.Stale = at
		return s
	})
}

// Believes takes a version for the newest, whatever was seen before: a system that was restored has only
// older ones.
func (p Pair) Believes(side Side) Pair {
	return p.look(side.ID, func(Sight) Sight { return Sight{}.newest(side) })
}
