package flow

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// weather is when each system last answered well, whoever asked. It tells a record's own trouble from the
// outage of a whole side, about which no record is written to.
type weather struct {
	mu   sync.Mutex
	good map[cosell.Place]time.Time
}

// fairFor is how long a good answer speaks for a system.
const fairFor = time.Minute

func (w *weather) answered(place cosell.Place, at time.Time, err error) {
	if err != nil && !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Refused) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.good == nil {
		w.good = map[cosell.Place]time.Time{}
	}
	w.good[place] = at
}

func (w *weather) fair(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, place := range []cosell.Place{cosell.InPartnerCenter, cosell.InCRM} {
		if now.Sub(w.good[place]) > fairFor {
			return false
		}
	}
	return true
}

// longWait is after how long a seller sees that a change could not cross.
const longWait = 2 * time.Minute

// waited shows on the record that a change of its own could not cross for long, once; it clears with the
// first success. An outage of a whole side is health's business.
func (f *Flow) waited(ctx context.Context, opportunityID string, h Hint, cause error) {
	kind := fault.KindOf(cause)
	own := kind == fault.Broken || kind == fault.Conflict || kind == fault.Later && !fault.ByRule(cause)
	if cause == nil || !own || h.Seen.IsZero() || f.Now().Sub(h.Seen) < longWait || !f.weather.fair(f.Now()) {
		return
	}
	pair, known, err := f.Ledger.Find(ctx, opportunityID)
	p := cosell.Problem{Code: "waiting", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRecord,
		Text: "a change has been waiting since " + h.Seen.UTC().Format("15:04") + " UTC: it is tried again by itself", Mend: "nothing to do"}
	if err != nil || !known || pair.Phase != cosell.Linked && pair.Phase != cosell.Creating || pair.Holds(p.Code) {
		return
	}
	if err := f.tellStanding(ctx, pair, p); err != nil {
		f.Log.InfoContext(ctx, "the record does not show yet that it waits", "opportunity_id", opportunityID, fault.Attr(err))
	}
}

// watchedReferrals and watchedOpportunities notice how reads and writes of single records end.
type watchedReferrals struct {
	Referrals
	f *Flow
}

func (w watchedReferrals) Get(ctx context.Context, id string) (cosell.Referral, error) {
	r, err := w.Referrals.Get(ctx, id)
	w.f.weather.answered(cosell.InPartnerCenter, w.f.Now(), err)
	return r, err
}

// Put takes a "gone", or a "conflict", of a referral that is there as it was for what it is: a no.
func (w watchedReferrals) Put(ctx context.Context, r cosell.Referral, values cosell.Record) (cosell.Referral, error) {
	written, err := w.Referrals.Put(ctx, r, values)
	return written, unmasked(err, r.Version, func() (string, error) {
		now, err := w.Get(ctx, r.ID)
		return now.Version, err
	})
}

type watchedOpportunities struct {
	Opportunities
	f *Flow
}

func (w watchedOpportunities) Get(ctx context.Context, id string) (cosell.Opportunity, error) {
	o, err := w.Opportunities.Get(ctx, id)
	w.f.weather.answered(cosell.InCRM, w.f.Now(), err)
	return o, err
}

// Put is the same for CRM.
func (w watchedOpportunities) Put(ctx context.Context, o cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	written, err := w.Opportunities.Put(ctx, o, values)
	return written, unmasked(err, o.Version, func() (string, error) {
		now, err := w.Get(ctx, o.ID)
		return now.Version, err
	})
}

// unmasked looks behind an answer to a write that says the record is gone, or that somebody was faster (409;
// a 412 is always that), by reading it. A record that is there as it was refused the write: rules of an
// organisation choose their status as they like. Believed, the one would end the work with nothing told, the
// other would repeat it for days. Read with another version, somebody was faster.
func unmasked(err error, version string, read func() (string, error)) error {
	e := fault.Of(err)
	gone := fault.Is(err, fault.Gone)
	if !gone && (!fault.Is(err, fault.Conflict) || e.Status != http.StatusConflict) || e.Maybe {
		return err
	}
	now, readErr := read()
	switch {
	case readErr != nil:
		return err
	case now == version:
		return fault.New(fault.Refused, "the record is there, and as it was: %w", err).Answered(e.Status).With(e.Code, "").
			Saying("", "correct the value, or ask an administrator of the system that refused it").Quoting(e.Theirs).At(e.Field).Naming(e.Target)
	case gone:
		return fault.New(fault.Conflict, "the record is there, and changed: %w", err)
	}
	return err
}
