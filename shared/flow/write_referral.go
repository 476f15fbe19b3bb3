package flow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// writeReferral sends the changes. What Partner Center refuses is narrowed down to the smallest part,
// explained and held; the rest goes on. What only an invitation makes visible waits for the invitation:
// it cannot be taken back.
func (a *application) writeReferral(ctx context.Context) error {
	changes := a.plan.ToReferral
	if a.plan.Invite != "" && a.in.Opportunity.Side().Record[cosell.Visibility] != cosell.True {
		changes = changes.Clone()
		delete(changes, cosell.Visibility)
	}
	a.w.pair = a.w.pair.Completes(a.plan, a.in.Opportunity.Side().Record)
	return a.sendAll(ctx, changes)
}

func (a *application) sendAll(ctx context.Context, changes cosell.Record) error {
	if len(changes) == 0 {
		return nil
	}
	n := &narrower{send: func(c cosell.Record) error { return a.send(ctx, c) }, bars: a.barsWon}
	alone, rest := cosell.Apart(changes, a.Rules)
	values, rest := a.in.Pair.ValuesFirst(rest)
	for _, part := range append(alone, values, rest) {
		if err := n.all(cosell.Atoms(part), nil); err != nil {
			return err
		}
	}
	for _, r := range n.refused {
		a.refusedAt(cosell.InPartnerCenter, r)
		if cosell.ClosesAsWon(a.plan.ToReferral) && cosell.IsClosingValue(r.atom) {
			since := a.in.At
			if h, ok := a.in.Pair.HeldAt(cosell.InPartnerCenter, fieldOf(r.atom)); ok {
				since = h.Since
			}
			a.plan = a.plan.WithWonWaiting(a.Rules, fieldOf(r.atom), since)
		}
	}
	return nil
}

// barsWon keeps a deal from being closed as won after one of its values was refused, or passed over so that the plan lets it wait:
// nothing can follow.
func (a *application) barsWon(atom cosell.Record, refused []refusal) bool {
	return cosell.ClosesAsWon(atom) && (!cosell.ClosesAsWon(a.plan.ToReferral) ||
		slices.ContainsFunc(refused, func(r refusal) bool { return cosell.IsClosingValue(r.atom) }))
}

func fieldOf(atom cosell.Record) cosell.Field {
	for _, f := range []cosell.Field{cosell.Status, cosell.DealValue, cosell.CustomerName} {
		if _, ok := atom[f]; ok {
			return f
		}
	}
	return slices.Sorted(maps.Keys(atom))[0]
}

// send is one PATCH, noted before it is made.
func (a *application) send(ctx context.Context, changes cosell.Record) error {
	piece := a.plan
	piece.ToReferral = changes
	in := a.in
	in.Referral = &a.referral
	fields := slices.Sorted(maps.Keys(changes))
	s := in.NewSending(cosell.InPartnerCenter, piece, a.in.At)
	s.Entry, s.Fields = a.NewID(), fields
	if err := a.note(ctx, s); err != nil {
		return err
	}
	r, err := a.Referrals.Put(ctx, a.referral, changes)
	a.answered(a.referral.Side, err)
	if fault.Is(err, fault.Refused) && maybe(err) {
		return fault.New(fault.Conflict, "referral %s: some of a change was taken before the rest was refused: %w", a.referral.ID, err)
	}
	if fault.Is(err, fault.Refused) {
		a.w.entries = append(a.w.entries, a.entry(ctx, a.referral.Read, cosell.ToPartnerCenter, refusedAction, resultOf(err), fields...))
	}
	if err != nil {
		return err
	}
	a.w.entries = append(a.w.entries, a.written(ctx, s, r.Read, cosell.ToPartnerCenter, fields))
	if changes[cosell.Visibility] == cosell.True && r.Record[cosell.Visibility] != cosell.True {
		a.plan = a.plan.With(cosell.Problem{Code: "visibility.ignored", Field: cosell.Visibility, Place: cosell.InPartnerCenter, Warn: true, Once: true,
			Text: "Partner Center did not make the deal visible", Mend: "share it in the Partner Center portal"})
	}
	a.plan = in.PassedOver(a.plan, changes, a.referral.Record, r.Record)
	piece.ToReferral = changes.Only(slices.Collect(maps.Keys(a.plan.ToReferral))...)
	a.ignored(changes, piece.ToReferral)
	in.Pair = a.w.pair
	a.w.pair, a.w.made = in.SettleSent(piece, r), made{s.Entry, a.referral.Version, r.Side}
	r = with(r, a.referral.Record.Only(cosell.Help, cosell.MicrosoftStatus, cosell.MicrosoftSeller, cosell.MicrosoftCRMID, cosell.MicrosoftReason, cosell.MicrosoftAccepted,
		cosell.MicrosoftValue, cosell.MicrosoftCurrency, cosell.MicrosoftClosingDate, cosell.MicrosoftNotes))
	a.referral, a.done.Referral = r, &r
	return nil
}

