package office

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Held is something that one side did not take, or that waits for a person.
type Held struct {
	ID            string     `json:"id"` // names this row to HeldShow, HeldRetry and HeldDrop
	OpportunityID string     `json:"opportunity"`
	ReferralID    string     `json:"referral,omitempty"`
	Place         string     `json:"place"` // the side that does not hold it
	Field         string     `json:"field"` // * for the whole record
	Class         string     `json:"class"` // ours, record or rule
	Code          string     `json:"code"`
	Text          string     `json:"text"`
	Mend          string     `json:"mend,omitempty"`
	Since         time.Time  `json:"since"`
	Next          *time.Time `json:"next,omitempty"` // when it is tried again; absent: when something changes
	Attempts      int        `json:"attempts"`
}

// HeldID is the name of a row.
func HeldID(opportunityID, place, field, code string) string {
	return strings.Join([]string{opportunityID, place, field, code}, "/")
}

func (o *Office) held(ctx context.Context) ([]Held, error) {
	out := []Held{}
	err := o.Book.Rows(ctx, func(h Held) bool {
		out = append(out, h)
		return true
	})
	slices.SortFunc(out, func(a, b Held) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

// HeldList gives everything that is held, the oldest first.
func (o *Office) HeldList(ctx context.Context) ([]Held, error) { return o.held(ctx) }

// HeldShow gives the rows of an id: of one row, or of an opportunity or referral. Gone: nothing is held
// under it.
func (o *Office) HeldShow(ctx context.Context, id string) ([]Held, error) {
	all, err := o.held(ctx)
	if err != nil {
		return nil, err
	}
	found := ofPair(all, func(h Held) bool {
		return id != "" && (strings.EqualFold(h.ID, id) || strings.EqualFold(h.OpportunityID, id) || strings.EqualFold(h.ReferralID, id))
	})
	if len(found) == 0 {
		return nil, fault.New(fault.Gone, "nothing is held under the id %q", id)
	}
	return found, nil
}

// HeldRetry has the rows of an id tried again now.
func (o *Office) HeldRetry(ctx context.Context, a Act, id string) ([]Held, error) {
	rows, err := o.HeldShow(ctx, id)
	if err != nil {
		return nil, err
	}
	for i, h := range rows {
		if i > 0 && h.OpportunityID == rows[i-1].OpportunityID {
			continue // one look tries all that a pair holds
		}
		if err := o.look(ctx, h.OpportunityID, h.ReferralID); err != nil {
			return nil, err
		}
		o.did(ctx, a, "held retry", "id", h.ID)
	}
	return rows, nil
}

// HeldDrop forgets the rows of an id: the value is not tried again until it changes. It needs a reason.
func (o *Office) HeldDrop(ctx context.Context, a Act, id string) ([]Held, error) {
	if err := a.reasoned("forget what is held"); err != nil {
		return nil, err
	}
	rows, err := o.HeldShow(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, h := range rows {
		if err := o.Book.Drop(ctx, h); err != nil {
			return nil, err
		}
		o.did(ctx, a, "held drop", "id", h.ID, "class", h.Class, "code", h.Code)
	}
	return rows, nil
}

func pointerTo(kind, id, why string) queue.Pointer {
	return queue.Pointer{Kind: kind, ID: id, Why: why, Retry: true, Late: true}
}

// queueOf is the first queue that carries the kind.
func queueOf(kind string) queue.Name {
	for _, q := range queue.All() {
		if slices.Contains(q.Kinds, kind) {
			return q.Name
		}
	}
	return ""
}
