package flow_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// A trial is made private whatever the opportunity says, says so once, and crosses whole once sharing is allowed.
func TestR110_ATrialStaysPrivateUntilSharingIsAllowed(t *testing.T) {
	for name, wish := range map[string]cosell.Record{
		"help":    {cosell.Help: "GeneralOrOther", cosell.Visibility: cosell.False},
		"visible": {cosell.Visibility: cosell.True},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.share = cosell.ShareNever
			w.restart()
			w.want(wish)
			w.opportunityChanged()
			w.silent()
			own := w.own()[0].Record
			if own[cosell.Visibility] == cosell.True || len(own.Members(cosell.Contacts)) != 0 || len(w.microsofts()) != 0 || len(w.own()) != 1 {
				t.Errorf("%v, %d of Microsoft's", own, len(w.microsofts()))
			}
			o := w.opportunities[deal].Record
			if n := strings.Count(o[cosell.Audit], "share.never"); n != 1 || o[cosell.Mark] != cosell.MarkOK || o[cosell.Visibility] != wish[cosell.Visibility] {
				t.Errorf("told %d times, %v", n, o)
			}
			w.user(cosell.Record{cosell.DealValue: "4711"})
			w.events()
			if w.own()[0].Record[cosell.DealValue] != "4711" {
				t.Error("an edit did not cross")
			}
			w.share = "allow"
			w.restart()
			w.asks(cosell.ActRetry)
			w.events()
			if w.own()[0].Record[cosell.Visibility] != cosell.True || (len(w.microsofts()) == 1) != (wish[cosell.Help] != "") || len(w.own()[0].Record.Members(cosell.Contacts)) != 1 {
				t.Errorf("allowed: %v, %d of Microsoft's", w.own()[0].Record, len(w.microsofts()))
			}
			w.silent()
		})
	}
}

func TestR110_ALinkedDealIsNotSharedNorAskedFor(t *testing.T) {
	w := newWorld(t)
	w.share = cosell.ShareNever
	w.restart()
	w.private(nil)
	w.user(cosell.Record{cosell.Visibility: cosell.True, cosell.Help: "GeneralOrOther", cosell.Notes: "new"})
	w.silent()
	if r := w.own()[0].Record; r[cosell.Visibility] == cosell.True || r[cosell.Notes] != "new" || len(w.microsofts()) != 0 {
		t.Errorf("%v, %d of Microsoft's", r, len(w.microsofts()))
	}
	w.asks(cosell.ActAsk)
	w.answered("share.never")
	if err := w.flow.AskAgain(ctx, deal); err != nil || len(w.microsofts()) != 0 {
		t.Errorf("%v, %d of Microsoft's", err, len(w.microsofts()))
	}
}
