package flow

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Hint says that a record may have changed.
type Hint = cosell.Hint

// Shown is the version in which a feed has shown a record.
type Shown = cosell.Shown

// Referrals is Partner Center as the flows need it. Every method returns faults of package fault.
type Referrals interface {
	// Get reads one referral. Gone: unknown, or not readable yet.
	Get(ctx context.Context, id string) (cosell.Referral, error)
	// Put writes the values into r under the condition that r has not changed, and returns what the
	// system made of it. Conflict: somebody wrote in between. Refused: with Field where the answer names it.
	Put(ctx context.Context, r cosell.Referral, values cosell.Record) (cosell.Referral, error)
	// Create sends one POST, never repeated. unknown is true when the outcome cannot be told from the
	// answer: the referral may or may not exist. Conflict: the draft asks for Microsoft's help, and Microsoft is in
	// the engagement already.
	Create(ctx context.Context, o cosell.Opportunity, d cosell.Draft) (r cosell.Referral, unknown bool, err error)
	// Register makes the deal registration of a won referral say what the values say, and gives what Partner Center says
	// of it. changed: something was written. Errors as those of Put.
	Register(ctx context.Context, r cosell.Referral, values cosell.Record) (state string, changed bool, err error)
	// Engagement lists all referrals of an engagement.
	Engagement(ctx context.Context, engagementID string) ([]cosell.Referral, error)
	// FindCreated lists own referrals created since then that carry the opportunity's id.
	FindCreated(ctx context.Context, opportunityID string, since time.Time) ([]cosell.Referral, error)
	// Open lists the partner's own referrals of any age that are not closed, perhaps in part.
	Open(ctx context.Context) ([]cosell.Referral, error)
	// Changed gives each what changed since the cursor ("" = all that is open, and what changed since a day ago by the
	// server's clock), as it is read, and returns the next cursor. Some may have been given when it fails.
	Changed(ctx context.Context, cursor string, each func(cosell.Hint) error) (next string, err error)
}

// Records are the opportunities of the CRM, or its leads, as the flows need them. Every method returns faults of
// package fault.
type Records interface {
	// Get reads one opportunity with everything the field sheet names. Gone: deleted, or not readable yet.
	Get(ctx context.Context, id string) (cosell.Opportunity, error)
	// Emptied looks again at a row in which something seems to have been cleared, and gives it as the columns of
	// now say: what they do not show is absent, and Born is known.
	Emptied(ctx context.Context, o cosell.Opportunity) (cosell.Opportunity, error)
	// Put writes the values under the condition that the row still has o.Version, closing it (win, lose)
	// or opening it as the status asks, in one transaction, and returns the row as it is afterwards.
	// o may be assumed from a base: then only its ID, Version and Record are set. Conflict: somebody wrote
	// in between, or the row has to be read first. Refused: with Field where that is known.
	Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error)
	// ID is the id that the opportunity of a referral gets when we create it: always the same.
	ID(referralID string) string
	// FindByReferral finds rows that name the referral in their referral identifier column, oldest first.
	FindByReferral(ctx context.Context, referralID string) ([]cosell.Opportunity, error)
	// Create makes the opportunity of a referral under the given id, with its account, contacts, owner
	// and solution rows, in one transaction where it can. values are canonical values for the
	// opportunity, and all there is to write. An opportunity that exists already under the id is returned
	// as it is. Refused of class rule with code account.unclear: two accounts fit; values whose state says
	// so ask for none. With code link.unconfirmed, and the id of an opportunity as target: the referral resembles
	// that (Referral.Resembles), so nothing was made.
	Create(ctx context.Context, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error)
}

// Leads are the leads of the CRM.
type Leads interface {
	Records
	// Linked gives the leads that name a referral, or are switched on, by id.
	Linked(ctx context.Context) (map[string]cosell.Naming, error)
	// Exist says which of the ids name a lead.
	Exist(ctx context.Context, ids []string) (map[string]bool, error)
	// Qualify is Create of the opportunity that the lead becomes, and qualifies the lead, which says told then, in
	// the same transaction. Conflict: the lead has changed. An opportunity that exists already under the id is
	// returned as it is.
	Qualify(ctx context.Context, lead cosell.Opportunity, told cosell.Record, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error)
}

