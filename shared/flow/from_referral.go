package flow

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// FromReferral follows a hint from Partner Center about the partner's referral or Microsoft's.
// Kinds: Gone, Conflict, Later, Broken, Denied, Refused (a record that is linked elsewhere).
func (f *Flow) FromReferral(ctx context.Context, referralID, reason string) error {
	return again(func() error { return f.fromReferral(ctx, referralID, reason) })
}

func (f *Flow) fromReferral(ctx context.Context, referralID, reason string) error {
	pair, known, err := f.Ledger.FindByReferral(ctx, referralID)
	if err != nil {
		return err
	}
	if known {
		return f.fromKnown(ctx, pair.OpportunityID, referralID, reason)
	}
	r, err := f.Referrals.Get(ctx, referralID)
	if err != nil {
		return err
	}
	if r.Microsoft {
		return f.fromNewMicrosoft(ctx, r)
	}
	return f.fromNew(ctx, r)
}

// fromKnown reads and compares under the pair's lock: what was read before it could be old news.
func (f *Flow) fromKnown(ctx context.Context, opportunityID, referralID, reason string) error {
	unlock, err := f.locks.lock(ctx, opportunityID)
	if err != nil {
		return err
	}
	defer unlock()
	pair, known, err := f.Ledger.Find(ctx, opportunityID)
	if err != nil || !known {
		return err
	}
	if pair.Phase == cosell.Creating {
		return f.Hints.ReferralWanted(ctx, opportunityID, reason)
	}
	if pair.Phase != cosell.Linked {
		return nil
	}
	r, err := f.Referrals.Get(ctx, referralID)
	if err != nil {
		return err
	}
	err = f.converge(ctx, work{pair: pair, referral: &r})
	if r.Microsoft || !strings.HasPrefix(reason, "related-") || err != nil && !fault.Is(err, fault.Later) {
		return err
	}
	return cmp.Or(f.askMicrosoft(ctx, r), err) // Microsoft's answer does not wait for a change that does
}

// fromNew takes up a referral that no pair names: the echo of our own POST, one that somebody linked by
// its CRM id, or a new one.
func (f *Flow) fromNew(ctx context.Context, r cosell.Referral) error {
	if id := strings.ToLower(r.Record[cosell.CRMID]); guid.MatchString(id) {
		return f.fromClaimed(ctx, r, id)
	}
	if r.Lead {
		f.Log.InfoContext(ctx, "lead left alone", "referral_id", r.ID)
		return nil
	}
	found, err := f.Opportunities.FindByReferral(ctx, r.ID)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return f.underLock(ctx, found[0].ID, func(pair cosell.Pair, known bool) error {
			return f.adopt(ctx, pair, found[0], r)
		})
	}
	if cosell.ReferralClosed(r.Record[cosell.Status]) {
		return nil
	}
	id := f.Opportunities.ID(r.ID)
	return f.underLock(ctx, id, func(pair cosell.Pair, known bool) error {
		if known {
			return nil // made by somebody else meanwhile, or deleted by a person: never again
		}
		return f.createOpportunity(ctx, id, r)
	})
}

// underLock runs do with the pair as it is once the lock is held.
func (f *Flow) underLock(ctx context.Context, opportunityID string, do func(cosell.Pair, bool) error) error {
	unlock, err := f.locks.lock(ctx, opportunityID)
	if err != nil {
		return err
	}
	defer unlock()
	pair, known, err := f.Ledger.Find(ctx, opportunityID)
	if err != nil {
		return err
	}
	if !known {
		pair = cosell.Pair{OpportunityID: opportunityID}
	}
	return do(pair, known)
}