// note keeps what is about to be written.
func (a *application) note(ctx context.Context, s *cosell.Sending) error {
	pair := a.w.pair
	pair.Sending = s.Over(a.w.unproven)
	if slices.ContainsFunc(a.w.entries, unlike(refusedAction)) {
		return a.keep(ctx, a.w, pair)
	}
	marked, err := a.Ledger.Mark(ctx, pair)
	if err == nil {
		a.w.pair = marked
	}
	return err
}

// refusedAt makes a new plan of an answer that refuses.
func (a *application) refusedAt(place cosell.Place, r refusal) {
	if fault.ClassOf(r.err) == fault.Ours {
		a.ours = r.err
	}
	field := fieldOf(r.atom)
	at, named := field, cosell.Field(fault.Of(r.err).Field)
	switch _, inside := r.atom[named]; {
	case field == cosell.CustomerName && cosell.OfCustomer(named):
		at = named // the customer goes as one, and is told by what is wrong with it
	case inside && field == cosell.DealValue:
		at, field = named, named // amount and currency go as one, and what was refused is named
	}
	p := problemOf(place, r.err, a.Rules, at)
	if _, inside := r.atom[named]; fault.Of(r.err).Guessed && !inside { // its words spoke of something else
		p.Text = ""
	}
	if p.Text == "" {
		p.Text = notTaken(place, a.Rules, at)
	}
	p.Field = field
	a.plan = a.plan.Without(p, r.atom)
}

// problemOf turns the other side's no into a problem.
func problemOf(place cosell.Place, err error, rules []cosell.Rule, f cosell.Field) cosell.Problem {
	e := fault.Of(err)
	p := cosell.Problem{Code: e.Code, Field: f, Place: place, Class: cosell.Class(fault.ClassOf(err)), Text: e.Say, Mend: e.Mend, Theirs: e.Theirs}
	if p.Code == "" {
		p.Code = "refused"
	}
	if p.Class == "" {
		p.Class = cosell.OfRecord
	}
	if p.Text == "" {
		p.Text = notTaken(place, rules, f)
	} else if f != cosell.Whole {
		p.Text = cosell.Label(rules, f) + ": " + p.Text
	}
	return p
}

func notTaken(place cosell.Place, rules []cosell.Rule, f cosell.Field) string {
	who, what := "Partner Center", "the record"
	if place == cosell.InCRM {
		who = "CRM"
	}
	if f != cosell.Whole {
		what = cosell.Label(rules, f)
	}
	return who + " did not take " + what
}

// resultOf is what the trail keeps of a failure: never another system's text.
func resultOf(err error) string {
	e := fault.Of(err)
	return e.Kind.String() + " " + e.Code
}

// waitUntil is the Later of a change that a rule holds back.
func waitUntil(until, now time.Time, opportunityID string) error {
	const margin = time.Second // the other side's clock is read to the second
	return fault.Wait(until.Sub(now)+margin, "opportunity %s: a change waits until %s by a rule", opportunityID, until.UTC().Format(time.RFC3339))
}
