package referrals

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// Open lists the partner's own referrals that are not closed, of any age: as the lists show them, which may be in
// part, and with no version to write against.
func (s *Store) Open(ctx context.Context) (out []cosell.Referral, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	open, err := s.openReading(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range open.docs {
		r := s.referral(d)
		if d.Lacks("externalReferenceId") || d.Lacks("organizationId") && d.Lacks("target") { // decides what becomes of it, or whose it is
			if r, err = s.Get(ctx, d.ID()); fault.Is(err, fault.Gone) || fault.ClassOf(err) == fault.Record {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if !r.Microsoft && !cosell.ReferralClosed(r.Record[cosell.Status]) {
			out = append(out, r)
		}
	}
	return out, nil
}

// reading is a list as it was read, with so many items that cannot be used.
type reading struct {
	docs []partnercenter.Document
	left int
}

// openReading asks for the two states that are no end. Whether the filter is known is not certain: when it is
// refused, everything is listed.
func (s *Store) openReading(ctx context.Context) (out reading, err error) {
	take := func(d partnercenter.Document) bool {
		status, _ := mapping.StatusFromReferral(d.Text("/status"), d.Text("/substatus"))
		if !cosell.ReferralClosed(status) {
			out.docs = append(out.docs, d)
		}
		return true
	}
	left := func(n int) { out.left += n }
	for _, status := range []string{"New", "Active"} {
		_, err = s.api.List(ctx, partnercenter.Query{Filter: partnercenter.Eq("status", status), Left: left}, take)
		if fault.Is(err, fault.Refused) {
			out = reading{}
			_, err = s.api.List(ctx, partnercenter.Query{Left: left}, take)
			return out, err
		}
		if err != nil {
			return reading{}, err
		}
	}
	return out, nil
}
