package flow_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// remembered is everything that a rehearsal must leave as it is.
func (w *world) remembered() string {
	var pairs []string
	_ = w.memory.Pairs(ctx, func(p cosell.Pair) bool {
		pairs = append(pairs, fmt.Sprintf("%+v", p))
		return true
	})
	slices.Sort(pairs)
	return fmt.Sprint(w.writes(), len(w.opportunities), len(w.referrals), len(w.hints), pairs)
}

// rehearsed plays hints, and checks that nothing came of it.
func (w *world) rehearsed(hints ...flow.Hint) flow.Rehearsal {
	w.t.Helper()
	before := w.remembered()
	out, err := w.flow.Rehearse(ctx, hints...)
	if err != nil {
		w.t.Fatal(err)
	}
	if after := w.remembered(); after != before {
		w.t.Fatalf("a rehearsal changed something:\n%s\nwas\n%s", after, before)
	}
	return out
}

func written(r flow.Rehearsal) string {
	var out []string
	for _, w := range r.Writes {
		for _, f := range slices.Sorted(maps.Keys(w.Values)) {
			if f != cosell.Audit {
				out = append(out, fmt.Sprintf("%s %s=%s", w.Place, f, w.Values[f]))
			}
		}
	}
	return strings.Join(out, "\n")
}

var (
	ofDeal = flow.Hint{Kind: "opportunity", ID: deal}
	both   = func(w *world) []flow.Hint { return []flow.Hint{{Kind: "referral", ID: w.own()[0].ID}, ofDeal} }
)

// What a rehearsal says is what the earnest then does: a new pair, edits of both sides, a conflict.
func TestR97_ARehearsalSaysWhatIsDoneThen(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	r := w.rehearsed(ofDeal)
	if len(r.Writes) != 3 || r.Writes[0].Place != cosell.InPartnerCenter || r.Writes[0].Values[cosell.DealValue] != "100" || !r.Writes[1].Microsoft || r.Known {
		t.Fatalf("%+v", r.Writes)
	}
	w.opportunityChanged()
	w.events()
	if len(w.own()) != 1 || len(w.microsofts()) != 1 {
		t.Fatal("it was done otherwise")
	}
	if r := w.rehearsed(both(w)...); len(r.Writes)+len(r.Problems)+len(r.Differences) != 0 || !r.Known {
		t.Errorf("in step: %+v", r)
	}
	w.user(cosell.Record{cosell.DealValue: "250"})
	w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "Better", cosell.DealValue: "300"})
	r = w.rehearsed(both(w)...)
	said := written(r)
	w.events()
	o, own := w.opportunities[deal].Record, w.own()[0].Record
	if o[cosell.Name] != "Better" || !strings.Contains(said, "opportunity name=Better") {
		t.Errorf("said %s, the name is %s", said, o[cosell.Name])
	}
	if o[cosell.DealValue] != own[cosell.DealValue] || !strings.Contains(said, "dealValue="+own[cosell.DealValue]) {
		t.Errorf("said %s, the values are %s and %s", said, o[cosell.DealValue], own[cosell.DealValue])
	}
	if lost := map[string]string{"250": "300", "300": "250"}[own[cosell.DealValue]]; strings.Contains(said, "dealValue="+lost) {
		t.Errorf("said that %s is written, which is lost: %s", lost, said)
	}
	for _, d := range r.Differences {
		want := map[cosell.Field]string{cosell.Name: "changed in Partner Center", cosell.DealValue: "changed on both sides"}[d.Field]
		if d.Goes == "" || want == "" || !strings.HasPrefix(d.Why, want) {
			t.Errorf("%+v", d)
		}
	}
	if len(r.Differences) != 2 || len(r.Lines) == 0 {
		t.Errorf("%+v, lines %q", r.Differences, r.Lines)
	}
}

func TestR97_ARehearsalShowsThePreFlightFaultsOfACreation(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.CustomerCountry: "Atlantis"})
	r := w.rehearsed(ofDeal)
	if len(r.Problems) == 0 || slices.ContainsFunc(r.Writes, func(x flow.Rehearsed) bool { return x.Place == cosell.InPartnerCenter }) {
		t.Errorf("%+v", r)
	}
}

