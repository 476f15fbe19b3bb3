package referrals

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// referralKind is the kind of a change of a referral.
const referralKind = "referral"

// feedCursor is how far the list of changed referrals was read, by Partner Center's own time stamps. Two
// writes may become visible out of order and late, so each reading begins earlier than the last ended;
// Given says what of that was given out already.
type feedCursor struct {
	At    time.Time `json:"at"`
	Given digests   `json:"given,omitempty"`
	// Seen is what an earlier version kept instead of Given.
	Seen map[string]time.Time `json:"seen,omitempty"`
	// Stuck is since when readings have items that name no id: At stays, so that what these are of is read again.
	Stuck time.Time `json:"stuck,omitzero"`
	Open  bool      `json:"open,omitempty"` // what is open is to be read again, too
}

const (
	firstFeed      = 7 * 24 * time.Hour // longer than anybody lets it stand still: it may be the first reading for days
	defaultOverlap = 10 * time.Minute
	mostSeen       = 10_000 // a cursor must fit into a row; what it forgets is given out again, by every reading
	longestStuck   = 24 * time.Hour
)

// Changed gives each the referrals changed since the cursor, as their pages come, and gives the next cursor. Without a
// cursor it begins a week ago, by the server's clock, and gives everything that is open as well: nobody knows what was missed.
func (s *Store) Changed(ctx context.Context, cursor string, each func(cosell.Hint) error) (string, error) {
	c, fresh, err := s.openCursor(ctx, cursor)
	if err != nil {
		return "", err
	}
	p := passing{before: c, next: feedCursor{At: c.At, Open: fresh || c.Open}, had: c.had(), seen: map[string]time.Time{}, overlap: s.options.FeedOverlap,
		each: each, given: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
	date, err := s.changedSince(ctx, c.At.Add(-p.overlap), &p)
	if err != nil {
		return "", err
	}
	changedLeft := p.left
	if p.next.Open {
		if err := s.openBriefs(ctx, &p); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(p.cursor(date, p.left-changedLeft))
	return string(text), err
}

// passing is a feed that is given out as its pages come: each version of a referral once.
type passing struct {
	before, next feedCursor
	had          map[digest]bool      // what before has given
	seen         map[string]time.Time // versions that next will have given
	overlap      time.Duration
	each         func(cosell.Hint) error
	left         int                 // items that cannot be used
	given        map[uint64]struct{} // by the digest of the id: of a million, eight bytes each
	seed         maphash.Seed
}

// give gives a referral out unless this version was, here or by the reading before. One that changes while the list is read may come
// once more, and the cursor may go far past it.
func (p *passing) give(b partnercenter.Brief) error {
	key, at := maphash.String(p.seed, b.ID), b.At()
	if _, given := p.given[key]; given {
		if before, known := p.seen[b.ID]; !known || !at.After(before) {
			return nil
		}
	}
	p.given[key] = struct{}{}
	if p.seen[b.ID] = at; len(p.seen) > 4*mostSeen {
		p.forget()
	}
	if p.gave(b.ID, at) {
		return nil
	}
	return p.each(cosell.Hint{Kind: referralKind, ID: b.ID, Deal: b.EngagementID, Shown: cosell.Shown{ID: b.ID, Modified: at}})
}

// moved lets the cursor move to a change, but beyond the server's own clock by no more than is read twice.
func (p *passing) moved(at, date time.Time) {
	if at.After(p.next.At) && (date.IsZero() || !at.After(date.Add(p.overlap))) {
		p.next.At = at
	}
}

// cursor is the one after the reading. Where items could not be used it stays, for a day at most.
func (p *passing) cursor(date time.Time, openLeft int) feedCursor {
	p.next.Open = false
	if p.left > 0 {
		if p.next.Stuck = p.before.Stuck; p.next.Stuck.IsZero() {
			p.next.Stuck = date
		}
		if date.Sub(p.next.Stuck) < longestStuck {
			p.next.At, p.next.Open = p.before.At, p.before.Open || openLeft > 0
		} else {
			p.next.Stuck = date
		}
	}
	p.next.Given = p.remembered()
	return p.next
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

// changedSince asks for what is not older, the newest first. A page is so many items behind so many others, and what is given out is
// worked on, and written, before the next page is read: it moves to the front, newer than the cursor will be, and pushes others back to
// where they are read again. In the other order it would pull others into pages that were read already, past which the cursor
// goes. Which operators the filter knows is not documented: when it is
// refused, the newest are read until an older one comes. So it is where the link to a further page has expired.
func (s *Store) changedSince(ctx context.Context, from time.Time, p *passing) (date time.Time, err error) {
	q := partnercenter.Query{Filter: partnercenter.Since("updatedDateTime", from), OrderBy: "updatedDateTime desc", Left: func(n int) { p.left += n }}
	date, err = s.api.Briefs(ctx, q, func(b partnercenter.Brief) (bool, error) {
		at := b.At()
		if !at.IsZero() && at.Before(from) {
			return true, nil
		}
		p.moved(at, b.Date)
		return true, p.give(b)
	})
	if !fault.Is(err, fault.Refused) {
		return date, err
	}
	p.left = 0
	return s.api.Briefs(ctx, partnercenter.Query{OrderBy: "updatedDateTime desc", Left: q.Left}, func(b partnercenter.Brief) (bool, error) {
		at := b.At()
		if !at.IsZero() && at.Before(from) {
			return false, nil
		}
		p.moved(at, b.Date)
		return true, p.give(b)
	})
}

// openBriefs gives what openReading does.
func (s *Store) openBriefs(ctx context.Context, p *passing) error {
	take := func(b partnercenter.Brief) (bool, error) {
		if status, _ := mapping.StatusFromReferral(b.Status, b.Substatus); cosell.ReferralClosed(status) {
			return true, nil
		}
		return true, p.give(b)
	}
	left, before := func(n int) { p.left += n }, p.left
	for _, status := range []string{"New", "Active"} {
		_, err := s.api.Briefs(ctx, partnercenter.Query{Filter: partnercenter.Eq("status", status), Left: left}, take)
		if fault.Is(err, fault.Refused) {
			p.left = before
			_, err = s.api.Briefs(ctx, partnercenter.Query{Left: left}, take)
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}
