package flow

import (
	"context"
	"log/slog"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Settings are the settings of the flows.
type Settings struct {
	// Guard is how long after the intent was written the POST may still leave, PostTimeout how long it may
	// take, Settle how long an unknown outcome is waited for. Settle must exceed the sum of the other two
	// by the longest time the server takes to commit and list.
	Guard, PostTimeout, Settle time.Duration
	// Options are the settings of the decision.
	Options cosell.Options
	// Registration are the fields of the deal registration that is sent once a deal is won; none: nothing is sent.
	Registration []cosell.Field
	// CheckMark puts a tick or a cross before the opportunity's name.
	CheckMark bool
	// LinkTemplate opens a referral in the portal; {id} stands for the referral's id.
	LinkTemplate string
	// Takeover is "ask" or "own": whether a referral of the partner's own that names an opportunity with
	// Sync = No is linked at once.
	Takeover string
	// ForeignCRMID is "ignore" or "keep": whether a referral that carries somebody else's id becomes an
	// opportunity.
	ForeignCRMID string
	// OwnScope leaves every referral alone that this installation has not made and no person has linked: another one
	// works with the same Partner Center.
	OwnScope bool
	// Shadow: everything is decided, and nothing is written.
	Shadow bool
	// Unstarted: nothing is created on either side yet, unless an operator has said so (Start). Started is the day
	// before which a record was last changed that is left alone; zero: of any age.
	Unstarted bool
	Started   time.Time
	// Sheet names the field sheet: where it differs from a pair's, its base is completed.
	Sheet string
	// HealEvery is how long lies between two tries of what is held and due; 0: every pass of Reconcile tries.
	HealEvery time.Duration
	// LeadSheet is the same of leads.
	LeadSheet string
}

// Config is everything that the flows work with.
type Config struct {
	Referrals     Referrals
	Opportunities Opportunities
	Leads         Leads // nil: leads of Partner Center are left alone
	Ledger        Ledger
	Others        Others // nil: there is one tenant
	Hints         Hints
	Rules         []cosell.Rule
	LeadRules     []cosell.Rule    // of leads
	Now           func() time.Time // the world's time
	// Restored says when older tables were put back, where that was lately; zero: they were not. nil: never.
	Restored func(ctx context.Context) time.Time
	Machine  func() time.Time // the machine's own clock: differences are real time; nil is time.Now
	NewID    func() string
	Log      *slog.Logger
	Settings Settings
}

// Flow runs the jobs. Each job may run any number of times for the same record: the second run finds
// nothing to do. One process works on one pair at a time; across processes the version conditions decide.
type Flow struct {
	Config
	locks   *locks
	outages *outages
	crowd   *crowd
	table   cosell.Table // of the records that Opportunities holds
	// leads is the same line over the leads of CRM, nil without them; deals is the one over opportunities.
	leads, deals *Flow
}

// New makes the flows.
func New(c Config) *Flow {
	return (&Flow{locks: &locks{}, outages: &outages{}, crowd: &crowd{}}).Next(c)
}

// Next makes the flows that follow these, as with another field sheet: whatever works on a pair already, in these
// or in those, has its lock.
func (f *Flow) Next(c Config) *Flow {
	if c.Machine == nil {
		c.Machine = time.Now
	}
	f = &Flow{Config: c, locks: f.locks, outages: f.outages, crowd: f.crowd}
	f.deals = f
	f.Referrals = watchedReferrals{c.Referrals, f}
	f.Opportunities = watchedOpportunities{c.Opportunities, f}
	if c.Leads != nil {
		f.leads = f.overLeads()
	}
	return f
}

// tries is how often a message is decided anew at once after somebody wrote in between. It is one budget
// for the whole message, wherever loops nest.
const tries = 3

type budgetKey struct{}

// withBudget gives the message its tries, unless it has them already.
func withBudget(ctx context.Context) context.Context {
	if _, ok := ctx.Value(budgetKey{}).(*int); ok {
		return ctx
	}
	n := tries
	return context.WithValue(ctx, budgetKey{}, &n)
}

// again runs a job until nobody wrote in between any more, or the budget is used up. Kind: Conflict then.
func again(ctx context.Context, job func() error) error {
	left, _ := ctx.Value(budgetKey{}).(*int)
	for {
		err := job()
		if !fault.Is(err, fault.Conflict) || left == nil || *left <= 1 {
			return err
		}
		*left--
	}
}

// underLock runs do with the pair as it is once the lock of its opportunity is held.
func (f *Flow) underLock(ctx context.Context, opportunityID string, do func(cosell.Pair, bool) error) error {
	unlock, err := f.locks.lock(ctx, opportunityID)
	if err != nil {
		return err
	}
	defer unlock()
	return again(ctx, func() error {
		pair, known, err := f.Ledger.Find(ctx, opportunityID)
		if err != nil {
			return err
		}
		if !known {
			pair = cosell.Pair{OpportunityID: opportunityID, Table: f.table}
		}
		return do(pair, known)
	})
}

type traceKey struct{}

// WithTrace carries the id by which audit and logs of one event find each other.
func WithTrace(ctx context.Context, trace string) context.Context {
	return context.WithValue(ctx, traceKey{}, trace)
}

// Trace gives the id, or "".
func Trace(ctx context.Context) string {
	s, _ := ctx.Value(traceKey{}).(string)
	return s
}

// shortTrace is what a person sees of the id.
func shortTrace(ctx context.Context) string {
	t := Trace(ctx)
	return t[:min(len(t), 8)]
}

func (f *Flow) words(ctx context.Context, at time.Time) cosell.Words {
	return cosell.Words{Rules: f.Rules, At: at, Trace: shortTrace(ctx)}
}

func (f *Flow) entry(ctx context.Context, at time.Time, direction, action, result string, fields ...cosell.Field) cosell.Entry {
	return cosell.Entry{At: at, Direction: direction, Action: action, Fields: fields, Result: result, Trace: Trace(ctx), ID: f.NewID()}
}