// Opportunities is the CRM as the flows need it.
type Opportunities interface {
	Records
	// Wanting lists the open opportunities of any age that are switched on and name no referral.
	Wanting(ctx context.Context) ([]cosell.Opportunity, error)
	// Linked gives the opportunities of any state that name a referral, or are switched on, by id.
	Linked(ctx context.Context) (map[string]cosell.Naming, error)
	// Exist says which of the ids name an opportunity.
	Exist(ctx context.Context, ids []string) (map[string]bool, error)
	// OfLead finds the opportunities that the lead has become, oldest first.
	OfLead(ctx context.Context, leadID string) ([]cosell.Opportunity, error)
	// Introduce gives an opportunity with an account the customer's other contacts, in the account and as stakeholders,
	// and returns it as it is then. Refused, with code account.none: there is no account to keep them in.
	Introduce(ctx context.Context, o cosell.Opportunity, r cosell.Referral) (cosell.Opportunity, error)
	// Related lists the synced, open opportunities that show the row of another table (account, contact). Refused of class
	// ours with code people.unread: who is connected with opportunities may not be read; those that name the row are listed.
	Related(ctx context.Context, kind, id string) ([]string, error)
	// SeesPeople asks whether who is connected with opportunities may be read now.
	SeesPeople(ctx context.Context) (bool, error)
	// OpportunityOf finds the opportunity of a solution row.
	OpportunityOf(ctx context.Context, solutionRow string) (id string, ok bool, err error)
	// Changed gives each what changed in a table (kind) since the cursor, a page at a time. "" gives every opportunity that
	// concerns us; the other tables start from now on. Where nothing came at all the cursor is as good as the next. reached
	// is the cursor of what follows the page; "": there is none. A hint without an id: rows of a table that is not the
	// opportunities' have changed, and nobody can tell which.
	Changed(ctx context.Context, kind, cursor string, each func(page []cosell.Hint, reached string) error) (next string, came bool, err error)
	// Follows says whether a cursor is of the table that the kind names now: from another one nothing follows.
	Follows(kind, cursor string) bool
	// Kinds lists the tables that have a change feed, opportunity first.
	Kinds() []string
}

// Ledger is what we remember, for one tenant.
type Ledger interface {
	Find(ctx context.Context, opportunityID string) (cosell.Pair, bool, error)
	FindByReferral(ctx context.Context, referralID string) (cosell.Pair, bool, error)
	FindByEngagement(ctx context.Context, engagementID string) (cosell.Pair, bool, error)
	Save(ctx context.Context, p cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error)
	// Heal is Save after a row that finds the pair was missed: it is written anew.
	Heal(ctx context.Context, p cosell.Pair) (cosell.Pair, error)
	// Move ends a pair whose record in CRM has become another one, and saves the pair of that, in one
	// transaction. Conflict: one of the two has changed.
	Move(ctx context.Context, from, to cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error)
	// Mark is Save of the pair's own row alone, before a write.
	Mark(ctx context.Context, p cosell.Pair) (cosell.Pair, error)
	Note(ctx context.Context, opportunityID string, entries ...cosell.Entry) error
	// Audit reads the newest entries, newest first, with their ids.
	Audit(ctx context.Context, opportunityID string, limit int) ([]cosell.Entry, error)
	// Pairs hands over all pairs until each says false, those too whose rows cannot be read, as Unread.
	Pairs(ctx context.Context, each func(cosell.Pair) bool) error
	// Due lists the opportunities of which something held is due.
	Due(ctx context.Context, at time.Time) ([]string, error)
	// HeldNaming lists the opportunities of which something is held under the code, in words that name the
	// text.
	HeldNaming(ctx context.Context, code, text string) ([]string, error)
	// Aside lists the pairs of which something is put aside by the brake.
	Aside(ctx context.Context) ([]cosell.Aside, error)
	// CountPairs counts the pairs, up to most; 0: all of them, without those of which one record was not made.
	CountPairs(ctx context.Context, most int) (int, error)
	// Brake says how the brake stands; without Version nothing was ever kept of it.
	Brake(ctx context.Context) (cosell.Brake, error)
	// SaveBrake keeps that. Conflict: it has changed since it was read.
	SaveBrake(ctx context.Context, b cosell.Brake) error
	Intent(ctx context.Context, opportunityID, target string) (cosell.Intent, bool, error)
	PutIntent(ctx context.Context, i cosell.Intent) (cosell.Intent, error)
	DropIntent(ctx context.Context, i cosell.Intent) error
	Now(ctx context.Context) (time.Time, error)
	Solution(ctx context.Context, rowID string) (opportunityID string, ok bool, err error)
	SaveSolution(ctx context.Context, rowID, opportunityID string) error
	Cursor(ctx context.Context, feed string) (string, error)
	// Cursors reads all of them in one call, and gives each as Cursor does.
	Cursors(ctx context.Context) (of func(feed string) (string, error), err error)
	SaveCursor(ctx context.Context, feed, value string) error
	// SaveShadowed keeps what the last look at a record would have done, in shadow mode.
	SaveShadowed(ctx context.Context, s cosell.Shadowed) error
	// SaveWatched keeps what shadow mode knows of a pair that another system keeps in step, and Watched gives it.
	SaveWatched(ctx context.Context, p cosell.Pair) error
	Watched(ctx context.Context, opportunityID string) (cosell.Pair, bool, error)
}

// Hints sends pointers to our own queues, and returns when the broker has confirmed. Trace and Seen are
// filled in where they are empty.
type Hints interface {
	ReferralChanged(ctx context.Context, h Hint) error
	OpportunityChanged(ctx context.Context, h Hint) error
	ReferralWanted(ctx context.Context, h Hint) error
	SolutionsChanged(ctx context.Context, h Hint) error
	// Changed sends many at once, each to the queue of its kind. With an error some may have been sent.
	Changed(ctx context.Context, hints []Hint) error
}

// The kinds of record that a hint can name.
const (
	referralKind    = "referral"
	opportunityKind = "opportunity"
	solutionKind    = "solution"
	accountKind     = "account"
	contactKind     = "contact"
	userKind        = "user"
	connectionKind  = "connection"
	leadKind        = "lead"
)