func TestR97_ARehearsalMakesTheOpportunityOfAReferral(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, nil)
	r := w.rehearsed(flow.Hint{Kind: "referral", ID: id})
	if len(r.Writes) == 0 || r.Writes[0].Place != cosell.InCRM || r.Writes[0].ID != "" || r.Writes[0].Values[cosell.Name] != "Portal deal" {
		t.Fatalf("%+v", r)
	}
	w.refuseNew = func(cosell.Record) error { return fault.New(fault.Refused, "no").With("x", "") }
	w.events()
	r = w.rehearsed(flow.Hint{Kind: "referral", ID: id, Retry: true})
	if !r.Known || len(r.Writes) == 0 {
		t.Errorf("a referral that is held: %+v", r)
	}
}

// A rehearsal decides by the start as the earnest does, but for one thing: it acts as if there had been one.
func TestR151_ARehearsalKnowsTheStart(t *testing.T) {
	w := newWorld(t)
	w.unstarted = true
	w.restart()
	id := portalDeal(w, nil)
	if r := w.rehearsed(flow.Hint{Kind: "referral", ID: id}); len(r.Writes) == 0 {
		t.Error("before the start nothing is shown")
	}
	if err := w.flow.Start(ctx, w.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if r := w.rehearsed(flow.Hint{Kind: "referral", ID: id}); len(r.Writes) != 0 {
		t.Errorf("too old, and made: %+v", r.Writes)
	}
}

// Every difference has its explanation; one that has none is called that, and is somebody's to look at.
func TestADifferenceIsExplainedOrSaysThatItIsNot(t *testing.T) {
	differing := func(t *testing.T, w *world, want string, unexplained bool) {
		t.Helper()
		r := w.rehearsed(both(w)...)
		if len(r.Differences) != 1 || !strings.Contains(r.Differences[0].Why, want) || r.Differences[0].Unexplained != unexplained || r.Differences[0].Goes != "" {
			t.Errorf("%+v", r.Differences)
		}
	}
	linked := func(t *testing.T) *world {
		w := newWorld(t)
		w.want(nil)
		w.opportunityChanged()
		return w
	}
	t.Run("LeftWhenTheyMet", func(t *testing.T) {
		w := linked(t)
		w.wiped()
		w.user(cosell.Record{cosell.DealValue: "7"})
		w.opportunityChanged()
		w.pass()
		differing(t, w, "differed when they met", false)
	})
	t.Run("Closed", func(t *testing.T) {
		w := linked(t)
		w.user(cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "r"})
		w.opportunityChanged()
		w.user(cosell.Record{cosell.DealValue: "7"})
		w.opportunityChanged()
		differing(t, w, "closed", false)
	})
	t.Run("Unanswered", func(t *testing.T) {
		w := newWorld(t)
		id, o := w.inbound()
		w.userOf(o, cosell.Record{cosell.DealValue: "7"})
		w.events()
		r := w.rehearsed(flow.Hint{Kind: "opportunity", ID: o}, flow.Hint{Kind: "referral", ID: id})
		if len(r.Differences) != 1 || !strings.Contains(r.Differences[0].Why, "waits for an answer") || r.Differences[0].Unexplained {
			t.Errorf("%+v", r.Differences)
		}
	})
	t.Run("NamedByUs", func(t *testing.T) {
		w := newWorld(t)
		id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True, cosell.Name: ""})
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		o := crm{w}.ID(id)
		p, _, err := w.memory.Find(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		p.Base = p.Base.Clone()
		p.Base.Opportunity[cosell.Name] = "Referral from Microsoft"
		w.opportunities[o].Record[cosell.Name] = "Referral from Microsoft"
		if _, err := w.memory.Save(ctx, p); err != nil {
			t.Fatal(err)
		}
		r := w.rehearsed(flow.Hint{Kind: "opportunity", ID: o}, flow.Hint{Kind: "referral", ID: id})
		if len(r.Differences) != 1 || r.Differences[0].Field != cosell.Name || !strings.Contains(r.Differences[0].Why, "nobody has given it") || r.Differences[0].Unexplained {
			t.Errorf("%+v", r.Differences)
		}
	})
	t.Run("Lost", func(t *testing.T) { // as by a fault of ours: the tables have as agreed what never crossed
		w := linked(t)
		w.user(cosell.Record{cosell.DealValue: "7"})
		p, _, err := w.memory.Find(ctx, deal)
		if err != nil {
			t.Fatal(err)
		}
		p.Base = p.Base.Clone()
		p.Base.Opportunity[cosell.DealValue] = "7"
		if _, err := w.memory.Save(ctx, p); err != nil {
			t.Fatal(err)
		}
		differing(t, w, "nothing says why", true)
	})
}
