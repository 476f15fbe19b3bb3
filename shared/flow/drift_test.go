package flow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// remember changes what the tables have of the deal.
func (w *world) remember(change func(cosell.Pair) cosell.Pair) {
	w.t.Helper()
	p, _, err := w.memory.Find(ctx, deal)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.memory.Save(ctx, change(p)); err != nil {
		w.t.Fatal(err)
	}
}

// loses is a fault of ours: the tables have as agreed what never crossed.
func (w *world) loses(f cosell.Field, v string) {
	w.t.Helper()
	w.user(cosell.Record{f: v})
	w.remember(func(p cosell.Pair) cosell.Pair {
		p.Base = p.Base.Clone()
		p.Base.Opportunity[f] = v
		return p
	})
}

// differs checks what a rehearsal says of the one field that differs.
func (w *world) differs(f cosell.Field, want string, unexplained bool, hints ...flow.Hint) {
	w.t.Helper()
	r := w.rehearsed(hints...)
	i := slices.IndexFunc(r.Differences, func(d flow.Difference) bool { return d.Field == f })
	if i < 0 || !strings.Contains(r.Differences[i].Why, want) || r.Differences[i].Unexplained != unexplained || r.Differences[i].Goes != "" {
		w.t.Errorf("%+v, problems %+v", r.Differences, r.Problems)
	}
}

func linked(t *testing.T, changes cosell.Record) *world {
	w := newWorld(t)
	w.want(changes)
	w.opportunityChanged()
	return w
}

// What differed when the two met explains nothing that was lost after they had agreed on it.
func TestWhatWasToldLongAgoExplainsNoLoss(t *testing.T) {
	w := linked(t, nil)
	w.wiped()
	w.user(cosell.Record{cosell.DealValue: "7"})
	w.opportunityChanged()
	w.pass()
	w.differs(cosell.DealValue, "differed when they met", false, both(w)...)
	w.user(cosell.Record{cosell.DealValue: "8"})
	w.opportunityChanged()
	if got := w.own()[0].Record[cosell.DealValue]; got != "8" || w.lines(deal, "left alone") != 1 {
		t.Fatalf("Partner Center has %s, Audit:\n%s", got, w.opportunities[deal].Record[cosell.Audit])
	}
	w.loses(cosell.DealValue, "9")
	w.differs(cosell.DealValue, "nothing says why", true, both(w)...)
}

// A problem of the whole deal explains a field only where it keeps an edit of it from crossing.
func TestAProblemOfTheDealExplainsNoLoss(t *testing.T) {
	for _, p := range []cosell.Problem{
		{Code: "referral.twice", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfOurs, Text: "two"},
		{Code: "link.taken", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true, Text: "another"},
		{Code: "waiting", Field: cosell.Whole, Place: cosell.InPartnerCenter, Class: cosell.OfRecord, Text: "waits"},
		{Code: "microsoft.unreadable", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true, Text: "unread"},
		{Code: "refused", Field: cosell.Whole, Place: cosell.InCRM, Class: cosell.OfRecord, Text: "no words"},
		{Code: "status.apart", Field: cosell.Status, Place: cosell.InCRM, Class: cosell.OfRule, Warn: true, Text: "apart"},
		{Code: "won.early", Field: cosell.Status, Place: cosell.InPartnerCenter, Class: cosell.OfRule, Warn: true, Text: "early"},
	} {
		t.Run(p.Code, func(t *testing.T) {
			w := linked(t, nil)
			w.loses(cosell.DealValue, "7")
			w.remember(func(pair cosell.Pair) cosell.Pair { return pair.Standing(p, w.now) })
			w.differs(cosell.DealValue, "nothing says why", true, both(w)...)
		})
	}
}

