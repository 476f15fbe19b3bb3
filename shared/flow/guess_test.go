package flow_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What a refusal's words seem to speak of is tried, not believed: the same is held as when it is named for
// certain, also where the words mislead, in no more requests than the halves take.
func TestR128_AGuessIsProvenByTrial(t *testing.T) {
	for name, tt := range map[string]struct {
		field   cosell.Field // that the refusal names
		guessed bool
		most    int // refused writes
	}{
		"named":     {cosell.Notes, false, 2},
		"guessed":   {cosell.Notes, true, 2},
		"misled":    {cosell.ClosingDate, true, 3},
		"elsewhere": {cosell.Name, true, 3},
		"unnamed":   {"", false, 3},
	} {
		w := newWorld(t)
		r := w.sold(nil)
		w.refuseCRM = func(v cosell.Record) error {
			if _, bad := v[cosell.Notes]; !bad {
				return nil
			}
			err := fault.New(fault.Refused, "no").With("0x80040265", "").Saying("the column that the words name is wrong", "mend it").At(string(tt.field))
			err.Guessed = tt.guessed
			return err
		}
		refused := w.refusals
		w.portal(r, cosell.Record{cosell.Notes: "bad", cosell.ClosingDate: "2026-12-24", cosell.DealValue: "77"})
		w.events()
		got, pair := w.opportunities[deal].Record, w.pair()
		if got[cosell.ClosingDate] != "2026-12-24" || got[cosell.DealValue] != "77" || got[cosell.Notes] == "bad" {
			t.Errorf("%s: %v", name, got)
		}
		if len(pair.Held) != 1 || pair.Held[0].Field != cosell.Notes || pair.Held[0].Code != "0x80040265" || pair.Held[0].Place != cosell.InCRM {
			t.Errorf("%s: held %+v", name, pair.Held)
		}
		if tt.field != cosell.Notes && tt.guessed && w.lines(deal, "that the words name") > 0 {
			t.Errorf("%s: the words of the wrong column are told:\n%s", name, got[cosell.Audit])
		}
		if n := w.refusals - refused; n > tt.most {
			t.Errorf("%s: %d refused writes", name, n)
		}
		w.silent()
	}
}

// A deal that is born in Partner Center arrives without the one value, whichever the words seem to speak of.
func TestR127_ANewDealGoesWithoutWhatIsProven(t *testing.T) {
	for name, field := range map[string]cosell.Field{"right": cosell.Notes, "misled": cosell.ClosingDate} {
		w := newWorld(t)
		no := func(v cosell.Record) error {
			if v[cosell.Notes] == "" {
				return nil
			}
			err := fault.New(fault.Refused, "no").With("0x80040265", "").At(string(field)).Quoting("so it is")
			err.Guessed = true
			return err
		}
		w.refuseNew, w.refuseCRM = no, no
		r := portalDeal(w, cosell.Record{cosell.Notes: "bad"})
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) })
		w.events()
		got := w.opportunities[crm{w}.ID(r)].Record
		if got[cosell.ReferralID] != r || got[cosell.ClosingDate] != "2026-10-01" || got[cosell.Notes] != "" {
			t.Errorf("%s: %v", name, got)
		}
		pair, _, _ := w.memory.Find(ctx, crm{w}.ID(r))
		if len(pair.Held) != 1 || pair.Held[0].Field != cosell.Notes {
			t.Errorf("%s: held %+v", name, pair.Held)
		}
	}
}
