package flow_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// unlinkedDeal is a world in which an operator has unlinked a pair, of which everybody has heard.
func unlinkedDeal(t *testing.T) (w *world, own string) {
	w = newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	own = w.own()[0].ID
	w.operates(w.flow.Unlink(ctx, deal))
	w.events()
	return w, own
}

// CRM does not take a link, and the operator unlinks: the referral that was unlinked before is no other deal, and gets no opportunity.
func TestALinkThatCRMRefusedIsTakenBack(t *testing.T) {
	for name, taken := range map[string]func(w *world){
		"by an operator": func(w *world) { w.operates(w.flow.Unlink(ctx, deal)) },
		"on the form":    func(w *world) { w.asks(cosell.ActUnlink) },
		"as another one": func(w *world) { w.asks(cosell.ActNotSame) },
	} {
		w, own := unlinkedDeal(t)
		w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "no").With("0x80040220", "") }
		if err := w.run(func() error { return w.flow.Link(ctx, deal, own) }); w.pair().Phase != cosell.Claimed {
			t.Fatalf("%s: %v, the pair is %s", name, err, w.pair().Phase)
		}
		w.refuseCRM = nil
		taken(w)
		w.drain()
		w.events()
		if len(w.opportunities) != 1 || w.pair().Phase != cosell.Ended || w.pair().ReferralID != own || w.opportunities[deal].Record[cosell.ReferralID] != "" {
			t.Errorf("%s: %d opportunities, the pair is %s with %q, the row names %q", name, len(w.opportunities), w.pair().Phase, w.pair().ReferralID, w.opportunities[deal].Record[cosell.ReferralID])
		}
		if audit := w.opportunities[deal].Record[cosell.Audit]; strings.Contains(audit, cosell.AnotherDeal) || cosell.PartedFrom(audit, own) != cosell.Unlinked {
			t.Errorf("%s: %s", name, audit)
		}
	}
}
