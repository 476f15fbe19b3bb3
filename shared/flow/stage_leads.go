package flow

import (
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// stagedLeads is stagedOpportunities for the leads of CRM.
type stagedLeads struct {
	stagedOpportunities
	leads Leads
}

// Qualify gives an opportunity that exists on the stage only, and a lead that is qualified there.
func (l stagedLeads) Qualify(ctx context.Context, lead cosell.Opportunity, told cosell.Record, id string, r cosell.Referral, values cosell.Record) (cosell.Opportunity, error) {
	asked := lead
	asked.Version = l.s.real(lead.Side)
	if made, err := l.leads.Qualify(ctx, asked, told, id, r, values); !sent(err) {
		return made, err
	}
	made := cosell.Opportunity{Side: cosell.Side{ID: id, Version: l.s.version(), Modified: r.Read, Read: r.Read, Record: values.Clone()}, Untouched: true, LeadID: lead.ID}
	l.s.lines = append(l.s.lines, newLines(values[cosell.Audit], "")...)
	l.s.writes = append(l.s.writes, Rehearsed{Place: cosell.InCRM, Values: values.Clone()})
	l.s.opportunities[strings.ToLower(id)], l.s.made[strings.ToLower(id)] = made, true
	closed := lead
	closed.Record, closed.Version = laid(laid(lead.Record, told), cosell.Record{cosell.Status: cosell.Open}), l.s.version()
	l.s.was[closed.Version] = asked.Version
	l.s.opportunities[strings.ToLower(lead.ID)] = closed
	return made, nil
}

// Move keeps both pairs on the stage.
func (l stagedLedger) Move(_ context.Context, from, to cosell.Pair, _ ...cosell.Entry) (cosell.Pair, error) {
	if _, err := l.keep(from.Left(to.OpportunityID)); err != nil {
		return to, err
	}
	return l.keep(to)
}

// OpportunityChanged keeps a hint about a pair that has just moved: that is where its story goes on.
func (h stagedHints) OpportunityChanged(_ context.Context, changed Hint) error {
	if p, on := h.s.pairs[changed.ID]; on && p.Phase != cosell.Ended && p.Sheet == "" {
		h.s.hints = append(h.s.hints, changed)
	}
	return nil
}
