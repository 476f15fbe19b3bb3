package office

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Parked is a message that was set aside for a person.
type Parked struct {
	ID       string          `json:"id"`
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind"` // of fault
	Reason   string          `json:"reason"`
	Function string          `json:"function"`
	Queue    string          `json:"queue,omitempty"`
	Record   string          `json:"record,omitempty"` // kind|id
	Attempt  int             `json:"attempt"`
	Trace    string          `json:"trace,omitempty"`
	Original json.RawMessage `json:"original,omitempty"` // with ParkedShow
}

// mostParked is how many rows are read: nobody looks through more.
const mostParked = 1000

// ParkedList gives what is parked, the oldest first, without the messages themselves.
func (o *Office) ParkedList(ctx context.Context) ([]Parked, error) {
	rows, err := o.Ledger.Parked(ctx, mostParked)
	out := make([]Parked, len(rows))
	for i, r := range rows {
		out[i] = parkedOf(r)
		out[i].Original = nil
	}
	return out, err
}

// ParkedShow gives one parked message whole. Gone: it is not there.
func (o *Office) ParkedShow(ctx context.Context, id string) (Parked, error) {
	row, ok, err := o.Ledger.ParkedMessage(ctx, id)
	if err == nil && !ok {
		err = fault.New(fault.Gone, "no message is parked under the id %q", id)
	}
	return parkedOf(row), err
}

func parkedOf(r ledger.Parked) Parked {
	return Parked{ID: r.ID, At: r.At, Kind: r.Kind, Reason: r.Reason, Function: r.Function, Queue: r.Queue, Record: r.Record, Attempt: r.Attempt,
		Trace: r.Trace, Original: r.Original}
}

// ParkedReplay sends a parked message anew, as if its event had come now, and then takes the row away: a
// message twice does no harm. Invalid: what is parked is no pointer, which no replay mends.
func (o *Office) ParkedReplay(ctx context.Context, a Act, id string) error {
	row, err := o.ParkedShow(ctx, id)
	if err != nil {
		return err
	}
	p, err := queue.Decode(row.Original)
	if p.Later() {
		return fmt.Errorf("message %s cannot be replayed by this version: %w", id, err)
	}
	if err != nil {
		return fault.New(fault.Invalid, "message %s cannot be replayed, it can only be dropped: %w", id, err)
	}
	name := queue.Name(row.Queue)
	if name == "" { // parked by an older version, which did not note it
		name = queueOf(p.Kind)
	}
	if err := name.Carries(p.Kind); err != nil {
		return fault.New(fault.Invalid, "message %s cannot be replayed, it can only be dropped: %w", id, err)
	}
	p.Attempt, p.Revivals, p.Trace, p.Retry, p.First = 0, 0, "", true, time.Time{}
	if err := o.Post.Send(ctx, name, p); err != nil {
		return err
	}
	if err := o.Ledger.Unpark(ctx, id); err != nil {
		return err
	}
	o.did(ctx, a, "parked replay", "id", id, "queue", name, "kind", p.Kind, "record", p.ID)
	return nil
}

// ParkedDrop throws a parked message away. It needs a reason.
func (o *Office) ParkedDrop(ctx context.Context, a Act, id string) error {
	if err := a.reasoned("drop a message"); err != nil {
		return err
	}
	row, err := o.ParkedShow(ctx, id)
	if err != nil {
		return err
	}
	if err := o.Ledger.Unpark(ctx, id); err != nil {
		return err
	}
	o.did(ctx, a, "parked drop", "id", id, "record", row.Record, "fault", row.Kind)
	return nil
}
