// Package referrals reads and writes the referrals of one partner in Partner Center, as the field sheet says.
package referrals

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// Options are what a Store needs beside the sheet.
type Options struct {
	// Zone is the time zone in which people enter closing dates in Partner Center; nil is UTC.
	Zone *time.Location
	// ReasonCodes sends closing reasons as numbers, not as the portal's words: which of the two Partner
	// Center wants is not documented.
	ReasonCodes bool
	// FeedOverlap is how far before its cursor the list of changes is read again, because it shows changes
	// late; 0 is ten minutes.
	FeedOverlap time.Duration
	// Ready is called before records are read or written while the sheet waits for the CRM's metadata, from which
	// the kinds of own columns follow. Nil: nobody has any.
	Ready func(context.Context) error
	// Organization is the partner's own organisation id in Partner Center, sent as the inviter when it is known.
	Organization string
}

// Store reads and writes the referrals of one partner. It may be used by many goroutines.
type Store struct {
	api      referralAPI
	sheet    *mapping.Sheet
	glossary *mapping.Glossary
	options  Options
}

// referralAPI is the part of *partnercenter.Client that is used here.
type referralAPI interface {
	Get(ctx context.Context, id string) (partnercenter.Document, error)
	Create(ctx context.Context, body any, requestID string) (partnercenter.Document, error)
	Put(ctx context.Context, id, etag string, body []byte) (partnercenter.Document, error)
	Patch(ctx context.Context, id, etag string, ops []partnercenter.Operation) (partnercenter.Document, error)
	List(ctx context.Context, q partnercenter.Query, each func(partnercenter.Document) (more bool)) (time.Time, error)
	Briefs(ctx context.Context, q partnercenter.Query, each func(partnercenter.Brief) (more bool, err error)) (date time.Time, err error)
}

// New makes the referrals of the client's partner, as the sheet says.
func New(client *partnercenter.Client, sheet *mapping.Sheet, o Options) *Store {
	return newStore(client, sheet, o)
}

func newStore(api referralAPI, sheet *mapping.Sheet, o Options) *Store {
	if o.FeedOverlap <= 0 {
		o.FeedOverlap = defaultOverlap
	}
	return &Store{api: api, sheet: sheet, glossary: mapping.NewGlossary(o.Zone), options: o}
}

// Get reads one referral. Gone: unknown, or not readable yet.
func (s *Store) Get(ctx context.Context, id string) (cosell.Referral, error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Referral{}, err
	}
	d, err := s.api.Get(ctx, id)
	if err != nil {
		return cosell.Referral{}, err
	}
	return s.referral(d), nil
}

// Put writes the values with as few operations as will do, under the condition that r has not changed,
// and returns what Partner Center made of it. r must have been read: its document says what lists hold.
func (s *Store) Put(ctx context.Context, r cosell.Referral, values cosell.Record) (cosell.Referral, error) {
	d, ok := r.Source.(partnercenter.Document)
	if !ok {
		return cosell.Referral{}, fmt.Errorf("writing referral %s: %w", r.ID, cosell.ErrUnread)
	}
	ops, err := s.operations(d, values)
	if err != nil {
		return cosell.Referral{}, err
	}
	if len(ops) == 0 {
		return r, nil
	}
	written, err := s.api.Patch(ctx, r.ID, r.Version, ops)
	if listsRefused(ops, err) {
		written, err = s.replace(ctx, d, ops, err)
	}
	if err != nil {
		return cosell.Referral{}, s.sheet.NameByReferral(err)
	}
	return s.referral(written), nil
}

// Create sends the one POST of a draft. unknown is true when the referral may or may not exist now. Conflict: Microsoft, of which
// the draft asks for help, is in the engagement already.
func (s *Store) Create(ctx context.Context, o cosell.Opportunity, d cosell.Draft) (r cosell.Referral, unknown bool, err error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Referral{}, false, err
	}
	body, err := s.body(o, d)
	if err != nil {
		return cosell.Referral{}, false, err
	}
	doc, err := s.api.Create(ctx, body, d.RequestID)
	if err != nil {
		if d.Microsoft && fault.Of(err).Status == http.StatusConflict {
			return cosell.Referral{}, false, fault.New(fault.Conflict, "engagement %s: Microsoft was asked before: %w", d.EngagementID, err).Answered(http.StatusConflict)
		}
		return cosell.Referral{}, partnercenter.Unknown(err), s.sheet.NameByReferral(err)
	}
	return s.referral(doc), false, nil
}

// ready waits for what the sheet learns from the CRM's metadata.
func (s *Store) ready(ctx context.Context) error {
	if s.options.Ready == nil || !s.sheet.Waits() {
		return nil
	}
	return s.options.Ready(ctx)
}

// Engagement lists all referrals of an engagement, whole ones: what the list gives in part is read by id.
func (s *Store) Engagement(ctx context.Context, engagementID string) ([]cosell.Referral, error) {
	var found []partnercenter.Document
	q := partnercenter.Query{Filter: partnercenter.EqGUID("engagementId", engagementID)}
	_, err := s.api.List(ctx, q, func(d partnercenter.Document) bool {
		// A filter that the service ignores would give everything.
		if id := d.Text("/engagementId"); id == "" || strings.EqualFold(id, engagementID) {
			found = append(found, d)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	var out []cosell.Referral
	for _, d := range found {
		r, err := s.whole(ctx, d)
		if fault.Is(err, fault.Gone) || fault.ClassOf(err) == fault.Record { // listed, and not for us to read
			continue
		}
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(r.EngagementID, engagementID) {
			out = append(out, r)
		}
	}
	return out, nil
}

// FindCreated lists the partner's own referrals created since then that carry the opportunity's id. The id
// is compared here for every item: whether Partner Center can filter by it is not documented, nor is what
// direction own deals carry. Later (stale): one that names the opportunity is listed and cannot be read yet.
func (s *Store) FindCreated(ctx context.Context, opportunityID string, since time.Time) ([]cosell.Referral, error) {
	var found []partnercenter.Document
	q := partnercenter.Query{OrderBy: "createdDateTime desc"}
	_, err := s.api.List(ctx, q, func(d partnercenter.Document) bool {
		if created := timeOf(d, "/createdDateTime"); !created.IsZero() && created.Before(since) {
			return false
		}
		if id := d.Text("/externalReferenceId"); strings.EqualFold(id, opportunityID) || id == "" && d.Lacks("externalReferenceId") {
			found = append(found, d)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	var out []cosell.Referral
	for _, d := range found {
		r, err := s.whole(ctx, d)
		if fault.Is(err, fault.Gone) && strings.EqualFold(d.Text("/externalReferenceId"), opportunityID) { // a second one would be made beside it
			return nil, fault.Stale("referral %s of opportunity %s is listed and cannot be read", d.ID(), opportunityID)
		}
		if fault.Is(err, fault.Gone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !r.Microsoft && strings.EqualFold(textAt(r, "/externalReferenceId"), opportunityID) {
			out = append(out, r)
		}
	}
	return out, nil
}

// whole gives the referral of a list item, reading it by id when the item is only a part of it.
func (s *Store) whole(ctx context.Context, d partnercenter.Document) (cosell.Referral, error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Referral{}, err
	}
	if d.ETag() == "" {
		return s.Get(ctx, d.ID())
	}
	for _, member := range []string{"engagementId", "externalReferenceId", "status", "substatus", "customerProfile", "details", "team", "target", "trackingInfo"} {
		if d.Lacks(member) {
			return s.Get(ctx, d.ID())
		}
	}
	return s.referral(d), nil
}
