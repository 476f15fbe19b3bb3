package flow

import (
	"context"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// outages is when each system last answered well, whoever asked. It tells a record's own trouble from the
// outage of a whole side, about which no record is written to.
type outages struct {
	mu   sync.Mutex
	good map[cosell.Place]time.Time
}

// goodFor is how long a good answer speaks for a system.
const goodFor = time.Minute

func (o *outages) answered(place cosell.Place, at time.Time, err error) {
	if err != nil && !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Refused) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.good == nil {
		o.good = map[cosell.Place]time.Time{}
	}
	o.good[place] = at
}

func (o *outages) none(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, place := range []cosell.Place{cosell.InPartnerCenter, cosell.InCRM} {
		if now.Sub(o.good[place]) > goodFor {
			return false
		}
	}
	return true
}

// longWait is after how long a seller sees that a change could not cross.
const longWait = 2 * time.Minute

// waited shows on the record that a change of its own could not cross for long, once; it clears with the
// first success. An outage of a whole side is health's business, and so is a system that shows old copies: a
// write of ours would begin its waiting anew. The lock of the opportunity is not held by the caller.
func (f *Flow) waited(ctx context.Context, opportunityID string, h Hint, cause error) {
	kind := fault.KindOf(cause)
	own := kind == fault.Broken || kind == fault.Conflict || kind == fault.Later && !fault.ByRule(cause)
	if cause == nil || !own || h.Seen.IsZero() || f.Now().Sub(h.Seen) < longWait || !f.outages.none(f.Now()) || fault.Of(cause).Code == fault.CodeStale {
		return
	}
	p := cosell.Problem{Code: "waiting", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRecord,
		Text: "a change has been waiting since " + h.Seen.UTC().Format("15:04") + " UTC: it is tried again by itself", Mend: "nothing to do"}
	err := f.underLock(ctx, opportunityID, func(pair cosell.Pair, known bool) error {
		if !known {
			if begun, err := f.begun(ctx, opportunityID); err != nil || !begun {
				return err
			}
			pair.Phase = cosell.Creating
		}
		if pair.Phase != cosell.Linked && pair.Phase != cosell.Creating || pair.Holds(p.Code) {
			return nil
		}
		return f.of(pair).tellStanding(ctx, pair, p)
	})
	if err != nil {
		f.Log.InfoContext(ctx, "the record does not show yet that it waits", "opportunity_id", opportunityID, fault.Attr(err))
	}
}

// begun says whether the referral of an opportunity that is in no pair yet was begun to be made: it waits like one that is in a pair.
func (f *Flow) begun(ctx context.Context, opportunityID string) (bool, error) {
	_, begun, err := f.Ledger.Intent(ctx, opportunityID, ownTarget)
	return begun, err
}