// fromClaimed takes up a referral that names an opportunity. It is never turned into a new one, and an
// opportunity that has a referral keeps it.
func (f *Flow) fromClaimed(ctx context.Context, r cosell.Referral, opportunityID string) error {
	return f.underLock(ctx, opportunityID, func(pair cosell.Pair, known bool) error {
		switch {
		case known && pair.Phase == cosell.Ended:
			return nil
		case known && pair.ReferralID == r.ID && pair.Phase == cosell.Linked:
			return f.refound(ctx, pair, r)
		case known && pair.ReferralID != "" && pair.ReferralID != r.ID:
			f.Log.WarnContext(ctx, "referral names an opportunity that has another one", "referral_id", r.ID, "opportunity_id", opportunityID)
			return fault.New(fault.Refused, "referral %s names opportunity %s, which has referral %s", r.ID, opportunityID, pair.ReferralID).With("link.taken", "")
		}
		if intent, _, err := f.Ledger.Intent(ctx, opportunityID, ownTarget); err != nil {
			return err
		} else if intent.Sent {
			return f.echo(ctx, pair, r)
		}
		o, err := f.Opportunities.Get(ctx, opportunityID)
		if fault.Is(err, fault.Gone) {
			f.Log.InfoContext(ctx, "ignored: the referral's CRM id names no opportunity", "referral_id", r.ID)
			return nil
		}
		if err != nil {
			return err
		}
		return f.adopt(ctx, pair, o, r)
	})
}

// refound is a pair whose row that finds it by its referral was lost: saving writes it anew.
func (f *Flow) refound(ctx context.Context, pair cosell.Pair, r cosell.Referral) error {
	pair, err := f.Ledger.Save(ctx, pair)
	if err != nil {
		return err
	}
	if r, err = f.Referrals.Get(ctx, r.ID); err != nil { // what was read before the lock could be old news
		return err
	}
	return f.converge(ctx, work{pair: pair, referral: &r})
}

// echo is our own POST seen from outside before its answer was saved: the creation goes on from here.
func (f *Flow) echo(ctx context.Context, pair cosell.Pair, r cosell.Referral) error {
	pair.ReferralID, pair.EngagementID, pair.Phase, pair.Problems = r.ID, r.EngagementID, cosell.Creating, nil
	if _, err := f.Ledger.Save(ctx, pair, f.entry(ctx, r.Read, toPartnerCenter, "created", "own referral "+r.ID)); err != nil {
		return err
	}
	return f.Hints.ReferralWanted(ctx, pair.OpportunityID, "referral-created")
}

// createOpportunity makes the opportunity of a deal that was born in Partner Center.
func (f *Flow) createOpportunity(ctx context.Context, id string, r cosell.Referral) error {
	r, microsoftID, err := f.join(ctx, r)
	if err != nil {
		return err
	}
	values := cosell.Record{
		cosell.Sync: cosell.True, cosell.ReferralID: r.ID, cosell.ReferralLink: f.link(r.ID),
		cosell.Status: cosell.StatusFor(r.Record[cosell.Status]),
		cosell.Audit:  cosell.AuditLine(r.Read, toCRM, "created from referral "+r.ID+", sync success", shortTrace(ctx)),
	}
	if f.Settings.CheckMark {
		values[cosell.Mark] = cosell.MarkOK
	}
	for _, rule := range f.Rules {
		if rule.Way == cosell.Read || rule.Door == cosell.Lifecycle {
			continue
		}
		for field, v := range r.Record {
			if list, _, member := field.List(); (field == rule.Field && !rule.List || member && list == rule.Field) && v != "" {
				values[field] = v
				if rule.ToOpportunity != nil {
					values[field] = rule.ToOpportunity(v)
				}
			}
		}
	}
	o, err := f.Opportunities.Create(ctx, id, r, values)
	if err != nil {
		return err
	}
	pair := cosell.Pair{OpportunityID: id, MicrosoftID: microsoftID,
		Base: cosell.Base{Referral: cosell.Remember(r.Record), Opportunity: cosell.Remember(o.Record)}}
	return f.adopt(ctx, pair, o, r, f.entry(ctx, o.Read, toCRM, "created", "opportunity "+id))
}

