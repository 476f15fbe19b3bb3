package flow

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// The brake. What a look would write and no edit explains is put aside first: it stays undecided, and a row of the pair
// says so. Each pass of reconcile counts those rows, lets a little go on once nothing more comes, and puts the brake on
// where it is too much. Edits are never braked, and so neither is what an outage has left behind.

// crowd remembers, for all lines of a process, that there are too many pairs to write any of them without counting.
type crowd struct {
	mu    sync.Mutex
	until time.Time
}

// crowdAge is for how long that counts: pairs hardly ever become fewer.
const crowdAge = 5 * time.Minute

// restrain takes out of the plan what no edit explains, unless it may be written.
func (a *application) restrain(ctx context.Context) error {
	cause := a.in.Unasked(a.w.rebuilt, a.Settings.Sheet)
	if fault.Rehearsing(ctx) { // which shows what a person would release
		cause = ""
	}
	held, since := a.w.pair.AsideFor()
	unclaimed := held == cosell.CauseRebuilt && claimable(a.referral) && a.w.opportunity != nil || a.w.claims
	if cause == "" || !unclaimed && !a.wouldWrite(ctx) {
		return nil
	}
	rest, asked := a.in.PutAside(a.plan, cause)
	if asked && !rest.Less(a.plan) {
		return nil // an edit explains all of it
	}
	if held != cause {
		since = time.Time{}
	}
	free, err := a.lets(ctx, cosell.Aside{OpportunityID: a.w.pair.OpportunityID, Cause: cause, Since: since})
	switch {
	case err != nil:
		return err
	case free:
		return nil
	}
	a.Log.InfoContext(ctx, "put aside: no edit explains what would be written", "opportunity_id", a.w.pair.OpportunityID, "cause", cause)
	a.plan, a.mute = rest, !asked
	return nil
}

// claimable says whether the referral names no record, and may.
func claimable(r cosell.Referral) bool {
	id, foreign := crmID(r)
	return id == "" && !foreign && !cosell.ReferralClosed(r.Record[cosell.Status])
}

// wouldWrite says whether the plan comes to a write at all, words included.
func (a *application) wouldWrite(ctx context.Context) bool {
	if len(a.plan.ToReferral) > 0 || a.plan.Invite != "" {
		return true
	}
	o := a.present()
	values, _ := a.columns(ctx, o, o, a.plan)
	return len(values) > 0
}

// lets says whether what is put aside for the cause may be written now.
func (f *Flow) lets(ctx context.Context, a cosell.Aside) (bool, error) {
	b, err := f.Ledger.Brake(ctx)
	if err != nil || b.Lets(a, f.Now()) {
		return err == nil, err
	}
	if a.Cause == cosell.CauseRebuilt && !b.Counted() {
		return false, nil // the feeds were not read since the tables are empty: nobody knows how many there will be
	}
	return f.few(ctx, b)
}

// few says whether there are so few pairs that all of them may be written.
func (f *Flow) few(ctx context.Context, b cosell.Brake) (bool, error) {
	if b.Expects(f.Now()) > cosell.FewPairs {
		return false, nil
	}
	f.crowd.mu.Lock()
	known := f.Now().Before(f.crowd.until)
	f.crowd.mu.Unlock()
	if known {
		return false, nil
	}
	n, err := f.Ledger.CountPairs(ctx, cosell.FewPairs+1)
	if err != nil || n <= cosell.FewPairs {
		return err == nil, err
	}
	f.crowd.mu.Lock()
	defer f.crowd.mu.Unlock()
	f.crowd.until = f.Now().Add(crowdAge)
	return false, nil
}

// rebuilt says whether two records that meet were a pair before the ledger knew: both say so, and no person needs to
// have done anything. Who types an identifier by hand knows no link.
func rebuilt(w *work) bool {
	o, r := w.opportunity.Record, *w.referral
	if w.byHand || w.pair.Base.Referral != nil || !strings.EqualFold(strings.TrimSpace(o[cosell.ReferralID]), r.ID) {
		return false
	}
	if link, shown := o[cosell.ReferralLink]; shown {
		return link != ""
	}
	id, _ := crmID(r)
	return strings.EqualFold(id, w.opportunity.ID)
}

// deals are those that the hints of a feed are about: the referrals of an engagement, Microsoft's among them, are one.
type deals struct {
	met  map[uint64]struct{} // of a million, eight bytes each
	seed maphash.Seed
}

func newDeals() deals { return deals{map[uint64]struct{}{}, maphash.MakeSeed()} }

