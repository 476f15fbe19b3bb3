package flow

import (
	"cmp"
	"context"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Link makes a pair of an opportunity, or a lead, and a referral, because a person says so. What an ended pair still
// names, or was only counted, is free. Refused: one of the two is linked elsewhere, or a lead would get a deal. Kinds
// else as FromOpportunity.
func (f *Flow) Link(ctx context.Context, recordID, referralID string) error {
	if err := f.earnest(); err != nil {
		return err
	}
	ctx = withBudget(ctx)
	return f.underLock(ctx, recordID, func(pair cosell.Pair, known bool) error { return f.linkByHand(ctx, pair, known, referralID) })
}

// linkByHand links under the lock of the pair. That a pair which has ended is to be linked is noted first: its row may name the referral by
// the time that something goes wrong, and nobody looks at what an ended pair's row names.
func (f *Flow) linkByHand(ctx context.Context, pair cosell.Pair, known bool, referralID string) error {
	line, w, err := f.named(ctx, pair, known, referralID)
	if err != nil {
		return err
	}
	if err := line.separate(ctx, w, known); err != nil {
		return err
	}
	if !strings.EqualFold(pair.ProposedID, referralID) {
		if _, err := line.outlived(ctx, w.pair); err != nil {
			return err
		}
	}
	if w.pair.Phase == cosell.Ended && !strings.EqualFold(w.pair.JoinedHalf(), referralID) {
		if w.pair, err = f.Ledger.Save(ctx, w.pair.Joining(referralID, *w.opportunity)); err != nil {
			return err
		}
	}
	if w.pair.Phase != cosell.Linked {
		w.pair = w.pair.Afresh(referralID)
	}
	w.byHand = true
	return line.adopt(ctx, w)
}

// joinedHalf goes on with a link that an operator asked for and that was interrupted, until it is made or cannot be any more. done: the hint
// has no other work.
func (f *Flow) joinedHalf(ctx context.Context, pair cosell.Pair) (done bool, err error) {
	referralID := pair.JoinedHalf()
	if referralID == "" {
		return false, nil
	}
	err = f.linkByHand(ctx, pair, true, referralID)
	if fault.Is(err, fault.Refused) && fault.ClassOf(err) != fault.Ours || fault.Is(err, fault.Gone) {
		_, err = f.Ledger.Save(ctx, pair.Unjoined(), f.entry(ctx, f.Now(), cosell.Nowhere, refusedAction, resultOf(err)))
	}
	return true, err
}

// named reads the two records that a person names, and says which line is theirs. Gone: in words that say which of them
// is not there.
func (f *Flow) named(ctx context.Context, pair cosell.Pair, known bool, referralID string) (line *Flow, w *work, err error) {
	line = f.of(pair)
	o, err := line.Opportunities.Get(ctx, pair.OpportunityID)
	if fault.Is(err, fault.Gone) && !known && f.leads != nil {
		line = f.leads
		o, err = line.Opportunities.Get(ctx, pair.OpportunityID)
	}
	if fault.Is(err, fault.Gone) {
		err = fault.New(fault.Gone, "there is no opportunity or lead %s in the CRM", pair.OpportunityID)
	}
	if err != nil {
		return line, nil, err
	}
	pair.Table = line.table
	r, err := f.Referrals.Get(ctx, referralID)
	if fault.Is(err, fault.Gone) {
		err = fault.New(fault.Gone, "there is no referral %s in Partner Center", referralID)
	}
	return line, &work{pair: pair, referral: &r, opportunity: &o, switchOn: !o.Synced(), hint: Hint{Kind: opportunityKind, ID: o.ID}}, err
}

// separate sees to it that neither of two records that are to be linked is linked elsewhere.
func (f *Flow) separate(ctx context.Context, w *work, known bool) error {
	pair, r, noun := w.pair, *w.referral, w.pair.Noun()
	switch named := strings.TrimSpace(w.opportunity.Record[cosell.ReferralID]); {
	case pair.Became != "":
		return fault.New(fault.Refused, "lead %s went on as %s", pair.OpportunityID, pair.Became).
			Saying("the lead went on as "+pair.Became, "link that").With("link.taken", "link that")
	case f.table == cosell.LeadTable && !r.Lead:
		return fault.New(fault.Refused, "referral %s is a deal and no lead", r.ID).
			Saying("the referral is a deal and no lead", "link it with an opportunity").With("link.lead", "link it with an opportunity")
	case known && pair.Phase == cosell.Linked && !strings.EqualFold(pair.ReferralID, r.ID):
		return linkedElsewhere(noun, pair.OpportunityID, "referral "+pair.ReferralID)
	case named != "" && !strings.EqualFold(named, r.ID):
		return linkedElsewhere(noun, pair.OpportunityID, "referral "+named)
	}
	by, err := f.takenBy(ctx, pair.OpportunityID, r)
	if err != nil {
		return err
	}
	if by != "" {
		other, _, err := f.Ledger.Find(ctx, by)
		if err != nil {
			return err
		}
		return linkedElsewhere("referral", r.ID, other.Noun()+" "+by)
	}
	return nil
}

// letGo takes its referrals from a pair that has ended, or was never to be made; it is the tombstone of its
// opportunity. A row that does not know of its end is told at once: while it names the referral, no other may.
func (f *Flow) letGo(ctx context.Context, ended cosell.Pair) error {
	let, err := f.Ledger.Save(ctx, ended.GivesAway(), f.entry(ctx, f.Now(), cosell.Nowhere, unlinkedAction, "referral "+ended.ReferralID))
	if err != nil || len(let.Held) == 0 {
		return err
	}
	return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: let.OpportunityID, Retry: true, Why: "its referral was linked elsewhere"})
}

