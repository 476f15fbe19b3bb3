package post

import (
	"context"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// unknownToOlder is how versions before this one say that they park a message only because they do not know its format,
// or the kind of its record. This one lets such a message wait.
var unknownToOlder = [...]string{" does not belong on ", "pointer has version "}

// mostTakenBack is how many messages one pass sends again.
const mostTakenBack = 200

// TakeBack sends again what an older version, beside this one or before it, has parked because it did not know it, and
// takes the rows away. Whatever else was parked stays for a person, and stands before none of these.
func (o *Post) TakeBack(ctx context.Context) error {
	rows, err := o.Parked.ParkedThat(ctx, mostTakenBack, func(row ledger.Parked) bool {
		_, ours := o.parkedUnknown(row)
		return ours
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		p, _ := o.parkedUnknown(row)
		p.Late = true
		if err := o.Sender.Send(ctx, queue.Message{Queue: queue.Name(row.Queue), Session: row.Session, Pointer: p}); err != nil {
			return err
		}
		if err := o.Parked.Unpark(ctx, row.ID); err != nil { // then it comes twice, which does no harm
			return err
		}
		o.Log.WarnContext(ctx, "message that an older version had parked is sent again", "queue", row.Queue, "kind", p.Kind, "id", p.ID)
	}
	return nil
}

// parkedUnknown says whether the message was parked for being unknown, and this version knows it.
func (o *Post) parkedUnknown(row ledger.Parked) (queue.Pointer, bool) {
	says := func(part string) bool { return strings.Contains(row.Reason, part) }
	if row.Kind != fault.Invalid.String() || !slices.ContainsFunc(unknownToOlder[:], says) {
		return queue.Pointer{}, false
	}
	p, err := queue.Decode(row.Original)
	return p, err == nil && p.Tenant == o.Tenant && queue.Name(row.Queue).Carries(p.Kind) == nil
}
