package ledger

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// grown is a saved pair of a lead, and the pair of the opportunity that it becomes.
func grown(t *testing.T, l *Ledger) (from, to cosell.Pair) {
	t.Helper()
	from = samplePair()
	from.Table, from.Sending = cosell.LeadTable, nil
	from = saved(t)(l.Save(t.Context(), from))
	to = from.GoesOn(cosell.Opportunity{Side: cosell.Side{ID: uuid.NewString()}}, cosell.OpportunityTable, from.Base)
	to.Held = []cosell.Held{{Place: cosell.InCRM, Field: cosell.Notes, Class: cosell.OfRecord, Code: "refused", Text: "no", Since: noon}}
	return from, to
}

func TestAMovedPairIsFoundUnderItsNewRecordAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		from, to := grown(t, l)
		to = saved(t)(l.Move(ctx, from, to, cosell.Entry{At: noon, Action: "moved"}))
		for what, find := range map[string]func() (cosell.Pair, bool, error){
			"record":     func() (cosell.Pair, bool, error) { return l.Find(ctx, to.OpportunityID) },
			"referral":   func() (cosell.Pair, bool, error) { return l.FindByReferral(ctx, from.ReferralID) },
			"Microsoft":  func() (cosell.Pair, bool, error) { return l.FindByReferral(ctx, from.MicrosoftID) },
			"engagement": func() (cosell.Pair, bool, error) { return l.FindByEngagement(ctx, from.EngagementID) },
		} {
			p, ok, err := find()
			if err != nil || !ok || p.OpportunityID != to.OpportunityID || p.Table != cosell.OpportunityTable || p.Phase != cosell.Linked {
				t.Errorf("by %s: %v %v %+v", what, err, ok, p)
			}
		}
		old, ok, err := l.Find(ctx, from.OpportunityID)
		if err != nil || !ok || old.Phase != cosell.Ended || old.Became != to.OpportunityID || old.Table != cosell.LeadTable || old.ReferralID != "" || len(old.Held) != 0 {
			t.Errorf("%v %v %+v", err, ok, old)
		}
		var of []string
		if err := l.HeldRows(ctx, func(h HeldRow) bool { of = append(of, h.OpportunityID); return true }); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{to.OpportunityID}, of); d != "" {
			t.Errorf("held: %s", d)
		}
		// Both go on being saved, and neither touches the rows of the other.
		saved(t)(l.Save(ctx, old))
		to.Held = nil
		to = saved(t)(l.Save(ctx, to))
		if p, ok, err := l.FindByReferral(ctx, from.ReferralID); err != nil || !ok || p.OpportunityID != to.OpportunityID {
			t.Errorf("%v %v", err, ok)
		}
	})
}

func TestAMoveLosesAgainstWhoeverWasFaster(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		from, to := grown(t, l)
		faster := from
		faster.LastSuccess = noon.AddDate(0, 0, 1)
		saved(t)(l.Save(ctx, faster))
		_, err := l.Move(ctx, from, to)
		wantKind(t, err, fault.Conflict)
		if _, ok, err := l.Find(ctx, to.OpportunityID); err != nil || ok {
			t.Errorf("half of a move: %v %v", err, ok)
		}
		if p, _, err := l.FindByReferral(ctx, from.ReferralID); err != nil || p.OpportunityID != from.OpportunityID {
			t.Errorf("%v %+v", err, p)
		}
		other := cosell.Pair{OpportunityID: to.OpportunityID, Phase: cosell.Creating, Base: cosell.Base{}}
		saved(t)(l.Save(ctx, other))
		from, _, _ = l.Find(ctx, from.OpportunityID)
		_, err = l.Move(ctx, from, to)
		wantKind(t, err, fault.Conflict)
		to.Version = saved(t)(l.Save(ctx, func() cosell.Pair { p, _, _ := l.Find(ctx, to.OpportunityID); return p }())).Version
		saved(t)(l.Move(ctx, from, to)) // the row that was there is taken over
	})
}

func TestAMoveGoesOnWithoutRowsThatWereLost(t *testing.T) {
	onBoth(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		from, to := grown(t, l)
		for _, link := range links(from) {
			if _, err := l.rows.write(ctx, stateTable, op{kind: remove, key: link}); err != nil {
				t.Fatal(err)
			}
		}
		saved(t)(l.Move(ctx, from, to))
		if p, ok, err := l.FindByReferral(ctx, from.ReferralID); err != nil || !ok || p.OpportunityID != to.OpportunityID {
			t.Errorf("%v %v", err, ok)
		}
	})
}

func TestARecordDoesNotMoveToItself(t *testing.T) {
	l := InMemory(nil)
	p := samplePair()
	_, err := l.Move(t.Context(), p, p)
	wantKind(t, err, fault.Invalid)
}
