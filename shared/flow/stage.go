package flow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// stagedReferrals reads Partner Center, and keeps on the stage what would be written there.
type stagedReferrals struct {
	Referrals
	s *stage
}

// Get gives what would be there.
func (r stagedReferrals) Get(ctx context.Context, id string) (cosell.Referral, error) {
	if on, ok := r.s.referrals[strings.ToLower(id)]; ok {
		return on, nil
	}
	got, err := r.Referrals.Get(ctx, id)
	if err != nil {
		return got, err
	}
	if r.s.referral == nil {
		r.s.referral = &got
	}
	r.s.readReferrals[strings.ToLower(id)] = got
	r.s.referrals[strings.ToLower(id)] = got // one look at it: so everything is decided by the same
	return got, nil
}

// Put does everything but sending. Conflict: as in earnest, the record is not as r has it.
func (r stagedReferrals) Put(ctx context.Context, old cosell.Referral, values cosell.Record) (cosell.Referral, error) {
	now, err := r.Get(ctx, old.ID)
	if err != nil {
		return old, err
	}
	if now.Version != old.Version {
		return old, fault.New(fault.Conflict, "referral %s was changed since it was read", old.ID)
	}
	if !isStaged(old.ID) {
		old.Version = r.s.real(old.Side)
		if _, err := r.Referrals.Put(ctx, old, values); !sent(err) {
			return old, err
		}
		r.s.wrote(cosell.InPartnerCenter, old.ID, values, now.Record)
	}
	next := now
	next.Record, next.Version = laid(now.Record, values), r.s.version()
	r.s.was[next.Version] = old.Version
	r.s.referrals[strings.ToLower(old.ID)] = next
	return next, nil
}

// Create gives a referral that exists on the stage only.
func (r stagedReferrals) Create(ctx context.Context, o cosell.Opportunity, d cosell.Draft) (cosell.Referral, bool, error) {
	if made, unknown, err := r.Referrals.Create(ctx, o, d); !sent(err) {
		return made, unknown, err
	}
	id := stagedID(len(r.s.referrals))
	made := cosell.Referral{EngagementID: d.EngagementID, Microsoft: d.Microsoft, CreatedAt: o.Read,
		Side: cosell.Side{ID: id, Version: r.s.version(), Modified: o.Read, Read: o.Read, Record: laid(d.Values, cosell.Record{cosell.CRMID: o.ID, cosell.Status: cosell.Accepted})}}
	if d.Microsoft {
		made.Record = cosell.Record{cosell.Help: d.Help}
	}
	if made.EngagementID == "" {
		made.EngagementID = stagedID(0)
	}
	r.s.writes = append(r.s.writes, Rehearsed{Place: cosell.InPartnerCenter, Microsoft: d.Microsoft, Values: d.Values.Clone()})
	r.s.referrals[id] = made
	return made, false, nil
}

// Register is shown as a write of the values.
func (r stagedReferrals) Register(_ context.Context, old cosell.Referral, values cosell.Record) (string, bool, error) {
	r.s.wrote(cosell.InPartnerCenter, old.ID, values, cosell.Record{})
	return "ReviewPending", true, nil
}

// Engagement asks nothing about one that exists on the stage only.
func (r stagedReferrals) Engagement(ctx context.Context, engagementID string) (out []cosell.Referral, err error) {
	if !isStaged(engagementID) {
		out, err = r.Referrals.Engagement(ctx, engagementID)
	}
	for id, on := range r.s.referrals {
		if on.EngagementID == engagementID && isStaged(id) {
			out = append(out, on)
		}
	}
	return out, err
}

// stagedID is the id of a record that exists on the stage only: in the form of one, and no id of anything.
func stagedID(n int) string { return fmt.Sprintf("%s%012d", stagedForm, n) }

func isStaged(id string) bool { return strings.HasPrefix(id, stagedForm) }

const stagedForm = "ffffffff-ffff-4fff-bfff-"

// stagedOpportunities is the same for CRM.
type stagedOpportunities struct {
	Opportunities
	s *stage
}

// Get gives what would be there.
func (o stagedOpportunities) Get(ctx context.Context, id string) (cosell.Opportunity, error) {
	if on, ok := o.s.opportunities[strings.ToLower(id)]; ok {
		return on, nil
	}
	got, err := o.Opportunities.Get(ctx, id)
	if err != nil {
		return got, err
	}
	if o.s.opportunity == nil {
		o.s.opportunity = &got
	}
	o.s.readOpportunities[strings.ToLower(id)] = got
	o.s.opportunities[strings.ToLower(id)] = got
	return got, nil
}

// FindByReferral finds what is there, too: it may be what the rehearsal is about.
func (o stagedOpportunities) FindByReferral(ctx context.Context, referralID string) ([]cosell.Opportunity, error) {
	found, err := o.Opportunities.FindByReferral(ctx, referralID)
	if len(found) > 0 && o.s.opportunity == nil {
		o.s.opportunity = &found[0]
	}
	return found, err
}

// Emptied asks nothing about a row that exists on the stage only.
func (o stagedOpportunities) Emptied(ctx context.Context, row cosell.Opportunity) (cosell.Opportunity, error) {
	if staged(row.Side) {
		return row, nil
	}
	return o.Opportunities.Emptied(ctx, row)
}

