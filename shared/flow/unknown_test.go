package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// unknownFor has every POST of the deal end without a clear answer for a time, as one message tries it.
func (w *world) unknownFor(d time.Duration) {
	w.t.Helper()
	h := toldOf("opportunity", deal, "Update")
	h.Seen = w.now
	for end := w.now.Add(d); w.now.Before(end); {
		w.loseRequest = true
		if err := w.run(func() error { return w.flow.CreateReferral(ctx, h) }); !fault.Is(err, fault.Later) {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(settle + time.Second)
	}
	w.loseRequest = false
}

// The first POST of a deal leaves no pair as long as nobody knows what became of it: its seller sees all the same that it waits.
func TestADealWhosePOSTStaysUnknownShowsThatItWaits(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.unknownFor(time.Hour)
	o := w.opportunities[deal].Record
	if n := strings.Count(o[cosell.Audit], "waiting: "); n != 1 || o[cosell.Mark] != cosell.MarkFailed {
		t.Errorf("told %d times, mark %q: %q", n, o[cosell.Mark], o[cosell.Audit])
	}
	w.opportunityChanged()
	if o = w.linked().Record; o[cosell.Mark] != cosell.MarkOK || w.posts != 1 {
		t.Errorf("%d referrals, mark %q", w.posts, o[cosell.Mark])
	}
	w.silent()
}

// Once it is known that nothing was made the seller of a deal that was closed meanwhile is told so.
func TestADealThatIsClosedDuringAnUnknownPOSTIsToldOnceThatIsKnown(t *testing.T) {
	for name, d := range map[string]time.Duration{"at once": time.Second, "after an hour": time.Hour} {
		w := newWorld(t)
		w.want(nil)
		w.unknownFor(d)
		w.now = w.now.Add(-2 * time.Second)
		w.user(cosell.Record{cosell.Status: cosell.Won})
		told := func() int { return strings.Count(w.opportunities[deal].Record[cosell.Audit], "deal.closed") }
		if err := w.wanted(); !fault.Is(err, fault.Later) || told() != 0 {
			t.Errorf("%s: not known yet: %v, told %d times", name, err, told())
		}
		w.opportunityChanged()
		w.events()
		if told() != 1 || len(w.own()) != 0 || len(w.pair().Held) != 0 {
			t.Errorf("%s: told %d times, held %+v, referrals %+v", name, told(), w.pair().Held, w.own())
		}
		w.silent()
		w.user(cosell.Record{cosell.Status: cosell.Open})
		w.opportunityChanged()
		w.linked()
		w.silent()
	}
}

// Where it was made after all, and no event tells of it, the two are linked.
func TestADealThatIsClosedDuringAnUnknownPOSTIsLinkedWithWhatWasMade(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.loseAnswer = true
	if err := w.wanted(); !fault.Is(err, fault.Later) {
		t.Fatal(err)
	}
	w.user(cosell.Record{cosell.Status: cosell.Won})
	w.opportunityChanged()
	if r, a := w.own(), w.opportunities[deal].Record[cosell.Audit]; w.pair().Phase != cosell.Linked || r[0].Record[cosell.Status] != cosell.Won || strings.Contains(a, "deal.closed") {
		t.Errorf("the pair is %s, the referral %s, Audit %q", w.pair().Phase, r[0].Record[cosell.Status], a)
	}
	w.events()
	if len(w.own()) != 1 {
		t.Errorf("%d referrals", len(w.own()))
	}
	w.silent()
}

// A closed row that takes no word is not asked by every try, and what was made is linked once the row takes that.
func TestARowThatTakesNoWordDuringAnUnknownPOSTIsAskedOnce(t *testing.T) {
	for _, made := range []bool{false, true} {
		w := newWorld(t)
		w.want(nil)
		w.refuseCRM = func(cosell.Record) error { return fault.New(fault.Refused, "it is closed").OfClass(fault.Record) }
		h := toldOf("opportunity", deal, "Update")
		h.Seen = w.now.Add(-time.Hour)
		w.loseAnswer, w.loseRequest = made, !made
		if err := w.run(func() error { return w.flow.CreateReferral(ctx, h) }); !fault.Is(err, fault.Later) {
			t.Fatal(err)
		}
		w.user(cosell.Record{cosell.Status: cosell.Won})
		for range 4 {
			w.opportunityChanged()
			w.later(time.Minute)
		}
		if w.refusals > 2 || w.crmWrites != 0 {
			t.Errorf("made %v: %d refused requests, %d writes", made, w.refusals, w.crmWrites)
		}
		w.refuseCRM = nil
		w.later(26 * time.Hour)
		w.events()
		if linked := len(w.own()) == 1 && w.pair().Phase == cosell.Linked; linked != made {
			t.Errorf("made %v: the pair is %s, %d referrals", made, w.pair().Phase, len(w.own()))
		}
		w.silent()
	}
}