func TestWhatKeepsAnEditFromCrossingExplainsIt(t *testing.T) {
	t.Run("SwitchedOff", func(t *testing.T) {
		w := linked(t, nil)
		w.user(cosell.Record{cosell.Sync: cosell.False, cosell.Name: "Better"})
		w.differs(cosell.Name, "switched off", false, both(w)...)
		w.loses(cosell.DealValue, "7")
		w.differs(cosell.DealValue, "nothing says why", true, both(w)...)
	})
	t.Run("WonEarly", func(t *testing.T) {
		w := linked(t, cosell.Record{cosell.DealValue: "85000", cosell.Visibility: cosell.True})
		w.now = w.now.Add(71 * time.Hour)
		w.user(cosell.Record{cosell.Status: cosell.Won, cosell.DealValue: "80000"})
		_ = w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Win"))
		w.differs(cosell.DealValue, "it waits", false, both(w)...)
		w.loses(cosell.Name, "Lost")
		w.differs(cosell.Name, "nothing says why", true, both(w)...)
	})
	t.Run("HeldAsOne", func(t *testing.T) {
		w := linked(t, nil)
		w.refusePCBy = func(values cosell.Record) error {
			return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait")
		}
		w.user(cosell.Record{cosell.DealValue: "7", cosell.Currency: "USD", cosell.Solutions: "3", "solutions/SOL-2": "{}", "solutions/SOL-3": "{}"})
		w.opportunityChanged()
		for _, f := range []cosell.Field{cosell.DealValue, cosell.Currency, "solutions/SOL-2", "solutions/SOL-3"} {
			w.differs(f, "not on a Monday", false, both(w)...)
		}
	})
	t.Run("ItIsClosedAtOnce", func(t *testing.T) {
		w := linked(t, nil)
		w.user(cosell.Record{cosell.Solutions: "0", "solutions/SOL-1": ""}) // kept for Partner Center, which needs one
		w.opportunityChanged()
		w.user(cosell.Record{cosell.Status: cosell.Won})
		w.differs("solutions/SOL-1", "is closed", false, both(w)...)
		w.loses(cosell.DealValue, "7")
		w.differs(cosell.DealValue, "nothing says why", true, both(w)...)
	})
	t.Run("TheFormIsAnswered", func(t *testing.T) {
		w := linked(t, nil)
		w.loses(cosell.DealValue, "7")
		w.user(cosell.Record{cosell.Action: cosell.ActLink, cosell.Name: "Better"})
		w.differs(cosell.Name, "on the form", false, ofDeal, both(w)[0])
		w.differs(cosell.DealValue, "nothing says why", true, ofDeal, both(w)[0])
	})
	t.Run("UnlinkedAndForgotten", func(t *testing.T) {
		w := linked(t, nil)
		before := w.pair()
		w.user(cosell.Record{cosell.Action: cosell.ActUnlink})
		w.opportunityChanged()
		w.remember(func(p cosell.Pair) cosell.Pair { // older tables are put back
			before.Version = p.Version
			return before
		})
		w.user(cosell.Record{cosell.Name: "Better"})
		w.differs(cosell.Name, "linked no more", false, both(w)...)
	})
	t.Run("TheLeadGoesOnElsewhere", func(t *testing.T) {
		w := withLead(t)
		w.personQualifies(itsLead, nil)
		w.refuseCRM = func(values cosell.Record) error {
			if values[cosell.ReferralID] != "" {
				return fault.New(fault.Refused, "no").OfClass(fault.Record).Saying("not on a Monday", "wait")
			}
			return nil
		}
		w.portal(inquiry, cosell.Record{cosell.Notes: "more"})
		w.leadHeard()
		w.differs(cosell.Notes, "not on a Monday", false, flow.Hint{Kind: "referral", ID: inquiry}, flow.Hint{Kind: "lead", ID: itsLead})
	})
}

// What goes across although nobody has edited it is explained, too: Microsoft was asked for help, and the run that did ended before the row
// said that its sellers see the deal.
func TestWhatFollowsFromTheRestIsExplained(t *testing.T) {
	w := linked(t, cosell.Record{cosell.Help: "GeneralOrOther", cosell.Visibility: cosell.True})
	w.loses(cosell.Visibility, cosell.False)
	w.remember(func(p cosell.Pair) cosell.Pair {
		delete(p.Base.Opportunity, cosell.Help)
		return p
	})
	r := w.rehearsed(both(w)...)
	if len(r.Differences) != 1 || r.Differences[0].Field != cosell.Visibility || r.Differences[0].Goes != cosell.InCRM || r.Differences[0].Why == "" || r.Differences[0].Unexplained {
		t.Errorf("%+v, problems %+v", r.Differences, r.Problems)
	}
}

// drift checks that a rehearsal explains whatever differs.
func (h *history) drift() {
	own := h.own()
	if _, exists := h.opportunities[deal]; !exists || len(own) == 0 {
		return
	}
	r, err := h.flow.Rehearse(ctx, flow.Hint{Kind: "referral", ID: own[0].ID}, ofDeal)
	if err != nil {
		return // it cannot be read, or waits
	}
	for _, d := range r.Differences {
		if d.Unexplained {
			h.fail("drift: %+v, problems %+v, left alone %v", d, r.Problems, r.Pair.LeftAlone)
		}
	}
}

// What was left alone of a lead is left alone of the opportunity that it becomes, and is told when one of them gives way.
func TestWhatWasLeftAloneOfALeadStaysSoOfItsOpportunity(t *testing.T) {
	for name, grows := range map[string]func(*world) string{
		"qualified by a person": func(w *world) string {
			id := w.personQualifies(itsLead, nil)
			w.leadHeard()
			return id
		},
		"accepted in Partner Center": func(w *world) string {
			w.accepted()
			return itsDeal
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := withLead(t)
			w.forgetAll()
			w.lead(itsLead, cosell.Record{cosell.Notes: "mine"})
			w.heard()
			w.events()
			hints := []flow.Hint{{Kind: "referral", ID: inquiry}, {Kind: "lead", ID: itsLead}}
			w.differs(cosell.Notes, "differed when they met", false, hints...)
			id := grows(w)
			w.events()
			w.oneDeal(id)
			w.differs(cosell.Notes, "differed when they met", false, hints[0], flow.Hint{Kind: "opportunity", ID: id})
			w.portal(inquiry, cosell.Record{cosell.Notes: "new"})
			w.events()
			if o := w.opportunities[id].Record; o[cosell.Notes] != "new" || !strings.Contains(o[cosell.Audit], `gave way: "mine"`) {
				t.Errorf("CRM has %s, Audit:\n%s", o[cosell.Notes], o[cosell.Audit])
			}
		})
	}
}
