package office

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// sideOf names a system as operators do.
func sideOf(p cosell.Place) string {
	switch p {
	case cosell.InPartnerCenter:
		return "Partner Center"
	case cosell.InCRM:
		return "CRM"
	}
	return ""
}

// Preview implements Desk.
func (f Flows) Preview(ctx context.Context, opportunityID, referralID string) (Preview, error) {
	now, err := f.Flow(ctx)
	if err != nil {
		return Preview{}, err
	}
	var hints []flow.Hint
	if referralID != "" && referralID != opportunityID {
		hints = append(hints, flow.Hint{Kind: "referral", ID: referralID})
	}
	r, err := now.Rehearse(ctx, append(hints, flow.Hint{Kind: "opportunity", ID: opportunityID})...)
	if fault.Is(err, fault.Gone) && referralID != "" { // its opportunity is still to be made, or the id is a referral's
		r, err = now.Rehearse(ctx, flow.Hint{Kind: "referral", ID: referralID})
	}
	if err != nil {
		return Preview{}, err
	}
	return previewOf(r), nil
}

func previewOf(r flow.Rehearsal) Preview {
	out := Preview{OpportunityID: r.Pair.OpportunityID, ReferralID: r.Pair.ReferralID, Does: does(r), Writes: []Write{}, Problems: []Held{}, Lines: r.Lines, Aside: r.Aside}
	if r.Opportunity != nil {
		out.OpportunityID, out.Name = r.Opportunity.ID, r.Opportunity.Record[cosell.Name]
	}
	if r.Referral != nil && !r.Referral.Microsoft {
		out.ReferralID = r.Referral.ID
		if out.Name == "" {
			out.Name = r.Referral.Record[cosell.Name]
		}
	}
	for _, w := range r.Writes {
		out.Writes = append(out.Writes, writes(w)...)
	}
	for _, d := range r.Differences {
		out.Differences = append(out.Differences, Difference{Field: string(d.Field), Opportunity: d.Opportunity, Referral: d.Referral,
			Wins: string(d.Wins), Goes: sideOf(d.Goes), Why: d.Why, Unexplained: d.Unexplained})
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, heldBy(p, r.Pair.OpportunityID, r.Pair.ReferralID))
	}
	if r.Waits != nil {
		out.Waits = fault.Of(r.Waits).Say
		if out.Waits == "" {
			out.Waits = r.Waits.Error()
		}
	}
	return out
}

func writes(w flow.Rehearsed) (out []Write) {
	if w.Microsoft {
		return []Write{{To: sideOf(w.Place), Field: string(cosell.Help), Value: w.Values[cosell.Help], New: true}}
	}
	for _, f := range slices.Sorted(maps.Keys(w.Values)) {
		if !f.Bookkeeping() {
			out = append(out, Write{To: sideOf(w.Place), Field: string(f), From: w.Was[f], Value: w.Values[f], New: w.ID == ""})
		}
	}
	return out
}

// does says in a word what a look would do: the weightiest.
func does(r flow.Rehearsal) string {
	values, words, closes := false, false, false
	for _, w := range r.Writes {
		if w.ID == "" {
			return Creates
		}
		status := w.Values[cosell.Status]
		closes = closes || w.Place == cosell.InPartnerCenter && cosell.ReferralClosed(status) || w.Place == cosell.InCRM && cosell.OpportunityClosed(status)
		values = values || len(writes(w)) > 0
		words = true
	}
	refused := slices.ContainsFunc(r.Problems, func(p cosell.Problem) bool { return p.Class != cosell.OfRule })
	switch {
	case closes:
		return Closes
	case values:
		return Updates
	case refused:
		return Refuses
	case len(r.Problems) > 0:
		return Holds
	case r.Waits != nil:
		return Waits
	case words:
		return Tells
	}
	return Nothing
}

// Census implements Desk.
func (f Flows) Census(ctx context.Context, since time.Time) (Census, error) {
	c, err := answerOf(ctx, f, func(now *flow.Flow) (flow.Census, error) { return now.Census(ctx, since) })
	if err != nil {
		return Census{}, err
	}
	out := Census{Paired: c.Paired, Older: c.Older, Hidden: c.Unread}
	for _, x := range c.Found {
		found := Found{Kind: x.Kind, ID: x.ID, Name: x.Name, Status: x.Status, Changed: x.Changed, Fate: string(x.Fate), Other: x.Other}
		for _, p := range x.Problems {
			found.Problems = append(found.Problems, heldBy(p, x.ID, ""))
		}
		out.Found = append(out.Found, found)
	}
	return out, nil
}

// Started implements Desk.
func (f Flows) Started(ctx context.Context) (from time.Time, begun bool, err error) {
	err = f.do(ctx, func(now *flow.Flow) error {
		from, begun, err = now.Started(ctx)
		return err
	})
	return from, begun, err
}

// Start implements Desk.
func (f Flows) Start(ctx context.Context, from time.Time) error {
	return f.do(ctx, func(now *flow.Flow) error { return now.Start(ctx, from) })
}

// TakeUp implements Desk.
func (f Flows) TakeUp(ctx context.Context, found []Found) error {
	all := make([]flow.Found, len(found))
	for i, x := range found {
		all[i] = flow.Found{Kind: x.Kind, ID: x.ID}
	}
	return f.do(ctx, func(now *flow.Flow) error { return now.TakeUp(ctx, all) })
}
