// Package office is what an operator can ask and do, whoever shows it: cosellctl today, a console later.
package office

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Ledger is the part of the ledger that operators look at.
type Ledger interface {
	Find(ctx context.Context, opportunityID string) (cosell.Pair, bool, error)
	FindByReferral(ctx context.Context, referralID string) (cosell.Pair, bool, error)
	FindByEngagement(ctx context.Context, engagementID string) (cosell.Pair, bool, error)
	Pairs(ctx context.Context, each func(cosell.Pair) bool) error
	Audit(ctx context.Context, opportunityID string, limit int) ([]cosell.Entry, error)
	Note(ctx context.Context, opportunityID string, entries ...cosell.Entry) error
	Parked(ctx context.Context, limit int) ([]ledger.Parked, error)
	ParkedMessage(ctx context.Context, id string) (ledger.Parked, bool, error)
	Unpark(ctx context.Context, id string) error
	Reports
}

// Book is what is held.
type Book interface {
	// Rows hands over every row until each says false.
	Rows(ctx context.Context, each func(Held) bool) error
	// Drop removes a row; gone already is fine.
	Drop(ctx context.Context, h Held) error
}

// Post sends pointers.
type Post interface {
	Send(ctx context.Context, name queue.Name, p queue.Pointer) error
}

// Waiting is what the processes say of records that wait.
type Waiting interface {
	Waiting(ctx context.Context) []health.Waiting
}

// Desk is what only the flows can answer: it reads both systems. Ids are those of opportunities.
type Desk interface {
	// Sides reads both records and says what differs. Gone: there is no such pair.
	Sides(ctx context.Context, opportunityID string) (Sides, error)
	// Preview says what a look at the records would do, and writes nothing. Of a record that is in no pair both ids
	// are its own. Gone: there is no such record.
	Preview(ctx context.Context, opportunityID, referralID string) (Preview, error)
	// Census lists what is in no pair. since leaves out what would be made and is older; zero: nothing.
	Census(ctx context.Context, since time.Time) (Census, error)
	// Started says whether the work has begun, and from which day on.
	Started(ctx context.Context) (from time.Time, begun bool, err error)
	// Start lets it begin.
	Start(ctx context.Context, from time.Time) error
	// TakeUp has records looked at now.
	TakeUp(ctx context.Context, found []Found) error
	// Link makes a pair of the two. Refused: one of them is linked elsewhere.
	Link(ctx context.Context, opportunityID, referralID string) error
	// Unlink ends the pair, or the proposal of one; neither record is ever taken up again by itself.
	Unlink(ctx context.Context, opportunityID string) error
	// AskAgain begins a new engagement for the opportunity. Refused: it makes no sense now, or something is missing.
	AskAgain(ctx context.Context, opportunityID string) error
	// Brake says how the brake stands, and what is put aside.
	Brake(ctx context.Context) (Brake, error)
	// Release has it written, and gives how many pairs that is.
	Release(ctx context.Context, by, reason string) (int, error)
	// CloseTest closes the referral of a trial as Closed/Error. Refused: it is closed.
	CloseTest(ctx context.Context, opportunityID string) error
}

// Office is the room of one tenant. Errors are faults; Gone: what was asked for is not there, Invalid: the
// question makes no sense.
type Office struct {
	Ledger  Ledger
	Book    Book
	Post    Post
	Waiting Waiting
	Desk    Desk // nil: this host has none

	Sheets     Sheets
	SheetTable SheetTable
	Catalogue  Catalogue

	// ReferralLink opens a referral in the portal; {id} stands for the referral's id.
	ReferralLink string
	Shadow       bool // nothing is written to either system

	Doctor   Doctor   // nil: this host has none
	OldFlows OldFlows // nil: nobody looks
	Intake   string   // the address to which events come

	Now func() time.Time
	Log *slog.Logger
}

// Act says who does something, and why: what cannot be undone needs a reason.
type Act struct {
	By     string
	Reason string
}

// did writes a deed down.
func (o *Office) did(ctx context.Context, a Act, what string, attrs ...any) {
	o.Log.InfoContext(ctx, "operator's act", append([]any{"act", what, "operator", a.By, "reason", a.Reason}, attrs...)...)
}

// reasoned refuses an act that cannot be undone and has no reason.
func (a Act) reasoned(what string) error {
	if strings.TrimSpace(a.Reason) == "" {
		return fault.New(fault.Invalid, "to %s cannot be undone: say why with --reason", what)
	}
	return nil
}

// maxFound is how many pairs a name may find; longest is the most that a name has.
const (
	maxFound = 20
	longest  = 400
)

// find gives the pairs that an id or a part of a name means, one more than maxFound where there are more.
func (o *Office) find(ctx context.Context, what string) ([]cosell.Pair, error) {
	what = strings.TrimSpace(what)
	if what == "" || len(what) > longest {
		return nil, fault.New(fault.Invalid, "say which: the id of an opportunity, a referral or an engagement, or a part of the name")
	}
	if id, is := cosell.ID(what); is {
		what = id
	}
	for _, by := range []func(context.Context, string) (cosell.Pair, bool, error){o.Ledger.Find, o.Ledger.FindByReferral, o.Ledger.FindByEngagement} {
		if p, ok, err := by(ctx, what); err != nil || ok {
			return []cosell.Pair{p}, err
		}
	}
	var found []cosell.Pair
	unread := 0
	err := o.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.Unread {
			unread++
		}
		if strings.Contains(strings.ToLower(nameOf(p)), strings.ToLower(what)) {
			found = append(found, p)
		}
		return len(found) <= maxFound
	})
	if err == nil && len(found) == 0 && unread > 0 {
		err = fault.New(fault.Gone, "no pair is known by the id or name %q among those whose rows can be read, and %d cannot: drift says why", what, unread)
	}
	if err == nil && len(found) == 0 {
		err = fault.New(fault.Gone, "no pair is known by the id or name %q: resync ID looks at a record anew", what)
	}
	return found, err
}

// one is find for an act, which needs to know which pair is meant.
func (o *Office) one(ctx context.Context, what string) (cosell.Pair, error) {
	found, err := o.find(ctx, what)
	if err != nil {
		return cosell.Pair{}, err
	}
	if len(found) > 1 {
		return cosell.Pair{}, fault.New(fault.Invalid, "%q means several pairs: use the id of one, as status %q shows them", what, what)
	}
	return found[0], nil
}

func nameOf(p cosell.Pair) string {
	if name := p.Base.Opportunity[cosell.Name]; name != "" {
		return name
	}
	return p.Base.Referral[cosell.Name]
}

// desk is what asks the flows. Refused of class ours: they are not at hand.
func (o *Office) desk() (Desk, error) {
	if o.Desk == nil {
		return nil, fault.New(fault.Refused, "this app cannot read both systems for an operator").OfClass(fault.Ours).With("desk.none", "ask the sync app")
	}
	return o.Desk, nil
}
