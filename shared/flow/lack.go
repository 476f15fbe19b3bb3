package flow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// lack tells the seller everything that keeps the referral from being made, once, and holds it. What is
// over is not told any more, what is new is.
func (f *Flow) lack(ctx context.Context, w *work, problems []cosell.Problem) error {
	o := *w.opportunity
	pair := w.pair
	words := f.words(ctx, o.Read)
	asked := o.Record[cosell.Action] != ""
	var lines []string
	news := false
	for _, p := range problems {
		said := p
		said.Text = "no referral yet: " + p.Text
		if p.Class == cosell.OfOurs || !asked && pair.Explains(p) {
			continue
		}
		news = true
		if asked || !pair.Explained(o.Record[cosell.Audit], said, f.older(ctx)) {
			lines = append(lines, words.Say(said))
		}
	}
	untold := f.mute(w)
	values := known(pair.Unlinked(problems), o)
	if untold == nil && (len(lines) > 0 || len(values) > 0 && !pair.Knows(o.Side)) {
		if len(lines) > 0 {
			values[cosell.Audit] = cosell.Prepend(o.Record[cosell.Audit], lines...)
		}
		if asked {
			values[cosell.Action] = ""
		}
		if f.Settings.CheckMark && len(lines) > 0 && o.Record[cosell.Mark] != cosell.MarkFailed && cosell.Crossed(problems) {
			values[cosell.Mark] = cosell.MarkFailed
		}
		written, err := f.Opportunities.Put(ctx, o, values)
		if err != nil && !fault.Is(err, fault.Refused) {
			return err
		}
		if err == nil {
			o = written
			w.entries = append(w.entries, f.entry(ctx, o.Read, cosell.Nowhere, refusedAction, "missing"))
		} else {
			p := problemOf(cosell.InCRM, err, f.Rules, cosell.Whole)
			p.Sent = true
			untold = &p
		}
	} else if untold == nil && news { // an earlier run told it, and died
		w.entries = append(w.entries, f.entry(ctx, o.Read, cosell.Nowhere, refusedAction, "missing"))
	}
	pair = pair.Lacks(problems, o.Read, o.Side).Saw(w.opportunity.Side)
	if o.Version != w.opportunity.Version {
		pair = pair.Wrote(w.opportunity.Version, o.Side)
	}
	if len(lines) > 0 && untold != nil {
		pair = w.pair.Lacks(append(problems, *untold), o.Read, o.Side).Saw(w.opportunity.Side).Unheard(w.pair)
	}
	if equal(pair, w.pair) && len(w.entries) == 0 {
		return nil
	}
	return f.save(ctx, w, pair)
}

// stand puts the columns right that tell how an opportunity without a referral stands, once for each version
// of the row: CRM may refuse them. A closed row is left alone.
func (f *Flow) stand(ctx context.Context, w *work, problems []cosell.Problem) error {
	o := *w.opportunity
	values := known(w.pair.Unlinked(problems), o)
	if len(values) == 0 || w.pair.Knows(o.Side) || cosell.OpportunityClosed(o.Record[cosell.Status]) {
		return nil
	}
	fields := slices.Sorted(maps.Keys(values))
	written, err := f.Opportunities.Put(ctx, o, values)
	switch {
	case fault.Is(err, fault.Refused):
		w.entries = append(w.entries, f.entry(ctx, o.Read, cosell.ToCRM, refusedAction, resultOf(err), fields...))
		return f.save(ctx, w, w.pair.Saw(o.Side))
	case err != nil:
		return err
	}
	w.entries = append(w.entries, f.entry(ctx, written.Read, cosell.ToCRM, "updated", "ok", fields...))
	return f.save(ctx, w, w.pair.Wrote(o.Version, written.Side))
}

// mute is why CRM takes no words on the row, until the row changes or it is due.
func (f *Flow) mute(w *work) *cosell.Problem {
	h, ok := w.pair.HeldAt(cosell.InCRM, cosell.Whole)
	if !ok || w.hint.Retry || h.Due(w.opportunity.Read) || h.Version != w.opportunity.Version {
		return nil
	}
	p := h.Problem()
	return &p
}

// refusedWhole holds a referral that Partner Center did not take, and tells why.
func (f *Flow) refusedWhole(ctx context.Context, w *work, values cosell.Record, err error) error {
	p := problemOf(cosell.InPartnerCenter, err, f.Rules, cosell.Whole)
	if e := fault.Of(err); e.Field != "" {
		p.Text = cosell.Label(f.Rules, cosell.Field(e.Field)) + ": " + p.Text
	}
	p.Value, p.Sent = cosell.Print(values), true
	if saveErr := f.lack(ctx, w, []cosell.Problem{p}); saveErr != nil {
		return saveErr
	}
	if p.Class == cosell.OfOurs {
		return err
	}
	return nil
}

// unlinked holds an opportunity that does not take the referral's identifier; one that a referral asks for is linked
// with it later. CRM takes no word of it either, so it shows in health alone.
func (f *Flow) unlinked(ctx context.Context, w *work, pair cosell.Pair, err error) error {
	p := problemOf(cosell.InCRM, err, f.Rules, cosell.Whole)
	p.Text, p.Sent = "the opportunity does not take the referral's identifier: "+p.Text, true
	pair.Held = slices.DeleteFunc(slices.Clone(pair.Held), func(h cosell.Held) bool { return h.Field == cosell.Whole && h.Place == cosell.InPartnerCenter })
	pair = pair.Lacks(append(problemsOf(pair), p), w.opportunity.Read, w.opportunity.Side)
	if pair.ProposedID != "" {
		pair.Phase = cosell.Claimed
	}
	w.entries = append(w.entries, f.entry(ctx, w.opportunity.Read, cosell.ToCRM, refusedAction, resultOf(err)))
	if saveErr := f.save(ctx, w, pair); saveErr != nil {
		return saveErr
	}
	if p.Class == cosell.OfOurs {
		return err
	}
	return nil
}

// unlinkable says whether that is held, and nothing has changed since.
func (f *Flow) unlinkable(w *work) bool {
	h, ok := w.pair.HeldAt(cosell.InCRM, cosell.Whole)
	return ok && w.opportunity != nil && !w.hint.Retry && h.Version == w.opportunity.Version && !h.Due(f.Now())
}

// end leaves a tombstone: nothing is made again for the opportunity.
func (f *Flow) end(ctx context.Context, pair cosell.Pair, why string) error {
	_, err := f.endPair(ctx, pair, why)
	return err
}

func (f *Flow) endPair(ctx context.Context, pair cosell.Pair, why string) (cosell.Pair, error) {
	return f.Ledger.Save(ctx, pair.Tombstone(), f.entry(ctx, f.Now(), cosell.Nowhere, "ended", why))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
