package referrals

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// referralKind is the kind of a change of a referral.
const referralKind = "referral"

// feedCursor is how far the list of changed referrals was read, by Partner Center's own time stamps. Two
// writes may become visible out of order and late, so each reading begins earlier than the last ended;
// Seen says what of that was given out already.
type feedCursor struct {
	At   time.Time            `json:"at"`
	Seen map[string]time.Time `json:"seen,omitempty"`
	// Stuck is since when readings have items that name no id: At stays, so that what these are of is read again.
	Stuck time.Time `json:"stuck,omitzero"`
	Open  bool      `json:"open,omitempty"` // what is open is to be read again, too
}

const (
	firstFeed      = 24 * time.Hour
	defaultOverlap = 10 * time.Minute
	mostSeen       = 400 // a cursor must fit into a table's property; what it forgets is given out again
	longestStuck   = 24 * time.Hour
)

// reading is a list as it was read: by the server's clock, with so many items that cannot be used.
type reading struct {
	docs []partnercenter.Document
	date time.Time
	left int
}

// Changed gives the referrals changed since the cursor, oldest first, and the next cursor. Without a
// cursor it begins a day ago, by the server's clock, after everything that is open: nobody knows what was missed.
func (s *Store) Changed(ctx context.Context, cursor string) ([]cosell.Hint, string, error) {
	c, fresh, err := s.openCursor(ctx, cursor)
	if err != nil {
		return nil, "", err
	}
	from := c.At.Add(-s.options.FeedOverlap)
	changed, err := s.changedSince(ctx, from)
	if err != nil {
		return nil, "", err
	}
	var open reading
	if fresh || c.Open {
		if open, err = s.openReading(ctx); err != nil {
			return nil, "", err
		}
	}
	next, changes := c.after(changed, open, s.options.FeedOverlap)
	text, err := json.Marshal(next)
	return changes, string(text), err
}

// after is the cursor after a reading, and what that gives out: each version of a referral once. No time stamp moves it
// beyond the server's own clock by more than is read twice. Where items could not be used it stays, for a day at most.
func (c feedCursor) after(changed, open reading, overlap time.Duration) (next feedCursor, changes []cosell.Hint) {
	next = feedCursor{At: c.At, Seen: map[string]time.Time{}}
	left := changed.left + open.left
	give := func(d partnercenter.Document) {
		_, given := next.Seen[d.ID()]
		at := timeOf(d, "/updatedDateTime")
		if next.Seen[d.ID()] = at; !given && (at.IsZero() || !at.Equal(c.Seen[d.ID()])) {
			changes = append(changes, cosell.Hint{Kind: referralKind, ID: d.ID(), Shown: cosell.Shown{ID: d.ID(), Modified: at}})
		}
	}
	for _, d := range open.docs {
		if !slices.ContainsFunc(changed.docs, func(other partnercenter.Document) bool { return other.ID() == d.ID() }) {
			give(d)
		}
	}
	for _, d := range changed.docs {
		give(d)
		if at := timeOf(d, "/updatedDateTime"); at.After(next.At) && (changed.date.IsZero() || !at.After(changed.date.Add(overlap))) {
			next.At = at
		}
	}
	if left > 0 {
		if next.Stuck = c.Stuck; next.Stuck.IsZero() {
			next.Stuck = changed.date
		}
		if changed.date.Sub(next.Stuck) < longestStuck {
			next.At, next.Open = c.At, c.Open || open.left > 0
		} else {
			next.Stuck = changed.date
		}
	}
	next.forget(overlap)
	return next, changes
}

// forget drops of Seen what no later reading shows, and of the rest the oldest.
func (c *feedCursor) forget(overlap time.Duration) {
	if !c.Open {
		maps.DeleteFunc(c.Seen, func(_ string, at time.Time) bool { return at.Before(c.At.Add(-overlap)) })
	}
	if len(c.Seen) <= mostSeen {
		return
	}
	ids := slices.SortedFunc(maps.Keys(c.Seen), func(a, b string) int { return cmp.Or(c.Seen[b].Compare(c.Seen[a]), cmp.Compare(a, b)) })
	for _, id := range ids[mostSeen:] {
		delete(c.Seen, id)
	}
}

// openCursor reads a cursor; fresh says that there was none, or none that can be read.
func (s *Store) openCursor(ctx context.Context, cursor string) (c feedCursor, fresh bool, err error) {
	if cursor != "" && json.Unmarshal([]byte(cursor), &c) == nil && !c.At.IsZero() {
		return c, false, nil
	}
	now, err := s.api.List(ctx, partnercenter.Query{OrderBy: "updatedDateTime desc", Top: 1},
		func(partnercenter.Document) bool { return false })
	if err != nil {
		return c, true, err
	}
	return feedCursor{At: now.Add(-firstFeed)}, true, nil
}

// changedSince asks for what is not older. Which operators the filter knows is not documented: when it is
// refused, the newest are read until an older one comes. So it is where the link to a further page has expired.
func (s *Store) changedSince(ctx context.Context, from time.Time) (r reading, err error) {
	q := partnercenter.Query{Filter: partnercenter.Since("updatedDateTime", from), OrderBy: "updatedDateTime asc", Left: func(n int) { r.left += n }}
	r.date, err = s.api.List(ctx, q, func(d partnercenter.Document) bool {
		if at := timeOf(d, "/updatedDateTime"); at.IsZero() || !at.Before(from) {
			r.docs = append(r.docs, d)
		}
		return true
	})
	if !fault.Is(err, fault.Refused) {
		return r, err
	}
	r = reading{}
	q = partnercenter.Query{OrderBy: "updatedDateTime desc", Left: q.Left}
	r.date, err = s.api.List(ctx, q, func(d partnercenter.Document) bool {
		at := timeOf(d, "/updatedDateTime")
		if !at.IsZero() && at.Before(from) {
			return false
		}
		r.docs = append([]partnercenter.Document{d}, r.docs...)
		return true
	})
	return r, err
}
