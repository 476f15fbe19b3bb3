package flow

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// watchedReferrals and watchedOpportunities notice how reads of single records end, refuse those that come too early
// (Later), and look behind what writes of them are answered.
type watchedReferrals struct {
	Referrals
	f *Flow
}

func (w watchedReferrals) Get(ctx context.Context, id string) (cosell.Referral, error) {
	r, err := w.Referrals.Get(ctx, id)
	w.f.outages.answered(cosell.InPartnerCenter, w.f.Now(), err)
	return r, cmp.Or(err, w.f.behind(ctx, r.Side))
}

// FindCreated shows that Partner Center is there, too: a deal whose POST stays unknown reads no referral.
func (w watchedReferrals) FindCreated(ctx context.Context, opportunityID string, since time.Time) ([]cosell.Referral, error) {
	found, err := w.Referrals.FindCreated(ctx, opportunityID, since)
	w.f.outages.answered(cosell.InPartnerCenter, w.f.Now(), err)
	return found, err
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
	w.f.outages.answered(cosell.InCRM, w.f.Now(), err)
	return o, cmp.Or(err, w.f.behind(ctx, o.Side), w.f.childBehind(ctx, o))
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