func linkedElsewhere(what, id, by string) error {
	return fault.New(fault.Refused, "%s %s is linked with %s", what, id, by).
		Saying("the "+what+" is linked with "+by, "unlink it there first").With("link.taken", "unlink it there first")
}

// deed does what a person asks for of a pair, under its lock. Gone: there is no such pair. Refused of class rule: in
// shadow mode.
func (f *Flow) deed(ctx context.Context, opportunityID string, do func(cosell.Pair) error) error {
	if err := f.earnest(); err != nil {
		return err
	}
	return f.underLock(withBudget(ctx), opportunityID, func(pair cosell.Pair, known bool) error {
		if !known {
			return fault.New(fault.Gone, "no pair of opportunity %s is known", opportunityID)
		}
		return do(pair)
	})
}

// Unlink ends the pair, or the proposal of one: both records go on alone, and neither is taken up again by itself.
// Gone: there is no such pair.
func (f *Flow) Unlink(ctx context.Context, opportunityID string) error {
	return f.deed(ctx, opportunityID, func(pair cosell.Pair) error {
		line := f.of(pair)
		o, err := line.Opportunities.Get(ctx, opportunityID)
		if fault.Is(err, fault.Gone) {
			return f.end(ctx, pair, "unlinked by a person")
		}
		if err != nil {
			return err
		}
		w := &work{pair: pair, opportunity: &o}
		if err := line.spoke(ctx, w); err != nil {
			return err
		}
		pair = w.pair
		switch {
		case pair.Phase == cosell.Claimed:
			return line.refuse(ctx, w)
		case pair.Phase == cosell.Ended && pair.JoinedHalf() == "" && o.Record[cosell.ReferralID] == "" && saysParted(o, pair):
			byForm, half := pair.PartedHalf()
			if !half {
				return nil // by the same command, whose answer was lost
			}
			return line.partedWhole(ctx, w, byForm)
		}
		return line.part(ctx, w)
	})
}

// saysParted says whether the row of an ended pair knows of the end, or there is nothing to know.
func saysParted(o cosell.Opportunity, pair cosell.Pair) bool {
	from := pair.Leaves()
	return from == "" || cosell.PartedFrom(o.Record[cosell.Audit], from) == cosell.Unlinked
}

// AskAgain begins a new engagement for an opportunity whose help Microsoft declined, or did not answer in time.
// Refused: it makes no sense now, or something is missing. Gone: there is no such pair or opportunity.
func (f *Flow) AskAgain(ctx context.Context, opportunityID string) error {
	return f.deed(ctx, opportunityID, func(pair cosell.Pair) error {
		o, err := f.of(pair).Opportunities.Get(ctx, opportunityID)
		if err != nil {
			return err
		}
		microsoft, err := f.microsoftStatus(ctx, pair)
		if err != nil {
			return err
		}
		o.Record = o.Record.Clone()
		o.Record[cosell.Action] = cosell.ActAsk
		_, lacking := cosell.Prepare(o, f.Rules)
		switch deed, why := cosell.Heed(pair, o, microsoft); {
		case deed == cosell.Look:
			return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: opportunityID, Retry: true, Why: "operator"})
		case deed != cosell.AskAgain:
			return notNow(opportunityID, why)
		case f.Settings.Options.Withholds(o):
			return notNow(opportunityID, cosell.NotShared())
		case len(lacking) > 0:
			return notNow(opportunityID, lacking...)
		}
		return f.askAgain(ctx, &work{pair: pair, opportunity: &o})
	})
}

