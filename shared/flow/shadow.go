package flow

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// In shadow mode every hint is rehearsed, beside whatever keeps the two systems in step in earnest, and the log says
// what would have been done: which records and fields, no values; the daily report has the last of each record. Cursors
// of the feeds have names of their own, so that the first pass in earnest reads everything.

// shadowed rehearses a hint in place of following it.
func (f *Flow) shadowed(ctx context.Context, h Hint) error {
	r, err := f.Rehearse(ctx, h)
	if err != nil {
		return err
	}
	would, codes := []string{}, []string{}
	kept := cosell.Shadowed{OpportunityID: cmp.Or(r.Pair.OpportunityID, h.ID), At: f.Now()}
	for _, w := range r.Writes {
		what := "change "
		if w.ID == "" {
			what = "create "
		}
		would = append(would, what+string(w.Place)+": "+fieldsOfChanges(w.Values))
		values := maps.Clone(w.Values)
		maps.DeleteFunc(values, func(field cosell.Field, _ string) bool { return field.Bookkeeping() })
		if w.ID == "" || len(values) > 0 {
			kept.Would = append(kept.Would, what+string(w.Place)+": "+fieldsOfChanges(values))
		}
	}
	for _, p := range r.Problems {
		codes = append(codes, p.Code)
	}
	f.Log.InfoContext(ctx, "shadow", "opportunity_id", r.Pair.OpportunityID, "referral_id", r.Pair.ReferralID, "would", would, "problems", codes, "waits", r.Waits != nil)
	switch kept.Problems = codes; {
	case r.Referral != nil && r.Referral.Microsoft:
		kept.ReferralID = r.Pair.ReferralID // the deal is known by the partner's
	case r.Referral != nil:
		kept.ReferralID = r.Referral.ID
	}
	if err := f.Ledger.SaveShadowed(ctx, kept); err != nil {
		return err
	}
	return f.watch(ctx, r)
}

// watch remembers what a look has found of a pair that another system keeps in step. Without it each look would be the
// first one, which leaves what differs as it is, and no edit would ever be seen.
func (f *Flow) watch(ctx context.Context, r Rehearsal) error {
	p := r.Pair
	if p.Phase != cosell.Linked || r.Opportunity == nil || r.Referral == nil || isStaged(p.ReferralID) || !strings.EqualFold(r.Opportunity.ID, p.OpportunityID) {
		return nil
	}
	var written []cosell.Field
	for _, w := range r.Writes {
		if w.ID == "" && !w.Microsoft {
			return nil // it would make a record, which whoever works in earnest makes
		}
		written = slices.AppendSeq(written, maps.Keys(w.Values))
		if w.Microsoft {
			written = append(written, cosell.Help)
		}
	}
	invited := p.MicrosoftID
	if isStaged(invited) {
		invited = ""
	}
	return f.Ledger.SaveWatched(ctx, p.Watched(r.before, written, invited))
}

func fieldsOfChanges(values cosell.Record) string {
	var names []string
	for _, field := range slices.Sorted(maps.Keys(values)) {
		if list, _, member := field.List(); member {
			field = list // a member's key may be somebody's e-mail
		}
		names = append(names, string(field))
	}
	return strings.Join(slices.Compact(names), " ")
}

// inShadow says whether a hint is to be rehearsed.
func (f *Flow) inShadow(ctx context.Context) bool { return f.Settings.Shadow && !fault.Rehearsing(ctx) }

// earnest refuses what a person asks for in shadow mode. Refused of class rule.
func (f *Flow) earnest() error {
	if !f.Settings.Shadow {
		return nil
	}
	return fault.New(fault.Refused, "nothing is written in shadow mode").OfClass(fault.Rule).With("mode.shadow", "set SYNC_MODE=live")
}

// feedCursor is the name under which a feed's cursor is kept.
func (f *Flow) feedCursor(name string) string {
	if f.Settings.Shadow {
		return "shadow " + name
	}
	return name
}
