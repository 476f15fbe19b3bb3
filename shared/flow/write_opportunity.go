package flow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// writeOpportunity writes the changes with the lines for the seller, the mark and the columns that tell how
// things stand in the same request. A plain success towards Partner Center writes nothing into CRM. What
// CRM refuses is narrowed down, explained and held; what it takes with another result is corrected.
func (a *application) writeOpportunity(ctx context.Context) error {
	if a.mute {
		a.done.Silent = true
		return nil
	}
	o := a.present()
	for {
		values, fields := a.columns(ctx, o, o, a.in.Unproven(a.plan, a.arrived))
		if len(values) == 0 || a.hushed() {
			return nil
		}
		err := a.put(ctx, o, values, fields)
		switch {
		case err == nil:
			return a.correct(ctx, o)
		case !fault.Is(err, fault.Refused):
			return err
		case a.in.Opportunity.Assumed():
			return fmt.Errorf("opportunity %s: what CRM refused is explained with the row at hand: %w", o.ID, cosell.ErrUnread)
		case a.narrowed:
			return a.wordless(ctx, &o, err)
		case len(a.plan.ToOpportunity) == 0:
			return a.silent(err)
		}
		atoms := cosell.Atoms(a.plan.ToOpportunity)
		if i := named(atoms, err); i >= 0 {
			a.refusedAt(cosell.InCRM, refusal{atoms[i], err})
			continue
		}
		a.before, a.narrowed = a.plan, true
		if err := a.narrowCRM(ctx, &o, atoms, err); err != nil {
			return err
		}
	}
}

// wordless: CRM refused the words too, so perhaps nothing but them. What was taken for refused without
// being asked for alone is sent once more, without words.
func (a *application) wordless(ctx context.Context, o *cosell.Opportunity, cause error) error {
	rest := a.before.ToOpportunity.Clone()
	for f := range a.arrived {
		delete(rest, f)
	}
	if fault.ClassOf(cause) != fault.Ours && len(rest) > 0 {
		a.plan = a.before
		if err := a.narrowCRM(ctx, o, cosell.Atoms(rest), nil); err != nil {
			return err
		}
	}
	return a.silent(cause)
}

// narrowCRM finds out what CRM refuses; what it takes is written without words, which the next write brings. What it says yes to and
// does not take is held like what it refuses.
func (a *application) narrowCRM(ctx context.Context, o *cosell.Opportunity, atoms []cosell.Record, cause error) error {
	var taken []cosell.Record
	n := &narrower{send: func(c cosell.Record) error {
		in, piece := a.in, a.plan
		in.Opportunity = cosell.AtHand(*o)
		err := a.put(ctx, *o, c, slices.Sorted(maps.Keys(c)))
		if err == nil {
			*o = *a.done.Opportunity
			in.Pair, piece.ToOpportunity = a.w.pair, c
			piece, _ = in.NotTaken(piece, o.Record)
			a.ignored(c, piece.ToOpportunity)
			taken = append(taken, piece.ToOpportunity)
			a.w.pair, a.undone = in.SettleTaken(piece, *o), true
		}
		return err
	}}
	if cause != nil && fault.OfAll(cause) {
		for _, atom := range atoms {
			n.refused = append(n.refused, refusal{atom, cause})
		}
	} else if err := n.all(atoms, cause); err != nil {
		return err
	}
	for _, r := range n.refused {
		a.refusedAt(cosell.InCRM, r)
	}
	a.arrived = join(append(taken, a.arrived))
	a.plan, _ = a.in.NotTaken(a.plan, o.Record)
	return nil
}

// present is the opportunity to write: as it was read, or as it is remembered.
func (a *application) present() cosell.Opportunity {
	if row, read := a.in.Opportunity.Row(); read {
		return row
	}
	side := a.in.Opportunity.Side()
	side.Read = a.w.referral.Read
	return cosell.Opportunity{Side: side, Rows: a.w.pair.Rows}
}

// put is one write to CRM, noted before it is made.
func (a *application) put(ctx context.Context, o cosell.Opportunity, values cosell.Record, fields []cosell.Field) error {
	piece := a.plan
	piece.ToOpportunity = values.Clone()
	delete(piece.ToOpportunity, cosell.Task)
	in := a.in
	if !in.Opportunity.Assumed() {
		in.Opportunity = cosell.AtHand(o)
	}
	s := in.NewSending(cosell.InCRM, piece, a.in.At)
	s.Version, s.Entry, s.Fields = o.Version, a.NewID(), fields
	_, words := values[cosell.Audit]
	s.Wordless = !words
	if err := a.note(ctx, s); err != nil {
		return err
	}
	written, err := a.Opportunities.Put(ctx, o, values)
	a.answered(o.Side, err)
	if fault.Is(err, fault.Refused) && maybe(err) {
		return fault.New(fault.Conflict, "opportunity %s: a second try was refused, the first one may have been made: %w", o.ID, err)
	}
	if fault.Is(err, fault.Refused) {
		a.Log.WarnContext(ctx, "CRM refused a write", "opportunity_id", o.ID, fault.Attr(err))
		if !a.in.Opportunity.Assumed() { // else it is tried once more with the row at hand, and is one refusal
			a.w.entries = append(a.w.entries, a.entry(ctx, o.Read, cosell.ToCRM, refusedAction, resultOf(err), unmarked(fields)...))
		}
	}
	if unshown(err) {
		a.w.entries = append(a.w.entries, a.entry(ctx, o.Read, cosell.ToCRM, "updated", "ok", fields...))
	}
	if err != nil {
		return err
	}
	if values[cosell.Task] != "" {
		a.tasked = true
	}
	a.done.Opportunity, a.w.made = &written, made{s.Entry, o.Version, written.Side}
	a.w.entries = append(a.w.entries, a.written(ctx, s, written.Read, cosell.ToCRM, fields))
	return nil
}