func notNow(opportunityID string, why ...cosell.Problem) error {
	var texts []string
	for _, p := range why {
		texts = append(texts, p.Explain())
	}
	return fault.New(fault.Refused, "opportunity %s: %s", opportunityID, strings.Join(texts, "; ")).With(why[0].Code, "")
}

// testReason is why a trial referral is closed. https://learn.microsoft.com/partner-center/bulk-operations
const testReason = "Test referral"

// CloseTest closes the referral of a trial as Closed/Error, which cannot be taken back: the opportunity follows as
// it does any closing. Refused: it is not linked, or closed. Gone: there is no such pair.
func (f *Flow) CloseTest(ctx context.Context, opportunityID string) error {
	return f.deed(ctx, opportunityID, func(pair cosell.Pair) error {
		if pair.ReferralID == "" {
			return fault.New(fault.Gone, "opportunity %s has no referral", opportunityID)
		}
		r, err := f.Referrals.Get(ctx, pair.ReferralID)
		if err != nil {
			return err
		}
		line := f.entry(ctx, r.Read, cosell.ToPartnerCenter, "closed", "trial referral "+r.ID, cosell.Status)
		if status := r.Record[cosell.Status]; cosell.ReferralClosed(status) {
			unsaid, err := false, error(nil)
			if f.closedLately(r, testReason) { // by the same command, which did not come to say so
				unsaid, err = f.unsaid(ctx, opportunityID, line)
			}
			if !unsaid {
				return cmp.Or(err, error(fault.New(fault.Refused, "referral %s is closed already, as %s", r.ID, status).With("referral.closed", "nothing to do")))
			}
		} else {
			closed, err := f.Referrals.Put(ctx, r, cosell.Record{cosell.Status: cosell.Errored, cosell.Reason: testReason})
			if err != nil {
				return err
			}
			line.At = closed.Read
		}
		if err := f.Ledger.Note(ctx, opportunityID, line); err != nil {
			return err
		}
		return f.Hints.ReferralChanged(ctx, Hint{Kind: referralKind, ID: r.ID, Why: "closed as a test"})
	})
}

// Forget drops what is held of a field, because a person says so: both values stay as they are, and count
// as agreed until one changes. A record that could not be made is not tried again. That a row does not know yet that it was
// unlinked, or linked, cannot be dropped: it is tried once more. Refused: the value was changed since, and goes its way.
func (f *Flow) Forget(ctx context.Context, opportunityID string, place cosell.Place, field cosell.Field) error {
	if err := f.earnest(); err != nil {
		return err
	}
	return f.underLock(withBudget(ctx), opportunityID, func(pair cosell.Pair, known bool) error {
		if !known {
			return nil
		}
		if field == cosell.Whole && pair.Phase == cosell.Lacking {
			return f.end(ctx, pair, "given up by a person")
		}
		if pair.PartingLasts(place, field) {
			return f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: opportunityID, Retry: true, Why: "operator"})
		}
		v, err := f.Look(ctx, opportunityID)
		if err != nil {
			return err
		}
		if pair.Moved(place, field, v.Plan) {
			err := f.Hints.OpportunityChanged(ctx, Hint{Kind: opportunityKind, ID: opportunityID, Retry: true, Why: "operator"})
			return cmp.Or(err, error(fault.New(fault.Refused, "%s of opportunity %s was changed since it was held, and the new value is sent now", field, opportunityID).
				With("held.changed", "look at what is held once more")))
		}
		_, err = f.Ledger.Save(ctx, pair.Forgets(place, field, v.Referral, v.Opportunity, f.of(pair).Rules), f.entry(ctx, f.Now(), cosell.Nowhere, "forgotten", string(field), field))
		return err
	})
}