// join adds to the own referral what only Microsoft's says (help, Microsoft's answer), and names it.
func (f *Flow) join(ctx context.Context, r cosell.Referral) (cosell.Referral, string, error) {
	if r.Record[cosell.Visibility] != cosell.True || r.EngagementID == "" {
		return r, "", nil
	}
	all, err := f.Referrals.Engagement(ctx, r.EngagementID)
	if err != nil {
		return r, "", err
	}
	i := slices.IndexFunc(all, func(m cosell.Referral) bool { return m.Microsoft })
	if i < 0 {
		return r, "", nil
	}
	return with(r, all[i].Record), all[i].ID, nil
}

// with copies what the own referral does not say itself.
func with(r cosell.Referral, microsoft cosell.Record) cosell.Referral {
	r.Record = r.Record.Clone()
	for field, v := range microsoft {
		if _, ok := r.Record[field]; !ok {
			r.Record[field] = v
		}
	}
	return r
}

// adopt links two records that exist: each gets the other's id where it is missing. What both hold is the
// base; where they differ nobody can tell which is right, so it is shown and left alone.
func (f *Flow) adopt(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, r cosell.Referral, entries ...cosell.Entry) error {
	w := work{pair: pair, referral: &r, opportunity: &o, entries: entries}
	return f.noted(ctx, &w, f.adoptBoth(ctx, &w))
}

func (f *Flow) adoptBoth(ctx context.Context, w *work) error {
	o, r := *w.opportunity, *w.referral
	if other := w.pair.ReferralID; other != "" && other != r.ID {
		return fault.New(fault.Refused, "opportunity %s is linked with referral %s, not %s", o.ID, other, r.ID).With("link.taken", "")
	}
	if other := o.Record[cosell.ReferralID]; other != "" && other != r.ID {
		return fault.New(fault.Refused, "opportunity %s names referral %s, not %s", o.ID, other, r.ID).With("link.taken", "")
	}
	w.pair.ReferralID, w.pair.EngagementID, w.pair.Phase = r.ID, r.EngagementID, cosell.Linked
	if w.pair.MicrosoftID == "" && w.pair.Base.Referral == nil { // who comes with a base has asked already
		joined, microsoftID, err := f.join(ctx, r)
		if err != nil {
			return err
		}
		w.referral, w.pair.MicrosoftID = &joined, microsoftID
	}
	if err := f.claim(ctx, w); err != nil {
		return err
	}
	if o.Record[cosell.ReferralID] == "" {
		written, _, err := f.linkBack(ctx, o, *w.referral, nil)
		if err != nil {
			return err
		}
		w.opportunity = &written
		w.entries = append(w.entries, f.entry(ctx, written.Read, toCRM, "linked", "referral "+r.ID))
	}
	return f.round(ctx, w)
}

// claim writes the opportunity's id onto the referral, unless the referral is closed.
func (f *Flow) claim(ctx context.Context, w *work) error {
	r := *w.referral
	if strings.EqualFold(r.Record[cosell.CRMID], w.opportunity.ID) || cosell.ReferralClosed(r.Record[cosell.Status]) {
		return nil
	}
	claimed, err := f.Referrals.Put(ctx, r, cosell.Record{cosell.CRMID: w.opportunity.ID})
	if fault.Is(err, fault.Refused) {
		w.entries = append(w.entries, f.entry(ctx, r.Read, toPartnerCenter, "refused", err.Error(), cosell.CRMID))
		return nil
	}
	if err != nil {
		return err
	}
	claimed = with(claimed, r.Record)
	w.referral = &claimed
	w.entries = append(w.entries, f.entry(ctx, claimed.Read, toPartnerCenter, "linked", "opportunity "+w.opportunity.ID, cosell.CRMID))
	return nil
}

// relink restores a pair that the ledger has lost from the identity that both systems carry.
func (f *Flow) relink(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, referralID string) error {
	r, err := f.Referrals.Get(ctx, referralID)
	if err != nil {
		return err
	}
	if id := r.Record[cosell.CRMID]; id != "" && !strings.EqualFold(id, o.ID) {
		return fault.New(fault.Refused, "referral %s names opportunity %s, not %s", r.ID, id, o.ID).With("link.taken", "")
	}
	return f.adopt(ctx, pair, o, r)
}