func (d deals) add(page []Hint) {
	for _, h := range page {
		d.met[maphash.String(d.seed, strings.ToLower(cmp.Or(h.Deal, h.ID)))] = struct{}{}
	}
}

// expect notes how many deals a feed names that begins anew, before any of them is looked at. With the scope own most
// referrals are no deals of ours; those that are have an opportunity.
func (f *Flow) expect(ctx context.Context, kind string, n int) error {
	if kind == referralKind && f.Settings.OwnScope {
		n = 0
	}
	return f.setBrake(ctx, func(b cosell.Brake) (cosell.Brake, bool) { return b.Expect(kind, n, f.Now()) })
}

// setBrake changes the row of the brake, whoever else does so at the moment.
func (f *Flow) setBrake(ctx context.Context, change func(cosell.Brake) (next cosell.Brake, changed bool)) error {
	for left := tries; ; left-- {
		b, err := f.Ledger.Brake(ctx)
		if err != nil {
			return err
		}
		next, changed := change(b)
		if !changed {
			return nil
		}
		if err = f.Ledger.SaveBrake(ctx, next); !fault.Is(err, fault.Conflict) || left <= 1 {
			return err
		}
	}
}

// unsure says whether more may be put aside once a system answers that did not, by how the parts of a pass ended. What is
// refused stays so, as a feed that is switched off: to wait for it would be to wait for ever.
func unsure(errs []error) bool {
	return slices.ContainsFunc(errs, func(err error) bool {
		return fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) || fault.Is(err, fault.Denied)
	})
}

// judgeAside looks at everything that is put aside, and has looked at again what may go on. unsure: in this pass a system
// did not answer.
func (f *Flow) judgeAside(ctx context.Context, unsure bool) error {
	if f.Settings.Shadow {
		return nil
	}
	aside, err := f.Ledger.Aside(ctx)
	if err != nil {
		return err
	}
	pairs, err := f.pairsFor(ctx, aside)
	if err != nil {
		return err
	}
	var now cosell.Brake
	err = f.setBrake(ctx, func(b cosell.Brake) (cosell.Brake, bool) {
		now = b.Judge(aside, pairs, f.Now(), unsure)
		f.tellBrake(ctx, b, now)
		return now, b.Version == "" || len(aside) > 0 || !b.On.IsZero() || !b.Still.IsZero()
	})
	if err != nil {
		return err
	}
	return f.goOnAside(ctx, now, aside)
}

// pairsFor counts the pairs as far as Judge needs to know.
func (f *Flow) pairsFor(ctx context.Context, aside []cosell.Aside) (int, error) {
	if len(aside) == 0 {
		return 0, nil
	}
	b, err := f.Ledger.Brake(ctx)
	if err != nil {
		return 0, err
	}
	most := cosell.FewPairs + 1
	if len(aside)+b.Lately(f.Now()) > cosell.FewPairs {
		most = 0
	}
	return f.Ledger.CountPairs(ctx, most)
}

// tellBrake logs that the brake has come on, or is off.
func (f *Flow) tellBrake(ctx context.Context, before, now cosell.Brake) {
	switch {
	case before.On.IsZero() && !now.On.IsZero():
		f.Log.ErrorContext(ctx, "the brake is on: more would be written than any edit explains", "pairs", now.Aside, "limit", now.Most, "of", now.Pairs)
	case !before.On.IsZero() && now.On.IsZero():
		f.Log.InfoContext(ctx, "the brake is off: nothing waits for it any more")
	}
}

// Brake says how the brake stands, and what is put aside.
func (f *Flow) Brake(ctx context.Context) (cosell.Brake, []cosell.Aside, error) {
	b, err := f.Ledger.Brake(ctx)
	if err != nil {
		return b, nil, err
	}
	aside, err := f.Ledger.Aside(ctx)
	return b, aside, err
}

// Release has everything written that is put aside, by the word of a person, and gives how many pairs that is. What is
// still to come for the same causes goes on, too. Refused of class rule: in shadow mode.
func (f *Flow) Release(ctx context.Context, by, reason string) (int, error) {
	if err := f.earnest(); err != nil {
		return 0, err
	}
	aside, err := f.Ledger.Aside(ctx)
	if err != nil || len(aside) == 0 {
		return 0, err
	}
	var now cosell.Brake
	err = f.setBrake(ctx, func(b cosell.Brake) (cosell.Brake, bool) {
		now = b.Release(aside, by, reason, f.Now())
		return now, true
	})
	if err != nil {
		return 0, err
	}
	return len(aside), f.goOnAside(ctx, now, aside)
}
