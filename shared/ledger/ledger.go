// Package ledger remembers what both sides last agreed on: in Table Storage, and in memory for tests.
//
// All rows of a tenant share one partition, so that a pair, the rows that find it by its other ids and
// its audit change in one transaction. Row keys of the table state:
//
//	o|<opportunity>            the pair
//	r|<referral>               the partner's own or Microsoft's referral -> opportunity
//	e|<engagement>             engagement -> opportunity
//	h|<place>|<opportunity>|…  something that one side did not take, or that waits for a person
//	i|<opportunity>|<target>   the intent that guards a creation
//	s|<solution row>           solution row -> opportunity
//	b|brake                    how the brake stands
//	c|<feed>                   how far a change feed was read
//	w|registration             the webhook registration as last seen
//	a|<opportunity>|<ticks>|…  audit, newest first
//
// Writes merge: properties that a newer version added survive an older one.
package ledger

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Ledger is the memory of one tenant. Every method may be repeated and called from many goroutines.
// Errors are faults: Conflict (somebody was faster), Refused with code link.taken (the record belongs to
// another pair), Invalid (the store can never take it), Later (throttled), Denied (our rights), else
// Broken.
type Ledger struct {
	rows  rows
	newID func() string
	clock func() time.Time

	sealer Sealer
}

// Parked is a message that was set aside for a person.
type Parked struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"` // of fault
	Reason   string          `json:"reason"`
	Function string          `json:"function"`
	Queue    string          `json:"queue,omitempty"` // it came from, and its session there
	Session  string          `json:"session,omitempty"`
	Record   string          `json:"record,omitempty"` // kind|id of the record it is about, where that can be read
	Attempt  int             `json:"attempt"`
	Original json.RawMessage `json:"original"` // the message body; a JSON string when it was no JSON
	Trace    string          `json:"trace"`
	At       time.Time       `json:"at"`
}

// InMemory makes an empty ledger that lives as long as the process; now is the store's own clock.
func InMemory(now func() time.Time) *Ledger {
	return &Ledger{rows: newMemory(now), newID: uuid.NewString, clock: now, sealer: plain{}}
}

// The tables.
const (
	stateTable  = "state"
	parkedTable = "parked"
)

// schema is the version of the row format, in property V, and newestSchema the last one that this program reads: what a
// neighbour adds is passed over and kept. A row of a later one means something that this program cannot know.
const (
	schema       = "1"
	newestSchema = 2
)

// CodeNewer is the code of a row that only a later version of the program can read.
const CodeNewer = "state.newer"

// get reads one row of state, unless it is of a later version: Refused of class ours, so that whatever it is about waits,
// untouched, for the version that can read it.
func (l *Ledger) get(ctx context.Context, table, key string) (row, bool, error) {
	r, ok, err := l.rows.get(ctx, table, key)
	if err == nil && ok {
		err = r.readable()
	}
	return r, ok && err == nil, err
}

func (r row) readable() error {
	if v, err := strconv.Atoi(r.props["V"]); err == nil && v > newestSchema {
		return fault.New(fault.Refused, "row %s is of schema version %d, this program reads 1 to %d", r.key, v, newestSchema).OfClass(fault.Ours).
			Saying("a later version of the program has written rows that this one cannot read", "publish that version again, or one after it").With(CodeNewer, "publish that version again, or one after it")
	}
	return nil
}

// Now is the store's own time in whole seconds, to be compared with Intent.At: one call.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) { return l.rows.now(ctx) }

// Solution says which opportunity a solution row belongs to, as SaveSolution kept it.
func (l *Ledger) Solution(ctx context.Context, rowID string) (opportunityID string, ok bool, err error) {
	return l.value(ctx, key("s", rowID))
}

// SaveSolution keeps the opportunity of a solution row.
func (l *Ledger) SaveSolution(ctx context.Context, rowID, opportunityID string) error {
	return l.saveValue(ctx, key("s", rowID), opportunityID)
}

// Cursor gives how far a change feed was read, "" at first.
func (l *Ledger) Cursor(ctx context.Context, feed string) (string, error) {
	v, _, err := l.value(ctx, key("c", feed))
	return v, err
}

// Cursors reads all cursors in one call, for a pass that needs most of them, and gives each by its feed, as Cursor does.
func (l *Ledger) Cursors(ctx context.Context) (of func(feed string) (string, error), err error) {
	found := map[string]row{}
	err = l.rows.list(ctx, stateTable, "c|", after("c"), func(r row) bool {
		found[r.key] = r
		return true
	})
	return func(feed string) (string, error) {
		r, ok := found[key("c", feed)]
		if !ok {
			return "", nil
		}
		if err := r.readable(); err != nil {
			return "", err
		}
		return r.long("Value"), nil
	}, err
}

// SaveCursor keeps how far a change feed was read.
func (l *Ledger) SaveCursor(ctx context.Context, feed, value string) error {
	return l.saveValue(ctx, key("c", feed), value)
}

// Registration gives the webhook registration as last seen, as JSON; "" at first.
func (l *Ledger) Registration(ctx context.Context) (string, error) {
	v, _, err := l.value(ctx, key("w", "registration"))
	return v, err
}

// SaveRegistration keeps the webhook registration as last seen.
func (l *Ledger) SaveRegistration(ctx context.Context, value string) error {
	return l.saveValue(ctx, key("w", "registration"), value)
}

func (l *Ledger) value(ctx context.Context, key string) (string, bool, error) {
	r, ok, err := l.get(ctx, stateTable, key)
	if err != nil || !ok {
		return "", false, err
	}
	return r.long("Value"), true, nil
}

func (l *Ledger) saveValue(ctx context.Context, key, value string) error {
	props := map[string]string{"V": schema}
	setLong(props, "Value", value)
	_, err := l.rows.write(ctx, stateTable, op{kind: put, key: key, props: props})
	return outside(err)
}

// outside turns what the rows say among themselves into a fault.
func outside(err error) error {
	if err == errTaken || err == errStale {
		return fault.New(fault.Conflict, "the row has changed meanwhile")
	}
	return err
}
