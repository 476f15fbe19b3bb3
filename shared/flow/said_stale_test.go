package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What a write to CRM still has to tell is noted with it until CRM shows that write. Whoever writes words meanwhile, with the old copy at hand,
// leaves that note: CRM takes neither the words nor anything else with an old version, and a refusal may come before versions are compared.
func TestI25_WordsWithAnOldCopyLeaveTheNoteOfAWriteThatIsNotShown(t *testing.T) {
	for name, c := range map[string]struct{ lost, refused bool }{
		"CRM said that it is made":               {},
		"the answer was lost":                    {lost: true},
		"the answer was lost, words are refused": {lost: true, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.private(nil)
			w.now = w.now.Add(time.Minute)
			w.userOf(deal, cosell.Record{cosell.Notes: "mine", cosell.Action: cosell.ActLink})
			w.now = w.now.Add(time.Minute)
			w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "theirs", cosell.DealValue: "250", "solutions/SOL-2": "{}"})
			w.now = w.now.Add(time.Minute)
			w.crmLag = 12 * time.Second
			w.refuseCRM = func(v cosell.Record) error {
				if _, ok := v[cosell.DealValue]; ok {
					return fault.New(fault.Refused, "no").OfClass(fault.Record).With("column.locked", string(cosell.DealValue))
				}
				if c.lost {
					w.maybeCRM = fault.New(fault.Broken, "no answer")
				}
				return nil
			}
			if err := w.flow.FromReferral(ctx, told(w.own()[0].ID, "referral-updated")); err == nil {
				t.Fatal("the write is shown at once")
			}
			w.refuseCRM = nil
			if c.refused {
				w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "no words").OfClass(fault.Record) }
			}
			if err := w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")); err == nil && !c.refused {
				t.Fatal("words were taken with an old version", w.counts, w.opportunities[deal].Record)
			}
			w.refuseCRM = nil
			w.now = w.now.Add(w.crmLag)
			w.events()
			if o := w.opportunities[deal].Record; o[cosell.Notes] != "theirs" || strings.Count(o[cosell.Audit], `gave way: "mine"`) != 1 {
				t.Errorf("%s, Audit:\n%s", o[cosell.Notes], o[cosell.Audit])
			}
			w.silent()
		})
	}
}
