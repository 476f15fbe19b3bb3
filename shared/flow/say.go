package flow

import (
	"context"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// say writes words into an opportunity outside the line of comparing, and gives the pair that knows of it, to
// be saved with the line that the trail gets for them; none without an id. Words change the version by which one sees what became of an
// earlier write, so that is found out first; and they are noted like any other write, because a lost answer leaves them in the row.
func (f *Flow) say(ctx context.Context, pair cosell.Pair, o cosell.Opportunity, values cosell.Record, line cosell.Entry) (cosell.Pair, cosell.Opportunity, error) {
	before := pair.Version
	var unproven *cosell.Sending // an earlier write to the row, of which this copy of it does not show what became
	if pair.Phase == cosell.Linked || pair.Version != "" && line.ID != "" {
		if s := pair.Sending; s != nil && s.Place == cosell.InCRM && pair.Phase == cosell.Linked {
			if err := f.noteLanded(ctx, pair, o); err != nil {
				return pair, o, err
			}
			if o.Version == s.Version {
				unproven = s
			}
			if unproven != nil && s.Taken { // CRM takes nothing with a version that it has replaced
				return pair, o, fault.Stale("opportunity %s was written and is read as it was before", o.ID)
			}
			pair = pair.Resolve(o.Side)
		}
		if pair.Sending == nil { // a note about the referral, or about a creation, stays
			said := pair.Says(o.Side, values, f.Now(), line)
			said.Sending = said.Sending.Over(unproven)
			marked, err := f.Ledger.Mark(ctx, said)
			if err != nil {
				return pair, o, err
			}
			pair = marked
		}
	}
	written, err := f.Opportunities.Put(ctx, o, values)
	if fault.Is(err, fault.Conflict) && pair.Version != before { // what was read may have been stale
		left := pair.Overtaken(o.ID, o.Version) // noted still: an earlier try may have been taken
		if unproven != nil && !maybe(err) {
			left.Sending = unproven // and what it has to tell
		}
		_, markErr := f.Ledger.Mark(ctx, left)
		if markErr != nil {
			return pair, o, markErr
		}
	}
	if fault.Is(err, fault.Refused) && !maybe(err) && pair.Version != before { // perhaps before versions were compared
		pair.Sending = unproven
	}
	if err != nil {
		return pair, o, err
	}
	return pair.Said(o.Side, written.Side, values), written, nil
}

// saveSaid saves a pair whose row was told, with the line of that in the trail. Where it is not saved the line is noted alone: another worker may have
// taken the note of those words for one of a write that was not made. Kinds: as Save.
func (f *Flow) saveSaid(ctx context.Context, pair cosell.Pair, line cosell.Entry) (cosell.Pair, error) {
	saved, err := f.Ledger.Save(ctx, pair, line)
	if err == nil {
		return saved, nil
	}
	if noteErr := f.Ledger.Note(ctx, pair.OpportunityID, line); noteErr != nil {
		f.Log.WarnContext(ctx, "what was written is not in the ledger's trail", "opportunity_id", pair.OpportunityID, fault.Attr(noteErr))
	}
	return saved, err
}

// noteLanded notes the line of a write to the opportunity that landed, where whoever made it did not come to say so.
func (f *Flow) noteLanded(ctx context.Context, pair cosell.Pair, o cosell.Opportunity) error {
	line, missing, err := f.landedLine(ctx, pair, o.Side, cosell.ToCRM)
	if err != nil || !missing {
		return err
	}
	return f.Ledger.Note(ctx, pair.OpportunityID, line)
}

// spoke goes on with a pair without a link whose row was written to by a run that did not come to say so: what it has answered is
// settled, and has its line in the trail. Of one that is linked comparing finds it. Kinds: what the ledger answers.
func (f *Flow) spoke(ctx context.Context, w *work) error {
	s := w.pair.Sending
	if s == nil || s.Action == "" || w.pair.Phase == cosell.Linked {
		return nil
	}
	line, missing, err := f.landedLine(ctx, w.pair, w.opportunity.Side, cosell.ToCRM)
	if err != nil {
		return err
	}
	pair := w.pair
	pair.Sending = nil
	if _, made := s.Landed(w.opportunity.Side); made {
		pair = settledBy(pair, s.Action)
	}
	if missing {
		w.entries = append(w.entries, line)
	}
	return f.save(ctx, w, pair)
}

// settledBy is the pair of a row that was told of a deed: nothing is asked any more.
func settledBy(pair cosell.Pair, action string) cosell.Pair {
	pair = pair.Answered()
	if action == withdrawnAction {
		pair = pair.Withdrawn()
	}
	if pair.Phase == cosell.Ended { // its words came with the others
		pair.Untold = nil
	}
	return pair
}
