// Package ledger remembers what both sides last agreed on: in Table Storage, and in memory for tests.
package ledger

import (
	"context"
	"encoding/json"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Parked is a message that was set aside for a person.
type Parked struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"` // of fault
	Reason   string          `json:"reason"`
	Function string          `json:"function"`
	Attempt  int             `json:"attempt"`
	Original json.RawMessage `json:"original"` // the message body; a JSON string when it was no JSON
	Trace    string          `json:"trace"`
	At       time.Time       `json:"at"`
}

// Store is a ledger of one tenant. Table and Memory are the two there are; both pass the same tests.
//
// Every method may be repeated. Errors are faults: Conflict (somebody was faster), Refused with code
// link.taken (the record belongs to another pair), Later (throttled), Denied (our rights), else Broken.
type Store interface {
	// Find reads the pair of an opportunity: one call.
	Find(ctx context.Context, opportunityID string) (cosell.Pair, bool, error)
	// FindByReferral reads the pair of a referral, the partner's own or Microsoft's: two calls at most.
	FindByReferral(ctx context.Context, referralID string) (cosell.Pair, bool, error)
	// FindByEngagement reads the pair of an engagement: two calls at most.
	FindByEngagement(ctx context.Context, engagementID string) (cosell.Pair, bool, error)
	// Save writes the pair, the rows that find it by its other ids, and its audit entries, all or
	// nothing. A pair without Version must not exist yet, any other must not have changed since.
	Save(ctx context.Context, p cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error)
	// Note writes audit entries alone.
	Note(ctx context.Context, opportunityID string, entries ...cosell.Entry) error
	// Audit reads the newest entries of an opportunity, newest first.
	Audit(ctx context.Context, opportunityID string, limit int) ([]cosell.Entry, error)
	// Pairs hands over all pairs until each says false.
	Pairs(ctx context.Context, each func(cosell.Pair) bool) error

	// Intent reads the row that guards the creation of a referral.
	Intent(ctx context.Context, opportunityID, target string) (cosell.Intent, bool, error)
	// PutIntent writes it under the same condition as Save does a pair; the result has Version and the
	// row's own server time stamp in At.
	PutIntent(ctx context.Context, i cosell.Intent) (cosell.Intent, error)
	// DropIntent deletes it; gone already is fine.
	DropIntent(ctx context.Context, i cosell.Intent) error
	// Now is the store's own time, to be compared with Intent.At.
	Now(ctx context.Context) (time.Time, error)

	// Solution says which opportunity a solution row belongs to, as SaveSolution kept it.
	Solution(ctx context.Context, rowID string) (opportunityID string, ok bool, err error)
	SaveSolution(ctx context.Context, rowID, opportunityID string) error
	// Cursor gives how far a change feed was read, "" at first.
	Cursor(ctx context.Context, feed string) (string, error)
	SaveCursor(ctx context.Context, feed, value string) error

	// Park sets a message aside; the same ID again replaces the row.
	Park(ctx context.Context, p Parked) error
	// Parked reads the oldest parked messages, at most limit.
	Parked(ctx context.Context, limit int) ([]Parked, error)
	// CountParked counts them.
	CountParked(ctx context.Context) (int, error)
	// Registration gives the webhook registration as last seen, as JSON; "" at first.
	Registration(ctx context.Context) (string, error)
	SaveRegistration(ctx context.Context, value string) error
}