// Put does everything but sending. Conflict: as in earnest, the row is not as old has it.
func (o stagedOpportunities) Put(ctx context.Context, old cosell.Opportunity, values cosell.Record) (cosell.Opportunity, error) {
	now, err := o.Get(ctx, old.ID)
	if err != nil {
		return old, err
	}
	if now.Version != old.Version {
		return old, fault.New(fault.Conflict, "opportunity %s was changed since it was read", old.ID)
	}
	if !o.s.made[strings.ToLower(old.ID)] {
		old.Version = o.s.real(old.Side)
		if _, err := o.Opportunities.Put(ctx, old, values); !sent(err) {
			return old, err
		}
		o.s.wrote(cosell.InCRM, old.ID, values, now.Record)
	} else {
		o.s.lines = append(o.s.lines, newLines(values[cosell.Audit], now.Record[cosell.Audit])...)
	}
	next := now
	next.Record, next.Version = laid(now.Record, values), o.s.version()
	o.s.was[next.Version] = old.Version
	o.s.opportunities[strings.ToLower(old.ID)] = next
	return next, nil
}

// Create gives an opportunity that exists on the stage only; what CRM would be asked for it was asked.
func (o stagedOpportunities) Create(ctx context.Context, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	if made, err := o.Opportunities.Create(ctx, id, r, values); !sent(err) {
		return made, err
	}
	made := cosell.Opportunity{Side: cosell.Side{ID: id, Version: o.s.version(), Modified: r.Read, Read: r.Read, Record: values.Clone()}, Untouched: true}
	o.s.lines = append(o.s.lines, newLines(values[cosell.Audit], "")...)
	o.s.writes = append(o.s.writes, Rehearsed{Place: cosell.InCRM, Values: values.Clone()})
	o.s.opportunities[strings.ToLower(id)], o.s.made[strings.ToLower(id)] = made, true
	return made, nil
}

// Introduce leaves an opportunity as it is.
func (o stagedOpportunities) Introduce(ctx context.Context, deal cosell.Opportunity, r cosell.Referral) (cosell.Opportunity, error) {
	with, err := o.Opportunities.Introduce(ctx, deal, r)
	if sent(err) {
		return deal, nil
	}
	return with, err
}

// stagedLedger remembers on the stage.
type stagedLedger struct {
	Ledger
	s *stage
}

func (l stagedLedger) Find(ctx context.Context, opportunityID string) (cosell.Pair, bool, error) {
	if p, on := l.s.pairs[opportunityID]; on {
		return p, true, nil
	}
	return l.Ledger.Find(ctx, opportunityID)
}

func (l stagedLedger) FindByReferral(ctx context.Context, referralID string) (cosell.Pair, bool, error) {
	for _, p := range l.s.pairs {
		if strings.EqualFold(p.ReferralID, referralID) || strings.EqualFold(p.MicrosoftID, referralID) {
			return p, true, nil
		}
	}
	return l.Ledger.FindByReferral(ctx, referralID)
}

func (l stagedLedger) FindByEngagement(ctx context.Context, engagementID string) (cosell.Pair, bool, error) {
	for _, p := range l.s.pairs {
		if strings.EqualFold(p.EngagementID, engagementID) {
			return p, true, nil
		}
	}
	return l.Ledger.FindByEngagement(ctx, engagementID)
}

func (l stagedLedger) keep(p cosell.Pair) (cosell.Pair, error) {
	p.Version = l.s.version()
	l.s.pairs[p.OpportunityID] = p
	return p, nil
}

func (l stagedLedger) Save(_ context.Context, p cosell.Pair, _ ...cosell.Entry) (cosell.Pair, error) {
	return l.keep(p)
}

func (l stagedLedger) Heal(_ context.Context, p cosell.Pair) (cosell.Pair, error) { return l.keep(p) }
func (l stagedLedger) Mark(_ context.Context, p cosell.Pair) (cosell.Pair, error) { return l.keep(p) }

func (l stagedLedger) Note(context.Context, string, ...cosell.Entry) error { return nil }

func (l stagedLedger) Intent(ctx context.Context, opportunityID, target string) (cosell.Intent, bool, error) {
	if i, on := l.s.intents[opportunityID+"|"+target]; on {
		return i, true, nil
	}
	return l.Ledger.Intent(ctx, opportunityID, target)
}

func (l stagedLedger) PutIntent(_ context.Context, i cosell.Intent) (cosell.Intent, error) {
	i.Version = l.s.version()
	l.s.intents[i.OpportunityID+"|"+i.Target] = i
	return i, nil
}

func (l stagedLedger) DropIntent(context.Context, cosell.Intent) error          { return nil }
func (l stagedLedger) SaveSolution(context.Context, string, string) error       { return nil }
func (l stagedLedger) SaveCursor(context.Context, string, string) error         { return nil }
func (l stagedLedger) SaveBrake(context.Context, cosell.Brake) error            { return nil }
func (l stagedLedger) Due(context.Context, time.Time) (ids []string, err error) { return nil, nil }

// stagedHints keeps what would be handed to another function; a second look at the same record follows by itself.
type stagedHints struct{ s *stage }

func (stagedHints) ReferralChanged(context.Context, Hint) error  { return nil }
func (stagedHints) SolutionsChanged(context.Context, Hint) error { return nil }

func (h stagedHints) Changed(ctx context.Context, hints []Hint) error {
	for _, changed := range hints {
		_ = h.OpportunityChanged(ctx, changed)
	}
	return nil
}

func (h stagedHints) ReferralWanted(_ context.Context, wanted Hint) error {
	wanted.Kind = wantedKind
	h.s.hints = append([]Hint{wanted}, h.s.hints...)
	return nil
}