// unmarked are the fields of which a refusal is told: the mark comes with them as it stands.
func unmarked(fields []cosell.Field) []cosell.Field {
	if len(fields) == 1 {
		return fields
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f cosell.Field) bool { return f == cosell.Mark })
}

// correct makes line, mark and columns true once CRM has answered: it said yes and did not take a value, or took one that it
// ignored before. What the first write has said otherwise is taken back.
func (a *application) correct(ctx context.Context, before cosell.Opportunity) error {
	unproven := a.in.Unproven(a.plan, a.arrived)
	plan, found := a.in.NotTaken(a.plan, a.done.Opportunity.Record)
	if found {
		a.ignored(a.plan.ToOpportunity, plan.ToOpportunity)
	} else if len(unproven.ToOpportunity) == len(plan.ToOpportunity) {
		return nil
	}
	a.plan = plan
	if a.in.Opportunity.Assumed() { // the write has proven it: what it did not take is held with the row
		a.in.Opportunity = cosell.AtHand(before)
	}
	a.arrived = plan.ToOpportunity
	now := *a.done.Opportunity
	values, fields := a.columns(ctx, before, now, plan)
	if len(values) == 0 {
		return nil
	}
	in := a.in // its note takes the place of that of the write which has landed
	in.Pair, in.Referral = a.w.pair, &a.referral
	a.w.pair = in.SettleTold(plan, unproven, now)
	err := a.put(ctx, now, values, fields)
	if fault.Is(err, fault.Refused) {
		said := func(p cosell.Problem) bool { return p.Once && slices.Contains(unproven.Problems, p) }
		a.plan.Problems = slices.DeleteFunc(slices.Clone(a.plan.Problems), said)
		return a.silent(err)
	}
	return err
}

// ignored notes in the trail what of the last write was not taken, though the side said yes: of what was asked, kept is left.
func (a *application) ignored(asked, kept cosell.Record) {
	last := &a.w.entries[len(a.w.entries)-1]
	for _, f := range last.Fields {
		_, wanted := asked[f]
		if _, taken := kept[f]; wanted && !taken {
			last.Result += ", value.ignored " + string(f)
		}
	}
}

// silent: a row that takes nothing at all, not even words, is held as a whole and shows in health. What
// was to be told is told when it takes something again.
func (a *application) silent(cause error) error {
	if fault.ClassOf(cause) == fault.Ours {
		a.ours = cause
	}
	p := problemOf(cosell.InCRM, cause, a.Rules, cosell.Whole)
	p.Sent = true
	a.plan, a.done.Silent = a.plan.With(p), true
	return nil
}

// hushed keeps words back from a row that did not take them, until it changes or its time has come.
func (a *application) hushed() bool {
	h, ok := a.w.pair.Refused(cosell.InCRM)
	if len(a.plan.ToOpportunity) > 0 || !ok || a.in.Released(h) {
		return false
	}
	a.plan, a.done.Silent = a.plan.With(h.Problem()), true
	return true
}

// columns are the values to write, and the fields for the trail: those of the plan that have not arrived, with everything that told
// says of the row as it was before, where the row of now does not say so.
func (a *application) columns(ctx context.Context, before, now cosell.Opportunity, told cosell.Plan) (cosell.Record, []cosell.Field) {
	values, plan := a.plan.ToOpportunity.Clone(), told
	in := a.in
	in.Pair = a.w.pair
	if len(a.arrived) > 0 { // written already, to be told now
		told.ToOpportunity = plan.ToOpportunity.Clone()
		maps.Copy(told.ToOpportunity, a.arrived)
		for f := range a.arrived {
			delete(values, f)
		}
	}
	lines := in.Lines(told, a.done, a.words(ctx, before.Read))
	mark := in.Tick(plan)
	if a.Settings.CheckMark && now.Record[cosell.Mark] != mark && (!a.in.Opportunity.Assumed() || len(values) > 0 || len(lines) > 0) {
		values[cosell.Mark] = mark
	}
	fields := slices.Sorted(maps.Keys(values))
	audit := cmp.Or(told.ToOpportunity[cosell.Audit], before.Record[cosell.Audit])
	if len(lines) > 0 {
		audit = cosell.Prepend(audit, lines...)
	}
	if audit != now.Record[cosell.Audit] { // else they stand there, from a write whose answer did not show them
		values[cosell.Audit] = audit
	}
	if task := in.Tasks(plan, a.done); task != "" && !a.tasked {
		values[cosell.Task] = task
	}
	if !in.Opportunity.Assumed() {
		in.Opportunity = cosell.AtHand(now)
	}
	if columns := in.Columns(plan, a.done); len(values) > 0 || in.PutRight(columns, plan) {
		for f, v := range columns {
			if old, known := now.Record[f]; known && old != v {
				values[f] = v
			}
		}
	}
	return values, fields
}
