package referrals

import (
	"context"
	"encoding/json"
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
}

const (
	firstFeed      = 24 * time.Hour
	defaultOverlap = 10 * time.Minute
	mostSeen       = 400 // a cursor must fit into a table's property; what it forgets is given out again
)

// Changed gives the referrals changed since the cursor, oldest first, and the next cursor. Without a
// cursor it begins a day ago, by the server's clock, after everything that is open: nobody knows what was missed.
func (s *Store) Changed(ctx context.Context, cursor string) ([]cosell.Hint, string, error) {
	c, fresh, err := s.openCursor(ctx, cursor)
	if err != nil {
		return nil, "", err
	}
	from := c.At.Add(-s.options.FeedOverlap)
	docs, err := s.changedSince(ctx, from)
	if err != nil {
		return nil, "", err
	}
	next := feedCursor{At: c.At, Seen: map[string]time.Time{}}
	var changes []cosell.Hint
	if fresh {
		open, err := s.openDocuments(ctx)
		if err != nil {
			return nil, "", err
		}
		for _, d := range open {
			if !slices.ContainsFunc(docs, func(changed partnercenter.Document) bool { return changed.ID() == d.ID() }) {
				changes = append(changes, cosell.Hint{Kind: referralKind, ID: d.ID()})
			}
		}
	}
	for _, d := range docs {
		at := timeOf(d, "/updatedDateTime")
		if at.After(next.At) {
			next.At = at
		}
		if !at.IsZero() && at.Equal(c.Seen[d.ID()]) {
			continue
		}
		changes = append(changes, cosell.Hint{Kind: referralKind, ID: d.ID()})
	}
	for _, d := range slices.Backward(docs) { // the newest first
		if at := timeOf(d, "/updatedDateTime"); !at.Before(next.At.Add(-s.options.FeedOverlap)) && len(next.Seen) < mostSeen {
			next.Seen[d.ID()] = at
		}
	}
	text, err := json.Marshal(next)
	return changes, string(text), err
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
// refused, the newest are read until an older one comes.
func (s *Store) changedSince(ctx context.Context, from time.Time) ([]partnercenter.Document, error) {
	var docs []partnercenter.Document
	q := partnercenter.Query{Filter: partnercenter.Since("updatedDateTime", from), OrderBy: "updatedDateTime asc"}
	_, err := s.api.List(ctx, q, func(d partnercenter.Document) bool {
		if at := timeOf(d, "/updatedDateTime"); at.IsZero() || !at.Before(from) {
			docs = append(docs, d)
		}
		return true
	})
	if !fault.Is(err, fault.Refused) {
		return docs, err
	}
	docs = nil
	_, err = s.api.List(ctx, partnercenter.Query{OrderBy: "updatedDateTime desc"}, func(d partnercenter.Document) bool {
		at := timeOf(d, "/updatedDateTime")
		if !at.IsZero() && at.Before(from) {
			return false
		}
		docs = append([]partnercenter.Document{d}, docs...)
		return true
	})
	return docs, err
}
